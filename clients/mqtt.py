"""A connection to an MQTT broker, for some seconds (cron) or for good (bridge.py): one thread, no reconnecting by itself.

MQTT 3.1.1 with a clean session: what was said while nobody listened is not heard later. paho-mqtt is loaded only when one is opened.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from errors import BadCertificate, ClientError, LoginDead, NoAnswer, NotConfigured, Refused, Unreachable

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage, MQTTMessageInfo
    from paho.mqtt.reasoncodes import ReasonCode

SOURCE = "mqtt"
CONNECT_S, TURN_S = 3.0, 0.2
KEEP_ALIVE_S = 30  # a broker that went without a word is noticed after at most twice this
LONGEST = 10_000  # characters of a message that is looked at


@dataclass(frozen=True, slots=True)
class Address:
    """Where and as whom. `shown`: for people, without the secret."""

    host: str
    port: int
    shown: str
    tls: bool = False
    ca_file: Path | None = None
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """`retain`: the broker keeps it for those who come later."""

    topic: str
    payload: str
    retain: bool = True


@dataclass(frozen=True, slots=True)
class Heard:
    """`retained`: the broker had kept it, nobody knows how long."""

    topic: str
    payload: bytes
    retained: bool


class Link:
    """One connection. `name`: the client's id, which no other may have at this broker; `will`: what the broker says when it breaks off."""

    def __init__(
        self, address: Address, name: str, hear: Callable[[Heard], None] = lambda _heard: None, will: Message | None = None
    ) -> None:
        self.address = address
        self._hear = hear
        self._answer: ReasonCode | None = None
        self._granted: list[ReasonCode] | None = None
        self._client = self._made(name)
        if will:
            self._client.will_set(will.topic, will.payload, qos=1, retain=will.retain)

    def _made(self, name: str) -> Client:
        from paho.mqtt.client import Client, MQTTv311
        from paho.mqtt.enums import CallbackAPIVersion

        address, client = self.address, Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=True, protocol=MQTTv311)
        client.connect_timeout = CONNECT_S
        if address.user:
            client.username_pw_set(address.user, address.password or None)
        if address.tls:
            try:
                client.tls_set(ca_certs=str(address.ca_file) if address.ca_file else None)
            except (OSError, ValueError):
                raise NotConfigured(SOURCE, f"MQTT_CA_FILE ({address.ca_file}) is no certificate that can be read.") from None

        def connected(_client: Client, _data: object, _flags: object, answer: ReasonCode, _properties: object) -> None:
            self._answer = answer

        def granted(_client: Client, _data: object, _number: int, answers: list[ReasonCode], _properties: object) -> None:
            self._granted = answers

        def came(_client: Client, _data: object, message: MQTTMessage) -> None:
            self._hear(Heard(message.topic, bytes(message.payload[:LONGEST]), message.retain))

        client.on_connect, client.on_subscribe, client.on_message = connected, granted, came
        return client

    def open(self) -> None:
        """Connects and logs in. Raises Unreachable, BadCertificate, LoginDead, Refused or NoAnswer."""
        try:
            self._client.connect(self.address.host, self.address.port, KEEP_ALIVE_S)
        except ssl.SSLError as error:
            # without its frames, which would keep the socket open until the next look for garbage
            raise BadCertificate(
                SOURCE, f"{self.address.shown} does not speak TLS with a certificate that is trusted."
            ) from error.with_traceback(None)
        except (OSError, ValueError) as error:
            raise Unreachable(
                SOURCE, f"No connection to {self.address.shown}; is the broker on, and MQTT_URL right?"
            ) from error.with_traceback(None)
        link = self._client.socket()
        if isinstance(link, socket.socket):
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # an answer of two packets waits 40 ms for an ACK otherwise
        self._wait(lambda: self._answer is not None, "did not answer")
        answer = self._answer
        if answer is None or not answer.is_failure:
            return
        if answer.getName() in ("Bad user name or password", "Not authorized"):
            raise LoginDead(SOURCE, f"{self.address.shown} refuses the user or the password: correct MQTT_USER and MQTT_PASSWORD.")
        raise Refused(SOURCE, f"{self.address.shown} refuses the connection: {answer.getName()}.")

    def subscribe(self, topics: Iterable[str]) -> None:
        """Raises Refused where the broker's rules forbid one."""
        wanted = [(topic, 1) for topic in topics]
        self._granted = None
        self._client.subscribe(wanted)
        self._wait(lambda: self._granted is not None, "did not answer a subscription")
        granted: list[ReasonCode] = self._granted or []
        for (topic, _), code in zip(wanted, granted, strict=False):
            if code.is_failure:
                raise Refused(SOURCE, f"{self.address.shown} forbids to listen to {topic}: its rules for this user say so.")

    def send(self, messages: Iterable[Message]) -> None:
        """Raises NoAnswer where the broker did not take each of them."""
        sent = [self.post(message) for message in messages]
        self._wait(lambda: all(_taken(one) for one in sent), "did not take every message")

    def post(self, message: Message) -> MQTTMessageInfo:
        """Sends without waiting: what the turns that follow carry out."""
        return self._client.publish(message.topic, message.payload, qos=1, retain=message.retain)

    def turn(self, wait_s: float) -> None:
        """Works on what came, or waits for it. Raises NoAnswer when the connection is gone."""
        if self._turned(wait_s):
            raise NoAnswer(SOURCE, f"The connection to {self.address.shown} broke off.")

    def _turned(self, wait_s: float) -> int:
        """0, or paho's number of what went wrong. Its own loop() opens a second pair of sockets, and leaves them to the garbage."""
        client, link = self._client, self._client.socket()
        if link is None:
            return 1
        kept = link.pending() if isinstance(link, ssl.SSLSocket) else 0  # decrypted already: no select sees it
        readable, writable, _ = select.select([link], [link] if client.want_write() else [], [], 0.0 if kept else wait_s)
        wrong = client.loop_read() if readable or kept else 0
        if not wrong and writable and client.socket() is not None:
            wrong = client.loop_write()
        return int(wrong or client.loop_misc())

    def close(self) -> None:
        """The will is not spoken."""
        self._client.disconnect()

    def _wait(self, done: Callable[[], bool], failure: str, limit_s: float = CONNECT_S) -> None:
        ends = time.monotonic() + limit_s
        while not done():
            if time.monotonic() >= ends:
                raise NoAnswer(SOURCE, f"{self.address.shown} {failure} within {limit_s:.0f} s.")
            try:
                self.turn(TURN_S)
            except NoAnswer:  # a broker that says no hangs up with it
                if not done():
                    raise


def publish(address: Address, name: str, messages: Iterable[Message]) -> None:
    """Connects, sends, leaves. Raises ClientError."""
    link = Link(address, name)
    try:
        link.open()
        link.send(messages)
    finally:
        link.close()


def listen(address: Address, name: str, topics: Iterable[str], hear: Callable[[Heard], bool], limit_s: float) -> None:
    """Hands on what is kept or said under `topics` until `hear` has enough (True) or `limit_s` is over. Raises ClientError."""
    enough = False

    def heard(one: Heard) -> None:
        nonlocal enough
        enough = hear(one) or enough

    link = Link(address, name, heard)
    try:
        link.open()
        link.subscribe(topics)
        ends = time.monotonic() + limit_s
        while not enough and time.monotonic() < ends:
            link.turn(min(TURN_S, max(0.0, ends - time.monotonic())))
    finally:
        link.close()


def _taken(info: MQTTMessageInfo) -> bool:
    try:
        return info.is_published()
    except (ValueError, RuntimeError):  # the queue is full, or the connection went away
        return False


def is_up(address: Address, name: str) -> str:
    """What is wrong with it, or ""."""
    try:
        publish(address, name, ())
    except ClientError as error:
        return error.text
    return ""
