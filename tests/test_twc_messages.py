"""What frames say, and what a master can say at all."""

from __future__ import annotations

from random import Random

import pytest

from tests.test_twc_frame import body_in, wires
from tests.twc_builders import vectors
from twc.messages import (
    Ask,
    Energy,
    Firmware,
    FromMaster,
    MasterHeartbeat,
    MasterReady,
    Message,
    Other,
    Plugged,
    PlugState,
    Query,
    Ready,
    Say,
    Sendable,
    Serial,
    SlaveHeartbeat,
    SlaveReady,
    VinPart,
    body_of,
    read,
)

WHITELIST = {0xFCE1, 0xFBE2, 0xFBE0, 0xFBEB, 0xFBEC, 0xFBED, 0xFBEE, 0xFBEF, 0xFBF1, 0xFBB4}
NEVER = {0xFC19, 0xFC1A, 0xFBE8, 0xFCB1, 0xFCB2, 0xFCA1}
US, THEM = 0x7777, 0x4085


def everything() -> list[Sendable]:
    """Every kind of value that a master can send, with every command, question and protocol, and amps beyond reason."""
    greetings: list[Sendable] = [MasterReady(kind, US, sign) for kind in Ready for sign in (0, 0x77, 0xC0, 0xFF)]
    beats: list[Sendable] = [
        MasterHeartbeat(US, THEM, say, amps, protocol) for say in Say for amps in (-5, 0, 6, 48, 80, 655) for protocol in (1, 2)
    ]
    return [*greetings, *beats, *(Ask(query, US, THEM) for query in Query)]


def test_only_whitelisted_opcodes_can_be_said() -> None:
    said = {int.from_bytes(body_of(message)[:2], "big") for message in everything()}
    assert said == WHITELIST
    assert not said & NEVER


def test_a_heartbeat_can_carry_no_command_but_nothing_05_and_09() -> None:
    commands = {body_of(message)[6] for message in everything() if isinstance(message, MasterHeartbeat)}
    assert commands == {0x00, 0x05, 0x09}


def test_no_heartbeat_offers_more_than_80_amps_or_less_than_none() -> None:
    amps = {int.from_bytes(body_of(message)[7:9], "big") for message in everything() if isinstance(message, MasterHeartbeat)}
    assert amps == {0, 600, 4800, 8000}


@pytest.mark.parametrize("opcode", sorted(NEVER))
def test_a_dangerous_opcode_has_no_value(opcode: int) -> None:
    for kind in (Ready, Query):
        with pytest.raises(ValueError, match="is not a valid"):
            kind(opcode)


def test_the_error_command_has_no_value() -> None:
    with pytest.raises(ValueError, match="is not a valid"):
        Say(2)


@pytest.mark.parametrize(
    ("message", "meaning"),
    [
        (MasterReady(Ready.FIRST, US, 0x77), "LR1 id 7777 sign 77"),
        (MasterReady(Ready.SECOND, US, 0x77), "LR2 id 7777 sign 77"),
        (MasterHeartbeat(US, 0x4085, Say.LIMIT, 32, 2), "HB 09 32.00 A to 4085"),
        (MasterHeartbeat(US, 0x2431, Say.NOTHING, 16, 2), "HB nop to 2431"),
        (MasterHeartbeat(US, 0x1234, Say.LIMIT_BEFORE, 16, 1), "P1 HB 05 16.00 A"),
        (MasterHeartbeat(US, 0xC0DB, Say.LIMIT, 48, 2), "P2 HB 09 48.00 A to slave C0DB, sent by N"),
        (MasterHeartbeat(US, 0x4085, Say.LIMIT_BEFORE, 31, 2), "checksum C0 needs an escape (31.00 A)"),
    ],
)
def test_what_we_say_is_what_was_captured(message: Sendable, meaning: str) -> None:
    captured = {row[3]: wire for row, wire in zip([row for row in vectors() if row[1] != "bad"], wires("good"), strict=True)}
    assert body_of(message) == body_in(captured[meaning])


