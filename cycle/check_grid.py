"""What `check` says of the grid: its price location, the month's requests, alerts, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator

from clients.gridstatus import grid_of, places
from clients.gridstatus_table import GRIDS, Grid
from config import GridIso, Settings
from cycle.desk import Desk
from cycle.grid import wants_market
from cycle.market import ALLOWANCE, SERVICE
from model_decision import Snapshot
from planners.texts import clock


def grid_lines(desk: Desk, snapshot: Snapshot) -> Iterator[str]:
    """Nothing where there is no GRID_ISO."""
    settings, iso = desk.settings, desk.settings.grid_iso
    if iso is None:
        return
    if settings.grid_status_api_key:
        ill, instead = desk.market.states(), desk.market.stands_in()
        more = "; CAISO's own pages stand in" if instead and not ill else ""
        yield f"{'-      ' if ill else 'ok     '} GridStatus: {requests_words(desk)}{more}"
    elif iso is GridIso.CAISO:
        yield "ok      grid: no GRID_STATUS_API_KEY, so CAISO's own pages are read"
    else:
        yield f"-       grid: {iso.value} needs GRID_STATUS_API_KEY (free at gridstatus.io); without it there are no prices and no forecast"
    grid, place = grid_of(iso.value), settings.grid_location
    if place and grid.locations and place not in grid.locations:
        other = next((name for name, one in GRIDS.items() if place in one.locations), "")
        whose = f"is a place of {other}, not of {iso.value}" if other else f"is none of those that we know at {iso.value}"
        known = places(iso.value)
        told = any(known in state.why for state in snapshot.sources)  # by the prices that failed
        yield f"WARNING GRID_LOCATION={place} {whose}.{'' if told else f' {known}'}"
    elif wants_market(settings):
        yield from _fits(settings, grid, place or grid.location)
    for alert in snapshot.alerts:
        yield f"ALERT   {alert.text} until {clock(alert.end, snapshot.now, settings.time_zone)}"


def _fits(settings: Settings, grid: Grid, place: str) -> Iterator[str]:
    """Are these prices the ones that the owner's bill is made of?"""
    tariff = settings.tariff
    if tariff is not None and tariff.places and place not in tariff.places:
        wanted = tariff.places[0]
        yield f"WARNING TARIFF ({tariff.name}) adds to the prices at {wanted}, but those at {place} are read: write GRID_LOCATION={wanted}"
    if grid.currency != settings.currency:
        yield f"WARNING the grid's prices are in {grid.currency}, but CURRENCY is {settings.currency}: write CURRENCY={grid.currency}"


def grid_failures(desk: Desk, snapshot: Snapshot) -> Iterator[tuple[str, bool]]:
    """What failed although something older goes on in its place."""
    fine = {state.name for state in snapshot.sources if state.ok}
    for task, why in desk.market.troubles():
        if task in fine:
            yield f"FAILED  {task}: {why} What was read before goes on.", True


def requests_words(desk: Desk) -> str:
    """`31 of 250 requests of this month used`: our own count."""
    return f"{desk.quota.used(SERVICE, ALLOWANCE)} of {ALLOWANCE} free requests of this month used"
