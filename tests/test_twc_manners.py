"""How fast the master reacts, and how slowly where a relay and a car want it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from simulator.twc_car import Habits
from tests.twc_builders import BOOT, FULL, NO_CEILING, charging, rig_of, target
from twc.master import step
from twc.values import Ceiling
from twc_daemon_loop import low_enough


def test_a_turn_in_which_nothing_is_due_says_nothing_but_a_new_wish_is_heard_in_it() -> None:
    rig = charging(1, amps=12)
    rig.run(3, until=lambda: rig.master.rest_until > rig.now + 0.05 and rig.master.pending is None)
    now = rig.now + 0.01
    same, out, _ = step(rig.master, now, BOOT, b"", rig.target, NO_CEILING)
    assert (same, out) == (rig.master, b"")
    assert step(rig.master, now, BOOT, b"", target(8), NO_CEILING)[1] != b""
    assert step(rig.master, now, BOOT, b"", rig.target, Ceiling(8, fresh=True))[1] != b""


@pytest.mark.parametrize("phase", [0.0, 0.13, 0.31, 0.55, 0.78, 0.97])
@pytest.mark.parametrize("count", [1, 3])
def test_a_lower_limit_is_on_the_wire_within_150_ms_of_the_turn_that_sees_it(phase: float, count: int) -> None:
    rig = charging(count, amps=12)
    rig.run(phase)
    since = rig.now
    rig.target = target(8)
    rig.run(2)
    first = [next(said.at for said in rig.beats(number, since) if said.amps == 8) for number in range(count)]
    assert min(first) - since <= 0.15
    assert max(first) - since <= 0.45


def test_a_higher_limit_is_on_the_wire_at_once_where_manners_allow() -> None:
    rig = charging(1, amps=12)
    rig.run(0.4)
    since = rig.now
    rig.target = target(20)
    rig.run(1)
    assert next(said.at for said in rig.beats(0, since) if said.amps == 20) - since <= 0.2


def test_raises_are_5_s_apart() -> None:
    rig = charging(1, amps=10)
    since = rig.now
    for amps in range(11, 32):
        rig.target = target(amps)
        rig.run(1)
    beats = rig.beats(0, since)
    raises = [two.at for one, two in pairwise(beats) if (two.amps or 0) > (one.amps or 0)]
    assert len(raises) >= 4
    assert min(two - one for one, two in pairwise(raises)) >= 5.0


def test_on_and_off_are_60_s_apart_and_a_limit_is_never_held_back() -> None:
    rig = charging(1, 1, amps=16)
    rig.target = target(0)
    rig.run(2)
    assert (rig.offer(), off := rig.now) == (0, rig.now)
    rig.target = target(16)
    rig.run(70, until=lambda: rig.offer() > 0)
    assert 57 < rig.now - off < 62
    rig.target = target(0)
    rig.run(5)
    assert rig.offer() == 5, "less than 60 s on: the minimum, not off"
    rig.ceiling = Ceiling(0, fresh=True)
    rig.run(1)
    assert rig.offer() == 0


def test_a_newly_connected_car_gets_its_minimum_for_60_s() -> None:
    for protocol, least in ((1, 5), (2, 6)):
        for wish in (0, 32):
            rig = rig_of(1, protocol, habits=Habits(60.0, latches=True), target=target(32))
            rig.run(60)
            rig.target = target(wish)
            rig.run(70)
            rig.bus.car(0).plug_in()
            rig.run(2.5)
            since = rig.now
            rig.run(55)
            assert {said.amps for said in rig.beats(0, since)} == {least}
            rig.run(20)
            assert rig.offer() == wish


def test_an_offer_is_raised_only_when_the_other_car_has_let_go() -> None:
    rig = charging(2, amps=20)
    rig.bus.car(0).habits = replace(FULL, reacts_s=4.5)
    rig.target = target(8, 32)
    since = rig.now
    rig.run(20)
    raised = next(said.at for said in rig.beats(1, since) if (said.amps or 0) > 20)
    assert raised - since >= 5
    assert rig.bus.peak <= 40.0
    assert [rig.offer(number) for number in (0, 1)] == [8, 32]


def test_who_leaves_waits_until_each_has_shown_that_it_took_the_lower_offer() -> None:
    rig = charging(2, amps=20)
    rig.target, rig.bus.line.loss = target(0), 1.0
    rig.run(0.6)
    assert [rig.offer(number) for number in (0, 1)] == [6, 6]
    assert not low_enough(rig.master)
    assert [slave.limit for slave in rig.bus.slaves] == [20.0, 20.0]
    rig.bus.line.loss = 0.0
    assert rig.run(1.5, until=lambda: low_enough(rig.master))
    assert [slave.limit for slave in rig.bus.slaves] == [6.0, 6.0]
