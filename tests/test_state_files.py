"""One file, whole or not at all: damage, newer versions, full disks."""

from __future__ import annotations

import contextlib
import json
import os
import resource
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from errors import StateError
from model import Missing
from state.files import Kept, Stamp, as_object, boot_id, read_kept, read_volatile, write_kept, write_volatile

STAMP = Stamp(datetime(2026, 12, 9, 5, tzinfo=UTC), "scheduler", ZoneInfo("America/Los_Angeles"))
DAMAGES = [
    b"",
    b'{"schema": 1, "wri',
    b"\xff\xfe\x00",
    b"[1]",
    b"[" * 100_000,
    b'{"schema": 1, "written_at": "2026-12-09T05:00:00", "data": {}}',
    b'{"schema": 1, "written_at": "2026-12-09T05:00:00Z", "data": 3}',
    b'{"schema": 1, "written_at": "2026-12-09T05:00:00Z", "data": {"x": NaN}}',
    b'{"schema": true, "written_at": "2026-12-09T05:00:00Z", "data": {}}',
    b'{"written_at": "2026-12-09T05:00:00Z", "data": {}}',
]
NEWER = b'{"schema": 2, "of": "tomorrow"}'


def file_in(folder: Path, *versions: int) -> Path:
    path = folder / "data" / "memory.json"
    for version in versions:
        write_kept(path, {"version": version}, STAMP)
    return path


def version(path: Path) -> object:
    found = read_kept(path, as_object)
    return found.value["version"] if isinstance(found, Kept) else found


