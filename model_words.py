"""The owner's words (override.json). model.py hands these names on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Word(StrEnum):
    CHARGE_NOW = "charge-now"
    STOP = "stop"
    HANDS_OFF = "hands-off"


@dataclass(frozen=True, slots=True)
class Override:
    """One word of the owner. `vin` None: all cars. `until` None: charge-now to the limit or unplug, stop to unplug or next departure."""

    vin: str | None
    word: Word
    amps: int | None
    until: datetime | None
    given_at: datetime


@dataclass(frozen=True, slots=True)
class Overrides:
    """override.json. `solar`: None is as SOLAR_CHARGING says; a newer word on the same car replaces the older one."""

    words: tuple[Override, ...] = ()
    solar: bool | None = None
    solar_until: datetime | None = None
