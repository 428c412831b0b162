"""Law 7: a month's Tesla bill, as the simulated Tesla counts it, stays within TESLA_BUDGET_DOLLARS, and a share is kept for departures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from config_parsers import departures
from model import Billed, Code
from model_decision import Budget
from simulator.house import HOME, HouseSpec, World
from simulator.houses import BLUE, ZONE
from simulator.memory_house import MemoryHouse, MemoryJournal, MemoryPurse
from simulator.owner import Act, commuter
from state.files import Stamp
from state.spend import Spend
from tests.house_builders import START, busy_life, settings_for
from tests.house_lives import History, live

VIN = BLUE.vin
MONTH_ENDS = datetime.fromisoformat("2027-01-01T00:00:00+00:00")


@dataclass(slots=True)
class DiskPurse:
    """spend.json itself, at the time of the simulated house."""

    world: World
    spend: Spend

    def _now(self) -> Spend:
        return replace(self.spend, stamp=replace(self.spend.stamp, at=self.world.now))

    def count(self, kind: Billed, dollars: float, reserved: bool) -> None:
        self._now().count(kind, dollars, reserved)

    def uncount(self, kind: Billed, dollars: float) -> None:
        self._now().uncount(kind, dollars)

    def budget(self, now: datetime) -> Budget:
        return self._now().budget(now)


def busy_house(budget: float, start: datetime, folder: Path | None, days: float) -> History:
    """A restless owner, a car that must be woken often, and little money."""
    world = World(HouseSpec(zone=ZONE, home=HOME, solar_kw=6.0, powerwalls=1), [BLUE], start)
    world.cars[VIN].soc = 30.0
    world.follow(busy_life(Random(7), start, days, VIN))
    settings = settings_for(world, tesla_budget_dollars=budget, cycle_minutes=15)
    stamp = Stamp(start, "scheduler", ZONE)
    purse = DiskPurse(world, Spend(folder, stamp, budget, lambda _s: None)) if folder else None
    history = History(7, world, MemoryHouse(world, settings, purse))
    live(history, MemoryJournal(), start + timedelta(days=days))
    return history


@pytest.mark.parametrize("budget", [0.0, 0.001, 0.0215, 0.1, 0.35])
def test_law_7_tesla_never_bills_more_than_the_budget_however_small_it_is(budget: float, tmp_path: Path) -> None:
    history = busy_house(budget, START, tmp_path, 2.0)
    assert all(step.dollars <= budget + 1e-9 for step in history.steps)
    assert budget < 0.02 or history.world.account.dollars >= budget * 0.5  # it was used as far as it reached


def test_law_7_the_purse_of_the_simulated_house_counts_as_the_file_does(tmp_path: Path) -> None:
    on_disk, in_memory = busy_house(0.1, START, tmp_path, 1.0), busy_house(0.1, START, None, 1.0)
    assert [step.calls for step in on_disk.steps] == [step.calls for step in in_memory.steps]


def test_law_7_a_new_month_has_its_own_budget_and_the_old_one_is_not_exceeded(tmp_path: Path) -> None:
    start = MONTH_ENDS - timedelta(days=1)
    history = busy_house(0.06, start, tmp_path, 2.0)
    by_end = max(step.dollars for step in history.steps if step.now < MONTH_ENDS)
    total = history.world.account.dollars
    assert by_end <= 0.06 + 1e-9
    assert 0 < total - by_end <= 0.06 + 1e-9


def test_a_departure_is_kept_from_the_reserved_share_when_the_routine_share_is_spent() -> None:
    world = World(HouseSpec(zone=ZONE, home=HOME), [BLUE], START + timedelta(hours=17))
    world.cars[VIN].soc = 30.0
    world.follow([Act(START + timedelta(hours=18), "plug"), Act(START + timedelta(hours=18, minutes=1), "stop")])
    settings = settings_for(world, departure_time=departures("07:30"), min_soc=0)
    purse = MemoryPurse(9.0, world.now, "2026-12", spent=7.25)  # more than four fifths
    history = History(0, world, MemoryHouse(world, settings, purse))
    live(history, MemoryJournal(), START + timedelta(hours=31, minutes=30))
    assert history.steps[-1].truth[VIN].soc >= 79
    told = {reason.code for step in history.steps for reason in step.cycle.decision.cars[0].reasons}
    assert Code.BUDGET in told


def test_a_month_of_a_plain_life_costs_less_than_half_of_the_free_credit() -> None:
    """Ten days of a commuter, blind between readings; the free credit is ten dollars a month."""
    world = World(HouseSpec(zone=ZONE, home=HOME), [BLUE], START)
    world.follow(commuter(START, 10, ZONE))
    history = History(0, world, MemoryHouse(world, settings_for(world, cycle_minutes=15)))
    live(history, MemoryJournal(), START + timedelta(days=10))
    assert world.account.dollars * 3 <= 5.0, world.account.billed
