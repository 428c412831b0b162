"""How much should be on board when the next prices come out, if later prices may be as on any of the past days.

`worth[j]` is what the j-th unit on board saves later. Backwards in time, for each scenario: a slot of price c with room for k units turns
it into max(worth[j + k], min(worth[j], c)); a need makes the units below its level priceless, a cap those above it worthless; and where
the next prices come out, all scenarios are averaged into one, because until then nobody knows which of them it is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from planners.optimum import INF, Cell, cheapest

PRICELESS = 1e6  # per unit: a need is kept at any price
Worth = list[float]  # ascending: the last unit on board first


def on_board(cells: Sequence[Cell], futures: Sequence[Sequence[float]], told: Sequence[int], start_cost: float, charging: bool) -> int:
    """Units on board at the end of the last cell before `told[0]`. `futures`: per cell its cost per unit in each scenario, () where it
    is known; `told`: the cells at whose start prices come out, ascending."""
    total, first = max(cell.due for cell in cells), told[0]
    saved = worth(cells, futures, told, total)
    least = sum(each >= PRICELESS / 2 for each in saved)
    rest = [INF] * least + [0.0] * (total + 1 - least)
    for level in range(total - 1, least - 1, -1):
        rest[level] = rest[level + 1] + saved[total - level - 1]
    ends = [cost + (start_cost if level < total else 0.0) for level, cost in enumerate(rest)]
    last = cells[first - 1]
    known = [*cells[: first - 1], replace(last, due=max(last.due, least))]
    return sum(cheapest(known, total, start_cost, charging, ends))


def worth(cells: Sequence[Cell], futures: Sequence[Sequence[float]], told: Sequence[int], total: int) -> Worth:
    """What each unit on board saves at `told[0]`, the last of them first, averaged over the scenarios."""
    count = max(len(each) for each in futures)
    over, each, due = 0, [[0.0] * total], 0  # the worthless and the priceless ones, the same in all scenarios, are only counted
    for index in range(len(cells) - 1, told[0] - 1, -1):
        cell, costs = cells[index], futures[index]
        if len(each) == 1:
            each = [list(each[0]) for _ in range(count)]
        over, due = _bound(each, over, due, cell, total)
        own = min(cell.hi, int(cell.sun))
        sunny, bought = min(own, due), min(cell.hi, due)
        for number, values in enumerate(each):
            if own > 0:
                _buy(values, cell.sun_cost, own, sunny)
            if cell.hi > own:
                _buy(values, costs[number % len(costs)] if costs else cell.cost, cell.hi - own, bought - sunny)
        due -= bought
        if index in told:
            each = [[sum(many) / count for many in zip(*each, strict=True)]]
    return [-PRICELESS] * over + each[0] + [PRICELESS] * due


def _bound(each: Sequence[Worth], over: int, due: int, cell: Cell, total: int) -> tuple[int, int]:
    """How many are worthless and priceless from here on; they leave the lists."""
    room = len(each[0])
    low = min(max(0, cell.due - due), room)
    top = min(max(0, total - cell.cap - over), room - low)
    if low or top:
        for values in each:
            values[:] = values[top : room - low]
    return over + top, due + low


def _buy(values: Worth, cost: float, units: int, priceless: int) -> None:
    """The slot sells `units` at `cost`: they take the place of what would be saved most, of so many priceless ones first."""
    size = len(values) + priceless
    at = bisect_right(values, cost)
    few = min(units, size - at)
    values[at:] = [cost] * few + values[at : size - few]
