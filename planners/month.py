"""What a month (or some nights of DRY_RUN) came to: energy, money, sun and CO2 from the rise of each car's own counter, split into quarter
hours at the price, the sun and the grid's mix of each; and which departures were kept.

Saved is measured against charging at once: the same energy at what the first plan of that plug-in said charging at once would have cost. In
DRY_RUN it is the other way round: what was really paid against what that plan would have cost.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Generic, TypeVar

T = TypeVar("T")
PIECE = timedelta(minutes=15)
STALE = timedelta(minutes=30)  # a flow in the house says nothing about later
NEAR_SOC = 1.5
EARLY = timedelta(minutes=30)  # who leaves so much before the time was not kept waiting
LEAST_KWH = 0.5
ENOUGH = 0.8  # of the energy must have a known mix, else nothing is said of CO2


@dataclass(frozen=True, slots=True)
class Seen:
    """A reading of a car: is it plugged in, its charge, and its session's counter (None: not told)."""

    at: datetime
    plugged: bool
    soc: float | None
    added_kwh: float | None


@dataclass(frozen=True, slots=True)
class PlugIn:
    """See state/ledger.py's Night. `night`: by which several cars' plug-ins are told as one night."""

    plugged: datetime
    kwh: float
    cost: float
    cost_if_now: float
    dry: bool
    night: str = ""


@dataclass(frozen=True, slots=True)
class CarPast:
    """One car's rows in time order. `charges`: (at, is a charge decided from then on); `due`: departures with the charge that was due."""

    seen: tuple[Seen, ...]
    charges: tuple[tuple[datetime, bool], ...]
    plug_ins: tuple[PlugIn, ...] = ()
    due: tuple[tuple[datetime, float], ...] = ()


@dataclass(frozen=True, slots=True)
class HousePast:
    """`prices`: (at, price or None from then on); `sun`: (at, W that the house without cars leaves of the sun, cars' draw included);
    `co2`: (at, average g/kWh from then on, or None). `export`: what an exported kWh earns."""

    prices: tuple[tuple[datetime, float | None], ...]
    sun: tuple[tuple[datetime, tuple[float, float]], ...] = ()
    co2: tuple[tuple[datetime, float | None], ...] = ()
    export: float = 0.0
    efficiency: float = 0.9


@dataclass(slots=True)
class Sum:
    """kWh at the wall; money in the tariff's currency; `priced_kwh`, `mixed_kwh`: of how much the price and the mix are known."""

    kwh: float = 0.0
    sun_kwh: float = 0.0
    cost: float = 0.0
    priced_kwh: float = 0.0
    co2_g: float = 0.0
    mixed_kwh: float = 0.0

    def add(self, other: Sum) -> None:
        for name in Sum.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class Total:
    """`saved`: against charging at once; `paid`, `would`: of `nights` in DRY_RUN; `short`: departures that were not kept."""

    all: Sum = field(default_factory=Sum)
    saved: float = 0.0
    compared_kwh: float = 0.0
    nights: set[str] = field(default_factory=set)
    paid: float = 0.0
    would: float = 0.0
    kept: int = 0
    short: list[tuple[datetime, float, float]] = field(default_factory=list)


def total(cars: Sequence[CarPast], house: HousePast) -> Total:
    found, lines = Total(), _Lines(house)
    for car in cars:
        pieces = [(at, _sum(piece, house, lines)) for at, piece in _rises(car, lines.charges(car), house.efficiency)]
        for _, one in pieces:
            found.all.add(one)
        _compare(found, car.plug_ins, pieces)
        _judge(found, car)
    return found


class _Steps(Generic[T]):
    """A value that holds from its time to the next one."""

    def __init__(self, rows: Sequence[tuple[datetime, T]]) -> None:
        self._at, self._values = [at for at, _ in rows], [value for _, value in rows]

    def get(self, at: datetime, within: timedelta | None = None) -> T | None:
        index = bisect_right(self._at, at) - 1
        if index < 0 or (within is not None and at - self._at[index] > within):
            return None
        return self._values[index]


