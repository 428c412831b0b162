"""What every command of scheduler.py starts from: settings, now, and the ways to disk and wire, opened only when they are used."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from config import Settings
from state.cache import Cache
from state.files import Stamp, boot_id
from state.logins import Logins
from state.quota import Quota
from state.spend import Spend
from state.store import Store

if TYPE_CHECKING:
    from clients.http import Http
    from cycle.market import Market
    from cycle.real import RealHouse
    from cycle.tesla_login import TeslaLogin


class Problem:
    """Texts that more than one command needs."""

    NOTHING = (
        "Nothing is configured: neither a car, a charger, a Powerwall nor a meter.",
        "To see it work on a simulated house:   make demo",
        "To set up yours:                       make install (or cp .env.example .env) and fill in the settings of .env",
        "To test each setting and connection:   scheduler.py check",
    )


@dataclass(frozen=True)
class Desk:
    """`believed`: `now` was given by hand; `sleep`: waits for another program's file lock."""

    settings: Settings
    now: datetime
    sleep: Callable[[float], None]
    verbose: bool = False
    as_json: bool = False
    believed: bool = False

    def at(self, now: datetime) -> Desk:
        return replace(self, now=now)

    @cached_property
    def store(self) -> Store:
        settings = self.settings
        return Store(settings.state_dir, settings.run_dir, settings.time_zone, self.now, "scheduler", boot_id(), self.sleep)

    @property
    def stamp(self) -> Stamp:
        return Stamp(self.now, "scheduler", self.settings.time_zone)

    @cached_property
    def cache(self) -> Cache:
        return Cache(self.settings.state_dir / "cache", self.stamp, self.sleep)

    @cached_property
    def spend(self) -> Spend:
        return Spend(self.settings.state_dir, self.stamp, self.settings.tesla_budget_dollars, self.sleep)

    @cached_property
    def house(self) -> RealHouse:
        from cycle.real import RealHouse

        return RealHouse(self.settings, self.store, self.cache, self.spend, self.http, self.login, self.market)

    @cached_property
    def quota(self) -> Quota:
        return Quota(self.settings.state_dir, self.stamp, self.sleep)

    @cached_property
    def market(self) -> Market:
        from cycle.market import Market

        return Market(self.settings, self.cache, self.http, self.quota, self.now, time.monotonic, self.sleep)

    @cached_property
    def http(self) -> Http:
        from clients.http import Http

        return Http()

    @cached_property
    def logins(self) -> Logins:
        return Logins(self.settings.state_dir, self.stamp, self.sleep)

    @cached_property
    def login(self) -> TeslaLogin:
        """The one way to an access token of Tesla's."""
        from cycle.tesla_login import TeslaLogin

        return TeslaLogin(self.settings, self.logins, self.http, self.now)
