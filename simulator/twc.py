"""`python -m simulator.twc`: slave Wall Connectors with cars on a pty or socket, in real time, for a master to talk to. Ctrl-C ends it."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from .twc_build import Age, Build, Zero
from .twc_bus import FIRST_ID, Line, VirtualBus, bus_of
from .twc_car import Habits
from .twc_master import SecondMaster
from .twc_port import LiveBus, PtyBus, SocketBus
from .twc_slave import Slave

LOOK_S = 0.2
MOVED_AMPS = 2.0
WORDS = {0: "ready", 1: "charging", 2: "error", 3: "does not charge", 4: "waits for power", 5: "busy", 8: "starting"}


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulator.twc", description="Slave Wall Connectors on a simulated RS-485 bus, in real time.")
    parser.add_argument("--slaves", type=int, default=2, choices=range(1, 5))
    parser.add_argument("--protocol", type=int, default=2, choices=(1, 2))
    parser.add_argument("--rated", type=float, default=32.0, metavar="AMPS", help="of each unit (default 32)")
    parser.add_argument("--link", type=Path, metavar="PATH", help="a symlink to the pty")
    parser.add_argument("--socket", type=int, metavar="PORT", help="a socket on 127.0.0.1 instead of a pty (0: any free port)")
    parser.add_argument("--seconds", type=float, help="end after so many seconds (default: on Ctrl-C)")
    parser.add_argument("--seed", type=int, default=0)
    _add_wire(parser)
    _add_units(parser)
    return parser.parse_args(given)


def _add_wire(parser: argparse.ArgumentParser) -> None:
    wire = parser.add_argument_group("wire")
    wire.add_argument("--loss", type=float, default=0.0, metavar="SHARE", help="of all bytes")
    wire.add_argument("--bit-errors", type=float, default=0.0, metavar="SHARE", help="of all bytes")
    wire.add_argument("--noise", type=float, default=0.0, metavar="N", help="stray bytes a second")
    wire.add_argument("--delay", type=float, default=0.0, metavar="S", help="of the adapter")
    wire.add_argument("--jitter", type=float, default=0.0, metavar="S", help="of the adapter")
    wire.add_argument("--echo", action="store_true", help="the adapter hears itself")
    wire.add_argument("--second-master", type=float, metavar="S", help="a second master appears after S seconds, for half a minute")


def _add_units(parser: argparse.ArgumentParser) -> None:
    units = parser.add_argument_group("units and cars")
    units.add_argument("--clash", action="store_true", help="the first unit has the id 7777")
    units.add_argument("--age", choices=[age.name.lower() for age in Age], default="all", help="what the firmware answers")
    units.add_argument("--zero", choices=[zero.value for zero in Zero], default="clamps", help="what protocol 2 does at 0 A")
    units.add_argument("--open-s", type=float, default=25.0, metavar="S", help="silence after which a contactor opens")
    units.add_argument("--unplugged", action="store_true", help="no cars")
    units.add_argument("--wants", type=float, default=48.0, metavar="AMPS", help="of each car")
    units.add_argument("--overdraw", type=float, default=0.0, metavar="SHARE", help="above the offer")
    units.add_argument("--latches", action="store_true", help="cars that refuse when plugged in at 0 A or after three lost links")


def build(options: argparse.Namespace) -> VirtualBus:
    unit = Build(
        id=0x7777 if options.clash else FIRST_ID,
        protocol=options.protocol,
        rated_amps=options.rated,
        age=Age[options.age.upper()],
        zero=Zero(options.zero),
        open_s=options.open_s,
    )
    habits = Habits(wants_amps=options.wants, overdraw=options.overdraw, latches=options.latches)
    bus = bus_of(options.slaves, seed=options.seed, build=unit, habits=habits)
    bus.line = Line(options.loss, options.bit_errors, options.noise, options.delay, options.jitter, options.echo)
    for number in range(0 if options.unplugged else options.slaves):
        bus.car(number).plug_in()
    return bus


def shown(slave: Slave) -> tuple[str, float]:
    """A line about a slave, and its draw."""
    link = "linked" if slave.linked else "hears no master"
    word = WORDS.get(slave.state, "charging")
    return f"{slave.name} {link}, state {slave.state:02X} ({word}), limit {slave.limit:.2f} A", slave.draw


class Watch:
    """Prints what has changed since it last looked."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[str, float]] = {}

    def look(self, bus: VirtualBus) -> list[str]:
        lines = []
        for number, slave in enumerate(bus.slaves):
            text, draw = shown(slave)
            before = self._seen.get(number)
            if before is None or text != before[0] or abs(draw - before[1]) >= MOVED_AMPS:
                self._seen[number] = text, draw
                lines.append(f"{bus.now:8.1f} s  {text}, draws {draw:.1f} A")
        return lines


def second_master(bus: VirtualBus, begins: float, lasts: float = 30.0) -> None:
    """Puts it on the bus from `begins` on, and takes it off again."""
    if begins <= bus.now < begins + lasts and not bus.others:
        bus.others.append(SecondMaster([slave.id for slave in bus.slaves], bus.now))
    elif bus.now >= begins + lasts:
        bus.others.clear()


def live(bus: LiveBus, stop: threading.Event, options: argparse.Namespace) -> None:
    watch, ends = Watch(), None if options.seconds is None else time.monotonic() + options.seconds
    while not stop.wait(LOOK_S) and (ends is None or time.monotonic() < ends):
        if options.second_master is not None:
            bus.call(lambda wires: second_master(wires, options.second_master))
        for line in bus.call(watch.look):
            print(line, flush=True)


def main() -> int:
    options = arguments()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_signal: stop.set())
    bus = build(options)
    port = PtyBus(bus, options.link) if options.socket is None else SocketBus(bus, options.socket)
    with port:
        print(f"TWC_PORT={port.url}", flush=True)
        print("# the connectors live; Ctrl-C ends them", flush=True)
        live(port, stop, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
