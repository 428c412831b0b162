"""What the sun's power is worth: it is not free where the grid pays for it. With one price for both directions it is better to sell at
noon and to charge at night; where an exported kWh earns little, the car takes it."""

from __future__ import annotations

from collections.abc import Sequence

from model import Code, Reason
from model_decision import Slot
from planners.case import Case
from planners.departures import departures
from planners.texts import clock, money


def export_pays(case: Case, slots: Sequence[Slot]) -> Reason | None:
    """The reason to sell the sun now, where a kWh earns more than the cheapest one costs that the car can have before it next leaves."""
    current = next((slot for slot in slots if slot.start <= case.now < slot.end), None)
    if current is None or current.export is None:
        return None
    leave = next(iter(departures(case.settings, case.now, slots[-1].end)), slots[-1].end)
    ahead = [(slot.price, slot.start) for slot in slots if slot.price is not None and case.now < slot.end and slot.end <= leave]
    if not ahead or current.export <= min(ahead)[0]:
        return None
    price, start = min(ahead)
    currency, zone = case.settings.currency, case.settings.time_zone
    earned, paid = money(current.export, currency, 3), money(price, currency, 3)
    text = f"the sun is sold for {earned} per kWh: from {clock(start, case.now, zone)} the car can have it for {paid}"
    return Reason(Code.EXPORT_PAYS, text, {"export": current.export, "price": price})
