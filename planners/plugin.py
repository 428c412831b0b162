"""One plug-in: when it begins, when it rests, when a charge in it begins and whose charge that is.

A Tesla starts by itself when it is plugged in, and the API does not say who started it. So a charge is judged by what could have caused
it between the last rest and the first charging reading, and in the 15 minutes before (the clocks of car, cloud and Pi differ):

    OURS     our start (also of unknown outcome), our offer rising, our heartbeat or the power coming back, our schedule in the car
    CAR      the car's own schedule was due
    PLUG_IN  there was no rest yet, or the memory is missing
    as before, when the rest was Complete: the car tops itself up
    HAND     all else: left alone

"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from model import CarReading, Charging, Missing
from model_memory import CarMemory, Cause, CommandKind, Mark, Origin, Outcome, Plug

SETTLE = timedelta(minutes=2)  # a plugged car may show Stopped for some seconds before it starts by itself
GRACE = timedelta(minutes=15)
OURS = frozenset({Cause.START, Cause.OFFER, Cause.HEARTBEAT, Cause.POWER, Cause.OUR_SCHEDULE})
MAYBE_STARTED = frozenset({Outcome.DONE, Outcome.UNKNOWN, None})


def next_plug(old: CarMemory, reading: CarReading, connected: bool, session: str) -> Plug | None:
    """The plug-in after this reading. `connected`: plugged in at home; `session`: the connector's name of the plug, or ""."""
    if not connected:
        return None
    plug = old.plug
    if plug is None or _is_new(old, plug, reading, session):
        plug = Plug(since=reading.at, known_from_start=old.reading is not None, session=session)
    if is_charging(reading):
        return plug if plug.charging_since else _begin(plug, old, reading)
    if is_rest(plug, reading):
        return _rest(plug, old, reading)
    return plug


def is_charging(reading: CarReading) -> bool:
    """Charging with current; Starting, NoPower and climate draw are neither rest nor charge."""
    return reading.charging is Charging.CHARGING and (isinstance(reading.actual_amps, Missing) or reading.actual_amps >= 1)


def is_rest(plug: Plug, reading: CarReading) -> bool:
    """Stopped or Complete below 1 A, once the plug-in has settled or the car waits for a schedule of its own."""
    still = isinstance(reading.actual_amps, Missing) or reading.actual_amps < 1
    settled = reading.at - plug.since >= SETTLE or reading.schedule_pending is True
    return reading.charging in (Charging.STOPPED, Charging.COMPLETE) and still and settled


def _is_new(old: CarMemory, plug: Plug, reading: CarReading, session: str) -> bool:
    if session and plug.session and session != plug.session:
        return True
    before = old.reading.energy_added_kwh if old.reading else None
    added = reading.energy_added_kwh
    return isinstance(before, float | int) and isinstance(added, float | int) and added < before - 0.05


def _begin(plug: Plug, old: CarMemory, reading: CarReading) -> Plug:
    return replace(plug, charging_since=reading.at, origin=origin_of(plug, old, reading), owner_stopped=False)


def origin_of(plug: Plug, old: CarMemory, reading: CarReading) -> Origin:
    """Whose charge the first charging reading of a span shows. First match of the list in this module's head."""
    start = (plug.rest_at or plug.since) - GRACE
    stopped_at = max(
        (i.at for i in old.intents if i.kind is CommandKind.STOP and i.outcome in (Outcome.DONE, Outcome.ALREADY)), default=None
    )
    causes = [mark for mark in causes_of(old) if start <= mark.at <= reading.at and (stopped_at is None or mark.at >= stopped_at)]
    if any(mark.cause in OURS for mark in causes):
        return Origin.OURS
    if any(mark.cause is Cause.CAR_SCHEDULE for mark in causes):
        return Origin.CAR
    if plug.rest_at is None or (not plug.known_from_start and plug.origin is None and plug.rest_at is None):
        return Origin.PLUG_IN
    if plug.completed and plug.origin is not None:
        return plug.origin
    return Origin.HAND


def causes_of(old: CarMemory) -> tuple[Mark, ...]:
    """All that may have begun a charge: the marks, our starts, and limits of ours, which start a complete car, as far as they may have been
    carried out."""
    kinds = (CommandKind.START, CommandKind.LIMIT)
    starts = tuple(Mark(Cause.START, i.at) for i in old.intents if i.kind in kinds and i.outcome in MAYBE_STARTED)
    return old.marks + starts


def _rest(plug: Plug, old: CarMemory, reading: CarReading) -> Plug:
    complete = reading.charging is Charging.COMPLETE
    stopped = plug.owner_stopped or (plug.charging_since is not None and not complete and _stopped_by_owner(plug, old, reading))
    return replace(plug, rest_at=reading.at, charging_since=None, completed=complete, owner_stopped=stopped and not complete)


def _stopped_by_owner(plug: Plug, old: CarMemory, reading: CarReading) -> bool:
    """A charge that stops without us, below its limit and with power there."""
    if plug.charging_since is None or (old.offered_amps == 0 and old.on_wire):
        return False
    below = isinstance(reading.soc, Missing) or isinstance(reading.limit_soc, Missing) or reading.soc < reading.limit_soc
    ours = any(
        i.kind is CommandKind.STOP
        and i.at >= plug.charging_since
        and i.outcome not in (Outcome.REFUSED, Outcome.UNREACHABLE, Outcome.NOT_SENT)
        for i in old.intents
    )
    return below and not ours
