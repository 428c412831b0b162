"""What must be said to a car so that it does what was decided. A command is due only where something must change.

An intent without a known outcome is never repeated blindly: the next reading tells (law 6). Only what lowers or stops for a limit may
be sent again at once. A car that is away, unknown where, or at another charger is never commanded and never woken (law 8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from config import Wake
from model import DOLLARS, Billed, CarReading, Charging, Code, Missing, Reason
from model_decision import Action, Command, Need, Path
from model_memory import CommandKind, Origin, Outcome
from planners.car_schedule import schedule_commands
from planners.case import Case
from planners.obey import disobedience, in_vain, overdrawn, rests
from planners.other_path import other_path, tried_first
from planners.plan import CarPlan, full_power
from planners.power import permitted
from planners.raising import raise_to
from planners.texts import clock
from planners.wish import Wish

UNSURE = (Outcome.UNKNOWN, None)
RESERVED = frozenset({Code.LATEST_START, Code.OVERDUE, Code.BELOW_MIN_SOC, Code.LIMIT_RESTORED, Code.GRID_DOWN, Code.GRID_DOWN_LOW})
DEPARTURE = frozenset({Code.LATEST_START, Code.OVERDUE})
LIMITED = frozenset({Code.LIMIT_CEILING, Code.LIMIT_CIRCUIT, Code.LIMIT_MAIN, Code.LIMIT_CHARGER, Code.LIMIT_CABLE, Code.BELOW_MINIMUM})
WAKE_AGAIN = timedelta(minutes=30)  # after three wakes in vain; then twice as long each time, for each costs two cents and some battery
WAKES_IN_A_ROW = 3


@dataclass(frozen=True, slots=True)
class Due:
    """Commands in the order in which they are sent, and why one that seems due is not among them."""

    commands: tuple[Command, ...] = ()
    reasons: tuple[Reason, ...] = ()


def commands(case: Case, wish: Wish, plan: CarPlan, needs: tuple[Need, ...]) -> Due:
    """The commands for one car, and what it did not do although it was asked. Nothing for a car that is not surely at home and plugged
    in, or without a way to it."""
    due = _due(case, wish, plan, needs)
    told = None if tried_first(case, wish) else disobedience(case, needs)
    return replace(due, reasons=(*due.reasons, *(one for one in (told, other_path(case, wish)) if one is not None)))


def _due(case: Case, wish: Wish, plan: CarPlan, needs: tuple[Need, ...]) -> Due:
    reading = case.reading
    if case.home is not True or isinstance(reading, Missing) or case.snapshot.commands is not True or not case.view.vin:
        return Due()
    if not case.awake:
        return _asleep(case, wish, plan)
    net = tuple(schedule_commands(case, wish))
    if case.plug is None or case.path is Path.NONE:
        return Due((*_limit_back(case, reading), *_made_good(case, wish, reading), *net))
    if wish.action is Action.NONE:
        return Due((*_lowered(case, reading), *net))
    unsure = _unsure(case, reading)
    if unsure is not None:
        return Due(tuple(_at_once(case, wish, reading)), (unsure,))
    limit = tuple(_limit(case, wish, reading, raise_to(case, plan, needs)))
    if any(one.why.code is Code.LIMIT_FOR_NEED for one in limit):
        return Due(limit)  # a raised limit starts a complete car by itself, and a start right behind it is refused: look first
    current = (*limit, *_current(case, wish, reading))
    if _leaves_net(case, current):
        return Due((*net, *current))  # a stopped car cannot be given the net, so it is written while the car still charges
    return Due(current or net)  # what is sent first may change what the schedule would do to this car: it waits for a calm cycle


def _leaves_net(case: Case, current: tuple[Command, ...]) -> bool:
    """Is a stop all that is due, no breaker waits for it, and is there money for the net and for it?"""
    calm = bool(current) and all(one.kind is CommandKind.STOP and not one.urgent for one in current)
    return calm and case.snapshot.budget.routine_left >= 2 * DOLLARS[Billed.COMMAND]


def wake_command(vin: str) -> Command:
    """The owner's own word: wake it now."""
    return Command(vin, CommandKind.WAKE, None, Reason(Code.CHARGE_NOW, "you asked for it"), DOLLARS[Billed.WAKE])


