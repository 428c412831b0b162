"""What a car uses, learned from its own drives: between two places where it stood, percent lost over kilometres gained.

Each drive is brought to a mild day by the temperature of its time. The median is taken: a drive on which it was charged, or after which
it stood for days, tells nothing and is outvoted. Fewer than MIN_DRIVES and MIN_KM leave CONSUMPTION_WH_PER_KM alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import groupby, pairwise
from statistics import median

from model_drives import Parked, Use
from planners.range_factor import range_factor

MIN_DRIVES, MIN_KM = 8, 300.0
SHORT_KM = 10.0  # below it the rounding of the percent is all that is seen
LONGEST = timedelta(hours=36)  # what stands for longer loses percent without driving
POSSIBLE = (80.0, 600.0)  # Wh/km


def learned_use(rows: Sequence[Parked], usual_kwh: Mapping[str, float]) -> tuple[Use, ...]:
    """One for each car that has driven enough. `usual_kwh`: of its battery, by VIN, where the car did not tell."""
    found = []
    for vin, own in groupby(rows, key=lambda row: row.vin):
        drives = list(_drives(list(own), usual_kwh.get(vin)))
        km = sum(length for length, _ in drives)
        if len(drives) >= MIN_DRIVES and km >= MIN_KM:
            found.append(Use(vin, median(use for _, use in drives), km, len(drives)))
    return tuple(found)


def _drives(rows: Sequence[Parked], usual_kwh: float | None) -> Iterator[tuple[float, float]]:
    """(km, Wh/km on a mild day) of each drive that can be judged."""
    for before, after in pairwise(rows):
        km, kwh = after.km - before.km, after.battery_kwh or before.battery_kwh or usual_kwh
        celsius = [one for one in (before.celsius, after.celsius) if one is not None]
        if km < SHORT_KM or kwh is None or not celsius or after.at - before.until > LONGEST:
            continue
        factor = sum(range_factor(one) for one in celsius) / len(celsius)
        use = (before.soc - after.soc_came) / 100 * kwh * 1000 / km * factor
        if POSSIBLE[0] <= use <= POSSIBLE[1]:
            yield km, use
