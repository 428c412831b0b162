"""The Powerwall's local gateway over TLS (facts/tesla.md 6.1): a login cookie, meters, state of charge, operation, grid. Read only."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs

from .battery import Battery
from .certificate import self_signed
from .house import World
from .server import Loopback, Reply, Request, reply

LOGIN_LIMIT = 30
PASSWORD = "ABCDE"  # noqa: S105 - opens a simulated gateway only
DENIED = {"code": 403, "error": "Unable to GET to resource", "message": "User does not have adequate access rights"}
BAD_LOGIN = {"code": 401, "error": "bad credentials", "message": "Login Error"}


class PowerwallServer:
    """Serves `world`'s battery at `url`; `fingerprint`: SHA-256 of its certificate. More than `login_limit` logins are answered 429."""

    def __init__(self, world: World, password: str = PASSWORD, login_limit: int = LOGIN_LIMIT, port: int = 0) -> None:
        self.world = world
        self.password = password
        self.login_limit = login_limit
        self.logins = 0
        self._tokens: set[str] = set()
        context, self.fingerprint = self_signed()
        self.server = Loopback(self._answer, world.faults["powerwall"], context, port)
        self.url = self.server.url

    def close(self) -> None:
        self.server.close()

    def forget_logins(self) -> None:
        """As after a restart of the gateway: every cookie is worthless."""
        self._tokens.clear()

    def _answer(self, request: Request) -> Reply:
        if request.path == "/api/login/Basic" and request.method == "POST":
            return self._login(request)
        if not self._known(request):
            return reply(401, {"code": 401, "error": "Invalid bearer token", "message": "Invalid bearer token"})
        page = self._pages().get(request.path)
        if page is None:
            return reply(404, {"code": 404, "error": "not found", "message": ""})
        if request.method != "GET" or self.world.battery is None:
            return reply(403, DENIED)
        with self.world.lock:
            return reply(200, page())

    def _login(self, request: Request) -> Reply:
        self.logins += 1
        if self.logins > self.login_limit:
            return reply(429, {"code": 429, "error": "Login rate limited", "message": "Too many attempts"})
        given: Mapping[str, object] = request.json() or {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if given.get("username") != "customer" or given.get("password") != self.password:
            return reply(401, BAD_LOGIN)
        token = secrets.token_urlsafe(24)
        self._tokens.add(token)
        body = {"email": given.get("email", ""), "roles": ["Home_Owner"], "token": token, "provider": "Basic"}
        return reply(200, body, {"Set-Cookie": f"AuthCookie={token}; Path=/; Secure"})

    def _known(self, request: Request) -> bool:
        cookies = [part.strip() for part in request.headers.get("cookie", "").split(";")]
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        return bearer in self._tokens or any(f"AuthCookie={token}" in cookies for token in self._tokens)

    def _pages(self) -> Mapping[str, Callable[[], object]]:
        return {
            "/api/meters/aggregates": self._meters,
            "/api/system_status/soe": lambda: {"percentage": raw(self._battery().soc)},
            "/api/operation": lambda: {"real_mode": self._battery().mode, "backup_reserve_percent": raw(self._battery().reserve_soc)},
            "/api/system_status/grid_status": self._grid,
            "/api/status": lambda: {"din": "1232100-00-E--SIM0000001", "version": "24.44.0", "up_time_seconds": "1h0m0s"},
        }

    def _battery(self) -> Battery:
        assert self.world.battery is not None
        return self.world.battery

    def _grid(self) -> object:
        state = "SystemGridConnected" if self.world.grid_up else "SystemIslandedActive"
        return {"grid_status": state, "grid_services_active": False}

    def _meters(self) -> object:
        flows, book = self.world.flows, self.world.ledger
        return {
            "site": self._meter(flows.grid_w, book.import_kwh, book.export_kwh),
            "battery": self._meter(flows.battery_w, book.battery_in_kwh, book.battery_out_kwh),
            "load": self._meter(flows.load_w, book.load_kwh, 0.0),
            "solar": self._meter(flows.solar_w, 0.0, book.solar_kwh),
        }

    def _meter(self, watts: float, in_kwh: float, out_kwh: float) -> dict[str, object]:
        return {
            "last_communication_time": self.world.now.isoformat(),
            "instant_power": watts,
            "instant_reactive_power": 0.0,
            "instant_apparent_power": abs(watts),
            "frequency": 60.0,
            "energy_exported": out_kwh * 1000,
            "energy_imported": in_kwh * 1000,
            "instant_average_voltage": self.world.spec.volts,
            "instant_total_current": watts / self.world.spec.volts,
            "timeout": 1500000000,
        }


def raw(percent: float) -> float:
    """The gateway's own scale: the app hides its lowest 5 %."""
    return percent * 0.95 + 5
