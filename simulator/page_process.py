"""app.py as a process of its own on a free loopback port, for pictures, measurements and tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[1] / "app.py"
STARTS_WITHIN_S = 60.0
ENDS_WITHIN_S = 20.0
# A browser that asks nobody but the page.
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True, slots=True)
class PageProcess:
    """`folder`/page.log holds what it said."""

    url: str
    process: subprocess.Popen[str]


def page_command(folder: Path, settings: Mapping[str, str], now: str | None) -> list[str]:
    """The words that start it on the house in `folder`; `settings` are added to its house.env."""
    env = folder / "page.env"
    lines = [(folder / "house.env").read_text(encoding="utf-8"), *(f"{name}={value}\n" for name, value in settings.items())]
    env.write_text("".join(lines), encoding="utf-8")
    words = [sys.executable, str(PROGRAM), "--env", str(env), "--state", str(folder / "state")]
    return [*words, "--now", now] if now else words


@contextmanager
def page_running(folder: Path, now: str | None, settings: Mapping[str, str]) -> Iterator[PageProcess]:
    """Until it listens; it is ended as a service would, because a shell that started us in the background lets nobody hear Ctrl-C."""
    port = free_port()
    words = page_command(folder, {"PAGE_PORT": str(port), **settings}, now)
    environment = {"PATH": os.environ.get("PATH", "")}
    with (
        (folder / "page.log").open("w", encoding="utf-8") as log,
        subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT, text=True, env=environment, cwd=folder) as process,  # noqa: S603 - our own program
    ):
        try:
            _wait(port, process)
            yield PageProcess(f"http://127.0.0.1:{port}", process)
        finally:
            process.terminate()
            try:
                process.wait(timeout=ENDS_WITHIN_S)
            finally:
                process.kill()  # otherwise leaving `with` waits for ever


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int, process: subprocess.Popen[str]) -> None:
    ends = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < ends and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"app.py does not listen (exit code {process.poll()})")
