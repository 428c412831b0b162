"""`release` and `override auto`: what is handed back, and to whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cycle.release import left_to_him, owed
from cycle.words import Said, change_for
from model import Charging, Override, Overrides, Word
from model_memory import CarMemory, CommandKind, Intent, Memory, Outcome, Plug
from tests.builders import EVENING, FAR, NONE, VIN, reading, settings, snapshot, view

OTHER = "5YJ3AMPSHFT000002"


def lent(own: int, now: int) -> Memory:
    """A car whose amps we changed from `own` to `now`."""
    return Memory(cars=(CarMemory(VIN, "Blue", reading=reading(request_amps=now), amps_set=now, amps_own=own),))


@pytest.mark.parametrize(("most", "given"), [(48, 32), (16, 16)])
def test_amps_that_are_handed_back_stay_within_the_breakers(most: int, given: int) -> None:
    due = owed(view(reading(request_amps=6)), snapshot(memory=lent(32, 6)), settings(), most)
    assert [(one.kind, one.value) for one in due.commands] == [(CommandKind.AMPS, given)]


def test_amps_that_would_change_nothing_are_not_paid_for_and_the_owner_hears_of_his_own() -> None:
    look = snapshot(memory=lent(48, 24))
    assert owed(view(reading(request_amps=24)), look, settings(), 24).commands == ()
    assert ["you had set 48 A" in text for text in left_to_him(view(reading(request_amps=24)), look, settings(), 24)] == [True]
    assert list(left_to_him(view(reading(request_amps=24)), look, settings(), 48)) == []


def test_amps_that_the_owner_changed_meanwhile_are_his_already() -> None:
    memory = replace(lent(32, 6), cars=(replace(lent(32, 20).cars[0], amps_set=6),))
    assert owed(view(reading(request_amps=20)), snapshot(memory=memory), settings(), 48).commands == ()


@pytest.mark.parametrize(
    ("last", "outcome", "charging", "told"),
    [
        (CommandKind.STOP, Outcome.DONE, Charging.STOPPED, 1),
        (CommandKind.STOP, None, Charging.STOPPED, 1),  # the power failed before its answer
        (CommandKind.STOP, Outcome.REFUSED, Charging.STOPPED, 0),
        (CommandKind.STOP, Outcome.DONE, Charging.CHARGING, 0),  # the owner started it again
        (CommandKind.START, Outcome.DONE, Charging.STOPPED, 0),
    ],
)
def test_a_charge_that_we_stopped_is_named_while_it_stands_still(
    last: CommandKind, outcome: Outcome | None, charging: Charging, told: int
) -> None:
    sent = Intent(last, None, "OWNER_STOP", EVENING - timedelta(minutes=10), 0.001, outcome)
    memory = Memory(cars=(CarMemory(VIN, "Blue", plug=Plug(EVENING - timedelta(hours=1), True), intents=(sent,)),))
    hints = list(left_to_him(view(reading(charging=charging)), snapshot(memory=memory), settings(), 48))
    assert ["start it in the Tesla app" in text for text in hints] == [True] * told


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ({"place": FAR}, "not at home"),
        ({"fast_charging": True}, "fast charger"),
        ({"driving": True}, "not at home"),
        ({"place": NONE}, "not known"),
        ({"at": EVENING - timedelta(minutes=5)}, "could not be looked at"),
    ],
)
def test_nothing_is_handed_back_to_a_car_that_was_not_just_seen_at_home(where: dict[str, Any], words: str) -> None:
    due = owed(view(reading(request_amps=6, **where)), snapshot(memory=lent(32, 6)), settings(), 48)
    assert due.commands == ()
    assert [words in one.text for one in due.reasons] == [True]


def word(vin: str | None) -> Override:
    return Override(vin, Word.CHARGE_NOW, 16, None, EVENING)


def test_auto_for_one_car_lifts_the_word_for_all_from_it_and_leaves_it_to_the_others() -> None:
    auto, _ = change_for(Said("auto", vin=VIN), (VIN, OTHER), EVENING)
    assert auto(Overrides((word(None),))).words == (word(OTHER),)
    assert auto(Overrides((word(VIN), word(OTHER)))).words == (word(OTHER),)


def test_auto_without_a_car_takes_back_everything() -> None:
    auto, _ = change_for(Said("auto"), (VIN,), EVENING)
    assert auto(Overrides((word(None), word(VIN)), solar=False)) == Overrides()
