"""What a cycle that lives from its caches loads: requests and nothing heavier. cron starts it every few minutes on a small machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.process import PROGRAM, ROOT, Cold, Home, home

HEAVY = (
    "apprise",
    "pandas",
    "numpy",
    "scipy",
    "gridstatusio",
    "googleapiclient",
    "googlemaps",
    "highspy",
    "dash",
    "plotly",
    "flask",
    "matplotlib",
)
NOT_NEEDED = ("cycle.explain", "cycle.check", "cycle.notify", "config_docs", "simulator", "unittest", "asyncio")


def loaded(place: Home, *command: str) -> set[str]:
    """Modules that the real program has imported by its end, as Python itself tells."""
    program = [sys.executable, "-X", "importtime", str(PROGRAM), *place.arguments(*command)]
    ended = subprocess.run(program, capture_output=True, text=True, env={}, check=True, cwd=ROOT)
    return {line.rsplit("|", 1)[1].strip() for line in ended.stderr.splitlines() if line.startswith("import time:")}


@pytest.mark.parametrize(("changes", "minutes"), [({}, 5), ({"TARIFF": None}, 5), ({}, 30)])
def test_a_warm_run_imports_nothing_heavy(changes: dict[str, str | None], minutes: int, tmp_path: Path) -> None:
    """With a tariff, with day-ahead prices, and in a cycle that reads the car."""
    with home(tmp_path, Cold()) as place:
        place.changes |= changes
        for _ in range(2):
            place.later(5).do("run").fine()
        found = loaded(place.later(minutes), "run")
    assert "requests" in found
    assert "cycle.one" in found
    tops = {name.partition(".")[0] for name in found}
    assert tops & set(HEAVY) == set()
    assert [name for name in NOT_NEEDED if name in found or name in tops] == []
