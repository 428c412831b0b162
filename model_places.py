"""What calendars say. Words and units as in model.py, which hands these names on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Event:
    """One occurrence in a calendar, start <= t < end, UTC; declined and cancelled ones are left out. `place`: None where there is nowhere
    to drive to (none given, a web link, at home); `vin`: the car that this calendar is tied to; `note`: the description's beginning."""

    calendar: str
    start: datetime
    end: datetime
    title: str
    place: str | None
    vin: str | None
    all_day: bool
    note: str
