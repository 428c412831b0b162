"""The plan, drawn: one character per quarter of an hour from 18:00, `#` full power, `a` fewer amps, `_` nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from config import Settings
from model import Code
from model_decision import Need, Slot
from model_memory import OwnerLimit
from planners.case import Case
from planners.net import latest_start
from planners.plan import CarPlan, Job, full_power, plan
from tests.builders import (
    EVENING,
    NONE,
    VIN,
    VIN_2,
    at,
    case,
    charger,
    plugged,
    reading,
    remembering,
    report,
    settings,
    slots,
    snapshot,
    view,
)

SIX = at("2026-12-08 18:00")
REMEMBERED = remembering(plugged(now=SIX))
PERCENT = 75 / 0.9 / 100  # kWh at the wall for one percent
QUARTER = 48 * 0.24 / 4  # kWh in a slot at full power


def job(kwh: float, by: datetime, now: datetime = SIX, soc: float = 60.0, whose: Case | None = None, **options: str) -> Job:
    """One need of so many kWh; 48 A on 240 V are 2.88 kWh a slot."""
    found = whose or case(snapshot(now=now, memory=remembering(plugged(now=now))), settings(DEPARTURE_TIME="none", **options))
    return Job(found, (Need(by, soc, kwh, Code.NEED_READY, "test"),), full_power(found))


def drawn(found: CarPlan, over: Sequence[Slot], amps: int = 48) -> str:
    def mark(slot: Slot) -> str:
        now = next((each.amps for each in found.slots if each.start < slot.end and slot.start < each.end), 0)
        return "#" if now == amps else "a" if now else "_"

    return "".join(mark(slot) for slot in over)


def one(wanted: Job, values: Sequence[float], circuit: int | None = None, load: dict[int, float] | None = None) -> tuple[CarPlan, str]:
    over = slots(values, wanted.case.now, load)
    (found,) = plan([wanted], over, circuit)
    return found, drawn(found, over, wanted.amps)


LATE = at("2026-12-09 07:30")
DEAR, CHEAP = 0.4, 0.1


def test_the_cheapest_slots_in_one_block() -> None:
    found, drawing = one(job(2 * QUARTER, LATE), [DEAR] * 4 + [CHEAP] * 4 + [DEAR] * 46)
    assert drawing == "____##" + "_" * 48
    assert found.cost == pytest.approx(2 * QUARTER * CHEAP)
    assert found.cost_if_now == pytest.approx(2 * QUARTER * DEAR)


def test_equal_cost_takes_the_earlier_slot() -> None:
    assert one(job(2 * QUARTER, LATE), [CHEAP] * 54)[1] == "##" + "_" * 52


def test_equal_cost_takes_the_lower_grid_load() -> None:
    load = {index: 30000.0 if index < 20 else 20000.0 for index in range(54)}
    assert one(job(2 * QUARTER, LATE), [CHEAP] * 54, load=load)[1] == "_" * 20 + "##" + "_" * 32


def test_fewer_starts_come_before_the_lower_load_and_the_earlier_slot() -> None:
    """Two cheap slots, a dear hour, then six cheap ones: one block of five is later and under more load, and is taken."""
    values = [CHEAP] * 2 + [DEAR] * 4 + [CHEAP] * 6 + [DEAR] * 42
    load = {index: 20000.0 if index < 6 else 30000.0 for index in range(54)}
    wire = charger(protocol=1, can_stop=True, min_amps=5)
    whose = case(snapshot(charger=report(wire), commands=NONE, now=SIX, memory=REMEMBERED), settings(DEPARTURE_TIME="none"))
    assert one(job(4 * QUARTER, LATE, whose=whose), values, load=load)[1] == "_" * 6 + "####" + "_" * 44


def test_a_start_costs_what_tesla_bills_also_where_the_wire_sets_the_amps() -> None:
    """A dip of a tenth of a cent is not worth two cents and a half."""
    values = [CHEAP, CHEAP + 0.001] * 27
    wired = case(snapshot(charger=report(charger()), now=SIX, memory=REMEMBERED), settings(DEPARTURE_TIME="none"))
    for whose in (None, wired):
        found, _ = one(job(4 * QUARTER, LATE, whose=whose), values)
        assert len(blocks(found)) == 1, found.slots


def blocks(found: CarPlan) -> list[datetime]:
    """Where each unbroken charge begins."""
    ends = {slot.end for slot in found.slots}
    return [slot.start for slot in found.slots if slot.start not in ends]


def test_the_margin_is_booked_but_what_is_shown_is_what_is_needed() -> None:
    """1.15 x 8 slots are 9.2: with exactly eight cheap slots the plan begins a little before them."""
    values = [DEAR] * 4 + [CHEAP] * 8 + [DEAR] * 42
    assert one(job(8 * QUARTER, LATE), values)[1].count("#") == 8
    wide = [DEAR] * 4 + [CHEAP] * 10 + [DEAR] * 40
    assert one(job(8 * QUARTER, LATE), wide)[1] == "_" * 4 + "#" * 8 + "_" * 42


def test_half_an_hour_before_the_departure_is_kept_free_where_it_can_be() -> None:
    by = SIX + timedelta(hours=3)  # slot 12; the last two are the cheapest
    assert one(job(2 * QUARTER, by), [DEAR] * 10 + [CHEAP] * 2 + [DEAR] * 4)[1][10:12] == "__"


def test_the_half_hour_is_given_up_before_the_departure_is() -> None:
    found, drawing = one(job(11.5 * QUARTER, SIX + timedelta(hours=3)), [DEAR] * 16)
    assert drawing == "#" * 12 + "____"
    assert [reason.code for reason in found.reasons] == [Code.NO_MARGIN]
    assert found.shortfall_kwh == 0


def test_what_cannot_be_met_is_met_as_far_as_physics_allows_and_said() -> None:
    found, drawing = one(job(20 * QUARTER, SIX + timedelta(hours=3)), [DEAR, CHEAP] * 12)
    assert drawing[:12] == "#" * 12
    assert found.reasons[0].code is Code.CANNOT_BE_MET
    assert found.reasons[0].detail["short_kwh"] == pytest.approx(8 * QUARTER, abs=0.01)


def test_the_nearest_deadline_is_met_first_when_not_all_can_be() -> None:
    wanted = job(4 * QUARTER, SIX + timedelta(hours=2))
    both = (*wanted.needs, Need(SIX + timedelta(hours=3), 80.0, 40 * QUARTER, Code.NEED_TARGET, "test"))
    found, drawing = one(replace(wanted, needs=both), [DEAR] * 8 + [CHEAP] * 8)
    assert drawing[:12] == "#" * 12
    assert [reason.code for reason in found.reasons] == [Code.CANNOT_BE_MET]
    assert "80 %" in found.reasons[0].text


def test_nested_deadlines_take_dear_slots_only_for_what_is_due_early() -> None:
    wanted = job(2 * QUARTER, SIX + timedelta(hours=2))
    both = (*wanted.needs, Need(LATE, 80.0, 6 * QUARTER, Code.NEED_TARGET, "test"))
    _, drawing = one(replace(wanted, needs=both), [DEAR] * 20 + [CHEAP] * 34)
    assert 2 <= 20 - drawing[:20].count("_") <= 3
    assert drawing[20:24].startswith("###")


def test_a_need_that_is_due_now_is_charged_without_a_break() -> None:
    wanted = job(5 * QUARTER, SIX)
    assert one(wanted, [DEAR, CHEAP] * 10)[1] == "#####" + "_" * 15


def test_the_first_slot_counts_only_for_what_is_left_of_it() -> None:
    now = SIX + timedelta(minutes=10)
    wanted = job(2 * QUARTER, SIX + timedelta(hours=1), now)
    found, drawing = one(wanted, [DEAR] * 8)
    assert drawing == "##a_" + "____"  # 2 x 1.15 slots: a third, a whole one and 46 A of the next
    assert found.slots[0].start == now
    assert sum(slot.kwh for slot in found.slots) == pytest.approx(2 * QUARTER)


def test_a_started_quarter_of_an_hour_is_not_given_up_for_the_next_whole_one() -> None:
    for minute in range(1, 15):
        now = SIX + timedelta(minutes=minute)
        assert one(job(8.7 * QUARTER, LATE, now), [CHEAP] * 54)[1].startswith("#"), minute


def test_negative_prices_are_waited_for_and_no_more_is_taken_than_is_needed() -> None:
    found, drawing = one(job(2 * QUARTER, LATE), [CHEAP] * 10 + [-0.05] * 10 + [CHEAP] * 34)
    assert drawing == "_" * 10 + "##" + "_" * 42
    assert found.cost == pytest.approx(-0.05 * 2 * QUARTER)


def test_a_price_that_is_not_known_makes_no_money() -> None:
    wanted = job(2 * QUARTER, LATE)
    over = tuple(replace(slot, price=None) for slot in slots([CHEAP] * 54, SIX))
    (found,) = plan([wanted], over, None)
    assert found.cost is None
    assert found.cost_if_now is None
    assert len(found.slots) == 1


def test_amps_are_never_below_the_least_and_never_above_the_most() -> None:
    for kwh in (0.1, 0.7, 3.0, 9.3, 20.0):
        found, _ = one(job(kwh, LATE, CHARGER_MAX_AMPS="16", CHARGER_MIN_AMPS="6"), [DEAR] * 9 + [CHEAP] * 45)
        assert all(6 <= slot.amps <= 16 for slot in found.slots), kwh
        assert sum(slot.kwh for slot in found.slots) == pytest.approx(kwh)


def test_a_car_that_may_not_have_its_least_amps_has_no_plan_and_a_reason() -> None:
    whose = case(snapshot(view(reading(request_max_amps=4)), memory=remembering()), settings())
    found, _ = one(Job(whose, (Need(LATE, 60.0, 5.0, Code.NEED_READY, "test"),), full_power(whose)), [CHEAP] * 54)
    assert found.slots == ()
    assert found.reasons[0].code is Code.BELOW_MINIMUM


# ---- care above 80 %


def careful(limit: int = 90, lowest: int = 80, soc: float = 75.0) -> Job:
    """75 % now, 90 % at 07:30: 12.5 kWh, of which two thirds lie above 80 %."""
    memory = plugged(now=SIX, limit=OwnerLimit(seen=limit, lowest=lowest))
    seen = snapshot(view(reading(soc=soc, limit_soc=limit, at=SIX)), now=SIX, memory=remembering(memory))
    whose = case(seen, settings(DEPARTURE_TIME="none"))
    return Job(whose, (Need(LATE, 90.0, (90 - soc) * PERCENT, Code.NEED_READY, "test"),), full_power(whose))


def test_energy_above_80_percent_waits_for_the_last_six_hours() -> None:
    """The cheap hours lie in the evening; 01:30 is slot 30."""
    found, drawing = one(careful(), [CHEAP] * 30 + [DEAR] * 24)
    early = sum(slot.kwh for slot in found.slots if slot.start < LATE - timedelta(hours=6))
    assert early == pytest.approx(5 * PERCENT * 1.15, abs=0.1)
    assert "#" in drawing[30:52]


def test_not_where_the_limit_always_stood_at_100() -> None:
    _, drawing = one(careful(limit=100, lowest=100), [CHEAP] * 30 + [DEAR] * 24)
    assert set(drawing[30:]) == {"_"}


def test_only_as_far_as_the_six_hours_can_hold_it() -> None:
    """At 6 A the six hours hold 7.9 of 12.5 kWh: the rest is charged before, at any price."""
    whose = careful()
    slow = replace(whose, amps=6)
    found, _ = one(slow, [DEAR] * 30 + [CHEAP] * 24)
    assert sum(slot.kwh for slot in found.slots) == pytest.approx(12.5, abs=0.01)


def test_each_need_above_80_percent_waits_for_its_own_departure() -> None:
    whose = careful()
    next_day = LATE + timedelta(days=1)
    two = (replace(whose.needs[0], soc=85.0, kwh=10 * PERCENT), Need(next_day, 90.0, 15 * PERCENT, Code.NEED_TARGET, "test"))
    found, _ = one(replace(whose, needs=two), [CHEAP] * 60 + [DEAR] * 90)
    last = [slot for slot in found.slots if slot.start >= next_day - timedelta(hours=6)]
    # what is real is 15 %; the booked margin of the first need is spent first
    assert sum(slot.kwh for slot in last) >= 3 * PERCENT


# ---- two cars


def couple(kwh: tuple[float, float], by: tuple[datetime, datetime] = (LATE, LATE), **options: str) -> list[Job]:
    views = (view(reading(at=SIX)), view(reading(vin=VIN_2, name="Red", at=SIX)))
    seen = snapshot(*views, now=SIX, memory=remembering(plugged(now=SIX), plugged(VIN_2, now=SIX)))
    wishes: Settings = settings(DEPARTURE_TIME="none", **options)
    cases = (case(seen, wishes, VIN), case(seen, wishes, VIN_2))
    return [
        Job(each, (Need(due, 60.0, energy, Code.NEED_READY, "test"),), full_power(each))
        for each, energy, due in zip(cases, kwh, by, strict=True)
    ]


def test_two_cars_never_book_more_than_the_circuit() -> None:
    over = slots([DEAR] * 4 + [CHEAP] * 8 + [DEAR] * 42, SIX)
    first, second = plan(couple((5 * QUARTER, 5 * QUARTER)), over, 48)
    for slot in over:
        amps = sum(each.amps for found in (first, second) for each in found.slots if each.start < slot.end and slot.start < each.end)
        assert amps <= 48, slot.start
    assert first.shortfall_kwh == second.shortfall_kwh == 0


def test_without_a_circuit_both_take_the_cheapest_slots() -> None:
    over = slots([DEAR] * 4 + [CHEAP] * 8 + [DEAR] * 42, SIX)
    first, second = plan(couple((4 * QUARTER, 4 * QUARTER)), over, None)
    assert drawn(first, over) == drawn(second, over) == "____####" + "_" * 46


def test_the_car_that_leaves_first_is_placed_first() -> None:
    over = slots([DEAR] * 24, SIX)
    soon = SIX + timedelta(hours=2)
    first, second = plan(couple((6 * QUARTER, 6 * QUARTER), (SIX + timedelta(hours=5), soon)), over, 48)
    assert first.shortfall_kwh == second.shortfall_kwh == 0
    assert second.reasons == ()
    assert max(slot.end for slot in second.slots) <= soon


def test_the_order_of_cars_is_chosen_by_what_power_counts_as_also_without_a_price() -> None:
    """Only the second car can use the cheap half hour fully: it leaves before the next one."""
    values = [DEAR] * 4 + [CHEAP] * 2 + [DEAR] * 4 + [CHEAP] * 2 + [DEAR] * 12
    over = tuple(replace(slot, price=None) for slot in slots(values, SIX))
    needs = (1.7 * QUARTER, 1.7 * QUARTER)
    first, second = plan(couple(needs, (SIX + timedelta(hours=6), SIX + timedelta(hours=2))), over, 48)
    assert drawn(second, over)[4:6] == "#" + drawn(second, over)[5]
    assert drawn(first, over)[10:12].count("_") == 0


def test_hours_in_which_the_car_is_usually_away_are_not_counted_on() -> None:
    """Cheapest is noon; the car leaves at 07:30 and is thought to be back at 17:30."""
    now = at("2026-12-08 18:00")
    whose = case(snapshot(now=now, memory=remembering(plugged(now=now))), settings())
    wanted = Job(whose, (Need(at("2026-12-10 07:30"), 60.0, 4 * QUARTER, Code.NEED_TARGET, "test"),), 48)
    values = [CHEAP if 64 <= i < 84 else DEAR + 0.001 * i for i in range(150)]  # 10:00 to 15:00
    found, drawing = one(wanted, values)
    assert "#" not in drawing[54:94]
    assert sum(slot.kwh for slot in found.slots) == pytest.approx(4 * QUARTER)


def test_latest_safe_start_is_rounded_down_to_a_quarter() -> None:
    wanted = job(10.0, LATE)
    due = latest_start(wanted.case, wanted.needs[0], 48)
    exact = LATE - timedelta(minutes=30) - timedelta(hours=1.15 * 10.0 / 11.52)
    assert due <= exact < due + timedelta(minutes=15)
    assert due.timestamp() % 900 == 0


def test_no_needs_no_plan() -> None:
    whose = case(snapshot(memory=remembering()))
    assert plan([Job(whose, (), 48)], slots([CHEAP] * 10), None) == (CarPlan(),)


def test_a_block_of_many_prices_is_still_one_charge() -> None:
    found, _ = one(job(12 * QUARTER, LATE), [DEAR] * 4 + [CHEAP + 0.0001 * i for i in range(50)])
    assert all(left.end == right.start for left, right in pairwise(found.slots))
    assert len(blocks(found)) == 1


def test_a_fresh_plan_at_every_minute_of_the_evening_says_the_same() -> None:
    values = [DEAR] * 20 + [CHEAP + 0.003 * (i % 5) for i in range(34)]
    starts = set()
    for minute in range(0, 240, 7):
        now = SIX + timedelta(minutes=minute)
        found, _ = one(job(8 * QUARTER, LATE, now), values[minute // 15 :])
        starts.add(found.slots[0].start)
    assert len(starts) == 1
    assert starts.pop() >= EVENING
