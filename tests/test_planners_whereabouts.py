"""Law 8: what vouches for a car at home, what is newer than that, and what nobody saw."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from cycle.one import Cycle, run
from model import OUR_SCHEDULE_ID, CarSchedule, CarStatus, Charging, Code, Missing, PowerwallReading, SiteConnector, WallReading
from model_decision import Command, Snapshot
from model_memory import Memory, Outcome
from planners.looking import worth_reading
from planners.observe import observe
from simulator.memory_house import MemoryJournal
from tests.builders import (
    EVENING,
    FAR,
    HOME,
    NONE,
    VIN,
    case,
    charger,
    plugged,
    powerwall,
    reading,
    remembering,
    report,
    settings,
    snapshot,
)
from tests.builders import view as seen

HERE = settings()


def later(minutes: float) -> datetime:
    return EVENING + timedelta(minutes=minutes)


def cloud(minutes: float) -> PowerwallReading:
    """Tesla's cloud saw our car on the Powerwall's Wall Connector, so many minutes after EVENING."""
    return powerwall(at=later(minutes), connectors=(SiteConnector("1--2", VIN, 0.0),))


def wall(**changes: Any) -> WallReading:
    whole = WallReading(EVENING, connected=True, contactor_closed=False, amps=0.0, volts=240.0, session_kwh=5.0, session_s=3000.0)
    return replace(whole, **changes)


def whereabouts(now: float, memory: Memory | None = None, **changes: Any) -> bool | Missing:
    """Is the car at home? It was read plugged in there at EVENING, unless told; it is asleep unless `online`."""
    online, read = changes.pop("online", False), changes.pop("read", reading())
    known = memory or remembering(plugged(reading=reading(), slept_at=later(now - 5) if now > 5 else None))
    return case(snapshot(seen(read, online=online), now=later(now), memory=known, **changes)).home


# ---- a newer reading beats an older report


@pytest.mark.parametrize("gone", [{"place": FAR}, {"driving": True}, {"fast_charging": True, "place": FAR}])
def test_a_newer_reading_beats_what_the_cloud_said_before(gone: dict[str, Any]) -> None:
    away = reading(at=later(5), **gone)
    before = remembering(plugged(reading=reading()))
    now = snapshot(seen(away), now=later(5), memory=before, powerwall=cloud(0))
    assert case(now).home is False
    car = observe(now, HERE).car(VIN)
    assert car is not None
    assert car.plug is None  # and so nothing is sent to it


@pytest.mark.parametrize("gone", [{"driving": True}, {"fast_charging": True, "place": FAR}])
def test_a_car_on_the_road_is_not_at_home_although_its_connector_still_names_it(gone: dict[str, Any]) -> None:
    away = reading(at=later(5), **gone)
    wired = report(charger(last_seen=later(4.9)), now=later(5))
    assert case(snapshot(seen(away), now=later(5), memory=remembering(plugged(reading=reading())), charger=wired)).home is False


def test_the_cloud_vouches_where_the_reading_has_no_place_or_is_older() -> None:
    nowhere = reading(at=later(5), place=NONE)
    assert whereabouts(5, read=nowhere, online=True, powerwall=cloud(0)) is True
    assert whereabouts(5, read=reading(place=FAR), powerwall=cloud(5)) is True  # it came home since
    assert whereabouts(5, read=reading(place=NONE), powerwall=NONE) == NONE


def test_a_report_older_than_an_unplugging_vouches_no_more() -> None:
    """Without a place in its readings: unplugged at home, plugged in at a friend's, and the report is of before."""
    known = remembering(plugged(reading=reading(), plug=None, unplugged_at=later(5)))
    assert isinstance(whereabouts(10, known, read=reading(at=later(10), place=NONE), online=True, powerwall=cloud(0)), Missing)


def test_an_old_report_does_not_vouch_for_a_car_that_fell_asleep_since() -> None:
    known = remembering(plugged(reading=reading(place=NONE), slept_at=later(15)))
    assert whereabouts(14, known, read=reading(place=NONE), powerwall=cloud(1)) is True
    assert whereabouts(18, known, read=reading(place=NONE), powerwall=cloud(1)) == NONE


def test_a_report_of_this_cycle_ends_the_doubt_of_a_gap() -> None:
    memory = observe(
        snapshot(seen(reading(), online=False), now=later(60), memory=remembering(plugged(reading=reading())), powerwall=cloud(60)), HERE
    )
    assert whereabouts(65, memory) is True


NET = CarSchedule(OUR_SCHEDULE_ID, 127, 60, None, 10.5, 20.5)  # our standing schedule in the car


# ---- what nobody saw


@pytest.mark.parametrize(("gap", "home"), [(14, True), (16, True), (25, False), (60, False)])
def test_a_gap_longer_than_a_tesla_stays_awake_counts_as_may_have_driven(gap: float, home: bool) -> None:
    known = remembering(plugged(reading=reading(at=later(-20)), slept_at=EVENING, schedule=NET))
    found = whereabouts(gap, known, read=reading(at=later(-20)))
    assert (found is True) is home


