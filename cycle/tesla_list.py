"""The account's list where Tesla bills it (TESLA_LIST_PRICE above 0): every half hour, and when something is due; else the kept one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from cycle.tesla import Reads, list_cars
from model import CarStatus
from model_decision import Decision
from model_memory import CarMemory, Memory
from planners.looking import Sensors, sensor_tells
from state.cache import Cache
from state.codec import decode, encode

LIST = "tesla-list"
EVERY = timedelta(minutes=30)


def kept_or_listed(tesla: Reads, cache: Cache, now: datetime, *, due: bool) -> tuple[CarStatus, ...]:
    """The kept list while it is younger than half an hour and nothing is due. Raises ClientError."""
    kept = cache.get(LIST)
    if kept is not None and kept.fresh(now) and not due:
        return decode(tuple[CarStatus, ...], kept.value)
    found = list_cars(tesla, cache, now, free=False)
    cache.put(LIST, encode(found, cache.stamp.zone), now + EVERY - timedelta(seconds=30))
    return found


def list_due(memory: Memory, sensors: Sensors, now: datetime, cycle: timedelta) -> bool:
    """Does this cycle need to know which cars answer: a slot begins or ends, a command was sent, a paid reading met a car asleep, or a
    sensor sees a change?"""
    return not memory.cars or any(_due(car, sensors, now, cycle) for car in memory.cars if car.vin)


def with_due(memory: Memory, decision: Decision) -> Memory:
    """The memory with the next instant at which each car's decision changes."""
    dues = {car.vin: [car.until, car.latest_start, *(at for slot in car.plan for at in (slot.start, slot.end))] for car in decision.cars}
    return replace(memory, cars=tuple(replace(car, due_at=_next(dues.get(car.vin, []), decision.now)) for car in memory.cars))


def _due(car: CarMemory, sensors: Sensors, now: datetime, cycle: timedelta) -> bool:
    soon = car.due_at is not None and car.due_at <= now + cycle
    sent = any(one.at > now - 2 * cycle for one in car.intents)
    failed = car.tried_at is not None and car.tried_at > now - 2 * cycle and (car.reading is None or car.tried_at > car.reading.at)
    return soon or sent or failed or sensor_tells(car, *sensors)


def _next(times: list[datetime | None], now: datetime) -> datetime | None:
    return min((at for at in times if at is not None and at > now), default=None)
