"""Load, sun and wind, prices and the fuel mix of a grid from GridStatus, as Series. What is published where: gridstatus_table.py.

The free plan has 250 requests a month, so nothing is repeated here and the caller keeps what it gets. No look-ahead: of each hour the
newest forecast counts that was published by now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from clients.emissions import intensity
from clients.gridstatus_library import SOURCE, Row, rows_of
from clients.gridstatus_table import GRIDS, Dataset, Grid
from clients.http import Http, may_carry_secret
from clients.intervals import in_order, utc
from clients.values import root
from errors import BadAnswer, NotConfigured
from model import Missing, Point, Series

ROWS = 1000  # over all pages; three days of hourly rows are 72, a day of five minutes 288
KW_PER_MW = 1000
PRICES = (-5_000.0, 20_000.0)  # $/MWh; ERCOT's cap is 5,000, its old one was 9,000: what lies beyond is no price
MEGAWATTS = (-1e6, 1e6)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class GridStatus:
    """`before`: called ahead of each request (counts it and keeps the pace); it may raise."""

    url: str
    key: str = field(repr=False)
    http: Http
    before: Callable[[], None] = lambda: None

    def load_forecast(self, iso: str, start: datetime, end: datetime, now: datetime) -> Series:
        """The newest forecast of the grid's load in [start, end), MW. Raises NotConfigured, LoginDead, TooMany, BadAnswer ..."""
        dataset = grid_of(iso).load
        if dataset is None:
            raise NotConfigured(SOURCE, f"No load forecast is known for {iso}; prices or a tariff take its place.")
        return Series(SOURCE, "MW", now, self._forecast(dataset, start, end, now))

    def sun_and_wind(self, iso: str, start: datetime, end: datetime, now: datetime) -> Series:
        """The newest forecast of all sun and wind power in [start, end), MW; hours of which a part is not known are left out."""
        datasets = grid_of(iso).sun_and_wind
        if not datasets:
            raise NotConfigured(SOURCE, f"No forecast of sun and wind is known for {iso}.")
        parts = [{point.start: point for point in self._forecast(dataset, start, end, now)} for dataset in datasets]
        common = [at for at in parts[0] if all(at in part for part in parts)]
        return Series(SOURCE, "MW", now, tuple(Point(at, parts[0][at].end, sum(part[at].value for part in parts)) for at in common))

    def day_ahead_prices(self, iso: str, location: str | None, start: datetime, end: datetime, now: datetime) -> Series:
        """Wholesale prices in [start, end) per kWh. `location`: GRID_LOCATION, or None for the ISO's main hub."""
        grid = grid_of(iso)
        place = location or grid.location
        if not place:
            raise NotConfigured(SOURCE, f"Set GRID_LOCATION: {iso} has no usual place for prices.")
        rows = self._rows(grid.prices, start, end, {"filter_column": "location", "filter_value": place})
        if not rows and place not in grid.locations:  # the past hours are in the span, so a place that exists has rows
            raise NotConfigured(SOURCE, f"GRID_LOCATION={place} has no prices at {iso}. {places(iso)}")
        return Series(SOURCE, f"{grid.currency}/kWh", now, _points(rows, {grid.price_column: 1}, PRICES, now, 1 / KW_PER_MW))

    def average_co2(self, iso: str, start: datetime, end: datetime, now: datetime) -> Series:
        """What a kWh of the grid's mix emitted in the hours of [start, end), g/kWh on average."""
        hours: dict[datetime, list[float]] = defaultdict(list)
        for row in self._rows(grid_of(iso).mix, start, min(end, now), {}):
            at, grams = _time(row, "interval_start_utc"), intensity(_fuels(row))
            if at is not None and grams is not None:
                hours[at.replace(minute=0, second=0, microsecond=0)].append(grams)
        if not hours:
            raise BadAnswer(SOURCE, f"GridStatus' fuel mix of {iso} holds no usable row.")
        return Series(SOURCE, "g/kWh", now, tuple(Point(at, at + HOUR, sum(hours[at]) / len(hours[at])) for at in sorted(hours)))

    def _forecast(self, dataset: Dataset, start: datetime, end: datetime, now: datetime) -> tuple[Point, ...]:
        where = {} if dataset.where is None else {"filter_column": dataset.where[0], "filter_value": dataset.where[1]}
        rows = self._rows(dataset.id, start, end, {**where, "publish_time": "latest"})
        return _points(rows, dataset.columns, MEGAWATTS, now)

    def _rows(self, dataset: str, start: datetime, end: datetime, more: Mapping[str, str]) -> list[Row]:
        url = self.url.rstrip("/")
        if not may_carry_secret(url):
            raise NotConfigured(SOURCE, "GRID_STATUS_URL must begin with https:// so that the key is not sent in the clear.")
        asked = {**more, "start": start.astimezone(UTC), "end": end.astimezone(UTC), "limit": ROWS, "page_size": ROWS}
        return rows_of(url, self.key, self.http, self.before, dataset, asked)


def grid_of(iso: str) -> Grid:
    """The table's row. Raises NotConfigured with the list of valid ones."""
    grid = GRIDS.get(iso.upper())
    if grid is None:
        raise NotConfigured(SOURCE, f"GRID_ISO must be one of {', '.join(GRIDS)}, not {iso}.")
    return grid


def places(iso: str) -> str:
    """The sentence that names the best known price locations."""
    known = grid_of(iso).locations
    return f"Known there: {', '.join(known)}; or a node's name as {iso} writes it." if known else f"Look one up at {iso}."


def _fuels(row: Row) -> dict[str, float]:
    """{fuel: MW} of a row of a fuel mix or of a standardized dataset."""
    prefixed = any(name.startswith("fuel_mix.") for name in row)
    names = [name for name in row if (name.startswith("fuel_mix.") if prefixed else not name.startswith(("interval_", "time")))]
    values = {name: root(SOURCE, row).number(name, *MEGAWATTS) for name in names}
    return {name: value for name, value in values.items() if not isinstance(value, Missing)}


def _points(
    rows: Iterable[Row], columns: Mapping[str, int], within: tuple[float, float], now: datetime, factor: float = 1.0
) -> tuple[Point, ...]:
    """Points in time order without overlap; rows without a value, or published later than now, are left out. Of two rows with one start
    the later published wins, then the later one."""
    found: dict[datetime, tuple[datetime, Point]] = {}
    seen = False
    for row in rows:
        start, end, value = _time(row, "interval_start_utc"), _time(row, "interval_end_utc"), _value(row, columns, within)
        published = _time(row, "publish_time_utc") or datetime.min.replace(tzinfo=UTC)
        seen = seen or published <= now
        if start is None or end is None or value is None or not start < end or published > now:
            continue
        if start not in found or published >= found[start][0]:
            found[start] = (published, Point(start, end, value * factor))
    if seen and not found:
        raise BadAnswer(SOURCE, f"GridStatus' rows hold no usable {' and '.join(columns)}.")
    return in_order(point for _, point in found.values())


def _value(row: Row, columns: Mapping[str, int], within: tuple[float, float]) -> float | None:
    node, total = root(SOURCE, row), 0.0
    for name, sign in columns.items():
        value = node.number(name, *within)
        if isinstance(value, Missing):
            return None
        total += sign * value
    return total


def _time(row: Row, key: str) -> datetime | None:
    """The library has made times of most of them already; the columns are UTC by name."""
    value = row.get(key)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return utc(value if value.tzinfo else value.replace(tzinfo=UTC))