def test_a_gap_is_not_held_against_a_car_that_nothing_else_would_charge() -> None:
    known = remembering(plugged(reading=reading(at=later(-20)), slept_at=EVENING))
    assert whereabouts(60, known, read=reading(at=later(-20))) is True


def test_a_doubt_lasts_until_the_car_is_read_again() -> None:
    memory = remembering(plugged(reading=reading(), schedule=NET))
    for minutes in (25, 30, 35):
        now = snapshot(seen(reading(), online=False), now=later(minutes), memory=memory)
        assert isinstance(case(now).home, Missing)
        memory = observe(now, HERE)
    memory = observe(snapshot(seen(reading(at=later(40))), now=later(40), memory=memory), HERE)
    assert case(snapshot(seen(reading(at=later(40)), online=False), now=later(45), memory=memory)).home is True


def test_a_sensor_that_sees_it_plugged_in_all_along_or_now_ends_the_doubt() -> None:
    known = remembering(plugged(reading=reading(), schedule=NET))
    assert whereabouts(60, known, wall=wall()) is True
    silent = replace(seen(reading()), status=Missing("tesla", "no answer"))
    memory = known
    for minutes in range(5, 60, 5):  # no list, but the connector
        memory = observe(snapshot(silent, now=later(minutes), memory=memory, wall=wall()), HERE)
    assert whereabouts(60, memory) is True  # the sensor fails just now
    for minutes in range(5, 60, 5):  # neither
        known = observe(snapshot(silent, now=later(minutes), memory=known), HERE)
    assert isinstance(whereabouts(60, known), Missing)


# ---- a guest on a connector that names nobody


@pytest.mark.parametrize("online", [True, False])
@pytest.mark.parametrize("session", [{"session_s": 60.0}, {"session_kwh": 0.0}])
def test_another_session_at_the_connector_needs_a_look(session: dict[str, float], online: bool) -> None:
    memory = observe(snapshot(seen(), memory=remembering(plugged(reading=reading())), wall=wall()), HERE)
    for minutes in (5, 10):  # also in the cycles after it
        guest = snapshot(seen(reading(), online=online), now=later(minutes), memory=memory, wall=wall(**{"session_s": 3600.0, **session}))
        assert isinstance(case(guest).home, Missing)
        memory = observe(guest, HERE)
    read = observe(snapshot(seen(reading(at=later(15))), now=later(15), memory=memory, wall=wall(**session)), HERE)
    assert case(snapshot(seen(reading(at=later(15))), now=later(20), memory=read, wall=wall(**session))).home is True


def test_a_session_that_goes_on_needs_no_look() -> None:
    memory = observe(snapshot(seen(), memory=remembering(plugged(reading=reading())), wall=wall()), HERE)
    assert whereabouts(5, memory, wall=wall(session_s=3300.0, session_kwh=6.0)) is True


def test_another_session_is_worth_a_paid_reading() -> None:
    known = plugged(reading=reading(), session_s=3000.0, session_kwh=5.0)
    online = CarStatus(VIN, "Blue", online=True, in_service=False)
    assert worth_reading(online, known, (NONE, wall()), later(5)) is None
    assert worth_reading(online, known, (NONE, wall(session_s=60.0)), later(5)) == "another plug-in: whose is it?"
    assert worth_reading(online, replace(known, stranger_at=later(5)), (NONE, wall()), later(10)) == "another plug-in: whose is it?"


# ---- TESLA_HOME_ADDRESS=here


class Dear:
    """A car that charges at a dear hour, read in each cycle; home is where memory says. Keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[Command] = []

    def look(self, memory: Memory, now: datetime) -> Snapshot:
        flows = reading(at=now, charging=Charging.CHARGING, actual_amps=48.0, volts=240.0)
        return snapshot(seen(flows), now=now, memory=memory, home=memory.home or Missing("config", "not learned yet"))

    def look_again(self, snapshot: Snapshot, vins: tuple[str, ...]) -> Snapshot:
        raise AssertionError(vins)

    def act(self, command: Command) -> tuple[Outcome, str]:
        self.sent.append(command)
        return Outcome.DONE, ""

    def act_site(self, command: object) -> tuple[Outcome, str]:
        raise AssertionError(command)

    def ceiling(self) -> Missing:
        return NONE


def test_the_cycle_that_learns_home_says_so_and_commands_nothing() -> None:
    house, journal = Dear(), MemoryJournal()
    wishes = settings(TESLA_HOME_ADDRESS="here", DEPARTURE_TIME="mon-sun 07:30", TARIFF="free-nights:21:00-06:00@0.24")

    def cycle(minutes: float) -> Cycle:
        return run(house, journal, wishes, later(minutes))

    first = cycle(0)
    assert not house.sent
    assert any(f"{HOME.lat},{HOME.lon}" in text for text in first.problems)
    assert Code.PLACE_UNKNOWN in {reason.code for reason in first.decision.cars[0].reasons}
    second = cycle(5)
    assert [one.kind for one in house.sent][-1:] == ["charge_stop"]
    assert not any("TESLA_HOME_ADDRESS" in text for text in second.problems)
