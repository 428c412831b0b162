"""The master when something is wrong on the bus, and what breaks other masters."""

from __future__ import annotations

from itertools import pairwise

import pytest

from simulator.twc_build import Build, Zero
from tests.twc_builders import BOOT, FULL, IDS, NO_CEILING, Rig, charging, rig_of, target
from twc.link import Link
from twc.master import step
from twc.values import Ceiling, Options

# ---- second masters, echoes, errors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frame", ["FBE0123440850906400000", "FBE2123466000000000000", "FCE1123466000000000000", "FBE0777740850906400000"])
def test_a_second_master_silences_us_with_an_alarm_until_it_is_gone(frame: str) -> None:
    """The last one has our own id, as TWCManager would."""
    from twc.frame import encode

    rig = charging(1)
    body = bytes.fromhex(frame).ljust(15, b"\0")
    rig.master, out, rig.report = step(rig.master, rig.now + 0.5, BOOT, encode(body), rig.target, NO_CEILING)
    rig.bus.tick(rig.now + 0.5)
    assert out == b""
    assert any("second master" in alarm for alarm in rig.report.alarms)
    since = rig.now
    rig.run(9.9)
    assert not rig.frames(since=since)
    rig.run(3)
    assert rig.frames(0xFBE0, since=since)
    assert rig.slave().link is Link.LINKED
    assert not rig.report.alarms


def test_a_second_master_that_stays_is_left_alone_and_when_it_goes_we_recover() -> None:
    from simulator.twc_master import SecondMaster

    rig = charging(1)
    other = SecondMaster([IDS[0]], rig.now, amps=32.0)
    rig.bus.others.append(other)
    rig.run(2)
    since = rig.now
    rig.run(60)
    assert not rig.frames(since=since)
    rig.bus.others.clear()
    rig.run(40)
    assert rig.slave().link is Link.LINKED
    assert rig.report.alarms == ()


def test_an_adapter_that_hears_itself_is_recognised() -> None:
    rig = rig_of(2, habits=FULL, target=target(16))
    rig.bus.line.echo = True
    for number in (0, 1):
        rig.bus.car(number).plug_in()
    rig.run(120)
    assert [rig.offer(number) for number in (0, 1)] == [16, 16]
    assert rig.report.counters["echoes"] > 200
    assert rig.report.counters["foreign"] == 0


def test_an_adapter_that_hears_itself_badly_or_late_is_no_second_master() -> None:
    rig = rig_of(2, habits=FULL, target=target(16), seed=3)
    rig.bus.line.echo, rig.bus.line.loss = True, 0.01
    rig.run(150)
    rig.bus.line.delay_s = 0.2
    rig.run(150)
    assert rig.report.counters["echoes"] > 300
    assert rig.report.counters["foreign"] == 0


def test_an_answer_to_another_master_is_not_taken_for_one_to_us() -> None:
    from simulator.twc_frames import heartbeat
    from twc.frame import encode

    rig = charging(1)
    before = rig.slave().status
    master, _, _ = step(rig.master, rig.now + 0.1, BOOT, encode(heartbeat(IDS[0], 0x1234, 1, (80.0, 70.0), 2)), None, NO_CEILING)
    assert master.slaves[0].status == before


def test_an_error_with_current_flowing_is_an_alarm_and_is_reserved() -> None:
    rig = charging(1, 1, amps=16)
    rig.bus.slaves[0].fail(leaks=True)
    rig.target = target(5)
    rig.run(15)
    assert rig.bus.slaves[0].state == 2
    assert (rig.offer(), rig.row().reserved_amps) == (5, 16)
    assert "the connector reports an error while 15.7 A flow" in rig.row().alarms


# ---- a ceiling below what protocol 2 takes ---------------------------------------------------------------------------------------


def test_a_ceiling_below_6_a_offers_0_and_is_an_alarm_where_6_a_flow_on() -> None:
    rig = charging(1)
    rig.ceiling = Ceiling(4, fresh=True)
    rig.run(60)
    assert rig.offer() == 0
    assert rig.bus.slaves[0].limit == 6.0
    assert any("ceiling" in alarm for alarm in rig.row().alarms)
    assert rig.slave().link is Link.LINKED


def test_a_unit_that_ignores_0_is_brought_to_6_a_first() -> None:
    rig = charging(1, build=Build(IDS[0], zero=Zero.IGNORES))
    assert rig.bus.slaves[0].limit == 32.0
    rig.ceiling = Ceiling(4, fresh=True)
    rig.run(5)
    assert rig.bus.slaves[0].limit == 6.0


def test_a_ceiling_of_0_stops_protocol_1_at_once() -> None:
    rig = charging(1, 1)
    rig.ceiling = Ceiling(0, fresh=True)
    rig.run(5)
    assert (rig.offer(), rig.bus.draw) == (0, 0.0)
    assert rig.row().alarms == ()


