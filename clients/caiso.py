"""California's grid without a key: load, sun and wind, prices from OASIS (a zip of CSV), fuel mix and status from Today's Outlook.

OASIS wants 5 s between two calls, answers a hasty one with a page of HTML and an empty question with an XML note. Its forecasts carry no
time of publication: what is there when it is asked was published by then, and the caller keeps it as it was.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from clients.emissions import intensity
from clients.gridstatus_table import CAISO_PLACES
from clients.http import Ask, Http
from clients.intervals import in_order, utc
from clients.values import root
from errors import BadAnswer, NotConfigured
from model import Point, Series

SOURCE = "caiso"
LIMIT_S = 10.0  # less than a cycle looks: a time-out must be noted, or a page that hangs is asked in each cycle
ZONE = ZoneInfo("America/Los_Angeles")
WHOLE = "CA ISO-TAC"  # the area that is the whole of it; the answer lists some forty
MOST_BYTES = 20_000_000  # unpacked
HOUR = timedelta(hours=1)
KW_PER_MW = 1000
Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Caiso:
    """`before`: called ahead of each call to OASIS; it keeps the pace."""

    outlook_url: str
    oasis_url: str
    http: Http
    before: Callable[[], None] = lambda: None

    def load_forecast(self, start: datetime, end: datetime, now: datetime) -> Series:
        """The seven-day forecast of the load in [start, end), MW. Raises ClientError."""
        rows = self._oasis("SLD_FCST", "7DA", start, end, {})
        points = [point for row in rows if row.get("TAC_AREA_NAME") == WHOLE and (point := _point(row)) is not None]
        return Series(SOURCE, "MW", now, _some(points, "load forecast", rows))

    def sun_and_wind(self, start: datetime, end: datetime, now: datetime) -> Series:
        """The day-ahead forecast of all sun and wind power, MW. Raises ClientError."""
        rows, kinds, total = (
            self._oasis("SLD_REN_FCST", "DAM", start, end, {}),
            defaultdict[datetime, set[str]](set),
            dict[datetime, Point](),
        )
        for row in rows:
            point = _point(row)
            if point is not None:
                before = total.get(point.start, Point(point.start, point.end, 0.0))
                total[point.start] = Point(point.start, point.end, before.value + point.value)
                kinds[point.start].add(row.get("RENEWABLE_TYPE", "").lower())
        both = [point for at, point in total.items() if {"solar", "wind"} <= kinds[at]]
        return Series(SOURCE, "MW", now, _some(both, "forecast of sun and wind", rows))

    def day_ahead_prices(self, location: str, start: datetime, end: datetime, now: datetime) -> Series:
        """Wholesale prices at a hub or node, per kWh. Raises ClientError."""
        rows = self._oasis("PRC_LMP", "DAM", start, end, {"node": location, "version": "12"})
        if not rows and location not in CAISO_PLACES:  # the past hours are in the span, so a place that exists has rows
            known = ", ".join(CAISO_PLACES)
            raise NotConfigured(SOURCE, f"GRID_LOCATION={location} has no prices at CAISO. Known there: {known}; or a node's name.")
        points = [point for row in rows if row.get("LMP_TYPE") == "LMP" and (point := _point(row, 1 / KW_PER_MW)) is not None]
        return Series(SOURCE, "USD/kWh", now, _some(points, f"price at {location}", rows))

    def average_co2(self, now: datetime) -> Series:
        """What a kWh of yesterday's mix emitted, g/kWh by the hour: today's file does not say which day it is of just after midnight."""
        day = now.astimezone(ZONE).date() - timedelta(days=1)
        text = self._outlook(f"history/{day:%Y%m%d}/fuelsource.csv", now)
        hours: dict[datetime, list[float]] = defaultdict(list)
        latest = midnight = datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)
        for row in _rows_of(text):
            at, grams = _clock(row, midnight, latest), intensity(_megawatts(row))
            if at is not None and grams is not None:
                latest = at
                hours[at.replace(minute=0, second=0, microsecond=0)].append(grams)
        points = [Point(at, at + HOUR, sum(found) / len(found)) for at, found in hours.items()]
        return Series(SOURCE, "g/kWh", now, _some(points, "fuel mix", [{}]))

    def status(self, now: datetime) -> tuple[str, ...]:
        """What CAISO calls the state of its grid now: Normal, Restricted Maintenance Operations, Flex Alert, EEA ... Raises ClientError."""
        found = root(SOURCE, self.http.ask(self._ask("current/stats.txt", now)).require().json()).data.get("gridstatus")
        said = [found] if isinstance(found, str) else found
        if not isinstance(said, list) or not said or not all(isinstance(one, str) for one in said):
            raise BadAnswer(SOURCE, "CAISO's stats.txt does not tell the status of the grid.")
        return tuple(one.strip() for one in said)

    def _outlook(self, path: str, now: datetime) -> str:
        return self.http.ask(self._ask(path, now)).require().text()

    def _ask(self, path: str, now: datetime) -> Ask:
        """With the time as a question, or a cache on the way answers with an old copy."""
        return Ask(SOURCE, f"{self.outlook_url.rstrip('/')}/outlook/{path}", params={"_": f"{now.timestamp():.0f}"}, limit_s=LIMIT_S)

    def _oasis(self, name: str, run: str, start: datetime, end: datetime, more: Mapping[str, str]) -> list[Row]:
        self.before()
        span = {"startdatetime": _gmt(start), "enddatetime": _gmt(end)}
        asked = {"queryname": name, "market_run_id": run, "resultformat": "6", "version": "1", **span, **more}
        url = f"{self.oasis_url.rstrip('/')}/oasisapi/SingleZip"
        return _rows_of(_unzipped(self.http.ask(Ask(SOURCE, url, params=asked, retry=False)).require().body))


def _gmt(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H:%M}-0000"


def _unzipped(body: bytes) -> str:
    """The CSV of an answer; "" where OASIS says that it has no data for the question."""
    import zipfile  # with its packers 10 ms, which a cycle that lives from its cache need not pay
    import zlib

    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            first = archive.infolist()[0]
            if first.file_size > MOST_BYTES:
                raise BadAnswer(SOURCE, f"OASIS sent {first.file_size // 1_000_000} MB; that is not the answer to our question.")
            text = archive.read(first).decode("utf-8", "replace")
    except (zipfile.BadZipFile, zlib.error, IndexError, OSError, ValueError, NotImplementedError, RuntimeError, EOFError):
        raise BadAnswer(SOURCE, "OASIS sent no zip file; it does so when it is asked too often.") from None
    if text.lstrip().startswith("<"):
        if "No data returned" in text:
            return ""
        raise BadAnswer(SOURCE, "OASIS sent an error instead of a table.")
    return text


def _rows_of(text: str) -> list[Row]:
    try:
        return [{(name or "").strip(): value for name, value in row.items() if isinstance(value, str)} for row in _reader(text)]
    except csv.Error as error:
        raise BadAnswer(SOURCE, f"CAISO's table cannot be read: {error}.") from None


def _reader(text: str) -> Iterator[Row]:
    return iter(csv.DictReader(io.StringIO(text.lstrip("\ufeff\u200b").replace("\0", ""))))


def _point(row: Row, factor: float = 1.0) -> Point | None:
    value = _number(row.get("MW", ""))
    try:
        start, end = (datetime.fromisoformat(row.get(f"INTERVAL{side}TIME_GMT", "")) for side in ("START", "END"))
    except ValueError:
        return None
    if value is None or start.tzinfo is None or end.tzinfo is None:
        return None
    first, last = utc(start), utc(end)
    return None if first is None or last is None else Point(first, last, value * factor)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if -1e6 < value < 1e6 else None  # NaN is neither


def _megawatts(row: Row) -> dict[str, float]:
    found = {name: _number(text) for name, text in row.items() if name != "Time"}
    return {name: value for name, value in found.items() if value is not None}


def _clock(row: Row, midnight: datetime, latest: datetime) -> datetime | None:
    """`01:35` of the day that began at `midnight`; the hour that comes twice in autumn is told by the row before it."""
    hour, _, minute = row.get("Time", "").partition(":")
    if not (hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60):
        return None
    local = midnight.astimezone(ZONE).replace(hour=int(hour), minute=int(minute))
    once, twice = local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
    return twice if once < latest else once


def _some(points: list[Point], what: str, rows: list[Row]) -> tuple[Point, ...]:
    if rows and not points:
        raise BadAnswer(SOURCE, f"CAISO's answer holds no usable {what}.")
    return in_order(points)
