"""How far a car comes at a temperature, against a mild day."""

from __future__ import annotations

from itertools import pairwise

# Cautious lines through what fleets and test benches measured with the cabin heated or cooled; cars with a heat pump lose less.
RANGE = ((-15.0, 0.47), (-7.0, 0.60), (0.0, 0.72), (10.0, 0.90), (21.5, 1.00), (30.0, 0.95), (35.0, 0.87))


def range_factor(celsius: float) -> float:
    """Range as a share of a mild day's; straight lines between the points of RANGE, level beyond its ends."""
    if celsius <= RANGE[0][0]:
        return RANGE[0][1]
    for (cold, low), (warm, high) in pairwise(RANGE):
        if celsius <= warm:
            return low + (high - low) * (celsius - cold) / (warm - cold)
    return RANGE[-1][1]
