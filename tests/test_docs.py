"""Every command that README and docs tell the owner to type is known here, and typed: against a simulated house, in a copy of the tree."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_install import REPO, a_copy

PAGES = ("README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in sorted((REPO / "docs").glob("*.md"))))
OURS = (".venv/bin/python ", "scheduler.py ", "make ")
# What belongs to the system or to the owner's hands.
OTHERS = ("sudo ", "git clone ", "nano ", "journalctl ", "crontab ", "docker ", "ssh ", "ls ", "mosquitto_")
# Typed by tests of their own, with the far end that each needs: (start of the command, the test)
ELSEWHERE = {
    "make demo": "test_demo.py",
    "make test": "test_docs.py",
    "make install": "test_install.py",
    "make update": "test_install.py",
    "make uninstall": "test_install.py",
    "make live": "test_install.py",
    "scheduler.py auth tesla": "test_process_auth.py",
    "scheduler.py auth google": "test_auth_google.py",
    "twc_daemon.py": "test_twc_process.py",
    "app.py": "test_page_http.py",
    "bridge.py": "test_bridge_process.py",
    "-m simulator.replay": "test_replay.py",
}


def commands(page: str) -> list[str]:
    """The indented lines of a page that are commands, without their comments."""
    text = (REPO / page).read_text(encoding="utf-8")
    lines = re.findall(r"^    (\S.*)$", text, re.MULTILINE)
    return [re.split(r"\s+# ", line)[0].strip() for line in lines if line.startswith((*OURS, *OTHERS))]


def plain(command: str) -> str:
    """Without the interpreter: what the tables above know it by."""
    return command.removeprefix(".venv/bin/python ")


def elsewhere(command: str) -> str | None:
    return next((test for start, test in ELSEWHERE.items() if plain(command).startswith(start)), None)


TYPED = sorted({plain(one) for page in PAGES for one in commands(page) if not one.startswith(OTHERS) and elsewhere(one) is None})


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the tree whose .env leads to a simulated house that lives, as practice.env does."""
    folder = tmp_path_factory.mktemp("docs")
    tree = a_copy(folder)
    living = [live(tree, "--write-env", ".env"), live(tree, "--starter", "solar", "--write-env", "practice.env")]
    yield tree
    for one in living:
        one.send_signal(signal.SIGTERM)
        one.communicate(timeout=20)


def live(tree: Path, *words: str) -> subprocess.Popen[str]:
    environ = {"PATH": os.environ["PATH"], "HOME": str(tree.parent), "TZ": "America/Los_Angeles"}
    house = subprocess.Popen([sys.executable, "-m", "simulator", *words], cwd=tree, env=environ, stdout=subprocess.PIPE, text=True)
    assert house.stdout is not None
    for line in house.stdout:
        if "the house lives" in line:
            return house
    raise AssertionError(f"the simulated house ended with {house.wait()}")


def test_the_pages_hold_commands_at_all() -> None:
    assert len(TYPED) >= 8, TYPED


@pytest.mark.parametrize("page", PAGES)
def test_a_command_that_is_typed_elsewhere_is_typed_there(page: str) -> None:
    for command in commands(page):
        test = elsewhere(command)
        assert test is None or (REPO / "tests" / test).exists(), f"{page} says {command!r}, and tests/{test} is not there"


@pytest.mark.parametrize("command", TYPED)
def test_the_command_works_as_it_is_written(house: Path, tmp_path: Path, command: str) -> None:
    words, folder = shlex.split(command), house
    if words[0] == "-m":  # a house in real time lives until Ctrl-C, and writes beside another's settings
        words, folder = [*words, "--seconds", "1"], tmp_path
    environ = {"PATH": os.environ["PATH"], "HOME": str(house.parent), "TZ": "America/Los_Angeles", "PYTHONPATH": str(house)}

    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("page", PAGES)
def test_the_files_that_a_page_names_are_there(page: str) -> None:
    text = (REPO / page).read_text(encoding="utf-8")
    for name in re.findall(r"\b((?:docs|deploy|state|tests|tariffs)/[A-Za-z0-9_./-]*[A-Za-z0-9_])", text):
        path = name.removesuffix(".")
        generated = path.startswith(("state/run", "state/data")) or "NNN" in path or path.endswith(".png")
        assert generated or (REPO / path).exists(), f"{page} names {path}"
