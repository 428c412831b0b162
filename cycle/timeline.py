"""The coming hours as a line of text: prices as bars, the plan under them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from model_decision import PlanSlot, Slot
from planners.alerts import ALERT

BARS = "▁▂▃▄▅▆▇█"
HOURS_SHOWN = 36


def timeline(slots: Sequence[Slot], plan: Sequence[PlanSlot], now: datetime, zone: tzinfo, counts: str = "price") -> list[str]:
    """Three lines, one column per half hour: the clock, what a kWh counts as (low to high), and # where the car charges. `counts`: the name
    of the second."""
    end = max([now + timedelta(hours=12), *(slot.end for slot in plan)])
    cells = [slot for slot in slots if slot.start < min(end, now + timedelta(hours=HOURS_SHOWN))][::2]
    if not cells:
        return []
    values = [cell.value for cell in cells]
    usual = [value for value in values if value < ALERT] or values  # beside an alert all else would look alike
    low, span = min(usual), (max(usual) - min(usual)) or 1.0
    bars = "".join(BARS[min(7, int((value - low) / span * 7.999))] for value in values)
    marks = "".join("#" if _charges(cell, plan) else "." for cell in cells)
    return [f"  clock  {_clock(cells, zone)}", f"  {counts:<6} {bars}", f"  charge {marks}"]


def _charges(cell: Slot, plan: Sequence[PlanSlot]) -> bool:
    half_hour = cell.start + timedelta(minutes=30)
    return any(slot.start < half_hour and cell.start < slot.end for slot in plan)


def _clock(cells: Sequence[Slot], zone: tzinfo) -> str:
    """The hour under every third full hour, left-aligned on its column."""
    out = [" "] * (len(cells) + 2)
    for index, cell in enumerate(cells):
        local = cell.start.astimezone(zone)
        if local.hour % 3 == 0 and local.minute < 30 and out[index] == " ":
            out[index : index + 2] = list(f"{local:%H}")
    return "".join(out[: len(cells) + 2]).rstrip()
