"""What a car must have, by when: nested deadlines, the nearest first. Energy is counted at the wall and from now on, so each need includes
the earlier ones.

    MIN SOC      at once
    overdue      a departure missed by less than two hours goes on until unplugged
    a drive      in the calendar: km, temperature, reserve and the way home, less what the drives before it leave (drives.py)
    READY SOC    at the next departure
    TARGET SOC   at the last departure within three days (when sun or price is good)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from config import Strategy
from model import Code, Missing, Trip
from model_decision import Need
from planners.battery import highest, owner_soc, wall_kwh
from planners.case import Case
from planners.charge_limit import charge_limit_rule, rule_departure
from planners.departures import departures
from planners.drives import Drive, drive_detail, drive_text, drives
from planners.texts import clock
from planners.trips import OVERDUE_FOR, for_car

TARGET_WITHIN = timedelta(days=3)
SAME_MORNING = timedelta(hours=12)
NOT_WORTH_A_RAISE = 2.0  # percent


def needs(case: Case) -> tuple[Need, ...]:
    """All that is still to be charged, in order of `by`; empty when the car has what it must have."""
    if isinstance(case.level, Missing):
        return _assumed(case)
    found = [need for need in _wanted(case, float(case.level)) if need.kwh > 0]
    return tuple(_nested(sorted(found, key=lambda need: (need.by, need.soc))))


def goals(case: Case) -> tuple[float, float, int | None]:
    """(READY, TARGET, limit to raise to) in percent. Both are at most the owner's limit, but for the charge-limit rule within MAX_SOC."""
    limit = owner_soc(case)
    if case.settings.strategy is Strategy.CHARGE_LIMIT:
        number = min(charge_limit_rule(_own_trips(case), case.now), case.settings.max_soc, highest(case))
        return float(number), float(number), number if number > limit else None
    target = min(float(case.settings.target_soc or limit), limit)
    ready = min(float(case.settings.ready_soc or target), limit)
    return ready, max(ready, target), None


def least_soc(case: Case) -> float:
    """MIN_SOC, but not above the limit in the app: beyond that the car does not charge."""
    return min(float(case.settings.min_soc), owner_soc(case))


def most_soc(case: Case) -> float:
    """The highest charge that anything asks for: TARGET_SOC, or a drive of the coming week."""
    planned = () if case.settings.strategy is Strategy.CHARGE_LIMIT else drives(case)
    return max([goals(case)[1], *(drive.soc for drive in planned)])


def _wanted(case: Case, soc: float) -> Iterator[Need]:
    ready, target, raise_to = goals(case)
    rule = case.settings.strategy is Strategy.CHARGE_LIMIT
    planned = () if rule else drives(case)
    goal = least_soc(case)
    if soc < goal:
        yield Need(case.now, goal, wall_kwh(case, soc, goal), Code.NEED_MIN, f"never below {goal:.0f} %")
    code = Code.NEED_RULE if rule else Code.NEED_READY
    for at, text in _ready_times(case, planned):
        yield Need(at, ready, _due_kwh(case, soc, ready, at, planned), Code.OVERDUE if at <= case.now else code, text, raise_to)
    yield from (_drive_need(case, soc, drive, planned) for drive in planned)
    at = _target_time(case, planned)
    if target > ready or not case.settings.departure_time:
        text = f"{target:.0f} % by {clock(at, case.now, case.settings.time_zone)}, when power is cheap or the sun shines"
        yield Need(at, target, wall_kwh(case, soc, target), Code.NEED_TARGET, text, raise_to)  # what drives take is refilled after them


def _drive_need(case: Case, soc: float, drive: Drive, planned: Sequence[Drive]) -> Need:
    raise_to = int(drive.soc) if drive.soc > owner_soc(case) else None
    enough = raise_to is not None and soc >= drive.soc - NOT_WORTH_A_RAISE  # a car that stops a little below would be raised for ever
    kwh = _due_kwh(case, soc, soc if enough else drive.soc, drive.by, planned)
    code = Code.OVERDUE if drive.overdue else Code.NEED_TRIP
    text = f"you wanted to leave for {drive.trip.text} and the car is not ready" if drive.overdue else drive_text(case, drive)
    return Need(drive.by, drive.soc, kwh, code, text, raise_to, drive_detail(case, drive))


def _due_kwh(case: Case, soc: float, goal: float, by: datetime, planned: Sequence[Drive]) -> float:
    """At the wall from now on: what is missing today, and what the drives that are over by then will have taken."""
    return wall_kwh(case, soc, goal + sum(drive.uses for drive in planned if drive.trip.leave < by and drive.back <= by))


def _ready_times(case: Case, planned: Sequence[Drive]) -> Iterator[tuple[datetime, str]]:
    """The missed departure that still counts, and the next one."""
    zone = case.settings.time_zone
    for at in departures(case.settings, case.now - OVERDUE_FOR, case.now):
        if case.plug is not None and case.plug.since < at:
            yield at, f"you wanted to leave at {clock(at, case.now, zone)} and the car is not ready"
    upcoming = [(_leaving(at, planned), at) for at in departures(case.settings, case.now, case.now + timedelta(days=8))]
    real = [(leaves, at) for leaves, at in upcoming if leaves is not None and leaves > case.now]
    if real:
        yield real[0][0], f"you usually leave at {clock(real[0][1], case.now, zone)}"
    by = rule_departure(_own_trips(case), case.settings, case.now) if case.settings.strategy is Strategy.CHARGE_LIMIT else None
    if by is not None and by > case.now:
        yield by, f"a drive in the calendar: ready by {clock(by, case.now, zone)}, at ten at the latest (charge-limit rule)"


def _leaving(at: datetime, planned: Sequence[Drive]) -> datetime | None:
    """When the car leaves for this usual departure: earlier for a drive of that morning, not at all from the middle of a long one."""
    under_way = next((drive for drive in planned if not drive.overdue and drive.trip.leave <= at < drive.back), None)
    if under_way is None:
        return at
    return under_way.trip.leave if at - under_way.trip.leave <= SAME_MORNING else None


def _target_time(case: Case, planned: Sequence[Drive]) -> datetime:
    within = [at for at in departures(case.settings, case.now, case.now + TARGET_WITHIN) if _leaving(at, planned) == at]
    return within[-1] if within else case.now + TARGET_WITHIN


def _own_trips(case: Case) -> tuple[Trip, ...] | Missing:
    trips = case.snapshot.trips
    return trips if isinstance(trips, Missing) else for_car(trips, case.view.vin)


def _assumed(case: Case) -> tuple[Need, ...]:
    """Without a reading of the car: ASSUMED_KWH by the next departure, less what the connector has delivered since the plug-in."""
    if case.plug is None and (case.charger is None or not case.charger.plugged):
        return ()
    left = case.settings.assumed_kwh - _delivered(case)
    upcoming = [*departures(case.settings, case.now, case.now + timedelta(days=8)), *(d.by for d in drives(case) if not d.overdue)]
    by = min(upcoming, default=case.now + TARGET_WITHIN)
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
