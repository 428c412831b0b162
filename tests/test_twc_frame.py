"""Frames on the wire: each captured one four ways, and noise of every kind."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.twc_fuzz import damaged
from tests.twc_builders import vectors
from twc.frame import CAP, END, ESC, ESC_END, ESC_ESC, Deframer, checksum, encode, feed
from twc.messages import SlaveHeartbeat, SlaveReady, read

FRESH = Deframer()
BEAT = bytes.fromhex("FB E0 77 77 40 85 09 0C 80 00 00 00 00 00 00")


def wires(kind: str) -> list[bytes]:
    """Captured frames as they were on the wire; where only the body was written down it gets its ends and escapes here."""
    found = [bytes.fromhex(row[0]) for row in vectors() if (row[1] == "bad") == (kind == "bad")]
    return [data if data[0] == END else bytes([END]) + escaped(data) + bytes([END]) for data in found]


def escaped(body: bytes) -> bytes:
    """Written apart from the encoder."""
    return body.replace(bytes([ESC]), bytes([ESC, ESC_ESC])).replace(bytes([END]), bytes([ESC, ESC_END]))


def body_in(wire: bytes) -> bytes:
    """The body without checksum, by the book: ends off, escapes undone."""
    return wire[1:-1].replace(bytes([ESC, ESC_END]), bytes([END])).replace(bytes([ESC, ESC_ESC]), bytes([ESC]))[:-1]


def heard(data: bytes, state: Deframer = FRESH) -> tuple[bytes, ...]:
    return feed(state, data)[1]


def byte_by_byte(data: bytes) -> tuple[bytes, ...]:
    state, found = FRESH, list[bytes]()
    for index in range(len(data)):
        state, bodies = feed(state, data[index : index + 1])
        found += bodies
    return tuple(found)


def test_there_are_27_good_frames_and_2_bad_ones() -> None:
    assert (len(wires("good")), len(wires("bad"))) == (27, 2)


def test_every_captured_frame_is_found_whole_and_encodes_to_the_same_bytes() -> None:
    for wire in wires("good"):
        assert heard(wire) == (body_in(wire),)
        assert encode(body_in(wire)) == wire


def test_every_captured_frame_is_found_byte_by_byte() -> None:
    assert all(byte_by_byte(wire) == (body_in(wire),) for wire in wires("good"))


def test_every_captured_frame_is_found_after_noise() -> None:
    for wire in wires("good"):
        for noise in (b"\xff\x00\xdb", b"\xc0\xc0\xc0", b"\xc0\xfb\xe0\x77", b"\xc0" + b"\x55" * 100, b"\xc0\xdb\x01\x02"):
            assert heard(noise + wire) == (body_in(wire),)


def test_every_captured_frame_is_found_with_trailing_bytes_and_so_is_the_next_one() -> None:
    for wire in wires("good"):
        for tail in (b"\xfc", b"\xfe", b"\xf8", b"\xff\xff", b"\x00"):
            assert heard(wire + tail + wire + tail) == (body_in(wire),) * 2


def test_frames_that_share_an_end_are_both_found() -> None:
    assert all(heard(wire + wire[1:]) == (body_in(wire),) * 2 for wire in wires("good"))


def test_one_lost_end_costs_one_frame_and_never_the_alignment() -> None:
    wire = encode(BEAT)
    assert heard(wire[1:] + wire + wire) == (BEAT,) * 2
    assert heard(wire[:-1] + b"\xfc" + wire[1:] + wire) == (BEAT,)


def test_the_two_corrupt_captures_are_rejected_and_counted() -> None:
    for wire in wires("bad"):
        state, bodies = feed(FRESH, wire)
        assert bodies == ()
        assert state.noise.checksum + state.noise.length + state.noise.escape == 1


@pytest.mark.parametrize(
    ("wire", "counted"),
    [
        (b"\xc0" + b"\x01" * 12 + b"\xc0", "length"),
        (b"\xc0" + b"\x01" * 22 + b"\xc0", "length"),
        (b"\xc0" + b"\x01" * (CAP + 1) + b"\xc0", "overrun"),
        (b"\xc0\x01\xdb\x02\xc0", "escape"),
        (b"\xc0" + b"\x01" * 14 + b"\xdb\xc0", "escape"),
        (b"\xc0" + b"\x01" * 14 + b"\xc0", "checksum"),
    ],
)
def test_each_kind_of_noise_is_counted_by_its_name(wire: bytes, counted: str) -> None:
    state, bodies = feed(FRESH, wire)
    assert bodies == ()
    assert getattr(state.noise, counted) == 1


def test_the_checksum_does_not_cover_the_first_byte() -> None:
    assert checksum(b"\xfc" + BEAT[1:]) == checksum(b"\xfd" + BEAT[1:]) == 0x28


@given(st.binary(min_size=12, max_size=20), st.binary(max_size=40))
def test_what_is_encoded_is_found_again_after_anything(body: bytes, before: bytes) -> None:
    assert heard(before + b"\xc0" + encode(body))[-1] == body


@given(st.binary(max_size=80), st.integers(0, 80))
def test_where_the_bytes_are_cut_makes_no_difference(data: bytes, cut: int) -> None:
    state, first = feed(FRESH, data[:cut])
    state, second = feed(state, data[cut:])
    whole, bodies = feed(FRESH, data)
    assert (state, first + second) == (whole, bodies)


def test_a_million_random_bytes_raise_nothing_and_grow_nothing() -> None:
    rng, state, found = Random(1), FRESH, 0
    for _ in range(250):
        state, bodies = feed(state, rng.randbytes(4000))
        found += len(bodies)
        assert len(state.body) <= CAP
    assert state.noise.checksum + state.noise.length + state.noise.escape + state.noise.overrun > 1000
    assert found < 20  # about one candidate in 256 has a good sum, and few have a good length
    assert heard(b"\xc0" + encode(BEAT), state)[-1] == BEAT


def test_of_100_000_damaged_frames_few_are_taken_for_another_word_of_a_slave_and_none_raises() -> None:
    """A checksum of one byte passes where a zero was lost or added, where two changes cancel out, and in the first byte, which it does not
    cover. What then still has the length of a heartbeat or a link-ready says something else than was said."""
    rng, passed, mistaken = Random(2), 0, 0
    good = [body_in(wire) for wire in wires("good")]
    for _ in range(100_000):
        body = rng.choice(good)
        state, found = feed(FRESH, damaged(bytearray(encode(body)), rng))
        others = [other for other in found if other != body]
        passed += bool(others)
        mistaken += any(isinstance(read(other), SlaveHeartbeat | SlaveReady) and read(other) != read(body) for other in others)
        assert len(state.body) <= CAP
    print(f"of 100000 damaged frames {passed} pass the checksum, {mistaken} of them as another heartbeat or link-ready of a slave")
    assert passed < 10_000
    assert mistaken < 1_000
