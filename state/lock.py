"""Who may write now: flock, so that the kernel lets go when a process dies, however it dies. The lock files stay where they are;
removing one would let two programs hold "the" lock at once."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from errors import Busy, StateError
from state.disk import explained, make_folder

Sleep = Callable[[float], None]

POLL_S = 0.02
FILE_WAIT_S = 10.0  # holders need milliseconds; a disk that hangs longer is ill


def _never_sleep(_: float) -> None:
    return None


@contextlib.contextmanager
def cycle_lock(run_dir: Path, timeout_s: float = 0.0, sleep: Sleep = _never_sleep) -> Iterator[None]:
    """Held for one cycle. Raises Busy (exit 75) at once, or after `timeout_s` where a `sleep` is given (the guard waits for its turn)."""
    with _opened(run_dir / "cycle.lock") as handle:
        if not _taken(handle, timeout_s, sleep):
            raise Busy("state", "Another cycle is running; this one does nothing.")
        yield


@contextlib.contextmanager
def file_lock(path: Path, sleep: Sleep, timeout_s: float = FILE_WAIT_S) -> Iterator[None]:
    """Held for one read-change-write of `path`, between processes and between threads; not to be taken twice by one thread.
    Raises StateError after `timeout_s`."""
    lock = path.with_name(f".{path.name}.lock")
    with _opened(lock) as handle:
        if not _taken(handle, timeout_s, sleep):
            raise StateError("state", f"Cannot change {path}: another program has held it for {timeout_s:g} s (see: fuser {lock}).")
        yield


@contextlib.contextmanager
def _opened(lock: Path) -> Iterator[int]:
    with explained("lock", lock):
        make_folder(lock.parent)
        handle = os.open(lock, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        yield handle
    finally:
        os.close(handle)


def _taken(handle: int, timeout_s: float, sleep: Sleep) -> bool:
    for _ in range(int(timeout_s / POLL_S)):
        if _free(handle):
            return True
        sleep(POLL_S)
    return _free(handle)


def _free(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
