"""The simulated wires: pacing, collisions, damage, echo, a second master; the same in real time behind a pty, a socket and a program."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import serial

from simulator import twc
from simulator.houses import BLUE, RED, plain_house
from simulator.owner import Act
from simulator.twc_build import Build
from simulator.twc_bus import MASTER, Line, VirtualBus, bus_of
from simulator.twc_house import house_bus
from simulator.twc_master import SecondMaster
from simulator.twc_port import PtyBus, SocketBus
from tests.twc_by_hand import ByHand, ask, beat, greeting
from twc.frame import Deframer, encode, feed
from twc.master import start, step
from twc.values import Ceiling, Options, Step, Target, Want

ROOT = Path(__file__).parents[1]
ONE, OTHER = 0x4085, 0x4086
PLAIN = Build(ONE, tail=False)
UTC_NOW = datetime(2026, 12, 8, 5, 0, tzinfo=UTC)
BYTE_S = 1 / 960  # 9600 baud, ten bits
PATIENCE_S = 5.0


# ---- the wire ---------------------------------------------------------------------------------------------------------------------------


def test_bytes_come_at_9600_baud() -> None:
    bus = bus_of(1, build=PLAIN)
    bus.tick(1.0, encode(beat(ONE)))
    answer_at = 1.0 + 18 * BYTE_S + 0.026
    assert bus.tick(answer_at + 0.5 * BYTE_S) == b""
    assert bus.tick(answer_at + 9.5 * BYTE_S) == encode(beat(ONE))[:1] + b"\xfd\xe0\x40\x85\x77\x77\x00\x00"
    assert len(bus.tick(answer_at + 18 * BYTE_S)) == 9


def test_nobody_says_two_things_at_once() -> None:
    hand = ByHand(bus_of(1, build=PLAIN))
    hand.say(ask(0xFBEB, ONE))
    hand.say(ask(0xFBEC, ONE))
    hand.wait(0.2)
    assert [body[:2] for _, body in hand.heard] == [b"\xfd\xeb", b"\xfd\xec"]
    assert [round(frame.at / BYTE_S) for frame in hand.bus.master_frames] == [0, 17]


def test_two_that_talk_at_once_destroy_each_other() -> None:
    hand = ByHand(bus_of(2, build=PLAIN))
    hand.say(beat(ONE))
    hand.wait(0.01)
    hand.bus.others.append(SecondMaster([], hand.now))
    hand.wait(0.2)
    assert hand.bus.collisions == 2
    assert [body for _, body in hand.heard if body[:2] != b"\xfc\xe1"] == []


def test_what_comes_while_the_master_talks_is_not_heard() -> None:
    hand = ByHand(bus_of(1, build=PLAIN))
    hand.bus.others.append(SecondMaster([], 0.02))
    hand.wait(0.03)
    hand.say(beat(ONE))
    hand.wait(0.05)
    assert 0 < len(hand.raw) < 15


def test_a_stray_byte_follows_each_frame() -> None:
    hand = ByHand(bus_of(1, build=Build(ONE)))
    hand.ask(beat(ONE))
    assert len(hand.raw) == 19
    assert hand.raw[-2] == 0xC0
    assert hand.raw[-1] in b"\xfc\xfe\xf8\xfa\xff"


def beats(line: Line, count: int = 2000) -> tuple[int, int, int]:
    """A heartbeat each 0.1 s on this line: how many true answers came, how many frames that nobody sent, how many bytes."""
    bus, ear, true, wrong, length = bus_of(1, build=PLAIN), Deframer(), 0, 0, 0
    bus.line = line
    for number in range(1, count + 1):
        received = bus.tick(number / 10, encode(beat(ONE)))
        length += len(received)
        ear, bodies = feed(ear, received)
        said = {frame.body for frame in bus.sent}
        bus.sent.clear()
        true += sum(body in said for body in bodies)
        wrong += sum(body not in said for body in bodies)
    return true, wrong, length


def test_a_share_of_the_bytes_is_lost() -> None:
    true, _, length = beats(Line(loss=0.01))
    heartbeats_heard = 0.985 * 0.99**17  # a lost C0 in front does no harm: the one before it serves
    assert 0.64 < true / 2000 < 0.76  # 17 bytes each way must come
    assert length / 18 / 2000 == pytest.approx(heartbeats_heard * 0.99, abs=0.05)


def test_a_share_of_the_bytes_comes_with_a_wrong_bit() -> None:
    true, _, length = beats(Line(bit_errors=0.01))
    assert 0.64 < true / 2000 < 0.76
    assert length % 18 == 0


def test_damage_passes_for_a_whole_frame_now_and_then_unless_the_line_is_told_otherwise() -> None:
    assert beats(Line(loss=0.02))[1] > 0
    assert beats(Line(bit_errors=0.02))[1] > 0
    assert beats(Line(loss=0.02, bit_errors=0.02, caught=True))[1] == 0


def test_stray_bytes_come_as_often_as_asked() -> None:
    hand = ByHand(bus_of(0))
    hand.bus.line.noise_per_s = 5.0
    hand.wait(100.0)
    assert 400 < len(hand.raw) < 600


def test_an_adapter_may_hear_itself() -> None:
    hand = ByHand(bus_of(0))
    hand.ask(beat(ONE))
    assert hand.raw == b""
    hand.bus.line.echo = True
    assert hand.ask(beat(ONE)) == [beat(ONE)]


def test_an_adapter_may_be_slow() -> None:
    hand = ByHand(bus_of(1, build=PLAIN))
    hand.bus.line.delay_s = 0.1
    assert hand.ask(beat(ONE), 0.15) == []
    assert hand.ask(ask(0xFBEC, ONE), 0.05) != []


def test_a_pulled_adapter_hears_and_says_nothing() -> None:
    hand = ByHand(bus_of(1, build=PLAIN))
    hand.bus.line.pulled = True
    hand.ask(beat(ONE, 0x09, 16.0), 12.0)
    assert (hand.raw, hand.bus.slaves[0].limit) == (b"", 0.0)
    hand.bus.line.pulled = False
    assert hand.ask(beat(ONE)) != []


def night(seed: int, tick_s: float) -> tuple[bytes, list[tuple[float, str, bytes]], float]:
    bus = bus_of(3, seed=seed)
    bus.line = Line(loss=0.01, bit_errors=0.001, noise_per_s=0.5, jitter_s=0.002)
    for number in range(3):
        bus.car(number).plug_in()
    raw = b""
    for second in range(100):
        raw += bus.tick(float(second), encode(beat(ONE + second % 3, 0x05, 16.0)))
        for part in range(1, round(1 / tick_s)):
            raw += bus.tick(second + part * tick_s)
    return raw, [(round(frame.at, 6), frame.source, frame.body) for frame in bus.sent], round(bus.peak, 3)


def test_the_same_seed_gives_the_same_bytes_however_often_the_master_looks() -> None:
    assert night(1, 0.01) == night(1, 0.01)
    assert night(1, 0.01)[:2] == night(1, 0.5)[:2]
    assert night(1, 0.5) != night(2, 0.5)


@pytest.mark.parametrize("tick_ms", [10, 50, 100])
def test_collisions_sound_the_same_however_often_the_master_looks(tick_ms: int) -> None:
    raw = []
    for every_ms in (1, tick_ms):
        bus, heard = bus_of(4), b""
        for ms in range(0, 1000, every_ms):
            heard += bus.tick(ms / 1000, encode(greeting(0xFBE2)) if ms % 100 == 0 and ms < 500 else b"")
        raw.append(heard + bus.tick(1.0))
        assert bus.collisions > 5
    assert raw[0] == raw[1]


def test_time_may_start_anywhere() -> None:
    bus = bus_of(1, build=PLAIN, start=5e6)
    hand = ByHand(bus)
    assert hand.ask(beat(ONE, 0x05, 8.0)) != []
    hand.wait(25.0)
    assert len(bus.sent) == 4  # beat, answer, two link-readies


def test_slaves_obey_whichever_master_spoke_last_and_the_first_one_hears_the_second() -> None:
    bus = bus_of(2, build=PLAIN)
    hand = ByHand(bus)
    hand.keep(5, 0x09, 10.0)
    bus.others.append(SecondMaster([ONE, OTHER], hand.now + 0.25, amps=30.0))
    limits = set()
    for _ in range(8):
        hand.keep(1, 0x09, 10.0)
        limits.add(bus.slaves[0].limit)
        hand.wait(0.6)
        limits.add(bus.slaves[0].limit)
    assert limits == {10.0, 30.0}
    assert {b"\xfc\xe1\x12\x34", b"\xfb\xe2\x12\x34", b"\xfb\xe0\x12\x34"} <= {body[:4] for _, body in hand.heard}
    bus.others.clear()
    hand.keep(3, 0x09, 10.0)
    assert [slave.limit for slave in bus.slaves] == [10.0, 10.0]


def test_the_log_has_every_frame_of_the_master_and_its_time_and_counts_what_is_none() -> None:
    bus = bus_of(1, build=PLAIN)
    bus.tick(3.0, encode(beat(ONE)) + b"\x55")
    bus.tick(4.0, encode(beat(ONE, 0x09, 8.0)))
    assert [(frame.at, frame.body) for frame in bus.master_frames] == [(3.0, beat(ONE)), (4.0, beat(ONE, 0x09, 8.0))]
    assert bus.master_noise.length == 1
    assert {frame.source for frame in bus.sent} == {MASTER, "4085"}


# ---- with the real master, and with the house's own cars --------------------------------------------------------------------------------


def drive(bus: VirtualBus, seconds: float, each_second: Callable[[float], None] = lambda _now: None) -> list[float]:
    """`twc.master` on this bus, 40 A for all, as many as each may have; gives the sum of draws of each second."""
    state = start(Options(circuit=40, most=32), (), 0.0)
    target = Target(40, (Want("*", 1, (Step(1e9, 32),)),))
    sent, draws = b"", []
    for turn in range(1, round(seconds * 50)):
        received = bus.tick(turn / 50, sent)
        state, sent, _ = step(state, turn / 50, UTC_NOW, received, target, Ceiling(None, fresh=False))
        if turn % 50 == 0:
            each_second(turn / 50)
            draws.append(bus.draw)
    return draws


@pytest.mark.parametrize(("count", "protocol"), [(1, 2), (3, 2), (2, 1)])
def test_the_real_master_links_them_all_and_they_charge(count: int, protocol: int) -> None:
    bus = bus_of(count, protocol, seed=3)
    for number in range(count):
        bus.car(number).plug_in()
    draws = drive(bus, 100)
    assert all(slave.linked and slave.draw > 6 for slave in bus.slaves)
    assert min(32, 40) * 0.9 < draws[-1] <= bus.peak <= 40
    assert bus.master_noise == Deframer().noise


def test_cars_of_the_simulated_house_charge_at_the_slaves() -> None:
    world = plain_house(UTC_NOW, (BLUE, RED))
    bus = house_bus(world)
    world.do(Act(UTC_NOW, "plug", None, BLUE.vin))
    draws = drive(bus, 100, lambda now: world.advance(UTC_NOW + timedelta(seconds=now)))
    assert [slave.name for slave in bus.slaves] == ["4085", "4086"]
    assert bus.slaves[0].draw == draws[-1] == world.cars[BLUE.vin].actual_amps == bus.slaves[0].limit > 25
    assert (bus.slaves[1].car.plugged, bus.slaves[1].draw) == (False, 0.0)
    world.do(Act(world.now, "stop", None, BLUE.vin))
    bus.tick(101.0)
    assert (bus.slaves[0].draw, bus.slaves[0].state) == (0.0, 0x03)


def test_the_house_feels_at_once_that_a_slave_lost_its_power() -> None:
    world = plain_house(UTC_NOW, (BLUE,))
    bus = house_bus(world)
    world.do(Act(UTC_NOW, "plug"))
    drive(bus, 60, lambda now: world.advance(UTC_NOW + timedelta(seconds=now)))
    assert bus.draw > 5
    bus.slaves[0].power_off()
    assert (bus.draw, world.cars[BLUE.vin].pilot_amps) == (0.0, 0.0)


# ---- in real time -----------------------------------------------------------------------------------------------------------------------


def answer(send: Callable[[bytes], object], receive: Callable[[], bytes], body: bytes) -> bytes:
    """The body that answers; fails after a while."""
    ear, ends = Deframer(), time.monotonic() + PATIENCE_S
    send(encode(body))
    while time.monotonic() < ends:
        ear, bodies = feed(ear, receive())
        for heard in bodies:
            if heard[:2] == b"\xfd\xe0":
                return heard
    raise AssertionError("no answer")


def from_fd(fd: int) -> bytes:
    return os.read(fd, 100) if select.select([fd], [], [], 0.2)[0] else b""


def test_a_pty_answers_in_real_time_and_comes_back_under_its_name_after_it_was_pulled(tmp_path: Path) -> None:
    link = tmp_path / "by-id"
    link.symlink_to("left from before")
    with PtyBus(bus_of(1, build=PLAIN), link) as live:
        for _ in range(2):
            fd = os.open(live.url, os.O_RDWR | os.O_NOCTTY)
            begun = time.monotonic()
            assert answer(partial(os.write, fd), partial(from_fd, fd), beat(ONE, 0x05, 8.0))[7:9] == b"\x03\x20"
            assert time.monotonic() - begun > 0.06  # as long as the wire takes
            live.pull()
            assert not link.exists()
            with pytest.raises(OSError, match=r"Input/output error|No such device"):
                os.write(fd, b"\xc0")
            os.close(fd)
            live.plug_back()
        assert live.call(lambda bus: bus.slaves[0].limit) == 8.0
    assert not link.is_symlink()


def test_a_socket_serves_one_client_after_the_other() -> None:
    with SocketBus(bus_of(1, build=PLAIN)) as live:
        assert live.url.startswith("socket://127.0.0.1:")
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", int(live.url.rpartition(":")[2])), timeout=PATIENCE_S) as client:
                assert answer(client.sendall, partial(client.recv, 100), beat(ONE))[2:4] == b"\x40\x85"
                live.pull()
                assert client.recv(100) == b""
            live.plug_back()


@pytest.mark.parametrize("kind", [PtyBus, SocketBus])
def test_pyserial_opens_both_and_learns_that_the_adapter_was_pulled(kind: type[PtyBus | SocketBus]) -> None:
    with kind(bus_of(1, build=PLAIN)) as live:
        with serial.serial_for_url(live.url, 9600, timeout=0.05) as port:
            assert answer(port.write, partial(port.read, 64), beat(ONE, 0x05, 8.0))[7:9] == b"\x03\x20"
            live.pull()
            with pytest.raises(serial.SerialException):
                port.read(64)
        live.plug_back()
        with serial.serial_for_url(live.url, 9600, timeout=0.05) as port:
            assert answer(port.write, partial(port.read, 64), beat(ONE))[2:4] == b"\x40\x85"


def test_a_mistake_of_the_caller_is_given_back_to_him() -> None:
    with PtyBus(bus_of(1)) as live, pytest.raises(StopIteration):
        live.call(lambda bus: bus.slave("FFFF"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("port", [[], ["--socket", "0"]])
def test_the_program_prints_its_port_and_what_happens_and_ends_cleanly(number: signal.Signals, port: list[str]) -> None:
    command = [sys.executable, "-m", "simulator.twc", "--slaves", "1", "--seconds", "20", *port]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        lines = [program.stdout.readline() for _ in range(3)]
        program.send_signal(number)
        rest, errors = program.communicate(timeout=PATIENCE_S)
    assert lines[0].startswith("TWC_PORT=socket://127.0.0.1:" if port else "TWC_PORT=/dev/")
    assert "4085 hears no master, state 04 (waits for power), limit 0.00 A, draws 0.0 A" in lines[2]
    assert (program.returncode, errors) == (0, ""), rest


def test_the_switches_of_the_program_reach_wire_units_and_cars() -> None:
    given = "--slaves 3 --protocol 1 --loss 0.01 --echo --clash --age vin --zero ignores --open-s 20 --overdraw 0.1 --latches --unplugged"
    bus = twc.build(twc.arguments(given.split()))
    assert (bus.line.loss, bus.line.echo) == (0.01, True)
    assert [slave.name for slave in bus.slaves] == ["7777", "7778", "7779"]
    assert {slave.build.protocol for slave in bus.slaves} == {1}
    assert (bus.slaves[0].build.open_s, bus.slaves[0].build.zero, bus.slaves[0].build.age.name) == (20.0, "ignores", "VIN")
    assert (bus.car(0).habits.overdraw, bus.car(0).habits.latches, bus.car(0).plugged) == (0.1, True, False)


def test_the_programs_second_master_comes_and_goes() -> None:
    bus = bus_of(1)
    seen = []
    for second in range(50):
        bus.tick(float(second))
        twc.second_master(bus, 10.0)
        seen.append(bool(bus.others))
    assert seen == [10 <= second < 40 for second in range(50)]


def test_the_watch_prints_only_what_has_changed() -> None:
    bus = bus_of(1, build=PLAIN)
    watch, hand = twc.Watch(), ByHand(bus)
    assert len(watch.look(bus)) == 1
    hand.wait(5)
    assert watch.look(bus) == []
    hand.keep(1, 0x05, 8.0)
    assert watch.look(bus) == [f"{bus.now:8.1f} s  4085 linked, state 00 (ready), limit 8.00 A, draws 0.0 A"]
