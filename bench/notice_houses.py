"""The three houses of deploy/starters, a month of each with what goes wrong in it, and which notices its owner should get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import config
from bench.month import NOWHERE
from model import Ceiling, Missing
from simulator.car import CarSpec
from simulator.faults import LOGIN_REQUIRED, Fault, Ill
from simulator.house import HOME, HouseSpec, World
from simulator.houses import BLUE, RED
from simulator.owner import Act

ROOT = Path(__file__).resolve().parents[1]
DAYS, DRY_NIGHTS = 31, 3
YES_AND_NOTHING = Fault(Ill.STATUS, 200, '{"response":{"result":true,"reason":""}}')
MANY = 10_000


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something goes wrong from `day` (1 is the first of the month) at `hour`, for `hours`. `expected`: what the owner is told, as
    (about, how often); `cycles` False: Ampshift itself does not run."""

    day: int
    hour: float
    hours: float
    what: str
    expected: tuple[tuple[str, int], ...]

    def span(self, first: datetime) -> tuple[datetime, datetime]:
        start = first + timedelta(days=self.day - 1, hours=self.hour)
        return start, start + timedelta(hours=self.hours)


@dataclass(frozen=True, slots=True)
class HouseMonth:
    """One house: its starter, its world, its troubles. `life`: the acts of its cars; `workdays`: when they leave (0: Monday); `mixed`: the
    grid's mix is known there."""

    name: str
    starter: str
    zone: ZoneInfo
    cars: tuple[CarSpec, ...]
    gen2: bool
    options: dict[str, str]
    troubles: tuple[Trouble, ...]
    solar_kw: float = 0.0
    powerwalls: int = 0
    workdays: tuple[int, ...] = (0, 1, 2, 3, 4)
    mixed: bool = False
    extra: tuple[tuple[int, float, str, float | None], ...] = field(default=())

    @property
    def first(self) -> datetime:
        return datetime(2027, 1, 1, tzinfo=self.zone)

    def world(self) -> World:
        spec = HouseSpec(zone=self.zone, home=HOME, solar_kw=self.solar_kw, powerwalls=self.powerwalls)
        world = World(spec, [replace(car, zone=self.zone) for car in self.cars], self.first)
        for seed, vin in enumerate(world.cars):
            world.follow(life(self.first, vin, Random(seed), self.workdays))
        for day, hour, what, value in self.extra:
            world.follow([Act(self.first + timedelta(days=day - 1, hours=hour), what, value, self.cars[0].vin)])
        return world

    def settings(self, folder: Path) -> config.Settings:
        """The starter as its owner fills it in."""
        plain = {
            "TIME_ZONE": self.zone.key,
            "TESLA_ACCESS_TOKEN": "simulated",
            "TESLA_API_URL": NOWHERE,
            "TESLA_COMMAND_URL": NOWHERE,
            "TESLA_HOME_ADDRESS": f"{HOME.lat},{HOME.lon}",
            "DEPARTURE_TIME": "mon-fri 07:30",
            "NOTIFY_URL": f"{NOWHERE}/topic",
            "HEARTBEAT_URL": f"{NOWHERE}/ping",
            "NOTIFY": "all",
            "CYCLE_MINUTES": "10",
        }
        starter = ROOT / "deploy" / "starters" / f"{self.starter}.env"
        return config.load(starter, plain | self.options, folder, root=ROOT)


def life(first: datetime, vin: str, rng: Random, workdays: tuple[int, ...]) -> tuple[Act, ...]:
    """To work and back on `workdays`, 30 to 80 km a day, plugged in when at home."""
    acts = [Act(first, "plug", None, vin)]
    for number in range(DAYS + 1):
        leave = first + timedelta(days=number, hours=7, minutes=30)
        if leave.weekday() in workdays:
            km, late = rng.choice((15.0, 25.0, 40.0)), rng.randrange(0, 60)
            back = leave.replace(hour=17, minute=late)
            acts += [Act(leave, "leave", km, vin), Act(back, "drive", km, vin), Act(back + timedelta(minutes=km + 4), "plug", None, vin)]
    return tuple(acts)


