"""Home Assistant's sensors as a house meter: GET /api/states/<entity>, one request each (developers.home-assistant.io, REST API).

`last_reported` moves with each report (since 2024.4), `last_updated` only where something changed: the newer one says how old a value is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from clients.http import Ask, Http
from clients.power import NOT_SET, SOURCE, Trio, Value, as_watts, fresh, moment, reading
from clients.values import Node, root
from config_home_assistant import Source, is_near
from errors import BadAnswer, LoginDead, NotConfigured
from model import MeterReading, Missing

GONE = ("unavailable", "unknown", "none", "")
LIMIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Sensors:
    """Which entities; None: not set."""

    grid: Source | None
    solar: Source | None
    load: Source | None


def read_sensors(url: str, token: str, sensors: Sensors, http: Http, now: datetime) -> MeterReading:
    """House power in W, + importing. Raises BadAnswer where a sensor that is needed cannot be believed, LoginDead, Unreachable ..."""
    if not may_carry_token(url):
        raise NotConfigured(SOURCE, "HOME_ASSISTANT_URL leaves this network in clear text: the token is not sent; use https.")
    home = _Home(url.rstrip("/"), token, http, now)
    return reading(Trio(home.value(sensors.grid), home.value(sensors.solar), home.value(sensors.load)))


def may_carry_token(url: str) -> bool:
    """https, or the own network."""
    return url.lower().startswith("https://") or is_near(urlsplit(url).hostname or "")


@dataclass(frozen=True, slots=True)
class _Home:
    url: str
    token: str
    http: Http
    now: datetime

    def value(self, source: Source | None) -> Value | Missing:
        if source is None:
            return NOT_SET
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        answer = self.http.ask(Ask(SOURCE, f"{self.url}/api/states/{source.name}", headers=headers, secrets=(self.token,), limit_s=LIMIT_S))
        if answer.status == 404:
            raise BadAnswer(SOURCE, f"Home Assistant has no {source.name}: correct its name in .env.")
        if answer.status in (401, 403):
            raise LoginDead(SOURCE, "Home Assistant does not take HOME_ASSISTANT_TOKEN: make a new one in its user's profile.")
        return self._value(root(SOURCE, answer.require().json()), source)

    def _value(self, node: Node, source: Source) -> Value | Missing:
        state, unit = node.data.get("state"), node.node("attributes").text("unit_of_measurement")
        text = str(state).strip()
        if not isinstance(state, str) or text.casefold() in GONE:
            return Missing(SOURCE, f"{source.name} is {text or 'empty'}")
        try:
            number = float(text)
        except ValueError:
            return Missing(SOURCE, f"{source.name} is {text[:40]!r}, not a number")
        watts = None if isinstance(unit, Missing) else as_watts(number * source.sign, unit)
        if watts is None:
            shown = "without a unit" if isinstance(unit, Missing) else f"in {unit[:20]}"
            return Missing(SOURCE, f"{source.name} is {shown}; W or kW is needed")
        times = [at for key in ("last_reported", "last_updated") if (at := moment(node.data.get(key))) is not None]
        if not times:
            return Missing(SOURCE, f"{source.name} does not say when it was updated")
        return fresh(source.name, watts, max(times), self.now)
