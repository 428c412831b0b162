"""`release`: what it gives back, what it leaves, and what it says of both."""

from __future__ import annotations

import pytest

from model import Charging
from simulator.owner import Act
from tests.process import Home


@pytest.fixture
def place(place: Home) -> Home:
    place.changes["CAR_SAFETY_SCHEDULE"] = "off"  # it has its own tests: here one stop is what counts
    return place


def test_release_puts_the_owners_amps_back(place: Home) -> None:
    car = place.world.cars[next(iter(place.world.cars))]
    place.do("override", "charge-now", "--amps", "16").fine_code()
    place.do("run").fine()
    place.later(5).do("run").fine()
    assert car.request_amps == 16
    assert "set 48 A: done" in place.do("release").fine().out
    assert car.request_amps == 48
    again = place.do("release").fine().out
    assert "nothing of ours" in again
    assert "Where cron's line still stands" in again  # make uninstall has taken it out by then


def test_release_sends_nothing_to_a_car_at_a_supercharger_and_does_it_when_it_is_home_again(place: Home) -> None:
    car = place.world.cars[next(iter(place.world.cars))]
    place.changes["WALL_CONNECTOR_URL"] = None
    place.do("override", "charge-now", "--amps", "16").fine_code()
    place.do("run").fine()
    place.later(5).do("run").fine()
    place.world.do(Act(place.world.now, "supercharge"))
    sent = list(place.later(1).commands())
    ended = place.do("release")
    assert (ended.code, place.commands()) == (1, sent)
    assert "write release again when it is at home" in ended.out
    place.world.do(Act(place.world.now, "drive", 1))
    place.later(40).world.do(Act(place.world.now, "plug"))
    place.later(2)
    assert "set 48 A: done" in place.do("release").fine().out
    assert car.request_amps == 48


def test_a_released_car_is_not_taken_again_by_an_old_word_and_a_dry_release_sends_nothing(place: Home) -> None:
    place.do("override", "charge-now", "--amps", "16").fine_code()
    place.do("run").fine()
    place.later(5).do("run").fine()
    sent = list(place.commands())
    place.changes["DRY_RUN"] = "on"
    dry = place.do("release")
    assert (dry.code, "it would set 48 A" in dry.out, "take DRY_RUN=on out of .env" in dry.out) == (1, True, True), dry  # it stands
    assert place.commands() == sent
    place.changes["DRY_RUN"] = "off"
    place.do("release").fine()
    assert place.read("override.json")["words"] == []


def test_release_says_that_a_charge_which_we_stopped_will_not_go_on_by_itself(place: Home) -> None:
    car = place.world.cars[next(iter(place.world.cars))]
    place.do("override", "stop").fine_code()
    for _ in range(3):
        place.later(5).do("run").fine()
    assert car.word is Charging.STOPPED
    assert "start it in the Tesla app" in place.do("release").out
    place.world.do(Act(place.world.now, "start"))
    place.later(1)
    assert "start it in the Tesla app" not in place.do("release").out


def test_release_without_a_car_says_so_in_a_dry_run_too(place: Home) -> None:
    place.changes |= {"DRY_RUN": "on", "TESLA_ACCESS_TOKEN": None, "WALL_CONNECTOR_URL": None}
    assert "nothing to hand back" in place.do("release").fine().out


def test_a_release_after_the_budget_names_it_and_the_way_out(place: Home) -> None:
    place.do("override", "charge-now", "--amps", "16").fine_code()
    place.do("run").fine()
    place.later(5).changes["TESLA_BUDGET_DOLLARS"] = "0"
    ended = place.do("release")
    assert (ended.code, "TESLA_BUDGET_DOLLARS ($0.00) is spent" in ended.out) == (1, True), ended
    place.changes["TESLA_BUDGET_DOLLARS"] = "1"
    assert "set 48 A: done" in place.do("release").fine().out


def test_release_says_in_a_dry_run_too_why_a_car_that_is_away_is_left(place: Home) -> None:
    place.changes["WALL_CONNECTOR_URL"] = None
    place.do("override", "charge-now", "--amps", "16").fine_code()
    place.do("run").fine()
    place.later(5).do("run").fine()
    place.world.do(Act(place.world.now, "supercharge"))
    place.later(1).changes["DRY_RUN"] = "on"
    assert "at a fast charger" in place.do("release").out
