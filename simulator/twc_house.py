"""The simulated house's own cars at slaves on a bus: what a slave offers becomes the connector's offer, what the car draws is reported.

bus = house_bus(world)
world.advance(at); received = bus.tick(now, transmitted)   # the caller moves both, a second or so at a time
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from . import hands
from .house import World
from .twc_build import Build
from .twc_bus import VirtualBus
from .twc_car import Mood
from .twc_slave import Slave

USUAL: Mapping[str, Build] = {}


class HouseCar:
    """The car `vin` of a world, as a slave sees it. Its battery, schedule and owner stay where they are; the world's clock moves it."""

    def __init__(self, world: World, vin: str) -> None:
        self._world = world
        self._car = world.cars[vin]
        self._connector = world.circuit.connectors[vin]
        self._connector.offer = 0

    @property
    def plugged(self) -> bool:
        return self._car.on_our_circuit

    @property
    def vin(self) -> str:
        return self._car.spec.vin

    @property
    def draw(self) -> float:
        return self._car.actual_amps if self.plugged else 0.0

    @property
    def mood(self) -> Mood:
        car = self._car
        if car.latched:
            return Mood.LATCHED
        if car.full:
            return Mood.FULL
        if car.held:
            return Mood.SCHEDULED
        return Mood.WANTS if car.wants else Mood.STOPPED

    def advance(self, now: float) -> None:
        """Nothing: the world moves it."""

    def offered(self, amps: float, closed: bool) -> None:
        """The pilot alone counts: a Tesla takes its own 5 s to start, about as long as the contactor."""
        if self._connector.offer != int(amps):
            self._connector.offer = int(amps)
            self._world.set_pilots()

    def cut(self, lost_link: bool) -> None:
        self.offered(0.0, closed=False)
        if lost_link:
            hands.link_lost(self._car)


def house_bus(world: World, seed: int = 0, builds: Mapping[str, Build] = USUAL, start: float = 0.0) -> VirtualBus:
    """A slave for each connector of the house, with its id; `builds` by VIN where one differs from the usual protocol 2 unit."""
    slaves = []
    for vin, connector in world.circuit.connectors.items():
        build = replace(builds.get(vin, Build(rated_amps=connector.rated_amps)), id=int(connector.id, 16))
        slaves.append(Slave(build, HouseCar(world, vin), seed))
    return VirtualBus(slaves, seed, start=start)
