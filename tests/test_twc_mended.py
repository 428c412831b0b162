"""Damage that keeps its checksum, restarts that no car may notice, and shares that would be taken away at once."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.twc_build import Build
from simulator.twc_bus import VirtualBus
from simulator.twc_car import TwcCar
from simulator.twc_frames import heartbeat, link_ready, plug_state
from simulator.twc_slave import Slave as Unit
from tests.twc_builders import BOOT, FULL, IDS, NO_CEILING, Rig, Said, charging, notes, report_of, rig_of, target
from twc.frame import encode
from twc.link import Link
from twc.master import start, step
from twc.messages import Plugged
from twc.reserve import offered, reserve
from twc.share import most_for_all, shares
from twc.values import Ceiling, Master, Options, Remembered, Slave

ONE = IDS[0]


def hear(rig: Rig, *bodies: bytes) -> None:
    """These frames reach the master now."""
    for body in bodies:
        rig.master, out, rig.report = step(rig.master, rig.now, BOOT, encode(body), rig.target, NO_CEILING)
        if out:
            rig.bus.tick(rig.now, out)


def changes(rig: Rig, since: float) -> list[Said]:
    """Limits that differ from the one before to the same slave, the first one included."""
    out: list[Said] = []
    for number in range(len(rig.bus.slaves)):
        told = [said for said in rig.beats(number, since) if said.amps is not None]
        out += told[:1] + [new for old, new in pairwise(told) if new.amps != old.amps]
    return sorted(out, key=lambda said: said.at)


# ---- two zeros too many, or too few ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "damaged", [link_ready(ONE, 0x1D, 32.0, 2), heartbeat(ONE, 0x7777, 1, (16.0, 15.7), 2)], ids=["link-ready", "heartbeat"]
)
def test_a_frame_that_won_two_zeros_does_not_cost_a_connector_its_service(damaged: bytes) -> None:
    rig = charging(2, 1, amps=16)
    hear(rig, damaged)
    assert (rig.slave().protocol, rig.row().reserved_amps) == (2, 16)
    since = rig.now
    rig.run(6)
    assert (rig.slave().protocol, rig.slave().link) == (1, Link.LINKED)
    assert [one.protocol for one in notes(rig)] == [1, 1]
    rig.run(60)
    assert [unit.draw for unit in rig.bus.slaves] == pytest.approx([15.7, 15.7], abs=0.2)
    assert {said.amps for said in rig.beats(0, since)} == {16}
    assert rig.report.alarms == rig.row().alarms == ()


def test_a_memory_that_has_the_wrong_protocol_is_put_right() -> None:
    rig = charging(1, 1, amps=16)
    rig.restart(Remembered(ONE, 2, 32, 16))
    rig.run(6)
    assert (rig.slave().protocol, rig.slave().link, rig.slave().recalled) == (1, Link.LINKED, False)


def test_a_connector_that_only_says_link_ready_is_believed_the_second_time() -> None:
    master = start(Options(40), (), 0.0)
    for second, protocol, taken_for in ((1.0, 1, 1), (2.0, 2, 2), (3.0, 1, 2), (4.0, 2, 2), (5.0, 1, 2), (6.0, 1, 1)):
        master, _, _ = step(master, second, BOOT, encode(link_ready(ONE, 1, 32.0, protocol)), None, NO_CEILING)
        assert master.slaves[0].protocol == taken_for


def test_two_frames_in_a_row_that_lost_two_zeros_do_not_take_protocol_2_away() -> None:
    rig = charging(1, 2, amps=16)
    short = heartbeat(ONE, 0x7777, 1, (16.0, 15.7), 1)
    for _ in range(5):
        hear(rig, short, short)
        assert rig.slave().protocol == 2
        rig.run(2)


def test_a_unit_of_protocol_2_reserves_6_a_while_in_doubt_and_as_long_as_it_follows_them() -> None:
    slave = offered(Slave(ONE, Link.LINKED, protocol=2, max_amps=32, heard_at=100.0, plugged=Plugged.YES), 0, 0.0)
    master = Master(Options(40), started_at=0.0, fresh_start=False, slaves=(slave,), hello=0)
    for turn in range(5):
        body = heartbeat(ONE, 0x7777, 4, (6.0, 0.0), 1)
        master, _, _ = step(master, 100.0 + turn, BOOT, encode(body), target(0), NO_CEILING)
        assert reserve(master.slaves[0]) == 6
    assert master.slaves[0].protocol == 1


def test_an_answer_whose_first_byte_is_damaged_is_no_second_master() -> None:
    rig = charging(2, 2, amps=16)
    rig.run(0.5)
    hear(rig, b"\xfb" + heartbeat(ONE, 0x7777, 1, (16.0, 15.7), 2)[1:], b"\xfb" + link_ready(ONE, 0x1D, 32.0, 2)[1:])
    since = rig.now
    rig.run(3)
    assert rig.report.counters["foreign"] == 0
    assert len(rig.beats(0, since)) >= 2


def test_a_connector_that_comes_back_as_a_master_is_one() -> None:
    """Somebody turned its rotary switch; its id stays the same."""
    rig = charging(2, 2, amps=16)
    rig.bus.slaves[0].power_off()
    rig.run(8)
    hear(rig, heartbeat(ONE, IDS[1], 9, (32.0, 0.0), 2).replace(b"\xfd", b"\xfb", 1))
    assert any("second master" in alarm for alarm in rig.report.alarms)


# ---- a restart -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stood", [(13, 14, 13), (14, 13, 13), (20, 10, 10)])
@pytest.mark.parametrize("protocol", [1, 2])
def test_no_offer_dips_while_the_connectors_answer_one_after_the_other(protocol: int, stood: tuple[int, ...]) -> None:
    rig = charging(3, protocol, amps=40)
    rig.target = target(*stood)
    rig.run(40)
    assert tuple(rig.offer(number) for number in range(3)) == stood
    rig.target = target(40)
    rig.restart(*notes(rig))
    since = rig.now
    assert not rig.run(10, until=lambda: rig.bus.draw < 38)
    assert all(said.amps in (None, stood[number]) for number in range(3) for said in rig.beats(number, since))
    rig.run(20)
    assert sorted(rig.offer(number) for number in range(3)) == [13, 13, 14]


def test_an_old_answer_about_the_plug_does_not_make_a_newcomer_of_a_car_that_charges() -> None:
    rig = charging(1, amps=16)
    rig.restart(*notes(rig))
    since = rig.now
    hear(rig, plug_state(ONE, 1))
    rig.run(12)
    assert {said.amps for said in rig.beats(0, since)} <= {None, 16}


def test_a_ceiling_that_came_meanwhile_is_shared_as_if_all_had_answered() -> None:
    rig = charging(3, amps=40)
    rig.restart(*notes(rig))
    since = rig.now
    assert rig.run(2, until=lambda: sum(slave.recalled for slave in rig.master.slaves) == 2)
    rig.ceiling = Ceiling(30, fresh=True)
    rig.run(8)
    assert {said.amps for number in range(3) for said in rig.beats(number, since)} <= {None, 10}
    assert [rig.offer(number) for number in range(3)] == [10, 10, 10]


# ---- the first raise -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("apart", [0.4, 1.0, 3.0, 4.5])
@pytest.mark.parametrize("protocol", [1, 2])
def test_cars_plugged_in_a_moment_apart_are_raised_once_to_their_share(protocol: int, apart: float) -> None:
    rig = rig_of(3, protocol, habits=FULL, target=target(40))
    rig.run(60)
    for number in range(3):
        rig.bus.car(number).plug_in()
        rig.run(apart)
    rig.run(10)
    since = rig.now
    rig.run(80)
    least = rig.slave().minimum
    for number in range(3):
        told = [said.amps for said in changes(rig, since) if said.slave == IDS[number]]
        assert told[0] == least
        assert len(told) == 2
        assert told[1] in (13, 14)
    assert rig.bus.peak <= 40.0


def test_a_car_that_charges_alone_makes_room_shortly_before_a_newcomer_may_have_it() -> None:
    rig = rig_of(2, habits=FULL, target=target(40))
    rig.bus.car(0).plug_in()
    rig.run(100)
    assert rig.offer(0) == 32
    rig.bus.car(1).plug_in()
    plugged = rig.now
    rig.run(48)
    assert rig.offer(0) == 32
    rig.run(5)
    assert (rig.offer(0), rig.offer(1)) == (20, 6)
    rig.run(30, until=lambda: rig.offer(1) == 20)
    assert rig.now - plugged < 64


def newcomer(number: int, age: float, protocol: int) -> Slave:
    slave = Slave(number, Link.LINKED, protocol=protocol, max_amps=32, heard_at=1000.0, plugged=Plugged.YES, plugged_at=1000.0 - age)
    return offered(replace(slave, status=report_of(slave, actual=5.0), drew_at=1000.0), slave.minimum, 0.0)


@given(st.lists(st.tuples(st.sampled_from((5.0, 55.0, 500.0)), st.sampled_from((1, 2))), min_size=1, max_size=3), *[st.integers(0, 60)] * 2)
def test_a_lower_ceiling_never_gives_more_while_newcomers_wait_for_their_share(cars: list[tuple[float, int]], one: int, two: int) -> None:
    slaves = tuple(newcomer(number + 1, age, protocol) for number, (age, protocol) in enumerate(cars))
    bus = Master(Options(40), started_at=0.0, fresh_start=False, slaves=slaves)

    def given_to(amps: int) -> dict[int, int]:
        return shares(bus, target(32), Ceiling(amps, fresh=True), 1000.0)

    low, high = given_to(min(one, two)), given_to(max(one, two))
    assert sum(low.values()) <= sum(high.values()) <= most_for_all(bus, None, Ceiling(max(one, two), fresh=True))
    assert all(high[slave.id] <= slave.minimum for slave in slaves if 1000.0 - slave.plugged_at < 60)


# ---- leaving ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [2, 3])
def test_a_wish_for_0_stops_all_of_protocol_1_within_a_second_and_those_just_begun_get_their_minimum(count: int) -> None:
    rig = charging(count, 1, amps=6)
    rig.target = target(0)
    rig.run(1)
    assert [rig.offer(number) for number in range(count)] == [0] * count
    rig.run(60)
    rig.target = target(6)
    rig.run(20)
    rig.target = target(0)
    rig.run(1)
    assert [rig.offer(number) for number in range(count)] == [5] * count


def test_protocol_2_stays_at_the_6_a_that_it_would_take_anyway_where_protocol_1_stops() -> None:
    units = [
        Unit(Build(one, protocol), TwcCar(FULL, vin=f"5YJ3AMPSHFT00000{protocol}")) for one, protocol in zip(IDS, (1, 2), strict=False)
    ]
    rig = Rig(VirtualBus(units), target=target(16))
    for number in (0, 1):
        rig.bus.car(number).plug_in()
    rig.run(120)
    rig.target = target(0)
    rig.run(8)
    assert [unit.limit for unit in rig.bus.slaves] == [0.0, 6.0]
