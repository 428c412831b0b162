"""The master at a virtual bus: linking and heartbeats."""

from __future__ import annotations

from itertools import pairwise

import pytest

from simulator.twc_build import Age, Build
from simulator.twc_bus import VirtualBus
from simulator.twc_car import Habits, TwcCar
from simulator.twc_slave import Slave as Unit
from tests.twc_builders import BOOT, FULL, IDS, NO_CEILING, Rig, charging, notes, rig_of, target
from twc.link import Link
from twc.master import memory, start, step
from twc.values import Options, Remembered

# ---- linking ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", [1, 2])
@pytest.mark.parametrize("seed", range(5))
def test_the_first_heartbeat_goes_out_within_1_5_s_of_the_start(protocol: int, seed: int) -> None:
    rig = rig_of(1, protocol, seed=seed)
    rig.run(3)
    assert rig.beats()[0].at <= 1.5
    assert rig.slave().link is Link.LINKED


def test_both_greetings_go_out_and_at_least_two_of_the_second() -> None:
    rig = rig_of(0)
    rig.run(20)
    assert [frame.body[:2].hex() for frame in rig.frames()] == ["fce1"] * 4 + ["fbe2"] * 6


def test_remembered_slaves_are_greeted_at_once() -> None:
    rig = rig_of(3, remembered=[Remembered(one, 2, 32, 6) for one in IDS])
    rig.run(0.6)
    assert {rig.beats(number)[0].slave for number in range(3)} == set(IDS)
    rig.run(0.9)
    assert all(slave.link is Link.LINKED for slave in rig.master.slaves)


def test_the_protocol_is_told_by_the_length_of_the_link_ready() -> None:
    bus = VirtualBus([Unit(Build(IDS[0], 1), TwcCar()), Unit(Build(IDS[1], 2), TwcCar())])
    rig = Rig(bus)
    rig.run(15)
    assert [rig.slave(number).protocol for number in (0, 1)] == [1, 2]
    assert {len(frame.body) for frame in rig.frames(0xFBE0) if frame.body[4:6] == b"\x40\x85"} == {13}
    assert {len(frame.body) for frame in rig.frames(0xFBE0) if frame.body[4:6] == b"\x40\x86"} == {15}


def test_after_a_restart_heartbeats_say_nothing_until_every_remembered_slave_has_answered() -> None:
    rig = charging(2, amps=16)
    rig.bus.slaves[1].mute = True
    rig.restart(*notes(rig))
    since = rig.now
    rig.target = target(20)
    rig.run(20)
    assert {said.amps for said in rig.beats(0, since)} == {None}
    rig.bus.slaves[1].mute = False
    rig.run(13)
    assert rig.offer(0) == 20


def test_or_until_it_was_silent_for_30_s() -> None:
    rig = charging(2, amps=10)
    rig.bus.slaves[1].mute = True
    rig.restart(*notes(rig))
    since = rig.now
    rig.target = target(12)
    rig.run(45)
    first = next(said for said in rig.beats(0, since) if said.amps is not None)
    assert first.amps == 12
    assert 25 < first.at - since < 32


def test_after_a_restart_nothing_is_raised_for_10_s() -> None:
    """Why the process before was at its offer it does not know: there may have been trouble."""
    rig = charging(1, amps=10)
    rig.restart(*notes(rig))
    since = rig.now
    rig.target = target(20)
    rig.run(15, until=lambda: rig.offer() > 10)
    assert 10 <= rig.now - since < 12


def test_after_a_restart_a_lower_wish_goes_out_at_once() -> None:
    rig = charging(2, amps=16)
    rig.restart(*notes(rig))
    since = rig.now
    rig.target = target(8)
    rig.run(1)
    for number in (0, 1):
        said = [one.amps for one in rig.beats(number, since) if one.amps is not None]
        assert said[0] == 8


def test_a_restart_within_8_s_is_not_noticed_by_a_car() -> None:
    rig = charging(2, amps=16)
    before = [(unit.limit, unit.draw, unit.closings) for unit in rig.bus.slaves]
    remembered = notes(rig)
    rig.bus.tick(rig.now + 7.0)
    rig.restart(*remembered)
    rig.run(30)
    assert [(unit.limit, unit.draw, unit.closings) for unit in rig.bus.slaves] == before


def test_what_a_slave_follows_counts_where_memory_says_less() -> None:
    rig = rig_of(1, habits=Habits(10.0), target=target(32))
    rig.bus.car(0).plug_in()
    rig.run(120)
    rig.restart(Remembered(IDS[0], 2, 32, 6))
    rig.target = None
    rig.run(1)
    assert rig.row().actual_amps == 10.0
    assert rig.row().reserved_amps == 32
    assert rig.offer() == 6
    rig.run(8)
    assert rig.row().reserved_amps == 6


def test_an_offer_that_was_not_confirmed_gone_counts_after_a_restart_too() -> None:
    rig = charging(1, amps=32)
    rig.target = target(10)
    rig.run(1)
    rig.restart(*notes(rig))
    rig.run(3)
    assert rig.bus.draw < 10
    assert (rig.row().reserved_amps, rig.offer()) == (32, 10)
    rig.run(8)
    assert rig.row().reserved_amps == 10


