"""Solar power from the height of the sun: a clear-sky bell by day of the year and place."""

from __future__ import annotations

import math
from datetime import datetime

SYSTEM_SHARE = 0.85  # of the nameplate at the panel's best: heat, dust, inverter


def clear_sky(now: datetime, lat: float, lon: float) -> float:
    """Share (0-1) of the nameplate power at `now` (UTC) under a clear sky for flat panels at this place."""
    day = now.timetuple().tm_yday
    hours = now.hour + now.minute / 60 + now.second / 3600 + lon / 15
    tilt = math.radians(23.45) * math.sin(2 * math.pi * (284 + day) / 365)
    angle = math.radians(15 * (hours - 12))
    place = math.radians(lat)
    height = math.sin(place) * math.sin(tilt) + math.cos(place) * math.cos(tilt) * math.cos(angle)
    if height <= 0:
        return 0.0
    return float(SYSTEM_SHARE * height**1.15)  # more air to pass when the sun is low
