"""`twc_daemon.py --check` and `--commission`: for the evening on which the wires are laid."""

from __future__ import annotations

import contextlib
import select
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from errors import StateError
from model import Missing
from state import volatile
from state.files import boot_id
from twc.frame import Deframer, Noise, feed
from twc.link import ADDRESSED
from twc.listen import MOST_SLAVES
from twc.messages import FromMaster, Message, SlaveHeartbeat, SlaveReady, read
from twc_daemon_port import Port
from twc_daemon_settings import WARNING, Setup

if TYPE_CHECKING:
    from twc_daemon_loop import Daemon, Loop

CHECK_S = 15.0
WAIT_S = 0.05
COMMISSION_S, SHOW_S = 60.0, 5.0
OFF_S = 60.0  # between off and on, as in twc/offers.py
NOTHING = "nothing was heard: a connector on position F speaks every 10 s. Swap A and B; look at adapter, rotary switch and bias."
SECOND_MASTER = (
    "a master speaks already, and connectors obey whoever spoke last: end the other one before twc_daemon.py starts. It is another program "
    "(TWCManager, another Pi: ps ax, systemctl), or a connector whose rotary switch is not on F (breaker off, switch to F, breaker on)."
)
STRANGE = "no connector was understood: look at the rotary switch (F), at A and B, and whether this is the connectors' bus at all."


@dataclass(slots=True)
class Heard:
    """What `--check` heard: how often each thing, the connectors that wait for a master, and who already serves them."""

    counts: dict[str, int] = field(default_factory=dict)
    waiting: set[int] = field(default_factory=set)
    masters: set[int] = field(default_factory=set)
    served: set[int] = field(default_factory=set)
    noise: Noise = field(default_factory=Noise)

    def take(self, body: bytes) -> None:
        message = read(body)
        if isinstance(message, SlaveReady):
            self.waiting.add(message.sender)
        elif isinstance(message, SlaveHeartbeat):
            self.served.add(message.sender)
        elif isinstance(message, FromMaster):
            self.masters.add(message.sender)
        name = _heard(body, message)
        self.counts[name] = self.counts.get(name, 0) + 1

    def problems(self, port: Port) -> list[str]:
        """What is wrong and what to do, one sentence each."""
        if port.dead_since is not None:
            where = "TWC_PORT (ls -l /dev/serial/by-id), the group dialout, and who else uses it"
            return [f"{port.url} could not be opened or is gone: look at {where}"]
        if not self.counts:
            return [NOTHING]
        found = []
        slaves = self.waiting | self.served
        if self.masters - slaves or self.served:  # the first byte is outside the checksum: a slave's damaged frame sounds like a master's
            found.append(SECOND_MASTER)
        elif not self.waiting:
            found.append(STRANGE)
        if len(slaves) > MOST_SLAVES:
            found.append(f"more than {MOST_SLAVES} connectors are on the bus: the others would be refused. Take their two wires off it.")
        noise = self.noise
        if noise.checksum + noise.length + noise.escape + noise.overrun > sum(self.counts.values()):
            found.append("more was damaged than whole: look at bias, termination and the way of the cable (docs/HARDWARE.md).")
        return found


def check(setup: Setup, seconds: float = CHECK_S) -> int:
    """Sends nothing, listens, says what it hears. 0 only when all is well."""
    port, deframer, heard = Port(setup.port), Deframer(), Heard()
    print(f"listening on {port.url} for {seconds:.0f} s, sending nothing")
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        deframer, bodies = feed(deframer, port.exchange(b"", WAIT_S, time.monotonic()))
        for body in bodies:
            heard.take(body)
    for name, count in sorted(heard.counts.items()):
        print(f"{count:4d} x {name}")
    heard.noise = noise = deframer.noise
    print(f"noise: {noise.checksum} bad checksums, {noise.length} strays, {noise.escape} bad escapes, {noise.overrun} overruns")
    return _verdict(heard.problems(port))


def _verdict(problems: Sequence[str]) -> int:
    print("\n".join(problems) or "all is well")
    return int(bool(problems))


