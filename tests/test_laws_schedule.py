"""The safety schedule in the simulated house: it makes a plug-in wait, charges the car when nobody else does, and nothing of the owner's is
disturbed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from config_parsers import departures
from cycle.one import run
from model import OUR_SCHEDULE_ID, Billed
from model_memory import Origin
from simulator import faults
from simulator.house import HOME, HouseSpec, World
from simulator.houses import BLUE, ZONE
from simulator.memory_house import MemoryHouse, MemoryJournal
from simulator.owner import Act
from simulator.power_cut import Fate, House, Journal
from tests.house_builders import START, settings_for
from tests.house_lives import History, live

VIN = BLUE.vin
DAY = timedelta(days=1)
HOME_AGAIN, LEAVES = timedelta(hours=18), timedelta(hours=7, minutes=30)


def two_nights(*acts: Act, **changes: object) -> History:
    """At home and awake on the first evening, then plugged in; away on the second day, plugged in on the second evening."""
    world = World(HouseSpec(zone=ZONE, home=HOME), [BLUE], START + HOME_AGAIN - timedelta(hours=1))
    world.cars[VIN].soc = 45.0
    first, second = START + HOME_AGAIN, START + DAY + HOME_AGAIN
    plain = [Act(first, "plug"), Act(START + DAY + LEAVES, "leave", 60.0), Act(second - timedelta(hours=2), "drive", 60.0)]
    world.follow([*plain, Act(second, "plug"), *acts])
    wishes = {"car_safety_schedule": True, "departure_time": departures("07:30"), "cycle_minutes": 15, "min_soc": 0}
    return History(0, world, MemoryHouse(world, settings_for(world, **(wishes | changes))))


def lived(history: History, until: datetime, disturb: Callable[[datetime], None] = lambda _now: None) -> MemoryJournal:
    journal = MemoryJournal()
    live(history, journal, until, disturb)
    return journal


def names(history: History, since: datetime, until: datetime) -> list[str]:
    kinds = (Billed.COMMAND, Billed.WAKE)
    return [call.name for call in history.world.account.calls if call.kind in kinds and since <= call.at < until]


def test_it_is_written_once_and_makes_a_plug_in_wait_without_a_paid_stop() -> None:
    history = two_nights()
    lived(history, START + DAY + timedelta(hours=22, minutes=30))
    second = START + DAY + HOME_AGAIN
    assert names(history, START, START + DAY + LEAVES).count("add_charge_schedule") == 1
    assert OUR_SCHEDULE_ID in history.world.cars[VIN].schedules
    assert names(history, second, START + DAY + timedelta(hours=22, minutes=30)) == []
    assert history.world.cars[VIN].soc < 70


def test_the_car_is_charged_in_the_morning_when_the_pi_dies_after_the_plug_in() -> None:
    history = two_nights()
    lived(history, START + DAY + HOME_AGAIN + timedelta(minutes=30))
    history.world.advance(START + 2 * DAY + LEAVES)
    assert history.world.cars[VIN].soc >= 79.5


def test_without_it_the_same_car_would_charge_at_once_or_stay_empty() -> None:
    """The pi dies after it has stopped the charge of the plug-in."""
    history = two_nights(car_safety_schedule=False)
    lived(history, START + DAY + HOME_AGAIN + timedelta(minutes=30))
    history.world.advance(START + 2 * DAY + LEAVES)
    assert history.world.cars[VIN].soc < 70


def test_the_car_is_charged_in_the_morning_when_tesla_is_down_all_night() -> None:
    history = two_nights()

    def silence(now: datetime) -> None:
        history.house.down = {"fleet"} if now > START + DAY + HOME_AGAIN + timedelta(minutes=10) else set()

    lived(history, START + 2 * DAY + LEAVES, silence)
    assert history.world.cars[VIN].soc >= 79.5


def test_a_charge_that_it_began_is_ours_and_never_taken_for_the_owners() -> None:
    """On a flat tariff with READY at 60 the plan has nothing left to do when the schedule begins to fill the car up to its limit."""
    history = two_nights(ready_soc=60, target_soc=60)
    lived(history, START + 2 * DAY + LEAVES)
    origins = {car.origin for step in history.steps for car in step.cycle.decision.cars if car.origin is not None}
    assert Origin.HAND not in origins
    begun = [event for event in history.world.events if event.who == VIN and event.what.startswith("Charging")]
    assert begun
    assert history.world.cars[VIN].soc < 66  # it was stopped: beyond 60 nothing was wanted at this price


def test_a_hand_start_beside_it_is_still_the_owners() -> None:
    start = START + DAY + timedelta(hours=21)
    history = two_nights(Act(start, "start"))
    lived(history, START + DAY + timedelta(hours=22))
    assert history.world.cars[VIN].word.value == "Charging"
    assert {car.origin for step in history.steps[-2:] for car in step.cycle.decision.cars} == {Origin.HAND}


@pytest.mark.parametrize("ill", [faults.DROP_AFTER, faults.DROP_BEFORE, faults.ILL_500, faults.ASLEEP_408, faults.GARBAGE])
def test_a_lost_answer_to_it_leads_to_no_second_one_before_a_look_and_to_no_wrong_origin(ill: faults.Fault) -> None:
    history = two_nights(ready_soc=60, target_soc=60)
    history.world.faults["fleet"].next(1, ill, "add_charge_schedule")
    lived(history, START + 2 * DAY + LEAVES)
    calls = [call for call in history.world.account.calls if call.kind is not Billed.LIST]
    for before, after in pairwise(calls):
        assert (before.name, after.name) != ("add_charge_schedule", "add_charge_schedule")
    assert Origin.HAND not in {car.origin for step in history.steps for car in step.cycle.decision.cars}


def test_an_owner_who_takes_it_out_in_the_app_has_his_will() -> None:
    history = two_nights()

    def take_out(now: datetime) -> None:
        if now >= START + DAY + timedelta(hours=6):
            history.world.cars[VIN].schedules.pop(OUR_SCHEDULE_ID, None)
            history.world.cars[VIN].plan_schedule()

    lived(history, START + 3 * DAY, take_out)
    assert names(history, START, START + 3 * DAY).count("add_charge_schedule") == 1


def test_his_own_schedule_stays_as_it_is_and_no_old_style_schedule_is_ever_set() -> None:
    history = two_nights(Act(START + HOME_AGAIN - timedelta(minutes=5), "schedule", 200))
    before = None

    def look(now: datetime) -> None:
        nonlocal before
        before = before or next((one for one in history.world.cars[VIN].schedules.values() if not one.ours), None)

    lived(history, START + 2 * DAY + LEAVES, look)
    assert before is not None
    assert history.world.cars[VIN].schedules[before.id] == before
    assert not [name for name in names(history, START, START + 3 * DAY) if name.startswith("set_scheduled")]


@pytest.mark.parametrize("at", range(1, 9))
def test_the_power_may_fail_at_each_step_of_writing_it(at: int) -> None:
    """It dies before, while and after the command leaves; the car is looked at before a second one, and the morning is kept."""
    history = two_nights()
    world, fate = history.world, Fate(at)
    house, journal = House(world, history.settings, fate), Journal(fate)
    now, died = world.now, False
    while now < START + DAY + LEAVES:
        world.advance(now)
        try:
            run(house, journal, house.settings, now)
        except SystemExit:
            died = True
        now += timedelta(minutes=15)
    assert died
    calls = [call.name for call in world.account.calls if call.kind is not Billed.LIST]
    assert ("add_charge_schedule", "add_charge_schedule") not in list(pairwise(calls))
    assert OUR_SCHEDULE_ID in world.cars[VIN].schedules
    assert world.cars[VIN].soc >= 79
    assert {car.plug.origin for car in journal.memory.cars if car.plug} <= {Origin.OURS, None}
