"""The Powerwall as Tesla's cloud knows it, and what can be changed of its settings. Words and units as in model.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from model import Missing, PowerwallReading, Reason

SiteValue = int | str | bool


@dataclass(frozen=True, slots=True)
class EnergySite:
    """One energy site of the account. `battery`: it has a Powerwall."""

    id: int
    name: str
    battery: bool


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """The owner's settings of a site."""

    at: datetime
    reserve_soc: int | Missing
    mode: str | Missing  # self_consumption, autonomous or backup
    grid_charging: bool | Missing  # may the Powerwall be charged from the grid
    storm_mode: bool | Missing  # may Storm Watch take over: the setting, not the storm
    zone: str | Missing


@dataclass(frozen=True, slots=True)
class CloudSite:
    """What Tesla's cloud told of the site: its flows, and its settings where they were asked for."""

    site_id: int
    live: PowerwallReading
    settings: SiteSettings | Missing


class SiteKind(StrEnum):
    """What can be changed at a site, in the words of the Fleet API."""

    RESERVE = "backup"  # percent
    MODE = "operation"
    GRID_CHARGING = "grid_import_export"  # True: the grid may charge the Powerwall


@dataclass(frozen=True, slots=True)
class SiteCommand:
    """One change that is due. `own`: the owner's value, to be on disk before it is sent; None: his value is put back by it."""

    site_id: int
    kind: SiteKind
    value: SiteValue
    why: Reason
    own: SiteValue | None
