"""The Powerwall through the Fleet API: sites of the account, flows, settings, and the three settings that a charging car touches.

As sent: W (battery + discharging, grid + importing), percent on the app's own scale, local times of the site (facts: energy endpoints).
Every call is counted as an energy call, whatever Tesla bills for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from clients.http import Ask, Http, Reply
from clients.tesla_billing import Count, ask_billed, headers_for
from clients.tesla_status import error_for
from clients.values import Node, root
from errors import BadAnswer, Refused
from model import Billed, Missing, PowerwallReading, SiteConnector
from model_energy import EnergySite, SiteKind, SiteSettings, SiteValue

SOURCE = "powerwall"
TAKEN = (200, 201, 202)  # the code in the body of an accepted change
FREE_STATE = 2  # wall_connector_state of an empty connector, in every recorded body that has one
NO_BATTERY_WH = 100  # a site without a battery says 1 Wh


@dataclass(frozen=True, slots=True)
class SiteInfo:
    """site_info. `tariff`: tariff_content_v2 as Tesla has it; empty where there is none."""

    settings: SiteSettings
    tariff: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Energy:
    """`count`: as in clients.tesla."""

    url: str
    token: str
    http: Http
    count: Count

    def sites(self) -> tuple[EnergySite, ...]:
        """The account's energy sites; cars in the same list are left out."""
        rows = self._answer("GET", "/api/1/products").data.get("response")
        if not isinstance(rows, list):
            raise BadAnswer(SOURCE, "Tesla's list of products holds no list.")
        found = [_site(Node(SOURCE, "products", row)) for row in rows if isinstance(row, dict)]
        return tuple(site for site in found if site is not None)

    def live(self, site_id: int, now: datetime) -> PowerwallReading:
        """live_status as a Powerwall reading."""
        return live_reading(self._answer("GET", f"/api/1/energy_sites/{site_id}/live_status").data, now)

    def info(self, site_id: int, now: datetime) -> SiteInfo:
        """site_info as settings and tariff."""
        return site_info(self._answer("GET", f"/api/1/energy_sites/{site_id}/site_info").data, now)

    def change(self, site_id: int, kind: SiteKind, value: SiteValue) -> str:
        """Sends one change; gives Tesla's words for it. Raises Refused where the answer says no, and the rest of the tree."""
        answer = self._answer("POST", f"/api/1/energy_sites/{site_id}/{kind.value}", body_of(kind, value))
        node = answer.node("response")
        code, said = node.whole("code"), node.text("message")
        text = said if isinstance(said, str) else ""
        if node.data.get("result") is False or (isinstance(code, int) and code not in TAKEN):
            raise Refused(SOURCE, f"Tesla did not take the change of the Powerwall: {text or code}", status=200)
        return text

    def _answer(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Node:
        url = self.url.rstrip("/") + path
        ask = Ask(SOURCE, url, method, headers=headers_for(url, self.token), body=body, secrets=(self.token,), retry=False)
        reply: Reply = ask_billed(self.http, ask, Billed.ENERGY, self.count)
        if reply.status == 404:
            raise Refused(SOURCE, "Tesla answered 404: it knows no such energy site; write POWERWALL_SITE=auto, or its number", status=404)
        if not reply.ok:
            raise error_for(reply.status, reply.text(), reply.headers)
        return root(SOURCE, reply.json())


def body_of(kind: SiteKind, value: SiteValue) -> Mapping[str, object]:
    """A change as Tesla takes it."""
    if kind is SiteKind.RESERVE:
        return {"backup_reserve_percent": value}
    if kind is SiteKind.MODE:
        return {"default_real_mode": value}
    return {"disallow_charge_from_grid_with_solar_installed": value is not True}


def live_reading(answer: Mapping[str, object], now: datetime) -> PowerwallReading:
    """Raises BadAnswer where a flow is missing."""
    node = Node(SOURCE, "", answer).node("response")
    grid_w, battery_w, solar_w = (node.need(node.number(f"{name}_power", -1e6, 1e6)) for name in ("grid", "battery", "solar"))
    load = node.number("load_power", -1e6, 1e6)
    return PowerwallReading(
        at=now,
        grid_w=grid_w,
        battery_w=battery_w,
        solar_w=max(0.0, solar_w),
        load_w=max(0.0, grid_w + battery_w + solar_w if isinstance(load, Missing) else load),
        soc=_soc(node),
        reserve_soc=Missing(SOURCE, "live_status does not tell; site_info does"),
        mode=Missing(SOURCE, "live_status does not tell; site_info does"),
        grid_up=_grid_up(node),
        storm_watch=node.flag("storm_mode_active"),
        connectors=_connectors(node),
    )


def site_info(answer: Mapping[str, object], now: datetime) -> SiteInfo:
    """Raises BadAnswer where the answer holds no settings at all."""
    node = Node(SOURCE, "", answer).node("response")
    if not node.data:
        raise BadAnswer(SOURCE, "Tesla's answer holds no site_info.")
    components, user = node.node("components"), node.node("user_settings")
    never = components.flag("disallow_charge_from_grid_with_solar_installed")
    tariff = node.data.get("tariff_content_v2") or node.node("tou_settings").data.get("tariff_content_v2")
    settings = SiteSettings(
        at=now,
        reserve_soc=node.whole("backup_reserve_percent", 0, 100),
        mode=node.text("default_real_mode"),
        grid_charging=never if isinstance(never, Missing) else not never,
        storm_mode=user.flag("storm_mode_enabled"),
        zone=node.text("installation_time_zone"),
    )
    return SiteInfo(settings, tariff if isinstance(tariff, dict) else {})


def _site(row: Node) -> EnergySite | None:
    number = row.whole("energy_site_id", 1, 2**63)
    if isinstance(number, Missing):
        return None
    name = row.text("site_name")
    battery = row.data.get("resource_type") == "battery" or row.node("components").data.get("battery") is True
    return EnergySite(number, name if isinstance(name, str) else f"site {number}", battery)


def _soc(node: Node) -> float | Missing:
    whole = node.number("total_pack_energy")
    if not isinstance(whole, Missing) and whole < NO_BATTERY_WH:
        return Missing(SOURCE, "this site has no battery")
    return node.number("percentage_charged", 0, 100)


def _grid_up(node: Node) -> bool | Missing:
    """Down where either word says so; Unknown in both is not known."""
    status, island = node.data.get("grid_status"), node.text("island_status")
    if status == "Inactive" or (isinstance(island, str) and island.startswith("off_grid")):
        return False
    return True if status == "Active" or island == "on_grid" else node.missing("grid_status")


def _connectors(node: Node) -> tuple[SiteConnector, ...]:
    rows = node.data.get("wall_connectors")
    found = [Node(SOURCE, "wall_connectors", row) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return tuple(SiteConnector(str(row.data.get("din", "")), _vin(row), row.number("wall_connector_power", -1e6, 1e6)) for row in found)


def _vin(row: Node) -> str | None:
    vin = row.text("vin")
    return vin if isinstance(vin, str) and row.data.get("wall_connector_state") != FREE_STATE else None
