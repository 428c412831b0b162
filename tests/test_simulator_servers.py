"""The simulated devices over real sockets, asked with plain requests."""

from __future__ import annotations

import hashlib
import json
import ssl
import stat
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import urllib3

from model import Billed
from simulator import faults
from simulator.house import World
from simulator.houses import BLUE, RED, sunny_house
from simulator.network import Network
from simulator.owner import Act

START = datetime(2027, 6, 10, 19, 0, tzinfo=UTC)  # noon in California
WAIT = 2


@pytest.fixture
def net() -> Iterator[Network]:
    world = sunny_house(START, (BLUE, RED))
    world.do(Act(START, "plug", vin=BLUE.vin))
    world.advance(START + timedelta(minutes=5))
    with Network(world, login_limit=3) as network:
        yield network


def fleet(net: Network, path: str, method: str = "GET", token: str = "", **more: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {token or net.fleet.token}"}
    return requests.request(method, f"{net.fleet.url}/api/1/vehicles{path}", headers=headers, timeout=WAIT, **more)


def command(net: Network, name: str, **body: int) -> requests.Response:
    return fleet(net, f"/{BLUE.vin}/command/{name}", "POST", json=body)


def gateway(net: Network, path: str, method: str = "GET", **more: Any) -> requests.Response:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)
        return requests.request(method, f"{net.powerwall.url}{path}", verify=False, timeout=WAIT, **more)


def login(net: Network, password: str = "") -> requests.Response:
    return gateway(net, "/api/login/Basic", "POST", json={"username": "customer", "password": password or net.powerwall.password})


