"""What the daemon says to its journal: each change of state once, in words for the owner, never at the price of a heartbeat."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.twc_builders import charging
from tests.twc_process import ROOT, charging_bus, fresh_bus, site
from twc.link import Link
from twc.report import Report
from twc.reserve import offered
from twc.values import Master
from twc_daemon_loop import Daemon
from twc_daemon_settings import Setup

NOW = datetime(2027, 1, 1, tzinfo=UTC)
# It talks to a stderr that is full until its stdin says go.
TALKS = "import sys\nfrom twc_daemon_port import log\nfor _ in range(3): log('lost')\nprint('nobody reads', flush=True)\n"
TALKS += "sys.stdin.readline()\nlog('heard')\nlog('and again')"


def a_daemon(folder: Path) -> Daemon:
    return Daemon(Setup("run", "/dev/null", 48, 80, 6, False, False, str(folder / "data"), str(folder / "run"), "UTC"), boot="b")


def filled() -> tuple[int, int]:
    """A pipe whose reader reads nothing and that takes no byte more: its two ends."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while os.write(writer, b"." * 4096):
            pass
    except BlockingIOError:
        os.set_blocking(writer, True)
    return reader, writer


# ---- a journal that nobody reads -------------------------------------------------------------------------------------------------


def test_a_journal_that_is_full_from_the_start_delays_no_heartbeat(tmp_path: Path) -> None:
    reader, writer = filled()
    try:
        with site(tmp_path, charging_bus()) as house:
            house.wish(16)
            house.start(stderr=writer).until_linked()
            house.wish(8)
            house.until(lambda: house.offers() == {"4085": 8, "4086": 8})
            assert house.ended(signal.SIGTERM) == 0
    finally:
        os.close(reader)
        os.close(writer)


def test_how_many_lines_were_lost_is_said_with_the_next_one_that_is_taken() -> None:
    reader, writer = filled()
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": writer}
    with open(reader, "rb", buffering=0) as journal, subprocess.Popen([sys.executable, "-c", TALKS], cwd=ROOT, **pipes) as process:
        os.close(writer)
        assert process.stdout is not None
        assert process.stdout.readline() == b"nobody reads\n"
        os.set_blocking(reader, False)
        while journal.read(65536):
            pass
        os.set_blocking(reader, True)
        process.communicate(b"go\n", timeout=20)
        assert journal.read().decode().splitlines() == ["(3 lines before this one were lost: nobody read them) heard", "and again"]


def test_a_daemon_without_any_stderr_writes_its_lines_nowhere() -> None:
    ended = subprocess.run(
        ["/bin/sh", "-c", '"$0" -c "import twc_daemon_port as port; port.log(str())" 2>&-', sys.executable], cwd=ROOT, check=False
    )
    assert ended.returncode == 0


# ---- one line per change of state ------------------------------------------------------------------------------------------------


def offering(master: Master, amps: int, now: float) -> Master:
    return replace(master, slaves=tuple(offered(slave, amps, now) for slave in master.slaves))


def test_amps_that_follow_the_sun_are_told_once_a_minute_and_a_change_of_state_at_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    daemon, master = a_daemon(tmp_path), charging(2).master
    for second in range(100):
        amps = 6 + second // 5
        daemon.tell(Report(offering(master, amps, second), float(second), NOW), float(second), NOW)
    assert [line.count("offers 6 A") + line.count("offers 18 A") for line in capfd.readouterr().err.splitlines()] == [2, 2]
    second_master = replace(offering(master, 25, 100.0), foreign_at=100.0)
    daemon.tell(Report(second_master, 100.0, NOW), 100.0, NOW)
    assert capfd.readouterr().err.count("ALARM: a second master is on the bus") == 1
    daemon.tell(Report(offering(master, 0, 101.0), 101.0, NOW), 101.0, NOW)
    assert capfd.readouterr().err.count("offers 0 A") == 2


def test_cars_that_take_more_than_the_circuit_are_one_alarm_however_the_amps_change(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rig, daemon = charging(2), a_daemon(tmp_path)
    now = rig.now
    for turn, amps in enumerate((45, 44, 43, 41, 40, 38)):
        slaves = (offered(rig.master.slaves[0], amps - 12, now), rig.master.slaves[1])
        master = replace(rig.master, slaves=slaves, trouble_at=now, troubles=1)
        daemon.tell(Report(master, now + turn, NOW), now + turn, NOW)
    (line,) = capfd.readouterr().err.splitlines()
    assert "ALARM: the cars could take more than the 40 A that their circuit carries for hours: every connector goes down to its" in line


def test_what_is_wrong_with_one_connector_is_in_its_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rig, daemon = charging(1, 1, amps=16), a_daemon(tmp_path)
    rig.bus.slaves[0].fail(leaks=True)
    rig.run(15)
    daemon.tell(rig.report, rig.now, NOW)
    (line,) = capfd.readouterr().err.splitlines()
    assert "4085 error" in line
    assert "ALARM: the connector reports an error while 15.7 A flow" in line


def test_a_link_that_is_up_again_is_in_charger_json_at_once(tmp_path: Path) -> None:
    daemon, up = a_daemon(tmp_path), charging(1).master
    greeted = replace(up, slaves=(replace(up.slaves[0], link=Link.GREETED),))
    for second, (master, link) in enumerate(((greeted, "down"), (up, "up"))):
        daemon.tell(Report(master, 200.0 + second, NOW), 200.0 + second, NOW)
        assert f'"link": "{link}"' in (tmp_path / "run" / "charger.json").read_text()


# ---- ending ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_it_ends_at_once_while_a_network_adapter_does_not_answer_the_call(number: signal.Signals, tmp_path: Path) -> None:
    """Its queue of calls is full, so the system lets ours wait; pyserial would for 5 s."""
    with ExitStack() as held, socket.create_server(("127.0.0.1", 0), backlog=0) as adapter:
        for _ in range(4):
            caller = held.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(adapter.getsockname())
        systemd = held.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        with site(tmp_path, fresh_bus(1), settings={"TWC_PORT": f"socket://127.0.0.1:{adapter.getsockname()[1]}"}) as house:
            house.start(env={"NOTIFY_SOCKET": str(tmp_path / "notify")})
            assert [systemd.recv(100) for _ in range(2)] == [b"READY=1", b"WATCHDOG=1"]  # the next thing that it does is to call
            time.sleep(0.5)
            asked = time.monotonic()
            assert house.ended(number) == 0
            assert time.monotonic() - asked < 2.0
            assert not any("Traceback" in line for line in house.log())
