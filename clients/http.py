"""One way out of the house: every request has a timeout, a deadline over its whole answer, and a size limit.

What a caller learns from a failure is exact where it costs money or moves current: `Unreachable` and `BadCertificate` mean that not one
byte of the request left this machine; once a byte may have left, the failure is `NoAnswer` (look before sending again).
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from typing import cast
from urllib.parse import urlsplit
from weakref import WeakSet

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth
from urllib3.util import Retry
from urllib3.util.ssl_ import create_urllib3_context

from clients.http_status import excerpt, status_error
from clients.http_timed import Exchange, PlainPool, TlsPool, current
from errors import BadAnswer, BadCertificate, ClientError, NoAnswer, NotConfigured, Unreachable

MAX_BYTES = 2_000_000  # a year of hourly prices is 0.5 MB

_NO_RETRY = Retry(0, redirect=0, read=False)
_RETRY = Retry(
    total=2,
    connect=1,
    read=1,
    status=2,
    other=0,  # a certificate does not get better by asking again
    redirect=0,
    allowed_methods=frozenset({"GET"}),
    status_forcelist=(502, 503, 504),
    backoff_factor=0.3,
    respect_retry_after_header=False,
    raise_on_status=False,
)


@dataclass(frozen=True, slots=True)
class Login:
    """A user's password, as digest (SHA-256 where the far end asks for it) or basic."""

    user: str
    password: str = field(repr=False)
    digest: bool = False

    def auth(self) -> AuthBase:
        return HTTPDigestAuth(self.user, self.password) if self.digest else HTTPBasicAuth(self.user, self.password)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `body` goes as JSON, `form` as a web form, `text` as it is. `pin`: SHA-256 fingerprint that the certificate must have
    instead of a valid chain; `retry`: a GET may be repeated (never where each request is billed); `limit_s`: for the whole answer;
    `secrets`: masked where an answer is quoted in an error; `max_bytes`: a longer answer is a BadAnswer."""

    source: str
    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Mapping[str, str] = field(default_factory=dict)
    body: object = field(default=None, repr=False)
    form: Mapping[str, str] = field(default_factory=dict, repr=False)
    text: str = field(default="", repr=False)
    login: Login | None = None
    pin: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    retry: bool = True
    limit_s: float | None = None
    max_bytes: int = MAX_BYTES


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer, whatever its status. Header names are lower case."""

    source: str
    host: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def text(self) -> str:
        """The body as text, with our secrets masked should the far end echo them."""
        text = self.body.decode("utf-8", "replace")
        for secret in filter(None, self.secrets):
            text = text.replace(secret, "***")
        return text

    def json(self) -> object:
        """The body as JSON. Raises BadAnswer."""
        try:
            return cast(object, json.loads(self.body))
        except (ValueError, RecursionError):
            why = f"{self.host} sent something that is no whole JSON: {excerpt(self.text()) or 'nothing'}"
            raise BadAnswer(self.source, why, status=self.status) from None

    def require(self) -> Reply:
        """Itself when the status is 2xx; raises the error that belongs to the status otherwise."""
        if self.ok:
            return self
        raise status_error(self.source, self.host, self.status, self.text(), self.headers)


