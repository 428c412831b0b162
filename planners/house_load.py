"""What the house will draw without the cars: the usual for the weekday and quarter of an hour, moved to what it drew in the last hour."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from model import SLOT, Missing, Point, Series
from model_sun import Learned
from planners.learned_house import quarter

AHEAD = timedelta(days=4)
NOW_COUNTS = timedelta(hours=1)  # the deviation of the last hour is worth half as much an hour later


def house_load(learned: Learned | None, recent_w: float | None, now: datetime, zone: tzinfo) -> Series | Missing:
    """Expected W for the coming days. `recent_w`: the mean of the last hour, where it was measured."""
    usual = learned.load if learned is not None else ()
    if not usual and recent_w is None:
        return Missing("history", "the house has not been measured yet")
    first = now - timedelta(seconds=now.timestamp() % SLOT.total_seconds())
    starts = [first + SLOT * number for number in range(int(AHEAD / SLOT))]
    values = [usual[quarter(start.astimezone(zone))] if usual else recent_w or 0.0 for start in starts]
    off = 0.0 if recent_w is None else recent_w - values[0]
    fade = 0.5 ** (SLOT / NOW_COUNTS)
    points = []
    for start, value in zip(starts, values, strict=True):
        points.append(Point(start, start + SLOT, max(0.0, value + off)))
        off *= fade
    days = "past days and the last hour" if usual else "the last hour alone"
    return Series(f"house load from {days}", "W", learned.at if learned is not None and usual else now, tuple(points))
