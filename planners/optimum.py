"""The exact cheapest way to put whole-amp charge into slots: levels due at deadlines, a least and a most per slot, a price per start.

Dynamic programming over slots and energy on board. One unit is one amp for one whole slot. In each slot the car charges with lo..hi
units or not at all, so with V(e) the cheapest way to have e units on board, charging in a slot of unit cost c gives

    on'(e)  = min over k in lo..hi of  min(on(e - k), off(e - k) + start) + k c
    off'(e) = min(on(e), off(e))

The inner minimum is a sliding window over e, so a slot costs O(levels), not O(levels x amps). Where the first `sun` units of a slot have
a cost of their own, k is either within them or beyond: two windows, exact whichever of the two costs is the lower.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

INF = float("inf")


@dataclass(frozen=True, slots=True)
class Cell:
    """One slot. `cost`: per unit; `fixed`: for charging in it at all (in the last one: for as long as full power takes);
    `lo`..`hi`: units it takes when it charges (hi 0: not available); `due`, `cap`: least and most units
    that may be on board at its end; `sun`: so many of its units (also parts of one) cost `sun_cost` instead."""

    cost: float
    lo: int
    hi: int
    due: int
    cap: int
    fixed: float = 0.0
    sun: float = 0.0
    sun_cost: float = 0.0

    def pieces(self) -> tuple[_Piece, ...]:
        """The stretches of units within which each costs the same."""
        if self.sun <= 0.0:
            return (_Piece(self.cost, self.lo, self.hi, 0.0),)
        whole = int(self.sun)
        within = _Piece(self.sun_cost, self.lo, min(self.hi, whole), 0.0)
        beyond = _Piece(self.cost, max(self.lo, whole + 1), self.hi, self.sun * (self.sun_cost - self.cost))
        return tuple(piece for piece in (within, beyond) if piece.lo <= piece.hi)


@dataclass(frozen=True, slots=True)
class _Piece:
    """k units, lo <= k <= hi, cost `more` + k x `cost`."""

    cost: float
    lo: int
    hi: int
    more: float


def cheapest(cells: Sequence[Cell], total: int, start_cost: float, charging: bool, ends: Sequence[float] = ()) -> list[int]:
    """Units per slot. `due` must be reachable (see `reachable`); `charging`: going on in the first slot is no new start. As many as can be
    on board at the end, or with `ends`: the level at which the units and what `ends[level]` says of the time after cost least."""
    now = _Levels(0, [0.0 if charging else INF], [INF if charging else 0.0])
    befores = []
    for cell, least, most in zip(cells, _least(cells, total), reachable(cells, total), strict=True):
        befores.append(_Before(cell, now.packed(), start_cost))
        now = _step(_Before(cell, now, start_cost), least, max(least, min(most, cell.cap)), total)
    costs = {level: min(pair) for level, pair in enumerate(zip(now.on, now.off, strict=True), now.low) if min(pair) < INF}
    if not costs:
        return [0] * len(cells)
    best = min(costs, key=lambda level: costs[level] + ends[level]) if ends else max(costs)
    return _walk_back(befores, now, best, total)


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
class _Levels:
    """The cheapest way to each level from `low` on, charging in the slot before, or not. The levels outside lead nowhere or cannot be
    reached: neither time nor memory is spent on them, which for a week of drives is most of both."""

    low: int
    on: Sequence[float]
    off: Sequence[float]

    def packed(self) -> _Levels:
        """For keeping: a week of them as objects is 25 MB."""
        return _Levels(self.low, array("d", self.on), array("d", self.off))

    @property
    def high(self) -> int:
        return self.low + len(self.on) - 1


@dataclass(frozen=True, slots=True)
class _Before:
    """One slot, and the levels before it."""

    cell: Cell
    levels: _Levels
    start_cost: float

    def base(self, first: int, last: int, cost: float) -> list[float]:
        """Before this slot's own units, for first <= level <= last: on or started, less level x cost."""
        fixed, start, begin, low = self.cell.fixed, self.start_cost, self.start_cost + self.cell.fixed, self.levels.low
        pairs = zip(self.levels.on[first - low : last + 1 - low], self.levels.off[first - low : last + 1 - low], strict=True)
        return [(a + fixed if a <= b + start else b + begin) - e * cost for e, (a, b) in enumerate(pairs, first)]

    def came_from(self, e: int, total: int) -> int:
        """The level before the slot from which charging in it led to `e` at the least cost."""
        first, last = max(self.levels.low, e - self.cell.hi), min(self.levels.high, e - 1)
        base = self.costs(first, last, e)
        full = min(e - self.cell.lo, last) - first + 1  # so many of them take at least the least
        at = min(range(full), key=base.__getitem__) if full > 0 else 0
        if e == total:
            ending = self.ending(base, first, total)
            stop = min(range(len(base)), key=ending.__getitem__)
            at = stop if full <= 0 or ending[stop] < base[at] else at
        return first + at

    def costs(self, first: int, last: int, e: int) -> list[float]:
        """For each level before the slot, what it costs to be at `e` after it; what they have in common is left out."""
        cell, base = self.cell, self.base(first, last, self.cell.cost)
        if cell.sun <= 0.0:
            return base
        cheaper = cell.sun_cost - cell.cost
        return [value + min(float(e - level), cell.sun) * cheaper for level, value in enumerate(base, first)]

    def ending(self, costs: list[float], low: int, total: int) -> list[float]:
        """As `costs`, for a car that stops within the slot, at `total`: it is on for a part of it only."""
        fixed, hi = self.cell.fixed, self.cell.hi
        return [value - fixed * (1 - (total - e) / hi) for e, value in enumerate(costs, low)]


