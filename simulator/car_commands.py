"""Commands of the Fleet API as the car answers them: with Tesla's own reason texts (facts/tesla.md 2.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from model import ALL_DAYS, CarSchedule, Charging

from . import hands
from .car import BUSY, MIN_PILOT, STANDARD_SOC, Car

Body = Mapping[str, object]
OFF = -1
DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
Verdict = str | None  # the reason of a refusal; empty: done; None: the request makes no sense (HTTP 400)


def charge_start(car: Car, _body: Body) -> Verdict:
    refusals = {
        Charging.COMPLETE: "complete",
        Charging.CHARGING: "is_charging",
        Charging.STARTING: "requested",
        Charging.DISCONNECTED: "disconnected",
        Charging.NO_POWER: "no_power",
    }
    refusal = refusals.get(car.word, "")
    if not refusal:
        hands.hand_start(car)  # a latched car says yes and does nothing, as it does in the app
    return refusal


def charge_stop(car: Car, _body: Body) -> Verdict:
    if car.word not in BUSY:
        return "not_charging"
    hands.hand_stop(car)
    return ""


def set_charging_amps(car: Car, body: Body) -> Verdict:
    """Below 5 A the first call sets 5, a second identical one takes. More than the connector offers is cut to the car's own maximum."""
    amps = _integer(body, "charging_amps")
    if amps is None or amps < 0:
        return None
    repeated = car.low_amps_asked == amps
    car.low_amps_asked = amps if amps < MIN_PILOT else None
    car.request_amps = min(car.spec.max_amps, amps if repeated else max(int(MIN_PILOT), amps))
    return ""


def set_charge_limit(car: Car, body: Body) -> Verdict:
    percent = _integer(body, "percent")
    if percent is None:
        return None
    if percent == car.limit_soc:
        return "already_set"
    hands.slider(car, percent)  # outside 50-100 it answers success and clamps
    return ""


def charge_standard(car: Car, _body: Body) -> Verdict:
    """The limit for every day."""
    return _limit_word(car, STANDARD_SOC, "already_standard")


def charge_max_range(car: Car, _body: Body) -> Verdict:
    return _limit_word(car, 100, "already_max_range")


def _limit_word(car: Car, percent: int, already: str) -> Verdict:
    if car.limit_soc == percent:
        return already
    hands.slider(car, percent)
    return ""


def set_scheduled_charging(car: Car, body: Body) -> Verdict:
    minute = _integer(body, "time")
    if body.get("enable") is not True:
        hands.set_schedule(car, None)
        return ""
    if minute is None or not 0 <= minute < 1440:
        return None
    hands.set_schedule(car, minute)
    return ""


def add_charge_schedule(car: Car, body: Body) -> Verdict:
    """Times in minutes after local midnight; `id` names it and replaces the one of that id, without one it is new."""
    start, end = _minute(body, "start"), _minute(body, "end")
    lat, lon, days = body.get("lat"), body.get("lon"), day_bits(body.get("days_of_week"))
    enabled = body.get("enabled")
    if start is None or end is None or (start, end) == (OFF, OFF) or not isinstance(enabled, bool) or not days:
        return None
    if not isinstance(lat, int | float) or not isinstance(lon, int | float):
        return None
    name = _integer(body, "id")
    number = int(car.now.timestamp()) if name is None else name
    both = (None if start == OFF else start, None if end == OFF else end)
    car.schedules[number] = CarSchedule(number, days, *both, float(lat), float(lon), enabled)
    hands.rescheduled(car)
    return ""


def remove_charge_schedule(car: Car, body: Body) -> Verdict:
    name = _integer(body, "id")
    if name is None:
        return None
    car.schedules.pop(name, None)
    hands.rescheduled(car)
    return ""


def add_precondition_schedule(car: Car, body: Body) -> Verdict:
    minute, place = _integer(body, "precondition_time"), (body.get("lat"), body.get("lon"))
    if minute is None or not 0 <= minute < 1440 or not day_bits(body.get("days_of_week")):
        return None
    if not all(isinstance(one, int | float) for one in place):
        return None
    name = _integer(body, "id")
    car.preconditions[int(car.now.timestamp()) if name is None else name] = dict(body)
    return ""


def remove_precondition_schedule(car: Car, body: Body) -> Verdict:
    name = _integer(body, "id")
    if name is None:
        return None
    car.preconditions.pop(name, None)
    return ""


def charge_port_door(_car: Car, _body: Body) -> Verdict:
    """It moves a flap, which costs no thought here."""
    return ""


COMMANDS: Mapping[str, Callable[[Car, Body], Verdict]] = {
    "charge_start": charge_start,
    "charge_stop": charge_stop,
    "set_charging_amps": set_charging_amps,
    "set_charge_limit": set_charge_limit,
    "charge_standard": charge_standard,
    "charge_max_range": charge_max_range,
    "set_scheduled_charging": set_scheduled_charging,
    "add_charge_schedule": add_charge_schedule,
    "remove_charge_schedule": remove_charge_schedule,
    "charge_port_door_open": charge_port_door,
    "charge_port_door_close": charge_port_door,
    "add_precondition_schedule": add_precondition_schedule,
    "remove_precondition_schedule": remove_precondition_schedule,
}


def _integer(body: Body, name: str) -> int | None:
    value = body.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _minute(body: Body, side: str) -> int | None:
    """The minute of a side that is switched on, OFF where it is off, None where that makes no sense."""
    if body.get(f"{side}_enabled") is not True:
        return OFF if body.get(f"{side}_enabled") is False else None
    minute = _integer(body, f"{side}_time")
    return minute if minute is not None and 0 <= minute < 1440 else None


def day_bits(text: object) -> int:
    """Bits of All, Weekdays, or names parted by commas; 0: nonsense."""
    if not isinstance(text, str):
        return 0
    whole = {"all": ALL_DAYS, "weekdays": 62}.get(text.lower())
    if whole is not None:
        return whole
    names = [part.strip().lower() for part in text.split(",")]
    return sum(1 << DAYS.index(name) for name in set(names)) if all(name in DAYS for name in names) else 0
