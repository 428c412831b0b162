"""A Bluetooth proxy near the car, with the answers that TeslaBleHttpProxy's handlers write."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clients.http import Http
from clients.tesla_commands import BLUETOOTH, Answer, Commander
from model_memory import CommandKind, Outcome
from tests.fake_server import Asked, Canned, Counter, FakeServer

VIN = "5YJ3AMPSHFT000001"
START, STOP, WAKE = CommandKind.START, CommandKind.STOP, CommandKind.WAKE


@pytest.fixture
def http() -> Iterator[Http]:
    client = Http()
    yield client
    client.close()


def send(http: Http, kind: CommandKind, answer: Canned) -> tuple[Answer, list[Asked]]:
    with FakeServer({f"/api/1/vehicles/{VIN}/command/{kind.value}": answer}) as server:
        return Commander(server.url, "tok", http, Counter(), BLUETOOTH).send(kind, VIN, None), server.asked


def said(reason: str, result: bool = False) -> Canned:
    return Canned({"response": {"result": result, "reason": reason, "vin": VIN, "command": "c"}}, 200 if result else 503)


@pytest.mark.parametrize("kind", [START, STOP, WAKE], ids=str)
def test_every_command_waits_for_its_end_below_one_path_and_carries_no_token(http: Http, kind: CommandKind) -> None:
    answer, asked = send(http, kind, said("The command was successfully processed.", result=True))
    assert answer.outcome is Outcome.DONE
    assert [one.path for one in asked] == [f"/api/1/vehicles/{VIN}/command/{kind.value}?wait=true"]
    assert "authorization" not in asked[0].headers


@pytest.mark.parametrize(
    ("kind", "reason", "outcome"),
    [
        (START, "Vehicle is not in range: context deadline exceeded", Outcome.UNREACHABLE),
        (START, "failed to connect to vehicle (B): context deadline exceeded", Outcome.UNREACHABLE),
        (START, "failed to perform handshake with vehicle (A): timeout", Outcome.UNREACHABLE),
        (START, "failed to wake up car: timeout", Outcome.UNREACHABLE),
        (START, "BleControl is not initialized. Maybe private.pem is missing.", Outcome.UNREACHABLE),
        (START, "context deadline exceeded", Outcome.UNKNOWN),
        (STOP, "failed to execute command: context canceled", Outcome.UNKNOWN),
        (START, "car could not execute command: is_charging", Outcome.ALREADY),
        (STOP, "car could not execute command: not_charging", Outcome.ALREADY),
        (START, "car could not execute command: disconnected", Outcome.REFUSED),
        (WAKE, "Vehicle is not in range: timeout", Outcome.UNREACHABLE),
    ],
)
def test_a_failure_is_what_its_words_say(http: Http, kind: CommandKind, reason: str, outcome: Outcome) -> None:
    answer, asked = send(http, kind, said(reason))
    assert (answer.outcome, len(asked)) == (outcome, 1)
    assert reason in answer.text


@pytest.mark.parametrize(
    "answer", [Canned("busy", 503), Canned({"response": {}}, 503), Canned({"response": {"result": False}}, 503), Canned("<html>")]
)
def test_an_answer_without_a_word_is_unknown(http: Http, answer: Canned) -> None:
    assert send(http, START, answer)[0].outcome is Outcome.UNKNOWN


def test_an_answer_that_says_neither_is_no_yes(http: Http) -> None:
    assert send(http, START, Canned({"response": {"result": None, "reason": "ok"}}))[0].outcome is Outcome.UNKNOWN
