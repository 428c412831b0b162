"""A tariff as a TOML file, shipped in tariffs/ or the owner's own:

name = "Summer and winter"
currency = "USD"
export = 0.05                  # optional: what an exported kWh earns
holidays = ["new-year", "labor", "12-24"]   # optional: days that count as Sundays; observed = "monday" moves those on a Sunday
[[period]]                     # the first period that matches wins
price = 0.49
hours = "16:00-21:00"          # optional; across midnight belongs to the day (and month) it starts on
days = "mon-fri"               # optional
months = [6, 7, 8, 9]          # optional
season = "11-15..03-14"        # optional: for seasons that begin within a month
export = 0.08                  # optional
[[period]]                     # the last one must always match
price = 0.31

`wholesale = 1.1` makes it the market's price x 1.1, and the periods' prices are added to it; `grid = "PJM"` and `places = ["..."]` say
whose price, and at which of GRID_LOCATION's places, the usual one first. `source`, `dated`, `note` and `example` say where the figures are
from.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import TypeVar

from config_holidays import HOLIDAYS, Calendar, Observed, known
from config_parsers import currency as currency_code
from config_parsers import days, span
from config_tariff_values import ALL_MONTHS, MOST_TIMES, PRICE_LIMIT, Kind, Period, Tariff
from config_values import DAY, EVERY_DAY, GridIso, TimeSpan
from errors import ConfigError

T = TypeVar("T")
ALL_DAY = TimeSpan(0, DAY)
ABOUT = ("source", "dated", "note", "example")
TOP_KEYS = ("name", "currency", "export", "holidays", "observed", "wholesale", "grid", "places", *ABOUT, "period")
PERIOD_KEYS = ("price", "hours", "days", "months", "season", "export")
LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


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
    periods = _periods(table.get("period"), problems)
    export = _number(table["export"], "export", problems) if "export" in table else None
    money = _text(table.get("currency", ""), "currency", "three letters such as USD", problems)
    if money:
        money = _checked(lambda: currency_code(money), "", "currency", problems)
    dated = table.get("dated")
    if dated is not None and type(dated) is not date:
        problems.append("dated: write the day from which the prices hold, such as 2026-06-01, without quotes")
    times = table.get("wholesale")
    if times is not None and (isinstance(times, bool) or not isinstance(times, int | float) or not 0 <= times <= MOST_TIMES):
        problems.append(f"wholesale: write how many times the market's price, from 0 to {MOST_TIMES:g}")
    if table.get("grid", "") not in ("", *GridIso):
        problems.append(f"grid: write {', '.join(GridIso)}")
    places = table.get("places", [])
    if not isinstance(places, list) or not all(isinstance(place, str) and place for place in places):
        problems.append('places: write a list such as ["N ILLINOIS HUB", "COMED"]')
        places = []
    calendar = _calendar(table, problems)
    source, note = (_text(table.get(key, ""), key, "text", problems) for key in ("source", "note"))
    if problems:
        raise ConfigError(tuple(f"the tariff file is wrong: {problem}" for problem in problems))
    return Tariff(
        name=str(table.get("name", name)),
        currency=money,
        export=export,
        periods=periods,
        kind=Kind.CLOCK if times is None else Kind.WHOLESALE,
        calendar=calendar,
        source=source,
        dated=dated if isinstance(dated, date) else None,
        note=note,
        example=table.get("example") is True,
        times=float(times) if isinstance(times, int | float) else 1.0,
        grid=str(table.get("grid", "")),
        places=tuple(places),
    )


def _periods(entries: object, problems: list[str]) -> tuple[Period, ...]:
    rows = entries if isinstance(entries, list) and all(isinstance(row, dict) for row in entries) else []
    periods = tuple(_period(row, f"period {number}", problems) for number, row in enumerate(rows, 1))
    if not periods:
        problems.append("there is no [[period]]: a tariff needs at least one with a price")
    elif not periods[-1].always:
        problems.append("the last [[period]] must always match: leave out its hours, days, months and season")
    return periods


def _calendar(table: Mapping[str, object], problems: list[str]) -> Calendar:
    names, observed = table.get("holidays", []), table.get("observed", Observed.ACTUAL.value)
    if not isinstance(names, list) or not all(isinstance(name, str) and known(name) for name in names):
        problems.append(f"holidays: write a list of {', '.join(HOLIDAYS)} or days such as 12-24")
        names = []
    if observed not in tuple(Observed):
        problems.append(f"observed: write {' or '.join(Observed)}")
        observed = Observed.ACTUAL
    return Calendar(tuple(names), Observed(str(observed)))


def _period(row: Mapping[str, object], where: str, problems: list[str]) -> Period:
    problems += [f"{where}: unknown key {key!r}: the keys are {', '.join(PERIOD_KEYS)}" for key in row if key not in PERIOD_KEYS]
    if "price" not in row:
        problems.append(f"{where}: the price is missing")
    price = _number(row.get("price", 0.0), f"{where}: price", problems)
    export = _number(row["export"], f"{where}: export", problems) if "export" in row else None
    hours = _text(row.get("hours", "00:00-24:00"), f"{where}: hours", "text such as 16:00-21:00", problems)
    on = _text(row.get("days", "mon-sun"), f"{where}: days", "text such as mon-fri", problems)
    part = _text(row.get("season", ""), f"{where}: season", "text such as 11-15..03-14", problems)
    clock = _checked(lambda: span(hours.strip()), ALL_DAY, f"{where}: hours", problems) if hours else ALL_DAY
    weekdays = _checked(lambda: _days(on), EVERY_DAY, f"{where}: days", problems) if on else EVERY_DAY
    season = _checked(lambda: _season(part), None, f"{where}: season", problems) if part else None
    return Period(price, _months(row.get("months"), where, problems), weekdays, clock.start, clock.end, season, export)


def _days(text: str) -> frozenset[int]:
    return frozenset[int]().union(*(days(part) for part in re.split(r"\s*,\s*", text.strip())))


def _season(text: str) -> tuple[int, int] | None:
    found = re.fullmatch(r"(\d\d)-(\d\d)\s*\.\.\s*(\d\d)-(\d\d)", text.strip())
    ends = [int(part) for part in found.groups()] if found else []
    if not ends or not all(1 <= month <= 12 and 1 <= day <= LONGEST[month - 1] for month, day in (ends[:2], ends[2:])):
        raise ConfigError((f"write its first and last day as month-day, such as 11-15..03-14, not {text[:60]!r}",))
    return ends[0] * 100 + ends[1], ends[2] * 100 + ends[3]


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
