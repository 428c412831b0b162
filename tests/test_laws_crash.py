"""Law 9, without files: the process dies at every step of acting, and the next cycle starts from the last memory that was saved.

The files themselves, and a real process killed at random moments, have tests of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

import pytest

from config_parsers import departures
from cycle.one import run
from model_memory import Origin
from simulator.account import ApiCall
from simulator.house import HOME, HouseSpec, World
from simulator.houses import BLUE, ZONE
from simulator.owner import Act
from simulator.power_cut import Fate, House, Journal
from tests.house_builders import START, settings_for

VIN = BLUE.vin
PLUG = START + timedelta(hours=18, minutes=10)
LEAVE = START + timedelta(hours=31, minutes=30)
CYCLE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Lived:
    steps: int
    soc: float
    dollars: float
    counted: float
    calls: tuple[ApiCall, ...]
    origins: frozenset[Origin | None]
    died_in: int | None  # how many calls had been made when the power failed
    acting: tuple[int, ...]  # steps of cycles in which something was sent


def night(at: int) -> Lived:
    """Plugged in at 18:10, leaving at 07:30; the power fails at step `at` (0: never) and is back for the next cycle."""
    world = World(HouseSpec(zone=ZONE, home=HOME), [BLUE], PLUG - timedelta(minutes=10))
    world.cars[VIN].soc = 40.0
    world.follow([Act(PLUG, "plug")])
    fate, died, origins, acting = Fate(at), None, set[Origin | None](), list[int]()
    house = House(world, settings_for(world, departure_time=departures("07:30"), cycle_minutes=15, min_soc=0), fate)
    journal, now = Journal(fate), world.now
    while now < LEAVE:
        world.advance(now)
        first = fate.count + 1
        try:
            run(house, journal, house.settings, now)
        except SystemExit:
            died = len(world.account.calls)
        if fate.count - first > 1:
            acting += range(first, fate.count + 1)
        origins |= {car.plug.origin for car in journal.memory.cars if car.plug is not None}
        now += CYCLE
    world.advance(LEAVE)
    spent = house.purse.budget(now).spent
    return Lived(
        fate.count, world.cars[VIN].soc, world.account.dollars, spent, tuple(world.account.calls), frozenset(origins), died, tuple(acting)
    )


@cache
def unharmed() -> Lived:
    return night(0)


def every_step(judge: Callable[[Lived, int], None]) -> None:
    """In each cycle that acts, and in every twelfth of the others, where only the last memory is saved."""
    for at in sorted({*unharmed().acting, *range(1, unharmed().steps + 1, 12)}):
        judge(lived(at), at)


@cache
def lived(at: int) -> Lived:
    return night(at)


def test_the_night_has_every_kind_of_step() -> None:
    names = {call.name for call in unharmed().calls}
    assert {"charge_stop", "charge_start", "wake_up", "data"} <= names
    assert unharmed().soc >= 79


def test_the_car_is_charged_in_the_morning_whenever_the_power_was_cut() -> None:
    def judge(one: Lived, at: int) -> None:
        assert one.soc >= 79, f"step {at}"

    every_step(judge)


def test_no_charge_of_ours_is_taken_for_the_owners_whenever_the_power_was_cut() -> None:
    def judge(one: Lived, at: int) -> None:
        assert Origin.HAND not in one.origins, f"step {at}"

    every_step(judge)


def test_every_request_is_counted_whenever_the_power_was_cut() -> None:
    def judge(one: Lived, at: int) -> None:
        assert one.counted >= one.dollars - 1e-9, f"step {at}"

    every_step(judge)


def test_a_command_that_may_have_been_carried_out_is_not_sent_again_before_the_car_was_looked_at() -> None:
    def judge(one: Lived, at: int) -> None:
        if one.died_in is None:
            return
        before, later = one.calls[: one.died_in], [call for call in one.calls[one.died_in :] if call.name != "list"]
        last = next((call for call in reversed(before) if call.name != "list"), None)
        if last is None or last.name in ("data", "wake_up") or not later or last.at < one.calls[one.died_in - 1].at:
            return
        assert later[0].name in ("data", "wake_up"), f"step {at}: {last.name}, then {later[0].name}"

    every_step(judge)


@pytest.mark.parametrize("at", [3, 8])
def test_a_cut_really_happens(at: int) -> None:
    assert lived(at).died_in is not None
