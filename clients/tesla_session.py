"""Signed commands to a car (`signed_command`): one request where the session is known from an earlier cycle, and at most four.

A session is the car's public key, its epoch, a counter and how the car's clock runs beside ours, kept between cycles. The counter is on
disk before a command with it leaves, so that none is used twice, whatever happens. A car that has started anew, or whose session is another
one for any reason, sends its newest session with its refusal: then the command goes out once more in the same call.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote

from clients import tesla_signing as signing
from clients.http import Ask, Http, Reply
from clients.tesla_actions import payload
from clients.tesla_billing import Count, ask_billed, headers_for
from clients.tesla_faults import PAIR, STALE, UNKNOWN_KEY, fault_error
from clients.tesla_known import Known, Session, adopted
from clients.tesla_protobuf import SOURCE, CarAnswer, CarMessage, Signature, car_answer, car_message, command, handshake, session_info
from clients.tesla_status import error_for
from clients.tesla_table import Call
from clients.values import root
from errors import Asleep, BadAnswer, ClientError, Refused, Unreachable
from model import Billed, Missing

LASTS_S = 10  # how long a command counts after it was signed: a late one must not be carried out; Tesla's own tools sign for 5 to 10 s
_MOST_U32 = 0xFFFFFFFF


class Sessions(Protocol):
    """What is remembered of a car (None: nothing), changed under a lock and on disk when `change` returns."""

    def change(self, vin: str, renew: Callable[[Known | None], Known | None]) -> Known | None: ...


@dataclass(frozen=True, slots=True)
class Route:
    """Where Tesla answers, and with which login."""

    url: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ours:
    """What we are known by: `pem`, our private key, and what is remembered of each car."""

    pem: bytes = field(repr=False)
    sessions: Sessions


@dataclass(frozen=True, slots=True)
class _Exchange:
    """One question and its answer. `tag`: of the command, for the answer's encryption."""

    uuid: bytes
    reply: CarMessage
    tag: bytes = b""


