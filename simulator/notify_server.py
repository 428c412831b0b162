"""Where notices arrive: ntfy topics, webhooks and the heartbeats of a dead-man service, on a loopback port, with every illness of a server.

POST /TOPIC           ntfy: the text, with Title and Priority as headers
POST /hook/SECRET     a webhook that takes JSON, apprise's json:// too
GET  /ping/SECRET     a heartbeat
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .faults import Faults
from .server import Loopback, Reply, Request, reply

TOPIC, HOOK, PING = "ampshift-house-7f3a", "/hook/5f1c0de77a", "/ping/91b2c3d4e5"


@dataclass(frozen=True, slots=True)
class Note:
    """One that was taken."""

    title: str
    text: str
    urgent: bool = False


@dataclass(slots=True)
class NotifyServer:
    """`notes`: in the order in which they came; `beats`: heartbeats."""

    faults: Faults = field(default_factory=Faults)
    notes: list[Note] = field(default_factory=list)
    beats: int = 0
    port: int = 0
    server: Loopback = field(init=False)

    def __post_init__(self) -> None:
        self.server = Loopback(self._answer, self.faults, port=self.port)

    def __enter__(self) -> NotifyServer:
        return self

    def __exit__(self, *_problem: object) -> None:
        self.server.close()

    @property
    def ntfy(self) -> str:
        return f"{self.server.url}/{TOPIC}"

    @property
    def hook(self) -> str:
        return f"{self.server.url}{HOOK}"

    @property
    def apprise(self) -> str:
        """The same webhook, named as apprise does."""
        return f"json://{self.server.url.partition('://')[2]}{HOOK}"

    @property
    def ping(self) -> str:
        return f"{self.server.url}{PING}"

    def _answer(self, request: Request) -> Reply:
        if request.path == PING:
            self.beats += 1
            return Reply(200, b"OK", {"Content-Type": "text/plain"})
        if request.method != "POST":
            return reply(404, {"error": "page not found"})
        if request.path == HOOK:
            body = request.json()
            self.notes.append(Note(str(body.get("title")), str(body.get("message")), body.get("urgent") is True))
            return reply(200, {"ok": True})
        if request.path != f"/{TOPIC}":
            return reply(403, {"code": 40301, "http": 403, "error": "forbidden"})
        title, priority = request.headers.get("title", ""), request.headers.get("priority", "")
        self.notes.append(Note(title, request.body.decode("utf-8"), priority == "high"))
        return reply(200, {"id": f"n{len(self.notes)}", "event": "message", "topic": TOPIC})