class Http:
    """Shared by all clients; each thread gets sessions of its own. `connect_s`, `read_s`: longest wait for a connection and for the
    next bytes; `limit_s`: longest time until the whole answer is here, retries included; `pause_s`: the first pause before one of them
    (0: none, for a far end that is simulated; None: as usual)."""

    def __init__(
        self,
        connect_s: float = 5.0,
        read_s: float = 10.0,
        limit_s: float = 15.0,
        mono: Callable[[], float] = time.monotonic,
        pause_s: float | None = None,
    ) -> None:
        self._timeout = (connect_s, read_s)
        self._limit_s = limit_s
        self._mono = mono
        self._retry = _RETRY if pause_s is None else _RETRY.new(backoff_factor=pause_s)
        self._local = threading.local()
        self._open: WeakSet[requests.Session] = WeakSet()  # sessions of ended threads vanish by themselves

    def ask(self, ask: Ask) -> Reply:
        """One request and its whole answer. Raises Unreachable, BadCertificate, NotConfigured (never sent), NoAnswer or BadAnswer."""
        exchange = Exchange(self._mono, self._mono() + (ask.limit_s or self._limit_s), self._timeout[1])
        before = current.set(exchange)
        try:
            return self._exchange(ask)
        except (requests.exceptions.InvalidHeader, UnicodeError):
            if exchange.sent:  # the answer's headers, not ours: what was asked may have been done
                exchange.hang_up()
                raise BadAnswer(ask.source, f"{host_of(ask.url)} sent an answer with headers that contradict each other.") from None
            # from None: these errors quote the header, and the header is the secret
            raise NotConfigured(
                ask.source, f"The secret for {host_of(ask.url)} holds characters that cannot be sent; paste it again."
            ) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError) as error:
            raise _failure(ask, error, exchange.sent) from error
        except ValueError:  # the library reads where an answer sends one on, although nobody follows; from None: it may be a secret
            exchange.hang_up()
            raise BadAnswer(ask.source, f"{host_of(ask.url)} sends us on to what is no address.") from None
        finally:
            current.reset(before)

    def close(self) -> None:
        """Closes the idle connections of all threads."""
        for session in tuple(self._open):
            session.close()

    def _exchange(self, ask: Ask) -> Reply:
        retry = ask.retry and ask.method == "GET"
        session = self._session(retry, ask.pin)
        if not retry:
            session.close()  # a server that closes late, though asked to close, would take the next command with it
        with session.request(
            ask.method,
            ask.url,
            params=dict(ask.params),
            headers={**ask.headers, **({} if retry else {"Connection": "close"})},  # a kept connection may die under a command
            json=ask.body,
            data=dict(ask.form) or ask.text.encode() or None,
            auth=ask.login.auth() if ask.login else None,
            timeout=self._timeout,
            allow_redirects=False,
            stream=True,
            verify=not (ask.pin or is_loopback(ask.url)),
        ) as answer:
            body = _read(ask, answer)
            headers = {name.lower(): value for name, value in answer.headers.items()}
            cookies = {cookie.name: cookie.value or "" for cookie in answer.cookies}
        return Reply(
            ask.source,
            host_of(ask.url),
            answer.status_code,
            headers,
            body,
            cookies,
            (*ask.secrets, ask.login.password if ask.login else ""),
        )

    def _session(self, retry: bool, pin: str) -> requests.Session:
        sessions = self._local.__dict__.setdefault("sessions", {})
        key = (retry, pin)
        if key not in sessions:
            sessions[key] = _new_session(self._retry if retry else _NO_RETRY, pin)
            self._open.add(sessions[key])
        return cast(requests.Session, sessions[key])


class _Adapter(HTTPAdapter):
    def __init__(self, retry: Retry, pin: str) -> None:
        self._pin = pin
        super().__init__(max_retries=retry)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool: object) -> None:
        if self._pin:
            pool["assert_fingerprint"] = self._pin
            # without one of our own, 150 root certificates that a pin makes useless are read at each start (34 ms)
            pool["ssl_context"] = create_urllib3_context(cert_reqs=ssl.CERT_NONE)
        super().init_poolmanager(connections, maxsize, block, **pool)
        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}


def _new_session(retry: Retry, pin: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # REQUESTS_CA_BUNDLE would undo verify=False, a proxy or .netrc would get the token
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # cookies are the caller's business
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Adapter(retry, pin))
    return session


def _read(ask: Ask, answer: requests.Response) -> bytes:
    parts: list[bytes] = []
    size = 0
    for part in answer.iter_content(16_384):
        parts.append(part)
        size += len(part)
        if size > ask.max_bytes:
            raise BadAnswer(
                ask.source, f"{host_of(ask.url)} sent more than {ask.max_bytes // 1_000_000} MB; that is not the answer we asked for."
            )
    return b"".join(parts)


def _failure(ask: Ask, error: Exception, sent: bool) -> ClientError:
    host = host_of(ask.url)
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return BadAnswer(ask.source, f"{host} sent an answer that cannot be unpacked.")
    if sent:
        return NoAnswer(ask.source, f"{host} was asked but gave no whole answer in time.")
    if isinstance(error, ValueError):  # requests' errors about addresses are ValueErrors
        return NotConfigured(ask.source, f"{host or 'The address'} is no address that can be called; correct the URL in .env.")
    if isinstance(error, requests.exceptions.SSLError):
        return BadCertificate(ask.source, f"The certificate of {host} is not {'the pinned one' if ask.pin else 'valid'}. Nothing was sent.")
    return Unreachable(ask.source, f"No connection to {host}; is it switched on, and on the network?")


def host_of(url: str) -> str:
    """Host and port of a URL, without user, path and query: what an error text may name."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        return ""


def is_loopback(url: str) -> bool:
    """Does the URL stay on this machine? A name counts only as `localhost`: others may be answered by anybody."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def may_carry_secret(url: str) -> bool:
    """A token goes only to https or to this machine."""
    return url.lower().startswith("https://") or is_loopback(url)


def fingerprint_of(source: str, url: str, timeout_s: float = 5.0) -> str:
    """SHA-256 of the certificate that the host shows, as AA:BB:...; nothing is verified and nothing else is sent. Raises Unreachable."""
    parts = urlsplit(url)
    try:
        shown = ssl.get_server_certificate((parts.hostname or "", parts.port or 443), timeout=timeout_s)
    except (OSError, ValueError) as error:
        raise Unreachable(source, f"No TLS connection to {host_of(url)}; is the address right?") from error
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(shown)).hexdigest().upper()
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))
