"""Tesla's part of a look: the free list each cycle, a paid reading only where a decision can change by it, nothing while Tesla wants
to be left alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from config import Settings
from cycle.health import source_states
from errors import AccountStopped, AmpshiftError, ClientError, TooMany
from model import DOLLARS, Billed, CarReading, CarStatus, CarView, Missing
from model_decision import Budget, Snapshot
from model_memory import CarMemory, Memory
from planners.budget import next_month, stretch
from planners.looking import Sensors, worth_reading
from state.cache import Cache

HOLD = "tesla-hold"
HOLD_FOR = timedelta(hours=1)  # after a billing stop the free list looks again, so that it mends itself when the owner has paid
HOLD_MOST = timedelta(days=1)  # Retry-After was up to 86400 s in 2024
TOO_MANY = timedelta(minutes=5)

Answer = CarReading | AmpshiftError | Missing


class Reads(Protocol):
    """Tesla's reads, with whatever login stands behind them."""

    def cars(self) -> tuple[CarStatus, ...]: ...

    def car(self, vin: str, now: datetime, /) -> CarReading: ...


@dataclass(frozen=True, slots=True)
class Listed:
    """The account's list, or why there is none."""

    cars: tuple[CarStatus, ...] | Missing
    commands: bool | Missing


def list_cars(tesla: Reads, cache: Cache, now: datetime, *, free: bool = True) -> tuple[CarStatus, ...]:
    """The account's cars. Raises ClientError; what concerns every call is remembered, so that the next cycles leave Tesla alone."""
    held = cache.get(HOLD)
    if held is not None and held.fresh(now):
        raise ClientError("tesla", str(held.value))
    try:
        return tesla.cars()
    except ClientError as error:
        hold(cache, error, now, free=free)
        if isinstance(error, AccountStopped):  # in the words of the cycles to come, so that it is told once
            raise AccountStopped(error.source, _stopped(error, now), status=error.status) from error
        raise


def hold(cache: Cache, error: AmpshiftError, now: datetime, *, free: bool = False) -> None:
    """Remembers an answer that concerns every call: a pause that Tesla asked for, or a billing stop. After a stop nothing billable is asked
    until the next month, or the owner's word (`check`); a call that is `free` may look once an hour whether he has paid meanwhile."""
    if isinstance(error, AccountStopped):
        until = now + HOLD_FOR if free else next_month(now)
        _hold(cache, _stopped(error, now), until, now)
    if isinstance(error, TooMany):
        wait = min(HOLD_MOST, timedelta(seconds=error.retry_after_s) if error.retry_after_s is not None else TOO_MANY)
        _hold(cache, error.text, now + wait, now)


def _stopped(error: AccountStopped, now: datetime) -> str:
    return f"{error.text} Nothing that Tesla bills is asked before {next_month(now):%d %b}; when it is mended, run: scheduler.py check"


def _hold(cache: Cache, text: str, until: datetime, now: datetime) -> None:
    """A longer one stands: a busy answer to one car must not end a billing stop that another met."""
    old = cache.get(HOLD)
    if old is None or not old.fresh(now) or old.expires_at < until:
        cache.put(HOLD, text, until)


def ask_again(cache: Cache, now: datetime) -> None:
    """The owner's word: what Tesla said before is forgotten."""
    if cache.get(HOLD) is not None:
        cache.put(HOLD, "", now)


def listed(answer: object, settings: Settings) -> Listed:
    """The answer to the list, with the cars that are ours (TESLA_VIN; empty: all)."""
    if isinstance(answer, Missing):
        return Listed(answer, answer)
    if isinstance(answer, AmpshiftError):
        why = Missing("tesla", answer.text)
        return Listed(why, why)
    cars = answer if isinstance(answer, tuple) else ()
    return Listed(tuple(car for car in cars if not settings.tesla_vin or car.vin in settings.tesla_vin), True)


def wanted(cars: tuple[CarStatus, ...], memory: Memory, sensors: Sensors, now: datetime, budget: Budget) -> tuple[str, ...]:
    """VINs that are worth a paid reading in this cycle."""
    thrifty, longer = budget.routine_left < DOLLARS[Billed.DATA], stretch(budget, now)
    own = {car.vin: memory.car(car.vin) or CarMemory(car.vin, car.name) for car in cars}
    return tuple(car.vin for car in cars if worth_reading(car, own[car.vin], sensors, now, thrifty=thrifty, stretch=longer))


def views(found: Listed, readings: Mapping[str, Answer], memory: Memory, settings: Settings, now: datetime) -> tuple[CarView, ...]:
    """One view per car: what was read now, else the reading from memory; known cars stay known when the list fails."""
    if isinstance(found.cars, Missing):
        known = [car for car in memory.cars if car.vin and (not settings.tesla_vin or car.vin in settings.tesla_vin)]
        return tuple(CarView(car.vin, car.name, found.cars, car.reading or found.cars) for car in known)
    return tuple(_view(car, readings, memory, now) for car in found.cars)


def _view(status: CarStatus, readings: Mapping[str, Answer], memory: Memory, now: datetime) -> CarView:
    answer = readings.get(status.vin)
    old = memory.car(status.vin)
    if isinstance(answer, CarReading):
        return CarView(status.vin, status.name, status, answer, tried_at=now)
    aged = old.reading if old is not None and old.reading is not None else None
    why = Missing("tesla", "the car sleeps and was never read") if not status.online else Missing("tesla", "not read in this cycle")
    if isinstance(answer, AmpshiftError):
        why = Missing("tesla", answer.text)
    view = CarView(status.vin, status.name, status, aged or why, tried_at=now if answer is not None else None)
    asleep = isinstance(answer, ClientError) and answer.status == 408
    return replace(view, status=replace(status, online=False)) if asleep else view


def looked_again(snapshot: Snapshot, read: Mapping[str, Answer], budget: Budget) -> Snapshot:
    """The snapshot with what a second look gave; a car that could not be read keeps its aged reading."""
    cars = tuple(
        view if view.vin not in read or isinstance(view.status, Missing) else _view(view.status, read, snapshot.memory, snapshot.now)
        for view in snapshot.cars
    )
    return replace(snapshot, cars=cars, budget=budget, sources=(*snapshot.sources, *source_states({}, read, snapshot.now)))


def reader(tesla: Reads, cache: Cache, vin: str, now: datetime) -> Callable[[], CarReading]:
    """A task for one car's paid reading."""

    def task() -> CarReading:
        try:
            return tesla.car(vin, now)
        except ClientError as error:
            hold(cache, error, now)
            raise

    return task
