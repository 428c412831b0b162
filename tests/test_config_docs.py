"""The generated pages are those of the table, and what they tell the owner works."""

from __future__ import annotations

import re
from pathlib import Path

from config import OPTIONS, load, nothing_configured
from config_docs import FIRST, GROUPS, env_example, settings_page

ROOT = Path(__file__).parents[1]


def test_the_committed_pages_are_those_of_the_table() -> None:
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == env_example(), "run make docs"
    assert (ROOT / "docs/SETTINGS.md").read_text(encoding="utf-8") == settings_page(), "run make docs"


def test_a_fresh_copy_of_the_example_is_legal_and_sets_nothing() -> None:
    assert nothing_configured(load(ROOT / ".env.example", {}, root=ROOT))


def test_a_copy_of_the_example_is_a_dry_run_until_its_owner_says_otherwise() -> None:
    assert load(ROOT / ".env.example", {}, root=ROOT).dry_run
    assert env_example().startswith("DRY_RUN=on\n")  # where make install and make live look for it


def test_the_example_with_every_mark_taken_away_is_legal(tmp_path: Path) -> None:
    lines = [re.sub(r"^#(?=[A-Z0-9_]+=)", "", line) for line in env_example().splitlines()]
    (tmp_path / ".env").write_text("\n".join(lines))
    settings = load(None, {}, root=tmp_path)
    assert settings.tesla_vin == (FIRST["TESLA_VIN"],)
    assert settings.main_amps == 160


def test_every_option_stands_once_in_both_pages_with_a_sentence() -> None:
    for option in OPTIONS:
        assert option.about in GROUPS
        assert option.sentence.endswith("."), option.name
        assert len(re.findall(rf"^#?{option.name}=", env_example(), re.MULTILINE)) == 1
        assert len(re.findall(rf"^\| {option.name} \|", settings_page(), re.MULTILINE)) == 1


def test_a_table_row_has_four_cells() -> None:
    for line in settings_page().splitlines():
        if line.startswith("|"):
            assert line.count("|") == 5, line
