"""Load forecasts and day-ahead prices from GridStatus over plain HTTP: one GET each (facts: their OpenAPI page and catalogue).

The free plan has 250 requests a month, so nothing is repeated here and the caller keeps what it gets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from clients.http import Ask, Http, may_carry_secret
from clients.values import Node, root
from errors import BadAnswer, NotConfigured
from model import Missing, Point, Series

SOURCE = "gridstatus"
ROWS = 1000  # over all pages; three days of hourly rows are 72
MOST_PAGES = 5
KW_PER_MW = 1000


@dataclass(frozen=True, slots=True)
class Grid:
    """What one ISO publishes. `load`: dataset of the forecast, "" where none is known; `price_column`: $/MWh at `location`, unless the
    owner names another; `currency`: of the prices."""

    load: str
    prices: str
    price_column: str = "lmp"
    location: str = ""
    currency: str = "USD"


GRIDS: Mapping[str, Grid] = {
    "CAISO": Grid("caiso_load_forecast", "caiso_lmp_day_ahead_hourly", location="TH_NP15_GEN-APND"),
    "ERCOT": Grid("ercot_load_forecast", "ercot_spp_day_ahead_hourly", price_column="spp", location="HB_HUBAVG"),
    "PJM": Grid("pjm_load_forecast", "pjm_lmp_day_ahead_hourly", location="PJM RTO"),
    "MISO": Grid("miso_load_forecast", "miso_lmp_day_ahead_hourly", location="ILLINOIS.HUB"),
    "NYISO": Grid("nyiso_load_forecast", "nyiso_lmp_day_ahead_hourly", location="N.Y.C."),
    "ISONE": Grid("isone_load_forecast", "isone_lmp_day_ahead_hourly", location=".H.INTERNAL_HUB"),
    "SPP": Grid("spp_load_forecast", "spp_lmp_day_ahead_hourly", location="SPPNORTH_HUB"),
    "IESO": Grid("", "ieso_lmp_day_ahead_hourly", currency="CAD"),
}


class GridStatus:
    def __init__(self, url: str, key: str, http: Http) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._http = http

    def load_forecast(self, iso: str, start: datetime, end: datetime, now: datetime) -> Series:
        """The newest forecast of the grid's load in [start, end), MW. Raises NotConfigured, LoginDead, TooMany, BadAnswer ..."""
        dataset = _grid(iso).load
        if not dataset:
            raise NotConfigured(SOURCE, f"No load forecast is known for {iso}; prices or a tariff take its place.")
        rows = self._rows(dataset, {**_span(start, end), "publish_time": "latest"})
        return Series(SOURCE, "MW", now, _points(rows, "load_forecast", 1.0))

    def day_ahead_prices(self, iso: str, location: str | None, start: datetime, end: datetime, now: datetime) -> Series:
        """Wholesale prices in [start, end) per kWh. `location`: GRID_LOCATION, or None for the ISO's main hub."""
        grid = _grid(iso)
        place = location or grid.location
        if not place:
            raise NotConfigured(SOURCE, f"Set GRID_LOCATION: {iso} has no usual place for prices.")
        rows = self._rows(grid.prices, {**_span(start, end), "filter_column": "location", "filter_value": place})
        return Series(SOURCE, f"{grid.currency}/kWh", now, _points(rows, grid.price_column, 1 / KW_PER_MW))

    def _rows(self, dataset: str, params: Mapping[str, str]) -> list[Node]:
        url = f"{self._url}/v1/datasets/{dataset}/query"  # no slash at the end: that is redirected to http with the key
        if not may_carry_secret(url):
            raise NotConfigured(SOURCE, "GRID_STATUS_URL must begin with https:// so that the key is not sent in the clear.")
        rows: list[Node] = []
        for page in range(1, MOST_PAGES + 1):
            paged = {**params, "order": "asc", "limit": str(ROWS), "page": str(page), "page_size": str(ROWS)}
            ask = Ask(SOURCE, url, headers={"x-api-key": self._key}, params=paged, secrets=(self._key,), retry=False)
            answer = root(SOURCE, self._http.ask(ask).require().json())
            data = answer.data.get("data")
            if not isinstance(data, list):
                raise BadAnswer(SOURCE, f"GridStatus' answer for {dataset} holds no data list.")
            rows += [root(SOURCE, row) for row in data]
            if not data or answer.node("meta").data.get("hasNextPage") is not True:
                break
        return rows


def _grid(iso: str) -> Grid:
    grid = GRIDS.get(iso.upper())
    if grid is None:
        raise NotConfigured(SOURCE, f"GRID_ISO must be one of {', '.join(GRIDS)}, not {iso}.")
    return grid


def _span(start: datetime, end: datetime) -> Mapping[str, str]:
    return {"start_time": start.astimezone(UTC).isoformat(), "end_time": end.astimezone(UTC).isoformat()}


def _points(rows: Iterable[Node], column: str, factor: float) -> tuple[Point, ...]:
    """Points in time order without overlap; rows without a value are left out, a later row replaces one with the same start."""
    found: dict[datetime, Point] = {}
    seen = False
    for row in rows:
        seen = True
        value = row.number(column)
        start, end = _time(row, "interval_start_utc"), _time(row, "interval_end_utc")
        if not isinstance(value, Missing) and start < end:
            found[start] = Point(start, end, value * factor)
    if seen and not found:
        raise BadAnswer(SOURCE, f"GridStatus' rows hold no usable {column}.")
    ordered = sorted(found.values(), key=lambda point: point.start)
    cut = [Point(one.start, min(one.end, two.start), one.value) for one, two in pairwise(ordered)]
    return (*cut, *ordered[-1:])


def _time(row: Node, key: str) -> datetime:
    text = row.text(key)
    try:
        time = datetime.fromisoformat(str(text if isinstance(text, str) else ""))
    except ValueError:
        raise BadAnswer(SOURCE, f"GridStatus' {key} is no time: {row.missing(key).why}.") from None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)  # the column is UTC by name
