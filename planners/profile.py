"""What a price or load is likely to be beyond the published horizon: the median of the past days at the same local time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from model import SLOT, Series
from planners.middle import middle

DAYS = 14  # facts: 10 to 28 days are flat, below 5 it gets worse; medians, because means of spiky nights cost up to twice as much
FEWEST = 3  # other days, before an error means anything


def profile(series: Series, now: datetime, local: Callable[[datetime], datetime]) -> Callable[[datetime], float | None]:
    """A function instant -> value, None where no past day has that quarter of an hour. `local` gives the owner's local time.

    Days of the same kind (weekday or weekend) count where there are three or more, else all days."""
    same: dict[tuple[bool, int], list[float]] = defaultdict(list)
    every: dict[int, list[float]] = defaultdict(list)
    for when, found in _quarters(series, now, local):
        quarter = when.hour * 4 + when.minute // 15
        same[when.weekday() >= 5, quarter].append(found)
        every[quarter].append(found)

    def value(at: datetime) -> float | None:
        when = local(at)
        quarter = when.hour * 4 + when.minute // 15
        found = same[when.weekday() >= 5, quarter]
        found = found if len(found) >= 3 else every[quarter]
        return middle(found) if found else None

    return value


def usual_error(series: Series, now: datetime, local: Callable[[datetime], datetime]) -> float | None:
    """By how much the profile would have been wrong on half of the past days' hours, each told by the other days; None: too few of them."""
    days: dict[int, list[float]] = defaultdict(list)
    for when, found in _quarters(series, now, local):
        if when.minute < 15:
            days[when.hour].append(found)
    pairs = [(each, [*values[:i], *values[i + 1 :]]) for values in days.values() for i, each in enumerate(values)]
    misses = [abs(each - middle(others)) for each, others in pairs if len(others) >= FEWEST]
    return middle(misses) if misses else None


def _quarters(series: Series, now: datetime, local: Callable[[datetime], datetime]) -> Iterator[tuple[datetime, float]]:
    """Each quarter of an hour of the last DAYS as (local time, value)."""
    for point in series.points:
        if point.end <= now - timedelta(days=DAYS):
            continue
        at = point.start
        while at < point.end:
            yield local(at), point.value
            at += SLOT
