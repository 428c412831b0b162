"""Which need raises the owner's charge limit now: the charge that runs or begins must reach beyond his limit.

A trip on Saturday must not leave the limit high on Monday: if this Pi dies then, the car would fill itself days too early.
"""

from __future__ import annotations

from collections.abc import Sequence

from model import Missing
from model_decision import Need, PlanSlot
from planners.battery import percent_kwh
from planners.case import Case
from planners.net import latest_start
from planners.plan import CarPlan, full_power
from planners.power import MARGIN

ROUNDED = 0.5  # percent, as the car rounds


def raise_to(case: Case, plan: CarPlan, needs: Sequence[Need]) -> Need | None:
    """The need whose limit the car must have from now on; None: the owner's own will do."""
    above = [need for need in needs if need.raise_to is not None and not isinstance(case.limit, Missing) and need.raise_to > case.limit]
    if not above or not plan.slots or isinstance(case.level, Missing) or isinstance(case.limit, Missing):
        return above[0] if above else None  # no plan tells when
    if plan.latest_start is not None and plan.latest_start <= case.now and not _caught_for_less(case, needs):
        return above[0]  # the net goes on without a pause: there is no later moment
    reached = case.level + sum(slot.kwh for slot in _run(case, plan)) / MARGIN / percent_kwh(case)  # of a later need the margin only
    if reached <= case.limit + ROUNDED:
        return None
    return next((need for need in above if need.raise_to is not None and need.raise_to + ROUNDED >= reached), above[-1])


def _caught_for_less(case: Case, needs: Sequence[Need]) -> bool:
    """Is it a need within his limit that the net charges for, and is there time left for each need above it?"""
    late = [need for need in needs if latest_start(case, need, full_power(case)) <= case.now]
    return bool(late) and all(need.raise_to is None for need in late)


def _run(case: Case, plan: CarPlan) -> list[PlanSlot]:
    """The slots from now on without a pause between them."""
    run: list[PlanSlot] = []
    for slot in plan.slots:
        if slot.start > (run[-1].end if run else case.now):
            break
        run.append(slot)
    return run
