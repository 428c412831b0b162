"""The Powerwall through the Fleet API: recorded bodies, units, signs, and what is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from clients.http import Http
from clients.tesla_energy import Energy, live_reading, site_info
from errors import BadAnswer, BudgetSpent, Refused, ServerFault
from model import Missing, SiteConnector
from model_energy import EnergySite, SiteKind, SiteValue
from tests.fake_server import Canned, Counter, FakeServer, recorded

NOW = datetime(2026, 12, 8, 4, tzinfo=UTC)
SITE = 1234
BASE = f"/api/1/energy_sites/{SITE}"


@pytest.fixture
def http() -> Iterator[Http]:
    client = Http(connect_s=1, read_s=1, limit_s=2)
    yield client
    client.close()


def live(**changes: Any) -> dict[str, Any]:
    """A recorded body with some keys told anew; a key set to None is null."""
    body: dict[str, Any] = json.loads(recorded("ha/teslemetry_live_status.json"))
    body["response"].update(changes)
    return body


def test_a_recorded_live_status_is_a_powerwall_reading_with_our_signs() -> None:
    seen = live_reading(live(), NOW)
    assert (seen.grid_w, seen.solar_w, seen.battery_w, seen.load_w) == (0, 1185, 5060, 6245)
    assert seen.grid_w + seen.solar_w + seen.battery_w == seen.load_w
    assert seen.soc == pytest.approx(95.505, abs=0.001)
    assert (seen.grid_up, seen.storm_watch, seen.at) == (True, False, NOW)
    assert [one.din for one in seen.connectors] == ["abd-123", "bcd-234"]
    assert [one.vin for one in seen.connectors] == [None, None]


def test_a_site_that_tesla_does_not_know_is_not_called_a_car(http: Http) -> None:
    with FakeServer({f"{BASE}/live_status": Canned("not_found", 404)}) as server, pytest.raises(Refused, match="POWERWALL_SITE"):
        Energy(server.url, "token", http, Counter()).live(SITE, NOW)


def test_a_recorded_site_without_a_battery_has_flows_and_no_state_of_charge() -> None:
    seen = live_reading(json.loads(recorded("energy/live_status_solar_only.json")), NOW)
    assert (seen.solar_w, round(seen.grid_w)) == (7720, -3203)
    assert seen.soc == Missing("powerwall", "this site has no battery")
    assert isinstance(seen.grid_up, Missing)
    assert seen.connectors == ()


@pytest.mark.parametrize(
    ("status", "island", "up"),
    [
        ("Active", "on_grid", True),
        ("Inactive", "off_grid_unintentional", False),
        ("Active", "off_grid_intentional", False),
        ("Unknown", "on_grid", True),
        ("Active", None, True),
        (None, "off_grid", False),
    ],
)
def test_the_grid_is_down_where_either_word_says_so(status: str | None, island: str | None, up: bool) -> None:
    assert live_reading(live(grid_status=status, island_status=island), NOW).grid_up is up


def test_a_storm_and_a_car_on_a_connector_are_seen() -> None:
    rows = [
        {"din": "a", "vin": "5YJ3AMPSHFT000001", "wall_connector_state": 4, "wall_connector_power": 7600},
        {"din": "b", "vin": "5YJ3AMPSHFT000002", "wall_connector_state": 2, "wall_connector_power": 0},
    ]
    seen = live_reading(live(storm_mode_active=True, wall_connectors=rows), NOW)
    assert seen.storm_watch is True
    assert seen.connectors == (SiteConnector("a", "5YJ3AMPSHFT000001", 7600), SiteConnector("b", None, 0))


@pytest.mark.parametrize("name", ["grid_power", "battery_power", "solar_power"])
def test_a_flow_that_is_null_is_a_bad_answer_that_names_it(name: str) -> None:
    with pytest.raises(BadAnswer, match=name):
        live_reading(live(**{name: None}), NOW)


def test_a_load_that_is_null_is_the_sum_of_the_others() -> None:
    assert live_reading(live(load_power=None), NOW).load_w == 6245


def test_recorded_settings_are_read() -> None:
    own = site_info(json.loads(recorded("ha/teslemetry_site_info.json")), NOW).settings
    assert (own.reserve_soc, own.mode, own.grid_charging, own.storm_mode) == (0, "self_consumption", False, True)
    other = site_info(json.loads(recorded("energy/site_info_solar_powerwall.json")), NOW).settings
    assert (other.reserve_soc, other.zone) == (100, "America/Los_Angeles")
    assert isinstance(other.grid_charging, Missing)


def test_the_recorded_tariff_is_kept_as_tesla_has_it() -> None:
    body = json.loads(recorded("energy/tariff_v2_sample.json"))
    assert site_info(body, NOW).tariff == body["response"]["tariff_content_v2"]


def test_sites_are_told_from_cars_and_from_sites_without_a_battery(http: Http) -> None:
    count = Counter()
    with FakeServer({"/api/1/products": Canned(recorded("ha/teslemetry_products.json"))}) as server:
        sites = Energy(server.url, "tok", http, count).sites()
    assert sites == (EnergySite(123456, "Energy Site", battery=True), EnergySite(98765, "site 98765", battery=False))
    assert count.counted == ["energy"]


@pytest.mark.parametrize(
    ("kind", "value", "path", "body"),
    [
        (SiteKind.RESERVE, 63, "backup", {"backup_reserve_percent": 63}),
        (SiteKind.MODE, "backup", "operation", {"default_real_mode": "backup"}),
        (SiteKind.GRID_CHARGING, False, "grid_import_export", {"disallow_charge_from_grid_with_solar_installed": True}),
        (SiteKind.GRID_CHARGING, True, "grid_import_export", {"disallow_charge_from_grid_with_solar_installed": False}),
    ],
)
@pytest.mark.parametrize("status", [200, 201])
def test_each_change_has_its_path_and_body(
    http: Http, kind: SiteKind, value: SiteValue, path: str, body: dict[str, object], status: int
) -> None:
    yes = Canned({"response": {"code": 201, "message": "Updated"}}, status)
    with FakeServer({f"{BASE}/{path}": yes}) as server:
        said = Energy(server.url, "tok", http, Counter()).change(SITE, kind, value)
    assert said == "Updated"
    assert (server.asked[0].method, json.loads(server.asked[0].body)) == ("POST", body)
    assert server.asked[0].headers["authorization"] == "Bearer tok"


@pytest.mark.parametrize("answer", [{"code": 400, "message": "no"}, {"result": False, "message": "no"}])
def test_a_no_inside_a_200_is_a_refusal(http: Http, answer: dict[str, object]) -> None:
    with FakeServer({f"{BASE}/backup": Canned({"response": answer})}) as server, pytest.raises(Refused, match="no"):
        Energy(server.url, "tok", http, Counter()).change(SITE, SiteKind.RESERVE, 50)


def test_a_missing_scope_is_told_and_a_fault_is_not_billed(http: Http) -> None:
    count = Counter()
    answers = [Canned("Unauthorized missing scopes", 403), Canned("", 503)]
    with FakeServer({f"{BASE}/live_status": answers}) as server:
        energy = Energy(server.url, "tok", http, count)
        with pytest.raises(Refused, match="missing scopes"):
            energy.live(SITE, NOW)
        with pytest.raises(ServerFault):
            energy.live(SITE, NOW)
    assert (len(count.counted), len(count.undone)) == (2, 1)


def test_a_spent_budget_asks_nothing(http: Http) -> None:
    def refuse(kind: object) -> Any:
        raise BudgetSpent("tesla", "The month's budget is spent.")

    with FakeServer({}) as server, pytest.raises(BudgetSpent):
        Energy(server.url, "tok", http, refuse).live(SITE, NOW)
    assert not server.asked
