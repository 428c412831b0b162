"""The same cycle without processes and sockets: how long a decision takes, and a week of them."""

from __future__ import annotations

import time
import tomllib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median

from config import GridIso, MonitorType, Secret, Settings
from config_tariff import tariff_from
from cycle.one import run
from model import Place
from planners.decide import decide
from simulator.house import World
from simulator.houses import ZONE, sunny_house
from simulator.memory_house import MemoryHouse, MemoryJournal
from simulator.owner import Act, commuter

START = datetime(2026, 12, 7, 0, 0, tzinfo=ZONE)
DAYS = 7
NOWHERE = "http://127.0.0.1:9"  # never called: the house of numbers answers instead


@dataclass(frozen=True, slots=True)
class Week:
    """`decide_ms`: median and longest of the week's decisions, one for each hour; `seconds`: for the whole week, physics included."""

    cycles: int
    seconds: float
    decide_ms: float
    longest_ms: float


def week() -> Week:
    """A commuter's week in the sunny house, a cycle every five minutes."""
    world = sunny_house(START)
    world.do(Act(START, "plug"))
    world.follow(commuter(START, DAYS, ZONE))
    settings = settings_of(world)
    house, journal = MemoryHouse(world, settings), MemoryJournal()
    decided, cycles, seconds = list[float](), 0, 0.0
    while world.now < START + timedelta(days=DAYS):
        began = time.perf_counter()
        done = run(house, journal, settings, world.now, believed=True)
        world.advance(world.now + timedelta(minutes=settings.cycle_minutes))
        seconds += time.perf_counter() - began
        if cycles % 12 == 0:
            began = time.perf_counter()
            decide(done.snapshot, settings)
            decided.append((time.perf_counter() - began) * 1000)
        cycles += 1
    return Week(cycles, seconds, median(decided), max(decided))


def settings_of(world: World) -> Settings:
    home = world.spec.home
    return replace(
        Settings(),
        time_zone=ZONE,
        tariff=tariff_from(tomllib.loads(world.spec.tou.toml()), "tariff"),
        tesla_api_url=NOWHERE,
        tesla_access_token=Secret("simulated"),
        tesla_home_address=Place(home.lat, home.lon),
        charger_max_amps=world.circuit.amps,
        powerwall_url="https://127.0.0.1:9",
        wall_connector_url=NOWHERE,
        energy_monitor_type=MonitorType.SHELLY_EM,
        energy_monitor_url=NOWHERE,
        grid_status_api_key=Secret("simulated"),
        grid_iso=GridIso.CAISO,
    )
