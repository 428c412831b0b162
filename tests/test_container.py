"""Dockerfile and compose.yaml, without an engine: what each of the four programs needs there, tried on the programs themselves."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fake_server import free_port

REPO = Path(__file__).resolve().parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((REPO / "compose.yaml").read_text())
DOCKERFILE = (REPO / "Dockerfile").read_text()
# each program's command line, and what it has said when it is at work
AT_WORK = {
    "scheduler.py run -i 5": "TESLA ",
    "app.py": "The page is at",
    "twc_daemon.py": "is open",
    "bridge.py": "mqtt://",
}


def commands() -> list[str]:
    default = re.findall(r'"([^"]+)"', DOCKERFILE.rpartition("\nCMD ")[2])
    return [" ".join(service.get("command", default)) for service in COMPOSE["services"].values()]


def stop_signal() -> signal.Signals:
    found = re.search(r"^STOPSIGNAL (\w+)$", DOCKERFILE, re.MULTILINE)
    return signal.Signals[found.group(1)] if found else signal.SIGTERM


@contextmanager
def at_work(tmp_path: Path, command: str) -> Iterator[subprocess.Popen[bytes]]:
    """The program, once it has said its line of AT_WORK."""
    master, slave = pty.openpty()
    settings = (
        f"DRY_RUN=on\nTIME_ZONE=America/Los_Angeles\nTARIFF=flat:0.16\nTWC_PORT={os.ttyname(slave)}\nTWC_BREAKER_AMPS=60\nWEATHER=off\n"
    )
    (tmp_path / ".env").write_text(settings + f"PAGE_PORT={free_port()}\nMQTT_URL=mqtt://127.0.0.1:{free_port()}\n")
    places = ("--env", str(tmp_path / ".env"), "--state", str(tmp_path / "state"))
    program, *words = command.split()
    verbose = ("-v",) if "run" in words else ()  # silent otherwise, and then nobody knows that it is at work
    said = tmp_path / "said"
    with said.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, program, *places, *verbose, *words],
            cwd=REPO,
            env={"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 30
        while AT_WORK[command] not in said.read_text():
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < deadline, said.read_text()
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait(timeout=10)
        os.close(master)
        os.close(slave)


def catches(process: subprocess.Popen[bytes], number: signal.Signals) -> bool:
    status = Path(f"/proc/{process.pid}/status").read_text()
    found = re.search(r"^SigCgt:\s*([0-9a-f]+)$", status, re.MULTILINE)
    assert found
    return bool(int(found.group(1), 16) >> (number - 1) & 1)


def test_compose_starts_each_of_the_four_programs() -> None:
    assert sorted(commands()) == sorted(AT_WORK)


@pytest.mark.parametrize("command", sorted(AT_WORK))
def test_each_program_hears_the_images_stop_signal_as_process_1_and_ends_in_time(tmp_path: Path, command: str) -> None:
    with at_work(tmp_path, command) as process:
        assert catches(process, stop_signal())  # the kernel gives process 1 no signal that it does not catch
        process.send_signal(stop_signal())
        assert process.wait(timeout=8) in (0, 130)  # an engine kills after ten


def test_no_service_starts_without_a_time_zone_because_a_container_knows_only_utc() -> None:
    for name, service in COMPOSE["services"].items():
        assert service["environment"]["TIME_ZONE"].startswith("${TIME_ZONE:?"), name


def test_the_page_is_reached_from_this_machine_alone_and_nothing_can_be_written_but_state() -> None:
    assert COMPOSE["services"]["page"]["ports"] == ["127.0.0.1:8050:8050"]
    for name, service in COMPOSE["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["volumes"] == ["./.env:/app/.env:ro", "data:/data", "run:/run/ampshift"], name
