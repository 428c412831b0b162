"""What the rest of a plan costs at least, from each level and slot on: starts are free and half amps are allowed. It is only a bound, so
that the exact search (optimum.py) can leave out the levels from which nothing good can come.

Backwards in time it is a convex function of what is on board, kept as its slopes, the steepest first: a slot that sells w units at c each
adds a stretch of slope c and width w, a deadline cuts off the low end, a cap the high one.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

INF = float("inf")
CLOSE = 1e-9  # the bound is a sum of many numbers: so much above it may be the same


class Sells(Protocol):
    """A slot, as far as its price matters here (optimum.Cell)."""

    @property
    def cost(self) -> float: ...
    @property
    def hi(self) -> int: ...
    @property
    def due(self) -> int: ...
    @property
    def cap(self) -> int: ...
    @property
    def fixed(self) -> float: ...
    @property
    def sun(self) -> float: ...
    @property
    def sun_cost(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Floor:
    """At one slot's end: what is still to be paid is `at_low` with `low` on board, and changes from there on by each of `slopes` (per
    unit, units); outside of low..high nothing leads to the end."""

    low: float
    high: float
    at_low: float
    at_high: float
    slopes: Sequence[tuple[float, float]]

    def too_dear(self, spent: Iterable[float], levels: Iterable[float], most: float) -> int:
        """How many of these rising levels, from the first one on, cannot end at `most` or less. `spent`: paid for each of them."""
        return _too_dear(iter(self.slopes), self.low, self.at_low, zip(spent, levels, strict=False), most)

    def too_dear_above(self, spent: Iterable[float], levels: Iterable[float], most: float) -> int:
        """The same from the highest level downwards."""
        down = ((-slope, width) for slope, width in reversed(self.slopes))
        return _too_dear(down, -self.high, self.at_high, zip(spent, (-level for level in levels), strict=False), most)


def _too_dear(slopes: Iterator[tuple[float, float]], at: float, rest: float, states: Iterator[tuple[float, float]], most: float) -> int:
    slope = left = 0.0
    number = 0
    for paid, level in states:
        ahead = level - at
        while ahead > CLOSE:
            if left <= 0.0:
                slope, left = next(slopes, (INF, INF))
            step = min(left, ahead)
            at, rest, left, ahead = at + step, rest + slope * step, left - step, ahead - step
        if ahead >= -CLOSE and paid + rest <= most:
            return number
        number += 1
    return number


def floors(cells: Sequence[Sells], total: int, counts: Sequence[float]) -> tuple[float, list[Floor]]:
    """(what all of it costs at least, the floor at the end of each slot); no floors where the needs cannot be met. `counts`: as how many
    units each level counts (optimum.cheapest)."""
    kept = _Kept(counts[total], counts[total])
    out = list[Floor]()
    for cell in reversed(cells):
        kept.cut(counts[min(cell.due, total)], counts[min(cell.cap, total)])
        out.append(Floor(kept.low, kept.high, kept.at_low, kept.at_high, tuple(kept.slopes)))
        if cell.hi > 0:
            beside, sunny = cell.fixed / cell.hi, min(float(cell.hi), cell.sun)
            kept.sell(cell.sun_cost + beside, sunny)
            kept.sell(cell.cost + beside, cell.hi - sunny)
    kept.cut(0.0, counts[total])
    return (kept.at_low, out[::-1]) if abs(kept.low) <= CLOSE else (0.0, [])


@dataclass(slots=True)
class _Kept:
    """A floor while it is made."""

    low: float
    high: float
    at_low: float = 0.0
    at_high: float = 0.0
    slopes: list[tuple[float, float]] = field(default_factory=list)

    def sell(self, cost: float, units: float) -> None:
        if units > 0.0:
            insort(self.slopes, (-cost, units))
            self.low, self.at_low = self.low - units, self.at_low + cost * units

    def cut(self, first: float, last: float) -> None:
        """Only first <= level <= last."""
        while self.slopes and self.low < first:
            slope, units = self.slopes.pop(0)
            step = min(units, first - self.low)
            self.low, self.at_low = self.low + step, self.at_low + slope * step
            if step < units:
                self.slopes.insert(0, (slope, units - step))
        while self.slopes and self.high > last:
            slope, units = self.slopes.pop()
            step = min(units, self.high - last)
            self.high, self.at_high = self.high - step, self.at_high - slope * step
            if step < units:
                self.slopes.append((slope, units - step))
