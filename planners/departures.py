"""The usual departures (DEPARTURE_TIME) as instants, by the local calendar: a 07:30 stays 07:30 across a change to summer time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from config import Settings


def departures(settings: Settings, after: datetime, before: datetime) -> tuple[datetime, ...]:
    """All usual departures with after < departure <= before, in UTC and in order."""
    return tuple(at for at in _candidates(settings, after, before) if after < at <= before)


def _candidates(settings: Settings, after: datetime, before: datetime) -> Iterator[datetime]:
    day = after.astimezone(settings.time_zone).date() - timedelta(days=1)
    last = before.astimezone(settings.time_zone).date()
    while day <= last:
        for minute in sorted(item.minute for item in settings.departure_time if day.weekday() in item.days):
            yield datetime.combine(day, time(minute // 60, minute % 60), settings.time_zone).astimezone(UTC)
        day += timedelta(days=1)


def at_home_from(settings: Settings, departure: datetime) -> datetime:
    """When the car is thought to be back from a usual departure (AWAY_HOURS)."""
    return departure + timedelta(hours=settings.away_hours)
