"""Nights of a house with Gen 2 connectors: scheduler -> target.json -> the real master -> wire -> slave -> car -> charger.json."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from config import Control, Secret
from config_parsers import departures
from config_tariff import parse_tariff
from model import Billed, Code
from model_decision import Action
from model_decision import Path as Way
from simulator.house import HOME, HouseSpec, World
from simulator.houses import BLUE, RED, ZONE
from simulator.memory_house import MemoryHouse, MemoryJournal
from simulator.owner import Act
from simulator.twc_night import STRIDE_S, TwcNight
from tests.house_builders import settings_for
from tests.house_lives import History, live
from twc.report import Report
from twc.values import Options
from twc_daemon_files import charger_file

HOME_AT = datetime(2026, 12, 7, 20, 0, tzinfo=ZONE)  # a Monday
PLUGS_IN = HOME_AT + timedelta(minutes=10)
CHEAP, DEAR = HOME_AT + timedelta(hours=4), HOME_AT + timedelta(hours=9)  # cheap from midnight to five
LEAVES = HOME_AT + timedelta(hours=11, minutes=30)
SETTLED = timedelta(minutes=40)  # a new plug-in is looked at, and a charge that began by itself runs a while before it is stopped
NIGHTS = parse_tariff("free-nights:00:00-05:00@0.24", Path())
NO_LOGIN = {"tesla_access_token": Secret("")}
EXACT = timedelta(seconds=3)  # a heartbeat, and the world's second


@dataclass(frozen=True)
class House:
    """`dies`: after so much of the night no cycle comes any more."""

    control: Control = Control.TWC
    protocol: int = 2
    login: bool = True
    cars: int = 1
    breaker: int = 60
    dies: timedelta | None = None


@dataclass
class Lived:
    history: History
    journal: MemoryJournal
    gen2: TwcNight
    kwh: dict[datetime, float]  # what had gone through all connectors by then

    @property
    def world(self) -> World:
        return self.history.world

    def between(self, start: datetime, end: datetime) -> float:
        return self.kwh[end] - self.kwh[start]

    def reasons(self) -> set[Code]:
        return {reason.code for step in self.history.steps for car in step.cycle.decision.cars for reason in car.reasons}

    def changes(self, word: str) -> list[datetime]:
        return [event.at for event in self.world.events if event.what == word]


def built(house: House, stride_s: float = STRIDE_S) -> tuple[History, MemoryJournal, TwcNight]:
    cars = (BLUE, RED)[: house.cars]
    world = World(HouseSpec(zone=ZONE, home=HOME, breaker_amps=float(house.breaker)), cars, HOME_AT)
    for car in world.cars.values():
        car.soc, car.limit_soc = 45.0, 80
    world.follow([Act(PLUGS_IN, "plug"), Act(LEAVES, "drive", 25.0)])
    settings = settings_for(world, control=house.control, tariff=NIGHTS, grid_iso=None, departure_time=departures("07:30"))
    settings = replace(settings, twc_breaker_amps=house.breaker, cycle_minutes=15 * house.cars, **({} if house.login else NO_LOGIN))  # type: ignore[arg-type]
    gen2 = TwcNight(world, Options(circuit=settings.circuit_amps or 0), house.protocol, stride_s)
    return History(0, world, MemoryHouse(world, settings), wires=gen2), MemoryJournal(), gen2


@cache
def night(house: House) -> Lived:
    """From the evening to the departure, in three parts, so that what flowed in each can be told."""
    history, journal, gen2 = built(house)
    kwh = {}
    for at in (HOME_AT, PLUGS_IN + SETTLED, CHEAP, DEAR, LEAVES):
        if house.dies is None or HOME_AT + house.dies > at:
            live(history, journal, at)
        elif history.world.now < HOME_AT + house.dies:
            live(history, journal, HOME_AT + house.dies)
        gen2.advance(at)
        kwh[at] = sum(book.wall_kwh for book in history.world.ledger.cars.values())
    return Lived(history, journal, gen2, kwh)


WITH_LOGIN = House(Control.TWC, 1), House(Control.AUTO, 2)
ALONE_1, ALONE_2 = House(Control.AUTO, 1, login=False), House(Control.TWC, 2, login=False)
TWO = House(Control.AUTO, 2, cars=2, breaker=50)
DEAD = House(Control.TWC, 1, login=False, dies=timedelta(hours=1))
DEAD_WHILE_CHARGING = House(Control.TWC, 2, dies=timedelta(hours=5))
ALL = (*WITH_LOGIN, ALONE_1, ALONE_2, TWO, DEAD, DEAD_WHILE_CHARGING)


@pytest.mark.parametrize("house", WITH_LOGIN)
def test_with_a_login_the_car_waits_for_the_cheap_hours_and_is_ready_when_the_owner_leaves(house: House) -> None:
    lived = night(house)
    assert lived.between(PLUGS_IN + SETTLED, CHEAP) < 0.1
    assert lived.between(DEAR, LEAVES) < 0.1
    assert lived.world.cars[BLUE.vin].soc == pytest.approx(80.0, abs=0.6)


def test_two_cars_share_a_circuit_on_which_6_amps_are_always_kept_for_the_other_one() -> None:
    """With the whole circuit for each in turn in the plan, they were swapped all night at a cent each, and one was not ready."""
    lived = night(TWO)
    assert [car.soc for car in lived.world.cars.values()] == pytest.approx([80.0] * 2, abs=0.6)
    starts = [call for call in lived.world.account.calls if call.name == "charge_start"]
    assert len(starts) <= 3
    planned = [step.cycle.decision for step in lived.history.steps if step.now >= CHEAP]
    assert max(sum(car.amps for car in decision.cars) for decision in planned) <= 40
    assert max(car.amps for decision in planned for car in decision.cars) <= 34


@pytest.mark.parametrize("house", WITH_LOGIN)
def test_the_wire_sets_the_amps_and_tesla_only_starts_and_stops(house: House) -> None:
    lived = night(house)
    calls = [call.name for call in lived.world.account.calls if call.kind is Billed.COMMAND]
    assert "charge_start" in calls
    assert "set_charging_amps" not in calls
    ways = {car.path for step in lived.history.steps for car in step.cycle.decision.cars if car.action is not Action.NONE}
    assert ways == {Way.TWC}


def test_without_a_login_protocol_1_waits_at_nothing_and_charges_what_is_assumed_in_the_cheap_hours() -> None:
    lived = night(ALONE_1)
    assert not lived.world.account.calls
    assert lived.between(PLUGS_IN + SETTLED, CHEAP) == 0
    assert lived.between(CHEAP, DEAR) >= 20


def test_without_a_login_protocol_2_cannot_wait_and_says_so_and_the_plan_counts_its_6_amps() -> None:
    lived = night(ALONE_2)
    hours = (CHEAP - PLUGS_IN - SETTLED) / timedelta(hours=1)
    assert lived.between(PLUGS_IN + SETTLED, CHEAP) == pytest.approx(6 * 0.24 * hours, rel=0.02)
    assert Code.CANNOT_WAIT in lived.reasons()
    assert 20 <= lived.between(HOME_AT, LEAVES) < 27


@pytest.mark.parametrize("house", ALL)
def test_what_flows_stays_inside_the_circuit_all_night(house: House) -> None:
    lived = night(house)
    assert 0 < lived.gen2.bus.peak <= house.breaker * 0.8 + 1e-6
    assert not lived.world.circuit.breaker.trips
    assert not lived.gen2.report(LEAVES).alarms


def test_when_cron_dies_the_slots_of_the_last_plan_are_kept_to_the_second() -> None:
    lived = night(DEAD)
    steps = lived.journal.offered.chargers[0].steps if lived.journal.offered else ()
    starts = [one.until for one, after in pairwise(steps) if one.amps < 5 <= after.amps]
    ends = [one.until for one, after in pairwise(steps) if after.amps < 5 <= one.amps]
    began, ended = lived.changes("Starting, awake")[1:], lived.changes("NoPower, awake")[1:]
    assert len(starts) == len(ends) == len(began) == len(ended) == 1
    assert timedelta() <= began[0] - starts[0] <= EXACT
    assert timedelta() <= ended[0] - ends[0] <= EXACT
    assert lived.between(DEAR, LEAVES) == 0


def test_when_cron_dies_in_the_middle_of_a_charge_the_charge_goes_on_to_its_end() -> None:
    lived = night(DEAD_WHILE_CHARGING)
    assert lived.history.steps[-1].now <= CHEAP + timedelta(hours=1)
    assert lived.world.cars[BLUE.vin].soc == pytest.approx(80.0, abs=0.6)
    assert lived.between(DEAR, LEAVES) < 0.1


def test_while_the_adapter_is_gone_nothing_flows_and_when_it_is_back_the_departure_is_kept() -> None:
    history, journal, gen2 = built(House(Control.AUTO))
    live(history, journal, CHEAP + timedelta(hours=1))
    gen2.bus.line.pulled = True
    live(history, journal, CHEAP + timedelta(hours=2))
    gone, flows = gen2.report(gen2.world.now), gen2.bus.draw
    gen2.bus.line.pulled = False
    live(history, journal, LEAVES)
    assert (gone.link, flows) == ("down", 0.0)
    assert gen2.world.cars[BLUE.vin].soc == pytest.approx(80.0, abs=0.6)


def test_a_daemon_that_restarts_while_the_car_charges_is_not_noticed() -> None:
    history, journal, gen2 = built(House())
    live(history, journal, CHEAP + timedelta(minutes=20))
    closings, died = gen2.bus.slaves[0].closings, gen2.world.now
    gen2.restart()
    flows = []
    for seconds in (3, 10, 25, 90):
        gen2.advance(died + timedelta(seconds=seconds))
        flows.append(gen2.bus.draw)
    assert flows == pytest.approx([48.0] * 4)
    assert gen2.bus.slaves[0].closings == closings


def test_without_any_target_the_failsafe_flows() -> None:
    _, _, gen2 = built(House())
    gen2.advance(PLUGS_IN + timedelta(minutes=5))
    assert gen2.bus.draw == pytest.approx(6.0)


def test_the_guards_ceiling_is_obeyed() -> None:
    history, journal, gen2 = built(House(Control.TWC, 1, login=False))
    live(history, journal, CHEAP + timedelta(minutes=10))
    gen2.advance(CHEAP + timedelta(minutes=10))
    gen2.ceiling_amps = 10
    gen2.advance(CHEAP + timedelta(minutes=11))
    assert gen2.bus.draw == pytest.approx(10.0)


def test_its_charger_json_is_the_daemons() -> None:
    for house in (House(), ALONE_1):
        gen2 = night(house).gen2
        now = gen2.world.now
        assert gen2.report(now).chargers
        assert gen2.report(now) == charger_file(Report(gen2.master, gen2.bus.now, now), now)


def test_strides_over_a_wire_at_rest_change_nothing_but_the_time_it_takes() -> None:
    ends = HOME_AT + timedelta(minutes=26)
    lives = []
    for stride_s in (0.0, STRIDE_S):
        history, journal, gen2 = built(House(Control.TWC, 1, login=False), stride_s)
        live(history, journal, ends)
        gen2.advance(ends)
        lives.append((gen2, sum(book.wall_kwh for book in gen2.world.ledger.cars.values())))
    (slow, exact), (fast, near) = lives
    assert slow.bus.now == pytest.approx(26 * 60)
    assert fast.bus.now < slow.bus.now / 2
    assert near == pytest.approx(exact, rel=0.01)
    assert fast.bus.slaves[0].limit == slow.bus.slaves[0].limit
