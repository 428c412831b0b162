"""Open-Meteo's HTTP form (facts/grid_calendar_maps.md 4): hourly columns from today's first hour (UTC) on, no key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from .faults import Faults
from .server import Loopback, Reply, Request, reply
from .weather import Sky

HOUR = timedelta(hours=1)
USUAL_DAYS, MOST_DAYS = 7, 16
BOUNDS = {"latitude": 90.0, "longitude": 180.0, "azimuth": 180.0}
UNITS = {"temperature_2m": "°C", "global_tilted_irradiance": "W/m²"}


class OpenMeteoServer:
    """Serves the forecasts of `sky` at `url`. `requests`: how many came."""

    def __init__(self, sky: Sky, faults: Faults | None = None, port: int = 0) -> None:
        self.sky = sky
        self.columns: Mapping[str, Callable[[datetime], float]] = {
            "temperature_2m": sky.forecast_warmth,
            "global_tilted_irradiance": sky.forecast_light,
        }
        self.server = Loopback(self._answer, faults, port=port)
        self.url = self.server.url

    @property
    def requests(self) -> int:
        return len(self.server.log)

    def close(self) -> None:
        self.server.close()

    def _answer(self, request: Request) -> Reply:
        if request.path != "/v1/forecast":
            return reply(404, {"error": True, "reason": "Not Found"})
        wrong = _wrong(request.query) or next((f"Unknown variable '{name}'" for name in _names(request) if name not in UNITS), "")
        days = request.query.get("forecast_days", str(USUAL_DAYS))
        if wrong or not days.isdecimal() or int(days) > MOST_DAYS:
            return reply(400, {"error": True, "reason": wrong or f"Forecast days is invalid. Allowed range 0 to {MOST_DAYS}."})
        names = _names(request)
        with self.sky.world.lock:
            first = self.sky.world.now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
            times = [first + HOUR * number for number in range(24 * int(days))]
            columns = {name: [round(self.columns[name](at), 1) for at in times] for name in names}
        hourly = {"time": [f"{at:%Y-%m-%dT%H:%M}" for at in times], **columns}
        place = {name: float(request.query[name]) for name in ("latitude", "longitude")}
        units = {"time": "iso8601", **{name: UNITS[name] for name in names}}
        zone = {"utc_offset_seconds": 0, "timezone": "GMT", "timezone_abbreviation": "GMT", "elevation": 12.0}
        return reply(200, {**place, "generationtime_ms": 0.1, **zone, "hourly_units": units, "hourly": hourly})


def _names(request: Request) -> list[str]:
    return [name for name in request.query.get("hourly", "").split(",") if name]


def _wrong(query: Mapping[str, str]) -> str:
    """What Open-Meteo would say of these numbers."""
    for name in ("latitude", "longitude"):
        if name not in query:
            return f"Parameter '{name}' is missing."
    for name, most in BOUNDS.items():
        if not _within(query.get(name, "0"), -most, most):
            return f"{name.capitalize()} must be in range of -{most:g} to {most:g}. Given: {query[name]}."
    return "" if _within(query.get("tilt", "0"), 0.0, 90.0) else "Tilt must be between 0° and 90°"


def _within(text: str, low: float, high: float) -> bool:
    try:
        return low <= float(text) <= high
    except ValueError:
        return False
