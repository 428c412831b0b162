"""The other strategies: grid-load bands, CHARGE_HOURS as a timer, plug-and-charge."""

from __future__ import annotations

from datetime import datetime

import pytest

from cycle.explain import explain
from model import Charging, Code, Missing, Series
from planners.bands import band
from planners.hours import hours_at, next_change
from tests.builders import EVENING, NONE, ZONE, at, charger, decided, reading, remembering, report, series, settings, snapshot, view

HOURS = "mon-fri 22:00-06:00@32, sat-sun 00:00-24:00"


@pytest.mark.parametrize(
    ("current", "want"),
    [(30000.0, 12), (24000.0, 24), (20500.0, 36), (10000.0, 48)],
)
def test_the_more_the_grid_is_loaded_the_fewer_amps(current: float, want: int) -> None:
    load = series(EVENING, [current, *[18000.0, 26000.0] * 20])
    amps, reason = band(load, EVENING, 48, 5)
    assert amps == want
    assert reason.code is Code.BAND


def test_bands_look_six_hours_back_and_66_ahead_only() -> None:
    """A year of idle grid before and after that does not make the present hour a loaded one."""
    idle, busy = [1000.0] * 200, [20000.0] * 71
    load = series(at("2026-11-30 04:00"), [*idle, *idle[:7], *busy, *idle])
    inside = next(point.start for point in load.points if point.value == 20000.0)
    now = datetime.fromtimestamp(inside.timestamp() + 5 * 3600, tz=inside.tzinfo)
    with_edges, without = band(load, now, 48, 5)[0], band(series(inside, busy), now, 48, 5)[0]
    assert without == 36
    assert with_edges == 24  # one idle hour at the edge of the window: just above the mean


@pytest.mark.parametrize("load", [NONE, series(at("2026-12-01 00:00"), [1.0] * 5)])
def test_without_a_forecast_it_is_three_quarters(load: Series | Missing) -> None:
    amps, reason = band(load, EVENING, 48, 5)
    assert amps == 36
    assert "75 %" in reason.text


@pytest.mark.parametrize(("most", "least", "want"), [(16, 6, 6), (12, 5, 5), (80, 5, 20)])
def test_a_quarter_is_never_below_the_least_and_rounds_up(most: int, least: int, want: int) -> None:
    load = series(EVENING, [30000.0, *[20000.0] * 20])
    assert band(load, EVENING, most, least)[0] == want


@pytest.mark.parametrize(
    ("moment", "want"),
    [
        ("2026-12-07 21:59", None),  # Monday
        ("2026-12-07 22:00", 32),
        ("2026-12-08 05:59", 32),
        ("2026-12-08 06:00", None),
        ("2026-12-12 02:00", 32),  # Friday's night reaches into Saturday
        ("2026-12-12 12:00", 0),
    ],
)
def test_hours_belong_to_the_day_on_which_they_start(moment: str, want: int | None) -> None:
    entry = hours_at(settings(CHARGE_HOURS=HOURS), at(moment))
    assert (None if entry is None else entry.amps or 0) == want


@pytest.mark.parametrize(
    ("moment", "want"),
    [
        ("2026-12-08 18:10", "Tue 22:00"),
        ("2026-12-08 23:00", "Wed 06:00"),
        ("2026-12-12 02:00", "Sat 06:00"),
        ("2026-12-12 12:00", "Mon 00:00"),
    ],
)
def test_the_next_change_is_to_the_minute(moment: str, want: str) -> None:
    assert f"{next_change(settings(CHARGE_HOURS=HOURS), at(moment)).astimezone(ZONE):%a %H:%M}" == want


def test_odd_minutes_are_found() -> None:
    assert next_change(settings(CHARGE_HOURS="23:07-23:21"), EVENING) == at("2026-12-08 23:07")
    assert next_change(settings(CHARGE_HOURS="23:07-23:21"), at("2026-12-08 23:10")) == at("2026-12-08 23:21")


def test_hours_that_never_change_end_after_eight_days() -> None:
    assert (next_change(settings(CHARGE_HOURS="00:00-24:00"), EVENING) - EVENING).days == 8


