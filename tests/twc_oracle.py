"""Law 1 word for word, as somebody would check it who has only an ear on the wire and clamps on the cables.

It reads frames by itself and knows nothing of the master's mind. What it is told beside: the time, whether an alarm is shown, when the
process was started anew and with what memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

from twc.frame import Deframer, feed

EPS = 1e-6
US = b"\x77\x77"
WITHIN_S = 1.2


def tolerated(amps: float) -> float:
    return amps + max(1.0, amps / 10)


@dataclass(slots=True)
class Heard:
    """One slave as the wire shows it."""

    protocol: int = 2
    greeted_at: float | None = None
    beat_at: float = 0.0
    heard_at: float = 0.0
    newest: int = 0
    newest_at: float = 0.0
    earlier: list[tuple[int, float]] = field(default_factory=list)  # amps, when the offer after it went out
    limit: float = 0.0
    draw: float = 0.0

    @property
    def floor(self) -> int:
        return 6 if self.protocol == 2 else 0

    @property
    def least(self) -> int:
        return 6 if self.protocol == 2 else 5

    @property
    def counted(self) -> int:
        return max([self.newest, self.floor, *(amps for amps, _ in self.earlier)])

    @property
    def reserve(self) -> int:
        if self.greeted_at is None:
            return 0
        return ceil(self.draw - EPS) if self.draw > tolerated(self.counted) + EPS else self.counted

    def offer(self, amps: int, now: float) -> None:
        if amps != self.newest:
            self.earlier = [row for row in [*self.earlier, (self.newest, now)] if row[0] > amps]
            self.newest, self.newest_at = amps, now

    def report(self, limit: float, draw: float, now: float) -> None:
        self.limit, self.draw = limit, draw
        most = tolerated(max(self.newest, self.floor)) + EPS
        if now >= self.newest_at + 5 and limit <= most and draw <= most:
            self.earlier = []


@dataclass(slots=True)
class Oracle:
    """`broken`: what was seen against the law, in words. `calls`: how many frames of the master were judged."""

    circuit: int
    slaves: dict[int, Heard] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    frames: int = 0
    raises: int = 0
    troubles: int = 0
    trims: int = 0
    ear: Deframer = field(default_factory=Deframer)
    over_since: float | None = None
    over_at: float = float("-inf")
    excess: list[tuple[float, float]] = field(default_factory=list)  # (when, how far the offers may stand) while draws are too much

    def restarted(self, kept: bool, now: float) -> None:
        """A new process: with its memory it knows its old offers, without it nobody is greeted."""
        self.ear = Deframer()
        self.excess.clear()
        for slave in self.slaves.values():
            slave.greeted_at = now if kept and slave.greeted_at is not None else None
            slave.heard_at, slave.draw = now, 0.0  # what it drew is not known anew
        if not kept:
            self.slaves = {key: Heard(slave.protocol) for key, slave in self.slaves.items()}
            self.over_since, self.over_at = None, float("-inf")

    def see(self, now: float, received: bytes, sent: bytes, alarms: Sequence[str]) -> None:
        """One turn of the master: what reached it, what it said then."""
        self.ear, bodies = feed(self.ear, received)
        for body in bodies:
            self._heard(body, now)
        for slave in self.slaves.values():
            if slave.greeted_at is not None and now >= slave.beat_at + 30:
                slave.greeted_at, slave.newest, slave.earlier, slave.draw = None, 0, [], 0.0
        self._watch(now)
        for body in feed(Deframer(), sent)[1]:
            self._said(body, now)
        self._judge(now, alarms)

    def _heard(self, body: bytes, now: float) -> None:
        if body[:2] == b"\xfd\xe2":
            slave = self.slaves.setdefault(int.from_bytes(body[2:4], "big"), Heard())
            slave.protocol, slave.heard_at = 1 if len(body) == 13 else 2, now
        elif body[:2] == b"\xfd\xe0" and body[4:6] in (US, b"\0\0"):
            known = self.slaves.get(int.from_bytes(body[2:4], "big"))
            if known is not None:
                known.heard_at = now
                known.report(int.from_bytes(body[7:9], "big") / 100, int.from_bytes(body[9:11], "big") / 100, now)

    def _said(self, body: bytes, now: float) -> None:
        self.frames += 1
        if body[:2] != b"\xfb\xe0":
            return
        key = int.from_bytes(body[4:6], "big")
        slave = self.slaves.setdefault(key, Heard(1 if len(body) == 13 else 2))
        raises = greets = slave.greeted_at is None
        if greets:
            slave.greeted_at, slave.newest, slave.earlier, slave.newest_at = now, 0, [], now
        if now > max(slave.heard_at, now if greets else slave.greeted_at or 0.0) + 26 + WITHIN_S:
            self._say(now, f"{key:04X} is silent for 26 s and gets a heartbeat")
        slave.beat_at = now
        if body[6] in (5, 9):
            amps = int.from_bytes(body[7:9], "big") // 100
            raises = amps > slave.newest
            slave.offer(amps, now)
        if (raises or greets) and self.total > self.circuit:
            self._say(now, f"(a) {key:04X} {'greeted' if greets else 'raised'} to {slave.newest}, reserves {self._rows()}")
        if raises and not greets:
            self.raises += 1
            if now < self.over_at + 10 - EPS:
                self._say(now, f"(b) {key:04X} raised {now - self.over_at:.1f} s after the sum exceeded the circuit")

    @property
    def greeted(self) -> list[Heard]:
        return [slave for slave in self.slaves.values() if slave.greeted_at is not None]

    @property
    def total(self) -> int:
        return sum(slave.reserve for slave in self.greeted)

    def addressed(self, now: float) -> list[Heard]:
        return [slave for slave in self.greeted if now < max(slave.heard_at, slave.greeted_at or 0.0) + 26]

    def _watch(self, now: float) -> None:
        if self.total <= self.circuit:
            self.over_since = None
            return
        self.over_at = now
        if self.over_since is None:
            self.over_since = now
            self.troubles += 1

    def _judge(self, now: float, alarms: Sequence[str]) -> None:
        high = [slave for slave in self.addressed(now) if slave.newest > slave.least]
        if self.over_since is not None:
            if high and now >= self.over_since + WITHIN_S:
                self._say(now, f"(b) {self._rows()} for {now - self.over_since:.1f} s, offers above the minimum")
            if not alarms:
                self._say(now, f"(b) {self._rows()} and no alarm")
        self._judge_draws(now, high, alarms)

    def _judge_draws(self, now: float, high: list[Heard], alarms: Sequence[str]) -> None:
        excess = sum(slave.draw for slave in self.greeted) - self.circuit
        if excess <= EPS or self.over_since is not None:
            self.excess.clear()
            return
        if not self.excess:
            self.trims += 1
        self.excess = [row for row in self.excess if row[0] >= now - WITHIN_S]
        whole = bool(self.excess) and self.excess[0][0] <= now - WITHIN_S + 0.1
        self.excess.append((now, sum(slave.counted for slave in self.greeted) - excess))
        stands = sum(max(slave.newest, slave.floor) for slave in self.greeted)
        if whole and high and stands > max(most for _, most in self.excess) + EPS:
            self._say(now, f"(c) draws exceed the circuit by {excess:.2f} A and the offers stand at {stands}: {self._rows()}")

    def _rows(self) -> str:
        rows = (f"{key:04X}:{one.reserve}(offer {one.newest} draw {one.draw})" for key, one in self.slaves.items() if one.greeted_at)
        return f"{self.total}/{self.circuit} A: " + " ".join(rows)

    def _say(self, now: float, text: str) -> None:
        self.broken.append(f"{now:.2f} s: {text}")
