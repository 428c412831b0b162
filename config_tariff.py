"""Tariffs: what a kWh from the grid costs by the owner's clock. `flat:0.16`, `free-nights:21:00-06:00@0.24`, or a TOML file:

name = "Summer and winter"
currency = "USD"
export = 0.05                  # optional: what an exported kWh earns
[[period]]                     # the first period that matches wins
price = 0.49
hours = "16:00-21:00"          # optional; across midnight belongs to the day (and month) it starts on
days = "mon-fri"               # optional
months = [6, 7, 8, 9]          # optional
[[period]]                     # the last one must always match
price = 0.31
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from config_parsers import currency as currency_code
from config_parsers import days, decimal, span
from config_values import DAY, EVERY_DAY, TimeSpan
from errors import ConfigError

T = TypeVar("T")
ALL_DAY = TimeSpan(0, DAY)
ALL_MONTHS = frozenset(range(1, 13))
PRICE_LIMIT = 10.0  # per kWh; a price given in cents is caught by it
TOP_KEYS = ("name", "currency", "export", "period")
PERIOD_KEYS = ("price", "hours", "days", "months")
FORMS = "write flat:0.16, free-nights:21:00-06:00@0.24 or the path of a tariff file (.toml)"


@dataclass(frozen=True, slots=True)
class Period:
    """`price` per kWh on `days` (Monday 0) of `months` (1-12) from minute `start` to `end` (1440: 24:00; at or before start: next day)."""

    price: float
    months: frozenset[int] = ALL_MONTHS
    days: frozenset[int] = EVERY_DAY
    start: int = 0
    end: int = DAY

    @property
    def always(self) -> bool:
        return self == Period(self.price)

    def matches(self, local: datetime) -> bool:
        hours, minute = TimeSpan(self.start, self.end), local.hour * 60 + local.minute
        began = local - timedelta(days=1) if hours.crosses_midnight and minute < self.end else local
        return hours.covers(minute) and began.weekday() in self.days and began.month in self.months


@dataclass(frozen=True, slots=True)
class Tariff:
    """`currency` empty: as CURRENCY says. `export`: what an exported kWh earns; None: not known. The first period that matches wins."""

    name: str
    currency: str
    export: float | None
    periods: tuple[Period, ...]


def price_at(tariff: Tariff, local: datetime) -> float:
    """Currency per kWh at `local`, a time in the owner's zone: the clock on the wall decides, also when it is put back or forward."""
    return next(period.price for period in tariff.periods if period.matches(local))


def parse_tariff(text: str, base: Path) -> Tariff | None:
    """The option's value; a relative path counts from `base`. Empty is None. Raises ConfigError with every problem of a file."""
    kind, _, rest = text.partition(":")
    if not text:
        return None
    if kind == "flat":
        return Tariff(text, "", None, (Period(_price(rest)),))
    if kind == "free-nights":
        return _free_nights(text, rest)
    if text.endswith(".toml"):
        return read_tariff(base / text)
    raise ConfigError((FORMS,))


def read_tariff(path: Path) -> Tariff:
    """A tariff file. Raises ConfigError with every problem in it."""
    try:
        table = tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise ConfigError((f"the tariff file {path} cannot be read ({error.strerror}): correct the path",)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError((f"the tariff file {path.name} is not TOML: {error}",)) from None
    return tariff_from(table, path.stem)


def tariff_from(table: Mapping[str, object], name: str) -> Tariff:
    """From a parsed TOML table; `name` stands in where it has none. Raises ConfigError with all problems."""
    problems = [f"unknown key {key!r}: the keys are {', '.join(TOP_KEYS)}" for key in table if key not in TOP_KEYS]
    entries = table.get("period")
    rows = entries if isinstance(entries, list) and all(isinstance(row, dict) for row in entries) else []
    periods = []
    for number, row in enumerate(rows, 1):
        periods.append(_period(row, f"period {number}", problems))
    if not periods:
        problems.append("there is no [[period]]: a tariff needs at least one with a price")
    elif not periods[-1].always:
        problems.append("the last [[period]] must always match: leave out its hours, days and months")
    title = table.get("name", name)
    export = _number(table["export"], "export", problems) if "export" in table else None
    money = _text(table.get("currency", ""), "currency", "three letters such as USD", problems)
    if money:
        money = _checked(lambda: currency_code(money), "", "currency", problems)
    if problems:
        raise ConfigError(tuple(f"the tariff file is wrong: {problem}" for problem in problems))
    return Tariff(str(title), money, export, tuple(periods))


def _price(text: str) -> float:
    return decimal(-PRICE_LIMIT, PRICE_LIMIT, "the currency per kWh")(text.strip())


def _free_nights(text: str, rest: str) -> Tariff:
    hours, at, price = rest.partition("@")
    if not at:
        raise ConfigError(("write the free hours and the price outside them, such as free-nights:21:00-06:00@0.24",))
    free = span(hours.strip())
    return Tariff(text, "", None, (Period(0.0, start=free.start, end=free.end), Period(_price(price))))


def _period(row: Mapping[str, object], where: str, problems: list[str]) -> Period:
    problems += [f"{where}: unknown key {key!r}: the keys are {', '.join(PERIOD_KEYS)}" for key in row if key not in PERIOD_KEYS]
    if "price" not in row:
        problems.append(f"{where}: the price is missing")
    price = _number(row.get("price", 0.0), f"{where}: price", problems)
    hours = _text(row.get("hours", "00:00-24:00"), f"{where}: hours", "text such as 16:00-21:00", problems)
    on = _text(row.get("days", "mon-sun"), f"{where}: days", "text such as mon-fri", problems)
    clock = _checked(lambda: span(hours.strip()), ALL_DAY, f"{where}: hours", problems) if hours else ALL_DAY
    weekdays = _checked(lambda: _days(on), EVERY_DAY, f"{where}: days", problems) if on else EVERY_DAY
    return Period(price, _months(row.get("months"), where, problems), weekdays, clock.start, clock.end)


def _days(text: str) -> frozenset[int]:
    return frozenset[int]().union(*(days(part) for part in re.split(r"\s*,\s*", text.strip())))


def _months(value: object, where: str, problems: list[str]) -> frozenset[int]:
    if value is None:
        return ALL_MONTHS
    months = value if isinstance(value, list) else []
    if not months or not all(type(month) is int and 1 <= month <= 12 for month in months):
        problems.append(f"{where}: months: write a list of numbers from 1 to 12, such as [6, 7, 8]")
        return ALL_MONTHS
    return frozenset(months)


def _number(value: object, where: str, problems: list[str]) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= PRICE_LIMIT:
        problems.append(f"{where}: write the currency per kWh (not cents) as a number from -{PRICE_LIMIT:g} to {PRICE_LIMIT:g}")
        return 0.0
    return float(value)


def _text(value: object, where: str, wanted: str, problems: list[str]) -> str:
    if isinstance(value, str):
        return value
    problems.append(f"{where}: write {wanted}")
    return ""


def _checked(parse: Callable[[], T], instead: T, where: str, problems: list[str]) -> T:
    try:
        return parse()
    except ConfigError as error:
        problems += [f"{where}: {problem}" for problem in error.problems]
        return instead
