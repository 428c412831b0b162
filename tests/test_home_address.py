"""TESLA_HOME_ADDRESS as a street address: found once, kept, told, and never a reason to command a car elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from clients.addresses import census_houses, google_houses, osm_houses
from clients.http import Http
from config_parsers import home as parse_home
from config_values import Address
from cycle.check_home import home_lines
from errors import BadAnswer, ConfigError
from model import Missing, Place
from model_home import Candidate
from planners.house_address import house_of
from simulator.faults import GARBAGE, HANG, ILL_500
from simulator.house import HOME as HOUSE
from simulator.roads_server import CENSUS, GEOCODE, OSM, RoadsServer
from state.cache import Cache
from state.files import Stamp
from tests.builders import EVENING, HOME, ZONE, reading, settings, snapshot, view
from tests.process import Home, Warm, home

STREET = "12 Elm Street, Bay Town, CA 94999"
FOUND = Candidate(Place(10.0, 20.0), True, "12", ("Bay Town",), "94999", "CA", "12 ELM ST, BAY TOWN, CA, 94999")
DAY = timedelta(days=1)


# ---- what counts as an address, and as its house -----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [STREET, "Lindenstraße 5, 10999 Neustadt", "221B Long Lane, Little Town", "Calle Mayor 3,  Pueblo"])
def test_a_street_with_its_town_is_an_address(text: str) -> None:
    assert parse_home(text) == Address(" ".join(text.split()))


@pytest.mark.parametrize("text", ["1 Elm Street", "Bay Town, California", "94999", "heere", "10.0N, 20.0E", f"1 Elm Street, {'y' * 200}"])
def test_what_may_be_in_many_places_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_home(text)
    assert text not in str(refused.value.problems)
    assert "lat,lon" in refused.value.problems[0]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (STREET, FOUND),
        ("12 elm st, BAY TOWN", FOUND),
        ("12 Elm Street, Baytown, CA 94999-1234", replace(FOUND, code="94999-1234")),
        ("Lindenstrasse 5, 10999 Neustadt", replace(FOUND, number="5", towns=("Kreuzberg", "Neustadt"), code="10999", state="")),
        ("3 Rua do Sol, São Bento", replace(FOUND, number="3", towns=("Sao Bento",), code="", state="")),
    ],
)
def test_the_house_that_was_written_is_home(text: str, found: Candidate) -> None:
    assert house_of(text, [found]) == found


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"exact": False}, "only its street, town or postal code"),
        ({"number": "14"}, "another house number"),
        ({"number": ""}, "another house number"),
        ({"towns": ("Far Town",), "code": "89999"}, "another house number, town"),
        ({"code": "89999"}, "postal code"),
        ({"state": "NV", "code": ""}, "state"),
    ],
)
def test_what_is_near_to_the_address_is_no_home(change: dict[str, object], why: str) -> None:
    answer = house_of(STREET, [replace(FOUND, **change)])  # type: ignore[arg-type]
    assert isinstance(answer, Missing)
    assert why in answer.why


def test_two_houses_of_one_address_are_none_and_two_doors_of_one_house_are_one() -> None:
    near, far = replace(FOUND, place=Place(10.001, 20.0)), replace(FOUND, place=Place(11.0, 20.0))
    assert house_of(STREET, [FOUND, near]) == FOUND
    answer = house_of(STREET, [FOUND, far])
    assert isinstance(answer, Missing)
    assert "more than one" in answer.why
    assert isinstance(house_of(STREET, []), Missing)


# ---- the geocoders ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[RoadsServer]:
    server = RoadsServer()
    server.spots = {STREET: Place(10.0, 20.0), "Bay Town, CA 94999": Place(10.1, 20.0)}
    yield server
    server.close()


def test_the_census_and_openstreetmap_tell_which_house_they_mean(server: RoadsServer, http: Http) -> None:
    for ask in (census_houses, osm_houses):
        (found,) = ask(server.url, STREET, http)
        assert house_of(STREET, [found]) == found
        assert (found.number, found.code, found.state) == ("12", "94999", "CA")
        assert not any(one.exact for one in ask(server.url, "Bay Town, CA 94999", http))


ROW = {
    "types": ["street_address"],
    "formatted_address": "12 Elm St, Bay Town, CA 94999, USA",
    "geometry": {"location_type": "ROOFTOP", "location": {"lat": 10.0, "lng": 20.0}},
    "address_components": [
        {"long_name": "12", "short_name": "12", "types": ["street_number"]},
        {"long_name": "Bay Town", "short_name": "Bay Town", "types": ["locality", "political"]},
        {"long_name": "California", "short_name": "CA", "types": ["administrative_area_level_1", "political"]},
        {"long_name": "94999", "short_name": "94999", "types": ["postal_code"]},
    ],
}


@pytest.mark.parametrize(
    ("change", "exact"),
    [
        ({}, True),
        ({"partial_match": True}, False),
        ({"types": ["route"]}, False),
        ({"types": None}, False),
        ({"geometry": {**ROW["geometry"], "location_type": "GEOMETRIC_CENTER"}}, False),  # type: ignore[dict-item]
        ({"geometry": {**ROW["geometry"], "location_type": "RANGE_INTERPOLATED"}}, True),  # type: ignore[dict-item]
    ],
)
def test_what_google_guesses_is_not_exact(change: dict[str, object], exact: bool) -> None:
    (found,) = google_houses([{**ROW, **change}])
    assert found.exact == exact
    assert (found.number, found.towns, found.code, found.state) == ("12", ("Bay Town",), "94999", "CA")


def test_an_answer_without_coordinates_is_no_house() -> None:
    with pytest.raises(BadAnswer):
        google_houses([{**ROW, "geometry": {}}])


# ---- a house as its owner meets it ---------------------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path, warm: Warm) -> Iterator[Home]:
    with home(tmp_path, warm) as found:
        found.network.roads.spots[STREET] = HOUSE
        found.changes = {"TESLA_HOME_ADDRESS": STREET, "DEPARTURE_TIME": "07:30", "CAR_SAFETY_SCHEDULE": "off"}
        yield found


def asked(place: Home) -> int:
    return sum(place.network.roads.asked.values())


def test_the_address_is_looked_up_once_told_once_and_only_then_a_car_is_commanded(place: Home) -> None:
    first = place.do("run").fine()
    assert "TESLA_HOME_ADDRESS is being looked up" in str(place.decision())
    assert not place.commands(), first
    second = place.later(5).do("run")
    assert f"TESLA_HOME_ADDRESS was found at {HOUSE.lat},{HOUSE.lon} (scheduler.py check says more)" in second.err
    assert not place.commands()
    third = place.later(5).do("run")
    assert "TESLA_HOME_ADDRESS" not in third.err
    assert "charge_stop" in place.commands()  # it is dear now
    place.later(400 * 24 * 60).do("run")
    assert asked(place) == 1
    assert place.network.roads.asked[CENSUS] == 1


def test_check_shows_the_house_that_was_found_and_how_far_from_it_the_car_is(place: Home) -> None:
    out = place.do("check").out
    assert f"ok      home: {HOUSE.lat:.5f},{HOUSE.lon:.5f} = {STREET.upper()} (US Census)" in out
    assert "ok      home: Blue was 0 m from it" in out
    assert "is being looked up" not in place.do("-v", "once").out


def test_a_house_in_another_town_commands_no_car_and_check_says_how_far_it_is(place: Home) -> None:
    place.network.roads.spots[STREET] = Place(HOUSE.lat + 5, HOUSE.lon)
    for _ in range(4):
        place.do("run")
        place.later(5)
    assert not place.commands()
    assert "note    home: Blue was 345 mi from it" in place.do("check").out


@pytest.mark.parametrize("key", ["", "AIza-simulated-key"], ids=["free services", "Google"])
def test_a_house_that_nobody_knows_is_a_clear_problem_and_not_asked_for_in_each_cycle(place: Home, key: str) -> None:
    place.network.roads.spots = {"Bay Town, CA 94999": HOUSE}
    place.changes["GOOGLE_MAPS_API_KEY"] = key
    said = [place.do("run").err, *(place.later(5).do("run").err for _ in range(15))]
    assert "home: TESLA_HOME_ADDRESS: it was not found (" in said[0]
    assert "Write lat,lon instead: press long on your house in a map on the phone" in said[0]
    assert said[1:] == [""] * 15
    assert place.network.roads.asked == {CENSUS: 1, OSM: 1} | ({GEOCODE: 1} if key else {})
    assert not place.commands()
    place.network.roads.spots[STREET] = HOUSE
    checked = place.do("check")  # the owner's word
    assert f"ok      home: {HOUSE.lat:.5f},{HOUSE.lon:.5f}" in checked.out


@pytest.mark.parametrize("fault", [ILL_500, GARBAGE, HANG], ids=["500", "garbage", "hangs"])
def test_while_the_geocoders_are_ill_no_car_is_commanded_and_an_hour_later_they_are_asked_again(place: Home, fault: object) -> None:
    place.world.faults["roads"].next(2, fault)  # type: ignore[arg-type]
    assert place.do("run").err.startswith("home: ")
    for _ in range(4):
        place.later(10).do("run")
    assert len(place.network.roads.server.log) == 2
    for _ in range(3):
        place.later(25).do("run")
    assert len(place.network.roads.server.log) == 3
    assert "charge_stop" in place.commands()


def test_another_text_is_another_house_and_the_old_one_counts_no_more(place: Home) -> None:
    for _ in range(2):
        place.do("run")
        place.later(5)
    place.changes["TESLA_HOME_ADDRESS"] = "99 Elm Street, Bay Town, CA 94999"
    place.do("run")
    place.later(5).do("run")
    assert not place.commands()
    assert "TESLA_HOME_ADDRESS is not found" in str(place.decision())


def test_here_after_an_address_learns_anew(place: Home) -> None:
    place.network.roads.spots[STREET] = Place(HOUSE.lat + 5, HOUSE.lon)
    for _ in range(2):
        place.do("run")
        place.later(5)
    place.changes["TESLA_HOME_ADDRESS"] = "here"
    place.world.advance(place.world.now + timedelta(hours=1))
    assert f"TESLA_HOME_ADDRESS=here: home is {HOUSE.lat},{HOUSE.lon}" in place.do("run").err


def test_what_was_found_outlives_its_cache_and_a_clock_that_went_back(place: Home) -> None:
    for _ in range(2):
        place.do("run")
        place.later(5)
    for file in (place.data / "cache").glob("home.json*"):
        file.unlink()
    place.network.roads.spots.clear()
    place.do("run")
    assert "charge_stop" in place.commands()  # memory.json has it too


def test_the_cache_is_good_whatever_its_date(tmp_path: Path) -> None:
    for now in (EVENING + 1000 * DAY, EVENING):
        cache = Cache(tmp_path, Stamp(now, "scheduler", ZONE), lambda _: None)
        if now != EVENING:
            cache.put("home", {"what": 1}, now)
        assert (cache.of_any_date("home") is not None, cache.get("home") is not None) == (True, now != EVENING)


def test_with_lookups_off_the_owner_is_told_and_nobody_is_asked(place: Home) -> None:
    place.changes["PLACE_LOOKUP"] = "off"
    assert "PLACE_LOOKUP=off and no GOOGLE_MAPS_API_KEY, so nobody was asked for it" in place.do("run").err
    assert not asked(place)


def test_where_somebody_lives_is_kept_from_other_users_and_does_not_stand_there_in_words(place: Home) -> None:
    place.network.roads.spots.clear()
    place.do("run")
    file = place.data / "cache" / "home.json"
    assert file.stat().st_mode & 0o077 == 0
    assert "Elm" not in file.read_text()
    assert "Elm" not in repr(settings(TESLA_HOME_ADDRESS=STREET))


def test_a_made_up_time_never_asks_a_real_geocoder(place: Home) -> None:
    place.changes["CENSUS_URL"] = "https://geocoding.geo.census.gov"
    refused = place.do("run")
    assert refused.code == 2
    assert "US Census" in refused.err


def test_check_says_how_far_the_car_is_also_from_a_home_in_numbers(tmp_path: Path) -> None:
    away = reading(place=Place(HOME.lat + 0.01, HOME.lon))
    cache = Cache(tmp_path, Stamp(EVENING, "scheduler", ZONE), lambda _: None)
    (line,) = (text for text, _ in home_lines(snapshot(view(away), home=HOME), settings(), cache))
    assert "was 1112 m from it" in line
    assert "more than HOME_RADIUS_M=150" in line
