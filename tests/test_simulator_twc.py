"""The simulated Wall Connectors and cars, against what captures and owners say of the real ones."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from simulator import twc_frames as frames
from simulator.twc_build import Age, Build, Zero
from simulator.twc_bus import VirtualBus, bus_of
from simulator.twc_car import Habits, Mood, usual_draw
from tests.twc_by_hand import ByHand, ask, beat, greeting
from twc.frame import checksum

ONE, VIN = 0x4085, "5YJ3AMPSHFT000001"
P1, P2 = Build(ONE, protocol=1, tail=False), Build(ONE, tail=False)


def alone(build: Build = P2, habits: Habits | None = None, *, plugged: bool = True) -> tuple[VirtualBus, ByHand]:
    bus = bus_of(1, build=build, habits=habits)
    if plugged:
        bus.car(0).plug_in()
    return bus, ByHand(bus)


def charging(build: Build = P2, amps: float = 16.0, habits: Habits | None = None) -> tuple[VirtualBus, ByHand]:
    """Linked, and charging for 20 s at `amps`."""
    bus, hand = alone(build, habits)
    hand.keep(20, 0x05, amps)
    assert bus.draw > 1
    return bus, hand


CAPTURED = [
    (frames.link_ready(0x4085, 0x1D, 32.0, 2), "FD E2 40 85 1D 0C 80 00 00 00 00 00 00 00 00 50"),
    (frames.heartbeat(0x022C, 0x7777, 2, (0.0, 16.86), 1), "FD E0 02 2C 77 77 02 00 00 06 96 00 00 9A"),
    (frames.heartbeat(0x2019, 0x7777, 8, (6.0, 5.28), 2), "FD E0 20 19 77 77 08 02 58 02 10 00 00 00 00 7B"),
    (frames.energy(0x2587, 924, (246, 240, 246), (0, 0, 0)), "FD EB 25 87 00 00 03 9C 00 F6 00 F0 00 F6 00 00 00 00 00 12"),
    (frames.firmware(0x6090, (4, 5, 3, 2)), "FD EC 60 90 04 05 03 02 00 00 00 00 00 00 00 EA"),
    (frames.vin_piece(0x6090, 0, ""), "FD EE 60 90" + " 00" * 15 + " DE"),
]


@pytest.mark.parametrize(("body", "captured"), CAPTURED)
def test_each_frame_is_the_one_that_was_captured(body: bytes, captured: str) -> None:
    assert body + bytes([checksum(body)]) == bytes.fromhex(captured)


# ---- linking ----------------------------------------------------------------------------------------------------------------------------


def test_a_slave_without_master_says_link_ready_every_10_s() -> None:
    _, hand = alone()
    hand.wait(60)
    times = [at for at, body in hand.heard if body[:2] == b"\xfd\xe2"]
    assert len(times) == 6
    assert all(9.8 < later - earlier < 10.2 for earlier, later in pairwise(times))


def test_it_ignores_the_first_greeting_and_answers_the_second_with_five_link_readies() -> None:
    bus = bus_of(1, build=P2, seed=4)  # its own first link-ready comes late enough
    hand = ByHand(bus)
    hand.wait(0.1)
    assert not hand.ask(greeting(0xFCE1), 0.5)
    assert not hand.ask(greeting(0xFBE2), 0.5)
    asked = hand.now
    answers = hand.ask(greeting(0xFBE2), 1.0)
    assert answers == [frames.link_ready(ONE, P2.sign, 32.0, 2)] * 5
    assert 0.16 <= hand.heard[0][0] - asked <= 0.3


@pytest.mark.parametrize("seed", range(5))
def test_four_slaves_that_answer_at_once_collide_and_are_all_heard_in_the_end(seed: int) -> None:
    bus = bus_of(4, seed=seed)
    hand = ByHand(bus)
    for _ in range(5):
        hand.ask(greeting(0xFBE2), 0.1)
    hand.wait(11.0)  # whoever was not heard now says so again after 10 s
    assert {body[2:4] for _, body in hand.heard} == {bytes([0x40, 0x85 + number]) for number in range(4)}
    assert bus.collisions > 0


@pytest.mark.parametrize("opcode", [0xFCE1, 0xFBE2])
def test_a_slave_that_is_greeted_with_its_own_id_takes_another(opcode: int) -> None:
    bus, hand = alone(replace(P2, id=0x7777))
    hand.ask(greeting(opcode))
    assert bus.slaves[0].id != 0x7777
    assert bus.slaves[0].sign != P2.sign


def test_a_heartbeat_is_answered_26_ms_after_it_ended() -> None:
    _, hand = alone()
    hand.say(beat(ONE))
    sent = hand.now
    hand.wait(0.2)
    end_of_answer = 2 * 18 * 10 / 9600 + 0.026
    assert hand.heard[-1][1][:2] == b"\xfd\xe0"
    assert 0 <= hand.heard[-1][0] - sent - end_of_answer <= 0.01 + 1e-6  # the hand looks every 10 ms


@pytest.mark.parametrize("amps", [0x0640 / 100, 0xFFFF / 100])
def test_any_limit_is_echoed(amps: float) -> None:
    _, hand = alone()
    hand.ask(beat(ONE, 0x09, amps))
    assert hand.status(ONE)[1] == amps


def test_protocol_1_takes_long_heartbeats_and_protocol_2_no_short_ones() -> None:
    _, one = alone(P1)
    _, two = alone(P2)
    assert len(one.ask(beat(ONE, 0x05, 22.0, length=15))[0]) == 13
    assert two.ask(beat(ONE, 0x05, 22.0, length=13)) == []


# ---- commands and states ----------------------------------------------------------------------------------------------------------------


def test_protocol_2_ignores_05_while_it_charges_and_obeys_09() -> None:
    _, hand = charging(amps=16.0)
    hand.keep(1, 0x05, 10.0)
    assert hand.status(ONE)[:2] == (0x01, 16.0)
    hand.keep(1, 0x09, 10.0)
    assert hand.status(ONE)[:2] == (0x09, 10.0)


def test_state_09_lasts_11_s() -> None:
    _, hand = charging()
    hand.keep(1, 0x09, 10.0)
    hand.keep(9)
    assert hand.status(ONE)[0] == 0x09
    hand.keep(3)
    assert hand.status(ONE)[0] == 0x01


@pytest.mark.parametrize(("zero", "limit"), [(Zero.CLAMPS, 6.0), (Zero.IGNORES, 16.0), (Zero.OBEYS, 0.0)])
def test_what_protocol_2_does_with_0_a(zero: Zero, limit: float) -> None:
    bus, hand = charging(replace(P2, zero=zero))
    hand.keep(6, 0x09, 0.0)
    assert hand.status(ONE)[1] == limit
    assert bus.draw == pytest.approx(usual_draw(limit))


def test_protocol_1_stops_at_0_a_and_goes_on_with_5() -> None:
    bus, hand = charging(P1)
    hand.keep(5, 0x05, 0.0)
    assert hand.status(ONE) == (0x04, 0.0, 0.0)
    hand.keep(12, 0x05, 5.0)
    assert bus.draw == pytest.approx(4.2)
    assert bus.slaves[0].closings == 2


def test_the_states_follow_each_other_from_plug_in_to_charging() -> None:
    bus, hand = alone(plugged=False)
    hand.keep(5, 0x00)
    assert hand.status(ONE)[0] == 0x00
    bus.car(0).plug_in()
    hand.keep(2)
    assert hand.status(ONE)[0] == 0x04
    states = []
    for _ in range(8):
        hand.keep(1, 0x05, 16.0)
        states.append(hand.status(ONE)[0])
    assert states == [0x05, 0x08, 0x08, 0x08, 0x01, 0x01, 0x01, 0x01]


@pytest.mark.parametrize(("command", "first", "seconds", "after"), [(0x06, 18.0, 45, 18.0), (0x07, 14.0, 13, 16.0)])
def test_06_and_07_change_the_limit_by_2_a_and_end_in_0a(command: int, first: float, seconds: int, after: float) -> None:
    _, hand = charging()
    hand.keep(1, command)
    assert hand.status(ONE)[:2] == (command, first)
    hand.keep(seconds)
    assert hand.status(ONE)[:2] == (0x0A, after)


@pytest.mark.parametrize("body", [beat(ONE, 0x02), b"\xfc\x19" + bytes(13), b"\xfc\x1a" + bytes(13), b"\xfb\xe8" + bytes(13)])
def test_what_no_master_may_send_makes_it_mute_until_it_is_power_cycled(body: bytes) -> None:
    bus, hand = charging()
    hand.ask(body, 1.0)
    assert hand.ask(beat(ONE), 1.0) == []
    bus.slaves[0].power_cycle(5.0)
    hand.wait(10.0)
    assert hand.ask(beat(ONE), 1.0) != []


def test_a_unit_that_needs_05_first_hears_no_09_before_it() -> None:
    _, hand = alone(replace(P2, needs_before=True))
    hand.keep(2, 0x09, 16.0)
    assert hand.status(ONE)[1] == 0.0
    hand.keep(1, 0x05, 8.0)
    hand.keep(1, 0x09, 16.0)
    assert hand.status(ONE)[1] == 16.0


# ---- silence, errors, power -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("open_s", [20.0, 30.0])
def test_the_contactor_opens_after_so_much_silence_and_a_new_limit_is_needed(open_s: float) -> None:
    bus, hand = charging(replace(P2, open_s=open_s))
    hand.wait(open_s - 1.5)
    assert bus.draw > 15
    hand.wait(1.5)
    assert bus.draw == 0
    hand.keep(2)
    assert hand.status(ONE) == (0x08, 0.0, 0.0)
    hand.keep(10)
    assert bus.draw == 0
    hand.keep(12, 0x09, 16.0)
    assert bus.draw > 15


def test_some_cars_forgive_two_lost_links_and_not_the_third() -> None:
    bus, hand = charging(habits=Habits(latches=True))
    for mood in (Mood.WANTS, Mood.WANTS, Mood.LATCHED):
        hand.wait(30.0)
        hand.keep(20, 0x05, 16.0)
        assert bus.car(0).mood is mood
    assert hand.status(ONE)[0] == 0x03
    bus.car(0).unplug()
    bus.car(0).plug_in()
    hand.keep(15, 0x05, 16.0)
    assert bus.draw > 15


@pytest.mark.parametrize(("latches", "mood"), [(True, Mood.LATCHED), (False, Mood.WANTS)])
def test_some_cars_latch_when_they_are_plugged_in_at_0_a(latches: bool, mood: Mood) -> None:
    bus, hand = alone(P1, Habits(latches=latches))
    hand.keep(30, 0x05, 0.0)
    assert bus.car(0).mood is mood


def test_an_error_ends_the_current_or_lets_it_flow() -> None:
    for leaks, draw in ((False, 0.0), (True, usual_draw(16.0))):
        bus, hand = charging()
        bus.slaves[0].fail(leaks=leaks)
        hand.keep(5, 0x09, 16.0)
        assert hand.status(ONE)[:2] == (0x02, 0.0)
        assert hand.status(ONE)[2] == pytest.approx(draw, abs=0.01)
        bus.slaves[0].mend()
        hand.keep(12, 0x09, 16.0)
        assert bus.draw > 15


def test_a_power_cycle_forgets_link_and_limit() -> None:
    bus, hand = charging()
    bus.slaves[0].power_cycle(3.0)
    assert bus.draw == 0
    assert hand.ask(beat(ONE), 1.0) == []
    hand.wait(7.0)
    assert hand.heard[-1][1] == frames.link_ready(ONE, P2.sign, 32.0, 2)
    assert hand.ask(beat(ONE))[0] == frames.heartbeat(ONE, 0x7777, 0x04, (0.0, 0.0), 2)


# ---- questions --------------------------------------------------------------------------------------------------------------------------

QUESTIONS = (0xFBEB, 0xFBEC, 0xFBED, 0xFBEE, 0xFBEF, 0xFBF1, 0xFBB4)


@pytest.mark.parametrize(
    ("build", "answered"),
    [
        (P1, ()),
        (replace(P2, age=Age.SILENT), ()),
        (replace(P2, age=Age.ENERGY), (0xFBEB, 0xFBEC)),
        (replace(P2, age=Age.VIN), (0xFBEB, 0xFBEC, 0xFBEE, 0xFBEF, 0xFBF1)),
        (P2, QUESTIONS),
    ],
)
def test_each_firmware_answers_what_it_knows_and_is_silent_else(build: Build, answered: tuple[int, ...]) -> None:
    _, hand = alone(build)
    hand.keep(1)
    assert tuple(opcode for opcode in QUESTIONS if hand.ask(ask(opcode, ONE))) == answered


@pytest.mark.parametrize(("can", "after", "vin"), [(True, 9, VIN), (True, 1, ""), (False, 9, "")])
def test_a_vin_comes_in_three_parts_some_seconds_after_plug_in(can: bool, after: int, vin: str) -> None:
    _, hand = alone(replace(P2, can=can))
    hand.keep(after)
    parts = [hand.ask(ask(opcode, ONE))[0] for opcode in (0xFBEE, 0xFBEF, 0xFBF1)]
    assert all(len(part) == 19 for part in parts)
    assert b"".join(part[4:].rstrip(b"\0") for part in parts).decode() == vin


def test_plug_state_and_energy_tell_what_happens() -> None:
    bus, hand = alone(replace(P2, counter=924.5), plugged=False)
    hand.keep(1)
    codes = [hand.ask(ask(0xFBB4, ONE))[0][4]]
    bus.car(0).plug_in()
    for seconds, amps in ((1, 0.0), (3, 0.0), (600, 16.0)):
        hand.keep(seconds, 0x05 if amps else 0x00, amps)
        codes.append(hand.ask(ask(0xFBB4, ONE))[0][4])
    energy = hand.ask(ask(0xFBEB, ONE))[0]
    assert codes == [0, 2, 3, 1]
    assert int.from_bytes(energy[4:8], "big") == 925  # 0.6 kWh more: 15.7 A at 241 V for ten minutes
    assert energy[14] == 31


# ---- the car ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("offer", "draw"), [(5, 4.2), (6, 5.2), (16, 15.7), (40, 38.8), (11, 10.45)])
def test_a_car_draws_a_little_less_than_its_offer(offer: float, draw: float) -> None:
    assert usual_draw(offer) == pytest.approx(draw)


def test_the_ramp_takes_4_s_from_6_to_19_a() -> None:
    bus, hand = charging(amps=6.0, habits=Habits(overdraw=0.107))
    assert bus.draw == pytest.approx(6.64, abs=0.01)
    hand.keep(1, 0x09, 17.06)
    assert bus.draw < 7
    hand.keep(4)
    assert bus.draw == pytest.approx(18.89, abs=0.3)


def test_a_car_may_take_more_than_its_offer_but_not_more_than_it_can_or_the_unit_gives() -> None:
    assert charging(habits=Habits(overdraw=0.1))[0].draw == pytest.approx(17.6)
    assert charging(habits=Habits(wants_amps=12.0))[0].draw == 12.0
    assert charging(replace(P2, rated_amps=10.0))[0].draw == pytest.approx(usual_draw(10.0))


def test_a_car_obeys_within_5_s_even_while_the_offer_goes_on_falling() -> None:
    bus, hand = charging(replace(P2, rated_amps=80.0), 80.0, Habits(wants_amps=80.0, overdraw=0.1))
    hand.keep(20)
    offers = [80.0 - second for second in range(20)] + [6.0] * 6
    for second, amps in enumerate(offers):
        hand.keep(1, 0x09, amps)
        if second >= 5:
            assert bus.draw <= offers[second - 5] * 1.1 + 1e-6
    assert bus.draw == pytest.approx(6.6)


def test_a_car_that_is_full_stopped_scheduled_or_ill_draws_nothing_and_its_unit_says_so() -> None:
    bus, hand = charging()
    car = bus.car(0)
    for act, state in ((car.stop, 0x03), (car.wait_for_schedule, 0x04), (car.refuse, 0x03)):
        car.start()
        hand.keep(10, 0x09, 16.0)
        assert bus.draw > 10
        act()
        hand.keep(5, 0x09, 16.0)
        assert hand.status(ONE) == (state, 16.0, 0.0)
    car.start()
    car.kwh_left = 0.05
    hand.keep(70, 0x09, 16.0)
    assert (car.mood, hand.status(ONE)[0], bus.draw) == (Mood.FULL, 0x03, 0.0)


def test_unplugging_ends_the_current_at_once() -> None:
    bus, hand = charging()
    bus.car(0).unplug()
    assert bus.draw == 0
    hand.keep(1, 0x09, 16.0)
    assert hand.status(ONE) == (0x00, 16.0, 0.0)
