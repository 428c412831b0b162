"""The grid's data for one cycle: load, sun and wind, day-ahead prices and the CO2 of the mix, from GridStatus with a key, from California's
own pages without one, or where the key does not work (grid_second.py).

GridStatus' free plan has 250 requests a month and one a second. Four loads, a price, a mix and a forecast of sun and wind each day are
217 in a month of 31 days; each is counted on disk before it is sent, and the last ones of a month are left to the prices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cached_property, partial

from clients.caiso import Caiso
from clients.gridstatus import GridStatus
from clients.gridstatus_table import GRIDS, Grid
from clients.http import Http, is_loopback
from config import GridIso, Settings
from cycle.grid import AHEAD, BACK, wants_market
from cycle.grid_kept import USED_UP, Due, Fetch, Keeper, Pace, Plan, cache_name, daily, every
from cycle.grid_second import Second
from model_decision import SourceState
from state.cache import Cache
from state.quota import Quota

SERVICE, CAISO, NAME = "gridstatus", "caiso", "GridStatus"
STANDS_IN = "- CAISO's own pages stand in until it is mended."
ALLOWANCE, FOR_PRICES = 250, 15
GAP_S, OASIS_GAP_S = 1.1, 5.0
AFTERNOON = time(15)  # tomorrow's sun and wind are out everywhere, and fresh for the evening
MIX_BACK = timedelta(hours=25)
LOAD, PRICES, SUN_AND_WIND, MIX = "load forecast", "grid prices", "sun and wind", "fuel mix"


@dataclass(frozen=True)
class Market:
    """`sleep` and `mono`: for the pace between two requests."""

    settings: Settings
    cache: Cache
    http: Http
    quota: Quota
    now: datetime
    mono: Callable[[], float]
    sleep: Callable[[float], None]

    def tasks(self) -> dict[str, Callable[[], object]]:
        """Tasks that give a Series each. Prices are asked for only where they are this house's money: without a tariff, or with one that
        adds to them, and without a price file."""
        if self.grid is None:
            return {}
        plan = self._by_key() if self.key else self._keyless()
        tells = PRICES if PRICES in plan else next(iter(plan))
        second, first = self._second, self._keeper
        if second is None:
            return {task: partial(first.series, self._name(task), due, fetch, task == tells) for task, (due, fetch) in plan.items()}
        return {task: partial(second.series, task, self._name(task), due, fetch, task == tells) for task, (due, fetch) in plan.items()}

    def states(self) -> tuple[SourceState, ...]:
        """After the tasks: what ails GridStatus although its series came by another way; or nobody would mend it."""
        return () if not (why := self._ailing()) else (SourceState(NAME, False, None, f"{why.rstrip('.')} {STANDS_IN}"),)

    def stands_in(self) -> bool:
        """After the tasks: was a series told without the key, although there is one?"""
        return self._second is not None and any(self._second.standing.values())

    def ask_again(self) -> None:
        """`check` asks also what is left alone after a failure."""
        for name in self._by_key() if self.grid is not None else ():
            self._keeper.ask_again(self._name(name))
            if self._second is not None:
                self._second.keeper.ask_again(self._name(name))

    def troubles(self) -> tuple[tuple[str, str], ...]:
        """(task, why) of what failed last and is left alone, though its aged series goes on."""
        names = self._by_key() if self.grid is not None else ()
        return tuple((name, why) for name in names if (why := self._teller(name).trouble(self._name(name))))

    def _teller(self, task: str) -> Keeper:
        """Whose fault it is where a series is old."""
        return self._second.keeper if self._second is not None and task in self._second.standing else self._keeper

    def _ailing(self) -> str:
        said = self._second.standing.values() if self._second is not None else ()
        return next((why for why in said if why and why != USED_UP), "")

    @property
    def key(self) -> str:
        return self.settings.grid_status_api_key.reveal()

    @property
    def grid(self) -> Grid | None:
        """The table's row, where there is something to ask: a key, or California."""
        iso = self.settings.grid_iso
        return GRIDS[iso.value] if iso is not None and (self.key or iso is GridIso.CAISO) else None

    @cached_property
    def _keeper(self) -> Keeper:
        settings = self.settings
        asker = f"{settings.grid_status_url} {self.key} {settings.caiso_url} {settings.caiso_oasis_url}"
        return Keeper(self.cache, self.now, SERVICE if self.key else CAISO, asker)

    @cached_property
    def _second(self) -> Second | None:
        """California's own pages behind GridStatus; the other grids have nothing without a key."""
        if not self.key or self.settings.grid_iso is not GridIso.CAISO:
            return None
        own = Keeper(self.cache, self.now, CAISO, f"{self.settings.caiso_url} {self.settings.caiso_oasis_url}")
        return Second(self._keeper, own, self._keyless, self.mono)

    @property
    def _iso(self) -> str:
        return self.settings.grid_iso.value if self.settings.grid_iso is not None else ""

    def _name(self, task: str) -> str:
        place = self.settings.grid_location or "hub" if task == PRICES else ""
        return cache_name(task, self._iso, place)

    def _by_key(self) -> Plan:
        grid, iso, now = GRIDS[self._iso], self._iso, self.now
        pace = Pace(0.0 if is_loopback(self.settings.grid_status_url) else GAP_S, self.sleep, self.mono)
        client = GridStatus(self.settings.grid_status_url, self.key, self.http, partial(self._count, pace, FOR_PRICES))
        first = GridStatus(self.settings.grid_status_url, self.key, self.http, partial(self._count, pace, 0))
        start, end = now - BACK, now + AHEAD
        plan: dict[str, tuple[Due, Fetch]] = {}
        if grid.load is not None:
            plan[LOAD] = every(grid.load_every, now), lambda: client.load_forecast(iso, start, end, now)
        if wants_market(self.settings):
            place = self.settings.grid_location
            plan[PRICES] = prices_due(grid, now), lambda: first.day_ahead_prices(iso, place, start, end, now)
        if grid.sun_and_wind:
            plan[SUN_AND_WIND] = daily(AFTERNOON, grid.tz, now), lambda: client.sun_and_wind(iso, start, end, now)
        plan[MIX] = every(timedelta(days=1), now), lambda: client.average_co2(iso, _hour(now - MIX_BACK), now, now)
        return plan

    def _keyless(self) -> Plan:
        """OASIS wants 5 s between two calls, so sun and wind wait for a cycle that asks nothing else of it."""
        grid, now, settings = GRIDS[self._iso], self.now, self.settings
        pace = Pace(0.0 if is_loopback(settings.caiso_oasis_url) else OASIS_GAP_S, self.sleep, self.mono)
        caiso = Caiso(settings.caiso_url, settings.caiso_oasis_url, self.http, pace.wait)
        start, end = now - BACK, now + AHEAD
        plan: dict[str, tuple[Due, Fetch]] = {LOAD: (every(grid.load_every, now), lambda: caiso.load_forecast(start, end, now))}
        if wants_market(settings):
            place = settings.grid_location or grid.location
            plan[PRICES] = prices_due(grid, now), lambda: caiso.day_ahead_prices(place, start, end, now)
        busy = any(due(self._keeper.old(self._name(name))) for name, (due, _) in plan.items())
        if not busy or self._keeper.old(self._name(SUN_AND_WIND)) is not None:
            due = daily(AFTERNOON, grid.tz, now)
            plan[SUN_AND_WIND] = (lambda old: not busy and due(old)), lambda: caiso.sun_and_wind(start, end, now)
        plan[MIX] = every(timedelta(days=1), now), lambda: caiso.average_co2(now)
        return plan

    def _count(self, pace: Pace, spare: int) -> None:
        self.quota.take(SERVICE, ALLOWANCE, spare)
        pace.wait()


def prices_due(grid: Grid, now: datetime) -> Due:
    """When tomorrow's prices are worth a request."""
    return daily(grid.published, grid.tz, now, until_it_reaches_tomorrow=True)


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
