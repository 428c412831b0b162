"""The laws of the wire, on random histories, judged by somebody who has only an ear on the wire and clamps on the cables.

Laws 1 and 3 hold at every frame of every history here; law 2 as a property of the shares is in test_twc_share.py. Wild histories have cars
that take 40 % too much, slaves that fail under current, and processes that start without memory; in mild ones every slave obeys and keeps
its tolerance, and the true currents are judged too.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest

from simulator.twc_car import Habits
from simulator.twc_frames import heartbeat, link_ready
from tests.twc_builders import BOOT, IDS, NO_CEILING, Rig, rig_of, target
from tests.twc_histories import History
from tests.twc_oracle import Oracle
from twc.frame import encode
from twc.master import start, step
from twc.values import Options

WILD, MILD, SECONDS = range(20), range(50, 60), 300.0
LOUD = ("all at their minimum",)


@pytest.fixture(scope="module")
def histories() -> list[History]:
    return [History(seed, mild=seeds is MILD).play(SECONDS) for seeds in (WILD, MILD) for seed in seeds]


def test_no_frame_of_any_history_breaks_a_law(histories: list[History]) -> None:
    frames, raises = (sum(getattr(one.oracle, name) for one in histories) for name in ("frames", "raises"))
    print(f"{len(histories)} histories of {SECONDS:.0f} s: {frames} frames of ours judged, {raises} of them raises")
    assert not {one.seed: one.broken[:3] for one in histories if one.broken}


def test_the_histories_contain_what_they_are_about(histories: list[History]) -> None:
    """Raises, sums that exceed the circuit from outside, draws within their tolerance that do, and restarts."""
    assert sum(one.oracle.raises for one in histories) > 60
    assert sum(one.oracle.troubles for one in histories) > 3
    assert sum(one.oracle.trims for one in histories) > 3
    assert sum(one.restarts for one in histories) > 20
    assert max(one.peak for one in histories) > 0.9


# ---- the judge must be able to say no --------------------------------------------------------------------------------------------


def beat(slave: int, amps: int | None) -> bytes:
    data = bytes((9, *(amps * 100).to_bytes(2, "big"))) if amps is not None else bytes(3)
    return encode((b"\xfb\xe0\x77\x77" + slave.to_bytes(2, "big") + data).ljust(15, b"\0"))


def answer(slave: int, limit: float, draw: float) -> bytes:
    return encode(heartbeat(slave, 0x7777, 1, (limit, draw), 2))


def judge(*slaves: int, circuit: int = 40) -> Oracle:
    """That has heard these slaves."""
    oracle = Oracle(circuit)
    for slave in slaves:
        oracle.see(0.0, encode(link_ready(slave, 1, 48, 2)), beat(slave, 6), ())
    return oracle


ONE, TWO = IDS[:2]


def test_a_raise_beyond_the_circuit_is_seen() -> None:
    oracle = judge(ONE, TWO)
    oracle.see(1.0, b"", beat(ONE, 34), ())
    assert not oracle.broken
    oracle.see(2.0, b"", beat(TWO, 7), ())
    assert "(a)" in oracle.broken[0]


def test_a_raise_before_the_other_has_let_go_is_seen() -> None:
    oracle = judge(ONE, TWO)
    for now, wire in ((1.0, beat(ONE, 34)), (2.0, beat(ONE, 10)), (3.0, beat(TWO, 20))):
        oracle.see(now, b"", wire, ())
    assert "(a)" in oracle.broken[0]
    obeyed = judge(ONE, TWO)
    for now, heard, wire in ((1.0, b"", beat(ONE, 34)), (2.0, b"", beat(ONE, 10)), (7.1, answer(ONE, 10, 9.8), beat(TWO, 20))):
        obeyed.see(now, heard, wire, ())
    assert not obeyed.broken


def test_offers_that_stay_up_while_too_much_is_reserved_are_seen() -> None:
    oracle = judge(ONE, TWO)
    oracle.see(1.0, b"", beat(ONE, 34), ())
    oracle.see(2.0, answer(TWO, 6, 16.0), b"", LOUD)
    oracle.see(3.1, b"", b"", LOUD)
    assert not oracle.broken
    oracle.see(3.3, b"", b"", LOUD)
    assert "(b)" in oracle.broken[0]


def test_trouble_without_an_alarm_and_a_raise_too_soon_after_it_are_seen() -> None:
    oracle = judge(ONE, TWO, circuit=16)
    oracle.see(1.0, answer(TWO, 6, 16.0), b"", ())
    assert "no alarm" in oracle.broken[0]
    oracle.broken.clear()
    oracle.see(2.0, answer(TWO, 6, 6.0), b"", LOUD)
    oracle.see(10.9, b"", beat(ONE, 8), LOUD)
    assert "raised 9.9 s after" in oracle.broken[0]


def test_tolerated_draws_that_sum_to_too_much_for_too_long_are_seen() -> None:
    oracle = judge(ONE)
    oracle.see(1.0, b"", beat(ONE, 40), ())
    for tenth in range(14):
        oracle.see(2.0 + tenth / 10, answer(ONE, 40, 43.5), b"", ())
    assert "(c)" in oracle.broken[0]


def test_a_heartbeat_to_a_slave_that_is_long_silent_is_seen() -> None:
    oracle = judge(ONE)
    oracle.see(28.0, b"", beat(ONE, None), ())
    assert "silent" in oracle.broken[0]


# ---- law 1 (c), seen from near ---------------------------------------------------------------------------------------------------


def test_draws_within_their_tolerance_lower_the_offers_by_the_excess_and_stay_there() -> None:
    rig = rig_of(2, habits=Habits(60.0, overdraw=0.1), target=target(40))
    for number in (0, 1):
        rig.bus.car(number).plug_in()
    rig.run(150)
    assert sum(rig.offer(number) for number in (0, 1)) in (35, 36)
    assert rig.bus.draw <= 40.0
    since = rig.now
    rig.run(60)
    assert {said.amps for number in (0, 1) for said in rig.beats(number, since)} <= {17, 18}, "it does not swing"
    assert rig.report.alarms == ()


def test_a_car_that_takes_far_too_much_again_and_again_is_held_at_its_minimum_for_longer() -> None:
    rig = rig_of(1, habits=Habits(60.0, overdraw=0.4), target=target(40), options=Options(24, most=24))
    rig.bus.car(0).plug_in()
    rig.run(300)
    said = rig.beats()
    raises = [two.at for one, two in pairwise(said) if (two.amps or 0) > (one.amps or 0)]
    assert 2 <= len(raises) <= 4
    assert rig.report.alarms


# ---- law 3 -----------------------------------------------------------------------------------------------------------------------


def test_when_the_guard_falls_silent_no_offer_rises_and_when_the_target_goes_the_failsafe_stays() -> None:
    rig = rig_of(2, options=Options(40, most=40, guarded=True, failsafe=8), target=target(40))
    for number in (0, 1):
        rig.bus.car(number).plug_in()
    rig.ceiling = replace(NO_CEILING, amps=14, fresh=True)
    rig.run(120)
    assert [rig.offer(number) for number in (0, 1)] == [7, 7]
    rig.ceiling = replace(rig.ceiling, fresh=False)
    rig.run(60)
    assert [rig.offer(number) for number in (0, 1)] == [7, 7]
    rig.ceiling = replace(rig.ceiling, amps=36, fresh=True)
    rig.run(60)
    assert [rig.offer(number) for number in (0, 1)] == [18, 18]
    rig.ceiling = replace(rig.ceiling, fresh=False)
    rig.run(2)
    assert [rig.offer(number) for number in (0, 1)] == [8, 8]
    rig.target = None
    rig.run(60)
    assert [rig.offer(number) for number in (0, 1)] == [8, 8]


# ---- law 11 ----------------------------------------------------------------------------------------------------------------------


def test_the_wall_clock_changes_nothing_on_the_wire() -> None:
    """Set back, set forward, before 1970 and after: only the report's dates know it."""

    def said(clock: Random | None) -> list[bytes]:
        rig = rig_of(2, target=target(16), seed=5)
        rig.bus.car(0).plug_in()
        out: list[bytes] = []
        received = b""
        for turn in range(4000):
            now = turn / 40
            utc = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=clock.uniform(0, 30000)) if clock else BOOT
            rig.master, transmit, report = step(rig.master, now, utc, received, rig.target, NO_CEILING)
            assert all(row.last_seen <= utc for row in report.chargers)
            out.append(transmit)
            received = rig.bus.tick(now + 0.025, b"") if not transmit else _exchanged(rig, now, transmit)
        return out

    assert said(Random(1)) == said(None)


