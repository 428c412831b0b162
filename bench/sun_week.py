"""What it is worth that the plan counts on the sun: the same weeks in the same house, with and without a forecast of its roof. Both follow
the sun that shines. The forecast errs by up to 25 %, and days differ by their clouds."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bench.in_memory import NOWHERE, settings_of
from config import PowerwallPriority, Settings
from config_parsers import departures
from cycle.one import run
from simulator.curves import Curve
from simulator.house import HOME, HouseSpec, World
from simulator.houses import BLUE, ZONE
from simulator.memory_house import MemoryHouse, MemoryJournal
from simulator.owner import Act, commuter
from simulator.weather import Sky

START = datetime(2027, 4, 5, 0, 0, tzinfo=ZONE)
DAYS = 14
CYCLE = timedelta(minutes=10)
KM = 60.0
STORED = 0.24  # per kWh left in the car or the Powerwall at the end: what the night asks for it


def clouds(at: datetime) -> float:
    """From dull to clear in five days, and again."""
    return 0.55 + 0.4 * math.sin(at.toordinal() * 2 * math.pi / 5)


@dataclass(frozen=True, slots=True)
class Life:
    """`counted`: does the plan know of the panels; `sky`: the share of the sun that comes through; `error`: the forecast's, where it is not
    the usual one."""

    counted: bool
    powerwalls: int = 0
    priority: str = "powerwall"
    start: datetime = START
    days: float = DAYS
    sky: Curve = clouds
    error: Curve | None = None
    departs: str = "mon-fri 07:30"
    battery_kwh: float = BLUE.battery_kwh
    cycle: timedelta = CYCLE


@dataclass(frozen=True, slots=True)
class Lived:
    """`bill`: the house's, less what the car and the Powerwall hold more than at the start; `short`: departures below the goal."""

    bill: float
    car_kwh: float
    sun_kwh: float
    starts: int
    short: int
    seconds: float


def lived(life: Life) -> Lived:
    blue = replace(BLUE, battery_kwh=life.battery_kwh)
    world = World(HouseSpec(zone=ZONE, home=HOME, solar_kw=7.0, powerwalls=life.powerwalls, clouds=life.sky), (blue,), life.start)
    car = world.cars[BLUE.vin]
    car.soc, before = 50.0, 50.0
    power = world.battery.soc if world.battery else 0.0
    world.do(Act(life.start, "plug"))
    world.follow(commuter(life.start, int(life.days) + 1, ZONE, km=KM))
    house = MemoryHouse(world, _settings(world, life))
    house.weather.sky = Sky(world, life.error)
    journal, short, began = MemoryJournal(), 0, time.perf_counter()
    while world.now < life.start + timedelta(days=life.days):
        run(house, journal, house.settings, world.now, believed=True)
        local = world.now.astimezone(ZONE)
        if local.weekday() < 5 and (local.hour, local.minute) == (7, 20):
            short += car.soc < car.limit_soc - 1.5
        world.advance(world.now + life.cycle)
    short += int(life.days < 7 and car.soc < car.limit_soc - 1.5)  # a short life ends with a departure
    held = (car.soc - before) / 100 * life.battery_kwh / 0.9
    held += (world.battery.soc - power) / 100 * world.battery.kwh if world.battery else 0.0
    book = world.ledger.cars[BLUE.vin]
    starts = sum(call.name == "charge_start" for call in world.account.calls)
    return Lived(world.ledger.bill - held * STORED, book.wall_kwh, book.solar_kwh, starts, short, time.perf_counter() - began)


def _settings(world: World, life: Life) -> Settings:
    found = replace(
        settings_of(world),
        departure_time=departures(life.departs),
        battery_kwh=life.battery_kwh,
        cycle_minutes=int(life.cycle.total_seconds() // 60),
        open_meteo_url=NOWHERE,
        solar_kwp=7.0 if life.counted else None,
        powerwall_priority=PowerwallPriority(life.priority),
    )
    return found if world.battery else replace(found, powerwall_url=None)


def main(args: Sequence[str] = ()) -> int:
    days = int(args[0]) if args else DAYS
    print(f"{days} days in April, 7 kW of panels, {KM:.0f} km each workday, home at the weekend; the house's bill")
    for name, powerwalls, priority in (("no Powerwall", 0, "car"), ("Powerwall first", 1, "powerwall"), ("car first", 1, "car")):
        blind, seeing = (lived(Life(counted, powerwalls, priority, days=days)) for counted in (False, True))
        print(
            f"  {name:<16} ${blind.bill:6.2f} without, ${seeing.bill:6.2f} with the forecast: ${blind.bill - seeing.bill:5.2f} saved; "
            f"{blind.sun_kwh:.0f} -> {seeing.sun_kwh:.0f} of {seeing.car_kwh:.0f} kWh from the sun, starts {blind.starts} -> "
            f"{seeing.starts}, departures missed {blind.short} -> {seeing.short} ({blind.seconds:.0f} + {seeing.seconds:.0f} s)",
            flush=True,
        )
    return 0
