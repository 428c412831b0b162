"""What the drives of the coming week ask of a battery, and what a car's own drives have shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from model import Code, Missing, Place, Sure, Trip
from model_decision import Need, Snapshot
from model_drives import Parked, Use
from planners.battery import wh_per_km
from planners.charge_limit import rule_departure
from planners.drives import drive_detail, drive_text, drives, lost_text
from planners.learned_use import learned_use
from planners.need import needs
from planners.net import latest_start
from planners.plan import full_power
from planners.range_factor import range_factor
from planners.room import away_spans
from state.history import History
from state.history_read import read_drives
from tests.builders import EVENING, VIN, at, case, decided, plugged, reading, remembering, series, settings, snapshot, view

NO_USUAL = settings(DEPARTURE_TIME="none")
HOUR = timedelta(hours=1)


def trip(leave: str = "2026-12-09 07:00", km: float = 100.0, back: str = "2026-12-09 18:00") -> Trip:
    return Trip(at(leave), km, 80.0, "Dentist", back=at(back), place="12 Harbor Road", round_km=2 * km)


def seen(*trips: Trip, celsius: Sequence[float] | None = (21.5,) * 240, **car: Any) -> Snapshot:
    whole = snapshot(view(reading(**car)), memory=remembering(), trips=trips)
    return whole if celsius is None else replace(whole, temperature=series(EVENING - 6 * HOUR, list(celsius)))


def trip_needs(*trips: Trip, **car: Any) -> list[Need]:
    return [need for need in needs(case(seen(*trips, **car), NO_USUAL)) if need.code is Code.NEED_TRIP]


@pytest.mark.parametrize(
    ("celsius", "factor"), [(-40, 0.47), (-15, 0.47), (-11, 0.535), (-7, 0.6), (0, 0.72), (5, 0.81), (21.5, 1.0), (30, 0.95), (50, 0.87)]
)
def test_range_falls_with_frost_and_heat(celsius: float, factor: float) -> None:
    assert range_factor(celsius) == pytest.approx(factor)


def test_the_colder_of_the_two_ways_counts() -> None:
    evening_frost = [21.5] * 24 + [0.0] * 200
    (drive,) = drives(case(seen(trip(), celsius=evening_frost), NO_USUAL))
    assert (drive.celsius, drive.soc) == (0.0, 83)


def test_a_forecast_that_ends_three_hours_before_the_drive_says_nothing_of_it() -> None:
    ends = [21.5] * 15  # 12:10 to 03:10; it leaves at 7
    (drive,) = drives(case(seen(trip(), celsius=ends), NO_USUAL))
    assert drive.celsius is None


def test_no_need_is_above_what_the_owner_allows_nor_what_the_car_takes() -> None:
    (need,) = trip_needs(trip(km=400))
    assert (need.soc, need.raise_to) == (90, 90)
    (need,) = trip_needs(trip(km=400), limit_max_soc=85)
    assert (need.soc, need.raise_to) == (85, 85)
    (need,) = trip_needs(trip(km=400), limit_soc=95)
    assert (need.soc, need.raise_to) == (95, None)


def test_a_second_drive_needs_what_the_first_one_takes() -> None:
    first, second = trip_needs(trip(), trip("2026-12-10 07:00", back="2026-12-10 18:00"))
    assert second.kwh - first.kwh == pytest.approx(34 / 0.9, rel=0.001)


def test_a_round_beyond_the_battery_takes_no_more_than_was_there() -> None:
    (drive,) = drives(case(seen(trip(km=400)), NO_USUAL))
    assert (drive.soc, drive.uses, drive.short) == (90, 70, True)


def test_a_percent_or_two_are_not_worth_a_raised_limit() -> None:
    assert not trip_needs(trip(km=400), soc=89)
    assert trip_needs(trip(km=400), soc=87)


def test_nothing_is_planned_while_it_is_driven_and_the_net_leaves_that_time_out() -> None:
    here = case(seen(trip(), trip("2026-12-09 23:00", km=120, back="2026-12-10 12:00")), NO_USUAL)
    assert (at("2026-12-09 07:00"), at("2026-12-09 18:00")) in away_spans(here, EVENING + 48 * HOUR)
    _, late = [need for need in needs(here) if need.code is Code.NEED_TRIP]
    assert latest_start(here, late, full_power(here)) == at("2026-12-09 05:00")  # 5.9 h: 4.5 after the first drive, the rest before it


def test_the_plan_puts_no_more_on_board_than_the_limit_lets_in() -> None:
    """The second drive's energy is dear after the first one and cheap before it, when there is no room for it."""
    cheap_first = series(EVENING, [0.05] * 12 + [0.5] * 60)
    here = replace(seen(trip(), trip("2026-12-10 09:00", back="2026-12-10 18:00")), prices=cheap_first)
    plan = decided(here, DEPARTURE_TIME="none").cars[0].plan
    before = sum(slot.kwh for slot in plan if slot.end <= at("2026-12-09 07:00"))
    after = sum(slot.kwh for slot in plan if slot.start >= at("2026-12-09 18:00"))
    assert before <= 30 * 0.75 / 0.9 * 1.15 + 0.1
    assert after > 0
    assert not [slot for slot in plan if at("2026-12-09 07:00") <= slot.start < at("2026-12-09 18:00")]


