"""Commands of the Fleet API as the car answers them: with Tesla's own reason texts (facts/tesla.md 2.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from model import Charging

from . import hands
from .car import BUSY, MIN_PILOT, Car

Body = Mapping[str, object]
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
    """Starts at `start_time` (minutes after local midnight) each day; `id` names it, without one it is new."""
    minute = _integer(body, "start_time")
    if minute is None or not 0 <= minute < 1440 or body.get("start_enabled") is not True:
        return None
    name = _integer(body, "id")
    car.schedules[int(car.now.timestamp()) if name is None else name] = minute
    car.plan_schedule()
    return ""


def remove_charge_schedule(car: Car, body: Body) -> Verdict:
    name = _integer(body, "id")
    if name is None:
        return None
    car.schedules.pop(name, None)
    car.plan_schedule()
    return ""


COMMANDS: Mapping[str, Callable[[Car, Body], Verdict]] = {
    "charge_start": charge_start,
    "charge_stop": charge_stop,
    "set_charging_amps": set_charging_amps,
    "set_charge_limit": set_charge_limit,
    "set_scheduled_charging": set_scheduled_charging,
    "add_charge_schedule": add_charge_schedule,
    "remove_charge_schedule": remove_charge_schedule,
}


def _integer(body: Body, name: str) -> int | None:
    value = body.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
