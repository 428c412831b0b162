"""Recorded bodies of real devices and a recorded grid, read from a folder that holds `fixtures/` and `data/` (see fixtures/SOURCES.txt)."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product
from pathlib import Path

from .curves import Curve, points

MADE_UP_VIN = "5YJ3AMPSHFT000009"
VEHICLES = (
    "ha/tesla_fleet_vehicle_data.json",
    "vehicle/vehicle_data_charging_us_models.json",
    "vehicle/vehicle_data_complete_many_nulls.json",
    "vehicle/charge_state_complete.json",
)
LOCAL = "powerwall_local"
COMMON = {"/api/operation": f"{LOCAL}/operation.json", "/api/system_status/soe": f"{LOCAL}/sim_system_status_soe.json"}
POWERWALLS: Mapping[str, Mapping[str, str]] = {
    "exporting": COMMON
    | {"/api/meters/aggregates": f"{LOCAL}/meters_aggregates.json", "/api/system_status/grid_status": f"{LOCAL}/grid_status.json"},
    "sim": COMMON
    | {
        "/api/meters/aggregates": f"{LOCAL}/sim_meters_aggregates.json",
        "/api/system_status/grid_status": f"{LOCAL}/sim_system_status_grid_status.json",
    },
    "ha": COMMON | {"/api/meters/aggregates": "ha/powerwall_meters.json", "/api/system_status/grid_status": f"{LOCAL}/grid_status.json"},
}
METERS: Mapping[str, Mapping[str, str]] = {
    "shelly_em": {"/status": "shelly/gen1_status_shelly_em_exporting.json"},
    "shelly_rpc": {
        "/rpc/EM1.GetStatus": "shelly/gen2_em1_getstatus_exporting.json",
        "/rpc/EM1Data.GetStatus": "shelly/gen2_em1data_getstatus.json",
        "/shelly": "shelly/gen2_shelly_deviceinfo_pro3em.json",
    },
}
LOGIN = f"{LOCAL}/sim_login_basic.json"
GEN3 = {
    "/api/1/vitals": "wall_connector/vitals.json",
    "/api/1/lifetime": "wall_connector/lifetime.json",
    "/api/1/version": "wall_connector/version.json",
}
COMMANDS = {"charge_stop": "vehicle/command_charge_stop_ok.json", "wake_up": "vehicle/wake_up_online.json"}
COMMAND_OK = "vehicle/command_charge_start_ok.json"
PRICES = "data/caiso/price_da_np15_processed_2022.csv"
LOADS = "data/caiso/eia930_region_data_CISO_2022.csv.gz"


@dataclass(frozen=True, slots=True)
class Case:
    """One house put together from recordings: a vehicle body, a Powerwall's bodies, a meter's."""

    vehicle: str
    powerwall: str
    meter: str

    @property
    def name(self) -> str:
        return f"{Path(self.vehicle).stem}+{self.powerwall}+{self.meter}"


def cases(folder: Path) -> tuple[Case, ...]:
    """Every combination whose recordings are in `folder`; empty where it is absent."""
    fixtures = folder / "fixtures"
    vehicles = [name for name in VEHICLES if (fixtures / name).is_file()]
    powerwalls = [name for name, pages in POWERWALLS.items() if all((fixtures / page).is_file() for page in pages.values())]
    meters = [name for name, pages in METERS.items() if all((fixtures / page).is_file() for page in pages.values())]
    return tuple(Case(*parts) for parts in product(vehicles, powerwalls, meters))


def pages(folder: Path, names: Mapping[str, str]) -> dict[str, bytes]:
    return {path: (folder / "fixtures" / name).read_bytes() for path, name in names.items()}


def vehicle(folder: Path, name: str) -> tuple[str, str, bytes]:
    """VIN, name and body of a recorded car. A body without a VIN stays without one; only the list then says the made-up one.
    A charge_state of its own is put where vehicle_data has it, unchanged."""
    body = (folder / "fixtures" / name).read_bytes()
    response = json.loads(body)["response"]
    if "charging_state" in response:
        body = json.dumps({"response": {"charge_state": response}}).encode()
    title = response.get("display_name") or (response.get("vehicle_state") or {}).get("vehicle_name")
    return response.get("vin") or MADE_UP_VIN, title or "Recorded", body


@cache
def prices(folder: Path) -> Curve:
    """Day-ahead NP15 prices of 2022 in USD per kWh; the file has UTC and the hour's beginning."""
    with (folder / PRICES).open(newline="", encoding="utf-8") as file:
        rows = [(datetime.fromisoformat(row[0]).replace(tzinfo=UTC), float(row[1]) / 1000) for row in list(csv.reader(file))[1:]]
    return points([at for at, _ in rows], [value for _, value in rows])


@cache
def loads(folder: Path) -> Curve:
    """CAISO's day-ahead demand forecast of 2022 in MW; the file names each hour by its end, has duplicates and six gaps."""
    found: dict[datetime, float] = {}
    with gzip.open(folder / LOADS) as packed, io.TextIOWrapper(packed, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["type"] == "DF" and row["value"]:
                ends = datetime.strptime(row["period"], "%Y-%m-%dT%H").replace(tzinfo=UTC)
                found[ends - timedelta(hours=1)] = float(row["value"])
    ordered = sorted(found)
    return points(ordered, [found[at] for at in ordered])
