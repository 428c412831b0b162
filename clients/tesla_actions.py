"""The commands of tesla_table.py as bytes to be signed: the same names and parameters as in Tesla's REST commands, so that one order can go
either way. Waking is no message to the car and is never signed; removing all schedules at once would take the owner's too and is not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from clients.tesla_protobuf import Value, inside, message
from errors import Refused

_DAY_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")  # bit 0 to bit 6, known by their first three letters
_DAY_SETS: Mapping[str, int] = {"all": 127, "weekdays": 62}


@dataclass(frozen=True, slots=True)
class Action:
    """`number`: the field of VehicleAction; `params`: the field of each parameter in it; `fixed`: what is always in it."""

    number: int
    params: Mapping[str, int] = field(default_factory=dict)
    fixed: bytes = b""


_DAYS_AND_START = {"id": 1, "days_of_week": 3, "start_enabled": 4, "start_time": 5}
_CHARGE_SCHEDULE = _DAYS_AND_START | {"end_enabled": 6, "end_time": 7, "one_time": 8, "enabled": 9, "lat": 10, "lon": 11}
_PRECONDITION_SCHEDULE = {"id": 1, "days_of_week": 3, "precondition_time": 4, "one_time": 5, "enabled": 6, "lat": 7, "lon": 8}

ACTIONS: Mapping[str, Action] = {
    "set_charge_limit": Action(5, {"percent": 1}),
    "charge_start": Action(6, fixed=inside(2, b"")),
    "charge_standard": Action(6, fixed=inside(3, b"")),
    "charge_max_range": Action(6, fixed=inside(4, b"")),
    "charge_stop": Action(6, fixed=inside(5, b"")),
    "set_charging_amps": Action(43, {"charging_amps": 1}),
    "charge_port_door_close": Action(61),
    "charge_port_door_open": Action(62),
    "add_charge_schedule": Action(97, _CHARGE_SCHEDULE),
    "remove_charge_schedule": Action(98, {"id": 1}),
    "add_precondition_schedule": Action(99, _PRECONDITION_SCHEDULE),
    "remove_precondition_schedule": Action(100, {"id": 1}),
}


def signable(name: str) -> bool:
    return name in ACTIONS


def payload(name: str, params: Mapping[str, object]) -> bytes:
    """The CarServer.Action of a command whose parameters tesla_table has checked. Raises Refused where they cannot be signed."""
    action = ACTIONS[name]
    if "id" in action.params and not params.get("id"):
        # REST has the servers make one up; a command that is sent twice would leave two schedules in the car then
        raise Refused("tesla", f"{name} needs an id; nothing was sent.")
    fields = {number: _value(name, key, params[key]) for key, number in action.params.items() if key in params}
    return inside(2, inside(action.number, action.fixed + message(fields)))


def _value(name: str, key: str, value: object) -> Value:
    if key == "days_of_week":
        return _days(str(value))
    if key in ("lat", "lon") and isinstance(value, int | float):
        return float(value)
    if isinstance(value, int):
        return int(value)
    raise Refused("tesla", f"{name}: {key} cannot be signed; nothing was sent.")


def _days(text: str) -> int:
    mask = 0
    for word in (part.strip().lower() for part in text.split(",")):
        if word not in _DAY_SETS and word[:3] not in _DAY_NAMES:
            raise Refused("tesla", f"days_of_week: {word!r} is no day; nothing was sent.")
        mask |= _DAY_SETS.get(word) or 1 << _DAY_NAMES.index(word[:3])
    return mask
