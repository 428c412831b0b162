"""The world: cars, their circuit, Powerwall, sun, load, grid and prices, moved on by an explicit clock in steps of at most a minute.

Deterministic: the same acts at the same times give the same numbers. Everything is in memory; a year takes well under a minute.
`lock` is for the servers: they hold it while they look at or change the world.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from model import SLOT, Place

from . import account, curves
from .balance import balance, island, island_has_room
from .battery import Battery
from .breaker import Breaker
from .car import Car, CarSpec
from .car_commands import Body
from .connector import Circuit, Connector
from .curves import Curve
from .faults import Faults
from .ledger import Flows, Ledger, Rates
from .owner import Act, apply_to_car
from .site import Site
from .sun import clear_sky

HOME = Place(10.0001, 20.0002)
SUN_AT = Place(37.0, -120.0)
STEP_S = 60.0
AWAY_PILOT = 16.0  # a charger somewhere else
SHED = timedelta(minutes=5)  # off grid, cars that were too much are left out for so long
SERVERS = ("fleet", "powerwall", "shelly", "gen3", "gridstatus", "auth", "keyhost", "calendar", "roads", "weather", "operators")


@dataclass(frozen=True, slots=True)
class HouseSpec:
    """A house as it was built. Curves are functions of time: `base` W, `price` and `export` per kWh, `co2` average g/kWh,
    `market` the published day-ahead price per kWh, `grid_load` MW, `clouds` share of the sun that comes through, `temperature` deg C."""

    zone: tzinfo = UTC
    home: Place = HOME
    sun_at: Place = SUN_AT  # where the sun is seen from: a house of its own would give the place away
    breaker_amps: float = 60.0
    main_breaker_amps: float = 200.0
    volts: float = 240.0
    phases: int = 1
    solar_kw: float = 0.0
    powerwalls: int = 0
    tou: curves.Tou = curves.EV_NIGHT
    base: Curve | None = None
    price: Curve | None = None
    market: Curve | None = None
    grid_load: Curve | None = None
    co2: Curve | None = None
    clouds: Curve = field(default=curves.constant(1.0))
    temperature: Curve | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `who`: a VIN, or house."""

    at: datetime
    who: str
    what: str


