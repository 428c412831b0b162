"""What the page works out: sessions and their money, why each part of a plan is as it is, the flows, and the charts' data."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from model import Point
from page.ahead import Ahead, Charge, Due, Quarter, ahead
from page.chart_grid import grid_figure, load_now
from page.chart_plan import plan_figure
from page.data import as_data
from page.sessions import Session, sessions
from page.view_history import days_of
from page.why import blocks
from state.history_read import DecidedRow, Past, ReadingRow

ZONE = ZoneInfo("America/Los_Angeles")
START = datetime(2026, 12, 9, 18, 0, tzinfo=ZONE).astimezone(UTC)
VIN = "5YJ3AMPSHFT000001"
HOUR = timedelta(hours=1)
NOTHING = Past((), (), (), (), (), ())


def reading(hours: float, added: float | None, charging: str = "Charging", soc: float = 50.0, vin: str = VIN) -> ReadingRow:
    return ReadingRow(vin, START + hours * HOUR, charging, soc, added)


def prices(*steps: tuple[float, float | None]) -> tuple[DecidedRow, ...]:
    return tuple(DecidedRow(VIN, START + hours * HOUR, "wait", price) for hours, price in steps)


def one(past: Past) -> Session:
    found = sessions(past)
    assert len(found) == 1
    return found[0]


# ---- sessions -------------------------------------------------------------------------------------------------------------------


def night() -> Past:
    """Plugged in at 18:00 with prices of 0.50; 11 kWh between 1:00 and 2:00 at 0.10."""
    rows = (reading(0, 0.0, "Stopped", 50), reading(7, 0.0, "Charging", 50), reading(7.5, 5.5, soc=58), reading(8, 11.0, "Complete", 66))
    return replace(NOTHING, readings=rows, decisions=prices((0, 0.5), (6, 0.1)))


def test_a_session_counts_what_the_counter_rose_at_the_price_that_held() -> None:
    found = one(night())
    assert found.kwh == pytest.approx(11.0)
    assert found.cost == pytest.approx(1.1)
    assert (found.plugged_at, found.began, found.ended) == (START, START + 7 * HOUR, START + 8 * HOUR)
    assert (found.soc_from, found.soc_to) == (50.0, 66.0)


def test_saved_is_against_the_same_energy_at_once_from_the_plug_in() -> None:
    found = one(night())
    assert found.at_once == pytest.approx(5.5)
    assert found.saved == pytest.approx(4.4)


def test_at_once_goes_on_into_cheaper_hours_when_it_takes_long() -> None:
    rows = (reading(0, 0.0, "Stopped"), reading(9, 0.0), reading(9.5, 5.5), reading(10, 11.0), reading(10.5, 16.5))
    found = one(replace(NOTHING, readings=rows, decisions=prices((0, 0.5), (1, 0.2))))
    assert found.at_once == pytest.approx(11 * 0.5 + 5.5 * 0.2)


def test_a_price_that_is_not_known_is_no_money() -> None:
    found = one(replace(night(), decisions=()))
    assert (found.cost, found.at_once, found.saved) == (None, None, None)


def test_unplugging_and_a_counter_that_falls_begin_a_new_session() -> None:
    day = (
        reading(0, 0.0),
        reading(1, 7.0),
        reading(2, 7.0, "Disconnected"),
        reading(10, 1.0),
        reading(11, 4.0),
        reading(30, 2.0),
        reading(31, 5.0),
    )
    found = sessions(replace(NOTHING, readings=day))
    assert [round(each.kwh, 1) for each in found] == [3.0, 3.0, 7.0]


def test_two_cars_have_sessions_of_their_own() -> None:
    other = tuple(replace(row, vin="5YJ3AMPSHFT000002") for row in night().readings)
    found = sessions(replace(night(), readings=tuple(sorted((*night().readings, *other), key=lambda row: row.at))))
    assert sorted(each.vin[-1] for each in found) == ["1", "2"]
    assert [each.cost for each in found if each.vin != VIN] == [None], "prices of one car are not the other's"


def test_co2_is_known_only_where_it_is_known_for_all_of_it() -> None:
    points = (Point(START + 7 * HOUR, START + 9 * HOUR, 200.0),)
    assert one(replace(night(), co2=points)).co2_kg == pytest.approx(2.2)
    assert one(replace(night(), co2=(Point(START + 7 * HOUR, START + 7.9 * HOUR, 200.0),))).co2_kg is None


def test_nothing_charged_is_no_session() -> None:
    assert sessions(replace(NOTHING, readings=(reading(0, 3.0, "Stopped"), reading(5, 3.05, "Stopped")))) == ()


@pytest.mark.parametrize(("text", "days"), [("?days=7", 7), ("", 30), ("?days=5", 30), ("?days=-7", 30), ("?days=7e9", 30), ("?x=7", 30)])
def test_a_span_that_makes_no_sense_is_thirty_days(text: str, days: int) -> None:
    assert days_of(text) == days


# ---- why ------------------------------------------------------------------------------------------------------------------------


def quarter(index: int, price: float | None, **more: float) -> Quarter:
    start = START + index * timedelta(minutes=15)
    known = {"value": price, "load": None, "co2": None, "sun_w": None, "house_w": None} | more
    return Quarter(start, start + timedelta(minutes=15), price=price, forecast=False, **known)


def charge(first: int, after: int, car: str = "Blue") -> Charge:
    span = (START + first * timedelta(minutes=15), START + after * timedelta(minutes=15))
    return Charge(car, *span, amps=32.0, kwh=1.9 * (after - first), price=0.1, forecast=False)


DUE = Due("Blue", START + 13 * HOUR, 80.0, 20.0, "NEED_READY", "ready")
CHEAP_NIGHT = tuple(quarter(index, 0.1 if 24 <= index < 48 else 0.5) for index in range(60))


def test_a_plan_in_the_cheapest_hours_says_that_no_hour_is_better() -> None:
    waits, charges = blocks("Blue", CHEAP_NIGHT, [charge(24, 32)], [DUE])
    assert (waits.amps, waits.price, waits.why) == (None, (0.5, 0.5), "dearer than the hours that were chosen")
    assert waits.end == charges.start
    assert "no hour before it is needed is better" in charges.why
    assert charges.price == (0.1, 0.1)


def test_a_plan_in_dear_hours_is_not_called_cheap() -> None:
    found = blocks("Blue", CHEAP_NIGHT, [charge(10, 14)], [DUE])
    assert "needed in time" in found[-1].why
    assert "better" not in found[-1].why


def test_hours_of_equal_price_are_said_to_be_equal() -> None:
    same = tuple(quarter(index, 0.3) for index in range(60))
    assert "every hour costs the same" in blocks("Blue", same, [charge(4, 8)], [DUE])[-1].why


def test_hours_that_are_as_cheap_as_the_chosen_ones_are_not_called_dearer() -> None:
    waits, _ = blocks("Blue", CHEAP_NIGHT, [charge(32, 40)], [DUE])
    assert (waits.price, waits.why) == ((0.1, 0.5), "mostly dearer than the hours that were chosen")


def test_a_car_that_charges_at_the_decision_did_not_wait_before_it() -> None:
    since = START + timedelta(minutes=8)
    (only,) = blocks("Blue", CHEAP_NIGHT, [replace(charge(0, 8), start=since)], [DUE], since)
    assert (only.start, only.amps) == (since, 32.0)
    assert blocks("Blue", CHEAP_NIGHT, [charge(24, 28)], [DUE], since)[0].start == since


def test_the_sun_and_a_price_that_is_not_published_are_named() -> None:
    sunny = tuple(quarter(index, 0.3, sun_w=4000.0, house_w=500.0) for index in range(60))
    found = blocks("Blue", sunny, [replace(charge(4, 8), forecast=True)], [DUE])[-1]
    assert "your own sun is expected then" in found.why
    assert "not published yet" in found.why


def test_blocks_cover_the_time_from_now_to_the_last_charge_without_a_gap() -> None:
    found = blocks("Blue", CHEAP_NIGHT, [charge(24, 28), charge(36, 40), charge(30, 34, "Red")], [DUE])
    assert [one.amps for one in found] == [None, 32.0, None, 32.0]
    assert all(before.end == after.start for before, after in pairwise(found))
    assert blocks("Red", CHEAP_NIGHT, [], []) == ()


# ---- charts ---------------------------------------------------------------------------------------------------------------------


def test_the_plan_is_drawn_as_bars_as_wide_as_they_last_and_as_high_as_their_power() -> None:
    figure = plan_figure(Ahead(CHEAP_NIGHT, (charge(24, 32),), (DUE,)), START, "USD/kWh", ZONE)
    bar = next(trace for trace in figure["data"] if trace["type"] == "bar")
    assert (bar["x"], bar["width"], bar["y"]) == (["2026-12-10T00:00:00"], [2 * 3600 * 1000], [7.6])
    assert [words["text"] for words in figure["layout"]["annotations"]] == ["now", "leave"]
    assert figure["layout"]["xaxis"]["range"][0] == "2026-12-09T18:00:00"


def test_two_cars_that_charge_at_once_stand_on_each_other() -> None:
    """Plotly stacks bars of one beginning and one width only."""
    charges = (charge(24, 40), charge(26, 36, "Red"))
    blue, red = (trace for trace in plan_figure(Ahead(CHEAP_NIGHT, charges, ()), START, "USD/kWh", ZONE)["data"] if trace["type"] == "bar")
    assert blue["x"] == ["2026-12-10T00:00:00", "2026-12-10T00:30:00", "2026-12-10T03:00:00"]
    assert (red["x"], red["width"]) == (blue["x"][1:2], blue["width"][1:2])
    assert blue["y"] == [7.6, 7.6, 7.6]


def test_a_plan_that_is_held_back_is_faint_and_no_charging_in_the_grid_view() -> None:
    held = Ahead(CHEAP_NIGHT, (replace(charge(24, 32), held=True),), ())
    bar = next(trace for trace in plan_figure(held, START, "USD/kWh", ZONE)["data"] if trace["type"] == "bar")
    assert (bar["name"], bar["marker"]["opacity"]) == ("Blue, held", 0.3)
    load = load_now(forecast(), START)
    assert load is not None
    figure = grid_figure(load, held, START, ZONE)
    assert "charging" not in [trace["name"] for trace in figure["data"]]
    assert not [one for one in figure["layout"]["shapes"] if one["type"] == "rect"]


def test_expected_prices_are_a_dotted_line_of_their_own_and_hold_to_their_end() -> None:
    mixed = (quarter(0, 0.2), quarter(1, 0.3), replace(quarter(2, 0.4), forecast=True))
    known, expected = plan_figure(Ahead(mixed, (), ()), START, "USD/kWh", ZONE)["data"]
    assert (known["name"], known["y"]) == ("Price", [0.2, 0.3, 0.3, None])
    assert (expected["name"], expected["y"]) == ("Price, expected", [None, None, 0.4, 0.4])
    assert expected["line"]["dash"] == "dot"
    assert known["x"][-1] == "2026-12-09T18:45:00"


def test_without_prices_the_load_is_drawn_and_without_load_what_the_plan_weighs() -> None:
    load = tuple(quarter(index, None, load=20_000.0 + index) for index in range(8))
    assert plan_figure(Ahead(load, (), ()), START, "USD/kWh", ZONE)["layout"]["yaxis"]["title"]["text"] == "MW"
    night = tuple(replace(quarter(index, None), value=0.2) for index in range(8))
    assert plan_figure(Ahead(night, (), ()), START, "USD/kWh", ZONE)["layout"]["yaxis"]["title"]["text"] == "counts as"


def forecast() -> tuple[Point, ...]:
    values = [20.0] * 8 + [10.0] * 4 + [20.0] * 60
    return tuple(Point(START + (i - 6) * HOUR, START + (i - 5) * HOUR, value) for i, value in enumerate(values))


def test_off_peak_ends_where_the_load_rises_through_one_deviation_below_the_mean() -> None:
    load = load_now(forecast(), START)
    assert load is not None
    assert load.off_peak_end == START + 6 * HOUR
    assert load.low == pytest.approx(load.mean - load.sd)
    assert load.current == 20.0


def test_a_flat_forecast_has_no_end_of_off_peak_and_a_forecast_of_last_year_is_none() -> None:
    flat = load_now([replace(point, value=5.0) for point in forecast()], START)
    assert flat is not None
    assert (flat.off_peak_end, flat.sd) == (None, 0.0)
    assert load_now(forecast(), START + timedelta(days=365)) is None


def test_the_grid_chart_shows_what_the_older_page_showed() -> None:
    load = load_now(forecast(), START)
    assert load is not None
    figure = grid_figure(load, Ahead((), (charge(24, 32),), (DUE,)), START, ZONE)
    assert [trace["name"] for trace in figure["data"]] == ["Load forecast", "mean", "± sd", "mean + sd", "charging"]
    said = [words["text"] for words in figure["layout"]["annotations"]]
    assert said == ["now", "end of off-peak", "depart", "load now 20 MW"]
    box = figure["layout"]["shapes"][0]
    assert (box["type"], box["x0"], box["x1"]) == ("rect", "2026-12-10T00:00:00", "2026-12-10T02:00:00")


def test_words_above_the_grid_chart_do_not_lie_on_each_other() -> None:
    load = load_now(forecast(), START)
    assert load is not None
    soon = replace(DUE, by=START + 7 * HOUR)
    layout = grid_figure(load, Ahead((), (), (soon,)), START, ZONE)["layout"]
    rows = {words["text"]: words["yshift"] for words in layout["annotations"] if "yshift" in words}
    assert rows == {"now": 0, "end of off-peak": 14, "depart": 28}
    assert layout["margin"]["t"] == 24 + 28
    (level,) = (words for words in layout["annotations"] if words["text"].startswith("load now"))
    assert level["yanchor"] == "bottom"


def test_the_words_of_the_load_now_keep_off_a_level_just_above_it() -> None:
    load = load_now(forecast(), START)
    assert load is not None
    layout = grid_figure(replace(load, current=load.low - 0.1), Ahead((), (), ()), START, ZONE)["layout"]
    assert layout["annotations"][-1]["yanchor"] == "top"


def test_columns_of_different_lengths_are_short_of_values_not_of_slots() -> None:
    outlook = {"start": START.isoformat(), "step_s": 900, "price": [0.1, None, 0.3], "value": [0.1], "forecast": [False, True]}
    found = ahead(as_data({"outlook": outlook})).quarters
    assert [one.price for one in found] == [0.1, None, 0.3]
    assert [one.value for one in found] == [0.1, None, None]
    assert [one.forecast for one in found] == [False, True, False]
