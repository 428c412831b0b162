"""Powerwall 2 and + through the gateway's own page on the LAN (facts: local gateway API). Reading only: a customer may not write here.

The certificate is self-signed and names nobody, so it is pinned by its fingerprint. Each login counts towards the gateway's lockout:
the cookie is kept by the caller between two cron runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol, TypeVar

from clients.http import Ask, Http, Reply, fingerprint_of, host_of, is_loopback
from clients.values import Node, root
from errors import BadCertificate, ClientError, LoginDead, NotConfigured, TooMany
from model import Missing, PowerwallReading

SOURCE = "powerwall"
Value = TypeVar("Value")
EXTRA_S = 5.0  # for what is nice to know beside the meters

GRID_UP: Mapping[str, bool] = {
    "SystemGridConnected": True,
    "SystemIslandedActive": False,
    "SystemIslandedReady": False,
    "SystemTransitionToGrid": False,
    "SystemTransitionToIsland": False,
    "SystemMicroGridFaulted": False,
    "SystemWaitForUser": False,
}


class CookieJarPort(Protocol):
    """Where the login is kept (0600). The value is ready to be sent as a Cookie header."""

    def get(self) -> str | None: ...

    def put(self, cookie: str, /) -> None: ...


class Powerwall:
    """`password`: the last five characters of the gateway's; `fingerprint`: SHA-256 of its certificate, colons allowed."""

    def __init__(self, url: str, password: str, fingerprint: str | None, http: Http, cookie: CookieJarPort) -> None:
        self._url = url.rstrip("/")
        self._password = password
        self._fingerprint = fingerprint or ""
        self._http = http
        self._cookie = cookie
        self._logged_in = False
        self._proved = False

    def read(self, now: datetime) -> PowerwallReading:
        """Meters, which must be there, and what else the gateway tells. Raises LoginDead, TooMany, BadCertificate and the rest."""
        pin = self._pin()
        meters = root(SOURCE, self._get(pin, "/api/meters/aggregates", None).json())
        soe = self._extra(pin, "/api/system_status/soe")
        operation = self._extra(pin, "/api/operation")
        grid = self._extra(pin, "/api/system_status/grid_status")
        powers = _powers(meters)
        return PowerwallReading(
            at=now,
            grid_w=powers[0],
            battery_w=powers[1],
            solar_w=powers[2],
            load_w=powers[3],
            soc=_of(soe, lambda node: _app_scale(node.number("percentage", 0, 101))),
            reserve_soc=_of(operation, lambda node: _app_scale(node.number("backup_reserve_percent", 0, 101))),
            mode=_of(operation, lambda node: node.text("real_mode")),
            grid_up=_of(grid, _grid_up),
            storm_watch=Missing(SOURCE, "the gateway on the LAN does not tell; Tesla's cloud does"),
        )

    def _extra(self, pin: str, path: str) -> Node | Missing:
        try:
            return root(SOURCE, self._get(pin, path, EXTRA_S).json())
        except (LoginDead, TooMany):
            raise
        except ClientError as error:
            return Missing(SOURCE, error.text)

    def _get(self, pin: str, path: str, limit_s: float | None) -> Reply:
        """Logs in at most once per object, and never because of a 403 on one page where another page was open to the same cookie."""
        cookie = self._cookie.get() or self._log_in(pin)
        reply = self._page(pin, path, cookie, limit_s)
        if reply.status == 401 or (reply.status == 403 and not self._proved):
            reply = self._page(pin, path, self._log_in(pin), limit_s)
        self._proved = self._proved or reply.ok
        return reply.require()

    def _page(self, pin: str, path: str, cookie: str, limit_s: float | None) -> Reply:
        return self._ask(Ask(SOURCE, self._url + path, headers={"Cookie": cookie}, pin=pin, secrets=(cookie,), limit_s=limit_s))

    def _log_in(self, pin: str) -> str:
        if self._logged_in:  # a further login would only lead to the gateway's lockout
            raise LoginDead(SOURCE, f"{host_of(self._url)} does not accept the login that it has just given; check POWERWALL_PASSWORD.")
        self._logged_in = True
        body = {"username": "customer", "password": self._password, "email": "", "force_sm_off": False}
        ask = Ask(SOURCE, f"{self._url}/api/login/Basic", "POST", body=body, pin=pin, secrets=(self._password,))
        reply = self._ask(ask)
        if reply.status in (401, 403):
            why = f"{reply.host} refused the login; POWERWALL_PASSWORD is the last 5 characters of the gateway's password (sticker)."
            raise LoginDead(SOURCE, why, status=reply.status)
        token = root(SOURCE, reply.require().json()).text("token")
        cookies = dict(reply.cookies) or ({} if isinstance(token, Missing) else {"AuthCookie": token})
        if not cookies:
            raise LoginDead(SOURCE, f"{reply.host} answered the login without a cookie or token; is POWERWALL_URL the gateway's address?")
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        self._cookie.put(cookie)
        return cookie

    def _ask(self, ask: Ask) -> Reply:
        try:
            return self._http.ask(ask)
        except BadCertificate as error:
            raise BadCertificate(SOURCE, self._certificate_text("does not show the certificate in POWERWALL_FINGERPRINT")) from error

    def _pin(self) -> str:
        if not self._url.lower().startswith("https://"):
            if is_loopback(self._url):
                return ""
            raise NotConfigured(SOURCE, "POWERWALL_URL must begin with https:// so that the password is not sent in the clear.")
        pin = re.sub(r"[^0-9a-f]", "", self._fingerprint.lower().removeprefix("sha256"))
        if not pin:
            raise BadCertificate(SOURCE, self._certificate_text("is not known yet"))
        if len(pin) != 64:
            raise NotConfigured(SOURCE, "POWERWALL_FINGERPRINT must be the 64 hex digits of a SHA-256 fingerprint.")
        return pin

    def _certificate_text(self, what: str) -> str:
        seen = fingerprint_of(SOURCE, self._url)
        return (
            f"{host_of(self._url)} {what}. It shows {seen}. If your browser shows the same for this address, "
            f"put this line into .env: POWERWALL_FINGERPRINT={seen}"
        )


def _powers(meters: Node) -> tuple[float, float, float, float]:
    """grid, battery, solar, load in W. A house without panels has no solar meter: then it is what the others leave."""
    grid, battery, load = (meters.node(name).number("instant_power", -1e6, 1e6) for name in ("site", "battery", "load"))
    grid_w, battery_w, load_w = meters.need(grid), meters.need(battery), meters.need(load)
    solar_w = (
        meters.need(meters.node("solar").number("instant_power", -1e6, 1e6)) if "solar" in meters.data else load_w - grid_w - battery_w
    )
    return grid_w, battery_w, max(0.0, solar_w), max(0.0, load_w)


def _app_scale(raw: float | Missing) -> float | Missing:
    """The gateway keeps 5 % hidden from the owner; the app shows (raw - 5) / 0.95."""
    return raw if isinstance(raw, Missing) else min(100.0, max(0.0, (raw - 5) / 0.95))


def _grid_up(node: Node) -> bool | Missing:
    word = node.text("grid_status")
    return word if isinstance(word, Missing) else GRID_UP.get(word, node.missing("grid_status"))


def _of(node: Node | Missing, read: Callable[[Node], Value | Missing]) -> Value | Missing:
    return node if isinstance(node, Missing) else read(node)
