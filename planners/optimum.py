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
from itertools import accumulate

INF = float("inf")


@dataclass(frozen=True, slots=True)
class Cell:
    """One slot. `cost`: per unit; `fixed`: for charging in it at all (in the last one: for as long as full power takes);
    `lo`..`hi`: units it takes when it charges (hi 0: not available); `due`, `cap`: least and most units
    that may be on board at its end."""

    cost: float
    lo: int
    hi: int
    due: int
    cap: int
    fixed: float = 0.0


def cheapest(cells: Sequence[Cell], total: int, start_cost: float, charging: bool) -> list[int]:
    """Units per slot. `due` must be reachable (see `reachable`); `charging`: going on in the first slot is no new start."""
    on, off = [INF] * (total + 1), [INF] * (total + 1)
    (on if charging else off)[0] = 0.0
    befores = []
    low, high = 0, 0  # levels outside these lead nowhere or cannot be reached: most of the work is not done
    for cell, least, most in zip(cells, _least(cells, total), reachable(cells, total), strict=True):
        before = _Before(cell, on, off, start_cost)
        befores.append(before)
        on, off = _step(before, (low, high), (least, min(most, cell.cap)))
        low, high = least, min(most, cell.cap)
    return _walk_back(befores, on, off, total)


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
    return list(accumulate(out, max))  # what is on board stays on board


@dataclass(frozen=True, slots=True)
class _Before:
    """One slot, and the cheapest way to each level before it: charging in the slot before, or not."""

    cell: Cell
    on: list[float]
    off: list[float]
    start_cost: float

    def base(self, low: int, high: int) -> list[float]:
        """Before this slot's own units, for low <= level <= high: on or started, less level x cost."""
        cell, begin = self.cell, self.start_cost + self.cell.fixed
        pairs = zip(self.on[low : high + 1], self.off[low : high + 1], strict=True)
        return [(a + cell.fixed if a <= b + self.start_cost else b + begin) - e * cell.cost for e, (a, b) in enumerate(pairs, low)]

    def came_from(self, e: int, total: int) -> int:
        """The level before the slot from which charging in it led to `e` at the least cost."""
        first = max(0, e - self.cell.hi)
        base = self.base(first, e - 1)
        full = e - self.cell.lo - first + 1  # so many of them take at least the least
        at = min(range(full), key=base.__getitem__) if full > 0 else 0
        if e == total:
            ending = self.ending(base, first, total)
            last = min(range(len(base)), key=ending.__getitem__)
            at = last if full <= 0 or ending[last] < base[at] else at
        return first + at

    def ending(self, base: list[float], low: int, total: int) -> list[float]:
        """As `base`, for a car that stops within the slot, at `total`: it is on for a part of it only."""
        fixed, hi = self.cell.fixed, self.cell.hi
        return [value - fixed * (1 - (total - e) / hi) for e, value in enumerate(base, low)]


def _step(before: _Before, old: tuple[int, int], new: tuple[int, int]) -> tuple[list[float], list[float]]:
    """on' and off' for the levels `new` (first, last), from those of `old`."""
    size = len(before.on)
    on, off = [INF] * size, [INF] * size
    low, high = max(old[0], new[0]), min(old[1], new[1])
    pairs = zip(before.on[low : high + 1], before.off[low : high + 1], strict=True)
    off[low : high + 1] = [a if a < b else b for a, b in pairs]  # noqa: FURB136 - min() takes twice as long, here in the innermost line
    cell, total = before.cell, size - 1
    if cell.hi > 0:
        base = before.base(*old)
        _slide(base, old[0], cell, new, on)
        if new[1] == total and old[0] < total:  # the last units may take less than the least: the car stops within the slot
            first = max(old[0], total - cell.hi)
            last = before.ending(base[first - old[0] : total - old[0]], first, total)
            on[total] = min(on[total], min(last, default=INF) + total * cell.cost)
    return on, off


def _slide(base: list[float], low: int, cell: Cell, new: tuple[int, int], on: list[float]) -> None:
    """on[e] = e cost + min of base over e - hi .. e - lo, for the levels `new`; base[0] belongs to level `low`."""
    window: deque[int] = deque()
    span, cost, shift = cell.hi - cell.lo, cell.cost, low + cell.lo
    skip = new[0] - shift  # before this index nothing is asked for
    newest = INF
    for at, value in enumerate(base):
        if value < newest:
            while window and base[window[-1]] > value:
                window.pop()
        newest = value
        window.append(at)
        if window[0] < at - span:
            window.popleft()
        if at >= skip:
            if at + shift > new[1]:
                return
            on[at + shift] = base[window[0]] + (at + shift) * cost
    for at in range(len(base), new[1] - shift + 1):
        while window and window[0] < at - span:
            window.popleft()
        if window and at >= skip:
            on[at + shift] = base[window[0]] + (at + shift) * cost


def _walk_back(befores: list[_Before], on: list[float], off: list[float], total: int) -> list[int]:
    finite = [e for e in range(total + 1) if min(on[e], off[e]) < INF]
    e = max(finite, default=0)
    charging = bool(finite) and on[e] < off[e]
    units = [0] * len(befores)
    for index in range(len(befores) - 1, -1, -1):
        before = befores[index]
        if charging:
            level = before.came_from(e, total)
            units[index] = e - level
            charging = before.on[level] <= before.off[level] + before.start_cost
            e = level
        else:
            charging = before.on[e] < before.off[e]
    return units
