"""The one sentence about each car that the owner reads first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from config import Settings
from model import Code, Missing, Reason
from model_decision import Action, CarDecision
from planners.texts import clock


def summary(cars: Sequence[CarDecision], now: datetime, settings: Settings) -> str:
    """All cars, joined; what to do where there is none."""
    if not cars and settings.has_tesla:
        return "No car is known yet: Tesla could not be asked, or the account has none of TESLA_VIN."
    if not cars:
        return "No car is known: log in with scheduler.py auth tesla, or connect a Gen 2 Wall Connector."

    def when(at: datetime) -> str:
        return clock(at, now, settings.time_zone)

    return " ".join(_one(car, when) for car in cars)


def _one(car: CarDecision, when: Callable[[datetime], str]) -> str:
    first = car.reasons[0] if car.reasons else Reason(Code.NO_READING, "nothing is known")
    name = car.name or "The car"
    if car.action is Action.NONE:
        return f"{name}: {first.text}."
    if car.action is Action.CHARGE:
        until = f" until {when(car.until)}" if car.until is not None and "until" not in first.text else ""
        return f"{name} charges at {car.amps} A{until}: {first.text}."
    head = f"{name} is stopped" if car.action is Action.STOP else f"{name} waits"
    if not car.plan or first.code is not Code.WAIT:
        return f"{head}: {first.text}."
    return f"{head} until {when(car.plan[0].start)}, then {car.plan[0].amps} A{_ready(car, when)}."


def _ready(car: CarDecision, when: Callable[[datetime], str]) -> str:
    if not car.needs or isinstance(car.soc, Missing):
        return ""
    leave = f" You leave at {when(car.needs[0].by)}" if car.needs[0].code is Code.NEED_READY else ""
    return f" until {when(car.plan[-1].end)} = {car.needs[-1].soc:.0f} %" + (f".{leave}" if leave else "")
