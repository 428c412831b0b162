"""target.json as frozen values: what each connector is to offer, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from model import Code


@dataclass(frozen=True, slots=True)
class Step:
    """target.json: offer `amps` until `until`."""

    until: datetime
    amps: int
    why: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class TargetCharger:
    """target.json: the steps for one connector; `id` "*": all that are not listed."""

    id: str
    vin: str | None
    priority: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """target.json. `site_max_amps`: the sum of all offers; None: no limit beside the circuit."""

    site_max_amps: int | None
    chargers: tuple[TargetCharger, ...]
