"""Ready-made houses for demos and tests. Names, VINs and places are made up."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from .car import CarSpec
from .house import HOME, HouseSpec, World

ZONE = ZoneInfo("America/Los_Angeles")
BLUE = CarSpec("5YJ3AMPSHFT000001", "Blue", HOME, ZONE)
RED = CarSpec("5YJ3AMPSHFT000002", "Red", HOME, ZONE, battery_kwh=60.0, max_amps=32, wh_per_km=150.0)


def sunny_house(start: datetime, cars: tuple[CarSpec, ...] = (BLUE,)) -> World:
    """7 kW of panels, one Powerwall, a 60 A circuit, a tariff with cheap nights."""
    return World(HouseSpec(zone=ZONE, home=HOME, solar_kw=7.0, powerwalls=1), cars, start)


def plain_house(start: datetime, cars: tuple[CarSpec, ...] = (BLUE,)) -> World:
    """No panels and no battery."""
    return World(HouseSpec(zone=ZONE, home=HOME), cars, start)
