"""The house of numbers behind the `House` seam, in memory: a year of cycles in minutes, through the real Tesla client and its parsers.

look() builds its Snapshot as cycle/real.py does: the same reading plan, the same views, the same parsing of Tesla's bodies, the same
cost of each call. What is not there is Missing: a service in `down`, or one that meets a fault of the world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, TypeVar

from clients.gridstatus_table import GRIDS
from clients.price_file import PriceFile
from clients.tesla import Tesla
from clients.tesla_commands import Commander
from clients.tesla_energy import Energy
from config import MonitorType, Settings
from cycle import energy, grid
from cycle import tesla as tesla_part
from cycle.ask import reading
from cycle.grid_kept import Due, every
from cycle.health import source_states
from cycle.market import prices_due
from cycle.tesla_list import kept_or_listed, list_due
from errors import AmpshiftError, BudgetSpent, ClientError, NoAnswer, Unreachable
from model import (
    DOLLARS,
    Alert,
    Billed,
    Ceiling,
    ChargerReport,
    MeterReading,
    Missing,
    Overrides,
    Place,
    Point,
    PowerwallReading,
    Series,
    Trip,
    WallReading,
)
from model_decision import Budget, Command, Decision, Sent, Snapshot, Target
from model_energy import SiteCommand
from model_memory import Memory, Outcome
from planners.trips import OVERDUE_FOR
from state.cache import Cache, Cached
from state.files import Stamp
from state.spend import ROUTINE_SHARE

from .curves import hours_between
from .gridstatus_server import Market
from .house import World
from .memory_http import MemoryHttp
from .memory_weather import MemoryWeather

T = TypeVar("T")
CAISO = GRIDS["CAISO"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DUST = 1e-6


class Purse(Protocol):
    """What counts Tesla's bill: state.spend.Spend, or the one here."""

    def count(self, kind: Billed, dollars: float, reserved: bool) -> None: ...

    def uncount(self, kind: Billed, dollars: float) -> None: ...

    def budget(self, now: datetime) -> Budget: ...


@dataclass(slots=True)
class MemoryPurse:
    """The rule of state/spend.py without its file. `now` is set at each look; months are UTC, and never go back."""

    limit: float
    now: datetime = EPOCH
    month: str = ""
    spent: float = 0.0

    def count(self, kind: Billed, dollars: float, reserved: bool) -> None:
        allowed = self.limit * (1.0 if reserved else ROUTINE_SHARE)
        self._turn()
        if dollars > 0 and self.spent + dollars > allowed + DUST:
            raise BudgetSpent("tesla", f"${self.spent:.2f} of the ${self.limit:.2f} for Tesla are spent in {self.month}.")
        self.spent += dollars

    def uncount(self, kind: Billed, dollars: float) -> None:
        self.spent = max(0.0, self.spent - dollars)

    def budget(self, now: datetime) -> Budget:
        self._turn()
        left = [max(0.0, self.limit * share - self.spent) for share in (ROUTINE_SHARE, 1.0)]
        return Budget(self.spent, self.limit, left[0], left[1])

    def _turn(self) -> None:
        month = self.now.astimezone(UTC).strftime("%Y-%m")
        if month > self.month:
            self.month, self.spent = month, 0.0


@dataclass(frozen=True, slots=True)
class MemoryCache(Cache):
    """The disk cache's place for what Tesla asked for (a pause, a billing stop)."""

    kept: dict[str, Cached] = field(default_factory=dict)

    def get(self, name: str) -> Cached | None:
        return self.kept.get(name)

    def put(self, name: str, value: object, expires_at: datetime, secret: bool = False) -> None:
        self.kept[name] = Cached(value, self.stamp.at, expires_at)


