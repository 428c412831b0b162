#!/usr/bin/env python3
"""The heartbeat: RS-485 master for Gen 2 Wall Connectors. Always on, one thread, one port, one loop.

Reads target.json and ceiling.json ten times a second, speaks with the connectors through `twc.master.step`, writes charger.json and its own
twc.json. It never waits for a disk, never exits on bad input, and follows its monotonic clock: the wall clock counts only when a file is
first seen.

    twc_daemon.py                run (systemd starts it)
    twc_daemon.py --check        send nothing, listen 15 s, say what is heard
    twc_daemon.py --commission   6 A, 12 A, half, full: offered and actual side by side, asks before each step

SIGTERM lowers all offers, waits at most 2 s and ends. SIGHUP ends at once with the offers untouched, for restarts.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import config
from config import LastResort, Settings
from errors import AmpshiftError, Busy, ConfigError, StateError
from state.files import boot_id
from state.lock import file_lock
from state.store import Store
from twc.master import memory, start, step
from twc.report import Report
from twc.values import Master, Options, Step, Target, Want
from twc_daemon_files import Inbox, charger_file, remembered
from twc_daemon_port import Port, log
from twc_daemon_tools import check, show_running

ROOT = Path(__file__).resolve().parent
OWN_OPTIONS = frozenset(
    {"TWC_PORT", "TWC_BREAKER_AMPS", "TWC_MAX_AMPS", "TWC_FAILSAFE_AMPS", "TWC_LAST_RESORT", "CONTINUOUS_PERCENT", "GUARD"}
    | {"STATE_DIR", "RUN_DIR", "TIME_ZONE"}
)
WAIT_S, WAIT_ANSWER_S = 0.05, 0.02
CHARGER_S, NOTES_S = 2.0, 5.0
DEAD_PORT_S = 120.0  # a port that stays dead so long ends the process, non-zero: systemd starts it anew, and the owner sees it
LOWER_S = 2.0
COMMISSION_S, SHOW_S = 60.0, 5.0
WARNING = """This moves real current through real wires. TWC_BREAKER_AMPS is the number printed on the breaker of the connectors'
circuit: a wrong one can start a fire. All connectors stand on rotary position F. If the Pi dies: docs/HARDWARE.md, first page."""


def main(argv: list[str]) -> int:
    """Exit codes: 0 ended as asked; 1 the port stays dead, or another daemon runs; 2 configuration."""
    args = _parser().parse_args(argv)
    try:
        settings = config.load(args.env, os.environ, args.state, root=ROOT, only=OWN_OPTIONS)
        if settings.twc_breaker_amps is None or not settings.twc_port:
            raise ConfigError(("Set TWC_PORT and TWC_BREAKER_AMPS (the number printed on the breaker): there is no daemon without them.",))
        daemon = Daemon(settings)
        with daemon.alone():
            if args.check:
                return check(settings)
            return commission(daemon) if args.commission else daemon.run()
    except ConfigError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 2
    except Busy:
        return show_running(settings) if args.check else _fail("Another twc_daemon.py runs already: systemctl status twc_daemon")
    except AmpshiftError as error:
        return _fail(error.text)


def _fail(text: str) -> int:
    print(text, file=sys.stderr)
    return 1


@dataclass(slots=True)
class Loop:
    """What one run of the loop works on."""

    port: Port
    inbox: Inbox
    master: Master
    received: bytes = b""


@dataclass(slots=True)
class Daemon:
    """`forced`: amps that stand in for target.json (leaving, commissioning); `stop`: "lower" or "leave" once a signal came."""

    settings: Settings
    boot: str = field(default_factory=boot_id)
    stop: str = ""
    forced: int | None = None
    leaving_at: float = float("inf")
    shown: str = ""
    told: str = ""
    saved_at: float = float("-inf")
    noted_at: float = float("-inf")
    noted: object = None
    noted_slaves: object = None

    @property
    def store(self) -> Store:
        settings = self.settings
        return Store(settings.state_dir, settings.run_dir, settings.time_zone, datetime.now(UTC), "twc_daemon", self.boot, time.sleep)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Two masters on one bus are a fault; two daemons are the commonest way to get there. Raises Busy."""
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(file_lock(self.settings.run_dir / "twc_daemon", time.sleep, timeout_s=0.5))
            except StateError as error:
                raise Busy("twc", error.text) from error
            yield

    def run(self) -> int:
        """Until a signal, or until the port stayed dead."""
        loop = self.loop()
        notify("READY=1")
        code = self.turn(loop, lambda _: False)
        loop.port.close()
        return code

    def loop(self) -> Loop:
        """Signals, what was remembered, and a master that has just started."""
        for number, what in ((signal.SIGTERM, "lower"), (signal.SIGINT, "lower"), (signal.SIGHUP, "leave")):
            signal.signal(number, lambda *_, what=what: setattr(self, "stop", self.stop or what))
        notes = self.store.load_twc()
        if not notes:
            log(WARNING)
        master = start(self.options(), remembered(notes), time.monotonic())
        return Loop(Port(self.settings.twc_port or ""), Inbox(self.settings.run_dir, self.boot), master)

    def options(self) -> Options:
        settings = self.settings
        return Options(
            circuit=settings.circuit_amps or 0,
            most=settings.twc_max_amps or 80,
            failsafe=settings.twc_failsafe_amps,
            guarded=settings.guard,
            silence=settings.twc_last_resort is LastResort.SILENCE,
        )

    def turn(self, loop: Loop, done: Callable[[float], bool]) -> int:
        """The loop itself, until `done` or a signal. Gives the exit code."""
        while True:
            mono, utc = time.monotonic(), datetime.now(UTC)
            loop.inbox.look(mono, utc)
            target, ceiling = loop.inbox.now(mono)
            if self.stop == "lower" and self.leaving_at == float("inf"):
                self.forced, self.leaving_at = 0, mono + LOWER_S
            if self.forced is not None:
                target = Target(0, (Want("*", 1, (Step(mono + 60, self.forced),)),))
            loop.master, transmit, report = step(loop.master, mono, utc, loop.received, target, ceiling)
            self.tell(report, loop.master, mono, utc)
            loop.received = loop.port.exchange(transmit, WAIT_ANSWER_S if loop.master.pending is not None else WAIT_S, mono)
            lowered = self.leaving_at < float("inf") and (mono >= self.leaving_at or _all_low(loop.master))
            if self.stop == "leave" or lowered or done(mono):
                self.note(loop.master, mono, now=True)
                return 0
            if loop.port.dead_since is not None and mono - loop.port.dead_since > DEAD_PORT_S:
                return _fail(f"port {loop.port.url} has been gone for {DEAD_PORT_S:.0f} s")

    def tell(self, report: Report, master: Master, mono: float, utc: datetime) -> None:
        """One log line per change of state; charger.json every two seconds and at each change; the watchdog always."""
        line = "; ".join(f"{row.id} {row.state}, offers {row.offered_amps} A" for row in report.chargers) or "no connector is heard"
        line += "".join(f"; ALARM: {alarm}" for alarm in report.alarms)
        if line != self.shown or mono - self.saved_at >= CHARGER_S:
            notify("WATCHDOG=1")
            if line != self.shown:
                log(line)
            self.shown, self.saved_at = line, mono
            with self.surviving():
                self.store.save_charger(charger_file(report, utc), report.counters)
        self.note(master, mono)

    def note(self, master: Master, mono: float, *, now: bool = False) -> None:
        """twc.json: who is known and what may still flow, so that a restart is not noticed. At once when an offer changes: a process that
        dies between an offer and its note would come back believing in the old one."""
        if mono - self.noted_at < NOTES_S and not now and master.slaves is self.noted_slaves:
            return
        self.noted_at, self.noted_slaves = mono, master.slaves
        known = memory(master)
        if known and known != self.noted:
            self.noted = known
            with self.surviving():
                self.store.save_twc({"slaves": [{**asdict(one), "id": f"{one.id:04X}"} for one in known]})

    @contextlib.contextmanager
    def surviving(self) -> Iterator[None]:
        """A full disk must not end a heartbeat: it is told once, and the bus goes on."""
        try:
            yield
        except StateError as error:
            if error.text != self.told:
                log(error.text)
            self.told = error.text


