"""Tesla's token endpoint: a code, a refresh token or the app itself against tokens; and what a token says about itself.

An answer of the endpoint holds secrets, so no error ever quotes one that came with 2xx. A refresh token is good for one use; the most
recently used one is taken for 24 hours more, for those who lost the answer (facts: developer.tesla.com, third-party tokens).
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from clients.http import Ask, Http, Reply, may_carry_secret
from clients.http_status import excerpt, retry_after_s
from errors import BadAnswer, ClientError, GrantRefused, LoginDead, NotConfigured, Refused, ServerFault, TooMany

SOURCE = "tesla login"
TOKEN_PATH, AUTHORIZE_PATH = "/oauth2/v3/token", "/oauth2/v3/authorize"
LIMIT_S = 10.0  # less than a cycle waits for Tesla: a thread that is left behind would lose what was renewed
USUAL_S = 28_800.0  # what Tesla's tokens live, where the answer does not say

CHARGING = ("vehicle_cmds", "vehicle_charging_cmds")  # either of them lets us charge
SCOPES = ("openid", "offline_access", "vehicle_device_data", "vehicle_location", *CHARGING, "energy_device_data", "energy_cmds")
NEEDED: Mapping[str, str] = {
    "vehicle_device_data": "the car cannot be read",
    "vehicle_location": "whether the car is at home is not known, and a car that is not surely at home is never commanded",
    "vehicle_charging_cmds": "the car cannot be started and stopped",
    "offline_access": "the login ends after eight hours",
}
FOR_A_SITE: Mapping[str, str] = {"energy_device_data": "the Powerwall cannot be read through Tesla"}
FOR_A_HOLD: Mapping[str, str] = {"energy_cmds": "POWERWALL_HOLD cannot change the Powerwall"}


@dataclass(frozen=True, slots=True)
class Tokens:
    """`lasts_s`: the access token's life. `refresh`: "" where Tesla gave none."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    lasts_s: float


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says about itself; nothing is verified. `region`: na, eu, cn or ""; `expires_at`: Unix seconds, 0: not said."""

    scopes: frozenset[str] = frozenset()
    region: str = ""
    expires_at: float = 0.0

    def lacks(self, needed: Collection[str] = tuple(NEEDED)) -> tuple[str, ...]:
        """Scopes that charging needs and the owner did not grant. A token that names none at all is believed to have them."""
        if not self.scopes:
            return ()
        have = self.scopes | ({"vehicle_charging_cmds"} if self.scopes & set(CHARGING) else set())
        return tuple(scope for scope in needed if scope not in have)


@dataclass(frozen=True, slots=True)
class App:
    """The owner's app at developer.tesla.com, and where Tesla hands out tokens."""

    token_url: str
    client_id: str
    secret: str = field(default="", repr=False)


class TeslaAuth:
    """Each call is one request, never repeated here: a lost answer may have used up what was sent."""

    def __init__(self, app: App, http: Http) -> None:
        self._app = app
        self._http = http

    def exchange(self, code: str, redirect: str, audience: str) -> Tokens:
        """The code that the owner brought back. Raises Refused where it was used before, is too old or not ours."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "audience": audience}
        return self._ask({**form, "client_secret": self._app.secret}, (code, self._app.secret))

    def renew(self, refresh: str) -> Tokens:
        """Raises LoginDead only for `login_required`, GrantRefused for `invalid_grant`; whatever else goes wrong may be better in the next
        cycle."""
        return self._ask({"grant_type": "refresh_token", "refresh_token": refresh}, (refresh,))

    def partner(self, audience: str) -> str:
        """A token for the app itself, in one region."""
        form = {"grant_type": "client_credentials", "client_secret": self._app.secret, "scope": " ".join(SCOPES[:1] + SCOPES[2:])}
        return self._ask({**form, "audience": audience}, (self._app.secret,)).access

    def _ask(self, form: Mapping[str, str], secrets: tuple[str, ...]) -> Tokens:
        url = self._app.token_url.rstrip("/") + TOKEN_PATH
        if not may_carry_secret(url):
            raise NotConfigured(SOURCE, "TESLA_TOKEN_URL would carry the login over the network in clear text: write https://")
        whole = {"client_id": self._app.client_id, **form}
        reply = self._http.ask(Ask(SOURCE, url, "POST", form=whole, secrets=secrets, retry=False, limit_s=LIMIT_S))
        return _tokens(reply) if reply.ok else _refuse(reply)


def authorize_url(auth_url: str, client_id: str, redirect: str, state: str) -> str:
    """The page on which the owner lets the app in; Tesla's page asks again for scopes that were refused before."""
    query = {"response_type": "code", "client_id": client_id, "redirect_uri": redirect, "scope": " ".join(SCOPES), "state": state}
    return f"{auth_url.rstrip('/')}{AUTHORIZE_PATH}?{urlencode({**query, 'prompt_missing_scopes': 'true'})}"


