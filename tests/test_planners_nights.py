"""Whole nights, cycle by cycle, through the pure decision: a plan must not flap, stop a little early or miss the morning.

The car here is four lines of arithmetic; the simulated house has its own tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from config import Settings
from cycle.act import after
from model import CarReading, Charging, Missing
from model_decision import Decision, Snapshot
from model_memory import CarMemory, CommandKind, Intent, Memory, Outcome
from planners.decide import decide
from planners.looking import worth_reading
from tests import builders
from tests.builders import NONE, VIN, at, settings

CYCLE = timedelta(minutes=5)


@dataclass
class Car:
    """`power`: the share of the nominal power that really flows."""

    soc: float = 50.0
    power: float = 1.0
    charging: Charging = Charging.STOPPED
    request: int = 48
    limit: int = 80
    kwh: float = 0.0
    starts: int = 0
    states: list[str] = field(default_factory=list)

    def obey(self, kind: CommandKind, value: int | None) -> None:
        if kind is CommandKind.START and self.charging is not Charging.CHARGING:
            self.charging, self.starts = Charging.CHARGING, self.starts + 1
        if kind is CommandKind.STOP:
            self.charging = Charging.STOPPED
        if kind is CommandKind.AMPS and value is not None:
            self.request = value

    def live(self, time: timedelta, amps: int) -> None:
        self.states.append("#" if self.charging is Charging.CHARGING else "_")
        if self.charging is Charging.CHARGING:
            kwh = amps * 0.24 * self.power * time.total_seconds() / 3600
            self.kwh += kwh
            self.soc = min(self.limit, self.soc + kwh * 0.9 / 75 * 100)
            if self.soc >= self.limit:
                self.charging = Charging.COMPLETE

    def read(self, now: datetime) -> CarReading:
        flows = self.charging is Charging.CHARGING
        return builders.reading(
            at=now,
            charging=self.charging,
            soc=int(self.soc),
            limit_soc=self.limit,
            request_amps=self.request,
            actual_amps=float(self.request) if flows else 0.0,
            volts=240.0 if flows else 1.0,
            energy_added_kwh=round(self.kwh, 2),
        )


Look = Callable[[Snapshot, Car], Snapshot]


def night(car: Car, options: Settings, look: Look, *, start: datetime, until: datetime, seldom: bool = False) -> list[Decision]:
    """Cycles from `start` to `until`. `seldom`: the car is read only where that is worth its price."""
    memory, now, out = Memory(), start, list[Decision]()
    seen: CarReading | Missing = NONE
    while now < until:
        known = memory.car(VIN) or CarMemory(VIN, "Blue")
        status = builders.view(builders.reading()).status
        assert not isinstance(status, Missing)
        if not seldom or worth_reading(status, known, (NONE, NONE), now):
            seen = car.read(now)
        decision = decide(look(replace(builders.snapshot(builders.view(seen)), now=now, memory=memory), car), options)
        memory = obeyed(decision, car, now)
        car.live(CYCLE, car.request)
        out.append(decision)
        now += CYCLE
    return out


def obeyed(decision: Decision, car: Car, now: datetime) -> Memory:
    known = decision.memory.car(VIN)
    assert known is not None
    for command in decision.cars[0].commands:
        car.obey(command.kind, command.value)
        done = Intent(command.kind, command.value, command.why.code, now, command.dollars, Outcome.DONE)
        known = after(replace(known, intents=(*known.intents, done)), done)
    return replace(decision.memory, cars=(known,), last_cycle=now)


def plain(seen: Snapshot, car: Car) -> Snapshot:
    return seen


def with_prices(values: Sequence[float | None], start: datetime, minutes: int = 60, wobble: float = 0.0) -> Look:
    """A price series; `wobble`: each look sees all prices moved a little, as revised forecasts are."""

    def look(seen: Snapshot, car: Car) -> Snapshot:
        step = 1 if int(seen.now.timestamp() // 300) % 2 else -1
        moved = [None if value is None else value + step * wobble * (1 if i % 2 else -1) for i, value in enumerate(values)]
        return replace(seen, prices=builders.series(start, moved, minutes))

    return look


START, MORNING = at("2026-12-08 18:10"), at("2026-12-09 07:30")
JAGGED = [0.42, 0.47, 0.51, 0.44, 0.36, 0.29, 0.21, 0.19, 0.20, 0.18, 0.22, 0.27, 0.33, 0.41, 0.45, 0.4]


@pytest.mark.parametrize(("power", "seldom"), [(1.0, False), (0.88, True)])
@pytest.mark.parametrize(
    "look",
    [plain, with_prices(JAGGED, at("2026-12-08 18:00")), with_prices(JAGGED, at("2026-12-08 18:00"), wobble=0.002)],
    ids=["night clock", "prices", "wobbling prices"],
)
def test_a_night_has_at_most_two_starts_and_ends_at_the_limit(look: Look, seldom: bool, power: float) -> None:
    car = Car(power=power)
    decisions = night(car, settings(), look, start=START, until=MORNING, seldom=seldom)
    drawing = "".join(car.states)
    assert car.starts <= 2, drawing
    assert car.soc >= 80, drawing
    paid = [command.kind.value for decision in decisions for command in decision.cars[0].commands]
    assert len(paid) <= 6, paid


@pytest.mark.parametrize("goal", [55, 79])
def test_it_stops_at_the_target_not_before_and_not_much_later(goal: int) -> None:
    car = Car(power=0.92)
    night(car, settings(TARGET_SOC=str(goal)), plain, start=START, until=MORNING)
    assert goal <= car.soc <= goal + 2, "".join(car.states)


@pytest.mark.parametrize("power", [1.0, 0.88])
def test_a_late_plug_in_charges_without_a_break_to_the_departure(power: float) -> None:
    car = Car(soc=20.0, power=power, charging=Charging.CHARGING)
    night(car, settings(), plain, start=at("2026-12-09 04:00"), until=MORNING)
    assert "_" not in "".join(car.states).rstrip("_"), "".join(car.states)
    assert car.starts == 0


def test_an_overdue_car_goes_on_for_two_hours() -> None:
    car = Car(soc=20.0)
    night(car, settings(), plain, start=at("2026-12-09 06:00"), until=at("2026-12-09 10:00"))
    assert "".join(car.states).count("#") >= 38, "".join(car.states)
    assert car.starts == 1


def test_equal_prices_all_night_are_one_block() -> None:
    car = Car()
    night(car, settings(TARIFF="flat:0.2"), plain, start=START, until=MORNING)
    assert "".join(car.states).startswith("#"), "".join(car.states)
    assert car.starts == 1


@pytest.mark.parametrize("slow", [10, 15])
def test_other_cycle_lengths_keep_the_morning_too(slow: int) -> None:
    car = Car(power=0.9)
    memory, now = Memory(), START
    while now < MORNING:
        decision = decide(
            replace(builders.snapshot(builders.view(car.read(now))), now=now, memory=memory), settings(CYCLE_MINUTES=str(slow))
        )
        memory = obeyed(decision, car, now)
        car.live(timedelta(minutes=slow), car.request)
        now += timedelta(minutes=slow)
    assert car.soc >= 80, "".join(car.states)
    assert car.starts <= 2


def test_the_day_when_the_clock_goes_forward_keeps_its_departure() -> None:
    car = Car(soc=30.0, power=0.9)
    night(car, settings(), plain, start=at("2027-03-13 22:00"), until=at("2027-03-14 07:30"))
    assert car.soc >= 80, "".join(car.states)
    assert car.starts <= 2


def test_on_the_wire_without_a_login_the_offer_does_not_flap() -> None:
    """Protocol 1: the offers are the starts. The car takes what is offered."""
    offers: list[int] = []
    memory, now, kwh = Memory(), START, 100.0
    options: Any = settings(TWC_BREAKER_AMPS="60")
    while now < MORNING:
        offer = offers[-1] if offers else 0
        wire = builders.charger(
            protocol=1, can_stop=True, min_amps=5, vin=None, offered_amps=offer, actual_amps=float(offer), energy_kwh=kwh, last_seen=now
        )
        seen = builders.snapshot(now=now, memory=memory, charger=builders.report(wire, now=now), commands=NONE)
        decision = decide(replace(seen, cars=()), options)
        memory = replace(decision.memory, last_cycle=now)
        offers.append(decision.target.chargers[0].steps[0].amps)
        kwh += offers[-1] * 0.24 / 12
        now += CYCLE
    drawing = "".join("#" if amps >= 5 else "_" for amps in offers)
    assert drawing.count("_#") + drawing.startswith("#") <= 2, drawing
    assert kwh - 100 >= 20, drawing
    assert drawing.startswith("_" * 50), "it waits for the night"
