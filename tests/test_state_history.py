"""history.sqlite: rows on change, prices of past days, and damage that stops nothing."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from errors import StateError
from model import CarReading, CarView, Charging, Code, MeterReading, Missing, Overrides, Point, PowerwallReading, Reason, Series
from model_decision import Action, Budget, CarDecision, Decision, Sent, Slot, Snapshot, Target
from model_decision import Path as Way
from model_memory import CommandKind, Memory, Outcome
from state.history import KEPT_FOR, PRUNE_ROWS, History

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 12, 9, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
GONE = Missing("house", "not asked")
VIN = "5YJ3AMPSHFT000001"
POWERWALL = PowerwallReading(NOW, 1500.0, 0.0, 0.0, 1500.0, 55.0, 20.0, "self_consumption", True, GONE)


def car_view(at: datetime = NOW, *, soc: float = 50.0) -> CarView:
    fields: dict[str, Any] = dict.fromkeys(CarReading.__slots__, Missing("tesla", "null"))
    fields.update(vin=VIN, name="Blue", at=at, charging=Charging.STOPPED, soc=soc, limit_soc=80, in_service=False)
    return CarView(VIN, "Blue", GONE, CarReading(**fields))


def snapshot(**changes: Any) -> Snapshot:
    budget = Budget(0, 9, 7.2, 9)
    seen = Snapshot(NOW, (car_view(),), Memory(), GONE, GONE, POWERWALL, GONE, GONE, GONE, GONE, Overrides(), GONE, budget, GONE, GONE)
    return replace(seen, **changes)


def decision(at: datetime = NOW, *, amps: int = 0, price: float | None = 0.12) -> Decision:
    reason = Reason(Code.WAIT, "waits")
    action = Action.CHARGE if amps else Action.WAIT
    car = CarDecision(VIN, "Blue", action, amps, None, 50.0, at, None, Way.CAR, (reason,), (), (), None, None, None, reason, ())
    slot = Slot(at, at + HOUR, 0.1, price, None, None, False)
    return Decision(at, "Blue waits.", (car,), (slot,), (), Target(48, ()), Memory(), (), False, at + HOUR)


def prices(*values: float, start: datetime = NOW, step: timedelta = HOUR, source: str = "grid") -> Series:
    points = tuple(Point(start + i * step, start + (i + 1) * step, value) for i, value in enumerate(values))
    return Series(source, "USD/kWh", start, points)


def rows(path: Path, table: str) -> list[Any]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        return database.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall()


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "data" / "history.sqlite")


def test_a_cycle_leaves_a_row_of_each_kind(history: History) -> None:
    sent = (Sent(VIN, CommandKind.AMPS, 16, Outcome.DONE, 0.001),)
    history.record_cycle(decision(), snapshot(prices=prices(0.12)), sent)
    at = int(NOW.timestamp())
    assert rows(history.path, "readings") == [(at, VIN, "Stopped", 50.0, 80, None, None, None)]
    assert rows(history.path, "decisions") == [(at, VIN, "wait", 0, "WAIT", 0.12)]
    assert rows(history.path, "house") == [(at, 1500.0, 0.0, 0.0, 1500.0, 55.0)]
    assert rows(history.path, "prices") == [(at, at + 3600, 0.12, "grid")]
    assert rows(history.path, "commands") == [(at, VIN, "set_charging_amps", 16, "done", 0.001)]


def test_a_cycle_that_changes_nothing_adds_nothing(history: History) -> None:
    for cycle in range(3):
        at = NOW + cycle * timedelta(minutes=5)
        history.record_cycle(decision(at), snapshot(cars=(car_view(at),), prices=prices(0.12, 0.13)), ())
    assert [len(rows(history.path, table)) for table in ("readings", "decisions", "house", "prices")] == [1, 1, 1, 2]
    history.record_cycle(decision(amps=32), snapshot(cars=(car_view(soc=51.0),)), ())
    assert [len(rows(history.path, table)) for table in ("readings", "decisions", "house")] == [2, 2, 1]


def test_what_is_missing_is_null_and_no_row_of_its_own(history: History) -> None:
    meter = MeterReading(NOW, 230.0, GONE)
    history.record_cycle(decision(price=None), snapshot(cars=(CarView(VIN, "Blue", GONE, GONE),), powerwall=GONE, meter=meter), ())
    history.record_meter(replace(meter, grid_w=240.0))
    assert rows(history.path, "readings") == []
    assert rows(history.path, "decisions")[0][-1] is None
    assert [row[1:] for row in rows(history.path, "house")] == [(230.0, None, None, None, None), (240.0, None, None, None, None)]


def charging(history: History, hours: int, added_kwh: float, price: float | None) -> None:
    """One cycle so many hours on, in which the car's own counter stands at `added_kwh`."""
    at = NOW + hours * HOUR
    view = car_view(at)
    assert isinstance(view.reading, CarReading)
    history.record_cycle(
        decision(at, price=price), snapshot(cars=(replace(view, reading=replace(view.reading, energy_added_kwh=added_kwh)),)), ()
    )


