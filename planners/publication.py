"""The plan's share in prices that are not known yet: how much is to be on board when the next ones come out (`scenarios.py`)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

from config import Strategy
from model import SLOT
from model_decision import Slot
from planners.case import Case
from planners.optimum import Cell
from planners.scenarios import on_board

AT_HOUR = 13  # day-ahead prices come out around one o'clock on the markets' clocks, from California (13:00) to Europe (12:45)
OVERDUE = timedelta(hours=1)  # prices that should be there are looked for again so soon


def ready_for_news(case: Case, slots: Sequence[Slot], cells: list[Cell], unit: float, start_cost: float) -> list[Cell]:
    """The cells, with the level on board at the next publication settled where later prices are scenarios and a need lies beyond them.
    `unit`: kWh."""
    last = max((index for index, cell in enumerate(cells) if cell.due > 0), default=-1)
    unknown = next((index for index in range(len(slots) - 1, -1, -1) if not slots[index].futures), -1) + 1
    if case.settings.strategy is not Strategy.OPTIMAL or not 0 < unknown <= last:
        return cells
    told = publications([slot.start for slot in slots], unknown, case.now, case.settings.time_zone)
    most = max(cell.hi for cell in cells) or 1
    costs = [_costs(slot, cell, unit, most) for slot, cell in zip(slots, cells, strict=True)]
    each = [replace(cell, cost=cell.cost + cell.fixed / cell.hi, fixed=0.0) if cell.hi else cell for cell in cells]
    level = on_board([*cells[: told[0]], *each[told[0] :]], costs, told, start_cost, case.charging)
    at = told[0] - 1
    settled = replace(cells[at], due=max(cells[at].due, level), cap=min(cells[at].cap, level))
    return [*cells[:at], settled, *cells[at + 1 :]]


def publications(starts: Sequence[datetime], unknown: int, now: datetime, zone: tzinfo) -> list[int]:
    """Indices of the slots at whose start prices come out; `unknown`: the first slot whose price is not published."""
    day = (starts[unknown].astimezone(zone) - SLOT).replace(hour=AT_HOUR, minute=0, second=0, microsecond=0)
    due = [day + timedelta(days=number) for number in range(-1, 9)]  # on the local clock, through its strange days
    first = next(at for at in reversed(due) if at.astimezone(starts[0].tzinfo) <= starts[unknown])
    soon = bisect_left(starts, now + OVERDUE)
    found = [bisect_left(starts, at.astimezone(starts[0].tzinfo)) for at in due if at >= first]
    return sorted({min(max(found[0], soon, 1), unknown), *(index for index in found[1:] if index < len(starts))})


def _costs(slot: Slot, cell: Cell, unit: float, most: int) -> tuple[float, ...]:
    """Per unit in each scenario, what a charge takes beside it included."""
    beside = cell.fixed / (slot.value * most) if slot.value > 0 and cell.hi else 0.0
    return tuple(price * unit + max(0.0, price) * beside for price in slot.futures)
