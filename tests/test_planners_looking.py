"""When a paid reading is worth two tenths of a cent, and when not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from model import CarStatus, ChargerReport, Missing, WallReading
from model_memory import CommandKind, Intent, Outcome, Plug
from planners.looking import worth_reading
from tests.builders import EVENING, NONE, VIN, charger, plugged, reading, report, wall

ONLINE = CarStatus(VIN, "Blue", online=True, in_service=False)
PLUG = Plug(EVENING - timedelta(hours=1), known_from_start=True, rest_at=EVENING - timedelta(minutes=55))


def ago(minutes: float) -> Any:
    return EVENING - timedelta(minutes=minutes)


def why(
    read: float | None = 5,
    charger_: ChargerReport | Missing = NONE,
    wall_: WallReading | Missing = NONE,
    *,
    thrifty: bool = False,
    **memory: Any,
) -> str | None:
    """`read`: minutes since the last reading."""
    car = plugged(**({"reading": None if read is None else reading(at=ago(read))} | memory))
    return worth_reading(ONLINE, car, (charger_, wall_), EVENING, thrifty=thrifty)


def test_a_sleeping_car_is_never_read() -> None:
    car = plugged(reading=None)
    assert worth_reading(replace(ONLINE, online=False), car, (NONE, NONE), EVENING) is None


def test_a_car_that_came_online_or_was_never_read_is_read() -> None:
    assert why(None) == "first seen online"
    assert why(5, status_online=False) == "first seen online"
    assert why(5) is None


@pytest.mark.parametrize(
    ("outcome", "looks"),
    [
        (Outcome.DONE, True),
        (Outcome.UNKNOWN, True),
        (None, True),
        (Outcome.REFUSED, True),
        (Outcome.NOT_SENT, False),
        (Outcome.UNREACHABLE, False),
    ],
)
def test_after_a_command_it_is_looked_at_once(outcome: Outcome | None, looks: bool) -> None:
    sent = Intent(CommandKind.START, None, "PLAN_SLOT", ago(5), 0.001, outcome)
    assert (why(6, intents=(sent,)) == "after a command") is looks
    assert why(4, intents=(sent,)) is None


def test_a_reading_that_failed_is_not_paid_for_again_at_once() -> None:
    assert why(None, tried_at=ago(10)) is None
    assert why(None, tried_at=ago(16)) == "first seen online"
    assert why(40, tried_at=ago(10)) is None


@pytest.mark.parametrize(("read", "sensor", "looks"), [(14, False, False), (15, False, True), (15, True, False), (60, True, True)])
def test_the_regular_look_is_rarer_where_a_sensor_sees_the_plug(read: float, sensor: bool, looks: bool) -> None:
    seen = report(charger()) if sensor else NONE
    assert (why(read, seen) == "regular look") is looks


def test_a_new_plug_in_is_looked_at_until_it_has_settled() -> None:
    fresh = Plug(ago(5), known_from_start=True)
    assert why(2.5, plug=fresh) == "just plugged in"
    assert why(1, plug=fresh) is None
    assert why(5, plug=replace(fresh, since=ago(25))) is None
    assert why(5, plug=replace(fresh, rest_at=ago(3))) is None


def test_a_sensor_that_sees_a_plug_or_a_current_change_is_worth_a_look() -> None:
    assert why(20, report(charger()), plug=None) == "a sensor sees a change"
    assert why(20, NONE, wall(), plug=None) == "a sensor sees a change"
    assert why(20, report(charger()), plug=None, sensor_plugged=True) is None  # a guest is read once
    assert why(20, report(charger(vin="5YJ3AMPSHFT000009")), plug=None) is None
    assert why(10, report(charger(actual_amps=32.0))) == "a sensor sees a change"
    assert why(10, report(charger(actual_amps=0.4))) is None
    assert why(10, report(charger()), plug=replace(PLUG, charging_since=ago(30))) == "a sensor sees a change"


def test_a_thrifty_look_is_once_an_hour_and_after_commands() -> None:
    assert why(30, thrifty=True) is None
    assert why(60, thrifty=True) == "regular look"
    assert why(20, report(charger(actual_amps=32.0)), thrifty=True) is None
