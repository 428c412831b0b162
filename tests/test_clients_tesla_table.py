"""The one table of commands, schedules in the car, and fleet_status."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from clients.http import Http
from clients.tesla import Tesla
from clients.tesla_commands import Commander
from clients.tesla_fleet import fleet_cars, fleet_status
from clients.tesla_schedules import PreconditionSchedule, car_schedules, precondition_schedules
from clients.tesla_table import TABLE, Call, call_for, checked, days_text, outcome_of
from clients.values import Node
from errors import BadAnswer
from model import ALL_DAYS, OUR_SCHEDULE_ID, CarSchedule, Missing
from model_memory import CommandKind, Outcome
from simulator.car import Car, CarSpec
from simulator.car_body import data
from simulator.car_commands import COMMANDS
from simulator.fleet import Fleet
from simulator.house import HouseSpec, World
from simulator.houses import BLUE
from tests.builders import EVENING, HOME, ZONE
from tests.fake_server import Canned, Counter, FakeServer, recorded

VIN = "5YJ3AMPSHFT000001"
OURS = CarSchedule(OUR_SCHEDULE_ID, ALL_DAYS, 150, None, 37.0, -122.0)


@pytest.fixture
def http() -> Iterator[Http]:
    client = Http(connect_s=1, read_s=1, limit_s=2)
    yield client
    client.close()


def test_every_command_of_ours_is_in_the_table() -> None:
    assert {kind.value for kind in CommandKind} <= set(TABLE)
    assert not [name for name in TABLE if name.startswith("set_scheduled")]


def test_a_schedule_becomes_tesla_s_parameters_and_the_simulated_car_understands_them() -> None:
    call = call_for(CommandKind.ADD_SCHEDULE, 150, OURS)
    assert isinstance(call, Call)
    assert call.params == {
        "id": OUR_SCHEDULE_ID,
        "days_of_week": "All",
        "enabled": True,
        "start_enabled": True,
        "start_time": 150,
        "end_enabled": False,
        "lat": 37.0,
        "lon": -122.0,
    }
    car = Car(CarSpec(VIN, "Blue", HOME, ZONE), EVENING)
    assert COMMANDS[call.name](car, call.params) == ""
    assert car_schedules(Node("tesla", "", data(car, ("charge_schedule_data",)))) == (OURS,)


@pytest.mark.parametrize(
    ("days", "text"), [(127, "All"), (62, "Monday,Tuesday,Wednesday,Thursday,Friday"), (1, "Sunday"), (80, "Thursday,Saturday")]
)
def test_days_are_named_as_tesla_takes_them(days: int, text: str) -> None:
    assert days_text(days) == text


@pytest.mark.parametrize(
    ("kind", "value", "schedule", "why"),
    [
        (CommandKind.ADD_SCHEDULE, None, None, "needs a schedule"),
        (CommandKind.ADD_SCHEDULE, 5, CarSchedule(1, 0, 5, None, 0, 0), "needs a schedule with its days"),
        (CommandKind.ADD_SCHEDULE, 5, CarSchedule(1, 127, 1440, None, 0, 0), "start_time must be 0 to 1439"),
        (CommandKind.ADD_SCHEDULE, 5, CarSchedule(1, 127, 5, None, 91, 0), "lat must be -90 to 90"),
        (CommandKind.REMOVE_SCHEDULE, None, None, "id must be"),
        (CommandKind.LIMIT, 101, None, "percent must be 50 to 100"),
        (CommandKind.STOP, 1, None, "takes no value"),
    ],
)
def test_what_cannot_be_meant_is_no_call(kind: CommandKind, value: int | None, schedule: CarSchedule | None, why: str) -> None:
    found = call_for(kind, value, schedule)
    assert isinstance(found, str)
    assert why in found


def test_a_precondition_schedule_is_checked_against_the_table() -> None:
    whole: dict[str, object] = {"days_of_week": "Weekdays", "enabled": True, "precondition_time": 420, "lat": 37.0, "lon": -122.0}
    assert isinstance(checked("add_precondition_schedule", whole), Call)
    assert checked("add_precondition_schedule", whole | {"enabled": 1}) == "enabled must be true or false, not 1."
    assert checked("add_precondition_schedule", whole | {"colour": 1}) == "add_precondition_schedule takes no colour."


WARM: dict[str, object] = {"id": 7, "days_of_week": "Monday,Sunday", "enabled": True, "precondition_time": 420, "lat": 37.0, "lon": -122.0}


def test_a_precondition_schedule_is_added_read_and_removed(http: Http) -> None:
    world = World(HouseSpec(), [BLUE], datetime(2026, 12, 8, tzinfo=UTC))
    fleet = Fleet(world)
    sends, reads = Commander(fleet.url, fleet.token, http, Counter()), Tesla(fleet.url, fleet.token, http, Counter())
    add, remove = checked("add_precondition_schedule", WARM), checked("remove_precondition_schedule", {"id": 7})
    assert isinstance(add, Call)
    assert isinstance(remove, Call)
    try:
        assert reads.precondition_schedules(BLUE.vin) == ()
        assert sends.send_call(add, BLUE.vin).outcome is Outcome.DONE
        assert reads.precondition_schedules(BLUE.vin) == (PreconditionSchedule(7, 3, 420, 37.0, -122.0, enabled=True, once=False),)
        assert sends.send_call(remove, BLUE.vin).outcome is Outcome.DONE
        assert reads.precondition_schedules(BLUE.vin) == ()
    finally:
        fleet.close()


@pytest.mark.parametrize(
    "change",
    [{"id": None}, {"days_of_week": 200}, {"precondition_time": 1440}, {"precondition_time": None}, {"lat": "here"}, {"lon": None}],
)
def test_a_precondition_schedule_that_cannot_be_read_makes_all_of_them_missing(change: dict[str, object]) -> None:
    row = {"id": 7, "days_of_week": 3, "precondition_time": 420, "lat": 37.0, "lon": -122.0}
    body = {"preconditioning_schedule_data": {"precondition_schedules": [row, row | change]}}
    assert isinstance(precondition_schedules(Node("tesla", "", body)), Missing)
    assert isinstance(precondition_schedules(Node("tesla", "", {})), Missing)


@pytest.mark.parametrize("name", ["charge_standard", "charge_max_range"])
def test_a_limit_that_stands_already_is_a_wish_fulfilled(name: str, http: Http) -> None:
    fleet = Fleet(World(HouseSpec(), [BLUE], datetime(2026, 12, 8, tzinfo=UTC)))
    sends, call = Commander(fleet.url, fleet.token, http, Counter()), checked(name, {})
    assert isinstance(call, Call)
    try:
        sends.send_call(call, BLUE.vin)
        assert sends.send_call(call, BLUE.vin).outcome is Outcome.ALREADY
    finally:
        fleet.close()


@pytest.mark.parametrize(
    ("name", "said", "refused", "outcome"),
    [
        ("charge_start", "car could not execute command: is_charging", True, Outcome.ALREADY),
        ("charge_start", "no_power", True, Outcome.REFUSED),
        ("charge_start", "car could not execute command: could_not_wake_buses", True, Outcome.UNREACHABLE),
        ("charge_start", "vehicle_command timeout", True, Outcome.UNKNOWN),
        ("charge_start", "", False, None),
        ("remove_charge_schedule", "not_found", True, Outcome.REFUSED),
    ],
)
def test_a_reason_is_known_by_its_ending(name: str, said: str, refused: bool, outcome: Outcome | None) -> None:
    assert outcome_of(name, said, refused=refused) is outcome


@pytest.mark.parametrize(("amps", "times"), [(5, 1), (4, 2), (1, 2)])
def test_fewer_than_5_amps_are_asked_for_twice_and_counted_twice(http: Http, amps: int, times: int) -> None:
    count = Counter()
    yes = Canned({"response": {"result": True, "reason": ""}})
    with FakeServer({f"/api/1/vehicles/{VIN}/command/set_charging_amps": yes}) as server:
        answer = Commander(server.url, "tok", http, count).send(CommandKind.AMPS, VIN, amps)
    assert (answer.outcome, len(server.asked), len(count.counted)) == (Outcome.DONE, times, times)


def test_the_second_request_for_few_amps_is_not_sent_after_a_no(http: Http) -> None:
    no = Canned({"response": {"result": False, "reason": "no_power"}})
    with FakeServer({f"/api/1/vehicles/{VIN}/command/set_charging_amps": no}) as server:
        answer = Commander(server.url, "tok", http, Counter()).send(CommandKind.AMPS, VIN, 3)
    assert (answer.outcome, len(server.asked)) == (Outcome.REFUSED, 1)


def test_a_recorded_car_without_schedules_has_none() -> None:
    car = json.loads(recorded("ha/tesla_fleet_charge_schedule_data_empty.json"))
    assert car_schedules(Node("tesla", "", car)) == ()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"id": None}, "id is null"),
        ({"start_time": 1440}, "start_time is unusable"),
        ({"days_of_week": "All"}, "days_of_week is unusable"),
        ({"latitude": None, "lat": None}, "latitude is null"),
    ],
)
def test_one_schedule_that_cannot_be_read_makes_all_of_them_missing(change: dict[str, Any], why: str) -> None:
    car = Car(CarSpec(VIN, "Blue", HOME, ZONE), EVENING)
    car.schedules = {1: OURS}
    body = json.loads(json.dumps(data(car, ("charge_schedule_data",))))
    body["charge_schedule_data"]["charge_schedules"][0].update(change)
    found = car_schedules(Node("tesla", "", body))
    assert isinstance(found, Missing)
    assert why in found.why


def test_old_firmware_tells_no_schedules() -> None:
    assert isinstance(car_schedules(Node("tesla", "", {"charge_state": {}})), Missing)


def test_fleet_status_says_who_holds_our_key(http: Http) -> None:
    body = {
        "response": {
            "key_paired_vins": [VIN],
            "unpaired_vins": ["5YJ3AMPSHFT000002"],
            "vehicle_info": {VIN: {"firmware_version": "2026.38", "vehicle_command_protocol_required": True, "total_number_of_keys": 3}},
        }
    }
    with FakeServer({"/api/1/vehicles/fleet_status": Canned(body)}) as server:
        one, two = fleet_status(server.url, "tok", http, Counter(), (VIN, "5YJ3AMPSHFT000002"))
    assert (one.paired, one.must_sign, one.firmware, one.keys) == (True, True, "2026.38", 3)
    assert two.paired is False
    assert isinstance(two.must_sign, Missing)
    assert json.loads(server.asked[0].body) == {"vins": [VIN, "5YJ3AMPSHFT000002"]}


def test_a_fleet_status_without_its_lists_is_a_bad_answer() -> None:
    with pytest.raises(BadAnswer):
        fleet_cars({"response": {}}, (VIN,))
