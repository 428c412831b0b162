"""Words over MQTT, without a broker: what each message means, and what is refused in a sentence."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.mqtt import Heard
from cycle.mqtt_commands import MOST, Gate, ask_of, said_in
from cycle.words import Said
from errors import ConfigError
from tests.builders import EVENING, VIN, VIN_2, ZONE

KNOWN = {VIN: "Blue", VIN_2: "Red"}
NOW = EVENING


def said(payload: object, now: datetime = NOW) -> Said:
    text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return said_in(ask_of(Heard("ampshift/command", text, retained=False)), KNOWN, now, ZONE)


@pytest.mark.parametrize(
    ("payload", "meant"),
    [
        ({"word": "charge-now"}, Said("charge-now")),
        ({"word": "charge-now", "car": "blue"}, Said("charge-now", vin=VIN)),
        ({"word": "stop", "car": VIN_2}, Said("stop", vin=VIN_2)),
        ({"word": "stop", "car": "000002", "id": "7"}, Said("stop", vin=VIN_2)),
        ({"word": "hands-off", "until": "2026-12-09T07:30:00-08:00"}, Said("hands-off", until=datetime(2026, 12, 9, 15, 30, tzinfo=UTC))),
        ({"word": "charge-now", "until": "07:30"}, Said("charge-now", until=datetime(2026, 12, 9, 15, 30, tzinfo=UTC))),
        ({"word": "solar", "on": False}, Said("solar", on=False)),
        ({"word": "auto", "at": NOW.timestamp() - 59}, Said("auto")),
        ({"word": "auto", "at": NOW.isoformat()}, Said("auto")),
        ({"word": "auto", "at": None, "car": None}, Said("auto")),
    ],
)
def test_a_word_is_understood(payload: object, meant: Said) -> None:
    assert said(payload) == meant


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        ({"word": "charge-now", "amps": 80}, "amps are not taken over MQTT"),
        ({"word": "stop", "amps": None}, "amps are not taken"),
        ({"word": "faster"}, "word must be one of"),
        ({"word": ["stop"]}, "word must be one of"),
        ({}, "word must be one of"),
        ({"word": "stop", "at": NOW.timestamp() - 61}, "61 s old"),
        ({"word": "stop", "at": NOW.timestamp() + 61}, "61 s ahead"),
        ({"word": "stop", "at": "yesterday"}, "at must be a time"),
        ({"word": "stop", "at": "2026-12-08T18:10:00"}, "at must be a time"),
        ({"word": "stop", "at": True}, "at must be a time"),
        ({"word": "stop", "car": "Green"}, "No car is called 'Green'"),
        ({"word": "stop", "car": 7}, "car must be a text"),
        ({"word": "stop", "until": "soon"}, "is not a time"),
        ({"word": "stop", "until": "2020-01-01T00:00:00+00:00"}, "over already"),
        ({"word": "stop", "until": "9999-12-31T23:59:59-14:00"}, "too far ahead"),
        ({"word": "solar"}, "solar needs on"),
        ({"word": "solar", "on": "yes"}, "on must be true or false"),
        ({"word": "solar", "on": True, "car": "Blue"}, "leave car out"),
        ({"word": "auto", "until": "07:30"}, "auto has no end"),
        ({"word": "stop", "vin": VIN}, "'vin': not known"),
        (b"ON", "not understood"),
        (b'"stop"', "not understood"),
        (b"\xff\xfe", "not understood"),
        (b"[" * 9000, "not understood"),
    ],
)
def test_what_is_no_word_is_refused_in_a_sentence(payload: object, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        said(payload)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
TIMES = st.datetimes().map(datetime.isoformat) | st.datetimes(timezones=st.just(ZONE)).map(datetime.isoformat)
WORDS = st.sampled_from(["charge-now", "stop", "hands-off", "auto", "solar"])
MESSAGES = st.binary(max_size=60) | st.fixed_dictionaries(
    {}, optional={"word": WORDS | JSON, "on": JSON, "car": JSON, "until": TIMES | JSON, "at": TIMES | JSON, "id": JSON, "x": JSON}
).map(lambda data: json.dumps(data).encode())


@given(MESSAGES)
def test_nothing_that_can_be_said_is_anything_but_a_word_or_a_refusal(payload: bytes) -> None:
    try:
        found = said(payload)
    except ConfigError:
        return
    assert found.amps is None
    assert found.word in ("charge-now", "stop", "hands-off", "auto", "solar")
    assert found.until is None or found.until > NOW


def test_ten_words_a_minute_are_heard_and_noise_does_not_keep_the_owner_from_stopping() -> None:
    gate = Gate()
    heard = [gate.admits(NOW + timedelta(seconds=n), stop=False) for n in range(20)]
    assert sum(heard) == MOST
    assert gate.admits(NOW + timedelta(seconds=20), stop=True)
    assert gate.admits(NOW + timedelta(seconds=61), stop=False)


def test_what_was_not_heard_is_told_once_a_minute() -> None:
    gate = Gate()
    assert [gate.tells(NOW + timedelta(seconds=n)) for n in (0, 1, 59, 60, 61)] == [True, False, False, True, False]


def test_a_clock_that_went_back_does_not_close_the_gate() -> None:
    gate = Gate()
    assert all(gate.admits(NOW, stop=False) for _ in range(MOST))
    assert gate.admits(NOW - timedelta(hours=1), stop=False)
