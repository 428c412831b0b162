"""The sun is worth what it would have earned; the market's price as the owner pays it; what each wish contributed; `check`'s words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from clients.price_file import PriceFile
from cycle.check_prices import price_lines
from cycle.grid import wants_market
from cycle.health import source_states
from model import Code, Reason, Series
from model_decision import Action, Slot, Snapshot
from planners.follow import follow
from planners.signal import signal
from planners.wish import Wish, charge, wait
from tests.builders import EVENING, NONE, at, case, plugged, powerwall, reading, remembering, series, settings, slots, snapshot, view

NOON = at("2026-12-09 12:00")
MIDNIGHT = at("2026-12-09 00:00")
WAIT = replace(wait(Reason(Code.WAIT, "waits")), sun=True)
BY_DAY, BY_NIGHT = 0.30, 0.12


def prices(night: float = BY_NIGHT) -> Series:
    hours = [night if (MIDNIGHT + timedelta(hours=i)).hour in range(5, 13) else BY_DAY for i in range(72)]  # UTC: 21:00 to 05:00
    return series(MIDNIGHT, hours)


def sunny(earns: float | None, wish: Wish = WAIT, battery_w: float = 0.0, **changes: Any) -> Wish:
    """Noon; 2400 W are exported, or go into the Powerwall where `battery_w` is negative."""
    house = powerwall(grid_w=-2400.0, battery_w=battery_w, solar_w=5000.0, load_w=500.0)
    seen = snapshot(view(reading(at=NOON)), now=NOON, memory=remembering(plugged(now=NOON)), powerwall=house, prices=prices())
    if earns is not None:
        seen = replace(seen, export_prices=series(MIDNIGHT, [earns] * 72))
    options = settings(**({"DEPARTURE_TIME": "07:30"} | changes))
    made, _ = signal(seen, options, NOON + timedelta(hours=24))
    return follow(case(seen, options), wish, 0.0, made)


@pytest.mark.parametrize(
    ("earns", "code"), [(None, Code.FOLLOW_SUN), (0.05, Code.FOLLOW_SUN), (0.12, Code.FOLLOW_SUN), (0.13, Code.EXPORT_PAYS)]
)
def test_the_sun_is_sold_where_it_earns_more_than_the_night_costs(earns: float | None, code: Code) -> None:
    wish = sunny(earns)
    assert wish.reasons[-1].code is code
    assert wish.action is (Action.WAIT if code is Code.EXPORT_PAYS else Action.CHARGE)


def test_the_reason_names_both_prices_and_the_hour() -> None:
    told = sunny(0.2).reasons[-1]
    assert told.text == "the sun is sold for $0.200 per kWh: from 21:00 the car can have it for $0.120"
    assert told.detail == {"export": 0.2, "price": BY_NIGHT}


def test_only_hours_before_the_car_leaves_count() -> None:
    """It leaves at 18:00, before the cheap night: the sun at 0.20 is the best it can have."""
    assert sunny(0.2, DEPARTURE_TIME="18:00").reasons[-1].code is Code.FOLLOW_SUN


def test_what_a_powerwall_takes_is_not_sold() -> None:
    taken = sunny(0.2, battery_w=-2400.0, POWERWALL_PRIORITY="car")
    assert taken.reasons[-1].code is Code.FOLLOW_SUN


def test_a_charge_that_the_plan_wants_goes_on_as_planned() -> None:
    planned = replace(charge(6, Reason(Code.PLAN_SLOT, "cheap")), sun=True)
    assert sunny(0.2, planned) == planned
    assert sunny(0.05, planned).amps == 10


def test_the_tariffs_own_export_price_counts(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text('export = 0.04\n[[period]]\nprice = 0.5\nhours = "16:00-21:00"\nexport = 0.3\n[[period]]\nprice = 0.1\n')
    made, _ = signal(snapshot(), settings(TARIFF=str(path)), EVENING + timedelta(hours=6))
    by_hour = {slot.start: slot.export for slot in made}
    told = snapshot(export_prices=series(at("2026-12-08 18:00"), [0.2]))  # the newer word, for an hour
    first = signal(told, settings(TARIFF=str(path)), EVENING + timedelta(hours=6))[0]
    assert [slot.export for slot in first[:5]] == [0.2, 0.2, 0.2, 0.2, 0.3]
    assert (by_hour[at("2026-12-08 20:45")], by_hour[at("2026-12-08 21:00")]) == (0.3, 0.04)


# ---- the market's price ---------------------------------------------------------------------------------------------------------


def made(seen: Snapshot, **options: str) -> tuple[tuple[Slot, ...], tuple[Reason, ...]]:
    return signal(seen, settings(**options), EVENING + timedelta(hours=14))


def test_the_market_price_is_paid_with_what_is_added() -> None:
    seen = snapshot(prices=series(at("2026-12-07 00:00"), [0.05] * 50))
    found, reasons = made(seen, TARIFF="wholesale*1.1+0.09")
    assert [slot.price for slot in found] == pytest.approx([0.145] * len(found))
    assert reasons[0].text == "prices from test, x 1.1 + 0.09 (wholesale*1.1+0.09)"
    assert reasons[-1].code is Code.PRICE_PROFILE  # from 02:00 on, with what is added all the same


def test_what_is_added_follows_the_owners_clock() -> None:
    found, _ = made(snapshot(prices=series(at("2026-12-08 00:00"), [0.05] * 48)), TARIFF="comed-hourly")
    by_hour = {slot.start: slot.price for slot in found}
    assert by_hour[at("2026-12-08 18:45")] == pytest.approx(0.157)
    assert by_hour[at("2026-12-08 20:45")] == pytest.approx(0.09)
    assert by_hour[at("2026-12-09 05:45")] == pytest.approx(0.08)


@pytest.mark.parametrize(
    ("options", "asked"),
    [({}, True), ({"TARIFF": "wholesale+0.1"}, True), ({"TARIFF": "flat:0.2"}, False), ({"PRICE_FILE": "p.csv"}, False)],
)
def test_the_market_is_asked_only_where_it_is_a_part_of_the_bill(options: dict[str, str], asked: bool) -> None:
    assert wants_market(settings(**options)) is asked


def test_without_the_market_its_tariff_is_no_price() -> None:
    found, reasons = made(snapshot(), TARIFF="wholesale+0.1")
    assert reasons[0].code is Code.NIGHT_CLOCK
    assert all(slot.price is None for slot in found)


# ---- what each part contributed -------------------------------------------------------------------------------------------------


def test_the_weights_say_what_each_part_gave_to_the_cheapest_and_the_dearest_hour() -> None:
    start = at("2026-12-08 18:00")
    seen = snapshot(prices=series(start, [0.1, 0.3] * 12), co2=series(start, [100.0] * 12 + [300.0] * 12))
    found, reasons = made(seen, COST_WEIGHT="1", CO2_WEIGHT="1", GRID_WEIGHT="0")
    told = next(reason for reason in reasons if reason.code is Code.WEIGHTS)
    assert "cheapest 18:00 = price 0.0" in told.text
    assert "dearest Wed 07:00 = price 0." in told.text
    parts = [told.detail["cheapest price"], told.detail["cheapest CO2 (average)"]]
    assert sum(float(str(part)) for part in parts) == pytest.approx(found[0].value, abs=1e-4)
    assert told.detail["cheapest_at"] == "2026-12-08T18:00:00-08:00"


def test_where_the_wish_is_the_same_at_every_hour_it_says_so_and_the_hours_are_equal() -> None:
    """The rest of a float is no difference between two hours."""
    start = at("2026-12-08 12:00")
    seen = snapshot(prices=series(start, [0.1, 0.3] * 12), co2=series(start, [490.0, 490.0 + 1e-13 * 490] * 12))
    found, reasons = made(seen, PREFER="co2")
    told = next(reason for reason in reasons if reason.code is Code.WEIGHTS)
    assert "the same at every hour (490 g/kWh)" in told.text
    assert len({slot.value for slot in found}) == 1


# ---- check ----------------------------------------------------------------------------------------------------------------------


def told(seen: Snapshot, **options: str) -> str:
    return "\n".join(price_lines(seen, settings(**options)))


def test_the_next_48_hours_are_told_in_words() -> None:
    text = told(snapshot(), TARIFF="free-nights:21:00-06:00@0.24")
    assert "$0.240 from 18:10 to 21:00, $0.000 from 21:00 to Wed 06:00, $0.240 from Wed 06:00 to 21:00" in text
    assert "the lowest: $0.000 from 21:00 to Wed 06:00; the highest: $0.240 from 18:10 to 21:00" in text
    assert "to Thu 18:10" not in text.splitlines()[-1]


def test_a_shipped_tariff_says_how_old_it_is_and_where_it_is_from() -> None:
    fresh, old = told(snapshot(), TARIFF="pge-ev2-a"), told(snapshot(), TARIFF="coned-time-of-use")
    assert "in force since 2026-06-01; PG&E" in fresh
    assert "310 days: look whether they have changed" in old
    assert "an example, prices seen on" in told(snapshot(), TARIFF="txu-free-nights")


def test_many_stretches_of_few_prices_are_told_price_by_price() -> None:
    text = told(snapshot(), TARIFF="sdge-ev-tou-5")
    assert (
        "$0.121 from Wed 00:00 to 06:00, from Wed 10:00 to 14:00, from Thu 00:00 to 06:00, from Thu 10:00 to 14:00; $0.466 from 21:00"
        in text
    )
    assert "; $0.523 from 18:10 to 21:00, from Wed 16:00 to 21:00, from Thu 16:00 to 18:10" in text


def test_many_prices_are_told_by_their_cheapest_and_dearest_quarter() -> None:
    hours = [0.1 + 0.01 * abs(12 - (i % 24)) for i in range(72)]
    text = told(snapshot(prices=replace(series(at("2026-12-08 00:00"), hours), fetched_at=EVENING - timedelta(hours=3))))
    assert "got 3 h ago; published until Fri 00:00" in text
    assert "on average; up to $0.130 from Wed 09:00 to 16:00" in text
    assert len(text) < 900


def test_a_negative_price_is_told_with_its_sign() -> None:
    assert "-$0.020 from 18:10" in told(snapshot(prices=series(at("2026-12-08 18:00"), [-0.02] * 3 + [0.1] * 50)))


def test_slots_of_the_builders_have_no_export_price() -> None:
    assert {slot.export for slot in slots([0.1, 0.2])} == {None}


def test_prices_of_a_year_ago_are_told_with_their_date_and_among_what_is_missing() -> None:
    old = replace(series(at("2025-12-08 00:00"), [0.1] * 24), fetched_at=EVENING)
    assert "they ended on 2025-12-09 and count no more" in told(snapshot(prices=old))
    for name in ("tariff prices", "grid prices"):
        (row,) = source_states({name: old}, {}, EVENING)
        assert not row.ok
        assert "has run out 2025-" in row.why
    (row,) = source_states({"price file": PriceFile(old, NONE, NONE)}, {}, EVENING)
    assert not row.ok
