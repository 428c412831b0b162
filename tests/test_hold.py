"""POWERWALL_HOLD: the Powerwall keeps its charge while the car charges from the grid, and is the owner's again afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from model import Billed, Code
from model_memory import Outcome
from simulator import faults
from simulator.power_cut import Fate, Journal
from tests.hold_house import DUSK, LATE, Night, night

OWN = (20, "self_consumption", True)


def during(lived: Night) -> set[tuple[int, str, bool]]:
    """The settings while the car charged, from the second cycle of the charge on."""
    charging = [at for at, cycle in lived.cycles.items() if cycle.decision.cars and cycle.decision.cars[0].action == "charge"]
    return {lived.seen[at] for at in charging[1:]}


def test_the_reserve_is_the_charge_rounded_down_while_the_car_charges_and_the_owners_afterwards() -> None:
    lived = night(63.0).live(LATE)
    ((reserve, mode, grid),) = during(lived)
    assert 55 <= reserve <= 63
    assert (mode, grid) == ("self_consumption", True)
    assert lived.own() == OWN
    assert lived.posts() == [("backup", reserve), ("backup", 20)]
    assert not lived.journal.memory.site.held
    assert lived.world.cars[next(iter(lived.world.cars))].soc >= 79


def test_a_held_powerwall_gives_the_car_nothing() -> None:
    held, free = night(63.0).live(LATE), night(63.0, powerwall_hold=False).live(LATE)
    vin = next(iter(held.world.cars))
    given = [one.world.ledger.cars[vin].battery_kwh for one in (held, free)]
    assert given[0] < 3.0  # what the car took by itself between plug-in and the first stop
    assert given[1] > given[0] + 5.0
    assert not free.posts()


def test_above_80_percent_it_is_the_backup_mode_with_grid_charging_off_first() -> None:
    lived = night(98.0).live(LATE)
    assert during(lived) == {(20, "backup", False)}
    assert lived.posts() == [
        ("grid_import_export", True),
        ("operation", "backup"),
        ("operation", "self_consumption"),
        ("grid_import_export", False),
    ]
    assert lived.own() == OWN


def test_a_reserve_that_is_high_already_is_left_as_it_is() -> None:
    lived = night(63.0)
    lived.battery.reserve_soc = 70.0
    lived.live(LATE)
    assert not lived.posts()
    assert [call.name for call in lived.world.account.calls].count("site_info") == 1
    assert lived.world.account.billed[Billed.ENERGY] < 40


def test_backup_mode_waits_until_the_grid_may_no_longer_charge_the_powerwall() -> None:
    lived = night(98.0)
    lived.world.faults["fleet"].next(1, faults.ILL_500, "/grid_import_export")
    lived.live(LATE)
    names = [name for name, _ in lived.posts()]
    assert names == ["grid_import_export", "operation", "operation", "grid_import_export"]
    assert lived.own() == OWN


def test_a_car_that_sleeps_through_its_slot_holds_nothing() -> None:
    lived = night(63.0)
    lived.world.faults["fleet"].next(200, faults.ILL_500, "wake_up")
    lived.live(DUSK + timedelta(hours=4))
    assert not lived.posts()


def test_storm_watch_forbids_raising() -> None:
    lived = night(63.0)
    lived.battery.storm = True
    lived.live(LATE)
    assert not lived.posts()


def test_what_was_raised_before_a_storm_is_put_back_after_it() -> None:
    def storm(one: Night, at: str) -> None:
        one.battery.storm = "Mon 21:30" <= at <= "Mon 23:59" or (at < "Tue 01:00" and at.startswith("Tue"))

    lived = night(63.0).live(LATE, storm)
    posts = lived.posts()
    assert len(posts) == 2
    assert posts[1] == ("backup", 20)
    assert lived.seen["Tue 00:45"] != OWN
    assert lived.own() == OWN


@pytest.mark.parametrize("percent", [35, 20])
def test_what_the_owner_changed_meanwhile_wins(percent: int) -> None:
    def owner(one: Night, at: str) -> None:
        if at == "Mon 21:45":
            one.battery.reserve_soc = float(percent)

    lived = night(63.0).live(LATE, owner)
    assert len(lived.posts()) == 1
    assert lived.own() == (percent, "self_consumption", True)


def test_tesla_down_at_the_put_back_is_tried_again_until_it_is_done() -> None:
    def down(one: Night, at: str) -> None:
        charged = one.world.cars[next(iter(one.world.cars))].soc >= 79.5
        one.house.down = {"fleet"} if charged and at < "Tue 01:00" else set()

    lived = night(63.0).live(LATE, down)
    assert lived.seen["Tue 00:45"] != OWN
    assert lived.own() == OWN
    assert len(lived.posts()) == 2


@pytest.mark.parametrize("fault", [faults.DROP_AFTER, faults.DROP_BEFORE, faults.ILL_500, faults.GARBAGE, faults.too_many(60)])
def test_a_change_whose_answer_was_lost_is_looked_at_before_it_is_sent_again(fault: faults.Fault) -> None:
    lived = night(63.0)
    lived.world.faults["fleet"].next(1, fault, "/backup")
    lived.live(LATE)
    done = [value for _, value in lived.posts()]
    assert done[-1] == 20
    assert len(set(done)) == len(done)  # nothing twice: the charge falls while it is not held
    assert lived.own() == OWN
    assert any(35 <= reserve <= 63 for reserve, _, _ in lived.seen.values())


def test_a_refusal_is_told_and_not_repeated_in_each_cycle() -> None:
    lived = night(63.0)
    lived.world.faults["fleet"].next(50, faults.Fault(faults.Ill.STATUS, 403, "Unauthorized missing scopes"), "/backup")
    lived.live(DUSK + timedelta(hours=3))
    told = [problem for cycle in lived.cycles.values() for problem in cycle.problems if "Powerwall was not changed" in problem]
    assert told
    assert "missing scopes" in told[0]
    refused = [one for cycle in lived.cycles.values() for one in cycle.decision.site_sent if one.outcome is Outcome.REFUSED]
    assert 1 <= len(refused) <= 4


def test_a_clock_that_ran_ahead_does_not_keep_the_reserve_for_a_year() -> None:
    lived = night(63.0).live(DUSK + timedelta(hours=1, minutes=20))
    memory = lived.journal.memory
    ahead = tuple(replace(one, at=one.at + timedelta(days=400)) for one in memory.site.intents)
    late = replace(
        memory, site=replace(memory.site, intents=ahead, asked_at=DUSK + timedelta(days=400)), last_cycle=DUSK + timedelta(days=400)
    )
    lived.journal.memory = late
    lived.live(LATE)
    assert lived.own() == OWN


def test_switching_the_hold_off_in_the_middle_puts_the_reserve_back() -> None:
    lived = night(63.0).live(DUSK + timedelta(hours=1, minutes=20))
    assert lived.own() != OWN
    off = night(63.0, journal=lived.journal, powerwall_hold=False, powerwall_site=None)
    off.world, off.house.world = lived.world, lived.world
    off.house.http.world = lived.world
    off.live(DUSK + timedelta(hours=2))
    assert off.own() == OWN


def test_a_dry_run_says_what_it_would_do_and_changes_nothing() -> None:
    lived = night(63.0, dry_run=True).live(DUSK + timedelta(hours=2))
    assert not lived.posts()
    assert lived.own() == OWN
    due = [command for cycle in lived.cycles.values() for command in cycle.decision.site]
    assert due
    assert due[0].why.code is Code.POWERWALL_HELD


@pytest.mark.parametrize("soc", [63.0, 98.0])
def test_whenever_the_power_is_cut_the_settings_are_the_owners_in_the_morning(soc: float) -> None:
    journal = Journal(Fate())
    whole = night(soc, journal).live(LATE)
    acting = steps_around_changes(soc, journal.fate.count)
    assert len(acting) >= 8
    for at in acting:
        lived = night(soc, Journal(Fate(at)))
        try:
            lived.live(LATE)
        except SystemExit:
            lived.live(LATE)
        assert lived.own() == OWN, f"step {at}"
        assert not lived.journal.memory.site.held, f"step {at}"
        assert {name for name, _ in lived.posts()} == {name for name, _ in whole.posts()}, f"step {at}"


def steps_around_changes(soc: float, steps: int) -> list[int]:
    """Numbers of the saves in cycles that change something at the Powerwall."""
    found: list[int] = []
    journal = Journal(Fate())
    lived = night(soc, journal)
    while journal.fate.count < steps:
        first, before = journal.fate.count + 1, len(lived.posts())
        lived.live(lived.world.now + timedelta(minutes=1) if not lived.cycles else lived.world.now + timedelta(minutes=16))
        if len(lived.posts()) > before:
            found += range(first, journal.fate.count + 1)
    return found
