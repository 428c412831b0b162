"""The exact cheapest way to put whole-amp charge into slots: levels due at deadlines, a least and a most per slot, a price per start.

Dynamic programming over slots and energy on board. One unit is one amp for one whole slot. In each slot the car charges with lo..hi
units or not at all, so with V(e) the cheapest way to have e units on board, charging in a slot of unit cost c gives

    on'(e)  = min over k in lo..hi of  min(on(e - k), off(e - k) + start) + k c
    off'(e) = min(on(e), off(e))

The inner minimum is a sliding window over e, so a slot costs O(levels), not O(levels x amps). Where the first `sun` units of a slot have
a cost of their own, k is either within them or beyond: two windows, exact whichever of the two costs is the lower. Units that will perhaps
not be needed count for less: with count(e) for all of the first e units, "k c" is (count(e) - count(e - k)) c, exact as well.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from planners.floors import CLOSE, Floor, floors

INF = float("inf")
LARGE = 100_000  # levels x slots: below it a search is over before its bounds are made
GUESSES = 14, 40  # by so many starts and thousandths the optimum may lie above the bound that knows no starts: mostly it is 5 to 12


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
            return (_Piece(self.cost, self.lo, self.hi),)
        whole = int(self.sun)
        within = _Piece(self.sun_cost, self.lo, min(self.hi, whole))
        beyond = _Piece(self.cost, max(self.lo, whole + 1), self.hi, self.sun)
        return tuple(piece for piece in (within, beyond) if piece.lo <= piece.hi)


@dataclass(frozen=True, slots=True)
class _Piece:
    """k units, lo <= k <= hi, at `cost` each, but for the first `sun` of them."""

    cost: float
    lo: int
    hi: int
    sun: float = 0.0


def cheapest(
    cells: Sequence[Cell], total: int, start_cost: float, charging: bool, ends: Sequence[float] = (), counts: Sequence[float] = ()
) -> list[int]:
    """Units per slot. `due` must be reachable (see `reachable`); `charging`: going on in the first slot is no new start. As many as can be
    on board at the end, or with `ends`: the level at which the units and what `ends[level]` says of the time after cost least.
    `counts[level]`: as how many the units up to that level count; each as one if not told."""
    problem = _Problem(cells, total, start_cost, charging, counts or [float(level) for level in range(total + 1)])
    befores, now = problem.searched() if ends or total * len(cells) < LARGE else problem.bounded()
    costs = {level: min(pair) for level, pair in enumerate(zip(now.on, now.off, strict=True), now.low) if min(pair) < INF}
    if not costs:
        return [0] * len(cells)
    best = min(costs, key=lambda level: costs[level] + ends[level]) if ends else max(costs)
    return _walk_back(befores, now, best, total)


@dataclass(frozen=True, slots=True)
class _Problem:
    cells: Sequence[Cell]
    total: int
    start_cost: float
    charging: bool
    counts: Sequence[float]

    def bounded(self) -> tuple[list[_Before], _Levels]:
        """As `searched`, in a fraction of its time: with a guess of what all of it will cost, and a higher one if nothing is that cheap."""
        least, bounds = floors(self.cells, self.total, self.counts)
        for starts in GUESSES if bounds else ():
            most = least + abs(least) * starts / 1000 + self.start_cost * starts
            befores, last = self.searched(bounds, most)
            if last.high == self.total and min(last.on[-1], last.off[-1]) < most - CLOSE:
                return befores, last  # and what was left out costs more
        return self.searched()

    def searched(self, bounds: Sequence[Floor] = (), most: float = INF) -> tuple[list[_Before], _Levels]:
        """The levels before each slot, and those at the end. With `bounds` without those that must lead to more than `most`."""
        now = _Levels(0, [0.0 if self.charging else INF], [INF if self.charging else 0.0])
        kept = now.packed()
        befores = []
        ranges = zip(self.cells, _least(self.cells, self.total), reachable(self.cells, self.total), strict=True)
        for index, (cell, least, reach) in enumerate(ranges):
            befores.append(_Before(cell, kept, self.start_cost, self.counts))
            low, high = least, max(least, min(reach, cell.cap))
            if bounds:
                low, high = max(low, now.low), min(high, now.high + cell.hi)
            if low > high:
                return befores, _Levels(0, [INF], [INF])
            if now.idle and cell.hi <= 0 and (now.low, now.high) == (low, high):
                continue  # nothing happens: a third of a week of drives
            now = _step(_Before(cell, now, self.start_cost, self.counts), low, high, self.total)
            now = now.within(bounds[index], self.counts, most) if bounds else now
            kept = now.packed()
        return befores, now


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
    idle: bool = False  # nothing was charged, and none of `on` leads anywhere

    def packed(self) -> _Levels:
        """For keeping: a week of them as objects is 25 MB."""
        return _Levels(self.low, array("d", self.on), array("d", self.off), self.idle)

    @property
    def high(self) -> int:
        return self.low + len(self.on) - 1

    def within(self, bound: Floor, counts: Sequence[float], most: float) -> _Levels:
        """Without the outer levels that cannot end at `most` or less; one at least stays."""
        levels = counts[self.low : self.high + 1]
        below = min(bound.too_dear(map(min, self.on, self.off), levels, most), len(levels) - 1)
        above = bound.too_dear_above(map(min, reversed(self.on), reversed(self.off)), reversed(levels), most)
        end = max(below + 1, len(levels) - above)
        return _Levels(self.low + below, self.on[below:end], self.off[below:end], self.idle) if below or end < len(levels) else self


@dataclass(frozen=True, slots=True)
class _Before:
    """One slot, and the levels before it."""

    cell: Cell
    levels: _Levels
    start_cost: float
    counts: Sequence[float]

    def base(self, first: int, last: int, piece: _Piece) -> list[float]:
        """Before this slot's own units, for first <= level <= last: on or started, less count x cost; the sun's units paid for."""
        fixed, start, begin, low = self.cell.fixed, self.start_cost, self.start_cost + self.cell.fixed, self.levels.low
        ons, offs, cost = self.levels.on[first - low : last + 1 - low], self.levels.off[first - low : last + 1 - low], piece.cost
        rows = zip(ons, offs, self.counts[first : last + 1], strict=True)
        base = [(a + fixed if a <= b + start else b + begin) - count * cost for a, b, count in rows]
        if piece.sun <= 0.0:
            return base
        cheaper = self.cell.sun_cost - cost
        return [value + self.sunny(level, piece.sun) * cheaper for level, value in enumerate(base, first)]

    def sunny(self, level: int, units: float) -> float:
        """As how many so many units on top of `level` count, parts of one too."""
        last = len(self.counts) - 1
        whole = min(last, level + int(units))
        return self.counts[whole] + (units % 1.0) * (self.counts[min(last, whole + 1)] - self.counts[whole]) - self.counts[level]

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
        cell, base = self.cell, self.base(first, last, _Piece(self.cell.cost, self.cell.lo, self.cell.hi))
        if cell.sun <= 0.0:
            return base
        cheaper = cell.sun_cost - cell.cost
        return [value + self.sunny(level, min(float(e - level), cell.sun)) * cheaper for level, value in enumerate(base, first)]

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
            _slide(before.base(old.low, old.high, piece), old.low, piece, before.counts[low : high + 1], more, low)
            if number:
                on = [a if a < b else b for a, b in zip(on, more, strict=True)]  # noqa: FURB136 - as above
        if high == total and old.low < total:  # the last units may take less than the least: the car stops within the slot
            start = max(old.low, total - cell.hi)
            ending = before.ending(before.costs(start, min(old.high, total - 1), total), start, total)
            on[-1] = min(on[-1], min(ending, default=INF) + before.counts[total] * cell.cost)
    return _Levels(low, on, off, idle=cell.hi <= 0)


def _slide(base: list[float], low: int, piece: _Piece, counts: Sequence[float], on: list[float], first: int) -> None:
    """on[e - first] = count(e) cost + min of base over e - hi .. e - lo, for as many levels e as `on` has; base[0] is of level `low`,
    counts[0] of `first`."""
    window: deque[int] = deque()
    span, cost, skip = piece.hi - piece.lo, piece.cost, first - low - piece.lo
    end = skip + len(on)  # before `skip` nothing is asked for, and nothing from here on
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
            on[at - skip] = base[window[0]] + counts[at - skip] * cost
    for at in range(len(base), end):
        while window and window[0] < at - span:
            window.popleft()
        if not window:
            return
        if at >= skip:
            on[at - skip] = base[window[0]] + counts[at - skip] * cost


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
