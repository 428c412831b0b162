"""A breaker that trips when it carries too much for too long, and remembers it: in a test a trip is a failure of ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

TOLERANCE = 1.05  # no breaker minds less
PATIENCE_S = 60.0  # stricter than a real thermal breaker, which takes minutes at this overload


@dataclass(slots=True)
class Breaker:
    """`amps`: the number printed on it. `peak_amps` and `longest_over_s` are kept for laws that are stricter than the metal."""

    amps: float
    tripped: bool = False
    trips: list[datetime] = field(default_factory=list)
    peak_amps: float = 0.0
    over_s: float = 0.0
    longest_over_s: float = 0.0

    def carry(self, amps: float, dt_s: float, at: datetime) -> None:
        self.peak_amps = max(self.peak_amps, amps)
        self.over_s = self.over_s + dt_s if amps > self.amps * TOLERANCE else 0.0
        self.longest_over_s = max(self.longest_over_s, self.over_s)
        if self.over_s >= PATIENCE_S and not self.tripped:
            self.tripped = True
            self.trips.append(at)

    def reset(self) -> None:
        self.tripped = False
        self.over_s = 0.0
