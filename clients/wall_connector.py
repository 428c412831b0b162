"""Tesla Wall Connector Gen 3 on the LAN (facts: recorded vitals). Read only, no login, no VIN; its JSON is sometimes broken."""

from __future__ import annotations

import json
import re
from datetime import datetime

from clients.http import Ask, Http
from clients.http_status import excerpt
from clients.values import Node, root
from errors import BadAnswer
from model import Missing, WallReading

SOURCE = "wall connector"
_NAN = re.compile(r"(:\s*)-?nan\b", re.IGNORECASE)  # after a colon, so that a text that says nan stays


def read_vitals(url: str, http: Http, now: datetime) -> WallReading:
    """Is a car plugged in, and does it draw? Raises BadAnswer, Unreachable, NoAnswer."""
    reply = http.ask(Ask(SOURCE, f"{url.rstrip('/')}/api/1/vitals")).require()
    vitals = mended(reply.text())
    connected, closed = vitals.flag("vehicle_connected"), vitals.flag("contactor_closed")
    return WallReading(
        at=now,
        connected=bool(vitals.need(connected)),
        contactor_closed=bool(vitals.need(closed)),
        amps=_number(vitals, "vehicle_current_a", 1000),
        volts=_number(vitals, "grid_v", 1000),
        session_kwh=_number(vitals, "session_energy_wh", 1e6) / 1000,
        session_s=_number(vitals, "session_s", 1e9),
    )


def mended(text: str) -> Node:
    """The object in a body that may have bare `nan` values (they become null) and may lack its last brace. Raises BadAnswer."""
    clean = _NAN.sub(r"\1null", text).strip()
    for candidate in (clean, clean.rstrip(",") + "}"):
        try:
            return root(SOURCE, json.loads(candidate))
        except (ValueError, RecursionError):
            continue
    raise BadAnswer(SOURCE, f"The wall connector sent something that is no JSON: {excerpt(text) or 'nothing'}")


def _number(vitals: Node, key: str, high: float) -> float:
    value: float | Missing = vitals.number(key, -high, high)
    return max(0.0, vitals.need(value))
