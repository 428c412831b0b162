"""A car's side of Tesla's signed commands, after Tesla's public protocol document and nothing of ours: the messages are the classes of the
package tesla-protocol (development only), so that both ends cannot share one mistake. Imported only when a signed command comes.

It keeps a session for each key that speaks to it, with an epoch, a clock and a window of used counters. It takes only what is signed for
it, now, once.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from tesla_protocol.command import car_server_pb2 as car_server
from tesla_protocol.command import signatures_pb2 as signatures
from tesla_protocol.command import universal_message_pb2 as universal

from .tesla_signed_actions import understood

Perform = Callable[[str, Mapping[str, object]], str | None]  # the reason of a refusal; empty: done; None: makes no sense
LONGEST_S = 30  # a command may not be good for longer
WINDOW = 64
U = universal


class Odd(StrEnum):
    """What the next answer is like."""

    TWICE = "twice"  # the message reaches the car twice, and the answer to the second one comes
    LATE = "late"  # it reaches the car a minute late
    OLD_ANSWER = "old-answer"  # the answer to the message before
    NO_INFO = "no-info"  # a refusal without the newest session
    BAD_TAG = "bad-tag"  # session info that is not signed
    BAD_INFO = "bad-info"  # session info that is none
    WAIT = "wait"  # the car is busy, and does nothing
    NO_STATUS = "no-status"  # done, but without saying so
    GARBAGE = "garbage"
    EMPTY = "empty"
    FLIPPED = "flipped"  # one bit of the encrypted answer is wrong


@dataclass(slots=True)
class _Session:
    """With one key. `used`: counters that were taken, of the newest WINDOW."""

    shared: bytes
    epoch: bytes
    began: datetime
    counter: int = 0
    used: set[int] = field(default_factory=set)

    def clock(self, now: datetime) -> int:
        return int((now - self.began).total_seconds())

    def take(self, counter: int) -> bool:
        """A counter counts once; older ones only inside the window."""
        if counter in self.used or counter + WINDOW <= self.counter or counter < 1:
            return False
        self.counter = max(self.counter, counter)
        self.used = {one for one in self.used | {counter} if one + WINDOW > self.counter}
        return True


class SignedCar:
    """`paired`: does it know the keys that ask? `encrypts`: firmware from 2024.38. `odd`: what the next answers are like, or the numbers of
    faults; `asked`: each message that came, `performed`: names of commands that were carried out or refused."""

    def __init__(self, vin: str) -> None:
        self.vin = vin
        self.paired = True
        self.encrypts = True
        self.odd: list[Odd | int] = []
        self.asked: list[U.RoutableMessage] = []
        self.performed: list[str] = []
        self._private = ec.generate_private_key(ec.SECP256R1())
        self._sessions: dict[bytes, _Session] = {}
        self._last = b""
        self._delay = timedelta()

    def reboot(self) -> None:
        """New epochs, and clocks that begin anew."""
        self._sessions.clear()

    def new_computer(self) -> None:
        """Another key of its own too."""
        self._private = ec.generate_private_key(ec.SECP256R1())
        self.reboot()

    def answer(self, body: bytes, now: datetime, perform: Perform) -> bytes:
        odd = self.odd.pop(0) if self.odd else None
        said = self._odd(odd, body, now, perform)
        before, self._last = self._last, said
        return before if odd is Odd.OLD_ANSWER else said

    def _odd(self, odd: Odd | int | None, body: bytes, now: datetime, perform: Perform) -> bytes:
        message = U.RoutableMessage()
        try:
            message.ParseFromString(body)
        except DecodeError:
            return _bytes(self._reply(message, U.MESSAGEFAULT_ERROR_DECODING))
        self.asked.append(message)
        if isinstance(odd, int):
            return _bytes(self._reply(message, odd))
        if odd is Odd.WAIT:
            busy = self._reply(message)
            busy.signedMessageStatus.operation_status = U.OPERATIONSTATUS_WAIT
            return _bytes(busy)
        self._delay = timedelta(minutes=1 if odd is Odd.LATE else 0)
        reply = self._answered(message, now, perform)
        if odd is Odd.TWICE:
            reply = self._answered(message, now, perform)
        return _spoiled(reply, odd)

    def _answered(self, message: U.RoutableMessage, now: datetime, perform: Perform) -> U.RoutableMessage:
        if message.to_destination.domain != U.DOMAIN_INFOTAINMENT:
            return self._reply(message, U.MESSAGEFAULT_ERROR_INVALID_DOMAINS)
        if message.HasField("session_info_request"):
            return self._handshake(message, now)
        return self._command(message, now, perform)

    # ---- the session ------------------------------------------------------------------------------------------------------------

    def _handshake(self, message: U.RoutableMessage, now: datetime) -> U.RoutableMessage:
        key = message.session_info_request.public_key
        reply = self._reply(message)
        if not self._knows(key):
            status = signatures.SESSION_INFO_STATUS_KEY_NOT_ON_WHITELIST
            reply.session_info = signatures.SessionInfo(status=status).SerializeToString()
            return reply
        return self._with_info(reply, message, self._session(key, now), now)

    def _with_info(self, reply: U.RoutableMessage, message: U.RoutableMessage, session: _Session, now: datetime) -> U.RoutableMessage:
        public = self._private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        info = signatures.SessionInfo(counter=session.counter, publicKey=public, epoch=session.epoch, clock_time=session.clock(now))
        reply.session_info = info.SerializeToString()
        covered = _tlv(
            (signatures.TAG_SIGNATURE_TYPE, bytes((signatures.SIGNATURE_TYPE_HMAC,))),
            (signatures.TAG_PERSONALIZATION, self.vin.encode()),
            (signatures.TAG_CHALLENGE, message.uuid),
        )
        reply.signature_data.session_info_tag.tag = _mac(_mac(session.shared, b"session info"), covered + reply.session_info)
        return reply

    def _session(self, key: bytes, now: datetime) -> _Session:
        if key not in self._sessions:
            theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
            shared = hashlib.sha1(self._private.exchange(ec.ECDH(), theirs), usedforsecurity=False).digest()[:16]
            self._sessions[key] = _Session(shared, os.urandom(16), now)
        return self._sessions[key]

    def _knows(self, key: bytes) -> bool:
        return self.paired and len(key) == 65

    # ---- a command --------------------------------------------------------------------------------------------------------------

    def _command(self, message: U.RoutableMessage, now: datetime, perform: Perform) -> U.RoutableMessage:
        signed = message.signature_data
        key = signed.signer_identity.public_key
        if not self._knows(key):
            return self._reply(message, U.MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID)
        if not signed.HasField("HMAC_Personalized_data"):
            return self._reply(message, U.MESSAGEFAULT_ERROR_BAD_PARAMETER)  # Tesla's servers let no encrypted command through
        session = self._session(key, now)
        fault = self._fault(message, session, session.clock(now + self._delay))
        if fault:
            return self._with_info(self._reply(message, fault), message, session, now)
        return self._performed(message, session, perform)

    def _fault(self, message: U.RoutableMessage, session: _Session, clock: int) -> int:
        given = message.signature_data.HMAC_Personalized_data
        if given.epoch != session.epoch:
            return U.MESSAGEFAULT_ERROR_INCORRECT_EPOCH
        if given.expires_at < clock:
            return U.MESSAGEFAULT_ERROR_TIME_EXPIRED
        if given.expires_at > clock + LONGEST_S:
            return U.MESSAGEFAULT_ERROR_TIME_TO_LIVE_TOO_LONG
        flags = ((signatures.TAG_FLAGS, _u32(message.flags)),) if message.flags else ()
        covered = _tlv(
            (signatures.TAG_SIGNATURE_TYPE, bytes((signatures.SIGNATURE_TYPE_HMAC_PERSONALIZED,))),
            (signatures.TAG_DOMAIN, bytes((message.to_destination.domain,))),
            (signatures.TAG_PERSONALIZATION, self.vin.encode()),
            (signatures.TAG_EPOCH, given.epoch),
            (signatures.TAG_EXPIRES_AT, _u32(given.expires_at)),
            (signatures.TAG_COUNTER, _u32(given.counter)),
            *flags,
        )
        right = _mac(_mac(session.shared, b"authenticated command"), covered + message.protobuf_message_as_bytes)
        if not hmac.compare_digest(right, given.tag):
            return U.MESSAGEFAULT_ERROR_INVALID_SIGNATURE
        return U.MESSAGEFAULT_ERROR_NONE if session.take(given.counter) else U.MESSAGEFAULT_ERROR_INVALID_TOKEN_OR_COUNTER

    def _performed(self, message: U.RoutableMessage, session: _Session, perform: Perform) -> U.RoutableMessage:
        action = car_server.Action()
        try:
            action.ParseFromString(message.protobuf_message_as_bytes)
            name, body = understood(action.vehicleAction)
        except (DecodeError, KeyError):
            return self._reply(message, U.MESSAGEFAULT_ERROR_INVALID_COMMAND)
        reason = perform(name, body)
        self.performed.append(name)
        response = car_server.Response()
        response.actionStatus.result = car_server.OPERATIONSTATUS_OK if reason == "" else car_server.OPERATIONSTATUS_ERROR
        if reason != "":
            response.actionStatus.result_reason.plain_text = "invalid_command" if reason is None else reason
        reply = self._reply(message)
        plain = response.SerializeToString()
        if self.encrypts and message.flags >> U.FLAG_ENCRYPT_RESPONSE & 1:
            return self._sealed(reply, message, session, plain)
        reply.protobuf_message_as_bytes = plain
        return reply

    def _sealed(self, reply: U.RoutableMessage, message: U.RoutableMessage, session: _Session, plain: bytes) -> U.RoutableMessage:
        """Encrypted, and bound to the request by the tag that it came with."""
        request = bytes((signatures.SIGNATURE_TYPE_HMAC_PERSONALIZED,)) + message.signature_data.HMAC_Personalized_data.tag
        covered = _tlv(
            (signatures.TAG_SIGNATURE_TYPE, bytes((signatures.SIGNATURE_TYPE_AES_GCM_RESPONSE,))),
            (signatures.TAG_DOMAIN, bytes((U.DOMAIN_INFOTAINMENT,))),
            (signatures.TAG_PERSONALIZATION, self.vin.encode()),
            (signatures.TAG_COUNTER, _u32(1)),
            (signatures.TAG_FLAGS, _u32(reply.flags)),
            (signatures.TAG_REQUEST_HASH, request),
            (signatures.TAG_FAULT, _u32(reply.signedMessageStatus.signed_message_fault)),
        )
        nonce = os.urandom(12)
        both = AESGCM(session.shared).encrypt(nonce, plain, hashlib.sha256(covered).digest())
        reply.protobuf_message_as_bytes = both[:-16]
        data = reply.signature_data.AES_GCM_Response_data
        data.nonce, data.counter, data.tag = nonce, 1, both[-16:]
        return reply

    def _reply(self, message: U.RoutableMessage, fault: int = 0) -> U.RoutableMessage:
        reply = U.RoutableMessage(request_uuid=message.uuid)
        reply.to_destination.routing_address = message.from_destination.routing_address
        reply.from_destination.domain = U.DOMAIN_INFOTAINMENT
        if fault:
            reply.signedMessageStatus.operation_status = U.OPERATIONSTATUS_ERROR
            reply.signedMessageStatus.signed_message_fault = U.MessageFault_E.ValueType(fault)
        return reply


def _spoiled(reply: U.RoutableMessage, odd: Odd | None) -> bytes:
    if odd is Odd.GARBAGE:
        return b"\xff\xff\xff"
    if odd is Odd.EMPTY:
        return b""
    if odd is Odd.NO_INFO:
        reply.ClearField("session_info")
    if odd is Odd.BAD_INFO:
        reply.session_info = b"\xff"
    if odd is Odd.NO_STATUS:
        reply.protobuf_message_as_bytes = b""
    if odd is Odd.BAD_TAG:
        reply.signature_data.session_info_tag.tag = bytes(32)
    if odd is Odd.FLIPPED:
        body = bytearray(reply.protobuf_message_as_bytes)
        body[0] ^= 1
        reply.protobuf_message_as_bytes = bytes(body)
    return _bytes(reply)


# ---- bytes ------------------------------------------------------------------------------------------------------------------------


def _bytes(message: U.RoutableMessage) -> bytes:
    return bytes(message.SerializeToString())


def _tlv(*pairs: tuple[int, bytes]) -> bytes:
    return b"".join(bytes((tag, len(value))) + value for tag, value in pairs) + bytes((signatures.TAG_END,))


def _u32(value: int) -> bytes:
    return value.to_bytes(4, "big")


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, body, hashlib.sha256).digest()
