"""The habits of a Tesla, one sentence each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from simulator import hands
from simulator.car import Car, CarSpec
from simulator.house import HouseSpec, World
from simulator.houses import BLUE, RED
from simulator.owner import Act

START = datetime(2027, 3, 10, 20, 0, tzinfo=UTC)
VIN = BLUE.vin
UTC_CAR = replace(BLUE, zone=ZoneInfo("UTC"))


def house(spec: CarSpec = UTC_CAR, soc: float = 50.0, **built: Any) -> World:
    world = World(HouseSpec(**built), (spec,), START)
    world.cars[spec.vin].soc = soc
    return world


def after(world: World, **span: float) -> Car:
    world.advance(world.now + timedelta(**span))
    return next(iter(world.cars.values()))


def do(world: World, what: str, value: float | None = None) -> None:
    world.do(Act(world.now, what, value))


def plugged(spec: CarSpec = UTC_CAR, soc: float = 50.0, **built: Any) -> World:
    world = house(spec, soc, **built)
    do(world, "plug")
    return world


def command(world: World, name: str, **body: int) -> dict[str, object]:
    answer = world.command(next(iter(world.cars)), name, body)
    response = answer.body["response"]
    assert isinstance(response, dict)
    return response


def charge_state(world: World) -> dict[str, Any]:
    response = world.vehicle_data(next(iter(world.cars))).body["response"]
    assert isinstance(response, dict)
    return dict(response["charge_state"])


def test_it_starts_by_itself_when_plugged_in_and_is_starting_for_some_seconds() -> None:
    world = plugged()
    assert world.cars[VIN].word == "Starting"
    assert after(world, seconds=10).word == "Charging"
    assert after(world, seconds=10).actual_amps == 48


def test_its_own_schedule_holds_it_until_its_time_and_then_starts_it() -> None:
    world = house()
    do(world, "schedule", 23 * 60)
    do(world, "plug")
    assert after(world, minutes=5).word == "Stopped"
    assert charge_state(world)["scheduled_charging_pending"] is True
    assert charge_state(world)["scheduled_charging_start_time"] == int(START.replace(hour=23).timestamp())
    assert after(world, hours=2, minutes=54).word == "Stopped"
    assert after(world, minutes=3).word == "Charging"
    assert charge_state(world)["scheduled_charging_pending"] is False


def test_plugged_in_within_six_hours_after_its_scheduled_start_it_charges_at_once() -> None:
    world = house()
    do(world, "schedule", 19 * 60)
    do(world, "plug")
    assert after(world, minutes=2).word == "Charging"


def test_the_start_button_overrides_its_schedule() -> None:
    world = house()
    do(world, "schedule", 23 * 60)
    do(world, "plug")
    do(world, "start")
    assert after(world, minutes=2).word == "Charging"


def test_it_stops_at_its_limit_and_is_complete() -> None:
    car = after(plugged(soc=78.0), hours=2)
    assert (car.word, round(car.soc, 1), car.wall_w) == ("Complete", 80.0, 0)


def test_a_tenth_of_the_energy_is_lost_on_the_way_into_the_battery() -> None:
    world = plugged(soc=50.0)
    car = after(world, hours=1)
    assert car.energy_added_kwh == pytest.approx(world.ledger.cars[VIN].wall_kwh * 0.9)
    assert car.energy_added_kwh == pytest.approx((car.soc - 50) / 100 * 75, abs=0.001)


def test_above_85_percent_it_takes_less_and_less() -> None:
    world = house(soc=85.0)
    do(world, "slider", 100)
    do(world, "plug")
    seen = [after(world, minutes=20).actual_amps for _ in range(6)]
    assert seen == sorted(seen, reverse=True)
    assert seen[0] <= 48
    assert seen[-1] < 35


def test_it_fills_up_again_when_it_has_lost_three_percent_after_complete() -> None:
    world = plugged(soc=80.0)
    assert after(world, minutes=1).word == "Complete"
    world.cars[VIN].soc = 78.0
    assert after(world, minutes=2).word == "Complete"
    world.cars[VIN].soc = 76.9
    after(world, minutes=2)
    assert after(world, minutes=1).word == "Charging"


def test_raising_the_limit_wakes_a_complete_charge_but_not_a_stopped_one() -> None:
    complete, stopped = plugged(soc=80.0), plugged(soc=60.0)
    after(stopped, minutes=2)
    do(stopped, "stop")
    for world in (complete, stopped):
        do(world, "slider", 90)
    assert after(complete, minutes=2).word == "Charging"
    assert after(stopped, minutes=2).word == "Stopped"


def test_it_stays_stopped_after_a_stop_over_the_api() -> None:
    world = plugged()
    after(world, minutes=2)
    assert command(world, "charge_stop") == {"result": True, "reason": ""}
    assert charge_state(world)["charger_actual_current"] == 0
    assert after(world, hours=8).word == "Stopped"


def test_it_keeps_a_low_amps_request_over_the_next_plug_in() -> None:
    world = plugged()
    after(world, minutes=2)
    command(world, "set_charging_amps", charging_amps=7)
    do(world, "unplug")
    do(world, "plug")
    assert after(world, minutes=2).request_amps == 7
    assert after(world, minutes=2).actual_amps == 7


def test_below_5_amps_the_first_call_sets_5_and_the_second_one_takes() -> None:
    world = plugged()
    after(world, minutes=2)
    command(world, "set_charging_amps", charging_amps=3)
    assert charge_state(world)["charge_current_request"] == 5
    command(world, "set_charging_amps", charging_amps=3)
    assert charge_state(world)["charge_current_request"] == 3


def test_plugged_in_at_0_amps_some_latch_until_plugged_in_again() -> None:
    world = house(replace(UTC_CAR, latches=True))
    connector = world.circuit.connectors[VIN]
    connector.offer = 0
    do(world, "plug")
    connector.offer = 32
    assert after(world, minutes=10).word == "Stopped"
    assert command(world, "charge_start")["result"] is True
    assert after(world, hours=1).wall_w == 0
    do(world, "unplug")
    do(world, "plug")
    assert after(world, minutes=2).actual_amps == 32


def test_after_three_lost_links_some_latch() -> None:
    world = plugged(replace(UTC_CAR, latches=True))
    words = []
    for _ in range(3):
        do(world, "link-lost")
        words.append(after(world, minutes=2).word)
    assert words == ["Charging", "Charging", "Stopped"]


def test_without_power_it_says_so_and_goes_on_when_the_power_is_back() -> None:
    world = plugged()
    after(world, minutes=5)
    do(world, "grid", False)
    assert after(world, minutes=1).word == "NoPower"
    assert command(world, "charge_start")["reason"] == "no_power"
    do(world, "grid", True)
    assert after(world, minutes=3).word == "Charging"


def test_the_energy_counter_begins_anew_with_each_plug_in() -> None:
    world = plugged()
    assert after(world, hours=1).energy_added_kwh > 5
    do(world, "unplug")
    do(world, "plug")
    assert world.cars[VIN].energy_added_kwh == 0


def test_it_sleeps_a_quarter_of_an_hour_after_the_last_activity_and_a_plug_wakes_it() -> None:
    world = house()
    assert after(world, minutes=14).awake
    assert not after(world, minutes=2).awake
    assert world.vehicle_data(VIN).status == 408
    do(world, "plug")
    assert world.vehicle_data(VIN).status == 200


def test_a_wake_takes_its_time_or_works_by_the_next_cycle() -> None:
    for spec, span in ((UTC_CAR, 40), (replace(UTC_CAR, wake_s=None), 1)):
        world = house(spec)
        after(world, minutes=20)
        assert world.command(VIN, "wake_up", {}).body["response"]["state"] == "asleep"  # type: ignore[index]
        assert world.command(VIN, "charge_start", {}).status == 408
        assert after(world, seconds=span).awake


def test_climate_draws_from_the_wall_without_charging() -> None:
    world = plugged(soc=80.0)
    do(world, "climate", 2400)
    car = after(world, minutes=10)
    assert (car.word, car.actual_amps, car.energy_added_kwh) == ("Complete", 10, 0)


def test_driving_uses_energy_and_brings_it_home_again() -> None:
    world = plugged(soc=80.0)
    do(world, "drive", 60)
    car = after(world, minutes=30)
    assert (car.word, car.driving, car.at_home) == ("Disconnected", True, False)
    car = after(world, minutes=31)
    assert car.at_home
    assert car.soc == pytest.approx(80 - 60 * 0.165 / 75 * 100, abs=0.1)


def test_at_a_supercharger_it_charges_fast_and_away() -> None:
    world = house(soc=20.0)
    do(world, "supercharge")
    assert after(world, minutes=10).soc > 40
    assert charge_state(world)["fast_charger_present"] is True
    assert not world.cars[VIN].on_our_circuit
    assert world.flows.load_w == world.flows.base_w


@pytest.mark.parametrize(
    ("doing", "name", "reason"),
    [
        ("charging", "charge_start", "is_charging"),
        ("starting", "charge_start", "requested"),
        ("complete", "charge_start", "complete"),
        ("unplugged", "charge_start", "disconnected"),
        ("complete", "charge_stop", "not_charging"),
    ],
)
def test_it_refuses_with_teslas_own_reasons(doing: str, name: str, reason: str) -> None:
    world = house(soc=80.0 if doing == "complete" else 50.0)
    if doing != "unplugged":
        do(world, "plug")
    if doing != "starting":
        after(world, minutes=3)
    assert command(world, name) == {"result": False, "reason": reason}


def test_the_limit_is_clamped_and_the_same_one_is_already_set() -> None:
    world = house()
    assert command(world, "set_charge_limit", percent=80)["reason"] == "already_set"
    assert command(world, "set_charge_limit", percent=30)["result"] is True
    assert charge_state(world)["charge_limit_soc"] == 50


def test_a_schedule_of_ours_in_the_car_starts_a_stopped_charge() -> None:
    world = plugged()
    after(world, minutes=2)
    command(world, "charge_stop")
    home = {"lat": BLUE.home.lat, "lon": BLUE.home.lon, "days_of_week": "All", "enabled": True}
    body = {"id": 7, "start_enabled": True, "start_time": 22 * 60, "end_enabled": False, **home}
    answer = world.command(VIN, "add_charge_schedule", body)
    assert answer.status == 200
    assert after(world, minutes=110).word == "Stopped"
    assert after(world, minutes=20).word == "Charging"


def test_vehicle_data_shows_the_place_only_when_asked_for_it() -> None:
    world = house()
    without = world.vehicle_data(VIN, ("charge_state", "drive_state")).body["response"]
    with_it = world.vehicle_data(VIN, ("charge_state", "location_data")).body["response"]
    assert isinstance(without, dict)
    assert isinstance(with_it, dict)
    assert "latitude" not in without["drive_state"]
    assert with_it["drive_state"]["latitude"] == BLUE.home.lat


def test_a_car_of_32_amps_takes_no_more() -> None:
    world = plugged(RED, soc=40.0)
    assert after(world, minutes=3).actual_amps == 32


def test_fewer_than_5_amps_do_not_outlive_a_plug_in() -> None:
    world = plugged()
    car = world.cars[VIN]
    car.request_amps = 2
    hands.unplug(car)
    hands.plug(car)
    assert car.request_amps == 5


def test_a_car_that_dozes_agrees_to_a_start_and_begins_when_its_offer_has_fallen_and_risen() -> None:
    world = plugged()
    connector = world.circuit.connectors[VIN]
    connector.offer = 16
    after(world, minutes=5)
    command(world, "charge_stop")
    do(world, "doze")
    assert command(world, "charge_start")["result"] is True
    assert after(world, minutes=10).word == "Stopped"
    for offer, word in ((32, "Stopped"), (6, "Stopped"), (32, "Charging")):
        connector.offer = offer
        assert after(world, minutes=2).word == word
