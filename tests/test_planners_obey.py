"""Did the car do what it said yes to? One more try, then a pause, and the owner is told in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from model import CarReading, Ceiling, Charging, Code, Override, Overrides, Reason, Word
from model_decision import Path, Snapshot
from model_memory import CarMemory, CommandKind, Intent, Origin, Outcome, Plug
from planners.commands import commands
from planners.need import needs
from planners.obey import disobedience, in_vain, rests
from planners.observe import observe
from planners.plan import CarPlan, full_power
from planners.wish import charge
from tests.builders import EVENING, VIN, at, case, charger, decided, plugged, reading, remembering, report, settings, snapshot, view, wall

GO = charge(32, Reason(Code.PLAN_SLOT, "cheap"))
FLOWS: dict[str, Any] = {"charging": Charging.CHARGING, "actual_amps": 16.0, "volts": 240.0}


def asked(kind: CommandKind, *minutes: float, value: int | None = None, outcome: Outcome = Outcome.DONE) -> tuple[Intent, ...]:
    """Commands so many minutes ago."""
    return tuple(Intent(kind, value, "PLAN_SLOT", EVENING - timedelta(minutes=ago), 0.001, outcome) for ago in minutes)


def seen(car: dict[str, Any] | None = None, **memory: Any) -> Snapshot:
    now = reading(**(car or {}))
    before = reading(**((car or {}) | {"at": EVENING - timedelta(minutes=4)}))
    return snapshot(view(now), memory=remembering(plugged(**({"reading": before} | memory))))


def starts(*minutes: float, **more: Any) -> Snapshot:
    return seen(more.pop("car", None), intents=asked(CommandKind.START, *minutes), **more)


# ---- stops


def stops(*minutes: float, outcome: Outcome = Outcome.REFUSED, **more: Any) -> Snapshot:
    plug = Plug(EVENING - timedelta(hours=1), known_from_start=True, charging_since=EVENING - timedelta(hours=1), origin=Origin.PLUG_IN)
    return seen(more.pop("car", FLOWS), intents=asked(CommandKind.STOP, *minutes, outcome=outcome), plug=plug, **more)


def test_a_stop_that_is_refused_twice_is_asked_for_every_half_hour_only() -> None:
    for minutes, sent in (((5,), True), ((10, 5), False), ((40, 30), True)):
        found = decided(stops(*minutes)).cars[0]
        assert [one.kind for one in found.commands] == ([CommandKind.STOP] if sent else [])
        assert [one.code for one in found.reasons].count(Code.CAR_DOES_NOT_OBEY) == (len(minutes) == 2)


def test_a_breaker_does_not_wait_between_two_stops_that_are_refused() -> None:
    now = Override(VIN, Word.CHARGE_NOW, None, None, EVENING)
    here = replace(stops(10, 5), ceiling=Ceiling(EVENING, 0, "OVERLOAD"), overrides=Overrides((now,)))
    assert [one.kind for one in decided(here).cars[0].commands] == [CommandKind.STOP]


def test_only_a_refused_stop_is_one_in_vain() -> None:
    assert in_vain(case(stops(10, 5, outcome=Outcome.DONE)), CommandKind.STOP) == ()
    assert in_vain(case(stops(10, 5, car={"charging": Charging.STOPPED})), CommandKind.STOP) == ()


# ---- starts


def test_a_start_is_verified_by_current_in_the_car_at_the_connector_or_at_the_gen_3() -> None:
    flowed = EVENING - timedelta(minutes=3)
    assert len(in_vain(case(starts(10, 5)), CommandKind.START)) == 2
    assert in_vain(case(starts(10, 5, flowed_at=flowed)), CommandKind.START) == ()
    assert in_vain(case(starts(10, 5, car=FLOWS)), CommandKind.START) == ()
    for sensor in ({"wall": wall(amps=30.0)}, {"charger": report(charger(actual_amps=30.0))}):
        found = observe(snapshot(view(reading(at=EVENING - timedelta(hours=1))), memory=remembering(), **sensor), settings()).car(VIN)
        assert found is not None
        assert found.flowed_at == EVENING


def test_a_start_that_no_reading_has_judged_yet_is_not_in_vain() -> None:
    assert in_vain(case(starts(0)), CommandKind.START) == ()


def test_after_one_start_in_vain_there_is_one_more_and_then_a_pause() -> None:
    assert not rests(case(starts(5)), CommandKind.START)
    assert rests(case(starts(10, 5)), CommandKind.START)
    assert not rests(case(starts(40, 30)), CommandKind.START)
    assert rests(case(starts(20, 9)), CommandKind.START, hurry=True)
    assert not rests(case(starts(20, 10)), CommandKind.START, hurry=True)


@pytest.mark.parametrize(("outcome", "counts"), [(Outcome.REFUSED, True), (Outcome.UNREACHABLE, False), (Outcome.UNKNOWN, False)])
def test_a_refusal_counts_and_what_did_not_arrive_does_not(outcome: Outcome, counts: bool) -> None:
    here = seen(intents=asked(CommandKind.START, 10, 5, outcome=outcome))
    assert rests(case(here), CommandKind.START) == counts


def test_the_owner_is_told_once_how_many_hours_are_left_before_his_departure() -> None:
    first, later = (case(starts(*minutes)) for minutes in ((10, 5), (10, 5, 0)))
    told = [disobedience(one, needs(one)) for one in (first, later)]
    assert told[0] is not None
    assert told[0].code is Code.CAR_DOES_NOT_OBEY
    assert "asked 2 times to start, but no current flows, 13 h before Wed 07:30" in told[0].text
    assert told[1] is not None
    assert told[0].text == told[1].text  # or cron would mail it every half hour
    assert disobedience(case(starts(5)), ()) is None


def test_it_is_in_the_decision_so_that_page_mail_and_terminal_say_it() -> None:
    codes = {reason.code for reason in decided(starts(10, 5)).cars[0].reasons}
    assert Code.CAR_DOES_NOT_OBEY in codes


# ---- amps


def low(*minutes: float, was: int = 16, value: int = 32, **more: Any) -> Snapshot:
    """The car asks for 16 A, as before our requests for 32."""
    intents = asked(CommandKind.AMPS, *minutes, value=value)
    before = reading(**FLOWS, request_amps=was, at=EVENING - timedelta(minutes=20))
    return seen({**FLOWS, "request_amps": 16}, intents=intents, amps_set=value, **({"reading": before} | more))


def due(here: Snapshot, amps: int = 32) -> list[tuple[CommandKind, int | None]]:
    wish = charge(amps, GO.reasons[0])
    return [(one.kind, one.value) for one in commands(case(here), wish, CarPlan(), ()).commands]


def test_a_car_at_its_most_is_no_car_that_does_not_obey() -> None:
    stands = low(20, 5, value=48)
    there = stands.cars[0].reading
    assert isinstance(there, CarReading)
    small = replace(there, request_amps=32, request_max_amps=32)
    assert disobedience(case(stands), ()) is not None
    assert disobedience(case(replace(stands, cars=(replace(stands.cars[0], reading=small),))), ()) is None


def test_amps_of_ours_that_were_not_carried_out_are_no_cap_of_the_owners() -> None:
    """16 A were ours, 32 A were asked for and confirmed, and 16 still stand: nobody has touched them."""
    here = case(low(5))
    assert here.plug is not None
    assert here.plug.amps_cap is None
    assert due(low(5)) == [(CommandKind.AMPS, 32)]


def test_amps_that_the_owner_set_since_are_a_cap() -> None:
    here = case(low(5, was=32))
    assert here.plug is not None
    assert here.plug.amps_cap == 16


def test_a_cap_that_stood_before_our_request_still_stands() -> None:
    memory = plugged()
    assert memory.plug is not None
    capped = case(low(5, value=8, plug=replace(memory.plug, amps_cap=16)))
    assert capped.plug is not None
    assert capped.plug.amps_cap == 16


def test_after_two_tries_the_plan_counts_on_the_amps_that_really_stand_for_half_an_hour() -> None:
    assert full_power(case(low(5))) == 48
    assert full_power(case(low(15, 5))) == 16
    assert due(low(15, 5), 16) == []
    told = disobedience(case(low(15, 5)), ())
    assert told is not None
    assert "set 32 A" in told.text
    assert full_power(case(low(45, 35, reading=reading(**FLOWS, request_amps=16, at=EVENING - timedelta(minutes=50))))) == 48


def test_a_limit_is_asked_for_again_all_the_same() -> None:
    here = low(15, 5, value=8)
    wish = charge(8, Reason(Code.LIMIT_CEILING, "the guard allows 8 A"))
    assert [(one.kind, one.urgent) for one in commands(case(here), wish, CarPlan(), ()).commands] == [(CommandKind.AMPS, True)]


# ---- the other path


def wired(actual: float, memory: CarMemory) -> Snapshot:
    return snapshot(
        view(reading(**{**FLOWS, "actual_amps": actual})),
        memory=remembering(memory),
        charger=report(charger(offered_amps=20, actual_amps=actual)),
    )


@pytest.mark.parametrize(("before", "actual", "told"), [(20, 32.0, False), (20, 21.5, False), (6, 32.0, False)])
def test_a_car_that_draws_too_much_is_given_a_cycle_before_it_is_told_itself(before: int, actual: float, told: bool) -> None:
    here = case(wired(actual, plugged(offered_amps=before)))
    assert here.path is Path.TWC
    asks = [one.kind for one in commands(here, charge(20, GO.reasons[0]), CarPlan(), ()).commands]
    assert (CommandKind.AMPS in asks) == told


def test_a_car_that_draws_more_than_the_wire_offers_for_a_cycle_is_told_over_the_api() -> None:
    memory = plugged(offered_amps=20, overdrawn_since=at("2026-12-08 18:05"))
    asks = commands(case(wired(32.0, memory)), charge(20, GO.reasons[0]), CarPlan(), ()).commands
    assert [(one.kind, one.value, one.why.code) for one in asks] == [(CommandKind.AMPS, 20, Code.CAR_DOES_NOT_OBEY)]
    assert commands(case(wired(20.5, memory)), charge(20, GO.reasons[0]), CarPlan(), ()).commands == ()
