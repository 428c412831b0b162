"""CHARGE_HOURS after TWCManager: days, start, end, across midnight, and the amps outside them. Hours belong to the day on which they
start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from config import ChargeHours, Settings

NEXT_CHANGE = timedelta(days=8)


def hours_at(settings: Settings, at: datetime) -> ChargeHours | None:
    """The entry of CHARGE_HOURS that holds at this instant, by the owner's clock; the first one listed wins."""
    local = at.astimezone(settings.time_zone)
    minute = local.hour * 60 + local.minute
    return next((entry for entry in settings.charge_hours if entry.covers(local.weekday(), minute)), None)


def next_change(settings: Settings, now: datetime) -> datetime:
    """The next instant (whole minute, UTC) at which another entry, or none, holds; now + 8 days if that never comes."""
    current = hours_at(settings, now)
    at = datetime.fromtimestamp(now.timestamp() // 900 * 900, UTC)
    while at < now + NEXT_CHANGE:
        at += timedelta(minutes=15)
        if hours_at(settings, at) != current:
            while hours_at(settings, at - timedelta(minutes=1)) != current:
                at -= timedelta(minutes=1)
            return at
    return now + NEXT_CHANGE
