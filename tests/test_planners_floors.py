"""The bound under a plan: never above what it really costs, and a search that uses it finds the same plan as one that does not."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import accumulate

from planners.floors import floors
from planners.optimum import INF, Cell, _Problem, _walk_back, cheapest, reachable
from tests.test_planners_optimum import cost_of, instance

FREE = 10**9


def plain(total: int) -> list[float]:
    return [float(level) for level in range(total + 1)]


def test_the_bound_is_never_above_the_best_of_all_choices() -> None:
    rng = random.Random(3)
    compared = 0
    while compared < 400:
        found, total, start = instance(rng)
        units = cheapest(found, total, start, charging=False)
        paid = cost_of(found, units, total, start, charging=False)
        least, bounds = floors(found, total, plain(total))
        if paid is None:
            continue  # the least amps can make an odd level impossible
        assert bounds
        assert least <= paid + 1e-9, (found, total)
        compared += 1


def test_without_starts_and_least_amps_the_bound_is_the_cost() -> None:
    night = [Cell(price, 1, 9, 0, FREE) for price in (3.0, 1.0, 2.0, 5.0)]
    assert floors([*night[:3], replace(night[3], due=14)], 14, plain(14))[0] == 9 * 1.0 + 5 * 2.0
    early = [replace(night[0], due=4), *night[1:3], replace(night[3], due=14)]
    assert floors(early, 14, plain(14))[0] == 4 * 3.0 + 9 * 1.0 + 1 * 2.0


def test_needs_that_cannot_be_met_have_no_bound() -> None:
    assert floors([Cell(1.0, 1, 9, 0, FREE), Cell(1.0, 1, 9, 20, FREE)], 20, plain(20))[1] == []


def week(rng: random.Random) -> tuple[list[Cell], int]:
    """Days with hours away, prices by the hour or two tariffs, some sun, deadlines and a cap that can be kept."""
    prices = [rng.choice([0.1, 0.4]) if rng.random() < 0.5 else rng.uniform(-0.02, 0.5) for _ in range(40)]
    found = []
    for i in range(rng.choice([40, 120, 160])):
        hi, price = 0 if i % 24 > 15 else rng.choice([16, 16, 8]), prices[i // 4]
        sun = rng.choice([0.0, 0.0, 0.0, rng.uniform(0, 20)])
        found.append(Cell(price * 0.06 + 1e-13 * i, min(hi, 5), hi, 0, FREE, max(0.0, price) * 0.05, sun, 0.003))
    reach = reachable(found, FREE)
    total = rng.randint(1, int(reach[-1] * 0.9))
    at = rng.randrange(len(found) // 2)
    found[at] = replace(found[at], due=rng.randint(0, min(total, reach[at]) // 2))
    if total - total // 3 < (reach[-1] - reach[at]) * 0.9:
        found[: at + 1] = [replace(cell, cap=max(total // 3, found[at].due)) for cell in found[: at + 1]]
    return [*found[:-1], replace(found[-1], due=total)], total


def test_a_search_within_bounds_finds_the_same_plan() -> None:
    rng = random.Random(20261123)
    narrowed = 0
    for _ in range(120):
        found, total = week(rng)
        each = [0.0] + [1.0] * (total - total // 8) + [0.5] * (total // 8)
        problem = _Problem(found, total, rng.choice([0.026, 0.0001]), rng.random() < 0.3, list(accumulate(each)))
        near, last = problem.bounded()
        far, end = problem.searched()
        if min(end.on[-1], end.off[-1]) == INF:
            continue  # the least amps can make an odd level impossible
        assert _walk_back(near, last, total, total) == _walk_back(far, end, total, total)
        narrowed += sum(len(one.levels.on) for one in near) < sum(len(one.levels.on) for one in far)
    assert narrowed > 60
