"""A `scheduler.py run` as cron starts it, with every source configured: warm, and cold with all caches gone, so that calendar, roads,
weather and grid are asked and their libraries imported; beside a bare `python -c pass`. The simulated house is a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from simulator.network import state_beside

ROOT = Path(__file__).resolve().parents[1]
TIMES, COLD_TIMES = 9, 3
FIRST = 3  # these fill the caches and Python's own
STARTS_WITHIN_S = 20.0
SECONDS_LIVED = 300


@dataclass(frozen=True, slots=True)
class Cost:
    """`wall_s`: median of the runs; `cpu_s`: too; `peak_mb`: the most of any run."""

    wall_s: float
    cpu_s: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Measured:
    bare: Cost
    run: Cost
    cold: Cost


def measure() -> Measured:
    """Both in turns, so that a busy machine slows both. Raises CalledProcessError where a run fails."""
    with TemporaryDirectory() as folder, _house(Path(folder)) as (env_file, environment):
        bare = [sys.executable, "-c", "pass"]
        run = [sys.executable, str(ROOT / "scheduler.py"), "--env", str(env_file), "run"]
        for _ in range(FIRST):
            _once(run, environment)
        pairs = [(_once(bare, environment), _once(run, environment)) for _ in range(TIMES)]
        cold = [_stale(env_file, run, environment) for _ in range(COLD_TIMES)]
    return Measured(_cost([pair[0] for pair in pairs]), _cost([pair[1] for pair in pairs]), _cost(cold))


def _stale(env_file: Path, run: Sequence[str], environment: Mapping[str, str]) -> Cost:
    """A run that finds nothing in its caches."""
    for kept in (state_beside(env_file) / "data" / "cache").iterdir():
        kept.unlink()
    return _once(run, environment)


@contextmanager
def _house(folder: Path) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """The house, its settings, and an environment with a cache of compiled code of its own: a Pi has one too, after its first cycle."""
    env_file = folder / "house.env"
    environment = {"PYTHONPYCACHEPREFIX": str(folder / "compiled"), "PYTHONPATH": str(ROOT)}
    program = [sys.executable, "-m", "simulator", "--seconds", str(SECONDS_LIVED), "--write-env", str(env_file), "--calendar"]
    with subprocess.Popen(program, cwd=folder, stdout=subprocess.DEVNULL, env=environment) as house:
        try:
            ends = time.monotonic() + STARTS_WITHIN_S
            while not env_file.exists() and time.monotonic() < ends:
                time.sleep(0.05)
            yield env_file, environment
        finally:
            house.terminate()


def _once(program: Sequence[str], environment: Mapping[str, str]) -> Cost:
    began = time.perf_counter()
    process = os.posix_spawn(program[0], list(program), dict(environment))
    _, status, used = os.wait4(process, 0)
    wall_s = time.perf_counter() - began
    if status:
        raise subprocess.CalledProcessError(os.waitstatus_to_exitcode(status), list(program))
    return Cost(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)  # Linux counts in kB


def _cost(costs: Sequence[Cost]) -> Cost:
    walls, cpus, peaks = ([getattr(cost, name) for cost in costs] for name in ("wall_s", "cpu_s", "peak_mb"))
    return Cost(median(walls), median(cpus), max(peaks))
