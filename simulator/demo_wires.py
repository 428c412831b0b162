"""The demo's Wall Connectors: two slaves on a pty, the real `twc_daemon.py` at the other end, and what can be measured between them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TypeVar
from zoneinfo import ZoneInfo

from model import ChargerReport, Code, Missing
from model_decision import Step as FileStep
from model_decision import Target as TargetFile
from model_decision import TargetCharger
from state.files import boot_id
from state.store import Store
from twc.master import memory, start, step
from twc.values import Ceiling, Options, Remembered, Step, Target, Want

from .demo_child import KEPT, Stop
from .twc_build import Age, Build
from .twc_bus import MASTER, VirtualBus
from .twc_car import TwcCar
from .twc_port import PtyBus
from .twc_slave import Slave

DAEMON = Path(__file__).resolve().parents[1] / "twc_daemon.py"
BREAKER, CIRCUIT = 50, 40
OLD, NEW = "4085", "4086"  # of protocol 1 and 2
BEFORE = 16  # A for each, for some minutes
PATIENCE_S = 30.0  # for a machine with much else to do; nothing here fails because it is slow
LOOK_S = 0.02
ENV = "wires.env"

T = TypeVar("T")


def line_of_two() -> VirtualBus:
    builds = (Build(id=int(OLD, 16), protocol=1, age=Age.SILENT), Build(id=int(NEW, 16), sign=0x1E))
    bus = VirtualBus([Slave(build, TwcCar(vin=f"5YJ3AMPSHFT00000{number}"), number) for number, build in enumerate(builds, 1)])
    for slave in bus.slaves:
        bus.car(bus.slaves.index(slave)).plug_in()
    return bus


def warmed_up(bus: VirtualBus, seconds: float = 100.0) -> tuple[Remembered, ...]:
    """Some minutes of charging in fast time; gives what the daemon would remember of them."""
    master, began = start(Options(CIRCUIT, most=CIRCUIT), (), bus.now), datetime.now(UTC)
    target = Target(None, (Want("*", 1, (Step(float("inf"), BEFORE),)),))
    while bus.now < seconds:
        received = bus.tick(bus.now + 0.05)
        master, out, _ = step(master, bus.now, began + timedelta(seconds=bus.now), received, target, Ceiling(None, fresh=False))
        if out:
            bus.tick(bus.now, out)
    return memory(master)


class Wires:
    """Use it with `with`. Times are the bus's own seconds. `log`: what the daemon says on stderr."""

    def __init__(self, folder: Path, stop: Stop, program: Path = DAEMON, patience_s: float = PATIENCE_S) -> None:
        self.folder, self.stop, self.program, self.patience_s = folder, stop, program, patience_s
        bus = line_of_two()
        known = warmed_up(bus)
        self.live = PtyBus(bus)
        self.log = folder / "daemon.log"
        self.daemon: subprocess.Popen[bytes] | None = None
        self.started_at = datetime.now(UTC)
        self._log: IO[bytes] | None = None
        self.store.save_twc({"slaves": [{**asdict(one), "id": f"{one.id:04X}"} for one in known]})

    def __enter__(self) -> Wires:
        self.live.start()
        self._log = self.log.open("ab")
        text = f"TWC_PORT={self.live.url}\nTWC_BREAKER_AMPS={BREAKER}\nTIME_ZONE=UTC\n"
        (self.folder / ENV).write_text(text, encoding="utf-8")
        return self

    def __exit__(self, *_problem: object) -> None:
        self.kill()
        if self._log is not None:
            self._log.close()
        self.live.close()

    @property
    def store(self) -> Store:
        state = self.folder / "state"
        return Store(state / "data", state / "run", ZoneInfo("UTC"), datetime.now(UTC), "scheduler", boot_id(), time.sleep)

    # ---- what is done -----------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        self.stop.check()
        self.started_at = datetime.now(UTC)
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.daemon = subprocess.Popen(  # noqa: S603 - our own program, with words of our own
            [sys.executable, str(self.program), "--env", ENV, "--state", "state"],
            cwd=self.folder,
            env={**kept, "PYTHONIOENCODING": "utf-8"},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,  # Ctrl-C is for the demo, which then ends its child
        )

    def kill(self) -> None:
        if self.daemon is not None:
            self.daemon.kill()
            self.daemon.wait()

    def end(self, patience_s: float) -> int | None:
        """SIGTERM. Its exit code, or None: it did not end in time."""
        if self.daemon is None:
            return None
        self.daemon.terminate()
        try:
            return self.daemon.wait(patience_s)
        except subprocess.TimeoutExpired:
            return None

    def offer(self, amps: Mapping[str, int]) -> float:
        """Writes target.json for the next hour; gives when."""
        until = datetime.now(UTC) + timedelta(hours=1)
        rows = [
            TargetCharger(name, None, rank, (FileStep(until, each, (Code.PLAN_SLOT,)),))
            for rank, (name, each) in enumerate(amps.items(), 1)
        ]
        at = self.now
        self.store.save_target(TargetFile(CIRCUIT, tuple(rows)))
        return at

    # ---- what is seen -----------------------------------------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        return self.daemon is not None and self.daemon.poll() is None

    @property
    def now(self) -> float:
        return self.live.call(lambda bus: bus.now)

    def see(self, look: Callable[[VirtualBus], T]) -> T:
        return self.live.call(look)

    def draws(self) -> dict[str, float]:
        return self.see(lambda bus: {slave.name: slave.draw for slave in bus.slaves})

    def closings(self) -> list[int]:
        """How often each contactor has closed: one more, and a car had lost its power in between."""
        return self.see(lambda bus: [slave.closings for slave in bus.slaves])

    def charger(self) -> ChargerReport | Missing:
        return self.store.load_charger()

    def said(self, name: str, amps: int, since: float) -> float | None:
        """When the master first told that connector so many amps; None: not yet."""
        return next((at for at, who, told in self.see(limits) if who == name and told == amps and at >= since), None)

    def until(self, done: Callable[[], bool]) -> bool:
        """Waits for it; False where it has not come, or the daemon is gone."""
        ends = time.monotonic() + self.patience_s
        while time.monotonic() < ends:
            self.stop.check()
            if done():
                return True
            if not self.alive:
                return False
            time.sleep(LOOK_S)
        return False

    def wait(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            self.stop.check()
            time.sleep(LOOK_S)


def limits(bus: VirtualBus) -> list[tuple[float, str, int]]:
    """(when, connector, amps) of every heartbeat that carried a limit; the opcode, the receiver, the command, then 0.01 A."""
    beats = [frame for frame in bus.sent if frame.source == MASTER and frame.body[:2] == b"\xfb\xe0" and frame.body[6] in (0x05, 0x09)]
    return [(one.at, one.body[4:6].hex().upper(), int.from_bytes(one.body[7:9], "big") // 100) for one in beats]


def beats(bus: VirtualBus) -> list[float]:
    """When the master spoke."""
    return [frame.at for frame in bus.sent if frame.source == MASTER]
