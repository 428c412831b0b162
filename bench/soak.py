"""A day of the master against three slaves on a bad wire, in fast time: `python -m bench.soak [HOURS] [LOSS]`. With
`--real [HOURS]` the real process in real time instead (soak_real.py).

The wire loses 1 % of all bytes, and damage may pass for a whole frame, as it does on a real one. Cars charge, are plugged in and out, and
the target changes every few minutes. Counted are links lost, the longest gap between two heartbeats, the peak and memory.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from bench import soak_real
from simulator.twc_bus import Line, VirtualBus, bus_of
from simulator.twc_car import Habits
from twc.link import Link
from twc.master import start, step
from twc.values import Ceiling, Master, Options, Step, Target, Want

BOOT = datetime(2027, 1, 1, tzinfo=UTC)
TURN_S, ANSWER_S = 0.05, 0.02
EVENT_S = 300.0
CIRCUIT = 40
SETTLED_S = 60.0


def memory_kb() -> int:
    """Resident memory of this process."""
    line = next(line for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1])


@dataclass(slots=True)
class Soak:
    bus: VirtualBus
    master: Master
    rng: Random
    beats: dict[int, float] = field(default_factory=dict)
    gap: float = 0.0
    lost: int = 0
    foreign: int = 0
    above: int = 0
    linked: dict[int, bool] = field(default_factory=dict)
    target: Target = field(default_factory=lambda: wish(32))

    def run(self, seconds: float) -> None:
        end = self.bus.now + seconds
        event = self.bus.now + EVENT_S
        while self.bus.now < end:
            self.turn()
            if self.bus.now >= event:
                event += EVENT_S
                self.happens()

    def turn(self) -> None:
        received = self.bus.tick(self.bus.now + (TURN_S if self.master.pending is None else ANSWER_S))
        now = self.bus.now
        before = self.master
        ceiling = Ceiling(None, fresh=False)
        self.master, out, _ = step(before, now, BOOT + timedelta(seconds=now), received, self.target, ceiling)
        if out:
            self.bus.tick(now, out)
        if self.master is not before:
            self.notice(now)
        self.above += self.bus.draw > CIRCUIT

    def notice(self, now: float) -> None:
        """Heartbeat gaps, and slaves that are linked no more."""
        for slave in self.master.slaves:
            if slave.beat_at != self.beats.get(slave.id):
                if slave.id in self.beats and now > SETTLED_S:
                    self.gap = max(self.gap, slave.beat_at - self.beats[slave.id])
                self.beats[slave.id] = slave.beat_at
            fine = slave.link in (Link.LINKED, Link.GREETED)
            self.lost += self.linked.get(slave.id, False) and not fine
            self.linked[slave.id] = fine

    def happens(self) -> None:
        self.target = wish(self.rng.choice((0, 6, 10, 16, 24, 32, 40)))
        car = self.bus.car(self.rng.randrange(len(self.bus.slaves)))
        if self.rng.random() < 0.5:
            self.rng.choice((car.plug_in, car.plug_in, car.unplug))()


def wish(amps: int) -> Target:
    return Target(None, (Want("*", 1, (Step(float("inf"), amps),)),))


def main(argv: list[str]) -> int:
    if argv[:1] == ["--real"]:
        return soak_real.main(argv[1:])
    hours = float(argv[0]) if argv else 24.0
    bus = bus_of(3, seed=24, habits=Habits(wants_amps=60.0, overdraw=0.05))
    bus.line = Line(loss=float(argv[1]) if len(argv) > 1 else 0.01)
    bus.sent.clear()
    bus.sent = type(bus.sent)(maxlen=100)
    soak = Soak(bus, start(Options(CIRCUIT, most=CIRCUIT), (), 0.0), Random(24))
    for number in range(3):
        bus.car(number).plug_in()
    began, first = time.process_time(), 0
    for hour in range(1, int(hours) + 1):
        soak.run(3600.0)
        first = first or memory_kb()
        print(f"{hour:3d} h  lost links {soak.lost}  longest gap {soak.gap:.2f} s  peak {bus.peak:.1f} A  {memory_kb()} kB", flush=True)
    counters = soak.master.counters
    print(f"{hours:g} h in {time.process_time() - began:.0f} s of processor time, {bus.line.loss:.1%} of all bytes lost")
    print(f"heartbeats {counters.heartbeats}, answers {counters.answers}, late {counters.late}, noise {soak.master.deframer.noise}")
    print(f"lost links {soak.lost}, taken for a second master {counters.foreign}, longest gap {soak.gap:.2f} s")
    grown, known = memory_kb() - first, len(soak.master.slaves)
    print(f"peak draw {bus.peak:.2f} A on {CIRCUIT} A; memory {grown:+d} kB since the first hour; {known} slaves known")
    return int(soak.lost > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
