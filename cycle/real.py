"""The real house: clients behind the `House` seam. LAN sensors, the cached grid and Tesla's free list are asked side by side; then
the cars that are worth a paid reading; all inside one budget of 20 s."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from clients.http import Http
from clients.powerwall import Powerwall
from clients.price_file import PriceFile, read_price_file
from clients.shelly import read_meter
from clients.tesla import Tesla
from clients.tesla_commands import Commander
from clients.wall_connector import read_vitals
from config import MonitorType, Settings
from cycle import tesla as tesla_part
from cycle.ask import ask_all, reading
from cycle.grid import grid_tasks
from cycle.health import source_states
from errors import AmpshiftError
from model import DOLLARS, Billed, Ceiling, MeterReading, Missing, Place, PowerwallReading, Series, WallReading
from model_decision import Command, Snapshot
from model_memory import Memory, Outcome
from state.cache import Cache
from state.spend import Spend
from state.store import Store

LOOK_S = 20.0
FIRST_S = 12.0  # the rest of the budget is for the cars' readings


@dataclass(slots=True)
class RealHouse:
    """Each billed call is counted before it is made; once the routine share is spent, only what a departure or safety needs goes on."""

    settings: Settings
    store: Store
    cache: Cache
    spend: Spend
    http: Http
    mono: Callable[[], float] = field(default=time.monotonic)
    began: float = field(default_factory=time.monotonic)

    def look(self, memory: Memory, now: datetime) -> Snapshot:
        began = self.mono()
        answers = ask_all(self._tasks(now), FIRST_S, self.mono)
        settings, charger = self.settings, self.store.load_charger(now)
        wall = reading(answers, "wall connector", WallReading)
        listed = tesla_part.listed(self._list(answers), settings)
        budget = self.spend.budget(now)
        thrifty = budget.routine_left < DOLLARS[Billed.DATA]
        known = () if isinstance(listed.cars, Missing) else listed.cars
        vins = tesla_part.wanted(known, memory, (charger, wall), now, thrifty=thrifty)
        reads = {vin: tesla_part.reader(self._tesla(thrifty), self.cache, vin, now) for vin in vins}
        read = ask_all(reads, max(1.0, LOOK_S - (self.mono() - began)), self.mono)
        prices, load, co2 = self._series(answers)
        return Snapshot(
            now=now,
            cars=tesla_part.views(listed, read, memory, settings, now),
            memory=memory,
            charger=charger,
            wall=wall,
            powerwall=reading(answers, "powerwall", PowerwallReading),
            meter=reading(answers, "meter", MeterReading),
            prices=prices,
            load=load,
            co2=co2,
            overrides=self.store.load_overrides(),
            ceiling=self.store.load_ceiling(now),
            budget=budget,
            home=self._home(memory),
            commands=listed.commands,
            sources=source_states(answers, read, now),
        )

    def look_again(self, snapshot: Snapshot, vins: tuple[str, ...]) -> Snapshot:
        thrifty = snapshot.budget.routine_left < DOLLARS[Billed.DATA]
        reads = {vin: tesla_part.reader(self._tesla(thrifty), self.cache, vin, snapshot.now) for vin in vins}
        read = ask_all(reads, max(5.0, LOOK_S - (self.mono() - self.began)), self.mono)
        return tesla_part.looked_again(snapshot, read, self.spend.budget(snapshot.now))

    def act(self, command: Command) -> tuple[Outcome, str]:
        url, token = self.settings.tesla_command_url, self.settings.tesla_access_token.reveal()
        count = counted(self.settings, self.spend, command.reserved)
        try:
            answer = Commander(url, token, self.http, count).send(command.kind, command.vin, command.value)
        except AmpshiftError as error:
            tesla_part.hold(self.cache, error, self.store.now)
            raise
        return answer.outcome, answer.text

    def ceiling(self) -> Ceiling | Missing:
        """Judged by the time of this very look: the cycle's own now is seconds old, and a guard that died meanwhile must not look alive."""
        return self.store.load_ceiling(self.store.now + timedelta(seconds=self.mono() - self.began))

    def _tasks(self, now: datetime) -> dict[str, Callable[[], object]]:
        settings, tasks = self.settings, dict[str, Callable[[], object]]()
        if settings.tesla_access_token:
            tasks["tesla"] = lambda: tesla_part.list_cars(self._tesla(), self.cache, now)
        if settings.powerwall_url:
            url, password = settings.powerwall_url, settings.powerwall_password.reveal()
            jar = _Cookie(self.cache, now)
            tasks["powerwall"] = lambda: Powerwall(url, password, settings.powerwall_fingerprint, self.http, jar).read(now)
        if settings.energy_monitor_url and settings.energy_monitor_type is not MonitorType.NONE:
            kind, meter, secret = settings.energy_monitor_type.value, settings.energy_monitor_url, settings.energy_monitor_password.reveal()
            tasks["meter"] = lambda: read_meter(kind, meter, secret, self.http, now)
        if settings.wall_connector_url:
            vitals = settings.wall_connector_url
            tasks["wall connector"] = lambda: read_vitals(vitals, self.http, now)
        if settings.price_file:
            path = settings.price_file
            tasks["price file"] = lambda: read_price_file(path, settings.currency, now)
        return tasks | grid_tasks(settings, self.cache, self.http, now)

    def _tesla(self, reserved: bool = False) -> Tesla:
        count = counted(self.settings, self.spend, reserved)
        return Tesla(self.settings.tesla_api_url, self.settings.tesla_access_token.reveal(), self.http, count)

    def _list(self, answers: Mapping[str, object]) -> object:
        if not self.settings.tesla_access_token:
            return Missing("tesla", "no TESLA_ACCESS_TOKEN")
        return answers["tesla"]

    def _series(self, answers: Mapping[str, object]) -> tuple[Series | Missing, Series | Missing, Series | Missing]:
        """Prices, load forecast and CO2: from the owner's file first, else from GridStatus."""
        none = reading(answers, "price file", PriceFile)
        own = none if isinstance(none, PriceFile) else PriceFile(none, none, none)
        prices = own.prices if isinstance(own.prices, Series) else reading(answers, "grid prices", Series)
        load = own.load if isinstance(own.load, Series) else reading(answers, "load forecast", Series)
        return prices, load, own.co2

    def _home(self, memory: Memory) -> Place | Missing:
        home = self.settings.tesla_home_address
        if isinstance(home, Place):
            return home
        if home == "here":
            return memory.home or Missing("config", "TESLA_HOME_ADDRESS=here: it is learned at the next reading of a parked car")
        return Missing("config", "TESLA_HOME_ADDRESS is not set")


def counted(settings: Settings, spend: Spend, reserved: bool = False) -> Callable[[Billed], Callable[[], None]]:
    """Counts a billed call before it is made; gives the undo for one that turns out not to be billed."""

    def count(kind: Billed) -> Callable[[], None]:
        dollars = settings.tesla_list_price if kind is Billed.LIST else DOLLARS[kind]
        spend.count(kind, dollars, reserved)
        return lambda: spend.uncount(kind, dollars)

    return count


@dataclass(frozen=True, slots=True)
class _Cookie:
    """The Powerwall's login between two cron runs: it counts log-ins, and locks out who logs in at each poll."""

    cache: Cache
    now: datetime

    def get(self) -> str | None:
        found = self.cache.get("powerwall-cookie")
        return str(found.value) if found is not None else None

    def put(self, cookie: str, /) -> None:
        self.cache.put("powerwall-cookie", cookie, self.now + timedelta(days=1), secret=True)
