"""Roads and places over real sockets: which service is asked what, how often, and what goes on when it is ill."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from clients.google_roads import GoogleRoads
from clients.http import Http
from clients.places import AGENT, census, nominatim
from cycle.roads import Roads, found_trips, known_cars
from errors import BadAnswer, ClientError, NoAnswer, NotConfigured, Refused, TooMany
from model import CarStatus, Event, Leg, Missing, Place, Sure
from model_decision import SourceState
from model_memory import CarMemory, Memory
from model_places import Trip
from simulator.faults import GARBAGE, HANG, ILL_500, Fault, Ill
from simulator.roads_server import CENSUS as CENSUS_ASKED
from simulator.roads_server import GEOCODE, KEY, NEW, OLD, OSM, RoadsServer
from state.cache import Cache
from state.files import Stamp
from tests.builders import EVENING, HOME, VIN, ZONE, at, settings

HARBOR, CABIN = "12 Harbor Road", "Bear Cabin, Truckee"
TOO_MANY = Fault(Ill.STATUS, 429, '{"error":{"code":429}}', {"Retry-After": "7200"})
DENIED = Fault(Ill.STATUS, 403, '{"error":{"code":403,"status":"PERMISSION_DENIED"}}')
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def event(place: str | None, start: str = "2026-12-10 09:00", title: str = "Dentist", note: str = "", hours: float = 1.0) -> Event:
    begins = at(start)
    return Event("calendar", begins, begins + hours * HOUR, title, place, None, all_day=False, note=note)


@pytest.fixture
def server() -> Iterator[RoadsServer]:
    server = RoadsServer()
    server.spots = {HARBOR: Place(37.2, -122.0), CABIN: Place(39.3, -120.2), "Paris": Place(48.86, 2.35)}
    yield server
    server.close()


@dataclass
class Waits:
    """Counts the pauses instead of making them."""

    seconds: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@dataclass
class Kitchen:
    """One house that plans again and again with the same cache."""

    server: RoadsServer
    http: Http
    folder: Path
    key: str = KEY
    home: Place | Missing = HOME
    waits: Waits = field(default_factory=Waits)
    options: dict[str, str] = field(default_factory=dict)

    def plan(self, *events: Event, now: datetime = EVENING) -> tuple[tuple[Trip, ...], SourceState]:
        stamp = Stamp(now, "scheduler", ZONE)
        found = settings(**{**self.server.env(self.key), **self.options})
        roads = Roads(found, Cache(self.folder / "cache", stamp, self.waits), self.http, self.home, now, self.waits)
        return roads.trips(events)


@pytest.fixture
def house(server: RoadsServer, http: Http, tmp_path: Path) -> Kitchen:
    return Kitchen(server, http, tmp_path)


def google(server: RoadsServer, http: Http, key: str = KEY) -> GoogleRoads:
    return GoogleRoads(server.url, server.url, key, http)


# ---- the clients ----------------------------------------------------------------------------------------------------------------


def test_the_old_and_the_new_api_give_the_same_road(server: RoadsServer, http: Http) -> None:
    server.old_api = True
    (old,), (new,) = (ask("37.0,-122.0", [HARBOR]) for ask in (google(server, http).matrix, google(server, http).routes))
    assert isinstance(old, Leg)
    assert old == new
    assert 27 < old.km < 29


@pytest.mark.parametrize("old", [True, False])
def test_a_place_that_google_does_not_know_is_missing_and_the_others_are_not(server: RoadsServer, http: Http, old: bool) -> None:
    server.old_api = True
    client = google(server, http)
    ask = client.matrix if old else client.routes
    nowhere, harbor, ocean = ask("37.0,-122.0", ["Atlantis", HARBOR, "Paris"])
    assert isinstance(nowhere, Missing)
    assert isinstance(ocean, Missing)
    assert isinstance(harbor, Leg)


def test_home_and_home_are_no_kilometres_apart(server: RoadsServer, http: Http) -> None:
    assert google(server, http).routes("37.2,-122.0", [HARBOR]) == (Leg(0.0, 0.0),)


def test_a_key_without_the_old_api_is_refused_and_the_error_does_not_show_it(server: RoadsServer, http: Http) -> None:
    with pytest.raises(Refused) as refused:
        google(server, http).matrix("37.0,-122.0", [HARBOR])
    assert KEY not in refused.value.text
    with pytest.raises(NotConfigured, match="AIza"):
        google(server, http, key="something").matrix("37.0,-122.0", [HARBOR])


def test_geocoding_says_where_a_place_is(server: RoadsServer, http: Http) -> None:
    assert google(server, http).geocode(HARBOR) == Place(37.2, -122.0)
    assert isinstance(google(server, http).geocode("Atlantis"), Missing)


@pytest.mark.parametrize(
    ("fault", "kind"), [(GARBAGE, BadAnswer), (HANG, NoAnswer), (ILL_500, ClientError), (TOO_MANY, TooMany), (DENIED, Refused)]
)
def test_an_ill_service_is_an_error_of_the_one_tree_and_is_asked_once(
    server: RoadsServer, http: Http, fault: Fault, kind: type[ClientError]
) -> None:
    client = google(server, http)
    server.old_api = True
    asks = (
        lambda: client.matrix("37.0,-122.0", [HARBOR]),
        lambda: client.routes("37.0,-122.0", [HARBOR]),
        lambda: client.geocode(HARBOR),
        lambda: nominatim(server.url, HARBOR, HOME, http),
    )
    server.server.faults.next(len(asks), fault)
    for ask in asks:
        before = len(server.server.log)
        with pytest.raises(kind) as caught:
            ask()
        assert len(server.server.log) == before + 1
        assert KEY not in str(caught.value)


def test_a_key_does_not_travel_in_clear_text(http: Http) -> None:
    client = GoogleRoads("http://maps.example.com", "http://routes.example.com", KEY, http)
    for ask in (client.matrix, client.routes):
        with pytest.raises(NotConfigured, match="https"):
            ask("37.0,-122.0", [HARBOR])


def test_the_census_and_openstreetmap_find_a_place_without_a_key(server: RoadsServer, http: Http) -> None:
    assert census(server.url, HARBOR, http) == Place(37.2, -122.0)
    assert isinstance(census(server.url, "99 Nowhere Lane", http), Missing)
    assert nominatim(server.url, CABIN, HOME, http) == Place(39.3, -120.2)
    assert isinstance(nominatim(server.url, "Atlantis", HOME, http), Missing)
    assert set(server.agents) == {AGENT}


# ---- one house, many cycles -----------------------------------------------------------------------------------------------------


def test_a_week_of_cycles_asks_google_for_a_road_once_a_day(house: Kitchen) -> None:
    house.server.old_api = True
    meeting = event(HARBOR, "2026-12-15 09:00")
    for minutes in range(0, 6 * 24 * 60, 30):
        (trip,), state = house.plan(meeting, now=EVENING + timedelta(minutes=minutes))
        assert state.ok
    assert (trip.sure, round(trip.km)) == (Sure.ROAD, 56)
    assert house.server.asked == {OLD: 6}


def test_a_new_key_is_refused_the_old_api_once_a_month(house: Kitchen) -> None:
    for day in range(6):
        house.plan(event(HARBOR, "2026-12-14 09:00"), now=EVENING + day * DAY)
    assert house.server.asked == {OLD: 1, NEW: 6}


def test_several_places_are_one_request_and_the_way_between_them_another(house: Kitchen) -> None:
    house.server.old_api = True
    events = [event(HARBOR), event(CABIN, "2026-12-10 11:00", "Cabin"), event(HARBOR, "2026-12-14 09:00", "Again")]
    (first, again), _ = house.plan(*events)
    assert len(house.server.server.log) == 2
    assert house.server.asked == {OLD: 3}
    assert (first.text, again.text) == ("Dentist, then Cabin", "Again")


@pytest.mark.parametrize("written", ["back by noon [42 km]", "[26 mi] with the children"])
def test_what_is_written_in_the_event_is_asked_of_nobody(house: Kitchen, written: str) -> None:
    (trip,), state = house.plan(event(HARBOR, note=written))
    assert (trip.sure, round(trip.distance_km)) == (Sure.WRITTEN, 42)
    assert state.ok
    assert not house.server.server.log


def test_without_a_key_a_street_is_found_by_the_census_and_the_road_is_1_4_straight_lines(house: Kitchen) -> None:
    house.key = ""
    (trip,), state = house.plan(event(HARBOR))
    assert (trip.sure, round(trip.distance_km)) == (Sure.LINE, 31)
    assert state.ok
    assert house.server.asked == {CENSUS_ASKED: 1}
    house.plan(event(HARBOR, "2027-01-05 09:00"), now=EVENING + 25 * DAY)
    assert house.server.asked == {CENSUS_ASKED: 1}
    house.plan(event(HARBOR, "2027-01-12 09:00"), now=EVENING + 32 * DAY)
    assert house.server.asked == {CENSUS_ASKED: 2}


def test_openstreetmap_is_asked_once_a_second_and_five_times_a_cycle(house: Kitchen) -> None:
    house.key = ""
    names = [f"Place {letter}" for letter in "abcdefgh"]
    house.server.spots |= dict.fromkeys(names, Place(37.5, -122.0))
    events = [event(name, f"2026-12-{10 + day % 4} {8 + 5 * (day // 4):02d}:00", name) for day, name in enumerate(names)]
    for cycle, asked in ((0, 5), (1, 8), (2, 8)):
        house.plan(*events, now=EVENING + cycle * timedelta(minutes=5))
        assert house.server.asked[OSM] == asked
    assert house.waits.seconds == [1.1] * 6


def test_a_place_that_nobody_knows_is_a_trip_of_unknown_length_and_is_not_asked_for_in_each_cycle(house: Kitchen) -> None:
    for cycle in range(12):
        (trip,), state = house.plan(event("Atlantis"), now=EVENING + cycle * timedelta(minutes=5))
        assert trip.sure is Sure.UNKNOWN
        assert state.ok
    assert house.server.asked == {OLD: 1, NEW: 1, GEOCODE: 1, OSM: 1}


def test_a_place_that_the_census_does_not_know_is_not_given_up_while_openstreetmap_is_ill(house: Kitchen) -> None:
    """Three days of "nobody knows it" would be a long drive without its charge."""
    house.key = ""
    cabin = "7 " + CABIN
    house.server.server.faults.next(1, ILL_500, path="search")
    for minutes in (0, 5, 30):
        (trip,), _ = house.plan(event(cabin), now=EVENING + timedelta(minutes=minutes))
        assert trip.sure is Sure.UNKNOWN
    assert house.server.asked[CENSUS_ASKED] == 1
    house.server.spots[cabin] = Place(39.3, -120.2)
    (trip,), _ = house.plan(event(cabin), now=EVENING + timedelta(minutes=65))
    assert trip.sure is Sure.LINE


def test_a_place_that_is_begun_is_asked_of_everybody_and_the_next_one_waits_for_the_next_cycle(house: Kitchen) -> None:
    names = [f"Creek {letter}" for letter in "abcd"]
    events = [event(name, f"2026-12-{10 + day} 08:00", name) for day, name in enumerate(names)]
    first, _ = house.plan(*events)
    assert [trip.sure for trip in first] == [Sure.UNKNOWN, Sure.UNKNOWN, Sure.UNKNOWN, Sure.NOT_ASKED]
    assert (house.server.asked[GEOCODE], house.server.asked[OSM]) == (3, 3)
    house.server.spots |= dict.fromkeys(names, Place(37.5, -122.0))
    again, _ = house.plan(*events, now=EVENING + timedelta(minutes=5))
    assert [trip.sure for trip in again] == [Sure.UNKNOWN, Sure.UNKNOWN, Sure.UNKNOWN, Sure.LINE]


@pytest.mark.parametrize("fault", [GARBAGE, HANG, ILL_500, TOO_MANY, DENIED], ids=["garbage", "hang", "500", "429", "403"])
def test_when_google_is_ill_straight_lines_count_and_it_is_left_alone(house: Kitchen, fault: Fault) -> None:
    house.server.server.faults.next(100, fault, path="distance")
    for cycle in range(10):
        (trip,), state = house.plan(event(HARBOR), now=EVENING + cycle * timedelta(minutes=5))
        assert trip.sure is Sure.LINE
        assert not state.ok
        assert KEY not in state.why
    assert sum("istance" in request.path for request in house.server.server.log) <= 2


def test_a_road_of_yesterday_goes_on_when_google_is_ill(house: Kitchen) -> None:
    (fresh,), _ = house.plan(event(HARBOR, "2026-12-12 09:00"))
    house.server.server.faults.next(10, ILL_500)
    (aged,), state = house.plan(event(HARBOR, "2026-12-12 09:00"), now=EVENING + 2 * DAY)
    assert aged == fresh
    assert not state.ok


def test_when_every_service_is_ill_the_trip_is_of_unknown_length_and_nobody_is_asked_again_at_once(house: Kitchen) -> None:
    house.server.server.faults.next(100, ILL_500)
    for cycle in range(10):
        (trip,), state = house.plan(event(HARBOR), now=EVENING + cycle * timedelta(minutes=5))
        assert trip.sure is Sure.NOT_ASKED
        assert not state.ok
    assert len(house.server.server.log) <= 8


def test_the_months_roads_are_never_exceeded_and_the_next_month_begins_anew(house: Kitchen) -> None:
    house.options = {"ROADS_PER_MONTH": "4"}
    house.server.old_api = True
    for day in range(10):
        house.plan(event(HARBOR, "2026-12-18 09:00"), now=EVENING + day * DAY)
    assert house.server.asked[OLD] + house.server.asked[GEOCODE] == 4
    _, state = house.plan(event(HARBOR, "2026-12-18 09:00", "Once more"), now=EVENING + 9.5 * DAY)
    assert "ROADS_PER_MONTH" in state.why
    house.plan(event(HARBOR, "2027-01-05 09:00"), now=EVENING + 25 * DAY)
    assert house.server.asked[OLD] == 5


def test_what_is_left_of_the_month_is_asked_for_the_nearest_drives(house: Kitchen) -> None:
    house.options, house.server.old_api = {"ROADS_PER_MONTH": "2", "PLACE_LOOKUP": "off"}, True
    house.server.spots |= {"Pier 4": Place(37.1, -122.1)}
    places = ("2026-12-10 09:00", HARBOR), ("2026-12-11 09:00", "Pier 4"), ("2026-12-12 09:00", CABIN)
    trips, state = house.plan(*(event(place, start, place) for start, place in places))
    assert [trip.sure for trip in trips] == [Sure.ROAD, Sure.ROAD, Sure.NOT_ASKED]
    assert state.why.count("ROADS_PER_MONTH") == 1
    assert "no more than 2 roads a month" in state.why


def test_what_was_asked_is_counted_although_no_answer_came(house: Kitchen) -> None:
    house.options = {"ROADS_PER_MONTH": "2", "PLACE_LOOKUP": "off"}
    house.server.server.faults.next(100, HANG)
    for hours in range(0, 48, 2):
        house.plan(event(HARBOR), now=EVENING + hours * HOUR)
    assert len(house.server.server.log) <= 2


def test_with_place_lookup_off_nobody_but_google_hears_of_a_place(house: Kitchen) -> None:
    house.key, house.options = "", {"PLACE_LOOKUP": "off"}
    (trip,), _ = house.plan(event(HARBOR))
    assert trip.sure is Sure.NOT_ASKED
    assert not house.server.server.log


def test_coordinates_need_no_service_and_a_home_that_is_not_known_asks_nobody(house: Kitchen) -> None:
    house.key = ""
    (trip,), _ = house.plan(event("37.2, -122.0"))
    assert round(trip.distance_km) == 31
    house.home = Missing("config", "TESLA_HOME_ADDRESS is not set")
    (trip,), _ = house.plan(event(HARBOR))
    assert trip.sure is Sure.NOT_ASKED
    assert not house.server.server.log


def test_roads_from_a_home_that_was_left_do_not_count_from_the_new_one(house: Kitchen) -> None:
    (before,), _ = house.plan(event(HARBOR))
    house.home = Place(HOME.lat - 1.0, HOME.lon)
    (after,), _ = house.plan(event(HARBOR), now=EVENING + timedelta(minutes=5))
    assert after.sure is Sure.ROAD
    assert round(after.distance_km - before.distance_km) == round(1.25 * 111.2)
    (again,), _ = house.plan(event(HARBOR), now=EVENING + timedelta(minutes=10))
    assert again == after
    assert house.server.asked[NEW] == 2


def test_events_without_a_place_or_next_year_ask_nobody(house: Kitchen) -> None:
    assert house.plan(event(None), event(HARBOR, "2027-12-10 09:00"))[0] == ()
    assert not house.server.server.log


def test_where_somebody_goes_is_kept_from_other_users_of_the_machine(house: Kitchen) -> None:
    house.plan(event(HARBOR))
    (file,) = (house.folder / "cache").glob("roads.json")
    assert file.stat().st_mode & 0o077 == 0


def test_a_cache_of_another_version_is_asked_anew(house: Kitchen) -> None:
    Cache(house.folder / "cache", Stamp(EVENING, "scheduler", ZONE), house.waits).put("roads", {"what": 1}, EVENING + DAY)
    (trip,), _ = house.plan(event(HARBOR))
    assert trip.sure is Sure.ROAD


def test_roads_that_are_not_there_in_time_leave_trips_of_unknown_length() -> None:
    trips, states = found_trips(Missing("roads", "no answer within 8 s"), (event(HARBOR),), settings(), EVENING)
    assert isinstance(trips, tuple)
    assert [one.sure for one in trips] == [Sure.NOT_ASKED]
    assert [one.ok for one in states] == [False]
    assert found_trips(Missing("roads", "late"), (), settings(), EVENING) == ((), ())
    dead = Missing("calendar", "dead")
    assert found_trips((), dead, settings(), EVENING) == (dead, ())


def test_a_calendar_stays_tied_to_its_car_while_tesla_cannot_be_asked() -> None:
    memory = Memory(cars=(CarMemory(VIN, "Blue"),))
    assert [one.name for one in known_cars((), memory)] == ["Blue"]
    listed = CarStatus(VIN, "Bluer", online=True, in_service=False)
    assert [one.name for one in known_cars((listed,), memory)] == ["Bluer"]
