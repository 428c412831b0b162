"""cache/<name>.json: answers of slow or paid sources, with their age. When to fetch again is the caller's business."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from errors import StateError
from model import Missing
from state.codec import decode, encode
from state.files import Stamp, read_kept, write_kept
from state.lock import Sleep, file_lock
from state.volatile import AHEAD

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True, slots=True)
class Cached:
    """`value`: JSON, for codec.decode. Past `expires_at` it is stale: fetch, and use it only if that fails."""

    value: object
    fetched_at: datetime
    expires_at: datetime

    def fresh(self, now: datetime) -> bool:
        return now < self.expires_at


@dataclass(frozen=True, slots=True)
class Cache:
    folder: Path
    stamp: Stamp
    sleep: Sleep

    def get(self, name: str) -> Cached | None:
        """None: never fetched, damaged, or fetched by a clock ahead of ours, whose expiry would come years late."""
        found = self.of_any_date(name)
        return found if found is not None and found.fetched_at <= self.stamp.at + AHEAD else None

    def of_any_date(self, name: str) -> Cached | None:
        """The same whatever its date: for what is true for as long as nobody changes a setting. A Pi may boot in the past."""
        found = read_kept(self._path(name), _cached)
        return None if found is None or isinstance(found, Missing) else found.value

    def put(self, name: str, value: object, expires_at: datetime, secret: bool = False) -> None:
        """`value`: anything that codec.encode takes; `secret`: a cookie or session, for this user alone (0600). Raises StateError."""
        path = self._path(name)
        entry = Cached(encode(value, self.stamp.zone), self.stamp.at, expires_at)
        with file_lock(self.folder / "cache", self.sleep):
            write_kept(path, encode(entry, self.stamp.zone), self.stamp, 0o600 if secret else 0o640, _cached)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise StateError("state", f"{name!r} is no name for a cache: letters, digits, '_', '-' and '.' only.")
        return self.folder / f"{name}.json"


def _cached(data: object) -> Cached:
    return decode(Cached, data)
