"""What the coming prices may be: each of the past days, moved to today's level, is one scenario of each coming day.

    price = past day's price - its week part + the coming day's week part + FADING ** lead x (newest day's level - past day's level)

A day's level is the median of its prices; its week part is half of what weekends usually differ by, and 0 on weekdays; both levels are
without it; lead is the days from the newest known day on. Medians, because means of spiky nights cost up to twice as much.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from model import SLOT, Series
from planners.middle import middle

DAYS = 14  # facts: 10 to 28 days are flat; below 5 it gets worse than the median of the days at the same hour
FEWEST = 5
FADING = 0.7
WHOLE = 80  # quarters of an hour, from which on a day tells its level
Local = Callable[[datetime], datetime]
Day = dict[int, float]  # quarter of the day -> price


@dataclass(frozen=True, slots=True)
class PastDays:
    """`days`: oldest first; `levels`: their medians without the week part; `week`: what is added on a Saturday or Sunday."""

    days: dict[date, Day]
    levels: dict[date, float]
    week: float

    def at(self, when: datetime) -> tuple[float, ...]:
        """One price for each past day that has this quarter of an hour, in local time."""
        quarter, newest = _quarter(when), next(reversed(self.days))
        fade, part = FADING ** max(0, (when.date() - newest).days), self._part(when.date())
        today = self.levels[newest]
        return tuple(
            day[quarter] - self._part(on) + part + fade * (today - self.levels[on]) for on, day in self.days.items() if quarter in day
        )

    def until(self, on: date) -> PastDays | None:
        """What was known at the end of that day; None: too little."""
        days = {each: day for each, day in self.days.items() if each <= on}
        return PastDays(days, self.levels, self.week) if len(days) >= FEWEST else None

    def _part(self, on: date) -> float:
        return self.week if on.weekday() >= 5 else 0.0


def past_days(series: Series, now: datetime, local: Local) -> PastDays | None:
    """The newest whole days of a series, what is published of the coming ones included; None where they are fewer than FEWEST."""
    every: dict[date, Day] = defaultdict(dict)
    for point in series.points:
        if point.end > now - timedelta(days=DAYS + 1):
            _spread(point.start, point.end, point.value, every, local)
    known = dict([(on, day) for on, day in every.items() if len(day) >= WHOLE][-DAYS:])
    if len(known) < FEWEST:
        return None
    levels = {on: middle(day.values()) for on, day in known.items()}
    ends, others = ([level for on, level in levels.items() if (on.weekday() >= 5) is kind] for kind in (True, False))
    week = (middle(ends) - middle(others)) / 2 if ends and others else 0.0
    return PastDays(known, {on: level - (week if on.weekday() >= 5 else 0.0) for on, level in levels.items()}, week)


def usual_miss(known: PastDays) -> float | None:
    """By how much the middle scenario of the next day was wrong on half of the past hours, each day told by those before it."""
    misses = []
    for before, on in pairwise(known.days):
        seen = known.until(before)
        if seen is not None:
            start = datetime(on.year, on.month, on.day)  # noqa: DTZ001 - only its date and hour are looked at
            hours = [start + timedelta(hours=hour) for hour in range(24)]
            misses += [abs(known.days[on][_quarter(hour)] - middle(seen.at(hour))) for hour in hours if _quarter(hour) in known.days[on]]
    return middle(misses) if misses else None


def _spread(start: datetime, end: datetime, value: float, every: dict[date, Day], local: Local) -> None:
    """One point into its quarters; clocks change on whole hours, so the zone is asked once an hour."""
    while start < end:
        when = local(start)
        quarter, last = _quarter(when), _quarter(when) // 4 * 4 + 3
        day = every[when.date()]
        while start < end and quarter <= last:
            day[quarter] = value
            start, quarter = start + SLOT, quarter + 1


def _quarter(when: datetime) -> int:
    return when.hour * 4 + when.minute // 15
