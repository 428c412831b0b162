"""Settings that `auth tesla` puts into the owner's .env: everything else in it stays as it is."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cycle.auth_env import change, merged, pending
from errors import StateError

NEW = {"TESLA_VIN": "5YJ3AMPSHFT000001"}
LINE = "TESLA_VIN=5YJ3AMPSHFT000001\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", LINE),
        ("A=1\n", f"A=1\n{LINE}"),
        ("A=1", f"A=1\n{LINE}"),
        ("#TESLA_VIN=\nA=1\n", f"#TESLA_VIN=\nA=1\n{LINE}"),
        ("TESLA_VIN=\nA=1\n", f"{LINE}A=1\n"),
        ("A=1\n\n# my car\nTESLA_VIN = 'old' # blue\nB=2", f"A=1\n\n# my car\n{LINE}B=2"),
        ("export TESLA_VIN=old\nTESLA_VIN=older\nB=2\n", f"{LINE}B=2\n"),
        ("A='x # y'\nB=\"q\n", f"A='x # y'\nB=\"q\n{LINE}"),
    ],
)
def test_a_setting_is_changed_where_it_stands_or_added_below(before: str, after: str) -> None:
    assert merged(before, NEW) == after


@given(st.lists(st.sampled_from(["A=1", "# note", "", "B='two words'", "C=ä", "TARIFF=flat:0.2 # mine"]), max_size=8), st.booleans())
def test_other_lines_are_kept_letter_by_letter(lines: list[str], newline: bool) -> None:
    text = "\n".join(lines) + ("\n" if newline and lines else "")
    after = merged(text, NEW)
    assert after.startswith(text)
    assert after.endswith(f"\n{LINE}" if text.strip("\n") else LINE)
    assert pending(after, NEW) == {}


def test_only_what_differs_is_asked_for() -> None:
    wanted = {**NEW, "TESLA_REGION": "na", "TESLA_ACCESS_TOKEN": ""}
    assert pending("TESLA_REGION=na\n", wanted) == NEW
    assert pending("TESLA_ACCESS_TOKEN=t\nTESLA_REGION=eu\n" + LINE, wanted) == {"TESLA_ACCESS_TOKEN": "", "TESLA_REGION": "na"}


def test_the_file_keeps_its_rights_and_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.env", tmp_path / "link.env"
    real.write_text("A=1")
    real.chmod(0o640)
    link.symlink_to(real)
    change(link, NEW)
    assert link.is_symlink()
    assert real.read_text() == f"A=1\n{LINE}"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    fresh = tmp_path / "fresh.env"
    change(fresh, NEW)
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fresh.env", "link.env", "real.env"]


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(StateError, match="Cannot write"):
        change(tmp_path / "folder", NEW)
