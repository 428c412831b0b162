"""The daemon's loop: port, files and clock around `twc.master.step`. twc_daemon.py starts it; it lies here because Python compiles a script
anew at each start, and half a megabyte of that stays."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from errors import Busy, StateError
from state.files import boot_id
from state.folders import Folders
from state.lock import file_lock
from twc.link import ADDRESSED
from twc.master import memory, start, step
from twc.report import Report
from twc.reserve import ceiling_of
from twc.values import Master, Options, Slave, Step, Target, Want
from twc_daemon_files import LOOK_S, Inbox, charger_file, remembered
from twc_daemon_port import Port, log
from twc_daemon_settings import WARNING, Setup

LEAST_WAIT_S = 0.02
ALIVE_S, CHARGER_S, NOTES_S = 2.0, 4.0, 5.0
DEAD_PORT_S = 120.0  # a port that stays dead so long ends the process, non-zero: systemd starts it anew, and the owner sees it
LOWER_S = 2.0
SAME_STATE_S = 60.0  # amps that follow the sun, or climb back one by one, would fill the journal


def fail(text: str) -> int:
    log(text)
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

    setup: Setup
    boot: str = field(default_factory=boot_id)
    stop: str = ""
    forced: int | None = None
    leaving_at: float = float("inf")
    dead_port_s: float = DEAD_PORT_S
    gone: str = ""
    gone_told: str = ""
    shown: tuple[str, str] = ("", "")
    state: object = None
    logged: str = ""
    logged_at: float = float("-inf")
    same_state_s: float = SAME_STATE_S
    seen: Master | None = None
    told: set[str] = field(default_factory=set)
    saved_at: float = float("-inf")
    alive_at: float = float("-inf")
    noted_at: float = float("-inf")
    noted: object = None
    noted_slaves: object = None

    @property
    def store(self) -> Folders:
        found = self.setup
        return Folders(found.data_dir, found.run_dir, found.zone, datetime.now(UTC), "twc_daemon", self.boot, time.sleep)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Two masters on one bus are a fault; two daemons are the commonest way to get there. Raises Busy."""
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(file_lock(self.setup.run_dir / "twc_daemon", time.sleep, timeout_s=0.5))
            except StateError as error:
                if error.__cause__ is None:
                    raise Busy("twc", error.text) from error
                log(error.text)  # no place for a lock: the port has one of its own, and cars hang on the heartbeat
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
        port = Port(self.setup.port)
        for number, what in ((signal.SIGTERM, "lower"), (signal.SIGINT, "lower"), (signal.SIGHUP, "leave")):
            signal.signal(number, lambda *_, what=what: self.end(what, port))
        store, notes = self.store, dict[str, object]()
        with self.surviving("read twc.json"):
            notes = dict(store.load_twc())
        for problem in store.problems:
            log(problem)
        if not notes and self.setup.task == "run":  # commissioning shows it itself
            log(WARNING)
        log(self.setup.limits)
        master = start(self.options(), remembered(notes), time.monotonic())
        return Loop(port, Inbox(self.setup.run_dir, self.boot), master)

    def end(self, what: str, port: Port) -> None:
        """From a signal's handler. The first word counts."""
        self.stop = self.stop or what
        port.hurry()

    def options(self) -> Options:
        found = self.setup
        return Options(found.circuit, most=found.most, failsafe=found.failsafe, guarded=found.guarded, silence=found.silence)

    def turn(self, loop: Loop, done: Callable[[float], bool]) -> int:
        """The loop itself, until `done` or a signal. Gives the exit code."""
        while True:
            mono, utc = time.monotonic(), datetime.now(UTC)
            loop.inbox.look(mono, utc)
            target, ceiling = loop.inbox.now(mono)
            if self.stop == "lower" and self.leaving_at == float("inf"):
                self.forced, self.leaving_at = 0, mono + LOWER_S
            if self.forced is not None:
                target = Target(None, (Want("*", 1, (Step(mono + 60, self.forced),)),))
            loop.master, transmit, report = step(loop.master, mono, utc, loop.received, target, ceiling)
            self.gone = f"the port {loop.port.url} is gone" if loop.port.dead_since is not None else ""
            self.tell(report, mono, utc)
            unheard = self.stop and loop.port.serial is None  # nobody hears a lower offer, and opening a port may take long
            if not unheard:
                loop.received = loop.port.exchange(transmit, _wait_s(loop, mono), mono)
            lowered = self.leaving_at < float("inf") and (mono >= self.leaving_at or low_enough(loop.master))
            if self.stop == "leave" or unheard or lowered or done(mono):
                self.note(loop.master, mono, now=True)
                return 0
            if loop.port.dead_since is not None and mono - loop.port.dead_since > self.dead_port_s:
                return fail(f"port {loop.port.url} has been gone for {self.dead_port_s:.0f} s")

    def tell(self, report: Report, mono: float, utc: datetime) -> None:
        """charger.json every four seconds and at each change; the watchdog always. The line is made only where a slave or an alarm may have
        changed: the loop turns far more often."""
        master, seen = report.master, self.seen
        if mono - self.alive_at >= ALIVE_S:
            self.alive_at = mono
            notify("WATCHDOG=1")
        due = mono - self.saved_at >= CHARGER_S or self.gone != self.gone_told
        if due or seen is None or not _alike(master, seen):
            self.seen, self.gone_told, line = master, self.gone, report.line
            if due or (report.link, line) != self.shown:
                self.shown, self.saved_at = (report.link, line), mono
                with self.surviving("charger.json"):
                    self.store.save_charger(charger_file(report, utc, self.gone), report.counters)
                self.journal(line, report, mono)
        self.note(master, mono)

    def journal(self, line: str, report: Report, mono: float) -> None:
        """One log line per change of state; where only amps change, one a minute at most."""
        if line != self.logged and (report.state != self.state or mono - self.logged_at >= self.same_state_s):
            self.state, self.logged, self.logged_at = report.state, line, mono
            log(line)

    def note(self, master: Master, mono: float, *, now: bool = False) -> None:
        """twc.json: who is known and what may still flow, so that a restart is not noticed. At once when an offer changes: a process that
        dies between an offer and its note would come back believing in the old one."""
        if mono - self.noted_at < NOTES_S and not now and master.slaves is self.noted_slaves:
            return
        if "twc.json" in self.told and mono - self.noted_at < NOTES_S and not now:
            return  # a disk that says no is asked again, but not in each turn
        self.noted_at, self.noted_slaves = mono, master.slaves
        known = memory(master)
        if known and known != self.noted:
            with self.surviving("twc.json"):
                self.store.save_twc({"slaves": [{**asdict(one), "id": f"{one.id:04X}"} for one in known]})
                self.noted = known

    @contextlib.contextmanager
    def surviving(self, what: str) -> Iterator[None]:
        """A full disk must not end a heartbeat: it is told once for each file, and the bus goes on."""
        try:
            yield
            self.told.discard(what)
        except StateError as error:
            if what not in self.told:
                log(error.text)
            self.told.add(what)


def _wait_s(loop: Loop, mono: float) -> float:
    """Until something is due or the files are looked at; what is heard ends it earlier."""
    return max(LEAST_WAIT_S, min(loop.master.rest_until, loop.inbox.looked_at + LOOK_S) - mono)


def _alike(master: Master, seen: Master) -> bool:
    """Is there nothing new to tell? What only time changes waits for the next charger.json."""
    return master.slaves is seen.slaves and master.foreign_at == seen.foreign_at and master.trouble_at == seen.trouble_at


def low_enough(master: Master) -> bool:
    """Has each that hears us been offered its least, and shown that it took it? The only heartbeat that said so may have been lost."""
    return all(_is_low(slave) for slave in master.slaves if slave.link in ADDRESSED)


def _is_low(slave: Slave) -> bool:
    shown = slave.status is None or slave.status.limit <= ceiling_of(slave.minimum)
    return shown and (slave.offer is None or slave.offer.amps <= slave.minimum)


def notify(text: str) -> None:
    """sd_notify, where systemd listens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    import socket

    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        # a systemd that hangs must not hang the heartbeat
        channel.sendto(text.encode(), socket.MSG_DONTWAIT, "\0" + address[1:] if address.startswith("@") else address)
