"""A start that the car agrees to and does not carry out: asked once more, then the offer falls and rises again, then the owner is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest

from config import Control
from model import Ceiling, Charging, Code, Reason
from model_decision import Snapshot, Step
from model_memory import Cause, CommandKind, Intent, Mark, Origin, Outcome
from planners.other_path import DIP, dips, noted, other_path
from planners.wish import Wish, charge, wait
from simulator.houses import BLUE
from simulator.owner import Act
from tests.builders import EVENING, NONE, case, charger, decided, plugged, reading, remembering, report, settings, snapshot, view
from tests.house_lives import Step as Moment
from tests.house_lives import live
from tests.test_night_twc import CHEAP, DEAR, House, Lived, built

GO = charge(32, Reason(Code.PLAN_SLOT, "cheap"))
NOW = {"STRATEGY": "now", "TWC_BREAKER_AMPS": "60"}


def starts(*minutes: float, offered: int = 32, state: Charging = Charging.STOPPED, marks: tuple[Mark, ...] = (), **more: Any) -> Snapshot:
    """Asked to start so many minutes ago, and not a single amp flows."""
    asked = tuple(Intent(CommandKind.START, None, "PLAN_SLOT", EVENING - timedelta(minutes=ago), 0.001, Outcome.DONE) for ago in minutes)
    before = reading(charging=state, at=EVENING - timedelta(minutes=4))
    car = plugged(reading=before, intents=asked, marks=marks, offered_amps=offered)
    wire = {"charger": report(charger(offered_amps=offered))} | more
    return snapshot(view(reading(charging=state)), memory=remembering(car), **wire)


def taken(minutes: float) -> tuple[Mark, ...]:
    return (Mark(Cause.OFFER, EVENING - timedelta(minutes=minutes)),)


# ---- the decision


@pytest.mark.parametrize(
    ("here", "wish", "falls"),
    [
        (starts(10, 5), GO, True),
        (starts(5), GO, False),  # it is asked once more first
        (starts(10, 5, marks=taken(0.5)), GO, False),  # done
        (starts(40, 35, 5, marks=taken(30)), GO, True),  # and once after each later try
        (starts(10, 5, state=Charging.COMPLETE), GO, False),
        (starts(10, 5, state=Charging.NO_POWER), GO, False),
        (starts(10, 5, charger=report(charger(offered_amps=32, actual_amps=30.0))), GO, False),
        (starts(10, 5), wait(Reason(Code.WAIT, "later")), False),
        (starts(10, 5, offered=6), GO, False),
        (starts(10, 5), charge(6, Reason(Code.FOLLOW_SUN, "little sun")), False),
        (starts(10, 5, charger=NONE), GO, False),
        (starts(10, 5, commands=NONE), GO, False),
    ],
)
def test_the_offer_falls_and_rises_only_after_two_starts_in_vain_and_only_from_above_the_least(
    here: Snapshot, wish: Wish, falls: bool
) -> None:
    assert dips(case(here), wish) == falls or here.commands is not True
    assert bool(noted(here.memory, [(case(here), wish)]) != here.memory) == dips(case(here), wish)


def target(here: Snapshot, **options: str) -> tuple[Step, ...]:
    return next(one.steps for one in decided(here, **(NOW | options)).target.chargers if one.id == "4085")


@pytest.mark.parametrize("protocol", [{}, {"protocol": 1, "min_amps": 5, "can_stop": True}])
def test_for_two_minutes_it_is_the_least_a_car_charges_with_and_never_nothing(protocol: dict[str, Any]) -> None:
    here = starts(10, 5, charger=report(charger(offered_amps=32, **protocol)))
    steps = target(here)
    assert (steps[0].until, steps[0].amps, steps[0].why) == (EVENING + DIP, protocol.get("min_amps", 6), (Code.OTHER_PATH,))
    assert steps[1].amps == 48
    assert min(step.amps for step in steps) > 0
    assert target(starts(5))[0].amps == 48


def test_a_limit_holds_in_the_fall_and_after_it() -> None:
    steps = target(starts(10, 5, ceiling=Ceiling(EVENING, 20, "OVERLOAD")))
    assert [step.amps for step in steps[:2]] == [6, 20]
    assert target(starts(10, 5, ceiling=Ceiling(EVENING, 6, "OVERLOAD")))[0].amps == 6
    assert Code.NO_OTHER_PATH in reasons(starts(10, 5, ceiling=Ceiling(EVENING, 6, "OVERLOAD")))


def test_control_car_leaves_the_connector_as_it_is_and_says_so() -> None:
    here = starts(10, 5, offered=48)
    assert [step.amps for step in target(here, CONTROL="car")] == [48]
    assert Code.NO_OTHER_PATH in reasons(here, CONTROL="car")


def test_a_connector_that_offers_all_it_may_keeps_within_the_main_breaker_too() -> None:
    assert [step.amps for step in target(starts(offered=48), CONTROL="car", MAIN_BREAKER_AMPS="40")] == [32]


def reasons(here: Snapshot, **options: str) -> set[Code]:
    return {one.code for one in decided(here, **(NOW | options)).cars[0].reasons}


def test_the_owner_is_called_only_when_this_path_did_not_help_either() -> None:
    assert Code.OTHER_PATH in reasons(starts(10, 5))
    assert Code.CAR_DOES_NOT_OBEY not in reasons(starts(10, 5))
    later = reasons(starts(10, 5, marks=taken(2)))
    assert Code.CAR_DOES_NOT_OBEY in later
    assert Code.OTHER_PATH not in later
    assert Code.CAR_DOES_NOT_OBEY in reasons(starts(40, 35, 5, marks=taken(30)))  # and it stays said while it is tried again


@pytest.mark.parametrize(
    ("here", "says"),
    [
        (starts(10, 5, charger=NONE), "no connector on RS-485"),
        (starts(10, 5, offered=6), "less than 6 A may lock a car"),
    ],
)
def test_where_there_is_no_safe_other_path_it_is_said_at_once(here: Snapshot, says: str) -> None:
    found = decided(here, **NOW).cars[0].reasons
    assert Code.CAR_DOES_NOT_OBEY in {one.code for one in found}
    assert [says in one.text for one in found if one.code is Code.NO_OTHER_PATH] == [True]


def test_the_next_cycle_knows_that_it_was_done_and_what_it_began_is_ours() -> None:
    after = decided(starts(10, 5), **NOW).memory
    now = EVENING + timedelta(minutes=5)
    still = snapshot(view(reading()), memory=after, now=now, charger=report(charger(offered_amps=48), now=now))
    assert not dips(case(still, settings(**NOW)), GO)
    assert other_path(case(still, settings(**NOW)), GO) is None
    flows = reading(at=EVENING + timedelta(hours=1), charging=Charging.CHARGING, actual_amps=47.0)
    wire = report(charger(offered_amps=48, actual_amps=47.0), now=flows.at)
    begun = case(snapshot(view(flows), memory=after, now=flows.at, charger=wire))
    assert begun.plug is not None
    assert begun.plug.origin is Origin.OURS


# ---- a night: scheduler, target.json, the real master, the wire, a car that dozes


@cache
def night(protocol: int, latches: bool = False) -> Lived:
    """It falls into its doze before the cheap hours. `latches`: no path helps."""
    history, journal, gen2 = built(House(Control.AUTO, protocol))
    history.world.follow([Act(CHEAP - timedelta(hours=1), "doze")])
    ends, before = (DEAR, 15) if latches else (CHEAP + timedelta(minutes=30), 5)
    history.house.settings = replace(history.house.settings, cycle_minutes=before)

    def stays(_now: datetime) -> None:
        history.world.cars[BLUE.vin].latched = latches and history.world.now > CHEAP - timedelta(hours=1)

    live(history, journal, ends, stays)
    gen2.advance(ends)
    return Lived(history, journal, gen2, {})


def starts_of(lived: Lived) -> list[datetime]:
    return [call.at for call in lived.world.account.calls if call.name == "charge_start"]


@pytest.mark.parametrize("protocol", [1, 2])
def test_a_car_that_dozes_charges_after_two_starts_and_one_fall_of_its_offer(protocol: int) -> None:
    lived = night(protocol)
    assert lived.gen2.bus.draw == pytest.approx(48.0)
    asked = starts_of(lived)
    falls = [step.now for step in lived.history.steps if Code.OTHER_PATH in reasons_of(step)]
    assert [at - CHEAP for at in (*asked, *falls)] == [timedelta(minutes=minutes) for minutes in (0, 5, 10)]
    assert not [step.now for step in lived.history.steps if Code.CAR_DOES_NOT_OBEY in reasons_of(step)]
    began = next(event.at for event in lived.world.events if event.at > CHEAP and event.what == "Charging, awake")
    assert falls[0] + DIP <= began <= falls[0] + DIP + timedelta(seconds=70)


def test_a_car_that_nothing_starts_is_not_plagued_and_the_owner_is_told_with_the_hours_left() -> None:
    lived = night(2, latches=True)
    assert lived.world.cars[BLUE.vin].soc < 60
    assert len(starts_of(lived)) <= 10  # each half hour of the cheap ones
    told = [{text for text in step.cycle.problems if "asked 2 times to start" in text} for step in lived.history.steps]
    assert "h before 07:30" in next(iter(next(filter(None, told))))
    assert len({text for one in told for text in one}) <= 2


def reasons_of(step: Moment) -> set[Code]:
    return {one.code for car in step.cycle.decision.cars for one in car.reasons}
