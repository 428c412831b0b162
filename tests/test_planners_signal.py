"""What a kWh counts as: the sources in their order, the clock's two strange days, the profile beyond the published hours, the weights."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from config import Settings
from model import SLOT, Code, Reason
from model_decision import Slot, Snapshot
from planners.profile import profile
from planners.signal import signal, slot_starts
from tests.builders import EVENING, NONE, ZONE, at, series, settings, snapshot

DAY = timedelta(days=1)
MIDNIGHT = at("2026-12-08 00:00")


def made(seen: Snapshot, options: Settings | None = None, hours: float = 14) -> tuple[tuple[Slot, ...], list[Code]]:
    slots, reasons = signal(seen, options or settings(), seen.now + timedelta(hours=hours))
    return slots, [reason.code for reason in reasons]


def value_at(slots: tuple[Slot, ...], moment: datetime) -> float:
    return next(slot.value for slot in slots if slot.start <= moment < slot.end)


def test_the_first_slot_is_the_quarter_hour_that_now_lies_in() -> None:
    starts = slot_starts(at("2026-12-08 18:10"), at("2026-12-08 19:00"))
    assert starts == tuple(at("2026-12-08 18:00") + SLOT * i for i in range(4))


def test_there_is_always_a_slot() -> None:
    assert len(slot_starts(EVENING, EVENING - DAY)) == 1


def test_prices_come_first() -> None:
    slots, codes = made(snapshot(prices=series(MIDNIGHT, [0.1] * 48)), settings(TARIFF="flat:0.3"))
    assert codes == [Code.PRICES]
    assert {slot.price for slot in slots} == {0.1}


def test_with_less_information_the_next_source_stands_in_and_says_so() -> None:
    load = series(MIDNIGHT, [20000.0] * 48)
    by_file: dict[str, str] = {"PRICE_FILE": str(Path(__file__))}
    cases = [
        (snapshot(prices=series(MIDNIGHT, [0.1] * 48), load=load), by_file, Code.PRICES),
        (snapshot(load=load), by_file | {"TARIFF": "flat:0.3"}, Code.LOAD_FORECAST),
        (snapshot(load=load), {"TARIFF": "flat:0.3"}, Code.TARIFF),  # the tariff is the bill
        (snapshot(load=load), {}, Code.LOAD_FORECAST),
        (snapshot(), {"TARIFF": "flat:0.3"}, Code.TARIFF),
        (snapshot(), {}, Code.NIGHT_CLOCK),
    ]
    for seen, options, want in cases:
        assert made(seen, settings(**options))[1][0] is want, options


def test_a_series_that_has_ended_is_no_source() -> None:
    old = series(EVENING - 3 * DAY, [0.1] * 24)
    assert made(snapshot(prices=old, load=old))[1] == [Code.NIGHT_CLOCK]


def test_the_night_counts_as_cheaper_by_the_owners_clock() -> None:
    slots, _ = made(snapshot())
    assert value_at(slots, at("2026-12-08 22:45")) > value_at(slots, at("2026-12-08 23:00"))
    assert value_at(slots, at("2026-12-09 05:45")) < value_at(slots, at("2026-12-09 06:00"))
    assert all(slot.price is None for slot in slots)  # it is no money


@pytest.mark.parametrize(("day", "hours"), [("2027-03-14", 23), ("2027-11-07", 25)])
def test_a_tariff_follows_the_clock_on_the_wall_on_the_days_when_it_is_moved(day: str, hours: int) -> None:
    now = at(f"{day} 00:00")
    slots, codes = made(replace(snapshot(), now=now), settings(TARIFF="free-nights:21:00-06:00@0.24"), hours)
    assert codes == [Code.TARIFF]
    free = [slot.start.astimezone(ZONE) for slot in slots if slot.price == 0.0]
    assert len(slots) == hours * 4
    assert all(local.hour < 6 or local.hour >= 21 for local in free)
    assert len(free) == (hours - 15) * 4  # the paid hours are the same fifteen on every day


def test_beyond_the_published_hours_the_median_of_the_past_days_stands_in_and_is_marked() -> None:
    days = [[level] * 24 for level in (0.1, 0.2, 0.9)]  # one odd day moves a mean, not a median
    past = [value for day in days for value in day]
    seen = snapshot(prices=series(MIDNIGHT - 2 * DAY, [*past[:-5]]))  # Sunday, Monday, and today up to 19:00
    slots, codes = made(seen)
    assert codes == [Code.PRICES, Code.PRICE_PROFILE]
    published = [slot for slot in slots if slot.start < at("2026-12-08 19:00")]
    later = [slot for slot in slots if slot.start >= at("2026-12-08 19:00")]
    assert not any(slot.forecast for slot in published)
    assert all(slot.forecast for slot in later)
    assert value_at(slots, at("2026-12-08 20:00")) == pytest.approx(0.15)  # of two days: the hour was never seen today
    assert value_at(slots, at("2026-12-09 03:00")) == pytest.approx(0.2)  # the median of three


def test_the_profile_says_how_wrong_it_was_on_the_past_days() -> None:
    levels = [0.11, 0.12, 0.10, 0.18]  # by day, too few for scenarios; each day is told by the median of the others
    past = [level for level in levels for _ in range(24)]
    _, reasons = signal(snapshot(prices=series(MIDNIGHT - 3 * DAY, past)), settings(), EVENING + 2 * DAY)
    told = next(reason for reason in reasons if reason.code is Code.PRICE_PROFILE)
    assert told.detail["error"] == pytest.approx(0.015)  # 0.01, 0.01, 0.02, 0.07
    assert "within $0.015 per kWh" in told.text


def test_two_days_are_too_few_to_know_an_error() -> None:
    _, reasons = signal(snapshot(prices=series(MIDNIGHT - DAY, [0.1] * 48)), settings(), EVENING + 2 * DAY)
    assert next(reason for reason in reasons if reason.code is Code.PRICE_PROFILE).detail == {}


def test_three_days_of_the_same_kind_count_more_than_all_days() -> None:
    values = [1.0 if (MIDNIGHT + timedelta(hours=i)).astimezone(ZONE).weekday() >= 5 else 2.0 for i in range(-14 * 24, 0)]
    later = profile(series(MIDNIGHT - 14 * DAY, values), MIDNIGHT, lambda moment: moment.astimezone(ZONE))
    assert later(at("2026-12-10 03:00")) == 2.0
    assert later(at("2026-12-12 03:00")) == 1.0


def test_days_of_more_than_two_weeks_ago_do_not_count() -> None:
    found = series(MIDNIGHT - 40 * DAY, [9.0] * (26 * 24) + [1.0] * (14 * 24))
    assert profile(found, MIDNIGHT, lambda moment: moment.astimezone(ZONE))(at("2026-12-09 03:00")) == 1.0


def test_a_quarter_hour_that_no_day_has_is_not_known() -> None:
    assert profile(series(MIDNIGHT, [1.0]), MIDNIGHT, lambda moment: moment.astimezone(ZONE))(at("2026-12-09 03:00")) is None


def test_an_hour_without_a_price_counts_as_the_mean_and_is_no_money() -> None:
    slots, _ = made(snapshot(prices=series(EVENING - timedelta(minutes=10), [0.1, None, 0.3])), hours=3)
    gap = [slot for slot in slots if at("2026-12-08 19:00") <= slot.start < at("2026-12-08 20:00")]
    assert [slot.price for slot in gap] == [None] * 4
    assert all(slot.forecast for slot in gap)
    known = [slot.value for slot in slots if slot.price is not None]
    assert [slot.value for slot in gap] == pytest.approx([sum(known) / len(known)] * 4)


def test_a_gap_now_takes_the_past_days_value_from_the_start_of_its_quarter() -> None:
    days = series(MIDNIGHT - 2 * DAY, [*[0.1] * 66, None, *[0.3] * 20])  # 18:00 of today is missing
    slots, _ = made(snapshot(prices=days), hours=2)
    assert slots[0].start < EVENING
    assert (slots[0].price, slots[0].forecast) == (0.1, True)


def test_a_tariff_fills_the_gaps_of_a_price_series() -> None:
    slots, _ = made(snapshot(prices=series(EVENING - timedelta(minutes=10), [0.1, None, 0.3])), settings(TARIFF="flat:0.25"), hours=3)
    assert value_at(slots, at("2026-12-08 19:15")) == 0.25


def test_the_load_forecast_has_the_size_of_a_price() -> None:
    """Else the price of a start would weigh nothing against thousands of MW, and the car would hop from dip to dip."""
    slots, _ = made(snapshot(load=series(MIDNIGHT, [20000.0, 30000.0] * 36)))
    assert 0.1 < min(slot.value for slot in slots) < max(slot.value for slot in slots) < 0.2
    assert {slot.load for slot in slots} == {20000.0, 30000.0}


@pytest.mark.parametrize("prefer", ["grid", "co2"])
def test_the_owners_wish_puts_load_or_co2_before_the_price(prefer: str) -> None:
    rising, falling = [float(i) for i in range(1, 49)], [float(i) for i in range(48, 0, -1)]
    kind = {"load": falling, "co2": rising} if prefer == "grid" else {"load": rising, "co2": falling}
    seen = snapshot(prices=series(MIDNIGHT, [0.2] * 48), load=series(MIDNIGHT, kind["load"]), co2=series(MIDNIGHT, kind["co2"]))
    slots, codes = made(seen, settings(PREFER=prefer))
    assert codes == [Code.PRICES, Code.WEIGHTS]
    assert slots[0].value > slots[-1].value
    assert {slot.price for slot in slots} == {0.2}


def test_load_counts_the_same_way_when_prices_are_negative() -> None:
    seen = snapshot(prices=series(MIDNIGHT, [-0.02] * 48), load=series(MIDNIGHT, [float(i) for i in range(48, 0, -1)]))
    slots, _ = made(seen, settings(PREFER="grid"))
    assert slots[0].value > slots[-1].value


def test_weights_by_hand_name_what_is_not_known() -> None:
    options = settings(COST_WEIGHT="1", CO2_WEIGHT="2", GRID_WEIGHT="0")
    _, reasons = signal(snapshot(prices=series(MIDNIGHT, [0.2] * 48)), options, EVENING + DAY)
    text = next(reason.text for reason in reasons if reason.code is Code.WEIGHTS)
    assert text == "weighed: price 1; not known: CO2 (average)"


def test_a_wish_for_what_nobody_knows_falls_back_to_the_price() -> None:
    _, reasons = signal(snapshot(prices=series(MIDNIGHT, [0.2] * 48)), settings(PREFER="co2"), EVENING + DAY)
    assert Reason(Code.WEIGHTS, "by price alone; not known: CO2 (average)") in reasons


def test_nothing_at_all_is_still_a_signal() -> None:
    slots, codes = made(snapshot(prices=NONE, load=NONE), hours=0)
    assert len(slots) == 1
    assert codes == [Code.NIGHT_CLOCK]
