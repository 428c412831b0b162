"""A Powerwall in self-consumption: takes what the sun leaves over, gives what the house needs, keeps its reserve for outages."""

from __future__ import annotations

from dataclasses import dataclass

ONE_WAY = 0.95  # share that survives going in, and again coming out: 90 % there and back
JOULES = 3.6e6  # in a kWh


@dataclass(slots=True)
class Battery:
    """`soc`, `reserve_soc` in percent as the app shows them. `storm`: Storm Watch fills it from the grid (the gateway does not tell)."""

    units: int = 1
    soc: float = 50.0
    reserve_soc: float = 20.0
    mode: str = "self_consumption"
    storm: bool = False
    grid_charging: bool = True

    @property
    def kwh(self) -> float:
        return 13.5 * self.units

    @property
    def max_w(self) -> float:
        return 5000.0 * self.units

    def can_give_w(self, dt_s: float, floor_soc: float) -> float:
        """The most it can discharge for `dt_s` seconds without going below `floor_soc`."""
        stored = max(0.0, self.soc - floor_soc) / 100 * self.kwh * JOULES
        return min(self.max_w, stored * ONE_WAY / dt_s)

    def can_take_w(self, dt_s: float) -> float:
        room = (100.0 - self.soc) / 100 * self.kwh * JOULES
        return min(self.max_w, max(0.0, room) / ONE_WAY / dt_s)

    def wish_w(self, net_w: float, dt_s: float, grid_up: bool) -> float:
        """Its power (+ discharging) for a house that lacks `net_w` after the sun. During an outage the reserve may be used."""
        if grid_up and (self.storm or (self.grid_charging and (self.mode == "backup" or self.soc < self.reserve_soc - 1))):
            return -self.can_take_w(dt_s)
        if net_w > 0:
            return 0.0 if grid_up and self.mode == "backup" else min(net_w, self.can_give_w(dt_s, self.reserve_soc if grid_up else 0.0))
        return max(net_w, -self.can_take_w(dt_s))

    def run(self, watts: float, dt_s: float) -> None:
        stored = watts / ONE_WAY if watts > 0 else watts * ONE_WAY
        self.soc = min(100.0, max(0.0, self.soc - stored * dt_s / JOULES / self.kwh * 100))
