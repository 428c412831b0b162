"""Reading cars: real bodies, bodies with one field changed, and the money that each request costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from clients.http import Http
from clients.tesla import Tesla
from clients.tesla_billing import headers_for
from clients.tesla_fields import car_reading, car_status
from errors import Asleep, BadAnswer, BudgetSpent, NoAnswer, ServerFault, TooMany, Unreachable, WrongRegion
from model import CarReading, Charging, Missing, Place
from tests.fake_server import Asked, Canned, Counter, FakeServer, free_port, raw_server, recorded

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
VIN = "5YJ3AMPSHFT000001"
PATH = f"/api/1/vehicles/{VIN}/vehicle_data"


@pytest.fixture
def http() -> Iterator[Http]:
    client = Http(connect_s=1, read_s=0.3, limit_s=0.6)
    yield client
    client.close()


def full() -> dict[str, Any]:
    body: dict[str, Any] = json.loads(recorded("ha/tesla_fleet_vehicle_data.json"))
    body["response"]["vin"] = VIN
    return body


def reading(**charge: object) -> CarReading:
    body = full()
    body["response"]["charge_state"].update(charge)
    return car_reading(body, VIN, NOW)


def test_a_whole_recorded_answer_is_read() -> None:
    car = reading()
    assert (car.charging, car.soc, car.limit_soc, car.limit_min_soc, car.limit_max_soc) == (Charging.STOPPED, 77, 80, 50, 100)
    assert (car.request_amps, car.request_max_amps, car.actual_amps, car.volts) == (16, 16, 0, 2)
    assert (car.cable, car.fast_charging, car.driving, car.schedule_pending) == (True, False, False, False)
    assert car.place == Place(37.0421, -122.0287)
    assert car.battery_kwh == pytest.approx(60.9, abs=0.1)
    assert (car.at, car.name, car.in_service) == (NOW, "Test", False)
    assert car.phases == Missing("tesla", "charge_state.charger_phases is null")
    assert car.schedule_at == Missing("tesla", "charge_state.scheduled_charging_start_time is null")


def test_a_charging_american_car_is_read() -> None:
    body = json.loads(recorded("vehicle/vehicle_data_charging_us_models.json"))
    car = car_reading(body, body["response"]["vin"], NOW)
    assert (car.charging, car.actual_amps, car.volts, car.phases, car.energy_added_kwh) == (Charging.CHARGING, 40, 243, 1, 2.42)
    assert isinstance(car.battery_kwh, Missing)
    assert "not in the answer" in car.battery_kwh.why
    assert car.name == "Nikola 2.0"


def test_nulls_of_old_firmware_are_missing_and_never_zero() -> None:
    car = car_reading(json.loads(recorded("vehicle/vehicle_data_complete_many_nulls.json")), VIN, NOW)
    assert (car.charging, car.soc) == (Charging.COMPLETE, 90)
    for value in (car.actual_amps, car.volts, car.fast_charging, car.cable, car.phases):
        assert isinstance(value, Missing)
        assert value.source == "tesla"


@pytest.mark.parametrize("bad", [None, "77", True, float("nan"), float("inf"), -1, 101, [], 10**400])
def test_what_is_no_percentage_is_missing(bad: object) -> None:
    assert isinstance(reading(battery_level=bad).soc, Missing)


@pytest.mark.parametrize(
    ("field", "value", "name", "expected"),
    [
        ("charging_state", "Levitating", "charging", Charging.UNKNOWN),
        ("charging_state", "Calibrating", "charging", Charging.CALIBRATING),
        ("conn_charge_cable", "<invalid>", "cable", False),
        ("conn_charge_cable", "SAE", "cable", True),
        ("fast_charger_present", True, "fast_charging", True),
        ("scheduled_charging_start_time", 1795255200, "schedule_at", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("scheduled_charging_pending", True, "schedule_pending", True),
        ("charger_phases", 3, "phases", 3),
        ("charge_limit_soc", 80.0, "limit_soc", 80),
    ],
)
def test_each_field_in_its_own_words(field: str, value: object, name: str, expected: object) -> None:
    assert getattr(reading(**{field: value}), name) == expected


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("charging_state", None, "charging"),
        ("charging_state", "<invalid>", "charging"),
        ("conn_charge_cable", None, "cable"),
        ("fast_charger_present", "true", "fast_charging"),
        ("scheduled_charging_start_time", 1795255200000, "schedule_at"),
        ("scheduled_charging_start_time", float("inf"), "schedule_at"),
        ("energy_remaining", 0.0, "battery_kwh"),
        ("battery_level", 9, "battery_kwh"),
    ],
)
def test_each_unusable_field_is_missing(field: str, value: object, name: str) -> None:
    assert isinstance(getattr(reading(**{field: value}), name), Missing)


def test_a_nearly_empty_battery_does_not_tell_its_size() -> None:
    assert isinstance(reading(battery_level=9, energy_remaining=5.4).battery_kwh, Missing)
    assert reading(battery_level=10, energy_remaining=6.0).battery_kwh == pytest.approx(60)


@pytest.mark.parametrize(("gear", "driving"), [("D", True), ("R", True), ("N", True), ("P", False), (None, False)])
def test_the_gear_says_whether_it_drives(gear: str | None, driving: bool) -> None:
    body = full()
    body["response"]["drive_state"]["shift_state"] = gear
    assert car_reading(body, VIN, NOW).driving is driving


def test_without_drive_state_neither_place_nor_gear_is_known() -> None:
    body = full()
    del body["response"]["drive_state"]
    car = car_reading(body, VIN, NOW)
    assert isinstance(car.driving, Missing)
    assert isinstance(car.place, Missing)


def test_the_bluetooth_proxy_nests_its_answer() -> None:
    inner = {"charge_state": full()["response"]["charge_state"]}
    car = car_reading({"response": {"result": True, "reason": "ok", "vin": VIN, "response": inner}}, VIN, NOW)
    assert car.soc == 77
    assert car.name == "car 000001"


@pytest.mark.parametrize(
    "body", [[], None, "x", {}, {"response": None}, {"response": []}, {"response": {}}, {"response": {"charge_state": 5}}]
)
def test_an_answer_without_a_car_is_bad(body: object) -> None:
    with pytest.raises(BadAnswer):
        car_reading(body, VIN, NOW)


def test_an_answer_about_another_car_is_bad() -> None:
    with pytest.raises(BadAnswer, match="another car"):
        car_reading(full(), "5YJ3AMPSHFT000002", NOW)


def test_a_sleeping_car_may_be_told_with_200() -> None:
    with pytest.raises(Asleep):
        car_reading(json.loads(recorded("vehicle/error_500_offline_or_asleep_proxy.json")), VIN, NOW)


def test_a_recorded_list_row_is_a_status() -> None:
    status = car_status(json.loads(recorded("vehicle/vehicles_list_old.json"))["response"][0])
    assert (status.vin, status.name, status.online, status.in_service) == ("abc123", "Macak", True, False)


@pytest.mark.parametrize("state", ["asleep", "offline", "waking", None, True])
def test_only_online_is_online(state: object) -> None:
    assert not car_status({"vin": VIN, "state": state}).online


# ---- over the wire ------------------------------------------------------------------------------------------------------------


def test_all_pages_of_the_list_are_read_and_counted(http: Http) -> None:
    row = {"vin": VIN, "state": "online"}
    first = Canned({"response": [row], "pagination": {"next": 2}})
    second = Canned({"response": [row, {**row, "vin": "5YJ3AMPSHFT000002"}], "pagination": {"next": None}})
    count = Counter()
    with FakeServer({"/api/1/vehicles": first, "/api/1/vehicles?page=2": second}) as server:
        cars = Tesla(server.url + "/", "tok", http, count).cars()
    assert [car.vin for car in cars] == [VIN, "5YJ3AMPSHFT000002"]
    assert count.counted == ["list", "list"]
    assert not count.undone


def test_a_request_is_counted_before_it_leaves(http: Http) -> None:
    count, body = Counter(), full()  # a recording that is not there skips here, not in the server's thread

    def check(asked: Asked) -> Canned:
        assert count.counted == ["data"]
        return Canned(body)

    with FakeServer({PATH: check}) as server:
        assert Tesla(server.url, "tok", http, count).car(VIN, NOW).soc == 77
    assert server.asked[0].path.endswith("?endpoints=charge_state%3Bdrive_state%3Blocation_data%3Bvehicle_state%3Bcharge_schedule_data")
    assert server.asked[0].headers["authorization"] == "Bearer tok"
    assert server.asked[0].headers["content-type"] == "application/json"


def test_a_read_that_the_budget_forbids_is_never_sent(http: Http) -> None:
    def refuse(kind: object) -> Any:
        raise BudgetSpent("tesla", "spent")

    with FakeServer({PATH: Canned(full())}) as server, pytest.raises(BudgetSpent):
        Tesla(server.url, "tok", http, refuse).car(VIN, NOW)
    assert not server.asked


@pytest.mark.parametrize(
    ("answer", "error", "undone"),
    [
        (Canned({"error": "vehicle unavailable: vehicle is offline or asleep"}, 408), Asleep, 0),
        (Canned("", 429, {"Retry-After": "60"}), TooMany, 0),
        (Canned("", 503), ServerFault, 1),
        (Canned({"error": "vehicle unavailable: vehicle is offline or asleep"}, 500), Asleep, 1),
        (Canned('{"response": {"char', 200), BadAnswer, 0),
    ],
)
def test_only_what_tesla_does_not_bill_is_given_back(http: Http, answer: Canned, error: type[Exception], undone: int) -> None:
    count = Counter()
    with FakeServer({PATH: answer}) as server, pytest.raises(error):
        Tesla(server.url, "tok", http, count).car(VIN, NOW)
    assert (len(server.asked), len(count.counted), len(count.undone)) == (1, 1, undone)


def test_a_token_does_not_travel_in_the_clear() -> None:
    assert "Authorization" not in headers_for("http://192.0.2.1:8080/api", "tok")
    assert headers_for("https://192.0.2.1/api", "tok")["Authorization"] == "Bearer tok"


def test_an_unanswered_read_stays_counted(http: Http) -> None:
    count = Counter()
    with raw_server(lambda conn: None) as url, pytest.raises(NoAnswer):
        Tesla(url, "tok", http, count).car(VIN, NOW)
    assert (len(count.counted), len(count.undone)) == (1, 0)


def test_an_undelivered_read_costs_nothing_and_is_tried_twice(http: Http) -> None:
    count = Counter()
    with pytest.raises(Unreachable):
        Tesla(f"http://127.0.0.1:{free_port()}", "tok", http, count).car(VIN, NOW)
    assert (len(count.counted), len(count.undone)) == (2, 2)


def test_the_right_region_is_named_where_tesla_names_it(http: Http) -> None:
    body = "user out of region, use base URL: https://fleet-api.prd.eu.vn.cloud.tesla.com, see https://developer.tesla.com"
    with FakeServer({"/api/1/vehicles": Canned(body, 421)}) as server, pytest.raises(WrongRegion) as caught:
        Tesla(server.url, "tok", http, Counter()).cars()
    assert caught.value.base_url == "https://fleet-api.prd.eu.vn.cloud.tesla.com"
