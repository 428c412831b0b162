"""The Powerwall through Tesla's cloud in real processes: a cheap night, `once`, `release`, the bill."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from simulator import faults
from simulator.houses import ZONE
from tests.process import Home, Warm, home

NIGHT = datetime(2026, 12, 9, 1, 0, tzinfo=ZONE)  # the tariff is cheap, and the car charges
CLOUD: dict[str, str | None] = {
    "POWERWALL_URL": None,
    "POWERWALL_PASSWORD": None,
    "POWERWALL_FINGERPRINT": None,
    "POWERWALL_SITE": "auto",
    "POWERWALL_HOLD": "on",
    "STRATEGY": "now",
}


@pytest.fixture
def held(tmp_path: Path, warm: Warm) -> Iterator[Home]:
    """A car charges at night, and the Powerwall keeps its charge for it."""
    with home(tmp_path, warm, NIGHT) as place:
        place.changes = dict(CLOUD)
        assert place.world.battery is not None
        place.world.battery.soc = 63.7
        place.do("run").fine()
        place.later(5).do("run").fine()
        assert reserve(place) >= 55
        yield place


def reserve(place: Home) -> int:
    assert place.world.battery is not None
    return round(place.world.battery.reserve_soc)


def test_the_powerwall_is_seen_held_and_told_without_a_gateway(held: Home) -> None:
    said = held.later(5).do("-v", "once").fine().out
    assert "Powerwall: " in said
    assert "the Powerwall keeps its charge" in said
    held.do("run").fine()
    powerwall = held.decision()["powerwall"]
    assert isinstance(powerwall, dict)
    assert powerwall["held"] == [{"what": "backup", "own": 20, "ours": reserve(held)}]
    assert held.spent() == pytest.approx(held.world.account.dollars)


def test_once_says_what_it_would_put_back_and_changes_nothing(held: Home) -> None:
    before, ours = held.files()["data/memory.json"], reserve(held)
    held.changes["POWERWALL_HOLD"] = "off"
    said = held.later(15).do("-v", "once").fine().out
    assert "set the Powerwall's reserve to 20 % now" in said
    assert reserve(held) == ours
    assert held.files()["data/memory.json"] == before


def test_release_gives_the_reserve_back_at_once(held: Home) -> None:
    ended = held.later(1).do("release")
    assert "Powerwall: set the Powerwall's reserve to 20 %: done" in ended.out
    assert ended.code == 0
    assert reserve(held) == 20


def test_release_says_so_when_tesla_cannot_be_reached_and_does_it_later(held: Home) -> None:
    held.world.faults["fleet"].next(9, faults.BUSY_503, "energy_sites")
    ended = held.later(6).do("release")
    assert ended.code == 1
    assert "write release again" in ended.out
    assert reserve(held) > 20
    held.world.faults["fleet"].clear()
    assert held.later(1).do("release").code == 0
    assert reserve(held) == 20


def test_check_names_the_scope_without_which_the_powerwall_cannot_be_held(held: Home) -> None:
    middle = urlsafe_b64encode(b'{"scp": ["vehicle_device_data", "vehicle_location", "vehicle_cmds", "offline_access"]}').decode()
    held.changes["TESLA_ACCESS_TOKEN"] = f"e30.{middle}.x"
    said = held.later(60).do("check")
    assert "the scope energy_cmds is missing, so POWERWALL_HOLD cannot" in said.out
    assert "the scope energy_device_data is missing" in said.out
    assert "the scope vehicle_" not in said.out


def test_check_names_the_cloud_and_a_missing_scope(held: Home) -> None:
    assert "ok      powerwall cloud" in held.later(60).do("check").out
    held.world.faults["fleet"].next(9, faults.Fault(faults.Ill.STATUS, 403, "Unauthorized missing scopes"), "energy_sites")
    said = held.later(60).do("check")
    assert "FAILED  powerwall cloud" in said.out
    assert "missing scopes" in said.out or "tick all boxes" in said.out


def test_the_rate_plan_of_the_app_counts_from_the_first_cycle_on(tmp_path: Path, warm: Warm) -> None:
    with home(tmp_path, warm, NIGHT) as place:
        place.changes = {**CLOUD, "POWERWALL_HOLD": None, "STRATEGY": None, "TARIFF": "powerwall"}
        place.world.site.tariff = {
            "name": "EV2-A",
            "currency": "USD",
            "energy_charges": {"All": {"rates": {"ON": 0.5, "OFF": 0.2}}},
            "seasons": {
                "All": {
                    "fromMonth": 1,
                    "fromDay": 1,
                    "toMonth": 12,
                    "toDay": 31,
                    "tou_periods": {
                        "ON": {"periods": [{"fromHour": 16, "toHour": 21, "toDayOfWeek": 6}]},
                        "OFF": {"periods": [{"fromHour": 21, "toHour": 16, "toDayOfWeek": 6}]},
                    },
                }
            },
            "sell_tariff": {"energy_charges": {"All": {"rates": {"ON": 0.1, "OFF": 0.04}}}},
        }
        place.do("run").fine()
        told = place.later(5).do("check").out
        assert "prices from tariff EV2-A" in told
        assert "$0.500 from 16:00 to 21:00" in told
        assert "an exported kWh earns $0.040 to $0.100" in told
        place.world.site.tariff = {}
        place.later(25 * 60).do("run").fine()  # the plan is read anew, once a day
        missing = place.later(5).do("run").fine_code().err
        assert "holds no prices: enter them under Settings, Utility Rate Plan" in missing