def consent_url(auth_url: str, client_id: str) -> str:
    """Where scopes are ticked anew, for a login that lacks some."""
    return f"{auth_url.rstrip('/')}/user/revoke/consent?{urlencode({'revoke_client_id': client_id, 'back_url': auth_url})}"


def claims(token: str) -> Claims:
    """Empty for a token that is none of Tesla's JWTs."""
    try:
        middle = token.split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (ValueError, IndexError, RecursionError):
        return Claims()
    if not isinstance(said, dict):
        return Claims()
    scopes, expires = said.get("scp"), said.get("exp")
    named = scopes.split() if isinstance(scopes, str) else [str(one) for one in scopes] if isinstance(scopes, list) else []
    return Claims(frozenset(named), str(said.get("ou_code") or "").lower()[:2], _number(expires))


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e11 else 0.0


def _tokens(reply: Reply) -> Tokens:
    try:
        said = json.loads(reply.body)
    except (ValueError, RecursionError):
        said = None
    access = said.get("access_token") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(access, str) or not access.isascii() or not access.isprintable():
        raise BadAnswer(SOURCE, f"{reply.host} answered, but not with a token.", status=reply.status)
    refresh = said.get("refresh_token")
    lasts = _number(said.get("expires_in"))
    return Tokens(access, refresh if isinstance(refresh, str) else "", lasts if math.isfinite(lasts) and lasts > 0 else USUAL_S)


_ADVICE: Mapping[str, tuple[type[ClientError], str]] = {
    "login_required": (LoginDead, "the login is no longer valid"),
    "unauthorized_client": (Refused, "the app may not do this; does it allow Authorization Code and Machine-to-Machine?"),
    "invalid_client": (Refused, "the client ID and the client secret do not belong together"),
    "invalid_auth_code": (Refused, "this code was used before, or is too old"),
    "invalid_grant": (GrantRefused, "what was handed in was used before, or is too old"),
    "invalid_redirect": (Refused, "the redirect URL is not the one of the app, letter by letter"),
}


def _refuse(reply: Reply) -> Tokens:
    text = reply.text()
    kind, advice = next((known for word, known in _ADVICE.items() if word in text.lower()), _by_status(reply.status))
    quote = excerpt(text)
    said = "" if quote.startswith("<") or not quote else f' ("{quote}")'
    raise kind(SOURCE, f"{reply.host} answered {reply.status}: {advice}{said}", status=reply.status, **_wait(reply))


def _wait(reply: Reply) -> dict[str, float | None]:
    return {"retry_after_s": retry_after_s(reply.headers, reply.text()) if reply.status in (429, 503) else None}


def _by_status(status: int) -> tuple[type[ClientError], str]:
    if status == 429:
        return TooMany, "too many requests; waiting as told"
    if status >= 500:
        return ServerFault, "it has a fault of its own"
    return (Refused, "it refused the request") if status >= 400 else (BadAnswer, "that is no answer to our question; check TESLA_TOKEN_URL")
