"""Noise for the deframer and the messages: random bytes, and frames that were damaged on the wire. Nothing of it may raise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from simulator.twc_bus import bus_of
from twc.frame import Deframer, encode, feed
from twc.master import start, step
from twc.messages import SlaveHeartbeat, SlaveReady, read
from twc.values import Ceiling, Options

GULP = 4096
BOOT = datetime(2027, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Found:
    """`passed`: damaged frames of which something else with a good checksum came through; `mistaken`: as another heartbeat or link-ready of
    a slave than was said."""

    passed: int
    mistaken: int


def random_bytes(count: int, rng: Random) -> int:
    """How many whole frames `count` random bytes hold. What a parser raises, rises."""
    state, frames = Deframer(), 0
    for _ in range(0, count, GULP):
        state, bodies = feed(state, rng.randbytes(GULP))
        frames += len(bodies)
        for body in bodies:
            read(body)
    return frames


def mutated_frames(count: int, good: Sequence[bytes], rng: Random) -> Found:
    """`good`: bodies to damage, one at a time."""
    fresh, passed, mistaken = Deframer(), 0, 0
    wires = [(body, encode(body)) for body in good]
    for _ in range(count):
        body, wire = rng.choice(wires)
        others = [other for other in feed(fresh, damaged(bytearray(wire), rng))[1] if other != body]
        passed += bool(others)
        mistaken += any(isinstance(read(other), SlaveHeartbeat | SlaveReady) and read(other) != read(body) for other in others)
    return Found(passed, mistaken)


def damaged(wire: bytearray, rng: Random) -> bytes:
    """One to three bytes changed, lost or added."""
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(wire))
        match rng.randrange(3):
            case 0:
                wire[at] ^= 1 << rng.randrange(8)
            case 1:
                del wire[at]
            case _:
                wire.insert(at, rng.randrange(256))
    return bytes(wire)


def conversation(seconds: float = 60.0) -> list[bytes]:
    """All different bodies of a minute on a bus with both protocols, greetings and questions included."""
    bodies = dict[bytes, None]()
    for protocol in (1, 2):
        bus = bus_of(3, protocol, seed=protocol)
        bus.car(0).plug_in()
        master, out = start(Options(circuit=40), (), 0.0), b""
        while bus.now < seconds:
            received = bus.tick(bus.now + 0.02, out)
            master, out, _ = step(master, bus.now, BOOT, received, None, Ceiling(None, fresh=False))
        bodies |= dict.fromkeys(frame.body for frame in bus.sent)
    return list(bodies)
