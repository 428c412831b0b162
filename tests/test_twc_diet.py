"""What the daemon loads, keeps and does in each turn: it runs for years beside everything else on a small machine."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from bench.twc import ALLOWED_MB
from bench.twc_fuzz import conversation, mutated_frames, random_bytes
from bench.twc_live import bare, resident_mb
from errors import ConfigError
from tests.twc_builders import charging
from twc.report import Report
from twc_daemon_loop import Daemon
from twc_daemon_settings import Setup, read

ROOT = Path(__file__).resolve().parents[1]
NOT_KEPT = {
    "config",
    "dotenv",
    "argparse",
    "socket",
    "logging",
    "requests",
    "subprocess",
    "twc_daemon_tools",
    "model_memory",
    "model_decision",
}
NOW = datetime(2027, 1, 1, tzinfo=UTC)
ALONE = """
import json, os, sys
import serial, twc_daemon
found = twc_daemon.setup(sys.argv[1:], os.environ)
print(json.dumps([sorted(sys.modules), found if isinstance(found, int) else found.port]), flush=True)
sys.stdin.read()
"""


def env_file(folder: Path, *lines: str) -> Path:
    path = folder / "house.env"
    path.write_text("\n".join(("TWC_PORT=/dev/null", "TWC_BREAKER_AMPS=60", "TIME_ZONE=UTC", *lines)), encoding="utf-8")
    return path


def fields(folder: Path, *lines: str, arguments: tuple[str, ...] = ()) -> dict[str, object]:
    return read(["--env", str(env_file(folder, *lines)), "--state", str(folder), *arguments], {})


def test_it_has_its_settings_and_neither_their_reader_nor_its_memory(tmp_path: Path) -> None:
    program = [sys.executable, "-c", ALONE, "--env", str(env_file(tmp_path))]
    with bare() as other, subprocess.Popen(program, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={}) as daemon:
        assert daemon.stdin is not None
        assert daemon.stdout is not None
        loaded, port = json.loads(daemon.stdout.readline())
        more_mb = resident_mb(daemon.pid) - resident_mb(other)
        daemon.stdin.close()
    assert port == "/dev/null"
    assert {name.partition(".")[0] for name in loaded} & NOT_KEPT == set()
    assert not [name for name in loaded if name.startswith(("config", "dotenv"))]
    assert more_mb < ALLOWED_MB


def test_it_keeps_of_the_settings_what_moves_current(tmp_path: Path) -> None:
    lines = ("TWC_MAX_AMPS=32", "TWC_FAILSAFE_AMPS=8", "TWC_LAST_RESORT=alarm")
    kept = Setup(**fields(tmp_path, *lines, arguments=("--check",)))  # type: ignore[arg-type]  # as the parent reads them from JSON
    assert (kept.task, kept.circuit, kept.most, kept.failsafe, kept.silence) == ("check", 48, 32, 8, False)
    assert (kept.data_dir, kept.run_dir, kept.zone.key) == (tmp_path / "data", tmp_path / "run", "UTC")


def test_a_mistake_in_an_option_that_is_not_its_own_stops_no_heartbeat(tmp_path: Path) -> None:
    assert fields(tmp_path, "GRID_ISO=MARS")["circuit"] == 48
    with pytest.raises(ConfigError, match="TWC_MAX_AMPS"):
        fields(tmp_path, "TWC_MAX_AMPS=many")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--help",), 0, "--commission"),
        (("--no-such-option",), 2, "unrecognized"),
        (("--env", "no/such/file"), 2, "no/such/file"),
        (("--env", "house.env"), 2, "TWC_BREAKER_AMPS"),
    ],
)
def test_what_the_child_says_and_its_exit_code_are_the_daemons(arguments: tuple[str, ...], code: int, told: str, tmp_path: Path) -> None:
    (tmp_path / "house.env").write_text("TWC_PORT=/dev/null\n", encoding="utf-8")
    program = [sys.executable, str(ROOT / "twc_daemon.py"), *arguments]
    ended = subprocess.run(program, capture_output=True, text=True, cwd=tmp_path, env={}, check=False, timeout=30)
    assert ended.returncode == code, ended.stderr
    assert told in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr


@dataclass(frozen=True, slots=True)
class Counted(Report):
    """A report that counts how often somebody makes its line."""

    made: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        self.made.append("")
        return "the same"


def test_the_line_is_made_only_where_a_slave_has_changed_or_the_file_is_due(tmp_path: Path) -> None:
    daemon = Daemon(Setup("run", "/dev/null", 48, 80, 6, False, False, str(tmp_path / "data"), str(tmp_path / "run"), "UTC"), boot="b")
    master, made = charging(2).master, list[str]()
    for turn in range(40):
        daemon.tell(Counted(replace(master, rest_until=turn / 20), turn / 20, NOW, made), turn / 20, NOW)
    assert len(made) == 1
    changed = replace(master, slaves=(replace(master.slaves[0], heard_at=2.0), *master.slaves[1:]))
    daemon.tell(Counted(changed, 1.99, NOW, made), 1.99, NOW)
    assert len(made) == 2
    daemon.tell(Counted(changed, 4.0, NOW, made), 4.0, NOW)
    assert len(made) == 3
    daemon.tell(Counted(replace(changed, foreign_at=4.01), 4.01, NOW, made), 4.01, NOW)
    assert len(made) == 4


def test_noise_raises_nothing_and_few_damaged_frames_pass() -> None:
    """As `make bench` does ten times as much of."""

    assert random_bytes(200_000, Random(1)) < 10
    found = mutated_frames(5_000, conversation(20.0), Random(2))
    assert 0 < found.passed < 500
    assert found.mistaken < 50


def test_a_systemd_that_reads_nothing_does_not_hang_the_heartbeat(tmp_path: Path) -> None:
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(address))
        many = "from twc_daemon_loop import notify\nfor _ in range(1000): notify('WATCHDOG=1')"
        subprocess.run([sys.executable, "-c", many], cwd=ROOT, env={"NOTIFY_SOCKET": str(address)}, check=True, timeout=20)
        assert systemd.recv(100) == b"WATCHDOG=1"
