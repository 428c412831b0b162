"""What `check` says of the grid: its price location, the month's requests, alerts, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator

from clients.gridstatus import grid_of, places
from config import GridIso
from cycle.desk import Desk
from cycle.market import ALLOWANCE, SERVICE
from model_decision import Snapshot
from planners.texts import clock


def grid_lines(desk: Desk, snapshot: Snapshot) -> Iterator[str]:
    """Nothing where there is no GRID_ISO."""
    settings, iso = desk.settings, desk.settings.grid_iso
    if iso is None:
        return
    if settings.grid_status_api_key:
        yield f"ok      GridStatus: {requests_words(desk)}"
    elif iso is GridIso.CAISO:
        yield "ok      grid: no GRID_STATUS_API_KEY, so CAISO's own pages are read"
    else:
        yield f"-       grid: {iso.value} needs GRID_STATUS_API_KEY (free at gridstatus.io); without it there are no prices and no forecast"
    grid, place = grid_of(iso.value), settings.grid_location
    if place and grid.locations and place not in grid.locations:
        yield f"WARNING GRID_LOCATION={place} is none of those that we know at {iso.value}. {places(iso.value)}"
    for alert in snapshot.alerts:
        yield f"ALERT   {alert.text} until {clock(alert.end, snapshot.now, settings.time_zone)}"


def grid_failures(desk: Desk, snapshot: Snapshot) -> Iterator[tuple[str, bool]]:
    """What failed although something older goes on in its place."""
    fine = {state.name for state in snapshot.sources if state.ok}
    for task, why in desk.market.troubles():
        if task in fine:
            yield f"FAILED  {task}: {why} What was read before goes on.", True


def requests_words(desk: Desk) -> str:
    """`31 of 250 requests of this month used`: our own count."""
    return f"{desk.quota.used(SERVICE, ALLOWANCE)} of {ALLOWANCE} free requests of this month used"
