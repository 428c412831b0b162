"""Commands: what went out, what it cost, and what became of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from clients.http import Http
from clients.tesla_commands import Answer, Commander
from errors import AccountStopped, BudgetSpent, LoginDead, TooMany
from model_memory import CommandKind, Outcome
from tests.fake_server import Asked, Canned, Counter, FakeServer, free_port, raw_server, recorded

VIN = "5YJ3AMPSHFT000001"
START, STOP, AMPS, LIMIT, WAKE = CommandKind.START, CommandKind.STOP, CommandKind.AMPS, CommandKind.LIMIT, CommandKind.WAKE
VALUES = {AMPS: 16, LIMIT: 80}


@pytest.fixture
def http() -> Iterator[Http]:
    client = Http(connect_s=1, read_s=0.3, limit_s=0.6)
    yield client
    client.close()


def path(kind: CommandKind) -> str:
    return f"/api/1/vehicles/{VIN}/{'wake_up' if kind is WAKE else f'command/{kind.value}'}"


def send(http: Http, kind: CommandKind, answer: Canned, count: Counter | None = None) -> tuple[Answer, list[Asked]]:
    with FakeServer({path(kind): answer}) as server:
        return Commander(server.url, "tok", http, count or Counter()).send(kind, VIN, VALUES.get(kind)), server.asked


def no(reason: str) -> Canned:
    return Canned({"response": {"result": False, "reason": reason}})


def yes() -> Canned:
    return Canned({"response": {"result": True, "reason": ""}})


@pytest.mark.parametrize(("kind", "body"), [(START, {}), (STOP, {}), (AMPS, {"charging_amps": 16}), (LIMIT, {"percent": 80})], ids=str)
def test_each_command_has_its_path_and_body(http: Http, kind: CommandKind, body: dict[str, int]) -> None:
    count = Counter()
    answer, asked = send(http, kind, yes(), count)
    assert answer.outcome is Outcome.DONE
    assert (asked[0].method, asked[0].path, json.loads(asked[0].body)) == ("POST", path(kind), body)
    assert asked[0].headers["authorization"] == "Bearer tok"
    assert count.counted == ["command"]
    assert not count.undone


@pytest.mark.parametrize("name", ["charge_start_ok", "charge_stop_ok", "result_true_owner_api"])
def test_recorded_yes_is_done(http: Http, name: str) -> None:
    answer, _ = send(http, START, Canned(recorded(f"vehicle/command_{name}.json")))
    assert answer.outcome is Outcome.DONE


REASONS = [
    (START, "is_charging", Outcome.ALREADY),
    (START, "charging", Outcome.ALREADY),
    (START, "requested", Outcome.ALREADY),
    (START, "complete", Outcome.ALREADY),
    (START, "disconnected", Outcome.REFUSED),
    (START, "no_power", Outcome.REFUSED),
    (START, "not_charging", Outcome.REFUSED),
    (STOP, "not_charging", Outcome.ALREADY),
    (STOP, "is_charging", Outcome.REFUSED),
    (STOP, "disconnected", Outcome.ALREADY),
    (LIMIT, "already_set", Outcome.ALREADY),
    (AMPS, "already_set", Outcome.ALREADY),
    (START, "could_not_wake_buses", Outcome.UNREACHABLE),
    (AMPS, "vehicle unavailable: vehicle is offline or asleep", Outcome.UNREACHABLE),
    (START, "user_not_present", Outcome.REFUSED),
    (START, "", Outcome.REFUSED),
    (WAKE, "could_not_wake_buses", Outcome.UNREACHABLE),
]


@pytest.mark.parametrize("before", ["", "car could not execute command: "])
@pytest.mark.parametrize(("kind", "reason", "outcome"), REASONS)
def test_a_reason_is_known_by_its_last_word(http: Http, kind: CommandKind, reason: str, outcome: Outcome, before: str) -> None:
    answer, _ = send(http, kind, no(before + reason if reason else ""))
    assert answer.outcome is outcome
    assert reason in answer.text
    assert answer.text


def test_the_recorded_already_is_already(http: Http) -> None:
    answer, _ = send(http, LIMIT, Canned(recorded("vehicle/command_already_standard.json")))
    assert answer.outcome is Outcome.ALREADY


def test_waking_counts_as_a_wake_and_is_done_when_sent(http: Http) -> None:
    count = Counter()
    online, _ = send(http, WAKE, Canned(recorded("vehicle/wake_up_online.json")), count)
    waking, _ = send(http, WAKE, Canned({"response": {"state": "asleep"}}), count)
    assert (online, waking.outcome) == (Answer(Outcome.DONE, "online"), Outcome.DONE)
    assert "waking" in waking.text
    assert count.counted == ["wake", "wake"]


@pytest.mark.parametrize(
    ("answer", "outcome", "undone"),
    [
        (Canned("", 500), Outcome.UNKNOWN, 1),
        (Canned("", 503), Outcome.UNKNOWN, 1),
        (Canned("", 540), Outcome.UNKNOWN, 1),
        (Canned('{"response": {"resu'), Outcome.UNKNOWN, 0),
        (Canned("[]"), Outcome.UNKNOWN, 0),
        (Canned({"response": {}}), Outcome.UNKNOWN, 0),
        (Canned({"response": {"result": "true"}}), Outcome.UNKNOWN, 0),
        (Canned("moved", 302), Outcome.UNKNOWN, 0),
        (Canned({"response": None, "error": "vehicle unavailable: vehicle is offline or asleep"}, 500), Outcome.UNREACHABLE, 1),
        (Canned({"response": None, "error": "vehicle unavailable: vehicle is offline or asleep"}, 408), Outcome.UNREACHABLE, 0),
        (Canned("Tesla Vehicle Command Protocol required", 403), Outcome.REFUSED, 0),
        (Canned("mobile_access_disabled", 401), Outcome.REFUSED, 0),
        (Canned("vehicle is currently in service", 405), Outcome.REFUSED, 0),
        (Canned("user out of region", 421), Outcome.REFUSED, 0),
    ],
)
def test_a_failed_command_is_sent_once_and_told_as_what_it_is(http: Http, answer: Canned, outcome: Outcome, undone: int) -> None:
    count = Counter()
    got, asked = send(http, START, answer, count)
    assert (got.outcome, len(asked), len(count.counted), len(count.undone)) == (outcome, 1, 1, undone)
    assert got.text


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Canned("login_required", 401), LoginDead),
        (Canned("account disabled: EXCEEDED_LIMIT", 403), AccountStopped),
        (Canned("", 402), AccountStopped),
        (Canned("", 423), AccountStopped),
        (Canned("", 429, {"Retry-After": "60"}), TooMany),
    ],
)
def test_what_concerns_every_command_is_raised(http: Http, answer: Canned, error: type[Exception]) -> None:
    with pytest.raises(error):
        send(http, START, answer)


def test_a_connection_that_is_dropped_after_the_command_is_unknown_and_not_repeated(http: Http) -> None:
    count = Counter()
    hits: list[object] = []
    with raw_server(hits.append) as url:
        answer = Commander(url, "tok", http, count).send(STOP, VIN, None)
    assert (answer.outcome, len(hits), count.undone) == (Outcome.UNKNOWN, 1, [])


def test_silence_is_unknown(http: Http) -> None:
    with raw_server(lambda conn: time.sleep(0.5)) as url:
        assert Commander(url, "tok", http, Counter()).send(START, VIN, None).outcome is Outcome.UNKNOWN


def test_a_command_that_surely_was_not_delivered_is_tried_once_more(http: Http) -> None:
    count = Counter()
    answer = Commander(f"http://127.0.0.1:{free_port()}", "tok", http, count).send(START, VIN, None)
    assert (answer.outcome, len(count.counted), len(count.undone)) == (Outcome.UNREACHABLE, 2, 2)


def test_a_spent_budget_sends_nothing(http: Http) -> None:
    def refuse(kind: object) -> Any:
        raise BudgetSpent("tesla", "The month's budget is spent.")

    with FakeServer({}) as server:
        answer = Commander(server.url, "tok", http, refuse).send(START, VIN, None)
    assert answer == Answer(Outcome.NOT_SENT, "The month's budget is spent.")
    assert not server.asked


@pytest.mark.parametrize(("kind", "value"), [(AMPS, None), (AMPS, -1), (AMPS, 81), (LIMIT, 49), (LIMIT, 101), (LIMIT, None), (START, 5)])
def test_a_value_that_cannot_be_meant_is_not_sent(http: Http, kind: CommandKind, value: int | None) -> None:
    with FakeServer({}) as server:
        answer = Commander(server.url, "tok", http, Counter()).send(kind, VIN, value)
    assert answer.outcome is Outcome.NOT_SENT
    assert not server.asked


def test_the_token_is_never_in_an_answer(http: Http) -> None:
    answer, _ = send(http, START, Canned("you sent tok", 404))
    assert "you sent ***" in answer.text
