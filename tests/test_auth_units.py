"""UNITS comes from the account: what the owner's car shows on its screen, where one is online."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clients.tesla_fields import shows_miles
from model import Missing
from simulator import faults
from tests.auth_house import NewOwner, new_owner


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[NewOwner]:
    with new_owner(tmp_path) as found:
        yield found


def reads(owner: NewOwner) -> int:
    return sum(call.name == "data" for call in owner.world.account.calls)


def units(owner: NewOwner) -> list[str]:
    return [line for line in owner.env.read_text().splitlines() if line.startswith("UNITS")]


@pytest.mark.parametrize(("phases", "says"), [(1, "UNITS=mi"), (3, "UNITS=km")])
def test_they_are_what_the_car_shows(owner: NewOwner, phases: int, says: str) -> None:
    for car in owner.world.cars.values():
        car.spec = replace(car.spec, phases=phases)
    assert owner.talk() == 0
    assert units(owner) == [says]
    assert reads(owner) == 1


def test_a_car_that_sleeps_is_not_woken_for_them(owner: NewOwner) -> None:
    for car in owner.world.cars.values():
        car.awake = False
    assert owner.talk() == 0
    assert (units(owner), reads(owner)) == ([], 0)
    assert not [call for call in owner.world.account.calls if call.name == "wake_up"]


def test_what_the_owner_has_written_stays(owner: NewOwner) -> None:
    owner.changes = {"UNITS": "km"}
    assert owner.talk() == 0
    assert (units(owner), reads(owner)) == (["UNITS=km"], 0)


@pytest.mark.parametrize("fault", [faults.ASLEEP_408, faults.ILL_500, faults.GARBAGE])
def test_a_car_that_cannot_tell_them_stops_nobody(owner: NewOwner, fault: faults.Fault) -> None:
    owner.world.faults["fleet"].next(1, fault, "vehicle_data")
    assert owner.talk() == 0
    assert units(owner) == []


@pytest.mark.parametrize("gui", [{}, {"gui_distance_units": None}, {"gui_distance_units": "leagues"}, {"gui_distance_units": 1}])
def test_what_cannot_be_understood_is_missing(gui: dict[str, object]) -> None:
    assert isinstance(shows_miles({"response": {"gui_settings": gui}}), Missing)
    assert isinstance(shows_miles({"response": {}}), Missing)
