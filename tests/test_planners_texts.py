"""What the owner reads: times, money, the one sentence, and what happens without us."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cycle.explain import explain
from model import Charging, Code, Override, Overrides, Trip, Word
from model_decision import CarDecision, Decision
from model_memory import OwnerLimit
from planners.texts import age, clock, due, money
from tests.builders import (
    EVENING,
    NONE,
    VIN_2,
    ZONE,
    at,
    charger,
    decided,
    plugged,
    reading,
    remembering,
    report,
    series,
    settings,
    snapshot,
    view,
)


def test_a_time_is_told_with_its_day_when_that_is_not_today() -> None:
    assert clock(at("2026-12-08 23:00"), EVENING, ZONE) == "23:00"
    assert clock(at("2026-12-09 07:30"), EVENING, ZONE) == "Wed 07:30"
    assert clock(at("2026-12-09 00:00"), EVENING, ZONE) == "Wed 00:00"


def test_what_is_due_later_says_that_it_holds_what_is_due_before() -> None:
    assert [due(kwh, at) for at, kwh in enumerate((29.2, 42.6))] == ["29.2 kWh", "42.6 kWh in total by then"]
    decision = decided(READY_SOC="60", TARGET_SOC="80", DEPARTURE_TIME="mon-sun 07:30")
    told = explain(decision, snapshot(), settings())
    assert len(decision.cars[0].needs) == 2
    assert [f"({due(need.kwh, at)}): " in told for at, need in enumerate(decision.cars[0].needs)] == [True, True]


@pytest.mark.parametrize(
    ("amount", "currency", "want"),
    [(1.234, "USD", "$1.23"), (-0.05, "USD", "-$0.05"), (1.5, "EUR", "1.50 EUR"), (-2, "EUR", "-2.00 EUR")],
)
def test_money(amount: float, currency: str, want: str) -> None:
    assert money(amount, currency) == want


@pytest.mark.parametrize(
    ("seconds", "want"), [(12, "12 s"), (89, "89 s"), (240, "4 min"), (5399, "90 min"), (10800, "3 h"), (200000, "2 days")]
)
def test_ages(seconds: float, want: str) -> None:
    assert age(seconds) == want


def evening(car: dict[str, Any] | None = None, **changes: Any) -> Decision:
    options = changes.pop("options", {})
    seen = replace(snapshot(view(reading(**(car or {}))), memory=remembering()), **changes)
    return decided(seen, **options)


def test_the_sentence_for_a_wait_says_until_when_how_much_and_by_when() -> None:
    assert evening().summary == "Blue waits until 23:00, then 48 A until Wed 01:15 = 80 %. You leave at Wed 07:30."


def test_the_sentence_for_a_charge_says_why() -> None:
    assert evening({"soc": 10}).summary == "Blue charges at 48 A: 10 % is below the least you want (20 %): now."


def test_a_charge_that_goes_on_at_the_next_hours_price_is_neither_woken_nor_started_again() -> None:
    here, start = snapshot(view(reading()), memory=remembering()), at("2026-12-08 18:00")
    for prices, woken in (([0.1, 0.11, 0.12, *[0.9] * 12], False), ([0.02, *[0.9] * 8, *[0.1] * 6], True)):
        seen = replace(here, prices=series(start, prices))
        decision = decided(seen)
        assert decision.cars[0].plan[0].start == EVENING
        assert len(decision.cars[0].plan) > 1
        assert ("wake the car if it sleeps, at Wed 03:00 set 48 A and start" in explain(decision, seen, settings())) == woken
        assert ("and start; about" in explain(decision, seen, settings())) == woken


def test_the_sentence_for_a_stop() -> None:
    flows = {"charging": Charging.CHARGING, "actual_amps": 48.0}
    seen = snapshot(view(reading(**flows)))  # nothing is remembered: it began by itself
    assert decided(seen).summary.startswith("Blue is stopped until 23:00, then 48 A")


def test_the_sentence_for_a_car_that_is_left_alone() -> None:
    assert evening({"charging": Charging.DISCONNECTED}).summary == "Blue: the car is not plugged in."


def test_no_car_at_all_says_what_to_do() -> None:
    assert "auth tesla" in decided(replace(snapshot(), cars=())).summary


def test_two_cars_have_a_sentence_each() -> None:
    two = snapshot(view(), view(reading(vin=VIN_2, name="Red")), memory=remembering(plugged(), plugged(VIN_2)))
    text = decided(two).summary
    assert "Blue waits" in text
    assert "Red waits" in text


def fate(found: Decision) -> tuple[Code, str]:
    car: CarDecision = found.cars[0]
    return car.if_pi_dies.code, car.if_pi_dies.text


def test_without_us_a_stopped_car_stays_stopped_and_says_what_it_lacks() -> None:
    code, text = fate(evening())
    assert code is Code.WAIT
    assert "25.0 kWh" in text


def test_without_us_a_charge_goes_on_to_the_cars_own_limit() -> None:
    assert fate(evening({"soc": 10}))[1] == "the charge goes on at the car's own limit of 80 %, at any price"


def test_without_us_a_charge_goes_on_to_a_limit_that_is_or_was_raised_for_a_drive() -> None:
    soon = Trip(EVENING + timedelta(hours=3), 170.0, 120.0, "Coast", round_km=340.0)
    seen = snapshot(view(reading()), memory=remembering(plugged()), trips=(soon,))
    assert fate(decided(seen, DEPARTURE_TIME="none"))[1] == "the charge goes on to 90 %, its limit while it is raised, at any price"
    ours = plugged(limit=OwnerLimit(90, 80, 80, 90))
    stands = snapshot(view(reading(limit_soc=90)), memory=remembering(ours), trips=(soon,))
    assert fate(decided(stands, DEPARTURE_TIME="none"))[1] == "the charge goes on to 90 %, its limit while it is raised, at any price"


def test_without_us_the_connector_falls_to_its_failsafe() -> None:
    wired = evening(charger=report(charger()), options={"TWC_BREAKER_AMPS": "60", "TWC_FAILSAFE_AMPS": "8"})
    assert "8 A" in fate(wired)[1]


def test_without_us_nothing_changes_for_a_car_that_is_left_alone_or_full() -> None:
    assert fate(evening({"charging": Charging.DISCONNECTED}))[0] is Code.HANDS_OFF
    assert fate(evening({"soc": 80}))[0] is Code.FULL


# ---- the owner's words as a whole


def said(*words: Override, now_minutes: float = 0, car: dict[str, Any] | None = None, **memory: Any) -> Code:
    now = EVENING + timedelta(minutes=now_minutes)
    known = remembering(plugged(now=EVENING, **memory))
    seen = snapshot(view(reading(at=now, **(car or {}))), now=now, memory=known, overrides=Overrides(words))
    return decided(seen).cars[0].reasons[0].code


def word(kind: Word, *, vin: str | None = None, until: float | None = None, given: float = 0) -> Override:
    end = None if until is None else EVENING + timedelta(minutes=until)
    return Override(vin, kind, None, end, EVENING + timedelta(minutes=given))


def test_the_newest_word_wins() -> None:
    assert said(word(Word.STOP), word(Word.CHARGE_NOW, given=1), now_minutes=2) is Code.CHARGE_NOW
    assert said(word(Word.CHARGE_NOW), word(Word.HANDS_OFF, given=1), now_minutes=2) is Code.HANDS_OFF


def test_a_word_for_another_car_is_not_for_this_one() -> None:
    assert said(word(Word.CHARGE_NOW, vin=VIN_2), now_minutes=1) is Code.WAIT


@pytest.mark.parametrize(("kind", "code"), [(Word.STOP, Code.OWNER_STOP), (Word.CHARGE_NOW, Code.CHARGE_NOW)])
def test_a_word_ends_at_its_until(kind: Word, code: Code) -> None:
    assert said(word(kind, until=60), now_minutes=59) is code
    assert said(word(kind, until=60), now_minutes=60) is Code.WAIT


def test_stop_and_charge_now_end_with_the_plug_in_and_hands_off_does_not() -> None:
    gone: dict[str, Any] = {"unplugged_at": EVENING + timedelta(minutes=20)}
    again = plugged(now=EVENING + timedelta(minutes=90)).plug
    assert again is not None
    for kind, want in ((Word.STOP, Code.WAIT), (Word.CHARGE_NOW, Code.WAIT), (Word.HANDS_OFF, Code.HANDS_OFF)):
        found = said(word(kind), now_minutes=60, plug=replace(again, since=EVENING + timedelta(minutes=30)), **gone)
        assert found is want


def test_charge_now_with_amps_that_are_not_permitted_gets_the_permitted_ones() -> None:
    many = Override(None, Word.CHARGE_NOW, 80, None, EVENING)
    seen = snapshot(memory=remembering(), overrides=Overrides((many,)), commands=NONE)
    (car,) = decided(seen, CHARGER_MAX_AMPS="24").cars
    assert car.amps == 24


def test_a_wait_for_the_same_money_says_that_the_grid_is_less_loaded_then() -> None:
    load = series(at("2026-12-08 00:00"), ([20000] * 5 + [30000] * 18 + [20000]) * 2)
    waiting = evening(load=load, options={"TARIFF": "flat:0.16"}).cars[0]
    assert waiting.reasons[0].text == "waits until 23:00: it costs the same as now, and the grid is less loaded then"
    unknown = evening(options={"TARIFF": "flat:0.16"}).cars[0]
    assert "less loaded" not in unknown.reasons[0].text
