"""The laws of nature in the simulated house, and its account book."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.breaker import Breaker
from simulator.clock import FrozenClock, RealClock
from simulator.curves import EV_NIGHT, points
from simulator.house import HouseSpec, World
from simulator.houses import BLUE, RED, ZONE, plain_house, sunny_house
from simulator.owner import Act, commuter, random_acts
from simulator.sun import clear_sky

START = datetime(2027, 6, 10, 7, 0, tzinfo=UTC)  # midnight in California


def lived(seed: int, days: int = 3) -> World:
    """A sunny house with two cars, a random owner and an outage in the second night."""
    rng = Random(seed)
    world = sunny_house(START, (BLUE, RED))
    for car in (BLUE, RED):
        world.follow(random_acts(rng, START, days, car.vin, ZONE))
    down = START + timedelta(hours=rng.uniform(20, 40))
    world.follow([Act(down, "grid", 0), Act(down + timedelta(hours=5), "grid", 1)])
    return world


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10_000))
def test_energy_balances_at_every_moment_whatever_the_owner_does(seed: int) -> None:
    world = lived(seed)
    battery = world.battery
    assert battery is not None
    for _ in range(3 * 24 * 4):
        world.advance(world.now + timedelta(minutes=15))
        flows = world.flows
        assert flows.grid_w + flows.solar_w + flows.battery_w == pytest.approx(flows.load_w, abs=1e-6)
        assert min(flows.solar_w, flows.load_w, flows.base_w) >= 0
        assert all(0 <= car.soc <= 100 and car.wall_w >= 0 for car in world.cars.values())
        assert 0 <= battery.soc <= 100
        assert world.grid_up or flows.grid_w == 0
    book = world.ledger
    bought = book.import_kwh - book.export_kwh + book.solar_kwh + book.battery_out_kwh - book.battery_in_kwh
    assert bought == pytest.approx(book.load_kwh, abs=1e-6)
    for car in book.cars.values():
        assert car.grid_kwh + car.solar_kwh + car.battery_kwh == pytest.approx(car.wall_kwh)
        assert min(car.grid_kwh, car.solar_kwh, car.battery_kwh) >= -1e-9


def test_the_same_seed_lives_the_same_life() -> None:
    worlds = [lived(7, days=2) for _ in range(2)]
    for world in worlds:
        world.advance(START + timedelta(days=2))
    assert worlds[0].ledger == worlds[1].ledger
    assert worlds[0].events == worlds[1].events


def test_what_the_battery_takes_in_comes_out_with_a_tenth_lost() -> None:
    world = sunny_house(START)
    assert world.battery is not None
    before = world.battery.soc
    world.advance(START + timedelta(days=3))
    book = world.ledger
    stored = book.battery_in_kwh * 0.95 - book.battery_out_kwh / 0.95
    assert stored == pytest.approx((world.battery.soc - before) / 100 * 13.5, abs=1e-6)


def test_the_sun_is_highest_at_noon_higher_in_june_and_never_negative() -> None:
    def noon(month: int) -> float:
        return clear_sky(datetime(2027, month, 21, 20, tzinfo=UTC), 37, -120)

    assert noon(6) > noon(12) > 0.2
    assert noon(6) <= 0.85
    assert min(clear_sky(START + timedelta(hours=hour), 37, -120) for hour in range(24)) == 0


def test_two_cars_share_the_circuit_by_themselves() -> None:
    world = plain_house(START, (BLUE, RED))
    world.do(Act(START, "plug"))
    world.advance(START + timedelta(minutes=5))
    assert [car.actual_amps for car in world.cars.values()] == [24, 24]


def test_a_breaker_trips_when_a_master_offers_too_much_for_too_long_and_says_so() -> None:
    world = plain_house(START, (BLUE, RED))
    for connector in world.circuit.connectors.values():
        connector.offer = 40
    world.do(Act(START, "plug"))
    world.advance(START + timedelta(minutes=10))
    assert len(world.circuit.breaker.trips) == 1
    assert [car.word for car in world.cars.values()] == ["NoPower", "NoPower"]
    assert any("circuit breaker tripped at 72.0 A" in event.what for event in world.events)
    world.circuit.breaker.reset()
    world.circuit.connectors[RED.vin].offer = 6
    world.advance(START + timedelta(minutes=20))
    assert sum(car.actual_amps for car in world.cars.values()) == 46


def test_a_breaker_forgives_a_short_overload() -> None:
    breaker = Breaker(40)
    breaker.carry(55, 50, START)
    breaker.carry(30, 50, START)
    breaker.carry(55, 50, START)
    assert (breaker.trips, breaker.longest_over_s, breaker.peak_amps) == ([], 50, 55)


def test_off_grid_cars_that_are_too_much_for_the_battery_are_shed() -> None:
    world = sunny_house(START)
    world.do(Act(START, "plug"))
    world.advance(START + timedelta(minutes=5))
    world.do(Act(world.now, "grid", 0))
    world.advance(START + timedelta(minutes=10))
    assert world.cars[BLUE.vin].word == "NoPower"
    assert world.flows.load_w == world.flows.base_w > 0


def test_without_a_battery_the_house_is_dark_when_the_grid_is_down() -> None:
    world = plain_house(START)
    world.do(Act(START, "grid", 0))
    world.advance(START + timedelta(minutes=5))
    assert world.flows.load_w == 0


def test_storm_watch_fills_the_battery_from_the_grid() -> None:
    world = sunny_house(START)
    assert world.battery is not None
    world.battery.storm = True
    world.advance(START + timedelta(hours=3))
    assert world.battery.soc == pytest.approx(100)


def test_the_bill_with_sun_is_lower_than_without_and_tells_the_cars_share() -> None:
    world = sunny_house(START)
    world.follow(commuter(START, 4, ZONE))
    world.advance(START + timedelta(days=4))
    assert world.ledger.bill < world.ledger.bill_without_solar
    assert 0 < world.ledger.cars[BLUE.vin].cost < world.ledger.bill_without_solar


def test_a_price_counts_by_the_clock_on_the_wall() -> None:
    world = plain_house(START)
    world.advance(START + timedelta(hours=1))
    assert world.ledger.import_cost == pytest.approx(world.ledger.import_kwh * 0.24)
    assert EV_NIGHT.price_at(datetime(2027, 6, 10, 20, 59, tzinfo=ZONE)) == 0.49
    assert EV_NIGHT.price_at(datetime(2027, 6, 10, 21, 0, tzinfo=ZONE)) == 0.34


def test_a_series_holds_each_value_until_the_next() -> None:
    curve = points([START, START + timedelta(hours=1)], [1.0, 2.0])
    assert [curve(START + timedelta(minutes=minute)) for minute in (-5, 0, 59, 60, 600)] == [1, 1, 1, 2, 2]


def test_an_override_is_kept_for_whoever_carries_it() -> None:
    world = plain_house(START)
    world.follow([Act(START + timedelta(hours=1), "override", "charge-now")])
    world.advance(START + timedelta(hours=2))
    assert [act.value for act in world.words] == ["charge-now"]


def test_random_lives_do_everything_that_an_owner_can_do() -> None:
    acts = random_acts(Random(1), START, 200, BLUE.vin, ZONE)
    assert {"plug", "unplug", "leave", "drive", "start", "stop", "slider", "amps", "schedule", "override", "supercharge"} <= {
        act.what for act in acts
    }
    assert list(acts) == sorted(acts, key=lambda act: act.at)


def test_a_month_passes_in_a_few_seconds() -> None:
    world = World(HouseSpec(zone=ZONE, solar_kw=7, powerwalls=1), (BLUE,), START)
    world.follow(commuter(START, 30, ZONE))
    world.advance(START + timedelta(days=30))
    assert world.now == START + timedelta(days=30)
    assert world.ledger.cars[BLUE.vin].wall_kwh > 100


def test_a_frozen_clock_moves_only_when_it_is_set() -> None:
    clock = FrozenClock(START)
    assert clock.now() == START
    clock.move(timedelta(minutes=5))
    assert clock.now() == START + timedelta(minutes=5)


def test_a_real_clock_follows_monotonic_time() -> None:
    ticks = iter([100.0, 130.0])
    clock = RealClock(START, monotonic=lambda: next(ticks))
    assert clock.now() == START + timedelta(seconds=30)
