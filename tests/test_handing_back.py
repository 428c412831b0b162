"""`release` and `override auto`: what is handed back, and to whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cycle.release import owed
from cycle.words import Said, change_for
from model import Override, Overrides, Word
from model_memory import CarMemory, CommandKind, Memory
from tests.builders import EVENING, FAR, NONE, VIN, reading, settings, snapshot, view

OTHER = "5YJ3AMPSHFT000002"


def lent(own: int, now: int) -> Memory:
    """A car whose amps we changed from `own` to `now`."""
    return Memory(cars=(CarMemory(VIN, "Blue", reading=reading(request_amps=now), amps_set=now, amps_own=own),))


@pytest.mark.parametrize(("most", "given"), [(48, 32), (16, 16)])
def test_amps_that_are_handed_back_stay_within_the_breakers(most: int, given: int) -> None:
    due = owed(view(reading(request_amps=6)), snapshot(memory=lent(32, 6)), settings(), most)
    assert [(one.kind, one.value) for one in due.commands] == [(CommandKind.AMPS, given)]


def test_amps_that_the_owner_changed_meanwhile_are_his_already() -> None:
    memory = replace(lent(32, 6), cars=(replace(lent(32, 20).cars[0], amps_set=6),))
    assert owed(view(reading(request_amps=20)), snapshot(memory=memory), settings(), 48).commands == ()


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
