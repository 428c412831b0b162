"""twc_daemon.py as a process of its own, at a simulated bus behind a real pty or socket, in real time.

with site(tmp_path, charging_bus()) as house:
    house.start().until_linked()
    house.wish(8)
    house.until(lambda: house.offers() == {"4085": 8, "4086": 8})

Waits are generous and end as soon as what they wait for is there: a loaded machine makes them longer, not red.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from model_decision import Step, Target, TargetCharger
from simulator.twc_bus import MASTER, Frame, VirtualBus, bus_of
from simulator.twc_port import LiveBus, PtyBus
from state.files import boot_id
from state.store import Store
from tests.twc_builders import charging, notes, said_in
from twc.values import Remembered

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = str(ROOT / "twc_daemon.py")
PATIENCE_S = 25.0
SETTINGS = {"TWC_BREAKER_AMPS": "50", "TIME_ZONE": "America/Los_Angeles"}
# The same program with a field of the Daemon set, where its own time is too long for a test.
SHORTER = """
import os, sys
from twc_daemon_loop import Daemon
from twc_daemon_settings import setup
from twc_daemon_tools import commission
found = setup(sys.argv[1:], os.environ)
sys.exit({call})
"""


@dataclass(frozen=True)
class Past:
    """A bus, and what the master that served it until now remembers of it."""

    bus: VirtualBus
    notes: tuple[Remembered, ...] = ()


def charging_bus(count: int = 2, protocol: int = 2, amps: int = 16) -> Past:
    """Cars that have charged for two minutes at `amps` each: a daemon that starts now takes over from another."""
    rig = charging(count, protocol, amps)
    rig.bus.sent.clear()
    return Past(rig.bus, notes(rig))


def remembered_bus(protocol: int) -> Past:
    """One connector without a car; the master before offered it nothing."""
    bus = bus_of(1, protocol, seed=3)
    return Past(bus, (Remembered(bus.slaves[0].id, protocol, 32, 0),))


def fresh_bus(count: int = 2, protocol: int = 2) -> Past:
    """Cars are plugged in; no master has ever been there."""
    bus = bus_of(count, protocol, seed=3)
    for number in range(count):
        bus.car(number).plug_in()
    return Past(bus)


@dataclass
class Site:
    """`settings`: its .env, where None takes one away. `log_path`: where stderr goes, of all daemons that were started here."""

    folder: Path
    live: LiveBus
    settings: dict[str, str | None] = field(default_factory=dict)
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def run_dir(self) -> Path:
        return self.state / "run"

    @property
    def process(self) -> subprocess.Popen[str]:
        return self.processes[-1]

    # ---- the daemon -------------------------------------------------------------------------------------------------------------

    def words(self, *more: str) -> list[str]:
        env = self.folder / "house.env"
        settings = {"TWC_PORT": self.live.url, **SETTINGS, **self.settings}
        env.write_text("".join(f"{name}={value}\n" for name, value in settings.items() if value is not None), encoding="utf-8")
        return ["--env", str(env), "--state", str(self.state), *more]

    def start(self, *more: str, program: Sequence[str] = (PROGRAM,), env: Mapping[str, str] | None = None, **made: Any) -> Site:
        """The daemon; its stderr is appended to the log."""
        with (self.folder / "log.txt").open("a", encoding="utf-8") as log:
            options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": log, "text": True, **made}
            command = [sys.executable, *program, *self.words(*more)]
            self.processes.append(subprocess.Popen(command, env={**(env or {})}, cwd=ROOT, **options))
        return self

    def shorter(self, call: str, *more: str) -> Site:
        """`call` of SHORTER instead of the program itself."""
        return self.start(*more, program=("-c", SHORTER.format(call=call)))

    def ended(self, number: signal.Signals | None = None) -> int:
        """Its exit code, after that signal where one is given."""
        if number is not None:
            self.process.send_signal(number)
        self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode

    def told(self) -> str:
        """What it printed until its end."""
        return str(self.process.communicate(timeout=PATIENCE_S)[0])

    def log(self) -> list[str]:
        path = self.folder / "log.txt"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    # ---- the files --------------------------------------------------------------------------------------------------------------

    def store(self, now: datetime | None = None, boot: str | None = None) -> Store:
        boot = boot_id() if boot is None else boot
        return Store(self.state / "data", self.run_dir, UTC, now or datetime.now(UTC), "test", boot, time.sleep)

    def remember(self, known: Sequence[Remembered]) -> None:
        """twc.json as a daemon leaves it."""
        self.store().save_twc({"slaves": [{**asdict(one), "id": f"{one.id:04X}"} for one in known]})

    def wish(self, amps: int, *, now: datetime | None = None, boot: str | None = None) -> None:
        """target.json for all connectors, for an hour, as a scheduler writes it at `now`."""
        steps = (Step((now or datetime.now(UTC)) + timedelta(hours=1), amps, ()),)
        self.store(now, boot).save_target(Target(None, (TargetCharger("*", None, 1, steps),)))

    def charger(self) -> dict[str, Any]:
        path = self.run_dir / "charger.json"
        return dict(json.loads(path.read_text(encoding="utf-8"))["data"]) if path.exists() else {"link": "none", "chargers": []}

    # ---- the wire ---------------------------------------------------------------------------------------------------------------

    def now(self) -> float:
        """The time of the bus."""
        return self.live.call(lambda bus: bus.now)

    def frames(self, since: float = 0.0) -> list[Frame]:
        return self.live.call(lambda bus: [frame for frame in bus.sent if frame.at >= since])

    def beats(self, slave: str, since: float = 0.0) -> list[Frame]:
        """The master's heartbeats to that slave."""
        return [one for one in self.heartbeats(since) if one.body[4:6].hex().upper() == slave]

    def heartbeats(self, since: float = 0.0) -> list[Frame]:
        return [one for one in self.frames(since) if one.source == MASTER and one.body[:2] == b"\xfb\xe0"]

    def limits(self, since: float = 0.0) -> list[tuple[str, int]]:
        """Each limit that went out: (slave, amps)."""
        said = [said_in(one) for one in self.heartbeats(since)]
        return [(f"{one.slave:04X}", one.amps) for one in said if one.amps is not None]

    def offers(self, since: float = 0.0) -> dict[str, int]:
        """The newest limit to each slave."""
        return dict(self.limits(since))

    def lost_links(self) -> int:
        """How often a contactor opened because the master fell silent."""
        return self.live.call(lambda bus: sum(bus.car(number).lost_links for number in range(len(bus.slaves))))

    # ---- patience ---------------------------------------------------------------------------------------------------------------

    def until(self, holds: Callable[[], bool], seconds: float = PATIENCE_S) -> Site:
        ends = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > ends:
                raise AssertionError(f"not within {seconds:.0f} s: {self.charger()}, {self.limits()[-6:]}\n" + "\n".join(self.log()))
            time.sleep(0.02)
        return self

    def until_linked(self) -> Site:
        """The daemon that was started last says of all slaves that they answer it."""
        pid_since = self.now()
        count = self.live.call(lambda bus: len(bus.slaves))

        def linked() -> bool:
            names = [row["id"] for row in self.charger()["chargers"] if row["state"] not in ("heard", "greeted")]
            return len(names) == count and all(self.beats(name, pid_since) for name in names)

        return self.until(linked)

    def until_beats(self, since: float) -> Site:
        """Every slave has heard the master and answered after `since`."""
        names = self.live.call(lambda bus: [slave.name for slave in bus.slaves])

        def answered(name: str) -> bool:
            asked = [one.at for one in self.beats(name, since)]
            return any(one.at > asked[0] for one in self.frames(since) if asked and one.source == name)

        return self.until(lambda: all(answered(name) for name in names))


