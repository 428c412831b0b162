"""The demo's second act: the real daemon at two Wall Connectors, for half a minute of real time. Nothing in it depends on speed: on a slow
machine the numbers are larger, and what does not come at all is said."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from model import Charger, Missing

from .demo_child import Stop
from .demo_wires import BEFORE, BREAKER, CIRCUIT, DAEMON, ENV, NEW, OLD, PATIENCE_S, Wires, beats

INTRO = (
    f"The wires: twc_daemon.py as it runs on a Pi, in real time; at the other end of its RS-485 port two simulated Gen 2 Wall Connectors, "
    f"{OLD} an old one (protocol 1), {NEW} a newer one (protocol 2), on one breaker of {BREAKER} A: {CIRCUIT} A may flow. Both cars have "
    f"been charging at {BEFORE} A for some minutes."
)
MORE, LESS = 30, 6
DEAD_S = 2.0
NEAR_AMPS = 1.5  # a car draws a little less than it is offered
FLOWS = ("charging", "limit_taken")
LOWERS_S = 10.0  # the daemon itself takes at most two

Say = Callable[[str], None]


def act(stop: Stop, say: Say, program: Path = DAEMON, patience_s: float = PATIENCE_S) -> bool:
    """Plays it. False: the daemon failed, and its last words were shown."""
    with tempfile.TemporaryDirectory(prefix="ampshift-demo-") as folder:
        try:
            with Wires(Path(folder), stop, program, patience_s) as wires:
                return Play(wires, say, wires.now).play()
        except OSError as error:  # no pty, no room for a process: says nothing about the daemon
            say(f"This part cannot be shown here: {error}")
            return True


@dataclass(slots=True)
class Play:
    """`zero`: when it began, in seconds of the bus."""

    wires: Wires
    say: Say
    zero: float

    def play(self) -> bool:
        for scene in (self.links, self.follows, self.dies, self.tells):
            if not scene():
                return self.ended_early()
        return self.leaves()

    def line(self, text: str, at: float | None = None) -> None:
        seconds = (self.wires.now if at is None else at) - self.zero
        self.say(f"{seconds:5.1f} s  {text}")

    # ---- the scenes -------------------------------------------------------------------------------------------------------------

    def links(self) -> bool:
        """It knows them from before, so it takes them over as they are."""
        self.wires.offer({OLD: BEFORE, NEW: BEFORE})
        self.say(f"$ twc_daemon.py --env {ENV} --state state")
        since = self.wires.now
        self.wires.run()
        if not self.wires.until(lambda: self.linked(since)):
            return False
        self.line(f"both are linked; offers {BEFORE} + {BEFORE} A, and {amps(self.wires.draws())} flow")
        return True

    def follows(self) -> bool:
        """Lower first; raise when the other car's current has fallen."""
        wrote = self.wires.offer({OLD: MORE, NEW: LESS})
        self.line(f"target.json now says {MORE} A for {OLD} and {LESS} A for {NEW}", wrote)
        if not self.wires.until(lambda: self.wires.said(NEW, LESS, wrote) is not None):
            return False
        lowered = self.wires.said(NEW, LESS, wrote) or wrote
        self.line(
            f"{NEW} hears {LESS} A, {1000 * (lowered - wrote):.0f} ms after the file; {OLD} must wait until that car has followed", lowered
        )
        if not self.wires.until(lambda: self.wires.said(OLD, MORE, wrote) is not None):
            return False
        raised = self.wires.said(OLD, MORE, wrote) or wrote
        self.line(f"{OLD} hears {MORE} A, {raised - lowered:.1f} s later (just started, it raises nothing for 10 s)", raised)
        if not self.wires.until(lambda: near(self.wires.draws(), {OLD: MORE, NEW: LESS})):
            return False
        peak = self.wires.see(lambda bus: bus.peak)
        self.line(f"{amps(self.wires.draws())} flow; together never more than {peak:.1f} A")
        return True

    def dies(self) -> bool:
        """A crash: systemd starts it anew, and nobody at the plug notices."""
        closed = self.wires.closings()
        self.line("kill -9: the daemon is gone without a word")
        self.wires.kill()
        last = self.wires.see(beats)[-1]
        self.wires.wait(DEAD_S)
        self.line("started again, as systemd does")
        self.wires.run()
        again = self.wires.now
        if not self.wires.until(lambda: self.linked(again)):
            return False
        first = next(at for at in self.wires.see(beats) if at > last)
        kept = "no car lost its power" if self.wires.closings() == closed else "a car had lost its power meanwhile"
        self.line(f"both are linked again after {first - last:.1f} s of silence (they forgive 25): {kept}")
        return True

    def tells(self) -> bool:
        """charger.json, for the scheduler and for people."""
        if not self.wires.until(lambda: self.known() == [OLD, NEW]):
            return False
        found = self.wires.charger()
        rows = [] if isinstance(found, Missing) else sorted(found.chargers, key=lambda one: one.id)
        self.line("charger.json, for the scheduler:")
        for one in rows:
            self.say(f"         {words(one)}")
        return True

    def leaves(self) -> bool:
        """SIGTERM: down to the least amps, then the end."""
        self.line("SIGTERM: it lowers both, and ends")
        code = self.wires.end(LOWERS_S)
        if code != 0:
            return self.ended_early()
        told = self.wires.see(lambda bus: {slave.name: slave.limit for slave in bus.slaves})
        self.line(f"ended with code 0; the connectors keep {amps(told, '{:.0f}')}, and switch off 25 s later")
        return True

    # ---- what is looked at ------------------------------------------------------------------------------------------------------

    def linked(self, since: float) -> bool:
        """A heartbeat for each since then, and an answer."""
        heard = self.wires.see(lambda bus: {frame.source for frame in bus.sent if frame.at > since and frame.body[:2] == b"\xfd\xe0"})
        return {OLD, NEW} <= heard

    def known(self) -> list[str]:
        """Who charges, as the daemon that runs now tells it."""
        found = self.wires.charger()
        fresh = [] if isinstance(found, Missing) or found.at < self.wires.started_at else found.chargers
        return sorted(one.id for one in fresh if one.state in FLOWS)

    def ended_early(self) -> bool:
        """True: it lives, but this machine is too busy to wait for it."""
        if self.wires.alive:
            self.say(f"         nothing came within {self.wires.patience_s:g} s: this machine has much else to do, so this part ends here")
            return True
        print(f"twc_daemon.py ended by itself:\n{self.wires.log.read_text(encoding='utf-8', errors='replace')}", file=sys.stderr)
        return False


def near(draws: Mapping[str, float], wanted: Mapping[str, int]) -> bool:
    return all(abs(draws[name] - each) < NEAR_AMPS for name, each in wanted.items())


def amps(each: Mapping[str, float], form: str = "{:.1f}") -> str:
    return " + ".join(form.format(value) for _, value in sorted(each.items())) + " A"


def words(one: Charger) -> str:
    """One connector as a person would say it."""
    plug = {True: "a car is plugged in", False: "no car", None: "the plug is not known"}[one.plugged]
    who = f", VIN ...{one.vin[-6:]}" if one.vin else ""
    can = "can stop a car" if one.can_stop else f"never less than {one.min_amps} A"
    return (
        f"{one.id}  protocol {one.protocol} ({can}), {plug}{who}: {one.state.replace('_', ' ')}, "
        f"offers {one.offered_amps} A, {one.actual_amps:.1f} A flow"
    )
