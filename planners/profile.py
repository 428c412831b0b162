"""What a price or load is likely to be beyond the published horizon: the median of the past days at the same local time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta

from model import SLOT, Series

DAYS = 14  # facts: 10 to 28 days are flat, below 5 it gets worse; medians, because means of spiky nights cost up to twice as much


def profile(series: Series, now: datetime, local: Callable[[datetime], datetime]) -> Callable[[datetime], float | None]:
    """A function instant -> value, None where no past day has that quarter of an hour. `local` gives the owner's local time.

    Days of the same kind (weekday or weekend) count where there are three or more, else all days."""
    same: dict[tuple[bool, int], list[float]] = defaultdict(list)
    every: dict[int, list[float]] = defaultdict(list)
    for point in series.points:
        if point.end <= now - timedelta(days=DAYS):
            continue
        at = point.start
        while at < point.end:
            when = local(at)
            quarter = when.hour * 4 + when.minute // 15
            same[when.weekday() >= 5, quarter].append(point.value)
            every[quarter].append(point.value)
            at += SLOT

    def value(at: datetime) -> float | None:
        when = local(at)
        quarter = when.hour * 4 + when.minute // 15
        found = same[when.weekday() >= 5, quarter]
        found = found if len(found) >= 3 else every[quarter]
        from statistics import median  # 6 ms that a cycle within the published prices need not pay

        return median(found) if found else None

    return value
