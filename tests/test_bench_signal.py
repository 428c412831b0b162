"""The yearly measurement of the signal: its own arithmetic, and that it never sees a price that was not published."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bench.signal_year import HOUR, NIGHT_HOURS, ahead, cost, rank_correlation

NOW = datetime(2022, 6, 8, 1, tzinfo=UTC)  # 18:00 of 7 June in California


@pytest.mark.parametrize(("ours", "wanted"), [([1, 2, 3], 1.0), ([3, 2, 1], -1.0), ([5, 5, 5], 0.0), ([1, 1, 2], 0.866)])
def test_ranks_are_compared_and_ties_share_theirs(ours: list[float], wanted: float) -> None:
    assert rank_correlation(ours, [0.1, 0.2, 0.9]) == pytest.approx(wanted, abs=1e-3)


def test_the_hours_that_look_cheapest_are_paid_at_what_came() -> None:
    assert cost([3, 1, 2], [0.1, 0.2, 0.3]) == pytest.approx(7.7 * 0.2 + 4.3 * 0.3)
    assert cost([0, 0, 0], [0.1, 0.2, 0.3]) == pytest.approx(7.7 * 0.1 + 4.3 * 0.2)


def test_a_price_that_is_not_published_changes_nothing() -> None:
    known = {NOW + i * HOUR: 0.05 + 0.01 * (i % 24) for i in range(-15 * 24, 80)}
    night = [NOW + timedelta(days=2) + i * HOUR for i in range(NIGHT_HOURS)]
    published = NOW + timedelta(hours=30)  # midnight of tomorrow
    unknown = {at: 9.0 if at >= published else price for at, price in known.items()}
    assert ahead(known, NOW, night) == ahead(unknown, NOW, night)
    assert len(set(ahead(known, NOW, night))) > 10
    assert ahead({at: price + (at.hour == 3) for at, price in known.items()}, NOW, night) != ahead(known, NOW, night)
