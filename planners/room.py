"""No more on board than fits: what a later drive takes can be charged only after the earlier one has made room for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from model import Missing
from model_decision import Slot
from planners.battery import owner_soc, wall_kwh
from planners.case import Case
from planners.departures import at_home_from, departures
from planners.drives import away, drives
from planners.need import goals
from planners.optimum import Cell


def with_room(case: Case, slots: Sequence[Slot], cells: list[Cell], units: Callable[[float], int]) -> list[Cell]:
    """The cells with caps on what may be on board. `units`: of an energy at the wall, margin included."""
    most = most_kwh(case, slots)
    if not most:
        return cells
    caps = [units(kwh) for kwh in most]
    return [replace(cell, cap=cap) if cap < cell.cap else cell for cell, cap in zip(cells, caps, strict=True)]


def most_kwh(case: Case, slots: Sequence[Slot]) -> list[float]:
    """At the wall from now on, what may have been charged by the end of each slot; empty where no drive makes room later."""
    planned, soc = [drive for drive in drives(case) if not drive.overdue], case.level
    if not planned or isinstance(soc, Missing):
        return []
    waiting = [drive.soc for drive in drives(case) if drive.overdue]
    usual = max([owner_soc(case), goals(case)[0], *waiting])
    out, used, most, gone = list[float](), 0.0, 0.0, 0
    for slot in slots:
        while gone < len(planned) and planned[gone].back <= slot.start:
            used += planned[gone].uses
            gone += 1
        top = max(usual, planned[gone].soc) if gone < len(planned) else usual
        most = max(most, wall_kwh(case, float(soc), top + used))
        out.append(most)
    return out


def used_by(case: Case, by: datetime) -> float:
    """Percent that drives which are over by then will have taken."""
    return sum(drive.uses for drive in drives(case) if drive.trip.leave < by and drive.back <= by)


def away_spans(case: Case, until: datetime) -> list[tuple[datetime, datetime]]:
    """When the car is not at home: usual departures, and drives of the calendar; these know better where both speak of the same hours."""
    known = away(case)
    usual = [at for at in departures(case.settings, case.now, until) if not any(leave <= at < back for leave, back in known)]
    return [*known, *((at, at_home_from(case.settings, at)) for at in usual)]
