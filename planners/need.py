"""What a car must have, by when: nested deadlines, the nearest first. Energy is counted at the wall and from now on, so each need includes
the earlier ones.

    MIN SOC      at once
    overdue      a departure missed by less than two hours goes on until unplugged
    READY SOC    at the next departure
    TARGET SOC   at the last departure within three days (when sun or price is good)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from config import Strategy
from model import Code, Missing
from model_decision import Need
from planners.case import Case
from planners.charge_limit import charge_limit_rule
from planners.departures import departures
from planners.texts import clock

OVERDUE_FOR = timedelta(hours=2)
TARGET_WITHIN = timedelta(days=3)


def needs(case: Case) -> tuple[Need, ...]:
    """All that is still to be charged, in order of `by`; empty when the car has what it must have."""
    if isinstance(case.level, Missing):
        return _assumed(case)
    found = [need for need in _wanted(case, float(case.level)) if need.kwh > 0]
    return tuple(_nested(sorted(found, key=lambda need: (need.by, need.soc))))


def goals(case: Case) -> tuple[float, float, int | None]:
    """(READY, TARGET, limit to raise to) in percent. Both are at most the owner's limit, but for the charge-limit rule within MAX_SOC."""
    limit = float(case.settings.max_soc) if isinstance(case.limit, Missing) else float(case.limit)
    if case.settings.strategy is Strategy.CHARGE_LIMIT:
        number = min(charge_limit_rule(case.snapshot.trips, case.now), case.settings.max_soc, _highest(case))
        return float(number), float(number), number if number > limit else None
    target = min(float(case.settings.target_soc or limit), limit)
    ready = min(float(case.settings.ready_soc or target), limit)
    return ready, max(ready, target), None


def _highest(case: Case) -> int:
    """The highest limit that this car takes: it cuts any other without a word, and the cut one would look like the owner's."""
    most = case.reading.limit_max_soc if not isinstance(case.reading, Missing) else case.reading
    return 100 if isinstance(most, Missing) else most


def least_soc(case: Case) -> float:
    """MIN_SOC, but not above the limit in the app: beyond that the car does not charge."""
    limit = float(case.settings.max_soc) if isinstance(case.limit, Missing) else float(case.limit)
    return min(float(case.settings.min_soc), limit)


def wall_kwh(case: Case, soc: float, goal: float) -> float:
    """Energy at the wall from `soc` to `goal` percent, losses included."""
    return max(0.0, goal - soc) / 100 * battery_kwh(case) / (case.settings.efficiency_percent / 100)


def battery_kwh(case: Case) -> float:
    """Usable capacity: what the car tells, where that is believable, else BATTERY_KWH."""
    told = case.reading.battery_kwh if not isinstance(case.reading, Missing) else case.reading
    return told if not isinstance(told, Missing) and 20 <= told <= 220 else case.settings.battery_kwh


def _wanted(case: Case, soc: float) -> Iterator[Need]:
    ready, target, raise_to = goals(case)
    goal = least_soc(case)
    if soc < goal:
        yield Need(case.now, goal, wall_kwh(case, soc, goal), Code.NEED_MIN, f"never below {goal:.0f} %")
    code = Code.NEED_RULE if case.settings.strategy is Strategy.CHARGE_LIMIT else Code.NEED_READY
    for at, text in _ready_times(case):
        yield Need(at, ready, wall_kwh(case, soc, ready), Code.OVERDUE if at <= case.now else code, text, raise_to)
    at = _target_time(case)
    if target > ready or not case.settings.departure_time:
        text = f"{target:.0f} % by {clock(at, case.now, case.settings.time_zone)}, when power is cheap or the sun shines"
        yield Need(at, target, wall_kwh(case, soc, target), Code.NEED_TARGET, text, raise_to)


def _ready_times(case: Case) -> Iterator[tuple[datetime, str]]:
    """The missed departure that still counts, and the next one."""
    zone = case.settings.time_zone
    for at in departures(case.settings, case.now - OVERDUE_FOR, case.now):
        if case.plug is not None and case.plug.since < at:
            yield at, f"you wanted to leave at {clock(at, case.now, zone)} and the car is not ready"
    upcoming = departures(case.settings, case.now, case.now + timedelta(days=8))
    if upcoming:
        yield upcoming[0], f"you usually leave at {clock(upcoming[0], case.now, zone)}"


def _target_time(case: Case) -> datetime:
    within = departures(case.settings, case.now, case.now + TARGET_WITHIN)
    return within[-1] if within else case.now + TARGET_WITHIN


def _assumed(case: Case) -> tuple[Need, ...]:
    """Without a reading of the car: ASSUMED_KWH by the next departure, less what the connector has delivered since the plug-in."""
    if case.plug is None and (case.charger is None or not case.charger.plugged):
        return ()
    left = case.settings.assumed_kwh - _delivered(case)
    upcoming = departures(case.settings, case.now, case.now + timedelta(days=8))
    by = upcoming[0] if upcoming else case.now + TARGET_WITHIN
    text = f"the car's charge is not known: {case.settings.assumed_kwh:g} kWh assumed (ASSUMED_KWH)"
    return (Need(by, 100.0, left, Code.ASSUMED_NEED, text),) if left > 0 else ()


def _delivered(case: Case) -> float:
    """kWh that the connector has counted since the plug-in; 0 where it does not count."""
    now = case.charger.energy_kwh if case.charger is not None else None
    then = case.plug.meter_kwh if case.plug is not None else None
    return max(0.0, now - then) if now is not None and then is not None else 0.0


def _nested(ordered: list[Need]) -> Iterator[Need]:
    """Drops a need that an earlier one already covers."""
    most = 0.0
    for need in ordered:
        if need.kwh > most + 1e-9:
            most = need.kwh
            yield need
