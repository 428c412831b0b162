"""PRICE_FILE: the owner's own prices, as a CSV file with the header `start,price[,load_mw][,co2][,export]`.

`start` is ISO 8601 with its offset; a row holds until the next one starts. Prices are per kWh, load in MW, CO2 in g/kWh
average, export what a kWh given back earns. A value that is empty or NaN is a hole; of two rows with one start the later counts.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from errors import BadAnswer, NotConfigured
from model import Missing, Point, Series

SOURCE = "price file"
COLUMNS = ("price", "load_mw", "co2", "export")
LONGEST_ROW = timedelta(hours=3)  # a longer gap is a hole in the file, unless all its rows are that long
ALONE = timedelta(hours=1)
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
    series = [_series(column, unit, rows, ends, now) for column, unit in zip(COLUMNS, units, strict=True)]
    return PriceFile(*series)


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
    return start.astimezone(UTC)


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
