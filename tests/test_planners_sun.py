"""What the roof will give and the house will draw, and what past days teach about both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from model import Missing, Series
from model_sun import HouseMoment, Learned
from planners.house_load import house_load
from planners.learned_house import learn, quarter, recent
from planners.sun import sun
from tests.builders import ZONE, at, series

MONDAY = at("2026-12-07 00:00")
NOW = at("2026-12-21 00:00")  # two weeks later
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)
LIGHT = [0.0] * 8 + [100.0, 300.0, 500.0, 600.0, 600.0, 500.0, 300.0, 100.0] + [0.0] * 8
NOTHING = Missing("test", "none")


def sky(start: datetime = MONDAY, days: int = 14, light: Sequence[float] = LIGHT) -> Series:
    return series(start, [*light] * days, source="Open-Meteo")


def watts(found: Series | Missing, start: datetime = NOW) -> list[int]:
    assert isinstance(found, Series)
    return [round(point.value) for point in found.points if point.start >= start]


def looks(days: int = 14, kwp: float = 5.0, share: float = 0.6, *, gateway: bool = True) -> Iterator[HouseMoment]:
    """Every quarter of an hour: 400 W, weekdays from 18:00 to 20:00 2000 W, at the weekend 3000 W; a car with 7000 W from 2:00 to 4:00."""
    for number in range(days * 96):
        moment = MONDAY + QUARTER * number
        local = moment.astimezone(ZONE)
        roof = LIGHT[local.hour] * kwp * share
        own = (3000.0 if local.weekday() >= 5 else 2000.0) if 18 <= local.hour < 20 else 400.0
        car = 7000.0 if 2 <= local.hour < 4 else 0.0
        grid = own + car - roof
        yield HouseMoment(moment, grid, roof if gateway else None, own + car if gateway else None, car)


# ---- the roof -------------------------------------------------------------------------------------------------------------------


def test_power_is_panels_times_irradiance_times_four_fifths_until_something_was_learned() -> None:
    found = sun(sky(NOW, 1), 5.0, None, None, NOW)
    assert watts(found)[8:13] == [400, 1200, 2000, 2400, 2400]
    assert isinstance(found, Series)
    assert "80% of the panels' power assumed" in found.source


def test_the_share_that_was_measured_counts_and_no_more_than_was_ever_seen() -> None:
    found = sun(sky(NOW, 1), 5.0, Learned(NOW, share=0.6, highest_w=1700.0), None, NOW)
    assert watts(found)[8:13] == [300, 900, 1500, 1700, 1700]
    assert isinstance(found, Series)
    assert found.source == "Open-Meteo, 60% of the panels' power as measured on this roof"


def test_a_cloud_of_now_counts_for_the_next_hours_and_less_for_each() -> None:
    noon = NOW + 11 * HOUR
    found = watts(sun(sky(NOW, 1), 5.0, None, 1200.0, noon), noon)  # half of the 2400 W that were forecast
    assert found[:4] == [1200, 1800, 1750, 1125]
    assert watts(sun(sky(NOW, 1), 5.0, None, 0.0, NOW + 8 * HOUR), NOW)[1] > 0  # a look at night or at dawn says nothing of noon


def test_a_forecast_of_three_days_ago_does_not_count() -> None:
    old = sun(sky(NOW - timedelta(days=3), 8), 5.0, None, None, NOW)
    assert isinstance(old, Missing)
    assert old.why == "the forecast is more than two days old"


def test_a_forecast_that_ended_does_not_count() -> None:
    ended = sun(replace(sky(MONDAY, 2), fetched_at=NOW), 5.0, None, None, NOW)
    assert isinstance(ended, Missing)
    assert sun(NOTHING, 5.0, None, None, NOW) == NOTHING


# ---- what was learned -----------------------------------------------------------------------------------------------------------


def test_losses_are_learned_from_what_was_measured() -> None:
    found = learn(list(looks()), sky(), 5.0, ZONE, NOW)
    assert found.share == pytest.approx(0.6)
    assert found.highest_w == pytest.approx(1800)


def test_one_day_alone_teaches_no_losses_and_few_days_no_limit() -> None:
    found = learn(list(looks(days=1)), sky(), 5.0, ZONE, MONDAY + timedelta(days=1))
    assert (found.share, found.highest_w) == (None, None)
    assert learn(list(looks(days=5)), sky(), 5.0, ZONE, MONDAY + timedelta(days=5)).highest_w is None


def test_the_house_is_learned_by_weekday_without_its_cars() -> None:
    load = learn(list(looks()), sky(), 5.0, ZONE, NOW).load
    assert len(load) == 7 * 96
    assert {round(value) for value in load} == {400, 2000, 3000}
    assert [round(load[day * 96 + 18 * 4]) for day in range(7)] == [2000] * 5 + [3000] * 2


def test_a_weekday_that_was_seen_once_is_taken_as_any_workday() -> None:
    """Eight days: only Monday was there twice. Its evening was one of 9000 W, once."""
    seen = [replace(one, load_w=9000.0) if one.at.astimezone(ZONE).strftime("%a %H") == "Tue 18" else one for one in looks(days=8)]
    load = learn(seen, sky(), 5.0, ZONE, MONDAY + timedelta(days=8)).load
    evening = 18 * 4
    assert load[evening] == pytest.approx(2000)
    assert load[96 + evening] == pytest.approx(load[2 * 96 + evening]) == pytest.approx((5 * 2000 + 9000) / 6)


def test_where_a_meter_sees_only_what_is_left_the_roof_is_put_back() -> None:
    load = learn(list(looks(share=0.8, gateway=False)), sky(), 5.0, ZONE, NOW).load
    assert {round(value) for value in load} == {400, 2000, 3000}


def test_without_panels_what_comes_from_the_grid_is_the_house() -> None:
    load = learn(list(looks(kwp=0.0, gateway=False)), NOTHING, None, ZONE, NOW).load
    assert {round(value) for value in load} == {400, 2000, 3000}


def test_a_look_without_the_cars_power_teaches_nothing() -> None:
    blind = [replace(one, cars_w=None) for one in looks()]
    assert learn(blind, sky(), 5.0, ZONE, NOW).load == ()
    assert recent(blind, sky(), 5.0, 0.6) is None
    assert learn((), NOTHING, None, ZONE, NOW) == Learned(NOW)


def test_a_look_stands_for_an_hour_at_most() -> None:
    """The Pi was off from noon on: what was seen last is not the whole afternoon."""
    found = learn([HouseMoment(MONDAY + 12 * HOUR, 900.0, None, None, 0.0)], NOTHING, None, ZONE, MONDAY + 20 * HOUR)
    assert set(found.load) == {900.0}  # the only value there is
    two = [HouseMoment(MONDAY + 12 * HOUR, 900.0, None, None, 0.0), HouseMoment(MONDAY + 18 * HOUR, 100.0, None, None, 0.0)]
    load = learn(two, NOTHING, None, ZONE, MONDAY + 19 * HOUR).load
    assert [load[hour * 4] for hour in (12, 13, 18)] == [900.0, 500.0, 100.0]


# ---- the house ------------------------------------------------------------------------------------------------------------------


def test_the_usual_load_is_moved_to_that_of_the_last_hour() -> None:
    usual = Learned(NOW, load=tuple([500.0] * 672))
    found = watts(house_load(usual, 900.0, NOW, ZONE))
    assert found[0] == 900
    assert found[4] == 700
    assert found[8] == 600
    assert found[40] == 500
    assert set(watts(house_load(usual, None, NOW, ZONE))) == {500}


def test_the_usual_load_follows_the_local_clock_over_the_change_of_time() -> None:
    usual = Learned(NOW, load=tuple(float(number % 96) for number in range(672)))
    found = house_load(usual, None, at("2026-03-07 12:00"), ZONE)
    assert isinstance(found, Series)
    by_time = {point.start: point.value for point in found.points}
    assert by_time[at("2026-03-08 01:45")] == 7
    assert by_time[at("2026-03-08 03:00")] == 12


def test_without_past_days_the_last_hour_stands_for_all_and_without_that_nothing_is_known() -> None:
    found = house_load(None, 700.0, NOW, ZONE)
    assert set(watts(found)) == {700}
    assert isinstance(house_load(Learned(NOW), None, NOW, ZONE), Missing)


def test_a_week_begins_on_monday_and_has_672_quarters() -> None:
    local = MONDAY.astimezone(ZONE)
    assert (quarter(local), quarter(local + timedelta(days=7, minutes=-1))) == (0, 671)
