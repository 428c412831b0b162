"""Law 2 over random wishes, and law 4: what only looks sends nothing and promises nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from config import Strategy
from cycle.one import look_and_decide
from model import Billed, Code, Missing, Reason
from model_decision import Action, Snapshot
from planners.case import Case, make_case
from planners.limits import limits
from planners.power import permitted
from planners.wish import Wish
from simulator.memory_house import MemoryHouse, MemoryJournal
from tests.house_builders import START, busy_life, random_settings, random_world
from tests.house_lives import History, Step, histories, live

LOWERED = (Action.CHARGE, Action.WAIT)


def random_wish(rng: Random) -> Wish:
    action = rng.choice((Action.CHARGE, Action.CHARGE, Action.CHARGE, Action.WAIT, Action.NONE))
    amps = rng.randrange(0, 100) if action is Action.CHARGE else 0
    return Wish(action, amps, (Reason(Code.PLAN_SLOT, "a wish"),), None, firm=rng.random() < 0.5, sun=rng.random() < 0.5)


def cases_of(step: Step, history: History) -> tuple[Snapshot, list[Case]]:
    snapshot, memory = step.cycle.snapshot, step.cycle.decision.memory
    home = memory.home if isinstance(snapshot.home, Missing) and memory.home is not None else snapshot.home
    snapshot = replace(snapshot, memory=memory, home=home)
    return snapshot, [make_case(snapshot, history.settings, view) for view in snapshot.cars]


def test_law_2_a_limit_never_raises_and_never_begins_anything_whatever_was_wished() -> None:
    rng = Random(2)
    judged = lowered = 0
    for history in histories():
        for step in history.steps[::3]:
            snapshot, cases = cases_of(step, history)
            wishes = [random_wish(rng) for _ in cases]
            for case, before, after in zip(cases, wishes, limits(cases, wishes, snapshot, history.settings), strict=True):
                where = f"{history} at {step.now}: {before} became {after}"
                assert after.amps <= before.amps, where
                assert after.action is before.action or (before.action, after.action) == LOWERED, where
                assert after.action is not Action.CHARGE or after.amps <= permitted(case)[0], where
                assert after.amps in (0, before.amps) or after.amps >= case.min_amps, where
                assert after == before or len(after.reasons) > len(before.reasons), where
                judged, lowered = judged + 1, lowered + (after != before)
    assert judged > 500
    assert lowered > 100


def test_law_2_all_wishes_together_fit_the_circuit_and_the_guard() -> None:
    rng = Random(3)
    for history in histories():
        for step in history.steps[::3]:
            snapshot, cases = cases_of(step, history)
            after = limits(cases, [random_wish(rng) for _ in cases], snapshot, history.settings)
            guard = None if isinstance(snapshot.ceiling, Missing) else snapshot.ceiling.amps
            caps = [cap for cap in (history.settings.circuit_amps, history.settings.main_amps, guard) if cap is not None]
            assert sum(wish.amps for wish in after) <= min(caps, default=1000), f"{history} at {step.now}"


def sent(house: MemoryHouse) -> list[str]:
    return [call.name for call in house.world.account.calls if call.kind in (Billed.COMMAND, Billed.WAKE)]


def test_law_4_a_dry_run_sends_nothing_and_offers_nothing_however_much_is_due() -> None:
    due = 0
    for seed in (300, 301):
        rng = Random(seed)
        world = random_world(rng)
        house = MemoryHouse(world, random_settings(rng, world, dry_run=True, tesla_budget_dollars=9.0, strategy=Strategy.OPTIMAL))
        for vin in world.cars:
            world.follow(busy_life(rng, START, 1, vin))
        history, journal = History(seed, world, house), MemoryJournal()
        live(history, journal, START + timedelta(days=1))
        due += sum(len(car.commands) for step in history.steps for car in step.cycle.decision.cars)
        assert not sent(house), history
        assert journal.offered is None
    assert due > 10


def test_law_4_once_sends_nothing_and_leaves_the_memory_alone() -> None:
    """`once` before each cycle of a day: it decides what the cycle is about to do, and does nothing of it."""
    due: list[int] = []
    for seed in (310, 311):
        rng = Random(seed)
        world = random_world(rng)
        house = MemoryHouse(world, random_settings(rng, world, tesla_budget_dollars=9.0, strategy=Strategy.OPTIMAL))
        for vin in world.cars:
            world.follow(busy_life(rng, START, 1, vin))
        journal = MemoryJournal()

        def once(now: datetime, house: MemoryHouse = house, journal: MemoryJournal = journal) -> None:
            before, calls = journal.memory, len(sent(house))
            _, decision = look_and_decide(house, journal.memory, house.settings, now)
            due.append(sum(len(car.commands) for car in decision.cars))
            assert len(sent(house)) == calls, now
            assert journal.memory is before

        live(History(seed, world, house), journal, START + timedelta(days=1), once)
    assert sum(due) > 5