class World:
    """The house and everything in it at `now`."""

    def __init__(self, spec: HouseSpec, cars: Sequence[CarSpec], start: datetime) -> None:
        self.spec = spec
        self.now = start.astimezone(UTC)
        self.lock = threading.RLock()
        self.cars = {car.vin: Car(car, self.now) for car in cars}
        for car in self.cars.values():
            car.volts = spec.volts
        connectors = {vin: Connector(f"{0x4085 + number:04X}", vin) for number, vin in enumerate(self.cars)}
        self.circuit = Circuit(Breaker(spec.breaker_amps), connectors)
        self.main = Breaker(spec.main_breaker_amps)
        self.battery = Battery(spec.powerwalls) if spec.powerwalls else None
        self.grid_up = True
        self.flows = Flows()
        self.ledger = Ledger()
        self.events: list[Event] = []
        self.words: list[Act] = []  # the owner's overrides, for whoever carries them to Ampshift
        self.account = account.Account(self.cars)
        self.site = Site(self)
        self.faults = {name: Faults() for name in SERVERS}
        self.base = spec.base or curves.by_hour(curves.EVENING_HOME_W, spec.zone)
        self.price = spec.price or spec.tou.curve(spec.zone)
        self.market = spec.market or curves.market_price(spec.zone)
        self.grid_load = spec.grid_load or curves.grid_load(spec.zone)
        self.co2 = spec.co2 or curves.average_co2(spec.zone)
        self.temperature = spec.temperature or curves.mild_year(spec.zone)
        self._agenda: list[Act] = []
        self._slot_end = self.now
        self._base_w = 0.0
        self._rates = Rates(0.0, 0.0, 0.0)
        self._clouds = 1.0
        self._shed_until = self.now
        self._seen = {vin: self._look(car) for vin, car in self.cars.items()}
        self._new_slot()

    # ---- time -------------------------------------------------------------------------------------------------------------------

    def advance(self, to: datetime) -> None:
        """Moves on to `to` (aware), doing the acts of the agenda on the way. Going back is ignored."""
        with self.lock:
            end = to.astimezone(UTC)
            self._do_due()
            while self.now < end:
                stop = min(end, self._agenda[0].at) if self._agenda else end
                self._step(min(STEP_S, (stop - self.now).total_seconds()))
                self._do_due()

    def follow(self, acts: Sequence[Act]) -> None:
        """Adds acts to the agenda."""
        self._agenda = sorted([*self._agenda, *acts], key=lambda act: act.at)

    @property
    def next_act(self) -> datetime | None:
        """When the owner next does something; None: nothing is planned."""
        return self._agenda[0].at if self._agenda else None

    def do(self, act: Act) -> None:
        """One act, now."""
        with self.lock:
            if act.what == "grid":
                self.grid_up = bool(act.value)
                self._event("house", f"the grid is {'up' if self.grid_up else 'down'}")
            elif act.what == "override":
                self.words.append(act)
            else:
                self.set_pilots()
                for vin in [act.vin] if act.vin else list(self.cars):
                    apply_to_car(self.cars[vin], act)
                    self._event(vin, " ".join([act.what, *([] if act.value is None else [str(act.value)])]))
            self.set_pilots()
            self._note_changes()

    def _do_due(self) -> None:
        while self._agenda and self._agenda[0].at <= self.now:
            self.do(self._agenda.pop(0))

    # ---- one step ---------------------------------------------------------------------------------------------------------------

    def _step(self, dt_s: float) -> None:
        if self.now >= self._slot_end:
            self._new_slot()
        solar_w = self.sun_w()
        self.set_pilots()
        draws = {vin: car.demand_w(dt_s) for vin, car in self.cars.items() if car.plugged}
        ours = {vin: watts for vin, watts in draws.items() if self.cars[vin].on_our_circuit}
        if not self.grid_up and not island_has_room(self._base_w, sum(ours.values()), solar_w, self.battery, dt_s) and ours:
            self._shed_until = self.now + SHED
            self.set_pilots()
            ours = dict.fromkeys(ours, 0.0)
        self.flows = (balance if self.grid_up else island)(self._base_w, sum(ours.values()), solar_w, self.battery, dt_s)
        if self.battery:
            self.battery.run(self.flows.battery_w, dt_s)
        self.ledger.book(self.flows, ours, self._rates, dt_s)
        for vin, car in self.cars.items():
            watts = ours.get(vin, 0.0) if car.on_our_circuit else draws.get(vin, 0.0)
            self.circuit.count(car, dt_s, watts)
            car.tick(dt_s, watts)
        self.now += timedelta(seconds=dt_s)
        self._carry(sum(ours.values()), dt_s)
        self._note_changes()

    def set_pilots(self) -> None:
        """What each plugged car is offered now; call it after changing a connector's offer to see the effect before the next step."""
        power = self.grid_up or (self.battery is not None and self.battery.soc > 0 and self.now >= self._shed_until)
        sharing = sum(car.on_our_circuit for car in self.cars.values())
        for car in self.cars.values():
            here = self.circuit.pilot(car, max(1, sharing), power)
            car.offered(here if car.at_home else AWAY_PILOT)

    def sun_w(self) -> float:
        if not self.spec.solar_kw:
            return 0.0
        return self.spec.solar_kw * 1000 * self._clouds * clear_sky(self.now, self.spec.sun_at.lat, self.spec.sun_at.lon)

    def _new_slot(self) -> None:
        self._slot_end = self.now + SLOT - timedelta(seconds=self.now.timestamp() % SLOT.total_seconds())
        self._base_w = self.base(self.now)
        self._clouds = self.spec.clouds(self.now)
        export = self.spec.tou.export or 0.0
        self._rates = Rates(self.price(self.now), export, self.co2(self.now))

    def _carry(self, cars_w: float, dt_s: float) -> None:
        for breaker, name, watts in ((self.circuit.breaker, "circuit", cars_w), (self.main, "main", abs(self.flows.grid_w))):
            before, amps = len(breaker.trips), watts / self.spec.volts / self.spec.phases
            breaker.carry(amps, dt_s, self.now)
            if len(breaker.trips) > before:
                self._event("house", f"the {name} breaker tripped at {amps:.1f} A")

    # ---- what happened ----------------------------------------------------------------------------------------------------------

    def _look(self, car: Car) -> tuple[str, bool]:
        return car.word, car.awake

    def _note_changes(self) -> None:
        for vin, car in self.cars.items():
            seen = self._look(car)
            if seen != self._seen[vin]:
                self._seen[vin] = seen
                self._event(vin, f"{seen[0]}, {'awake' if seen[1] else 'asleep'}")

    def _event(self, who: str, what: str) -> None:
        self.events.append(Event(self.now, who, what))

    # ---- the Fleet API, in memory -----------------------------------------------------------------------------------------------

    def vehicle_list(self) -> account.Answer:
        with self.lock:
            return self.account.list_cars(self.now)

    def vehicle(self, vin: str) -> account.Answer:
        with self.lock:
            return self.account.one_car(vin, self.now)

    def vehicle_data(
        self, vin: str, endpoints: Collection[str] = ("charge_state", "drive_state", "location_data", "vehicle_state")
    ) -> account.Answer:
        with self.lock:
            return self.account.data(vin, endpoints, self.now)

    def energy(self, method: str, path: str, body: Body) -> account.Answer:
        with self.lock:
            return self.site.answer(method, path, body)

    def command(self, vin: str, name: str, body: Body) -> account.Answer:
        """`name` as in the Fleet API; wake_up and signed_command too."""
        with self.lock:
            if name == "wake_up":
                answer = self.account.wake(vin, self.now)
            elif name == "signed_command":
                answer = self.account.signed_command(vin, body, self.now)
            else:
                answer = self.account.command(vin, name, body, self.now)
            self._note_changes()
            return answer
