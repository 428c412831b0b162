"""From events and roads to rounds of drives: when one leaves, how far it is, when one is home again."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from model import Event, Leg, Place, Sure, Trip
from planners.trips import HOME, MOST_PLACES, for_car, minutes_for, pairs, places, stops, straight, trips, written
from tests.builders import EVENING, at, settings

A, B = "12 Harbor Road", "Pier 4"
HOUR = timedelta(hours=1)
USUAL = settings(DEPARTURE_TIME="07:30")


def event(start: str = "2026-12-09 09:00", hours: float = 1, place: str | None = A, **more: object) -> Event:
    whole: dict[str, object] = {"title": "Dentist", "vin": None, "all_day": False, "note": ""} | more
    begins = at(start)
    return Event("calendar", begins, begins + hours * HOUR, str(whole["title"]), place, *_rest(whole))


def _rest(whole: dict[str, object]) -> tuple[str | None, bool, str]:
    vin = whole["vin"]
    return (None if vin is None else str(vin)), bool(whole["all_day"]), str(whole["note"])


def roads(**km: float) -> dict[tuple[str, str], Leg]:
    """`a`, `b`: from home; `ab`: between them. 60 km/h."""
    ends = {"a": (HOME, A), "b": (HOME, B), "ab": (A, B)}
    return {ends[name]: Leg(length, length) for name, length in km.items()}


def made(*events: Event, now: datetime = EVENING, **km: float) -> tuple[Trip, ...]:
    return trips(stops(events, USUAL, now), roads(**km), USUAL, now)


@pytest.mark.parametrize(
    ("text", "km"),
    [
        ("Cabin [120 km]", 120),
        ("Cabin [75 mi]", 120.7),
        ("[ 75 MILES ] Cabin", 120.7),
        ("Cabin [7,5 km]", 7.5),
        ("[1.5 kilometres]", 1.5),
        ("Cabin [1,200 km]", 1200),
        ("Cabin [1.200 km]", 1200),
        ("[0.500 km]", 0.5),
        ("Cabin 120 km", None),
        ("Room [120]", None),
        ("[km]", None),
    ],
)
def test_the_way_there_can_be_written_into_the_event(text: str, km: float | None) -> None:
    leg = written(event(title=text))
    assert (None if leg is None else round(leg.km, 1)) == km


def test_without_a_map_it_is_1_4_straight_lines_and_towns_are_slow() -> None:
    leg = straight(Place(37.0, -122.0), Place(38.0, -122.0))
    assert (round(leg.km), leg.source) == (156, Sure.LINE)
    assert (minutes_for(9), minutes_for(20), minutes_for(100)) == pytest.approx((12, 26.67, 86.67), abs=0.01)


def test_one_leaves_half_an_hour_before_the_drive_and_is_back_after_it() -> None:
    (trip,) = made(event(), a=60)
    assert (trip.leave, trip.back) == (at("2026-12-09 07:30"), at("2026-12-09 11:00"))
    assert (trip.km, trip.distance_km, trip.drive_min, trip.place, trip.sure) == (120, 60, 60, A, Sure.ROAD)


def test_the_farthest_stop_of_a_round_is_its_place_and_home_its_last_turn() -> None:
    (trip,) = made(event(), event("2026-12-09 11:00", place=B, title="Lunch"), a=30, b=65, ab=40)
    assert (trip.place, trip.distance_km, trip.text) == (B, 65, "Dentist, then Lunch")
    assert trip.turns == ((30, "Dentist"), (70, "Lunch"), (135, "home"))


@pytest.mark.parametrize(("start", "rounds"), [("2026-12-09 12:29", 1), ("2026-12-09 13:00", 2), ("2026-12-09 09:30", 1)])
def test_an_hour_at_home_parts_two_rounds(start: str, rounds: int) -> None:
    assert len(made(event(), event(start, place=B, title="Lunch"), a=60, b=60, ab=10)) == rounds


def test_a_way_between_two_places_that_no_map_tells_goes_through_home() -> None:
    (trip,) = made(event(), event("2026-12-09 11:00", place=B), a=30, b=65)
    assert trip.km == 30 + 95 + 65


def test_the_same_place_twice_is_no_drive_between() -> None:
    (trip,) = made(event(), event("2026-12-09 11:00", title="Again"), a=60)
    assert trip.km == 120


def test_a_whole_day_begins_with_the_usual_departure_and_ends_at_midnight() -> None:
    (trip,) = made(event("2026-12-09 00:00", 24, all_day=True), a=90)
    assert (trip.leave, trip.back) == (at("2026-12-09 07:30"), at("2026-12-10 00:00"))


def test_a_whole_day_without_a_usual_departure_begins_at_eight() -> None:
    none = settings(DEPARTURE_TIME="none")
    (trip,) = trips(stops([event("2026-12-09 00:00", 24, all_day=True)], none, EVENING), roads(a=90), none, EVENING)
    assert trip.leave == at("2026-12-09 08:00")


def test_of_three_days_far_away_one_comes_home_at_their_end_and_of_a_congress_in_town_each_night() -> None:
    days = event("2026-12-09 00:00", 72, all_day=True)
    (far,), (near,) = made(days, a=200), made(days, a=30)
    assert far.back == at("2026-12-12 00:00")
    assert near.back == at("2026-12-09 19:30")


def test_a_month_of_exhibition_is_no_drive_and_swallows_none() -> None:
    (trip,) = made(event("2026-12-09 00:00", 30 * 24, place=B, all_day=True), event(), a=60, b=60)
    assert trip.text == "Dentist"


def test_what_has_begun_swallows_nothing_either() -> None:
    (trip,) = made(event("2026-12-07 00:00", 96, place=B, all_day=True, title="Fair"), event(), a=60, b=90)
    assert trip.text == "Dentist"


def test_calendars_of_two_cars_are_two_rounds() -> None:
    found = made(event(vin="BLUE"), event("2026-12-09 10:00", place=B, vin="RED", title="Lunch"), a=30, b=30)
    assert [(one.vin, one.km) for one in found] == [("BLUE", 60), ("RED", 60)]
    assert [one.vin for one in for_car(found, "RED")] == ["RED"]


def test_an_event_in_two_calendars_is_one_drive() -> None:
    twice = [event(), Event("other", *(getattr(event(), name) for name in ("start", "end", "title", "place", "vin", "all_day", "note")))]
    assert len(made(*twice, a=60)) == 1


def test_the_least_known_leg_says_how_sure_a_round_is() -> None:
    (trip,) = made(event(title="A [30 km]"), event("2026-12-09 11:00", place=B, title="B"))
    assert (trip.sure, trip.leave) == (Sure.NOT_ASKED, event().start - timedelta(minutes=minutes_for(30) + 30))


def test_a_flight_is_alone_and_takes_nobody_away_days_before() -> None:
    flight, dentist = made(event("2026-12-10 09:00", 48, place=B, title="Congress"), event("2026-12-10 12:00"), a=60, b=9000)
    assert (flight.text, flight.leave) == ("Congress", at("2026-12-10 09:00"))
    assert dentist.text == "Dentist"


@pytest.mark.parametrize("km", [0.0, 0.4, 0.99])
def test_what_is_around_the_corner_is_walked_to(km: float) -> None:
    assert made(event(), a=km) == ()


def test_each_place_is_asked_for_once_and_only_the_nearest_in_time() -> None:
    many = [event(f"2026-12-{9 + n % 6:02d} {8 + n // 6:02d}:00", place=f"Place {n % 30}", title=str(n)) for n in range(60)]
    names = places(stops(many, USUAL, EVENING))
    assert len(names) == len(set(names)) == MOST_PLACES


def test_a_way_between_is_asked_for_only_within_a_round_and_only_if_not_known() -> None:
    round_ = stops([event(), event("2026-12-09 11:00", place=B)], USUAL, EVENING)
    assert pairs(round_, roads(a=30, b=30), USUAL) == ((A, B),)
    assert pairs(round_, roads(a=30, b=30, ab=5), USUAL) == ()
    assert pairs(stops([event(), event("2026-12-09 18:00", place=B)], USUAL, EVENING), roads(a=30, b=30), USUAL) == ()


@pytest.mark.parametrize(("now", "there"), [("2026-12-09 09:25", True), ("2026-12-09 09:35", False)])
def test_a_drive_that_should_have_left_two_hours_ago_is_over(now: str, there: bool) -> None:
    assert bool(made(event("2026-12-09 09:30"), now=at(now), a=90)) is there


def test_on_the_day_of_the_change_to_summer_time_an_all_day_event_still_begins_at_half_past_seven() -> None:
    (trip,) = made(event("2027-03-14 00:00", 23, all_day=True), now=at("2027-03-13 18:00"), a=90)
    assert trip.leave == at("2027-03-14 07:30")
