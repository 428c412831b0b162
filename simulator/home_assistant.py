"""Home Assistant's REST API as far as sensors go: GET /api/ and GET /api/states/<entity>, with a bearer token.

Shape and texts as developers.home-assistant.io (REST API) shows them; `last_reported` since its version 2024.4.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from .faults import Faults
from .house import World
from .server import Loopback, Reply, Request, reply

TOKEN = "simulated-long-lived-token"  # noqa: S105 - nobody's


@dataclass(slots=True)
class Sensor:
    """`state` as text; `updated`: when it changed; `reported` None: an older Home Assistant, which does not tell."""

    state: str
    updated: datetime
    unit: str | None = "W"
    reported: datetime | None = None

    def json(self, entity: str) -> dict[str, object]:
        attributes: dict[str, object] = {"friendly_name": entity.partition(".")[2].replace("_", " ").title(), "device_class": "power"}
        if self.unit is not None:
            attributes |= {"unit_of_measurement": self.unit, "state_class": "measurement"}
        told = {} if self.reported is None else {"last_reported": self.reported.isoformat()}
        times = {"last_changed": self.updated.isoformat(), "last_updated": self.updated.isoformat(), **told}
        context = {"id": "01JD0000000000000000000000", "parent_id": None, "user_id": None}
        return {"entity_id": entity, "state": self.state, "attributes": attributes, **times, "context": context}


def measured(world: World) -> dict[str, Sensor]:
    """What an energy meter in the house tells Home Assistant every few seconds."""
    with world.lock:
        flows, at = world.flows, world.now
    watts = {"sensor.grid_power": flows.grid_w, "sensor.solar_power": flows.solar_w, "sensor.house_power": flows.load_w}
    return {entity: Sensor(f"{value:.1f}", at, reported=at) for entity, value in watts.items()}


@dataclass(slots=True)
class HomeAssistant:
    """`sensors` by entity; `world`: a house whose flows it shows beside them. Use it with `with`."""

    sensors: dict[str, Sensor] = field(default_factory=dict)
    world: World | None = None
    faults: Faults = field(default_factory=Faults)
    token: str = TOKEN
    port: int = 0
    server: Loopback = field(init=False)

    def __post_init__(self) -> None:
        self.server = Loopback(self._answer, self.faults, port=self.port)

    def __enter__(self) -> HomeAssistant:
        return self

    def __exit__(self, *_problem: object) -> None:
        self.close()

    def close(self) -> None:
        self.server.close()

    @property
    def url(self) -> str:
        return self.server.url

    def _answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return Reply(401, b"401: Unauthorized", {"Content-Type": "text/plain"})
        if request.path == "/api/":
            return reply(200, {"message": "API running."})
        entity = request.path.removeprefix("/api/states/")
        found = (self.sensors if self.world is None else self.sensors | measured(self.world)).get(entity)
        if found is None:
            return reply(404, {"message": "Entity not found."})
        return reply(200, found.json(entity))
