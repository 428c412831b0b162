"""The real house: clients behind the `House` seam. LAN sensors, the cached grid and Tesla's free list are asked side by side; then
the cars that are worth a paid reading; all inside one budget of 20 s."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from clients.http import Http
from clients.powerwall import Powerwall
from clients.price_file import PriceFile, read_price_file
from clients.shelly import read_meter
from clients.tesla import Tesla
from clients.tesla_energy import Energy
from clients.wall_connector import read_vitals
from config import MonitorType, Settings
from config_values import Address
from cycle import energy
from cycle import tesla as tesla_part
from cycle.alerts import TASK as ALERTS_TASK
from cycle.alerts import alert_tasks
from cycle.ask import ask_all, reading
from cycle.calendars import Calendars, calendar_events
from cycle.consumption import learned_uses
from cycle.health import account_states, source_states
from cycle.market import LOAD, MIX, PRICES, SUN_AND_WIND, Market
from cycle.roads import ROADS, Roads, found_trips, known_cars
from cycle.tariff import TASK as TARIFF_TASK
from cycle.tariff import export_prices, from_the_app, tariff_tasks
from cycle.tesla_list import kept_or_listed, list_due
from cycle.tesla_login import Access, LoggedIn, TeslaLogin
from cycle.weather import TASK as WEATHER_TASK
from cycle.weather import last_hour, learned_house, weather_tasks, with_weather
from errors import AmpshiftError
from model import DOLLARS, Alert, Billed, CarReading, Ceiling, Event, MeterReading, Missing, Place, PowerwallReading, Series, WallReading
from model_decision import Command, Snapshot
from model_energy import SiteCommand
from model_memory import Memory, Outcome
from model_sun import Weather
from planners.net_load import net_load
from state.cache import Cache
from state.logins import Logins
from state.spend import Spend
from state.store import Store

if TYPE_CHECKING:
    from clients.tesla_commands import Answer

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
    market: Market
    mono: Callable[[], float] = field(default=time.monotonic)
    began: float = field(default_factory=time.monotonic)

    def look(self, memory: Memory, now: datetime) -> Snapshot:
        began, home = self.mono(), self._home(memory)  # what is found meanwhile counts from the next look on
        cloud_tasks = energy.energy_tasks(self.settings, memory, self._energy, self.cache, now)
        answers = self._first(self._tasks(home, now) | cloud_tasks, now)
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
        events = calendar_events(answers, known_cars(known, memory))
        both = ask_all(reads | {ROADS: self._drives(events, home, now)}, max(1.0, LOOK_S - (self.mono() - began)), self.mono)
        trips, roads = found_trips(both.pop(ROADS), events, settings, now)
        read = {vin: answer for vin, answer in both.items() if isinstance(answer, CarReading | AmpshiftError | Missing)}
        prices, load, co2 = self._series(answers, now)
        seen = Snapshot(
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
            home=home,
            commands=listed.commands,
            trips=trips,
            sources=(
                *source_states(answers, read, now, settings.time_zone),
                *account_states(self._list(answers), settings),
                *self.market.states(),
                *roads,
            ),
            cloud=cloud,
            export_prices=self._export(answers, now),
            alerts=_alerts(answers),
        )
        return self._ahead(seen, answers)

    def _first(self, tasks: Mapping[str, Callable[[], object]], now: datetime) -> dict[str, object]:
        """All that waits for nothing else; a rate plan that has just come with the Powerwall's settings counts at once."""
        answers: dict[str, object] = {**ask_all(tasks, FIRST_S, self.mono)}
        if from_the_app(self.settings) and isinstance(answers.get(TARIFF_TASK), AmpshiftError):
            kept = tariff_tasks(self.settings, self.cache, self.http, now)
            answers |= ask_all(kept, FIRST_S / 2, self.mono)
        return answers

    def _ahead(self, snapshot: Snapshot, answers: Mapping[str, object]) -> Snapshot:
        """With what is expected of weather, roof and house."""
        settings, now, history = self.settings, snapshot.now, self.settings.state_dir / "history.sqlite"
        weather: Weather | Missing = reading(answers, WEATHER_TASK, Weather)
        snapshot = replace(snapshot, uses=learned_uses(snapshot, settings, self.cache, history, now))
        if settings.solar_kwp is None:
            return with_weather(snapshot, weather, None, (), settings)
        learned = learned_house(settings, self.cache, history, now)
        return with_weather(snapshot, weather, learned, last_hour(history, now), settings)

    def look_again(self, snapshot: Snapshot, vins: tuple[str, ...]) -> Snapshot:
        thrifty = snapshot.budget.routine_left < DOLLARS[Billed.DATA]
        reads = {vin: tesla_part.reader(self._tesla(thrifty), self.cache, vin, snapshot.now) for vin in vins}
        read = ask_all(reads, max(5.0, LOOK_S - (self.mono() - self.began)), self.mono)
        return tesla_part.looked_again(snapshot, read, self.spend.budget(snapshot.now))

    def act(self, command: Command) -> tuple[Outcome, str]:
        from cycle.signed import Sender  # most cycles send nothing

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

    def _tasks(self, home: Place | Missing, now: datetime) -> dict[str, Callable[[], object]]:
        settings, tasks = self.settings, dict[str, Callable[[], object]]()
        if settings.has_tesla and not settings.tesla_list_price:
            tasks["tesla"] = lambda: tesla_part.list_cars(self._tesla(), self.cache, now)
        if settings.powerwall_url:
            url, password = settings.powerwall_url, settings.powerwall_password.reveal()
            jar = _Cookie(self.cache, now)
            tasks["powerwall"] = lambda: Powerwall(url, password, settings.powerwall_fingerprint, self.http, jar).read(now)
        if settings.has_meter:
            tasks["meter"] = house_meter(settings, self.http, now)
        if settings.wall_connector_url:
            vitals = settings.wall_connector_url
            tasks["wall connector"] = lambda: read_vitals(vitals, self.http, now)
        if settings.price_file:
            path = settings.price_file
            tasks["price file"] = lambda: read_price_file(path, settings.currency, now)
        calendars = Calendars(settings, self.cache, self.http, self.login.logins, now)
        slow = (
            calendars.tasks()
            | self.market.tasks()
            | alert_tasks(settings, self.cache, self.http, now)
            | tariff_tasks(settings, self.cache, self.http, now)
            | weather_tasks(settings, self.cache, self.http, home, now)
        )
        return tasks | slow | self._house(now)

    def _drives(self, events: tuple[Event, ...] | Missing, home: Place | Missing, now: datetime) -> Callable[[], object]:
        roads = Roads(self.settings, self.cache, self.http, home, now, self.store.sleep)
        return lambda: roads.trips(() if isinstance(events, Missing) else events)

    def _tesla(self, reserved: bool = False) -> LoggedIn:
        count = counted(self.settings, self.spend, reserved)
        return LoggedIn(self.login, lambda access: Tesla(access.url, access.token, self.http, count))

    def _list(self, answers: Mapping[str, object]) -> object:
        if not self.settings.has_tesla:
            return Missing("tesla", "not logged in: scheduler.py auth tesla")
        return answers["tesla"]

    def _series(self, answers: Mapping[str, object], now: datetime) -> tuple[Series | Missing, Series | Missing, Series | Missing]:
        """Prices, net load and CO2: from the owner's file first, else from the grid."""
        none = reading(answers, "price file", PriceFile)
        own = none if isinstance(none, PriceFile) else PriceFile(none, none, none)
        listed = reading(answers, TARIFF_TASK if TARIFF_TASK in answers else PRICES, Series)
        prices = own.prices if isinstance(own.prices, Series) else listed
        load = net_load(reading(answers, LOAD, Series), reading(answers, SUN_AND_WIND, Series), now)
        load = own.load if isinstance(own.load, Series) else load
        return prices, load, own.co2 if isinstance(own.co2, Series) else reading(answers, MIX, Series)

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
            learned = memory.home if not memory.home_of else None
            return learned or Missing("config", "TESLA_HOME_ADDRESS=here: it is learned at the next reading of a parked car")
        if home is None:
            return Missing("config", "TESLA_HOME_ADDRESS is not set")
        from cycle.home import home_of  # most owners wrote numbers

        return home_of(home, self.cache, memory)

    def _house(self, now: datetime) -> dict[str, Callable[[], object]]:
        """The lookup of a street address that is not known yet."""
        home = self.settings.tesla_home_address
        if not isinstance(home, Address):
            return {}
        from cycle.home import home_tasks

        return home_tasks(home, self.settings, self.cache, self.http, self.store.sleep, now)


def _alerts(answers: Mapping[str, object]) -> tuple[Alert, ...]:
    found = answers.get(ALERTS_TASK)
    return found if isinstance(found, tuple) else ()


def house_meter(settings: Settings, http: Http, now: datetime) -> Callable[[], MeterReading]:
    """The way to what measures the whole house."""
    kind, address, token = settings.energy_monitor_type, settings.energy_monitor_url or "", settings.home_assistant_token.reveal()
    if kind is MonitorType.HOME_ASSISTANT:
        from clients.home_assistant import Sensors, read_sensors

        sensors = Sensors(settings.ha_grid_sensor, settings.ha_solar_sensor, settings.ha_load_sensor)
        return lambda: read_sensors(settings.home_assistant_url or "", token, sensors, http, now)
    if kind is MonitorType.MQTT:
        from cycle.mqtt_meter import topics_meter

        return lambda: topics_meter(settings, now)
    return lambda: read_meter(kind.value, address, settings.energy_monitor_password.reveal(), http, now)


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