def grid(net: Network, dataset: str, **query: object) -> dict[str, Any]:
    headers = {"x-api-key": net.gridstatus.key}
    answer = requests.get(
        f"{net.gridstatus.url}/v1/datasets/{dataset}/query",
        params={key: str(value) for key, value in query.items()},
        headers=headers,
        timeout=WAIT,
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_the_vehicle_list_comes_in_pages(net: Network) -> None:
    first = fleet(net, "?page_size=1").json()
    second = fleet(net, "?page_size=1&page=2").json()
    assert [row["vin"] for row in first["response"] + second["response"]] == [BLUE.vin, RED.vin]
    assert (first["pagination"]["next"], second["pagination"]["next"]) == (2, None)


def test_vehicle_data_takes_semicolons_and_with_commas_lacks_the_charge_state(net: Network) -> None:
    right = fleet(net, f"/{BLUE.vin}/vehicle_data?endpoints=charge_state%3Blocation_data").json()["response"]
    wrong = fleet(net, f"/{BLUE.vin}/vehicle_data?endpoints=charge_state,location_data").json()["response"]
    assert right["charge_state"]["charging_state"] == "Charging"
    assert right["charge_state"]["charger_actual_current"] == 48
    assert right["charge_state"]["timestamp"] == int(net.world.now.timestamp() * 1000)
    assert right["drive_state"]["latitude"] == BLUE.home.lat
    assert "charge_state" not in wrong


def test_a_command_changes_the_car_and_a_refusal_is_a_200(net: Network) -> None:
    assert command(net, "set_charging_amps", charging_amps=10).json()["response"] == {"result": True, "reason": ""}
    assert net.world.cars[BLUE.vin].request_amps == 10
    assert command(net, "charge_start").json()["response"] == {"result": False, "reason": "is_charging"}
    net.world.account.proxy_style = True
    assert command(net, "charge_start").json()["response"]["reason"] == "car could not execute command: is_charging"


def test_a_wrong_token_is_401_and_an_unknown_car_404(net: Network) -> None:
    assert fleet(net, "", token="wrong").status_code == 401
    assert fleet(net, "/5YJ3AMPSHFT000099").status_code == 404
    assert fleet(net, f"/{BLUE.vin}/command/open_sesame", "POST", json={}).status_code == 404


def test_a_sleeping_car_is_408_until_it_has_been_woken(net: Network) -> None:
    net.world.advance(START + timedelta(hours=1))
    path = f"/{RED.vin}/vehicle_data"
    asleep = fleet(net, path)
    assert (asleep.status_code, asleep.json()["error"]) == (408, "vehicle unavailable: vehicle is offline or asleep")
    assert fleet(net, f"/{RED.vin}").json()["response"]["state"] == "asleep"
    assert fleet(net, f"/{RED.vin}/wake_up", "POST", json={}).json()["response"]["state"] == "asleep"
    net.world.advance(net.world.now + timedelta(minutes=5))
    assert fleet(net, path).status_code == 200


def test_every_answer_below_500_is_billed_by_its_kind_and_no_other(net: Network) -> None:
    net.world.faults["fleet"].next(1, faults.ILL_500)
    net.world.faults["fleet"].next(1, faults.too_many(30))
    seen = [fleet(net, f"/{BLUE.vin}/vehicle_data").status_code for _ in range(3)]
    command(net, "charge_stop")
    fleet(net, f"/{BLUE.vin}/wake_up", "POST", json={})
    fleet(net, "", token="wrong")
    assert seen == [500, 429, 200]
    assert net.world.account.billed == {Billed.DATA: 2, Billed.COMMAND: 1, Billed.WAKE: 1, Billed.LIST: 1}


def test_the_api_log_tells_what_reached_the_account(net: Network) -> None:
    command(net, "set_charge_limit", percent=70)
    call = net.world.account.calls[-1]
    assert (call.name, call.vin, call.value, call.status) == ("set_charge_limit", BLUE.vin, 70, 200)
    assert net.fleet.server.log[-1].path.endswith("set_charge_limit")


@pytest.mark.parametrize(
    "fault", [faults.TOKEN_EXPIRED, faults.BILLING_LIMIT, faults.ASLEEP_408, faults.wrong_region("https://fleet.example"), faults.BUSY_503]
)
def test_a_fault_with_a_status_counts_requests_and_carries_nothing_out(net: Network, fault: faults.Fault) -> None:
    net.world.faults["fleet"].next(2, fault, path="command")
    assert [command(net, "charge_stop").status_code for _ in range(2)] == [fault.status] * 2
    assert fleet(net, "").status_code == 200
    assert net.world.cars[BLUE.vin].word == "Charging"
    assert command(net, "charge_stop").status_code == 200
    assert net.world.faults["fleet"].left == 0


def test_a_connection_dropped_after_a_command_has_carried_it_out_and_one_before_has_not(net: Network) -> None:
    for fault, word in ((faults.DROP_BEFORE, "Charging"), (faults.DROP_AFTER, "Stopped")):
        net.world.faults["fleet"].next(1, fault)
        with pytest.raises(requests.ConnectionError):
            command(net, "charge_stop")
        assert net.world.cars[BLUE.vin].word == word


def test_cut_off_and_garbage_answers_are_no_json(net: Network) -> None:
    net.world.faults["fleet"].next(1, faults.CUT)
    with pytest.raises(requests.RequestException):
        fleet(net, "")
    net.world.faults["fleet"].next(1, faults.GARBAGE)
    assert fleet(net, "").text.startswith("<html>")


def test_a_hanging_server_still_ends_when_it_is_closed(net: Network) -> None:
    net.world.faults["fleet"].next(1, faults.HANG)
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{net.fleet.url}/api/1/vehicles", timeout=0.2)
    net.close()
    with pytest.raises(requests.ConnectionError):
        fleet(net, "")


def test_the_gateway_wants_a_login_and_its_numbers_balance(net: Network) -> None:
    assert gateway(net, "/api/meters/aggregates").status_code == 401
    assert login(net, "wrong").status_code == 401
    cookies = login(net).cookies
    meters = gateway(net, "/api/meters/aggregates", cookies=cookies).json()
    supply = sum(meters[name]["instant_power"] for name in ("site", "battery", "solar"))
    assert supply == pytest.approx(meters["load"]["instant_power"])
    assert meters["solar"]["instant_power"] > 4000
    assert net.world.battery is not None
    raw = gateway(net, "/api/system_status/soe", cookies=cookies).json()["percentage"]
    assert (raw - 5) / 0.95 == pytest.approx(net.world.battery.soc)
    assert gateway(net, "/api/system_status/grid_status", cookies=cookies).json()["grid_status"] == "SystemGridConnected"
    assert gateway(net, "/api/operation", "POST", cookies=cookies, json={}).status_code == 403
    net.powerwall.forget_logins()
    assert gateway(net, "/api/operation", cookies=cookies).status_code == 401


def test_the_gateway_stops_those_who_log_in_too_often(net: Network) -> None:
    assert [login(net).status_code for _ in range(4)] == [200, 200, 200, 429]


def test_the_fingerprint_is_that_of_the_certificate_that_the_gateway_shows(net: Network) -> None:
    place = urlsplit(net.powerwall.url)
    shown = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((str(place.hostname), place.port or 443), timeout=WAIT))
    assert hashlib.sha256(shown).hexdigest() == net.powerwall.fingerprint.replace(":", "").lower()


