"""The one table of commands: names, parameters and reasons, for the plain REST path and for the signed one (facts: Fleet API commands).

A command is sent by its name with the parameters that `call_for` gives: Tesla's own names and units, so that REST sends them as they are
and the signed path puts them into its messages. Never set_scheduled_*: since firmware 2024.26 they are not recommended.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from model import ALL_DAYS, Billed, CarSchedule
from model_memory import CommandKind, Outcome

LOW_AMPS = 5  # the first request below this sets 5, the second identical one takes (seen by several clients)
Params = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter. `kind`: int, float, bool or str; numbers lie in [low, high]."""

    name: str
    kind: type
    low: float = 0
    high: float = 0
    required: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """`already`: reasons that mean the wish was fulfilled before."""

    params: tuple[Param, ...] = ()
    already: frozenset[str] = frozenset()
    billed: Billed = Billed.COMMAND


@dataclass(frozen=True, slots=True)
class Call:
    """A command as it is sent. `repeat`: how often the same request has to be sent until the car takes it."""

    name: str
    params: Params
    billed: Billed = Billed.COMMAND
    repeat: int = 1


MINUTES = (0, 1439)
ID = Param("id", int, 0, 2**63 - 1, required=False)  # none: the car takes the Unix seconds; the same id replaces
PLACE = (Param("lat", float, -90, 90), Param("lon", float, -180, 180))
DAYS = Param("days_of_week", str)  # All, Weekdays, or names such as Thursday,Saturday
ONCE = Param("one_time", bool, required=False)

TABLE: Mapping[str, Row] = {
    "charge_start": Row(already=frozenset({"complete", "is_charging", "charging", "requested", "already_started"})),
    "charge_stop": Row(already=frozenset({"not_charging", "complete", "disconnected"})),  # nothing flows: that was the wish
    "set_charging_amps": Row((Param("charging_amps", int, 0, 80),), frozenset({"already_set"})),
    # Tesla says "success" to any percent outside 50-100
    "set_charge_limit": Row((Param("percent", int, 50, 100),), frozenset({"already_set", "already_standard", "already_max_range"})),
    "charge_standard": Row(already=frozenset({"already_standard"})),
    "charge_max_range": Row(already=frozenset({"already_max_range"})),
    "wake_up": Row(billed=Billed.WAKE),
    "add_charge_schedule": Row(
        (
            ID,
            DAYS,
            Param("enabled", bool),
            Param("start_enabled", bool),
            Param("start_time", int, *MINUTES, required=False),
            Param("end_enabled", bool),
            Param("end_time", int, *MINUTES, required=False),
            ONCE,
            *PLACE,
        )
    ),
    "remove_charge_schedule": Row((Param("id", int, 0, 2**63 - 1),)),
    "add_precondition_schedule": Row((ID, DAYS, Param("enabled", bool), Param("precondition_time", int, *MINUTES), ONCE, *PLACE)),
    "remove_precondition_schedule": Row((Param("id", int, 0, 2**63 - 1),)),
    "charge_port_door_open": Row(),
    "charge_port_door_close": Row(),
}

UNREACHED = frozenset({"could_not_wake_buses", "asleep", "offline", "vehicle_unavailable", "unavailable"})
UNSURE = frozenset({"timeout", "timed_out", "deadline_exceeded"})  # the car may still do it
DAY_NAMES = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")  # bit 0 to bit 6
_LAST_WORD = re.compile(r"([a-z_]+)\W*$")


def outcome_of(name: str, said: str, *, refused: bool) -> Outcome | None:
    """What Tesla's reason text means for the command `name`, known by its ending: tesla-http-proxy puts words of its own before it.
    `refused`: the answer said no. None: nothing is known against it."""
    word = _LAST_WORD.search(said.lower())
    last = word.group(1) if word else ""
    if last in TABLE[name].already:
        return Outcome.ALREADY
    if last in UNREACHED:
        return Outcome.UNREACHABLE
    if last in UNSURE:
        return Outcome.UNKNOWN
    return Outcome.REFUSED if refused else None


def call_for(kind: CommandKind, value: int | None, schedule: CarSchedule | None = None) -> Call | str:
    """The call behind a command of ours, or why it cannot be meant."""
    return _odd(kind, value, schedule) or checked(kind.value, _params(kind, value, schedule))


def checked(name: str, params: Params) -> Call | str:
    """Any command of the table, with its parameters compared to it."""
    row = TABLE[name]
    wrong = [text for param in row.params for text in _wrong(param, params)]
    wrong += [f"{name} takes no {key}." for key in params if key not in {param.name for param in row.params}]
    if wrong:
        return wrong[0]
    amps = params.get("charging_amps")
    return Call(name, params, row.billed, repeat=2 if isinstance(amps, int) and amps < LOW_AMPS else 1)


def days_text(days: int) -> str:
    """Tesla's bits as REST and tesla-http-proxy take them."""
    return "All" if days == ALL_DAYS else ",".join(name for bit, name in enumerate(DAY_NAMES) if days >> bit & 1)


def _params(kind: CommandKind, value: int | None, schedule: CarSchedule | None) -> Params:
    if kind is CommandKind.ADD_SCHEDULE and schedule is not None:
        return schedule_params(schedule)
    single = {CommandKind.AMPS: "charging_amps", CommandKind.LIMIT: "percent", CommandKind.REMOVE_SCHEDULE: "id"}
    return {single[kind]: value} if kind in single else {}


def schedule_params(schedule: CarSchedule) -> Params:
    """add_charge_schedule; minutes after the car's local midnight, an end before the start lies on the next day."""
    times = {"start": schedule.start_minutes, "end": schedule.end_minutes}
    switches: dict[str, object] = {f"{side}_enabled": minute is not None for side, minute in times.items()}
    minutes: dict[str, object] = {f"{side}_time": minute for side, minute in times.items() if minute is not None}
    place = {"lat": schedule.lat, "lon": schedule.lon}
    return {"id": schedule.id, "days_of_week": days_text(schedule.days), "enabled": schedule.enabled} | switches | minutes | place


def _odd(kind: CommandKind, value: int | None, schedule: CarSchedule | None) -> str:
    if kind is CommandKind.ADD_SCHEDULE:
        return "" if schedule is not None and 0 < schedule.days <= ALL_DAYS else "add_charge_schedule needs a schedule with its days."
    valued = (CommandKind.AMPS, CommandKind.LIMIT, CommandKind.REMOVE_SCHEDULE)
    return "" if kind in valued or value is None else f"{kind.value} takes no value."


def _wrong(param: Param, params: Params) -> list[str]:
    value = params.get(param.name)
    if value is None:
        return [f"{param.name} must be {_range(param)}, not None."] if param.required else []
    return [] if _fits(param, value) else [f"{param.name} must be {_range(param)}, not {value}."]


def _fits(param: Param, value: object) -> bool:
    if param.kind in (bool, str) or isinstance(value, bool):
        return isinstance(value, param.kind) and isinstance(value, bool) == (param.kind is bool)
    whole = isinstance(value, int) or (param.kind is float and isinstance(value, float))
    return whole and isinstance(value, int | float) and param.low <= value <= param.high


def _range(param: Param) -> str:
    return f"{param.low:g} to {param.high:g}" if param.kind in (int, float) else {bool: "true or false", str: "text"}[param.kind]
