"""One instant of the house: who supplies its load. A pure function of load, sun, battery and grid."""

from __future__ import annotations

from .battery import Battery
from .ledger import Flows


def balance(base_w: float, cars_w: float, solar_w: float, battery: Battery | None, dt_s: float) -> Flows:
    """With the grid up: what the sun and the battery leave open is imported, what they leave over is exported."""
    load_w = base_w + cars_w
    battery_w = battery.wish_w(load_w - solar_w, dt_s, grid_up=True) if battery else 0.0
    return Flows(load_w - solar_w - battery_w, solar_w, battery_w, load_w, base_w)


def island(base_w: float, cars_w: float, solar_w: float, battery: Battery | None, dt_s: float) -> Flows:
    """With the grid down: the sun is curtailed to what can be used; without a battery the house is dark; load beyond all is shed."""
    if battery is None:
        return Flows()
    load_w = min(base_w + cars_w, solar_w + battery.can_give_w(dt_s, 0.0))
    used_w = min(solar_w, load_w + battery.can_take_w(dt_s))
    return Flows(0.0, used_w, load_w - used_w, load_w, max(0.0, load_w - cars_w))


def island_has_room(base_w: float, cars_w: float, solar_w: float, battery: Battery | None, dt_s: float) -> bool:
    """Whether the cars can be supplied too while the grid is down."""
    return battery is not None and base_w + cars_w <= solar_w + battery.can_give_w(dt_s, 0.0)
