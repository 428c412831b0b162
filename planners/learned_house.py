"""What past days show of roof and house: the share of the irradiance that became power, the most of it, and the usual load without cars."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise

from model import SLOT, Missing, Series
from model_sun import HouseMoment, Learned

HOLDS = timedelta(hours=1)  # rows are written on change: a row stands for so long at most
QUARTERS, DAY = 96, timedelta(days=1)
BRIGHT = 50.0  # W/m2; below it both numbers are small and their ratio is noise
HOURS_NEEDED = 16.0  # of sun measured, two days of winter, before the share counts
CLIP_AFTER = timedelta(days=14)  # before that, dull days would pass for the inverter's limit
MOST, LEAST = 1.3, 0.1
USUAL = 0.8

Span = tuple[datetime, datetime, HouseMoment]
Cells = dict[int, tuple[float, float, set[int]]]


def learn(moments: Sequence[HouseMoment], irradiance: Series | Missing, kwp: float | None, zone: tzinfo, now: datetime) -> Learned:
    """From the looks of the past weeks, in time order. Without panels, or where a meter sees only what is left of the sun, the house's load
    is what it takes from the grid and what the roof must have given meanwhile."""
    spans = list(_spans(moments, now))
    light = _lookup(irradiance)
    share = None if kwp is None else _share(spans, light, kwp)
    solar = [moment.solar_w for moment in moments if moment.solar_w is not None]
    long = bool(moments) and now - moments[0].at >= CLIP_AFTER
    load = _load(spans, lambda at: _modelled(light(at), kwp, share), zone)
    return Learned(now, share, max(solar) if solar and long and max(solar) > 0 else None, load)


def recent(moments: Sequence[HouseMoment], irradiance: Series | Missing, kwp: float | None, share: float | None) -> float | None:
    """The house without its cars in these looks, in W on average; None: none of them tells."""
    light = _lookup(irradiance)
    found = [own_w(moment, _modelled(light(moment.at), kwp, share)) for moment in moments]
    known = [watts for watts in found if watts is not None]
    return sum(known) / len(known) if known else None


def quarter(local: datetime) -> int:
    """Where a local time stands among the 672 quarters of an hour of a week."""
    return local.weekday() * QUARTERS + local.hour * 4 + local.minute // 15


def _spans(moments: Sequence[HouseMoment], now: datetime) -> Iterator[Span]:
    """Each look with the time for which it stands."""
    for one, following in pairwise([*moments, HouseMoment(now, None, None, None, None)]):
        end = min(following.at, one.at + HOLDS)
        if end > one.at:
            yield one.at, end, one


def _lookup(series: Series | Missing) -> Callable[[datetime], float | None]:
    points = () if isinstance(series, Missing) else series.points
    starts = [point.start for point in points]

    def value(at: datetime) -> float | None:
        index = bisect_right(starts, at) - 1
        return points[index].value if index >= 0 and at < points[index].end else None

    return value


def _share(spans: Sequence[Span], light: Callable[[datetime], float | None], kwp: float) -> float | None:
    """Measured over modelled energy, hours with light only."""
    hours = measured = modelled = 0.0
    for start, end, moment in spans:
        bright = light(start)
        if moment.solar_w is None or bright is None or bright < BRIGHT:
            continue
        length = (end - start) / timedelta(hours=1)
        hours, measured, modelled = hours + length, measured + moment.solar_w * length, modelled + bright * kwp * length
    return None if hours < HOURS_NEEDED else min(MOST, max(LEAST, measured / modelled))


def _modelled(light: float | None, kwp: float | None, share: float | None) -> float | None:
    """What the roof must have given, in W; None: not known."""
    if kwp is None:
        return 0.0
    return None if light is None else light * kwp * (USUAL if share is None else share)


def own_w(moment: HouseMoment, roof_w: float | None) -> float | None:
    """The house without its cars."""
    if moment.cars_w is None:
        return None
    if moment.load_w is not None:
        return max(0.0, moment.load_w - moment.cars_w)
    if moment.grid_w is None or roof_w is None:
        return None
    return max(0.0, moment.grid_w + roof_w - moment.cars_w)


def _load(spans: Sequence[Span], roof: Callable[[datetime], float | None], zone: tzinfo) -> tuple[float, ...]:
    """Means by weekday and quarter of an hour; where fewer than two days of that name are known, of its kind of day, else of all days."""
    cells: Cells = {}
    for start, end, moment in spans:
        watts = own_w(moment, roof(start))
        if watts is not None:
            _add(cells, start, end, watts, zone)
    if not cells:
        return ()
    every = sum(total for total, _, _ in cells.values()) / sum(weight for _, weight, _ in cells.values())
    return tuple(_usual(cells, day, place, every) for day in range(7) for place in range(QUARTERS))


def _add(cells: Cells, start: datetime, end: datetime, watts: float, zone: tzinfo) -> None:
    """Shares a look out among the quarters of an hour that it stands for."""
    while start < end:
        local = start.astimezone(zone)
        cut = min(end, start + SLOT - timedelta(seconds=start.timestamp() % SLOT.total_seconds()))
        weight, key = (cut - start).total_seconds(), quarter(local)
        total, seconds, days = cells.get(key, (0.0, 0.0, set()))
        days.add(local.toordinal())
        cells[key] = (total + watts * weight, seconds + weight, days)
        start = cut


def _usual(cells: Cells, day: int, place: int, every: float) -> float:
    kind = range(5) if day < 5 else range(5, 7)
    for days, least in (((day,), 2), (kind, 2), (range(7), 1)):
        found = [cells[one * QUARTERS + place] for one in days if one * QUARTERS + place in cells]
        if found and len(set().union(*(seen for _, _, seen in found))) >= least:
            return sum(total for total, _, _ in found) / sum(weight for _, weight, _ in found)
    return every
