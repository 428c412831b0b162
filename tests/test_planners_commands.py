"""What is sent to a car, and above all what is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from config import Settings
from model import Charging, Code, Missing, Reason
from model_decision import Need, PlanSlot, Snapshot
from model_memory import CommandKind, Intent, Outcome, OwnerLimit
from planners.commands import commands
from planners.plan import CarPlan
from planners.wish import Wish, alone, charge, wait
from tests.builders import (
    EVENING,
    FAR,
    NONE,
    case,
    charger,
    plugged,
    reading,
    remembering,
    report,
    settings,
    snapshot,
    view,
)

GO = charge(48, Reason(Code.PLAN_SLOT, "cheap"))
NO = wait(Reason(Code.WAIT, "waits"))
FLOWS: dict[str, Any] = {"charging": Charging.CHARGING, "actual_amps": 48.0, "volts": 240.0}
BEFORE = EVENING - timedelta(minutes=5)


def seen(car: dict[str, Any] | None = None, memory: dict[str, Any] | None = None, *, online: bool = True) -> Snapshot:
    return snapshot(view(reading(**(car or {})), online=online), memory=remembering(plugged(**(memory or {}))))


def due(wish: Wish, here: Snapshot | None = None, options: Settings | None = None, needs: tuple[Need, ...] = ()) -> list[str]:
    whose = case(here or seen(), options or settings())
    return [f"{one.kind} {one.value or ''}".strip() for one in commands(whose, wish, CarPlan(), needs).commands]


def intent(kind: CommandKind, outcome: Outcome | None, when: datetime = BEFORE, value: int | None = None) -> Intent:
    return Intent(kind, value, "PLAN_SLOT", when, 0.001, outcome)


def test_a_start_is_sent_where_nothing_flows_and_amps_only_where_they_differ() -> None:
    assert due(GO) == ["charge_start"]
    assert due(GO, seen({"request_amps": 16, "request_max_amps": 16})) == ["set_charging_amps 48", "charge_start"]
    assert due(GO, seen(FLOWS)) == []
    assert due(charge(20, GO.reasons[0]), seen(FLOWS)) == ["set_charging_amps 20"]


def test_a_stop_is_sent_only_where_something_flows() -> None:
    assert due(NO, seen(FLOWS)) == ["charge_stop"]
    assert due(NO) == []


@pytest.mark.parametrize("state", [Charging.STARTING, Charging.NO_POWER, Charging.DISCONNECTED, Charging.CALIBRATING])
def test_a_car_that_cannot_start_or_is_about_to_is_not_sent_a_start(state: Charging) -> None:
    assert "charge_start" not in due(GO, seen({"charging": state}))


@pytest.mark.parametrize(
    "here",
    [
        seen({"place": FAR}),
        seen({"place": NONE}),
        seen({"driving": True}),
        replace(seen(), home=NONE),
        replace(seen(), commands=NONE),
        snapshot(view(NONE), memory=remembering()),
        seen({"place": FAR}, online=False),
        seen({"place": NONE}, online=False),
        seen({"charging": Charging.DISCONNECTED}, online=False),
    ],
)
def test_a_car_that_is_not_surely_at_home_is_neither_commanded_nor_woken(here: Snapshot) -> None:
    for wish in (GO, NO, replace(GO, firm=True)):
        assert due(wish, here) == []


def test_a_car_without_a_path_is_not_commanded() -> None:
    assert due(GO, None, settings(CONTROL="twc")) == []
    assert due(NO, seen(FLOWS), settings(CONTROL="twc")) == []


def test_a_wish_to_leave_it_alone_sends_nothing() -> None:
    assert due(alone(Reason(Code.HAND_CHARGE, "his")), seen(FLOWS)) == []


def test_a_charge_that_is_left_alone_is_still_bound_by_the_breaker() -> None:
    here = snapshot(view(reading(**FLOWS)), memory=remembering())
    found = commands(case(here, settings(MAIN_BREAKER_AMPS="40")), alone(Reason(Code.HAND_CHARGE, "his")), CarPlan(), ())
    assert [(one.kind, one.value, one.urgent) for one in found.commands] == [(CommandKind.AMPS, 32, True)]


# ---- unknown outcomes


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, None])
def test_what_may_have_been_done_is_looked_at_before_anything_is_sent(outcome: Outcome | None) -> None:
    old = seen({"at": BEFORE}, {"intents": (intent(CommandKind.START, outcome),), "reading": reading(at=BEFORE)})
    whose = case(old)
    found = commands(whose, GO, CarPlan(), ())
    assert found.commands == ()
    assert found.reasons[0].code is Code.UNKNOWN_OUTCOME
    newer = seen({}, {"intents": (intent(CommandKind.START, outcome),)})
    assert due(GO, newer) == ["charge_start"]


def test_a_limit_does_not_wait_for_a_look() -> None:
    """The start may have been carried out, and the guard says that the fuse cannot bear it."""
    unknown = {"intents": (intent(CommandKind.START, Outcome.UNKNOWN),), "reading": reading(at=BEFORE)}
    here = seen({"at": BEFORE}, unknown)
    lower = charge(8, Reason(Code.LIMIT_CEILING, "the guard allows 8 A"))
    off = wait(Reason(Code.BELOW_MINIMUM, "4 A are too few"))
    for wish, want in ((lower, CommandKind.AMPS), (off, CommandKind.STOP)):
        found = commands(case(here), wish, CarPlan(), ())
        assert [(one.kind, one.urgent, one.reserved) for one in found.commands] == [(want, True, True)]


def test_a_wake_without_an_answer_holds_nothing_up() -> None:
    here = seen({"at": BEFORE}, {"intents": (intent(CommandKind.WAKE, Outcome.UNKNOWN),), "reading": reading(at=BEFORE)})
    assert due(GO, here) == ["charge_start"]


@pytest.mark.parametrize(("kind", "wish"), [(CommandKind.START, GO), (CommandKind.STOP, NO)])
def test_a_confirmed_command_is_not_sent_again_before_the_next_reading(kind: CommandKind, wish: Wish) -> None:
    state = {"at": BEFORE} | ({} if kind is CommandKind.START else FLOWS)
    here = seen(state, {"intents": (intent(kind, Outcome.DONE),), "reading": reading(**state)})
    assert due(wish, here) == []


# ---- asleep


def asleep(wakes: list[float], **changes: Any) -> Snapshot:
    """`wakes`: minutes ago. The car was read an hour ago."""
    intents = tuple(intent(CommandKind.WAKE, Outcome.DONE, EVENING - timedelta(minutes=ago)) for ago in wakes)
    read = reading(at=EVENING - timedelta(hours=1))
    known = remembering(plugged(intents=intents, reading=read, slept_at=BEFORE))
    return replace(snapshot(view(read, online=False), memory=known), **changes)


@pytest.mark.parametrize(
    ("wakes", "woken"),
    [
        ([], True),
        ([5], True),
        ([10, 5], True),
        ([15, 10, 5], False),
        ([40, 35, 30], True),
        ([40, 35, 29], False),
        ([55, 50, 45, 15], False),  # an hour after the fourth
        ([85, 80, 75, 70, 65], True),  # of the sleep before the last reading
    ],
)
def test_wakes_in_vain_pause_longer_and_longer(wakes: list[float], woken: bool) -> None:
    assert due(GO, asleep(wakes)) == (["wake_up"] if woken else [])


@pytest.mark.parametrize(
    ("starts", "flowed", "started"),
    [
        ([15], None, True),  # minutes ago: one confirmed start and no current, so one more try
        ([20, 15], None, False),
        ([45, 40, 35], None, True),  # then one every half an hour
        ([20, 15, 10], 12, True),  # current flowed in between
    ],
)
def test_starts_in_vain_pause(starts: list[float], flowed: float | None, started: bool) -> None:
    tried = tuple(intent(CommandKind.START, Outcome.DONE, EVENING - timedelta(minutes=ago)) for ago in starts)
    at = None if flowed is None else EVENING - timedelta(minutes=flowed)
    read = reading(charging=Charging.STOPPED, actual_amps=0.0)
    here = snapshot(view(read), memory=remembering(plugged(intents=tried, reading=read, flowed_at=at)))
    assert ("charge_start" in due(GO, here)) == started


def test_a_wake_that_was_not_sent_does_not_count() -> None:
    unsent = tuple(intent(CommandKind.WAKE, Outcome.NOT_SENT, EVENING - timedelta(minutes=ago)) for ago in (15, 10, 5))
    read = reading(at=EVENING - timedelta(hours=1))
    here = snapshot(view(read, online=False), memory=remembering(plugged(intents=unsent, reading=read, slept_at=BEFORE)))
    assert due(GO, here) == ["wake_up"]


@pytest.mark.parametrize(("minutes", "woken"), [(5, True), (6, False), (0.5, True)])
def test_it_is_woken_in_the_last_cycle_before_its_slot(minutes: float, woken: bool) -> None:
    start = EVENING + timedelta(minutes=minutes)
    slot = CarPlan(latest_start=start)
    found = commands(case(asleep([])), NO, slot, ())
    assert [one.kind for one in found.commands] == ([CommandKind.WAKE] if woken else [])


def test_a_firm_wait_wakes_nobody() -> None:
    found = commands(case(asleep([])), replace(NO, firm=True), CarPlan(latest_start=EVENING), ())
    assert found.commands == ()


def test_wake_never_says_so() -> None:
    found = commands(case(asleep([]), settings(WAKE="never")), GO, CarPlan(), ())
    assert found.commands == ()
    assert found.reasons[0].code is Code.WAKE_FOR_SLOT


@pytest.mark.parametrize(
    ("code", "reserved"),
    [(Code.LATEST_START, True), (Code.BELOW_MIN_SOC, True), (Code.OVERDUE, True), (Code.PLAN_SLOT, False), (Code.FOLLOW_SUN, False)],
)
def test_departures_and_safety_may_use_the_reserved_share(code: Code, reserved: bool) -> None:
    wish = charge(48, Reason(code, "why"))
    for here in (seen(), asleep([])):
        assert [one.reserved for one in commands(case(here), wish, CarPlan(), ()).commands] == [reserved]


# ---- the limit


RAISING = (Need(EVENING + timedelta(hours=9), 90, 10.0, Code.NEED_RULE, "far", 90),)
RAISED = OwnerLimit(seen=90, lowest=70, own=70, raised_to=90)


def test_the_limit_is_raised_first_and_the_start_waits_for_a_look() -> None:
    assert due(GO, seen({"limit_soc": 70}), needs=RAISING) == ["set_charge_limit 90"]
    assert due(NO, seen({"limit_soc": 70}), needs=RAISING) == []


@pytest.mark.parametrize(
    ("ready_h", "far_h", "raised"),
    [(2, 30, False), (2, 2, True), (30, 30, True)],
    ids=["the net is for what his limit holds", "both are late", "another car on the circuit makes it late"],
)
def test_a_net_raises_the_limit_only_for_a_need_above_it(ready_h: int, far_h: int, raised: bool) -> None:
    ready = Need(EVENING + timedelta(hours=ready_h), 80, 25.0, Code.NEED_READY, "usual")
    far = Need(EVENING + timedelta(hours=far_h), 90, 33.0, Code.NEED_TRIP, "far", 90)
    later = PlanSlot(EVENING + timedelta(hours=1), EVENING + timedelta(hours=2), 48, 11.5, None, forecast=False)
    plan = CarPlan(slots=(later,), latest_start=EVENING)
    sent = commands(case(seen()), GO, plan, (ready, far)).commands
    assert (CommandKind.LIMIT in [one.kind for one in sent]) is raised


def test_his_limit_is_put_back_as_soon_as_the_raised_charge_has_ended() -> None:
    assert due(GO, seen({"limit_soc": 90} | FLOWS, {"limit": RAISED}), needs=RAISING) == []
    assert due(NO, seen({"limit_soc": 90}, {"limit": RAISED})) == ["set_charge_limit 70"]


def test_at_the_latest_when_it_is_next_online_at_home_unplugged() -> None:
    here = seen({"limit_soc": 90, "charging": Charging.DISCONNECTED, "cable": False}, {"limit": RAISED})
    assert due(NO, here) == ["set_charge_limit 70"]


def test_a_limit_that_he_changed_meanwhile_is_his() -> None:
    assert due(NO, seen({"limit_soc": 85}, {"limit": RAISED})) == []


# ---- over the wire


def test_amps_go_over_the_wire_and_the_cars_own_are_left_alone() -> None:
    here = replace(seen({"request_amps": 32, "request_max_amps": 32}), charger=report(charger()))
    assert due(GO, here) == ["charge_start"]


def test_few_amps_of_ours_in_the_car_are_taken_back_when_the_wire_steers() -> None:
    """They were set for the sun while the daemon was away, and would hold the car at 6 A all night."""
    here = replace(seen({"request_amps": 6}, {"amps_set": 6}), charger=report(charger()))
    assert due(GO, here) == ["set_charging_amps 48", "charge_start"]
    his = replace(seen({"request_amps": 6}), charger=report(charger()))
    assert due(GO, his) == ["charge_start"]


def test_a_car_that_stands_at_its_most_has_obeyed() -> None:
    """Told 48 A, a 32 A car shows 32: it was told again and again, and its owner heard that it does not obey."""
    most = {"request_amps": 32, "request_max_amps": 32}
    assert due(GO, replace(seen(most, {"amps_set": 32}), charger=report(charger()))) == ["charge_start"]
    assert due(GO, replace(seen(most | {"request_amps": 6}, {"amps_set": 6}), charger=report(charger())))[0].startswith("set_charging_amps")


def test_a_missing_amps_request_is_set() -> None:
    assert due(GO, seen({"request_amps": Missing("tesla", "null")})) == ["set_charging_amps 48", "charge_start"]
