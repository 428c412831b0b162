"""The weather at home from Open-Meteo: temperature, and the irradiance on tilted panels. No key; 10,000 requests a day are free for
use that is not commercial (facts: open-meteo.com/en/docs). Data under CC BY 4.0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from clients.http import Ask, Http
from clients.intervals import utc
from clients.values import Node, root
from errors import BadAnswer
from model import Missing, Place, Point, Series
from model_sun import Weather

SOURCE = "weather"
LIMIT_S = 10.0  # less than a cycle looks: a time-out must be noted, or a page that hangs is asked in each cycle
NAME = "Open-Meteo"
HOUR = timedelta(hours=1)
DAYS = 8
TEMPERATURE, IRRADIANCE = "temperature_2m", "global_tilted_irradiance"
COLDEST, HOTTEST, BRIGHTEST = -90.0, 60.0, 1500.0
SOUTH = 180  # the compass' south is Open-Meteo's 0; east is -90 there


@dataclass(frozen=True, slots=True)
class Panels:
    """`tilt`: 0 lies flat; `azimuth`: compass degrees, 180 is south."""

    tilt: int
    azimuth: int


def forecast(url: str, place: Place, panels: Panels | None, http: Http, now: datetime) -> Weather:
    """The hours of today and the coming week. The place is rounded to 1 km: the weather needs no more. Raises BadAnswer, TooMany ..."""
    wanted = [TEMPERATURE, *([IRRADIANCE] if panels else [])]
    params: Mapping[str, str] = {
        "latitude": f"{place.lat:.2f}",
        "longitude": f"{place.lon:.2f}",
        "hourly": ",".join(wanted),
        "timezone": "GMT",
        "forecast_days": str(DAYS),
    }
    if panels is not None:
        params = {**params, "tilt": str(panels.tilt), "azimuth": str(panels.azimuth - SOUTH)}
    ask = Ask(SOURCE, f"{url.rstrip('/')}/v1/forecast", params=params, limit_s=LIMIT_S)
    answer = root(SOURCE, http.ask(ask).require().json())
    times = _times(answer)
    warm = tuple(Point(at, at + HOUR, value) for at, value in _column(answer, TEMPERATURE, times, COLDEST, HOTTEST))
    if not warm:
        raise BadAnswer(SOURCE, f"{NAME} sent no usable {TEMPERATURE}.")
    temperature = Series(NAME, "deg C", now, warm)
    if panels is None:
        return Weather(now, temperature, Missing(SOURCE, "SOLAR_KWP is not set"))
    # the mean of the hour before the time that it stands at
    light = tuple(Point(at - HOUR, at, value) for at, value in _column(answer, IRRADIANCE, times, 0.0, BRIGHTEST))
    if not light:
        return Weather(now, temperature, Missing(SOURCE, f"{NAME} sent no usable {IRRADIANCE}"))
    return Weather(now, temperature, Series(NAME, "W/m2", now, light))


def _times(answer: Node) -> list[datetime]:
    """Full hours, UTC as asked for. Raises BadAnswer."""
    found = answer.node("hourly").data.get("time")
    if not isinstance(found, list) or not found:
        raise BadAnswer(SOURCE, f"{NAME}'s answer holds no hourly times.")
    try:
        times = [datetime.fromisoformat(str(text)) for text in found]
    except ValueError:
        raise BadAnswer(SOURCE, f"{NAME}'s answer holds a time that is none: {str(found[0])[:40]}.") from None
    aware = [known for at in times if (known := utc(at if at.tzinfo else at.replace(tzinfo=UTC))) is not None]
    if len(aware) < len(times):
        raise BadAnswer(SOURCE, f"{NAME}'s answer holds a time that cannot be meant: {str(found[0])[:40]}.")
    if any(later - sooner < HOUR for sooner, later in pairwise(aware)):
        raise BadAnswer(SOURCE, f"{NAME}'s hours are not in order.")
    return aware


def _column(answer: Node, name: str, times: list[datetime], low: float, high: float) -> Iterator[tuple[datetime, float]]:
    """Time and value where there is one; null and what cannot be are left out."""
    values = answer.node("hourly").data.get(name)
    if not isinstance(values, list) or len(values) != len(times):
        return
    for at, value in zip(times, values, strict=True):
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            yield at, float(value)
