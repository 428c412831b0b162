"""Did the car do what it said yes to? A start is verified by current that flows, amps by what reads back, a stop by its refusal. One more
try, then a pause of half an hour between tries, the other path where there is one (a start: other_path.py; amps that the wire does not
lower: the API), and the owner is told how much time is left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from model import CarReading, Charging, Code, Missing, Reason
from model_decision import Need
from model_memory import CommandKind, Intent, Outcome, Plug
from planners.case import Case
from planners.mended import at_its_most
from planners.texts import clock

TRIES = 2
PAUSE = timedelta(minutes=30)
HURRY = timedelta(minutes=10)  # between the latest safe start and the departure
WITHIN = timedelta(hours=4)
SAID_YES = (Outcome.DONE, Outcome.ALREADY)
ANSWERED = (*SAID_YES, Outcome.REFUSED)  # a refusal costs the same, and is seldom taken back within minutes
IN_VAIN = (
    (CommandKind.START, "no current flows"),
    (CommandKind.AMPS, "its amps stay as they were"),
    (CommandKind.STOP, "it says no and charges on"),
    (CommandKind.LIMIT, "its limit stays as it was"),
)
DEPARTS = frozenset({Code.NEED_READY, Code.NEED_RULE, Code.OVERDUE, Code.ASSUMED_NEED})


def rests(case: Case, kind: CommandKind, *, hurry: bool = False) -> bool:
    """Was the car asked for this in vain so often that the next try waits?"""
    tries = in_vain(case, kind)
    return len(tries) >= TRIES and case.now < tries[-1].at + (HURRY if hurry else PAUSE)


def in_vain(case: Case, kind: CommandKind) -> tuple[Intent, ...]:
    """Commands of this kind that were answered and had no effect, the newest in a row, as a later reading shows."""
    reading, plug = case.reading, case.plug
    if isinstance(reading, Missing) or plug is None:
        return ()
    since = max(plug.since, case.now - WITHIN)
    tries = [one for one in case.memory.intents if one.kind is kind and one.outcome in ANSWERED and since <= one.at < reading.at]
    if kind is CommandKind.STOP:
        return _stops(plug, reading, tries)
    if kind is CommandKind.LIMIT:
        return () if plug.limit_his else _unchanged(reading.limit_soc, tries)
    if kind is CommandKind.START:
        return _starts(case, reading, tries)
    return () if tries and at_its_most(reading, tries[-1]) else _unchanged(reading.request_amps, tries)


def disobedience(case: Case, needs: Sequence[Need]) -> Reason | None:
    """What the owner must hear while he can still do something about it. The text stays the same until the next try, so that it is told
    once; the hours are counted from the second try in vain."""
    for kind, what in IN_VAIN:
        tries = in_vain(case, kind)
        if len(tries) >= TRIES:
            second = tries[TRIES - 1]
            unit = "%" if kind is CommandKind.LIMIT else "A"
            asked = {CommandKind.START: "start", CommandKind.STOP: "stop"}.get(kind, f"set {second.value} {unit}")
            left = "" if kind is CommandKind.STOP else _left(case, second, needs)
            text = f"asked {TRIES} times to {asked}, but {what}{left}: look at the car, the cable and the Tesla app"
            return Reason(Code.CAR_DOES_NOT_OBEY, text, {"command": kind.value, "tries": len(tries)})
    return None


def overdrawn(case: Case) -> bool:
    """For a cycle more has flowed than the connector offers and tolerates: the wire is not obeyed, so the car is told itself."""
    since = case.memory.overdrawn_since
    return case.charger is not None and since is not None and since < case.now


def _starts(case: Case, reading: CarReading, tries: Sequence[Intent]) -> tuple[Intent, ...]:
    if reading.charging in (Charging.COMPLETE, Charging.STARTING, Charging.CHARGING, Charging.NO_POWER):
        return ()
    flowed = case.memory.flowed_at
    return tuple(one for one in tries if flowed is None or one.at > flowed)


def _stops(plug: Plug, reading: CarReading, tries: Sequence[Intent]) -> tuple[Intent, ...]:
    """Refused, and it charges on. One that was not refused stopped that charge: what flows now has an origin of its own."""
    if reading.charging not in (Charging.CHARGING, Charging.STARTING):
        return ()
    rest = plug.rest_at
    return tuple(one for one in tries if one.outcome is Outcome.REFUSED and (rest is None or one.at > rest))


def _unchanged(value: int | Missing, tries: Sequence[Intent]) -> tuple[Intent, ...]:
    """Amps or percent: the newest requests for one and the same value, which is not what the car has."""
    if isinstance(value, Missing):
        return ()
    vain: list[Intent] = []
    for one in reversed(tries):
        if one.value == value or (vain and one.value != vain[-1].value):
            break
        vain.append(one)
    return tuple(reversed(vain))


def _left(case: Case, second: Intent, needs: Sequence[Need]) -> str:
    by = next((need.by for need in needs if need.code in DEPARTS and need.by > second.at), None)
    if by is None:
        return ""
    hours = (by - second.at).total_seconds() / 3600
    return f", {hours:.0f} h before {clock(by, second.at, case.settings.time_zone)}"
