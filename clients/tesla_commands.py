"""Commands to a car, and what became of them.

tesla-http-proxy answers a refusal by the car with 200 and `car could not execute command: <reason>`, so a reason is known by its last word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from clients.http import Ask, Http, Reply
from clients.http_status import excerpt
from clients.tesla_billing import Count, ask_billed, headers_for
from clients.tesla_fields import SOURCE
from clients.tesla_status import error_for
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
from model import Billed
from model_memory import CommandKind, Outcome

BODY_KEYS: Mapping[CommandKind, tuple[str, int, int]] = {
    CommandKind.AMPS: ("charging_amps", 0, 80),
    CommandKind.LIMIT: ("percent", 50, 100),  # Tesla says "success" to any other percent
}

ALREADY: Mapping[CommandKind, frozenset[str]] = {
    CommandKind.START: frozenset({"complete", "is_charging", "charging", "requested", "already_started"}),
    CommandKind.STOP: frozenset({"not_charging", "complete", "disconnected"}),  # nothing flows: that was the wish
    CommandKind.AMPS: frozenset({"already_set"}),
    CommandKind.LIMIT: frozenset({"already_set", "already_standard", "already_max_range"}),
    CommandKind.WAKE: frozenset(),
}
UNREACHED = frozenset({"could_not_wake_buses", "asleep", "offline", "vehicle_unavailable", "unavailable"})
_LAST_WORD = re.compile(r"([a-z_]+)\W*$")

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


class Commander:
    def __init__(self, command_url: str, token: str, http: Http, count: Count) -> None:
        self._url = command_url.rstrip("/")
        self._token = token
        self._http = http
        self._count = count

    def send(self, kind: CommandKind, vin: str, value: int | None) -> Answer:
        """Sends one command; repeated once only where the first was certainly not delivered. Raises LoginDead, AccountStopped and TooMany
        alone, because they concern every further command; every other failure is an Answer."""
        wrong = _wrong_value(kind, value)
        if wrong:
            return Answer(Outcome.NOT_SENT, wrong)
        try:
            reply = self._post(kind, vin, value)
            return _woken(reply) if kind is CommandKind.WAKE else _answer(kind, reply)
        except (LoginDead, AccountStopped, TooMany):
            raise
        except ClientError as error:
            return Answer(next((outcome for known, outcome in OUTCOMES if isinstance(error, known)), Outcome.UNKNOWN), error.text)

    def _post(self, kind: CommandKind, vin: str, value: int | None) -> Reply:
        own_path = "wake_up" if kind is CommandKind.WAKE else f"command/{kind.value}"
        url = f"{self._url}/api/1/vehicles/{quote(vin, safe='')}/{own_path}"
        body = {BODY_KEYS[kind][0]: value} if kind in BODY_KEYS else {}
        ask = Ask(SOURCE, url, "POST", headers_for(url, self._token), body=body, secrets=(self._token,), retry=False)
        reply = ask_billed(self._http, ask, Billed.WAKE if kind is CommandKind.WAKE else Billed.COMMAND, self._count)
        if not reply.ok:
            raise error_for(reply.status, reply.text(), reply.headers)
        return reply


def _wrong_value(kind: CommandKind, value: int | None) -> str:
    if kind not in BODY_KEYS:
        return "" if value is None else f"{kind.value} takes no value."
    name, low, high = BODY_KEYS[kind]
    return "" if value is not None and low <= value <= high else f"{name} must be {low} to {high}, not {value}."


def _answer(kind: CommandKind, reply: Reply) -> Answer:
    node = _inner(reply)
    if node.data.get("result") is True:
        return Answer(Outcome.DONE, _said(node))
    no = _no(kind, node)
    if no is None:
        raise BadAnswer(SOURCE, f"Tesla's answer to {kind.value} says neither yes nor no: {excerpt(reply.text())}")
    return no


def _woken(reply: Reply) -> Answer:
    node = _inner(reply)
    if node.data.get("state") == "online":
        return Answer(Outcome.DONE, "online")
    no = None if "state" in node.data else _no(CommandKind.WAKE, node)
    return no or Answer(Outcome.DONE, "waking; the next cycle looks again")


def _no(kind: CommandKind, node: Node) -> Answer | None:
    """A refusal as an outcome; None where nothing is refused."""
    said = _said(node)
    word = _LAST_WORD.search(said.lower())
    last = word.group(1) if word else ""
    if last in ALREADY[kind]:
        return Answer(Outcome.ALREADY, said)
    if last in UNREACHED:
        return Answer(Outcome.UNREACHABLE, said)
    if node.data.get("result") is False:
        return Answer(Outcome.REFUSED, said or "the car refused without a reason")
    return None


def _said(node: Node) -> str:
    return excerpt(next((text for text in (node.text("reason"), node.text("error")) if isinstance(text, str)), ""))


def _inner(reply: Reply) -> Node:
    """The object that holds result and reason: under `response`, or (old bodies) the answer itself."""
    node = root(SOURCE, reply.json())
    inner = node.node("response")
    return inner if inner.data else node
