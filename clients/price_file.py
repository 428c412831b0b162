"""PRICE_FILE: the owner's own prices, as a CSV file with the header `start,price[,load_mw][,co2][,export]`.

`start` is ISO 8601 with its offset; a row holds until the next one starts. Prices are per kWh, load in MW, CO2 in g/kWh
average, export what a kWh given back earns. A value that is empty or NaN is a hole; of two rows with one start the later counts.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from clients.intervals import utc
from errors import BadAnswer, NotConfigured
from model import Missing, Point, Series

SOURCE = "price file"
COLUMNS = ("price", "load_mw", "co2", "export")
LONGEST_ROW = timedelta(hours=3)  # a longer gap is a hole in the file, unless all its rows are that long
ALONE = timedelta(hours=1)
DEAREST = 3.0  # per kWh, in the middle of all hours: no tariff is so dear, but one in cents or per MWh is
MOST = 20.0  # per kWh; what lies beyond is no price, as in the grid's own (20,000 a MWh)
NOTHING = ("", "nan", "null", "none")
NO_EXPORT = Missing(SOURCE, "the file has no values for export")

Row = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class PriceFile:
    prices: Series | Missing
    load: Series | Missing
    co2: Series | Missing
    export: Series | Missing = NO_EXPORT


def read_price_file(path: Path, currency: str, now: datetime) -> PriceFile:
    """The whole file. Raises NotConfigured where there is none, BadAnswer naming the line that is wrong."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _read(file, path.name, currency, now)
    except FileNotFoundError:
        raise NotConfigured(SOURCE, f"PRICE_FILE {path.name} does not exist; correct the path in .env.") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadAnswer(SOURCE, f"PRICE_FILE {path.name} cannot be read as UTF-8 CSV ({type(error).__name__}).") from error


def prices_from(text: str, name: str, currency: str, now: datetime) -> PriceFile:
    """The same from a text that came by another way; `name`: what an error calls it."""
    try:
        return _read(text.lstrip("\ufeff").splitlines(keepends=True), name, currency, now)
    except csv.Error as error:
        raise BadAnswer(SOURCE, f"{name} cannot be read as CSV.") from error


def _read(lines: Iterable[str], name: str, currency: str, now: datetime) -> PriceFile:
    rows = _rows(lines, name)
    ends = rows_end(tuple(rows))
    units = (f"{currency}/kWh", "MW", "g/kWh", f"{currency}/kWh")
    prices, load, co2, export = (_series(column, unit, rows, ends, now) for column, unit in zip(COLUMNS, units, strict=True))
    if isinstance(prices, Series) and too_dear(prices.points, DEAREST):
        raise BadAnswer(SOURCE, f"The prices in {name} look like cents or like prices per MWh: write them per kWh.")
    return PriceFile(_possible(prices), load, co2, _possible(export))


def too_dear(points: Sequence[Point], dearest: float) -> bool:
    """Is the middle of them more than any tariff's?"""
    sizes = sorted(abs(point.value) for point in points)
    return bool(sizes) and sizes[len(sizes) // 2] > dearest


def possible(series: Series) -> Series:
    """Without what is no price: it costs that hour, as a hole does."""
    return replace(series, points=tuple(point for point in series.points if abs(point.value) <= MOST))


def _possible(series: Series | Missing) -> Series | Missing:
    return possible(series) if isinstance(series, Series) else series


def _rows(lines: Iterable[str], name: str) -> dict[datetime, Row]:
    rows: dict[datetime, Row] = {}
    reader = csv.DictReader(lines, skipinitialspace=True)
    if not {"start", "price"} <= set(reader.fieldnames or ()):
        raise BadAnswer(SOURCE, f"{name}, line 1: the header must be start,price and, if known, load_mw, co2 and export.")
    for row in reader:
        where = f"{name}, line {reader.line_num}"
        start = _start(row.get("start"), where)
        if rows and start < next(reversed(rows)):
            raise BadAnswer(SOURCE, f"{where}: times must rise from row to row; {row.get('start')} does not.")
        rows[start] = {column: _number(row[column], where, column) for column in COLUMNS if not hole(row.get(column))}
    return rows


def hole(value: object) -> bool:
    """A value that is not there, as people and programs write it."""
    return value is None or str(value).strip().casefold() in NOTHING


def _start(text: str | None, where: str) -> datetime:
    try:
        start = datetime.fromisoformat((text or "").strip())
    except ValueError:
        raise BadAnswer(SOURCE, f"{where}: {text!r} is no time; write 2026-12-09T00:00:00-08:00.") from None
    if start.tzinfo is None:
        raise BadAnswer(SOURCE, f"{where}: {text!r} lacks its offset; write it like {start.isoformat()}-08:00, or with Z for UTC.")
    known = utc(start)
    if known is None:
        raise BadAnswer(SOURCE, f"{where}: {text!r} cannot be meant; write a time like 2026-12-09T00:00:00-08:00.")
    return known


def _number(text: str, where: str, column: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadAnswer(SOURCE, f"{where}: {column} {text!r} is no number.")
    return value


def rows_end(starts: tuple[datetime, ...]) -> Mapping[datetime, datetime]:
    """The end of each row: the next start; before a hole, the usual step; of the last row, as long as the one before."""
    steps = [two - one for one, two in pairwise(starts)]
    usual = Counter(steps).most_common(1)[0][0] if steps else ALONE
    lengths = [step if step <= max(LONGEST_ROW, usual) else usual for step in steps]
    lengths.append(lengths[-1] if lengths else ALONE)
    return {start: start + length for start, length in zip(starts, lengths, strict=False)}


def _series(column: str, unit: str, rows: Mapping[datetime, Row], ends: Mapping[datetime, datetime], now: datetime) -> Series | Missing:
    points = tuple(Point(start, ends[start], row[column]) for start, row in rows.items() if column in row)
    return Series(SOURCE, unit, now, points) if points else Missing(SOURCE, f"the file has no values for {column}")
