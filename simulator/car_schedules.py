"""When the schedules in a car start and end a charge: local wall clock, days, and only near the place they were made for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from model import ALL_DAYS, CarSchedule, Place
from planners.place import distance_m

NEAR_M = 300.0


@dataclass(frozen=True, slots=True)
class Agenda:
    """The enabled schedules of a car that stands at `place`."""

    schedules: tuple[CarSchedule, ...]
    zone: tzinfo

    def next_start(self, now: datetime) -> datetime | None:
        return min((at for one in self.schedules if (at := _next(one.start_minutes, one.days, now, self.zone))), default=None)

    def next_end(self, now: datetime) -> datetime | None:
        return min((at for one in self.schedules if (at := _next(one.end_minutes, _end_days(one), now, self.zone))), default=None)

    def last_start(self, now: datetime) -> datetime | None:
        return max((at for one in self.schedules if (at := _last(one.start_minutes, one.days, now, self.zone))), default=None)

    def starts_itself(self) -> bool:
        return any(one.start_minutes is not None for one in self.schedules)

    def open_now(self, now: datetime) -> bool:
        """Within the hours of a schedule that has both sides."""
        both = [one for one in self.schedules if one.start_minutes is not None and one.end_minutes is not None]
        return any(_inside(one, now, self.zone) for one in both)


def daily(number: int, minute: int, home: Place) -> CarSchedule:
    """Starts every day at `minute`, as the owner sets it in the app at home."""
    return CarSchedule(number, ALL_DAYS, minute, None, home.lat, home.lon)


def agenda(schedules: Iterable[CarSchedule], place: Place, zone: tzinfo) -> Agenda:
    return Agenda(tuple(one for one in schedules if one.enabled and distance_m(Place(one.lat, one.lon), place) <= NEAR_M), zone)


def _inside(one: CarSchedule, now: datetime, zone: tzinfo) -> bool:
    start, end = _last(one.start_minutes, one.days, now, zone), _next(one.end_minutes, ALL_DAYS, now, zone)
    if start is None or end is None:
        return False
    began_after_last_end = _last(one.end_minutes, ALL_DAYS, now, zone)
    return began_after_last_end is None or start >= began_after_last_end


def _end_days(one: CarSchedule) -> int:
    """Bits of the days on which it ends: an end before the start lies on the next day."""
    if one.start_minutes is None or one.end_minutes is None or one.end_minutes > one.start_minutes:
        return one.days
    return (one.days << 1 | one.days >> 6) & ALL_DAYS


def _next(minute: int | None, days: int, now: datetime, zone: tzinfo) -> datetime | None:
    return next((at for at in _moments(minute, days, now, zone, range(9)) if at > now), None)


def _last(minute: int | None, days: int, now: datetime, zone: tzinfo) -> datetime | None:
    return next((at for at in _moments(minute, days, now, zone, range(0, -9, -1)) if at <= now), None)


def _moments(minute: int | None, days: int, now: datetime, zone: tzinfo, offsets: range) -> Iterable[datetime]:
    """That minute of the local day, today and around it, on the days whose bit is set (Sunday is bit 0)."""
    if minute is None:
        return
    local = now.astimezone(zone)
    for offset in offsets:
        day = (local + timedelta(days=offset)).replace(hour=minute // 60, minute=minute % 60, second=0, microsecond=0, fold=0)
        if days >> (day.weekday() + 1) % 7 & 1:
            yield day.astimezone(UTC)
