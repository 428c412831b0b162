"""The measurement of needs over several nights: its own arithmetic, and that no plan but foresight sees a price that was not published."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bench.signal_nights import PLANS, Evening, Result, evening_of, needs, play, told
from bench.signal_year import HOUR

FIRST = evening_of(30)
NIGHT_PRICES = {FIRST + i * HOUR: 0.2 + 0.01 * (i % 24) for i in range(-20 * 24, 150)}
DEAR = {at: price + (0.5 if at < FIRST + 20 * HOUR else 0.0) for at, price in NIGHT_PRICES.items() if at >= FIRST} | {
    at: price for at, price in NIGHT_PRICES.items() if at < FIRST
}


def test_a_plan_is_paid_at_the_prices_that_came() -> None:
    result = Result()
    taken = play(PLANS["plugged in"], (FIRST, 2, 15.4), NIGHT_PRICES, result)  # two hours of 7.7 kW, at once
    assert taken == pytest.approx([15.4, 0.0])
    assert result.cost == pytest.approx(7.7 * (0.20 + 0.21))
    assert result.missed_kwh == 0.0


def test_a_dear_night_is_left_out_by_all_who_look_ahead() -> None:
    costs = {}
    for name, plan in PLANS.items():
        result = Result()
        play(plan, (FIRST, 3, 15.4), DEAR, result)
        costs[name] = result.cost
    assert costs["the prices themselves"] == pytest.approx(7.7 * (0.20 + 0.20))  # 18:00 of the second and of the third night
    assert costs["scenarios"] == pytest.approx(costs["the prices themselves"])
    assert costs["plugged in"] > 3 * costs["scenarios"]


@pytest.mark.parametrize("name", ["profile", "scenarios' median", "scenarios"])
def test_what_is_not_published_changes_nothing(name: str) -> None:
    until = Evening(FIRST, 3, 40.0, NIGHT_PRICES).published
    other = {at: 9.0 if at >= until else price for at, price in NIGHT_PRICES.items()}
    assert PLANS[name](Evening(FIRST, 3, 40.0, NIGHT_PRICES)) == PLANS[name](Evening(FIRST, 3, 40.0, other))
    tomorrow = {at: price + (0.1 if FIRST + 12 * HOUR <= at < until else 0.0) for at, price in NIGHT_PRICES.items()}
    assert PLANS[name](Evening(FIRST, 3, 60.0, NIGHT_PRICES)) != PLANS[name](Evening(FIRST, 3, 60.0, tomorrow))


def test_the_needs_are_the_same_each_time() -> None:
    assert list(needs(3)) == list(needs(3))
    assert {nights for _, nights, _ in needs(40)} == {2, 3, 5}


def test_what_was_said_of_the_error_is_compared_with_what_came() -> None:
    later = evening_of(0) + timedelta(days=4)
    prices = {later + i * HOUR: 0.2 + (0.1 if i >= 0 else 0.0) for i in range(-25 * 24, 200)}
    found = told(prices, 1)
    assert found.said == pytest.approx([0.0])  # the past was always the same
    assert found.came == pytest.approx([0.0])
    moved = {at: price + (0.1 if at >= evening_of(0) + 30 * HOUR else 0.0) for at, price in prices.items()}
    assert told(moved, 1).came == pytest.approx([0.1])
