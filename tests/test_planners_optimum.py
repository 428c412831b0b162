"""The exact optimum against brute force, and as drawings: `#` full power, `5` five units, `_` nothing."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise, product

import pytest

from planners.optimum import Cell, cheapest, reachable

FREE = 10**9


def cells(prices: Sequence[float], hi: int = 9, lo: int = 1, **changes: float) -> list[Cell]:
    return [Cell(price, lo, hi, 0, FREE, changes.get("fixed", 0.0)) for price in prices]


def due(found: list[Cell], slot: int, level: int) -> list[Cell]:
    cell = found[slot]
    return [*found[:slot], Cell(cell.cost, cell.lo, cell.hi, level, cell.cap, cell.fixed), *found[slot + 1 :]]


def drawn(found: Sequence[Cell], total: int, start: float = 1e-4, *, charging: bool = False) -> str:
    units = cheapest(found, total, start, charging)
    return "".join("_" if unit == 0 else "#" if unit == cell.hi else str(unit) for unit, cell in zip(units, found, strict=True))


def cost_of(found: Sequence[Cell], units: Sequence[int], total: int, start: float, *, charging: bool) -> float | None:
    """What this choice costs; None where it is not allowed."""
    level, spent, on = 0, 0.0, charging
    for cell, unit in zip(found, units, strict=True):
        level += unit
        ends = level == total
        if unit and not (cell.lo <= unit <= cell.hi or (ends and unit <= cell.hi)):
            return None
        if not cell.due <= level <= cell.cap:
            return None
        if unit:
            part = unit / cell.hi if ends else 1.0
            spent += unit * cell.cost + cell.fixed * part + (0.0 if on else start)
        on = unit > 0
    return spent if level == total else None


def brute_force(found: Sequence[Cell], total: int, start: float, *, charging: bool) -> float:
    choices = product(*(range(cell.hi + 1) for cell in found))
    costs = (cost_of(found, units, total, start, charging=charging) for units in choices if sum(units) == total)
    return min((cost for cost in costs if cost is not None), default=float("inf"))


def instance(rng: random.Random) -> tuple[list[Cell], int, float]:
    """A few slots with whole prices, so that equal costs are equal numbers; deadlines that can be met."""
    count = rng.randint(1, 6)
    plain = []
    for _ in range(count):
        hi = rng.choice([0, 1, 2, 3, 4])
        plain.append(Cell(float(rng.randint(-3, 6)), min(hi, rng.randint(1, 2)), hi, 0, FREE, float(rng.choice([0, 0, 2, 4]))))
    reach = reachable(plain, FREE)
    found = [
        Cell(cell.cost, cell.lo, cell.hi, rng.choice([0, 0, rng.randint(0, most)]), rng.choice([FREE, FREE, FREE, most]), cell.fixed)
        for cell, most in zip(plain, reach, strict=True)
    ]
    least = max(cell.due for cell in found)
    return found, rng.randint(least, max(least, reach[-1])), rng.choice([0.0, 1.0, 3.0])


def test_it_costs_exactly_as_much_as_the_best_of_all_choices() -> None:
    rng = random.Random(20261121)
    compared = 0
    while compared < 1500:
        found, total, start = instance(rng)
        charging = rng.random() < 0.3
        best = brute_force(found, total, start, charging=charging)
        if best == float("inf"):
            continue  # the least amps can make an odd level impossible
        units = cheapest(found, total, start, charging)
        assert cost_of(found, units, total, start, charging=charging) == pytest.approx(best, abs=1e-9), (found, total, start, units)
        compared += 1


@pytest.mark.parametrize(
    ("prices", "total", "want"),
    [
        ([3, 3, 1, 1, 3, 3], 18, "__##__"),
        ([1, 3, 1, 3, 1, 3], 27, "#_#_#_"),
        ([3, 3, 1, 1, 4, 4], 23, "_5##__"),  # the rest joins the block instead of beginning a new one
        ([2, 2, 2, 2], 0, "____"),
        ([5, 4, 3, 2, 1], 45, "#####"),
        ([1, 1, 1, 1, 1, 1], 18, "##____"),
        ([1, 1, -1, -1, 1, 1], 9, "__#___"),
    ],
)
def test_the_cheapest_slots_are_taken(prices: Sequence[float], total: int, want: str) -> None:
    assert drawn([Cell(price + 1e-6 * i, 5, 9, 0, FREE) for i, price in enumerate(prices)], total) == want


@pytest.mark.parametrize(("start", "want"), [(0.0, "#_#_"), (8.0, "#_#_"), (10.0, "##__")])
def test_a_start_is_bought_only_where_it_pays(start: float, want: str) -> None:
    assert drawn([Cell(price, 9, 9, 0, FREE) for price in (1.0, 2.0, 1.0001, 3.0)], 18, start) == want


def test_the_least_amps_bridge_a_dear_slot_where_a_start_costs_more() -> None:
    assert drawn([Cell(price, 1, 9, 0, FREE) for price in (1.0, 2.0, 1.0001, 3.0)], 18, 8.0) == "#18_"


def test_going_on_is_no_new_start() -> None:
    prices = cells([1.2, 1.0, 1.0, 1.2], lo=9)
    assert drawn(prices, 18, 1.0) == "_##_"
    assert drawn(prices, 18, 5.0, charging=True) == "##__"


def test_nested_deadlines_take_the_early_slots_only_for_what_is_due_early() -> None:
    night = [Cell(price + 1e-6 * i, 5, 9, 0, FREE) for i, price in enumerate([9, 9, 9, 1, 1, 1])]
    assert drawn(due(due(night, 2, 5), 5, 23), 23) == "__5##_"


def test_a_cap_holds_until_its_slot_has_passed() -> None:
    early = [Cell(1.0, 1, 9, 0, 4, 0.0)] * 3 + [Cell(5.0, 1, 9, 0, FREE, 0.0)] * 3
    units = cheapest(early, 20, 1e-4, charging=False)
    assert sum(units[:3]) == 4
    assert sum(units) == 20


def test_a_slot_is_used_with_the_least_amps_or_not_at_all() -> None:
    units = cheapest(cells([1, 1, 1], lo=5), 11, 0.0, charging=False)
    assert all(unit == 0 or unit >= 5 for unit in units[:-1])
    assert sum(units) == 11


def test_what_it_costs_to_be_on_prefers_full_power() -> None:
    assert drawn(cells([1, 1, 1, 1], fixed=0.5), 18) in ("##__", "_##_", "__##")


def test_the_last_slot_is_on_for_a_part_only() -> None:
    """Otherwise a car would wait for the next full slot although the present one is as cheap."""
    now = [Cell(1.0, 1, 6, 0, FREE, 0.5 * 2 / 3)] + [Cell(1.0 + 1e-9 * i, 1, 9, 0, FREE, 0.5) for i in range(1, 5)]
    assert drawn(now, 27) == "###3_"


def test_nothing_is_available_in_a_slot_with_no_amps() -> None:
    found = [Cell(0.0, 0, 0, 0, FREE), *cells([1, 1])]
    assert drawn(found, 9)[0] == "_"
    assert reachable(found, 99) == [0, 9, 18]


def test_a_long_horizon_is_solved_without_recursion() -> None:
    rng = random.Random(1)
    prices = [rng.random() for _ in range(672)]
    units = cheapest(cells(prices, hi=48, lo=5), 1500, 0.026, charging=False)
    assert sum(units) == 1500
    assert all(unit == 0 or unit >= 5 for unit in units) or sum(unit in range(1, 5) for unit in units) == 1
    assert max(pairwise(units))  # it is a plan of this horizon
