"""Lives in a simulated house with Ampshift, one cycle after the other, and what was really so at each of them.

A history is drawn from one seed. Everything that a law may ask is noted beside the cycle that it belongs to: what was seen, decided and
sent, and what was true in the world at that moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from random import Random

from config import Settings
from cycle.one import Cycle, run
from model import Ceiling, Charger, ChargerReport, Charging, Missing, Override, Overrides, Word
from model_decision import Target
from model_memory import Memory
from simulator.account import ApiCall
from simulator.car import Car
from simulator.house import World
from simulator.memory_house import MemoryHouse, MemoryJournal
from simulator.owner import Act
from simulator.twc_night import TwcNight
from tests.house_builders import DEVICES, FAULTS, PATHS, START, busy_life, coming_days, random_settings, random_world

HISTORIES = 20  # lives of one day


@dataclass(frozen=True, slots=True)
class Truth:
    """One car as it really was when the cycle looked."""

    word: Charging
    at_home: bool
    driving: bool
    plugged: bool
    fast: bool
    awake: bool
    soc: float
    limit_soc: int
    request_amps: int
    wall_w: float

    @property
    def stands_at_home(self) -> bool:
        return self.at_home and not self.driving and not self.fast


@dataclass(frozen=True, slots=True)
class Step:
    """One cycle: what was so, what was decided, and what reached the simulated Tesla in it."""

    now: datetime
    truth: dict[str, Truth]
    before: Memory
    cycle: Cycle
    after: Memory
    calls: tuple[ApiCall, ...]
    dollars: float  # Tesla's own count since the month began


@dataclass(slots=True)
class Wires:
    """Gen 2 connectors with a daemon that obeys its target to the letter. `named`: they know whose car is on them."""

    world: World
    protocol: int = 2
    named: bool = False

    def advance(self, to: datetime) -> None:
        self.world.advance(to)

    def report(self, now: datetime) -> ChargerReport:
        return ChargerReport(now, "up", tuple(self._charger(vin, now) for vin in self.world.cars), ())

    def obey(self, target: Target | None, now: datetime) -> None:
        """The first step whose `until` is ahead; 6 A without a target. The circuit is shared as the daemon does: the least for all that are
        plugged in, then equal shares for those that draw, then for the idle ones."""
        connectors = self.world.circuit.connectors
        asked = {vin: self._target(target, connector.id, now) for vin, connector in connectors.items()}
        here = sorted((vin for vin in asked if self.world.cars[vin].on_our_circuit), key=lambda vin: self.world.cars[vin].actual_amps < 1)
        given, left = dict.fromkeys(connectors, 0), self.world.circuit.amps
        for vin in here:
            given[vin] = self.least if asked[vin] >= self.least <= left else 0
            left -= given[vin]
        for draws in (True, False):
            some = [vin for vin in here if given[vin] and (self.world.cars[vin].actual_amps >= 1) is draws]
            while left and any(given[vin] < asked[vin] for vin in some):
                for vin in some:
                    more = int(left > 0 and given[vin] < asked[vin])
                    given[vin], left = given[vin] + more, left - more
        for vin, connector in connectors.items():
            connector.offer = given[vin] if vin in here else min(left, asked[vin])

    @property
    def least(self) -> int:
        return 6 if self.protocol == 2 else 5

    def _target(self, target: Target | None, name: str, now: datetime) -> int:
        entries = [one for one in target.chargers if one.id in (name, "*")] if target is not None else []
        steps = entries[0].steps if entries else ()
        return next((step.amps for step in steps if step.until > now), 6)

    def _charger(self, vin: str, now: datetime) -> Charger:
        car, connector = self.world.cars[vin], self.world.circuit.connectors[vin]
        here, offer = car.on_our_circuit, connector.offer or 0
        return Charger(
            id=connector.id,
            protocol=self.protocol,
            rated_amps=connector.rated_amps,
            min_amps=self.least,
            offered_amps=offer,
            actual_amps=round(car.actual_amps, 1) if here else 0.0,
            reserved_amps=offer,
            can_stop=self.protocol == 1,
            plugged=here,
            state="",
            since=None,
            vin=vin if self.named and here else None,
            energy_kwh=connector.session_kwh,
            volts=self.world.spec.volts,
            alarms=(),
            last_seen=now,
        )


@dataclass(slots=True)
class History:
    """A life. `seed` draws it again."""

    seed: int
    world: World
    house: MemoryHouse
    steps: list[Step] = field(default_factory=list)

    wires: Wires | TwcNight | None = None

    def __repr__(self) -> str:
        return f"the history of seed {self.seed}"

    @property
    def settings(self) -> Settings:
        return self.house.settings


def truth(car: Car) -> Truth:
    return Truth(car.word, car.at_home, car.driving, car.plugged, car.fast, car.awake, car.soc, car.limit_soc, car.request_amps, car.wall_w)


def say(house: MemoryHouse, heard: int) -> int:
    """Carries the owner's words since number `heard` to Ampshift, as override.json would; gives how many there are now."""
    for act in house.world.words[heard:]:
        others = tuple(one for one in house.overrides.words if one.vin != act.vin)
        if act.value == "auto":
            house.overrides = Overrides(others)
        else:
            house.overrides = Overrides((*others, Override(act.vin or None, Word(str(act.value)), None, None, act.at)))
    return len(house.world.words)


