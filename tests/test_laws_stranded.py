"""Law 10 in the houses in which somebody was once left standing: shared circuits, nameless connectors, power that went, no wakes, no money.

Each life is one night in the simulated house; what is asked is what physics and the owner allow there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from config import Control, Strategy, Wake
from config_parsers import charge_hours, departures
from simulator.car import CarSpec
from simulator.house import HOME, HouseSpec, World
from simulator.houses import BLUE, RED, ZONE
from simulator.memory_house import MemoryHouse, MemoryJournal
from simulator.owner import Act
from tests.house_builders import settings_for
from tests.house_lives import History, Wires, live

EVENING = datetime(2026, 12, 8, 19, 0, tzinfo=ZONE)
MORNING = datetime(2026, 12, 9, 7, 30, tzinfo=ZONE)
ROUNDING = 1.1  # percent: the car shows whole percents, and is stopped when it shows the goal
USELESS: dict[str, object] = {
    "strategy": Strategy.TIMER,
    "charge_hours": (charge_hours("12:00-13:00@10"),),
}  # nothing but the net can keep the departure
HALF_AN_HOUR = timedelta(minutes=30)


def night(cars: Sequence[CarSpec], soc: Sequence[float], acts: Sequence[Act], wires: int | None, /, **wishes: object) -> History:
    """Plugged in half an hour after each other from 19:00 on, leaving at 07:30, limit 80 %. `wires`: protocol of the connectors."""
    world = World(HouseSpec(zone=ZONE, home=HOME, breaker_amps=60.0), cars, EVENING - HALF_AN_HOUR)
    for number, (car, have) in enumerate(zip(world.cars.values(), soc, strict=True)):
        car.soc, car.limit_soc = have, 80
        world.follow([Act(EVENING + number * HALF_AN_HOUR, "plug", None, car.spec.vin)])
    world.follow(acts)
    known: dict[str, object] = {"departure_time": departures("07:30"), "min_soc": 0, "solar_charging": False}
    known |= {"car_safety_schedule": False, "cycle_minutes": 10}
    if wires is not None or len(cars) > 1:
        known["twc_breaker_amps"] = 60
    house = MemoryHouse(world, settings_for(world, **(known | wishes)))
    house.down = {"gridstatus", "powerwall", "meter", "wall connector"}
    history = History(0, world, house, wires=Wires(world, wires) if wires is not None else None)
    live(history, MemoryJournal(), MORNING)
    world.advance(MORNING)
    return history


def missing(history: History) -> list[float]:
    """Percent that each car lacks at its departure, beyond the rounding."""
    return [round(max(0.0, car.limit_soc - car.soc - ROUNDING), 1) for car in history.world.cars.values()]


@pytest.mark.parametrize("minutes", [20, 120])
def test_a_car_that_was_read_without_power_and_fell_asleep_is_woken_and_charged(minutes: int) -> None:
    """It was left alone for ever: a car without power is not commanded, and a sleeping one is not read."""
    woken = datetime(2026, 12, 8, 22, 57, tzinfo=ZONE)  # in the cycle before its slot at 23:00
    history = night([BLUE], [30], [Act(woken, "grid", 0), Act(woken + timedelta(minutes=minutes), "grid", 1)], None)
    assert any("NO_POWER" in {reason.code for reason in step.cycle.decision.cars[0].reasons} for step in history.steps)
    assert missing(history) == [0.0]


def test_two_cars_on_one_circuit_are_both_ready_when_only_the_net_charges_them() -> None:
    """Each net counted on the whole circuit: from 03:00 on both wanted it, and only one could have it."""
    assert missing(night([BLUE, replace(RED, max_amps=48)], [20, 20], (), 2, **USELESS)) == [0.0, 0.0]


def test_a_car_that_takes_less_than_the_circuit_leaves_the_rest_to_the_other() -> None:
    cars = [replace(BLUE, max_amps=32, battery_kwh=100.0), replace(RED, max_amps=16)]
    assert missing(night(cars, [20, 20], (), 2)) == [0.0, 0.0]


def test_the_net_counts_on_what_the_car_takes_and_not_on_what_the_connector_offers() -> None:
    assert missing(night([replace(BLUE, max_amps=16)], [30], (), 2, **USELESS)) == [0.0]


def test_a_car_stopped_over_the_api_is_started_when_its_connector_is_no_longer_known() -> None:
    """CONTROL=twc; the second car made the connectors nameless, and no offer starts a car that was stopped over the API."""
    history = night([BLUE, replace(RED, max_amps=16)], [30, 60], (), 2, control=Control.TWC)
    assert missing(history) == [0.0, 0.0]


def test_control_car_gets_all_that_the_connector_may_offer() -> None:
    assert missing(night([replace(BLUE, battery_kwh=100.0)], [8], (), 2, control=Control.CAR)) == [0.0]


@pytest.mark.parametrize("wires", [None, 1, 2])
def test_a_car_that_may_not_be_woken_does_not_wait_asleep(wires: int | None) -> None:
    assert missing(night([BLUE], [40], (), wires, wake=Wake.NEVER)) == [0.0]


@pytest.mark.parametrize("dollars", [0.03, 0.06, 0.12])
def test_a_charge_is_not_stopped_when_the_budget_would_not_last_to_start_it_again(dollars: float) -> None:
    history = night([replace(BLUE, wake_s=500.0)], [40], (), None, tesla_budget_dollars=dollars)
    assert missing(history) == [0.0]
    assert history.steps[-1].dollars <= dollars + 1e-9
