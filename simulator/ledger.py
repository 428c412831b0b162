"""The account book of the house: energy, money and CO2, for the whole house and for each car's share of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .battery import JOULES


@dataclass(frozen=True, slots=True)
class Flows:
    """Power now, in W: grid + solar + battery = load, cars included in load. Solar and load are never negative."""

    grid_w: float = 0.0
    solar_w: float = 0.0
    battery_w: float = 0.0
    load_w: float = 0.0
    base_w: float = 0.0


@dataclass(frozen=True, slots=True)
class Rates:
    """What a kWh counts as now: bought, given back (currency per kWh), and the grid's average CO2 (g/kWh)."""

    price: float
    export: float
    co2: float


@dataclass(slots=True)
class CarBook:
    """One car's kWh at the wall, by where they came from. `paid`: its share of the grid at the import price; `forgone`: what its share of
    the sun would have earned; `grams`: CO2 of its grid share."""

    wall_kwh: float = 0.0
    grid_kwh: float = 0.0
    solar_kwh: float = 0.0
    battery_kwh: float = 0.0
    paid: float = 0.0
    forgone: float = 0.0
    grams: float = 0.0

    @property
    def cost(self) -> float:
        return self.paid + self.forgone


@dataclass(slots=True)
class Ledger:
    """Sums since the world began, in kWh, money and g. Energy balance: import - export + solar + battery out - battery in = load."""

    import_kwh: float = 0.0
    export_kwh: float = 0.0
    solar_kwh: float = 0.0
    battery_in_kwh: float = 0.0
    battery_out_kwh: float = 0.0
    load_kwh: float = 0.0
    import_cost: float = 0.0
    export_income: float = 0.0
    load_cost: float = 0.0
    grams: float = 0.0
    cars: dict[str, CarBook] = field(default_factory=dict)

    @property
    def bill(self) -> float:
        return self.import_cost - self.export_income

    @property
    def bill_without_solar(self) -> float:
        """The same load, all of it bought at its time."""
        return self.load_cost

    def book(self, flows: Flows, draws: Mapping[str, float], rates: Rates, dt_s: float) -> None:
        hours = dt_s / JOULES
        bought, given = max(flows.grid_w, 0.0) * hours, max(-flows.grid_w, 0.0) * hours
        self.import_kwh += bought
        self.export_kwh += given
        self.solar_kwh += flows.solar_w * hours
        self.battery_out_kwh += max(flows.battery_w, 0.0) * hours
        self.battery_in_kwh += max(-flows.battery_w, 0.0) * hours
        self.load_kwh += flows.load_w * hours
        self.import_cost += bought * rates.price
        self.export_income += given * rates.export
        self.load_cost += flows.load_w * hours * rates.price
        self.grams += bought * rates.co2
        for vin, watts in draws.items():
            if watts > 0:
                self._book_car(self.cars.setdefault(vin, CarBook()), flows, watts * hours, rates)

    def _book_car(self, book: CarBook, flows: Flows, kwh: float, rates: Rates) -> None:
        """Everything that draws shares each source alike."""
        supply = max(flows.grid_w, 0.0) + flows.solar_w + max(flows.battery_w, 0.0)
        grid = kwh * max(flows.grid_w, 0.0) / supply if supply > 0 else 0.0
        battery = kwh * max(flows.battery_w, 0.0) / supply if supply > 0 else 0.0
        solar = kwh - grid - battery
        book.wall_kwh += kwh
        book.grid_kwh += grid
        book.battery_kwh += battery
        book.solar_kwh += solar
        book.paid += grid * rates.price
        book.forgone += solar * rates.export
        book.grams += grid * rates.co2
