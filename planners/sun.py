"""What the roof will give: panels x irradiance x what past days have shown, and for the next hours what it gives now."""

from __future__ import annotations

from datetime import datetime, timedelta

from model import Missing, Point, Series
from model_sun import Learned

USUAL_SHARE = 0.8  # heat, dust, cables, inverter (facts: kW = kWp x GTI / 1000 x 0.8)
TOO_OLD = timedelta(days=2)
NOW_COUNTS = timedelta(hours=1)  # a cloud of now says half as much of the next hour, a quarter of the one after it
LEAST_SHARE = 0.05  # of the nameplate: below it a ratio says nothing
MOST, LEAST = 2.0, 0.2


def sun(irradiance: Series | Missing, kwp: float, learned: Learned | None, measured_w: float | None, now: datetime) -> Series | Missing:
    """Expected W from now on. `measured_w`: what the roof gives now, where that is known."""
    if isinstance(irradiance, Missing):
        return irradiance
    if now - irradiance.fetched_at > TOO_OLD:
        return Missing("weather", "the forecast is more than two days old")
    share = learned.share if learned is not None and learned.share is not None else USUAL_SHARE
    most = kwp * 1000 if learned is None or learned.highest_w is None else learned.highest_w
    ahead = [Point(each.start, each.end, max(0.0, each.value) * kwp * share) for each in irradiance.points if each.end > now]
    if not ahead:
        return Missing("weather", "the forecast does not reach this hour")
    ratio = _ratio(ahead[0], kwp, measured_w, now)
    points = [Point(one.start, one.end, min(most, one.value * (1 + (ratio - 1) * _weight(one.start - now)))) for one in ahead]
    said = "as measured on this roof" if learned is not None and learned.share is not None else "assumed"
    return Series(f"{irradiance.source}, {share:.0%} of the panels' power {said}", "W", irradiance.fetched_at, tuple(points))


def _ratio(first: Point, kwp: float, measured_w: float | None, now: datetime) -> float:
    """What it gives now, against what was forecast for this hour."""
    if measured_w is None or first.start > now or first.value < LEAST_SHARE * kwp * 1000:
        return 1.0
    return min(MOST, max(LEAST, measured_w / first.value))


def _weight(ahead: timedelta) -> float:
    return float(0.5 ** (max(timedelta(), ahead) / NOW_COUNTS))
