"""target.json: what twc_daemon offers, step by step, for at most twelve hours. A dead cron does not end a charge that runs, and the steps
from the latest safe start on offer full permitted amps to a car that only its own schedule can start then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from config import Control, Settings
from model import Charger, Code, Missing
from model_decision import Action, Path, Snapshot, Step, Target, TargetCharger
from planners.case import Case
from planners.other_path import dip
from planners.plan import CarPlan, full_power
from planners.wish import Wish

AHEAD = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Settled:
    """One car's final wish and plan."""

    case: Case
    wish: Wish
    plan: CarPlan


def target(cars: Sequence[Settled], snapshot: Snapshot, settings: Settings) -> Target:
    """One entry per connector that serves a car of ours; "*" for all others: guests at once, or the only car there is."""
    wired = [(car, car.case.charger) for car in cars if car.case.path is Path.TWC and car.case.charger is not None]
    entries = [TargetCharger(charger.id, car.case.view.vin or None, rank, steps(car)) for rank, (car, charger) in enumerate(wired, 1)]
    by_car = [(car.case, car.case.charger) for car in cars if car.case.settings.control is Control.CAR and car.case.charger is not None]
    entries += [TargetCharger(charger.id, case.view.vin or None, len(wired) + 1, _all_of(case, charger)) for case, charger in by_car]
    return Target(settings.circuit_amps, (*entries, _others(cars, wired, snapshot, settings)))


def _all_of(case: Case, charger: Charger) -> tuple[Step, ...]:
    """CONTROL=car: the connector offers all it may, and the car is steered over the API. What the car allows does not count: that follows
    from the offer."""
    settings = case.settings
    known = [settings.charger_max_amps, settings.circuit_amps, settings.main_amps, settings.twc_max_amps, charger.rated_amps]
    return (Step(case.now + AHEAD, min(amps for amps in known if amps is not None), (Code.PLUG_AND_CHARGE,)),)


def steps(car: Settled) -> tuple[Step, ...]:
    """Half-open steps from now on; the daemon takes the first whose `until` is ahead."""
    out: list[Step] = []
    for step in _steps(car):
        if out and (out[-1].amps, out[-1].why) == (step.amps, step.why):
            out[-1] = step
        elif not out or step.until > out[-1].until:
            out.append(step)
    return tuple(out)


def waiting_amps(case: Case) -> int:
    """What a car that waits is offered: the least amps (it is stopped over the API, or cannot wait), or 0 where protocol 1 can stop it."""
    if case.snapshot.commands is True and case.view.vin:
        return case.min_amps
    return 0 if case.charger is not None and case.charger.can_stop else case.min_amps


def _steps(car: Settled) -> Iterator[Step]:
    case, wish, now = car.case, car.wish, car.case.now
    end = now + AHEAD
    codes = tuple(reason.code for reason in wish.reasons[:2])
    if wish.action is Action.NONE:
        yield Step(end, full_power(case), codes)
        return
    yield from dip(case, wish)
    until = min(end, wish.until or end)
    yield Step(until, wish.amps if wish.action is Action.CHARGE else waiting_amps(case), codes)
    if wish.until is not None or not wish.firm:
        yield from _planned(car, until, end)


def _planned(car: Settled, after: datetime, end: datetime) -> Iterator[Step]:
    """The plan's slots with waiting between them; from the latest safe start on, full amps for a car that is stopped over the API. Without
    a login the offers themselves start it, and a plan that was followed needs no dear hours after it."""
    by_api = car.case.snapshot.commands is True and bool(car.case.view.vin)
    net = car.plan.latest_start if by_api else None
    at = after
    for slot in car.plan.slots:
        if slot.end <= after or slot.start >= end:
            continue
        if slot.start > at:
            yield from _idle(car, slot.start, net)
        yield Step(min(slot.end, end), slot.amps, (Code.PLAN_SLOT,))
        at = slot.end
    if at < end:
        yield from _idle(car, end, net)


def _idle(car: Settled, until: datetime, net: datetime | None) -> Iterator[Step]:
    if net is not None and net < until:
        yield Step(net, waiting_amps(car.case), (Code.WAIT,))
        yield Step(until, full_power(car.case), (Code.SAFETY_STEP,))
    else:
        yield Step(until, waiting_amps(car.case), (Code.WAIT,))


def _others(cars: Sequence[Settled], wired: Sequence[tuple[Settled, Charger]], snapshot: Snapshot, settings: Settings) -> TargetCharger:
    """A connector that is not listed: the only car's steps while no connector is known, else a guest at once."""
    until = snapshot.now + AHEAD
    if isinstance(snapshot.charger, Missing) and len(cars) == 1 and not wired and cars[0].case.plug is not None:
        return TargetCharger("*", None, 9, steps(cars[0]))
    most = settings.circuit_amps or settings.guest_amps
    most = most if settings.main_amps is None else min(most, settings.main_amps)
    guests = most if settings.control is Control.CAR or _own_among(cars, snapshot) else min(settings.guest_amps, most)
    return TargetCharger("*", None, 9, (Step(until, guests, (Code.GUEST,)),))


def _own_among(cars: Sequence[Settled], snapshot: Snapshot) -> bool:
    """A car of ours is plugged in at home, and which connector it is on is not known: it must not starve on a guest's amps."""
    nameless = not isinstance(snapshot.charger, Missing) and any(one.plugged and one.vin is None for one in snapshot.charger.chargers)
    return nameless and any(car.case.plug is not None and car.case.home is True and car.case.charger is None for car in cars)
