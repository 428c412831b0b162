"""The cryptography of Tesla's signed commands, as Tesla's public protocol document has it. No I/O and no clock.

K = SHA1(x of ECDH(our key, the car's key))[:16]. A command goes in clear text, because Tesla's servers look at what it is, under
HMAC-SHA256(HMAC-SHA256(K, "authenticated command"), metadata || command); the car's answer comes back under AES-GCM with K.
The library `cryptography` is imported where it is needed: most cycles sign nothing.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clients.tesla_protobuf import ENCRYPT_REPLY, INFOTAINMENT, SOURCE, CarMessage, Signature
from errors import BadAnswer, Refused

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

# tags of the metadata (signatures.proto)
KIND, DOMAIN, VIN, EPOCH, EXPIRES, COUNTER, CHALLENGE, FLAGS, REQUEST, FAULT = range(10)
# kinds of signatures
SESSION_HMAC, COMMAND_HMAC, REPLY_GCM = 6, 8, 9
_END = b"\xff"


@dataclass(frozen=True, slots=True)
class Key:
    """Our private key, and the public one as the car knows it (uncompressed point)."""

    private: EllipticCurvePrivateKey
    public: bytes


def load_key(pem: bytes) -> Key:
    """Raises Refused (the owner must hear of it) where the file is no private key of the curve that Tesla wants."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        private = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        private = None  # from None below: such errors may quote the file
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        text = "tesla_key.pem is no private key of the curve prime256v1 (without a password); put the key that is paired with the car there"
        raise Refused(SOURCE, f"{text}.") from None
    point = private.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return Key(private, point)


def shared_key(key: Key, car_key: bytes) -> bytes:
    """K, 16 bytes. Raises BadAnswer where the car's key is no point of the curve."""
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), car_key)
        point = key.private.exchange(ec.ECDH(), public)
    except ValueError:
        raise BadAnswer(SOURCE, "The car's public key is no key.") from None
    return hashlib.sha1(point, usedforsecurity=False).digest()[:16]


def metadata(values: Mapping[int, int | bytes]) -> bytes:
    """Tag, length, value of each, in the order of the tags, and the end mark. Numbers are four bytes, kind and domain one."""
    out = b""
    for tag, value in sorted(values.items()):
        body = value if isinstance(value, bytes) else value.to_bytes(1 if tag in (KIND, DOMAIN) else 4, "big")
        out += bytes((tag, len(body))) + body
    return out + _END


def session_tag(shared: bytes, vin: str, challenge: bytes, info: bytes) -> bytes:
    """What a car puts under its session info when our request was `challenge`."""
    covered = metadata({KIND: bytes((SESSION_HMAC,)), VIN: vin.encode(), CHALLENGE: challenge}) + info
    return _hmac(_hmac(shared, b"session info"), covered)


def command_tag(shared: bytes, vin: str, unsigned: Signature, payload: bytes) -> bytes:
    """The tag of a command with the epoch, counter and expiry of `unsigned`."""
    covered = metadata(
        {
            KIND: COMMAND_HMAC,
            DOMAIN: INFOTAINMENT,
            VIN: vin.encode(),
            EPOCH: unsigned.epoch,
            EXPIRES: unsigned.expires_s,
            COUNTER: unsigned.counter,
            FLAGS: ENCRYPT_REPLY,
        }
    )
    return _hmac(_hmac(shared, b"authenticated command"), covered + payload)


def same(one: bytes, other: bytes) -> bool:
    """In a time that tells nothing."""
    return hmac.compare_digest(one, other)


def opened(shared: bytes, vin: str, reply: CarMessage, request_tag: bytes) -> bytes:
    """The payload in clear text. Raises BadAnswer where it has none, or is not the car's answer to the command with `request_tag`."""
    if reply.payload is None:
        raise BadAnswer(SOURCE, "The car's answer is empty.")
    if reply.sealed is None:
        return reply.payload  # firmware before 2024.38
    covered = metadata(
        {
            KIND: REPLY_GCM,
            DOMAIN: reply.domain & 0xFF,
            VIN: vin.encode(),
            COUNTER: reply.sealed.counter & 0xFFFFFFFF,
            FLAGS: reply.flags & 0xFFFFFFFF,
            REQUEST: bytes((COMMAND_HMAC,)) + request_tag,
            FAULT: reply.fault & 0xFFFFFFFF,
        }
    )
    return decrypted(shared, reply.sealed.nonce, reply.payload + reply.sealed.tag, hashlib.sha256(covered).digest())


def decrypted(shared: bytes, nonce: bytes, sealed: bytes, covered: bytes) -> bytes:
    """AES-GCM: `sealed` ends with its tag; `covered` is what the tag covers beside it. Raises BadAnswer."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(shared).decrypt(nonce, sealed, covered)
    except (InvalidTag, ValueError):
        raise BadAnswer(SOURCE, "The car's encrypted answer does not belong to this command.") from None


def _hmac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, body, "sha256")
