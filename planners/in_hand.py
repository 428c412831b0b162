"""Is there time in hand for all cars of one circuit? What a car needs beyond its plan, if power is less than expected, is charged after it
and before its departure, and what one car uses of those hours the others cannot have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate

from model import SLOT
from model_decision import Need, Slot
from planners.case import Case
from planners.net import EARLY
from planners.power import MARGIN, expected_kw

SOON = timedelta(hours=24)  # the departures after that are planned anew before they are near
CLOSE_KWH = 1e-6


@dataclass(frozen=True, slots=True)
class Booked:
    """One car's plan. `amps`: what it takes of the circuit in each slot; `energies`: the kWh of its plan in each."""

    case: Case
    needs: Sequence[Need]
    amps: Sequence[int]
    energies: Sequence[float]


@dataclass(frozen=True, slots=True)
class _Rest:
    """`kwh` that may be needed beyond the plan, in the slots first <= i < end."""

    car: int
    first: int
    end: int
    kwh: float


def in_hand(cars: Sequence[Booked], slots: Sequence[Slot], circuit: int | None) -> bool:
    """Whichever stretch of time one looks at: does what may be needed within it fit into what is free?"""
    if circuit is None or len(cars) < 2:
        return True
    rests = [rest for number, car in enumerate(cars) for rest in _rests(number, car, slots)]
    hours = [max(0.0, (slot.end - max(slot.start, cars[0].case.now)) / SLOT) * SLOT.total_seconds() / 3600 for slot in slots]
    left = [max(0, circuit - sum(amps)) for amps in zip(*(car.amps for car in cars), strict=True)]
    free = [0.0, *accumulate(expected_kw(cars[0].case, amps) * each for amps, each in zip(left, hours, strict=True))]
    stretches = {(first.first, end.end) for first in rests for end in rests}
    return all(_within(rests, first, end) <= max(0.0, free[max(first, end)] - free[first]) + CLOSE_KWH for first, end in stretches)


def _rests(number: int, car: Booked, slots: Sequence[Slot]) -> Iterator[_Rest]:
    done = list(accumulate(car.energies))
    for need in car.needs:
        if not car.case.now < need.by <= car.case.now + SOON:
            continue
        first = next((i + 1 for i, kwh in enumerate(done) if kwh >= need.kwh - CLOSE_KWH), len(slots))
        end = sum(slot.end <= need.by - EARLY for slot in slots)
        yield _Rest(number, first, end, need.kwh * (MARGIN - 1))


def _within(rests: Sequence[_Rest], first: int, end: int) -> float:
    """Each car's largest: a later need's holds that of the earlier ones."""
    most = dict[int, float]()
    for rest in rests:
        if rest.first >= first and rest.end <= end:
            most[rest.car] = max(most.get(rest.car, 0.0), rest.kwh)
    return sum(most.values())
