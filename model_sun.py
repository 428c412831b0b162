"""The roof and the house: what is forecast for them, what was measured, and what was learned from it. Words and units as in model.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from model import Missing, Series


@dataclass(frozen=True, slots=True)
class Weather:
    """One forecast for home. `temperature`: deg C; `irradiance`: W/m2 on the panels, Missing where no panels were asked for."""

    fetched_at: datetime
    temperature: Series
    irradiance: Series | Missing


@dataclass(frozen=True, slots=True)
class HouseMoment:
    """One look at the house, from the history. None: not known. `cars_w`: what the cars at home drew of `load_w`."""

    at: datetime
    grid_w: float | None
    solar_w: float | None
    load_w: float | None
    cars_w: float | None


@dataclass(frozen=True, slots=True)
class Learned:
    """From past days. `share`: measured power as a share of panels x irradiance, None: nothing to compare; `highest_w`: the most that the
    roof ever gave, None: not enough days; `load`: W without the cars, by weekday from Monday and quarter of an hour (672), or empty."""

    at: datetime
    share: float | None = None
    highest_w: float | None = None
    load: tuple[float, ...] = ()
