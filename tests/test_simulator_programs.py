"""`python -m simulator` and `python -m simulator.replay` as programs, and the recordings behind the second."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from simulator.houses import ZONE
from simulator.replay import Case, Replay, cases
from simulator.replay_bodies import MADE_UP_VIN, loads, prices

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
AT = datetime(2022, 7, 14, 18, 0, tzinfo=ZONE)
WAIT = 2

recorded = pytest.mark.skipif(
    not (SHARED / "fixtures").is_dir(), reason="no recordings beside the project (../shared/fixtures, ../shared/data)"
)


def settings(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))


def start(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(ROOT)},
    )


def read_settings(program: subprocess.Popen[str]) -> dict[str, str]:
    assert program.stdout is not None
    lines = []
    for line in program.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            break
    return settings("".join(lines))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_house_lives_until_a_signal_and_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with start("simulator", "--seconds", "20", "--write-env", "house.env", cwd=tmp_path) as program:
        env = read_settings(program)
        answer = requests.get(
            f"{env['TESLA_API_URL']}/api/1/vehicles", headers={"Authorization": f"Bearer {env['TESLA_ACCESS_TOKEN']}"}, timeout=WAIT
        )
        program.send_signal(number)
        assert program.stdout is not None
        assert program.stderr is not None
        told, problems = program.stdout.read(), program.stderr.read()
    assert answer.json()["response"][0]["display_name"] == "Blue"
    assert (program.returncode, problems) == (0, "")
    assert "Blue: plug" in told
    assert settings((tmp_path / "house.env").read_text())["TESLA_API_URL"] == env["TESLA_API_URL"]


def test_the_house_says_what_auth_tesla_asks_for(tmp_path: Path) -> None:
    with start("simulator", "--seconds", "0", cwd=tmp_path) as program:
        told, problems = program.communicate(timeout=20)
    assert (program.returncode, problems) == (0, "")
    assert "# auth tesla asks for: client ID simulated-app, client secret simulated-secret\n" in told


@recorded
def test_every_combination_of_recordings_is_a_case() -> None:
    found = cases(SHARED)
    assert len({case.name for case in found}) == len(found) == 24
    assert cases(ROOT / "nowhere") == ()


@recorded
@pytest.mark.parametrize("vehicle", sorted({case.vehicle for case in cases(SHARED)}))
def test_the_list_and_the_data_of_a_recorded_car_agree(vehicle: str) -> None:
    with Replay(SHARED, Case(vehicle, "ha", "shelly_em"), AT) as replay:
        env, headers = replay.env(), {"Authorization": f"Bearer {replay.env()['TESLA_ACCESS_TOKEN']}"}
        base = f"{env['TESLA_API_URL']}/api/1/vehicles"
        vin = requests.get(base, headers=headers, timeout=WAIT).json()["response"][0]["vin"]
        body = requests.get(f"{base}/{vin}/vehicle_data?endpoints=charge_state", headers=headers, timeout=WAIT).json()["response"]
        stop = requests.post(f"{base}/{vin}/command/charge_stop", json={}, headers=headers, timeout=WAIT).json()
        assert body.get("vin", vin) == vin
        assert ("vin" in body) is (vin != MADE_UP_VIN)
        assert "charging_state" in body["charge_state"]
        assert stop["response"]["result"] is True
        assert len(requests.get(f"{env['ENERGY_MONITOR_URL']}/status", timeout=WAIT).json()["emeters"]) == 2
        assert "vehicle_connected" in requests.get(f"{env['WALL_CONNECTOR_URL']}/api/1/vitals", timeout=WAIT).json()


@recorded
def test_the_grid_of_a_day_in_2022_is_served_by_the_hour_it_begins() -> None:
    price, load = prices(SHARED), loads(SHARED)
    assert price(datetime(2021, 12, 31, 9, 30, tzinfo=UTC)) == pytest.approx(0.05807372)
    assert load(datetime(2022, 1, 1, 0, 30, tzinfo=UTC)) == 25478  # the file calls this hour 01, its end
    with Replay(SHARED, cases(SHARED)[0], AT) as replay:
        query = {"start_time": AT.isoformat(), "end_time": (AT + timedelta(days=2)).isoformat()}
        url = f"{replay.gridstatus.url}/v1/datasets/caiso_lmp_day_ahead_hourly/query"
        rows = requests.get(url, params=query, headers={"x-api-key": replay.gridstatus.key}, timeout=WAIT).json()["data"]
    assert len(rows) == 30  # published to the end of the next day
    assert rows[0]["lmp"] == pytest.approx(price(AT) * 1000, abs=1e-5)


@recorded
def test_the_replay_program_prints_its_settings_and_ends() -> None:
    with start("simulator.replay", str(SHARED), "--seconds", "0.2", cwd=ROOT) as program:
        told, problems = program.communicate(timeout=20)
    assert (program.returncode, problems) == (0, "")
    assert settings(told)["GRID_ISO"] == "CAISO"
    assert "--now 2022-07-14T18:00:00-07:00" in told


def test_a_folder_without_recordings_is_refused_in_words(tmp_path: Path) -> None:
    with start("simulator.replay", str(tmp_path), cwd=ROOT) as program:
        _, problems = program.communicate(timeout=20)
    assert program.returncode == 2
    assert "give the folder that has fixtures/ and data/" in problems
