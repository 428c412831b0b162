"""Our safety schedule in the car: when it starts, when it is written, moved and taken away, and what the owner's own one does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from config import Settings
from model import ALL_DAYS, OUR_SCHEDULE_ID, CarSchedule, Ceiling, Charging, Code, Override, Overrides, Reason, Word
from model_decision import Action, Budget, Snapshot
from model_memory import Cause, CommandKind, Intent, Origin, Outcome, Plug
from planners.car_schedule import owners, respected, schedule_commands, wanted_schedule
from planners.observe import observe
from planners.plugin import origin_of
from planners.wish import alone, charge, wait
from tests.builders import EVENING, HOME, NONE, VIN, at, case, decided, plugged, reading, remembering, settings, snapshot, view

GO = charge(48, Reason(Code.PLAN_SLOT, "cheap"))
NO = wait(Reason(Code.WAIT, "waits"))
ON = {"CAR_SAFETY_SCHEDULE": "on"}
FLOWS: dict[str, Any] = {"charging": Charging.CHARGING, "actual_amps": 48.0, "volts": 240.0}
WORD = Overrides((Override(VIN, Word.CHARGE_NOW, None, None, EVENING),))
OTHER = CarSchedule(7, ALL_DAYS, 150, None, HOME.lat, HOME.lon)


def ours(start: int = 165, **changes: Any) -> CarSchedule:
    return replace(CarSchedule(OUR_SCHEDULE_ID, ALL_DAYS, start, None, HOME.lat, HOME.lon), **changes)


def seen(car: dict[str, Any] | None = None, **memory: Any) -> Snapshot:
    return snapshot(view(reading(**(car or {}))), memory=remembering(plugged(**memory)))


def due(here: Snapshot, options: Settings | None = None, wish: Any = GO) -> list[tuple[CommandKind, int | None]]:
    return [(one.kind, one.value) for one in schedule_commands(case(here, options or settings(**ON)), wish)]


def test_it_starts_at_the_latest_safe_start_of_a_full_need_before_the_earliest_departure_of_the_week() -> None:
    """MIN_SOC 20 to the limit of 80: 50 kWh at the wall, at 48 A x 240 V / 1.15 it takes 5 h, and half an hour in hand: 02:00."""
    wanted = wanted_schedule(case(seen(), settings(**ON, DEPARTURE_TIME="mon-fri 07:30, sat-sun 10:00")))
    assert wanted == ours(120)
    assert wanted_schedule(case(seen(), settings(**ON, DEPARTURE_TIME="07:30", CHARGER_MAX_AMPS="16"))) == ours(16 * 60)  # 15.0 h + 0.5


def test_a_need_of_days_starts_when_the_car_comes_home() -> None:
    slow = settings(**ON, DEPARTURE_TIME="07:30", CHARGER_MAX_AMPS="6")
    assert wanted_schedule(case(seen(), slow)) == ours(13 * 60 + 30)


@pytest.mark.parametrize(
    "option",
    [{"CAR_SAFETY_SCHEDULE": "off"}, {"DEPARTURE_TIME": "none"}, {"STRATEGY": "now"}, {"AUTOSTART": "leave"}],
)
def test_there_is_none_where_it_would_hold_a_car_that_must_not_be_held(option: dict[str, str]) -> None:
    options = settings(**(ON | option))
    assert wanted_schedule(case(seen(), options)) is None
    assert due(seen(FLOWS), options) == []


@pytest.mark.parametrize("state", [FLOWS, {"charging": Charging.COMPLETE}, {"charging": Charging.DISCONNECTED}])
def test_it_is_written_while_the_car_charges_is_complete_or_unplugged(state: dict[str, Any]) -> None:
    found = list(schedule_commands(case(seen(state), settings(**ON)), NO))
    assert [(one.kind, one.value, one.schedule) for one in found] == [(CommandKind.ADD_SCHEDULE, 120, ours(120))]


@pytest.mark.parametrize("state", [{}, {"charging": Charging.STARTING}, {"charging": Charging.NO_POWER}, {"charging": NONE}])
def test_it_is_never_written_or_taken_away_while_a_car_waits_on_the_plug(state: dict[str, Any]) -> None:
    assert due(seen(state)) == []
    assert due(seen(state, schedule=ours()), settings(CAR_SAFETY_SCHEDULE="off")) == []


def test_it_is_not_written_on_an_aged_reading_nor_while_the_owner_wants_the_car_left_alone() -> None:
    old = {**FLOWS, "at": EVENING - timedelta(minutes=5)}
    assert due(seen(old, reading=reading(**old))) == []
    for code in (Code.HANDS_OFF, Code.HAND_CHARGE, Code.LEFT_ALONE):
        assert due(seen(FLOWS), wish=alone(Reason(code, "his"))) == []


def sent(state: dict[str, Any], **changes: Any) -> tuple[Action, list[CommandKind]]:
    """What a car that charges since five minutes is told."""
    since = EVENING - timedelta(minutes=5)
    plug = Plug(since, known_from_start=True, charging_since=since, origin=Origin.PLUG_IN)
    whole = decided(replace(seen(state, plug=plug), **changes), **ON).cars[0]
    return whole.action, [one.kind for one in whole.commands]


def test_it_is_written_before_a_stop_for_a_stopped_car_cannot_be_given_the_net() -> None:
    both = [CommandKind.ADD_SCHEDULE, CommandKind.STOP]
    assert sent({**FLOWS, "soc": 50}) == (Action.STOP, both)


def test_a_breaker_does_not_wait_for_it_and_the_last_cents_are_for_the_stop() -> None:
    over = Ceiling(EVENING, 0, "OVERLOAD")
    assert sent({**FLOWS, "soc": 50}, ceiling=over, overrides=WORD) == (Action.STOP, [CommandKind.STOP])
    assert sent({**FLOWS, "soc": 50}, budget=Budget(7.1, 9.0, 0.0015, 1.9)) == (Action.STOP, [CommandKind.STOP])


def test_it_is_not_written_together_with_a_command_that_starts_the_car_or_changes_its_amps() -> None:
    over = Ceiling(EVENING, 20, "OVERLOAD")
    assert sent(FLOWS, ceiling=over, overrides=WORD) == (Action.CHARGE, [CommandKind.AMPS])


@pytest.mark.parametrize(
    ("start", "moves"), [(120, False), (135, False), (150, False), (151, True), (90, False), (75, True), (23 * 60 + 45, True)]
)
def test_it_is_moved_only_by_more_than_half_an_hour(start: int, moves: bool) -> None:
    assert (due(seen(FLOWS, schedule=ours(start))) == [(CommandKind.ADD_SCHEDULE, 120)]) == moves


@pytest.mark.parametrize(
    ("outcome", "hours", "again"),
    [
        (Outcome.DONE, 23, False),
        (Outcome.REFUSED, 23, False),
        (Outcome.REFUSED, 24, True),
        (Outcome.UNREACHABLE, 0.5, False),
        (Outcome.UNREACHABLE, 1, True),
        (Outcome.NOT_SENT, 0.1, True),
    ],
)
def test_a_try_that_failed_is_repeated_once_a_day_or_after_an_hour_where_the_car_was_not_reached(
    outcome: Outcome, hours: float, again: bool
) -> None:
    tried = Intent(CommandKind.ADD_SCHEDULE, 120, "SAFETY_SCHEDULE", EVENING - timedelta(hours=hours), 0.001, outcome)
    assert bool(due(seen(FLOWS, intents=(tried,), reading=reading(at=EVENING - timedelta(minutes=1))))) == again


def test_it_is_taken_away_when_the_owner_switches_it_off() -> None:
    off = settings(CAR_SAFETY_SCHEDULE="off")
    assert due(seen(FLOWS, schedule=ours()), off) == [(CommandKind.REMOVE_SCHEDULE, OUR_SCHEDULE_ID)]
    assert due(seen(FLOWS), off) == []


def test_the_owners_own_schedules_are_never_touched() -> None:
    here = seen({**FLOWS, "schedules": (OTHER, ours(120))}, schedule=ours(120))
    assert due(here) == []
    assert due(here, settings(CAR_SAFETY_SCHEDULE="off")) == [(CommandKind.REMOVE_SCHEDULE, OUR_SCHEDULE_ID)]


@pytest.mark.parametrize("left", [(), (ours(300),), (ours(enabled=False),)])
def test_ours_that_he_removed_moved_or_switched_off_in_the_app_stays_so_for_a_week(left: tuple[CarSchedule, ...]) -> None:
    before = reading(at=EVENING - timedelta(hours=1), schedules=(ours(165),), **FLOWS)
    here = seen({**FLOWS, "schedules": left}, schedule=ours(165), reading=before)
    assert due(here) == []
    car = observe(here, settings(**ON)).car(VIN)
    assert car is not None
    assert car.schedule_touched_at == EVENING
    assert car.schedule == (left[0] if left else None)
    later = replace(car, schedule_touched_at=EVENING - timedelta(days=7), reading=None)
    assert due(snapshot(view(reading(**FLOWS, schedules=left)), memory=remembering(later))) == [(CommandKind.ADD_SCHEDULE, 120)]


def test_a_schedule_whose_answer_was_lost_is_not_taken_for_the_owners_change() -> None:
    tried = Intent(CommandKind.ADD_SCHEDULE, 165, "SAFETY_SCHEDULE", EVENING - timedelta(minutes=30), 0.001, Outcome.UNKNOWN)
    before = reading(at=EVENING - timedelta(hours=1), schedules=(), **FLOWS)
    here = seen({**FLOWS, "schedules": ()}, schedule=ours(165), reading=before, intents=(tried,))
    car = observe(here, settings(**ON)).car(VIN)
    assert car is not None
    assert (car.schedule, car.schedule_touched_at) == (None, None)


# ---- whose charge is it that a schedule began?


@pytest.mark.parametrize(
    ("schedule", "slept", "whose"),
    [
        (ours(165), None, Origin.OURS),
        (None, None, Origin.HAND),
        (ours(600), None, Origin.HAND),
        (ours(165, enabled=False), None, Origin.HAND),
        (ours(165), "2026-12-09 02:40", Origin.OURS),
        (ours(165), "2026-12-09 05:00", Origin.HAND),  # it slept on: what began at six was not the schedule
    ],
)
def test_a_charge_that_our_schedule_began_is_ours(schedule: CarSchedule | None, slept: str | None, whose: Origin) -> None:
    night = reading(at=at("2026-12-08 23:00"))
    memory = plugged(hours=8, now=night.at, reading=night, schedule=schedule, slept_at=at(slept) if slept else None)
    now = at("2026-12-09 06:00") if slept else at("2026-12-09 02:50")
    here = snapshot(view(reading(**FLOWS, at=now)), now=now, memory=remembering(memory))
    assert case(here, settings(**ON)).memory.plug is not None
    assert (observe(here, settings(**ON)).car(VIN) or memory).plug.origin is whose  # type: ignore[union-attr]


def test_the_clocks_of_car_and_pi_may_differ_by_some_minutes() -> None:
    """The car begins at what it calls 02:45; here it is 02:40."""
    night = reading(at=at("2026-12-08 23:00"))
    memory = plugged(hours=8, now=night.at, reading=night, schedule=ours(165))
    here = snapshot(view(reading(**FLOWS, at=at("2026-12-09 02:40"))), now=at("2026-12-09 02:40"), memory=remembering(memory))
    car = observe(here, settings(**ON)).car(VIN)
    assert car is not None
    assert car.plug is not None
    assert car.plug.origin is Origin.OURS
    assert origin_of(car.plug, replace(car, marks=()), reading(**FLOWS, at=here.now)) is Origin.HAND


def test_a_time_that_the_car_names_is_the_owners_unless_it_is_ours() -> None:
    for schedule, cause in ((None, Cause.CAR_SCHEDULE), (ours(165), Cause.OUR_SCHEDULE)):
        night = reading(at=at("2026-12-08 23:00"), schedule_pending=True, schedule_at=at("2026-12-09 02:45"))
        memory = plugged(hours=8, now=night.at, reading=night, schedule=schedule)
        now = at("2026-12-09 02:50")
        car = observe(snapshot(view(reading(**FLOWS, at=now)), now=now, memory=remembering(memory)), settings(**ON)).car(VIN)
        assert car is not None
        assert {mark.cause for mark in car.marks} == {cause}


# ---- the owner's own schedule


def pending(**memory: Any) -> Snapshot:
    car = {"schedule_pending": True, "schedule_at": at("2026-12-09 02:30"), "schedules": (OTHER,)}
    return seen(car, **memory)


def test_a_car_that_waits_for_his_schedule_is_not_started_before_it_where_he_wants_it_respected() -> None:
    held = respected(case(pending(), settings(CAR_SCHEDULE="respect")))
    assert held is not None
    assert (held.action, held.until, held.reasons[0].code) == (Action.WAIT, at("2026-12-09 02:30"), Code.CAR_SCHEDULE)
    assert respected(case(pending(), settings())) is None
    ours_only = seen({"schedule_pending": True, "schedule_at": at("2026-12-09 02:45"), "schedules": (ours(165),)})
    assert respected(case(ours_only, settings(CAR_SCHEDULE="respect"))) is None


@pytest.mark.parametrize(
    ("option", "overrode", "stopped"), [("override", False, True), ("override", True, False), ("respect", False, False)]
)
def test_a_start_of_his_schedule_outside_the_plan_is_stopped_once_per_plug_in(option: str, overrode: bool, stopped: bool) -> None:
    memory = plugged()
    assert memory.plug is not None
    plug = replace(memory.plug, charging_since=EVENING - timedelta(minutes=5), origin=Origin.CAR, overrode=overrode)
    here = seen(FLOWS, plug=plug)
    found = decided(here, CAR_SCHEDULE=option).cars[0]
    assert ([one.kind for one in found.commands] == [CommandKind.STOP]) == stopped
    assert stopped or found.reasons[0].code is Code.CAR_SCHEDULE


def test_his_schedule_is_told_by_the_list_of_schedules_or_by_the_time_that_the_car_names() -> None:
    zone = settings()
    far = replace(OTHER, lat=HOME.lat + 1)
    assert owners(reading(schedules=(OTHER, ours())), plugged(), zone) == "02:30"
    assert owners(reading(schedules=(far, ours(), replace(OTHER, enabled=False))), plugged(), zone) == ""
    named = reading(schedule_pending=True, schedule_at=at("2026-12-09 02:45"))
    assert owners(named, plugged(), zone) == "02:45"
    assert owners(named, plugged(schedule=ours(165)), zone) == ""
