"""`check`: what charges the car when this Pi is dead, and whether a schedule of the owner's own stands against the plan."""

from __future__ import annotations

from collections.abc import Iterator

from config import OwnSchedule, Settings
from model import CarView, Missing
from model_decision import Snapshot
from model_memory import CarMemory
from planners.car_schedule import minute_text, owners


def net_lines(snapshot: Snapshot, settings: Settings) -> Iterator[str]:
    """Lines in the manner of `check`; none without a car."""
    for view in snapshot.cars:
        own = settings.for_car(view.vin, view.name)
        memory = snapshot.memory.car(view.vin) or CarMemory(view.vin, view.name)
        yield f"net     {view.name}: {_net(memory, own)}"
        yield from _conflict(view, memory, own)
    if settings.twc_port and snapshot.cars:
        yield "net     Wall Connectors on RS-485 (rotary position F) need this Pi: without it nothing charges, schedule or not"


def _net(memory: CarMemory, settings: Settings) -> str:
    schedule = memory.schedule
    if schedule is not None and schedule.start_minutes is not None:
        return f"our schedule in the car starts it at {minute_text(schedule.start_minutes)} if this Pi, the Wi-Fi or the login is dead"
    if not settings.car_safety_schedule:
        return "CAR_SAFETY_SCHEDULE=off: a stopped car stays stopped if this Pi, the Wi-Fi or the login is dead"
    return "no schedule of ours stands in the car yet: it is written when the car is awake at home and charging, complete or unplugged"


def _conflict(view: CarView, memory: CarMemory, settings: Settings) -> Iterator[str]:
    reading = view.reading if not isinstance(view.reading, Missing) else memory.reading
    when = owners(reading, memory, settings) if reading is not None else ""
    if when and settings.car_schedule is OwnSchedule.OVERRIDE:
        how = "a start outside the plan is stopped once per plug-in (CAR_SCHEDULE=override)"
        yield f"note    {view.name} has a charge schedule of your own ({when}): {how}; better take it out in the Tesla app"
    elif when:
        yield f"note    {view.name} has a charge schedule of your own ({when}): it is not started before it (CAR_SCHEDULE=respect)"
