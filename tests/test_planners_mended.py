"""A refusal stays a problem until it is mended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from model import ALL_DAYS, OUR_SCHEDULE_ID, CarSchedule, Charging
from model_memory import CarMemory, CommandKind, Intent, Outcome
from planners.mended import unmended
from planners.observe import observe
from tests.builders import EVENING, HOME, VIN, plugged, reading, remembering, settings, snapshot, view

FLOWS: dict[str, Any] = {"charging": Charging.CHARGING, "actual_amps": 16.0}


def asked(kind: CommandKind, outcome: Outcome, minutes: float, value: int | None = None) -> Intent:
    return Intent(kind, value, "WAIT", EVENING - timedelta(minutes=minutes), 0.001, outcome)


def ours(start: int) -> CarSchedule:
    return CarSchedule(OUR_SCHEDULE_ID, ALL_DAYS, start, None, HOME.lat, HOME.lon)


def stands(car: CarMemory) -> list[CommandKind]:
    return [one.kind for one in unmended(car)]


@pytest.mark.parametrize(
    ("later", "mended"),
    [(Outcome.DONE, True), (Outcome.ALREADY, True), (Outcome.UNKNOWN, False), (Outcome.NOT_SENT, False), (Outcome.UNREACHABLE, False)],
)
def test_only_a_later_command_of_that_kind_that_was_carried_out_mends_it(later: Outcome, mended: bool) -> None:
    refused = asked(CommandKind.STOP, Outcome.REFUSED, 10)
    other = asked(CommandKind.AMPS, Outcome.DONE, 4, 16)
    car = plugged(reading=reading(**FLOWS), intents=(refused, asked(CommandKind.STOP, later, 5), other))
    assert stands(car) == ([] if mended else [CommandKind.STOP])


@pytest.mark.parametrize(
    ("kind", "value", "state", "mended"),
    [
        (CommandKind.STOP, None, FLOWS, False),
        (CommandKind.STOP, None, {}, True),
        (CommandKind.START, None, {}, False),
        (CommandKind.START, None, FLOWS, True),
        (CommandKind.START, None, {"charging": Charging.COMPLETE}, True),
        (CommandKind.AMPS, 16, {"request_amps": 48}, False),
        (CommandKind.AMPS, 16, {"request_amps": 16}, True),
        (CommandKind.LIMIT, 90, {"limit_soc": 80}, False),
        (CommandKind.LIMIT, 90, {"limit_soc": 90}, True),
        (CommandKind.WAKE, None, {}, True),
        (CommandKind.ADD_SCHEDULE, 120, {}, False),
        (CommandKind.ADD_SCHEDULE, 120, {"schedules": ()}, False),
        (CommandKind.ADD_SCHEDULE, 120, {"schedules": (ours(60),)}, False),
        (CommandKind.ADD_SCHEDULE, 120, {"schedules": (ours(120),)}, True),
        (CommandKind.REMOVE_SCHEDULE, OUR_SCHEDULE_ID, {}, False),
        (CommandKind.REMOVE_SCHEDULE, OUR_SCHEDULE_ID, {"schedules": (ours(120),)}, False),
        (CommandKind.REMOVE_SCHEDULE, OUR_SCHEDULE_ID, {"schedules": ()}, True),
    ],
)
def test_a_later_reading_that_shows_what_was_asked_for_mends_it(
    kind: CommandKind, value: int | None, state: dict[str, Any], mended: bool
) -> None:
    refused = asked(kind, Outcome.REFUSED, 5, value)
    assert stands(plugged(reading=reading(**state), intents=(refused,))) == ([] if mended else [kind])
    before = reading(**state, at=EVENING - timedelta(minutes=6))
    assert stands(plugged(reading=before, intents=(refused,))) == [kind]


def test_the_end_of_the_plug_in_mends_what_concerned_it() -> None:
    car = plugged(reading=reading(**FLOWS), intents=(asked(CommandKind.STOP, Outcome.REFUSED, 10),))
    gone = plugged(reading=car.reading, intents=car.intents, unplugged_at=EVENING - timedelta(minutes=5))
    assert (stands(car), stands(gone)) == ([CommandKind.STOP], [])


@pytest.mark.parametrize(("option", "said"), [("on", True), ("off", False)])
def test_a_refused_schedule_of_ours_is_one_problem_until_it_is_mended_or_not_wanted_any_more(option: str, said: bool) -> None:
    """It was forgotten after two days and refused again later: the owner was told of the same thing every few days."""
    old = asked(CommandKind.ADD_SCHEDULE, Outcome.REFUSED, 5 * 24 * 60, 120)
    here = snapshot(view(reading(schedules=())), memory=remembering(plugged(reading=reading(**FLOWS), intents=(old,))))
    car = observe(here, settings(CAR_SAFETY_SCHEDULE=option)).car(VIN)
    assert car is not None
    assert (stands(car) == [CommandKind.ADD_SCHEDULE]) == said


def test_a_refusal_that_was_mended_does_not_come_back_when_what_mended_it_is_forgotten() -> None:
    refused, done = (
        asked(CommandKind.ADD_SCHEDULE, outcome, 60 * hours, 120) for outcome, hours in ((Outcome.REFUSED, 71), (Outcome.DONE, 49))
    )
    here = snapshot(memory=remembering(plugged(intents=(refused, done))))
    car = observe(here, settings(CAR_SAFETY_SCHEDULE="on")).car(VIN)
    assert car is not None
    assert car.intents == ()
