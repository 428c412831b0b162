"""A simulated account behind a real socket whose car takes signed commands only, and our sender with its session file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from clients.http import Http
from clients.tesla_commands import Answer, Commander
from clients.tesla_session import Ours, Route, SignedCommands
from cycle.signed import DiskSessions
from model_memory import CommandKind
from simulator.fleet import Fleet
from simulator.house import World
from simulator.houses import sunny_house
from simulator.owner import Act
from simulator.tesla_signed import SignedCar
from state.files import Stamp
from state.logins import Logins
from tests.fake_server import Counter

VIN = "5YJ3AMPSHFT000001"
EVENING = datetime(2026, 12, 9, 2, 0, tzinfo=UTC)
VALUES = {CommandKind.AMPS: 16, CommandKind.LIMIT: 70}


def new_key() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


KEY = new_key()


@dataclass
class SignedHome:
    """`ahead_s`: how far our clock is ahead of the car's."""

    world: World
    fleet: Fleet
    folder: Path
    http: Http
    count: Counter = field(default_factory=Counter)
    ahead_s: float = 0.0
    pem: bytes = KEY

    @property
    def car(self) -> SignedCar:
        return self.world.account.signed(VIN)

    @property
    def requests(self) -> int:
        return len(self.fleet.server.log)

    @property
    def session(self) -> Path:
        return self.folder / "tesla_session.json"

    def commander(self) -> Commander:
        sessions = DiskSessions(Logins(self.folder, Stamp(self.world.now, "scheduler", UTC), time.sleep))
        route = Route(self.fleet.url, self.fleet.token)
        signed = SignedCommands(route, self.http, self.count, Ours(self.pem, sessions), lambda: self.world.now.timestamp() + self.ahead_s)
        return Commander(self.fleet.url, self.fleet.token, self.http, self.count, signed)

    def send(self, kind: CommandKind, vin: str = VIN) -> Answer:
        return self.commander().send(kind, vin, VALUES.get(kind))

    def asked(self, kind: CommandKind) -> tuple[Answer, int]:
        """The answer, and how many requests it took."""
        before = self.requests
        answer = self.send(kind)
        return answer, self.requests - before

    def settled(self) -> SignedHome:
        """With a session, so that the next command takes one request."""
        assert self.asked(CommandKind.AMPS)[1] == 2
        self.count.counted.clear()
        self.car.performed.clear()
        return self

    def counters(self) -> list[tuple[bytes, int]]:
        """Epoch and counter of each command that came."""
        given = [one.signature_data.HMAC_Personalized_data for one in self.car.asked if one.protobuf_message_as_bytes]
        return [(one.epoch, one.counter) for one in given]


def charging_world() -> World:
    """A car at home that charges."""
    world = sunny_house(EVENING)
    world.cars[VIN].soc = 45.0
    world.do(Act(EVENING, "plug"))
    world.advance(datetime(2026, 12, 9, 2, 3, tzinfo=UTC))
    return world


@contextmanager
def signed_home(folder: Path) -> Iterator[SignedHome]:
    world = charging_world()
    world.account.must_sign.add(VIN)
    fleet, http = Fleet(world), Http()
    try:
        yield SignedHome(world, fleet, folder, http)
    finally:
        fleet.close()
        http.close()
