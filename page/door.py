"""Who may come in: the password, its session cookie and the pause after wrong ones; which Host and Origin a browser may come with.

A page in another tab can make the owner's browser send requests here, and a name that its attacker owns can be made to point here (DNS
rebinding). So a request must name this machine (an IP address, localhost, its own name, or one of PAGE_NAMES), and whatever changes
something must come from a page of the same origin. Nothing here reads a clock: `mono` is given.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

COOKIE = "ampshift"
SESSION_S = 30 * 86400.0
SESSIONS_MOST = 50
FREE_TRIES = 3
LONGEST_PAUSE_S = 300.0
ADDRESSES_MOST = 1000


@dataclass(slots=True)
class Wrong:
    """Wrong passwords from one address in a row; the next try counts only after `again_at`."""

    times: int = 0
    again_at: float = 0.0


@dataclass(slots=True)
class Door:
    """`password` empty: no door, this machine only. `names`: hosts beside IP addresses and localhost."""

    password: str
    names: frozenset[str]
    mono: Callable[[], float]
    sessions: dict[str, float] = field(default_factory=dict)
    wrong: dict[str, Wrong] = field(default_factory=dict)

    def host_allowed(self, host: str | None) -> bool:
        """An IP address cannot be rebound, and a name must be ours."""
        name = host_name(host)
        return name is not None and (name in self.names or name == "localhost" or _is_ip(name))

    def same_origin(self, origin: str | None, site: str | None, host: str | None) -> bool:
        """For what changes something. A browser always tells an Origin then; a reverse proxy may change its scheme, not its name."""
        if site not in (None, "same-origin") or not origin:
            return False
        return urlsplit(origin).netloc.casefold() == (host or "").casefold() != ""

    def pause_s(self, address: str) -> float:
        """How long this address has to wait before its next try."""
        known = self.wrong.get(network(address))
        return 0.0 if known is None else max(0.0, known.again_at - self.mono())

    def try_password(self, given: str, address: str) -> bool:
        """Compares in constant time. A wrong one doubles the pause; call only where `pause_s` is 0."""
        key = network(address)
        if self.password and hmac.compare_digest(_digest(given), _digest(self.password)):
            self.wrong.pop(key, None)
            return True
        if len(self.wrong) >= ADDRESSES_MOST:
            self.wrong.pop(next(iter(self.wrong)))
        known = self.wrong.setdefault(key, Wrong())
        known.times += 1
        known.again_at = self.mono() + min(LONGEST_PAUSE_S, 2.0 ** max(0, known.times - FREE_TRIES)) * (known.times >= FREE_TRIES)
        return False

    def open_session(self) -> str:
        """A new session's cookie. The oldest go when there are many."""
        token = secrets.token_urlsafe(32)
        while len(self.sessions) >= SESSIONS_MOST:
            self.sessions.pop(min(self.sessions, key=self.sessions.__getitem__))
        self.sessions[token] = self.mono() + SESSION_S
        return token

    def close_session(self, token: str | None) -> None:
        self.sessions.pop(token or "", None)

    def knows(self, token: str | None) -> bool:
        """Is there nothing to prove, or was it proven in this browser?"""
        if not self.password:
            return True
        ends = self.sessions.get(token or "")
        return ends is not None and ends > self.mono()


def host_name(host: str | None) -> str | None:
    """The name in a Host header, without its port; None: it is none."""
    try:
        return urlsplit(f"//{host}").hostname if host and "@" not in host else None
    except ValueError:
        return None


def network(address: str) -> str:
    """An IPv6 attacker has a whole /64: it counts as one."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(IPv6Address(int(found) >> 64 << 64)) if isinstance(found, IPv6Address) and found.ipv4_mapped is None else str(found)


def _is_ip(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()
