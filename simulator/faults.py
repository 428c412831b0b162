"""Switches that make a far end ill. They count requests, not seconds, so that a test says exactly which request goes wrong.

faults.next(2, too_many(30))
faults.next(1, DROP_AFTER, path="command/charge_start")   # carried out, but no answer comes
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Ill(StrEnum):
    """What goes wrong. Those called AFTER carry the request out first."""

    STATUS = "status"  # this status and body instead of an answer; nothing is carried out
    HANG = "hang"  # no answer, the connection stays open until the server ends
    DROP_BEFORE = "drop-before"  # connection closed, nothing carried out
    DROP_AFTER = "drop-after"  # carried out, then the connection is closed without an answer
    CUT = "cut"  # carried out, half of the JSON comes
    GARBAGE = "garbage"  # carried out, an HTML page comes
    BARE_NAN = "bare-nan"  # temperatures become a bare nan, as Wall Connectors do
    NO_BRACE = "no-brace"  # the last brace is missing, as Wall Connectors do


@dataclass(frozen=True, slots=True)
class Fault:
    ill: Ill
    status: int = 500
    body: str = '{"response":null,"error":"internal server error"}'
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Switch:
    fault: Fault
    left: int
    path: str


class Faults:
    """The switches of one server. `next` adds one; each request takes the oldest that fits its path."""

    def __init__(self) -> None:
        self._switches: list[_Switch] = []
        self._lock = threading.Lock()

    def next(self, count: int, fault: Fault, path: str = "") -> None:
        """The next `count` requests whose path contains `path` meet `fault`."""
        with self._lock:
            self._switches.append(_Switch(fault, count, path))

    def take(self, path: str) -> Fault | None:
        with self._lock:
            for switch in self._switches:
                if switch.left > 0 and switch.path in path:
                    switch.left -= 1
                    return switch.fault
        return None

    def clear(self) -> None:
        with self._lock:
            self._switches.clear()

    @property
    def left(self) -> int:
        """Faults that nobody has met yet."""
        return sum(switch.left for switch in self._switches)


TOKEN_EXPIRED = Fault(Ill.STATUS, 401, '{"response":null,"error":"token expired (401)","error_description":""}')
LOGIN_REQUIRED = Fault(Ill.STATUS, 401, '{"error":"login_required","error_description":"the refresh token is not valid"}')
BILLING_LIMIT = Fault(Ill.STATUS, 403, '{"response":null,"error":"account disabled: EXCEEDED_LIMIT","error_description":""}')
MUST_SIGN = Fault(Ill.STATUS, 403, '{"response":null,"error":"Tesla Vehicle Command Protocol required","error_description":""}')
ASLEEP_408 = Fault(Ill.STATUS, 408, '{"response":null,"error":"vehicle unavailable: vehicle is offline or asleep","error_description":""}')
ILL_500 = Fault(Ill.STATUS)
BUSY_503 = Fault(Ill.STATUS, 503, "upstream connect error")
HANG = Fault(Ill.HANG)
DROP_BEFORE = Fault(Ill.DROP_BEFORE)
DROP_AFTER = Fault(Ill.DROP_AFTER)
CUT = Fault(Ill.CUT)
GARBAGE = Fault(Ill.GARBAGE)
BARE_NAN = Fault(Ill.BARE_NAN)
NO_BRACE = Fault(Ill.NO_BRACE)


def too_many(seconds: int) -> Fault:
    return Fault(Ill.STATUS, 429, f"Retry in {seconds} seconds", {"Retry-After": str(seconds)})


def wrong_region(base_url: str) -> Fault:
    return Fault(Ill.STATUS, 421, f"user out of region, use base URL: {base_url}, see https://developer.tesla.com")
