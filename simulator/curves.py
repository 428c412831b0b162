"""What changes with time from outside the house: load, prices, grid load, CO2, clouds. A curve is a plain function of an aware datetime."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

Curve = Callable[[datetime], float]

HOME_AM_W = (320, 300, 290, 290, 300, 340, 520, 780, 640, 480, 430, 430)  # by local hour
HOME_PM_W = (460, 440, 430, 470, 620, 980, 1500, 1650, 1400, 1050, 700, 450)
EVENING_HOME_W = HOME_AM_W + HOME_PM_W
GRID_AM_GW = (22.8, 21.9, 21.3, 21.0, 21.3, 22.4, 24.0, 24.6, 23.9, 22.8, 21.9, 21.4)
GRID_PM_GW = (21.3, 21.8, 22.7, 24.1, 26.2, 28.9, 30.4, 30.1, 29.0, 27.4, 25.5, 23.9)
GRID_SHAPE = GRID_AM_GW + GRID_PM_GW


def constant(value: float) -> Curve:
    return lambda _at: value


def by_hour(values: Sequence[float], zone: tzinfo) -> Curve:
    """24 values, one for each local hour of the day."""
    return lambda at: float(values[at.astimezone(zone).hour])


def points(starts: Sequence[datetime], values: Sequence[float]) -> Curve:
    """Each value holds from its start (aware, ascending) to the next one; the first also before, the last for ever."""
    ordered = list(starts)
    return lambda at: values[max(0, bisect_right(ordered, at) - 1)]


def grid_load(zone: tzinfo) -> Curve:
    """A grid of about 25,000 MW with an evening peak and quieter weekends, in MW."""

    def load(at: datetime) -> float:
        local = at.astimezone(zone)
        weekend = 0.94 if local.weekday() >= 5 else 1.0
        season = 1 + 0.12 * math.cos(2 * math.pi * (local.timetuple().tm_yday - 210) / 365)
        return round(GRID_SHAPE[local.hour] * 1000 * weekend * season, 1)

    return load


def market_price(zone: tzinfo) -> Curve:
    """A day-ahead price per kWh that follows the grid's load, dips under the midday sun and differs from day to day."""
    load = grid_load(zone)

    def price(at: datetime) -> float:
        local = at.astimezone(zone)
        drift = 1 + 0.25 * math.sin(local.toordinal() * 2.399)
        midday = 0.022 * max(0.0, math.cos((local.hour - 12.5) * math.pi / 9))
        return round(max(-0.01, (load(at) - 15000) / 200_000 * drift - midday + 0.01), 5)

    return price


def average_co2(zone: tzinfo) -> Curve:
    """Average g/kWh: lowest under the midday sun."""
    shape = [330 - 140 * max(0.0, math.cos((hour - 12.5) * math.pi / 10)) for hour in range(24)]
    return by_hour(shape, zone)


def mild_year(zone: tzinfo) -> Curve:
    """deg C: 9 on a January day and 21 in July, five degrees less before sunrise and five more in the afternoon."""

    def temperature(at: datetime) -> float:
        local = at.astimezone(zone)
        season = -6 * math.cos(2 * math.pi * (local.timetuple().tm_yday - 15) / 365)
        return round(15 + season + 5 * math.cos(2 * math.pi * (local.hour + local.minute / 60 - 15) / 24), 1)

    return temperature


@dataclass(frozen=True, slots=True)
class Tou:
    """A time-of-use tariff: `rates` as (price, "16:00-21:00"), first match wins; `rest` at other times; `export` for a kWh given back."""

    name: str
    rest: float
    rates: tuple[tuple[float, str], ...] = ()
    export: float | None = None
    currency: str = "USD"

    def price_at(self, local: datetime) -> float:
        minute = local.hour * 60 + local.minute
        return next((price for price, hours in self.rates if _within(minute, hours)), self.rest)

    def curve(self, zone: tzinfo) -> Curve:
        return lambda at: self.price_at(at.astimezone(zone))

    def toml(self) -> str:
        """The same tariff as a file for the TARIFF setting."""
        lines = [f'name = "{self.name}"', f'currency = "{self.currency}"']
        lines += [] if self.export is None else [f"export = {self.export}"]
        for price, hours in self.rates:
            lines += ["", "[[period]]", f"price = {price}", f'hours = "{hours}"']
        return "\n".join([*lines, "", "[[period]]", f"price = {self.rest}", ""])


def _within(minute: int, hours: str) -> bool:
    start, end = (_minutes(text) for text in hours.split("-"))
    return start <= minute < end if start < end else minute >= start or minute < end


def _minutes(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


EV_NIGHT = Tou("ev-night", rest=0.34, rates=((0.24, "00:00-15:00"), (0.49, "16:00-21:00")), export=0.06)


def hour_of(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def hours_between(start: datetime, end: datetime) -> list[datetime]:
    """The starts of all hours in [start, end), on the clock hour of `start` or the next."""
    first = hour_of(start)
    first = first if first == start else first + timedelta(hours=1)
    count = max(0, math.ceil((end - first) / timedelta(hours=1)))
    return [first + timedelta(hours=step) for step in range(count)]
