"""scheduler.py with a key in its folder and a car that takes signed commands only."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process import PROGRAM, ROOT, Cold, Home, home
from tests.signed_home import KEY, VIN


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Home]:
    """The car charges at a dear hour: it will be stopped."""
    with home(tmp_path, Cold()) as one:
        one.changes["CAR_SAFETY_SCHEDULE"] = "off"  # it has its own tests: here one stop is what counts
        one.world.account.must_sign.add(VIN)
        one.data.mkdir(parents=True)
        with os.fdopen(os.open(one.data / "tesla_key.pem", os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(KEY)
        yield one


def test_a_cycle_signs_its_commands_and_counts_the_handshake(place: Home) -> None:
    place.do("run").fine()
    assert place.world.account.signed(VIN).performed == ["charge_stop"]
    assert place.commands() == ["signed_command", "charge_stop"]
    assert place.read("spend.json")["calls"] == {"data": 1, "command": 2}
    assert (place.data / "tesla_session.json").stat().st_mode & 0o777 == 0o600


def test_a_dry_run_signs_nothing(place: Home) -> None:
    place.do("once").fine()
    assert not place.world.account.signed(VIN).asked
    assert not (place.data / "tesla_session.json").exists()


def test_a_proxy_of_the_owners_own_is_used_instead(place: Home) -> None:
    place.world.account.must_sign.clear()
    place.changes["TESLA_COMMAND_URL"] = place.network.fleet.url.replace("127.0.0.1", "localhost")
    place.do("run").fine()
    assert place.commands() == ["charge_stop"]
    assert not place.world.account.signed(VIN).asked


def test_a_cycle_without_a_command_loads_no_cryptography(place: Home) -> None:
    place.do("run").fine()
    for _ in range(2):
        place.later(5).do("run").fine()
    program = [sys.executable, "-X", "importtime", str(PROGRAM), *place.later(5).arguments("run")]
    ended = subprocess.run(program, capture_output=True, text=True, env={}, check=True, cwd=ROOT)
    found = {line.rsplit("|", 1)[1].strip() for line in ended.stderr.splitlines() if line.startswith("import time:")}
    assert "clients.tesla" in found
    assert not [name for name in found if name.startswith(("cryptography", "clients.tesla_session", "google", "tesla_protocol"))]


@pytest.mark.parametrize(
    ("changes", "key", "code", "line"),
    [
        ({}, KEY, 0, "ok      commands: signed here with tesla_key.pem"),
        ({}, b"none", 1, "FAILED  commands: tesla_key.pem is no private key"),
        ({}, b"", 0, "-       commands: not signed"),
        ({"TESLA_COMMAND_URL": "http://127.0.0.1:9"}, KEY, 0, "ok      commands: through the proxy at 127.0.0.1:9 (not tried here)"),
        ({"TESLA_COMMAND_URL": "http://127.0.0.1:9", "TESLA_COMMAND_PROXY": "ble"}, KEY, 0, "ok      commands: over Bluetooth, by"),
        ({"TESLA_COMMAND_PROXY": "ble"}, KEY, 2, "needs TESLA_COMMAND_URL"),
    ],
)
def test_check_says_how_commands_go(place: Home, changes: dict[str, str | None], key: bytes, code: int, line: str) -> None:
    place.changes |= changes
    (place.data / "tesla_key.pem").write_bytes(key)
    if not key:
        (place.data / "tesla_key.pem").unlink()
    ended = place.do("check")
    assert (ended.code, line in ended.out + ended.err) == (code, True), ended


WITHOUT = """
import sys
sys.modules["tesla_protocol"] = sys.modules["google"] = None
import simulator.demo, simulator.network
VIN = "{VIN}"
from simulator.houses import sunny_house
from tests.process import EVENING
print(sunny_house(EVENING).command(VIN, "signed_command", {}).status)
"""


def test_the_simulated_house_lives_without_the_packages_that_developers_have() -> None:
    """Its car takes plain commands only then."""
    ended = subprocess.run([sys.executable, "-c", WITHOUT.replace("{VIN}", VIN)], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (ended.stdout, ended.stderr) == ("422\n", "")
