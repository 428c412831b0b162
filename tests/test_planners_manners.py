"""Manners postpone a change and nothing else; limits lower and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from model import Ceiling, Charging, Code, Reason
from model_decision import Action, Snapshot
from model_memory import CommandKind, Intent, Outcome
from planners.case import Case
from planners.limits import limits
from planners.manners import MAX_STARTS, manners
from planners.power import permitted
from planners.wish import Wish, alone, charge, wait
from tests.builders import (
    EVENING,
    NONE,
    VIN,
    VIN_2,
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

PLAN, SUN = Reason(Code.PLAN_SLOT, "cheap"), Reason(Code.FOLLOW_SUN, "sun")
STOP = wait(Reason(Code.WAIT, "waits"))


def polite(wish: Wish, car: dict[str, Any] | None = None, memory: dict[str, Any] | None = None, **options: str) -> Wish:
    seen = snapshot(view(reading(**(car or {}))), memory=remembering(plugged(**(memory or {}))))
    return manners(case(seen, settings(**options)), wish)


def drawing(amps: int) -> dict[str, Any]:
    return {"charging": Charging.CHARGING, "actual_amps": float(amps), "volts": 240.0, "request_amps": amps, "request_max_amps": amps}


def ago(minutes: float) -> Any:
    return EVENING - timedelta(minutes=minutes)


def test_a_charge_goes_on_for_its_least_time_at_the_least_amps() -> None:
    found = polite(STOP, drawing(32), {"on_since": ago(14)})
    assert (found.action, found.amps, found.reasons[0].code, found.until) == (Action.CHARGE, 5, Code.MIN_ON, ago(-1))
    assert polite(STOP, drawing(32), {"on_since": ago(15)}) == STOP
    assert polite(STOP, drawing(32), {"on_since": ago(14)}, MIN_ON_MINUTES="0") == STOP


def test_a_charge_that_has_what_it_needs_does_not_go_on_for_manners() -> None:
    enough = wait(Reason(Code.FULL, "enough"))
    assert polite(enough, drawing(32), {"on_since": ago(14)}) == enough


def test_a_charge_that_we_did_not_start_is_stopped_at_once() -> None:
    assert polite(STOP, drawing(32)) == STOP


def test_a_pause_lasts_its_least_time() -> None:
    start = charge(32, PLAN)
    found = polite(start, {}, {"off_since": ago(9)})
    assert (found.action, found.reasons[0].code, found.until) == (Action.WAIT, Code.MIN_OFF, ago(-1))
    assert polite(start, {}, {"off_since": ago(10)}) == start


def test_six_starts_for_sun_and_price_are_enough() -> None:
    often = plugged()
    assert often.plug is not None
    tired = {"plug": replace(often.plug, starts=MAX_STARTS)}
    assert polite(charge(32, SUN), {}, tired).reasons[0].code is Code.START_LIMIT
    assert polite(charge(32, SUN), drawing(10), tired).action is Action.CHARGE  # one that runs is not stopped for it
    assert polite(charge(32, SUN), {}, {"plug": replace(often.plug, starts=MAX_STARTS - 1)}).action is Action.CHARGE


def test_the_sun_raises_in_steps_and_lowers_at_once() -> None:
    found = polite(charge(32, SUN), drawing(10))
    assert (found.amps, found.reasons[0].code) == (18, Code.RAMP)
    assert polite(charge(10, SUN), drawing(32)).amps == 10
    assert polite(charge(32, PLAN), drawing(10)).amps == 32  # the plan knows what it wants


def test_half_an_amp_of_sun_is_not_worth_a_command() -> None:
    found = polite(charge(11, SUN), drawing(10))
    assert (found.amps, found.reasons[0].code) == (10, Code.DEADBAND)
    assert polite(charge(12, SUN), drawing(10)).amps == 12
    assert polite(charge(12, SUN), drawing(10), DEADBAND_AMPS="2").amps == 10


def test_the_plans_amps_change_once_in_a_quarter_of_an_hour() -> None:
    """An old reading moves them at each look: 6, 9, 18 A are three paid commands for nothing."""

    def after(minutes: float, wish: Wish) -> Wish:
        sent = Intent(CommandKind.AMPS, 10, "PLAN_SLOT", ago(minutes), 0.001, Outcome.DONE)
        return polite(wish, drawing(10), {"intents": (sent,), "amps_set": 10})

    assert (after(10, charge(18, PLAN)).amps, after(10, charge(18, PLAN)).reasons[0].code) == (10, Code.DEADBAND)  # at 18:00
    assert after(11, charge(18, PLAN)).amps == 18  # at 17:59
    assert after(10, charge(18, PLAN, firm=True)).amps == 18
    assert after(10, wait(PLAN)).action is Action.WAIT


def test_a_firm_wish_is_not_postponed() -> None:
    """The latest safe start, the minimum and the owner's word."""
    start, stop = charge(48, PLAN, firm=True), wait(PLAN, firm=True)
    often = plugged()
    assert often.plug is not None
    tired = replace(often.plug, starts=MAX_STARTS)
    assert polite(start, {}, {"off_since": ago(1), "plug": tired}) == start
    assert polite(stop, drawing(32), {"on_since": ago(1)}) == stop
    assert polite(alone(PLAN), drawing(32), {"on_since": ago(1)}) == alone(PLAN)


# ---- limits


def most(seen: Snapshot | None = None, **options: str) -> tuple[int, Code]:
    amps, reason = permitted(case(seen or snapshot(memory=remembering()), settings(**options)))
    return amps, reason.code


