"""Commands to a car, and what became of them.

Three ways lead to a car: signed by ourselves (`signed`); plain, to a proxy that signs or a car that needs no signature; over Bluetooth.
tesla-http-proxy answers a refusal by the car with 200 and `car could not execute command: <reason>`, so a reason is known by its last word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Protocol
from urllib.parse import quote

from clients.http import Ask, Http, Reply
from clients.http_status import excerpt
from clients.tesla_actions import signable
from clients.tesla_billing import Count, ask_billed, headers_for
from clients.tesla_ble import WAIT, ble_reply
from clients.tesla_fields import SOURCE
from clients.tesla_protobuf import CarAnswer
from clients.tesla_status import error_for
from clients.tesla_table import Call, call_for, outcome_of
from clients.values import Node, root
from errors import (
    AccountStopped,
    Asleep,
    BadAnswer,
    BadCertificate,
    BudgetSpent,
    ClientError,
    LoginDead,
    NoAnswer,
    NotConfigured,
    Refused,
    ServerFault,
    TooMany,
    Unreachable,
)
from model import CarSchedule
from model_memory import CommandKind, Outcome

WAKE_UP = CommandKind.WAKE.value
BLUETOOTH: Final = "bluetooth"

# the order counts: the first class that fits the error
OUTCOMES: tuple[tuple[type[ClientError], Outcome], ...] = (
    (BudgetSpent, Outcome.NOT_SENT),
    (Unreachable, Outcome.UNREACHABLE),
    (BadCertificate, Outcome.UNREACHABLE),
    (NotConfigured, Outcome.UNREACHABLE),
    (Asleep, Outcome.UNREACHABLE),
    (NoAnswer, Outcome.UNKNOWN),
    (ServerFault, Outcome.UNKNOWN),
    (BadAnswer, Outcome.UNKNOWN),
    (Refused, Outcome.REFUSED),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a command. `text`: Tesla's or our own words, for the owner."""

    outcome: Outcome
    text: str


class Signs(Protocol):
    """Signed commands (tesla_session.py), which are imported only where there is a key."""

    def send(self, call: Call, vin: str) -> CarAnswer | None:
        """None: this car takes plain commands only, and nothing was done."""
        ...

    def takes_signed(self, vin: str) -> None:
        """The car refused a plain command because it was not signed."""
        ...


class Commander:
    """`way`: by whom commands are signed. None: by whatever answers at `command_url`, or not at all; BLUETOOTH: by a proxy near the car,
    which gets no token and is not billed (`count`)."""

    def __init__(self, command_url: str, token: str, http: Http, count: Count, way: Signs | Literal["bluetooth"] | None = None) -> None:
        self._url = command_url.rstrip("/")
        self._ble = way == BLUETOOTH
        self._token = "" if self._ble else token
        self._http = http
        self._count = count
        self._signed = None if way == BLUETOOTH else way

    def send(self, kind: CommandKind, vin: str, value: int | None, schedule: CarSchedule | None = None) -> Answer:
        """Sends one command; repeated once only where the first was certainly not delivered. Raises LoginDead, AccountStopped and TooMany
        alone, because they concern every further command; every other failure is an Answer."""
        call = call_for(kind, value, schedule)
        if isinstance(call, str):
            return Answer(Outcome.NOT_SENT, call)
        return self.send_call(call, vin)

    def send_call(self, call: Call, vin: str) -> Answer:
        """Any command of the table, as `send` does. What a car takes only when asked twice (below 5 A) is sent twice, while it says yes."""
        answer = self._send_once(call, vin)
        for _ in range(call.repeat - 1):
            answer = self._send_once(call, vin) if answer.outcome is Outcome.DONE else answer
        return answer

    def _send_once(self, call: Call, vin: str) -> Answer:
        try:
            told = self._signed.send(call, vin) if self._signed is not None and signable(call.name) else None
            if told is not None:
                return _told(call.name, told)
            reply = self._post(call, vin)
            return _woken(reply) if call.name == WAKE_UP else _answer(call.name, reply)
        except (LoginDead, AccountStopped, TooMany):
            raise
        except ClientError as error:
            return Answer(outcome_for(error), error.text)

    def _post(self, call: Call, vin: str) -> Reply:
        own_path = call.name if call.name == WAKE_UP and not self._ble else f"command/{call.name}"
        url = f"{self._url}/api/1/vehicles/{quote(vin, safe='')}/{own_path}"
        headers, params = headers_for(url, self._token), WAIT if self._ble else {}
        ask = Ask(SOURCE, url, "POST", headers, params, body=dict(call.params), secrets=(self._token,), retry=False)
        reply = ask_billed(self._http, ask, call.billed, self._count)
        reply = ble_reply(reply) if self._ble else reply
        if not reply.ok:
            if self._signed is not None and "command protocol required" in reply.text().lower():
                self._signed.takes_signed(vin)
            raise error_for(reply.status, reply.text(), reply.headers)
        return reply


def outcome_for(error: ClientError) -> Outcome:
    """What became of a command that ended in this error."""
    return next((outcome for known, outcome in OUTCOMES if isinstance(error, known)), Outcome.UNKNOWN)


def _told(name: str, told: CarAnswer) -> Answer:
    """The car's own signed answer."""
    said = excerpt(told.reason)
    if told.done:
        return Answer(Outcome.DONE, said)
    return Answer(outcome_of(name, said, refused=True) or Outcome.REFUSED, said or "the car refused without a reason")


def _answer(name: str, reply: Reply) -> Answer:
    node = _inner(reply)
    if node.data.get("result") is True:
        return Answer(Outcome.DONE, _said(node))
    no = _no(name, node)
    if no is None:
        raise BadAnswer(SOURCE, f"Tesla's answer to {name} says neither yes nor no: {excerpt(reply.text())}")
    return no


def _woken(reply: Reply) -> Answer:
    node = _inner(reply)
    if node.data.get("state") == "online":
        return Answer(Outcome.DONE, "online")
    no = None if "state" in node.data else _no(WAKE_UP, node)
    return no or Answer(Outcome.DONE, "waking; the next cycle looks again")


def _no(name: str, node: Node) -> Answer | None:
    """A refusal as an outcome; None where nothing is refused."""
    said = _said(node)
    outcome = outcome_of(name, said, refused=node.data.get("result") is False)
    return None if outcome is None else Answer(outcome, said or "the car refused without a reason")


def _said(node: Node) -> str:
    return excerpt(next((text for text in (node.text("reason"), node.text("error")) if isinstance(text, str)), ""))


def _inner(reply: Reply) -> Node:
    """The object that holds result and reason: under `response`, or (old bodies) the answer itself."""
    node = root(SOURCE, reply.json())
    inner = node.node("response")
    return inner if inner.data else node
