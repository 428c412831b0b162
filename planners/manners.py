"""Manners may only postpone a change: never past the latest safe start, below the minimum SOC or against the owner's word (those are firm).

minimum on     a charge that we started runs MIN_ON_MINUTES, at the least amps, before we stop it
minimum off    MIN_OFF_MINUTES between our stop and our next start
starts         at most 6 for sun and price in one plug-in
ramp           the sun raises by at most 8 A a cycle
deadband       no paid command for less than DEADBAND_AMPS
plan           its amps change at most once in a quarter of an hour: an old reading moves them at each look
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from model import SLOT, Code, Missing, Reason
from model_decision import Action, Path
from model_memory import CommandKind
from planners.case import Case
from planners.texts import clock
from planners.wish import Wish, charge, wait

MAX_STARTS = 6
RAMP_AMPS = 8
FINE = frozenset({Code.FOLLOW_SUN, Code.PLAN_SLOT, Code.BAND})  # the last slot's amps too move by one with each whole percent


def manners(case: Case, wish: Wish) -> Wish:
    """The wish, or what stands in its way for a while, with the reason."""
    if wish.firm or wish.action is Action.NONE:
        return wish
    for each in MANNERS:
        polite = each(case, wish)
        if polite is not None:
            return polite
    return wish


def now_amps(case: Case) -> int | None:
    """The amps that the car was given last; None where that is not known."""
    if case.charger is not None:
        return case.charger.offered_amps
    if isinstance(case.reading, Missing) or isinstance(case.reading.request_amps, Missing):
        return case.memory.amps_set
    return case.reading.request_amps


def _min_on(case: Case, wish: Wish) -> Wish | None:
    since = case.memory.on_since
    if wish.action is not Action.WAIT or not case.charging or since is None or wish.reasons[0].code is Code.FULL:
        return None
    over = since + timedelta(minutes=case.settings.min_on_minutes)
    if case.now >= over:
        return None
    when = clock(over, case.now, case.settings.time_zone)
    return charge(case.min_amps, Reason(Code.MIN_ON, f"started a short while ago: goes on at {case.min_amps} A until {when}"), over)


def _min_off(case: Case, wish: Wish) -> Wish | None:
    since = case.memory.off_since
    if wish.action is not Action.CHARGE or case.charging or since is None:
        return None
    over = since + timedelta(minutes=case.settings.min_off_minutes)
    if case.now >= over:
        return None
    return wait(Reason(Code.MIN_OFF, f"stopped a short while ago: starts at {clock(over, case.now, case.settings.time_zone)}"), over)


def _starts(case: Case, wish: Wish) -> Wish | None:
    if wish.action is not Action.CHARGE or case.charging or case.plug is None or case.plug.starts < MAX_STARTS:
        return None
    return wait(Reason(Code.START_LIMIT, f"started {MAX_STARTS} times in this plug-in: waits for the latest safe start"))


def _ramp(case: Case, wish: Wish) -> Wish | None:
    before = now_amps(case)
    if not case.charging or before is None or wish.reasons[0].code is not Code.FOLLOW_SUN or wish.amps <= before + RAMP_AMPS:
        return None
    return replace(wish, amps=before + RAMP_AMPS).because(Reason(Code.RAMP, f"in steps of {RAMP_AMPS} A"))


def _deadband(case: Case, wish: Wish) -> Wish | None:
    before = now_amps(case)
    if not case.charging or before is None or wish.reasons[0].code not in FINE or wish.amps == before:
        return None
    if abs(wish.amps - before) > case.settings.deadband_amps or before < case.min_amps:
        return None
    return replace(wish, amps=before).because(Reason(Code.DEADBAND, f"{wish.amps} A is too near to {before} A for a command"))


def _plan_amps(case: Case, wish: Wish) -> Wish | None:
    before, slot = now_amps(case), case.now - timedelta(seconds=case.now.timestamp() % SLOT.total_seconds())
    if case.path is not Path.CAR or not case.charging or before is None or wish.reasons[0].code is not Code.PLAN_SLOT:
        return None
    fresh = any(i.kind in (CommandKind.AMPS, CommandKind.START) and i.at >= slot for i in case.memory.intents)
    if not fresh or wish.amps == before or before < case.min_amps:
        return None
    text = f"{before} A were set in this quarter of an hour: {wish.amps} A can wait"
    return replace(wish, amps=before).because(Reason(Code.DEADBAND, text))


MANNERS: tuple[Callable[[Case, Wish], Wish | None], ...] = (_min_on, _min_off, _starts, _ramp, _deadband, _plan_amps)
