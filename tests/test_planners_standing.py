"""What the owner should be told of: each thing of the list, with what to do, and the same key in each cycle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from config import Settings
from model import Ceiling, Charging, Code, Missing, Override, Overrides, Word
from model_decision import Budget, Decision, Snapshot, SourceState
from model_memory import CarMemory, CommandKind, Intent, Memory, Origin, Outcome, OwnerLimit
from model_notices import About, Fact, Grade
from planners.decide import decide
from planners.standing import LoginEnds, standing, unseen
from tests.builders import EVENING, VIN, charger, plugged, reading, remembering, report, settings, snapshot, view

MORNING = EVENING + timedelta(hours=13, minutes=20)
TWC = {"TWC_PORT": "/dev/serial/by-id/one", "TWC_BREAKER_AMPS": "60"}


def facts(seen: Snapshot | None = None, wishes: Settings | None = None, login: LoginEnds | None = None, **changes: Any) -> dict[str, Fact]:
    """By key. `changes`: of the decision."""
    seen, wishes = seen or snapshot(memory=remembering()), wishes or settings()
    found = standing(replace(decide(seen, wishes), **changes), seen, wishes, login)
    return {fact.key: fact for fact in found}


def only(found: dict[str, Fact], about: About) -> Fact:
    same = [fact for fact in found.values() if fact.about is about]
    assert len(same) == 1, found
    return same[0]


def memory(*cars: CarMemory, **changes: Any) -> Memory:
    return remembering(*cars, **{"last_cycle": EVENING - timedelta(minutes=5), **changes})


def test_a_quiet_evening_has_nothing_to_tell() -> None:
    assert facts(snapshot(memory=memory())) == {}
    assert facts(snapshot(memory=memory(), charger=report(charger())), settings(**TWC)) == {}


def test_a_departure_that_cannot_be_kept_is_told_with_the_hours_left_and_what_to_do() -> None:
    late = snapshot(view(reading(soc=10, at=MORNING - timedelta(hours=3))), now=MORNING - timedelta(hours=3), memory=memory())
    fact = only(facts(late), About.NOT_READY)
    assert fact.text.startswith("Blue will not be ready at 07:30: ")
    assert "kWh short of 80 %, 3 h left. Leave later, take another car, or charge on the way." in fact.text
    assert fact.key == f"not-ready:{VIN}:2026-12-09T15:30"


def test_the_same_departure_keeps_its_key_when_the_figures_change_and_after_it_was_missed() -> None:
    found = set()
    for minutes in (180, 60, -30):
        now = MORNING - timedelta(minutes=minutes)
        seen = snapshot(view(reading(soc=10, at=now, charging=Charging.CHARGING, actual_amps=48.0)), now=now, memory=memory())
        found |= {fact.key for fact in facts(seen).values() if fact.about is About.NOT_READY}
    assert found == {f"not-ready:{VIN}:2026-12-09T15:30"}


@pytest.mark.parametrize(("soc", "told"), [(75, []), (70, [About.NOT_READY])])
def test_a_car_that_is_short_by_a_hair_is_no_news(soc: float, told: list[About]) -> None:
    now = MORNING - timedelta(minutes=20)
    seen = snapshot(view(reading(soc=soc, at=now)), now=now, memory=memory(last_cycle=now - timedelta(minutes=5)))
    assert [fact.about for fact in facts(seen).values()] == told


def test_the_owners_own_stop_is_named_beside_the_departure_that_it_costs() -> None:
    now = MORNING - timedelta(hours=2)
    said = Overrides((Override(None, Word.STOP, None, None, EVENING),))
    seen = snapshot(view(reading(soc=10, at=now)), now=now, memory=memory(plugged(hours=14, now=now)), overrides=said)
    assert "Now you said stop" in only(facts(seen), About.NOT_READY).text


def intents(kind: CommandKind, outcome: Outcome, *minutes: int, answer: str = "", why: str = "PLAN_SLOT", value: int | None = None) -> Any:
    return tuple(Intent(kind, value, why, EVENING - timedelta(minutes=each), 0.001, outcome, answer) for each in minutes)


def test_a_car_that_says_yes_and_does_nothing_is_told_once_with_the_hours() -> None:
    car = plugged(intents=intents(CommandKind.START, Outcome.DONE, 15, 10))
    fact = only(facts(snapshot(memory=memory(car))), About.DISOBEYS)
    assert fact.key == f"disobeys:{VIN}:charge_start"
    assert "look at the car, the cable and the Tesla app" in fact.text


def test_a_refusal_that_stands_has_the_same_key_as_the_disobedience_it_becomes() -> None:
    car = plugged(intents=intents(CommandKind.START, Outcome.REFUSED, 10, answer="the key is not paired"))
    fact = only(facts(snapshot(memory=memory(car))), About.DISOBEYS)
    assert (fact.key, fact.patience) == (f"disobeys:{VIN}:charge_start", timedelta(minutes=15))
    assert "refused: the key is not paired." in fact.text


def source(name: str, *, fatal: bool = False, why: str = "it does not answer") -> tuple[SourceState, ...]:
    return (SourceState(name, ok=False, age_s=None, why=why, fatal=fatal),)


@pytest.mark.parametrize("name", ["tesla", "car reading"])
def test_a_dead_login_is_one_fact_whoever_meets_it_and_says_what_to_do(name: str) -> None:
    fact = only(facts(snapshot(memory=memory()), sources=source(name, fatal=True, why="the login is no longer valid")), About.LOGIN)
    assert fact.key == "login:tesla"
    assert "scheduler.py auth tesla" in fact.text


def test_a_login_that_is_about_to_end_is_told_before_it_does() -> None:
    fact = only(facts(snapshot(memory=memory()), login=LoginEnds(EVENING + timedelta(hours=1), "nobody renews it")), About.LOGIN)
    assert fact.text == "The Tesla login ends at 19:10: nobody renews it. Log in again: scheduler.py auth tesla --resume."


@pytest.mark.parametrize(
    ("spent", "stage"),
    [(0.5, None), (6.5, "pace"), (7.19, "reserve"), (8.99, "spent")],
)
def test_the_budget_is_told_in_stages_each_with_a_key_of_its_own(spent: float, stage: str | None) -> None:
    seen = snapshot(memory=memory(), budget=Budget(spent, 9.0, max(0.0, 7.2 - spent), 9.0 - spent))
    wishes = settings(TESLA_ACCESS_TOKEN="token")
    keys = [key for key in facts(seen, wishes) if key.startswith("budget")]
    assert keys == ([] if stage is None else [f"budget:2026-12:{stage}"])


def test_a_dead_daemon_waits_a_quarter_of_an_hour_and_its_end_is_told_too() -> None:
    gone = snapshot(memory=memory(), charger=Missing("charger.json", "not written for 99 s"))
    fact = only(facts(gone, settings(**TWC)), About.FAILSAFE)
    assert (fact.patience, bool(fact.end), fact.end_grade) == (timedelta(minutes=15), True, Grade.PROBLEM)
    assert "systemctl status twc_daemon" in fact.text
    assert facts(gone, settings(**TWC, DRY_RUN="on")) == {}  # then it is off, as it should be
    assert facts(gone, settings()) == {}


def test_a_silent_wire_and_an_alarm_whose_figures_change_keep_their_keys() -> None:
    keys = []
    for amps in ("12.3", "13.1"):
        seen = report(charger(alarms=(f"{amps} A flow, 6 A were offered",)))
        found = facts(snapshot(memory=memory(), charger=replace(seen, link="down")), settings(**TWC))
        keys.append(sorted(key for key, fact in found.items() if fact.about is About.FAILSAFE))
    assert keys[0] == keys[1]
    assert len(keys[0]) == 2


def test_the_guard_is_told_of_only_while_it_holds_the_cars_down() -> None:
    held = snapshot(memory=memory(), ceiling=Ceiling(EVENING, 12, "OVERLOAD"))
    assert "12 A" in only(facts(held), About.GUARD).text
    for calm in (Ceiling(EVENING, None, ""), Ceiling(EVENING, 12, "STARTING")):
        assert facts(replace(held, ceiling=calm)) == {}


def test_hours_without_a_cycle_are_told_by_the_first_that_runs_again() -> None:
    seen = snapshot(memory=memory(last_cycle=EVENING - timedelta(hours=6)))
    fact = only(facts(seen), About.GAP)
    assert fact.text.startswith("No cycle ran from 12:10 to 18:10 (6 h): was this computer off, or cron stopped?")
    assert facts(snapshot(memory=memory(last_cycle=EVENING - timedelta(minutes=15)))) == {}


def test_a_source_is_told_after_hours_and_the_slow_ones_after_a_day() -> None:
    waits = {
        name: only(facts(snapshot(memory=memory()), sources=source(name)), About.SOURCE).patience for name in ("meter", "load forecast")
    }
    assert waits == {"meter": timedelta(hours=3), "load forecast": timedelta(hours=24)}


def test_what_a_far_end_said_word_for_word_is_left_out() -> None:
    fact = only(facts(snapshot(memory=memory()), sources=source("meter", why='it answered 500 ("<long page>")')), About.SOURCE)
    assert "long page" not in fact.text


def test_a_source_that_was_not_asked_is_not_taken_for_well() -> None:
    asked: Decision = replace(decide(snapshot(memory=memory()), settings()), sources=source("tesla"))
    assert "source:meter" in unseen(asked)
    assert "source:tesla" not in unseen(asked)


def test_a_login_is_seen_to_work_only_where_what_it_opens_has_answered() -> None:
    notes = ("login:tesla", "login:powerwall", "login:ends", "budget:x")
    quiet = decide(snapshot(memory=memory()), settings())
    for sources, blind in (
        ((), {"login:tesla", "login:powerwall", "login:ends"}),
        (source("tesla"), {"login:tesla", "login:powerwall", "login:ends"}),  # the net is down: it may be dead all the same
        ((SourceState("tesla", ok=True, age_s=0.0, why=""),), {"login:powerwall"}),
    ):
        assert {key for key in unseen(replace(quiet, sources=sources), notes) if not key.startswith("source:")} == blind


@pytest.mark.parametrize(
    ("state", "blind"),
    [
        (reading(charging=Charging.STOPPED), True),  # the tries are too old to be called in vain, and nothing flows all the same
        (reading(charging=Charging.CHARGING, actual_amps=16.0), False),
        (reading(charging=Charging.DISCONNECTED), False),
    ],
)
def test_a_car_is_seen_to_obey_only_where_it_has_what_it_was_asked_for(state: Any, blind: bool) -> None:
    car = plugged(intents=intents(CommandKind.START, Outcome.DONE, 400, 395))
    done = decide(snapshot(view(state), memory=memory(car)), settings())
    key = f"disobeys:{VIN}:charge_start"
    assert key not in {fact.key for fact in standing(done, snapshot(view(state), memory=memory(car)), settings())}
    assert (key in unseen(done, (key,))) is blind


def test_what_an_owner_waits_for_has_an_end_that_is_told_to_those_who_want_all() -> None:
    dead = only(facts(snapshot(memory=memory()), sources=source("tesla", fatal=True)), About.LOGIN)
    soon = only(facts(snapshot(memory=memory()), login=LoginEnds(EVENING, "nobody renews it")), About.LOGIN)
    refused = plugged(intents=intents(CommandKind.START, Outcome.REFUSED, 10))
    in_vain = plugged(intents=intents(CommandKind.START, Outcome.DONE, 15, 10))
    cars = [only(facts(snapshot(memory=memory(car))), About.DISOBEYS) for car in (refused, in_vain)]
    assert [fact.end for fact in (dead, soon, *cars)] == [
        "tesla: its login works again.",
        "The Tesla login was renewed and goes on.",
        "Blue: over. It has what it was asked for, or was unplugged.",
        "Blue: over. It has what it was asked for, or was unplugged.",
    ]
    assert {fact.end_grade for fact in (dead, soon, *cars)} == {Grade.NEWS}


def full(since: datetime = EVENING - timedelta(hours=5), **changes: Any) -> CarMemory:
    car = plugged(**changes)
    assert car.plug is not None
    return replace(car, plug=replace(car.plug, since=since, origin=Origin.OURS))


def test_a_car_that_has_what_it_should_is_told_once_in_a_plug_in() -> None:
    done = view(reading(charging=Charging.COMPLETE, soc=80, energy_added_kwh=21.4))
    fact = only(facts(snapshot(done, memory=memory(full()))), About.COMPLETE)
    assert (fact.text, fact.grade) == ("Blue is charged: 80 %, 21.4 kWh more.", Grade.NEWS)
    later = snapshot(done, memory=memory(full(), last_cycle=EVENING), now=EVENING + timedelta(hours=3))
    assert only(facts(later), About.COMPLETE).key == fact.key
    assert only(facts(snapshot(done, memory=memory(full(EVENING - timedelta(hours=2))))), About.COMPLETE).key != fact.key


@pytest.mark.parametrize(
    ("state", "car"),
    [
        (reading(charging=Charging.COMPLETE, soc=80), plugged()),  # it came home full: nothing was charged
        (reading(charging=Charging.CHARGING, soc=79, actual_amps=10.0), full()),
        (reading(charging=Charging.STOPPED, soc=60), full()),
    ],
)
def test_what_is_no_charge_that_has_ended_is_not_called_one(state: Any, car: CarMemory) -> None:
    assert About.COMPLETE not in {fact.about for fact in facts(snapshot(view(state), memory=memory(car))).values()}


def test_the_limit_is_told_when_we_raise_it_put_it_back_or_the_owner_moves_it() -> None:
    kind = CommandKind.LIMIT
    raised = plugged(intents=intents(kind, Outcome.DONE, 10, why=Code.LIMIT_FOR_NEED, value=90), limit=OwnerLimit(90, 80, 80, 90))
    back = plugged(intents=intents(kind, Outcome.DONE, 10, why=Code.LIMIT_RESTORED, value=80), limit=OwnerLimit(80, 80))
    his = plugged(limit=OwnerLimit(80, 80), reading=reading(at=EVENING - timedelta(hours=1)))
    texts = [
        only(facts(snapshot(view(reading(limit_soc=limit)), memory=memory(car))), About.LIMIT).text
        for car, limit in ((raised, 90), (back, 80), (his, 85))
    ]
    assert texts == [
        "Blue: the limit in the app was raised for a drive and is put back afterwards: 90 %.",
        "Blue: your limit stands again: 80 %.",
        "Blue: you changed the charge limit from 80 % to 85 %: that counts now.",
    ]


def test_every_notice_of_a_bad_day_says_something_that_can_be_done_or_understood() -> None:
    wishes, bad = settings(**TWC), (*source("tesla", fatal=True, why="the login is no longer valid"), *source("meter"))
    seen = snapshot(memory=memory(last_cycle=EVENING - timedelta(hours=6)), charger=Missing("charger.json", "absent"))
    found: Sequence[Fact] = list(facts(seen, wishes, sources=bad).values())
    assert {fact.about for fact in found} == {About.LOGIN, About.FAILSAFE, About.GAP, About.SOURCE}
    assert all(fact.text.endswith((".", "check", "twc_daemon")) for fact in found)
