"""Who gets how much of what there is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twc_builders import FOREVER, NO_CEILING, report_of
from twc.link import Link
from twc.messages import Plugged
from twc.reserve import offered
from twc.share import most_for_all, shares
from twc.values import Ceiling, Master, Options, Slave, Step, Target, Want

NOW = 1000.0


def slave(number: int, *, protocol: int = 2, draw: float = 10.0, rated: int = 80, link: Link = Link.LINKED, new: bool = False) -> Slave:
    """A connector that has been there for long, with a car that draws."""
    one = Slave(number, link, protocol=protocol, max_amps=rated, heard_at=NOW, plugged=Plugged.YES)
    one = replace(one, status=report_of(one, actual=draw), drew_at=NOW if draw >= 1 else -FOREVER)
    one = offered(one, 0, 0.0) if link is not Link.HEARD else one
    return replace(one, plugged_at=NOW - 10) if new else one


def master(*slaves: Slave, circuit: int = 40, **options: object) -> Master:
    return Master(Options(circuit, **options), started_at=0.0, fresh_start=False, slaves=slaves)  # type: ignore[arg-type]


def given_to(master: Master, target: Target | None, ceiling: Ceiling = NO_CEILING) -> list[int]:
    found = shares(master, target, ceiling, NOW)
    return [found[slave.id] for slave in master.slaves if slave.id in found]


def wants(*amps: int, site: int | None = None, priorities: tuple[int, ...] = (1, 1, 1)) -> Target:
    """One entry for each connector, 0001 upwards."""
    rows = zip(range(1, 4), priorities, amps, strict=False)
    return Target(site, tuple(Want(f"{one:04X}", rank, (Step(FOREVER, each),)) for one, rank, each in rows))


def everybody(amps: int, site: int | None = None) -> Target:
    return Target(site, (Want("*", 1, (Step(FOREVER, amps),)),))


@pytest.mark.parametrize(
    ("asked", "given_amps"),
    [
        ((32,), [32]),
        ((48,), [40]),  # the circuit
        ((32, 32), [20, 20]),
        ((10, 32), [10, 30]),
        ((32, 32, 32), [14, 13, 13]),
        ((0, 40), [0, 34]),  # protocol 2 takes 6 A whatever is offered
        ((6, 6, 48), [6, 6, 28]),
        ((5, 40), [0, 34]),  # below the minimum is nothing
    ],
)
def test_equal_cars_get_equal_shares_of_what_they_ask(asked: tuple[int, ...], given_amps: list[int]) -> None:
    cars = [slave(number + 1) for number in range(len(asked))]
    assert given_to(master(*cars), wants(*asked)) == given_amps


def test_priority_1_is_served_first_and_the_others_keep_their_minimum() -> None:
    cars = master(slave(1), slave(2), slave(3))
    assert given_to(cars, wants(32, 32, 32, priorities=(2, 1, 3))) == [6, 28, 6]
    assert given_to(cars, wants(32, 16, 32, priorities=(2, 1, 3))) == [18, 16, 6]


def test_a_minimum_that_does_not_fit_is_not_given_and_the_least_important_goes_without() -> None:
    cars = master(slave(1, protocol=1), slave(2, protocol=1), slave(3, protocol=1), circuit=14)
    assert given_to(cars, wants(32, 32, 32, priorities=(2, 1, 3))) == [5, 9, 0]


def test_a_connector_at_which_nothing_is_drawn_gets_its_minimum_and_what_the_cars_leave() -> None:
    idle = slave(2, draw=0.0)
    assert given_to(master(slave(1), idle), everybody(32)) == [32, 8]
    assert given_to(master(slave(1), idle), everybody(40)) == [34, 6]
    assert given_to(master(slave(1, draw=0.0), idle), everybody(40)) == [20, 20]


def test_a_star_stands_for_all_that_are_not_listed() -> None:
    target = Target(None, (Want("*", 2, (Step(FOREVER, 8),)), Want("0002", 1, (Step(FOREVER, 20),))))
    assert given_to(master(slave(1), slave(2), slave(3)), target) == [8, 20, 8]


def test_an_id_counts_in_either_case() -> None:
    target = Target(None, (Want("00ab", 1, (Step(FOREVER, 20),)), Want("*", 1, (Step(FOREVER, 6),))))
    assert given_to(master(slave(0xAB)), target) == [20]


def test_the_first_step_that_is_ahead_counts_and_after_the_last_one_the_failsafe() -> None:
    steps = (Step(NOW - 1, 40), Step(NOW + 1, 12), Step(NOW + 2, 30))
    one = master(slave(1), failsafe=7)
    assert given_to(one, Target(None, (Want("*", 1, steps),))) == [12]
    assert given_to(one, Target(None, (Want("*", 1, steps[:1]),))) == [7]


def test_without_a_target_or_an_entry_the_failsafe_counts_for_each() -> None:
    cars = master(slave(1), slave(2), failsafe=8)
    assert given_to(cars, None) == [8, 8]
    assert given_to(cars, wants(20)) == [20, 8]


def test_no_connector_gets_more_than_its_own_rating_or_twc_max_amps() -> None:
    assert given_to(master(slave(1, rated=32), circuit=80, most=80), everybody(80)) == [32]
    assert given_to(master(slave(1, rated=80), circuit=80, most=24), everybody(80)) == [24]


def test_a_newcomer_gets_its_minimum_for_60_s_whatever_the_target_says() -> None:
    for asked in (0, 40):
        assert given_to(master(slave(1, new=True)), everybody(asked)) == [6]
        assert given_to(master(slave(1, protocol=1, new=True)), everybody(asked)) == [5]


def test_a_site_limit_and_a_ceiling_hold_for_all_together() -> None:
    cars = master(slave(1), slave(2))
    assert given_to(cars, everybody(32, site=20)) == [10, 10]
    assert given_to(cars, everybody(32), Ceiling(15, fresh=True)) == [8, 7]
    assert given_to(cars, everybody(32, site=20), Ceiling(15, fresh=True)) == [8, 7]


def test_a_ceiling_below_6_a_gives_protocol_2_nothing() -> None:
    assert given_to(master(slave(1)), everybody(32), Ceiling(5, fresh=True)) == [0]


def test_an_unplugged_connector_takes_nothing_from_a_ceiling() -> None:
    empty = replace(slave(2, draw=0.0), plugged=Plugged.NO)
    assert given_to(master(slave(1), empty), wants(32, 0), Ceiling(15, fresh=True)) == [15, 0]


def test_without_a_guard_a_ceiling_that_is_not_fresh_is_none() -> None:
    assert given_to(master(slave(1)), everybody(32), Ceiling(10, fresh=False)) == [32]


@pytest.mark.parametrize(
    ("last", "kept", "most"),
    [(None, None, 12), (10, None, 10), (None, 10, 10), (30, 9, 9), (30, 30, 12), (0, None, 0)],
)
def test_with_a_guard_that_is_silent_the_ceiling_is_the_last_one_or_the_failsafe_for_each_car(
    last: int | None, kept: int | None, most: int
) -> None:
    gone = replace(slave(3, draw=0.0), plugged=Plugged.NO)
    cars = replace(master(slave(1), slave(2), gone, guarded=True), ceiling=kept)
    assert most_for_all(cars, None, Ceiling(last, fresh=False)) == most


def test_what_a_mute_slave_may_still_draw_is_taken_from_the_others() -> None:
    mute = offered(slave(2, link=Link.MUTE), 16, 0.0)
    assert given_to(master(slave(1), mute), everybody(40)) == [24]


def test_room_is_made_for_a_slave_that_waits_to_be_greeted_if_it_can_ever_fit() -> None:
    waits = slave(3, link=Link.HEARD, draw=0.0)
    assert given_to(master(slave(1), slave(2), waits), everybody(40)) == [17, 17, 6]
    assert given_to(master(slave(1), slave(2), waits, circuit=16), everybody(40)) == [8, 8]


# ---- properties ------------------------------------------------------------------------------------------------------------------

any_slaves = st.lists(
    st.builds(
        slave,
        st.just(0),
        protocol=st.sampled_from((1, 2)),
        draw=st.sampled_from((0.0, 5.2, 16.0)),
        rated=st.sampled_from((16, 32, 80)),
        link=st.sampled_from((Link.LINKED, Link.GREETED, Link.HEARD, Link.MUTE)),
        new=st.booleans(),
    ),
    min_size=1,
    max_size=3,
).map(lambda found: tuple(replace(one, id=number + 1) for number, one in enumerate(found)))
any_target = st.one_of(
    st.none(),
    st.builds(
        wants, *[st.integers(0, 90)] * 3, site=st.sampled_from((None, 0, 8, 20, 36)), priorities=st.permutations((1, 1, 2)).map(tuple)
    ),
)
limit = st.integers(0, 80)


@given(any_slaves, any_target, limit, limit)
def test_a_limit_never_raises_the_sum_of_all_offers(slaves: tuple[Slave, ...], target: Target | None, one: int, two: int) -> None:
    bus, most = master(*slaves), max(one, two)
    free = sum(given_to(bus, target))
    high, low = (sum(given_to(bus, target, Ceiling(amps, fresh=True))) for amps in (most, min(one, two)))
    assert low <= high <= free


@given(any_slaves, any_target, limit)
def test_the_sum_is_within_every_limit_and_each_within_its_own(slaves: tuple[Slave, ...], target: Target | None, amps: int) -> None:
    bus, ceiling = master(*slaves, most=48), Ceiling(amps, fresh=True)
    given = shares(bus, target, ceiling, NOW)
    assert sum(given.values()) <= most_for_all(bus, target, ceiling)
    assert all(given[one.id] <= min(one.max_amps, 48) for one in slaves if one.id in given)
    assert all(given[one.id] == 0 or given[one.id] >= one.minimum for one in slaves if one.id in given)


@given(any_slaves, limit, st.booleans())
def test_losing_the_ceiling_never_gives_more(slaves: tuple[Slave, ...], amps: int, seen: bool) -> None:
    bus = replace(master(*slaves, guarded=True), ceiling=amps if seen else None)
    before = sum(given_to(bus, everybody(80), Ceiling(amps, fresh=True)))
    assert sum(given_to(bus, everybody(80), Ceiling(amps, fresh=False))) <= before


@pytest.mark.parametrize("protocol", [1, 2])
def test_without_a_guards_word_nobody_is_lowered_for_a_connector_that_brings_its_own_failsafe(protocol: int) -> None:
    one, two = slave(1, protocol=protocol, draw=0.0), slave(2, protocol=protocol, draw=0.0, link=Link.HEARD)
    least = 5 if protocol == 1 else 6
    assert given_to(master(one, two, guarded=True), None) == [6, least]
    assert given_to(master(two, one, guarded=True), None) == [least, 6]
    last_word = replace(master(one, two, guarded=True), ceiling=6)
    assert given_to(last_word, None) == ([6, 0] if protocol == 1 else [6])  # protocol 2 would take 6 A at the greeting: it must wait
