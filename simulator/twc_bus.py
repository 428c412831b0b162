"""The two wires between a master and its slaves, in fast time: 9600 baud, one pair for everybody, and everything that goes wrong on it.

bus = bus_of(3, seed=7)
bus.car(0).plug_in()
received = bus.tick(now, transmitted)   # whenever the master takes its turn

Deterministic: the same seed, times and bytes give the same answers. Two that talk at once destroy each other's frames. What was said and
what truly flows can be read beside the wire: `sent`, `slaves`, `draw`, `peak`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Protocol

from twc.frame import END, ESC, ESC_END, ESC_ESC, Deframer, Noise, encode, feed

from .twc_build import Build
from .twc_car import Habits, TwcCar
from .twc_slave import Slave

BYTE_S = 10 / 9600  # start bit, eight, stop bit
MASTER = "master"
EPSILON = 1e-6  # a thousandth of a byte: less than floats lose in a year of seconds
FIRST_ID = 0x4085
HARMLESS = bytes(value for value in range(256) if value not in (END, ESC, ESC_END, ESC_ESC))


@dataclass(slots=True)
class Line:
    """What is wrong with the wiring; change it whenever you like. `loss` and `bit_errors`: share of bytes that vanish, or come with one bit
    wrong. `noise_per_s`: stray bytes. `delay_s`, `jitter_s`: the adapter hands bytes over later. `echo`: it hears itself. `pulled`: it is
    not there. `caught`: no damage ever passes for a whole frame; on a real wire it does, one time in 256 or where two zeros are lost."""

    loss: float = 0.0
    bit_errors: float = 0.0
    noise_per_s: float = 0.0
    delay_s: float = 0.0
    jitter_s: float = 0.0
    echo: bool = False
    pulled: bool = False
    caught: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole frame as somebody began to send it at `at`; `source` is MASTER or a name. What arrived may be less."""

    at: float
    source: str
    body: bytes


@dataclass(slots=True)
class Burst:
    """Bytes on the wire, b"" where one was lost; `done` of them have passed."""

    source: str
    start: float
    data: list[bytes]
    late_s: float = 0.0
    done: int = 0
    broken: bool = False

    @property
    def end(self) -> float:
        return self.start + len(self.data) * BYTE_S

    def meets(self, other: Burst, start: float, end: float) -> bool:
        return other is not self and other.start < end - EPSILON and start + EPSILON < other.end


class Talker(Protocol):
    """Whoever else is on the wire: a slave, a second master."""

    @property
    def name(self) -> str: ...

    def next_at(self) -> float: ...

    def advance(self, now: float) -> list[tuple[bytes, bytes]]: ...

    def hear(self, body: bytes, now: float) -> None: ...


