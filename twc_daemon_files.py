"""The daemon's files: target.json and ceiling.json in, charger.json and twc.json out. Deadlines become monotonic at first sight."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from errors import StateError
from model import Charger, ChargerReport, Missing
from model_target import Target as TargetFile
from state import volatile
from state.files import Kept
from twc.report import ChargerRow, Report
from twc.values import MASTER_ID, Ceiling, Remembered, Step, Target, Want
from twc_daemon_port import log

T = TypeVar("T")
CEILING_FRESH_S = 5.0
LOOK_S = 0.1


@dataclass(slots=True)
class Inbox:
    """target.json and ceiling.json, read when they change. Their deadlines become monotonic at the moment they are seen."""

    run_dir: Path
    boot: str
    target: Target | None = None
    ceiling_amps: int | None = None
    ceiling_at: float = float("-inf")
    seen: dict[str, tuple[int, int] | None] = field(default_factory=dict)

    looked_at: float = float("-inf")

    def look(self, mono: float, utc: datetime) -> None:
        """Ten times a second at most, so that it may be called in each turn."""
        if mono - self.looked_at < LOOK_S:
            return
        self.looked_at = mono
        if self._changed(volatile.TARGET):
            self.target = self._target(mono, utc)
        if self._changed(volatile.CEILING):
            self._ceiling(mono, utc)

    def now(self, mono: float) -> tuple[Target | None, Ceiling]:
        """The fresh target, or None; the ceiling, and whether it is fresh."""
        alive = self.target is not None and any(one.until_at > mono for want in self.target.wants for one in want.steps)
        return (self.target if alive else None), Ceiling(self.ceiling_amps, mono - self.ceiling_at < CEILING_FRESH_S)

    def _changed(self, name: str) -> bool:
        try:
            stat = os.stat(f"{self.run_dir}/{name}")  # twenty times a second: a joined Path costs as much as the call
            mark = (stat.st_mtime_ns, stat.st_ino)
        except OSError:
            mark = None
        old, self.seen[name] = self.seen.get(name, (0, 0)), mark
        return mark != old

    def _ceiling(self, mono: float, utc: datetime) -> None:
        """One that a guard of this boot left behind before we started is still its last word, though no fresh one."""
        found = self._read(lambda: volatile.read_ceiling(self.run_dir, self.boot))
        if not isinstance(found, Kept):
            self._complain(volatile.CEILING, found)
            return
        if abs(utc - found.written_at) < volatile.CEILING_LASTS:
            self.ceiling_at = mono
        self.ceiling_amps = found.value.amps

    def _complain(self, name: str, found: Missing) -> None:
        """What is there and cannot be used is told; that nothing is there is no news."""
        if self.seen.get(name) is not None:
            log(f"{name} counts as absent: {found.why}")

    def _target(self, mono: float, utc: datetime) -> Target | None:
        found = self._read(lambda: volatile.read_target(self.run_dir, self.boot))
        file = volatile.fresh(found, utc, volatile.TARGET_LASTS, volatile.TARGET)
        if isinstance(file, Missing):
            self._complain(volatile.TARGET, file)
            return None
        return in_monotonic(file, mono, utc)

    def _read(self, reader: Callable[[], Kept[T] | Missing]) -> Kept[T] | Missing:
        try:
            return reader()
        except StateError as error:  # a newer schema: the failsafe holds until this program is as new
            return Missing("state", error.text)


def in_monotonic(file: TargetFile, mono: float, utc: datetime) -> Target:
    """A target with its wall-clock deadlines as instants of our monotonic clock."""
    wants = tuple(
        Want(one.id, one.priority, tuple(Step(mono + (each.until - utc).total_seconds(), each.amps) for each in one.steps))
        for one in file.chargers
    )
    return Target(file.site_max_amps, wants)


def remembered(notes: object) -> tuple[Remembered, ...]:
    """Slaves from twc.json; what is not whole or cannot be is left out, for it will be heard."""
    rows = notes.get("slaves") if isinstance(notes, dict) else None
    out = dict[int, Remembered]()
    for row in rows if isinstance(rows, list) else []:
        with contextlib.suppress(KeyError, TypeError, ValueError):
            offer, earlier = int(row["offer"]), int(row.get("earlier", 0))
            one = Remembered(int(row["id"], 16), int(row["protocol"]), int(row["max_amps"]), offer, earlier)
            if _can_be(one):
                out.setdefault(one.id, one)
    return tuple(out.values())


def _can_be(one: Remembered) -> bool:
    """80 A is the most that a Wall Connector gives."""
    amps = (one.max_amps, one.offer, one.earlier)
    return 0 <= one.id <= 0xFFFF and one.id != MASTER_ID and one.protocol in (1, 2) and all(0 <= each <= 80 for each in amps)


def charger_file(report: Report, utc: datetime, gone: str = "") -> ChargerReport:
    """`gone`: what is wrong with the port; offers that nobody can have heard are then no link."""
    alarms = (*((gone,) if gone else ()), *report.alarms)
    return ChargerReport(utc, "down" if gone else report.link, tuple(_charger(row) for row in report.chargers), alarms)


def _charger(row: ChargerRow) -> Charger:
    # the counter's unit is not reliable: kWh on many units, Wh on others (seen from 8.7 million on)
    energy = None if row.energy is None else float(row.energy) if row.energy < 1_000_000 else row.energy / 1000
    return Charger(
        row.id,
        row.protocol,
        row.rated_amps,
        row.min_amps,
        row.offered_amps,
        row.actual_amps,
        row.reserved_amps,
        row.can_stop,
        row.plugged,
        row.state,
        row.since,
        row.vin,
        energy,
        row.volts,
        row.alarms,
        row.last_seen,
    )