def test_the_nearest_drive_is_named_also_where_an_earlier_need_covers_it() -> None:
    tonight = trip("2026-12-09 20:00", back="2026-12-09 22:00")
    nowhere = replace(trip("2026-12-09 16:00", km=0, back="2026-12-09 17:00"), sure=Sure.UNKNOWN)
    (car,) = decided(seen(nowhere, tonight), DEPARTURE_TIME="07:30").cars
    assert not [need for need in car.needs if need.code is Code.NEED_TRIP]
    (covered,) = [reason.text for reason in car.reasons if reason.code is Code.TRIP_COVERED]
    assert "Dentist in 12 Harbor Road, leaving Wed 20:00: 124 mi" in covered
    assert covered.endswith("66 % are enough, and what is due before it covers them")


def test_a_place_that_may_not_be_looked_up_does_not_wait_for_it() -> None:
    (drive,) = drives(case(seen(replace(trip(km=0), lost="the old oak", sure=Sure.NOT_ASKED)), NO_USUAL))
    assert lost_text(drive.trip, NO_USUAL) == "the old oak has not been looked up yet"
    assert lost_text(drive.trip, settings(PLACE_LOOKUP="off", GOOGLE_MAPS_API_KEY="k")) == "the old oak has not been looked up yet"
    alone = settings(PLACE_LOOKUP="off")
    assert lost_text(drive.trip, alone) == "the old oak may not be looked up (PLACE_LOOKUP=off)"
    assert "may not be looked up (PLACE_LOOKUP=off), so it counts as every day" in drive_text(case(seen(drive.trip), alone), drive)


def test_a_charge_that_begins_now_waits_as_well_for_room_and_for_the_car() -> None:
    """Without that a week of drives looked cheaper at once than in the cheapest plan, also in the savings of the month."""
    cheap_first = series(EVENING, [0.05] * 12 + [0.5] * 60)
    here = replace(seen(trip(), trip("2026-12-10 09:00", back="2026-12-10 18:00")), prices=cheap_first)
    (car,) = decided(here, DEPARTURE_TIME="none").cars
    assert car.cost is not None
    assert car.cost_if_now is not None
    assert car.cost_if_now >= car.cost > 10


def test_an_unknown_place_asks_for_what_every_day_asks_for() -> None:
    nowhere = replace(trip(km=0), sure=Sure.UNKNOWN)
    (need,) = trip_needs(nowhere)
    assert (need.soc, need.raise_to) == (80, None)
    assert [reason.code for reason in decided(seen(nowhere)).cars[0].reasons].count(Code.TRIP_UNKNOWN) == 1


def test_each_need_says_event_place_kilometres_temperature_and_how_sure_they_are() -> None:
    (need,) = trip_needs(trip())
    for part in ("Dentist", "12 Harbor Road", "124 mi", "71 °F", "by road", "20 %"):
        assert part in need.text
    metric = case(seen(trip()), settings(DEPARTURE_TIME="none", UNITS="km"))
    assert "200 km" in needs(metric)[0].text
    assert "22 °C" in needs(metric)[0].text
    assert drive_detail(metric, drives(metric)[0])["wh_per_km"] == 170


def test_without_a_reading_of_the_car_the_assumed_energy_is_due_before_the_drive() -> None:
    blind = snapshot(view(Missing("tesla", "not read")), memory=remembering(), trips=(trip("2026-12-09 05:00"),))
    (need,) = needs(case(blind))
    assert (need.code, need.by) == (Code.ASSUMED_NEED, at("2026-12-09 05:00"))


