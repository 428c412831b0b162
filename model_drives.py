"""What a car was seen to use on the road. Words and units as in model.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Parked:
    """A car that stood at one reading of its odometer: from `at` with `soc_came` percent to `until` with `soc`; `celsius` outside."""

    vin: str
    km: float
    at: datetime
    until: datetime
    soc_came: float
    soc: float
    battery_kwh: float | None
    celsius: float | None


@dataclass(frozen=True, slots=True)
class Use:
    """What one car uses on a mild day, in Wh/km out of the battery, learned from `drives` of its own over `km`."""

    vin: str
    wh_per_km: float
    km: float
    drives: int
