"""What a signed Tesla command costs: requests and time, with a session that is known and without, against the simulated account on loopback
(its own time included). Tesla's servers and the car come on top in real life; what is measured here is ours."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from clients.http import Http
from clients.tesla_commands import Commander
from clients.tesla_session import Ours, Route, SignedCommands
from cycle.signed import DiskSessions
from model_memory import CommandKind, Outcome
from simulator.fleet import Fleet
from simulator.house import World
from simulator.houses import BLUE, plain_house
from state.files import Stamp
from state.logins import Logins

ROOT = Path(__file__).resolve().parents[1]
TIMES = 40
FRESH_TIMES = 7
NOW = datetime(2026, 12, 9, 2, 0, tzinfo=UTC)

# One command in a process of its own, with what a cycle has imported anyway: from asking for it until the answer is there.
FRESH = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
import cycle.real
from clients.http import Http
from config import Settings
from cycle.signed import Sender
from cycle.tesla_login import Access
from model_memory import CommandKind
from state.files import Stamp
from state.logins import Logins

NOW = datetime(2026, 12, 9, 2, 0, tzinfo=UTC)
url, token, folder, vin = sys.argv[1:]
logins, settings = Logins(Path(folder), Stamp(NOW, "bench", UTC), time.sleep), Settings()
began = time.perf_counter()
sender = Sender(settings, Http(), logins, NOW.timestamp)
answer = sender.commander(Access(token, url, url), lambda kind: lambda: None).send(CommandKind.AMPS, vin, 16)
seconds = time.perf_counter() - began
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))  # getrusage tells the parent's where that is more
print(seconds, int(peak.split()[1]) / 1024, answer.outcome)
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one command: `requests` to Tesla, and the median of its seconds."""

    requests: int
    seconds: float


def commander(url: str, token: str, folder: Path, sign: bool) -> Commander:
    logins = Logins(folder, Stamp(NOW, "bench", UTC), time.sleep)
    pem = logins.load_key() if sign else None
    http = Http()
    signed = SignedCommands(Route(url, token), http, _free, Ours(pem, DiskSessions(logins)), NOW.timestamp) if pem else None
    return Commander(url, token, http, _free, signed)


def _free(_kind: object) -> Callable[[], None]:
    return lambda: None


@contextmanager
def _account() -> Iterator[tuple[World, Fleet, Path]]:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    world = plain_house(NOW, (BLUE,))
    fleet = Fleet(world)
    with TemporaryDirectory() as folder:
        key = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        Logins(Path(folder), Stamp(NOW, "bench", UTC), time.sleep).save_key(key)
        try:
            yield world, fleet, Path(folder)
        finally:
            fleet.close()


def _cost(fleet: Fleet, folder: Path, sign: bool, before: Callable[[], object], times: int = TIMES) -> Cost:
    seconds, requests = [], set()
    for _ in range(times):
        before()
        sender, count, began = commander(fleet.url, fleet.token, folder, sign), len(fleet.server.log), time.perf_counter()
        answer = sender.send(CommandKind.AMPS, BLUE.vin, 16)
        seconds.append(time.perf_counter() - began)
        requests.add(len(fleet.server.log) - count)
        assert answer.outcome is Outcome.DONE, answer
    assert len(requests) == 1, requests
    return Cost(requests.pop(), median(seconds))


def _fresh(fleet: Fleet, folder: Path) -> tuple[float, float]:
    """Seconds, and the most MB. A first process makes the handshake, where one is needed."""
    command = [sys.executable, "-c", FRESH, fleet.url, fleet.token, str(folder), BLUE.vin]
    runs = [subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split() for _ in range(FRESH_TIMES + 1)]
    assert all(run[2] == "done" for run in runs), runs
    return median(float(run[0]) for run in runs[1:]), max(float(run[1]) for run in runs)


def signed() -> None:
    """Prints it."""
    with _account() as (world, fleet, folder):
        car = world.account.signed(BLUE.vin)
        session = folder / "tesla_session.json"
        commander(fleet.url, fleet.token, folder, True).send(CommandKind.AMPS, BLUE.vin, 16)
        rows = (
            ("plain", _cost(fleet, folder, False, lambda: None)),
            ("signed, session known", _cost(fleet, folder, True, lambda: None)),
            ("signed, car has restarted", _cost(fleet, folder, True, car.reboot)),
            ("signed, no session yet", _cost(fleet, folder, True, lambda: _forget(session))),
        )
        print(f"A signed command, median of {TIMES} in one process, session file and its fsyncs included")
        for name, cost in rows:
            print(f"  {name:<28} {cost.requests} request{'s' if cost.requests > 1 else ' '} {cost.seconds * 1000:7.1f} ms")
        print(f"The first command of a process, median of {FRESH_TIMES} (cryptography is loaded for it)")
        car.reboot()
        for name, place in (("plain", folder / "no key"), ("signed, session known", folder)):
            seconds, peak_mb = _fresh(fleet, place)
            print(f"  {name:<28} {seconds * 1000:18.1f} ms {peak_mb:6.1f} MB at most")
        print()


def _forget(session: Path) -> None:
    for path in (session, session.with_name(session.name + ".prev")):
        path.unlink(missing_ok=True)
