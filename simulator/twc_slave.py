"""A slave Wall Connector Gen 2 of protocol 1 or 2, as the captures and the people who own one describe it.

It hears whole bodies and answers later; time comes from `advance`, so nothing here waits. What it says is (body, bytes left on the line
behind the frame). Current flows only while its contactor is closed: that takes a master's limit and a car that wants it, and ends when
no heartbeat came for `open_s`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from random import Random

from . import twc_frames as frames
from .twc_build import Age, Build, Zero
from .twc_car import AtConnector, Mood

NEVER = float("-inf")
READY_EVERY_S = 10.0  # also how long it waits for a master before it says so again
READY_AFTER_S, READY_APART_S, READIES = 0.2, 0.12, 5  # to the second greeting of a row
ROW_S = 2.0
BUSY_S, START_S = 1.0, 4.0  # state 05, then 08 until the contactor closes
RELINK_S = 3.0
ACKNOWLEDGES = {0x06: 44.0, 0x07: 11.5, 0x09: 11.0, 0x0A: 5.0}  # how long these states stay
VIN_AFTER_S, PLUG_AFTER_S = 6.0, 2.0
BOOT_S = 3.0
STEP_AMPS = 2.0
TAILS = b"\xfc\xfc\xfc\xfc\xfe\xf8\xfa\xff"
NEVER_SEND = frozenset({0xFC19, 0xFC1A, 0xFBE8})  # two write one-time memory, one crashes


class Phase(Enum):
    OPEN = "open"
    STARTING = "starting"
    CLOSED = "closed"


class Slave:
    """One unit. The attributes are its true state; `limit` is what it echoes, `car.draw` what flows."""

    def __init__(self, build: Build, car: AtConnector, seed: int = 0) -> None:
        self.build = build
        self.car = car
        self.rng = Random(f"{seed} {build.id}")
        self.id, self.sign = build.id, build.sign
        self.now = 0.0
        self.powered, self.mute = True, False
        self.limit = 0.0
        self.phase = Phase.OPEN
        self.error = self.leaks = False
        self.master = 0
        self.beat_at = NEVER
        self.closings = 0
        self.kwh = build.counter
        self._queue: list[tuple[float, Callable[[], bytes]]] = []
        self._ready_at = self.rng.uniform(0.0, READY_EVERY_S)
        self._greetings, self._greeted_at = 0, NEVER
        self._lost, self._relinks_until = False, NEVER
        self._started_at = NEVER
        self._ack, self._ack_until = 0, NEVER
        self._plugged_at: float | None = None
        self._configured = not build.needs_before
        self._back_at = float("inf")

    # ---- what it is -------------------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return f"{self.id:04X}"

    @property
    def draw(self) -> float:
        return self.car.draw

    @property
    def least(self) -> float:
        return 5.0 if self.build.protocol == 1 else 6.0

    @property
    def linked(self) -> bool:
        return self.now < self.beat_at + READY_EVERY_S

    @property
    def pilot(self) -> float:
        """A that the car may take now; 0 where it may take none."""
        offers = self.powered and not self.error and self.limit >= self.least and self.now < self.beat_at + self.build.open_s
        return min(self.limit, self.build.rated_amps) if offers else 0.0

    @property
    def state(self) -> int:
        """The state byte of its heartbeat."""
        if self.error:
            return 0x02
        if self.phase is Phase.CLOSED:
            return self._ack or 0x01
        if self.phase is Phase.STARTING:
            return 0x05 if self.now < self._started_at + BUSY_S else 0x08
        if self.now < self._relinks_until:
            return 0x08
        if not self.car.plugged:
            return 0x00
        return 0x04 if self.car.mood in (Mood.WANTS, Mood.SCHEDULED) else 0x03

    def begin(self, at: float) -> None:
        """Its time starts at `at`, not at 0."""
        self._ready_at += at - self.now
        self.now = at
        self.car.advance(at)

    # ---- what people do to it ---------------------------------------------------------------------------------------------------

    def fail(self, leaks: bool = False) -> None:
        """Error: state 02, limit 0. `leaks`: and the current flows on all the same, as was seen once."""
        self.error, self.leaks, self.limit = True, leaks and self.phase is Phase.CLOSED, 0.0
        if not self.leaks:
            self._open(lost_link=False)

    def mend(self) -> None:
        self.error = self.leaks = False

    def power_off(self) -> None:
        self.powered = False
        self._queue.clear()
        self.limit, self.beat_at, self._relinks_until = 0.0, NEVER, NEVER
        self.error = self.leaks = self.mute = self._lost = False
        self._configured = not self.build.needs_before
        self._open(lost_link=False)

    def power_on(self) -> None:
        self.powered, self._back_at = True, float("inf")
        self._ready_at = self.now + BOOT_S + self.rng.uniform(0.0, 1.0)

    def power_cycle(self, off_s: float = 5.0) -> None:
        self.power_off()
        self._back_at = self.now + off_s

    # ---- time -------------------------------------------------------------------------------------------------------------------

    def next_at(self) -> float:
        """When it next says or does something by itself."""
        if not self.powered:
            return self._back_at
        times = [self._ready_at, *(at for at, _ in self._queue)]
        if not self._lost and self.beat_at > NEVER:
            times.append(self.beat_at + self.build.open_s)
        if self.phase is Phase.STARTING:
            times.append(self._started_at + START_S)
        if self._ack:
            times.append(self._ack_until)
        return min(times)

    def advance(self, now: float) -> list[tuple[bytes, bytes]]:
        """Moves on to `now`; gives what it begins to say then."""
        self._count(now)
        if not self.powered and now >= self._back_at:
            self.power_on()
        if not self.powered:
            return []
        if not self._lost and self.beat_at > NEVER and now >= self.beat_at + self.build.open_s:
            self._fall_silent()
        if self._ack and now >= self._ack_until:
            self._acknowledged()
        self._settle()
        if now >= self._ready_at:
            self._ready_at = self.now + READY_EVERY_S * self.rng.uniform(0.99, 1.01)
            if not self.linked:
                self._queue.append((now, self._link_ready))
        return self._say()

    def _count(self, now: float) -> None:
        before, dt = self.car.draw, max(0.0, now - self.now)
        self.now = max(self.now, now)
        self.car.advance(self.now)
        phases = sum(volts for volts in self.build.volts if volts)
        self.kwh += (before + self.car.draw) / 2 * phases * dt / 3.6e6
        if not self.car.plugged:
            self._plugged_at = None
        elif self._plugged_at is None:
            self._plugged_at = self.now

    def _say(self) -> list[tuple[bytes, bytes]]:
        due = [make for at, make in self._queue if at <= self.now]
        self._queue = [row for row in self._queue if row[0] > self.now]
        said = [] if self.mute else [make() for make in due]
        return [(body, bytes([self.rng.choice(TAILS)]) if self.build.tail else b"") for body in said]

    # ---- contactor --------------------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Contactor and pilot follow limit, link and car. An error that leaks leaves them as they are."""
        if self.leaks:
            return
        goes = self.pilot > 0 and self.car.plugged and self.car.mood is Mood.WANTS
        if not goes:
            self.phase, self._ack = Phase.OPEN, 0  # it opens when the car has let go; the car's own ramp ends the current
        elif self.phase is Phase.OPEN and self.now >= self._relinks_until:
            self.phase, self._started_at = Phase.STARTING, self.now
        elif self.phase is Phase.STARTING and self.now >= self._started_at + START_S:
            self.phase = Phase.CLOSED
            self.closings += 1
        self.car.offered(self.pilot, self.phase is Phase.CLOSED)

    def _open(self, lost_link: bool) -> None:
        """Under load: the current ends at once, and a car may take that ill."""
        self.phase, self._ack = Phase.OPEN, 0
        self.car.offered(0.0, False)
        self.car.cut(lost_link)

    def _fall_silent(self) -> None:
        self._lost = True
        self.leaks = False
        self.limit = 0.0
        if self.phase is not Phase.OPEN or self.car.draw > 0:
            self._open(lost_link=True)

    def _acknowledged(self) -> None:
        done = self._ack
        self._ack = 0
        if done == 0x07:
            self.limit += STEP_AMPS
        if done in (0x06, 0x07):
            self._acknowledge(0x0A)

    def _acknowledge(self, state: int) -> None:
        if self.phase is Phase.CLOSED:
            self._ack, self._ack_until = state, self.now + ACKNOWLEDGES[state]

    # ---- what it hears ----------------------------------------------------------------------------------------------------------

    def hear(self, body: bytes, now: float) -> None:
        """A whole frame (without checksum) that went over the wire and ended at `now`."""
        if not self.powered:
            return
        self._count(now)
        opcode, sender, receiver = (int.from_bytes(body[at : at + 2], "big") for at in (0, 2, 4))
        if opcode in NEVER_SEND:
            self.mute = True  # for good, or until power cycled: nobody wants to know which
        elif opcode in (0xFCE1, 0xFBE2):
            self._greeted(opcode, sender)
        elif receiver == self.id and opcode == 0xFBE0:
            self._heartbeat(body, sender)
        elif receiver == self.id and opcode in ANSWERS and self.build.protocol == 2:
            age, make = ANSWERS[opcode]
            if self.build.age >= age:
                self._later(lambda: make(self))

    def _later(self, make: Callable[[], bytes]) -> None:
        self._queue.append((self.now + self.build.answer_s, make))

    def _greeted(self, opcode: int, sender: int) -> None:
        if sender == self.id:
            self.id, self.sign = self.rng.randrange(0x1000, 0xF000), self.rng.randrange(256)
        if opcode == 0xFCE1:
            return
        row = self.now <= self._greeted_at + ROW_S
        self._greetings, self._greeted_at = self._greetings + 1 if row else 1, self.now
        if self._greetings == 2:
            first = self.now + READY_AFTER_S * self.rng.uniform(0.8, 1.2)
            slots = (first + number * READY_APART_S + self.rng.uniform(0.0, 0.05) for number in range(READIES))
            self._queue += [(at, self._link_ready) for at in slots]

    def _heartbeat(self, body: bytes, sender: int) -> None:
        fits = len(body) == frames.SHORT[2] or (self.build.protocol == 1 and len(body) == frames.SHORT[1])
        if not fits:
            return
        if self._lost:
            self._relinks_until = self.now + RELINK_S
            self._lost = False
        self.beat_at, self.master, self._ready_at = self.now, sender, self.now + READY_EVERY_S
        self._obey(body[6], int.from_bytes(body[7:9], "big") / 100)
        self._settle()
        self._later(self._answer)

    def _obey(self, command: int, amps: float) -> None:
        if command == 0x02:
            self.fail()
            self._queue.append((self.now + 2 * self.build.answer_s, self._fall_mute))
        elif command in (0x05, 0x08) and (self.build.protocol == 1 or self.phase is not Phase.CLOSED):
            self._configured = self._configured or amps > 0
            self._take(amps)
        elif self.build.protocol == 2 and command == 0x09:
            self._take(amps)
            self._acknowledge(0x09)
        elif self.build.protocol == 2 and command in (0x06, 0x07) and self.phase is Phase.CLOSED:
            self.limit = max(self.least, self.limit + (STEP_AMPS if command == 0x06 else -STEP_AMPS))
            self._acknowledge(command)

    def _take(self, amps: float) -> None:
        """A new limit: any value is echoed, but protocol 2 does not go below 6 A."""
        if not self._configured or self.error:
            return
        if self.build.protocol == 2 and amps < self.least and self.build.zero is not Zero.OBEYS:
            amps = self.least if self.build.zero is Zero.CLAMPS else max(self.limit, self.least)
        self.limit = amps

    def _fall_mute(self) -> bytes:
        self.mute = True
        return self._answer()

    # ---- what it says -----------------------------------------------------------------------------------------------------------

    def _link_ready(self) -> bytes:
        return frames.link_ready(self.id, self.sign, self.build.rated_amps, self.build.protocol)

    def _answer(self) -> bytes:
        noise = self.rng.uniform(0.0, self.build.idle_amps)
        return frames.heartbeat(self.id, self.master, self.state, (self.limit, self.car.draw + noise), self.build.protocol)

    def energy(self) -> bytes:
        amps = [self.car.draw if volts else 0.0 for volts in self.build.volts]
        return frames.energy(self.id, int(self.kwh), self.build.volts, amps)

    def vin_piece(self, part: int) -> bytes:
        told = self.build.can and self._plugged_at is not None and self.now >= self._plugged_at + VIN_AFTER_S
        return frames.vin_piece(self.id, part, self.car.vin if told else "")

    def plug_state(self) -> bytes:
        if self._plugged_at is None:
            return frames.plug_state(self.id, 0)
        if self.now < self._plugged_at + PLUG_AFTER_S:
            return frames.plug_state(self.id, 2)
        return frames.plug_state(self.id, 1 if self.phase is Phase.CLOSED else 3)


ANSWERS: Mapping[int, tuple[Age, Callable[[Slave], bytes]]] = {
    0xFBEB: (Age.ENERGY, Slave.energy),
    0xFBEC: (Age.ENERGY, lambda slave: frames.firmware(slave.id, slave.build.firmware)),
    0xFBEE: (Age.VIN, lambda slave: slave.vin_piece(0)),
    0xFBEF: (Age.VIN, lambda slave: slave.vin_piece(1)),
    0xFBF1: (Age.VIN, lambda slave: slave.vin_piece(2)),
    0xFBED: (Age.ALL, lambda slave: frames.serial(slave.id, slave.build.serial)),
    0xFBB4: (Age.ALL, Slave.plug_state),
}
