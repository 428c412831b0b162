"""The limits come last and may only lower: breakers, circuit, charger, cable, car, the owner's cap, the guard's ceiling.

What all cars together may draw is shared in the order of the list, firm wishes (safety, a departure, the owner's word) before the rest; a
car that would get less than it needs to charge at all gets nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from config import Settings
from model import Code, Missing, Reason
from model_decision import Action, Path, Snapshot
from planners.case import Case
from planners.power import permitted
from planners.wish import Wish


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
    left = total - sum(_held(case) for case, wish in zip(cases, wishes, strict=True) if wish.action is not Action.CHARGE)
    out = list(wishes)
    for index in sorted(range(len(out)), key=lambda index: not out[index].firm):
        if out[index].action is Action.CHARGE and out[index].amps > left:
            out[index] = _lowered(cases[index], out[index], max(0, left), why)
        left -= out[index].amps
    return [_after_others(index, cases, out, total, why) for index in range(len(out))]


def _after_others(index: int, cases: Sequence[Case], wishes: Sequence[Wish], total: int, why: Reason) -> Wish:
    """Amps that another car still draws are free only when that car has been read with less: a command to lower it may fail."""
    case, wish = cases[index], wishes[index]
    others = [max(other.amps, _held(cases[at])) for at, other in enumerate(wishes) if at != index]
    most = max(total - sum(others), _held(case))
    if wish.action is not Action.CHARGE or case.path is not Path.CAR or wish.amps <= most:
        return wish
    return _lowered(case, wish, most, why)


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
