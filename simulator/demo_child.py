"""The demo's two ways to the outside: `scheduler.py` as a real process, and a signal that ends everything in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

PROGRAM = Path(__file__).resolve().parents[1] / "scheduler.py"
# Nothing else of the owner's environment gets through: a setting in it would stand above the demo's .env and could name a real car.
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
PATIENCE_S = 90.0  # four times what a cycle may take


@dataclass(slots=True)
class Stop:
    """Takes down which signal came, and ends the child that runs. `check` leaves by SystemExit, so that every `with` cleans up; it is
    called between the steps, never in the middle of making or removing something."""

    number: int | None = None
    child: subprocess.Popen[str] | None = None

    def listen(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.heard)

    def heard(self, number: int, _frame: FrameType | None) -> None:
        self.number = number
        if self.child is not None:
            self.child.terminate()

    def check(self) -> None:
        if self.number is not None:
            raise SystemExit(128 + self.number)


@dataclass(frozen=True, slots=True)
class Scheduler:
    """`scheduler.py` for the settings in `folder`/house.env, with its state in `folder`/state."""

    folder: Path
    stop: Stop
    program: Path = PROGRAM
    said: list[str] = field(default_factory=list)  # what came on stderr although all went well

    def words(self, now: str, *command: str) -> list[str]:
        return ["--env", "house.env", "--state", "state", "--now", now, *command]

    def run(self, now: str, *command: str) -> str:
        """Its stdout. Where it fails its stderr is shown, and the demo ends with exit code 1."""
        arguments = self.words(now, *command)
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.stop.check()
        with subprocess.Popen(  # noqa: S603 - our own program, with words of our own
            [sys.executable, str(self.program), *arguments],
            cwd=self.folder,
            env={**kept, "PYTHONIOENCODING": "utf-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C is for the demo, which then ends its child
        ) as child:
            self.stop.child = child
            out, problems = _finished(child)
            self.stop.child = None
        self.stop.check()
        if child.returncode:
            print(f"{problems.rstrip()}\nscheduler.py {' '.join(arguments)} failed with exit code {child.returncode}.", file=sys.stderr)
            raise SystemExit(1)
        if problems:
            self.said.append(problems)
        return out


def _finished(child: subprocess.Popen[str]) -> tuple[str, str]:
    try:
        return child.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        out, problems = child.communicate()
        return out, f"{problems}no end after {PATIENCE_S:.0f} s"
