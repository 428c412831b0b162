"""A car that behaves like a Tesla, as physics and habits; what the API and the owner do to it is in car_commands.py and owner.py.

What its charging state says is never stored: `word` follows from what the car wants, what holds it and what the connector gives.
Percent, A, W, kWh and km; times are aware. `tick` moves it on by the seconds given; the connector's pilot is set before each tick.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from model import CarSchedule, Charging, Place

from .battery import JOULES
from .car_schedules import Agenda, agenda

MIN_PILOT = 5.0  # below this no Tesla charges
STARTS_IN = timedelta(seconds=5)
SLEEPS_AFTER = timedelta(minutes=15)
SCHEDULE_REACH = timedelta(hours=6)  # plugged in less than this after the scheduled start, a Tesla charges at once
TOP_UP_SOC = 3.0  # this far below the limit, a car that was complete fills up again
DRIVE_KMH = 60.0
FAST_W = 120_000.0
LOST_LINKS = 3
STANDARD_SOC = 80
BUSY = (Charging.CHARGING, Charging.STARTING)


@dataclass(frozen=True, slots=True)
class CarSpec:
    """One car as it was sold. `wake_s`: seconds until a wake has worked; None: by the next cycle, whenever that is.
    `latches`: refuses until re-plugged when plugged in at 0 A or after three lost links (some Teslas do). `drain_w`: standing about."""

    vin: str
    name: str
    home: Place
    zone: tzinfo = UTC
    battery_kwh: float = 75.0
    max_amps: int = 48
    phases: int = 1
    efficiency: float = 0.9
    wh_per_km: float = 165.0
    wake_s: float | None = 30.0
    latches: bool = False
    drain_w: float = 8.0


class Car:
    """One car, now. The attributes are its true state; what the API tells of it is in car_body.py."""

    def __init__(self, spec: CarSpec, now: datetime, soc: float = 60.0, limit_soc: int = 80) -> None:
        self.spec = spec
        self.now = now
        self.soc = soc
        self.limit_soc = limit_soc
        self.request_amps = spec.max_amps
        self.place = spec.home
        self.plugged = False
        self.fast = False  # at a Supercharger
        self.wants = False  # it would charge if it could
        self.held = False  # by its own schedule
        self.full = False
        self.latched = False
        self.dozes = False  # says yes to a start and does nothing, until what it is offered falls and rises again
        self.lost_links = 0
        self.pilot_amps = 0.0
        self.volts = 240.0
        self.wall_w = 0.0
        self.climate_w = 0.0
        self.energy_added_kwh = 0.0
        self.driven_km = 0.0
        self.km_left = 0.0
        self.drives_to = spec.home
        self.in_service = False
        self.awake = True
        self.waking_until: datetime | None = None
        self.last_activity = now
        self.schedules: dict[int, CarSchedule] = {}  # by id
        self.preconditions: dict[int, dict[str, object]] = {}  # by id, as they were sent: they warm the car, which costs no thought here
        self.schedule_at: datetime | None = None
        self.schedule_ends: datetime | None = None
        self.low_amps_asked: int | None = None
        self._goes = False
        self._fell = False
        self._starting_until = now

    # ---- what it is doing -------------------------------------------------------------------------------------------------------

    @property
    def word(self) -> Charging:
        if not self.plugged:
            return Charging.DISCONNECTED
        if self.fast:
            return Charging.COMPLETE if self.full else Charging.CHARGING
        if self.latched or self.dozes:
            return Charging.STOPPED
        if self.pilot_amps < MIN_PILOT:
            return Charging.NO_POWER
        if self.full:
            return Charging.COMPLETE
        if not self.wants or self.held:
            return Charging.STOPPED
        return Charging.STARTING if self.now < self._starting_until else Charging.CHARGING

    @property
    def at_home(self) -> bool:
        return self.place == self.spec.home

    @property
    def driving(self) -> bool:
        return self.km_left > 0

    @property
    def on_our_circuit(self) -> bool:
        return self.plugged and self.at_home and not self.fast

    @property
    def actual_amps(self) -> float:
        return self.wall_w / (self.volts * self.spec.phases)

    @property
    def schedule_pending(self) -> bool:
        return self.plugged and self.schedule_at is not None and self.word not in BUSY

    # ---- energy -----------------------------------------------------------------------------------------------------------------

    def demand_w(self, dt_s: float) -> float:
        """What it will draw from the wall in the next `dt_s` seconds: at most up to its limit, and climate beside it."""
        if not self.plugged or self.fast or self.latched or self.pilot_amps < MIN_PILOT:
            return 0.0
        volts = self.volts * self.spec.phases
        climate = min(self.climate_w, self.pilot_amps * volts)
        if self.word is not Charging.CHARGING:
            return climate
        amps = min(float(self.request_amps), self.pilot_amps, self.spec.max_amps * taper(self.soc))
        room = (self.limit_soc - self.soc) / 100 * self.spec.battery_kwh * JOULES / self.spec.efficiency / dt_s
        return climate + max(0.0, min(amps * volts - climate, room))

    def tick(self, dt_s: float, wall_w: float) -> None:
        """Moves on by `dt_s` seconds, in which `wall_w` came from the wall."""
        self.wall_w = wall_w
        if self.fast and not self.full:
            self._store(min(FAST_W * taper(self.soc), self._room_w(dt_s)), dt_s)
        elif self.word is Charging.CHARGING and wall_w > 0:
            self._store((wall_w - min(self.climate_w, wall_w)) * self.spec.efficiency, dt_s)
        elif wall_w <= 0:
            self._spend_kwh((self.climate_w + self.spec.drain_w) * dt_s / JOULES)
        else:
            self._spend_kwh(self.spec.drain_w * dt_s / JOULES)
        self._drive(dt_s)
        self.now += timedelta(seconds=dt_s)
        self._sleep_or_wake()
        if self.schedule_ends is not None and self.now >= self.schedule_ends:
            self._scheduled_end()
        if self.schedule_at is not None and self.now >= self.schedule_at:
            self._scheduled_start()
        self.settle()

    def _room_w(self, dt_s: float) -> float:
        return max(0.0, self.limit_soc - self.soc) / 100 * self.spec.battery_kwh * JOULES / dt_s

    def _store(self, battery_w: float, dt_s: float) -> None:
        kwh = battery_w * dt_s / JOULES
        self.energy_added_kwh += kwh
        self.soc = min(100.0, self.soc + kwh / self.spec.battery_kwh * 100)

    def _spend_kwh(self, kwh: float) -> None:
        self.soc = max(0.0, self.soc - kwh / self.spec.battery_kwh * 100)

    def _drive(self, dt_s: float) -> None:
        if not self.driving:
            return
        km = min(self.km_left, DRIVE_KMH * dt_s / 3600)
        self._spend_kwh(km * self.spec.wh_per_km / 1000)
        self.driven_km += km
        self.km_left -= km
        if self.km_left <= 1e-9:
            self.km_left = 0.0
            self.place = self.drives_to

    # ---- habits -----------------------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Lets what follows from a change follow: complete at the limit, topping up, a few seconds of Starting, waking up for it."""
        if self.soc >= self.limit_soc - 0.005:
            self.full = True
        elif self.full and self.soc <= self.limit_soc - TOP_UP_SOC:
            self.full = False
        barred = self.held or self.full or self.latched or self.dozes
        goes = self.on_any_charger and self.wants and not barred and self.pilot_amps >= MIN_PILOT
        if goes and not self._goes:
            self._starting_until = self.now + STARTS_IN
            self.stir()
        if not goes:
            self.wall_w = min(self.wall_w, self.climate_w)  # a charge that ends draws nothing from this moment on
        if self._goes and not goes:
            self.low_amps_asked = None
        self._goes = goes

    def offered(self, amps: float) -> None:
        """What its connector's pilot says from now on."""
        if self.dozes and self.wants:
            self.dozes = not (self._fell and amps > self.pilot_amps)
            self._fell = self.dozes and (self._fell or amps < self.pilot_amps)
        self.pilot_amps = amps
        self.settle()

    @property
    def on_any_charger(self) -> bool:
        return self.plugged and not self.fast

    def stir(self) -> None:
        """Something happened: it is awake, and stays so for a quarter of an hour."""
        self.awake = True
        self.waking_until = None
        self.last_activity = self.now

    def ask_to_wake(self) -> None:
        if self.awake:
            self.stir()
        elif self.waking_until is None:
            self.waking_until = self.now + timedelta(seconds=self.spec.wake_s or 0.0)
            if self.spec.wake_s == 0:
                self.stir()

    def _sleep_or_wake(self) -> None:
        if self.waking_until is not None and self.now >= self.waking_until:
            self.stir()
        if self.word in BUSY or self.driving or self.climate_w > 0:
            self.stir()
        elif self.awake and self.now - self.last_activity >= SLEEPS_AFTER:
            self.awake = False

    def plan_schedule(self) -> None:
        """Finds the next scheduled start and end after now (local wall clock), if it has a schedule for this place at all."""
        here = self._agenda()
        self.schedule_at, self.schedule_ends = here.next_start(self.now), here.next_end(self.now)

    def held_on_plug_in(self) -> bool:
        """It waits for its schedule: outside of the hours of one with both sides, or plugged in more than 6 h after the last start."""
        here = self._agenda()
        if not here.starts_itself() or here.open_now(self.now):
            return False
        last = here.last_start(self.now)
        bounded = all(one.end_minutes is not None for one in here.schedules)
        return last is None or bounded or self.now - last > SCHEDULE_REACH

    def _agenda(self) -> Agenda:
        return agenda(self.schedules.values(), self.place, self.spec.zone)

    def _scheduled_end(self) -> None:
        """The schedule's own end: it stops by itself, whoever started it."""
        self.plan_schedule()
        if self.plugged and not self.fast:
            self.wants = False

    def _scheduled_start(self) -> None:
        self.plan_schedule()
        if self.plugged:
            self.held = False
            self.wants = True


def taper(soc: float) -> float:
    """Share of its best power that a battery takes: all up to 85 %, then falling to 30 % when full."""
    return 1.0 if soc <= 85 else max(0.3, 1 - 0.7 * (soc - 85) / 15)
