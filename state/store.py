"""What one program, in one cycle, reads and writes on disk; README.md says what each file means. Times of day come in with `now`.

Whatever was found damaged and could be worked around is in `problems`, for the owner; what could not raises StateError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from model import Ceiling, ChargerReport, Missing, Overrides
from model_decision import Target
from model_memory import Memory
from state import volatile
from state.codec import decode, encode
from state.files import as_object, read_twice, read_volatile, write_kept, write_twice
from state.folders import Folders
from state.lock import file_lock

MEMORY, OVERRIDE = "memory.json", "override.json"


@dataclass(frozen=True, slots=True)
class Store(Folders):
    """All of them, for a cycle."""

    def at(self, now: datetime) -> Store:
        """The same files later: for programs that run on."""
        return replace(self, now=now, problems=[])

    # ---- kept -------------------------------------------------------------------------------------------------------------

    def load_memory(self) -> Memory:
        return self._kept(MEMORY, _memory) or Memory()

    def save_memory(self, memory: Memory) -> None:
        write_kept(self.data_dir / MEMORY, encode(memory, self.zone), self.stamp, parse=_memory)

    def load_overrides(self) -> Overrides:
        """What the owner said and still means: expired words are left out, and so are words with an end that a clock ahead of ours gave."""
        said = _unexpired(self._said(), self.now)
        words = (word for word in said.words if word.until is None or word.given_at <= self.now + volatile.AHEAD)
        return replace(said, words=tuple(words))

    def change_overrides(self, change: Callable[[Overrides], Overrides]) -> Overrides:
        """Read, change, write under a lock; expired words go for good. Returns what stands now."""
        path = self.data_dir / OVERRIDE
        with file_lock(path, self.sleep):
            said = change(_unexpired(self._said(), self.now))
            write_twice(path, encode(said, self.zone), self.stamp, _overrides)
        return said

    def _said(self) -> Overrides:
        """A damaged file must not bring back a word that he took back: its `.prev` is the same version."""
        return self._told(OVERRIDE, read_twice(self.data_dir / OVERRIDE, _overrides)) or Overrides()

    # ---- volatile ---------------------------------------------------------------------------------------------------------

    def load_target(self) -> Target | Missing:
        found = volatile.read_target(self.run_dir, self.boot_id)
        target: Target | Missing = volatile.fresh(found, self.now, volatile.TARGET_LASTS, volatile.TARGET)
        return volatile.unexpired(target, self.now)

    def save_target(self, target: Target) -> None:
        self._write(volatile.TARGET, target)

    def load_charger(self, now: datetime | None = None) -> ChargerReport | Missing:
        found = volatile.read_charger(self.run_dir, self.boot_id)
        return volatile.fresh(found, now or self.now, volatile.CHARGER_LASTS, volatile.CHARGER)

    def load_ceiling(self, now: datetime | None = None) -> Ceiling | Missing:
        """`now`: the time of this very look where the cycle's is seconds old (just before a raising command)."""
        found = volatile.read_ceiling(self.run_dir, self.boot_id)
        return volatile.fresh(found, now or self.now, volatile.CEILING_LASTS, volatile.CEILING)

    def save_ceiling(self, amps: int | None, why: str, meter_w: float | None) -> None:
        self._write(volatile.CEILING, {"amps": amps, "why": why, "meter_w": meter_w})

    def load_decision(self) -> tuple[datetime, Mapping[str, object]] | Missing:
        """When the newest decision was written, and its data as in README.md. It has no expiry: look at the time."""
        found = read_volatile(self.run_dir / volatile.DECISION, as_object, self.boot_id)
        return found if isinstance(found, Missing) else (found.written_at, found.value)

    def save_decision(self, data: Mapping[str, object]) -> None:
        self._write(volatile.DECISION, data)


def _memory(data: object) -> Memory:
    return decode(Memory, data)


def _overrides(data: object) -> Overrides:
    return decode(Overrides, data)


def _unexpired(said: Overrides, now: datetime) -> Overrides:
    words = tuple(word for word in said.words if word.until is None or word.until > now)
    if said.solar_until is not None and said.solar_until <= now:
        return Overrides(words)
    return replace(said, words=words)
