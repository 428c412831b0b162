"""Rows of a far end as points of a Series."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from model import Point


def in_order(points: Iterable[Point]) -> tuple[Point, ...]:
    """In time order without overlap: of two with one start the later one in the row counts, and each ends where the next begins."""
    newest = {point.start: point for point in points if point.start < point.end}
    ordered = [newest[start] for start in sorted(newest)]
    cut = [Point(one.start, min(one.end, two.start), one.value) for one, two in pairwise(ordered)]
    return (*cut, *ordered[-1:])
