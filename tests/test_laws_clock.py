"""Law 11: a Pi has no clock of its own. It boots in 1970, goes back, jumps ahead and comes back; the true time goes on all the while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from config_parsers import departures
from cycle.one import Cycle, run
from model import Billed, CarReading
from model_decision import Target
from simulator.account import ApiCall
from simulator.house import HOME, HouseSpec, World
from simulator.houses import BLUE, ZONE
from simulator.memory_house import MemoryHouse, MemoryJournal
from simulator.owner import Act
from tests.house_builders import START, settings_for

VIN = BLUE.vin
PLUG = START + timedelta(hours=18, minutes=10)
LEAVE = START + timedelta(hours=31, minutes=30)
WRONG = (START + timedelta(hours=18, minutes=5), START + timedelta(hours=19, minutes=5))  # [from, to): the car is plugged in meanwhile
CYCLE = timedelta(minutes=5)
Wrong = Callable[[datetime], datetime]


@dataclass(frozen=True, slots=True)
class Told:
    """One cycle at the true time `at`, which believed it to be `clock`."""

    at: datetime
    clock: datetime
    cycle: Cycle
    calls: tuple[ApiCall, ...]
    target: Target | None  # what was offered in this very cycle


@dataclass(frozen=True, slots=True)
class Night:
    told: tuple[Told, ...]
    soc: float

    def between(self, start: datetime, end: datetime) -> list[Told]:
        return [one for one in self.told if start <= one.at < end]


def night(wrong: Wrong, span: tuple[datetime, datetime] = WRONG) -> Night:
    """Plugged in at 18:10, leaving at 07:30; within `span` the clock shows wrong(true time)."""
    world = World(HouseSpec(zone=ZONE, home=HOME), [BLUE], PLUG - timedelta(minutes=10))
    world.cars[VIN].soc = 40.0
    world.follow([Act(PLUG, "plug")])
    house = MemoryHouse(world, settings_for(world, departure_time=departures("07:30"), min_soc=0))
    journal, now, told = MemoryJournal(), world.now, list[Told]()
    while now < LEAVE:
        world.advance(now)
        clock = wrong(now) if span[0] <= now < span[1] else now
        journal.offered, calls = None, len(world.account.calls)
        cycle = run(house, journal, house.settings, clock)
        told.append(Told(now, clock, cycle, tuple(world.account.calls[calls:]), journal.offered))
        now += CYCLE
    world.advance(LEAVE)
    return Night(tuple(told), world.cars[VIN].soc)


def back(**by: float) -> Wrong:
    return lambda at: at - timedelta(**by)


def ahead(**by: float) -> Wrong:
    return lambda at: at + timedelta(**by)


def boots_in_1970(at: datetime) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + (at - WRONG[0])


CLOCKS = {
    "an hour back": back(hours=1),
    "a week back": back(days=7),
    "1970": boots_in_1970,
    "an hour ahead": ahead(hours=1),
    "a day ahead": ahead(days=1),
    "ten years ahead": ahead(days=3650),
}


@cache
def wrong_hour(name: str) -> Night:
    return night(CLOCKS[name])


@pytest.mark.parametrize("name", CLOCKS)
def test_the_car_is_charged_in_the_morning_whatever_the_clock_said_for_an_hour(name: str) -> None:
    assert wrong_hour(name).soc >= 79


@pytest.mark.parametrize("name", ["an hour back", "a week back", "1970"])
def test_a_clock_that_went_back_sends_nothing_and_renews_no_target_until_three_cycles_agree(name: str) -> None:
    doubted = [one for one in wrong_hour(name).told if one.cycle.clock]
    assert len(doubted) >= 2
    for one in doubted:
        assert not [call for call in one.calls if call.kind in (Billed.COMMAND, Billed.WAKE)]
        assert one.target is None
        assert one.cycle.failed


def test_a_clock_in_1970_is_never_believed_however_many_cycles_agree() -> None:
    assert all(one.cycle.clock for one in wrong_hour("1970").between(*WRONG))


@pytest.mark.parametrize("name", CLOCKS)
def test_nothing_that_was_learned_from_a_wrong_clock_lies_in_the_future_afterwards(name: str) -> None:
    after = [one for one in wrong_hour(name).told if one.at >= WRONG[1] and not one.cycle.clock]
    assert after
    for one in after:
        memory = one.cycle.decision.memory
        for car in memory.cars:
            times = [car.tried_at, car.on_since, car.off_since, car.last_woken, car.unplugged_at, car.completed_at]
            times += [mark.at for mark in car.marks] + [intent.at for intent in car.intents]
            times += [car.reading.at if car.reading else None]
            times += [car.plug.since, car.plug.rest_at, car.plug.charging_since] if car.plug else []
            assert all(at is None or at <= one.clock for at in times), name


@pytest.mark.parametrize("name", CLOCKS)
def test_a_wrong_hour_costs_no_charge_in_the_dear_evening(name: str) -> None:
    """Believed wrongly it may start a charge an hour early or late, but a charge that nobody wanted must not run on for hours."""
    told = wrong_hour(name).between(WRONG[1] + timedelta(minutes=30), START + timedelta(hours=22, minutes=55))
    assert all(not view.reading.actual_amps for one in told for view in one.cycle.snapshot.cars if isinstance(view.reading, CarReading))


def test_a_boot_in_1970_before_anything_is_known_does_nothing_and_the_first_true_cycle_begins() -> None:
    first = (PLUG - timedelta(minutes=10), PLUG + timedelta(minutes=40))
    one = night(lambda at: datetime(1970, 1, 1, tzinfo=UTC) + (at - first[0]), first)
    assert not [call for told in one.between(*first) for call in told.calls if call.kind in (Billed.COMMAND, Billed.WAKE)]
    assert one.soc >= 79
