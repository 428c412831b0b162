"""What a slave may draw is counted before it is offered to anybody else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twc_builders import report_of
from twc.link import HOLDING, Link
from twc.reserve import ceiling_of, coming, confirmed, counted, offered, reserve, total
from twc.values import Slave

amps = st.integers(0, 80)


def slave(*offers: int, protocol: int = 2, link: Link = Link.LINKED, every: float = 1.0) -> Slave:
    """Offered these one after the other, at 0 s, 1 s ..."""
    made = Slave(0x4085, link, protocol=protocol, max_amps=80, heard_at=0.0)
    for number, each in enumerate(offers):
        made = offered(made, each, number * every)
    return made


def saying(one: Slave, now: float, *, limit: float, draw: float) -> Slave:
    """After its heartbeat at `now`."""
    return confirmed(replace(one, status=report_of(one, limit=limit, actual=draw), heard_at=now), now)


@pytest.mark.parametrize(("offer", "most"), [(0, 1), (5, 6), (6, 7), (10, 11), (20, 22), (40, 44)])
def test_the_tolerance_is_1_a_or_10_percent_whichever_is_larger(offer: int, most: float) -> None:
    assert ceiling_of(offer) == pytest.approx(most)


@pytest.mark.parametrize("link", Link)
def test_only_greeted_slaves_reserve_and_a_mute_one_does_still(link: Link) -> None:
    assert reserve(slave(16, link=link)) == (16 if link in HOLDING else 0)


def test_protocol_2_reserves_6_a_even_where_nothing_is_offered() -> None:
    assert (reserve(slave(0)), reserve(slave(0, protocol=1))) == (6, 0)


def test_a_lowered_offer_counts_until_a_heartbeat_5_s_later_shows_limit_and_draw_within_tolerance() -> None:
    lowered = slave(32, 10)  # lowered at 1 s
    assert reserve(lowered) == 32
    assert reserve(saying(lowered, 5.9, limit=10, draw=9.8)) == 32, "too early"
    assert reserve(saying(lowered, 6.0, limit=32, draw=9.8)) == 32, "the limit is still the old one"
    assert reserve(saying(lowered, 6.0, limit=10, draw=11.1)) == 32, "it draws more than the tolerance"
    assert reserve(saying(lowered, 6.0, limit=11, draw=11.0)) == 10


def test_a_lowered_offer_of_protocol_2_is_confirmed_at_6_a_where_0_was_offered() -> None:
    assert reserve(saying(slave(32, 0), 6.0, limit=6.0, draw=6.64)) == 6
    assert reserve(saying(slave(32, 0, protocol=1), 6.0, limit=6.0, draw=6.64)) == 32


def test_each_new_offer_begins_the_5_s_anew() -> None:
    again = slave(32, 20, 10)  # 10 A at 2 s
    assert reserve(saying(again, 6.9, limit=10, draw=9.0)) == 32
    assert reserve(saying(again, 7.0, limit=10, draw=9.0)) == 10


def test_an_offer_that_is_raised_above_the_earlier_ones_replaces_them() -> None:
    assert slave(20, 10, 16).earlier == (20,)
    assert slave(20, 10, 32).earlier == ()
    assert reserve(slave(20, 10, 16)) == 20


def test_the_same_offer_again_changes_nothing() -> None:
    once = slave(16)
    assert offered(once, 16, 99.0) is once


def test_a_draw_above_the_tolerance_is_reserved_rounded_up() -> None:
    one = slave(10)
    assert reserve(saying(one, 1.0, limit=10, draw=11.0)) == 10
    assert reserve(saying(one, 1.0, limit=10, draw=11.01)) == 12
    assert reserve(saying(one, 1.0, limit=10, draw=12.0)) == 12


def test_a_draw_in_state_error_is_reserved_though_its_limit_is_0() -> None:
    broken = slave(0, protocol=1)
    assert reserve(saying(broken, 1.0, limit=0.0, draw=16.86)) == 17


def test_what_is_coming_falls_with_a_lower_offer_at_once_and_is_the_draw_again_after_3_s() -> None:
    lowered = replace(slave(20, 16), status=report_of(slave(20), limit=20, actual=22.0), heard_at=1.1)
    assert coming(lowered) == 18.0
    assert coming(replace(lowered, heard_at=4.0)) == 22.0


def test_what_is_coming_of_a_car_that_takes_less_than_it_is_offered_is_what_it_takes() -> None:
    lowered = replace(slave(40, 30), status=report_of(slave(40), limit=40, actual=16.0), heard_at=1.1)
    assert coming(lowered) == 16.0


@given(st.lists(amps, min_size=1, max_size=8), st.sampled_from((1, 2)))
def test_without_a_heartbeat_the_reserve_is_the_largest_offer_since_the_last_confirmed(offers: list[int], protocol: int) -> None:
    one = slave(*offers, protocol=protocol)
    assert reserve(one) == max((*one.earlier, offers[-1], 6 if protocol == 2 else 0))
    assert counted(one) >= offers[-1]
    assert max(offers) == max((*one.earlier, offers[-1])), "the largest can only be replaced by a larger one"


@given(st.lists(st.tuples(amps, st.floats(0, 90)), max_size=4))
def test_the_total_is_at_least_every_newest_offer_and_every_draw_above_its_tolerance(rows: list[tuple[int, float]]) -> None:
    slaves = [replace(slave(offer), status=report_of(slave(offer), actual=draw)) for offer, draw in rows]
    assert total(slaves) >= sum(offer for offer, _ in rows)
    assert total(slaves) >= sum(draw - max(1.0, 0.1 * max(offer, 6)) for offer, draw in rows) - 1e-6
