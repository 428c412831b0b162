"""The real daemon at a real pty: what it does at once. What takes long is in test_twc_process_lives.py."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from tests.twc_process import charging_bus, fresh_bus, site


def test_without_a_guard_no_ceiling_is_missed(tmp_path: Path) -> None:
    with site(tmp_path, charging_bus()) as house:
        house.wish(16)
        house.start().until_linked()
        time.sleep(1.0)
        assert {amps for _, amps in house.limits(house.now() - 3)} <= {16}


def test_a_target_that_is_taken_away_leaves_the_failsafe(tmp_path: Path) -> None:
    with site(tmp_path, charging_bus()) as house:
        house.wish(16)
        house.start().until_linked()
        (house.run_dir / "target.json").unlink()
        house.until(lambda: house.offers() == {"4085": 6, "4086": 6})


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_systemd_hears_that_it_is_ready_and_then_again_and_again_that_it_lives(kind: str, tmp_path: Path) -> None:
    name = str(tmp_path / "notify") if kind == "path" else f"\0ampshift {tmp_path}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd, site(tmp_path, fresh_bus(1)) as house:
        systemd.bind(name)
        systemd.settimeout(20)
        house.start(env={"NOTIFY_SOCKET": name.replace("\0", "@")})
        assert [systemd.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
