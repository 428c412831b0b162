"""A second master, as somebody who left a rotary switch on a wrong position has one: it greets, and tells each slave its own amps."""

from __future__ import annotations

from collections.abc import Sequence

GREETINGS = ([0xFCE1] * 5 + [0xFBE2] * 5, 0.125)
EVERY_S = 1.0


class SecondMaster:
    """Appears at `start`: ten greetings, then a heartbeat a second for each of `slaves` (ids) with `amps`. It listens to nobody."""

    def __init__(self, slaves: Sequence[int], start: float, amps: float = 32.0, master_id: int = 0x1234) -> None:
        self.slaves = list(slaves)
        self.amps = amps
        self.id = master_id
        self._greetings = list(GREETINGS[0])
        self._at = start
        self._turn = 0

    @property
    def name(self) -> str:
        return f"master {self.id:04X}"

    def next_at(self) -> float:
        return self._at

    def hear(self, body: bytes, now: float) -> None:
        """Whatever it hears, it goes on."""

    def advance(self, now: float) -> list[tuple[bytes, bytes]]:
        if now < self._at:
            return []
        if self._greetings:
            self._at = now + GREETINGS[1]
            opcode = self._greetings.pop(0)
            return [((opcode.to_bytes(2, "big") + self._word(self.id) + b"\x66").ljust(13, b"\0"), b"")]
        if not self.slaves:
            self._at = float("inf")
            return []
        self._at = now + EVERY_S / len(self.slaves)
        self._turn += 1
        slave = self.slaves[self._turn % len(self.slaves)]
        data = self._word(0xFBE0) + self._word(self.id) + self._word(slave) + b"\x09" + self._word(round(self.amps * 100))
        return [(data.ljust(15, b"\0"), b"")]

    def _word(self, value: int) -> bytes:
        return (value & 0xFFFF).to_bytes(2, "big")
