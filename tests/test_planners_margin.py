"""The margin of the plan is a promise behind it, not a purchase ahead of it; and what two cars on one circuit make of that. Drawn: one
character per quarter of an hour, `#` full power, `a` fewer amps, `_` nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from model import Code
from model_decision import Need, PlanSlot
from planners.case import Case
from planners.in_hand import Booked, in_hand
from planners.plan import CarPlan, Job, full_power, plan
from tests.builders import VIN, VIN_2, at, case, charger, plugged, reading, remembering, report, settings, slots, snapshot, view

FIVE = at("2026-12-08 17:00")
LATE = at("2026-12-09 07:30")
QUARTER = timedelta(minutes=15)
FREE_NIGHTS = [0.24] * 16 + [0.0] * 36 + [0.24] * 8  # 21:00 to 06:00
TWO_HOURS = [0.24] * 28 + [0.08] * 8 + [0.24] * 24  # 00:00 to 02:00


def job(kwh: float, now: datetime = FIVE, amps: str = "40", by: datetime = LATE) -> Job:
    seen = snapshot(view(reading(at=now)), now=now, memory=remembering(plugged(now=now)))
    found = case(seen, settings(DEPARTURE_TIME="none", CHARGER_MAX_AMPS=amps))
    return Job(found, (Need(by, 60.0, kwh, Code.NEED_READY, "test"),), full_power(found))


def drawn(found: CarPlan, values: Sequence[float], amps: int, now: datetime = FIVE) -> str:
    def mark(slot: PlanSlot | None) -> str:
        return "_" if slot is None else "#" if slot.amps == amps else "a"

    starts = [now + QUARTER * i for i in range(len(values))]
    return "".join(mark(next((each for each in found.slots if each.start <= start < each.end), None)) for start in starts)


def one(kwh: float, values: Sequence[float], amps: str = "40") -> tuple[CarPlan, str]:
    (found,) = plan([job(kwh, amps=amps)], slots(values, FIVE), None)
    return found, drawn(found, values, int(amps))


def test_free_hours_that_hold_the_need_but_not_its_margin_are_waited_for() -> None:
    found, drawing = one(80.0, FREE_NIGHTS)
    assert drawing == "_" * 16 + "#" * 34 + "_" * 10
    assert found.cost == 0
    assert found.reasons == ()


def test_two_cheap_hours_are_waited_for() -> None:
    assert one(22.0, TWO_HOURS, "48")[1] == "_" * 28 + "#" * 8 + "_" * 24


def test_only_what_the_cheap_hours_do_not_hold_is_bought_outside_of_them() -> None:
    found, _ = one(22.0, TWO_HOURS)
    dear = sum(slot.kwh for slot in found.slots if slot.price == 0.24)
    assert dear == pytest.approx(22.0 - 2 * 9.6)


def test_where_no_time_is_left_behind_the_free_hours_the_margin_is_bought_before_them() -> None:
    """Free until 07:30, and the plan counts on 07:00: 86 kWh and a margin need more than the ten hours."""
    values = [0.24] * 16 + [0.0] * 44
    found, drawing = one(90.0, values)
    assert drawing[:16].count("#") >= 3
    assert found.shortfall_kwh == 0


def played(kwh: float, values: Sequence[float], power: float) -> tuple[float, float]:
    """(kWh still missing half an hour before the departure, cost) of a car that takes less than expected, planned anew in each slot."""
    left, cost = kwh, 0.0
    for index, price in enumerate(values[:56]):
        now = FIVE + QUARTER * index
        (found,) = plan([job(left, now)], slots(values[index:], now), None) if left > 0.01 else (CarPlan(),)
        amps = found.slots[0].amps if found.slots and found.slots[0].start == now else 0
        got = min(left, amps * 0.24 / 4 * power)
        left, cost = left - got, cost + got * price
    return left, cost


@pytest.mark.parametrize("power", [1.0, 0.94, 1 / 1.15])
def test_a_car_that_takes_less_than_expected_is_ready_in_time_all_the_same(power: float) -> None:
    left, cost = played(82.0, FREE_NIGHTS, power)
    assert left < 0.05
    assert cost == pytest.approx(0.24 * max(0.0, 82.0 - 86.4 * power), abs=0.24 * 2.5)


# ---- two cars


def couple(kwh: tuple[float, float], *, wired: bool) -> list[Job]:
    seen = snapshot(
        view(reading(at=FIVE)),
        view(reading(vin=VIN_2, name="Red", at=FIVE)),
        now=FIVE,
        memory=remembering(plugged(now=FIVE), plugged(VIN_2, now=FIVE)),
    )
    if wired:
        both = report(charger(), charger("4086", vin=VIN_2), now=FIVE)
        seen = snapshot(*seen.cars, now=FIVE, memory=seen.memory, charger=both)
    cases: list[Case] = [case(seen, settings(DEPARTURE_TIME="none"), vin) for vin in (VIN, VIN_2)]
    return [Job(each, (Need(LATE, 60.0, one, Code.NEED_READY, "test"),), full_power(each)) for each, one in zip(cases, kwh, strict=True)]


def both(kwh: tuple[float, float], values: Sequence[float], *, wired: bool = False) -> list[str]:
    return [drawn(found, values, 42 if wired else 48) for found in plan(couple(kwh, wired=wired), slots(values, FIVE), 48)]


def test_two_cars_without_a_difference_in_cost_charge_one_after_the_other_in_even_blocks() -> None:
    assert both((20.0, 20.0), [0.16] * 60) == ["#" * 7 + "_" * 53, "_" * 7 + "#" * 7 + "_" * 46]


def test_where_power_is_free_no_car_takes_six_amps_beside_another_one() -> None:
    """Connectors of protocol 2 keep 6 A of the circuit for each car: the second one could have them for nothing."""
    found = both((20.0, 20.0), FREE_NIGHTS, wired=True)
    assert found == ["_" * 16 + "#" * 8 + "_" * 36, "_" * 24 + "#" * 8 + "_" * 28]


def test_what_one_car_only_perhaps_needs_does_not_push_the_other_out_of_the_cheap_hours() -> None:
    values = [0.4] * 20 + [0.1] * 26 + [0.4] * 14
    found = both((36.0, 36.0), values)
    assert sorted(found) == sorted(["_" * 20 + "#" * 13 + "_" * 27, "_" * 33 + "#" * 13 + "_" * 14])


def booked(kwh: float, first: int, count: int) -> Booked:
    found = couple((kwh, kwh), wired=False)[0]
    amps = [48 if first <= i < first + count else 0 for i in range(60)]
    return Booked(found.case, found.needs, amps, [2.88 if each else 0.0 for each in amps])


@pytest.mark.parametrize(("first", "second", "fits"), [(26, 39, True), (27, 40, False), (10, 41, True), (10, 42, False)])
def test_the_margins_of_both_must_fit_behind_their_plans(first: int, second: int, fits: bool) -> None:
    """36 kWh take 12.5 slots, 1.9 more are kept behind them; 56 slots lie before 07:00. A gap between both holds the first one's."""
    over = slots([0.1] * 60, FIVE)
    assert in_hand([booked(36.0, first, 13), booked(36.0, second, 13)], over, 48) is fits
    assert in_hand([booked(36.0, first, 13), booked(36.0, second, 13)], over, None)


def test_where_the_margins_of_both_do_not_fit_one_car_begins_before_the_cheap_hours() -> None:
    values = [0.4] * 28 + [0.1] * 32
    found = both((36.0, 36.0), values)
    assert sum(28 - each[:28].count("_") for each in found) == 1
    assert both((34.0, 31.0), values) == ["_" * 28 + "#" * 12 + "_" * 20, "_" * 40 + "#" * 11 + "_" * 9]
