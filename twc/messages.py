"""Messages of protocol 1 and 2 as frozen values. What a master may say has values here that encode; nothing else can reach the port: there
is no value for FC 19, FC 1A (they write one-time memory), FB E8 (crash), heartbeat command 02 (error) or an opcode outside these tables.

Multi-byte integers are big-endian; current is in 0.01 A on the wire and in A here. The protocol of a slave is told by the length of its
link-ready, checksum included: 14 is 1, 16 is 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

LENGTH: Mapping[int, int] = {1: 13, 2: 15}  # body without checksum, by protocol
LONG_LENGTH = 19


class Ready(IntEnum):
    """The two greetings of a master; a slave answers the second one."""

    FIRST = 0xFCE1
    SECOND = 0xFBE2


class Say(IntEnum):
    """Heartbeat commands that a master may send."""

    NOTHING = 0x00
    LIMIT_BEFORE = 0x05  # protocol 1 always; protocol 2 only before it charges
    LIMIT = 0x09  # protocol 2


class Query(IntEnum):
    """Harmless questions; a slave that does not know one is silent."""

    ENERGY = 0xFBEB
    FIRMWARE = 0xFBEC
    SERIAL = 0xFBED
    VIN_1 = 0xFBEE
    VIN_2 = 0xFBEF
    VIN_3 = 0xFBF1
    PLUG = 0xFBB4


class SlaveState(IntEnum):
    """Slave heartbeat states. READY says nothing about a car: unplugged, asleep or finished."""

    READY = 0x00
    CHARGING = 0x01
    ERROR = 0x02
    DO_NOT_CHARGE = 0x03
    WAITING = 0x04  # plugged in, ready or scheduled in the car
    BUSY = 0x05
    RAISING = 0x06
    LOWERING = 0x07
    STARTING = 0x08
    LIMIT_TAKEN = 0x09
    ADJUSTED = 0x0A
    SEEN_ONCE = 0x0F


class Plugged(StrEnum):
    NO = "no"
    YES = "yes"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class MasterReady:
    """`sign`: any byte, constant until restart."""

    kind: Ready
    sender: int
    sign: int


@dataclass(frozen=True, slots=True)
class MasterHeartbeat:
    """`amps` counts only with LIMIT and LIMIT_BEFORE; 0 to 80 whole amps."""

    sender: int
    receiver: int
    say: Say
    amps: int
    protocol: int


@dataclass(frozen=True, slots=True)
class Ask:
    query: Query
    sender: int
    receiver: int


@dataclass(frozen=True, slots=True)
class SlaveReady:
    sender: int
    sign: int
    max_amps: float
    protocol: int


@dataclass(frozen=True, slots=True)
class SlaveHeartbeat:
    """`state` as sent: an unknown one is a number too. `limit`, `actual` in A."""

    sender: int
    receiver: int
    state: int
    limit: float
    actual: float
    protocol: int


@dataclass(frozen=True, slots=True)
class Energy:
    """`counter` raw: kWh on many units, Wh on others; use differences. `volts` of three phases, `amps` in steps of 0.5 A."""

    sender: int
    counter: int
    volts: tuple[int, int, int]
    amps: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Firmware:
    sender: int
    text: str


@dataclass(frozen=True, slots=True)
class Serial:
    sender: int
    text: str


@dataclass(frozen=True, slots=True)
class VinPart:
    """`part` 1 to 3; "" where the unit knows none."""

    sender: int
    part: int
    text: str


@dataclass(frozen=True, slots=True)
class PlugState:
    sender: int
    plugged: Plugged


@dataclass(frozen=True, slots=True)
class FromMaster:
    """A master's frame: an echo of ours, or a second master. `opcode` and `sender` as sent."""

    opcode: int
    sender: int


@dataclass(frozen=True, slots=True)
class Other:
    """A whole frame that means nothing to us."""

    opcode: int


Sendable = MasterReady | MasterHeartbeat | Ask
Message = SlaveReady | SlaveHeartbeat | Energy | Firmware | Serial | VinPart | PlugState | FromMaster | Other

MASTER_OPCODES = frozenset({Ready.FIRST, Ready.SECOND, 0xFBE0, *Query})
VIN_PARTS: Mapping[int, tuple[int, int]] = {0xFDEE: (1, 7), 0xFDEF: (2, 7), 0xFDF1: (3, 3)}
PLUG: Mapping[int, Plugged] = {0: Plugged.NO, 1: Plugged.YES, 3: Plugged.YES}


def body_of(message: Sendable) -> bytes:
    """The body (without checksum) of a message that a master may send. Amps are clipped to what a Wall Connector can ever give."""
    if isinstance(message, MasterReady):
        return _padded(message.kind, message.sender, bytes([message.sign]), LENGTH[1])
    if isinstance(message, Ask):
        return _padded(message.query, message.sender, _id(message.receiver), LENGTH[2])
    amps = max(0, min(80, message.amps)) * 100 if message.say is not Say.NOTHING else 0
    data = _id(message.receiver) + bytes([message.say]) + amps.to_bytes(2, "big")
    return _padded(0xFBE0, message.sender, data, LENGTH[message.protocol])


def read(body: bytes) -> Message:
    """What a body (without checksum) says. Never raises: a frame that fits no layout is Other."""
    opcode, sender = _word(body, 0), _word(body, 2)
    if opcode == 0xFDE2 and len(body) in LENGTH.values():
        return SlaveReady(sender, body[4], _word(body, 5) / 100, _protocol(body))
    if opcode == 0xFDE0 and len(body) in LENGTH.values():
        return SlaveHeartbeat(sender, _word(body, 4), body[6], _word(body, 7) / 100, _word(body, 9) / 100, _protocol(body))
    if opcode in MASTER_OPCODES:
        return FromMaster(opcode, sender)
    return _answer(opcode, sender, body)


def _answer(opcode: int, sender: int, body: bytes) -> Message:
    """Answers to queries."""
    if opcode == 0xFDEB and len(body) == LONG_LENGTH:
        volts = (_word(body, 8), _word(body, 10), _word(body, 12))
        return Energy(sender, int.from_bytes(body[4:8], "big"), volts, (body[14] / 2, body[15] / 2, body[16] / 2))
    if opcode == 0xFDEC:
        return Firmware(sender, f"{body[4]}.{body[5]}.{body[6]}")
    if opcode == 0xFDED and len(body) == LONG_LENGTH:
        return Serial(sender, _text(body[4:15]))
    if opcode in VIN_PARTS and len(body) == LONG_LENGTH:
        part, length = VIN_PARTS[opcode]
        return VinPart(sender, part, _text(body[4 : 4 + length]))
    if opcode == 0xFDB4:
        return PlugState(sender, PLUG.get(body[4], Plugged.UNKNOWN))
    return Other(opcode)


def _padded(opcode: int, sender: int, data: bytes, length: int) -> bytes:
    return (opcode.to_bytes(2, "big") + _id(sender) + data).ljust(length, b"\0")


def _id(number: int) -> bytes:
    return (number & 0xFFFF).to_bytes(2, "big")


def _word(body: bytes, at: int) -> int:
    return int.from_bytes(body[at : at + 2], "big")


def _protocol(body: bytes) -> int:
    return 1 if len(body) == LENGTH[1] else 2


def _text(data: bytes) -> str:
    """Printable ASCII as far as it goes; anything else ends it."""
    text = data.split(b"\0")[0]
    return text.decode("ascii") if text.isascii() and all(32 < byte < 127 for byte in text) else ""
