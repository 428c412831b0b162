"""Our values to JSON and back."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from errors import StateError
from model import CarReading, Missing, Overrides, Reason, Series
from model_decision import Decision, Target
from model_memory import Memory, Plug
from state.codec import decode, encode

HOME = ZoneInfo("America/Los_Angeles")
ZONES = [HOME, ZoneInfo("Europe/London"), ZoneInfo("Asia/Kolkata"), ZoneInfo("Australia/Lord_Howe"), UTC]
T = datetime(2026, 12, 9, 8, tzinfo=UTC)

SIMPLE: Mapping[object, st.SearchStrategy[object]] = {
    str: st.text(max_size=8),
    int: st.integers(-(10**9), 10**9),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    type(None): st.none(),
    datetime: st.datetimes(T.replace(1970, tzinfo=None), T.replace(2100, tzinfo=None), timezones=st.just(UTC)),
}


def values(hint: typing.Any) -> st.SearchStrategy[typing.Any]:
    """Any value of a type of ours."""
    if hint in SIMPLE:
        return SIMPLE[hint]
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return st.one_of(*(values(member) for member in inner))
    if origin is tuple:
        return st.lists(values(inner[0]), max_size=2).map(tuple)
    if origin is not None and issubclass(origin, Mapping):
        return st.dictionaries(st.text(max_size=5), values(inner[1]), max_size=2)
    if issubclass(hint, StrEnum):
        return st.sampled_from(list(hint))
    hints = typing.get_type_hints(hint)
    return st.builds(hint, **{field.name: values(hints[field.name]) for field in dataclasses.fields(hint)})


def through_json(value: object, zone: typing.Any = HOME) -> typing.Any:
    return json.loads(json.dumps(encode(value, zone), allow_nan=False))


@pytest.mark.parametrize("cls", [Memory, Target, Overrides, Series, CarReading, Decision])
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_was_written_is_read_back(cls: type, data: st.DataObject) -> None:
    value = data.draw(values(cls))
    assert decode(cls, through_json(value, data.draw(st.sampled_from(ZONES)))) == value


def test_times_are_written_in_the_owners_zone_with_their_offset() -> None:
    assert encode(T, HOME) == "2026-12-09T00:00:00-08:00"


def test_both_one_oclocks_of_the_autumn_night_stay_apart() -> None:
    first, second = datetime(2026, 11, 1, 8, 30, tzinfo=UTC), datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
    assert [decode(datetime, encode(at, HOME)) for at in (first, second)] == [first, second]


def test_a_missing_reading_says_why_in_the_file() -> None:
    assert encode(Missing("tesla", "asleep"), HOME) == {"missing": "asleep", "source": "tesla"}


def test_an_unknown_key_is_ignored_and_an_absent_one_takes_its_default() -> None:
    plug = decode(Plug, {"since": T.isoformat(), "known_from_start": True, "of_a_later_version": [1]})
    assert plug == Plug(since=T, known_from_start=True)


def test_a_detail_keeps_its_kinds_of_number() -> None:
    detail = decode(Reason, through_json({"code": "WAIT", "text": "", "detail": {"a": 1, "b": 1.0, "c": True, "d": None}})).detail
    assert [type(value) for value in detail.values()] == [int, float, bool, type(None)]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"since": None}, "since"),
        ({"since": "2026-12-09T00:00:00"}, "since"),
        ({"since": "soon"}, "since"),
        ({"starts": "2"}, "starts"),
        ({"starts": 2.5}, "starts"),
        ({"starts": True}, "starts"),
        ({"completed": 1}, "completed"),
        ({"origin": "aliens"}, "origin"),
        ({"session": 7}, "session"),
        ({"amps_cap": {}}, "amps_cap"),
    ],
)
def test_a_wrong_type_is_refused_by_its_path(change: Mapping[str, object], path: str) -> None:
    plug = {"since": T.isoformat(), "known_from_start": True, **change}
    with pytest.raises(StateError, match=rf"cars\.0\.plug\.{path}: "):
        decode(Memory, {"cars": [{"vin": "V", "name": "Blue", "plug": plug}]})


@pytest.mark.parametrize("json_value", [[], None, "text", 3, {"cars": {}}, {"cars": [3]}, {"cars": [{"vin": "V"}]}])
def test_no_shape_of_json_raises_anything_but_a_state_error(json_value: object) -> None:
    with pytest.raises(StateError):
        decode(Memory, json_value)


@pytest.mark.parametrize("value", [10**400, float("inf"), float("nan")])
def test_no_number_beyond_a_float_is_read(value: float) -> None:
    with pytest.raises(StateError):
        decode(float, value)


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), T.replace(tzinfo=None), {1, 2}])
def test_what_no_file_may_hold_is_not_written(value: object) -> None:
    with pytest.raises(StateError, match=r"cars\.0: "):
        encode({"cars": [value]}, HOME)


def test_an_error_does_not_quote_what_may_be_a_secret() -> None:
    with pytest.raises(StateError) as caught:
        decode(Memory, {"doubted": "a-token-that-stands-at-the-wrong-place"})
    assert "token" not in caught.value.text
