"""Where the odometer stood, in history.sqlite: one row each time a car was parked, so that what it uses on the road can be learned."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from model import CarReading, Missing, Series
from model_decision import Snapshot
from model_drives import Parked

if TYPE_CHECKING:
    import sqlite3

SCHEMA = """
CREATE TABLE IF NOT EXISTS parked (at INTEGER, vin TEXT, km REAL, until INTEGER, soc_came REAL, soc REAL, battery_kwh REAL, celsius REAL);
CREATE INDEX IF NOT EXISTS parked_at ON parked (at);
CREATE INDEX IF NOT EXISTS parked_vin ON parked (vin);
"""
TABLE, SINCE = "parked", 5  # version of history.sqlite
SAME_KM = 0.5  # a car that was moved in the yard
SAME_SOC = 0.9


def note(database: sqlite3.Connection, snapshot: Snapshot) -> None:
    """The readings of this cycle; a car that stands where it stood has its row brought up to date."""
    for view in snapshot.cars:
        reading = view.reading
        if isinstance(reading, Missing) or reading.driving is True:
            continue
        if not isinstance(reading.odometer_km, Missing) and not isinstance(reading.soc, Missing):
            _note(database, reading, reading.odometer_km, reading.soc, _outside(snapshot.temperature, reading.at))


def read(database: sqlite3.Connection, since: datetime) -> tuple[Parked, ...]:
    """Where each car stood since then, by car and time."""
    query = "SELECT vin, km, at, until, soc_came, soc, battery_kwh, celsius FROM parked WHERE at >= ? ORDER BY vin, at, rowid"
    rows = database.execute(query, (int(since.timestamp()),))
    return tuple(Parked(vin, km, _utc(at), _utc(until), came, soc, kwh, celsius) for vin, km, at, until, came, soc, kwh, celsius in rows)


def _note(database: sqlite3.Connection, reading: CarReading, km: float, soc: float, celsius: float | None) -> None:
    at = int(reading.at.timestamp())
    newest = database.execute(
        "SELECT rowid, km, until, soc FROM parked WHERE vin = ? ORDER BY rowid DESC LIMIT 1", (reading.vin,)
    ).fetchone()
    if newest is None or abs(newest[1] - km) > SAME_KM:
        kwh = None if isinstance(reading.battery_kwh, Missing) else reading.battery_kwh
        database.execute("INSERT INTO parked VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (at, reading.vin, km, at, soc, soc, kwh, celsius))
    elif abs(newest[3] - soc) >= SAME_SOC and at >= newest[2]:
        database.execute("UPDATE parked SET until = ?, soc = ?, celsius = ? WHERE rowid = ?", (at, soc, celsius, newest[0]))


def _outside(temperature: Series | Missing, at: datetime) -> float | None:
    if isinstance(temperature, Missing):
        return None
    return next((point.value for point in temperature.points if point.start <= at < point.end), None)


def _utc(unix: int) -> datetime:
    return datetime.fromtimestamp(unix, UTC)
