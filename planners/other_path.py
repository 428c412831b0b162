"""The other path for a start that the car agreed to twice and did not carry out: on RS-485 its offer falls to the least amps for two
minutes and rises again. A pilot that changes is what a waiting car notices, and each step of it lies within what is permitted anyway.

Never 0 A and never silence, though both would be stronger: some Teslas latch on them until they are plugged in again (plugged in at 0 A;
after about three lost links). So where the offer is at its least already, where no connector is matched, and with CONTROL=car, where the
connector is to be left as it is, there is no other path, and the reasons say so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from model import Charger, Code, Reason
from model_decision import Action, Path, Step
from model_memory import Cause, CommandKind, Intent, Mark, Memory
from planners.case import Case
from planners.obey import TRIES, in_vain
from planners.wish import Wish

DIP = timedelta(minutes=2)  # cycles begin up to 20 s before their target is written; a car follows an offer within 5 s


def dips(case: Case, wish: Wish) -> bool:
    """Is the offer to fall and rise again now? Once after each start in vain from the second one on."""
    tries = _in_vain(case, wish)
    if len(tries) < TRIES or case.path is not Path.TWC or case.charger is None or not _has_room(case, case.charger, wish):
        return False
    return not any(mark.cause is Cause.OFFER and mark.at > tries[-1].at for mark in case.memory.marks)


def dip(case: Case, wish: Wish) -> Iterator[Step]:
    """What comes before the steps of target.json; the rise is the step after it."""
    if dips(case, wish):
        yield Step(case.now + DIP, case.min_amps, (Code.OTHER_PATH,))


def tried_first(case: Case, wish: Wish) -> bool:
    """Does the other path come before the owner is called? After the second start in vain it may still help by itself."""
    return dips(case, wish) and len(in_vain(case, CommandKind.START)) == TRIES


def other_path(case: Case, wish: Wish) -> Reason | None:
    """What is done beside asking again, or why nothing can be."""
    if len(_in_vain(case, wish)) < TRIES:
        return None
    if case.charger is None or case.path is not Path.TWC:
        why = "no connector on RS-485 is matched to this car" if case.charger is None else "CONTROL=car leaves its connector as it is"
        text = f"{why}: there is no other way to start it than to ask"
        return Reason(Code.NO_OTHER_PATH, text, {"path": case.path.value})
    amps = case.min_amps
    if not _has_room(case, case.charger, wish):
        text = f"its connector offers the least already, and less than {amps} A may lock a car until it is plugged in again"
        return Reason(Code.NO_OTHER_PATH, text, {"path": case.path.value, "amps": amps})
    if not dips(case, wish):
        return None
    text = f"it says yes and does not start: its connector offers {amps} A for {DIP.seconds // 60} min and then more again"
    return Reason(Code.OTHER_PATH, text, {"path": case.path.value, "amps": amps})


def noted(memory: Memory, cars: Sequence[tuple[Case, Wish]]) -> Memory:
    """The rise of an offer is ours, and what it begins too; the next cycle knows by it that this path was taken."""
    vins = {case.view.vin for case, wish in cars if dips(case, wish)}
    at = {case.view.vin: case.now for case, _ in cars}
    some = (replace(one, marks=(*one.marks, Mark(Cause.OFFER, at[one.vin]))) if one.vin in vins else one for one in memory.cars)
    return replace(memory, cars=tuple(some)) if vins else memory


def _in_vain(case: Case, wish: Wish) -> Sequence[Intent]:
    due = wish.action is Action.CHARGE and not case.charging and case.path is not Path.NONE
    return in_vain(case, CommandKind.START) if due else ()


def _has_room(case: Case, charger: Charger, wish: Wish) -> bool:
    """Is the offer above the least, and will it be so again after the fall?"""
    return min(charger.offered_amps, wish.amps) > case.min_amps
