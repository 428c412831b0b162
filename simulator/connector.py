"""The wall connectors on one circuit: what each car is offered."""

from __future__ import annotations

from dataclasses import dataclass, field

from .breaker import Breaker
from .car import MIN_PILOT, Car


@dataclass(slots=True)
class Connector:
    """One connector, for the car `vin`. `offer` None: connectors share the circuit evenly by themselves; a number is what a master offers,
    right or wrong. `powered`: switched on."""

    id: str
    vin: str
    rated_amps: int = 48
    offer: int | None = None
    powered: bool = True
    session_s: float = 0.0
    session_kwh: float = 0.0


@dataclass(slots=True)
class Circuit:
    """The breaker and the connectors behind it. `continuous_percent`: what may flow all night (80 % in the US)."""

    breaker: Breaker
    connectors: dict[str, Connector] = field(default_factory=dict)
    continuous_percent: int = 80

    @property
    def amps(self) -> int:
        return int(self.breaker.amps * self.continuous_percent // 100)

    def pilot(self, car: Car, sharing: int, power: bool) -> float:
        """What the car at its connector is offered; `sharing`: cars plugged in on this circuit."""
        connector = self.connectors[car.spec.vin]
        if not power or not connector.powered or self.breaker.tripped:
            return 0.0
        offer = self.amps // max(1, sharing) if connector.offer is None else connector.offer
        return float(min(offer, connector.rated_amps)) if offer >= MIN_PILOT else 0.0

    def count(self, car: Car, dt_s: float, watts: float) -> None:
        connector = self.connectors[car.spec.vin]
        if not car.on_our_circuit:
            connector.session_s = connector.session_kwh = 0.0
            return
        connector.session_s += dt_s
        connector.session_kwh += watts * dt_s / 3.6e6