@pytest.mark.parametrize(
    ("now", "leaves", "by"),
    [
        ("2026-12-08 18:10", ["2026-12-09 08:52"], "2026-12-09 08:45"),
        ("2026-12-08 18:10", ["2026-12-09 16:00"], "2026-12-09 10:00"),
        ("2026-12-09 11:00", ["2026-12-09 16:07"], "2026-12-09 16:00"),
        ("2026-12-08 18:10", ["2026-12-09 09:00", "2026-12-09 06:20"], "2026-12-09 06:15"),
        ("2026-12-08 18:10", ["2026-12-10 09:00"], None),
    ],
)
def test_the_charge_limit_rule_is_ready_by_ten(now: str, leaves: list[str], by: str | None) -> None:
    found = rule_departure(tuple(trip(leave) for leave in leaves), settings(), at(now))
    assert found == (None if by is None else at(by))


# ---- learned ----------------------------------------------------------------------------------------------------------------------


def parked(count: int, km: float = 50.0, lost: float = 12.0, celsius: float | None = 21.5) -> list[Parked]:
    """Drives of `km`, each after a charge back to 80 %."""
    begin, day = EVENING - timedelta(days=count + 1), timedelta(days=1)
    return [
        Parked(VIN, 1000 + km * n, begin + n * day, begin + n * day + 20 * HOUR, 80 - lost if n else 80, 80, 75.0, celsius)
        for n in range(count + 1)
    ]


def test_a_car_that_has_driven_enough_says_itself_what_it_uses() -> None:
    (use,) = learned_use(parked(10), {})
    assert use.wh_per_km == pytest.approx(180)
    assert (use.km, use.drives) == (500, 10)
    assert learned_use(parked(5), {}) == ()


def test_drives_in_frost_are_brought_to_a_mild_day() -> None:
    (use,) = learned_use(parked(10, lost=20.0, celsius=-7.0), {})
    assert use.wh_per_km == pytest.approx(180)


@pytest.mark.parametrize("rows", [parked(10, celsius=None), parked(40, km=8.0), parked(10, lost=-10.0), parked(10, lost=60.0)])
def test_what_cannot_be_judged_is_not_learned_from(rows: list[Parked]) -> None:
    assert learned_use(rows, {}) == ()


def test_a_charge_on_the_way_is_outvoted() -> None:
    rows = parked(12)
    rows[4] = replace(rows[4], soc_came=76.0)  # a stop at a fast charger
    (use,) = learned_use(rows, {})
    assert use.wh_per_km == pytest.approx(180)


def test_what_was_learned_counts_for_that_car_alone() -> None:
    here = replace(seen(trip()), uses=(Use(VIN, 250.0, 900.0, 20),))
    assert wh_per_km(case(here, NO_USUAL)) == 250
    assert drives(case(here, NO_USUAL))[0].soc == 87
    other = replace(here, uses=(Use("OTHER", 250.0, 900.0, 20),))
    assert wh_per_km(case(other, NO_USUAL)) == 170


def test_the_history_keeps_one_row_for_each_place_and_what_was_charged_there(tmp_path: Path) -> None:
    history = History(tmp_path / "history.sqlite")
    for hours, km, soc in ((0, 1000.0, 60), (2, 1000.1, 70), (4, 1000.1, 80), (10, 1050.0, 68), (12, 1050.0, 69)):
        now = EVENING + hours * HOUR
        _record(history, now, odometer_km=km, soc=soc)
    first, second = read_drives(history.path, EVENING - HOUR)
    assert (first.km, first.soc_came, first.soc, first.until) == (1000.0, 60, 80, EVENING + 4 * HOUR)
    assert (second.km, second.soc_came, second.soc, second.battery_kwh, second.celsius) == (1050.0, 68, 69, 75.0, 21.5)


def test_a_car_on_the_road_or_without_an_odometer_is_no_row(tmp_path: Path) -> None:
    history = History(tmp_path / "history.sqlite")
    _record(history, EVENING, odometer_km=1000.0, driving=True)
    _record(history, EVENING + HOUR)
    assert read_drives(history.path, EVENING - HOUR) == ()


def _record(history: History, now: datetime, **car: Any) -> None:
    here = replace(seen(), cars=(view(reading(at=now, place=Place(37.0, -122.0), **car)),), now=now)
    history.record_cycle(decided(here), here, ())


def test_the_car_that_must_leave_at_night_is_charged_although_it_sleeps_till_then() -> None:
    here = replace(seen(trip("2026-12-09 04:00")), memory=remembering(plugged()))
    assert decided(here, DEPARTURE_TIME="none").cars[0].latest_start is not None
