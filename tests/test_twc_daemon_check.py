"""`twc_daemon.py --check` ends with 0 only when all is well; else it says what to do."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from model import ChargerReport
from simulator.twc_frames import heartbeat, link_ready
from state.files import boot_id
from state.store import Store
from tests.twc_builders import charging
from twc.frame import Noise
from twc.messages import MasterReady, Ready, body_of
from twc.report import Report
from twc_daemon_files import charger_file
from twc_daemon_port import Port
from twc_daemon_settings import Setup
from twc_daemon_tools import Heard, show_running

WAITS = link_ready(0x4085, 0x77, 32.0, 2)
SERVED = heartbeat(0x4085, 0x7777, 1, (16.0, 15.9), 2)
MASTER = body_of(MasterReady(Ready.SECOND, 0x1234, 0x77))
DAMAGED = b"\xfb" + WAITS[1:]  # the first byte is outside the checksum
STRANGE = b"\x12\x34" + bytes(11)


@pytest.mark.parametrize(
    ("bodies", "bad", "says"),
    [
        ([WAITS], 0, ""),
        ([WAITS, WAITS, DAMAGED], 1, ""),
        ([], 40, "nothing was heard"),
        ([STRANGE], 0, "no connector was understood"),
        ([WAITS, MASTER], 0, "a master speaks already"),
        ([SERVED], 0, "a master speaks already"),
        ([link_ready(0x4085 + number, 0x77, 32.0, 2) for number in range(4)], 0, "more than 3 connectors"),
        ([WAITS, WAITS], 3, "look at bias"),
    ],
)
def test_what_is_wrong_on_the_bus_is_said_with_what_to_do(bodies: list[bytes], bad: int, says: str) -> None:
    heard = Heard(noise=Noise(checksum=bad))
    for body in bodies:
        heard.take(body)
    problems = heard.problems(Port("/dev/null"))
    assert [problem for problem in problems if says not in problem] == []
    assert bool(problems) == bool(says)


def running(folder: Path, change: str) -> Setup:
    """A daemon that wrote its charger.json just now, and what is ill about it."""
    now = datetime.now(UTC)
    rig = charging(2)
    master = replace(rig.master, foreign_at=rig.now) if change == "a second master" else rig.master
    report: ChargerReport = charger_file(Report(master, rig.now, now), now, "the port is gone" if change == "the port is gone" else "")
    written = now - timedelta(minutes=2) if change == "not written" else now
    if change != "no file":
        Store(folder / "data", folder / "run", UTC, written, "test", boot_id(), time.sleep).save_charger(report, {})
    if change == "newer":
        path = folder / "run" / "charger.json"
        path.write_text(path.read_text(encoding="utf-8").replace('"schema": 1', '"schema": 99'), encoding="utf-8")
    return Setup("check", "/dev/null", 48, 80, 6, False, False, str(folder / "data"), str(folder / "run"), "UTC")


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ("", 0, "all is well"),
        ("a second master", 1, "ALARM: a second master is on the bus"),
        ("the port is gone", 1, "no connector answers"),
        ("not written", 1, "systemctl status twc_daemon"),
        ("no file", 1, "systemctl status twc_daemon"),
        ("newer", 1, "newer"),
    ],
)
def test_beside_a_running_daemon_its_alarms_are_said(
    change: str, code: int, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show_running(running(tmp_path, change)) == code
    assert says in capsys.readouterr().out.rpartition("}")[2]
