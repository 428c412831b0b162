"""The access token of this cycle. It comes from TESLA_ACCESS_TOKEN, or from the login that `auth tesla` left in tesla_token.json, and is
renewed ahead of its end.

Read, renew and write happen under one lock, so two cycles, a dry run and `auth` at once use the single-use refresh token once; the new one
is on disk before it is used, and the one before stays beside it. Tesla takes the most recently used refresh token for a day more: whoever
loses power between Tesla's answer and the disk goes on with it. A login that Tesla calls dead is marked and never tried again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar, cast

from clients.http import Http
from clients.tesla import Tesla
from clients.tesla_auth import App, Claims, TeslaAuth, Tokens, claims
from clients.tesla_status import is_tesla
from config import REGION_URLS, Settings
from errors import ClientError, GrantRefused, LoginDead, StateError, TokenExpired
from model import CarReading, CarStatus
from state.codec import decode, encode
from state.logins import Login, Logins

AHEAD = timedelta(minutes=10)  # renewed so long before its end, and one cycle more
YOUNG = timedelta(minutes=30)  # a token that is refused so soon is not refused for its age: a newer one would fare no better
TRIES = 3  # cycles in which Tesla may call the refresh token used up before the login counts as dead
AGAIN = "log in again with `scheduler.py auth tesla --resume`"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Held:
    """tesla_token.json. `previous`: the refresh token before, for one try; `base_url`: the region that Tesla named; `dead`: why the login
    is at its end, "" while it lives; `refused`: cycles in a row in which Tesla called `refresh` used up. Times are by our clock."""

    client_id: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    previous: str = field(repr=False)
    got_at: datetime
    renew_at: datetime
    expires_at: datetime
    base_url: str = ""
    dead: str = ""
    refused: int = 0
    refused_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """What a client needs to speak for the owner. `url`: reads; `command_url`: commands."""

    token: str = field(repr=False)
    url: str
    command_url: str


class TeslaLogin:
    """Of one cycle; its threads share it."""

    def __init__(self, settings: Settings, logins: Logins, http: Http, now: datetime) -> None:
        self._settings = settings
        self.logins = logins
        self._http = http
        self._now = now
        self._lock = threading.Lock()
        self._held: Held | None = None
        self._tried = False
        self._refused: GrantRefused | None = None  # once in a cycle is enough

    def call(self, work: Callable[[Access], T]) -> T:
        """`work` with a token that is good; once more with a renewed one where Tesla says that it has expired. With no login at all the
        token is empty: a Bluetooth proxy needs none. Raises LoginDead, and what `work` raises."""
        access = self.access()
        try:
            return work(access)
        except TokenExpired:
            if self._settings.tesla_access_token or not access.token:
                raise
            return work(self._replaced(access.token))

    def access(self) -> Access:
        """Asks Tesla only where the token is near its end. A renewal that fails for a passing cause is no harm while the old one lasts."""
        if self._settings.tesla_access_token or not self._settings.logged_in:
            return self._as_access(self._settings.tesla_access_token.reveal(), "")
        with self._lock:
            held = self._held or self._load()
            if self._now >= held.renew_at and not self._tried:
                held = self._ahead(held)
            self._held = held
        return self._as_access(held.access, held.base_url)

    def held(self) -> Held | None:
        """What is on disk, without asking anybody; None: no login there, or it is lost."""
        data = self.logins.load(Login.TESLA)
        try:
            return decode(Held, data) if data is not None else None
        except StateError:
            return None

    def claims(self) -> Claims:
        """What the token that is used says about itself, for people."""
        held = self._held or self.held()
        return claims(self._settings.tesla_access_token.reveal() or (held.access if held else ""))

    def _load(self) -> Held:
        held = self.held()
        if held is None:
            raise LoginDead("tesla", f"The Tesla login in {self.logins.data_dir / Login.TESLA} cannot be read: {AGAIN}.")
        return _alive(held)

    def _ahead(self, held: Held) -> Held:
        try:
            return self._renew(held)
        except LoginDead:
            raise
        except ClientError:
            self._tried = True
            if self._now >= held.expires_at:
                raise
            return held

    def _replaced(self, token: str) -> Access:
        """After `token` was refused: another thread's or program's newer one, else one from Tesla."""
        with self._lock:
            held = self._held or self._load()
            if held.access == token:
                held = self._renew(held, refused=True)
            self._held = held
        return self._as_access(held.access, held.base_url)

    def _renew(self, stale: Held, *, refused: bool = False) -> Held:
        if self._refused is not None:
            raise self._refused

        def renew(data: Mapping[str, object] | None) -> Mapping[str, object]:
            if data is None:
                raise LoginDead("tesla", f"The Tesla login is gone from disk: {AGAIN}.")
            held = decode(Held, data)
            if held.access != stale.access or held.dead:
                return data
            if refused and held.got_at <= self._now < held.got_at + YOUNG:
                why = f"Tesla does not accept an access token that it gave just now: check TESLA_REGION, or {AGAIN}."
                raise LoginDead("tesla", why)
            self.logins.prove(Login.TESLA, data)
            return written(self._rotated(held), self._settings)

        held = _alive(decode(Held, self.logins.change(Login.TESLA, renew)))
        if self._refused is not None:
            raise self._refused
        return held

    def _rotated(self, held: Held) -> Held:
        """The login with new tokens; counted, or in the end marked dead, after both refresh tokens were refused."""
        auth = TeslaAuth(App(self._settings.tesla_token_url, held.client_id), self._http)
        why, slip = "", None
        for refresh in dict.fromkeys(filter(None, (held.refresh, held.previous))):
            try:
                tokens = auth.renew(refresh)
            except LoginDead as error:
                why = error.text
                continue
            except GrantRefused as error:
                why = why or error.text
                slip = error if refresh == held.refresh else slip
                continue
            return renewed(held, tokens, refresh, self._settings, self._now)
        counted = held.refused + self._in_a_new_cycle(held)
        if slip is not None and counted < TRIES:
            self._refused = slip
            at = self._now if counted > held.refused else held.refused_at
            return replace(held, previous="", refused=counted, refused_at=at)
        return replace(held, previous="", dead=why or "Tesla gave no refresh token: the scope offline_access is missing.")

    def _in_a_new_cycle(self, held: Held) -> bool:
        """Commands given by hand in a row are one try."""
        gone = timedelta(minutes=self._settings.cycle_minutes) / 2
        return held.refused_at is None or not held.refused_at <= self._now < held.refused_at + gone

    def _as_access(self, token: str, base_url: str) -> Access:
        settings = self._settings
        usual = settings.tesla_api_url in REGION_URLS.values()
        url = base_url if usual and is_tesla(base_url) else settings.tesla_api_url
        own_way = settings.tesla_command_url != settings.tesla_api_url
        return Access(token, url, settings.tesla_command_url if own_way else url)


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Tesla's reads, each with the token that is good then. `client`: makes the adapter for a token."""

    login: TeslaLogin
    client: Callable[[Access], Tesla]

    def cars(self) -> tuple[CarStatus, ...]:
        return self.login.call(lambda access: self.client(access).cars())

    def car(self, vin: str, now: datetime) -> CarReading:
        return self.login.call(lambda access: self.client(access).car(vin, now))


def renewed(held: Held, tokens: Tokens, used: str, settings: Settings, now: datetime) -> Held:
    """`held` with what Tesla gave for the refresh token `used`, which may be used once more within a day."""
    lasts = timedelta(seconds=tokens.lasts_s)
    ahead = min(AHEAD + timedelta(minutes=settings.cycle_minutes), lasts / 2)
    return replace(
        held,
        access=tokens.access,
        refresh=tokens.refresh or used,
        previous=used if tokens.refresh else held.previous,
        got_at=now,
        renew_at=now + lasts - ahead,
        expires_at=now + lasts,
        dead="",
        refused=0,
        refused_at=None,
    )


def first(client_id: str, tokens: Tokens, settings: Settings, now: datetime) -> Held:
    """A login that was just made."""
    now = now.astimezone(UTC)
    return renewed(Held(client_id, "", "", "", now, now, now), tokens, "", settings, now)


def written(held: Held, settings: Settings) -> Mapping[str, object]:
    """As it stands in the file."""
    return cast("Mapping[str, object]", encode(held, settings.time_zone))


def _alive(held: Held) -> Held:
    if held.dead:
        raise LoginDead("tesla", f"The Tesla login has ended: {AGAIN}. ({held.dead})")
    return held
