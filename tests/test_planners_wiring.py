"""Which connector serves which car, which way it is steered, and where home is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from config import Settings
from model import Charger, Code, Missing, Place
from model_decision import Path, Snapshot
from planners.place import at_home, distance_m
from planners.wiring import match, path_of
from tests.builders import (
    EVENING,
    FAR,
    HOME,
    NONE,
    VIN,
    VIN_2,
    case,
    charger,
    decided,
    plugged,
    reading,
    remembering,
    report,
    settings,
    snapshot,
    view,
)

RED = reading(vin=VIN_2, name="Red")
BOTH = (view(), view(RED))
TWO = remembering(plugged(), plugged(VIN_2))
ONE = remembering(plugged(), plugged(VIN_2, plug=None))


def served(chargers: tuple[Charger, ...], options: Settings | None = None, **changes: Any) -> str | None:
    """The connector of the first car, of two cars that are both plugged in unless told."""
    seen: Snapshot = replace(snapshot(*BOTH, memory=TWO, charger=report(*chargers)), **changes)
    found = match(seen, options or settings(), seen.cars[0])
    return found.id if found else None


A, B = charger("AAAA", vin=None), charger("BBBB", vin=None)


def test_a_vin_in_charger_json_decides() -> None:
    assert served((A, replace(B, vin=VIN))) == "BBBB"
    assert served((replace(A, vin=VIN_2), replace(B, vin=VIN)), settings(TWC_ID="AAAA")) == "BBBB"


def test_then_the_connector_that_was_named_for_the_car() -> None:
    assert served((A, B), settings(TWC_ID="bbbb")) == "BBBB"
    assert served((A, replace(B, vin=VIN_2)), settings(TWC_ID="BBBB")) is None  # another car is on it


def test_then_one_occupied_connector_and_one_plugged_car() -> None:
    free = replace(B, plugged=False)
    assert served((A, free), memory=ONE) == "AAAA"
    assert served((A, B), memory=ONE) is None  # which of the two?
    assert served((A, free)) is None  # two cars are plugged in
    assert served((replace(A, vin="5YJ3AMPSHFT000009"), free), memory=ONE) is None  # a guest's
    assert served((replace(A, plugged=None), free), memory=ONE) is None


def test_a_link_that_is_down_or_absent_matches_nothing() -> None:
    assert served((A,), memory=ONE, charger=replace(report(A), link="down")) is None
    assert served((A,), memory=ONE, charger=NONE) is None


@pytest.mark.parametrize(
    ("control", "wire", "commands", "want"),
    [
        ("auto", True, True, Path.TWC),
        ("auto", True, NONE, Path.TWC),
        ("auto", False, True, Path.CAR),
        ("auto", False, NONE, Path.NONE),
        ("twc", True, True, Path.TWC),
        ("twc", False, True, Path.NONE),
        ("car", True, True, Path.CAR),
        ("car", True, NONE, Path.NONE),
    ],
)
def test_the_path_of_a_car(control: str, wire: bool, commands: bool | Missing, want: Path) -> None:
    seen = snapshot(memory=remembering(), commands=commands)
    path, why = path_of(seen, settings(CONTROL=control), charger() if wire else None)
    assert path is want
    assert (why is None) is (want is not Path.NONE)


def test_no_path_names_what_is_wrong_with_each_way() -> None:
    seen = snapshot(memory=remembering(), charger=Missing("charger", "charger.json is too old"), commands=Missing("tesla", "no login"))
    _, why = path_of(seen, settings(TWC_PORT="/dev/ttyUSB0"), None)
    assert why is not None
    assert why.code is Code.NO_PATH
    assert "charger.json is too old" in why.text
    assert "no login" in why.text


def test_no_path_in_a_house_without_an_adapter_does_not_send_its_owner_to_look_for_one() -> None:
    seen = snapshot(charger=Missing("charger.json", "not written since the computer started"), commands=Missing("tesla", "no connection"))
    _, why = path_of(seen, settings(), None)
    assert why is not None
    assert why.text == "no way to steer this car (Tesla: no connection)"


def test_a_connector_that_knows_the_vin_says_that_the_car_is_at_home() -> None:
    seen = snapshot(view(reading(place=NONE)), memory=remembering(), charger=report(charger()))
    assert case(seen).home is True
    unsure = snapshot(view(reading(place=NONE)), memory=remembering(), charger=report(charger(vin=None)))
    assert isinstance(case(unsure).home, Missing)


def test_distances_are_great_circles() -> None:
    assert distance_m(Place(0, 0), Place(0, 1)) == pytest.approx(111_195, rel=1e-3)
    assert distance_m(Place(52.52, 13.405), Place(48.8566, 2.3522)) == pytest.approx(878_000, rel=0.01)
    assert distance_m(Place(0, 179.999), Place(0, -179.999)) < 300
    assert distance_m(HOME, HOME) == 0


@pytest.mark.parametrize(
    ("place", "driving", "want"),
    [(HOME, False, True), (FAR, False, False), (HOME, True, False), (FAR, NONE, False), (HOME, NONE, True)],
)
def test_at_home_is_near_and_not_driving(place: Place, driving: bool | Missing, want: bool) -> None:
    assert at_home(reading(place=place, driving=driving), HOME, 150) is want


def test_not_knowing_where_is_an_answer_of_its_own() -> None:
    assert isinstance(at_home(reading(place=NONE), HOME, 150), Missing)
    assert isinstance(at_home(reading(), NONE, 150), Missing)
    assert isinstance(at_home(NONE, HOME, 150), Missing)


def test_a_house_without_a_login_has_a_car_for_its_occupied_connector() -> None:
    seen = replace(snapshot(charger=report(A, replace(B, plugged=False)), commands=NONE), cars=())
    (car,) = decided(seen).cars
    assert (car.vin, car.path) == ("", Path.TWC)
    assert decided(replace(seen, charger=report(replace(A, plugged=False)))).cars == ()
    assert decided(replace(seen, charger=NONE)).cars == ()


def test_a_connector_with_a_vin_that_is_no_car_of_the_account_gets_no_plan_of_ours() -> None:
    guest = charger("CCCC", vin="5YJ3AMPSHFT000009")
    found = decided(snapshot(memory=remembering(), charger=report(guest), now=EVENING), GUEST_AMPS="20", TWC_BREAKER_AMPS="60")
    assert [one.id for one in found.target.chargers] == ["*"]
    assert found.target.chargers[0].steps[0].amps == 20
