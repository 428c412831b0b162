"""The real daemon process in real time: `python -m bench.soak --real [HOURS]`.

Three slaves whose cars charge stand on a pty that loses 1 % of all bytes, and the target changes every minute. Counted are links that a
slave lost (it opened its contactor, or heard no master for 10 s), the longest gap between two heartbeats to one slave as the master sent
them, late ones, peak draw, log lines, and the daemon's memory and processor time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from model_decision import Step as TargetStep
from model_decision import Target, TargetCharger
from simulator.twc_bus import MASTER, Line, VirtualBus, bus_of
from simulator.twc_car import Habits
from simulator.twc_port import LiveBus, PtyBus
from state.files import boot_id
from state.store import Store

PROGRAM = Path(__file__).resolve().parents[1] / "twc_daemon.py"
SLAVES, BREAKER = 3, 50
LOOK_S, CHANGE_S, TELL_S, SETTLED_S = 0.5, 60.0, 300.0, 60.0
WISHES = (0, 6, 10, 16, 24, 32, 40)


@dataclass(slots=True)
class Seen:
    """What the bus showed so far. `gap`: s between two heartbeats to one slave, from a minute after the start on."""

    since: float
    beats: dict[bytes, float] = field(default_factory=dict)
    linked: dict[str, bool] = field(default_factory=dict)
    sent: int = 0
    gap: float = 0.0
    lost: int = 0

    def look(self, bus: VirtualBus) -> None:
        """Takes the frames out of the bus, so that they do not grow."""
        for frame in bus.sent:
            if frame.source == MASTER and frame.body[:2] == b"\xfb\xe0":
                before = self.beats.get(frame.body[4:6])
                if before is not None and frame.at > self.since + SETTLED_S:
                    self.gap = max(self.gap, frame.at - before)
                self.beats[frame.body[4:6]] = frame.at
                self.sent += 1
        bus.sent.clear()
        for slave in bus.slaves:
            self.lost += self.linked.get(slave.name, False) and not slave.linked
            self.linked[slave.name] = slave.linked


@dataclass(slots=True)
class House:
    folder: Path
    live: LiveBus
    seen: Seen = field(default_factory=lambda: Seen(0.0))
    rng: Random = field(default_factory=lambda: Random(60))

    def start(self) -> subprocess.Popen[bytes]:
        env = self.folder / "house.env"
        env.write_text(f"TWC_PORT={self.live.url}\nTWC_BREAKER_AMPS={BREAKER}\nTIME_ZONE=UTC\n", encoding="utf-8")
        with (self.folder / "log.txt").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, str(PROGRAM), "--env", str(env), "--state", str(self.folder)], stdout=log, stderr=log, env={}
            )

    def wish(self) -> None:
        now, run_dir = datetime.now(UTC), self.folder / "run"
        steps = (TargetStep(now + timedelta(minutes=5), self.rng.choice(WISHES), ()),)
        store = Store(self.folder / "data", run_dir, UTC, now, "soak", boot_id(), time.sleep)
        store.save_target(Target(None, (TargetCharger("*", None, 1, steps),)))

    def line(self, hours: float, pid: int) -> str:
        seen, log = self.seen, (self.folder / "log.txt").read_bytes().count(b"\n")
        peak = self.live.call(lambda bus: bus.peak)
        return (
            f"{hours:5.2f} h  lost links {seen.lost}  heartbeats {seen.sent}  longest gap {seen.gap:.2f} s  peak {peak:.1f} A  "
            f"memory {memory_kb(pid)} kB  processor {processor_s(pid):.1f} s  log {log} lines"
        )


def memory_kb(pid: int) -> int:
    """Resident memory of that process."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1])


def processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(argv: list[str]) -> int:
    hours = float(argv[0]) if argv else 1.0
    bus = bus_of(SLAVES, seed=60, habits=Habits(wants_amps=60.0))
    bus.line = Line(loss=0.01)
    for number in range(SLAVES):
        bus.car(number).plug_in()
    with tempfile.TemporaryDirectory() as folder, PtyBus(bus) as live:
        house = House(Path(folder), live)
        daemon = house.start()
        try:
            return run(house, daemon, hours)
        finally:
            daemon.terminate()
            print(f"the daemon ended with exit code {daemon.wait(10)}", flush=True)


def run(house: House, daemon: subprocess.Popen[bytes], hours: float) -> int:
    began = time.monotonic()
    house.seen.since = house.live.call(lambda bus: bus.now)
    wish_at, tell_at, first = 0.0, SETTLED_S, 0
    while (run_s := time.monotonic() - began) < hours * 3600 and daemon.poll() is None:
        if run_s >= wish_at:
            house.wish()
            wish_at += CHANGE_S
        house.live.call(house.seen.look)
        if run_s >= tell_at:
            first = first or memory_kb(daemon.pid)
            print(house.line(run_s / 3600, daemon.pid), flush=True)
            tell_at += TELL_S
        time.sleep(LOOK_S)
    if daemon.poll() is not None:
        print(f"the daemon died after {run_s:.0f} s:\n{(house.folder / 'log.txt').read_text(encoding='utf-8')}")
        return 1
    print(house.line(run_s / 3600, daemon.pid))
    print(f"memory {memory_kb(daemon.pid) - first:+d} kB since the first minute; {run_s:.0f} s run")
    print((house.folder / "run" / "charger.json").read_text(encoding="utf-8").partition('"counters"')[2])
    return int(house.seen.lost > 0)
