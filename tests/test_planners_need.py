"""What a car must have by when: the three levels of charge, departures by the local clock, overdue needs, the charge-limit rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from model import Charging, Code, Missing, Trip
from model_decision import Need, Snapshot
from model_memory import OwnerLimit
from planners.battery import battery_kwh, wall_kwh
from planners.charge_limit import charge_limit_rule
from planners.departures import at_home_from, departures
from planners.need import goals, needs
from tests.builders import (
    EVENING,
    NONE,
    VIN,
    ZONE,
    at,
    case,
    charger,
    plugged,
    reading,
    remembering,
    report,
    settings,
    snapshot,
    view,
)

MORNING = at("2026-12-09 07:30")


def seen(now: datetime = EVENING, **values: object) -> Snapshot:
    return snapshot(view(reading(at=now, **values)), now=now, memory=remembering(plugged(now=now)))


def found(here: Snapshot | None = None, **options: str) -> list[tuple[Code, float, str]]:
    wanted = needs(case(here or seen(), settings(**options)))
    return [(need.code, need.soc, f"{need.by.astimezone(ZONE):%a %H:%M}") for need in wanted]


def test_without_wishes_the_limit_in_the_app_is_due_at_the_next_departure() -> None:
    assert found() == [(Code.NEED_READY, 80, "Wed 07:30")]


def test_ready_is_due_at_the_departure_and_target_within_three_days() -> None:
    assert found(READY_SOC="60", TARGET_SOC="75") == [(Code.NEED_READY, 60, "Wed 07:30"), (Code.NEED_TARGET, 75, "Fri 07:30")]


@pytest.mark.parametrize(("ready", "target"), [("90", "60"), ("90", ""), ("100", "100")])
def test_no_wish_goes_above_the_limit_in_the_app(ready: str, target: str) -> None:
    assert found(READY_SOC=ready, TARGET_SOC=target) == [(Code.NEED_READY, 80, "Wed 07:30")]


def test_a_ready_above_the_target_counts_for_both() -> None:
    assert goals(case(seen(), settings(READY_SOC="75", TARGET_SOC="60"))) == (75, 75, None)


def test_without_departures_the_target_is_due_in_three_days() -> None:
    assert found(DEPARTURE_TIME="none") == [(Code.NEED_TARGET, 80, "Fri 18:10")]


def test_below_the_least_it_is_due_at_once_and_the_rest_later() -> None:
    assert found(seen(soc=12)) == [(Code.NEED_MIN, 20, "Tue 18:10"), (Code.NEED_READY, 80, "Wed 07:30")]


def test_the_least_is_not_above_the_limit() -> None:
    assert found(seen(soc=50, limit_soc=50), MIN_SOC="60") == []


def test_energies_are_at_the_wall_and_each_includes_the_earlier_ones() -> None:
    wanted = needs(case(seen(soc=12)))
    assert [need.kwh for need in wanted] == pytest.approx([8 * 0.75 / 0.9, 68 * 0.75 / 0.9])


@pytest.mark.parametrize(("told", "want"), [(60.0, 60.0), (3.0, 75.0), (900.0, 75.0), (NONE, 75.0)])
def test_a_battery_size_is_believed_only_where_it_is_believable(told: float | Missing, want: float) -> None:
    assert battery_kwh(case(seen(battery_kwh=told))) == want


def test_no_energy_is_negative() -> None:
    assert wall_kwh(case(), 90, 80) == 0


def test_a_charged_car_needs_nothing() -> None:
    assert found(seen(soc=80)) == []


def test_a_complete_car_asks_for_no_last_percent() -> None:
    assert found(seen(soc=78, charging=Charging.COMPLETE)) == []


def test_a_limit_raised_after_complete_is_a_need_again() -> None:
    assert found(seen(soc=60, charging=Charging.COMPLETE)) == [(Code.NEED_READY, 80, "Wed 07:30")]


def test_our_own_raised_limit_is_not_the_owners() -> None:
    limit = OwnerLimit(seen=90, lowest=70, own=70, raised_to=90)
    here = snapshot(view(reading(limit_soc=90)), memory=remembering(plugged(limit=limit)))
    assert found(here) == [(Code.NEED_READY, 70, "Wed 07:30")]


def test_a_limit_that_was_never_read_is_taken_for_max_soc() -> None:
    assert found(seen(limit_soc=NONE), MAX_SOC="85") == [(Code.NEED_READY, 85, "Wed 07:30")]


@pytest.mark.parametrize(
    ("now", "want"),
    [
        ("2026-12-09 07:30", Code.OVERDUE),
        ("2026-12-09 09:29", Code.OVERDUE),
        ("2026-12-09 09:30", Code.NEED_READY),
        ("2026-12-09 07:29", Code.NEED_READY),
    ],
)
def test_a_missed_departure_goes_on_for_two_hours(now: str, want: Code) -> None:
    moment = at(now)
    here = replace(seen(moment), memory=remembering(plugged(hours=10, now=moment)))
    assert found(here)[0][0] is want


def test_a_departure_before_the_plug_in_was_not_missed() -> None:
    moment = at("2026-12-09 08:00")
    here = replace(seen(moment), memory=remembering(plugged(hours=0.25, now=moment)))
    assert found(here)[0][0] is Code.NEED_READY


# ---- the car that cannot be read


def wired(energy: float, begun: float = 100.0) -> Snapshot:
    wire = charger(vin=None, energy_kwh=energy)
    memory = plugged("", reading=None)
    assert memory.plug is not None
    memory = replace(memory, plug=replace(memory.plug, meter_kwh=begun))
    nobody = replace(view(NONE), vin="", name="")
    return snapshot(nobody, memory=remembering(memory), charger=report(wire), commands=NONE)


def assumed(energy: float) -> tuple[Need, ...]:
    return needs(case(wired(energy), settings(), vin=""))


def test_an_unread_car_is_assumed_to_need_20_kwh_less_what_it_got() -> None:
    assert [(need.code, need.kwh) for need in assumed(100.0)] == [(Code.ASSUMED_NEED, 20.0)]
    assert [need.kwh for need in assumed(112.5)] == [7.5]
    assert assumed(120.0) == ()


def test_a_meter_that_ran_backwards_gives_nothing_back() -> None:
    assert [need.kwh for need in assumed(3.0)] == [20.0]


def test_an_unread_car_that_is_not_plugged_in_needs_nothing() -> None:
    assert needs(case(snapshot(view(NONE)), settings())) == ()


# ---- departures


@pytest.mark.parametrize(
    ("option", "after", "want"),
    [
        ("07:30", "2026-12-08 18:10", "Wed 07:30"),
        ("mon-fri 07:30", "2026-12-11 18:10", "Mon 07:30"),
        ("mon-fri 07:30, sat-sun 10:00", "2026-12-11 18:10", "Sat 10:00"),
        ("07:30, 17:00", "2026-12-08 07:30", "Tue 17:00"),
    ],
)
def test_the_next_departure_is_by_the_local_calendar(option: str, after: str, want: str) -> None:
    first = departures(settings(DEPARTURE_TIME=option), at(after), at(after) + timedelta(days=8))[0]
    assert f"{first.astimezone(ZONE):%a %H:%M}" == want


@pytest.mark.parametrize("day", ["2027-03-14", "2027-11-07"])
def test_a_departure_stays_at_its_hour_on_the_day_when_the_clock_is_moved(day: str) -> None:
    (only,) = departures(settings(), at(f"{day} 00:00"), at(f"{day} 12:00"))
    assert only == at(f"{day} 07:30")


def test_a_departure_in_the_hour_that_does_not_exist_still_comes_once() -> None:
    assert len(departures(settings(DEPARTURE_TIME="02:30"), at("2027-03-14 00:00"), at("2027-03-14 12:00"))) == 1


def test_a_departure_in_the_hour_that_comes_twice_comes_once() -> None:
    assert departures(settings(DEPARTURE_TIME="01:30"), at("2027-11-07 00:00"), at("2027-11-07 12:00")) == (at("2027-11-07 01:30"),)


def test_the_span_is_open_at_its_start_and_closed_at_its_end() -> None:
    assert departures(settings(), MORNING - timedelta(days=1), MORNING) == (MORNING,)
    assert at_home_from(settings(AWAY_HOURS="9"), MORNING) == MORNING + timedelta(hours=9)


# ---- the charge-limit rule


def trip(km: float, minutes: float = 60, leave: datetime = MORNING) -> Trip:
    return Trip(leave, km, minutes, "somewhere")


@pytest.mark.parametrize(
    ("trips", "want"),
    [
        ((), 75),
        ((trip(96.6),), 85),
        ((trip(193.1),), 94),
        ((trip(900),), 94),
        ((trip(50), trip(150)), 90),
        ((trip(150, minutes=15),), 75),  # a short drive does not count
        ((trip(150, leave=MORNING + timedelta(days=1)),), 75),
        ((trip(150, leave=EVENING - timedelta(minutes=1)),), 75),
    ],
)
def test_the_farther_the_trip_the_higher_the_limit(trips: tuple[Trip, ...], want: int) -> None:
    assert charge_limit_rule(trips, EVENING) == want


def test_without_a_calendar_it_is_every_days_75() -> None:
    assert charge_limit_rule(NONE, EVENING) == 75


@pytest.mark.parametrize(("limit", "most", "want"), [(70, "90", (90, 90, 90)), (95, "90", (90, 90, None)), (70, "80", (80, 80, 80))])
def test_its_number_becomes_ready_and_target_within_max_soc(limit: int, most: str, want: tuple[float, float, int | None]) -> None:
    here = replace(seen(limit_soc=limit), trips=(trip(193.1),))
    assert goals(case(here, settings(STRATEGY="charge-limit", MAX_SOC=most), VIN)) == want
