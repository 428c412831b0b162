"""The grid's load less its sun and wind: what the other plants must give. Prices follow it closer than the load (CAISO 2022: rank
correlation within a day 0.85 with net load, 0.74 with load), and it is what a car can relieve."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from datetime import datetime, timedelta

from model import Missing, Point, Series

DAY = timedelta(days=1)
DAYS_BACK = 3
NET = "net load"


def net_load(load: Series | Missing, sun_and_wind: Series | Missing, now: datetime) -> Series | Missing:
    """Net where sun and wind are known; beyond their forecast they are as on the day before (up to three). Load and net load are not mixed:
    where the net load does not reach now and a day ahead, the load itself stays."""
    if isinstance(load, Missing) or isinstance(sun_and_wind, Missing) or not sun_and_wind.points:
        return load
    starts = [point.start for point in sun_and_wind.points]
    found = [(point, _made(sun_and_wind, starts, point.start)) for point in load.points]
    points = tuple(Point(point.start, point.end, point.value - made) for point, made in found if made is not None)
    ahead = [point for point in load.points if point.end > now and point.start < now + DAY]
    enough = sum(point.end > now and point.start < now + DAY for point in points) >= len(ahead) > 0
    return replace(load, source=f"{load.source} {NET}", points=points) if enough else load


def _made(series: Series, starts: list[datetime], at: datetime) -> float | None:
    for days in range(DAYS_BACK + 1):
        when = at - days * DAY
        index = bisect_right(starts, when) - 1
        if index >= 0 and when < series.points[index].end:
            return series.points[index].value
    return None
