"""A master at a virtual bus, in fast time: `rig = Rig(bus); rig.run(30)`. It turns as the daemon does: every 50 ms, every 20 ms while an
answer may come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from simulator.twc_build import Build
from simulator.twc_bus import MASTER, Frame, VirtualBus, bus_of
from simulator.twc_car import Habits
from twc.master import start, step
from twc.messages import SlaveHeartbeat
from twc.report import ChargerRow, Report
from twc.values import Ceiling, Master, Options, Remembered, Slave, Step, Target, Want

FULL = Habits(wants_amps=60.0)
BOOT = datetime(2027, 3, 10, 20, 0, tzinfo=UTC)
NO_CEILING = Ceiling(None, fresh=False)
FOREVER = float("inf")
VECTORS = Path(__file__).resolve().parents[2] / "shared" / "facts" / "twc_vectors.tsv"
IDS = (0x4085, 0x4086, 0x4087)


def vectors() -> list[list[str]]:
    """Rows of the captured frames: hex, kind, direction, meaning, source. The test is skipped where they are absent."""
    if not VECTORS.exists():
        pytest.skip("no captured frames beside the project")
    rows = VECTORS.read_text(encoding="utf-8").splitlines()
    return [row.split("\t") for row in rows if row and not row.startswith("#")]


def target(*amps: int, site: int | None = None, until: float = FOREVER) -> Target:
    """The same for all ("*"), or one for each of the ids in their order."""
    if len(amps) == 1:
        return Target(site, (Want("*", 1, (Step(until, amps[0]),)),))
    return Target(site, tuple(Want(f"{one:04X}", 1, (Step(until, each),)) for one, each in zip(IDS, amps, strict=False)))


@dataclass(slots=True)
class Said:
    """A limit that went out: the amps of an 05 or 09, None for a heartbeat without one."""

    at: float
    slave: int
    command: int
    amps: int | None


@dataclass(slots=True)
class Rig:
    bus: VirtualBus
    options: Options = field(default_factory=lambda: Options(circuit=40, most=40))
    remembered: Sequence[Remembered] = ()
    target: Target | None = None
    ceiling: Ceiling = NO_CEILING
    turn_s: float = 0.05
    answer_s: float = 0.02
    watch: Callable[[float, bytes, bytes, Master], None] | None = None
    master: Master = field(init=False)
    report: Report = field(init=False)
    out: bytes = b""
    turns: int = 0

    def __post_init__(self) -> None:
        self.restart(*self.remembered)

    @property
    def now(self) -> float:
        return self.bus.now

    def restart(self, *remembered: Remembered) -> None:
        self.master = start(self.options, remembered, self.bus.now)
        self.report = Report(self.master, self.bus.now, BOOT)

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Turns for so long, or until that holds. Gives whether it came to hold."""
        end = self.bus.now + seconds
        while self.bus.now < end - 1e-9:
            self.turn()
            if until():
                return True
        return False

    def turn(self) -> None:
        received = self.bus.tick(self.bus.now + (self.turn_s if self.master.pending is None else self.answer_s))
        now = self.bus.now
        self.master, out, self.report = step(self.master, now, BOOT + timedelta(seconds=now), received, self.target, self.ceiling)
        if self.watch is not None:
            self.watch(now, received, out, self.master)
        if out:
            received = self.bus.tick(now, out)
            assert not received
        self.turns += 1

    def slave(self, number: int = 0) -> Slave:
        """What the master knows of that slave of the bus."""
        return next(slave for slave in self.master.slaves if slave.id == self.bus.slaves[number].id)

    def offer(self, number: int = 0) -> int:
        slave = self.slave(number)
        return slave.offer.amps if slave.offer is not None else 0

    def row(self, number: int = 0) -> ChargerRow:
        return next(row for row in self.report.chargers if row.id == self.bus.slaves[number].name)

    def frames(self, opcode: int | None = None, since: float = -FOREVER) -> list[Frame]:
        """What the master said."""
        mine = [frame for frame in self.bus.sent if frame.source == MASTER and frame.at >= since]
        return [frame for frame in mine if opcode is None or frame.body[:2] == opcode.to_bytes(2, "big")]

    def beats(self, number: int = 0, since: float = -FOREVER) -> list[Said]:
        """Heartbeats to that slave."""
        wanted = self.bus.slaves[number].id
        return [said for said in map(said_in, self.frames(0xFBE0, since)) if said.slave == wanted]


def said_in(frame: Frame) -> Said:
    """What a master heartbeat says, read apart from the master's own tables."""
    body = frame.body
    command = body[6]
    amps = int.from_bytes(body[7:9], "big") // 100 if command in (0x05, 0x09) else None
    return Said(frame.at, int.from_bytes(body[4:6], "big"), command, amps)


def rig_of(
    count: int = 1, protocol: int = 2, *, seed: int = 1, build: Build | None = None, habits: Habits | None = None, **made: Any
) -> Rig:
    """A master with so many equal slaves, each with a car that is not plugged in."""
    return Rig(bus_of(count, protocol, seed=seed, build=build, habits=habits), **made)


def notes(rig: Rig) -> tuple[Remembered, ...]:
    """twc.json of the moment."""
    from twc.master import memory

    return memory(rig.master)


def report_of(slave: Slave, *, state: int = 1, limit: float = 0.0, actual: float = 0.0) -> SlaveHeartbeat:
    return SlaveHeartbeat(slave.id, 0x7777, state, limit, actual, slave.protocol)


def charging(count: int = 1, protocol: int = 2, amps: int = 32, **made: Any) -> Rig:
    """Cars that charge at what they are offered, two minutes after they were plugged in."""
    rig = rig_of(count, protocol, habits=FULL, target=target(amps), **made)
    for number in range(count):
        rig.bus.car(number).plug_in()
    rig.run(120)
    return rig
