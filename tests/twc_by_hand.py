"""A master played by hand, for tests of the simulated Wall Connectors: it says exactly what the test says, and hears whole bodies."""

from __future__ import annotations

from simulator.twc_bus import VirtualBus
from twc.frame import Deframer, encode, feed

ID = 0x7777
STEP_S = 0.01


def number(value: int) -> bytes:
    return value.to_bytes(2, "big")


def greeting(opcode: int, master: int = ID) -> bytes:
    return (number(opcode) + number(master) + b"\x77").ljust(13, b"\0")


def beat(slave: int, command: int = 0, amps: float = 0.0, *, length: int = 15, master: int = ID) -> bytes:
    return (number(0xFBE0) + number(master) + number(slave) + bytes([command]) + number(round(amps * 100))).ljust(length, b"\0")


def ask(opcode: int, slave: int) -> bytes:
    return (number(opcode) + number(ID) + number(slave)).ljust(14, b"\0")


class ByHand:
    """`now` moves in steps of 10 ms; what came is kept as (time, body)."""

    def __init__(self, bus: VirtualBus) -> None:
        self.bus = bus
        self.now = bus.now
        self.heard: list[tuple[float, bytes]] = []
        self.raw = b""
        self._ear = Deframer()

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end - 1e-9:
            self.now = min(end, self.now + STEP_S)
            self._take(self.bus.tick(self.now))

    def say(self, *bodies: bytes) -> None:
        self._take(self.bus.tick(self.now, b"".join(encode(body) for body in bodies)))

    def ask(self, body: bytes, seconds: float = 0.2) -> list[bytes]:
        """Says it and gives what came in the time after it."""
        before = len(self.heard)
        self.say(body)
        self.wait(seconds)
        return [heard for _, heard in self.heard[before:]]

    def keep(self, seconds: float, command: int = 0, amps: float = 0.0) -> None:
        """A heartbeat a second to each slave."""
        protocol_length = {1: 13, 2: 15}
        for _ in range(round(seconds)):
            for slave in self.bus.slaves:
                self.say(beat(slave.id, command, amps, length=protocol_length[slave.build.protocol]))
                self.wait(1.0 / len(self.bus.slaves))

    def status(self, slave: int) -> tuple[int, float, float]:
        """State, limit and draw in its newest heartbeat."""
        body = next(body for _, body in reversed(self.heard) if body[:4] == number(0xFDE0) + number(slave))
        return body[6], int.from_bytes(body[7:9], "big") / 100, int.from_bytes(body[9:11], "big") / 100

    def _take(self, data: bytes) -> None:
        self.raw += data
        self._ear, bodies = feed(self._ear, data)
        self.heard += [(self.now, body) for body in bodies]
