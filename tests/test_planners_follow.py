"""Following the sun: the three priorities with their signs, whose draw is whose, the hours, the word, and when there is no following.

grid_w + is importing, battery_w + is discharging; 240 V, so that 1200 W are 5 A."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from config import Settings
from model import Charging, Code, Missing, Overrides, PowerwallReading, Reason
from model_decision import Action, Snapshot
from model_memory import CommandKind, Intent, Outcome
from planners.case import Case
from planners.follow import car_watts, follow, follow_all
from planners.wish import Wish, charge, wait
from tests.builders import (
    NONE,
    VIN,
    VIN_2,
    at,
    case,
    charger,
    meter,
    plugged,
    powerwall,
    reading,
    remembering,
    report,
    settings,
    snapshot,
    view,
    wall,
)

NOON = at("2026-12-09 12:00")
WAIT = replace(wait(Reason(Code.WAIT, "waits")), sun=True)


def noon(house: PowerwallReading | Missing = NONE, car: dict[str, Any] | None = None, **changes: Any) -> Snapshot:
    seen = view(reading(**({"at": NOON} | (car or {}))))
    here = snapshot(seen, now=NOON, memory=remembering(plugged(now=NOON)), powerwall=house)
    return replace(here, **changes)


def sunny(seen: Snapshot, wish: Wish = WAIT, **options: str) -> Wish:
    return follow(case(seen, settings(**options)), wish)


def drawing(amps: float) -> dict[str, Any]:
    return {"charging": Charging.CHARGING, "actual_amps": amps, "volts": 240.0}


@pytest.mark.parametrize(
    ("priority", "grid_w", "battery_w", "amps"),
    [
        ("powerwall", -2400.0, 0.0, 10),  # exported
        ("powerwall", -2400.0, -2400.0, 10),  # what the battery takes is not ours
        ("powerwall", -2400.0, 1200.0, 5),  # what it gives is no sun
        ("powerwall", 0.0, -3600.0, 0),
        ("car", -2400.0, 0.0, 10),
        ("car", 0.0, -3600.0, 15),  # what the battery takes counts as free
        ("car", -2400.0, -1200.0, 15),
        ("car", -2400.0, 1200.0, 5),
        ("shared", 0.0, -3600.0, 5),  # the least while the sun covers it, the rest to the battery
        ("shared", -2400.0, -3600.0, 10),  # more only from what is exported
        ("shared", 0.0, -1199.0, 0),
        ("shared", -1200.0, 0.0, 5),
        ("shared", 500.0, -1000.0, 0),
    ],
)
def test_the_three_priorities_with_their_signs(priority: str, grid_w: float, battery_w: float, amps: int) -> None:
    house = powerwall(grid_w=grid_w, battery_w=battery_w, solar_w=5000.0, load_w=500.0)
    wish = sunny(noon(house), POWERWALL_PRIORITY=priority)
    assert wish.amps == amps
    assert wish.reasons[0 if amps else -1].code is (Code.FOLLOW_SUN if amps else Code.SUN_TOO_WEAK)


@pytest.mark.parametrize("priority", ["powerwall", "car", "shared"])
def test_what_the_car_takes_already_stays_its_own(priority: str) -> None:
    """10 A flow and nothing is exported: it stays at 10 A, and does not see its own draw as a house load."""
    house = powerwall(grid_w=0.0, battery_w=0.0, solar_w=3000.0, load_w=3000.0)
    assert sunny(noon(house, drawing(10.0)), POWERWALL_PRIORITY=priority).amps == 10


def test_a_full_powerwall_leaves_the_rest_to_the_car() -> None:
    house = powerwall(grid_w=-1200.0, battery_w=-1200.0, solar_w=3000.0)
    assert sunny(noon(replace(house, soc=98.9))).amps == 5
    assert sunny(noon(replace(house, soc=99.0))).amps == 10
    assert sunny(noon(replace(house, soc=95.0)), POWERWALL_FULL_SOC="95").amps == 10


def test_an_empty_surplus_says_what_is_missing() -> None:
    wish = sunny(noon(powerwall(grid_w=-500.0)))
    assert wish.action is Action.WAIT
    assert wish.reasons[-1] == Reason(Code.SUN_TOO_WEAK, "500 W of sun to spare; 1200 W are needed", {"surplus_w": 500})


def test_the_plan_is_not_lowered_by_a_weak_sun() -> None:
    planned = replace(charge(32, Reason(Code.PLAN_SLOT, "cheap")), sun=True)
    assert sunny(noon(powerwall(grid_w=-2400.0)), planned) == planned


def test_more_sun_than_the_plan_raises_it() -> None:
    planned = replace(charge(6, Reason(Code.PLAN_SLOT, "cheap")), sun=True)
    assert sunny(noon(powerwall(grid_w=-2400.0)), planned).amps == 10


def test_it_lasts_three_cycles() -> None:
    assert sunny(noon(powerwall(grid_w=-2400.0)), CYCLE_MINUTES="10").until == NOON + timedelta(minutes=30)


def test_never_more_than_is_permitted() -> None:
    assert sunny(noon(powerwall(grid_w=-20000.0)), CHARGER_MAX_AMPS="16").amps == 16


# ---- when it is wanted


@pytest.mark.parametrize(
    ("now", "follows"),
    [("2026-12-09 05:59", False), ("2026-12-09 06:00", True), ("2026-12-09 20:59", True), ("2026-12-09 21:00", False)],
)
def test_only_in_solar_hours(now: str, follows: bool) -> None:
    moment = at(now)
    seen = noon(powerwall(grid_w=-2400.0), {"at": moment}, now=moment)
    assert (sunny(seen).action is Action.CHARGE) is follows


@pytest.mark.parametrize(
    ("option", "word", "until", "follows"),
    [
        ("on", None, None, True),
        ("off", None, None, False),
        ("on", False, None, False),
        ("off", True, None, True),
        ("off", True, NOON + timedelta(hours=1), True),
        ("off", True, NOON, False),  # the word has ended
        ("on", False, NOON - timedelta(hours=1), True),
    ],
)
def test_the_owners_word_comes_before_the_setting(option: str, word: bool | None, until: Any, follows: bool) -> None:
    seen = noon(powerwall(grid_w=-2400.0), overrides=Overrides((), word, until))
    assert (sunny(seen, SOLAR_CHARGING=option).action is Action.CHARGE) is follows


def test_not_above_the_target() -> None:
    house = powerwall(grid_w=-2400.0)
    assert sunny(noon(house, {"soc": 70}), TARGET_SOC="70") == WAIT
    assert sunny(noon(house, {"soc": 69}), TARGET_SOC="70").amps == 10


def test_a_firm_wish_does_not_look_at_the_sun() -> None:
    firm = wait(Reason(Code.OWNER_STOP, "stop"), firm=True)
    assert sunny(noon(powerwall(grid_w=-2400.0)), firm) == firm


# ---- car_w, in the order of its sources


def drawn(seen: Snapshot, **options: str) -> float | Missing:
    return car_watts(case(seen, settings(**options)))


def test_the_connector_is_believed_first() -> None:
    wire = report(charger(actual_amps=20.0), now=NOON)
    assert drawn(noon(car=drawing(10.0), charger=wire, wall=wall(amps=5.0))) == 20 * 240


def test_then_the_gen_3_vitals_of_an_only_car() -> None:
    assert drawn(noon(car=drawing(10.0), wall=wall(amps=5.0))) == 5 * 240
    two = noon(car=drawing(10.0), wall=wall(amps=5.0))
    two = replace(two, cars=(*two.cars, view(reading(vin=VIN_2, at=NOON))))
    assert drawn(two) == 10 * 240


def test_then_a_young_reading() -> None:
    assert drawn(noon(car=drawing(10.0))) == 10 * 240
    assert drawn(noon(car={"at": NOON - timedelta(minutes=9), **drawing(10.0)})) == 10 * 240


def sent(kind: CommandKind, value: int | None, minutes: float, outcome: Outcome = Outcome.DONE) -> Intent:
    return Intent(kind, value, "PLAN_SLOT", NOON - timedelta(minutes=minutes), 0.001, outcome)


def test_then_the_amps_that_the_car_confirmed() -> None:
    memory = remembering(plugged(now=NOON, intents=(sent(CommandKind.AMPS, 12, 30), sent(CommandKind.AMPS, 20, 20, Outcome.REFUSED))))
    assert drawn(noon(car={"at": NOON - timedelta(minutes=10), **drawing(10.0)}, memory=memory)) == 12 * 240


def test_a_start_after_the_reading_draws_what_was_asked_for() -> None:
    memory = remembering(plugged(now=NOON, intents=(sent(CommandKind.AMPS, 12, 2), sent(CommandKind.START, None, 1))))
    assert drawn(noon(car={"at": NOON - timedelta(minutes=5)}, memory=memory)) == 12 * 240


def test_else_there_is_no_following_and_a_reason() -> None:
    seen = noon(powerwall(grid_w=-2400.0, load_w=9000.0), {"at": NOON - timedelta(minutes=10), **drawing(10.0)})
    assert isinstance(drawn(seen), Missing)
    wish = sunny(seen, POWERWALL_URL="https://127.0.0.1")
    assert wish.action is Action.WAIT
    assert [reason.code for reason in wish.reasons] == [Code.WAIT, Code.CANNOT_FOLLOW]


def test_a_reading_of_minutes_ago_draws_no_more_than_the_house_does_now() -> None:
    """The car stopped since: its 48 A of five minutes ago are no sun. At night this would be 11 kW from the grid."""
    house = powerwall(grid_w=800.0, battery_w=0.0, solar_w=0.0, load_w=800.0)
    wish = sunny(noon(house, {"at": NOON - timedelta(minutes=5), **drawing(48.0)}))
    assert wish.action is Action.WAIT


def test_a_house_with_neither_powerwall_nor_meter_says_nothing_about_the_sun() -> None:
    assert sunny(noon()) == WAIT


def test_a_missing_powerwall_is_told() -> None:
    assert sunny(noon(), POWERWALL_URL="https://127.0.0.1").reasons[-1].code is Code.CANNOT_FOLLOW


def test_a_house_meter_will_do() -> None:
    assert sunny(noon(meter=meter(-2400.0))).amps == 10
    assert sunny(noon(meter=meter(0.0), car=drawing(10.0))).amps == 10
    assert sunny(noon(meter=meter(100.0))).action is Action.WAIT


# ---- several cars


def couple(options: Settings, first: dict[str, Any]) -> tuple[list[Case], Snapshot]:
    views = (view(reading(at=NOON, **first)), view(reading(vin=VIN_2, name="Red", at=NOON)))
    memory = remembering(plugged(now=NOON), plugged(VIN_2, now=NOON))
    seen = snapshot(*views, now=NOON, memory=memory, powerwall=powerwall(grid_w=-2400.0, load_w=5000.0))
    return [case(seen, options, VIN), case(seen, options, VIN_2)], seen


def test_the_same_sun_is_not_given_to_two_cars() -> None:
    cases, _ = couple(settings(), {})
    first, second = follow_all(cases, [WAIT, WAIT])
    assert (first.amps, second.action) == (10, Action.WAIT)


def test_what_the_first_car_cannot_take_goes_to_the_second() -> None:
    cases, _ = couple(settings(CHARGER_MAX_AMPS="5"), {})
    assert [wish.amps for wish in follow_all(cases, [WAIT, WAIT])] == [5, 5]


def test_a_car_that_takes_its_share_already_leaves_the_rest() -> None:
    cases, _ = couple(settings(CHARGER_MAX_AMPS="16"), drawing(10.0))
    assert [wish.amps for wish in follow_all(cases, [WAIT, WAIT])] == [16, 0]
    cases, _ = couple(settings(CHARGER_MAX_AMPS="12"), drawing(10.0))
    assert [wish.amps for wish in follow_all(cases, [WAIT, WAIT])] == [12, 8]