class _Lines:
    def __init__(self, house: HousePast) -> None:
        self.prices, self.sun, self.co2 = _Steps(house.prices), _Steps(house.sun), _Steps(house.co2)

    def charges(self, car: CarPast) -> _Steps[bool]:
        return _Steps(car.charges)


@dataclass(frozen=True, slots=True)
class _Piece:
    at: datetime
    hours: float
    kwh: float


def _rises(car: CarPast, charges: _Steps[bool], efficiency: float) -> Iterator[tuple[datetime, _Piece]]:
    """Each rise of the counter between two readings, in pieces; where a charge was decided in a part of that time, in that part."""
    dry = [(one.plugged, one.dry) for one in car.plug_ins]
    is_dry = _Steps(dry)
    counted = [(one.at, one.added_kwh) for one in car.seen if one.added_kwh is not None]
    for (start, before), (end, after) in pairwise(counted):
        if after <= before or end <= start:
            continue
        count = max(1, round((end - start) / PIECE))
        step = (end - start) / count
        times = [start + step * number for number in range(count)]
        on = [at for at in times if charges.get(at)]
        chosen = on if on and not is_dry.get(start) else times
        for at in chosen:
            yield at, _Piece(at, step.total_seconds() / 3600, (after - before) / len(chosen) / efficiency)


def _sum(piece: _Piece, house: HousePast, lines: _Lines) -> Sum:
    """One piece in money, sun and CO2. The sun serves the house first, then the cars by what they draw."""
    price, mix, sun = lines.prices.get(piece.at), lines.co2.get(piece.at), lines.sun.get(piece.at, STALE)
    share = 0.0
    if sun is not None and piece.hours > 0:
        solar_w, load_w = sun
        car_w = piece.kwh * 1000 / piece.hours
        share = min(1.0, max(0.0, solar_w - max(0.0, load_w - car_w)) / car_w) if car_w > 0 else 0.0
    grid_kwh, sun_kwh = piece.kwh * (1 - share), piece.kwh * share
    found = Sum(piece.kwh, sun_kwh)
    if price is not None:
        found.cost, found.priced_kwh = grid_kwh * price + sun_kwh * house.export, piece.kwh
    if mix is not None:
        found.co2_g, found.mixed_kwh = grid_kwh * mix, piece.kwh
    return found


def _compare(found: Total, plug_ins: Sequence[PlugIn], pieces: Sequence[tuple[datetime, Sum]]) -> None:
    ends = [*(one.plugged for one in plug_ins[1:]), None]
    for one, end in zip(plug_ins, ends, strict=False):  # no plug-in yet: no pair
        mine = Sum()
        for at, piece in pieces:
            if at >= one.plugged and (end is None or at < end):
                mine.add(piece)
        if mine.kwh < LEAST_KWH or mine.priced_kwh < mine.kwh * 0.99:
            continue
        if one.dry:
            found.nights.add(one.night)
            found.paid += mine.cost
            found.would += mine.kwh * one.cost / one.kwh
        else:
            found.saved += mine.kwh * one.cost_if_now / one.kwh - mine.cost
            found.compared_kwh += mine.kwh


def _judge(found: Total, car: CarPast) -> None:
    """Kept: the charge was there at the departure, or still was there at the next look after it."""
    for by, soc in car.due:
        before = [one for one in car.seen if one.at <= by]
        home = next((one for one in reversed(before) if one.plugged and one.soc is not None), None)
        if home is None or any(not one.plugged and home.at < one.at < by - EARLY for one in before):
            continue
        after = next((one.soc for one in car.seen if one.at > by and one.soc is not None), None)
        best = max(home.soc or 0.0, after or 0.0)
        if best >= soc - NEAR_SOC:
            found.kept += 1
        else:
            found.short.append((by, best, soc))


def co2_kg(sums: Sum) -> float | None:
    """None: too little is known of the grid's mix."""
    return sums.co2_g / 1000 if sums.kwh > 0 and sums.mixed_kwh >= ENOUGH * sums.kwh else None
