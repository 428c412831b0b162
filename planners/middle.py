"""The median, without `statistics`, whose import alone takes 6 ms of each cycle that looks beyond the published prices."""

from __future__ import annotations

from collections.abc import Iterable


def middle(values: Iterable[float]) -> float:
    """The value in the middle; the mean of the two middle ones of an even number. `values`: one at least."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
