"""What a month came to, by pictures of nights whose sums are easy: kWh, money, sun, CO2, departures, and what DRY_RUN would have saved."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from planners.month import CarPast, HousePast, PlugIn, Seen, Total, co2_kg, total

EVENING = datetime(2026, 12, 8, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)
MIDNIGHT, MORNING = EVENING + 6 * HOUR, EVENING + 13 * HOUR
DEAR, CHEAP = 0.40, 0.10
HOUSE = HousePast(prices=((EVENING, DEAR), (MIDNIGHT, CHEAP)), efficiency=1.0)
PLAN = PlugIn(EVENING, kwh=10.0, cost=1.0, cost_if_now=4.0, dry=False, night="08")


def seen(hours: float, added: float | None, soc: float = 50.0, *, plugged: bool = True) -> Seen:
    return Seen(EVENING + hours * HOUR, plugged, soc, added)


def car(*rows: Seen, charges: tuple[tuple[float, bool], ...] = (), plan: PlugIn | None = PLAN, due: float | None = None) -> CarPast:
    spans = tuple((EVENING + hours * HOUR, on) for hours, on in charges)
    return CarPast(rows, spans, () if plan is None else (plan,), () if due is None else ((MORNING, due),))


NIGHT = car(seen(0, 0.0), seen(6, 0.0), seen(7, 10.0, 80.0))
AT_ONCE = car(seen(0, 0.0), seen(1, 10.0, 80.0), plan=replace(PLAN, dry=True))


def test_energy_costs_what_its_own_hour_costs_and_is_compared_with_charging_at_once() -> None:
    found = total([NIGHT], HOUSE)
    assert (found.all.kwh, found.all.cost, found.saved) == pytest.approx((10.0, 1.0, 3.0))


def test_losses_between_wall_and_battery_are_paid_too() -> None:
    assert total([NIGHT], replace(HOUSE, efficiency=0.8)).all.kwh == pytest.approx(12.5)


def test_what_was_read_only_in_the_morning_belongs_to_the_hours_in_which_a_charge_was_decided() -> None:
    late = car(seen(0, 0.0), seen(12, 10.0), charges=((0, False), (6, True), (7, False)))
    assert total([late], HOUSE).all.cost == pytest.approx(1.0)
    unknown = car(seen(0, 0.0), seen(12, 10.0))  # half of it before midnight
    assert total([unknown], HOUSE).all.cost == pytest.approx(2.5)


def test_dry_run_compares_what_was_paid_with_what_the_plan_would_have_cost() -> None:
    found = total([AT_ONCE], HOUSE)
    assert (len(found.nights), found.paid, found.would, found.saved) == pytest.approx((1, 4.0, 1.0, 0.0))


def test_a_car_that_was_read_before_its_first_plug_in_was_planned_is_no_crash() -> None:
    found = total([replace(NIGHT, plug_ins=())], HOUSE)
    assert (found.all.kwh, found.saved, len(found.nights)) == pytest.approx((10.0, 0.0, 0))


def test_a_car_that_charges_cheaply_by_itself_would_have_saved_nothing_with_us() -> None:
    found = total([replace(NIGHT, plug_ins=(replace(PLAN, dry=True),))], HOUSE)
    assert found.paid == pytest.approx(found.would)


def test_two_cars_in_one_night_are_one_night() -> None:
    assert len(total([AT_ONCE, AT_ONCE], HOUSE).nights) == 1


def test_an_energy_that_is_hardly_any_and_one_without_a_price_are_not_compared() -> None:
    little = car(seen(0, 0.0), seen(1, 0.3), plan=replace(PLAN, dry=True))
    assert total([little], HOUSE).nights == set()
    blind = total([AT_ONCE], replace(HOUSE, prices=((EVENING, None),)))
    assert (blind.nights, blind.all.priced_kwh) == (set(), 0.0)


def test_a_session_that_begins_anew_is_no_rise() -> None:
    assert total([car(seen(0, 20.0), seen(1, 2.0), seen(2, 5.0))], HOUSE).all.kwh == pytest.approx(3.0)


def test_the_sun_serves_the_house_first_and_then_the_car() -> None:
    noon = tuple((EVENING + timedelta(minutes=15 * step), (7000.0, 12000.0)) for step in range(5))  # 2 kW of it are the house's
    found = total([AT_ONCE], replace(HOUSE, sun=noon, export=0.05)).all
    assert found.sun_kwh == pytest.approx(5.0)
    assert found.cost == pytest.approx(5.0 * DEAR + 5.0 * 0.05)


def test_a_flow_of_hours_ago_says_nothing_of_the_sun_now() -> None:
    assert total([NIGHT], replace(HOUSE, sun=((EVENING, (9000.0, 500.0)),))).all.sun_kwh == 0.0


def test_co2_is_told_only_where_the_mix_is_known_for_most_of_the_energy() -> None:
    known = total([NIGHT], replace(HOUSE, co2=((EVENING, 300.0),))).all
    assert co2_kg(known) == pytest.approx(3.0)
    half = total([car(seen(0, 0.0), seen(12, 10.0))], replace(HOUSE, co2=((MIDNIGHT, 300.0),))).all
    assert co2_kg(half) is None
    assert co2_kg(Total().all) is None


@pytest.mark.parametrize(
    ("rows", "kept", "short"),
    [
        ([seen(12, None, 80.0)], 1, 0),
        ([seen(12, None, 79.0)], 1, 0),  # a car stops a little below
        ([seen(12, None, 60.0)], 0, 1),
        ([seen(7, None, 60.0), seen(14, None, 79.5)], 1, 0),  # it was not read again before it left
        ([seen(7, None, 60.0), seen(11, None, 55.0, plugged=False)], 0, 0),  # who leaves early was not kept waiting
        ([], 0, 0),  # nobody knows
    ],
)
def test_a_departure_is_kept_when_the_charge_was_there(rows: list[Seen], kept: int, short: int) -> None:
    found = total([car(*rows, due=80.0)], HOUSE)
    assert (found.kept, len(found.short)) == (kept, short)
