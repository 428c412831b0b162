"""Average CO2 of a grid's power from the mix of its fuels: life-cycle medians in g/kWh.

IPCC AR5 (2014), working group III, annex III, table A.III.2; oil as Electricity Maps counts it; imports of unknown origin as
California's Air Resources Board does (0.428 t/MWh). With the real mix of CAISO 2022 these give the published series to the gram
(tests). Batteries are left out: their power was counted when it was made. This is the average, not the marginal plant: at night in
California the two disagree.
"""

from __future__ import annotations

from collections.abc import Mapping

OTHER = 230.0  # fuels that nobody names: what the list has for biomass and the like
GRAMS: Mapping[str, float] = {
    "coal": 820,
    "coal_and_lignite": 820,
    "oil": 650,
    "petroleum": 650,
    "diesel": 650,
    "natural_gas": 490,
    "gas": 490,
    "dual_fuel": 490,
    "other_fossil_fuels": 490,
    "imports": 428,
    "biomass": 230,
    "biogas": 230,
    "wood": 230,
    "refuse": 230,
    "landfill_gas": 230,
    "solar": 41,
    "geothermal": 38,
    "hydro": 24,
    "small_hydro": 24,
    "large_hydro": 24,
    "multiple_fuels": 490,
    "nuclear": 12,
    "wind": 11,
    "other": OTHER,
    "other_renewables": 41,
}
STORED = ("batteries", "storage", "power_storage", "battery", "energy_storage", "pumped_storage")


def intensity(mix: Mapping[str, float]) -> float | None:
    """g/kWh of a mix {fuel: MW}; what draws power (below 0) makes none. None: nothing is generated, or nothing is known."""
    made = {fuel_of(name): 0.0 for name in mix}
    for name, megawatts in mix.items():
        made[fuel_of(name)] += max(0.0, megawatts)
    made = {fuel: megawatts for fuel, megawatts in made.items() if fuel not in STORED}
    total = sum(made.values())
    return sum(GRAMS.get(fuel, OTHER) * megawatts for fuel, megawatts in made.items()) / total if total > 0 else None


def fuel_of(name: str) -> str:
    """A column's name as this table has it: `fuel_mix.Natural Gas` is natural_gas."""
    return name.rpartition(".")[2].strip().lower().replace(" ", "_").replace("-", "_")
