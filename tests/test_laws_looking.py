"""Look before you speak: law 6 after lost answers, law 8 for a car that drives off between two readings."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from config import Strategy
from config_parsers import charge_hours, departures
from model import Billed
from model_memory import CommandKind, Outcome
from simulator import faults
from simulator.faults import Fault
from simulator.house import HOME, HouseSpec, World
from simulator.houses import BLUE, ZONE
from simulator.memory_house import MemoryHouse, MemoryJournal
from simulator.owner import Act
from tests.house_builders import START, settings_for
from tests.house_lives import History, Step, live

VIN = BLUE.vin
NOON = START + timedelta(hours=12)


def house(acts: tuple[Act, ...], **changes: object) -> History:
    """At home at noon with 40 %; a timer charges from 13:00 to 15:00, nothing else is wanted."""
    world = World(HouseSpec(zone=ZONE, home=HOME), [BLUE], NOON)
    world.cars[VIN].soc = 40.0
    world.follow(acts)
    wishes = {"strategy": Strategy.TIMER, "charge_hours": (charge_hours("13:00-15:00@24"),), "departure_time": departures("11:00")}
    return History(0, world, MemoryHouse(world, settings_for(world, **(wishes | changes))))


def commands(step: Step) -> list[str]:
    return [call.name for call in step.calls if call.kind in (Billed.COMMAND, Billed.WAKE)]


def was_read(step: Step) -> bool:
    return any(call.name == "data" and call.status == 200 for call in step.calls)


@pytest.mark.parametrize("ill", [faults.DROP_AFTER, faults.DROP_BEFORE, faults.CUT, faults.GARBAGE, faults.HANG, faults.ILL_500])
@pytest.mark.parametrize(
    ("kind", "acts"),
    [
        (CommandKind.STOP, ()),
        (CommandKind.START, (Act(NOON + timedelta(minutes=2), "stop"),)),
        (CommandKind.AMPS, (Act(NOON + timedelta(minutes=2), "stop"),)),
    ],
)
def test_law_6_a_command_without_an_answer_is_not_followed_by_another_before_the_car_was_read(
    kind: CommandKind, acts: tuple[Act, ...], ill: Fault
) -> None:
    """Its answer is lost, and so are the next three readings: only after the first that succeeds may anything be sent."""
    history = house((Act(NOON + timedelta(minutes=1), "plug"), *acts))
    fleet, lost = history.world.faults["fleet"], list[datetime]()
    fleet.next(1, ill, f"command/{kind.value}")

    def no_reading_afterwards(now: datetime) -> None:
        unknown = any(one.outcome is Outcome.UNKNOWN for step in history.steps[-1:] for one in step.cycle.decision.sent)
        if unknown and not lost:
            lost.append(now)
            fleet.next(3, faults.BUSY_503, "vehicle_data")

    live(history, MemoryJournal(), NOON + timedelta(hours=3, minutes=30), no_reading_afterwards)
    assert lost
    blind = []
    for step in history.steps:
        if step.now >= lost[0]:
            if was_read(step):
                break
            blind.append(step)
    assert len(blind) >= 2
    assert {name for step in blind for name in commands(step)} <= {"wake_up"}  # it sleeps meanwhile, and is woken to be read
    assert [one.outcome for step in history.steps for one in step.cycle.decision.sent][-1] in (Outcome.DONE, Outcome.ALREADY)


@pytest.mark.parametrize("readable", [True, False])
@pytest.mark.parametrize("minute", [1, 8, 14])
def test_law_8_a_car_that_drove_off_since_its_last_reading_is_not_stopped_on_the_road(minute: int, readable: bool) -> None:
    """The timer ends at 15:00 and the stop is due; he left some minutes before, and no sensor at home saw it."""
    end = START + timedelta(hours=15)
    left = end - timedelta(minutes=minute)
    history = house((Act(NOON + timedelta(minutes=1), "plug"), Act(left, "leave", 60.0)))

    def mute(now: datetime) -> None:
        if now >= left and not readable:
            history.world.faults["fleet"].clear()
            history.world.faults["fleet"].next(5, faults.BUSY_503, "vehicle_data")

    live(history, MemoryJournal(), end + timedelta(hours=1), mute)
    assert any(step.truth[VIN].wall_w > 5000 for step in history.steps if step.now < left)
    assert not [name for step in history.steps if step.now >= left for name in commands(step)]


def test_a_stop_that_is_due_on_an_aged_reading_is_sent_after_a_second_look() -> None:
    history = house((Act(NOON + timedelta(minutes=1), "plug"),))
    live(history, MemoryJournal(), START + timedelta(hours=15, minutes=1))
    last = history.steps[-1]
    assert last.now == START + timedelta(hours=15)
    assert [call.name for call in last.calls if call.name != "list"] == ["data", "charge_stop"]
