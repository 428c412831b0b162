"""Units with a cost of their own in a slot: exact against brute force, whichever of the two costs is the lower."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import pytest

from planners.optimum import Cell, cheapest, reachable

FREE = 10**9


def spent(cell: Cell, units: int) -> float:
    return sum(cell.sun_cost * min(1.0, max(0.0, cell.sun - k)) + cell.cost * min(1.0, max(0.0, k + 1 - cell.sun)) for k in range(units))


def cost_of(found: Sequence[Cell], units: Sequence[int], total: int, start: float) -> float | None:
    """What this choice costs, unit by unit; None where it is not allowed."""
    level, money, on = 0, 0.0, False
    for cell, unit in zip(found, units, strict=True):
        level += unit
        ends = level == total
        if unit and not (cell.lo <= unit <= cell.hi or (ends and unit <= cell.hi)):
            return None
        if not cell.due <= level <= cell.cap:
            return None
        if unit:
            money += spent(cell, unit) + cell.fixed * (unit / cell.hi if ends else 1.0) + (0.0 if on else start)
        on = unit > 0
    return money if level == total else None


def best(found: Sequence[Cell], total: int, start: float) -> float:
    choices = (units for units in product(*(range(cell.hi + 1) for cell in found)) if sum(units) == total)
    costs = (cost_of(found, units, total, start) for units in choices)
    return min((cost for cost in costs if cost is not None), default=float("inf"))


def instance(rng: random.Random) -> tuple[list[Cell], int, float]:
    """A few slots with and without sun, whole units of it and parts of one; deadlines that can be met."""
    plain = []
    for _ in range(rng.randint(1, 5)):
        hi = rng.choice([0, 1, 2, 3, 4])
        sun, earns = rng.choice([0.0, 0.0, 0.5, 1.0, 2.0, 2.25, 9.0]), float(rng.randint(-1, 6))
        plain.append(Cell(float(rng.randint(-3, 6)), min(hi, rng.randint(1, 2)), hi, 0, FREE, float(rng.choice([0, 0, 2])), sun, earns))
    reach = reachable(plain, FREE)
    found = [replace(cell, due=rng.choice([0, 0, rng.randint(0, most)])) for cell, most in zip(plain, reach, strict=True)]
    least = max(cell.due for cell in found)
    return found, rng.randint(least, max(least, reach[-1])), rng.choice([0.0, 1.0, 3.0])


def test_with_sun_it_costs_exactly_as_much_as_the_best_of_all_choices() -> None:
    rng = random.Random(20261122)
    compared = 0
    while compared < 1000:
        found, total, start = instance(rng)
        least = best(found, total, start)
        if least == float("inf"):
            continue  # the least amps can make an odd level impossible
        units = cheapest(found, total, start, charging=False)
        assert cost_of(found, units, total, start) == pytest.approx(least, abs=1e-9), (found, total, start, units)
        compared += 1


def test_a_plan_that_knows_of_the_sun_is_never_dearer_than_one_that_does_not() -> None:
    """A whole night and day of slots; both plans are paid for with the sun that there is."""
    rng = random.Random(7)
    for _ in range(25):
        slots = [
            Cell(
                rng.uniform(-0.1, 0.5), 5, 32, 0, FREE, rng.choice([0.0, 0.02]), rng.choice([0.0, rng.uniform(0, 40)]), rng.uniform(0, 0.3)
            )
            for _ in range(60)
        ]
        total = rng.randint(1, 900)
        slots[-1] = replace(slots[-1], due=total)
        blind = cheapest([replace(cell, sun=0.0) for cell in slots], total, 0.026, charging=False)
        seeing = cheapest(slots, total, 0.026, charging=False)
        costs = [cost_of(slots, units, total, 0.026) for units in (seeing, blind)]
        assert costs[0] is not None
        assert costs[1] is not None
        assert costs[0] <= costs[1] + 1e-9


def test_the_amps_follow_the_sun_where_the_grid_is_dear() -> None:
    day = [Cell(0.4 + 1e-6 * i, 5, 32, 0, FREE, 0.0, sun, 0.0) for i, sun in enumerate([0, 6, 12.5, 20, 12.5, 6, 0])]
    assert cheapest(day, 56, 0.01, charging=False) == [0, 6, 12, 20, 12, 6, 0]


def test_sun_below_the_least_amps_is_taken_only_where_the_rest_is_cheap() -> None:
    weak = [Cell(0.4, 6, 32, 0, FREE, 0.0, 3.0, 0.0), Cell(0.25, 6, 32, 0, FREE)]
    assert cheapest(weak, 6, 0.0, charging=False) == [6, 0]  # half of six for nothing is 0.20 each
    assert cheapest([replace(weak[0], sun=2.0), weak[1]], 6, 0.0, charging=False) == [0, 6]


def test_sun_that_is_sold_dearer_than_the_grid_asks_is_left_to_be_sold() -> None:
    day = [Cell(0.3, 5, 32, 0, FREE, 0.0, 10.0, 0.35), Cell(0.3 + 1e-6, 5, 32, 0, FREE)]
    assert cheapest(day, 20, 0.0, charging=False) == [0, 20]
