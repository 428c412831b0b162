"""target.json: what the daemon offers step by step, also when no cycle ever comes again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from model import Charging, Code, Overrides, Word
from model import Override as Told
from model_decision import Decision, Step, TargetCharger
from tests.builders import (
    EVENING,
    NONE,
    VIN_2,
    ZONE,
    at,
    charger,
    decided,
    plugged,
    powerwall,
    reading,
    remembering,
    report,
    snapshot,
    view,
)

ONE = {"protocol": 1, "can_stop": True, "min_amps": 5}


def offered(car: dict[str, Any] | None = None, wire: dict[str, Any] | None = None, **changes: Any) -> Decision:
    now = changes.get("now", EVENING)
    read = view(reading(**({"at": now} | (car or {}))))
    seen = snapshot(read, memory=remembering(plugged(now=now)), charger=report(charger(**(wire or {})), now=now))
    options = changes.pop("options", {})
    return decided(replace(seen, **changes), **({"TWC_BREAKER_AMPS": "60"} | options))


def steps(found: Decision, which: int = 0) -> list[tuple[str, int, str]]:
    return [(f"{step.until.astimezone(ZONE):%a %H:%M}", step.amps, step.why[0].value) for step in found.target.chargers[which].steps]


def test_a_wait_offers_the_least_then_the_plan_then_the_safety_net() -> None:
    assert steps(offered()) == [
        ("Tue 23:00", 6, "WAIT"),
        ("Wed 01:15", 48, "PLAN_SLOT"),
        ("Wed 04:30", 6, "WAIT"),
        ("Wed 06:10", 48, "SAFETY_STEP"),
    ]


def test_without_a_login_protocol_1_waits_at_nothing() -> None:
    found = offered(wire=ONE | {"vin": None}, commands=NONE, cars=(), options={})
    assert [amps for _, amps, _ in steps(found)][:2] == [0, 48]


def test_without_a_login_a_plan_that_was_followed_has_no_dear_hours_behind_it() -> None:
    """The safety net is for a car that is stopped over the API: here the slots themselves start it, and the night's end is only dear."""
    found = offered(wire=ONE | {"vin": None}, commands=NONE, cars=(), options={})
    assert "SAFETY_STEP" not in [why for _, _, why in steps(found)]
    assert [amps for _, amps, _ in steps(found)][-1] == 0


def test_with_a_login_the_car_is_stopped_over_the_api_and_offered_the_least() -> None:
    """Plugged in at 0 A, some cars latch until they are plugged in anew."""
    assert steps(offered(wire=ONE))[0] == ("Tue 23:00", 5, "WAIT")


def test_following_the_sun_lasts_three_cycles_and_then_the_plan_goes_on() -> None:
    noon = at("2026-12-09 12:00")
    found = offered(now=noon, powerwall=powerwall(grid_w=-2400.0))
    assert steps(found)[0] == ("Wed 12:15", 10, "FOLLOW_SUN")
    assert steps(found)[1][1:] == (6, "WAIT")


def test_a_charge_of_his_own_gets_full_permitted_amps() -> None:
    his = {"charging": Charging.CHARGING, "actual_amps": 30.0}
    memory = remembering(plugged(offered_amps=48), charger_link_since=at("2026-12-01 00:00"))
    found = offered(his, {"actual_amps": 30.0, "offered_amps": 48}, memory=memory)
    assert found.cars[0].reasons[0].code is Code.HAND_CHARGE
    assert steps(found) == [("Wed 06:10", 48, "HAND_CHARGE")]


def test_a_charge_at_once_lasts_as_long_as_the_file() -> None:
    assert steps(offered({"soc": 10})) == [("Wed 06:10", 48, "BELOW_MIN_SOC")]


def word(kind: Word, until: datetime | None, amps: int | None = None) -> Overrides:
    return Overrides((Told(None, kind, amps, until, EVENING),))


def test_when_the_owners_word_ends_the_plan_goes_on_without_a_cycle() -> None:
    ten = at("2026-12-08 22:00")
    charge = steps(offered(overrides=word(Word.CHARGE_NOW, ten, 16)))
    assert charge[:3] == [("Tue 22:00", 16, "CHARGE_NOW"), ("Tue 23:00", 6, "WAIT"), ("Wed 01:15", 48, "PLAN_SLOT")]
    stop = steps(offered(overrides=word(Word.STOP, ten)))
    assert stop[:3] == [("Tue 22:00", 6, "OWNER_STOP"), ("Tue 23:00", 6, "WAIT"), ("Wed 01:15", 48, "PLAN_SLOT")]
    assert steps(offered(overrides=word(Word.STOP, None))) == [("Wed 06:10", 6, "OWNER_STOP")]


def test_what_the_owner_stopped_starts_at_the_latest_safe_start_without_a_cycle() -> None:
    memory = plugged()
    assert memory.plug is not None
    stopped = remembering(replace(memory, plug=replace(memory.plug, owner_stopped=True)))
    found = steps(offered(memory=stopped))
    assert found[0] == ("Wed 04:30", 6, "OWNER_STOPPED")
    assert found[-1] == ("Wed 06:10", 48, "SAFETY_STEP")


def all_steps(found: Decision) -> list[tuple[TargetCharger, Step]]:
    return [(one, step) for one in found.target.chargers for step in one.steps]


def test_steps_lie_ahead_in_order_within_twelve_hours_and_within_the_circuit() -> None:
    for soc in (5, 30, 79, 80):
        for minutes in range(0, 24 * 60, 97):
            now = EVENING + timedelta(minutes=minutes)
            found = offered({"soc": soc}, now=now)
            for one in found.target.chargers:
                ends = [step.until for step in one.steps]
                assert ends == sorted(set(ends))
                assert ends[0] > now
                assert ends[-1] == now + timedelta(hours=12)
            assert all(step.amps <= (found.target.site_max_amps or 80) for _, step in all_steps(found))


def test_all_other_connectors_are_for_guests() -> None:
    found = offered(options={"GUEST_AMPS": "80"})
    assert found.target.chargers[-1].id == "*"
    assert found.target.chargers[-1].steps[0].amps == 48  # not above the circuit


def test_before_the_daemon_has_met_a_connector_the_only_car_is_on_all_of_them() -> None:
    seen = snapshot(memory=remembering(), commands=NONE)
    found = decided(seen, TWC_BREAKER_AMPS="60")
    assert [one.id for one in found.target.chargers] == ["*"]
    assert steps(found)[1][1:] == (48, "PLAN_SLOT")
    unplugged = decided(snapshot(view(reading(charging=Charging.DISCONNECTED)), commands=NONE), TWC_BREAKER_AMPS="60")
    assert steps(unplugged)[0][2] == "GUEST"


def test_two_cars_have_an_entry_each_and_the_first_is_served_first() -> None:
    views = (view(), view(reading(vin=VIN_2, name="Red")))
    wires = report(charger("4085"), charger("4086", vin=VIN_2))
    found = decided(snapshot(*views, memory=remembering(plugged(), plugged(VIN_2)), charger=wires), TWC_BREAKER_AMPS="60")
    entries = [(one.id, one.vin == VIN_2, one.priority) for one in found.target.chargers]
    assert entries == [("4085", False, 1), ("4086", True, 2), ("*", False, 9)]
