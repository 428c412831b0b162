"""The limits come last and may only lower: breakers, circuit, charger, cable, car, the owner's cap, the guard's ceiling.

What all cars together may draw is shared: firm wishes (safety, a departure, the owner's word) before the rest, the nearest departure first;
a car that would get less than it needs to charge at all gets nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import ceil

from config import Settings
from model import Code, Missing, Reason
from model_decision import Action, Path, Snapshot
from planners.case import Case
from planners.need import needs
from planners.net import ANY_AMPS, likely_amps
from planners.plan import kept_amps
from planners.power import permitted
from planners.wish import Wish

FAR_AHEAD = datetime.max.replace(tzinfo=UTC)
SETTLED = timedelta(minutes=10)  # until then a car is still on its way to its amps


def limits(cases: Sequence[Case], wishes: Sequence[Wish], snapshot: Snapshot, settings: Settings) -> tuple[Wish, ...]:
    """The wishes, each at most what is permitted for it, and all together at most what the circuit and the ceiling allow."""
    own = [_own(case, wish) for case, wish in zip(cases, wishes, strict=True)]
    return tuple(_shared(cases, own, *_together(snapshot, settings)))


def _own(case: Case, wish: Wish) -> Wish:
    if wish.action is not Action.CHARGE:
        return wish
    most, why = permitted(case)
    return _lowered(case, wish, most, why) if wish.amps > most or most < case.min_amps else wish


def _together(snapshot: Snapshot, settings: Settings) -> tuple[int | None, Reason | None]:
    """Amps for all cars: the lowest of circuit, main breaker and the guard's ceiling; None where there is no such limit."""
    found: list[tuple[int, Reason]] = []
    if settings.circuit_amps is not None:
        found.append((settings.circuit_amps, Reason(Code.LIMIT_CIRCUIT, f"all cars together at most {settings.circuit_amps} A: circuit")))
    if settings.main_amps is not None:
        found.append((settings.main_amps, Reason(Code.LIMIT_MAIN, f"all cars together at most {settings.main_amps} A: main breaker")))
    ceiling = snapshot.ceiling
    if not isinstance(ceiling, Missing) and ceiling.amps is not None:
        found.append((ceiling.amps, Reason(Code.LIMIT_CEILING, f"the guard allows {ceiling.amps} A ({ceiling.why})")))
    return min(found, key=lambda pair: pair[0], default=(None, None))


def _shared(cases: Sequence[Case], wishes: Sequence[Wish], total: int | None, why: Reason | None) -> list[Wish]:
    if total is None or why is None:
        return list(wishes)
    left = total - sum(_beside(case, wish) for case, wish in zip(cases, wishes, strict=True) if wish.action is not Action.CHARGE)
    out = list(wishes)
    if sum(wish.amps for wish in out if wish.action is Action.CHARGE) > left:
        out = [_used(case, wish, why) for case, wish in zip(cases, out, strict=True)]
    for index in sorted(range(len(out)), key=lambda index: (not out[index].firm, _due(cases[index]))):
        if out[index].action is Action.CHARGE and out[index].amps > left:
            out[index] = _lowered(cases[index], out[index], max(0, left), why)
        left -= out[index].amps
    return [_after_others(index, cases, out, total, why) for index in range(len(out))]


def _used(case: Case, wish: Wish, why: Reason) -> Wish:
    """Where somebody goes short, nobody keeps amps that his car does not take: it can do less than the circuit, or is nearly full."""
    takes = max(case.min_amps, min(likely_amps(case), _drawn(case)))
    if wish.action is not Action.CHARGE or wish.amps <= takes:
        return wish
    text = f"this car takes no more than {takes} A: the rest is for others"
    return replace(wish, amps=takes, reasons=(*wish.reasons, Reason(why.code, text, {"amps": takes})))


def _drawn(case: Case) -> int:
    """What a car draws that has been charging for a while, where it could have more; else a number above all that is possible."""
    reading, since = case.reading, case.plug.charging_since if case.plug is not None else None
    if since is None or case.now - since < SETTLED or isinstance(reading, Missing) or not case.charging:
        return ANY_AMPS
    if case.charger is not None:
        drawn, offered = case.charger.actual_amps, case.charger.offered_amps
    elif not isinstance(reading.actual_amps, Missing) and not isinstance(reading.request_amps, Missing):
        drawn, offered = reading.actual_amps, reading.request_amps
    else:
        return ANY_AMPS
    return ceil(drawn) + 1 if drawn < offered - 2 else ANY_AMPS


def _due(case: Case) -> datetime:
    """When this car must have something first: cars in equal hurry are served in this order."""
    return min((need.by for need in needs(case)), default=FAR_AHEAD)


def _after_others(index: int, cases: Sequence[Case], wishes: Sequence[Wish], total: int, why: Reason) -> Wish:
    """Amps that another car still draws are free only when that car has been read with less: a command to lower it may fail."""
    case, wish = cases[index], wishes[index]
    others = [max(other.amps, _held(cases[at])) for at, other in enumerate(wishes) if at != index]
    most = max(total - sum(others), _held(case))
    if wish.action is not Action.CHARGE or case.path is not Path.CAR or wish.amps <= most:
        return wish
    return _lowered(case, wish, most, why)


def _beside(case: Case, wish: Wish) -> int:
    """What a car that we do not charge leaves less for the others. On RS-485 the daemon takes away before it gives: what a waiting car
    still draws is free as soon as it is, but for what its connector keeps."""
    return kept_amps(case) if case.path is Path.TWC and wish.action is Action.WAIT else _held(case)


def _held(case: Case) -> int:
    """What a car that we do not charge may draw all the same: a charge that is left alone, or the least amps that a protocol 2 connector
    keeps offering until the car's stop is verified."""
    if case.charger is not None:
        return max(case.charger.reserved_amps, round(case.charger.actual_amps)) if case.charger.actual_amps >= 1 else 0
    if case.path is not Path.NONE and case.charging and not isinstance(case.reading, Missing):
        return round(case.reading.actual_amps) if not isinstance(case.reading.actual_amps, Missing) else case.min_amps
    return 0


def _lowered(case: Case, wish: Wish, amps: int, why: Reason) -> Wish:
    if amps >= case.min_amps:
        return replace(wish, amps=amps).because(why)
    text = f"{amps} A is less than the {case.min_amps} A a car needs to charge"
    return replace(wish, action=Action.WAIT, amps=0).because(why).because(Reason(Code.BELOW_MINIMUM, text))