@contextmanager
def site(
    folder: Path, past: Past, bus: Callable[[VirtualBus], LiveBus] = PtyBus, settings: Mapping[str, str | None] | None = None
) -> Iterator[Site]:
    """The house at this bus, with twc.json of the master before. All daemons are gone afterwards."""
    with bus(past.bus) as live:
        house = Site(folder, live, dict(settings or {}))
        if past.notes:
            house.remember(past.notes)
        try:
            yield house
        finally:
            for process in house.processes:
                with process:
                    process.kill()


class Terminal:
    """A terminal of its own for a daemon that asks: Ctrl-C in it is a signal, as at a real one."""

    def __init__(self) -> None:
        self.ours, self.theirs = os.openpty()
        self.all_text = ""
        self._read = 0

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_problem: object) -> None:
        os.close(self.ours)
        os.close(self.theirs)

    def start(self, house: Site, call: str, **made: Any) -> None:
        program = ("-c", "import fcntl, termios\nfcntl.ioctl(0, termios.TIOCSCTTY, 0)" + SHORTER.format(call=call))
        house.start("--commission", program=program, stdin=self.theirs, stdout=self.theirs, start_new_session=True, **made)

    def type(self, text: str) -> None:
        os.write(self.ours, text.encode())

    def until(self, text: str) -> None:
        """Reads on, behind what was found last."""
        ends = time.monotonic() + PATIENCE_S
        while text not in self.all_text[self._read :]:
            assert time.monotonic() < ends, f"no {text!r} in {self.all_text!r}"
            self._take(0.2)
        self._read = self.all_text.index(text, self._read) + len(text)

    def rest(self) -> str:
        """What came behind what was found last."""
        while self._take(0.2):
            pass
        return self.all_text[self._read :]

    def _take(self, wait_s: float) -> bool:
        ready = bool(select.select([self.ours], [], [], wait_s)[0])
        if ready:
            self.all_text += os.read(self.ours, 4096).decode()
        return ready
