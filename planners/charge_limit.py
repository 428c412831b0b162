"""The charge-limit rule of intelligent-charge-scheduler: 75 % for every day, more the farther the farthest trip, 94 % from 120 miles on."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from config import Settings
from model import Missing, Trip
from planners.trips import FARTHEST_KM

EVERY_DAY, MOST, FAR_KM = 75, 94, 193.1  # 120 miles
SHORT_MIN = 15  # drives up to this long do not count
AHEAD = timedelta(hours=24)
LATEST = time(10)
QUARTER_S = 900


def charge_limit_rule(trips: tuple[Trip, ...] | Missing, now: datetime) -> int:
    """Percent, 75 to 94: int(75 + distance x 20 / 120 miles) for the farthest trip of the coming 24 h that takes more than 15 minutes."""
    return max((rule_for(trip) for trip in _counted(trips, now)), default=EVERY_DAY)


def rule_for(trip: Trip) -> int:
    """The same for one trip."""
    if trip.drive_min <= SHORT_MIN:
        return EVERY_DAY
    return MOST if trip.distance_km >= FAR_KM else int(EVERY_DAY + trip.distance_km / FAR_KM * 20)


def rule_departure(trips: tuple[Trip, ...] | Missing, settings: Settings, now: datetime) -> datetime | None:
    """When the rule wants the car ready for the trips of the coming 24 h: the earlier of the first and the farthest one, whole quarters of
    an hour, and not past ten in the morning where that is still ahead. None: there is no trip."""
    leave = min((trip.leave for trip in _counted(trips, now)), default=None)
    if leave is None:
        return None
    day = leave.astimezone(settings.time_zone).date()
    ten = datetime.combine(day, LATEST, settings.time_zone).astimezone(UTC)
    at = min(leave, ten) if ten > now else leave
    return at - timedelta(seconds=at.timestamp() % QUARTER_S)


def _counted(trips: tuple[Trip, ...] | Missing, now: datetime) -> list[Trip]:
    if isinstance(trips, Missing):
        return []
    return [one for one in trips if now <= one.leave < now + AHEAD and one.drive_min > SHORT_MIN and one.distance_km <= FARTHEST_KM]
