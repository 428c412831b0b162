"""Sun in the plan, drawn: one character per hour from midnight, `#` full power, a digit or letter fewer amps (6 to f), `_` nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from model import Code, Missing, Overrides
from model_decision import Need, Slot, Snapshot
from planners.alerts import ALERT
from planners.plan import CarPlan, Job, full_power, plan
from planners.signal import signal
from planners.surplus import with_sun
from tests.builders import VIN, VIN_2, at, case, plugged, powerwall, reading, remembering, series, settings, snapshot, view

MIDNIGHT = at("2026-12-12 00:00")  # a Saturday
EVENING = MIDNIGHT + timedelta(hours=18)
BELL = [0.0] * 9 + [2000.0, 4000.0, 5000.0, 5000.0, 4000.0, 2000.0] + [0.0] * 9
HOUSE = {"TARIFF": "flat:0.30", "DEPARTURE_TIME": "none", "SOLAR_KWP": "7"}


def seen(sun: Sequence[float] | None = BELL, load: float | None = 500.0, **changes: Any) -> Snapshot:
    whole = snapshot(view(reading(at=MIDNIGHT)), now=MIDNIGHT, memory=remembering(plugged(now=MIDNIGHT)))
    if sun is not None:
        whole = replace(whole, sun=series(MIDNIGHT, sun))
    if load is not None:
        whole = replace(whole, house_load=series(MIDNIGHT, [load] * 24))
    return replace(whole, **changes)


def slots_of(whole: Snapshot, **options: str) -> tuple[Slot, ...]:
    wishes = settings(**(HOUSE | options))
    return with_sun(signal(whole, wishes, MIDNIGHT + timedelta(hours=24))[0], whole, wishes)[0]


def planned(kwh: float, whole: Snapshot | None = None, **options: str) -> CarPlan:
    whole = whole or seen()
    found = case(whole, settings(**(HOUSE | options)))
    job = Job(found, (Need(EVENING, 80.0, kwh, Code.NEED_READY, "test"),), full_power(found))
    return plan([job], slots_of(whole, **options), None)[0]


def drawn(found: CarPlan) -> str:
    """The amps at the half of each hour."""
    out = ""
    for hour in range(24):
        at_half = MIDNIGHT + timedelta(hours=hour, minutes=20)
        amps = next((slot.amps for slot in found.slots if slot.start <= at_half < slot.end), 0)
        out += "_" if amps == 0 else "#" if amps == 48 else "0123456789abcdef"[min(amps, 15)]
    return out


def kwh_to_spare(whole: Snapshot, **options: str) -> float:
    return sum(slot.sun_w for slot in slots_of(whole, **options)) / 4000


def spare(whole: Snapshot, **options: str) -> list[int]:
    """W to spare at the start of each hour."""
    return [round(slot.sun_w) for slot in slots_of(whole, **options)[::4]]


def test_without_sun_it_charges_at_once_and_with_it_at_noon() -> None:
    assert drawn(planned(9.0, seen(sun=None)))[:2] == "#_"
    found = planned(9.0)
    assert drawn(found) == "_" * 9 + "6ef" + "_" * 12  # free, so the earlier the better
    assert sum(slot.sun_kwh for slot in found.slots) == pytest.approx(9.0, abs=0.1)
    assert found.cost == pytest.approx(0.0, abs=0.05)


def test_what_the_sun_would_have_earned_is_its_price() -> None:
    sold = replace(seen(), export_prices=series(MIDNIGHT, [0.1] * 24))
    found = planned(9.0, sold)
    assert drawn(found) == "_" * 11 + "ff" + "_" * 11  # pumps and computers run on it too: the fewer hours the better
    assert found.cost == pytest.approx(0.9, abs=0.05)
    dear = replace(seen(), export_prices=series(MIDNIGHT, [0.35] * 24))
    assert not any(slot.sun_kwh for slot in planned(9.0, dear).slots)


def test_more_than_the_sun_gives_is_bought_and_only_that_has_a_price() -> None:
    found = planned(30.0)
    own = sum(slot.sun_kwh for slot in found.slots)
    assert 14 < own < 20
    assert found.cost == pytest.approx(0.3 * (30.0 - own), abs=0.01)
    assert found.shortfall_kwh == 0


def test_a_departure_is_not_left_to_the_sun() -> None:
    """What is due at nine in the morning is bought in the night, whatever shines later."""
    whole = seen()
    found = case(whole, settings(**HOUSE))
    job = Job(found, (Need(MIDNIGHT + timedelta(hours=9), 80.0, 9.0, Code.NEED_READY, "test"),), full_power(found))
    (made,) = plan([job], slots_of(whole), None)
    assert all(slot.end <= MIDNIGHT + timedelta(hours=9) for slot in made.slots)
    assert sum(slot.kwh for slot in made.slots) == pytest.approx(9.0)


@pytest.mark.parametrize("blind", [{"SOLAR_CHARGING": "off"}, {"SOLAR_HOURS": "06:00-09:00"}])
def test_a_car_that_does_not_follow_the_sun_does_not_count_on_it(blind: dict[str, str]) -> None:
    assert drawn(planned(9.0, None, **blind))[:2] == "#_"


def test_the_owners_word_against_the_sun_holds_for_the_plan_too() -> None:
    told = seen(overrides=Overrides(solar=False))
    assert drawn(planned(9.0, told))[:2] == "#_"
    until = replace(told, overrides=Overrides(solar=False, solar_until=MIDNIGHT + timedelta(hours=6)))
    assert drawn(planned(9.0, until)) == drawn(planned(9.0))


def test_two_cars_do_not_count_on_the_same_sun() -> None:
    both = seen(
        cars=(view(reading(at=MIDNIGHT)), view(reading(at=MIDNIGHT, vin=VIN_2, name="Red"))),
        memory=remembering(plugged(now=MIDNIGHT), plugged(VIN_2, now=MIDNIGHT)),
    )
    wishes = settings(**HOUSE)
    cases = [case(both, wishes, vin) for vin in (VIN, VIN_2)]
    jobs = [Job(one, (Need(EVENING, 80.0, 12.0, Code.NEED_READY, "test"),), full_power(one)) for one in cases]
    over = slots_of(both)
    plans = plan(jobs, over, None)
    own = [sum(slot.sun_kwh for slot in found.slots) for found in plans]
    assert sum(own) <= sum(slot.sun_w for slot in over) / 4000 + 1e-6
    assert max(own) == pytest.approx(12.0, abs=0.1)
    assert all(sum(slot.kwh for slot in found.slots) == pytest.approx(12.0) for found in plans)


# ---- what is left for the cars --------------------------------------------------------------------------------------------------


def test_the_house_comes_first() -> None:
    assert spare(seen())[8:16] == [0, 1500, 3500, 4500, 4500, 3500, 1500, 0]
    assert spare(seen(load=4600.0))[11:13] == [400, 400]


def test_without_a_load_a_thousand_watts_are_taken_for_it_and_that_is_said() -> None:
    whole = seen(load=None)
    assert spare(whole)[11] == 4000
    (told,) = with_sun(slots_of(whole), whole, settings(**HOUSE))[1]
    assert told.code is Code.EXPECTED_SUN
    assert told.text.endswith("not known yet: 1000 W are taken for the house")


def test_without_a_forecast_no_sun_counts_and_that_is_said() -> None:
    whole = seen(sun=None)
    slots, (told,) = with_sun(slots_of(whole), whole, settings(**HOUSE))
    assert not any(slot.sun_w for slot in slots)
    assert (told.code, told.text) == (Code.SUN_NOT_COUNTED, "the plan counts on no sun: no forecast of the roof's power")


def test_an_owner_without_panels_is_told_nothing() -> None:
    whole = seen(sun=None)
    assert with_sun(slots_of(whole), whole, settings(TARIFF="flat:0.3"))[1] == ()


GATEWAY = {"POWERWALL_URL": "https://127.0.0.1"}
HALF = powerwall(at=MIDNIGHT, soc=60.0, reserve_soc=20.0)


def test_the_powerwall_is_filled_first_where_the_owner_said_so() -> None:
    """It gives 0.5 kW all night; then it takes what is missing, and what is lost on the way in."""
    taken = (10.8 - (5.4 - 9 * 0.5 / 0.95)) / 0.95
    assert spare(seen(powerwall=HALF), **GATEWAY)[:12] == [0] * 12
    assert kwh_to_spare(seen(powerwall=HALF), **GATEWAY) == pytest.approx(19 - taken, abs=0.01)


def test_where_the_car_comes_first_it_has_all_of_it() -> None:
    assert spare(seen(powerwall=HALF), POWERWALL_PRIORITY="car", **GATEWAY) == spare(seen())


def test_shared_gives_the_car_its_least_amps_and_the_rest_when_the_powerwall_is_full() -> None:
    found = spare(seen(powerwall=HALF), POWERWALL_PRIORITY="shared", **GATEWAY)
    assert found[9:12] == [5 * 240] * 3
    assert spare(seen(load=900.0, powerwall=HALF), POWERWALL_PRIORITY="shared", **GATEWAY)[9] == 0  # 1100 W are less than 5 A
    assert kwh_to_spare(seen(powerwall=HALF), POWERWALL_PRIORITY="shared", **GATEWAY) == pytest.approx(19 - 10.67, abs=0.1)
    full = spare(seen(powerwall=replace(HALF, soc=100.0, reserve_soc=100.0)), POWERWALL_PRIORITY="shared", **GATEWAY)
    assert full[11] == 4500


def test_a_powerwall_that_cannot_be_read_counts_as_empty() -> None:
    whole = seen(powerwall=Missing("powerwall", "no answer"))
    assert (
        sum(spare(whole, **GATEWAY)) < sum(spare(seen(powerwall=HALF), **GATEWAY)) < sum(spare(whole, POWERWALL_PRIORITY="car", **GATEWAY))
    )
    (told,) = with_sun(slots_of(whole, **GATEWAY), whole, settings(**(HOUSE | GATEWAY)))[1]
    assert "the Powerwall cannot be read: counted as empty" in told.text


def test_weights_count_the_sun_with_its_share_of_money_alone() -> None:
    whole = replace(
        seen(), export_prices=series(MIDNIGHT, [0.1] * 24), co2=series(MIDNIGHT, [300.0] * 24), prices=series(MIDNIGHT, [0.2, 0.4] * 12)
    )
    noon = slots_of(whole, COST_WEIGHT="1", CO2_WEIGHT="3", GRID_WEIGHT="0", TARIFF="")[48]
    assert noon.sun_value == pytest.approx(0.025)
    assert slots_of(whole, TARIFF="")[48].sun_value == pytest.approx(0.1)


def test_during_a_grid_alert_no_sun_is_counted_for_the_car() -> None:
    whole = seen()
    alerted = [replace(slot, value=ALERT) for slot in slots_of(whole)]
    assert not any(slot.sun_w for slot in with_sun([replace(slot, sun_w=0.0) for slot in alerted], whole, settings(**HOUSE))[0])
