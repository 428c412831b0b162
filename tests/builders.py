"""Good defaults for tests of the decision: a car that stands at home, plugged in and stopped at 50 %, on a winter evening.

Times are written as on the owner's clock ("2026-12-08 18:10", Los Angeles) and are UTC inside, as everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import config_read
from config import OPTIONS, Settings
from model import (
    CarReading,
    CarStatus,
    CarView,
    Charger,
    ChargerReport,
    Charging,
    MeterReading,
    Missing,
    Overrides,
    Place,
    Point,
    PowerwallReading,
    Series,
    WallReading,
)
from model_decision import Budget, Decision, Slot, Snapshot
from model_energy import SiteSettings
from model_memory import CarMemory, Memory, Plug
from planners.case import Case, make_case
from planners.decide import decide
from planners.observe import observe

ZONE = ZoneInfo("America/Los_Angeles")
HOME = Place(37.0, -122.0)
FAR = Place(37.1, -122.0)  # 11 km from home
VIN, VIN_2 = "5YJ3AMPSHFT000001", "5YJ3AMPSHFT000002"
NONE = Missing("test", "not there")


def at(text: str) -> datetime:
    """`2026-12-08 18:10` on the owner's clock, as UTC. A `+` behind the hour that comes twice means the second one."""
    local = datetime.fromisoformat(text.rstrip("+")).replace(tzinfo=ZONE, fold=1 if text.endswith("+") else 0)
    return local.astimezone(UTC)


EVENING = at("2026-12-08 18:10")


def settings(**options: str) -> Settings:
    """Settings from option texts as in .env, by their names; a house that knows its place and zone, with no schedule of ours in the car."""
    texts = {"TIME_ZONE": "America/Los_Angeles", "TESLA_HOME_ADDRESS": "37.0,-122.0", "CAR_SAFETY_SCHEDULE": "off"} | options
    entries = {config_read.split_name(name): config_read.Entry(text, name) for name, text in texts.items()}
    values, own, problems = config_read.parse_all(OPTIONS, entries, Path())
    assert not problems, problems
    return Settings(**values, own=own)


def reading(**changes: Any) -> CarReading:
    """A fresh reading at EVENING; 75 kWh usable, limit 80, 48 A allowed and asked for."""
    whole = CarReading(
        vin=VIN,
        name="Blue",
        at=EVENING,
        charging=Charging.STOPPED,
        soc=50,
        limit_soc=80,
        limit_min_soc=50,
        limit_max_soc=100,
        request_amps=48,
        request_max_amps=48,
        actual_amps=0.0,
        volts=0.0,
        phases=1,
        energy_added_kwh=0.0,
        battery_kwh=75.0,
        cable=True,
        fast_charging=False,
        driving=False,
        place=HOME,
        schedule_pending=False,
        schedule_at=NONE,
        in_service=False,
    )
    return replace(whole, **changes)


def view(seen: CarReading | Missing | None = None, *, online: bool = True, tried: bool = False) -> CarView:
    """One car as a cycle sees it. `online` False: it sleeps, and its reading is an aged one."""
    seen = reading() if seen is None else seen
    vin, name = (VIN, "Blue") if isinstance(seen, Missing) else (seen.vin, seen.name)
    return CarView(vin, name, CarStatus(vin, name, online, in_service=False), seen, EVENING if tried else None)


def charger(id_: str = "4085", **changes: Any) -> Charger:
    """A Gen 2 connector on protocol 2 that offers 6 A to the plugged car, which draws nothing."""
    whole = Charger(
        id=id_,
        protocol=2,
        rated_amps=48,
        min_amps=6,
        offered_amps=6,
        actual_amps=0.0,
        reserved_amps=6,
        can_stop=False,
        plugged=True,
        state="ready",
        since=None,
        vin=VIN,
        energy_kwh=100.0,
        volts=240.0,
        alarms=(),
        last_seen=EVENING,
    )
    return replace(whole, **changes)


def report(*chargers: Charger, now: datetime = EVENING) -> ChargerReport:
    return ChargerReport(now, "up", chargers, ())


def powerwall(**changes: Any) -> PowerwallReading:
    """Half full, nothing flows but 1 kW from the grid into the house."""
    whole = PowerwallReading(EVENING, 1000.0, 0.0, 0.0, 1000.0, 50.0, 20.0, "self_consumption", grid_up=True, storm_watch=NONE)
    return replace(whole, **changes)


def site_settings(**changes: Any) -> SiteSettings:
    """The owner keeps 20 % for outages."""
    whole = SiteSettings(EVENING, 20, "self_consumption", grid_charging=True, storm_mode=True, zone="America/Los_Angeles")
    return replace(whole, **changes)


def meter(grid_w: float) -> MeterReading:
    return MeterReading(EVENING, grid_w, 240.0)


def wall(**changes: Any) -> WallReading:
    whole = WallReading(EVENING, connected=True, contactor_closed=False, amps=0.0, volts=240.0, session_kwh=0.0, session_s=0.0)
    return replace(whole, **changes)


def series(start: datetime, values: Sequence[float | None], minutes: int = 60, source: str = "test") -> Series:
    """One point per value, `minutes` apart; None leaves a gap."""
    step = timedelta(minutes=minutes)
    points = (Point(start + step * i, start + step * (i + 1), value) for i, value in enumerate(values) if value is not None)
    return Series(source, "USD/kWh", start, tuple(points))


def snapshot(*views: CarView, now: datetime = EVENING, **changes: Any) -> Snapshot:
    """What one cycle sees; nothing but the cars unless told. No view: the default car."""
    whole = Snapshot(
        now=now,
        cars=views or (view(),),
        memory=Memory(),
        charger=NONE,
        wall=NONE,
        powerwall=NONE,
        meter=NONE,
        prices=NONE,
        load=NONE,
        co2=NONE,
        overrides=Overrides(),
        ceiling=NONE,
        budget=Budget(0.0, 9.0, 6.0, 9.0),
        home=HOME,
        commands=True,
    )
    return replace(whole, **changes)


def plugged(vin: str = VIN, hours: float = 1.0, now: datetime = EVENING, **changes: Any) -> CarMemory:
    """A car that has been plugged in for `hours` and is known to be at rest."""
    since = now - timedelta(hours=hours)
    memory = CarMemory(vin, "Blue", status_online=True, plug=Plug(since, known_from_start=True, rest_at=since + timedelta(minutes=5)))
    return replace(memory, **changes)


def remembering(*cars: CarMemory, **changes: Any) -> Memory:
    return Memory(cars=cars or (plugged(),), **changes)


def case(seen: Snapshot | None = None, wishes: Settings | None = None, vin: str = VIN) -> Case:
    """One car's case, as the decision makes it after looking. Default: plugged in for an hour, at rest."""
    seen = seen or snapshot(memory=remembering())
    wishes = wishes or settings()
    seen = replace(seen, memory=observe(seen, wishes))
    return make_case(seen, wishes, next(each for each in seen.cars if each.vin == vin))


def decided(seen: Snapshot | None = None, **options: str) -> Decision:
    """One whole decision."""
    return decide(seen or snapshot(memory=remembering()), settings(**options))


def slots(values: Sequence[float], start: datetime = EVENING, load: Mapping[int, float] | None = None) -> tuple[Slot, ...]:
    """Quarter hours from the one of `start`, one per value."""
    first = start - timedelta(seconds=start.timestamp() % 900)
    step = timedelta(minutes=15)
    return tuple(
        Slot(first + step * i, first + step * (i + 1), value, value, (load or {}).get(i), None, forecast=False)
        for i, value in enumerate(values)
    )