def test_every_captured_frame_of_a_slave_means_what_was_written_beside_it() -> None:
    rows = [row for row in vectors() if row[1] != "bad"]
    said = {row[3]: read(body_in(wire)) for row, wire in zip(rows, wires("good"), strict=True)}
    assert said["P2 link-ready id 4085 sign 1D 32 A"] == SlaveReady(0x4085, 0x1D, 32.0, 2)
    assert said["P1 HB state 02 limit 0 actual 16.86 A"] == SlaveHeartbeat(0x022C, US, 2, 0.0, 16.86, 1)
    assert said["P2 HB state 08 limit 6 actual 5.28"] == SlaveHeartbeat(0x2019, US, 8, 6.0, 5.28, 2)
    assert said["answer of D as slave: 16.00 A, draws 15.20"] == SlaveHeartbeat(0x1234, US, 1, 16.0, 15.2, 1)
    assert said["its answer"] == SlaveHeartbeat(0xC0DB, US, 1, 48.0, 47.2, 2)
    assert said["meter: counter 924, 246/240/246 V"] == Energy(0x2587, 924, (246, 240, 246), (0.0, 0.0, 0.0))
    assert said["meter: counter 10690796, 241/0/0 V"] == Energy(0x6061, 10690796, (241, 0, 0), (0.0, 0.0, 0.0))
    assert said["firmware 4.5.3 ext 2"] == Firmware(0x6090, "4.5.3")
    assert said["VIN part 1 empty"] == VinPart(0x6090, 1, "")
    assert said["own HB echoed by the adapter"] == FromMaster(0xFBE0, US)
    assert said["idle of a native master"] == Other(0xFC1D)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"\xfd\xed\x40\x85A19K0001234\0\0\0\0", Serial(THEM, "A19K0001234")),
        (b"\xfd\xef\x40\x85AMPSHIF\0\0\0\0\0\0\0\0", VinPart(THEM, 2, "AMPSHIF")),
        (b"\xfd\xf1\x40\x85T01ZZZZ\0\0\0\0\0\0\0\0", VinPart(THEM, 3, "T01")),
        (b"\xfd\xee\x40\x85\xff\xfe5YJ3A\0\0\0\0\0\0\0\0", VinPart(THEM, 1, "")),
        (b"\xfd\xb4\x40\x85\x00" + bytes(10), PlugState(THEM, Plugged.NO)),
        (b"\xfd\xb4\x40\x85\x01" + bytes(10), PlugState(THEM, Plugged.YES)),
        (b"\xfd\xb4\x40\x85\x02" + bytes(10), PlugState(THEM, Plugged.UNKNOWN)),
        (b"\xfd\xb4\x40\x85\x03" + bytes(10), PlugState(THEM, Plugged.YES)),
        (b"\xfd\xe2\x40\x85\x1d\x0c\x80" + bytes(6), SlaveReady(THEM, 0x1D, 32.0, 1)),
        (b"\xfd\xe2\x40\x85\x1d\x0c\x80" + bytes(7), Other(0xFDE2)),  # a frame that lost a zero has a good checksum
        (b"\xfd\xe0\x40\x85\x77\x77\x01" + bytes(9), Other(0xFDE0)),
    ],
)
def test_answers_are_read_by_their_layout(body: bytes, said: Message) -> None:
    assert read(body) == said


def test_no_whole_frame_of_any_content_raises() -> None:
    rng = Random(3)
    opcodes = [*WHITELIST, *NEVER, 0xFDE0, 0xFDE2, 0xFDEB, 0xFDEC, 0xFDED, 0xFDEE, 0xFDEF, 0xFDF1, 0xFDB4]
    for _ in range(20_000):
        body = rng.choice(opcodes).to_bytes(2, "big") + rng.randbytes(rng.randint(10, 18))
        read(body)
