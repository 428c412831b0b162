"""The latest safe start: the net under every plan and strategy. It counts on what is sure, the plan on what is likely.

departure - 30 min - 1.15 x need / expected power - taper, rounded down to 15 minutes. Expected is what the car really takes: not more than
it asks for, not more than its share of connectors that split their circuit; and cars on one circuit cannot all have it in the last hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from model import SLOT, Missing
from model_decision import Need, Path
from planners.battery import percent_kwh
from planners.case import Case
from planners.drives import away
from planners.owner_limit import asked_amps
from planners.power import MARGIN, expected_kw

EARLY = timedelta(minutes=30)  # ready so long before the departure
ANY_AMPS = 80  # no car takes more
TAPER_FROM, TAPER_TO = 85, 0.3  # full batteries take less: all of their best power up to 85 %, then falling to 30 % of it when full


def latest_start(case: Case, need: Need, amps: int) -> datetime:
    """From here on a charge at `amps`, or what the car takes of them, is needed without a pause but for drives of the calendar."""
    takes = min(amps, likely_amps(case))
    hours = (MARGIN * need.kwh + _lost_to_taper(case, need, takes)) / max(expected_kw(case, takes), 0.001)
    return _slot(_before_drives(case, need, timedelta(hours=hours)))


def _before_drives(case: Case, need: Need, lasts: timedelta) -> datetime:
    """The beginning of a charge that lasts so long and ends in time: the car is not there while it is driven, and what is charged before
    must be there when it leaves."""
    start, left = need.by - EARLY, lasts
    for leave, back in sorted((span for span in away(case) if span[1] < need.by), reverse=True):
        if start - left >= back:
            break
        left -= max(timedelta(), start - back)
        start = min(start, leave - EARLY)
    return start - left


def nets(cars: Sequence[tuple[Case, Sequence[Need], int]], circuit: int | None) -> tuple[datetime | None, ...]:
    """The net of each car (its case, needs and full amps). Those that share a circuit start so early that one after the other can be
    served."""
    own = [min((latest_start(case, need, amps) for need in needs), default=None) for case, needs, amps in cars]
    if circuit is None or sum(net is not None for net in own) < 2:
        return tuple(own)
    ends = sorted({need.by for _, needs, _ in cars for need in needs})
    shared = [(end, _all_by(end, cars, circuit)) for end in ends]
    return tuple(
        None if net is None else min([net, *(at for end, at in shared if any(need.by <= end for need in needs))])
        for net, (_, needs, _) in zip(own, cars, strict=True)
    )


def likely_amps(case: Case) -> int:
    """What the car will take at most, however much it is offered: not permitted less, for this may be an old reading."""
    reading = case.reading
    if isinstance(reading, Missing):
        return ANY_AMPS
    split = _split(case)
    asked = reading.request_amps
    on_wire = case.path is Path.TWC and not isinstance(asked, Missing) and asked > case.min_amps and asked not in asked_amps(case.memory)
    return min(split, asked) if on_wire and not isinstance(asked, Missing) else split


def _split(case: Case) -> int:
    """Connectors that split a circuit by themselves give each car its part; one that was read when it was alone does not know yet."""
    circuit, reading = case.settings.circuit_amps, case.reading
    plugs = [car.plug for car in case.snapshot.memory.cars if car.plug is not None]
    if case.path is not Path.CAR or circuit is None or isinstance(reading, Missing):
        return ANY_AMPS
    return circuit // len(plugs) if len(plugs) > 1 and any(plug.since > reading.at for plug in plugs) else ANY_AMPS


def _lost_to_taper(case: Case, need: Need, amps: int) -> float:
    """kWh that `amps` would have brought in the time that a nearly full battery takes longer."""
    level, reading = case.level, case.reading
    if isinstance(level, Missing) or isinstance(reading, Missing) or need.soc <= level:
        return 0.0
    known = [float(each) for each in (reading.request_amps, reading.request_max_amps) if not isinstance(each, Missing)]
    best = max([float(amps), *known])
    first, last = max(int(level), TAPER_FROM), int(need.soc)
    lost = sum(max(0.0, amps / (best * _taper(percent)) - 1) for percent in range(first, last))
    return lost * percent_kwh(case)


def _taper(percent: int) -> float:
    return 1 - (1 - TAPER_TO) * (percent + 0.5 - TAPER_FROM) / (100 - TAPER_FROM)


def _all_by(end: datetime, cars: Sequence[tuple[Case, Sequence[Need], int]], circuit: int) -> datetime:
    """All that must be charged by `end`, one car after the other at all that the circuit has."""
    due = [(case, max((need.kwh for need in needs if need.by <= end), default=0.0)) for case, needs, _ in cars]
    hours = sum(MARGIN * kwh / max(expected_kw(case, circuit), 0.001) for case, kwh in due)
    return _slot(end - EARLY - timedelta(hours=hours))


def _slot(at: datetime) -> datetime:
    return at - timedelta(seconds=at.timestamp() % SLOT.total_seconds())
