"""One night on the record: what a strategy drew, cost and sent. The two that need no Ampshift are played here, in memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from model import Billed

from .demo_house import DEPARTS, END, MIDNIGHT, house
from .house import World
from .houses import BLUE
from .ledger import CarBook
from .owner import Act

SAMPLE = timedelta(minutes=5)
AT_ONCE, TIMER, AMPSHIFT = "plug and charge", "midnight timer", "Ampshift"


@dataclass(frozen=True, slots=True)
class Moment:
    """The car over [start, start + SAMPLE): mean power at the wall, and its SOC at the end."""

    start: datetime
    kw: float
    soc: float


@dataclass(frozen=True, slots=True)
class Night:
    """A night's sums. `cost`: the charge in dollars; `co2_kg`: average; `soc`: at the departure; `dollars`: what Tesla bills."""

    name: str
    moments: tuple[Moment, ...]
    cost: float
    kwh: float
    co2_kg: float
    soc: float
    commands: int
    reads: int
    dollars: float


class Recorder:
    """Moves a world on and writes down what its car does."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.moments: list[Moment] = []

    @property
    def book(self) -> CarBook:
        return self.world.ledger.cars.setdefault(BLUE.vin, CarBook())

    def advance(self, to: datetime) -> None:
        while self.world.now < to:
            start, before = self.world.now, self.book.wall_kwh
            self.world.advance(min(to, start + SAMPLE))
            kw = (self.book.wall_kwh - before) / (SAMPLE / timedelta(hours=1))
            self.moments.append(Moment(start, kw, self.world.cars[BLUE.vin].soc))

    def night(self, name: str) -> Night:
        bill = self.world.account.billed
        at_departure = [moment.soc for moment in self.moments if moment.start < DEPARTS]
        return Night(
            name=name,
            moments=tuple(self.moments),
            cost=self.book.cost,
            kwh=self.book.wall_kwh,
            co2_kg=self.book.grams / 1000,
            soc=at_departure[-1],
            commands=bill[Billed.COMMAND] + bill[Billed.WAKE],
            reads=bill[Billed.DATA],
            dollars=self.world.account.dollars,
        )


def without_ampshift(name: str) -> Night:
    """The same night by the car alone: from the plug-in on, or from midnight by its own schedule."""
    record = Recorder(house())
    if name == TIMER:
        record.world.do(Act(record.world.now, "schedule", MIDNIGHT))
    record.advance(END)
    return record.night(name)
