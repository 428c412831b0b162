"""Signed commands from more than one process: two at once on one session file, and one that loses power at each step of saving it.
The car must never see a counter twice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from model_memory import CommandKind, Outcome
from state.files import as_object, read_kept
from tests.signed_home import KEY, VIN, SignedHome, signed_home

ROOT = Path(__file__).resolve().parents[1]

# A sender of its own: argv are the account's address, its token, the folder, the key and now; then how many commands, or "dying".
SENDER = """
import errno, itertools, os, sys, time
from datetime import UTC, datetime
from pathlib import Path
from clients.http import Http
from clients.tesla_commands import Commander
from clients.tesla_session import Ours, Route, SignedCommands
from cycle.signed import DiskSessions
from model_memory import CommandKind
from state.files import Stamp
from state.logins import Logins

url, token, folder, key, now, what, vin = sys.argv[1:]
now, folder = datetime.fromisoformat(now), Path(folder)
free = lambda kind: lambda: None

def send(amps):
    sessions = DiskSessions(Logins(folder, Stamp(now, "scheduler", UTC), time.sleep))
    signed = SignedCommands(Route(url, token), Http(), free, Ours(Path(key).read_bytes(), sessions), now.timestamp)
    return Commander(url, token, Http(), free, signed).send(CommandKind.AMPS, vin, amps).outcome

if what != "dying":
    print(*(send(10 + number) for number in range(int(what))))
    sys.exit()

PULLED = 9
steps, torn = itertools.count(), set()

def pull():
    for entry in folder.iterdir() if folder.exists() else ():
        if entry.stat().st_ino in torn:
            os.truncate(entry, entry.stat().st_size // 2)
    os._exit(PULLED)

def step(die_at):
    if next(steps) == die_at:
        pull()

def asks(die_at):
    real = Http.ask
    def ask(http, one):
        step(die_at)
        reply = real(http, one)
        step(die_at)
        return reply
    return ask

def watched(name, die_at):
    real = getattr(os, name)
    def call(*args, **more):
        step(die_at)
        if name == "write":
            torn.add(os.fstat(args[0]).st_ino)
        result = real(*args, **more)
        if name == "fsync":
            torn.discard(os.fstat(args[0]).st_ino)
        return result
    return call

ends = []
while 0 not in ends:
    child = os.fork()
    if not child:
        for name in ("mkdir", "open", "write", "fchmod", "fsync", "close", "chmod", "link", "replace", "unlink"):
            setattr(os, name, watched(name, len(ends)))
        Http.ask = asks(len(ends))
        os._exit(0 if send(12) == "done" else 1)
    ends.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(*ends)
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[SignedHome]:
    (tmp_path / "key").write_bytes(KEY)
    with signed_home(tmp_path / "state") as one:
        yield one


def begun(home: SignedHome, what: str) -> subprocess.Popen[str]:
    where = [home.fleet.url, home.fleet.token, str(home.folder), str(home.folder.parent / "key"), home.world.now.isoformat()]
    command = [sys.executable, "-c", SENDER, *where, what, VIN]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> list[str]:
    out, err = process.communicate(timeout=60)
    assert not err
    return out.split()


def test_two_processes_at_once_share_one_session(home: SignedHome) -> None:
    both = [begun(home, "15"), begun(home, "15")]
    assert [ended(process) for process in both] == [["done"] * 15] * 2
    counters = home.counters()
    assert len(counters) == len(set(counters))
    assert home.requests <= 30 + 2, "a handshake each at most"


def test_after_a_power_cut_at_each_step_of_saving_no_counter_is_used_twice(home: SignedHome) -> None:
    for _ in ("with a handshake", "with a session"):
        ends = ended(begun(home, "dying"))
        assert len(ends) > 15
        assert set(ends[:-1]) == {"9"}, "each died where its power was cut"
    counters = home.counters()
    assert len(counters) > 2, "one died after its command had left"
    assert len(counters) == len(set(counters))
    assert json.loads(home.session.read_text())["data"]["cars"][VIN]["counter"] >= max(counter for _, counter in counters)
    assert home.send(CommandKind.STOP).outcome is Outcome.DONE
    assert read_kept(home.session, as_object) is not None
    assert not list(home.folder.glob(".*.tmp"))