def _current(case: Case, wish: Wish, reading: CarReading) -> Iterator[Command]:
    limited = wish.reasons[0].code in LIMITED
    if wish.action is not Action.CHARGE:
        stops = case.charging and (case.judged or wish.firm or limited)  # whose charge it is shows only when current flows
        if stops and (limited or not rests(case, CommandKind.STOP)):
            yield _command(case, CommandKind.STOP, None, wish.reasons[0], urgent=limited)
        return
    asked = reading.request_amps
    if case.path is Path.CAR and asked != wish.amps and (limited or not rests(case, CommandKind.AMPS)):
        lower = not isinstance(asked, Missing) and wish.amps < asked
        yield _command(case, CommandKind.AMPS, wish.amps, wish.reasons[0], urgent=limited and lower and case.charging)
    most = reading.request_max_amps
    wanted = wish.amps if isinstance(most, Missing) or most <= 0 else min(wish.amps, most)  # a 32 A car told 48 A stays at 32 A
    low = not isinstance(asked, Missing) and asked < wanted and (asked == case.memory.amps_set or bool(in_vain(case, CommandKind.AMPS)))
    if case.path is Path.TWC and low and not rests(case, CommandKind.AMPS):
        # few amps of ours, from a time when the car was steered over the API, would hold it below what the connector offers
        yield _command(case, CommandKind.AMPS, full_power(case), wish.reasons[0])
    startable = reading.charging in (Charging.STOPPED, Charging.COMPLETE, Charging.UNKNOWN)
    if case.path is Path.TWC and overdrawn(case) and not rests(case, CommandKind.AMPS):
        why = Reason(Code.CAR_DOES_NOT_OBEY, f"more flows than the connector offers: the car is told {wish.amps} A itself")
        yield _command(case, CommandKind.AMPS, wish.amps, why)
    if not case.charging and startable and not rests(case, CommandKind.START, hurry=wish.reasons[0].code in DEPARTURE):
        yield _command(case, CommandKind.START, None, wish.reasons[0])


def _at_once(case: Case, wish: Wish, reading: CarReading) -> Iterator[Command]:
    """What a limit lowers or stops does not wait for a look: a start without an answer may have begun a charge."""
    started = any(i.kind is CommandKind.START and i.outcome in UNSURE and i.at >= reading.at for i in case.memory.intents)
    if wish.reasons[0].code not in LIMITED or not (case.charging or started):
        return
    if wish.action is not Action.CHARGE:
        yield _command(case, CommandKind.STOP, None, wish.reasons[0], urgent=True)
    elif case.path is Path.CAR:
        yield _command(case, CommandKind.AMPS, wish.amps, wish.reasons[0], urgent=True)


def _lowered(case: Case, reading: CarReading) -> Iterator[Command]:
    """A charge that is left alone is still bound by the breakers: its amps may be lowered, never raised, never stopped."""
    own = case.plug is not None and case.plug.origin is Origin.HAND
    most, why = permitted(case)
    actual = reading.actual_amps
    if own and case.path is Path.CAR and not isinstance(actual, Missing) and actual > most + 1 and most >= case.min_amps:
        yield _command(case, CommandKind.AMPS, most, why, urgent=True)


def _limit(case: Case, wish: Wish, reading: CarReading, above: Need | None) -> Iterator[Command]:
    """Only a need above the owner's limit raises it, just before its charge; his value is put back as soon as that charge has ended."""
    raising = above is not None and wish.action is Action.CHARGE
    if raising and above is not None and reading.limit_soc != above.raise_to:
        yield _command(case, CommandKind.LIMIT, above.raise_to, Reason(Code.LIMIT_FOR_NEED, f"limit {above.raise_to} %: {above.text}"))
    if not raising and not (case.charging and wish.action is Action.CHARGE):
        yield from _limit_back(case, reading)


def _limit_back(case: Case, reading: CarReading) -> Iterator[Command]:
    own = case.memory.limit.own
    if own is not None and reading.limit_soc == case.memory.limit.raised_to and not rests(case, CommandKind.LIMIT):
        yield _command(case, CommandKind.LIMIT, own, Reason(Code.LIMIT_RESTORED, f"your own limit of {own} % is put back"))


