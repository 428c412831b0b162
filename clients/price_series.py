"""TARIFF=<file or address>: a series of prices as JSON, or as CSV like PRICE_FILE (`start,price[,load_mw][,co2][,export]`).

JSON: a list of rows, or an object with the list under prices, rates, data or results and perhaps `"unit": "kWh"`, `"MWh"` or `"cents"`.
A row has a time with its offset under start (or from, valid_from, startsAt, time_start), perhaps an end (to, valid_to, end), a price
under price (or value, total; null or NaN: a hole), and perhaps `export`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from clients.http import Ask, Http
from clients.intervals import utc
from clients.price_file import DEAREST, PriceFile, hole, possible, prices_from, rows_end, too_dear
from errors import BadAnswer, NotConfigured
from model import Missing, Point, Series

SOURCE = "tariff"
LIMIT_S = 10.0  # less than a cycle looks: a time-out must be noted, or a page that hangs is asked in each cycle
LISTS = ("prices", "rates", "data", "results")
STARTS = ("start", "from", "valid_from", "startsAt", "time_start")
ENDS = ("end", "to", "valid_to", "endsAt", "time_end")
PRICES = ("price", "value", "total")
SHORTEST_KEY = 6  # shorter words, such as a price zone, are masked in no error
PER = {"kWh": 1.0, "MWh": 0.001, "cents": 0.01}

Table = dict[datetime, tuple[datetime | None, float | None, float | None]]  # start: (end, price, export)
DEAREST_SAID = 10.0  # who says the unit means it: 5,000 a MWh all day have been


@dataclass(frozen=True, slots=True)
class PriceSeries:
    prices: Series
    export: Series | Missing


def fetch_prices(url: str, currency: str, http: Http, now: datetime) -> PriceSeries:
    """The prices at `url`, which may carry a key. Raises NotConfigured, Refused, BadAnswer ..."""
    reply = http.ask(Ask(SOURCE, url, secrets=_keys(url), limit_s=LIMIT_S)).require()
    if reply.headers.get("content-type", "").startswith("text/csv") or url.partition("?")[0].endswith(".csv"):
        return _of_file(prices_from(reply.text(), "the prices", currency, now))
    return read_json(reply.json(), currency, now)


def _keys(url: str) -> tuple[str, ...]:
    """What in an address may be a key: each value behind the ?, and long parts of the path."""
    parts = urlsplit(url)
    values = [value for _, value in parse_qsl(parts.query) if len(value) >= SHORTEST_KEY]
    return (url, *values, *(part for part in parts.path.split("/") if len(part) >= 2 * SHORTEST_KEY))


def read_prices(path: Path, currency: str, now: datetime) -> PriceSeries:
    """The prices in a file, by its ending. Raises NotConfigured where there is none, BadAnswer where it is wrong."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        data = json.loads(text) if path.suffix == ".json" else None
    except FileNotFoundError:
        raise NotConfigured(SOURCE, f"TARIFF {path.name} does not exist; correct the path in .env.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise BadAnswer(SOURCE, f"TARIFF {path.name} cannot be read as JSON or CSV ({type(error).__name__}).") from error
    return read_json(data, currency, now) if path.suffix == ".json" else _of_file(prices_from(text, path.name, currency, now))


def read_json(data: object, currency: str, now: datetime) -> PriceSeries:
    """Rows in any order; of two with one start the later counts. Raises BadAnswer naming the row that is wrong."""
    unit = data.get("unit", "kWh") if isinstance(data, dict) else "kWh"
    if not isinstance(unit, str) or unit not in PER:
        raise BadAnswer(SOURCE, f"The prices' unit must be {', '.join(PER)}.")
    rows = next((data[name] for name in LISTS if name in data), None) if isinstance(data, dict) else data
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise BadAnswer(SOURCE, f"There is no list of prices, neither alone nor under {', '.join(LISTS)}.")
    table: Table = {}
    for number, row in enumerate(rows, 1):
        where = f"price row {number}"
        end = _key(row, ENDS)
        export = row.get("export")
        earned = None if hole(export) else _number(export, where) * PER[unit]
        price = None if _hole(row) else _number(_key(row, PRICES), where) * PER[unit]
        table[_time(_key(row, STARTS), where)] = (None if end is None else _time(end, where), price, earned)
    if not any(price is not None for _, price, _ in table.values()):
        raise BadAnswer(SOURCE, "The list holds no prices.")
    said = isinstance(data, dict) and "unit" in data
    return _plausible(_series(table, currency, now), DEAREST_SAID if said else DEAREST)


def _hole(row: Mapping[str, object]) -> bool:
    """A price that is not there yet, told as null or NaN: it costs that hour, not the day."""
    return any(name in row for name in PRICES) and hole(_key(row, PRICES))


def _series(table: Table, currency: str, now: datetime) -> PriceSeries:
    starts = tuple(sorted(table))
    usual = rows_end(starts)
    follows = dict(pairwise(starts))
    ends = {start: min(table[start][0] or usual[start], follows.get(start, datetime.max.replace(tzinfo=UTC))) for start in starts}
    kept = [start for start in starts if ends[start] > start]
    worth = [(start, table[start][1]) for start in kept]
    prices = tuple(Point(start, ends[start], value) for start, value in worth if value is not None)
    earned = [(start, table[start][2]) for start in kept]
    export = tuple(Point(start, ends[start], value) for start, value in earned if value is not None)
    unit = f"{currency}/kWh"
    none = Missing(SOURCE, "the prices say nothing of what is exported")
    return PriceSeries(Series(SOURCE, unit, now, prices), Series(SOURCE, unit, now, export) if export else none)


def _of_file(found: PriceFile) -> PriceSeries:
    if isinstance(found.prices, Missing):
        raise BadAnswer(SOURCE, "The file holds no prices.")
    return PriceSeries(found.prices, found.export)


def _plausible(found: PriceSeries, dearest: float) -> PriceSeries:
    if too_dear(found.prices.points, dearest):
        text = 'The prices look like cents or like prices per MWh: write "unit": "cents", "MWh" or "kWh" beside their list.'
        raise BadAnswer(SOURCE, text)
    return PriceSeries(possible(found.prices), possible(found.export) if isinstance(found.export, Series) else found.export)


def _key(row: Mapping[str, object], names: tuple[str, ...]) -> object:
    return next((row[name] for name in names if row.get(name) is not None), None)


def _time(value: object, where: str) -> datetime:
    try:
        at = datetime.fromisoformat(str(value) if isinstance(value, str) else "")
    except ValueError:
        raise BadAnswer(SOURCE, f"{where}: {value!r} is no time; it must be like 2026-12-09T00:00:00-08:00.") from None
    if at.tzinfo is None:
        raise BadAnswer(SOURCE, f"{where}: {value!r} lacks its offset; it must be like 2026-12-09T00:00:00-08:00.")
    known = utc(at)
    if known is None:
        raise BadAnswer(SOURCE, f"{where}: {value!r} cannot be meant; it must be like 2026-12-09T00:00:00-08:00.")
    return known


def _number(value: object, where: str) -> float:
    try:
        found = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        raise BadAnswer(SOURCE, f"{where}: {str(value)[:40]} is no price.")
    return found