def begin(trouble: Trouble, world: World, down: set[str]) -> None:
    """What it does to the house as it begins."""
    if trouble.what in BEGIN:
        BEGIN[trouble.what](world, down)


def end(trouble: Trouble, world: World, down: set[str]) -> None:
    if trouble.what in ("login", "deaf"):
        world.faults["fleet"].clear()
    if trouble.what in ("net", "ntfy"):
        down.clear()


def _login(world: World, _down: set[str]) -> None:
    world.faults["fleet"].next(MANY, LOGIN_REQUIRED)


def _deaf(world: World, _down: set[str]) -> None:
    world.faults["fleet"].next(MANY, YES_AND_NOTHING, "command/charge_start")


def _net(_world: World, down: set[str]) -> None:
    down.update(("fleet", "gridstatus", "out"))


def _ntfy(_world: World, down: set[str]) -> None:
    down.add("ntfy")


BEGIN: dict[str, Callable[[World, set[str]], None]] = {"login": _login, "deaf": _deaf, "net": _net, "ntfy": _ntfy}


def overload(now: datetime) -> Ceiling:
    return Ceiling(now, 6, "OVERLOAD")


NO_GUARD = Missing("guard", "there is none")
GEN2 = {"TWC_PORT": "/dev/serial/by-id/simulated"}
AT_HOME_IN_THE_SUN = {"DEPARTURE_TIME": "mon-tue 07:30, thu 07:30", "READY_SOC": "60", "SOLAR_KWP": "8"}
HOUSES = (
    HouseMonth(
        "California: sun, two Powerwalls, Gen 2",
        "solar",
        ZoneInfo("America/Los_Angeles"),
        (BLUE,),
        gen2=True,
        options={**GEN2, "POWERWALL_URL": "https://127.0.0.1:9", "POWERWALL_PASSWORD": "12345"} | AT_HOME_IN_THE_SUN,
        solar_kw=8.0,
        powerwalls=2,
        workdays=(0, 1, 3),
        mixed=True,
        troubles=(
            Trouble(8, 11, 24, "login", (("login", 2),)),
            Trouble(12, 19, 5, "net", (("source", 1),)),
            Trouble(18, 19, 3, "daemon", (("failsafe", 2),)),
            Trouble(25, 23, 1, "overload", (("guard", 1),)),
            Trouble(26, 1, 0.5, "overload", ()),
        ),
        extra=((20, 12, "slider", 90), (21, 20, "slider", 80)),
    ),
    HouseMonth(
        "Ohio: flat tariff, Gen 3",
        "gen3",
        ZoneInfo("America/New_York"),
        (BLUE,),
        gen2=False,
        options={"WALL_CONNECTOR_URL": NOWHERE, "READY_SOC": "75"},
        troubles=(
            Trouble(7, 16, 14, "deaf", (("disobeys", 2),)),
            Trouble(13, 1, 6, "off", (("gap", 1),)),
            Trouble(20, 18, 4, "ntfy", ()),
            Trouble(26, 4.5, 2, "late", (("not-ready", 1),)),
        ),
        extra=((25, 22, "drive", 330), (26, 3.9, "plug", None)),
    ),
    HouseMonth(
        "Texas: two cars, two Gen 2 on 60 A, free nights",
        "two-cars",
        ZoneInfo("America/Chicago"),
        (BLUE, RED),
        gen2=True,
        options={**GEN2, "TESLA_BUDGET_DOLLARS": "1.8"},
        troubles=(Trouble(4, 0, 27 * 24, "budget", (("budget", 2),)), Trouble(14, 20, 2, "daemon", (("failsafe", 2),))),
    ),
)