def _heard(body: bytes, message: Message) -> str:
    if isinstance(message, SlaveReady):
        return f"connector {message.sender:04X}, protocol {message.protocol}, {message.max_amps:.0f} A, waits for a master"
    if isinstance(message, SlaveHeartbeat):
        return f"connector {message.sender:04X} answers a master"
    if isinstance(message, FromMaster):
        return f"a master {message.sender:04X} speaks: only one may be on the bus"
    return f"a frame {body[:2].hex()} that means nothing here"


def show_running(setup: Setup) -> int:
    """The port is busy because the daemon runs: what it says is in charger.json. 0 only when that is fresh and tells nothing ill."""
    print("twc_daemon.py runs and holds the port; this is its charger.json:")
    path = setup.run_dir / volatile.CHARGER
    print(path.read_text(encoding="utf-8") if path.exists() else "(none yet)")
    try:
        found = volatile.read_charger(setup.run_dir, boot_id())
    except StateError as error:
        return _verdict([error.text])
    report = volatile.fresh(found, datetime.now(UTC), volatile.CHARGER_LASTS, volatile.CHARGER)
    if isinstance(report, Missing):
        return _verdict(
            [f"it counts as absent: {report.why}. Just started? Then ask again in half a minute; else: systemctl status twc_daemon"]
        )
    alarms = [*report.alarms, *(f"{one.id}: {alarm}" for one in report.chargers for alarm in one.alarms)]
    link = [] if report.link == "up" else ["no connector answers: look at rotary switch (F), wires and breaker (docs/HARDWARE.md)"]
    return _verdict([*link, *(f"ALARM: {alarm}" for alarm in alarms)])


def commission(daemon: Daemon, step_s: float = COMMISSION_S, show_s: float = SHOW_S, off_s: float = OFF_S) -> int:
    """6 A, 12 A, half, full, a minute each; the owner says yes to each and compares with his own clamp or the car. The heartbeat goes on
    while he thinks."""
    full = min(daemon.setup.circuit, daemon.setup.most)
    print(f"{WARNING}\nPlug a car in that needs charge. Each step lasts {step_s:.0f} s; Ctrl-C ends and lowers.")
    print(f"A connector that was off is switched on after {off_s:.0f} s at the soonest: the first step waits for that.")
    daemon.forced = 0
    loop = daemon.loop()
    for amps in sorted({amps for amps in (6, 12, full // 2, full) if min(6, full) <= amps <= full}):
        if daemon.turn(loop, _asking(daemon, f"Offer {amps} A now? [y/N] ")):
            return 1  # the port is dead, and that was said
        if daemon.stop or sys.stdin.readline().strip().lower() != "y":
            break
        daemon.forced, asked = amps, time.monotonic()
        ends = asked + step_s
        while (now := time.monotonic()) < ends and not daemon.stop:
            if _held_back(loop) and now < asked + off_s:
                ends = now + step_s
            if daemon.turn(loop, _after(now + show_s)):
                return 1
            if not daemon.stop:  # a terminal that hung up takes no print any more
                _show(loop)
        if daemon.stop:
            break
    daemon.stop = "lower"
    code = daemon.turn(loop, lambda _: False)
    with contextlib.suppress(OSError):
        print("Ended; each connector was offered its least, or nothing.", flush=True)
    return code


def _asking(daemon: Daemon, question: str) -> Callable[[float], bool]:
    """Asks, and again below each line of the journal, which would leave the question somewhere above; until something is typed."""
    below: list[str] = []

    def answered(_: float) -> bool:
        if not below or (below != [daemon.logged] and sys.stderr.isatty()):
            below[:] = [daemon.logged]
            with contextlib.suppress(OSError):  # a terminal that hung up
                print(question, end="", flush=True)
        return bool(select.select([sys.stdin], [], [], 0)[0])

    return answered


def _after(until: float) -> Callable[[float], bool]:
    return lambda mono: mono >= until


def _held_back(loop: Loop) -> bool:
    """Is a connector still off?"""
    return any(slave.offer is not None and slave.offer.amps == 0 for slave in loop.master.slaves)


def _show(loop: Loop) -> None:
    if not any(slave.link in ADDRESSED for slave in loop.master.slaves):
        print("no connector answers yet: look at rotary switch (F), A and B, and the connectors' breaker", flush=True)
    for slave in loop.master.slaves:
        print(f"{slave.name}: offered {slave.offer.amps if slave.offer else 0:2d} A, actual {slave.draw:5.2f} A", flush=True)