class MemoryHouse:
    """`down`: services without a connection (fleet, powerwall, meter, wall connector, gridstatus). `file`: the owner's price file. `trips`,
    `alerts`: what calendar and grid say; `overrides`, `guard`, `chargers`: the other programs of the house. `world.now` is the true time;
    look() is told Ampshift's."""

    def __init__(self, world: World, settings: Settings, purse: Purse | None = None) -> None:
        self.world = world
        self.settings = settings
        self.purse: Purse = purse or MemoryPurse(settings.tesla_budget_dollars)
        self.http = MemoryHttp(world)
        self.weather = MemoryWeather(world, settings)
        self.cache = MemoryCache(Path(), Stamp(world.now, "simulator", settings.time_zone), lambda _seconds: None)
        self.down: set[str] = set()
        self.file: PriceFile | None = None
        self.trips: tuple[Trip, ...] | Missing = Missing("calendar", "there is none")
        self.alerts: tuple[Alert, ...] = ()
        self.overrides = Overrides()
        self.guard: Ceiling | Missing = Missing("guard", "there is none")
        self.chargers: ChargerReport | Missing = Missing("charger", "no Gen 2 Wall Connector")
        self._series: dict[str, Series] = {}
        self._now = world.now

    # ---- the House seam -------------------------------------------------------------------------------------------------------

    def look(self, memory: Memory, now: datetime) -> Snapshot:
        self._now = now
        self.http.down = "fleet" in self.down
        if isinstance(self.purse, MemoryPurse):
            self.purse.now = now
        cloud_tasks = energy.energy_tasks(self.settings, memory, self._energy, self.cache, now)
        answers = {name: _try(task) for name, task in (self._tasks(now) | cloud_tasks).items()}
        wall = reading(answers, "wall connector", WallReading)
        if self.settings.tesla_access_token and self.settings.tesla_list_price:
            due = list_due(memory, (self.chargers, wall), now, timedelta(minutes=self.settings.cycle_minutes))
            answers["tesla"] = _try(lambda: kept_or_listed(self._tesla(), self.cache, now, due=due))
        listed = tesla_part.listed(answers.get("tesla", Missing("tesla", "no TESLA_ACCESS_TOKEN")), self.settings)
        sensors = (self.chargers, wall)
        budget = self.purse.budget(now)
        thrifty = budget.routine_left < DOLLARS[Billed.DATA]
        known = () if isinstance(listed.cars, Missing) else listed.cars
        vins = tesla_part.wanted(known, memory, sensors, now, budget)
        powerwall, cloud = energy.seen(answers, memory, reading(answers, "powerwall", PowerwallReading), self.settings, now)
        vins = tuple(dict.fromkeys((*vins, *energy.just_plugged(known, memory, powerwall, now))))
        read = {vin: _try(tesla_part.reader(self._tesla(thrifty), self.cache, vin, now)) for vin in vins}
        file = self.file or PriceFile(*(Missing("price file", "not configured"),) * 3)
        seen = Snapshot(
            now=now,
            cars=tesla_part.views(listed, read, memory, self.settings, now),
            memory=memory,
            charger=self.chargers,
            wall=wall,
            powerwall=powerwall,
            meter=reading(answers, "meter", MeterReading),
            prices=file.prices if isinstance(file.prices, Series) else reading(answers, "grid prices", Series),
            load=file.load if isinstance(file.load, Series) else reading(answers, "load forecast", Series),
            co2=file.co2,
            overrides=self.overrides,
            ceiling=self.guard,
            budget=budget,
            home=self._home(memory),
            commands=listed.commands,
            sources=source_states(answers, read, now, self.settings.time_zone),
            cloud=cloud,
            trips=self.trips if isinstance(self.trips, Missing) else tuple(trip for trip in self.trips if trip.leave > now - OVERDUE_FOR),
            alerts=self.alerts,
        )
        return self.weather.ahead(seen)

    def look_again(self, snapshot: Snapshot, vins: tuple[str, ...]) -> Snapshot:
        thrifty = snapshot.budget.routine_left < DOLLARS[Billed.DATA]
        read = {vin: _try(tesla_part.reader(self._tesla(thrifty), self.cache, vin, snapshot.now)) for vin in vins}
        return tesla_part.looked_again(snapshot, read, self.purse.budget(snapshot.now))

    def act(self, command: Command) -> tuple[Outcome, str]:
        token = self.settings.tesla_access_token.reveal()
        commander = Commander(self.settings.tesla_api_url, token, self.http, self._counted(command.reserved))
        try:
            answer = commander.send(command.kind, command.vin, command.value, command.schedule)
        except AmpshiftError as error:
            tesla_part.hold(self.cache, error, self._now)
            raise
        return answer.outcome, answer.text

    def act_site(self, command: SiteCommand) -> tuple[Outcome, str]:
        return energy.change(self._energy, command)

    def ceiling(self) -> Ceiling | Missing:
        return self.guard

    # ---- what is asked --------------------------------------------------------------------------------------------------------

    def _tasks(self, now: datetime) -> dict[str, Callable[[], object]]:
        settings, tasks = self.settings, dict[str, Callable[[], object]]()
        if settings.tesla_access_token and not settings.tesla_list_price:
            tasks["tesla"] = lambda: tesla_part.list_cars(self._tesla(), self.cache, now)
        if settings.powerwall_url and self.world.battery:
            tasks["powerwall"] = lambda: self._device("powerwall", "powerwall", lambda: self._powerwall(now))
        if settings.energy_monitor_url and settings.energy_monitor_type is not MonitorType.NONE:
            tasks["meter"] = lambda: self._device("meter", "shelly", lambda: self._meter(now))
        if settings.wall_connector_url:
            tasks["wall connector"] = lambda: self._device("wall connector", "gen3", lambda: self._wall(now))
        if settings.grid_iso is not None and settings.grid_status_api_key:
            tasks["load forecast"] = lambda: self._grid("load", every(CAISO.load_every, now), now)
            if grid.wants_market(settings):
                tasks["grid prices"] = lambda: self._grid("prices", prices_due(CAISO, now), now)
        return tasks

    def _tesla(self, reserved: bool = False) -> Tesla:
        return Tesla(self.settings.tesla_api_url, self.settings.tesla_access_token.reveal(), self.http, self._counted(reserved))

    def _energy(self, work: Callable[[Energy], T], reserved: bool) -> T:
        return work(Energy(self.settings.tesla_api_url, self.settings.tesla_access_token.reveal(), self.http, self._counted(reserved)))

    def _counted(self, reserved: bool) -> Callable[[Billed], Callable[[], None]]:
        def count(kind: Billed) -> Callable[[], None]:
            own = {Billed.LIST: self.settings.tesla_list_price, Billed.ENERGY: self.settings.tesla_energy_price}
            dollars = own.get(kind, DOLLARS[kind])
            self.purse.count(kind, dollars, reserved)
            return lambda: self.purse.uncount(kind, dollars)

        return count

    def _home(self, memory: Memory) -> Place | Missing:
        home = self.settings.tesla_home_address
        if isinstance(home, Place):
            return home
        return (memory.home if home == "here" and not memory.home_of else None) or Missing("config", "the home is not known yet")

    # ---- the devices at home --------------------------------------------------------------------------------------------------

    def _device(self, name: str, faults: str, read: Callable[[], T]) -> T:
        if name in self.down:
            raise Unreachable(name, f"No connection to the {name}.")
        if self.world.faults[faults].take(name) is not None:
            raise NoAnswer(name, f"The {name} gave no whole answer.")
        return read()

    def _powerwall(self, now: datetime) -> PowerwallReading:
        battery, flows = self.world.battery, self.world.flows
        assert battery is not None
        return PowerwallReading(
            at=now,
            grid_w=flows.grid_w,
            battery_w=flows.battery_w,
            solar_w=flows.solar_w,
            load_w=flows.load_w,
            soc=battery.soc,
            reserve_soc=battery.reserve_soc,
            mode=battery.mode,
            grid_up=self.world.grid_up,
            storm_watch=Missing("powerwall", "the gateway on the LAN does not tell; Tesla's cloud does"),
        )

    def _meter(self, now: datetime) -> MeterReading:
        return MeterReading(now, round(self.world.flows.grid_w, 2), self.world.spec.volts)

    def _wall(self, now: datetime) -> WallReading:
        """The first car's connector, as the Gen 3 server shows it."""
        vin, car = next(iter(self.world.cars.items()))
        here, connector = car.on_our_circuit, self.world.circuit.connectors[vin]
        amps = round(car.actual_amps, 1) if here else 0.0
        closed = here and car.wall_w > 0
        return WallReading(now, here, closed, amps, self.world.spec.volts, connector.session_kwh, connector.session_s)

    def _grid(self, name: str, due: Due, now: datetime) -> Series:
        """As cycle/grid_kept.py keeps it: fetched when it is old, joined to the past days, the aged one where the service fails."""
        old = self._series.get(name)
        if old is not None and old.fetched_at <= now and not due(old):
            return old
        try:
            fresh = self._device("gridstatus", "gridstatus", lambda: self._published(name, now))
        except ClientError:
            if old is None:
                raise
            return old
        self._series[name] = grid.join(old, fresh, now)
        return self._series[name]

    def _published(self, name: str, now: datetime) -> Series:
        zone = self.world.spec.zone
        market = Market("caiso", self.world.market, self.world.grid_load, lambda: self.world.now.astimezone(zone))
        end = now + grid.AHEAD if name == "load" else min(now + grid.AHEAD, market.priced_until().astimezone(UTC))
        curve, unit = (market.load, "MW") if name == "load" else (market.price, "USD/kWh")
        hours = hours_between((now - grid.BACK).astimezone(UTC), end)
        return Series("gridstatus", unit, now, tuple(Point(at, at + timedelta(hours=1), curve(at)) for at in hours))


class MemoryJournal:
    """Keeps what a cycle must not lose, and the newest of what it only tells. `saves`: how often the memory reached the disk."""

    def __init__(self, memory: Memory | None = None) -> None:
        self.memory = memory or Memory()
        self.saves = 0
        self.offered: Target | None = None
        self.decision: Decision | None = None

    def load(self) -> Memory:
        return self.memory

    def save(self, memory: Memory) -> None:
        self.memory = memory
        self.saves += 1

    def offer(self, target: Target) -> None:
        self.offered = target

    def record(self, decision: Decision, snapshot: Snapshot, sent: tuple[Sent, ...]) -> tuple[str, ...]:
        self.decision = decision
        return ()


def _try(task: Callable[[], T]) -> T | AmpshiftError:
    try:
        return task()
    except AmpshiftError as error:
        return error