class SignedCommands:
    """`now`: our clock in Unix seconds; each request, the handshake too, passes `count`."""

    def __init__(self, route: Route, http: Http, count: Count, ours: Ours, now: Callable[[], float]) -> None:
        self._route = route
        self._http = http
        self._count = count
        self._pem = ours.pem
        self._sessions = ours.sessions
        self._now = now

    def send(self, call: Call, vin: str) -> CarAnswer | None:
        """What the car did; None: it takes plain commands only, and nothing was done. Raises ClientError, StateError."""
        known = self._sessions.change(vin, _next)
        if known is not None and known.plain:
            return None
        try:
            return self._send(call, vin, known.session if known else None)
        except Refused as error:
            if error.status != 422:
                raise
        self._sessions.change(vin, lambda _: Known(plain=True))
        return None

    def takes_signed(self, vin: str) -> None:
        """The car refused a plain command: forget that it was said to take no others."""
        self._sessions.change(vin, lambda known: None if known is not None and known.plain else known)

    def _send(self, call: Call, vin: str, session: Session | None) -> CarAnswer:
        key, body = signing.load_key(self._pem), payload(call.name, call.params)
        session = session if session is not None and _usable(key, session) else None
        asked = session is None
        session = session or self._new_session(key, vin)
        done = self._command(key, vin, session, body)
        if done.reply.fault in STALE or (done.reply.fault == UNKNOWN_KEY and not asked):
            session = self._told(key, vin, done) or self._new_session(key, vin)
            done = self._command(key, vin, session, body)
            if done.reply.fault in STALE:
                self._sessions.change(vin, lambda _: None)  # the next call begins with a handshake
        reply = done.reply
        if reply.fault:
            raise fault_error(reply.fault)
        if reply.status == 1:
            raise Asleep(SOURCE, "The car is busy or still waking up; the next cycle tries again.")
        opened = signing.opened(signing.shared_key(key, session.car_key), vin, reply, done.tag)
        return car_answer(opened, proven=reply.sealed is not None)

    # ---- the session ------------------------------------------------------------------------------------------------------------

    def _new_session(self, key: signing.Key, vin: str) -> Session:
        """A handshake. Whatever fails here, nothing was commanded."""
        try:
            uuid, address = secrets.token_bytes(16), secrets.token_bytes(16)
            found = self._adopt(key, vin, _Exchange(uuid, self._ask(vin, handshake(key.public, address, uuid), uuid, address)))
        except ClientError as error:
            if error.maybe_done:
                raise Unreachable(SOURCE, f"No session with the car, so nothing was commanded. {error.text}") from error
            raise
        if found is None:
            raise Unreachable(SOURCE, "No session with the car, so nothing was commanded: its answer is not signed as it should be.")
        return found

    def _told(self, key: signing.Key, vin: str, refused: _Exchange) -> Session | None:
        """The session that came with a refusal; None where there is none that can be believed."""
        try:
            return self._adopt(key, vin, refused) if refused.reply.session_info else None
        except BadAnswer:
            return None

    def _adopt(self, key: signing.Key, vin: str, said: _Exchange) -> Session | None:
        """The car's session with the next counter, saved; None where the car did not sign it for this very request. Raises Refused where
        our key is not known to the car."""
        if said.reply.fault and not said.reply.session_info:
            raise fault_error(said.reply.fault)
        info = session_info(said.reply.session_info)
        if not info.paired:
            raise Refused(SOURCE, f"The car says: {PAIR}.")
        shared = signing.shared_key(key, info.car_key)
        if not signing.same(signing.session_tag(shared, vin, said.uuid, said.reply.session_info), said.reply.session_tag):
            return None
        at = self._now()
        known = self._sessions.change(vin, lambda old: adopted(old, info, at))
        return known.session if known else None

    # ---- one request ------------------------------------------------------------------------------------------------------------

    def _command(self, key: signing.Key, vin: str, session: Session, body: bytes) -> _Exchange:
        expires_s = min(max(1, int(self._now() - session.began) + LASTS_S), _MOST_U32)
        plain = Signature(key.public, session.epoch, session.counter, expires_s, b"")
        tag = signing.command_tag(signing.shared_key(key, session.car_key), vin, plain, body)
        uuid, address = secrets.token_bytes(16), secrets.token_bytes(16)
        signed = Signature(key.public, session.epoch, session.counter, expires_s, tag)
        return _Exchange(uuid, self._ask(vin, command(body, signed, address, uuid), uuid, address), tag)

    def _ask(self, vin: str, message: bytes, uuid: bytes, address: bytes) -> CarMessage:
        url = f"{self._route.url.rstrip('/')}/api/1/vehicles/{quote(vin, safe='')}/signed_command"
        body, token = {"routable_message": base64.b64encode(message).decode()}, self._route.token
        ask = Ask(SOURCE, url, "POST", headers_for(url, token), body=body, secrets=(token,), retry=False)
        reply = ask_billed(self._http, ask, Billed.COMMAND, self._count)
        if not reply.ok:
            raise error_for(reply.status, reply.text(), reply.headers)
        answer = car_message(_unpacked(reply))
        if answer.request != uuid and (answer.request or answer.address != address):
            raise BadAnswer(SOURCE, "The answer belongs to another request.")
        return answer


def _unpacked(reply: Reply) -> bytes:
    text = root(SOURCE, reply.json()).text("response")
    try:
        return b"" if isinstance(text, Missing) else base64.b64decode(text, validate=True)
    except ValueError:
        raise BadAnswer(SOURCE, "Tesla's answer to a signed command is no base64.") from None


def _usable(key: signing.Key, session: Session) -> bool:
    """Is the car's key in a session file one at all?"""
    try:
        signing.shared_key(key, session.car_key)
    except BadAnswer:
        return False
    return True


def _next(known: Known | None) -> Known | None:
    """The session with the next counter."""
    return known.counted() if known is not None else None
