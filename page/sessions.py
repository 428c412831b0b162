"""Charging sessions out of history's rows: what each plug-in took, what it cost, and what the same energy had cost at once.

Energy is the rise of the car's own counter between two readings, at the price that held at the later one, as `status` counts it. "At once"
is the same energy from the plug-in on, at the session's own best power, at the prices of those hours.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from model import SLOT, Point
from state.history_read import DecidedRow, Past, ReadingRow

LEAST_KWH = 0.1
USUAL_KW = 7.0
SEEN_WELL = timedelta(minutes=40)  # power is told only by readings as near as this
Price = Callable[[datetime], float | None]


@dataclass(frozen=True, slots=True)
class Session:
    """One plug-in that took energy. `began`, `ended`: of charging, as seen; `co2_kg`: average grams of the grid; None: not known."""

    vin: str
    plugged_at: datetime
    began: datetime
    ended: datetime
    kwh: float
    soc_from: float | None
    soc_to: float | None
    cost: float | None
    at_once: float | None
    co2_kg: float | None

    @property
    def saved(self) -> float | None:
        return None if self.cost is None or self.at_once is None else self.at_once - self.cost


@dataclass(frozen=True, slots=True)
class Rise:
    """So much was added in [since, at)."""

    since: datetime
    at: datetime
    kwh: float


def sessions(past: Past) -> tuple[Session, ...]:
    """Newest first."""
    found = []
    for vin in sorted({row.vin for row in past.readings}):
        price = price_then([row for row in past.decisions if row.vin == vin])
        co2 = value_then(past.co2)
        rows = [row for row in past.readings if row.vin == vin]
        found += [one for part in _plug_ins(rows) if (one := _session(part, price, co2)) is not None]
    return tuple(sorted(found, key=lambda one: one.began, reverse=True))


def price_then(rows: Sequence[DecidedRow]) -> Price:
    """Rows are written on change: the newest one before holds."""
    times = [row.at for row in rows]

    def price(at: datetime) -> float | None:
        index = bisect_right(times, at) - 1
        return rows[index].price if index >= 0 else None

    return price


def value_then(points: Sequence[Point]) -> Price:
    times = [point.start for point in points]

    def value(at: datetime) -> float | None:
        index = bisect_right(times, at) - 1
        return points[index].value if index >= 0 and at < points[index].end else None

    return value


def _plug_ins(rows: Sequence[ReadingRow]) -> Iterable[list[ReadingRow]]:
    """From plug to plug: a reading Disconnected ends one, and so does a counter that falls."""
    part: list[ReadingRow] = []
    for row in rows:
        fell = bool(part) and row.added_kwh is not None and row.added_kwh < (part[-1].added_kwh or 0.0)
        if row.charging == "Disconnected" or fell:
            yield part
            part = []
        if row.charging != "Disconnected":
            part.append(row)
    yield part


def _session(rows: Sequence[ReadingRow], price: Price, co2: Price) -> Session | None:
    rises = _rises(rows)
    kwh = sum(rise.kwh for rise in rises)
    if kwh < LEAST_KWH:
        return None
    plugged = rows[0].at
    levels = [row.soc for row in rows if row.soc is not None]
    return Session(
        vin=rows[0].vin,
        plugged_at=plugged,
        began=max(plugged, rises[0].since, rises[0].at - timedelta(hours=rises[0].kwh / _best_kw(rises))),
        ended=rises[-1].at,
        kwh=kwh,
        soc_from=levels[0] if levels else None,
        soc_to=levels[-1] if levels else None,
        cost=_total(rises, price),
        at_once=_at_once(plugged, kwh, _best_kw(rises), price),
        co2_kg=_total(rises, co2, 0.001),
    )


def _rises(rows: Sequence[ReadingRow]) -> list[Rise]:
    found, before = list[Rise](), None
    for row in rows:
        if row.added_kwh is None:
            continue
        if before is not None and row.added_kwh > (before.added_kwh or 0.0):
            found.append(Rise(before.at, row.at, row.added_kwh - (before.added_kwh or 0.0)))
        before = row
    return found


def _total(rises: Sequence[Rise], value: Price, factor: float = 1.0) -> float | None:
    """None where it is not known for one of them."""
    found = [(rise.kwh, value(rise.at)) for rise in rises]
    known = [kwh * each for kwh, each in found if each is not None]
    return sum(known) * factor if len(known) == len(found) else None


def _best_kw(rises: Sequence[Rise]) -> float:
    powers = [rise.kwh / ((rise.at - rise.since) / timedelta(hours=1)) for rise in rises if timedelta() < rise.at - rise.since <= SEEN_WELL]
    return max(powers, default=USUAL_KW) or USUAL_KW


def _at_once(start: datetime, kwh: float, kw: float, price: Price) -> float | None:
    at, left, total = start, kwh, 0.0
    each = kw * (SLOT / timedelta(hours=1))
    while left > 1e-9:
        cost, taken = price(at), min(left, each)
        if cost is None:
            return None
        total, left, at = total + taken * cost, left - taken, at + SLOT
    return total
