"""The laws over random houses, owners and faults: one set of lives, drawn once, is judged by each of them.

A failing test names the seed; `random_history(seed)` draws that life again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from cycle.explain import explain
from cycle.record import decision_data
from model import Billed, CarView, Code, Missing
from model_decision import Action, CarDecision, Snapshot
from model_memory import CommandKind, Intent, Origin, Outcome
from planners.case import make_case
from planners.power import permitted
from tests.house_builders import SECRETS
from tests.house_lives import History, Step, histories

AHEAD = timedelta(hours=12)
LIMITS = {code for code in Code if code.startswith("LIMIT_")} | {Code.BELOW_MINIMUM}


def cycles() -> Iterator[tuple[History, Step]]:
    for history in histories():
        for step in history.steps:
            yield history, step


def decisions() -> Iterator[tuple[History, Step, CarDecision]]:
    for history, step in cycles():
        for car in step.cycle.decision.cars:
            yield history, step, car


def where(history: History, step: Step) -> str:
    return f"{history} at {step.now.isoformat()}"


def view_of(step: Step, vin: str) -> CarView:
    return next(view for view in step.cycle.snapshot.cars if view.vin == vin)


def read_at(step: Step, vin: str) -> object:
    reading = view_of(step, vin).reading
    return None if isinstance(reading, Missing) else reading.at


def test_the_lives_are_worth_judging() -> None:
    """Without charges, commands and faults of each kind the laws below would hold for nothing."""
    sent = Counter(one.kind for _, step in cycles() for one in step.cycle.decision.sent)
    outcomes = Counter(one.outcome for _, step in cycles() for one in step.cycle.decision.sent)
    origins = Counter(car.origin for _, _, car in decisions())
    assert min(sent[kind] for kind in CommandKind if kind is not CommandKind.REMOVE_SCHEDULE) >= 3  # settings never change in a life
    assert min(outcomes[outcome] for outcome in Outcome if outcome is not Outcome.ALREADY) >= 3
    assert min(origins[origin] for origin in Origin) >= 1
    assert any(
        step.cycle.snapshot.cars == () or isinstance(view.status, Missing) for _, step in cycles() for view in step.cycle.snapshot.cars
    )


def test_law_2_no_car_is_given_more_than_is_permitted_for_it() -> None:
    for history, step, car in decisions():
        snapshot = step.cycle.snapshot
        case = make_case(_learned(step), history.settings, view_of(step, car.vin))
        most, _ = permitted(case)
        assert car.amps <= most or car.action is not Action.CHARGE, where(history, step)
        asked = [command.value or 0 for command in car.commands if command.kind is CommandKind.AMPS]
        assert all(amps <= most for amps in asked), where(history, step)
        assert snapshot.now == step.now


def test_law_2_all_cars_together_get_at_most_what_circuit_main_breaker_and_guard_allow() -> None:
    for history, step in cycles():
        guard = step.cycle.snapshot.ceiling
        caps = [history.settings.circuit_amps, history.settings.main_amps, None if isinstance(guard, Missing) else guard.amps]
        total = sum(car.amps for car in step.cycle.decision.cars if car.action is Action.CHARGE)
        assert all(cap is None or total <= cap for cap in caps), where(history, step)


def test_law_3_a_target_promises_at_most_what_is_permitted_in_order_and_for_twelve_hours() -> None:
    for history, step in cycles():
        site = history.settings.circuit_amps
        for entry in step.cycle.decision.target.chargers:
            ends = [one.until for one in entry.steps]
            assert ends == sorted(set(ends)), where(history, step)
            assert all(step.now < end <= step.now + AHEAD for end in ends), where(history, step)
            assert all(0 <= one.amps <= (site or 80) for one in entry.steps), where(history, step)


def test_law_5_a_charge_judged_hand_is_stopped_only_by_the_owners_word_or_a_limit() -> None:
    for history, step, car in decisions():
        plug = memory.plug if (memory := step.cycle.decision.memory.car(car.vin)) else None
        if plug is None or plug.origin is not Origin.HAND or plug.charging_since is None:
            continue
        stopped = [one for one in step.cycle.decision.sent if one.vin == car.vin and one.kind is CommandKind.STOP]
        assert not stopped or car.reasons[0].code in LIMITS | {Code.OWNER_STOP}, where(history, step)


def test_law_6_after_an_unknown_outcome_nothing_is_sent_before_a_newer_reading() -> None:
    for history, step in cycles():
        for car in step.before.cars:
            last = unanswered(car.intents)
            if last is None or (seen := read_at(step, car.vin)) is None or seen > last.at:  # type: ignore[operator]
                continue
            urgent = {command.kind for one in step.cycle.decision.cars for command in one.commands if command.urgent and one.vin == car.vin}
            again = [call.name for call in step.calls if call.vin == car.vin and call.kind is Billed.COMMAND and call.name not in urgent]
            assert not again, f"{where(history, step)}: {again} after {last}"


def unanswered(intents: tuple[Intent, ...]) -> Intent | None:
    found = [one for one in intents if one.outcome in (Outcome.UNKNOWN, None) and one.kind is not CommandKind.WAKE]
    return found[-1] if found else None


def test_law_7_teslas_own_count_of_the_bill_never_passes_the_budget() -> None:
    for history, step in cycles():
        assert step.dollars <= history.settings.tesla_budget_dollars + 1e-9, where(history, step)


def test_law_8_no_command_ever_reaches_a_car_that_is_not_at_home() -> None:
    for history, step in cycles():
        for call in step.calls:
            if call.kind is Billed.COMMAND:
                assert step.truth[call.vin].stands_at_home, f"{where(history, step)}: {call.name}"


def test_law_8_no_car_is_woken_that_is_away_unless_it_left_while_tesla_was_silent() -> None:
    """Asleep again within an outage: then nobody could know, and a car at home that is not woken would stand empty in the morning."""
    for history in histories():
        for index, step in enumerate(history.steps):
            for call in step.calls:
                if call.kind is Billed.WAKE and not silence(history, index, call.vin):
                    assert step.truth[call.vin].stands_at_home, where(history, step)


def silence(history: History, index: int, vin: str) -> bool:
    """Did the list or a paid reading fail since the newest reading?"""
    seen = read_at(history.steps[index], vin)
    since = [step for step in history.steps[: index + 1] if seen is not None and step.now > seen]  # type: ignore[operator]
    return any(not source.ok for step in since for source in step.cycle.decision.sources if source.name in ("tesla", "car reading"))


def test_no_charge_of_ours_is_taken_for_the_owners() -> None:
    """A charge that our start really began, or that began by itself at the plug, is never judged HAND."""
    for history in histories():
        for vin in history.world.cars:
            for last, step in beginnings(history, vin):
                memory = step.cycle.decision.memory.car(vin)
                if memory is None or memory.plug is None or memory.plug.origin is not Origin.HAND:
                    continue
                since = last.now - timedelta(minutes=16)
                events = [event for event in history.world.events if event.who == vin and since <= event.at <= step.now]
                acts = {event.what.split()[0] for event in events}
                assert acts & {"start", "slider", "schedule", "climate"}, f"{where(history, step)}: {acts}"


def beginnings(history: History, vin: str) -> Iterator[tuple[Step, Step]]:
    """(newest cycle that read the car before, cycle of the first charging reading) for each charge that was seen to begin."""
    before = history.steps[0]
    for step in history.steps:
        memory = step.cycle.decision.memory.car(vin)
        if memory and memory.plug and memory.plug.charging_since == step.now:
            yield before, step
        if memory and memory.reading and memory.reading.at == step.now:
            before = step


def test_law_12_no_secret_is_in_anything_that_people_or_files_see() -> None:
    for history, step in cycles():
        cycle, settings = step.cycle, history.settings
        texts = [json.dumps(decision_data(cycle.decision, cycle.snapshot, settings)), repr(step.after), *cycle.problems]
        texts += [explain(cycle.decision, cycle.snapshot, settings, cycle.problems), repr(cycle.decision), repr(settings)]
        assert not [secret for secret in SECRETS for text in texts if secret in text], where(history, step)


def _learned(step: Step) -> Snapshot:
    snapshot, memory = step.cycle.snapshot, step.cycle.decision.memory
    home = memory.home if isinstance(snapshot.home, Missing) and memory.home is not None else snapshot.home
    return replace(snapshot, memory=memory, home=home)
