"""Pull the plug before each single step of a write. Afterwards the file holds the old value or the new one, never neither.

A process of its own counts its file operations and dies at the chosen one; what it wrote without fsync is torn then, as on a real disk.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from model import Billed
from state.files import Kept, Stamp, as_object, read_kept, read_twice, write_kept, write_twice
from state.spend import Spend

ROOT = Path(__file__).resolve().parent.parent
STAMP = Stamp(datetime(2026, 12, 9, 5, tzinfo=UTC), "scheduler", UTC)
STEPS = 40  # more than any write has

# Forks once for each step: the child runs in the folder named after its step, and dies there.
DYING = """
import errno, itertools, json, os, sys
from datetime import UTC, datetime
from pathlib import Path
from model import Billed
from state.files import Stamp, as_object, write_kept, write_twice
from state.spend import Spend

base, action, links = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "links"
stamp = Stamp(datetime(2026, 12, 9, 5, tzinfo=UTC), "scheduler", UTC)
DONE, OPEN_TO_OTHERS, PULLED = 0, 8, 9
steps, torn = itertools.count(), set()

def pull(folder):
    entries = list(folder.iterdir()) if folder.exists() else []
    wide = [entry.name for entry in entries if action == "login" and entry.stat().st_mode & 0o077]
    for entry in entries:
        if entry.stat().st_ino in torn:
            os.truncate(entry, entry.stat().st_size // 2)
    os._exit(OPEN_TO_OTHERS if wide else PULLED)

def watched(name, folder, die_at):
    real = getattr(os, name)
    def call(*args, **more):
        if next(steps) == die_at:
            pull(folder)
        if name == "link" and not links:
            raise OSError(errno.EPERM, "no links here")
        if name == "write":
            torn.add(os.fstat(args[0]).st_ino)
        result = real(*args, **more)
        if name == "fsync":
            torn.discard(os.fstat(args[0]).st_ino)
        return result
    return call

def write(folder, die_at):
    os.umask(0)
    for name in ("mkdir", "open", "write", "fchmod", "fsync", "close", "chmod", "link", "replace", "unlink"):
        setattr(os, name, watched(name, folder, die_at))
    if action == "spend":
        Spend(folder, stamp, 9.0, lambda seconds: None).count(Billed.WAKE, 0.02, False)
    elif action == "words":
        write_twice(folder / "override.json", {"version": 3}, stamp, as_object)
    else:
        write_kept(folder / "tesla_token.json", {"version": 3}, stamp, 0o600, as_object, sync=action != "notes")
    os._exit(DONE)

ends = []
while DONE not in ends:
    child = os.fork()
    if not child:
        try:
            write(base / str(len(ends)), len(ends))
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
    ends.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(json.dumps(ends))
"""


def pulled_at_each_step(base: Path, prepare: Callable[[Path], None], action: str, links: str = "links") -> list[tuple[Path, bool]]:
    """The folder of each step and whether the plug was pulled there; in the last one the work was done first."""
    for step in range(STEPS):
        prepare(base / str(step))
    command = [sys.executable, "-c", DYING, str(base), action, links]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    ends = json.loads(done.stdout)
    assert set(ends[:-1]) == {9}, f"{ends} {done.stderr}"
    return [(base / str(step), end == 9) for step, end in enumerate(ends)]


def nothing(folder: Path) -> None:
    return None


def written_twice(folder: Path) -> None:
    for version in (1, 2):
        write_kept(folder / "tesla_token.json", {"version": version}, STAMP, 0o600)


def damaged(folder: Path) -> None:
    written_twice(folder)
    (folder / "tesla_token.json").write_bytes(b'{"schema": 1, "data"')


def interrupted(folder: Path) -> None:
    """An earlier write died between its two renames."""
    written_twice(folder)
    (folder / "tesla_token.json.prev").unlink()
    (folder / "tesla_token.json.prev").hardlink_to(folder / "tesla_token.json")


def said(folder: Path) -> None:
    for version in (1, 2):
        write_twice(folder / "override.json", {"version": version}, STAMP, as_object)


def said_and_damaged(folder: Path) -> None:
    said(folder)
    (folder / "override.json").write_bytes(b"")


def counted_once(folder: Path) -> None:
    Spend(folder, STAMP, 9.0, lambda seconds: None).count(Billed.WAKE, 0.02, reserved=False)


@pytest.mark.parametrize("links", ["links", "no links"])
@pytest.mark.parametrize(("prepare", "old"), [(written_twice, 2), (damaged, 1), (interrupted, 2)])
def test_after_a_pulled_plug_the_login_is_the_old_or_the_new_one_and_never_open_to_others(
    tmp_path: Path, prepare: Callable[[Path], None], old: int, links: str
) -> None:
    steps = pulled_at_each_step(tmp_path, prepare, "login", links)
    assert len(steps) > 10
    for folder, pulled in steps:
        found = read_kept(folder / "tesla_token.json", as_object)
        assert isinstance(found, Kept), folder.name
        assert found.value["version"] in ((old, 3) if pulled else (3,)), folder.name
        kept = read_kept(folder / "tesla_token.json.prev", as_object)
        assert pulled or (isinstance(kept, Kept) and kept.value == {"version": old}), "the version before is not kept"
        write_kept(folder / "tesla_token.json", {"version": 4}, STAMP, 0o600, as_object)
        assert not list(folder.glob(".*.tmp")), folder.name


def test_the_first_write_of_all_leaves_nothing_or_everything(tmp_path: Path) -> None:
    steps = pulled_at_each_step(tmp_path, nothing, "login")
    found = [read_kept(folder / "tesla_token.json", as_object) for folder, _ in steps]
    assert found[0] is None
    assert isinstance(found[-1], Kept)
    assert all(one is None or (isinstance(one, Kept) and one.value == {"version": 3}) for one in found)


@pytest.mark.parametrize(("prepare", "links"), [(said, "links"), (said_and_damaged, "links"), (said_and_damaged, "no links")])
def test_after_a_pulled_plug_the_owners_words_are_the_old_or_the_new_ones_and_damage_brings_back_no_older_ones(
    tmp_path: Path, prepare: Callable[[Path], None], links: str
) -> None:
    steps = pulled_at_each_step(tmp_path, prepare, "words", links)
    assert len(steps) > 15
    for folder, pulled in steps:
        path = folder / "override.json"
        found = read_twice(path, as_object)
        if found is None:  # without links the damaged file is moved aside, and for this step nothing is in its place
            assert (links, pulled) == ("no links", True), folder.name
            continue
        assert isinstance(found, Kept), folder.name
        assert found.value["version"] in ((2, 3) if pulled else (3,)), folder.name
        path.write_bytes(b'{"schema": 1, "data"')
        again = read_twice(path, as_object)
        assert isinstance(again, Kept), folder.name
        assert again.value["version"] in (found.value["version"], 3), folder.name


def test_no_call_to_tesla_goes_uncounted_when_the_plug_is_pulled(tmp_path: Path) -> None:
    for folder, pulled in pulled_at_each_step(tmp_path, counted_once, "spend"):
        spent = Spend(folder, STAMP, 9.0, lambda seconds: None).budget(STAMP.at).spent
        assert spent in ((0.02, 0.04) if pulled else (0.04,)), folder.name


def test_without_fsync_the_plug_tears_the_file_and_the_version_before_serves(tmp_path: Path) -> None:
    """The daemon's notes take that risk; it also shows that the tests above would see a forgotten fsync."""
    steps = pulled_at_each_step(tmp_path, written_twice, "notes")
    found = [read_kept(folder / "tesla_token.json", as_object) for folder, _ in steps]
    assert all(isinstance(one, Kept) for one in found)
    assert any(isinstance(one, Kept) and one.problem and one.value == {"version": 2} for one in found)