def _made_good(case: Case, wish: Wish, reading: CarReading) -> Iterator[Command]:
    """CONTROL=twc, and the connector is not matched any more (another car was plugged in): what we stopped over the API is started over it,
    for no offer does that."""
    if wish.action is Action.CHARGE and reading.charging is Charging.STOPPED and stopped_by_us(case) and _unsure(case, reading) is None:
        yield _command(case, CommandKind.START, None, wish.reasons[0])


def stopped_by_us(case: Case) -> bool:
    """Was a stop of ours the last that was said about its charge in this plug-in? One that a power cut left without an outcome counts."""
    since = case.plug.since if case.plug is not None else case.now
    sent = [i for i in case.memory.intents if i.kind in (CommandKind.START, CommandKind.STOP) and i.at >= since]
    known = (Outcome.DONE, Outcome.ALREADY, Outcome.UNKNOWN)
    done = [i.kind for i in sent if i.outcome in known or (i.outcome is None and i.kind is CommandKind.STOP)]
    return bool(done) and done[-1] is CommandKind.STOP


def _asleep(case: Case, wish: Wish, plan: CarPlan) -> Due:
    """A sleeping car is woken in the last cycle before its slot, and only if it is plugged in as far as known."""
    due = _next_start(case, wish, plan)
    if case.plug is None or due is None or isinstance(case.view.status, Missing):
        return Due()
    if case.path is Path.NONE and not stopped_by_us(case):
        return Due()  # nothing could be said to it
    if case.settings.wake is Wake.NEVER:
        return Due((), (Reason(Code.WAKE_FOR_SLOT, "the car sleeps and WAKE=never: it is not woken"),))
    tired = _woken_in_vain(case, hurry=wish.reasons[0].code in DEPARTURE)
    if tired is not None:
        return Due((), (tired,))
    return Due((_command(case, CommandKind.WAKE, None, Reason(Code.WAKE_FOR_SLOT, "the car sleeps and is due"), source=wish),))


def _woken_in_vain(case: Case, *, hurry: bool) -> Reason | None:
    """Wakes since the car was last read pause longer and longer; a car without a signal would cost dollars in a night. From the latest safe
    start to the departure the pause stays at half an hour: a signal that comes back in time must be noticed in time."""
    seen = case.now if isinstance(case.reading, Missing) else case.reading.at
    sent = [i.at for i in case.memory.intents if i.kind is CommandKind.WAKE and i.outcome is not Outcome.NOT_SENT and i.at > seen]
    longer = 1 if hurry else 2 ** (len(sent) - WAKES_IN_A_ROW)
    again = sent[-1] + WAKE_AGAIN * longer if len(sent) >= WAKES_IN_A_ROW else case.now
    if again <= case.now:
        return None
    when = clock(again, case.now, case.settings.time_zone)
    return Reason(Code.WAKE_FOR_SLOT, f"woken {len(sent)} times in vain: tried again at {when}")


def _next_start(case: Case, wish: Wish, plan: CarPlan) -> datetime | None:
    """The instant of a start that is due before the next cycle has passed; None if there is none."""
    if wish.action is Action.CHARGE:
        return case.now
    if wish.action is not Action.WAIT or wish.firm:
        return None
    soon = case.now + case.cycle
    starts = [slot.start for slot in plan.slots if case.now < slot.start <= soon] + [at for at in [plan.latest_start] if at and at <= soon]
    return min(starts, default=None)


def _unsure(case: Case, reading: CarReading) -> Reason | None:
    """A command whose outcome nobody knows, sent after the newest reading: look first."""
    unseen = [one for one in case.memory.intents if one.at >= reading.at and one.outcome in UNSURE and one.kind is not CommandKind.WAKE]
    if not unseen:
        return None
    return Reason(Code.UNKNOWN_OUTCOME, f"{unseen[-1].kind} was sent and not answered: the car is looked at before anything is sent again")


def _command(case: Case, kind: CommandKind, value: int | None, why: Reason, *, urgent: bool = False, source: Wish | None = None) -> Command:
    codes = {reason.code for reason in (source.reasons if source else (why,))}
    billed = Billed.WAKE if kind is CommandKind.WAKE else Billed.COMMAND
    reserved = urgent or bool(codes & RESERVED) or why.code.startswith("LIMIT_")
    return Command(case.view.vin, kind, value, why, DOLLARS[billed], reserved=reserved, urgent=urgent)
