"""What is refused across options, and what the seeds' old names are answered with."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import load
from config_seeds import OLD, advice
from errors import ConfigError


def problems(folder: Path, text: str) -> tuple[str, ...]:
    (folder / ".env").write_text(text, encoding="utf-8")
    try:
        load(None, {}, root=folder)
    except ConfigError as error:
        return error.problems
    return ()


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("COST_WEIGHT=1\nCO2_WEIGHT=2", "set all three weights"),
        ("COST_WEIGHT=0\nCO2_WEIGHT=0\nGRID_WEIGHT=0", "at least one weight"),
        ("MIN_SOC=90", "must be lower than MAX_SOC"),
        ("CHARGER_MIN_AMPS=16\nCHARGER_MAX_AMPS=12", "must not be above CHARGER_MAX_AMPS"),
        ("TWC_BREAKER_AMPS=6", "leaves 4 A"),
        ("TWC_MAX_AMPS=8\nCHARGER_MIN_AMPS=10", "must not be below"),
        ("STRATEGY=timer", "needs hours"),
        ("POWERWALL_URL=https://192.168.1.40", "needs POWERWALL_PASSWORD"),
        ("POWERWALL_URL=http://192.168.1.40\nPOWERWALL_PASSWORD=x", "clear text"),
        ("ENERGY_MONITOR_TYPE=shelly_em", "needs ENERGY_MONITOR_URL"),
        ("ENERGY_MONITOR_URL=http://192.168.1.42", "needs ENERGY_MONITOR_TYPE"),
        ("TESLA_ACCESS_TOKEN=t\nTESLA_API_URL=http://example.com", "clear text"),
        ("TESLA_ACCESS_TOKEN=t\nTESLA_API_URL=HTTP://example.com", "clear text"),
        ("TESLA_ACCESS_TOKEN=t\nTESLA_COMMAND_URL=http://192.168.1.9:4443", "run that service on this Pi"),
        ("TESLA_ACCESS_TOKEN=t\nTESLA_COMMAND_URL=http://127.0.0.1.example.com", "clear text"),
        ("GRID_STATUS_API_KEY=k\nGRID_STATUS_URL=http://example.com", "clear text"),
        ("TESLA_VIN=5YJ3AMPSHFT000001, 5yj3ampshft000001", "twice"),
        ("GUEST_AMPS=3", "from 5 to 80"),
        ("TESLA_HOME_ADDRESS=1 Main Street", "write number and street, town and state"),
        ("TESLA_HOME_ADDRESS=1 Elm Street #4, Springfield, IL 62701", "all of it in 'quotes' where there is a #"),
        ("TESLA_HOME_ADDRESS=140,40", "latitude"),
        ("TESLA_ACCESS_TOKEN=Bearer abc", "without the word Bearer"),
        ("STATE_DIR=~/state", "cron does not know ~"),
    ],
)
def test_a_contradiction_is_refused_in_one_sentence(tmp_path: Path, text: str, part: str) -> None:
    found = problems(tmp_path, text)
    assert len(found) == 1
    assert part in found[0]


@pytest.mark.parametrize(
    "text",
    [
        "TESLA_ACCESS_TOKEN=t",
        "TESLA_ACCESS_TOKEN=t\nTESLA_API_URL=http://127.0.0.1:8000\nTESLA_COMMAND_URL=http://[::1]:9000",
        "TESLA_COMMAND_URL=http://192.168.1.9:4443",
        "TESLA_ACCESS_TOKEN=t\nTESLA_COMMAND_URL=https://192.168.1.9:4443/proxy",
        "POWERWALL_URL=http://localhost:1\nPOWERWALL_PASSWORD=x",
        "COST_WEIGHT=1\nCO2_WEIGHT=0\nGRID_WEIGHT=0.5",
        "STRATEGY=timer\nCHARGE_HOURS=23:00-06:00",
        "DEPARTURE_TIME=none",
    ],
)
def test_what_is_in_order_is_taken(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text) == ()


@pytest.mark.parametrize(
    ("line", "paste"),
    [
        ("homeMaxAmps=30", "MAIN_BREAKER_AMPS=38"),
        ("chargerMaxAmps=25", "CHARGER_MAX_AMPS=25"),
        ("chargerMinAmps=4", "CHARGER_MIN_AMPS=5"),
        ("energyMonitorIp=192.168.1.50", "ENERGY_MONITOR_URL=http://192.168.1.50"),
        ("energyMonitorType=shelly_em", "ENERGY_MONITOR_TYPE=shelly_em"),
        ("teslaHttpProxy=https://127.0.0.1:4443", "TESLA_COMMAND_URL=https://127.0.0.1:4443"),
        ("teslaVehicleId=123456", "TESLA_VIN=..."),
        ("region=ap", "TESLA_REGION=na"),
        ("voltage=230", "VOLTAGE=230"),
        ("TESLA_ACCOUNT_EMAIL=me@example.com", "TESLA_VIN=..."),
        ("TESLA_ADDRESS=10.5,20.5", "TESLA_HOME_ADDRESS=10.5,20.5"),
        ("TESLA_ADDRESS=12 Elm Street, Bay Town, CA 94999", "TESLA_HOME_ADDRESS=12 Elm Street, Bay Town, CA 94999"),
        ("wiringMaxAmpsAllTWCs=40", "TWC_BREAKER_AMPS=50"),
        ("wiringMaxAmpsPerTWC=32", "TWC_MAX_AMPS=32"),
        ("minAmpsPerTWC=12", "CHARGER_MIN_AMPS=12"),
        ("maxPower=7680", "CHARGER_MAX_AMPS=32"),
        ("nonScheduledAmpsMax=0", "NON_SCHEDULED_AMPS=0"),
        ("homeLat=10.5\nhomeLon=20.5", "TESLA_HOME_ADDRESS=10.5,20.5"),
        ("scheduledAmpsMax=24\nscheduledAmpsStartHour=22.5\nscheduledAmpsEndHour=6", "CHARGE_HOURS=22:30-06:00@24"),
        (
            "scheduledAmpsMax=24\nscheduledAmpsStartHour=22\nscheduledAmpsEndHour=06:30\nscheduledAmpsDaysBitmap=0x41",
            "CHARGE_HOURS=mon 22:00-06:30@24, sun 22:00-06:30@24",
        ),
        ("chargeNowAmps=16", "override charge-now"),
        ("rs485port=/dev/ttyUSB0", "TWC_PORT="),
    ],
)
def test_an_old_name_is_answered_with_the_line_to_paste(tmp_path: Path, line: str, paste: str) -> None:
    found = problems(tmp_path, line)
    assert paste in found[0]
    assert found[0].startswith(line.partition("=")[0])


def test_what_an_old_name_is_answered_with_can_be_pasted(tmp_path: Path) -> None:
    for line in ("homeMaxAmps=100", "wiringMaxAmpsPerTWC=100", "region=eu", "nonScheduledAmpsMax=16", "maxPower=11", "minAmpsPerTWC=2"):
        said = problems(tmp_path, line)[0]
        assert problems(tmp_path, said.partition("write ")[2].split()[0]) == ()


def test_old_secrets_are_not_repeated(tmp_path: Path) -> None:
    for name in ("teslaAccessToken", "teslaRefreshToken", "API_TOKEN", "teslaClientId"):
        assert "s3cr3t" not in problems(tmp_path, f"{name}=s3cr3t")[0]


@given(usable=st.integers(1, 700))
def test_a_converted_breaker_leaves_exactly_the_old_current(usable: int) -> None:
    said = advice("homeMaxAmps", {"homeMaxAmps": str(usable)})
    assert said is not None
    printed = int(said.text.partition("MAIN_BREAKER_AMPS=")[2].split()[0])
    assert printed * 80 // 100 == usable


@given(name=st.sampled_from(sorted(OLD)), value=st.text(max_size=20))
def test_any_old_value_gets_an_answer(name: str, value: str) -> None:
    assert advice(name, {name: value}) is not None