def test_with_silence_as_last_resort_that_slave_alone_loses_its_heartbeat_once_an_hour() -> None:
    rig = charging(2, options=Options(circuit=40, most=40, silence=True))
    rig.ceiling = Ceiling(8, fresh=True)  # two times 6 A flow
    since = rig.now
    rig.run(60, until=lambda: any(slave.link is Link.MUTE for slave in rig.master.slaves))
    assert 15 <= rig.now - since < 25
    silent = next(number for number in (0, 1) if rig.slave(number).link is Link.MUTE)
    rig.run(28)
    assert rig.bus.slaves[silent].draw == 0.0
    assert rig.slave(1 - silent).link is Link.LINKED
    assert rig.bus.slaves[1 - silent].draw > 4
    rig.run(300)
    silences = [two.at - one.at for one, two in pairwise(rig.beats(silent, since)) if two.at - one.at > 20]
    assert not silences  # greeted anew, its car would take 6 A again, an hour long
    assert rig.bus.draw < 8
    assert any("ceiling" in alarm for alarm in rig.row(silent).alarms)
    rig.ceiling, rig.target = Ceiling(12, fresh=True), target(6)
    assert rig.run(100, until=lambda: rig.bus.slaves[silent].draw > 4)
    rig.ceiling = Ceiling(8, fresh=True)
    rig.run(300)
    assert rig.slave(silent).link is Link.LINKED  # once an hour is the most


def test_under_a_ceiling_below_6_a_no_connector_of_protocol_2_is_greeted_but_one_of_protocol_1_is() -> None:
    """A greeting is 6 A to it, whatever is offered with it."""
    for protocol, greeted in ((2, False), (1, True)):
        rig = rig_of(1, protocol, habits=FULL, target=target(16))
        rig.bus.car(0).plug_in()
        rig.ceiling = Ceiling(4, fresh=True)
        rig.run(100)
        assert (bool(rig.beats(0)), rig.bus.draw) == (greeted, 0.0)
        rig.ceiling = Ceiling(20, fresh=True)
        assert rig.run(100, until=lambda bus=rig.bus: bus.draw > 14)  # type: ignore[misc]


def test_a_connector_without_a_car_leaves_the_ceiling_to_the_one_that_waits() -> None:
    rig = rig_of(2, 2, habits=FULL, target=target(16))
    rig.bus.car(1).plug_in()
    rig.ceiling = Ceiling(8, fresh=True)
    assert rig.run(100, until=lambda: rig.bus.draw > 4)


def test_the_last_word_of_a_guard_that_fell_silent_still_counts_for_a_greeting() -> None:
    rig = rig_of(1, 2, habits=FULL, target=target(16), options=Options(circuit=40, most=40, guarded=True))
    rig.ceiling = Ceiling(3, fresh=False)
    rig.run(60)
    assert not rig.beats(0)
    rig.ceiling = Ceiling(None, fresh=False)  # none was ever there: the failsafe
    assert rig.run(60, until=lambda: bool(rig.beats(0)))


# ---- what breaks other masters ---------------------------------------------------------------------------------------------------


def test_a_50_a_breaker_with_three_slaves_never_sees_more_than_40_a() -> None:
    """TWCManager offers 21 A to each of three for seconds at a time."""
    rig = rig_of(3, habits=FULL, target=target(40))
    rig.run(40)
    for number in range(3):
        rig.bus.car(number).plug_in()
        rig.run(75)
    rig.target = target(6)
    rig.run(10)
    rig.target = target(40)
    rig.run(60)
    assert rig.bus.peak <= 40.0
    assert offers_at_most(rig, 40)
    assert sum(rig.offer(number) for number in range(3)) == 40


def offers_at_most(rig: Rig, amps: int) -> bool:
    """The newest offers on the wire never sum to more."""
    newest: dict[int, int] = {}
    for said in sorted((said for number in range(len(rig.bus.slaves)) for said in rig.beats(number)), key=lambda said: said.at):
        newest[said.slave] = said.amps if said.amps is not None else newest.get(said.slave, 0)
        if sum(newest.values()) > amps:
            return False
    return True


def test_a_target_above_the_cap_is_cut_to_the_cap() -> None:
    rig = charging(1, amps=100, build=Build(IDS[0], rated_amps=80.0))
    assert rig.offer() == 40
    assert max(said.amps or 0 for said in rig.beats()) == 40


def test_a_32_a_slave_with_80_a_configured_gets_32_a() -> None:
    """TWCManager gives it a quarter of its rating."""
    rig = charging(1, amps=80, options=Options(circuit=80, most=80))
    assert rig.offer() == 32


def test_there_is_no_spike_of_21_a() -> None:
    rig = charging(1, amps=10)
    rig.target = target(16)
    since = rig.now
    rig.run(30)
    assert {said.amps for said in rig.beats(0, since)} == {10, 16}
