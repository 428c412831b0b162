"""What calendars say, and the drives that they ask for. Words and units as in model.py, which hands these names on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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


class Sure(StrEnum):
    """How well a distance is known, the best first. NOT_ASKED: nobody could be asked yet, so it may be found later."""

    WRITTEN = "written in the event"
    ROAD = "by road"
    LINE = "1.4 times the straight line"
    NOT_ASKED = "the place has not been looked up yet"
    UNKNOWN = "the place could not be found"

    @property
    def known(self) -> bool:
        return self not in (Sure.NOT_ASKED, Sure.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Leg:
    """One drive from one place to another."""

    km: float
    minutes: float
    source: Sure = Sure.ROAD


@dataclass(frozen=True, slots=True)
class Trip:
    """A round of drives that calendar events ask for: home - A - B - home. `leave`: when the car must be ready, time in hand included;
    `distance_km`, `drive_min`: one way to the farthest stop; `back`: home again (None: not known); `vin`: the only car that it concerns;
    `place`: the farthest stop; `round_km`: all of it (None: there and back); `turns`: what stands at which km of the round, for saying
    where charging on the way is needed; `sure`: of its least known drive; `temperature_c`: None: as the forecast says;
    `lost`: the stop that is not known, whose kilometres are missing."""

    leave: datetime
    distance_km: float
    drive_min: float
    text: str
    back: datetime | None = None
    vin: str | None = None
    place: str = ""
    sure: Sure = Sure.ROAD
    temperature_c: float | None = None
    round_km: float | None = None
    turns: tuple[tuple[float, str], ...] = ()
    lost: str = ""

    @property
    def km(self) -> float:
        """All that is driven until the car is at home again."""
        return 2 * self.distance_km if self.round_km is None else self.round_km
