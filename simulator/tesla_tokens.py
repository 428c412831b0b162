"""Tesla's log-in as numbers: apps, codes, single-use refresh tokens with a day's grace for the most recently used one, access tokens that
end, scopes that were not granted, and regions. No sockets; tesla_auth_server.py speaks for it.

As strict as a far end can be: a code and a refresh token count once, and a token that came from a repeated rotation ends the earlier one.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .account import Answer

ACCESS_S = 28_800
GRACE = timedelta(hours=24)
REFRESH_LIVES = timedelta(days=90)
CODE_LIVES = timedelta(minutes=5)
ALL_SCOPES = (
    "openid", "offline_access", "vehicle_device_data", "vehicle_location", "vehicle_cmds", "vehicle_charging_cmds", "energy_device_data",
    "energy_cmds",
)  # fmt: skip


@dataclass(slots=True)
class Code:
    redirect: str
    at: datetime
    used: bool = False


@dataclass(frozen=True, slots=True)
class Spoken:
    """An access token that was given out. `partner`: the app's own; `audience`: the region that a partner token is for."""

    ends: datetime
    scopes: frozenset[str]
    partner: bool = False
    audience: str = ""


@dataclass
class TeslaTokens:
    """One owner's account and one app. `home`: the account's region; `granted`: what he ticks when he is asked."""

    now: Callable[[], datetime]
    client_id: str = "simulated-app"
    secret: str = "simulated-secret"  # noqa: S105 - opens a simulated house only
    redirects: set[str] = field(default_factory=set)
    domains: set[str] = field(default_factory=set)  # the app's allowed origins
    home: str = "na"
    urls: dict[str, str] = field(default_factory=dict)  # the base URL of each region
    granted: set[str] = field(default_factory=lambda: set(ALL_SCOPES))
    registered: dict[str, dict[str, str]] = field(default_factory=dict)  # region -> domain -> public key in hex
    rotations: int = 0
    refused: int = 0  # refresh tokens that were answered login_required
    codes: dict[str, Code] = field(default_factory=dict)
    _spoken: dict[str, Spoken] = field(default_factory=dict)
    _refresh: str = ""
    _refresh_at: datetime | None = None
    _last_used: str = ""
    _last_used_at: datetime | None = None
    _count: int = 0

    # ---- the owner at Tesla's page --------------------------------------------------------------------------------------------------

    def authorize(self, query: Mapping[str, str]) -> str | None:
        """Where his browser is sent when he says yes; None: Tesla's page shows an error instead."""
        redirect = query.get("redirect_uri", "")
        if query.get("client_id") != self.client_id or redirect not in self.redirects or query.get("response_type") != "code":
            return None
        code = self._new("code")
        self.codes[code] = Code(redirect, self.now())
        return f"{redirect}?code={code}&state={query.get('state', '')}&issuer=simulated"

    def revoke(self) -> None:
        """He changes his password, or takes the app away."""
        self._refresh = self._last_used = ""
        self._spoken.clear()

    # ---- the token endpoint ----------------------------------------------------------------------------------------------------------

    def token(self, form: Mapping[str, str]) -> Answer:
        if form.get("client_id") != self.client_id:
            return _no(401, "invalid_client")
        kind = form.get("grant_type", "")
        if kind == "refresh_token":
            return self._renew(form.get("refresh_token", ""))
        if form.get("client_secret") != self.secret:
            return _no(401, "invalid_client")
        if kind == "authorization_code":
            return self._exchange(form)
        if kind == "client_credentials" and form.get("audience") in self.urls.values():
            scopes = frozenset(form.get("scope", "").split())
            return Answer(
                200, {"access_token": self._speak(scopes, True, form["audience"]), "expires_in": ACCESS_S, "token_type": "Bearer"}
            )
        return _no(400, "invalid_request")

    def _exchange(self, form: Mapping[str, str]) -> Answer:
        code = self.codes.get(form.get("code", ""))
        if code is None or code.used or self.now() - code.at > CODE_LIVES:
            return _no(400, "invalid_auth_code")
        if code.redirect != form.get("redirect_uri"):
            return _no(400, "invalid_redirect_url")
        code.used = True
        self._last_used, self._last_used_at = "", None
        return self._answer()

    def _renew(self, refresh: str) -> Answer:
        now = self.now()
        fresh = bool(refresh) and refresh == self._refresh and self._refresh_at is not None and now - self._refresh_at < REFRESH_LIVES
        again = bool(refresh) and refresh == self._last_used and self._last_used_at is not None and now - self._last_used_at < GRACE
        if not fresh and not again:
            self.refused += 1
            return _no(401, "login_required")
        if fresh:
            self._last_used, self._last_used_at = refresh, now
        self.rotations += 1
        return self._answer()

    def _answer(self) -> Answer:
        scopes = frozenset(self.granted)
        body: dict[str, object] = {"access_token": self._speak(scopes), "expires_in": ACCESS_S, "token_type": "Bearer"}
        if "offline_access" in scopes:
            self._refresh, self._refresh_at = self._new("refresh"), self.now()
            body["refresh_token"] = self._refresh
        return Answer(200, body)

    # ---- what the Fleet API asks ---------------------------------------------------------------------------------------------------

    def spoken(self, bearer: str) -> Spoken | None:
        """The access token, if it is one of ours and not over."""
        found = self._spoken.get(bearer)
        return found if found is not None and self.now() < found.ends else None

    def expire_access(self) -> None:
        """All access tokens end now; refresh tokens live on."""
        self._spoken.clear()

    def _speak(self, scopes: frozenset[str], partner: bool = False, audience: str = "") -> str:
        ends = self.now() + timedelta(seconds=ACCESS_S)
        said = {
            "scp": sorted(scopes),
            "ou_code": self.home.upper(),
            "exp": int(ends.timestamp()),
            "sub": "simulated",
            "jti": self._new("t"),
        }
        token = ".".join((_base64({"alg": "none"}), _base64(said), "unsigned"))
        self._spoken[token] = Spoken(ends, scopes, partner, audience)
        return token

    def _new(self, what: str) -> str:
        self._count += 1
        return f"{what}-{self._count:04d}-simulated"


def _no(status: int, word: str) -> Answer:
    return Answer(status, {"error": word, "error_description": "see the documentation"})


def _base64(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
