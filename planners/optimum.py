"""The exact cheapest way to put whole-amp charge into slots: levels due at deadlines, a least and a most per slot, a price per start.

Dynamic programming over slots and energy on board. One unit is one amp for one whole slot. In each slot the car charges with lo..hi
units or not at all, so with V(e) the cheapest way to have e units on board, charging in a slot of unit cost c gives

    on'(e)  = min over k in lo..hi of  min(on(e - k), off(e - k) + start) + k c
    off'(e) = min(on(e), off(e))

The inner minimum is a sliding window over e, so a slot costs O(levels), not O(levels x amps).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

INF = float("inf")


@dataclass(frozen=True, slots=True)
class Cell:
    """One slot. `cost`: per unit; `fixed`: for charging in it at all;
    `lo`..`hi`: units it takes when it charges (hi 0: not available); `due`, `cap`: least and most units
    that may be on board at its end."""

    cost: float
    lo: int
    hi: int
    due: int
    cap: int
    fixed: float = 0.0


@dataclass(frozen=True, slots=True)
class _Choice:
    """For each level after a slot: where it came from (units before) and whether the slot before it charged."""

    on_from: list[int]
    on_was_on: list[bool]
    off_was_on: list[bool]


def cheapest(cells: Sequence[Cell], total: int, start_cost: float, charging: bool) -> list[int]:
    """Units per slot. `due` must be reachable (see `reachable`); `charging`: going on in the first slot is no new start."""
    on, off = [INF] * (total + 1), [INF] * (total + 1)
    (on if charging else off)[0] = 0.0
    choices: list[_Choice] = []
    least = _least(cells, total)
    for index, cell in enumerate(cells):
        choice, on, off = _step(cell, on, off, total, start_cost)
        for e in range(total + 1):
            if e < least[index] or e > cell.cap:
                on[e] = off[e] = INF
        choices.append(choice)
    return _walk_back(choices, on, off, total)


def reachable(cells: Sequence[Cell], total: int) -> list[int]:
    """The most units that can be on board at each slot's end, charging all the time."""
    level, out = 0, []
    for cell in cells:
        level = max(level, min(total, cell.cap, level + cell.hi))
        out.append(level)
    return out


def _least(cells: Sequence[Cell], total: int) -> list[int]:
    """Below these levels no later deadline can be met: it prunes, it forbids nothing that could work."""
    out, level = [0] * len(cells), 0
    for index in range(len(cells) - 1, -1, -1):
        level = max(cells[index].due, level)
        out[index] = min(level, total)
        level = max(0, level - cells[index].hi)
    return out


def _step(cell: Cell, on: list[float], off: list[float], total: int, start_cost: float) -> tuple[_Choice, list[float], list[float]]:
    off_was_on = [a < b for a, b in zip(on, off, strict=True)]
    new_off = [a if was else b for was, a, b in zip(off_was_on, on, off, strict=True)]
    new_on = [INF] * (total + 1)
    on_from = [0] * (total + 1)
    if cell.hi <= 0:
        return _Choice(on_from, [False] * (total + 1), off_was_on), new_on, new_off
    was_on = [a <= b + start_cost for a, b in zip(on, off, strict=True)]
    begin = start_cost + cell.fixed
    base = [(a + cell.fixed if was else b + begin) - e * cell.cost for e, (was, a, b) in enumerate(zip(was_on, on, off, strict=True))]
    _slide(base, cell, new_on, on_from)
    if total:  # the last units may take less than the least: the car stops within the slot
        first = max(0, total - cell.hi)
        at = min(range(first, total), key=base.__getitem__)
        if base[at] + total * cell.cost < new_on[total]:
            new_on[total], on_from[total] = base[at] + total * cell.cost, at
    return _Choice(on_from, was_on, off_was_on), new_on, new_off


def _slide(base: list[float], cell: Cell, new_on: list[float], on_from: list[int]) -> None:
    """new_on[e] = e cost + min of base over e - hi .. e - lo."""
    window: deque[int] = deque()
    lo, hi, cost = cell.lo, cell.hi, cell.cost
    for e in range(lo, len(base)):
        value = base[e - lo]
        while window and base[window[-1]] > value:
            window.pop()
        window.append(e - lo)
        if window[0] < e - hi:
            window.popleft()
        best = window[0]
        if base[best] < INF:
            new_on[e] = base[best] + e * cost
            on_from[e] = best


def _walk_back(choices: list[_Choice], on: list[float], off: list[float], total: int) -> list[int]:
    finite = [e for e in range(total + 1) if min(on[e], off[e]) < INF]
    e = max(finite, default=0)
    charging = bool(finite) and on[e] < off[e]
    units = [0] * len(choices)
    for index in range(len(choices) - 1, -1, -1):
        choice = choices[index]
        if charging:
            before = choice.on_from[e]
            units[index] = e - before
            charging = choice.on_was_on[before]
            e = before
        else:
            charging = choice.off_was_on[e]
    return units
