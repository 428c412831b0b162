"""Logins and keys (0600): on disk before they are first used, because Tesla's refresh token is good for one use only."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from errors import StateError
from model import Missing
from state.codec import encode
from state.disk import explained, put, sync_folder
from state.files import Stamp, as_object, read_kept, write_kept
from state.lock import Sleep, file_lock

SECRET = 0o600
KEY = "tesla_key.pem"
# the holder may be talking to Tesla: connect 5 s, read 10 s, once more
LOGIN_WAIT_S = 40.0


class Login(StrEnum):
    TESLA = "tesla_token.json"
    GOOGLE = "google_token.json"
    SESSION = "tesla_session.json"
    AUTH = "tesla_auth.json"  # how far `auth tesla` has come


def has_tesla_login(data_dir: Path) -> bool:
    """Was `auth tesla` ever done here? Damaged counts: then the owner must hear of it."""
    return any((data_dir / name).exists() for name in (Login.TESLA, f"{Login.TESLA}.prev"))


@dataclass(frozen=True, slots=True)
class Logins:
    """`problems`: what was found damaged and worked around, for the owner."""

    data_dir: Path
    stamp: Stamp
    sleep: Sleep
    problems: list[str] = field(default_factory=list)

    def load(self, login: Login) -> Mapping[str, object] | None:
        """None: log in (never done, or lost; then `problems` says so). No date in it or on it makes a login absent here."""
        found = read_kept(self.data_dir / login, as_object)
        if isinstance(found, Missing):
            then = "A new session is begun." if login is Login.SESSION else "Please log in again."
            self.problems.append(f"{self.data_dir / login} is lost: {found.why}. {then}")
            return None
        if found is not None and found.problem:
            self.problems.append(found.problem)
        return found.value if found is not None else None

    def change(self, login: Login, renew: Callable[[Mapping[str, object] | None], Mapping[str, object]]) -> Mapping[str, object]:
        """Read, renew, write under a lock. `renew` may ask the network; it looks first whether another program has renewed meanwhile, and
        returns the same object where nothing is to be done. What it returned is on disk when this returns. Raises StateError, and what
        `renew` raises."""
        path = self.data_dir / login
        with file_lock(path, self.sleep, LOGIN_WAIT_S):
            before = self.load(login)
            after = renew(before)
            if after is not before:
                write_kept(path, encode(after, self.stamp.zone), self.stamp, SECRET, as_object)
        return after

    def prove(self, login: Login, data: Mapping[str, object]) -> None:
        """Writes what stands there once more, inside `change`: a full or read-only disk must be found before a token that is good for one
        use is used up. Raises StateError."""
        write_kept(self.data_dir / login, encode(data, self.stamp.zone), self.stamp, SECRET, as_object)

    def load_key(self) -> bytes | None:
        """tesla_key.pem; None: not made yet."""
        with explained("read", self._key):
            try:
                return self._key.read_bytes()
            except FileNotFoundError:
                return None

    def save_key(self, pem: bytes) -> None:
        """Raises StateError where there is a key: cars trust it, and a new one would have to be enrolled in each of them."""
        with explained("write", self._key), put(self._key, pem, SECRET, sync=True) as temp:
            if self._key.exists():
                raise StateError("state", f"{self._key} is there already; move it away first if the cars shall get a new key.")
            os.replace(temp, self._key)
            sync_folder(self.data_dir)

    @property
    def _key(self) -> Path:
        return self.data_dir / KEY
