"""config.load over real files: what is read, in which order, and what is said when it cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config import Control, Region, Settings, Strategy, load, nothing_configured
from config_read import machine_zone
from config_values import Departure
from errors import ConfigError
from model import Place

VIN = "5YJ3AMPSHFT000001"
OTHER = "5YJ3AMPSHFT000002"


def loaded(folder: Path, text: str = "", environ: Mapping[str, str] | None = None, only: frozenset[str] | None = None) -> Settings:
    (folder / ".env").write_text(text, encoding="utf-8")
    return load(None, environ or {}, root=folder, only=only)


def problems(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        loaded(folder, text, environ)
    return "\n".join(caught.value.problems)


def test_an_empty_file_gives_the_defaults_and_says_that_nothing_is_configured(tmp_path: Path) -> None:
    settings = loaded(tmp_path)
    assert nothing_configured(settings)
    assert (settings.voltage, settings.min_soc, settings.target_soc, settings.strategy) == (240, 20, None, Strategy.OPTIMAL)
    assert settings.state_dir == tmp_path / "state/data"
    assert settings.services() == ()


@pytest.mark.parametrize(
    "line",
    [f"TESLA_VIN={VIN}", "TESLA_ACCESS_TOKEN=abc", "TWC_BREAKER_AMPS=60", "WALL_CONNECTOR_URL=http://192.168.1.41"],
)
def test_one_car_or_charger_is_enough_to_be_configured(tmp_path: Path, line: str) -> None:
    assert not nothing_configured(loaded(tmp_path, line))


def test_a_missing_file_says_in_at_most_eight_lines_how_to_go_on(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(None, {"PATH": "/bin"}, root=tmp_path)
    text = str(caught.value)
    assert len(text.splitlines()) <= 8
    assert "make demo" in text
    assert "cp .env.example .env" in text


def test_a_missing_file_is_fine_when_the_environment_has_settings(tmp_path: Path) -> None:
    assert load(None, {"TESLA_VIN": VIN.lower()}, root=tmp_path).tesla_vin == (VIN,)


def test_a_missing_file_that_was_asked_for_is_a_problem_even_then(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        load(tmp_path / "other.env", {"TESLA_VIN": VIN}, root=tmp_path)


def test_the_environment_overrides_the_file_and_its_unknown_names_are_ignored(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "MIN_SOC=30\nMAX_SOC=80", {"MIN_SOC": "40", "homeMaxAmps": "30", "TARGET_SOCK": "1", "MAX_SOC__": "70"})
    assert (settings.min_soc, settings.max_soc) == (40, 80)


def test_nothing_after_the_sign_is_the_default(tmp_path: Path) -> None:
    assert loaded(tmp_path, "MIN_SOC=\nTARGET_SOC=  # none\n").min_soc == 20


def test_all_problems_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    text = problems(tmp_path, "VOLTAGE=12\n\n# a comment\nSTRATEGY=best\nPHASES=2\nCYCLE_MINUTES=five", {"MIN_SOC": "x"})
    assert text.splitlines() == [
        "VOLTAGE (line 1): write a whole number of V from 100 to 280, not '12'",
        "STRATEGY (line 4): write optimal or bands or charge-limit or timer or now, not 'best'",
        "PHASES (line 5): write 1 or 3, not '2'",
        "CYCLE_MINUTES (line 6): write a whole number of minutes from 1 to 15, not 'five'",
        "MIN_SOC (environment): write a whole number of percent from 0 to 100, not 'x'",
    ]


def test_an_option_set_twice_is_a_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, "MIN_SOC=30\nMIN_SOC=30") == "MIN_SOC is set twice (line 1 and line 2): keep one of them"


def test_a_typing_error_gets_a_suggestion(tmp_path: Path) -> None:
    assert "did you mean CHARGER_MAX_AMPS?" in problems(tmp_path, "CHARGER_MAX_AMP=32")
    assert "did you mean TESLA_VIN?" in problems(tmp_path, f"tesla_vin={VIN}")
    assert "docs/SETTINGS.md" in problems(tmp_path, "GARDEN_GNOMES=7")


@pytest.mark.parametrize("line", ["TESLA_ACCESS_TOKEN s3cr3tt0ken", "TESLA_ACCESS_TOKEN='s3cr3tt0ken", "TESLA_ACCESS_TOKN=s3cr3tt0ken"])
def test_a_broken_line_is_named_without_the_secret_in_it(tmp_path: Path, line: str) -> None:
    text = problems(tmp_path, f"MIN_SOC=30\n{line}\n")
    assert "line 2" in text
    assert "s3cr3t" not in text


def test_secrets_show_nowhere(tmp_path: Path) -> None:
    text = "TESLA_ACCESS_TOKEN=s3cr3t\nPOWERWALL_URL=https://192.168.1.40\nPOWERWALL_PASSWORD='s3cr3t # $HOME'\nGRID_STATUS_API_KEY=s3cr3t"
    settings = loaded(tmp_path, text)
    assert "s3cr3t" not in f"{settings!r} {settings} {settings.tesla_access_token!s} {settings.powerwall_password}"
    assert settings.powerwall_password.reveal() == "s3cr3t # $HOME"
    assert not Settings().tesla_access_token


@pytest.mark.parametrize("body", ["MIN_SOC=30\n".encode("utf-16"), b"CURRENCY=\xff\xfe", b"MIN_SOC=3\x000"])
def test_another_encoding_is_named(tmp_path: Path, body: bytes) -> None:
    (tmp_path / ".env").write_bytes(body)
    with pytest.raises(ConfigError, match="UTF-8"):
        load(None, {}, root=tmp_path)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfMIN_SOC=30\r\nexport MAX_SOC=80\r\n")
    settings = load(None, {}, root=tmp_path)
    assert (settings.min_soc, settings.max_soc) == (30, 80)


def test_a_folder_instead_of_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder"):
        load(tmp_path, {}, root=tmp_path)


def test_one_cars_own_values_go_by_vin_then_last_six_then_name(tmp_path: Path) -> None:
    text = (
        f"MIN_SOC=10\nMIN_SOC__blue_CAR=20\nMIN_SOC__000001=30\nMIN_SOC__{VIN}=40\nMAX_SOC__Blue_Car=80\nTARGET_SOC=70\nTARGET_SOC__000002="
    )
    settings = loaded(tmp_path, text)
    assert settings.for_car(VIN, "Blue Car").min_soc == 40
    assert settings.for_car(VIN, "Blue Car").max_soc == 80
    assert settings.for_car("5YJ3AMPSHFZ000001", "Blue Car").min_soc == 30
    assert settings.for_car(OTHER, "Blue Car").min_soc == 20
    assert settings.for_car(OTHER, "Red").min_soc == 10
    assert settings.for_car(OTHER, "Red").target_soc is None


def test_an_option_for_the_whole_house_cannot_be_one_cars_own(tmp_path: Path) -> None:
    assert "holds for all cars" in problems(tmp_path, f"VOLTAGE__{VIN}=230")


def test_own_values_are_checked_too(tmp_path: Path) -> None:
    text = problems(tmp_path, f"TESLA_VIN={VIN}\nMIN_SOC__Blue=95\nTWC_ID__{OTHER}=4085\nMAX_SOC__Red=high")
    assert "MIN_SOC__blue (95) must be lower than MAX_SOC__blue (90)" in text
    assert f"TWC_ID__{OTHER}: this VIN is not in TESLA_VIN" in text
    assert "MAX_SOC__red (line 4)" in text


def test_state_replaces_both_state_folders(tmp_path: Path) -> None:
    (tmp_path / ".env").touch()
    settings = load(None, {"STATE_DIR": "elsewhere"}, tmp_path / "s", root=tmp_path)
    assert (settings.state_dir, settings.run_dir) == (tmp_path / "s/data", tmp_path / "s/run")


def test_relative_files_count_from_the_settings_file_and_state_folders_from_the_program(tmp_path: Path) -> None:
    other = tmp_path / "etc"
    other.mkdir()
    (other / "house.env").write_text("PRICE_FILE=prices.csv\nSTATE_DIR=kept\nRUN_DIR=/run/ampshift")
    settings = load(other / "house.env", {}, root=tmp_path)
    assert settings.price_file == other / "prices.csv"
    assert (settings.state_dir, settings.run_dir) == (tmp_path / "kept", Path("/run/ampshift"))


def test_the_daemon_refuses_only_on_its_own_options(tmp_path: Path) -> None:
    own = frozenset({"TWC_BREAKER_AMPS", "CONTINUOUS_PERCENT"})
    text = "GRID_ISO=CALIFORNIA\nGARDEN=1\nwhat is this\nTWC_BREAKER_AMPS=60\nMIN_SOC=95"
    assert loaded(tmp_path, text, only=own).circuit_amps == 48
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, "GRID_ISO=CALIFORNIA\nTWC_BREAKER_AMP=60\nCONTINUOUS_PERCENT 80", only=own)
    assert len(caught.value.problems) == 2


def test_regions_have_their_own_hosts_and_commands_follow_reads(tmp_path: Path) -> None:
    europe = loaded(tmp_path, "TESLA_REGION=eu\nTESLA_ACCESS_TOKEN=t")
    assert (europe.tesla_region, europe.tesla_api_url) == (Region.EU, "https://fleet-api.prd.eu.vn.cloud.tesla.com")
    assert dict(europe.services())["Tesla commands"] == europe.tesla_api_url
    fake = loaded(tmp_path, "TESLA_API_URL=http://127.0.0.1:8000/\nTESLA_ACCESS_TOKEN=t")
    assert fake.tesla_command_url == "http://127.0.0.1:8000"
    assert Settings(tesla_access_token=fake.tesla_access_token).services()[0][1].startswith("https://fleet-api.prd.na")


def test_a_whole_house_is_read(tmp_path: Path) -> None:
    text = f"""
