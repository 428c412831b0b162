"""What a tariff is: prices by the owner's clock, by the market, from a file or an address, or from the Powerwall's rate plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from config_holidays import Calendar
from config_values import DAY, EVERY_DAY, Secret, TimeSpan

ALL_MONTHS = frozenset(range(1, 13))
PRICE_LIMIT = 10.0  # per kWh; a price given in cents is caught by it
MOST_TIMES = 5.0


class Kind(StrEnum):
    CLOCK = "clock"  # the periods are prices
    WHOLESALE = "wholesale"  # the market's price x times, plus what the periods add
    SERIES = "series"  # prices from a file or an address
    POWERWALL = "powerwall"  # the rate plan in the Tesla app


@dataclass(frozen=True, slots=True)
class Period:
    """`price` per kWh on `days` (Monday 0) of `months` (1-12) from minute `start` to `end` (1440: 24:00; at or before start: next day).
    `season`: first and last day of a part of the year as month x 100 + day, both included, also across New Year. `export`: what a kWh
    given back earns then; None: as the tariff says."""

    price: float
    months: frozenset[int] = ALL_MONTHS
    days: frozenset[int] = EVERY_DAY
    start: int = 0
    end: int = DAY
    season: tuple[int, int] | None = None
    export: float | None = None

    @property
    def always(self) -> bool:
        return self == Period(self.price, export=self.export)

    def matches(self, local: datetime, calendar: Calendar) -> bool:
        hours, minute = TimeSpan(self.start, self.end), local.hour * 60 + local.minute
        if not hours.covers(minute):
            return False
        began = (local - timedelta(days=1) if hours.crosses_midnight and minute < self.end else local).date()
        return began.month in self.months and self._in_season(began) and calendar.weekday(began) in self.days

    def _in_season(self, day: date) -> bool:
        if self.season is None:
            return True
        (first, last), today = self.season, day.month * 100 + day.day
        return first <= today <= last if first <= last else today >= first or today <= last


@dataclass(frozen=True, slots=True)
class Tariff:
    """`currency` empty: as CURRENCY says. `export`: what an exported kWh earns; None: not known. The first period that matches wins.
    `grid`, `places`: whose market price a wholesale tariff adds to, and the names of its places there; empty: any. `source`, `dated`: where
    the figures are from and from when on they hold; `example`: they are no utility's; `note`: for the owner."""

    name: str
    currency: str
    export: float | None
    periods: tuple[Period, ...]
    kind: Kind = Kind.CLOCK
    calendar: Calendar = field(default_factory=Calendar)
    source: str = ""
    dated: date | None = None
    note: str = ""
    example: bool = False
    times: float = 1.0
    url: Secret = field(default_factory=lambda: Secret(""))
    file: Path | None = None
    grid: str = ""
    places: tuple[str, ...] = ()


def price_at(tariff: Tariff, local: datetime) -> float:
    """Currency per kWh at `local`, a time in the owner's zone: the clock on the wall decides, also when it is put back or forward. Of a
    wholesale tariff: what is added to the market's price."""
    return _period_at(tariff, local).price


def export_at(tariff: Tariff, local: datetime) -> float | None:
    """What a kWh given back earns at `local`; None: not known."""
    own = _period_at(tariff, local).export if tariff.periods else None
    return tariff.export if own is None else own


def _period_at(tariff: Tariff, local: datetime) -> Period:
    return next(period for period in tariff.periods if period.matches(local, tariff.calendar))
