"""The month's Tesla budget as a pace for looks at the car, and as a word to the owner while he can still act."""

from __future__ import annotations

from datetime import UTC, datetime

from model import START_DOLLARS, Code, Reason
from model_decision import Budget

HEAD_START = 0.15  # of the routine share: a month may begin with busy days
FAST, FASTER = 1.0, 1.25  # times the pace at which the routine share lasts until the month's end
NEAR = 0.75


def stretch(budget: Budget, now: datetime) -> int:
    """How many times longer the car is left between two looks that only time asks for: 1 on pace, 2 ahead of it, 4 far ahead of it."""
    if budget.routine_left <= 0:
        return 4
    allowed = _routine(budget) * (HEAD_START + (1 - HEAD_START) * passed(now))
    if budget.spent <= allowed * FAST:
        return 1
    return 2 if budget.spent <= allowed * FASTER else 4


def budget_reason(budget: Budget, now: datetime) -> Reason | None:
    """What is becoming of the budget; None while it lasts. The text changes only with the stage, so that it is told once for each."""
    limit, until = f"TESLA_BUDGET_DOLLARS (${budget.limit:.2f})", f"{next_month(now):%d %b}"
    if budget.reserve_left < START_DOLLARS:
        text = f"{limit} is spent until {until}: the car is neither read nor commanded. Raise it, or charge by hand in the Tesla app"
        return Reason(Code.BUDGET, text)
    if budget.routine_left < START_DOLLARS:
        text = f"four fifths of {limit} are spent: what is left is kept for departures and safety until {until}. Raise it for more"
        return Reason(Code.BUDGET, text)
    routine = _routine(budget)
    if budget.spent >= NEAR * routine and budget.spent > passed(now) * routine:
        text = f"{limit} will not last until {until} at this pace: the car is looked at less often. Raise it for more"
        return Reason(Code.BUDGET, text)
    return None


def passed(now: datetime) -> float:
    """The share of the UTC month that has passed."""
    first, after = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0), next_month(now)
    return (now - first) / (after - first)


def next_month(now: datetime) -> datetime:
    """When the UTC month after this one begins."""
    utc = now.astimezone(UTC)
    year, month = (utc.year + 1, 1) if utc.month == 12 else (utc.year, utc.month + 1)
    return datetime(year, month, 1, tzinfo=UTC)


def _routine(budget: Budget) -> float:
    """The routine share as it was on the month's first day."""
    return budget.spent + budget.routine_left