def test_the_lowest_of_all_that_bounds_a_car_counts_and_is_named() -> None:
    wired = snapshot(memory=remembering(), charger=report(charger(rated_amps=32)))
    cable = snapshot(view(reading(request_max_amps=20)), memory=remembering())
    capped = snapshot(view(reading(request_amps=16)), memory=remembering())
    assert most() == (48, Code.LIMIT_CHARGER)
    assert most(CHARGER_MAX_AMPS="24") == (24, Code.LIMIT_CHARGER)
    assert most(MAIN_BREAKER_AMPS="50") == (40, Code.LIMIT_MAIN)
    assert most(TWC_BREAKER_AMPS="30") == (24, Code.LIMIT_CIRCUIT)
    assert most(TWC_BREAKER_AMPS="31") == (24, Code.LIMIT_CIRCUIT)  # rounded down
    assert most(TWC_BREAKER_AMPS="30", CONTINUOUS_PERCENT="100") == (30, Code.LIMIT_CIRCUIT)
    assert most(wired) == (32, Code.LIMIT_CHARGER)
    assert most(wired, TWC_MAX_AMPS="20") == (20, Code.LIMIT_CHARGER)
    assert most(cable) == (20, Code.LIMIT_CABLE)
    assert most(capped) == (16, Code.LIMIT_OWNER_AMPS)


def couple(*changes: dict[str, Any], **options: str) -> tuple[list[Case], Snapshot]:
    views = tuple(view(reading(vin=vin, **change)) for vin, change in zip((VIN, VIN_2), changes, strict=True))
    seen = snapshot(*views, memory=remembering(plugged(), plugged(VIN_2)))
    wishes = settings(**options)
    return [case(seen, wishes, vin) for vin in (VIN, VIN_2)], seen


def shared(wishes: list[Wish], *changes: dict[str, Any], ceiling: int | None = None, **options: str) -> list[tuple[str, int]]:
    cases, seen = couple(*(changes or ({}, {})), **options)
    seen = replace(seen, ceiling=Ceiling(EVENING, ceiling, "OVERLOAD") if ceiling is not None else NONE)
    return [(wish.action.value, wish.amps) for wish in limits(cases, wishes, seen, settings(**options))]


def test_the_first_of_two_cars_is_served_first_and_the_second_gets_the_rest() -> None:
    both = [charge(32, PLAN), charge(32, PLAN)]
    assert shared(both, TWC_BREAKER_AMPS="60") == [("charge", 32), ("charge", 16)]
    assert shared(both, TWC_BREAKER_AMPS="45") == [("charge", 32), ("wait", 0)]
    assert shared(both, MAIN_BREAKER_AMPS="60") == [("charge", 32), ("charge", 16)]
    assert shared(both, ceiling=12) == [("charge", 12), ("wait", 0)]
    assert shared(both) == [("charge", 32), ("charge", 32)]


def test_safety_comes_before_a_cheap_hour() -> None:
    assert shared([charge(48, PLAN), charge(48, PLAN, firm=True)], TWC_BREAKER_AMPS="60") == [("wait", 0), ("charge", 48)]


def test_amps_that_the_other_car_still_draws_are_not_given_away() -> None:
    """Its stop, or its fewer amps, may fail: the other one waits until it has been read with less."""
    drawn: tuple[dict[str, Any], ...] = ({}, drawing(40))
    assert shared([charge(48, PLAN), STOP], *drawn, TWC_BREAKER_AMPS="60") == [("charge", 8), ("wait", 0)]
    assert shared([charge(24, PLAN), charge(24, PLAN)], *drawn, TWC_BREAKER_AMPS="60") == [("charge", 8), ("charge", 24)]
    assert shared([charge(48, PLAN, firm=True), charge(24, PLAN)], {}, drawing(46), TWC_BREAKER_AMPS="60") == [("wait", 0), ("wait", 0)]
    assert shared([charge(24, PLAN), charge(24, PLAN)], {}, drawing(24), TWC_BREAKER_AMPS="60") == [("charge", 24), ("charge", 24)]


def test_limits_never_raise_and_never_start() -> None:
    wishes = [charge(amps, PLAN, firm=firm) for amps, firm in product((0, 3, 5, 20, 48, 80), (False, True))] + [STOP, alone(PLAN)]
    for first, second, ceiling in product(wishes, wishes, (None, 0, 4, 20, 60)):
        for breaker in ("", "30", "60"):
            found = shared([first, second], ceiling=ceiling, TWC_BREAKER_AMPS=breaker)
            for (action, amps), wish in zip(found, (first, second), strict=True):
                assert amps <= wish.amps
                assert action in (wish.action, Action.WAIT)
            together = sum(amps for _, amps in found)
            assert together <= (int(breaker) * 80 // 100 if breaker else 999)
            assert together <= (ceiling if ceiling is not None else 999)


@pytest.mark.parametrize(("amps", "want"), [(20, ("charge", 20)), (5, ("charge", 5)), (4, ("wait", 0)), (0, ("wait", 0))])
def test_the_guards_ceiling_below_the_least_amps_means_no_charge(amps: int, want: tuple[str, int]) -> None:
    assert shared([charge(48, PLAN), STOP], ceiling=amps)[0] == want


def test_a_limit_says_which_one_it_is() -> None:
    cases, seen = couple({}, {})
    seen = replace(seen, ceiling=Ceiling(EVENING, 4, "OVERLOAD"))
    first, _ = limits(cases, [charge(48, PLAN), STOP], seen, settings())
    assert [reason.code for reason in first.reasons] == [Code.BELOW_MINIMUM, Code.LIMIT_CEILING, Code.PLAN_SLOT]
