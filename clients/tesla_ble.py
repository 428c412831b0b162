"""TeslaBleHttpProxy: a small computer with Bluetooth near the car that answers like the Fleet API, without Tesla's servers and their bill.

It differs in three ways: waking lies under `command/` too, it answers before it has done anything unless asked to wait, and a failure is
503 with the reason inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from clients.http import Reply
from clients.tesla_fields import SOURCE
from clients.values import root
from errors import BadAnswer, NoAnswer, Unreachable
from model import Missing

WAIT: Mapping[str, str] = {"wait": "true"}

# what it says before a command has left it; all else may have reached the car
_NOT_SENT = (
    *("not in range", "failed to connect to vehicle", "failed to perform handshake", "failed to wake up", "is sleeping"),
    *("not initialized", "failed to decode body", "sleep status unknown"),
)
_UNSURE = ("deadline exceeded", "canceled", "cancelled", "timeout", "timed out", "closed pipe")


def ble_reply(reply: Reply) -> Reply:
    """The proxy's 503 as an answer with the car's own reason. Raises Unreachable where the command did not leave it, NoAnswer where it is
    not known whether the car has done it."""
    if reply.status != 503:
        return reply
    try:
        inner = root(SOURCE, reply.json()).node("response")
    except BadAnswer:
        return reply
    said = inner.text("reason")
    if inner.data.get("result") is not False or isinstance(said, Missing):
        return reply
    low = said.lower()
    if any(text in low for text in _NOT_SENT):
        raise Unreachable(SOURCE, f"The Bluetooth proxy did not reach the car: {said[:200]}")
    if any(text in low for text in _UNSURE):
        raise NoAnswer(SOURCE, f"The Bluetooth proxy got no answer from the car: {said[:200]}")
    return replace(reply, status=200)
