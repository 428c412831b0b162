"""What Tesla bills is asked for only where it may be: after a billing stop, and where the list has a price."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config_parsers import departures
from cycle.act import after, not_now
from cycle.check_net import net_lines
from cycle.one import problems_of
from cycle.release import owed
from cycle.tesla import HOLD, ask_again, hold
from errors import AccountStopped, TooMany
from model import OUR_SCHEDULE_ID, Billed, CarStatus, Code, Reason
from model_decision import Command, Sent
from model_memory import CommandKind, Intent, Outcome
from planners.car_schedule import wanted_schedule
from planners.looking import worth_reading
from simulator import faults
from simulator.faults import BILLING_LIMIT, Fault
from simulator.house import HOME, HouseSpec, World
from simulator.houses import BLUE, ZONE
from simulator.memory_house import MemoryHouse, MemoryJournal
from simulator.owner import Act, commuter
from tests.builders import EVENING, NONE, case, charger, decided, plugged, reading, remembering, report, settings, snapshot, view
from tests.house_builders import START, settings_for
from tests.house_lives import History, live

VIN = BLUE.vin
LOCKED = Fault(faults.Ill.STATUS, 423, '{"response":null,"error":"account locked","error_description":""}')
PAYMENT = Fault(faults.Ill.STATUS, 402, '{"response":null,"error":"payment required","error_description":""}')


def house(start: datetime, *acts: Act, **changes: object) -> History:
    world = World(HouseSpec(zone=ZONE, home=HOME), [BLUE], start)
    world.cars[VIN].soc = 50.0
    world.follow(acts)
    return History(0, world, MemoryHouse(world, settings_for(world, **({"cycle_minutes": 15} | changes))))


def billable(history: History, since: datetime) -> int:
    return sum(call.kind is not Billed.LIST for call in history.world.account.calls if call.at >= since)


@pytest.mark.parametrize("fault", [BILLING_LIMIT, LOCKED, PAYMENT])
def test_after_a_billing_stop_nothing_billable_is_asked_until_the_next_month(fault: Fault) -> None:
    """A paid reading met it on the 30th: the rest of the month is silent, and the first of the next one asks again."""
    first = datetime(2027, 1, 1, tzinfo=UTC)
    start = first - timedelta(hours=20)
    history = house(start, Act(start + timedelta(minutes=20), "plug"))
    history.world.faults["fleet"].next(1, fault, "vehicle_data")
    live(history, MemoryJournal(), first + timedelta(hours=1))
    met = history.steps[0].now
    silent = [step for step in history.steps if met < step.now < first]
    assert not [call for step in silent for call in step.calls]
    assert [call.kind for step in history.steps if step.now >= first for call in step.calls]
    assert {step.cycle.changed for step in silent[1:]} == {False}  # said once
    assert any("scheduler.py check" in text for text in silent[0].cycle.problems)


def test_the_owners_word_asks_again_at_once() -> None:
    history = house(START, Act(START + timedelta(minutes=20), "plug"))
    history.world.faults["fleet"].next(1, BILLING_LIMIT, "vehicle_data")
    journal = MemoryJournal()
    live(history, journal, START + timedelta(hours=1))
    before = len(history.world.account.calls)
    cache, now = history.house.cache, START + timedelta(hours=1)
    ask_again(cache, now)
    held = cache.get(HOLD)
    assert held is not None
    assert not held.fresh(now)
    live(history, journal, START + timedelta(hours=1, minutes=15))
    assert len(history.world.account.calls) > before


def test_a_busy_answer_does_not_shorten_a_billing_stop() -> None:
    cache = house(START).house.cache
    hold(cache, AccountStopped("tesla", "limit"), START)
    hold(cache, TooMany("tesla", "busy", retry_after_s=60), START)
    held = cache.get(HOLD)
    assert held is not None
    assert held.expires_at == datetime(2027, 1, 1, tzinfo=UTC)


def test_the_free_list_looks_once_an_hour_whether_the_owner_has_paid() -> None:
    history = house(START, Act(START + timedelta(minutes=20), "plug"))
    history.world.faults["fleet"].next(1, BILLING_LIMIT, "/vehicles")
    live(history, MemoryJournal(), START + timedelta(hours=2))
    assert next(step.now - START for step in history.steps if step.calls) == timedelta(hours=1)


def commuters(price: float) -> History:
    history = house(START, *commuter(START, 3, ZONE), tesla_list_price=price, departure_time=departures("07:30"))
    live(history, MemoryJournal(), START + timedelta(days=3))
    return history


def test_a_list_that_is_billed_is_asked_for_each_half_hour_and_when_something_is_due() -> None:
    free, paid = commuters(0.0), commuters(0.002)
    lists = [Counter(call.kind for call in one.world.account.calls)[Billed.LIST] for one in (free, paid)]
    assert lists[0] == 3 * 96
    assert lists[1] <= 3 * 96 * 0.75
    for one in (free, paid):
        leaving = [step for step in one.steps if f"{step.now.astimezone(ZONE):%H:%M}" == "07:15"]
        assert min(step.truth[VIN].soc for step in leaving[1:]) >= 79
    assert paid.house.purse.budget(START).spent >= lists[1] * 0.002


# ---- what `check` says


def lines(car: dict[str, Any] | None = None, memory: dict[str, Any] | None = None, **options: str) -> list[str]:
    here = snapshot(view(reading(**(car or {}))), memory=remembering(plugged(**(memory or {}))))
    return list(net_lines(here, settings(**options)))


def test_check_says_which_house_it_is_when_the_pi_is_dead() -> None:
    ours = wanted_schedule(case(wishes=settings(CAR_SAFETY_SCHEDULE="on")))
    assert "starts it at 02:00" in lines(memory={"schedule": ours})[0]
    assert "CAR_SAFETY_SCHEDULE=off" in lines()[0]
    assert "no schedule of ours" in lines(CAR_SAFETY_SCHEDULE="on")[0]
    assert "nothing charges" in lines(TWC_PORT="/dev/ttyUSB0", TWC_BREAKER_AMPS="60")[-1]


@pytest.mark.parametrize(("option", "words"), [("override", "stopped once per plug-in"), ("respect", "not started before it")])
def test_check_names_a_schedule_of_the_owners_that_stands_against_the_plan(option: str, words: str) -> None:
    waits = {"schedule_pending": True, "schedule_at": datetime(2026, 12, 9, 10, 30, tzinfo=UTC)}
    found = lines(waits, CAR_SCHEDULE=option)
    assert [line for line in found if "02:30" in line and words in line]
    assert not [line for line in lines(CAR_SCHEDULE=option) if line.startswith("note")]


def test_no_command_of_ours_is_an_old_style_schedule() -> None:
    assert not [kind for kind in CommandKind if kind.value.startswith("set_scheduled")]


# ---- handing back, and the morning without us


def test_release_takes_our_schedule_out_and_forgets_it() -> None:
    ours = wanted_schedule(case(wishes=settings(CAR_SAFETY_SCHEDULE="on")))
    memory = remembering(plugged(schedule=ours, reading=reading()))
    due = owed(view(), snapshot(memory=memory), settings(), 48)
    assert [(one.kind, one.value) for one in due.commands] == [(CommandKind.REMOVE_SCHEDULE, OUR_SCHEDULE_ID)]
    assert owed(view(online=False), snapshot(memory=memory), settings(), 48).reasons
    assert owed(view(), snapshot(memory=remembering(plugged(reading=reading()))), settings(), 48).commands == ()
    done = Intent(CommandKind.REMOVE_SCHEDULE, OUR_SCHEDULE_ID, "SAFETY_SCHEDULE", EVENING, 0.001, Outcome.DONE)
    assert after(plugged(schedule=ours), done).schedule is None


def test_once_says_that_our_schedule_starts_a_waiting_car_and_promises_nothing_on_rotary_f() -> None:
    ours = wanted_schedule(case(wishes=settings(CAR_SAFETY_SCHEDULE="on")))
    waits = decided(snapshot(memory=remembering(plugged(schedule=ours))), CAR_SAFETY_SCHEDULE="on").cars[0].if_pi_dies
    assert (waits.code, "02:00" in waits.text) == (Code.SAFETY_SCHEDULE, True)
    wired = snapshot(memory=remembering(plugged(schedule=ours)), charger=report(charger()))
    told = decided(wired, CAR_SAFETY_SCHEDULE="on", TWC_BREAKER_AMPS="60").cars[0].if_pi_dies
    assert "rotary position F charges nothing" in told.text


def test_what_the_owner_must_hear_is_among_the_problems_that_cron_mails() -> None:
    said = (Reason(Code.CAR_DOES_NOT_OBEY, "asked 2 times to start, but no current flows"), Reason(Code.BUDGET, "will not last"))
    found = decided()
    found = replace(found, cars=(replace(found.cars[0], reasons=said),))
    assert problems_of(found, "", found.memory) == ("will not last", "Blue: asked 2 times to start, but no current flows")


def test_a_look_that_only_time_asks_for_waits_longer_where_money_runs_ahead() -> None:
    memory = plugged(reading=reading(at=EVENING - timedelta(minutes=30)))
    status = CarStatus(VIN, "Blue", online=True, in_service=False)
    assert worth_reading(status, memory, (NONE, NONE), EVENING, stretch=2) == "regular look"
    assert worth_reading(status, memory, (NONE, NONE), EVENING, stretch=4) is None


@pytest.mark.parametrize(("most", "sent"), [(32, True), (8, False)])
def test_a_car_that_refuses_more_amps_is_started_all_the_same_but_not_one_that_refuses_fewer(most: int, sent: bool) -> None:
    memory = remembering(plugged(reading=reading(request_amps=16)))
    car = replace(decided().cars[0], amps=most)
    failed = Sent(car.vin, CommandKind.AMPS, 24, Outcome.REFUSED, 0.001)
    start = Command(car.vin, CommandKind.START, None, car.reasons[0], 0.001)
    house_ = house(START).house
    assert (not_now(house_, car, start, [failed], memory) == "") == sent
