"""Tesla's signed messages as bytes and back: the wire format of protocol buffers (varint, 32 bits, length and bytes) and the few messages
that charging needs, by their field numbers in universal_message.proto, signatures.proto and car_server.proto. The library for it would cost
a Pi more than all the rest of a signed command. Garbage is BadAnswer, never anything else.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from errors import BadAnswer

SOURCE = "tesla"
INFOTAINMENT = 3  # the part of the car that charges
ENCRYPT_REPLY = 2  # bit 1: cars from firmware 2024.38 encrypt their answer, older ones ignore it

_VARINT, _LONG, _BYTES, _SHORT = 0, 1, 2, 5
_LONGEST_VARINT = 10

Value = int | float | bytes | str
Fields = Mapping[int, Value]


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """What a car says of a session. `clock_s`: seconds of the car's clock since its epoch began; `paired`: it knows our key."""

    counter: int
    car_key: bytes
    epoch: bytes
    clock_s: int
    paired: bool


@dataclass(frozen=True, slots=True)
class Sealed:
    """How a payload was encrypted."""

    nonce: bytes
    counter: int
    tag: bytes


@dataclass(frozen=True, slots=True)
class CarMessage:
    """A car's answer on the outside. `payload` None: it has none; `fault`: 0 is none; `status`: 0 fine, 1 wait, 2 error."""

    request: bytes
    address: bytes
    domain: int
    flags: int
    fault: int
    status: int
    payload: bytes | None
    sealed: Sealed | None
    session_info: bytes
    session_tag: bytes


@dataclass(frozen=True, slots=True)
class CarAnswer:
    """What the car did. `reason`: its own word for a refusal."""

    done: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Signature:
    """Everything beside the command that its tag covers."""

    public_key: bytes
    epoch: bytes
    counter: int
    expires_s: int
    tag: bytes


# ---- to bytes -------------------------------------------------------------------------------------------------------------------


def message(fields: Fields) -> bytes:
    """A message. An int is a varint, a float 32 bits, bytes and text go with their length. What is empty or 0 is left out, as protocol
    buffers do; a message inside that must be there though it is empty is given by `inside`."""
    return b"".join(_field(number, value) for number, value in fields.items())


def inside(number: int, body: bytes) -> bytes:
    """A message as a field of another one; there even when empty."""
    return _varint(number << 3 | _BYTES) + _varint(len(body)) + body


def fixed32(number: int, value: int) -> bytes:
    return _varint(number << 3 | _SHORT) + struct.pack("<I", value) if value else b""


def _field(number: int, value: Value) -> bytes:
    if isinstance(value, float):
        return _varint(number << 3 | _SHORT) + struct.pack("<f", value) if value else b""
    if isinstance(value, int):
        return _varint(number << 3 | _VARINT) + _varint(value) if value else b""
    body = value.encode() if isinstance(value, str) else value
    return inside(number, body) if body else b""


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1  # negative numbers are ten bytes long, as in every protocol buffer
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def handshake(public_key: bytes, address: bytes, uuid: bytes) -> bytes:
    """A RoutableMessage that asks for a session."""
    return _addressed(address) + inside(14, message({1: public_key})) + message({51: uuid})


def command(payload: bytes, signature: Signature, address: bytes, uuid: bytes) -> bytes:
    """A RoutableMessage with a command in clear text (Tesla's servers look at it) and its HMAC."""
    personal = message({1: signature.epoch, 2: signature.counter}) + fixed32(3, signature.expires_s) + message({4: signature.tag})
    signed = inside(1, message({1: signature.public_key})) + inside(8, personal)
    return _addressed(address) + inside(10, payload) + inside(13, signed) + message({51: uuid, 52: ENCRYPT_REPLY})


def _addressed(address: bytes) -> bytes:
    return inside(6, message({1: INFOTAINMENT})) + inside(7, message({2: address}))


# ---- from bytes -----------------------------------------------------------------------------------------------------------------


class Parsed:
    """The fields of a message; of a number that comes twice the last one counts, as in every protocol buffer."""

    def __init__(self, body: bytes) -> None:
        self._fields = dict(_split(body))

    def has(self, number: int) -> bool:
        return number in self._fields

    def whole(self, number: int) -> int:
        value = self._fields.get(number, 0)
        if not isinstance(value, int):
            raise _garbage(f"field {number} is no number")
        return value

    def bytes(self, number: int) -> bytes:
        value = self._fields.get(number, b"")
        if not isinstance(value, bytes):
            raise _garbage(f"field {number} holds no bytes")
        return value

    def inner(self, number: int) -> Parsed:
        """The message in a field; an empty one where there is none."""
        return Parsed(self.bytes(number))


def car_message(body: bytes) -> CarMessage:
    """A RoutableMessage from the car. Raises BadAnswer."""
    outer = Parsed(body)
    signed, status = outer.inner(13), outer.inner(12)
    sealed = signed.inner(9)
    return CarMessage(
        request=outer.bytes(50),
        address=outer.inner(6).bytes(2),
        domain=outer.inner(7).whole(1),
        flags=outer.whole(52),
        fault=status.whole(2),
        status=status.whole(1),
        payload=outer.bytes(10) if outer.has(10) else None,
        sealed=Sealed(sealed.bytes(1), sealed.whole(2), sealed.bytes(3)) if signed.has(9) else None,
        session_info=outer.bytes(15),
        session_tag=signed.inner(6).bytes(1),
    )


def session_info(body: bytes) -> SessionInfo:
    """Raises BadAnswer."""
    info = Parsed(body)
    return SessionInfo(info.whole(1), info.bytes(2), info.bytes(3), info.whole(4), info.whole(5) == 0)


def car_answer(body: bytes, *, proven: bool) -> CarAnswer:
    """A CarServer.Response. `proven`: surely the car's; then, as with Tesla's own tools, no status is a yes. Raises BadAnswer."""
    response = Parsed(body)
    if not proven and not response.has(1):
        raise _garbage("it says neither yes nor no")
    status = response.inner(1)
    return CarAnswer(status.whole(1) == 0, status.inner(2).bytes(1).decode("utf-8", "replace"))


def _split(body: bytes) -> Sequence[tuple[int, int | bytes]]:
    found: list[tuple[int, int | bytes]] = []
    at = 0
    while at < len(body):
        key, at = _read_varint(body, at)
        kind = key & 7
        value: int | bytes
        if kind == _VARINT:
            value, at = _read_varint(body, at)
        else:
            size, at = _size(body, at, kind)
            value = body[at : at + size]
            if len(value) < size:
                raise _garbage("it ends in the middle")
            at += size
            if kind != _BYTES:
                value = int.from_bytes(value, "little")
        found.append((key >> 3, value))
    return found


def _size(body: bytes, at: int, kind: int) -> tuple[int, int]:
    if kind == _BYTES:
        return _read_varint(body, at)
    if kind not in (_LONG, _SHORT):
        raise _garbage(f"it holds a field of kind {kind}")
    return (8 if kind == _LONG else 4), at


def _read_varint(body: bytes, at: int) -> tuple[int, int]:
    value = 0
    for count in range(_LONGEST_VARINT):
        if at + count >= len(body):
            raise _garbage("it ends in the middle")
        value |= (body[at + count] & 0x7F) << 7 * count
        if body[at + count] < 0x80:
            return value, at + count + 1
    raise _garbage("a number in it has no end")


def _garbage(why: str) -> BadAnswer:
    return BadAnswer(SOURCE, f"The car's signed answer cannot be read: {why}.")