def _exchanged(rig: Rig, now: float, transmit: bytes) -> bytes:
    return rig.bus.tick(now, transmit) + rig.bus.tick(now + 0.025)


@pytest.mark.parametrize("asleep", [3.0, 12.0, 40.0, 4000.0])
def test_after_a_long_sleep_of_the_process_no_offer_is_above_what_fits(asleep: float) -> None:
    rig = rig_of(3, target=target(40))
    for number in range(3):
        rig.bus.car(number).plug_in()
    rig.run(100)
    oracle = Oracle(40)
    rig.bus.tick(rig.now + asleep)
    rig.watch = lambda now, received, sent, _: oracle.see(now, received, sent, LOUD)
    rig.run(90)
    assert not oracle.broken
    assert rig.report.link == "up"
    assert rig.bus.peak <= 40.0


def test_the_end_of_a_step_is_exact_to_a_tenth_of_a_second() -> None:
    rig = rig_of(1)
    rig.run(60)
    rig.target = target(16, until=rig.now + 20.03)
    end = rig.now + 20.03
    rig.run(30)
    assert next(said.at for said in rig.beats(0, end - 1) if said.amps == 6) - end <= 0.2


def test_random_bytes_and_jumps_never_raise() -> None:
    rng, now = Random(9), 0.0
    master = start(Options(40), (), now)
    frames = [encode(link_ready(one, 1, 48, number % 2 + 1)) for number, one in enumerate(IDS)]
    frames += [encode(heartbeat(one, 0x7777, rng.randrange(16), (rng.uniform(0, 90), rng.uniform(0, 90)), 2)) for one in IDS * 3]
    frames += [
        encode(opcode + IDS[0].to_bytes(2, "big") + rng.randbytes(15)) for opcode in (b"\xfd\xeb", b"\xfd\xee", b"\xfd\xf1", b"\xfd\xb4")
    ]
    for _ in range(30_000):
        now += rng.choice((0.0, 0.01, 0.05, 0.05, 0.3, 30.0))
        received = rng.choice((b"", rng.randbytes(20), rng.choice(frames), rng.choice(frames)[: rng.randrange(18)]))
        wish = rng.choice((None, target(rng.randrange(100)), target(6, 40, site=20)))
        ceiling = replace(NO_CEILING, amps=rng.choice((None, 0, 10, 90)), fresh=rng.random() < 0.5)
        master, out, report = step(master, now, BOOT, received, wish, ceiling)
        assert len(out) <= 40
    assert report.counters["frames"] > 5000
    assert len(report.chargers) <= 8
