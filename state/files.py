"""One file, whole or not at all. Every JSON file of Ampshift is written and read here, in one envelope:

    {"schema": 1, "written_at": "2026-12-08T21:00:00-08:00", "written_by": "scheduler", "data": {...}}

Kept files survive a pulled plug: temporary file, fsync, the old version linked as `.prev`, rename, fsync of the folder. At every
instant either the file or its `.prev` is whole. Volatile files skip the fsyncs (the daemon never waits for a disk) and carry the
kernel's boot id instead. All failures are StateError: one sentence that says what to do.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Generic, TypeVar

from errors import StateError
from model import Missing
from state.disk import explained, keep_old, put, sync_folder

SCHEMA = 1
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who writes and when; `zone`: the owner's, for every time in the file."""

    at: datetime
    by: str
    zone: tzinfo

    def envelope(self, data: object) -> dict[str, object]:
        return {"schema": SCHEMA, "written_at": self.at.astimezone(self.zone).isoformat(), "written_by": self.by, "data": data}


@dataclass(frozen=True, slots=True)
class Kept(Generic[T]):
    """What a file holds. `problem`: "" or the sentence for the owner, where the file was damaged and `.prev` was read instead."""

    value: T
    written_at: datetime
    problem: str = ""


def as_it_is(data: object) -> object:
    return data


def as_object(data: object) -> Mapping[str, object]:
    """The data of a file without a type of its own. Raises StateError."""
    if not isinstance(data, dict):
        raise StateError("state", "data: an object expected")
    return data


def boot_id(path: Path = BOOT_ID) -> str:
    """The kernel's name for this boot; "" where there is none (not Linux): then volatile files count as of this boot."""
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def write_kept(
    path: Path, data: object, stamp: Stamp, mode: int = 0o640, parse: Callable[[object], object] = as_it_is, sync: bool = True
) -> None:
    """Replaces `path` and keeps the version before as `.prev`, if `parse` takes it (else as `.damaged`, and `.prev` stays).
    `sync=False`: without the fsyncs, for what may be lost. Raises StateError; then the old file still stands."""
    with explained("write", path):
        old = _open(path, parse)
        if not isinstance(old, Kept):
            _open(previous(path), parse)  # refuses a newer schema there too
        with put(path, _body(stamp.envelope(data), path), mode, sync) as temp:
            if old is not None:
                keep_old(path, previous(path) if isinstance(old, Kept) else aside(path), mode)
            os.replace(temp, path)
        if sync:
            sync_folder(path.parent)


def write_twice(path: Path, data: object, stamp: Stamp, parse: Callable[[object], object], mode: int = 0o640) -> None:
    """As `write_kept`, but `.prev` gets the new version too, and first: damage to one of them never brings back what was taken back."""
    with explained("write", path):
        old = _open(path, parse)
        _open(previous(path), parse)  # refuses a newer schema there too
        body = _body(stamp.envelope(data), path)
        with put(path, body, mode, sync=True) as temp, put(previous(path), body, mode, sync=True) as twin:
            os.replace(twin, previous(path))
            sync_folder(path.parent)
            if isinstance(old, Missing):
                keep_old(path, aside(path), mode)
            os.replace(temp, path)
        sync_folder(path.parent)


def read_kept(path: Path, parse: Callable[[object], T]) -> Kept[T] | Missing | None:
    """None: never written. Missing: it and its `.prev` are damaged. `parse`: data to value, StateError where it cannot.
    Raises StateError for a newer schema, and where this user may not read."""
    newest = _open(path, parse)
    if isinstance(newest, Kept):
        return newest
    older = _open(previous(path), parse)
    if newest is None:
        return older
    if not isinstance(older, Kept):
        return Missing(path.name, f"{newest.why}, and there is no whole version before it")
    return replace(older, problem=f"{path} is damaged ({newest.why}); the version of {older.written_at.isoformat()} is used instead.")


def read_twice(path: Path, parse: Callable[[object], T]) -> Kept[T] | Missing | None:
    """What `write_twice` wrote. A file that is not there was removed by its owner: that counts, whatever lies beside it."""
    with explained("read", path):
        if not path.exists():
            return None
    return read_kept(path, parse)


def write_volatile(path: Path, data: object, stamp: Stamp, boot_id: str, mode: int = 0o640) -> None:
    """Replaces `path` without waiting for the disk. Raises StateError; then the old file still stands."""
    with explained("write", path):
        _open(path, as_it_is, boot_id)
        with put(path, _body({**stamp.envelope(data), "boot_id": boot_id}, path), mode, sync=False) as temp:
            os.replace(temp, path)


def read_volatile(path: Path, parse: Callable[[object], T], boot_id: str) -> Kept[T] | Missing:
    """A file that is absent, damaged or from another boot is Missing. Raises StateError for a newer schema."""
    found = _open(path, parse, boot_id)
    return Missing(path.name, "not written since the computer started") if found is None else found


def previous(path: Path) -> Path:
    return path.with_name(path.name + ".prev")


def aside(path: Path) -> Path:
    return path.with_name(path.name + ".damaged")


def _body(envelope: Mapping[str, object], path: Path) -> bytes:
    try:
        # a lone surrogate in a car's name has no UTF-8; its backslash form is the JSON escape of the same character
        return (json.dumps(envelope, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", "backslashreplace")
    except (TypeError, ValueError) as error:
        raise StateError("state", f"Cannot write {path}: its data is no JSON ({error}). Please report this as a bug.") from error


def _open(path: Path, parse: Callable[[object], T], boot: str | None = None) -> Kept[T] | Missing | None:
    """`boot` None: a kept file. Missing.why says what is wrong with the file."""
    with explained("read", path):
        try:
            body = path.read_bytes()
        except FileNotFoundError:
            return None
    try:
        envelope = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return Missing(path.name, "it is no whole JSON")
    if not isinstance(envelope, dict):
        return Missing(path.name, "it has no envelope")
    if boot is not None and envelope.get("boot_id") != boot:
        return Missing(path.name, "it was written before the computer last started")
    return _unpack(path, envelope, parse)


def _no_number(text: str) -> float:
    raise ValueError(text)


def _unpack(path: Path, envelope: Mapping[str, object], parse: Callable[[object], T]) -> Kept[T] | Missing:
    schema = envelope.get("schema")
    if type(schema) is int and schema > SCHEMA:
        text = f"{path} was written by a newer Ampshift (schema {schema}, this one knows {SCHEMA}). Update Ampshift, or move the file away."
        raise StateError("state", text)
    if type(schema) is not int or schema != SCHEMA or "data" not in envelope:
        return Missing(path.name, "its envelope is not complete")
    try:
        written_at = datetime.fromisoformat(str(envelope.get("written_at")))
        if written_at.tzinfo is None:
            return Missing(path.name, "its written_at has no offset")
        return Kept(parse(envelope["data"]), written_at.astimezone(UTC))
    except (ValueError, OverflowError):
        return Missing(path.name, "its written_at is no time")
    except StateError as error:
        return Missing(path.name, error.text)
