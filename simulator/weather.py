"""The weather over the house, and what a forecast of it says: right for what has been, and the farther ahead the more it errs."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .curves import Curve
from .sun import SYSTEM_SHARE, clear_sky

if TYPE_CHECKING:
    from .house import World

FULL_W_M2 = 1000.0
ERRS_FULLY = timedelta(hours=24)
SAMPLES = 4


def errs(share: float) -> Curve:
    """A forecast that is wrong by up to `share`, each day by another part of it."""
    return lambda at: share * math.sin(at.toordinal() * 1.7)


class Sky:
    """`error`: by how much a forecast of the light errs, as a share; of the temperature by ten degrees times that."""

    def __init__(self, world: World, error: Curve | None = None) -> None:
        self.world = world
        self.error = error or errs(0.25)

    def light(self, at: datetime) -> float:
        """W/m2 on flat panels."""
        spec = self.world.spec
        return FULL_W_M2 / SYSTEM_SHARE * spec.clouds(at) * clear_sky(at, spec.sun_at.lat, spec.sun_at.lon)

    def forecast_light(self, end: datetime) -> float:
        """The mean of the hour that ends then, as it is forecast now."""
        times = [end - timedelta(hours=1) * (number + 0.5) / SAMPLES for number in range(SAMPLES)]
        return sum(map(self.light, times)) / SAMPLES * (1 + self._error(end))

    def forecast_warmth(self, at: datetime) -> float:
        return self.world.temperature(at) + 10 * self._error(at)

    def _error(self, at: datetime) -> float:
        ahead = max(timedelta(), at - self.world.now) / ERRS_FULLY
        return self.error(at) * min(1.0, ahead)
