"""The book behind the month: one row for a plug-in, a departure and a month; and the notes of what was told."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from model import Code
from model_decision import Budget, Decision, Need
from model_memory import CarMemory, Plug
from model_notices import Notes
from state.files import Stamp
from state.history import History
from state.ledger import Goal
from state.notices import NoticeFile
from tests.builders import EVENING, VIN, ZONE, decided, plugged, reading, remembering, snapshot, view

DAY = timedelta(days=1)
SPAN = (EVENING - DAY, EVENING + DAY)
MORNING = EVENING + timedelta(hours=13, minutes=20)
NIGHTLY = {"TARIFF": "free-nights:21:00-06:00@0.24"}


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "history.sqlite")


def record(history: History, soc: float = 50.0, now: datetime = EVENING, **options: str) -> Decision:
    """One cycle an hour after the plug-in, whose decision stands in the book."""
    seen = snapshot(view(reading(soc=soc, at=now)), now=now, memory=remembering(plugged()))
    decision = decided(seen, **NIGHTLY | options)
    history.record_cycle(decision, seen, ())
    return decision


def test_the_first_plan_of_a_plug_in_stays_and_later_ones_are_not_written(history: History) -> None:
    first = record(history).cars[0]
    record(history, soc=70.0, now=EVENING + timedelta(hours=1))
    assert first.cost is not None
    assert first.cost_if_now is not None
    since = EVENING - timedelta(hours=1)
    (night,) = history.book(*SPAN).nights
    assert (night.vin, night.plugged, night.at, night.dry) == (VIN, since, EVENING, False)
    figures = (sum(slot.kwh for slot in first.plan), first.cost, first.cost_if_now)
    assert (night.kwh, night.cost, night.cost_if_now) == pytest.approx(figures, abs=0.001)


def test_a_dry_night_is_marked_as_one(history: History) -> None:
    record(history, DRY_RUN="on")
    assert [night.dry for night in history.book(*SPAN).nights] == [True]


def test_without_a_price_there_is_nothing_to_compare(history: History) -> None:
    record(history, TARIFF="")
    assert history.book(*SPAN).nights == ()


def test_a_departure_stays_in_the_book_once_it_is_met_and_leaves_it_when_it_is_called_off(history: History) -> None:
    record(history)
    assert history.book(*SPAN).goals == (Goal(VIN, MORNING, 80.0),)
    record(history, soc=80.0)
    assert history.book(*SPAN).goals == (Goal(VIN, MORNING, 80.0),)
    record(history, DEPARTURE_TIME="none")
    assert history.book(*SPAN).goals == ()


def test_a_goal_that_moves_is_kept_as_it_was_known_last(history: History) -> None:
    record(history)
    record(history, READY_SOC="70", TARGET_SOC="70")
    assert history.book(*SPAN).goals == (Goal(VIN, MORNING, 70.0),)


def test_the_least_charge_is_no_departure(history: History) -> None:
    decision = record(history, soc=10.0)
    assert Code.NEED_MIN in {need.code for need in decision.cars[0].needs}
    assert [goal.by for goal in history.book(*SPAN).goals] == [MORNING]


def test_a_car_that_is_not_plugged_in_has_no_night_and_no_goal(history: History) -> None:
    decision = record(history)
    away = replace(decision, memory=remembering(CarMemory("other", "Red")), cars=(replace(decision.cars[0], vin="other"),))
    history.record_cycle(away, snapshot(), ())
    assert len(history.book(*SPAN).nights) == 1


def test_the_months_bill_only_grows(history: History) -> None:
    decision = record(history)
    for spent in (1.25, 0.5):
        history.record_cycle(decision, snapshot(budget=Budget(spent, 9.0, 6.0, 9.0)), ())
    assert history.book(*SPAN).bill == (("2026-12", 1.25),)


def test_old_nights_and_goals_are_forgotten(history: History) -> None:
    decision = record(history)
    later = EVENING + timedelta(days=401)
    memory = replace(plugged(), plug=Plug(later, known_from_start=True))
    need = Need(later + DAY, 80, 5.0, Code.NEED_READY, "soon")
    car = replace(decision.cars[0], needs=(need,))
    history.record_cycle(replace(decision, now=later, cars=(car,), memory=remembering(memory)), snapshot(now=later), ())
    assert [goal.by for goal in history.book(EVENING - DAY, later + 2 * DAY).goals] == [later + DAY]


def test_a_history_of_the_first_version_gets_the_new_tables(history: History) -> None:
    record(history)
    with sqlite3.connect(history.path) as database:
        for table in ("nights", "goals", "bill"):
            database.execute(f"DROP TABLE {table}")
        database.execute("PRAGMA user_version = 1")
    database.close()
    record(history)
    assert len(history.book(*SPAN).nights) == 1


def test_one_program_tells_at_a_time(tmp_path: Path) -> None:
    waits: list[float] = []
    one, other = (NoticeFile(tmp_path, Stamp(EVENING, "scheduler", ZONE), waits.append) for _ in range(2))
    with one.alone() as mine, other.alone() as too:
        assert (mine, too) == (True, False)
    with other.alone() as again:
        assert again
    assert sum(waits) < 1


def test_what_was_told_outlives_a_damaged_file_by_its_older_version(tmp_path: Path) -> None:
    file = NoticeFile(tmp_path, Stamp(EVENING, "scheduler", ZONE), lambda _: None)
    assert file.load() == Notes()
    for month in ("2026-10", "2026-11"):
        file.save(Notes(month=month))
    assert file.load().month == "2026-11"
    (tmp_path / "notices.json").write_text("{", encoding="utf-8")
    assert file.load().month == "2026-10"
    assert len(file.problems) == 1