def live(history: History, journal: MemoryJournal, until: datetime, disturb: Callable[[datetime], None] = lambda _now: None) -> None:
    """Cycles every CYCLE_MINUTES to `until`; `disturb` is called before each."""
    world, house, wires = history.world, history.house, history.wires
    now, heard = world.now, len(world.words)
    while now < until:
        (wires or world).advance(now)
        heard = say(house, heard)
        disturb(now)
        house.chargers = wires.report(now) if wires else Missing("charger", "no Gen 2 Wall Connector")
        seen = {vin: truth(car) for vin, car in world.cars.items()}
        before, calls = journal.memory, len(world.account.calls)
        cycle = run(house, journal, house.settings, now)
        made = tuple(world.account.calls[calls:])
        history.steps.append(Step(now, seen, before, cycle, journal.memory, made, world.account.dollars))
        if wires:
            wires.obey(journal.offered, now)
        now += timedelta(minutes=house.settings.cycle_minutes)


def random_history(seed: int, days: float = 1.0, **changes: object) -> History:
    """A random house with a random owner; faults come and go, devices and guard are switched on and off, the grid fails now and then. In
    half of them a calendar, a roof or the grid's alerts are known too."""
    rng = Random(seed)
    world = random_world(rng)
    house = MemoryHouse(world, random_settings(rng, world, **changes))
    wires = Wires(world, rng.choice((1, 2)), rng.random() < 0.5) if rng.random() < 0.25 else None
    for vin in world.cars:
        world.follow(busy_life(rng, START, days, vin))
    if rng.random() < 0.3:
        down = START + timedelta(hours=rng.uniform(2, 30))
        world.follow([Act(down, "grid", 0), Act(down + timedelta(hours=rng.uniform(0.5, 6)), "grid", 1)])
    coming_days(Random(f"{seed} drives, sun and alerts"), house)  # a draw of its own: seeds stay
    history = History(seed, world, house, wires=wires)
    live(history, MemoryJournal(), START + timedelta(days=days), _misfortune(rng, house, rng.choice((0.0, 0.03, 0.12))))
    return history


def _misfortune(rng: Random, house: MemoryHouse, illness: float) -> Callable[[datetime], None]:
    def disturb(now: datetime) -> None:
        if rng.random() < illness:
            house.world.faults["fleet"].next(rng.randrange(1, 4), rng.choice(FAULTS), rng.choice(PATHS))
        if rng.random() < illness:
            house.down = set() if house.down else {rng.choice(DEVICES)}
        if rng.random() < illness:
            guard = Ceiling(now, rng.choice((0, 6, 12, 20)), "OVERLOAD")
            house.guard = guard if isinstance(house.guard, Missing) else Missing("guard", "there is none")

    return disturb


@cache
def histories() -> tuple[History, ...]:
    """The lives that most laws are judged by: drawn once for all of them."""
    return tuple(random_history(seed) for seed in range(HISTORIES))
