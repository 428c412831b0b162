"""Who may import whom. ARCHITECTURE.md shows the same in a drawing; this fails when a file breaks it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GROUPS = ("model", "errors", "config", "planners", "state", "clients", "twc", "cycle", "page", "simulator", "bench", "tests")
ENTRIES = ("scheduler", "twc_daemon", "monitor", "app", "bridge")
TOP_LEVEL_GROUPS = ("model", "errors", "config")
BASE = {"model", "errors", "config"}
CYCLE = BASE | {"planners", "state", "clients", "cycle"}
MAY_IMPORT: dict[str, set[str]] = {
    "model": {"model"},
    "errors": {"errors"},
    "config": BASE,
    "planners": BASE | {"planners"},
    "state": BASE | {"state"},
    "clients": BASE | {"clients"},
    "twc": {"twc"},
    "cycle": CYCLE,
    "simulator": CYCLE | {"twc", "simulator"},
    "twc_daemon": BASE | {"state", "twc", "twc_daemon"},
    "scheduler": CYCLE | {"simulator"},  # lazily, for backtests
    "monitor": CYCLE,
    "page": CYCLE | {"page"},
    "app": CYCLE | {"page"},
    "bridge": CYCLE | {"bridge"},
    "bench": CYCLE | {"twc", "simulator", "bench", *ENTRIES},
    "tests": {*GROUPS, *ENTRIES},
}


def group(module: str) -> str | None:
    """The group of one of our modules; None: not ours."""
    top = module.partition(".")[0]
    if top in (*GROUPS, *ENTRIES):
        return top
    entry = next((name for name in ENTRIES if top.startswith(f"{name}_")), None)
    prefix = entry or top.partition("_")[0]
    return prefix if prefix in (*TOP_LEVEL_GROUPS, *ENTRIES) and (ROOT / f"{top}.py").exists() else None


def imported(tree: ast.AST, package: str) -> Iterator[str]:
    """Every module that is named in an import; a relative one by its whole name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield package if node.level else node.module or ""


def broken(path: str, source: str) -> list[str]:
    """The imports in `source`, a file at `path` (relative to the root), that its group may not have."""
    parts = Path(path).with_suffix("").parts
    mine = group(parts[0])
    if mine is None:
        return [f"{path} is in no known group: add it to the drawing in ARCHITECTURE.md and to this test"]
    allowed = MAY_IMPORT[mine]
    groups = {name: group(name) for name in imported(ast.parse(source), parts[0])}
    return [f"{path} ({mine}) imports {name}" for name, theirs in groups.items() if theirs is not None and theirs not in allowed]


def sources() -> list[Path]:
    """Our Python files: those at the top, and those in the folders of the drawing."""
    return sorted(ROOT.glob("*.py")) + sorted(file for name in GROUPS for file in (ROOT / name).rglob("*.py"))


def test_no_file_imports_what_its_group_may_not() -> None:
    found = [line for path in sources() for line in broken(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))]
    assert not found, "\n".join(found)


def test_only_the_scheduler_and_never_at_its_top_imports_the_simulator() -> None:
    path = ROOT / "scheduler.py"
    if not path.exists():
        pytest.skip("scheduler.py is not there yet")
    top = [name for node in ast.parse(path.read_text(encoding="utf-8")).body for name in imported_here(node)]
    assert not [name for name in top if group(name) == "simulator"]


def imported_here(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from imported(node, "")


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("planners/plan.py", "from state.store import Store"),
        ("planners/plan.py", "def f() -> None:\n    import clients.tesla"),
        ("clients/tesla.py", "import planners"),
        ("state/store.py", "from cycle import run"),
        ("model.py", "import config"),
        ("model_memory.py", "from config_values import Secret"),
        ("errors.py", "import model"),
        ("twc/master.py", "from model import Charger"),
        ("twc_daemon.py", "import clients.http"),
        ("cycle/run.py", "from simulator.house import House"),
        ("simulator/house.py", "import scheduler"),
        ("helpers.py", "import json"),
        ("model_secret_extra.py", "import json"),
    ],
)
def test_a_broken_rule_is_found(path: str, source: str) -> None:
    assert broken(path, source)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("planners/plan.py", "from config import Settings\nfrom planners.need import need\nimport json"),
        ("cycle/run.py", "import planners.decide, state.store, clients.tesla"),
        ("config_read.py", "import dotenv\nfrom model import Place"),
        ("state/files.py", "from . import codec"),
    ],
)
def test_a_kept_rule_is_not_blamed(path: str, source: str) -> None:
    assert not broken(path, source)


def test_every_top_level_module_is_one_of_the_drawing() -> None:
    names = [path.stem for path in ROOT.glob("*.py")]
    assert not [name for name in names if group(name) is None]
