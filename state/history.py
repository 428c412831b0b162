"""history.sqlite: what was read, decided and sent, for the page, for backtests and for the prices of past days. Losing it harms nothing.

Rows are written on change only and kept for 400 days. Times are whole unix seconds, UTC. Every failure is a StateError, which the caller
reports and goes on. sqlite3 is imported only where a database is opened.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from errors import StateError
from model import CarReading, MeterReading, Missing, Point, PowerwallReading, Series
from model_decision import CarDecision, Decision, Sent, Slot, Snapshot
from state import drives_past, house_past, ledger
from state.disk import explained, make_folder

if TYPE_CHECKING:
    import sqlite3

KEPT_FOR = timedelta(days=400)
VERSION = 5  # 2: co2; 3: the ledger; 4: what the cars drew; 5: where they stood
BUSY_S = 2.0
# Per cycle and table: many times what one cycle adds, and little lost when a clock jumps ahead by years for one cycle.
PRUNE_ROWS = 200

_SCHEMA = """
CREATE TABLE IF NOT EXISTS readings (
    at INTEGER, vin TEXT, charging TEXT, soc REAL, limit_soc INTEGER, actual_amps REAL, request_amps INTEGER,
    added_kwh REAL);
CREATE TABLE IF NOT EXISTS decisions (at INTEGER, vin TEXT, action TEXT, amps INTEGER, code TEXT, price REAL);
CREATE TABLE IF NOT EXISTS house (at INTEGER, grid_w REAL, solar_w REAL, battery_w REAL, load_w REAL, powerwall_soc REAL);
CREATE TABLE IF NOT EXISTS prices (at INTEGER, until INTEGER, price REAL, source TEXT);
CREATE TABLE IF NOT EXISTS co2 (at INTEGER, until INTEGER, co2 REAL, source TEXT);
CREATE TABLE IF NOT EXISTS commands (at INTEGER, vin TEXT, kind TEXT, value INTEGER, outcome TEXT, dollars REAL);
CREATE INDEX IF NOT EXISTS readings_at ON readings (at);
CREATE INDEX IF NOT EXISTS readings_vin ON readings (vin);
CREATE INDEX IF NOT EXISTS decisions_at ON decisions (at);
CREATE INDEX IF NOT EXISTS decisions_vin ON decisions (vin);
CREATE INDEX IF NOT EXISTS house_at ON house (at);
CREATE INDEX IF NOT EXISTS prices_at ON prices (at);
CREATE INDEX IF NOT EXISTS co2_at ON co2 (at);
CREATE INDEX IF NOT EXISTS commands_at ON commands (at);
"""
_TABLES = ("readings", "decisions", "house", "prices", "co2", "commands", house_past.TABLE, drives_past.TABLE)

Value = str | int | float | None
Row = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class History:
    """`path`: history.sqlite in STATE_DIR, made when it is first needed. Every method raises StateError."""

    path: Path

    def record_cycle(self, decision: Decision, snapshot: Snapshot, sent: Sequence[Sent]) -> None:
        now = _unix(decision.now)
        with self._open() as database:
            for view in snapshot.cars:
                if isinstance(view.reading, CarReading):
                    _add_changed(database, "readings", (_unix(view.reading.at), view.vin), _car(view.reading))
            for car in decision.cars:
                _add_changed(database, "decisions", (now, car.vin), _decided(car, decision))
            reading = snapshot.meter if isinstance(snapshot.powerwall, Missing) else snapshot.powerwall
            if not isinstance(reading, Missing):
                _add_changed(database, "house", (_unix(reading.at),), _house(reading))
            for one in sent:
                _add(database, "commands", (now, one.vin, one.kind.value, one.value, one.outcome.value, one.dollars))
            for table, column, series in (("prices", "price", snapshot.prices), ("co2", "co2", snapshot.co2)):
                if isinstance(series, Series):
                    _publish(database, table, column, series)
            ledger.note(database, decision, snapshot)
            house_past.note(database, decision)
            drives_past.note(database, snapshot)
            _prune(database, decision.now)

    def record_meter(self, reading: MeterReading) -> None:
        """For the monitor, which sees the house between two cycles."""
        with self._open() as database:
            _add_changed(database, "house", (_unix(reading.at),), _house(reading))

    def charged(self, since: datetime, until: datetime) -> tuple[float, float | None]:
        """(kWh, money) charged in [since, until): what each session's counter rose between two readings, at the price that held at the
        later one. Money is None where no price was known. Energy is the car's own count, charging losses left out."""
        with self._open() as database:
            rows = database.execute(
                "SELECT vin, at, added_kwh FROM readings WHERE at >= ? AND at < ? AND added_kwh IS NOT NULL ORDER BY vin, at",
                (_unix(since), _unix(until)),
            ).fetchall()
            kwh, cost = 0.0, 0.0
            priced = True
            for (vin, _, before), (same, at, now) in pairwise(rows):
                if vin != same or now <= before:
                    continue
                found = database.execute(
                    "SELECT price FROM decisions WHERE vin = ? AND at <= ? ORDER BY at DESC, rowid DESC LIMIT 1", (vin, at)
                ).fetchone()
                kwh += now - before
                priced = priced and found is not None and found[0] is not None
                cost += (now - before) * found[0] if priced else 0.0
        return kwh, cost if priced else None

    def prices(self, since: datetime, until: datetime) -> tuple[Point, ...]:
        """Published prices that hold at some time in [since, until), oldest first; the tariff's currency per kWh."""
        query = "SELECT at, until, price FROM prices WHERE until > ? AND at < ? ORDER BY at"
        with self._open() as database:
            rows = database.execute(query, (_unix(since), _unix(until))).fetchall()
        return tuple(Point(_utc(start), _utc(end), price) for start, end, price in rows)

    def book(self, since: datetime, until: datetime) -> ledger.Ledger:
        """Plug-ins that began, departures and Tesla's months in [since, until)."""
        with self._open() as database:
            return ledger.read(database, since, until)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One transaction, whole or not at all. A damaged database is moved aside, said once, and begun anew by the next call."""
        import sqlite3

        try:
            with contextlib.closing(self._connect()) as database, database:
                yield database
        except sqlite3.DatabaseError as error:
            # the low byte is the error, the others say more of it
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise StateError("history", f"Cannot use {self.path}: {error}. Charging goes on without it.") from error
            self._move_aside()
            raise StateError("history", f"{self.path} was damaged: it is now {self.path}.damaged, and a new one is begun.") from error

    def _connect(self) -> sqlite3.Connection:
        import sqlite3

        with explained("open", self.path):
            make_folder(self.path.parent)
            # sqlite itself would make it readable for everybody; -wal and -shm take the database's mode
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640))
        database = sqlite3.connect(self.path, timeout=BUSY_S)
        try:
            self._prepare(database)
        except BaseException:
            database.close()
            raise
        return database

    def _prepare(self, database: sqlite3.Connection) -> None:
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise StateError("history", f"{self.path} was written by a newer Ampshift. Update Ampshift, or move the file away.")
        database.execute("PRAGMA synchronous = NORMAL")
        if version < VERSION:
            database.execute("PRAGMA journal_mode = WAL")
            schema = f"{_SCHEMA}{ledger.SCHEMA}{house_past.SCHEMA}{drives_past.SCHEMA}"
            database.executescript(f"BEGIN IMMEDIATE;{schema}PRAGMA user_version = {VERSION};COMMIT;")

    def _move_aside(self) -> None:
        with explained("move", self.path):
            for ending in ("", "-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    os.replace(f"{self.path}{ending}", f"{self.path}.damaged{ending}")


def _add(database: sqlite3.Connection, table: str, row: Row) -> None:
    database.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)


def _add_changed(database: sqlite3.Connection, table: str, key: Row, values: Row) -> None:
    """`key`: the time, and the car where there is one. Compared with the newest row of the same car, by order of writing: clocks jump."""
    where = "WHERE vin = ?" if len(key) > 1 else ""
    newest = database.execute(f"SELECT * FROM {table} {where} ORDER BY rowid DESC LIMIT 1", key[1:]).fetchone()
    if newest is None or newest[len(key) :] != values:
        _add(database, table, key + values)


def _publish(database: sqlite3.Connection, table: str, column: str, series: Series) -> None:
    """Prices (or grams) replace the ones known before for the same time, also where the new slots are of another length."""
    if not series.points:
        return
    fresh = [(_unix(point.start), _unix(point.end), point.value, series.source) for point in series.points]
    span = (fresh[0][0], fresh[-1][1])
    known = set(database.execute(f"SELECT at, until, {column} FROM {table} WHERE until > ? AND at < ?", span).fetchall())
    changed = [row for row in fresh if row[:3] not in known]
    database.executemany(f"DELETE FROM {table} WHERE until > ? AND at < ?", [row[:2] for row in changed])
    database.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?)", changed)


def _prune(database: sqlite3.Connection, now: datetime) -> None:
    oldest = _unix(now - KEPT_FOR)
    for table in _TABLES:
        victims = f"SELECT rowid FROM {table} WHERE at < ? LIMIT {PRUNE_ROWS}"
        database.execute(f"DELETE FROM {table} WHERE rowid IN ({victims})", (oldest,))
    ledger.prune(database, now - KEPT_FOR)


def _car(reading: CarReading) -> Row:
    values = (reading.soc, reading.limit_soc, reading.actual_amps, reading.request_amps, reading.energy_added_kwh)
    charging = None if isinstance(reading.charging, Missing) else reading.charging.value
    return (charging, *(_or_null(value) for value in values))


def _decided(car: CarDecision, decision: Decision) -> Row:
    return (car.action.value, car.amps, car.reasons[0].code.value if car.reasons else None, _price(decision.signal, decision.now))


def _price(signal: Sequence[Slot], now: datetime) -> float | None:
    return next((slot.price for slot in signal if slot.start <= now < slot.end), None)


def _house(reading: PowerwallReading | MeterReading) -> Row:
    if isinstance(reading, MeterReading):
        return (reading.grid_w, _or_null(reading.solar_w), None, _or_null(reading.load_w), None)
    return (reading.grid_w, reading.solar_w, reading.battery_w, reading.load_w, _or_null(reading.soc))


def _or_null(value: float | Missing) -> float | None:
    return None if isinstance(value, Missing) else value


def _unix(at: datetime) -> int:
    return int(at.timestamp())


def _utc(unix: int) -> datetime:
    return datetime.fromtimestamp(unix, UTC)
