"""The house in history.sqlite, with what the cars drew of it: a table beside `house`, in rows on change. What is expected of roof
and house is learned from them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from model_decision import Decision
from model_sun import HouseMoment

if TYPE_CHECKING:
    import sqlite3

SCHEMA = """
CREATE TABLE IF NOT EXISTS car_power (at INTEGER, watts REAL);
CREATE INDEX IF NOT EXISTS car_power_at ON car_power (at);
"""
TABLE, SINCE = "car_power", 4  # version of history.sqlite


def note(database: sqlite3.Connection, decision: Decision) -> None:
    """What the cars draw now; NULL where that is not known, so that their power is not taken for the house's."""
    newest = database.execute("SELECT watts FROM car_power ORDER BY rowid DESC LIMIT 1").fetchone()
    if newest is None or newest[0] != decision.cars_w:
        database.execute("INSERT INTO car_power VALUES (?, ?)", (int(decision.now.timestamp()), decision.cars_w))


def read(database: sqlite3.Connection, since: datetime, until: datetime) -> tuple[HouseMoment, ...]:
    """Looks at the house in [since, until), oldest first."""
    span = (int(since.timestamp()), int(until.timestamp()))
    rows = database.execute("SELECT at, grid_w, solar_w, load_w FROM house WHERE at >= ? AND at < ? ORDER BY at, rowid", span)
    drawn = database.execute("SELECT at, watts FROM car_power WHERE at < ? ORDER BY at, rowid", span[1:]).fetchall()
    found, index, watts = [], 0, None
    for at, grid_w, solar_w, load_w in rows:
        while index < len(drawn) and drawn[index][0] <= at:
            watts = drawn[index][1]
            index += 1
        found.append(HouseMoment(datetime.fromtimestamp(at, UTC), grid_w, solar_w, load_w, watts))
    return tuple(found)