def test_without_memory_nothing_is_raised_above_the_minimum_for_30_s() -> None:
    rig = rig_of(2, target=target(16))
    rig.run(29)
    assert {said.amps for number in (0, 1) for said in rig.beats(number)} == {6}
    rig.run(5)
    assert [rig.offer(number) for number in (0, 1)] == [16, 16]


def test_remembered_slaves_whose_least_does_not_fit_any_more_get_no_heartbeat() -> None:
    master = start(Options(circuit=12), [Remembered(one, 2, 32, 6) for one in IDS], 0.0)
    assert [slave.link for slave in master.slaves] == [Link.GREETED, Link.GREETED, Link.MUTE]


def test_memory_is_what_the_next_process_needs() -> None:
    rig = charging(1, amps=32)
    rig.target = target(10)
    rig.run(1)
    assert memory(rig.master) == (Remembered(IDS[0], 2, 32, 10, 32),)
    rig.run(10)
    assert memory(rig.master) == (Remembered(IDS[0], 2, 32, 10, 0),)


def test_a_slave_with_our_id_takes_another_one() -> None:
    rig = rig_of(1, build=Build(0x7777))
    rig.run(30)
    assert rig.bus.slaves[0].id != 0x7777
    assert rig.slave().link is Link.LINKED
    rig = rig_of(1)
    rig.run(20)
    rig.bus.slaves[0].id = 0x7777
    rig.run(45)
    assert rig.bus.slaves[0].id != 0x7777
    assert rig.report.counters["id_clashes"] > 0
    assert rig.slave().link is Link.LINKED


def test_a_fourth_slave_is_refused_with_an_alarm_and_served_when_another_has_gone() -> None:
    rig = rig_of(4)
    rig.run(40)
    assert sorted(slave.link for slave in rig.master.slaves) == [Link.LINKED] * 3 + [Link.REFUSED]
    assert any("fourth" in alarm for alarm in rig.report.alarms)
    out = next(slave for slave in rig.master.slaves if slave.link is Link.REFUSED)
    assert not any(frame.body[4:6] == out.id.to_bytes(2, "big") for frame in rig.frames(0xFBE0))
    next(unit for unit in rig.bus.slaves if unit.id != out.id).power_off()
    rig.run(80)
    assert sum(slave.link is Link.LINKED for slave in rig.master.slaves) == 3
    assert out.id in {slave.id for slave in rig.master.slaves if slave.link is Link.LINKED}
    assert not any("fourth" in alarm for alarm in rig.report.alarms)


def test_a_slave_that_falls_silent_is_addressed_for_26_s_and_reserved_for_30_s_more() -> None:
    rig = charging(2, amps=32)
    rig.bus.slaves[1].mute = True
    since = rig.now
    rig.run(60, until=lambda: rig.slave(1).link is Link.MUTE)
    assert 24 < rig.now - since < 27.5
    assert rig.row(1).alarms == ("the connector does not answer",)
    silent, last = rig.now, rig.beats(1)[-1].at
    rig.run(28)
    assert rig.row(1).reserved_amps == 20
    assert rig.beats(1)[-1].at == last < silent
    assert rig.offer(0) == 20
    rig.run(60, until=lambda: rig.slave(1).link is Link.LOST)
    assert rig.now - last == pytest.approx(30, abs=0.2)
    rig.run(6)
    assert rig.offer(0) == 32


def test_a_slave_that_was_lost_is_greeted_anew() -> None:
    rig = charging(1)
    rig.bus.slaves[0].power_off()
    rig.run(60)
    assert rig.slave().link is Link.LOST
    rig.bus.slaves[0].power_on()
    rig.run(16)
    assert rig.slave().link is Link.LINKED


def test_a_power_cut_at_a_slave_ends_in_a_new_link_and_the_same_offer() -> None:
    rig = charging(1)
    rig.bus.slaves[0].power_cycle(5.0)
    rig.run(30)
    assert rig.slave().link is Link.LINKED
    assert rig.bus.slaves[0].limit == 32.0


def test_an_adapter_that_was_pulled_and_comes_back_finds_its_slaves() -> None:
    rig = charging(2, amps=16)
    rig.bus.line.pulled = True
    rig.run(100)
    assert rig.report.link == "down"
    rig.bus.line.pulled = False
    rig.run(15)
    assert [slave.link for slave in rig.master.slaves] == [Link.LINKED] * 2


def test_a_stranger_that_is_heard_once_is_noise_and_is_forgotten() -> None:
    rig = rig_of(1)
    master, _, _ = step(rig.master, 0.0, BOOT, bytes.fromhex("C0FDE240851D0C80000000000000000050C0"), None, NO_CEILING)
    assert [slave.link for slave in master.slaves] == [Link.HEARD]
    for second in range(1, 700):
        master, _, _ = step(master, second / 10, BOOT, b"", None, NO_CEILING)
    assert [slave.link for slave in master.slaves] == [Link.LOST]


