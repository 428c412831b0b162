"""The real daemon process on a simulated bus in real time: what it says on the wire, and what it takes from the machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from model_decision import Step, Target, TargetCharger
from simulator.twc_bus import MASTER, VirtualBus, bus_of
from simulator.twc_car import Habits
from simulator.twc_port import LiveBus, PtyBus
from state.files import boot_id
from state.store import Store

PROGRAM = Path(__file__).resolve().parents[1] / "twc_daemon.py"
SLAVES, BREAKER_AMPS = 3, 60
TARGET_LASTS = timedelta(hours=1)
LIMITS = (0x05, 0x09)  # heartbeats that carry one
STARTS_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Beat:
    """A heartbeat whose first byte was on the wire at `at` (monotonic); `amps`: its limit, None where it carries none."""

    at: float
    slave: str
    amps: int | None


@dataclass(slots=True)
class Stand:
    """A bus with cars that charge, and a folder for the daemon's files. `zero`: the bus's time 0 on the monotonic clock."""

    folder: Path
    live: LiveBus
    zero: float
    wanted: dict[str, int] = field(default_factory=dict)

    def start(self) -> subprocess.Popen[bytes]:
        env = self.folder / "house.env"
        env.write_text(f"TWC_PORT={self.live.url}\nTWC_BREAKER_AMPS={BREAKER_AMPS}\nTIME_ZONE=America/Los_Angeles\n", encoding="utf-8")
        # as under systemd, whose socket the watchdog needs
        environment = {"NOTIFY_SOCKET": str(self.folder / "notify")}
        with (self.folder / "log.txt").open("ab") as log:
            program = [sys.executable, str(PROGRAM), "--env", str(env), "--state", str(self.folder)]
            return subprocess.Popen(program, stdout=log, stderr=log, env=environment)

    def want(self, changes: Mapping[str, int]) -> float:
        """Writes target.json as a cycle does; gives the moment after."""
        self.wanted |= changes
        now = datetime.now(UTC)
        until = now + TARGET_LASTS
        chargers = tuple(TargetCharger(name, None, 1, (Step(until, amps, ()),)) for name, amps in self.wanted.items())
        store = Store(self.folder / "data", self.folder / "run", UTC, now, "bench", boot_id(), time.sleep)
        store.save_target(Target(None, chargers))
        return time.monotonic()

    def beats(self, since: float = 0.0) -> list[Beat]:
        found = self.live.call(lambda bus: [(frame.at, frame.body) for frame in bus.sent if frame.source == MASTER])
        beats = [_beat(self.zero + at, body) for at, body in found if body[:2] == b"\xfb\xe0"]
        return [beat for beat in beats if beat.at >= since]

    def first_beat(self, since: float) -> Beat:
        """Waits for it. Raises TimeoutError with the daemon's log."""
        while time.monotonic() < since + STARTS_WITHIN_S:
            if beats := self.beats(since):
                return beats[0]
            time.sleep(0.05)
        raise TimeoutError(self.log)

    @property
    def log(self) -> str:
        return (self.folder / "log.txt").read_text(encoding="utf-8")


@contextmanager
def stand(folder: Path) -> Iterator[Stand]:
    """Three protocol 2 connectors of 48 A with cars plugged in."""
    bus = bus_of(SLAVES, seed=3, habits=Habits(wants_amps=48.0))
    for number in range(SLAVES):
        bus.car(number).plug_in()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(folder / "notify"))
        zero = time.monotonic() - bus.now
        with PtyBus(bus) as live:
            yield Stand(folder, live, zero)


@contextmanager
def running(at: Stand) -> Iterator[subprocess.Popen[bytes]]:
    """The daemon, ended as for a restart."""
    daemon = at.start()
    try:
        yield daemon
    finally:
        daemon.send_signal(signal.SIGHUP)
        daemon.wait(10)


@contextmanager
def bare() -> Iterator[int]:
    """The number of a process that is nothing but Python with pyserial."""
    program = [sys.executable, "-c", "import serial, sys; print(flush=True); sys.stdin.read()"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        if process.stdin is None or process.stdout is None:
            raise OSError("no pipes")
        process.stdout.readline()
        yield process.pid
        process.stdin.close()


def resident_mb(pid: int) -> float:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def names(bus: VirtualBus) -> list[str]:
    return [slave.name for slave in bus.slaves]


def _beat(at: float, body: bytes) -> Beat:
    return Beat(at, body[4:6].hex().upper(), int.from_bytes(body[7:9]) // 100 if body[6] in LIMITS else None)
