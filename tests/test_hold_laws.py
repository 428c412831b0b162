"""The Powerwall's hold under every fault, in random nights: whose settings stand in the end, and what was never done."""

from __future__ import annotations

from functools import cache
from math import floor
from random import Random

import pytest

from simulator import faults
from tests.hold_house import LATE, Night, night

SEEDS = range(16)
ILL = (
    faults.ILL_500,
    faults.BUSY_503,
    faults.DROP_BEFORE,
    faults.DROP_AFTER,
    faults.CUT,
    faults.GARBAGE,
    faults.too_many(600),
    faults.Fault(faults.Ill.STATUS, 400, "what?"),
)
PATHS = ("backup", "operation", "grid_import_export", "live_status", "site_info", "products", "energy_sites", "vehicle_data", "vehicles")


class Life:
    """One random night. `own`: what the owner himself set last; `storms`, `levels`: what was so at each cycle, by local time."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.night = night(self.rng.choice((45.0, 63.4, 80.2, 85.0, 97.0)))
        self.own = {"reserve": 20.0, "mode": "self_consumption", "grid": True}
        self.illness, self.whims = self.rng.choice((0.0, 0.2, 0.5)), self.rng.choice((0.0, 0.1))
        self.storms: dict[str, bool] = {}
        self.levels: dict[str, float] = {}
        self.posted: list[tuple[str, str, object]] = []  # (local time of the cycle, name, value)
        self._before = ("", 0)
        self.night.live(LATE, self._disturb)
        self._collect("")

    def _collect(self, at: str) -> None:
        posts = self.night.posts()
        self.posted += [(self._before[0], name, value) for name, value in posts[self._before[1] :]]
        self._before = (at, len(posts))

    def _disturb(self, lived: Night, at: str) -> None:
        self._collect(at)
        quiet = "Tue 01:00" <= at < "Wed"  # two hours to mend what went wrong
        battery, rng = lived.battery, self.rng
        if quiet:
            lived.world.faults["fleet"].clear()
            lived.house.down, battery.storm = set(), False
        else:
            if rng.random() < self.illness:
                lived.world.faults["fleet"].next(rng.randrange(1, 3), rng.choice(ILL), rng.choice(PATHS))
            if rng.random() < self.illness / 4:
                lived.house.down = set() if lived.house.down else {"fleet"}
            if rng.random() < self.whims:
                battery.storm = not battery.storm
            if rng.random() < self.whims:
                self.own["reserve"] = battery.reserve_soc = rng.choice((5.0, 11.0, 90.0))
            if rng.random() < self.whims / 2:
                self.own["mode"] = battery.mode = "autonomous"
        self.storms[at], self.levels[at] = battery.storm, battery.soc


@cache
def lives() -> tuple[Life, ...]:
    return tuple(Life(seed) for seed in SEEDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_in_the_end_every_setting_is_what_the_owner_set_last(seed: int) -> None:
    life = lives()[seed]
    assert life.night.own() == (life.own["reserve"], life.own["mode"], life.own["grid"])
    assert not life.night.journal.memory.site.held


def test_nothing_is_ever_changed_during_a_storm_watch() -> None:
    assert not [post for life in lives() for post in life.posted if life.storms[post[0]]]


def test_a_raised_reserve_is_never_above_the_charge_nor_above_80() -> None:
    raised = [(life, at, value) for life in lives() for at, name, value in life.posted if name == "backup"]
    for life, at, value in raised:
        assert isinstance(value, int)
        assert value in (20, 5, 11) or value <= min(80, floor(life.levels[at])), f"{value} % at {at}"
    assert raised


def test_backup_mode_never_begins_while_the_grid_may_charge_the_powerwall() -> None:
    for life in lives():
        grid = True
        for _, name, value in life.posted:
            grid = value is not True if name == "grid_import_export" else grid
            assert not (name == "operation" and value == "backup" and grid)


def test_the_lives_have_holds_of_both_kinds_storms_faults_and_an_owner_who_changes_his_mind() -> None:
    posts = {(name, value) for life in lives() for _, name, value in life.posted}
    assert ("operation", "backup") in posts
    assert len({value for name, value in posts if name == "backup"}) >= 3
    assert any(any(life.storms.values()) for life in lives())
    assert any(life.own["reserve"] != 20.0 for life in lives())
    assert any(one.problems for life in lives() for one in life.night.cycles.values())