def test_both_generations_of_the_house_meter_show_the_grid_power(net: Network) -> None:
    status = requests.get(f"{net.shelly.url}/status", timeout=WAIT).json()
    rpc = requests.get(f"{net.shelly.url}/rpc/Shelly.GetStatus", timeout=WAIT).json()
    one = requests.get(f"{net.shelly.url}/rpc/EM1.GetStatus?id=1", timeout=WAIT).json()
    assert sum(meter["power"] for meter in status["emeters"]) == pytest.approx(net.world.flows.grid_w, abs=0.02)
    assert rpc["em1:0"]["act_power"] + one["act_power"] == pytest.approx(net.world.flows.grid_w, abs=0.2)
    net.shelly.upside_down, net.shelly.valid = True, False
    turned = requests.get(f"{net.shelly.url}/emeter/0", timeout=WAIT).json()
    assert turned["power"] == -status["emeters"][0]["power"]
    assert turned["is_valid"] is False


def test_the_wall_connector_tells_its_vitals_and_breaks_its_json_on_demand(net: Network) -> None:
    url = f"{net.gen3.url}/api/1/vitals"
    vitals = requests.get(url, timeout=WAIT).json()
    assert (vitals["vehicle_connected"], vitals["contactor_closed"], vitals["vehicle_current_a"]) == (True, True, 48.0)
    net.world.faults["gen3"].next(1, faults.BARE_NAN)
    net.world.faults["gen3"].next(1, faults.NO_BRACE)
    assert '"mcu_temp_c": nan' in requests.get(url, timeout=WAIT).text
    cut = requests.get(url, timeout=WAIT).text
    assert json.loads(cut + "}")["vehicle_connected"] is True


def test_prices_are_published_for_tomorrow_from_one_o_clock(net: Network) -> None:
    span = {"start_time": START.isoformat(), "end_time": (START + timedelta(days=3)).isoformat()}
    noon = grid(net, "caiso_lmp_day_ahead_hourly", filter_column="location", filter_value="TH_NP15_GEN-APND", **span)["data"]
    net.world.advance(START + timedelta(hours=1))
    afternoon = grid(net, "caiso_lmp_day_ahead_hourly", **span)["data"]
    assert (len(noon), len(afternoon)) == (12, 36)
    assert noon[0]["location"] == "TH_NP15_GEN-APND"
    assert noon[0]["lmp"] == pytest.approx(net.world.market(START) * 1000)


def test_the_load_forecast_comes_in_pages_and_needs_the_key(net: Network) -> None:
    span = {"start_time": START.isoformat(), "end_time": (START + timedelta(hours=5)).isoformat(), "page_size": 3}
    first, second = grid(net, "caiso_load_forecast", **span), grid(net, "caiso_load_forecast", page=2, **span)
    assert [page["meta"]["hasNextPage"] for page in (first, second)] == [True, False]
    assert [len(page["data"]) for page in (first, second)] == [3, 2]
    assert net.gridstatus.requests == 2
    url = f"{net.gridstatus.url}/v1/datasets/caiso_load_forecast/query"
    assert requests.get(url, timeout=WAIT).json() == {"detail": "API key is required."}
    net.gridstatus.per_second = True
    answers = [requests.get(url, headers={"x-api-key": net.gridstatus.key}, timeout=WAIT).status_code for _ in range(2)]
    assert answers[-1] == 429


def test_the_settings_name_every_server_and_the_file_is_for_its_owner_only(net: Network, tmp_path: Path) -> None:
    net.write_env(tmp_path / "house.env")
    env = net.env(tmp_path / "state")
    text = (tmp_path / "house.env").read_text()
    assert f"TESLA_API_URL={net.fleet.url}" in text
    assert stat.S_IMODE((tmp_path / "house.env").stat().st_mode) == 0o600
    assert env["TESLA_VIN"] == f"{BLUE.vin},{RED.vin}"
    assert Path(env["TARIFF"]).is_file()
    assert {len(vin) for vin in net.world.cars} == {17}


def test_the_world_can_be_asked_while_it_moves_on(net: Network) -> None:
    world: World = net.world
    before = fleet(net, f"/{BLUE.vin}/vehicle_data?endpoints=charge_state").json()["response"]["charge_state"]
    world.advance(world.now + timedelta(minutes=10))
    after = fleet(net, f"/{BLUE.vin}/vehicle_data?endpoints=charge_state").json()["response"]["charge_state"]
    assert after["charge_energy_added"] > before["charge_energy_added"]