@contextlib.contextmanager
def files_no_longer_than(size: int) -> Iterator[None]:
    """What a full disk does, without filling one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_the_envelope_says_when_and_by_whom(tmp_path: Path) -> None:
    envelope = json.loads(file_in(tmp_path, 1).read_text())
    assert envelope == {"schema": 1, "written_at": "2026-12-08T21:00:00-08:00", "written_by": "scheduler", "data": {"version": 1}}


def test_a_file_never_written_is_none(tmp_path: Path) -> None:
    assert read_kept(tmp_path / "nowhere" / "memory.json", as_object) is None


def test_the_newest_version_is_read_and_the_one_before_is_kept(tmp_path: Path) -> None:
    path = file_in(tmp_path, 1, 2, 3)
    assert version(path) == 3
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["memory.json", "memory.json.prev"]
    assert json.loads((path.parent / "memory.json.prev").read_text())["data"] == {"version": 2}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_falls_back_to_the_version_before_and_says_so(tmp_path: Path, damage: bytes) -> None:
    path = file_in(tmp_path, 1, 2)
    path.write_bytes(damage)
    found = read_kept(path, as_object)
    assert isinstance(found, Kept)
    assert found.value == {"version": 1}
    assert "memory.json is damaged" in found.problem


def test_where_nothing_is_whole_the_file_is_missing_not_absent(tmp_path: Path) -> None:
    path = file_in(tmp_path, 1)
    path.write_bytes(b"")
    assert isinstance(read_kept(path, as_object), Missing)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_never_replaces_the_whole_one_before_it(tmp_path: Path, damage: bytes) -> None:
    path = file_in(tmp_path, 1, 2)
    path.write_bytes(damage)
    write_kept(path, {"version": 3}, STAMP, parse=as_object)
    assert version(path) == 3
    assert version(path.with_name("memory.json.prev")) == 1
    assert path.with_name("memory.json.damaged").read_bytes() == damage


@pytest.mark.parametrize("name", ["memory.json", "memory.json.prev"])
def test_a_newer_file_is_neither_read_nor_overwritten(tmp_path: Path, name: str) -> None:
    path = tmp_path / "memory.json"
    (tmp_path / name).write_bytes(NEWER)
    with pytest.raises(StateError, match="newer Ampshift"):
        read_kept(path, as_object)
    with pytest.raises(StateError, match="newer Ampshift"):
        write_kept(path, {}, STAMP)
    assert [(entry.name, entry.read_bytes()) for entry in tmp_path.iterdir()] == [(name, NEWER)]


@pytest.mark.parametrize("year", [1970, 2099])
def test_a_kept_file_is_used_whatever_its_date(tmp_path: Path, year: int) -> None:
    path = tmp_path / "tesla_token.json"
    write_kept(path, {"version": 1}, Stamp(datetime(year, 1, 2, tzinfo=UTC), "scheduler", UTC))
    assert version(path) == 1


def test_a_full_disk_leaves_the_old_file_and_says_what_to_do(tmp_path: Path) -> None:
    path = file_in(tmp_path, 1, 2)
    with files_no_longer_than(100), pytest.raises(StateError, match=r"memory\.json: the disk .* full; free some space"):
        write_kept(path, {"version": 3, "much": "x" * 1000}, STAMP)
    assert version(path) == 2
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["memory.json", "memory.json.prev"]


def test_a_folder_that_is_a_file_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(StateError, match=r"is not a folder; move away .* STATE_DIR") as caught:
        write_kept(tmp_path / "data" / "memory.json", {}, STAMP)
    assert "\n" not in caught.value.text
    with pytest.raises(StateError, match="Cannot read"):
        read_kept(tmp_path / "data" / "memory.json", as_object)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_of_somebody_else_is_said_in_one_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StateError, match="this user may not"):
        write_kept(tmp_path / "memory.json", {}, STAMP)


def test_no_umask_makes_a_file_wider_or_narrower_than_its_mode(tmp_path: Path) -> None:
    for umask in (0o000, 0o077):
        before = os.umask(umask)
        try:
            write_kept(tmp_path / f"secret{umask}.json", {}, STAMP, 0o600)
            write_kept(tmp_path / f"open{umask}.json", {}, STAMP)
        finally:
            os.umask(before)
    modes = {entry.name[:4]: entry.stat().st_mode & 0o777 for entry in tmp_path.iterdir()}
    assert modes == {"secr": 0o600, "open": 0o640}


def test_a_secret_copied_here_by_hand_is_closed_when_it_becomes_the_version_before(tmp_path: Path) -> None:
    path = tmp_path / "tesla_token.json"
    write_kept(path, {"version": 1}, STAMP, 0o600)
    path.chmod(0o644)
    write_kept(path, {"version": 2}, STAMP, 0o600)
    assert {entry.stat().st_mode & 0o777 for entry in tmp_path.iterdir()} == {0o600}


def test_what_a_dead_process_left_is_swept_and_what_a_living_one_writes_is_not(tmp_path: Path) -> None:
    dead, living, other = (tmp_path / f".{name}.tmp" for name in ("a.json.99999999-1", "a.json.1-1", "b.json.99999999-1"))
    for temp in (dead, living, other):
        temp.write_text("half")
    write_kept(tmp_path / "a.json", {}, STAMP)
    assert (dead.exists(), living.exists(), other.exists()) == (False, True, True)


def test_a_name_that_is_no_unicode_is_written_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "memory.json"
    write_kept(path, {"version": "Zo\u00eb \ud83d"}, STAMP)
    assert version(path) == "Zo\u00eb \ud83d"


def test_a_volatile_file_of_another_boot_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "target.json"
    write_volatile(path, {"amps": 32}, STAMP, "boot-1")
    found = read_volatile(path, as_object, "boot-1")
    assert isinstance(found, Kept)
    assert found.value == {"amps": 32}
    assert found.written_at == STAMP.at
    assert read_volatile(path, as_object, "boot-2") == Missing("target.json", "it was written before the computer last started")


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_volatile_file_is_missing(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "target.json"
    path.write_bytes(damage.replace(b"{", b'{"boot_id": "boot", ', 1))
    assert isinstance(read_volatile(path, as_object, "boot"), Missing)


def test_a_newer_volatile_file_of_this_boot_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "target.json"
    path.write_text('{"schema": 2, "boot_id": "boot"}')
    with pytest.raises(StateError, match="newer Ampshift"):
        write_volatile(path, {}, STAMP, "boot")
    write_volatile(path, {}, STAMP, "next boot")
    assert isinstance(read_volatile(path, as_object, "next boot"), Kept)


def test_a_volatile_file_keeps_no_version_before(tmp_path: Path) -> None:
    for amps in (6, 32):
        write_volatile(tmp_path / "target.json", {"amps": amps}, STAMP, "boot")
    assert [entry.name for entry in tmp_path.iterdir()] == ["target.json"]


def test_the_boot_has_a_name_or_none(tmp_path: Path) -> None:
    (tmp_path / "id").write_text("0000-1111\n")
    assert (boot_id(tmp_path / "id"), boot_id(tmp_path / "none")) == ("0000-1111", "")
