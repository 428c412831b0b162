"""Prices beyond the published ones: the past days as scenarios, against brute force and by hand; when the next prices come out."""

from __future__ import annotations

import random
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

import pytest

from model import SLOT, Code
from planners.middle import middle
from planners.optimum import INF, Cell, cheapest
from planners.past_days import past_days, usual_miss
from planners.publication import publications
from planners.scenarios import on_board
from planners.signal import signal
from tests.builders import EVENING, ZONE, at, series, settings, snapshot

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MONDAY = at("2026-12-07 00:00")
FREE = 10**9


def local(moment: datetime) -> datetime:
    return moment.astimezone(ZONE)


def cost_of(cells: list[Cell], units: list[int]) -> float:
    return sum(cell.cost * unit for cell, unit in zip(cells, units, strict=True))


def cells_of(prices: list[float], hi: int = 2, due: int = 0) -> list[Cell]:
    found = [Cell(price, 1, hi, 0, FREE) for price in prices]
    return [*found[:-1], replace(found[-1], due=due)]


def bought(cells: list[Cell], level: int, first: int) -> float:
    """The cheapest way on from `level` on board before the cell `first`; INF where the needs cannot be met."""
    rest = [replace(cell, due=max(0, cell.due - level), cap=cell.cap - level) for cell in cells[first:]]
    if any(cell.cap < 0 for cell in rest):
        return INF
    total, reach = max(cell.due for cell in rest), 0
    for cell in rest:
        reach = min(cell.cap, reach + cell.hi)
        if reach < cell.due:
            return INF
    return cost_of(rest, cheapest(rest, total, 0.0, charging=False))


