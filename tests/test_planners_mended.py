"""A refusal stays a problem until it is mended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from model import Charging
from model_memory import CarMemory, CommandKind, Intent, Outcome
from planners.mended import unmended
from tests.builders import EVENING, plugged, reading

FLOWS: dict[str, Any] = {"charging": Charging.CHARGING, "actual_amps": 16.0}


def asked(kind: CommandKind, outcome: Outcome, minutes: float, value: int | None = None) -> Intent:
    return Intent(kind, value, "WAIT", EVENING - timedelta(minutes=minutes), 0.001, outcome)


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
