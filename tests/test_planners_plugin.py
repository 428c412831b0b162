"""Whose charge, whose limit, whose amps: the stories of one plug-in, reading by reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from config import Settings
from cycle.act import after
from model import Charging, Code
from model_decision import Snapshot
from model_memory import CarMemory, Cause, CommandKind, Intent, Memory, Origin, Outcome, Plug
from planners.observe import observe
from planners.owner_limit import always_full
from tests.builders import (
    EVENING,
    FAR,
    NONE,
    VIN,
    charger,
    powerwall,
    reading,
    report,
    settings,
    snapshot,
    view,
    wall,
)

OFF: dict[str, Any] = {"charging": Charging.DISCONNECTED, "cable": False}
REST: dict[str, Any] = {"charging": Charging.STOPPED}
FLOWS: dict[str, Any] = {"charging": Charging.CHARGING, "actual_amps": 48.0, "volts": 240.0}
COMPLETE: dict[str, Any] = {"charging": Charging.COMPLETE, "soc": 80}
Step = tuple[float, dict[str, Any]]


def moment(minutes: float) -> datetime:
    return EVENING + timedelta(minutes=minutes)


def told(steps: Sequence[Step | Intent], options: Settings | None = None, **changes: Any) -> CarMemory:
    """A story: (minutes, what is read) and our commands in between."""
    memory = Memory()
    for step in steps:
        if isinstance(step, Intent):
            car = memory.car(VIN)
            assert car is not None
            done = replace(car, intents=(*car.intents, step))
            memory = replace(memory, cars=(after(done, step) if step.outcome is not None else done,))
        else:
            minutes, seen = step
            now = moment(minutes)
            here = snapshot(view(reading(at=now, **seen)), now=now, memory=memory)
            memory = observe(replace(here, **changes), options or settings())
    car = memory.car(VIN)
    assert car is not None
    return car


def sent(kind: CommandKind, minutes: float, outcome: Outcome | None = Outcome.DONE, value: int | None = None, why: str = "WAIT") -> Intent:
    return Intent(kind, value, why, moment(minutes), 0.001, outcome)


def plug_of(car: CarMemory) -> Plug:
    assert car.plug is not None
    return car.plug


def origin(*steps: Step | Intent) -> Origin | None:
    return plug_of(told(steps)).origin


START, STOP = CommandKind.START, CommandKind.STOP


@pytest.mark.parametrize(
    ("steps", "want"),
    [
        ([(0, OFF), (5, FLOWS)], Origin.PLUG_IN),
        ([(0, FLOWS)], Origin.PLUG_IN),  # no memory
        ([(0, OFF), (5, REST), (6, FLOWS)], Origin.PLUG_IN),  # Stopped for some seconds before it starts by itself
        ([(0, OFF), (5, REST), (8, REST), (30, FLOWS)], Origin.HAND),
        ([(0, OFF), (5, {"charging": Charging.STARTING}), (8, FLOWS)], Origin.PLUG_IN),
        ([(0, OFF), (5, {"charging": Charging.NO_POWER}), (60, {"charging": Charging.NO_POWER}), (65, FLOWS)], Origin.OURS),
        ([(0, OFF), (5, REST), (8, REST), sent(START, 20), (25, FLOWS)], Origin.OURS),
        ([(0, OFF), (5, REST), (8, REST), sent(START, 20, Outcome.UNKNOWN), (25, FLOWS)], Origin.OURS),
        ([(0, OFF), (5, REST), (8, REST), sent(START, 20, None), (25, FLOWS)], Origin.OURS),
        ([(0, OFF), (5, REST), (8, REST), sent(START, 20, Outcome.REFUSED), (25, FLOWS)], Origin.HAND),
        ([(0, OFF), (5, REST), (8, REST), sent(START, 20, Outcome.UNREACHABLE), (25, FLOWS)], Origin.HAND),
        ([(0, OFF), (5, FLOWS), sent(STOP, 6), (10, REST), (60, FLOWS)], Origin.HAND),  # our confirmed stop is a rest
        ([(0, OFF), (5, FLOWS), sent(START, 6), sent(STOP, 7), (30, FLOWS)], Origin.HAND),  # a stop of ours followed the start
        ([(0, OFF), (5, FLOWS), (30, COMPLETE), (90, FLOWS)], Origin.PLUG_IN),  # as before
        ([(0, OFF), (5, REST), (8, REST), (30, FLOWS), (60, COMPLETE), (90, FLOWS)], Origin.HAND),
    ],
)
def test_whose_charge_it_is(steps: list[Step | Intent], want: Origin) -> None:
    assert origin(*steps) is want


def test_a_climate_draw_is_neither_rest_nor_charge() -> None:
    warm = {"charging": Charging.STOPPED, "actual_amps": 12.0}
    car = plug_of(told([(0, OFF), (5, warm), (30, warm)]))
    assert (car.rest_at, car.charging_since) == (None, None)


def test_the_cars_own_schedule_makes_rest_at_once_and_its_charge_the_cars() -> None:
    held = {"charging": Charging.STOPPED, "schedule_pending": True, "schedule_at": moment(60)}
    assert plug_of(told([(0, OFF), (5, held)])).rest_at == moment(5)
    assert origin((0, OFF), (5, held), (61, FLOWS)) is Origin.CAR
    assert origin((0, OFF), (5, held), (30, FLOWS)) is Origin.HAND  # before it was due


def test_a_cause_counts_fifteen_minutes_before_the_rest_and_not_longer() -> None:
    assert origin((0, OFF), (5, REST), sent(START, 10), (20, REST), (40, FLOWS)) is Origin.OURS
    assert origin((0, OFF), (5, REST), sent(START, 10), (40, REST), (60, FLOWS)) is Origin.HAND


# ---- a new plug-in


@pytest.mark.parametrize("away", [OFF, {"place": FAR}, {"driving": True}, {"fast_charging": True}])
def test_unplugged_away_driving_or_fast_charging_ends_the_plug_in(away: dict[str, Any]) -> None:
    car = told([(0, REST), (5, REST), (30, away)])
    assert car.plug is None
    assert car.unplugged_at == moment(30)
    assert plug_of(told([(0, REST), (30, away), (60, FLOWS)])).since == moment(60)
    assert origin((0, REST), (5, REST), (30, away), (60, FLOWS)) is Origin.PLUG_IN


def test_an_energy_counter_that_fell_is_a_new_plug_in() -> None:
    again = told([(0, {"energy_added_kwh": 12.0}), (5, {"energy_added_kwh": 12.0}), (60, {"energy_added_kwh": 1.5} | FLOWS)])
    assert plug_of(again).since == moment(60)
    assert plug_of(again).origin is Origin.PLUG_IN
    same = told([(0, {"energy_added_kwh": 12.0}), (60, {"energy_added_kwh": 12.5})])
    assert plug_of(same).since == moment(0)


def test_a_place_that_is_not_known_ends_no_plug_in() -> None:
    assert plug_of(told([(0, REST), (30, {"place": NONE})])).since == moment(0)


def test_an_older_reading_teaches_nothing() -> None:
    car = told([(10, REST), (5, OFF)])
    assert plug_of(car).since == moment(10)


# ---- his stop


@pytest.mark.parametrize(
    ("steps", "stopped"),
    [
        ([(0, OFF), (5, FLOWS), (20, REST)], True),
        ([(0, OFF), (5, FLOWS), sent(STOP, 10), (20, REST)], False),
        ([(0, OFF), (5, FLOWS), sent(STOP, 10, Outcome.UNKNOWN), (20, REST)], False),
        ([(0, OFF), (5, FLOWS), sent(STOP, 10, Outcome.REFUSED), (20, REST)], True),
        ([(0, OFF), (5, FLOWS), (20, COMPLETE)], False),
        ([(0, OFF), (5, FLOWS), (20, {"charging": Charging.STOPPED, "soc": 80})], False),  # at its limit
        ([(0, OFF), (5, FLOWS), (20, {"charging": Charging.NO_POWER})], False),
        ([(0, OFF), (5, FLOWS), (20, REST), (30, FLOWS), (35, FLOWS)], False),  # he started it again
        ([(0, OFF), (5, FLOWS), (20, REST), (30, OFF), (40, REST)], False),
        ([(0, OFF), (5, FLOWS), (20, REST), (30, {"limit_soc": 100})], False),  # his newer word
    ],
)
def test_a_charge_that_stops_without_us_was_stopped_by_the_owner(steps: list[Step | Intent], stopped: bool) -> None:
    assert plug_of(told(steps)).owner_stopped is stopped


# ---- his limit


@pytest.mark.parametrize(
    ("limits", "full"),
    [
        ([80, 100], True),
        ([80, 95], True),
        ([80, 94], False),
        ([100, 100], False),  # it always stood there
        ([95, 100], False),
        ([80, 100, 90], False),
        ([80, 100, 100], True),
    ],
)
def test_a_limit_raised_in_this_plug_in_means_full_now(limits: list[int], full: bool) -> None:
    steps: list[Step | Intent] = [(10.0 * i, REST | {"limit_soc": limit}) for i, limit in enumerate(limits)]
    assert plug_of(told(steps)).full_power is full


def test_a_limit_raised_while_away_is_no_word_for_this_plug_in() -> None:
    assert plug_of(told([(0, OFF), (5, OFF | {"limit_soc": 100}), (10, REST | {"limit_soc": 100})])).full_power is False
    assert plug_of(told([(0, OFF), (10, REST | {"limit_soc": 100})])).full_power is False


def test_a_limit_of_ours_is_not_his() -> None:
    raise_it = sent(CommandKind.LIMIT, 6, value=98, why=Code.LIMIT_FOR_NEED)
    memory = told([(0, REST), (5, REST)])
    mine = replace(memory, limit=replace(memory.limit, own=80, raised_to=98), intents=(raise_it,))
    here = snapshot(view(reading(at=moment(10), limit_soc=98)), now=moment(10), memory=Memory(cars=(mine,)))
    car = observe(here, settings()).car(VIN)
    assert car is not None
    assert plug_of(car).full_power is False
    assert (car.limit.own, car.limit.lowest) == (80, 80)


def test_the_habit_of_100_is_lost_when_a_lower_limit_was_seen_once() -> None:
    assert always_full(told([(0, {"limit_soc": 100})]).limit)
    assert not always_full(told([(0, {"limit_soc": 100}), (5, {"limit_soc": 90}), (10, {"limit_soc": 100})]).limit)


# ---- his amps


@pytest.mark.parametrize(
    ("steps", "cap"),
    [
        ([(0, REST | {"request_amps": 48})], None),
        ([(0, REST | {"request_amps": 16})], 16),
        ([(0, REST), sent(CommandKind.AMPS, 3, value=16), (5, REST | {"request_amps": 16})], None),
        ([(0, REST), sent(CommandKind.AMPS, 3, Outcome.UNKNOWN, 16), (5, REST | {"request_amps": 16})], None),
        ([(0, REST), sent(CommandKind.AMPS, 3, Outcome.REFUSED, 16), (5, REST | {"request_amps": 16})], 16),
        ([(0, REST), sent(CommandKind.AMPS, 3, value=16), (5, REST | {"request_amps": 10})], 10),
        ([(0, REST | {"request_amps": 16}), (5, REST | {"request_amps": 48})], None),
        ([(0, REST | {"request_amps": NONE})], None),
    ],
)
def test_amps_that_he_set_below_what_is_allowed_are_a_cap(steps: list[Step | Intent], cap: int | None) -> None:
    assert plug_of(told(steps)).amps_cap == cap


# ---- what the house tells


def cycle(memory: Memory, minutes: float, **changes: Any) -> Memory:
    seen = changes.pop("car", REST)
    here: Snapshot = snapshot(view(reading(at=moment(minutes), **seen)), now=moment(minutes), memory=memory)
    return observe(replace(here, **changes), settings())


def marks(memory: Memory) -> list[tuple[Cause, datetime]]:
    car = memory.car(VIN)
    assert car is not None
    return [(mark.cause, mark.at) for mark in car.marks]


def test_power_that_came_back_is_a_cause() -> None:
    memory = cycle(Memory(), 0, powerwall=powerwall())
    memory = cycle(memory, 5, powerwall=powerwall(grid_up=False))
    memory = cycle(memory, 10)  # no reading of the Powerwall changes nothing
    memory = cycle(memory, 15, powerwall=powerwall(), car=FLOWS)
    assert marks(memory) == [(Cause.POWER, moment(15))]
    car = memory.car(VIN)
    assert car is not None
    assert plug_of(car).origin is Origin.OURS


def test_an_offer_that_rose_and_a_heartbeat_that_came_back_are_causes() -> None:
    memory = cycle(Memory(), 0, charger=report(charger(offered_amps=6)))
    memory = cycle(memory, 5, charger=report(charger(offered_amps=6)))
    memory = cycle(memory, 10, charger=report(charger(offered_amps=32)))
    memory = cycle(memory, 15, charger=report(charger(offered_amps=20)))
    assert (Cause.OFFER, moment(10)) in marks(memory)
    assert (Cause.OFFER, moment(15)) not in marks(memory)
    memory = cycle(memory, 20)
    memory = cycle(memory, 25, charger=report(charger(offered_amps=20)))
    assert (Cause.HEARTBEAT, moment(25)) in marks(memory)
    assert sum(cause is Cause.HEARTBEAT for cause, _ in marks(memory)) == 2  # when it was first seen, and now


def test_marks_are_forgotten_after_a_day_and_commands_after_two() -> None:
    memory = cycle(Memory(), 0, charger=report(charger(offered_amps=32)))
    car = memory.car(VIN)
    assert car is not None
    memory = replace(memory, cars=(replace(car, intents=(sent(START, 0),)),))
    memory = cycle(memory, 24 * 60)
    assert marks(memory) == []
    assert len((memory.car(VIN) or car).intents) == 1
    memory = cycle(memory, 48 * 60)
    assert (memory.car(VIN) or car).intents == ()


def test_a_connector_that_sees_no_plug_ends_the_plug_in_without_asking_tesla() -> None:
    aged = view(reading(at=moment(0)), online=False)
    for sensor in ({"charger": report(charger(plugged=False))}, {"wall": wall(connected=False)}):
        memory = cycle(Memory(), 0)
        here = replace(snapshot(aged, now=moment(30), memory=memory), **sensor)
        car = observe(here, settings()).car(VIN)
        assert car is not None
        assert car.plug is None
        assert car.unplugged_at == moment(30)


def nobody(minutes: float, memory: Memory, *, plugged: bool, kwh: float, offer: int = 0) -> Memory:
    """A house without a login: the connector stands for the car."""
    wire = charger(vin=None, plugged=plugged, energy_kwh=kwh, offered_amps=offer, protocol=1, min_amps=5, can_stop=True)
    views = (replace(view(NONE), vin="", name=""),) if plugged else ()
    here = replace(snapshot(now=moment(minutes), memory=memory), cars=views, charger=report(wire), commands=NONE)
    return observe(here, settings())


def test_without_a_login_each_plug_in_counts_its_own_energy() -> None:
    """The next car must not inherit what was delivered to the one before: it would never be charged."""
    memory = nobody(0, Memory(), plugged=True, kwh=100.0)
    memory = nobody(60, memory, plugged=True, kwh=120.0)
    memory = nobody(65, memory, plugged=False, kwh=120.0)
    gone = memory.car("")
    assert gone is not None
    assert gone.plug is None
    car = nobody(120, memory, plugged=True, kwh=120.0).car("")
    assert car is not None
    assert (plug_of(car).since, plug_of(car).meter_kwh) == (moment(120), 120.0)


def test_without_a_login_the_offers_are_the_starts_and_stops() -> None:
    memory = nobody(0, Memory(), plugged=True, kwh=100.0)
    memory = nobody(5, memory, plugged=True, kwh=100.0, offer=32)
    memory = nobody(10, memory, plugged=True, kwh=100.0, offer=16)
    car = memory.car("")
    assert car is not None
    assert (car.on_since, plug_of(car).starts) == (moment(5), 1)
    car = nobody(15, memory, plugged=True, kwh=100.0).car("")
    assert car is not None
    assert (car.on_since, car.off_since) == (None, moment(15))


def test_home_here_is_where_the_car_stands_parked() -> None:
    here = settings(TESLA_HOME_ADDRESS="here")
    parked = observe(snapshot(view(reading(charging=Charging.DISCONNECTED)), home=NONE), here)
    assert parked.home == reading().place
    for elsewhere in ({"driving": True}, {"fast_charging": True}, {"place": NONE}):
        assert observe(snapshot(view(reading(**elsewhere)), home=NONE), here).home is None
    moved = observe(snapshot(view(reading(place=FAR)), home=NONE, memory=parked), here)
    assert moved.home == reading().place