def _after(until: float) -> Callable[[float], bool]:
    return lambda mono: mono >= until


def _all_low(master: Master) -> bool:
    return all(slave.offer is None or slave.offer.amps <= slave.minimum for slave in master.slaves)


def notify(text: str) -> None:
    """sd_notify, where systemd listens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(text.encode(), "\0" + address[1:] if address.startswith("@") else address)


def commission(daemon: Daemon) -> int:
    """6 A, 12 A, half, full, a minute each; the owner says yes to each and compares with his own clamp or the car. The heartbeat goes on
    while he thinks."""
    full = min(daemon.settings.circuit_amps or 0, daemon.settings.twc_max_amps or 80)
    print(f"{WARNING}\nPlug a car in that needs charge. Each step lasts {COMMISSION_S:.0f} s; Ctrl-C ends and lowers.")
    daemon.forced = 0
    loop = daemon.loop()
    for amps in dict.fromkeys((6, 12, full // 2, full)):
        print(f"Offer {amps} A now? [y/N] ", end="", flush=True)
        daemon.turn(loop, lambda _: bool(select.select([sys.stdin], [], [], 0)[0]))
        if daemon.stop or sys.stdin.readline().strip().lower() != "y":
            break
        daemon.forced, ends = amps, time.monotonic() + COMMISSION_S
        while time.monotonic() < ends and not daemon.stop:
            until = time.monotonic() + SHOW_S
            daemon.turn(loop, _after(until))
            print(
                "\n".join(
                    f"{slave.name}: offered {slave.offer.amps if slave.offer else 0:2d} A, actual {slave.draw:5.2f} A"
                    for slave in loop.master.slaves
                )
            )
    daemon.stop = "lower"
    return daemon.turn(loop, lambda _: False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="twc_daemon.py", description="RS-485 master for Gen 2 Wall Connectors.")
    parser.add_argument("--env", type=Path, metavar="FILE", help="settings (default: .env beside this program)")
    parser.add_argument("--state", type=Path, metavar="DIR", help="replaces STATE_DIR and RUN_DIR")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="send nothing, listen 15 s, say what is heard")
    what.add_argument("--commission", action="store_true", help="offer 6 A, 12 A, half and full in turn, asking before each")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
