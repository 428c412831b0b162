"""The month's Tesla budget as a pace, and as a word to the owner while he can still act."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from model_decision import Budget
from planners.budget import budget_reason, passed, stretch

TENTH = datetime(2026, 11, 10, 12, tzinfo=UTC)


def spent(dollars: float, limit: float = 9.0) -> Budget:
    return Budget(dollars, limit, max(0.0, limit * 0.8 - dollars), max(0.0, limit - dollars))


def test_a_month_passes_from_its_first_to_the_next_ones_first() -> None:
    assert passed(datetime(2026, 12, 1, tzinfo=UTC)) == 0
    assert passed(datetime(2026, 12, 16, 12, tzinfo=UTC)) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("dollars", "day", "times"),
    [(0.0, 1, 1), (1.0, 1, 1), (1.5, 1, 4), (1.2, 1, 2), (3.0, 10, 1), (3.4, 10, 2), (4.5, 10, 4), (6.5, 29, 1), (8.0, 29, 4)],
)
def test_looks_that_only_time_asks_for_become_rarer_when_money_runs_ahead_of_the_month(dollars: float, day: int, times: int) -> None:
    assert stretch(spent(dollars), datetime(2026, 11, day, 12, tzinfo=UTC)) == times


@pytest.mark.parametrize(
    ("dollars", "words"),
    [
        (2.0, ""),
        (5.4, "will not last until 01 Dec"),
        (7.19, "four fifths"),
        (8.0, "four fifths"),
        (8.99, "neither read nor commanded"),
    ],
)
def test_the_owner_hears_of_it_in_stages(dollars: float, words: str) -> None:
    found = budget_reason(spent(dollars), TENTH)
    assert (found is None) == (not words)
    assert found is None or words in found.text


def test_three_quarters_near_the_months_end_are_no_news() -> None:
    assert budget_reason(spent(5.6), datetime(2026, 11, 27, tzinfo=UTC)) is None


def test_a_stage_is_told_once_so_its_text_does_not_follow_every_cent() -> None:
    assert budget_reason(spent(7.3), TENTH) == budget_reason(spent(8.4), TENTH)
