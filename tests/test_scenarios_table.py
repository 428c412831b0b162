"""tests/scenarios/README.md says which complaint is held by which file: each of them is there, and each file of drives, alerts and sun is
listed or stands beside its like."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "scenarios"
FILES = {path.name[:3]: path.name for path in FOLDER.glob("*.json")}


def listed() -> set[str]:
    rows = [line.rpartition(" | ")[2] for line in (FOLDER / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    return {number for row in rows for number in re.findall(r"\b\d{3}\b", row)}


def test_every_file_that_the_table_names_is_there() -> None:
    assert listed() - set(FILES) == set()
    assert len(listed()) > 90


def test_every_test_that_the_table_names_is_there() -> None:
    named = re.findall(r"tests/(test_\w+\.py)", (FOLDER / "README.md").read_text(encoding="utf-8"))
    assert named
    assert all((FOLDER.parent / name).exists() for name in named)


def test_forty_situations_and_more_are_about_needs_and_prices() -> None:
    assert sum(number.startswith("3") for number in FILES) >= 40
