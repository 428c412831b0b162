"""What history.sqlite tells, read only: for the page, and to learn of the house. Nothing here makes, mends or moves a file.
Raises StateError."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from errors import StateError
from model import Point
from model_drives import Parked
from model_sun import HouseMoment
from state import drives_past, house_past
from state.history import BUSY_S, VERSION

if TYPE_CHECKING:
    import sqlite3


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """One reading of a car. `added_kwh`: the session's counter; None: not known."""

    vin: str
    at: datetime
    charging: str | None
    soc: float | None
    added_kwh: float | None


@dataclass(frozen=True, slots=True)
class DecidedRow:
    """`price` of a kWh then; None: not known."""

    vin: str
    at: datetime
    action: str
    price: float | None


@dataclass(frozen=True, slots=True)
class HouseRow:
    at: datetime
    grid_w: float | None
    solar_w: float | None
    battery_w: float | None
    load_w: float | None
    powerwall_soc: float | None


@dataclass(frozen=True, slots=True)
class SentRow:
    vin: str | None
    at: datetime
    kind: str
    value: float | None
    outcome: str
    dollars: float


@dataclass(frozen=True, slots=True)
class Past:
    """Everything of [since, until), each part in time order."""

    readings: tuple[ReadingRow, ...]
    decisions: tuple[DecidedRow, ...]
    house: tuple[HouseRow, ...]
    prices: tuple[Point, ...]
    co2: tuple[Point, ...]
    sent: tuple[SentRow, ...]


def read_past(path: Path, since: datetime, until: datetime) -> Past:
    """Raises StateError, which says what to do: no history yet, damaged, or written by a newer Ampshift."""
    span = (int(since.timestamp()), int(until.timestamp()))
    with _opened(path) as (database, version):
        co2 = version >= 2  # the table is younger than the others

        def rows(columns: str, table: str, by: str = "at") -> list[Any]:
            query = f"SELECT {columns} FROM {table} WHERE at >= ? AND at < ? ORDER BY {by}, rowid"
            return database.execute(query, span).fetchall()

        return Past(
            readings=tuple(ReadingRow(vin, _utc(at), *rest) for vin, at, *rest in rows("vin, at, charging, soc, added_kwh", "readings")),
            decisions=tuple(DecidedRow(vin, _utc(at), *rest) for vin, at, *rest in rows("vin, at, action, price", "decisions")),
            house=tuple(HouseRow(_utc(at), *rest) for at, *rest in rows("at, grid_w, solar_w, battery_w, load_w, powerwall_soc", "house")),
            prices=tuple(Point(_utc(at), _utc(end), price) for at, end, price in rows("at, until, price", "prices")),
            co2=tuple(Point(_utc(at), _utc(end), value) for at, end, value in (rows("at, until, co2", "co2") if co2 else ())),
            sent=tuple(SentRow(vin, _utc(at), *rest) for vin, at, *rest in rows("vin, at, kind, value, outcome, dollars", "commands")),
        )


def read_house(path: Path, since: datetime, until: datetime) -> tuple[HouseMoment, ...]:
    """Looks at the house in [since, until), oldest first. Raises StateError as `read_past` does."""
    with _opened(path) as (database, version):
        return house_past.read(database, since, until) if version >= house_past.SINCE else ()


def read_drives(path: Path, since: datetime) -> tuple[Parked, ...]:
    """Where each car stood since then, by car and time. Raises StateError as `read_past` does."""
    with _opened(path) as (database, version):
        return drives_past.read(database, since) if version >= drives_past.SINCE else ()


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[sqlite3.Connection, int]]:
    import sqlite3

    if not path.exists():
        raise StateError("history", "There is no history yet: it begins with the first cycle of scheduler.py run.")
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)) as database:
            version = database.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                raise StateError("history", f"{path} was written by a newer Ampshift. Update Ampshift, or move the file away.")
            yield database, version
    except sqlite3.DatabaseError as error:
        text = f"The history cannot be read ({error}). Charging goes on without it; a damaged one is begun anew by the next cycle."
        raise StateError("history", text) from error


def _utc(unix: int) -> datetime:
    return datetime.fromtimestamp(unix, UTC)