def _step(before: _Before, low: int, high: int, total: int) -> _Levels:
    """on' and off' for the levels from `low` to `high`."""
    cell, old = before.cell, before.levels
    size, first, last = high - low + 1, max(old.low, low), min(old.high, high)
    pairs = zip(old.on[first - old.low : last + 1 - old.low], old.off[first - old.low : last + 1 - old.low], strict=True)
    found = [a if a < b else b for a, b in pairs]  # noqa: FURB136 - min() takes twice as long, here in the innermost line
    off = [INF] * (first - low) + found + [INF] * (size - (first - low) - len(found))
    on = [INF] * size
    if cell.hi > 0:
        for number, piece in enumerate(cell.pieces()):
            more = [INF] * size if number else on
            _slide(before.base(old.low, old.high, piece.cost), old.low, piece, low, more)
            if number:
                on = [a if a < b else b for a, b in zip(on, more, strict=True)]  # noqa: FURB136 - as above
        if high == total and old.low < total:  # the last units may take less than the least: the car stops within the slot
            start = max(old.low, total - cell.hi)
            ending = before.ending(before.costs(start, min(old.high, total - 1), total), start, total)
            on[-1] = min(on[-1], min(ending, default=INF) + total * cell.cost)
    return _Levels(low, on, off)


def _slide(base: list[float], low: int, piece: _Piece, first: int, on: list[float]) -> None:
    """on[e - first] = more + e cost + min of base over e - hi .. e - lo, for as many levels e as `on` has; base[0] is of level `low`."""
    window: deque[int] = deque()
    span, cost, more, shift = piece.hi - piece.lo, piece.cost, piece.more, low + piece.lo
    skip, end = first - shift, first - shift + len(on)  # before this index nothing is asked for, and nothing from the other one on
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
            if at >= end:
                return
            on[at - skip] = base[window[0]] + (at + shift) * cost + more
    for at in range(len(base), end):
        while window and window[0] < at - span:
            window.popleft()
        if not window:
            return
        if at >= skip:
            on[at - skip] = base[window[0]] + (at + shift) * cost + more


def _walk_back(befores: list[_Before], last: _Levels, e: int, total: int) -> list[int]:
    """Units per slot that lead to level `e` at the end."""
    charging = last.on[e - last.low] < last.off[e - last.low]
    units = [0] * len(befores)
    for index in range(len(befores) - 1, -1, -1):
        before = befores[index]
        level = before.came_from(e, total) if charging else e
        units[index] = e - level
        on, off = before.levels.on[level - before.levels.low], before.levels.off[level - before.levels.low]
        charging = on <= off + before.start_cost if charging else on < off
        e = level
    return units
