"""Introduces signed commands to the disk: the key that `auth tesla` made, and tesla_session.json, one entry for each car, 0600."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clients.http import Http, host_of, may_carry_secret
from clients.tesla_billing import Count
from clients.tesla_commands import BLUETOOTH, Commander
from clients.tesla_known import Known, from_json, to_json
from config import CommandProxy, Settings
from cycle.tesla_login import Access
from errors import Refused
from model import Billed
from state.logins import Login, Logins

if TYPE_CHECKING:
    from clients.tesla_session import SignedCommands


@dataclass(frozen=True, slots=True)
class DiskSessions:
    """clients.tesla_session.Sessions on disk."""

    logins: Logins

    def change(self, vin: str, renew: Callable[[Known | None], Known | None]) -> Known | None:
        """What `renew` gave, on disk. The lock is held for the write only, never while a car is asked. Raises StateError."""
        found: list[Known | None] = []

        def change(kept: Mapping[str, object] | None) -> Mapping[str, object]:
            others = _cars(kept)
            before = from_json(others.pop(vin, None))
            after = renew(before)
            found.append(after)
            if after is before and kept is not None:
                return kept
            return {"cars": others if after is None else {**others, vin: to_json(after)}}

        self.logins.change(Login.SESSION, change)
        return found[-1]


@dataclass(frozen=True, slots=True)
class Sender:
    """What a command needs beside itself. `now`: our clock in Unix seconds, moving on within the cycle."""

    settings: Settings
    http: Http
    logins: Logins
    now: Callable[[], float]

    def commander(self, access: Access, count: Count) -> Commander:
        """Signs by itself where there is a key and the owner set no proxy of his own; a Bluetooth proxy is not billed."""
        ble = self.settings.tesla_command_proxy is CommandProxy.BLE
        count = _free if ble else count
        return Commander(access.command_url, access.token, self.http, count, BLUETOOTH if ble else self._signed(access, count))

    def _signed(self, access: Access, count: Count) -> SignedCommands | None:
        pem = self.logins.load_key() if access.command_url == access.url else None
        if pem is None:
            return None
        from clients.tesla_session import Ours, Route, SignedCommands

        return SignedCommands(Route(access.url, access.token), self.http, count, Ours(pem, DiskSessions(self.logins)), self.now)


def way(settings: Settings, logins: Logins) -> tuple[str, bool]:
    """A line for `check`: how commands go out, and whether they cannot."""
    if settings.tesla_command_proxy is CommandProxy.BLE:
        where = host_of(settings.tesla_command_url)
        return f"ok      commands: over Bluetooth, by the proxy at {where} (not tried here); Tesla does not bill them", False
    if settings.tesla_command_url != settings.tesla_api_url:
        if not may_carry_secret(settings.tesla_command_url):
            where = host_of(settings.tesla_command_url)
            why = f"{where} (TESLA_COMMAND_URL) is http on another machine, so no login is sent there and it will refuse: write https://"
            return f"FAILED  commands: {why}", True
        return f"ok      commands: through the proxy at {host_of(settings.tesla_command_url)} (not tried here)", False
    pem = logins.load_key()
    if pem is None:
        return "-       commands: not signed, which most cars refuse; scheduler.py auth tesla makes a key (tesla_key.pem)", False
    from clients.tesla_signing import load_key

    try:
        load_key(pem)
    except Refused as error:
        return f"FAILED  commands: {error.text}", True
    return "ok      commands: signed here with tesla_key.pem", False


def _free(_kind: Billed) -> Callable[[], None]:
    return lambda: None


def _cars(kept: Mapping[str, object] | None) -> dict[str, object]:
    cars = kept.get("cars") if kept is not None else None
    return dict(cars) if isinstance(cars, dict) else {}