def test_with_one_scenario_it_is_the_exact_optimum() -> None:
    rng = random.Random(1)
    for _ in range(200):
        prices = [float(rng.randint(1, 9)) for _ in range(8)]
        total = rng.randint(1, 12)
        cells = cells_of(prices, due=total)
        cells[4] = replace(cells[4], due=rng.randint(0, total // 2))
        futures = [() if i < 3 else (price,) for i, price in enumerate(prices)]
        level = on_board(cells, futures, [3], 0.0, charging=False)
        best = cost_of(cells, cheapest(cells, total, 0.0, charging=False))
        before = cost_of(cells[:3], cheapest([*cells[:2], replace(cells[2], due=level)], level, 0.0, charging=False)) if level else 0.0
        assert before + bought(cells, level, 3) == pytest.approx(best)


def test_until_the_prices_come_out_nobody_knows_which_scenario_it_is() -> None:
    """Against every level that could be on board then, each followed by the best of each scenario."""
    rng = random.Random(2)
    decided = 0
    for _ in range(200):
        known = [float(rng.randint(1, 9)) for _ in range(3)]
        told = [[float(rng.randint(1, 9)) for _ in range(3)] for _ in range(4)]
        total = rng.randint(1, 11)
        cells = cells_of([*known, 0.0, 0.0, 0.0], due=total)
        cells[4] = replace(cells[4], due=rng.randint(0, total // 2), cap=rng.choice([FREE, max(total - 2, 0)]))
        costs = {}
        for level in range(min(6, total) + 1):
            before = cost_of(cells[:3], cheapest([*cells[:2], replace(cells[2], due=level)], level, 0.0, charging=False)) if level else 0.0
            later = [bought([*cells[:3], *(replace(c, cost=p) for c, p in zip(cells[3:], day, strict=True))], level, 3) for day in told]
            costs[level] = before + sum(later) / len(later)
        if min(costs.values()) == INF:
            continue
        futures = [(), (), (), *zip(*told, strict=True)]
        decided += 1
        assert costs[on_board(cells, futures, [3], 0.0, charging=False)] == pytest.approx(min(costs.values()))
    assert decided > 100


def test_one_dear_day_in_three_is_worth_more_than_the_median_says() -> None:
    cells = cells_of([3.0, 1.0], due=2)  # the median of 1, 1 and 9 is 1, their mean 3.7
    assert on_board(cells, [(), (1.0, 1.0, 9.0)], [1], 0.0, charging=False) == 2
    assert on_board(cells, [(), (1.0, 1.0, 1.0)], [1], 0.0, charging=False) == 0


def test_a_later_start_costs_its_price() -> None:
    cells = cells_of([3.0, 2.9], due=2)
    assert on_board(cells, [(), (2.9, 2.9)], [1], 0.0, charging=True) == 0
    assert on_board(cells, [(), (2.9, 2.9)], [1], 0.5, charging=True) == 2


def test_expected_sun_is_cheaper_than_the_scenarios() -> None:
    cells = cells_of([3.0, 5.0], due=2)
    cells[1] = replace(cells[1], sun=2.0, sun_cost=1.0)
    assert on_board(cells, [(), (5.0, 5.0)], [1], 0.0, charging=False) == 0


def test_each_past_day_is_moved_to_the_level_of_the_newest_one() -> None:
    values = [level + (0.1 if hour == 19 else 0.0) for level in (1.0, 2.0, 3.0, 4.0, 5.0) for hour in range(24)]
    known = past_days(series(MONDAY - 7 * DAY, values), MONDAY - DAY, local)  # Monday to Friday, 30 November to 4 December
    assert known is not None
    monday = at("2026-12-07 19:00")  # three days after the newest: 0.7 ** 3 = 0.343 of the way to its level
    assert known.at(local(monday)) == pytest.approx([1.1 + 0.343 * 4, 2.1 + 0.343 * 3, 3.1 + 0.343 * 2, 4.1 + 0.343, 5.1])


def test_half_of_what_weekends_differ_by_is_taken_out_and_put_back() -> None:
    values = [2.0 if (MONDAY + i * HOUR).astimezone(ZONE).weekday() < 5 else 1.0 for i in range(-14 * 24, 0)]
    known = past_days(series(MONDAY - 14 * DAY, values), MONDAY, local)
    assert known is not None
    assert known.week == pytest.approx(-0.5)
    # the newest day is a Sunday: level 1.5; the weekdays' 2.0 move by 0.7 x (1.5 - 2.0)
    assert sorted({round(one, 6) for one in known.at(local(MONDAY))}) == pytest.approx([1.5, 1.65])


def test_fewer_than_five_whole_days_are_no_scenarios() -> None:
    assert past_days(series(MONDAY - 4 * DAY, [0.1] * (4 * 24 + 12)), MONDAY, local) is None
    assert past_days(series(MONDAY - 5 * DAY, [0.1] * (5 * 24)), MONDAY, local) is not None


def test_only_the_newest_fourteen_days_count() -> None:
    known = past_days(series(MONDAY - 40 * DAY, [9.0] * (26 * 24) + [1.0] * (14 * 24)), MONDAY, local)
    assert known is not None
    assert known.at(local(MONDAY + HOUR)) == (1.0,) * 14


def test_the_hour_that_a_spring_day_lacks_is_told_by_the_others() -> None:
    spring = at("2027-03-14 00:00")
    known = past_days(series(spring - 6 * DAY, [float(i % 24) for i in range(6 * 24 + 23)]), spring, local)
    assert known is not None
    assert len(known.at(local(at("2027-03-15 02:00")))) == 6
    assert len(known.at(local(at("2027-03-15 03:00")))) == 7


def test_the_error_is_that_of_the_middle_scenario_told_by_the_days_before() -> None:
    levels = (1.0, 1.0, 1.0, 1.0, 1.0, 1.4, 1.4)  # the sixth is 0.4 off; of the seventh the middle is 1 + 0.7 x 0.4
    values = [level for level in levels for _ in range(24)]
    known = past_days(series(MONDAY - 14 * DAY, values), MONDAY - 7 * DAY, local)
    assert known is not None
    assert usual_miss(replace(known, week=0.0, levels=dict(zip(known.days, levels, strict=True)))) == pytest.approx((0.4 + 0.12) / 2)


def test_the_reason_names_the_days_and_their_error() -> None:
    prices = series(at("2026-12-08 00:00") - 9 * DAY, [0.1, 0.2] * (12 * 10))
    slots, reasons = signal(snapshot(prices=prices), settings(), EVENING + 2 * DAY)
    told = reasons[-1]
    assert (told.code, told.detail) == (Code.PRICE_SCENARIOS, {"days": 10, "error": 0.0})
    assert "the last 10 days stand in" in told.text
    assert "within $0.000 per kWh" in told.text
    assert {len(slot.futures) for slot in slots} == {0, 10}
    assert all(bool(slot.futures) is slot.forecast for slot in slots)


def test_futures_are_money_alone() -> None:
    prices = series(at("2026-12-08 00:00") - 9 * DAY, [0.1, 0.2] * (12 * 10))
    seen = snapshot(prices=prices, load=series(EVENING - HOUR, [1.0, 2.0] * 30))
    slots, _ = signal(seen, settings(PREFER="grid"), EVENING + 2 * DAY)
    assert not any(slot.futures for slot in slots)


@pytest.mark.parametrize(
    ("now", "until", "wanted"),
    [
        ("2026-12-08 18:00", "2026-12-10 00:00", ["2026-12-09 13:00", "2026-12-10 13:00"]),
        ("2026-12-08 09:00", "2026-12-09 00:00", ["2026-12-08 13:00", "2026-12-09 13:00", "2026-12-10 13:00"]),
        ("2026-12-08 15:00", "2026-12-09 00:00", ["2026-12-08 16:00", "2026-12-09 13:00", "2026-12-10 13:00"]),  # they are late
        ("2026-12-08 23:30", "2026-12-09 00:00", ["2026-12-09 00:00", "2026-12-09 13:00", "2026-12-10 13:00"]),
        ("2026-12-08 18:00", "2026-12-09 23:00", ["2026-12-09 13:00", "2026-12-10 13:00"]),  # another zone's midnight
    ],
)
def test_prices_of_a_day_come_out_at_one_o_clock_on_the_day_before(now: str, until: str, wanted: list[str]) -> None:
    starts = [at(now) + i * SLOT for i in range(60 * 4)]
    found = publications(starts, starts.index(at(until)), at(now), ZONE)
    assert [starts[index] for index in found] == [at(one) for one in wanted]


def test_on_the_day_when_summer_begins_it_is_still_one_o_clock() -> None:
    starts = [at("2027-03-13 18:00") + i * SLOT for i in range(48 * 4)]
    found = publications(starts, starts.index(at("2027-03-15 00:00")), starts[0], ZONE)
    assert starts[found[0]] == at("2027-03-14 13:00")


def test_the_middle_is_the_median_and_a_cycle_beyond_the_published_prices_loads_no_statistics() -> None:
    for count in range(1, 12):
        values = [random.Random(count).uniform(-1, 1) for _ in range(count)]
        assert middle(iter(values)) == pytest.approx(median(values))
    code = "import sys, planners.decide, planners.later, planners.past_days, planners.profile; sys.exit('statistics' in sys.modules)"
    root = Path(__file__).resolve().parents[1]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
