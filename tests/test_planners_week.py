"""A week of drives is planned in a fraction of the work, and exactly as without any saving: the plain tables, in which every level of every
slot is looked at, are written down here."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from planners.optimum import INF, Cell, cheapest, reachable
from planners.scenarios import PRICELESS, worth

FREE = 10**9


def plain_cost(cells: Sequence[Cell], total: int, start: float, *, charging: bool) -> float:
    """The least cost of `total` units, looking at every level and every number of units in it."""
    on, off = [INF] * (total + 1), [INF] * (total + 1)
    (on if charging else off)[0] = 0.0
    for cell in cells:
        after = [INF] * (total + 1)
        for e in range(total + 1):
            for units in range(1, min(cell.hi, e) + 1):
                ends = e == total
                if units < cell.lo and not ends:
                    continue
                part = units / cell.hi if ends else 1.0
                money = units * cell.cost + min(units, cell.sun) * (cell.sun_cost - cell.cost) + cell.fixed * part
                before = e - units
                after[e] = min(after[e], min(on[before], off[before] + start) + money)
        stays = [min(pair) for pair in zip(on, off, strict=True)]
        allowed = range(cell.due, min(cell.cap, total) + 1)
        on = [value if e in allowed else INF for e, value in enumerate(after)]
        off = [value if e in allowed else INF for e, value in enumerate(stays)]
    return min(on[total], off[total])


def cost_of(cells: Sequence[Cell], units: Sequence[int], total: int, start: float, *, charging: bool) -> float:
    """Of one plan; INF where it breaks a rule."""
    level, money, on = 0, 0.0, charging
    for cell, taken in zip(cells, units, strict=True):
        level += taken
        ends = level == total
        if taken and not (cell.lo <= taken <= cell.hi or (ends and taken <= cell.hi)):
            return INF
        if not cell.due <= level <= cell.cap:
            return INF
        if taken:
            money += taken * cell.cost + min(taken, cell.sun) * (cell.sun_cost - cell.cost)
            money += cell.fixed * (taken / cell.hi if ends else 1.0) + (0.0 if on else start)
        on = taken > 0
    return money if level == total else INF


def days(rng: Random, count: int = 3) -> tuple[list[Cell], int]:
    """Some days of eight slots, each ending with a drive: what is due and what the battery holds rise; in one slot it is away."""
    cells, due, room = list[Cell](), 0, 30
    for _ in range(count):
        for slot in range(8):
            hi = 0 if slot == 7 else rng.choice((6, 8, 8))
            sun = rng.choice((0.0, 0.0, 2.5, 5.0)) if hi else 0.0
            cells.append(Cell(rng.uniform(-0.2, 1.0), min(hi, 2), hi, 0, room, rng.choice((0.0, 0.1)), sun, rng.uniform(0.0, 0.2)))
        reach = reachable(cells, FREE)[-1]
        due = max(due, min(reach, due + rng.randrange(5, 25)))
        last = cells[-1]
        cells[-1] = Cell(last.cost, last.lo, last.hi, due, last.cap)
        room = max(room, due) + rng.randrange(10, 30)
    return cells, due


@pytest.mark.parametrize("seed", range(40))
def test_days_of_drives_cost_exactly_what_the_plain_tables_say(seed: int) -> None:
    rng = Random(seed)
    cells, total = days(rng)
    start, charging = rng.choice((0.0, 0.3)), rng.random() < 0.3
    units = cheapest(cells, total, start, charging)
    best = plain_cost(cells, total, start, charging=charging)
    assert cost_of(cells, units, total, start, charging=charging) == pytest.approx(best, abs=1e-9)
    assert best < INF


def plain_worth(cells: Sequence[Cell], futures: Sequence[Sequence[float]], told: Sequence[int], total: int) -> list[float]:
    """What each unit saves, with the priceless and the worthless ones written out."""
    count = max(len(each) for each in futures)
    each: list[list[float]] = [[0.0] * total for _ in range(count)]
    for index in range(len(cells) - 1, told[0] - 1, -1):
        cell, costs = cells[index], futures[index]
        own = min(cell.hi, int(cell.sun))
        for number, values in enumerate(each):
            values[total - cell.due :] = [PRICELESS] * cell.due
            values[: max(0, total - cell.cap)] = [-PRICELESS] * max(0, total - cell.cap)
            bought = [cell.sun_cost] * own + [costs[number % len(costs)] if costs else cell.cost] * (cell.hi - own)
            each[number] = sorted([*values, *bought])[:total]
        if index in told:
            each = [[sum(many) / count for many in zip(*each, strict=True)] for _ in range(count)]
    return each[0]


@pytest.mark.parametrize("seed", range(40))
def test_what_a_unit_on_board_saves_is_what_the_plain_lists_say(seed: int) -> None:
    rng = Random(seed)
    cells, total = days(rng)
    futures = [tuple(rng.uniform(0.0, 1.0) for _ in range(4)) if index >= 6 and cell.hi else () for index, cell in enumerate(cells)]
    told = sorted({4, *(rng.randrange(5, len(cells)) for _ in range(2))})
    assert worth(cells, futures, told, total) == pytest.approx(plain_worth(cells, futures, told, total), abs=1e-9)


def test_a_plan_keeps_only_the_levels_that_can_be_reached() -> None:
    """A week needs 5,400 units in 672 slots: looked at one by one these are 3.6 million levels, twice, and 60 MB."""
    import tracemalloc

    rng = Random(1)
    cells = [Cell(rng.random(), 5, 48, 0, 150 + 8 * at, 0.0) for at in range(672)]
    cells = [Cell(c.cost, c.lo, c.hi, 8 * at if at % 96 == 95 else 0, c.cap) for at, c in enumerate(cells)]
    total = max(cell.due for cell in cells)
    tracemalloc.start()
    cheapest(cells, total, 0.026, charging=False)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8e6