@pytest.mark.parametrize(
    ("now", "options", "want"),
    [
        ("2026-12-08 22:30", {}, (Code.CHARGE_HOURS, 48)),
        ("2026-12-08 22:30", {"CHARGE_HOURS": "22:00-23:00@20"}, (Code.CHARGE_HOURS, 20)),
        ("2026-12-08 18:10", {}, (Code.CHARGE_HOURS, 0)),
        ("2026-12-08 18:10", {"NON_SCHEDULED_AMPS": "6"}, (Code.NON_SCHEDULED, 6)),
    ],
)
def test_the_timer_charges_in_its_hours_and_with_few_amps_outside(now: str, options: dict[str, str], want: tuple[Code, int]) -> None:
    moment = at(now)
    here = snapshot(view(reading(at=moment)), now=moment, memory=remembering())
    (car,) = decided(here, **({"STRATEGY": "timer", "CHARGE_HOURS": "22:00-23:00"} | options)).cars
    assert (car.reasons[0].code, car.amps) == want


@pytest.mark.parametrize("strategy", ["optimal", "bands", "charge-limit", "timer", "now"])
def test_every_strategy_stops_at_what_is_wanted_and_keeps_the_departure(strategy: str) -> None:
    options = {"STRATEGY": strategy, "CHARGE_HOURS": "00:00-00:15"}
    late = at("2026-12-09 05:00")
    full = snapshot(view(reading(soc=80)), memory=remembering())
    empty = snapshot(view(reading(at=late)), now=late, memory=remembering())
    assert decided(full, **options).cars[0].reasons[0].code is Code.FULL
    (car,) = decided(empty, **options).cars
    assert (car.reasons[0].code, car.amps) == (Code.LATEST_START, 48)


@pytest.mark.parametrize(("prefer", "words"), [("cost", "the cheapest hours"), ("co2", "the hours that you prefer")])
def test_hours_that_were_chosen_for_clean_power_are_not_called_cheap(prefer: str, words: str) -> None:
    clean_now = series(at("2026-12-08 18:00"), [100.0] * 4 + [400.0] * 30)
    seen = snapshot(view(reading(soc=70)), co2=clean_now, prices=series(at("2026-12-08 18:00"), [0.1] * 4 + [0.2] * 30))
    made = decided(seen, PREFER=prefer)
    assert words in made.cars[0].reasons[0].text
    assert ("  price  " if prefer == "cost" else "  value  ") in explain(made, seen, settings(PREFER=prefer))


@pytest.mark.parametrize(("strategy", "said"), [("optimal", False), ("bands", True), ("now", True)])
def test_a_plan_that_is_not_followed_is_not_shown_as_if_it_were(strategy: str, said: bool) -> None:
    seen = snapshot(view(reading(soc=50)), prices=series(at("2026-12-08 18:00"), [0.3] * 4 + [0.1] * 30))
    text = explain(decided(seen, STRATEGY=strategy), seen, settings(STRATEGY=strategy))
    assert "PLAN" in text
    assert (f"STRATEGY={strategy} has its own rule" in text) is said


def test_hours_of_one_price_are_not_called_the_cheapest() -> None:
    seen = snapshot(view(reading(soc=70, charging=Charging.CHARGING)), memory=remembering())
    words = [
        decided(seen, TARIFF=tariff, DEPARTURE_TIME="20:00").cars[0].reasons[0].text
        for tariff in ("flat:0.16", "free-nights:18:00-06:00@0.24")
    ]
    assert [text.partition(":")[0] for text in words] == ["the planned hours", "the cheapest hours"]


def test_a_car_whose_least_amps_are_enough_is_not_called_full() -> None:
    """A login that dies makes a protocol 2 connector unable to wait: the owner was told that his car is charged, at 57 %."""
    wire = charger()
    seen = snapshot(view(reading(soc=57, at=EVENING)), memory=remembering(), charger=report(wire), commands=Missing("tesla", "401"))
    (car,) = decided(seen, DEPARTURE_TIME="none", READY_SOC="60", TARGET_SOC="80", TWC_BREAKER_AMPS="60").cars
    assert (car.reasons[0].code, car.plan) == (Code.WAIT, ())
    assert car.reasons[0].text == "the 6 A that it is never offered less than are enough"


@pytest.mark.parametrize(
    ("options", "words"),
    [({}, "to spare the battery"), ({"PREFER": "grid"}, ", the hours that you prefer: ")],
)
def test_a_wait_that_costs_more_says_what_for(options: dict[str, str], words: str) -> None:
    rising = series(at("2026-12-08 18:00"), [0.1] * 6 + [0.3] * 30)
    load = series(at("2026-12-08 18:00"), [30000.0] * 6 + [20000.0] * 30)
    seen = snapshot(view(reading(soc=80, limit_soc=95)), memory=remembering(), prices=rising, load=load)
    (car,) = decided(seen, DEPARTURE_TIME="07:30", **options).cars
    assert car.reasons[0].code is Code.WAIT
    assert words in car.reasons[0].text
