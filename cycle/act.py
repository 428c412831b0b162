"""Acting: the intent and its price are on disk before a command leaves, the outcome right after. What was not confirmed is never
repeated blindly."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from cycle.house import House, Journal
from errors import AccountStopped, BudgetSpent, ClientError, LoginDead, TooMany
from model import Code, Missing
from model_decision import CarDecision, Command, Decision, Sent
from model_memory import CarMemory, CommandKind, Intent, Memory, Origin, Outcome, OwnerLimit, Plug

GOOD = (Outcome.DONE, Outcome.ALREADY)
NET = (CommandKind.ADD_SCHEDULE, CommandKind.REMOVE_SCHEDULE)
FOR_SUN_AND_PRICE = frozenset({Code.PLAN_SLOT, Code.FOLLOW_SUN, Code.RAMP, Code.BAND})


def act(house: House, journal: Journal, decision: Decision, memory: Memory) -> tuple[Memory, tuple[Sent, ...]]:
    """Sends what is due, car by car; gives the memory afterwards and what became of each command."""
    sent: list[Sent] = []
    met: tuple[Command, ClientError] | None = None
    for car in decision.cars:
        for command in car.commands:
            skip = ended(met, command) or not_now(house, car, command, sent, memory)
            if skip:
                sent.append(Sent(command.vin, command.kind, command.value, Outcome.NOT_SENT, 0.0, skip))
                continue
            was = _car(memory, command.vin).schedule
            memory = _intend(memory, command, decision.now)
            journal.save(memory)
            outcome, answer, error = _send(house, command)
            met = met if error is None else (command, error)
            memory = _conclude(memory, command, outcome, answer)
            if command.kind is CommandKind.ADD_SCHEDULE and outcome not in (*GOOD, Outcome.UNKNOWN):
                memory = _with(memory, replace(_car(memory, command.vin), schedule=was))
            journal.save(memory)
            sent.append(Sent(command.vin, command.kind, command.value, outcome, command.dollars, answer))
    return memory, tuple(sent)


def ended(met: tuple[Command, ClientError] | None, command: Command) -> str:
    """Why this command may not be sent any more in this cycle, after what an earlier one met; "" if it may. Our schedule in a car is the
    least of all commands: what it meets ends no start or stop. What lowers or stops for a limit goes out also when Tesla wants a pause."""
    if met is None:
        return ""
    by, error = met
    least = by.kind in NET and command.kind not in NET
    free = least or (command.urgent and isinstance(error, TooMany))
    return "" if free and not isinstance(error, AccountStopped) else error.text


def _send(house: House, command: Command) -> tuple[Outcome, str, ClientError | None]:
    """(outcome, answer, what may end this cycle's commands)."""
    try:
        outcome, answer = house.act(command)
    except BudgetSpent as error:
        return Outcome.NOT_SENT, error.text, None
    except TooMany as error:
        return Outcome.NOT_SENT, error.text, error  # for now: not a failure for good
    except (LoginDead, AccountStopped) as error:
        return Outcome.REFUSED, error.text, error
    return outcome, answer, None


def not_now(house: House, car: CarDecision, command: Command, sent: list[Sent], memory: Memory) -> str:
    """Why a raising command must not be sent after all: the guard spoke meanwhile, or amps that should have been lowered were not. Amps
    that the car refuses to raise are no reason to leave it empty."""
    if command.kind not in (CommandKind.START, CommandKind.AMPS):
        return ""
    ceiling = house.ceiling()
    if not isinstance(ceiling, Missing) and ceiling.amps is not None and car.amps > ceiling.amps:
        return f"the guard allows {ceiling.amps} A now"
    failed = [one for one in sent if one.vin == command.vin and one.kind is CommandKind.AMPS and one.outcome not in GOOD]
    reading = _car(memory, command.vin).reading
    stand = reading.request_amps if reading is not None else None
    if command.kind is CommandKind.START and failed and not (isinstance(stand, int) and stand <= car.amps):
        return "the amps could not be set first"
    return ""


def _intend(memory: Memory, command: Command, now: datetime) -> Memory:
    intent = Intent(command.kind, command.value, command.why.code, now, command.dollars)
    car = _car(memory, command.vin)
    return _with(memory, replace(_before(car, command), intents=(*car.intents, intent)))


def _conclude(memory: Memory, command: Command, outcome: Outcome, answer: str) -> Memory:
    car = _car(memory, command.vin)
    last = replace(car.intents[-1], outcome=outcome, answer=answer[:200])
    return _with(memory, after(replace(car, intents=(*car.intents[:-1], last)), last))


def _before(car: CarMemory, command: Command) -> CarMemory:
    """What must be on disk before the command leaves: the owner's own values."""
    if command.kind is CommandKind.LIMIT and command.why.code is Code.LIMIT_FOR_NEED:
        own = car.limit.own if car.limit.own is not None else car.limit.seen
        return replace(car, limit=replace(car.limit, own=own, raised_to=command.value))
    if command.kind is CommandKind.ADD_SCHEDULE:
        return replace(car, schedule=command.schedule)  # also while its answer is not known: what it begins is ours
    if command.kind is CommandKind.AMPS and car.amps_own is None and car.reading and isinstance(car.reading.request_amps, int):
        return replace(car, amps_own=car.reading.request_amps)
    return car


def after(car: CarMemory, done: Intent) -> CarMemory:
    """The memory of a car once a command's outcome is known. A start of unknown outcome counts as ours already (law 9)."""
    at, plug = done.at, car.plug
    if done.kind is CommandKind.WAKE:
        return replace(car, last_woken=at)
    if done.kind is CommandKind.START and done.outcome in (*GOOD, Outcome.UNKNOWN):
        starts = 1 if done.why in FOR_SUN_AND_PRICE else 0
        return replace(
            car, on_since=at, off_since=None, plug=replace(plug, starts=plug.starts + starts, owner_stopped=False) if plug else None
        )
    if done.outcome not in GOOD:
        return car
    if done.kind is CommandKind.STOP:
        return replace(car, on_since=None, off_since=at, plug=_at_rest(plug, at))
    if done.kind is CommandKind.AMPS:
        return replace(car, amps_set=done.value)
    if done.kind is CommandKind.REMOVE_SCHEDULE:
        return replace(car, schedule=None)
    if done.kind is CommandKind.LIMIT and done.why == Code.LIMIT_RESTORED:
        return replace(car, limit=OwnerLimit(seen=done.value, lowest=car.limit.lowest))
    return car


def _at_rest(plug: Plug | None, at: datetime) -> Plug | None:
    """Our confirmed stop is a rest, without a reading."""
    if plug is None:
        return None
    overrode = plug.overrode or plug.origin is Origin.CAR
    return replace(plug, rest_at=at, charging_since=None, completed=False, overrode=overrode)


def _car(memory: Memory, vin: str) -> CarMemory:
    return memory.car(vin) or CarMemory(vin, "")


def _with(memory: Memory, car: CarMemory) -> Memory:
    others = tuple(one for one in memory.cars if one.vin != car.vin)
    return replace(memory, cars=(*others, car))
