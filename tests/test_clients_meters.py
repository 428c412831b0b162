"""House meters and the Gen 3 Wall Connector, with recorded bodies."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from clients.http import Http
from clients.shelly import read_meter
from clients.wall_connector import mended, read_vitals
from errors import BadAnswer, LoginDead, NotConfigured, Unreachable
from model import MeterReading, Missing, WallReading
from tests.fake_server import Asked, Canned, FakeServer, Route, free_port, recorded

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def http() -> Iterator[Http]:
    client = Http(connect_s=1, read_s=0.3, limit_s=0.6)
    yield client
    client.close()


def meter(http: Http, kind: str, routes: dict[str, Route], password: str = "") -> MeterReading:
    with FakeServer(routes) as server:
        return read_meter(kind, server.url + "/", password, http, NOW)


def emeter(power: object, valid: object = True) -> dict[str, object]:
    return {"power": power, "voltage": 121.5, "is_valid": valid}


def test_a_recorded_shelly_em_that_exports_is_negative(http: Http) -> None:
    body = Canned(recorded("shelly/gen1_status_shelly_em_exporting.json"))
    assert meter(http, "shelly_em", {"/status": body}) == MeterReading(NOW, -620.34, 235.68)


def test_a_recorded_power_meter_of_the_first_generation_will_do(http: Http) -> None:
    reading = meter(http, "shelly_em", {"/status": Canned(recorded("shelly/gen1_status_1pm.json"))})
    assert reading.grid_w == 4711.12
    assert isinstance(reading.volts, Missing)


@pytest.mark.parametrize(
    ("clamps", "watts"),
    [
        ([emeter(3000), emeter(2500)], 5500),
        ([emeter(3000)], 3000),
        ([emeter(3000), emeter(9999, False)], 3000),
        ([emeter(-1), emeter(-2), emeter(-3)], -6),
    ],
)
def test_valid_clamps_are_summed(http: Http, clamps: list[object], watts: float) -> None:
    assert meter(http, "shelly_em", {"/status": Canned({"emeters": clamps})}).grid_w == watts


@pytest.mark.parametrize(
    "body",
    [
        {"emeters": [emeter(1, False)]},
        {"emeters": [emeter(None)]},
        {"emeters": [emeter("12")]},
        {"emeters": [emeter(1, None)]},
        {"emeters": []},
        {"relays": []},
        [],
    ],
)
def test_a_meter_that_may_be_wrong_is_refused(http: Http, body: object) -> None:
    with pytest.raises(BadAnswer):
        meter(http, "shelly_em", {"/status": Canned(body)})


def em1(**changed: object) -> dict[str, object]:
    return {**json.loads(recorded("shelly/gen2_em1_getstatus_exporting.json")), **changed}


def test_a_recorded_pro_em_is_read_one_by_one_where_it_must(http: Http) -> None:
    reading = meter(http, "shelly_rpc", {"/rpc/EM1.GetStatus?id=0": Canned(em1())})
    assert reading == MeterReading(NOW, -332.2, 226.9)


def test_two_clamps_are_one_house(http: Http) -> None:
    both: dict[str, Route] = {"/rpc/EM1.GetStatus?id=0": Canned(em1()), "/rpc/EM1.GetStatus?id=1": Canned(em1(act_power=1000, id=1))}
    assert meter(http, "shelly_rpc", both).grid_w == pytest.approx(667.8)
    at_once = Canned({"em1:0": em1(), "em1:1": em1(act_power=1000), "em1data:0": {}, "sys": {}})
    assert meter(http, "shelly_rpc", {"/rpc/Shelly.GetStatus": at_once}).grid_w == pytest.approx(667.8)


def test_three_phases_come_as_one_total(http: Http) -> None:
    body = {"id": 0, "a_voltage": 231.0, "a_act_power": 1, "total_act_power": -4000.5}
    assert meter(http, "shelly_rpc", {"/rpc/Shelly.GetStatus": Canned({"em:0": body})}) == MeterReading(NOW, -4000.5, 231.0)
    assert meter(http, "shelly_rpc", {"/rpc/EM.GetStatus?id=0": Canned(body)}).grid_w == -4000.5


@pytest.mark.parametrize(
    ("component", "named"),
    [
        ({"errors": ["power_meter_failure"]}, "power_meter_failure"),
        ({"errors": ["out_of_range:act_power"]}, "out_of_range"),
        ({"errors": ["ct_type_not_set"]}, "ct_type"),
        ({"act_power": None}, "act_power is null"),
        ({"act_power": True}, "act_power"),
    ],
)
def test_a_fault_of_the_meter_is_named(http: Http, component: dict[str, object], named: str) -> None:
    with pytest.raises(BadAnswer, match=named):
        meter(http, "shelly_rpc", {"/rpc/Shelly.GetStatus": Canned({"em1:0": em1(**component)})})


def test_a_device_without_a_meter_is_told_apart(http: Http) -> None:
    with pytest.raises(BadAnswer, match="ENERGY_MONITOR_TYPE"):
        meter(http, "shelly_rpc", {"/rpc/Shelly.GetStatus": Canned({"switch:0": {}})})
    with pytest.raises(NotConfigured):
        meter(http, "toaster", {})


def test_the_first_generation_is_asked_with_basic_authentication(http: Http) -> None:
    def guarded(asked: Asked) -> Canned:
        good = asked.headers.get("authorization") == "Basic YWRtaW46c2VjcmV0"  # admin:secret
        return Canned({"emeters": [emeter(7)]} if good else "", 200 if good else 401)

    assert meter(http, "shelly_em", {"/status": guarded}, "secret").grid_w == 7
    with pytest.raises(LoginDead):
        meter(http, "shelly_em", {"/status": guarded}, "wrong")


def test_newer_ones_are_asked_with_sha_256_digest(http: Http) -> None:
    body = {"em1:0": em1()}  # a recording that is not there skips here, not in the server's thread

    def sha(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    def guarded(asked: Asked) -> Canned:
        said = dict(re.findall(r'(\w+)="?([^",]+)"?', asked.headers.get("authorization", "")))
        secret = sha("admin:shelly:secret")
        tail = f"{said.get('nonce')}:{said.get('nc')}:{said.get('cnonce')}:auth"
        if said.get("response") == sha(f"{secret}:{tail}:{sha(f'GET:{asked.path}')}"):
            return Canned(body)
        return Canned("", 401, {"WWW-Authenticate": 'Digest qop="auth", realm="shelly", nonce="60dc59c6", algorithm=SHA-256'})

    assert meter(http, "shelly_rpc", {"/rpc/Shelly.GetStatus": guarded}, "secret").grid_w == -332.2
    with pytest.raises(LoginDead):
        meter(http, "shelly_rpc", {"/rpc/Shelly.GetStatus": guarded}, "wrong")


def test_a_meter_that_is_off_is_unreachable(http: Http) -> None:
    with pytest.raises(Unreachable):
        read_meter("shelly_em", f"http://127.0.0.1:{free_port()}", "", http, NOW)


# ---- Wall Connector Gen 3 -----------------------------------------------------------------------------------------------------


def vitals(http: Http, body: str) -> WallReading:
    with FakeServer({"/api/1/vitals": Canned(body)}) as server:
        return read_vitals(server.url, http, NOW)


def test_recorded_vitals_are_read(http: Http) -> None:
    reading = vitals(http, recorded("wall_connector/vitals.json"))
    assert (reading.connected, reading.contactor_closed, reading.amps, reading.volts) == (True, False, 0.5, 228.8)
    assert (reading.at, reading.session_s) == (NOW, 0)
    assert reading.session_kwh == pytest.approx(22.128301)


@pytest.mark.parametrize("name", ["lifetime_with_bare_nan_NOT_VALID_JSON.txt", "lifetime_missing_end_brace_NOT_VALID_JSON.txt"])
def test_recorded_broken_json_is_mended(name: str) -> None:
    node = mended(recorded(f"wall_connector/{name}"))
    assert node.number("connector_cycles") == 238
    assert node.number("contactor_cycles_loaded") == 3 or isinstance(node.number("contactor_cycles_loaded"), Missing)


def test_vitals_broken_in_both_ways_are_still_read(http: Http) -> None:
    broken = recorded("wall_connector/vitals.json").rstrip().rstrip("}").replace("20.8", "nan")
    assert vitals(http, broken).connected is True
    assert isinstance(mended(broken).number("mcu_temp_c"), Missing)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"vehicle_connected":true', '"vehicle_connected":null'),
        ('"vehicle_current_a":0.5', '"vehicle_current_a":nan'),
        ('"contactor_closed":false,', ""),
        ("{", "<html>"),
    ],
)
def test_vitals_without_what_matters_are_a_bad_answer(http: Http, old: str, new: str) -> None:
    with pytest.raises(BadAnswer):
        vitals(http, recorded("wall_connector/vitals.json").replace(old, new))
