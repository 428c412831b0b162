"""Requests that Tesla bills: counted before they are sent, so that a power cut cannot make one free."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from clients.http import Ask, Http, Reply, may_carry_secret
from errors import BadCertificate, NotConfigured, Unreachable
from model import Billed

Count = Callable[[Billed], Callable[[], None]]


def ask_billed(http: Http, ask: Ask, kind: Billed, count: Count) -> Reply:
    """One request; a second one only after an error that proves the first was not delivered. Raises what `count` raises, unsent."""
    try:
        return _once(http, ask, kind, count)
    except Unreachable:
        return _once(http, ask, kind, count)


def headers_for(url: str, token: str) -> Mapping[str, str]:
    """Tesla answers 406 without Content-Type. The token goes only to https or to this machine; a Bluetooth proxy needs none."""
    headers = {"Content-Type": "application/json"}
    return {**headers, "Authorization": f"Bearer {token}"} if token and may_carry_secret(url) else headers


def _once(http: Http, ask: Ask, kind: Billed, count: Count) -> Reply:
    undo = count(kind)
    try:
        reply = http.ask(ask)
    except (Unreachable, BadCertificate, NotConfigured):
        undo()
        raise
    if reply.status >= 500:  # the only answers that Tesla does not bill
        undo()
    return reply
