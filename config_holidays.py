"""The public holidays that tariffs know, by year. On such a day a tariff counts as on a Sunday."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

SATURDAY, SUNDAY = 5, 6


class Observed(StrEnum):
    """What becomes of a holiday at a weekend: nothing; one on a Sunday is kept on Monday; that, and one on a Saturday on Friday."""

    ACTUAL = "actual"
    MONDAY = "monday"
    NEAREST = "nearest"


def nth(month: int, weekday: int, number: int) -> Callable[[int], date]:
    """The number-th such weekday of a month; Monday is 0."""

    def day(year: int) -> date:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))

    return day


def fixed(month: int, day: int) -> Callable[[int], date]:
    return lambda year: date(year, month, day)


def _memorial(year: int) -> date:
    return date(year, 5, 31) - timedelta(days=date(year, 5, 31).weekday())


def _good_friday(year: int) -> date:
    """Two days before Easter, by the anonymous Gregorian rule."""
    golden, century, rest = year % 19, year // 100, year % 100
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    ahead = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * ahead) // 451
    month, day = divmod(epact + ahead - 7 * late + 114, 31)
    return date(year, month, day + 1) - timedelta(days=2)


HOLIDAYS: Mapping[str, Callable[[int], date]] = {
    "new-year": fixed(1, 1),
    "martin-luther-king": nth(1, 0, 3),
    "presidents": nth(2, 0, 3),
    "good-friday": _good_friday,
    "memorial": _memorial,
    "juneteenth": fixed(6, 19),
    "independence": fixed(7, 4),
    "labor": nth(9, 0, 1),
    "columbus": nth(10, 0, 2),
    "veterans": fixed(11, 11),
    "thanksgiving": nth(11, 3, 4),
    "after-thanksgiving": lambda year: nth(11, 3, 4)(year) + timedelta(days=1),
    "christmas-eve": fixed(12, 24),
    "christmas": fixed(12, 25),
    "new-years-eve": fixed(12, 31),
}


@dataclass(frozen=True, slots=True)
class Calendar:
    """`names`: of HOLIDAYS, or a day of each year as `MM-DD`."""

    names: tuple[str, ...] = ()
    observed: Observed = Observed.ACTUAL

    def weekday(self, day: date) -> int:
        """Monday 0 to Sunday 6; a holiday is a Sunday."""
        return SUNDAY if self.names and day in _holidays(self, day.year) else day.weekday()


def known(name: str) -> bool:
    """Is this one of HOLIDAYS, or a day that each year has?"""
    try:
        return name in HOLIDAYS or bool(re.fullmatch(r"\d\d-\d\d", name) and _of(name, 2027))
    except ValueError:
        return False


@lru_cache(maxsize=32)
def _holidays(calendar: Calendar, year: int) -> frozenset[date]:
    """All holidays of a year as they are kept; New Year's Day of the next year may be kept in this one."""
    days = {_of(name, each) for name in calendar.names for each in (year, year + 1)}
    return frozenset(_kept(day, calendar.observed) for day in days) | frozenset(days)


def _of(name: str, year: int) -> date:
    if name in HOLIDAYS:
        return HOLIDAYS[name](year)
    return date(year, int(name[:2]), int(name[3:]))


def _kept(day: date, observed: Observed) -> date:
    if observed is not Observed.ACTUAL and day.weekday() == SUNDAY:
        return day + timedelta(days=1)
    if observed is Observed.NEAREST and day.weekday() == SATURDAY:
        return day - timedelta(days=1)
    return day
