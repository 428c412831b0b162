"""What one program, in one cycle, reads and writes on disk; README.md says what each file means. Times of day come in with `now`.

Whatever was found damaged and could be worked around is in `problems`, for the owner; what could not raises StateError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TypeVar, cast

from model import Ceiling, ChargerReport, Missing, Overrides
from model_decision import Target
from model_memory import Memory
from state import volatile
from state.codec import decode, encode
from state.files import Stamp, as_object, read_kept, read_volatile, write_kept, write_volatile
from state.lock import Sleep, file_lock

MEMORY, OVERRIDE, TWC = "memory.json", "override.json", "twc.json"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Store:
    """`data_dir`: kept files (STATE_DIR); `run_dir`: volatile ones (RUN_DIR); `now`: this cycle's; `written_by`: the program;
    `boot_id`: from files.boot_id(); `sleep`: waits for another program's lock, at most 10 s in all."""

    data_dir: Path
    run_dir: Path
    zone: tzinfo
    now: datetime
    written_by: str
    boot_id: str
    sleep: Sleep
    problems: list[str] = field(default_factory=list)

    @property
    def stamp(self) -> Stamp:
        return Stamp(self.now, self.written_by, self.zone)

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
        said = _unexpired(self._kept(OVERRIDE, _overrides) or Overrides(), self.now)
        words = (word for word in said.words if word.until is None or word.given_at <= self.now + volatile.AHEAD)
        return replace(said, words=tuple(words))

    def change_overrides(self, change: Callable[[Overrides], Overrides]) -> Overrides:
        """Read, change, write under a lock; expired words go for good. Returns what stands now."""
        path = self.data_dir / OVERRIDE
        with file_lock(path, self.sleep):
            said = change(_unexpired(self._kept(OVERRIDE, _overrides) or Overrides(), self.now))
            write_kept(path, encode(said, self.zone), self.stamp, parse=_overrides)
        return said

    def load_twc(self) -> Mapping[str, object]:
        """The daemon's own notes on its slaves; empty: greet nobody in advance."""
        return self._kept(TWC, as_object) or {}

    def save_twc(self, notes: Mapping[str, object]) -> None:
        write_kept(self.data_dir / TWC, encode(notes, self.zone), self.stamp, parse=as_object, sync=False)

    def _kept(self, name: str, parse: Callable[[object], T]) -> T | None:
        found = read_kept(self.data_dir / name, parse)
        if isinstance(found, Missing):
            self.problems.append(f"{self.data_dir / name} is lost: {found.why}. It is begun anew; the old file is kept as {name}.damaged.")
            return None
        if found and found.problem:
            self.problems.append(found.problem)
        return found.value if found else None

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

    def save_charger(self, report: ChargerReport, counters: Mapping[str, int]) -> None:
        data = cast("dict[str, object]", encode(report, self.zone))
        del data["at"]  # the envelope's written_at says it
        self._write(volatile.CHARGER, {**data, "counters": dict(counters)})

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

    def _write(self, name: str, data: object) -> None:
        write_volatile(self.run_dir / name, encode(data, self.zone), self.stamp, self.boot_id)


def _memory(data: object) -> Memory:
    return decode(Memory, data)


def _overrides(data: object) -> Overrides:
    return decode(Overrides, data)


def _unexpired(said: Overrides, now: datetime) -> Overrides:
    words = tuple(word for word in said.words if word.until is None or word.until > now)
    if said.solar_until is not None and said.solar_until <= now:
        return Overrides(words)
    return replace(said, words=words)
