"""The two folders of one program, and what twc_daemon.py keeps there. It has a file of its own so that the daemon, which lives for years
on a small machine, does not load the words of planners and memory with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TypeVar, cast

from model import ChargerReport, Missing
from state import volatile
from state.codec import encode
from state.files import Kept, Stamp, as_object, read_kept, write_kept, write_volatile
from state.lock import Sleep

TWC = "twc.json"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Folders:
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

    def load_twc(self) -> Mapping[str, object]:
        """The daemon's own notes on its slaves; empty: greet nobody in advance."""
        return self._kept(TWC, as_object) or {}

    def save_twc(self, notes: Mapping[str, object]) -> None:
        write_kept(self.data_dir / TWC, encode(notes, self.zone), self.stamp, parse=as_object, sync=False)

    def _kept(self, name: str, parse: Callable[[object], T]) -> T | None:
        return self._told(name, read_kept(self.data_dir / name, parse))

    def _told(self, name: str, found: Kept[T] | Missing | None) -> T | None:
        if isinstance(found, Missing):
            self.problems.append(f"{self.data_dir / name} is lost: {found.why}. It is begun anew; the old file is kept as {name}.damaged.")
            return None
        if found and found.problem:
            self.problems.append(found.problem)
        return found.value if found else None

    def save_charger(self, report: ChargerReport, counters: Mapping[str, int]) -> None:
        data = cast("dict[str, object]", encode(report, self.zone))
        del data["at"]  # the envelope's written_at says it
        self._write(volatile.CHARGER, {**data, "counters": dict(counters)})

    def _write(self, name: str, data: object) -> None:
        write_volatile(self.run_dir / name, encode(data, self.zone), self.stamp, self.boot_id)
