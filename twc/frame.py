"""Frames on the wire (SLIP, RFC 1055): C0, escaped body and checksum, C0.

Each C0 is a shared end: it closes what was collected and opens the next frame, so one lost C0 costs one frame and never the alignment. Real
units leave a stray byte (FC, FE, FF ...) behind the closing C0 and garbage between frames; that is noise: counted, never raised.
The checksum is the sum of the body without its first byte; so FC E1 and FD E1 with the same rest have the same one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

END, ESC, ESC_END, ESC_ESC = 0xC0, 0xDB, 0xDC, 0xDD
SHORTEST, LONGEST = 13, 21  # checksum included: 14, 16 and 20 are ours, 13 and 15 were seen from other masters
CAP = 32  # bytes collected without an end are noise, not a frame to come


@dataclass(frozen=True, slots=True)
class Noise:
    """What was heard that is no frame: a figure for the health of the wiring. `length` counts stray bytes behind frames too."""

    checksum: int = 0
    length: int = 0
    escape: int = 0
    overrun: int = 0


@dataclass(frozen=True, slots=True)
class Deframer:
    """What was collected since the last C0. `skipping`: this candidate is broken already; wait for the next C0."""

    body: bytes = b""
    escaped: bool = False
    skipping: bool = True  # before the first C0 anything may be the tail of a frame
    noise: Noise = Noise()


def checksum(body: bytes) -> int:
    """Sum of all bytes but the first, modulo 256. `body` without checksum."""
    return sum(body[1:]) & 0xFF


def encode(body: bytes) -> bytes:
    """The wire form of a body (without checksum): both ends and all escapes."""
    out = bytearray([END])
    for byte in (*body, checksum(body)):
        out += bytes([ESC, ESC_END]) if byte == END else bytes([ESC, ESC_ESC]) if byte == ESC else bytes([byte])
    out.append(END)
    return bytes(out)


def feed(state: Deframer, data: bytes) -> tuple[Deframer, tuple[bytes, ...]]:
    """The bodies (without checksum) that `data` completes. An empty tuple means: more bytes are needed. Never raises."""
    body, escaped, skipping, noise = bytearray(state.body), state.escaped, state.skipping, state.noise
    found: list[bytes] = []
    for byte in data:
        if byte == END:
            if not skipping:
                noise = _close(bytes(body), escaped, noise, found)
            body, escaped, skipping = bytearray(), False, False
        elif skipping:
            continue
        elif escaped:
            escaped = False
            if byte in (ESC_END, ESC_ESC):
                body.append(END if byte == ESC_END else ESC)
            else:
                skipping, noise = True, replace(noise, escape=noise.escape + 1)
        elif byte == ESC:
            escaped = True
        else:
            body.append(byte)
        if len(body) > CAP:
            body, skipping, noise = bytearray(), True, replace(noise, overrun=noise.overrun + 1)
    return Deframer(bytes(body), escaped, skipping, noise), tuple(found)


def _close(body: bytes, escaped: bool, noise: Noise, found: list[bytes]) -> Noise:
    """Judges a candidate at its C0; nothing between two C0s is no candidate."""
    if escaped:
        return replace(noise, escape=noise.escape + 1)
    if not body:
        return noise
    if not SHORTEST <= len(body) <= LONGEST:
        return replace(noise, length=noise.length + 1)
    if checksum(body[:-1]) != body[-1]:
        return replace(noise, checksum=noise.checksum + 1)
    found.append(body[:-1])
    return noise