def test_what_was_charged_is_the_rise_of_the_counter_at_the_price_of_its_hour(history: History) -> None:
    for hours, added, price in ((0, 0.0, 0.10), (1, 4.0, 0.10), (2, 6.0, 0.30), (3, 1.0, 0.30), (4, 2.0, 0.30)):
        charging(history, hours, added, price)  # the fall from 6 to 1 kWh is a new session
    kwh, money = history.charged(NOW, NOW + 10 * HOUR)
    assert kwh == pytest.approx(7.0)
    assert money == pytest.approx(4 * 0.10 + 2 * 0.30 + 1 * 0.30)


def test_without_a_price_the_energy_is_known_and_the_money_is_not(history: History) -> None:
    charging(history, 0, 0.0, None)
    charging(history, 1, 4.0, None)
    kwh, money = history.charged(NOW, NOW + 10 * HOUR)
    assert kwh == pytest.approx(4.0)
    assert money is None


def test_prices_are_given_for_a_half_open_span(history: History) -> None:
    series = prices(0.1, 0.2, 0.3)
    history.record_cycle(decision(), snapshot(prices=series), ())
    assert history.prices(NOW, NOW + 3 * HOUR) == series.points
    assert history.prices(NOW + HOUR, NOW + 2 * HOUR) == series.points[1:2]
    assert history.prices(NOW + HOUR / 2, NOW + HOUR) == series.points[:1]
    assert history.prices(NOW - HOUR, NOW) == ()


def test_published_again_replaces_prices_also_with_slots_of_another_length(history: History) -> None:
    history.record_cycle(decision(), snapshot(prices=prices(0.1, 0.2, 0.3)), ())
    quarters = prices(0.4, 0.5, 0.6, 0.7, start=NOW + HOUR, step=HOUR / 4)
    history.record_cycle(decision(), snapshot(prices=quarters), ())
    found = history.prices(NOW, NOW + 3 * HOUR)
    assert [point.value for point in found] == [0.1, 0.4, 0.5, 0.6, 0.7, 0.3]


def test_rows_older_than_400_days_go_a_few_at_a_time(history: History) -> None:
    history.record_cycle(decision(), snapshot(prices=prices(*range(PRUNE_ROWS + 50))), ())
    late = NOW + KEPT_FOR + timedelta(days=30)
    history.record_cycle(decision(late, amps=32), snapshot(cars=()), ())
    assert len(rows(history.path, "prices")) == 50
    assert [row[0] for row in rows(history.path, "decisions")] == [int(late.timestamp())]
    history.record_cycle(decision(late), snapshot(cars=()), ())
    assert rows(history.path, "prices") == []


def test_a_database_that_is_none_is_moved_aside_said_and_begun_anew(history: History) -> None:
    history.path.parent.mkdir()
    history.path.write_bytes(b"this is no database at all, but it is quite long" * 100)
    with pytest.raises(StateError, match=r"was damaged: it is now .*history\.sqlite\.damaged"):
        history.record_cycle(decision(), snapshot(), ())
    history.record_cycle(decision(), snapshot(), ())
    assert len(rows(history.path, "readings")) == 1
    assert history.path.with_name("history.sqlite.damaged").exists()


def test_a_torn_database_is_moved_aside_too(history: History) -> None:
    for cycle in range(40):
        history.record_cycle(decision(), snapshot(prices=prices(*range(cycle * 50), start=NOW)), ())
    whole = history.path.read_bytes()
    history.path.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    with pytest.raises(StateError, match="was damaged"):
        history.prices(NOW, NOW + HOUR)
    assert history.prices(NOW, NOW + HOUR) == ()


def test_a_failure_in_the_middle_records_nothing_of_the_cycle(history: History) -> None:
    history.record_cycle(decision(), snapshot(cars=()), ())
    with contextlib.closing(sqlite3.connect(history.path)) as database:
        database.execute("DROP TABLE commands")
    sent = (Sent(VIN, CommandKind.WAKE, None, Outcome.DONE, 0.02),)
    with pytest.raises(StateError, match="Charging goes on without it"):
        history.record_cycle(decision(), snapshot(), sent)
    assert rows(history.path, "readings") == []


def test_no_history_is_readable_for_everybody(history: History) -> None:
    history.record_cycle(decision(), snapshot(), ())
    with contextlib.closing(sqlite3.connect(history.path)) as page:
        page.execute("SELECT * FROM house").fetchall()  # while somebody looks, the write-ahead log stays
        history.record_cycle(decision(amps=32), snapshot(), ())
        modes = {entry.name: entry.stat().st_mode & 0o777 for entry in history.path.parent.iterdir()}
    assert modes == dict.fromkeys(("history.sqlite", "history.sqlite-shm", "history.sqlite-wal"), 0o640)


def test_a_newer_history_is_left_alone(history: History) -> None:
    history.record_cycle(decision(), snapshot(), ())
    with contextlib.closing(sqlite3.connect(history.path)) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(StateError, match="newer Ampshift"):
        history.record_cycle(decision(amps=32), snapshot(), ())
    assert len(rows(history.path, "decisions")) == 1


def test_a_place_where_no_database_can_be_says_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(StateError, match="is not a folder"):
        History(tmp_path / "data" / "history.sqlite").prices(NOW, NOW + HOUR)
    with pytest.raises(StateError, match="a folder stands where"):
        History(tmp_path).prices(NOW, NOW + HOUR)


def test_sqlite_is_not_loaded_by_a_program_that_needs_no_history() -> None:
    code = "import sys, state.history, state.store, state.spend, state.logins, state.cache; sys.exit('sqlite3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
