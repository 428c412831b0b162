"""Random houses, settings, owners and faults, for the laws. Everything comes from the Random that is given."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from config import Autostart, GridIso, MonitorType, PowerwallPriority, Prefer, Secret, Settings, Strategy, Wake
from config_parsers import charge_hours, departures
from config_tariff import parse_tariff
from model import Alert, Sure, Trip
from simulator import faults
from simulator.car_schedules import daily
from simulator.faults import Fault, Ill
from simulator.house import HOME, HouseSpec, World
from simulator.houses import BLUE, RED, ZONE
from simulator.memory_house import MemoryHouse
from simulator.memory_weather import MemoryWeather
from simulator.owner import Act

START = datetime(2026, 12, 7, 8, 0, tzinfo=UTC)  # midnight in California, a Monday
TOKEN = "token-that-nobody-may-see"
PASSWORD = "password-that-nobody-may-see"
KEY = "key-that-nobody-may-see"
SECRETS = (TOKEN, PASSWORD, KEY)
BASE = Settings(car_safety_schedule=False)  # where a plug-in starts by itself, so that stopping it is tested too
DEPARTURES = (*["07:30"] * 5, "mon-fri 06:45, sat-sun 10:00", "09:00", "17:00", "mon-sun 08:15")


def settings_for(world: World, **changes: object) -> Settings:
    """Settings as the owner of `world` would have them; `changes` by field."""
    known = replace(
        BASE,
        time_zone=ZONE,
        tesla_api_url="http://127.0.0.1:9",
        tesla_command_url="http://127.0.0.1:9",
        tesla_access_token=Secret(TOKEN),
        tesla_home_address=HOME,
        charger_max_amps=world.circuit.amps,
        battery_kwh=75.0,
        powerwall_password=Secret(PASSWORD),
        grid_status_api_key=Secret(KEY),
        twc_breaker_amps=int(world.circuit.breaker.amps) if len(world.cars) > 1 else None,
    )
    if world.battery is not None:
        known = replace(known, powerwall_url="https://127.0.0.1:9")
    return replace(known, **changes)  # type: ignore[arg-type]


def random_world(rng: Random, start: datetime = START) -> World:
    """One or two cars, with or without sun and Powerwall, on a circuit of 30 to 100 A."""
    cars = [BLUE] if rng.random() < 0.65 else [BLUE, RED]
    cars = [
        replace(
            car,
            battery_kwh=rng.choice((50.0, 60.0, 75.0, 100.0)),
            max_amps=rng.choice((16, 32, 40, 48)),
            wake_s=rng.choice((30.0, 30.0, None, 400.0)),
        )
        for car in cars
    ]
    spec = HouseSpec(
        zone=ZONE,
        home=HOME,
        breaker_amps=rng.choice((30.0, 40.0, 60.0, 100.0)),
        solar_kw=rng.choice((0.0, 4.0, 9.0)),
        powerwalls=rng.choice((0, 0, 1, 2)),
    )
    world = World(spec, cars, start)
    for car in world.cars.values():
        car.soc = rng.uniform(8, 70)
        car.limit_soc = rng.choice((60, 70, 80, 80, 90, 100))
        car.schedules = {0: daily(0, rng.randrange(0, 1440, 15), HOME)} if rng.random() < 0.15 else {}
    return world


def random_settings(rng: Random, world: World, **changes: object) -> Settings:
    """Wishes, strategies and sources as they come."""
    ready = rng.choice((None, None, None, None, None, 60))
    ready = ready if len(world.cars) == 1 else None  # two cars and three days ahead: a second for each plan
    drawn: dict[str, object] = {
        "strategy": rng.choice((*[Strategy.OPTIMAL] * 5, Strategy.CHARGE_LIMIT, *Strategy)),
        "target_soc": rng.choice((None, None, 60, 80, 90)),
        "ready_soc": ready,
        "min_soc": rng.choice((0, 20, 30)),
        "departure_time": departures(
            rng.choice(("07:30", "mon-fri 06:45, sat-sun 10:00", "07:30", "mon-fri 07:30", "none", "09:00", "17:00"))
        ),
        "autostart": rng.choice((*[Autostart.MANAGE] * 5, Autostart.LEAVE)),
        "solar_charging": rng.random() < 0.7,
        "prefer": rng.choice(tuple(Prefer)),
        "powerwall_priority": rng.choice(tuple(PowerwallPriority)),
        "charge_hours": (charge_hours("22:00-06:00@24"),) if rng.random() < 0.5 else (),
        "wake": rng.choice((Wake.PLUGGED, Wake.PLUGGED, Wake.PLUGGED, Wake.NEVER)),
        "cycle_minutes": rng.choice((10, 15, 15)),
        "tesla_budget_dollars": rng.choice((0.02, 0.1, 0.4, 9.0, 9.0, 9.0, 9.0)),
        "grid_iso": rng.choice((None, GridIso.CAISO)),
        "tariff": rng.choice((None, parse_tariff("flat:0.2", Path()), parse_tariff("free-nights:21:00-06:00@0.24", Path()))),
        "energy_monitor_type": rng.choice((MonitorType.NONE, MonitorType.SHELLY_EM)),
        "energy_monitor_url": "http://127.0.0.1:9",
        "wall_connector_url": rng.choice((None, "http://127.0.0.1:9")) if len(world.cars) == 1 else None,
        "main_breaker_amps": rng.choice((None, 100, 200)),
        "deadband_amps": rng.choice((0, 1, 2)),
        "car_safety_schedule": Random(repr([car.soc for car in world.cars.values()])).random() < 0.5,  # a draw of its own: seeds stay
    }
    return settings_for(world, **(drawn | changes))


WHIMS: tuple[tuple[str, float | str | None], ...] = (
    ("start", None),
    ("start", None),
    ("start", None),
    ("start", None),
    ("stop", None),
    ("slider", 60),
    ("slider", 80),
    ("slider", 100),
    ("amps", 8),
    ("amps", 24),
    ("amps", 48),
    ("climate", 2500),
    ("climate", 0),
    ("unplug", None),
    ("plug", None),
    ("schedule", 150),
    ("schedule", None),
    ("override", "charge-now"),
    ("override", "stop"),
    ("override", "hands-off"),
    ("override", "auto"),
    ("override", "auto"),
)


def busy_life(rng: Random, start: datetime, days: float, vin: str) -> tuple[Act, ...]:
    """Plugged in most of the time, away for some hours each day (now and then at a Supercharger), and a whim every few hours."""
    acts = [Act(start + timedelta(minutes=rng.randrange(0, 90)), "plug", None, vin)]
    at = start + timedelta(hours=rng.uniform(3, 14))
    while at < start + timedelta(days=days):
        km = rng.choice((5.0, 20.0, 60.0, 120.0))
        back = at + timedelta(hours=km / 60 + rng.uniform(0.2, 6))
        acts += [Act(at, "leave", km, vin), Act(back, "drive", km, vin)]
        if rng.random() < 0.3:
            acts.append(Act(at + timedelta(hours=km / 60 + 0.05), "supercharge", None, vin))
        home = back + timedelta(hours=km / 60, minutes=rng.randrange(1, 40))
        acts.append(Act(home, "plug", None, vin))
        at = home + timedelta(hours=rng.uniform(4, 18))
    whim = start + timedelta(hours=rng.expovariate(0.4))
    while whim < start + timedelta(days=days):
        acts.append(Act(whim, *rng.choice(WHIMS), vin))
        whim += timedelta(hours=rng.expovariate(0.4))
    return tuple(sorted(acts, key=lambda act: act.at))


def coming_days(rng: Random, house: MemoryHouse) -> None:
    """Drives in the calendar (near, far, beyond the battery, to nobody knows where, on which the owner need not go), a roof whose sun is
    forecast, an alert of the grid."""
    if rng.random() < 0.5:
        found = [_drive(rng, house) for _ in range(rng.choice((1, 2, 3)))]
        house.trips = tuple(sorted(found, key=lambda one: one.leave))
    if rng.random() < 0.5 and house.world.spec.solar_kw:
        house.settings = replace(house.settings, solar_kwp=house.world.spec.solar_kw)
        house.weather = MemoryWeather(house.world, house.settings)
        house.weather.down = rng.random() < 0.2
    if rng.random() < 0.3:
        start = START + timedelta(hours=rng.uniform(0, 20))
        house.alerts = (Alert("CAISO", "Flex Alert", start, start + timedelta(hours=5), "CAISO: Flex Alert"),)


def _drive(rng: Random, house: MemoryHouse) -> Trip:
    leave, km = START + timedelta(hours=rng.uniform(4, 34)), rng.choice((15.0, 60.0, 150.0, 250.0, 450.0))
    back = leave + timedelta(hours=2 * km / 70 + rng.uniform(0.5, 8))
    vin, sure = rng.choice((None, *house.world.cars)), rng.choice((Sure.ROAD, Sure.ROAD, Sure.LINE, Sure.UNKNOWN))
    celsius = rng.choice((None, -10.0, 22.0))
    return Trip(leave, km, km / 70 * 60, "a drive", back, vin, "12 Harbor Road", sure, celsius, 2 * km)


FAULTS = (
    faults.ASLEEP_408,
    faults.ILL_500,
    faults.BUSY_503,
    faults.HANG,
    faults.DROP_BEFORE,
    faults.DROP_AFTER,
    faults.CUT,
    faults.GARBAGE,
    faults.too_many(90),
    Fault(Ill.STATUS, 400, f"what does Bearer {TOKEN} mean?"),
    Fault(Ill.STATUS, 503, f"upstream fault, request was: Authorization: Bearer {TOKEN}"),
)
PATHS = ("vehicle_data", "command/charge_start", "command/charge_stop", "command/set_charging_amps", "wake_up", "vehicles", "command")
DEVICES = ("powerwall", "meter", "wall connector", "gridstatus", "fleet")
