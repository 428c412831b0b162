"""The charge-limit rule of intelligent-charge-scheduler: 75 % for every day, more the farther the farthest trip, 94 % from 120 miles on."""

from __future__ import annotations

from datetime import datetime, timedelta

from model import Missing, Trip

EVERY_DAY, MOST, FAR_KM = 75, 94, 193.1  # 120 miles
SHORT_MIN = 15  # drives up to this long do not count
AHEAD = timedelta(hours=24)


def charge_limit_rule(trips: tuple[Trip, ...] | Missing, now: datetime) -> int:
    """Percent, 75 to 94: int(75 + distance x 20 / 120 miles) for the farthest trip of the coming 24 h that takes more than 15 minutes."""
    if isinstance(trips, Missing):
        return EVERY_DAY
    far = max((trip.distance_km for trip in trips if now <= trip.leave < now + AHEAD and trip.drive_min > SHORT_MIN), default=0.0)
    return MOST if far >= FAR_KM else int(EVERY_DAY + far / FAR_KM * 20)
