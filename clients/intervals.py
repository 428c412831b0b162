"""Rows of a far end as points of a Series, and the times that they may have."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise

from model import Point

FIRST_YEAR, LAST_YEAR = 1900, 2200  # a Pi may boot in 1970, and its simulated far ends with it


def utc(at: datetime) -> datetime | None:
    """In UTC; None for a year that no answer can mean: at the ends of the calendar an hour more or less is no time at all."""
    return at.astimezone(UTC) if FIRST_YEAR <= at.year <= LAST_YEAR else None


def in_order(points: Iterable[Point]) -> tuple[Point, ...]:
    """In time order without overlap: of two with one start the later one in the row counts, and each ends where the next begins."""
    newest = {point.start: point for point in points if point.start < point.end}
    ordered = [newest[start] for start in sorted(newest)]
    cut = [Point(one.start, min(one.end, two.start), one.value) for one, two in pairwise(ordered)]
    return (*cut, *ordered[-1:])
