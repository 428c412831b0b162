"""The steps below a whole file: temporary file, link, fsync, and what to tell the owner when the disk says no."""

from __future__ import annotations

import contextlib
import errno
import os
from _thread import get_ident  # `threading` itself is 0.2 MB, for the daemon that needs nothing else of it
from collections.abc import Iterator
from pathlib import Path

from errors import StateError

_FULL = "the disk or the user's share of it is full; free some space there (see: df -h {folder})"
_OWNER = "this user may not; run as the owner of {folder}, or hand it over: sudo chown -R $USER {folder}"
_NO_FOLDER = "{folder} is not a folder; move away what stands there, or set STATE_DIR and RUN_DIR to other folders"
_READ_ONLY = (
    "it is read-only here: the SD card fails (look into dmesg, replace it), or STATE_DIR or RUN_DIR are new to a service (make install, "
    "then restart the service)"
)
_HELP = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EACCES: _OWNER,
    errno.EPERM: _OWNER,
    errno.EROFS: _READ_ONLY,
    errno.EIO: "the disk gives errors; look into dmesg and replace the card",
    errno.ENOTDIR: _NO_FOLDER,
    errno.EEXIST: _NO_FOLDER,
    errno.EISDIR: "a folder stands where the file should be; move it away",
}
# filesystems without hard links (FAT, some network shares) answer with one of these
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES}


@contextlib.contextmanager
def explained(doing: str, path: Path) -> Iterator[None]:
    """Turns an OSError into a StateError with the file and what to do."""
    try:
        yield
    except OSError as error:
        what = _HELP.get(error.errno or 0, error.strerror or type(error).__name__).format(folder=path.parent)
        raise StateError("state", f"Cannot {doing} {path}: {what}.") from error


def make_folder(folder: Path) -> None:
    """Made for owner and group only, and made to last: a login must not vanish with the entry of its folder."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o750, exist_ok=True)
    sync_folder(folder.parent)


@contextlib.contextmanager
def put(path: Path, body: bytes, mode: int, sync: bool) -> Iterator[Path]:
    """A new temporary file beside `path` with `body` in it, to be renamed inside the `with`. Never readable for more than `mode`, whatever
    the umask. Raises OSError; then, or when nobody renamed it, nothing is left behind."""
    make_folder(path.parent)
    _clean(path)
    temp = path.with_name(f".{path.name}.{os.getpid()}-{get_ident()}.tmp")
    try:
        handle = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            _fill(handle, body, mode, sync)
        finally:
            os.close(handle)
        yield temp
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temp)


def _fill(handle: int, body: bytes, mode: int, sync: bool) -> None:
    while body:
        body = body[os.write(handle, body) :]
    os.fchmod(handle, mode)
    if sync:
        os.fsync(handle)


def keep_old(path: Path, kept: Path, mode: int) -> None:
    """`path` also under the name `kept`, replacing what stood there; `path` itself stays in place meanwhile."""
    if os.stat(path).st_mode & 0o777 & ~mode:
        os.chmod(path, mode)  # copied here by hand, wider than it should be
    step = path.with_name(f".{kept.name}.{os.getpid()}-{get_ident()}.tmp")
    try:
        os.link(path, step)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.replace(path, kept)
        return
    os.replace(step, kept)
    step.unlink(missing_ok=True)  # rename leaves it where both names were one file already


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _clean(path: Path) -> None:
    """Removes what a process that was stopped in the middle left of `path`. A process that still runs keeps its own."""
    prefixes = tuple(f".{path.name}{ending}." for ending in ("", ".prev", ".damaged"))
    for entry in os.scandir(path.parent):
        if entry.name.endswith(".tmp") and entry.name.startswith(prefixes) and not _in_use(entry.name):
            os.unlink(entry.path)


def _in_use(temp: str) -> bool:
    process, _, thread = temp.removesuffix(".tmp").rpartition(".")[2].partition("-")
    if not process.isdigit() or process == str(os.getpid()):
        return thread != str(get_ident())
    return Path("/proc", process).exists()
