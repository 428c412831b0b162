"""Laws 5 to 9 over lives in which Tesla answers as it likes: bench/answers.py plays ten thousand of them and names the seeds."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest

from bench.answers import VIN, Life, judge, life
from model import Charging, Code
from model_memory import CommandKind, Intent, Origin, Outcome, Plug
from tests.builders import EVENING, decided, plugged, reading, remembering, snapshot, view

LIVES = 200
PARTS = 8
SENT = (CommandKind.START, CommandKind.STOP, CommandKind.AMPS, CommandKind.WAKE, CommandKind.ADD_SCHEDULE)


@cache
def lives(part: int) -> tuple[Life, ...]:
    return tuple(life(seed) for seed in range(part, LIVES, PARTS))


@pytest.mark.parametrize("part", range(PARTS))
def test_laws_5_to_9_hold_whatever_tesla_answers(part: int) -> None:
    assert [text for one in lives(part) for text in judge(one)] == []


def test_the_lives_are_worth_judging() -> None:
    found = [one for part in range(PARTS) for one in lives(part)]
    kinds = Counter(command.kind for one in found for moment in one.moments for command in moment.acted)
    outcomes = Counter(sent.outcome for one in found for moment in one.moments if moment.cycle for sent in moment.cycle.decision.sent)
    assert min(kinds[kind] for kind in SENT) >= 5
    assert min(outcomes[outcome] for outcome in Outcome if outcome is not Outcome.ALREADY) >= 2
    assert sum(moment.cycle is None for one in found for moment in one.moments) >= 20


def test_the_judge_sees_what_breaks_a_law() -> None:
    """A judge that finds nothing would hold for nothing."""
    good, index = next((one, at) for part in range(PARTS) for one in lives(part) for at in [_speaks(one)] if at is not None)
    moment = good.moments[index]
    car = moment.after.car(VIN)
    assert car is not None
    lost = Intent(CommandKind.AMPS, 8, "PLAN_SLOT", moment.now, 0.001, Outcome.UNKNOWN)
    unsure = replace(moment.before, cars=(replace(car, intents=(lost,)),))
    for changed, law in (
        (replace(moment, dollars=99.0), "law 7"),
        (replace(moment, counted=-1.0), "law 9"),
        (replace(moment, at_home=False), "law 8"),
        (replace(moment, before=unsure), "law 6"),
    ):
        tampered = replace(good, moments=[*good.moments[:index], changed, *good.moments[index + 1 :]])
        assert [text for text in judge(tampered) if law in text], law


def _speaks(one: Life) -> int | None:
    """The first cycle of a life without stale answers in which something is sent that is neither urgent nor a wake."""
    if getattr(one.house.http, "stales", None):
        return None
    plain = [
        any(not c.urgent and c.kind is not CommandKind.WAKE for c in moment.acted) and moment.cycle is not None for moment in one.moments
    ]
    return plain.index(True) if True in plain else None


def test_a_charge_by_hand_without_current_for_a_moment_is_still_his() -> None:
    """He had stopped it and started it again just before the reading: Charging, and no current yet."""
    since = EVENING - timedelta(minutes=20)
    plug = Plug(since - timedelta(hours=1), known_from_start=True, charging_since=since, origin=Origin.HAND)
    for word in (Charging.CHARGING, Charging.STARTING):
        here = snapshot(view(reading(charging=word, actual_amps=0.0)), memory=remembering(plugged(plug=plug)))
        car = decided(here).cars[0]
        assert (car.reasons[0].code, car.commands) == (Code.HAND_CHARGE, ())
