"""Is the car at home? Law 8 hangs on this answer, so not knowing is an answer of its own."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

from model import CarReading, Missing, Place

EARTH_M = 6_371_000.0


def distance_m(a: Place, b: Place) -> float:
    """Great-circle distance in metres (haversine)."""
    lat_a, lat_b = radians(a.lat), radians(b.lat)
    half = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin(radians(b.lon - a.lon) / 2) ** 2
    return 2 * EARTH_M * asin(sqrt(min(1.0, half)))


def at_home(reading: CarReading | Missing, home: Place | Missing, radius_m: float) -> bool | Missing:
    """True or False where both places are known; Missing otherwise."""
    if isinstance(reading, Missing):
        return reading
    if reading.driving is True:
        return False
    if isinstance(home, Missing):
        return home
    if isinstance(reading.place, Missing):
        return reading.place
    return distance_m(reading.place, home) <= radius_m
