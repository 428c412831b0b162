"""GridStatus' HTTP form (facts/grid_calendar_maps.md 1.6, 1.7): load forecast and day-ahead prices, paged, behind an x-api-key."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from clients.gridstatus_table import GRIDS

from .curves import Curve, hours_between
from .faults import Faults
from .server import Loopback, Reply, Request, reply

Row = dict[str, object]
PUBLISHED_AT_HOUR = 13  # local: tomorrow's prices are there from then on
FORECAST = timedelta(days=7)
PRICE_SETS = {"caiso": ("lmp_day_ahead_hourly", "lmp", "TH_NP15_GEN-APND"), "ercot": ("spp_day_ahead_hourly", "spp", "HB_HUBAVG")}
FIVE_MINUTES = timedelta(minutes=5)
NO_POWER: Curve = lambda _at: 0.0  # noqa: E731 - the curve of what is not there


@dataclass(frozen=True, slots=True)
class Market:
    """What a grid publishes. `price` per kWh (sent per MWh), `load`, `sun` and `wind` MW; `now`: its clock, in the market's own zone; `iso`
    in lower case."""

    iso: str
    price: Curve
    load: Curve
    now: Callable[[], datetime]
    sun: Curve = NO_POWER
    wind: Curve = NO_POWER

    def priced_until(self) -> datetime:
        """Prices are known to the end of the day, and from 13:00 to the end of the next."""
        now = self.now()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + timedelta(days=2 if now.hour >= PUBLISHED_AT_HOUR else 1)


class GridStatusServer:
    """Serves `market` at `url`. `requests`: how many came; `per_second`: answer 429 to a second one within the same real second."""

    def __init__(self, market: Market, key: str = "simulated-key", faults: Faults | None = None, port: int = 0) -> None:
        self.market = market
        self.key = key
        self.per_second = False
        self._last = -1.0
        self.server = Loopback(self._answer, faults, port=port)
        self.url = self.server.url

    @property
    def requests(self) -> int:
        return len(self.server.log)

    def close(self) -> None:
        self.server.close()

    def _answer(self, request: Request) -> Reply:
        key = request.headers.get("x-api-key")
        if key != self.key:
            return reply(401, {"detail": "Invalid API key" if key else "API key is required."})
        if self._too_soon():
            return reply(429, {"detail": "Too Many Requests. Limit: 1 per 1 second."})
        parts = request.path.strip("/").split("/")
        if request.path == "/v1/api_usage":
            return reply(200, {"plan_name": "Free", "current_period_usage": {"total_requests": self.requests}})
        if len(parts) != 4 or parts[:2] != ["v1", "datasets"] or parts[3] != "query":
            return reply(404, {"detail": "Not Found"})
        span = _span(request, self.market.now())
        if span is None:
            return reply(422, {"detail": [{"loc": ["query", "start_time"], "msg": "invalid datetime format"}]})
        rows = self._rows(parts[2], request, *span)
        return reply(404, {"detail": f"Dataset {parts[2]} not found"}) if rows is None else _page(request, rows)

    def _too_soon(self) -> bool:
        before, self._last = self._last, time.monotonic()
        return self.per_second and self._last - before < 1

    def _rows(self, dataset: str, request: Request, start: datetime, end: datetime) -> Sequence[Row] | None:
        iso = self.market.iso
        name, column, place = PRICE_SETS.get(iso, ("lmp_day_ahead_hourly", "lmp", "HUB"))
        if dataset == f"{iso}_load_forecast":
            until = min(end, self.market.now() + FORECAST)
            published = {"publish_time_utc": _text(self.market.now().replace(minute=0, second=0, microsecond=0))}
            return [{**_hour(at), **published, "load_forecast": self.market.load(at)} for at in hours_between(start, until)]
        if dataset == f"{iso}_fuel_mix":
            return self._mix(start, min(end, self.market.now()))
        if iso == "pjm" and dataset in ("pjm_solar_forecast_hourly", "pjm_wind_forecast_hourly"):
            kind = dataset.split("_")[1]
            made = self.market.sun if kind == "solar" else self.market.wind
            return [{**_hour(at), f"{kind}_forecast": made(at)} for at in hours_between(start, min(end, self.market.now() + FORECAST))]
        if dataset in (f"{iso}_solar_and_wind_forecast_dam", f"{iso}_net_load_forecast"):
            return self._renewables(start, min(end, self.market.now() + FORECAST))
        if dataset != f"{iso}_{name}":
            return None
        place = request.query.get("filter_value", place) if request.query.get("filter_column") == "location" else place
        known = GRIDS[iso.upper()].locations if iso.upper() in GRIDS else ()
        if known and place not in known:
            return []
        where: Row = {"location": place, "location_type": "Trading Hub", "market": "DAY_AHEAD_HOURLY"}
        until = min(end, self.market.priced_until())
        return [{**_hour(at), **where, column: round(self.market.price(at) * 1000, 5)} for at in hours_between(start, until)]

    def _mix(self, start: datetime, end: datetime) -> list[Row]:
        """Sun and wind as they are, gas for the rest."""
        rows, at, market = list[Row](), start, self.market
        while at < end:
            made = {"solar": market.sun(at), "wind": market.wind(at), "batteries": -100.0}
            rest = max(0.0, market.load(at) - sum(made.values()))
            rows.append({**_interval(at, FIVE_MINUTES), **made, "natural_gas": rest})
            at += FIVE_MINUTES
        return rows

    def _renewables(self, start: datetime, end: datetime) -> list[Row]:
        market, place = self.market, {"location": "CAISO"} if self.market.iso == "caiso" else {}
        rows = list[Row]()
        for at in hours_between(start, end):
            load, sun, wind = market.load(at), market.sun(at), market.wind(at)
            net = {"load_forecast": load, "net_load_forecast": load - sun - wind}
            rows.append({**_hour(at), **place, "solar_mw": sun, "wind_mw": wind, **(net if market.iso != "caiso" else {})})
        return rows


def _hour(at: datetime) -> Row:
    return _interval(at, timedelta(hours=1))


def _interval(at: datetime, length: timedelta) -> Row:
    return {"interval_start_utc": _text(at), "interval_end_utc": _text(at + length)}


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _span(request: Request, now: datetime) -> tuple[datetime, datetime] | None:
    """start_time (included) and end_time (excluded); without them a day back and a week ahead. Naive times are UTC."""
    try:
        start, end = (
            datetime.fromisoformat(request.query[name]) if name in request.query else now + otherwise
            for name, otherwise in (("start_time", timedelta(days=-1)), ("end_time", FORECAST))
        )
    except ValueError:
        return None
    return (start if start.tzinfo else start.replace(tzinfo=UTC)).astimezone(UTC), (
        end if end.tzinfo else end.replace(tzinfo=UTC)
    ).astimezone(UTC)


def _page(request: Request, rows: Sequence[Row]) -> Reply:
    """`limit` counts over all pages, page_size for one."""
    limit = _whole(request, "limit", 50_000)
    size = max(1, _whole(request, "page_size", 50_000))
    page = max(1, _whole(request, "page", 1))
    shown = rows[:limit][(page - 1) * size : page * size]
    more = page * size < len(rows[:limit])
    meta = {"page": page, "page_size": size, "limit": limit, "hasNextPage": more, "cursor": None}
    return reply(200, {"status_code": 200, "data": _in_shape(request, shown), "meta": meta, "dataset_metadata": {}})


def _in_shape(request: Request, rows: Sequence[Row]) -> list[object]:
    """Objects, or the column names and then a list for each row, as the gridstatusio library asks for it."""
    if request.query.get("json_schema") != "array-of-arrays":
        return list(rows)
    return [list(rows[0]), *(list(row.values()) for row in rows)] if rows else []


def _whole(request: Request, name: str, otherwise: int) -> int:
    text = request.query.get(name, "")
    return int(text) if text.isdecimal() else otherwise
