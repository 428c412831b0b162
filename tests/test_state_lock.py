"""One cycle at a time, one change at a time, between real processes."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from errors import Busy, StateError
from state.lock import cycle_lock, file_lock

ROOT = Path(__file__).resolve().parent.parent
HOLDER = """
import sys
from pathlib import Path
from state.lock import cycle_lock
with cycle_lock(Path(sys.argv[1])):
    print("held", flush=True)
    input()
"""


@contextlib.contextmanager
def another_cycle(run_dir: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLDER, str(run_dir)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def no_wait(seconds: float) -> None:
    return None


def test_a_second_cycle_is_refused_at_once(tmp_path: Path) -> None:
    with another_cycle(tmp_path), pytest.raises(Busy), cycle_lock(tmp_path):
        pass


def test_the_kernel_frees_the_lock_of_a_killed_cycle(tmp_path: Path) -> None:
    with another_cycle(tmp_path) as process:
        process.kill()
        process.wait()
        with cycle_lock(tmp_path):
            pass


def test_the_lock_is_free_again_after_the_cycle_and_after_its_failure(tmp_path: Path) -> None:
    for _ in range(2):
        with contextlib.suppress(KeyError), cycle_lock(tmp_path):
            raise KeyError


def test_the_guard_waits_for_its_turn(tmp_path: Path) -> None:
    with another_cycle(tmp_path) as process:
        waits: list[float] = []

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 3:
                process.kill()
                process.wait()

        with cycle_lock(tmp_path, timeout_s=5, sleep=sleep):
            assert len(waits) == 3


def test_waiting_for_a_file_ends_with_one_clear_line(tmp_path: Path) -> None:
    waits: list[float] = []
    path = tmp_path / "spend.json"
    refused = pytest.raises(StateError, match=r"Cannot change .*spend\.json: another program")
    with file_lock(path, no_wait), refused, file_lock(path, waits.append, timeout_s=2.0):
        pass
    assert sum(waits) == pytest.approx(2.0)


def test_threads_of_one_program_take_turns_too(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")

    def add() -> None:
        for _ in range(20):
            with file_lock(counter, time.sleep):
                counter.write_text(str(int(counter.read_text()) + 1))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.read_text() == "80"


def test_a_lock_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(StateError, match="is not a folder"), cycle_lock(tmp_path / "run"):
        pass