TIME_ZONE=Europe/Berlin
TESLA_VIN={VIN}, {OTHER}
TESLA_HOME_ADDRESS=48.1, -11.5
DEPARTURE_TIME=mon-fri 06:45, sun 10:00
CONTROL=TWC
MAIN_BREAKER_AMPS=100
SOLAR_CHARGING=off
GRID_ISO=caiso
"""
    settings = loaded(tmp_path, text)
    assert settings.time_zone == ZoneInfo("Europe/Berlin")
    assert settings.tesla_vin == (VIN, OTHER)
    assert settings.tesla_home_address == Place(48.1, -11.5)
    assert settings.departure_time == (Departure(frozenset(range(5)), 405), Departure(frozenset({6}), 600))
    assert (settings.control, settings.main_amps, settings.solar_charging) == (Control.TWC, 80, False)
    assert settings.grid_iso == "CAISO"


def test_the_machines_zone_is_tz_then_localtime_then_timezone_then_utc(tmp_path: Path) -> None:
    (tmp_path / "timezone").write_text("Asia/Tokyo\n")
    assert machine_zone("", tmp_path) == ZoneInfo("Asia/Tokyo")
    (tmp_path / "localtime").symlink_to("/usr/share/zoneinfo/America/Denver")
    assert machine_zone("nonsense", tmp_path) == ZoneInfo("America/Denver")
    assert machine_zone(":Europe/Paris", tmp_path) == ZoneInfo("Europe/Paris")
    assert machine_zone("", tmp_path / "none") == ZoneInfo("UTC")
