"""Grid-load bands after intelligent-charge-scheduler: fewer amps while the grid is loaded, always some.

Mean and standard deviation of the load forecast over 6 h back and 66 h ahead: 25 % of the amps above mean + sd, 50 % above the mean, 75
% below it, all of them below mean - sd."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from model import Code, Missing, Reason, Series

BACK, AHEAD = timedelta(hours=6), timedelta(hours=66)


def band(load: Series | Missing, now: datetime, most: int, least: int) -> tuple[int, Reason]:
    """Amps for now. Without a forecast 75 %: neither the best nor the worst."""
    if isinstance(load, Missing):
        return _share(0.75, most, least), Reason(Code.BAND, f"no load forecast ({load.why}): 75 % of {most} A")
    window = [point for point in load.points if point.end > now - BACK and point.start < now + AHEAD]
    current = next((point.value for point in window if point.start <= now < point.end), None)
    if current is None:
        return _share(0.75, most, least), Reason(Code.BAND, f"the load forecast does not reach now: 75 % of {most} A")
    from statistics import fmean, pstdev  # 6 ms that other strategies need not pay at each cycle

    mean, sd = fmean(point.value for point in window), pstdev([point.value for point in window])
    if current > mean + sd:
        share, where = 0.25, "above mean + sd"
    elif current > mean:
        share, where = 0.5, "above the mean"
    elif current >= mean - sd:
        share, where = 0.75, "below the mean"
    else:
        share, where = 1.0, "below mean - sd"
    text = f"grid load {current / 1000:.1f} GW is {where} ({mean / 1000:.1f} and {sd / 1000:.1f} GW): {share:.0%} of {most} A"
    return _share(share, most, least), Reason(Code.BAND, text, {"load_mw": current, "mean_mw": mean, "sd_mw": sd})


def _share(share: float, most: int, least: int) -> int:
    return min(most, max(least, ceil(most * share)))
