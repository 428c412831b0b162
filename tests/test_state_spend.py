"""The month's Tesla bill, counted before each call."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from errors import BudgetSpent, StateError
from model import DOLLARS, Billed
from model_decision import Budget
from state.files import Stamp
from state.spend import Spend

ROOT = Path(__file__).resolve().parent.parent
DECEMBER = datetime(2026, 12, 9, 5, tzinfo=UTC)
JANUARY = datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC)

COUNTING = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from model import Billed
from state.files import Stamp
from state.spend import Spend
for _ in range(40):
    Spend(Path(sys.argv[1]), Stamp(datetime(2026, 12, 9, 5, tzinfo=UTC), "x", UTC), 9.0, time.sleep).count(Billed.DATA, 0.002, False)
"""


def no_wait(seconds: float) -> None:
    return None


def spend_in(folder: Path, *, now: datetime = DECEMBER, limit: float = 9.0) -> Spend:
    return Spend(folder, Stamp(now, "scheduler", ZoneInfo("America/Los_Angeles")), limit, no_wait)


def count(spend: Spend, times: int, kind: Billed = Billed.WAKE, *, reserved: bool = False) -> int:
    """How many of so many calls were allowed."""
    for done in range(times):
        try:
            spend.count(kind, DOLLARS[kind], reserved)
        except BudgetSpent:
            return done
    return times


def rounded(budget: Budget) -> Budget:
    return Budget(*(round(value, 6) for value in (budget.spent, budget.limit, budget.routine_left, budget.reserve_left)))


def test_what_is_counted_is_on_disk_and_in_the_budget(tmp_path: Path) -> None:
    count(spend_in(tmp_path), 2)
    count(spend_in(tmp_path), 5, Billed.DATA)
    assert rounded(spend_in(tmp_path).budget(DECEMBER)) == Budget(0.05, 9.0, 7.15, 8.95)
    assert '"wake": 2' in (tmp_path / "spend.json").read_text()


def test_routine_ends_at_four_fifths_and_the_reserved_calls_use_the_rest_to_the_cent(tmp_path: Path) -> None:
    spend = spend_in(tmp_path, limit=0.2)
    assert count(spend, 100) == 8
    assert count(spend, 100, reserved=True) == 2
    assert rounded(spend.budget(DECEMBER)) == Budget(0.2, 0.2, 0.0, 0.0)


def test_a_refusal_says_what_was_spent_and_which_setting_helps(tmp_path: Path) -> None:
    with pytest.raises(BudgetSpent, match=r"\$0\.00 of the \$0\.00 .* 2026-12; TESLA_BUDGET_DOLLARS"):
        spend_in(tmp_path, limit=0).count(Billed.DATA, 0.002, True)


def test_an_unbilled_answer_is_taken_back(tmp_path: Path) -> None:
    spend = spend_in(tmp_path)
    count(spend, 3)
    spend.uncount(Billed.WAKE, 0.02)
    assert spend.budget(DECEMBER).spent == pytest.approx(0.04)
    for _ in range(5):
        spend.uncount(Billed.WAKE, 0.02)
    assert spend.budget(DECEMBER).spent == 0


def test_what_is_free_wears_no_disk_and_is_never_refused(tmp_path: Path) -> None:
    assert count(spend_in(tmp_path, limit=0), 3, Billed.LIST) == 3
    assert not (tmp_path / "spend.json").exists()


def test_a_new_month_of_utc_begins_at_zero(tmp_path: Path) -> None:
    count(spend_in(tmp_path), 5)
    assert spend_in(tmp_path).budget(JANUARY).spent == 0
    count(spend_in(tmp_path, now=JANUARY), 1)
    assert spend_in(tmp_path, now=JANUARY).budget(JANUARY).spent == 0.02


@pytest.mark.parametrize("past", [datetime(1970, 1, 1, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC)])
def test_a_clock_in_the_past_neither_resets_nor_loses_a_count(tmp_path: Path, past: datetime) -> None:
    count(spend_in(tmp_path), 5)
    count(spend_in(tmp_path, now=past), 1)
    assert spend_in(tmp_path, now=past).budget(past).spent == pytest.approx(0.12)
    assert spend_in(tmp_path).budget(DECEMBER).spent == pytest.approx(0.12)


def test_a_bill_from_the_future_says_how_to_get_rid_of_it(tmp_path: Path) -> None:
    count(spend_in(tmp_path, now=datetime(2040, 1, 1, tzinfo=UTC), limit=0.2), 100)
    with pytest.raises(BudgetSpent, match=r"2040-01; .* earlier month: if the clock is right now, remove"):
        spend_in(tmp_path, limit=0.2).count(Billed.WAKE, 0.02, False)


def test_a_damaged_bill_falls_back_to_the_one_before(tmp_path: Path) -> None:
    spend = spend_in(tmp_path)
    count(spend, 2)
    (tmp_path / "spend.json").write_text("")
    assert spend.budget(DECEMBER).spent == 0.02
    assert "spend.json is damaged" in spend.problems[0]


def damaged(folder: Path) -> None:
    for name in ("spend.json", "spend.json.prev"):
        (folder / name).write_text('{"schema": 1')


def test_a_lost_bill_counts_as_used_up_but_for_the_reserved_fifth(tmp_path: Path) -> None:
    damaged(tmp_path)
    spend = spend_in(tmp_path, limit=1.0)
    assert rounded(spend.budget(DECEMBER)) == Budget(0.8, 1.0, 0.0, 0.2)
    assert "Only the reserved share" in spend.problems[0]
    assert count(spend, 1) == 0
    assert count(spend, 100, reserved=True) == 10
    assert (tmp_path / "spend.json.damaged").exists()


def test_a_lost_bill_is_forgotten_with_its_month(tmp_path: Path) -> None:
    damaged(tmp_path)
    assert count(spend_in(tmp_path), 1) == 0
    assert count(spend_in(tmp_path, now=JANUARY), 1) == 1


def test_what_cannot_be_written_down_is_not_allowed(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(StateError):
        spend_in(tmp_path / "data").count(Billed.DATA, 0.002, False)


def test_a_newer_bill_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "spend.json").write_text('{"schema": 2}')
    with pytest.raises(StateError, match="newer Ampshift"):
        spend_in(tmp_path).count(Billed.DATA, 0.002, False)
    assert (tmp_path / "spend.json").read_text() == '{"schema": 2}'


def test_two_programs_counting_at_once_lose_no_count(tmp_path: Path) -> None:
    programs = [subprocess.Popen([sys.executable, "-c", COUNTING, str(tmp_path)], cwd=ROOT) for _ in range(2)]
    assert [program.wait() for program in programs] == [0, 0]
    assert spend_in(tmp_path).budget(DECEMBER).spent == pytest.approx(0.16)
    assert '"data": 80' in (tmp_path / "spend.json").read_text()
