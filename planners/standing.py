"""What the owner should be told of, as it stands in this cycle: each fact with a key that stays the same, and with what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from config import Settings
from model import START_DOLLARS, CarReading, ChargerReport, Charging, Code, Missing
from model_decision import CarDecision, Decision, Need, Snapshot
from model_memory import CarMemory, CommandKind, Outcome
from model_notices import About, Fact, Grade
from planners.budget import budget_reason
from planners.mended import obeyed, unmended
from planners.texts import age, clock, stamp

FAILSAFE = timedelta(minutes=15)
REFUSED = timedelta(minutes=15)
SHORT = timedelta(minutes=9)  # two cycles: one odd reading is no news
HOME_SOURCES = ("tesla", "powerwall", "powerwall cloud", "meter", "wall connector", "car reading")
SOURCE_DOWN, SLOW_SOURCE_DOWN = timedelta(hours=3), timedelta(hours=24)  # forecasts and calendars live from their cache
AGED = timedelta(hours=1)
LEAST_KWH, LEAST_SOC = 1.0, 3.0  # a shortfall below is no news
DEPARTS_NOT = (Code.NEED_MIN, Code.NEED_TARGET, Code.ASSUMED_NEED)
AGAIN = "scheduler.py auth tesla --resume"
ENDS = "login:ends"
ASKED = {
    CommandKind.START: "start",
    CommandKind.STOP: "stop",
    CommandKind.AMPS: "take other amps",
    CommandKind.LIMIT: "change its limit",
    CommandKind.WAKE: "wake up",
    CommandKind.ADD_SCHEDULE: "keep our safety schedule",
    CommandKind.REMOVE_SCHEDULE: "give our safety schedule back",
}


@dataclass(frozen=True, slots=True)
class LoginEnds:
    """A login that still works and will not for long: until when, and why."""

    at: datetime
    why: str


def standing(decision: Decision, snapshot: Snapshot, settings: Settings, login: LoginEnds | None = None) -> tuple[Fact, ...]:
    """All that stands now. `snapshot.memory`: as it was before this cycle looked."""
    found = [*_logins(decision, login, settings), *_connectors(snapshot, settings), *_budget(snapshot, settings)]
    found += [*_sources(decision), *_gap(decision, snapshot, settings)]
    for car in decision.cars:
        memory = decision.memory.car(car.vin)
        found += [*_not_ready(car, decision, settings), *_disobeys(car, memory)]
        if memory is not None:
            found += [*_complete(car, memory, settings), *_limit(car, memory, snapshot)]
    return tuple({fact.key: fact for fact in reversed(found)}.values())


def unseen(decision: Decision, told: Iterable[str] = ()) -> frozenset[str]:
    """Keys of sources that this cycle did not ask: what was said of them still holds. `told`: the keys of all notes; a login is seen to
    work only where what it opens has answered, and a car to obey where it has what it was asked for."""
    asked = {one.name: one.ok for one in decision.sources}
    silent = {_source_key(name) for name in HOME_SOURCES if name not in asked}
    for key in told:
        about, _, rest = key.partition(":")
        dead = about == About.LOGIN and not asked.get("tesla" if key == ENDS else rest)
        if dead or (about == About.DISOBEYS and _still_deaf(decision, *rest.partition(":")[::2])):
            silent.add(key)
    return frozenset(silent)


def _still_deaf(decision: Decision, vin: str, kind: str) -> bool:
    memory = decision.memory.car(vin)
    return memory is not None and not obeyed(memory, kind)


def _logins(decision: Decision, login: LoginEnds | None, settings: Settings) -> Iterator[Fact]:
    for one in decision.sources:
        if one.fatal:
            name = "tesla" if one.name in ("tesla", "car reading") else one.name
            todo = f" Log in again: {AGAIN}." if name == "tesla" and "auth tesla" not in one.why else ""
            text, end = f"{name}: {_whole(_brief(one.why))}{todo}", f"{name}: its login works again."
            yield Fact(f"login:{name}", About.LOGIN, text, patience=SHORT, end=end)
    if login is not None:
        when = clock(login.at, decision.now, settings.time_zone)
        text = f"The Tesla login ends at {when}: {_whole(login.why)} Log in again: {AGAIN}."
        yield Fact(ENDS, About.LOGIN, text, end="The Tesla login was renewed and goes on.")


def _not_ready(car: CarDecision, decision: Decision, settings: Settings) -> Iterator[Fact]:
    """Before the departure what is short, with the hours left; after it what was."""
    for need in car.needs:
        when = clock(need.by, decision.now, settings.time_zone)
        key = f"not-ready:{car.vin}:{need.by.astimezone(UTC):%Y-%m-%dT%H:%M}"
        if need.code is Code.OVERDUE:
            gap = 0.0 if isinstance(car.soc, Missing) else need.soc - car.soc
            if gap >= LEAST_SOC:
                text = f"{_name(car)} was not ready at {when}: {need.soc - gap:.0f} % of {need.soc:.0f} %. It charges on at full power."
                yield Fact(key, About.NOT_READY, text)
        elif need.code not in DEPARTS_NOT and (short := _short(car, need, settings.time_zone)) >= LEAST_KWH:
            hours = (need.by - decision.now).total_seconds() / 3600
            text = f"{_name(car)} will not be ready at {when}: {short:.1f} kWh short of {need.soc:.0f} %, {_hours(hours)} left."
            todo = " Leave later, take another car, or charge on the way."
            yield Fact(
                key,
                About.NOT_READY,
                text + _why(car) + _aged(car, decision.now, settings.time_zone) + todo,
                patience=SHORT if hours > 1 else timedelta(),
            )


def _short(car: CarDecision, need: Need, zone: tzinfo) -> float:
    """kWh that cannot be there by then, as the plan says."""
    by = stamp(need.by, zone)
    reasons = (one for one in car.reasons if one.code is Code.CANNOT_BE_MET and one.detail.get("by") == by)
    told = [float(value) for one in reasons if isinstance(value := one.detail.get("short_kwh"), int | float)]
    return max(told, default=0.0)


def _why(car: CarDecision) -> str:
    """Why nothing flows, where that is not for lack of time."""
    holds = (Code.NO_POWER, Code.HANDS_OFF, Code.OWNER_STOP, Code.OWNER_STOPPED, Code.GRID_DOWN, Code.IN_SERVICE, Code.NO_PATH)
    found = next((one.text for one in car.reasons if one.code in holds), "")
    return f" Now {found}." if found else ""


def _aged(car: CarDecision, now: datetime, zone: tzinfo) -> str:
    """A car that nobody could look at may have more by now."""
    if car.soc_at is None or now - car.soc_at < AGED:
        return ""
    return f" It was read last at {clock(car.soc_at, now, zone)}."


def _disobeys(car: CarDecision, memory: CarMemory | None) -> Iterator[Fact]:
    for one in car.reasons:
        if one.code is Code.CAR_DOES_NOT_OBEY:
            key, text = f"disobeys:{car.vin}:{one.detail.get('command')}", f"{_name(car)}: {_whole(one.text)}"
            yield Fact(key, About.DISOBEYS, text, end=_obeys(car))
    for intent in unmended(memory) if memory is not None else ():
        text = f"{_name(car)} was asked to {ASKED[intent.kind]} and refused: {_whole(intent.answer or 'no reason given')}"
        todo = " Look at the car and the Tesla app; scheduler.py check tells what is missing."
        yield Fact(f"disobeys:{car.vin}:{intent.kind.value}", About.DISOBEYS, text + todo, patience=REFUSED, end=_obeys(car))


def _obeys(car: CarDecision) -> str:
    return f"{_name(car)}: over. It has what it was asked for, or was unplugged."


def _connectors(snapshot: Snapshot, settings: Settings) -> Iterator[Fact]:
    """In DRY_RUN the daemon is off and a connector stays on its own rotary position."""
    report, has_daemon = snapshot.charger, settings.twc_port is not None
    if isinstance(report, Missing):
        if has_daemon and not settings.dry_run:
            text = "twc_daemon.py has not been heard for a quarter of an hour: without it a Gen 2 Wall Connector charges nothing."
            end = "twc_daemon.py is there again."
            yield _failsafe("failsafe:daemon", f"{text} See: systemctl status twc_daemon", end)
    else:
        yield from _reported(report)
    ceiling = snapshot.ceiling
    if not isinstance(ceiling, Missing) and ceiling.amps is not None and ceiling.why == "OVERLOAD":
        text = f"The overload guard holds the cars at {ceiling.amps} A together: the house took too much."
        yield Fact("guard:overload", About.GUARD, f"{text} If this happens often, use less at the same time or lower CHARGER_MAX_AMPS.")


def _reported(report: ChargerReport) -> Iterator[Fact]:
    if report.link != "up":
        text = "The wire to the Wall Connectors has been silent for a quarter of an hour: look at the adapter and its two wires."
        yield _failsafe("failsafe:link", text, "The Wall Connectors answer again.")
    for alarm in report.alarms:
        yield _failsafe(f"failsafe:{_figureless(alarm)}", f"Wall Connectors: {alarm}.", f"Wall Connectors, over: {alarm}.")
    for one in report.chargers:
        for alarm in one.alarms:
            key = f"failsafe:{one.id}:{_figureless(alarm)}"
            yield _failsafe(key, f"Wall Connector {one.id}: {alarm}.", f"Wall Connector {one.id}, over: {alarm}.")


def _failsafe(key: str, text: str, end: str) -> Fact:
    return Fact(key, About.FAILSAFE, text, patience=FAILSAFE, end=end, end_grade=Grade.PROBLEM)


def _gap(decision: Decision, snapshot: Snapshot, settings: Settings) -> Iterator[Fact]:
    """Nobody could tell while nothing ran: told when it does again."""
    last = snapshot.memory.last_cycle
    if last is None or decision.now - last < FAILSAFE + timedelta(minutes=settings.cycle_minutes):
        return
    when = f"from {clock(last, decision.now, settings.time_zone)} to {clock(decision.now, decision.now, settings.time_zone)}"
    text = f"No cycle ran {when} ({age((decision.now - last).total_seconds())}): was this computer off, or cron stopped?"
    wires = " Wall Connectors kept their last plan, then the failsafe amps." if settings.twc_port else ""
    yield Fact(f"gap:{last.astimezone(UTC):%Y-%m-%dT%H:%M}", About.GAP, f"{text}{wires} It runs again.")


def _budget(snapshot: Snapshot, settings: Settings) -> Iterator[Fact]:
    if not settings.has_tesla:
        return
    budget, reason = snapshot.budget, budget_reason(snapshot.budget, snapshot.now)
    if reason is not None:
        stage = "spent" if budget.reserve_left < START_DOLLARS else "reserve" if budget.routine_left < START_DOLLARS else "pace"
        yield Fact(f"budget:{snapshot.now.astimezone(UTC):%Y-%m}:{stage}", About.BUDGET, f"Tesla's bill: {_whole(reason.text)}")


def _sources(decision: Decision) -> Iterator[Fact]:
    for one in decision.sources:
        if not one.ok and not one.fatal:
            wait = SOURCE_DOWN if one.name in HOME_SOURCES else SLOW_SOURCE_DOWN
            ill = f"{one.name} has not answered for {age(wait.total_seconds())}: "
            text = f"{f'{one.name}: ' if one.note else ill}{_whole(_brief(one.why))} See: scheduler.py check"
            end = f"{one.name}: this is mended." if one.note else f"{one.name} answers again."
            yield Fact(_source_key(one.name), About.SOURCE, text, patience=AGED if one.note else wait, end=end)


def _source_key(name: str) -> str:
    return f"source:{name}"


def _complete(car: CarDecision, memory: CarMemory, settings: Settings) -> Iterator[Fact]:
    """A charge of this plug-in has ended with what the car must have."""
    plug, reading = memory.plug, memory.reading
    if plug is None or plug.origin is None or reading is None or isinstance(reading.soc, Missing):
        return
    first = car.reasons[0].code if car.reasons else None
    rests = reading.charging not in (Charging.CHARGING, Charging.STARTING) and reading.at > plug.since
    if not rests or not (reading.charging is Charging.COMPLETE or first is Code.FULL):
        return
    added = "" if isinstance(reading.energy_added_kwh, Missing) else f", {reading.energy_added_kwh:.1f} kWh more"
    text = f"{_name(car)} is charged: {reading.soc:.0f} %{added}."
    key = f"complete:{car.vin}:{plug.since.astimezone(UTC):%Y-%m-%dT%H:%M}"
    yield Fact(key, About.COMPLETE, text, Grade.NEWS, patience=timedelta(minutes=settings.cycle_minutes - 1))


def _limit(car: CarDecision, memory: CarMemory, snapshot: Snapshot) -> Iterator[Fact]:
    """The limit in the app: raised by us, put back by us, or changed by the owner."""
    for one in memory.intents:
        if one.kind is CommandKind.LIMIT and one.outcome in (Outcome.DONE, Outcome.ALREADY):
            back = one.why == Code.LIMIT_RESTORED
            text = "your limit stands again" if back else "the limit in the app was raised for a drive and is put back afterwards"
            yield _changed(car, one.at, f"{_name(car)}: {text}: {one.value} %.")
    old, new = snapshot.memory.car(car.vin), memory.limit.seen
    before = old.limit.seen if old is not None else None
    asked = {one.value for one in memory.intents if one.kind is CommandKind.LIMIT}
    if old is not None and before is not None and new is not None and new != before and new not in asked and _read(memory):
        yield _changed(car, snapshot.now, f"{_name(car)}: you changed the charge limit from {before} % to {new} %: that counts now.")


def _read(memory: CarMemory) -> bool:
    return isinstance(memory.reading, CarReading) and not isinstance(memory.reading.limit_soc, Missing)


def _changed(car: CarDecision, at: datetime, text: str) -> Fact:
    return Fact(f"limit:{car.vin}:{at.astimezone(UTC):%Y-%m-%dT%H:%M}", About.LIMIT, text, Grade.NEWS)


def _name(car: CarDecision) -> str:
    return car.name or "The car"


def _whole(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _brief(why: str) -> str:
    """Without what a far end said word for word: for a telephone."""
    return why.partition(' ("')[0][:200]


def _hours(hours: float) -> str:
    return f"{hours:.0f} h" if hours >= 1.5 else f"{hours * 60:.0f} min"


def _figureless(text: str) -> str:
    """An alarm's figures change from second to second; the alarm does not."""
    return "".join(letter for letter in text if not letter.isdigit() and letter != ".")[:60]
