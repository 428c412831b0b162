"""The energy site as the Fleet API answers for it: products, live_status, site_info, and the settings that can be changed.

Shapes as in recorded bodies (facts: energy endpoints). Changes act on the battery's physics; a reserve above 80 is cut to 80, as seen."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from model import Billed

from .account import Account, Answer, ApiCall, failure
from .battery import Battery

if TYPE_CHECKING:
    from .house import World

Json = dict[str, object]
SITE_ID = 2252147000
MOST_RESERVE = 80
MODES = ("self_consumption", "autonomous", "backup")
PRODUCTS = "/api/1/products"
PATH = re.compile(r"/api/1/energy_sites/(?P<site>\d+)/(?P<rest>[a-z_]+)")


def is_energy(path: str) -> bool:
    return path == PRODUCTS or PATH.fullmatch(path) is not None


class Site:
    """The site of `world`, if it has a battery. `storm_mode`: the owner's setting; a storm itself is `battery.storm`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.storm_mode = True
        self.tariff: Json = {}  # the rate plan that the owner entered in the app
        self.connectors = True  # Wall Connectors that belong to the site are told with the cars on them

    def answer(self, method: str, path: str, body: Mapping[str, object]) -> Answer:
        """One request; every answer is noted in the account, and billed as an energy call."""
        match, account = PATH.fullmatch(path), self.world.account
        if path == PRODUCTS:
            return _note(account, self.world.now, "products", None, Answer(200, self._products()))
        name = match["rest"] if match else "energy"
        battery = self.world.battery
        if match is None or battery is None or int(match["site"]) != SITE_ID:
            return _note(account, self.world.now, name, None, failure(404, "not_found"))
        if method == "GET":
            page = {"live_status": self._live, "site_info": self._info}.get(name)
            found = Answer(200, {"response": page(battery)}) if page else failure(404, "not_found")
            return _note(account, self.world.now, name, None, found)
        work = CHANGES.get(name)
        done = work is not None and work(battery, body)
        accepted = Answer(200, {"response": {"code": 201, "message": "Updated"}})
        value = next(iter(body.values()), None)
        return _note(account, self.world.now, name, value, accepted if done else failure(400, "invalid_field"))

    def _products(self) -> Json:
        rows: list[object] = [{"vin": vin, "id": 1, "display_name": car.spec.name} for vin, car in self.world.cars.items()]
        if self.world.battery is not None:
            site = {"energy_site_id": SITE_ID, "resource_type": "battery", "site_name": "Home", "components": {"battery": True}}
            rows.append(site)
        return {"response": rows, "count": len(rows)}

    def _live(self, battery: Battery) -> Json:
        flows, up = self.world.flows, self.world.grid_up
        rows = [self._connector(vin) for vin in self.world.cars] if self.connectors else None
        return {
            "solar_power": round(flows.solar_w),
            "energy_left": battery.soc / 100 * battery.kwh * 1000,
            "total_pack_energy": round(battery.kwh * 1000),
            "percentage_charged": battery.soc,
            "battery_power": round(flows.battery_w),
            "load_power": round(flows.load_w, 3),
            "grid_status": "Active" if up else "Inactive",
            "grid_power": round(flows.grid_w, 3),
            "island_status": "on_grid" if up else "off_grid_unintentional",
            "storm_mode_active": battery.storm,
            "timestamp": self.world.now.isoformat(),
            "wall_connectors": rows,
        }

    def _connector(self, vin: str) -> Json:
        car, connector = self.world.cars[vin], self.world.circuit.connectors[vin]
        here = car.on_our_circuit
        row: Json = {"din": f"1457768-02-G--{connector.id}", "wall_connector_state": 1 if here and car.wall_w > 0 else 4 if here else 2}
        return {**row, "wall_connector_power": round(car.wall_w) if here else 0, **({"vin": vin} if here else {})}

    def _info(self, battery: Battery) -> Json:
        components = {"solar": True, "battery": True, "disallow_charge_from_grid_with_solar_installed": not battery.grid_charging}
        return {
            "site_name": "Home",
            "backup_reserve_percent": battery.reserve_soc,
            "default_real_mode": battery.mode,
            "user_settings": {"storm_mode_enabled": self.storm_mode},
            "components": components,
            "installation_time_zone": str(self.world.spec.zone),
            "nameplate_energy": round(battery.kwh * 1000),
            **({"tariff_content_v2": self.tariff} if self.tariff else {}),
        }


def _reserve(battery: Battery, body: Mapping[str, object]) -> bool:
    percent = body.get("backup_reserve_percent")
    if not isinstance(percent, int) or isinstance(percent, bool) or not 0 <= percent <= 100:
        return False
    battery.reserve_soc = min(percent, MOST_RESERVE)
    return True


def _mode(battery: Battery, body: Mapping[str, object]) -> bool:
    mode = body.get("default_real_mode")
    if mode not in MODES:
        return False
    battery.mode = str(mode)
    return True


def _grid_charging(battery: Battery, body: Mapping[str, object]) -> bool:
    never = body.get("disallow_charge_from_grid_with_solar_installed")
    if not isinstance(never, bool):
        return False
    battery.grid_charging = not never
    return True


CHANGES: Mapping[str, Callable[[Battery, Mapping[str, object]], bool]] = {
    "backup": _reserve,
    "operation": _mode,
    "grid_import_export": _grid_charging,
}


def _note(account: Account, now: datetime, name: str, value: object, answer: Answer) -> Answer:
    account.calls.append(ApiCall(now, Billed.ENERGY, name, "", value, answer.status, ""))
    account.bill(Billed.ENERGY, answer.status)
    return answer
