"""How a slave Wall Connector was made and wired, and what its firmware knows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Age(IntEnum):
    """How much a firmware answers; what it does not know it does not hear."""

    SILENT = 0  # also all of protocol 1
    ENERGY = 1  # and firmware
    VIN = 2
    ALL = 3  # serial and plug state too


class Zero(StrEnum):
    """What protocol 2 does when it is offered less than 6 A."""

    CLAMPS = "clamps"  # to 6.00 A: what was measured
    IGNORES = "ignores"  # keeps the limit that it had
    OBEYS = "obeys"


@dataclass(frozen=True, slots=True)
class Build:
    """A unit as it was made and wired. `needs_before`: ignores 09 until one 05 with amps came; `can`: tells the VIN (a DIP switch)."""

    id: int = 0x4085
    protocol: int = 2
    rated_amps: float = 32.0
    sign: int = 0x1D
    age: Age = Age.ALL
    zero: Zero = Zero.CLAMPS
    answer_s: float = 0.026
    open_s: float = 25.0
    tail: bool = True
    idle_amps: float = 0.0
    needs_before: bool = False
    can: bool = True
    serial: str = "A19K0001234"
    firmware: tuple[int, int, int, int] = (4, 5, 3, 2)
    volts: tuple[int, int, int] = (241, 0, 0)
    counter: float = 924.0  # kWh
