"""The part of history.sqlite from which the month is told: what each plug-in would have cost, which departures were due, Tesla's bill.

One row for a plug-in: the first plan that was made for it, before anything was charged. A row for each departure that a car had something
to charge for, as it was known last before it. One row for a month of Tesla's bill.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from model import Code, Missing
from model_decision import CarDecision, Decision, Snapshot
from model_memory import CarMemory

if TYPE_CHECKING:
    import sqlite3

SCHEMA = """
CREATE TABLE IF NOT EXISTS nights (
    plugged INTEGER, vin TEXT, at INTEGER, kwh REAL, cost REAL, cost_if_now REAL, dry INTEGER, PRIMARY KEY (vin, plugged));
CREATE TABLE IF NOT EXISTS goals (by INTEGER, vin TEXT, soc REAL, PRIMARY KEY (vin, by));
CREATE TABLE IF NOT EXISTS bill (month TEXT PRIMARY KEY, dollars REAL);
"""
NO_DEPARTURE = (Code.NEED_MIN, Code.OVERDUE, Code.NEED_TARGET, Code.ASSUMED_NEED)
NEAR_SOC = 1.5  # a car stops a little below


@dataclass(frozen=True, slots=True)
class Night:
    """The first plan of a plug-in: `kwh` at the wall, its `cost`, and `cost_if_now`, what charging at once would have cost."""

    vin: str
    plugged: datetime
    at: datetime
    kwh: float
    cost: float
    cost_if_now: float
    dry: bool


@dataclass(frozen=True, slots=True)
class Goal:
    """A departure that something had to be charged for."""

    vin: str
    by: datetime
    soc: float


@dataclass(frozen=True, slots=True)
class Ledger:
    """`bill`: Tesla's dollars by UTC month (2026-11)."""

    nights: tuple[Night, ...] = ()
    goals: tuple[Goal, ...] = ()
    bill: tuple[tuple[str, float], ...] = ()


def note(database: sqlite3.Connection, decision: Decision, snapshot: Snapshot) -> None:
    """What this cycle adds; hardly ever more than nothing."""
    for car in decision.cars:
        memory = decision.memory.car(car.vin)
        if memory is not None and memory.plug is not None and car.vin:
            _night(database, car, memory, decision)
            _goals(database, car, decision)
    month, dollars = f"{decision.now.astimezone(UTC):%Y-%m}", round(snapshot.budget.spent, 4)
    known = database.execute("SELECT dollars FROM bill WHERE month = ?", (month,)).fetchone()
    if (known[0] if known else 0.0) < dollars:
        database.execute("INSERT OR REPLACE INTO bill VALUES (?, ?)", (month, dollars))


def read(database: sqlite3.Connection, since: datetime, until: datetime) -> Ledger:
    """Plug-ins that began, departures and months in [since, until)."""
    span = (_unix(since), _unix(until))
    nights = database.execute(
        "SELECT vin, plugged, at, kwh, cost, cost_if_now, dry FROM nights WHERE plugged >= ? AND plugged < ? ORDER BY plugged", span
    )
    goals = database.execute("SELECT vin, by, soc FROM goals WHERE by >= ? AND by < ? ORDER BY by", span)
    months = (f"{since.astimezone(UTC):%Y-%m}", f"{until.astimezone(UTC):%Y-%m}")
    bill = database.execute("SELECT month, dollars FROM bill WHERE month >= ? AND month <= ? ORDER BY month", months)
    return Ledger(
        tuple(Night(vin, _utc(plugged), _utc(at), kwh, cost, at_once, bool(dry)) for vin, plugged, at, kwh, cost, at_once, dry in nights),
        tuple(Goal(vin, _utc(by), soc) for vin, by, soc in goals),
        tuple(bill),
    )


def prune(database: sqlite3.Connection, oldest: datetime) -> None:
    """Some dozen rows a month."""
    database.execute("DELETE FROM nights WHERE plugged < ?", (_unix(oldest),))
    database.execute("DELETE FROM goals WHERE by < ?", (_unix(oldest),))


def _night(database: sqlite3.Connection, car: CarDecision, memory: CarMemory, decision: Decision) -> None:
    plug = memory.plug
    kwh = sum(slot.kwh for slot in car.plan)
    if plug is None or car.cost is None or car.cost_if_now is None or isinstance(car.soc, Missing) or kwh <= 0:
        return
    known = (plug.since - timedelta(minutes=1), plug.since + timedelta(minutes=1))
    if database.execute("SELECT 1 FROM nights WHERE vin = ? AND plugged > ? AND plugged < ?", (car.vin, *map(_unix, known))).fetchone():
        return
    row = (_unix(plug.since), car.vin, _unix(decision.now), round(kwh, 3), round(car.cost, 4), round(car.cost_if_now, 4))
    database.execute("INSERT OR IGNORE INTO nights VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, int(decision.dry_run)))


def _goals(database: sqlite3.Connection, car: CarDecision, decision: Decision) -> None:
    """Needs vanish when they are met, and when a drive is called off: only the first stay in the book."""
    now = {_unix(need.by): need.soc for need in car.needs if need.code not in NO_DEPARTURE and need.by > decision.now}
    ahead = database.execute("SELECT by, soc FROM goals WHERE vin = ? AND by > ?", (car.vin, _unix(decision.now))).fetchall()
    known: dict[int, float] = dict(ahead)
    have = -1.0 if isinstance(car.soc, Missing) else car.soc
    for by, soc in known.items():
        if by not in now and have < soc - NEAR_SOC and not isinstance(car.soc, Missing):
            database.execute("DELETE FROM goals WHERE vin = ? AND by = ?", (car.vin, by))
    for by, soc in now.items():
        if known.get(by) != soc:
            database.execute("INSERT OR REPLACE INTO goals VALUES (?, ?, ?)", (by, car.vin, soc))


def _unix(at: datetime) -> int:
    return int(at.timestamp())


def _utc(unix: int) -> datetime:
    return datetime.fromtimestamp(unix, UTC)
