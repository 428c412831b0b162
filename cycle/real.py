"""The real house: clients behind the `House` seam. LAN sensors, the cached grid and Tesla's free list are asked side by side; then
the cars that are worth a paid reading; all inside one budget of 20 s."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from clients.http import Http
from clients.powerwall import Powerwall
from clients.price_file import PriceFile, read_price_file
from clients.shelly import read_meter
from clients.tesla import Tesla
from clients.tesla_commands import Answer
from clients.tesla_energy import Energy
from clients.wall_connector import read_vitals
from config import MonitorType, Settings
from cycle import energy
from cycle import tesla as tesla_part
from cycle.ask import ask_all, reading
from cycle.calendars import Calendars
from cycle.grid import grid_tasks
from cycle.health import account_states, source_states
from cycle.signed import Sender
from cycle.tariff import TASK as TARIFF_TASK
from cycle.tariff import export_prices, tariff_tasks
from cycle.tesla_list import kept_or_listed, list_due
from cycle.tesla_login import Access, LoggedIn, TeslaLogin
from errors import AmpshiftError
from model import DOLLARS, Billed, Ceiling, MeterReading, Missing, Place, PowerwallReading, Series, WallReading
from model_decision import Command, Snapshot
from model_energy import SiteCommand
from model_memory import Memory, Outcome
from state.cache import Cache
from state.logins import Logins
from state.spend import Spend
from state.store import Store

T = TypeVar("T")
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
    login: TeslaLogin
    mono: Callable[[], float] = field(default=time.monotonic)
    began: float = field(default_factory=time.monotonic)

    def look(self, memory: Memory, now: datetime) -> Snapshot:
        began = self.mono()
        cloud_tasks = energy.energy_tasks(self.settings, memory, self._energy, self.cache, now)
        answers = ask_all(self._tasks(now) | cloud_tasks, FIRST_S, self.mono)
        settings, charger = self.settings, self.store.load_charger(now)
        wall = reading(answers, "wall connector", WallReading)
        if settings.has_tesla and settings.tesla_list_price:
            due = list_due(memory, (charger, wall), now, timedelta(minutes=settings.cycle_minutes))
            answers |= ask_all({"tesla": lambda: kept_or_listed(self._tesla(), self.cache, now, due=due)}, FIRST_S / 2, self.mono)
        listed = tesla_part.listed(self._list(answers), settings)
        budget = self.spend.budget(now)
        thrifty = budget.routine_left < DOLLARS[Billed.DATA]
        known = () if isinstance(listed.cars, Missing) else listed.cars
        vins = tesla_part.wanted(known, memory, (charger, wall), now, budget)
        powerwall, cloud = energy.seen(answers, memory, reading(answers, "powerwall", PowerwallReading), settings, now)
        vins = tuple(dict.fromkeys((*vins, *energy.just_plugged(known, memory, powerwall, now))))
        reads = {vin: tesla_part.reader(self._tesla(thrifty), self.cache, vin, now) for vin in vins}
        read = ask_all(reads, max(1.0, LOOK_S - (self.mono() - began)), self.mono)
        prices, load, co2 = self._series(answers)
        return Snapshot(
            now=now,
            cars=tesla_part.views(listed, read, memory, settings, now),
            memory=memory,
            charger=charger,
            wall=wall,
            powerwall=powerwall,
            meter=reading(answers, "meter", MeterReading),
            prices=prices,
            load=load,
            co2=co2,
            overrides=self.store.load_overrides(),
            ceiling=self.store.load_ceiling(now),
            budget=budget,
            home=self._home(memory),
            commands=listed.commands,
            sources=(*source_states(answers, read, now), *account_states(self._list(answers), settings)),
            cloud=cloud,
            export_prices=self._export(answers, now),
        )

    def look_again(self, snapshot: Snapshot, vins: tuple[str, ...]) -> Snapshot:
        thrifty = snapshot.budget.routine_left < DOLLARS[Billed.DATA]
        reads = {vin: tesla_part.reader(self._tesla(thrifty), self.cache, vin, snapshot.now) for vin in vins}
        read = ask_all(reads, max(5.0, LOOK_S - (self.mono() - self.began)), self.mono)
        return tesla_part.looked_again(snapshot, read, self.spend.budget(snapshot.now))

    def act(self, command: Command) -> tuple[Outcome, str]:
        count = counted(self.settings, self.spend, command.reserved)
        logins = Logins(self.settings.state_dir, self.store.stamp, self.store.sleep)
        sender = Sender(self.settings, self.http, logins, lambda: self.store.now.timestamp() + self.mono() - self.began)

        def send(access: Access) -> Answer:
            return sender.commander(access, count).send(command.kind, command.vin, command.value, command.schedule)

        try:
            answer = self.login.call(send)
        except AmpshiftError as error:
            tesla_part.hold(self.cache, error, self.store.now)
            raise
        return answer.outcome, answer.text

    def act_site(self, command: SiteCommand) -> tuple[Outcome, str]:
        try:
            return energy.change(self._energy, command)
        except AmpshiftError as error:
            tesla_part.hold(self.cache, error, self.store.now)
            raise

    def _energy(self, work: Callable[[Energy], T], reserved: bool) -> T:
        count = counted(self.settings, self.spend, reserved)
        return self.login.call(lambda access: work(Energy(access.url, access.token, self.http, count)))

    def ceiling(self) -> Ceiling | Missing:
        """Judged by the time of this very look: the cycle's own now is seconds old, and a guard that died meanwhile must not look alive."""
        return self.store.load_ceiling(self.store.now + timedelta(seconds=self.mono() - self.began))

    def _tasks(self, now: datetime) -> dict[str, Callable[[], object]]:
        settings, tasks = self.settings, dict[str, Callable[[], object]]()
        if settings.has_tesla and not settings.tesla_list_price:
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
        calendars = Calendars(settings, self.cache, self.http, Logins(settings.state_dir, self.store.stamp, self.store.sleep), now)
        slow = calendars.tasks() | grid_tasks(settings, self.cache, self.http, now) | tariff_tasks(settings, self.cache, self.http, now)
        return tasks | slow

    def _tesla(self, reserved: bool = False) -> LoggedIn:
        count = counted(self.settings, self.spend, reserved)
        return LoggedIn(self.login, lambda access: Tesla(access.url, access.token, self.http, count))

    def _list(self, answers: Mapping[str, object]) -> object:
        if not self.settings.has_tesla:
            return Missing("tesla", "not logged in: scheduler.py auth tesla")
        return answers["tesla"]

    def _series(self, answers: Mapping[str, object]) -> tuple[Series | Missing, Series | Missing, Series | Missing]:
        """Prices, load forecast and CO2: from the owner's file first, else from GridStatus."""
        none = reading(answers, "price file", PriceFile)
        own = none if isinstance(none, PriceFile) else PriceFile(none, none, none)
        listed = reading(answers, TARIFF_TASK if TARIFF_TASK in answers else "grid prices", Series)
        prices = own.prices if isinstance(own.prices, Series) else listed
        load = own.load if isinstance(own.load, Series) else reading(answers, "load forecast", Series)
        return prices, load, own.co2

    def _export(self, answers: Mapping[str, object], now: datetime) -> Series | Missing:
        own = reading(answers, "price file", PriceFile)
        if isinstance(own, PriceFile) and isinstance(own.export, Series):
            return own.export
        return export_prices(self.settings, self.cache, now)

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
        own = {Billed.LIST: settings.tesla_list_price, Billed.ENERGY: settings.tesla_energy_price}
        dollars = own.get(kind, DOLLARS[kind])
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
