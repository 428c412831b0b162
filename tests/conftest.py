"""What all tests share."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.http import Http
from tests.process import Home, Warm, home

# a shell that starts us in the background has Ctrl-C ignored, and each program under test would inherit that
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    with Warm(tmp_path_factory.mktemp("warm")) as keeper:
        yield keeper


@pytest.fixture
def place(tmp_path: Path, warm: Warm) -> Iterator[Home]:
    """A simulated house behind real sockets, and scheduler.py as a real process on it."""
    with home(tmp_path, warm) as found:
        yield found


@pytest.fixture
def http() -> Iterator[Http]:
    http = Http(read_s=0.3)
    yield http
    http.close()
