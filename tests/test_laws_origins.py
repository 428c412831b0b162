"""Whose charge is it, lived through: law 5 and the four origins, judged against what really happened in the simulated house."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import pytest

from config import Autostart
from model import Charging, Code
from model_decision import Action, CarDecision
from model_memory import CommandKind, Origin
from simulator.house import HOME, HouseSpec, World
from simulator.houses import BLUE, ZONE
from simulator.memory_house import MemoryHouse, MemoryJournal
from simulator.owner import Act
from tests.house_builders import START, settings_for
from tests.house_lives import History, Step, live

VIN = BLUE.vin
EVENING = START + timedelta(hours=18, minutes=7)  # he comes home at 18:07


def evening(acts: tuple[Act, ...], hours: float = 14, soc: float = 45.0, limit: int = 80, **changes: object) -> History:
    """A plain house from six in the evening on; the owner does `acts`. EV_NIGHT's tariff is not told: the night counts as cheaper."""
    world = World(HouseSpec(zone=ZONE, home=HOME), [BLUE], EVENING - timedelta(minutes=7))
    world.cars[VIN].soc, world.cars[VIN].limit_soc = soc, limit
    world.follow(acts)
    history = History(0, world, MemoryHouse(world, settings_for(world, **changes)))
    live(history, MemoryJournal(), world.now + timedelta(hours=hours))
    return history


def decision(step: Step) -> CarDecision:
    return step.cycle.decision.cars[0]


def at(history: History, when: datetime) -> Step:
    """The first cycle at or after `when`."""
    return next(step for step in history.steps if step.now >= when)


def stops_after(history: History, when: datetime) -> list[datetime]:
    return [step.now for step in history.steps if step.now >= when for call in step.calls if call.name == "charge_stop"]


def codes(step: Step) -> set[Code]:
    return {reason.code for reason in decision(step).reasons}


def test_a_charge_that_begins_at_the_plug_is_the_cars_own_and_is_stopped_for_the_plan() -> None:
    history = evening((Act(EVENING, "plug"),))
    seen = next(step for step in history.steps if decision(step).origin is not None)
    assert decision(seen).origin is Origin.PLUG_IN
    assert stops_after(history, EVENING)[:1] == [seen.now]
    assert history.steps[-1].truth[VIN].soc >= 79


def test_a_charge_that_begins_at_the_plug_is_left_alone_with_autostart_leave() -> None:
    history = evening((Act(EVENING, "plug"),), autostart=Autostart.LEAVE)
    assert not stops_after(history, EVENING)
    assert Code.LEFT_ALONE in codes(at(history, EVENING + timedelta(minutes=20)))


def test_a_charge_that_we_started_is_ours_to_its_end() -> None:
    history = evening((Act(EVENING, "plug"),))
    started = next(step.now for step in history.steps for call in step.calls if call.name == "charge_start")
    origins = {decision(step).origin for step in history.steps if step.now > started}
    assert origins <= {Origin.OURS, None}
    assert Origin.OURS in origins


def test_a_charge_of_the_cars_own_schedule_is_the_cars_and_is_stopped_when_the_plan_says_wait() -> None:
    history = evening(
        (
            Act(EVENING - timedelta(minutes=5), "schedule", 20 * 60),
            Act(EVENING, "plug"),
        )
    )
    seen = next(step for step in history.steps if decision(step).origin is not None)
    assert decision(seen).origin is Origin.CAR
    assert seen.now >= START + timedelta(hours=20)
    assert stops_after(history, START + timedelta(hours=20))


def test_a_charge_that_the_owner_starts_is_left_alone_until_it_ends_and_the_plan_rules_again() -> None:
    pressed = EVENING + timedelta(minutes=70)
    history = evening((Act(EVENING, "plug"), Act(pressed, "start")), hours=6)
    after = [step for step in history.steps if step.now >= pressed + timedelta(minutes=20)]
    assert {decision(step).origin for step in after if step.truth[VIN].word is Charging.CHARGING} == {Origin.HAND}
    assert not stops_after(history, pressed)
    assert after[-1].truth[VIN].word is Charging.COMPLETE
    assert decision(after[-1]).action is not Action.NONE


@pytest.mark.parametrize("seed", range(12))
def test_law_5_a_charge_that_the_owner_really_started_is_never_stopped(seed: int) -> None:
    """While the plan waits for the night, with other buttons pressed too: limit, amps and climate are no stop."""
    rng = Random(seed)
    pressed = EVENING + timedelta(minutes=rng.randrange(45, 280))
    acts = [Act(EVENING, "plug"), Act(pressed, "start")]
    for _ in range(rng.randrange(4)):
        what, value = rng.choice((("amps", 10), ("amps", 48), ("slider", 90), ("climate", 2000), ("climate", 0)))
        acts.append(Act(pressed + timedelta(minutes=rng.randrange(1, 200)), what, value))
    wall = rng.choice((None, "http://127.0.0.1:9"))
    history = evening(tuple(acts), 10, rng.uniform(30, 55), cycle_minutes=rng.choice((5, 10, 15)), wall_connector_url=wall)
    assert at(history, pressed).truth[VIN].word in (Charging.STARTING, Charging.CHARGING)
    assert not stops_after(history, pressed), f"seed {seed}"


def test_a_charge_that_the_owner_stops_stays_stopped_until_the_departure_would_be_missed() -> None:
    stopped = START + timedelta(hours=24 + 1, minutes=33)  # at half past one, in the middle of our charge
    history = evening((Act(EVENING, "plug"), Act(stopped, "stop")), soc=20, limit=90)
    starts = [step for step in history.steps if step.now > stopped for call in step.calls if call.name == "charge_start"]
    assert starts
    assert Code.LATEST_START in codes(starts[0])
    between = [step for step in history.steps if stopped + timedelta(minutes=20) <= step.now < starts[0].now]
    assert all(codes(step) & {Code.OWNER_STOPPED, Code.LATEST_START} for step in between)


def test_a_limit_raised_to_100_charges_at_full_power_until_unplugged() -> None:
    moved = EVENING + timedelta(minutes=50)
    history = evening((Act(EVENING, "plug"), Act(moved, "slider", 100)))
    assert Code.LIMIT_RAISED in codes(at(history, moved + timedelta(minutes=16)))
    assert not [call for step in history.steps for call in step.calls if call.name == "set_charge_limit"]
    assert max(step.truth[VIN].soc for step in history.steps) >= 99


def test_a_limit_that_always_stood_at_100_says_nothing_and_the_night_is_waited_for() -> None:
    history = evening((Act(EVENING, "plug"),), limit=100)
    assert not any(Code.LIMIT_RAISED in codes(step) for step in history.steps)
    assert stops_after(history, EVENING)
    late = at(history, START + timedelta(hours=22))
    assert decision(late).action is Action.WAIT
    assert history.steps[-1].truth[VIN].soc >= 98


def test_amps_that_the_owner_lowers_are_a_cap_and_are_never_raised_again_in_this_plug_in() -> None:
    history = evening((Act(EVENING, "plug"), Act(EVENING + timedelta(minutes=45), "amps", 12)), soc=60)
    asked = [one for step in history.steps for one in step.cycle.decision.sent if one.kind is CommandKind.AMPS]
    assert not [one for one in asked if (one.value or 0) > 12]
    assert max(step.truth[VIN].request_amps for step in history.steps[-20:]) == 12