def test_ever_new_strangers_do_not_fill_the_memory() -> None:
    from simulator.twc_frames import link_ready
    from twc.frame import encode

    master = start(Options(40), (), 0.0)
    for number in range(500):
        master, _, _ = step(master, number / 50, BOOT, encode(link_ready(0x1000 + number, 1, 32, 2)), None, NO_CEILING)
    assert len(master.slaves) <= 8
    assert sum(slave.link in (Link.GREETED, Link.HEARD) for slave in master.slaves) <= 3


# ---- heartbeats ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", [1, 2])
def test_each_of_three_slaves_gets_one_a_second_with_the_limit_in_it(protocol: int) -> None:
    rig = charging(3, protocol, amps=12)
    since = rig.now
    rig.run(60)
    for number in range(3):
        beats = rig.beats(number, since)
        assert 56 <= len(beats) <= 62
        assert max(two.at - one.at for one, two in pairwise(beats)) <= 1.2
        assert {said.amps for said in beats} == {12}
        assert {said.command for said in beats} == {5 if protocol == 1 else 9}
    assert rig.report.counters["late_heartbeats"] == 0


def test_silent_slaves_do_not_slow_the_heartbeat_of_the_others() -> None:
    rig = charging(3, amps=12)
    rig.bus.slaves[0].mute = rig.bus.slaves[1].mute = True
    since = rig.now
    rig.run(25)
    assert max(two.at - one.at for one, two in pairwise(rig.beats(2, since))) <= 1.2


def test_protocol_2_gets_05_before_it_charges_and_09_from_then_on() -> None:
    rig = rig_of(1, build=Build(IDS[0], needs_before=True), target=target(16))
    rig.run(10)
    assert {said.command for said in rig.beats()} == {5, 9}
    assert rig.bus.slaves[0].limit == 6.0
    rig.bus.car(0).plug_in()
    rig.run(100)
    since = rig.now
    rig.run(5)
    assert {said.command for said in rig.beats(0, since)} == {9}
    assert rig.bus.slaves[0].limit == 16.0


def test_questions_are_asked_in_spare_time_and_answered() -> None:
    rig = charging(3, amps=12)
    rows = [rig.row(number) for number in range(3)]
    assert {row.vin for row in rows} == {f"5YJ3AMPSHFT00000{number}" for number in (1, 2, 3)}
    assert {row.volts for row in rows} == {241.0}
    assert all(row.energy is not None and row.plugged for row in rows)
    assert rig.slave().firmware == "4.5.3"
    assert rig.slave().serial == "A19K0001234"


def test_nothing_is_asked_while_a_charge_starts() -> None:
    rig = rig_of(1, habits=FULL, target=target(16))
    rig.run(20)
    rig.bus.car(0).plug_in()
    rig.run(20, until=lambda: rig.bus.slaves[0].state == 0x08)
    rig.run(1.1)
    since = rig.now
    rig.run(20, until=lambda: rig.bus.slaves[0].state != 0x08)
    assert rig.now - since > 1
    assert all(frame.body[:2] == b"\xfb\xe0" for frame in rig.frames(since=since))


@pytest.mark.parametrize("age", [Age.SILENT, Age.ENERGY])
def test_an_old_unit_is_asked_a_few_times_and_then_only_now_and_then(age: Age) -> None:
    rig = rig_of(1, build=Build(IDS[0], age=age), habits=FULL, target=target(16))
    rig.bus.car(0).plug_in()
    rig.run(120)
    since = rig.now
    rig.run(120)
    asked = [frame for frame in rig.frames(since=since) if frame.body[:2] in (b"\xfb\xee", b"\xfb\xb4", b"\xfb\xed")]
    assert len(asked) <= 2


def test_a_car_without_a_data_line_is_not_asked_for_its_vin_for_ever() -> None:
    rig = rig_of(1, build=Build(IDS[0], can=False), habits=FULL, target=target(16))
    rig.bus.car(0).plug_in()
    rig.run(300)
    assert rig.row().vin is None
    assert len(rig.frames(0xFBEE)) <= 6


def test_another_car_at_an_old_unit_has_its_own_vin() -> None:
    rig = rig_of(1, build=Build(IDS[0], age=Age.VIN), habits=FULL, target=target(16))
    car = rig.bus.car(0)
    car.plug_in()
    rig.run(60)
    assert rig.row().vin == "5YJ3AMPSHFT000001"
    car.unplug()
    rig.run(30)
    car.vin = "5YJ3AMPSHFT000009"
    car.plug_in()
    rig.run(4)
    assert rig.row().vin is None
    rig.run(30)
    assert rig.row().vin == "5YJ3AMPSHFT000009"


def test_bytes_without_end_do_not_keep_us_from_lowering() -> None:
    rig = charging(1, amps=32)
    master, now = rig.master, rig.now
    said = []
    for _ in range(200):  # a bus without bias: something in every turn
        now += 0.02
        master, out, _ = step(master, now, BOOT, b"\x00\xff", target(6), NO_CEILING)
        said += [now] if out else []
    assert said[0] - rig.now < 0.4
    assert len(said) >= 4
