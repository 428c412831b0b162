"""What a Gen 2 Wall Connector says on the wire, byte by byte from the captures; written apart from the master's own tables.

Bodies are without checksum. Protocol 1 has 13 bytes and protocol 2 has 15; long answers have 19. Current goes in 0.01 A, big-endian.
"""

from __future__ import annotations

from collections.abc import Sequence

SHORT = {1: 13, 2: 15}
LONG = 19
CLASSIC = SHORT[2]
VIN_OPCODES = (0xFDEE, 0xFDEF, 0xFDF1)
VIN_PIECES = ((0, 7), (7, 14), (14, 17))


def link_ready(unit: int, sign: int, rated_amps: float, protocol: int) -> bytes:
    return _body(0xFDE2, unit, bytes([sign]) + _centi(rated_amps), SHORT[protocol])


def heartbeat(unit: int, master: int, state: int, amps: tuple[float, float], protocol: int) -> bytes:
    """`amps`: the limit as it echoes it, and what flows."""
    limit, actual = amps
    return _body(0xFDE0, unit, _word(master) + bytes([state]) + _centi(limit) + _centi(actual), SHORT[protocol])


def energy(unit: int, counter: int, volts: Sequence[int], amps: Sequence[float]) -> bytes:
    """A counter whose unit nobody knows for sure, three voltages, three currents in steps of 0.5 A."""
    halves = bytes(min(255, round(value * 2)) for value in amps)
    return _body(0xFDEB, unit, (counter & 0xFFFFFFFF).to_bytes(4, "big") + b"".join(_word(value) for value in volts) + halves, LONG)


def firmware(unit: int, version: Sequence[int]) -> bytes:
    return _body(0xFDEC, unit, bytes(version), CLASSIC)


def serial(unit: int, text: str) -> bytes:
    return _body(0xFDED, unit, text.encode("ascii")[:11], LONG)


def vin_piece(unit: int, part: int, vin: str) -> bytes:
    """`part` 0 to 2: characters 1-7, 8-14, 15-17. All zero without a VIN."""
    first, end = VIN_PIECES[part]
    return _body(VIN_OPCODES[part], unit, vin[first:end].encode("ascii"), LONG)


def plug_state(unit: int, code: int) -> bytes:
    """0 unplugged, 1 charging, 2 unknown, 3 plugged in without charging."""
    return _body(0xFDB4, unit, bytes([code]), CLASSIC)


def _body(opcode: int, unit: int, data: bytes, length: int) -> bytes:
    return (_word(opcode) + _word(unit) + data).ljust(length, b"\0")


def _word(value: int) -> bytes:
    return (value & 0xFFFF).to_bytes(2, "big")


def _centi(amps: float) -> bytes:
    return _word(max(0, min(0xFFFF, round(amps * 100))))