class VirtualBus:
    """Slaves and what is between them and the master. `keep`: so many of the newest frames stay in `sent` (None: all).
    Time begins at `start`."""

    def __init__(
        self, slaves: Sequence[Slave], seed: int = 0, line: Line | None = None, keep: int | None = None, start: float = 0.0
    ) -> None:
        self.slaves = list(slaves)
        self.others: list[Talker] = []  # second masters; put one in, take it out
        self.line = line or Line()
        self.now = start
        self.sent: deque[Frame] = deque(maxlen=keep)
        self.peak = 0.0  # the largest sum of draws so far
        self.collisions = 0
        self._rng = Random(f"{seed} line")
        self._bursts: list[Burst] = []
        self._arriving: deque[tuple[float, bytes]] = deque()
        self._arrived_at = start
        self._ear = Deframer()
        self._mouth = Deframer()
        self._noise_at = start
        for slave in self.slaves:
            slave.begin(start)

    # ---- to be read -------------------------------------------------------------------------------------------------------------

    @property
    def draw(self) -> float:
        """A that truly flow into all cars."""
        return sum(slave.draw for slave in self.slaves)

    @property
    def master_frames(self) -> list[Frame]:
        return [frame for frame in self.sent if frame.source == MASTER]

    @property
    def master_noise(self) -> Noise:
        """What the master sent that is no frame."""
        return self._mouth.noise

    def car(self, number: int) -> TwcCar:
        """The car at the slave of that number."""
        car = self.slaves[number].car
        assert isinstance(car, TwcCar)
        return car

    def slave(self, name: str) -> Slave:
        return next(slave for slave in self.slaves if slave.name == name)

    # ---- the master's side ------------------------------------------------------------------------------------------------------

    def tick(self, now: float, transmitted: bytes = b"") -> bytes:
        """Moves on to `now`, when the master begins to send `transmitted`; gives what reached it since the last tick."""
        self._run(now)
        if self.line.pulled:
            self._arriving.clear()
            return b""
        if transmitted:
            start = self._free_at(MASTER)
            self._mouth, bodies = feed(self._mouth, transmitted)
            self.sent.extend(Frame(start, MASTER, body) for body in bodies)
            self._put(MASTER, start, transmitted)
        return self._take()

    def next_at(self) -> float:
        """When something next happens by itself."""
        times = [talker.next_at() for talker in self._talkers]
        times += [burst.end for burst in self._bursts if burst.done < len(burst.data)]
        if self.line.noise_per_s > 0:
            times.append(self._noise_at)
        return min(times, default=float("inf"))

    @property
    def busy(self) -> bool:
        """Are bytes on their way?"""
        return bool(self._arriving) or any(burst.done < len(burst.data) for burst in self._bursts)

    @property
    def _talkers(self) -> list[Talker]:
        return [*self.slaves, *self.others]

    def _run(self, to: float) -> None:
        while (at := self.next_at()) <= to:
            self._move(max(at, self.now))
        self._move(max(to, self.now))

    def _move(self, at: float) -> None:
        self.now = at
        for body in self._carry():
            for talker in self._talkers:
                talker.hear(body, at)
        for talker in self._talkers:
            for body, tail in talker.advance(at):
                start = self._free_at(talker.name)
                self.sent.append(Frame(start, talker.name, body))
                self._put(talker.name, start, encode(body) + tail)
        if self.line.noise_per_s > 0 and at >= self._noise_at:
            self._noise_at = at + self._rng.expovariate(self.line.noise_per_s)
            self._put("noise", at, self._rng.randbytes(1))
        self.peak = max(self.peak, self.draw)

    def _take(self) -> bytes:
        out = bytearray()
        while self._arriving and self._arriving[0][0] <= self.now + EPSILON:
            out += self._arriving.popleft()[1]
        return bytes(out)

    # ---- the wire ---------------------------------------------------------------------------------------------------------------

    def _free_at(self, source: str) -> float:
        """Nobody says two things at once."""
        return max([self.now, *(burst.end for burst in self._bursts if burst.source == source)])

    def _put(self, source: str, start: float, wire: bytes) -> None:
        late = self.line.delay_s + (self._rng.uniform(0.0, self.line.jitter_s) if self.line.jitter_s else 0.0)
        self._bursts.append(Burst(source, start, self._worn(wire), late))

    def _worn(self, wire: bytes) -> list[bytes]:
        """What is left of it on a bad line."""
        loss, bits = self.line.loss, self.line.bit_errors
        data = [bytes([byte]) for byte in wire]
        if not loss and not bits:
            return data
        while True:
            worn = [b"" if self._rng.random() < loss else self._bent(byte) if self._rng.random() < bits else byte for byte in data]
            if not (self.line.caught and _bodies(worn) - _bodies(data)):
                return worn

    def _bent(self, byte: bytes) -> bytes:
        return bytes([byte[0] ^ (1 << self._rng.randrange(8))])

    def _carry(self) -> tuple[bytes, ...]:
        """Lets the bytes that have passed by now arrive, in order of time; gives the whole frames that all can hear."""
        passing = [row for burst in self._bursts for row in self._passing(burst)]
        passing.sort(key=lambda row: row[0])
        for at, byte, reaches in passing:
            if reaches:
                self._arrived_at = max(self._arrived_at, at)
                self._arriving.append((self._arrived_at, byte))
        self._bursts = [burst for burst in self._bursts if burst.done < len(burst.data) or burst.end > self.now - BYTE_S]
        if not passing:
            return ()
        self._ear, bodies = feed(self._ear, b"".join(byte for _, byte, _ in passing))
        return bodies

    def _passing(self, burst: Burst) -> list[tuple[float, bytes, bool]]:
        """(when it has arrived, the byte, does the master hear it) for what has passed since the last time."""
        first = burst.done
        burst.done = max(first, min(len(burst.data), int((self.now - burst.start) / BYTE_S + 1e-3)))
        rivals = [other for other in self._bursts if burst.meets(other, burst.start, burst.end)] if burst.done > first else []
        rows = []
        for index in range(first, burst.done):
            start = burst.start + index * BYTE_S
            met = [other for other in rivals if burst.meets(other, start, start + BYTE_S)]
            byte = self._broken(burst, index) if met else burst.data[index]
            deaf = not self.line.echo and MASTER in (burst.source, *(other.source for other in met))
            rows.append((start + BYTE_S + burst.late_s, byte, not deaf))
        return rows

    def _broken(self, burst: Burst, index: int) -> bytes:
        """A byte that met another: garbage, beginning so that what it belongs to can never pass for a frame."""
        if burst.broken:
            return bytes([HARMLESS[index * 83 % len(HARMLESS)]])
        burst.broken = True
        self.collisions += 1
        return bytes([ESC])


def _bodies(data: list[bytes]) -> set[bytes]:
    """The frames in it, where the line before it was quiet and the next frame follows."""
    return set(feed(Deframer(skipping=False), b"".join(data) + bytes([END]))[1])


def bus_of(
    count: int,
    protocol: int = 2,
    *,
    seed: int = 0,
    build: Build | None = None,
    habits: Habits | None = None,
    start: float = 0.0,
) -> VirtualBus:
    """Up to four slaves of one kind (`build`, with its own protocol, or the usual one) with a car each that is not plugged in; ids count
    upwards."""
    pattern = build or Build(id=FIRST_ID, protocol=protocol)
    builds = [replace(pattern, id=pattern.id + number, sign=(pattern.sign + number) & 0xFF) for number in range(count)]
    cars = [TwcCar(habits, vin=f"5YJ3AMPSHFT00000{number + 1}") for number in range(count)]
    return VirtualBus([Slave(one, car, seed) for one, car in zip(builds, cars, strict=True)], seed, start=start)
