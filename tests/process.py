"""scheduler.py as a process of its own against a simulated house behind sockets, in lock-step: the house's time stands still while it runs.

`Cold` starts Python anew for each command, as cron does. `Warm` keeps one process that has imported everything and forks a child for each
command: the same program, a process of its own to kill, without a third of a second for the start.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from simulator.house import World
from simulator.houses import ZONE, sunny_house
from simulator.network import Network
from simulator.owner import Act

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "scheduler.py"
EVENING = datetime(2026, 12, 8, 18, 0, tzinfo=ZONE)
LONGEST_S = 60.0

# Tells the number of each child when it lives, and its exit code when it has ended.
KEEPER = """
import json, os, sys
os.environ["GSIO_SKIP_VERSION_CHECK"] = "true"
import gridstatusio
import scheduler
import cycle.running, cycle.real, cycle.explain, cycle.override, cycle.status, cycle.check, cycle.release, cycle.vehicles, statistics
for line in sys.stdin:
    order = json.loads(line)
    child = os.fork()
    if not child:
        for number, path in ((1, order["out"]), (2, order["err"])):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
        sys.exit(scheduler.main(order["arguments"]))
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass(frozen=True)
class Ended:
    """A command that has ended. `code`: negative is the signal that ended it."""

    code: int
    out: str
    err: str

    def fine_code(self) -> Ended:
        assert self.code == 0, self
        return self

    def fine(self) -> Ended:
        assert (self.code, self.err) == (0, ""), self
        return self


class Runner(Protocol):
    """Begins commands, one after the other."""

    def begin(self, *arguments: str) -> int:
        """The number of a process that lives."""
        ...

    def end(self) -> Ended:
        """Waits for it."""
        ...


class Cold:
    """`shell`: shell words that come before the program, such as `ulimit -f 0;`, or after it (`after`), such as `>&-`."""

    def __init__(self, shell: str = "", after: str = "", environment: Mapping[str, str] | None = None, cwd: Path | None = None) -> None:
        self._shell = f'{shell} exec "$@" {after}'
        # before 3.13 Python keeps half a compiled module where the disk is full, and the whole tree is broken by it from then on
        self._environment = {**(environment or {}), **({"PYTHONDONTWRITEBYTECODE": "1"} if "ulimit" in shell else {})}
        self._cwd = cwd
        self._process: subprocess.Popen[str] | None = None

    def begin(self, *arguments: str) -> int:
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", self._shell, "sh", sys.executable, str(PROGRAM), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self._environment,
            cwd=self._cwd,
        )
        return self._process.pid

    def end(self) -> Ended:
        assert self._process is not None
        with self._process as process:
            out, err = process.communicate(timeout=LONGEST_S)
        return Ended(process.returncode, out, err)


class Warm:
    """Use it with `with`."""

    def __init__(self, folder: Path) -> None:
        self._paths = {"out": str(folder / "out.txt"), "err": str(folder / "err.txt")}
        self._keeper = subprocess.Popen(
            [sys.executable, "-c", KEEPER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": str(ROOT)},
            cwd=ROOT,
        )

    def __enter__(self) -> Warm:
        return self

    def __exit__(self, *_problem: object) -> None:
        self._keeper.communicate(timeout=LONGEST_S)

    def begin(self, *arguments: str) -> int:
        assert self._keeper.stdin is not None
        self._keeper.stdin.write(json.dumps({"arguments": arguments, **self._paths}) + "\n")
        self._keeper.stdin.flush()
        return self._told()

    def end(self) -> Ended:
        code = self._told()
        return Ended(code, *(Path(self._paths[name]).read_text(encoding="utf-8") for name in ("out", "err")))

    def _told(self) -> int:
        assert self._keeper.stdout is not None
        return int(self._keeper.stdout.readline())


def kill(process: int, number: signal.Signals = signal.SIGKILL) -> None:
    with suppress(ProcessLookupError):  # it has just ended by itself
        os.kill(process, number)


@dataclass
class Home:
    """A world behind sockets. `changes`: settings of its .env that differ; None takes one away."""

    folder: Path
    world: World
    network: Network
    runner: Runner
    changes: dict[str, str | None] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def data(self) -> Path:
        return self.state / "data"

    @property
    def run_dir(self) -> Path:
        return self.state / "run"

    def env_file(self) -> Path:
        path = self.folder / "home.env"
        settings: dict[str, str | None] = {**self.network.env(self.folder / "unused"), **self.changes}
        path.write_text("".join(f"{name}={value}\n" for name, value in settings.items() if value is not None), encoding="utf-8")
        return path

    def arguments(self, *command: str) -> list[str]:
        return ["--env", str(self.env_file()), "--state", str(self.state), "--now", self.world.now.isoformat(), *command]

    def do(self, *command: str) -> Ended:
        self.runner.begin(*self.arguments(*command))
        return self.runner.end()

    def later(self, minutes: float) -> Home:
        self.world.advance(self.world.now + timedelta(minutes=minutes))
        return self

    def read(self, name: str) -> dict[str, object]:
        """The data of a state file."""
        path = (self.run_dir if name in ("target.json", "decision.json") else self.data) / name
        data = json.loads(path.read_text(encoding="utf-8"))["data"]
        assert isinstance(data, dict)
        return data

    def decision(self) -> dict[str, object]:
        return self.read("decision.json")

    def commands(self) -> list[str]:
        """What the account heard that was no mere look."""
        return [call.name for call in self.world.account.calls if call.name not in ("list", "data")]

    def spent(self) -> float:
        dollars = self.read("spend.json")["dollars"] if (self.data / "spend.json").exists() else 0.0
        assert isinstance(dollars, float)
        return dollars

    def files(self) -> dict[str, bytes]:
        return {str(path.relative_to(self.state)): path.read_bytes() for path in sorted(self.state.rglob("*")) if path.is_file()}


@contextmanager
def home(folder: Path, runner: Runner, start: datetime = EVENING) -> Iterator[Home]:
    """The sunny house at `start`, its car plugged in with 45 % three minutes ago: current flows."""
    world = sunny_house(start - timedelta(minutes=3))
    for car in world.cars.values():
        car.soc = 45.0
    world.do(Act(start - timedelta(minutes=3), "plug"))
    world.advance(start)
    folder.mkdir(parents=True, exist_ok=True)
    with Network(world) as network:
        yield Home(folder, world, network, runner)
