"""Telling the owner: an ntfy topic or a webhook by one request of our own, everything else through apprise, which is loaded only then.

The address is a secret: it stands in no error. A topic is one word behind the host; then the text goes as it is, with ntfy's headers.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from clients.http import Ask, Http
from config_notify import is_web
from errors import ClientError, NoAnswer, NotConfigured, Refused, Unreachable
from model_notices import Message

SOURCE = "notify"
LIMIT_S = 6.0
HEARTBEAT_S = 5.0
_TOPIC = re.compile(r"/[-_A-Za-z0-9]{1,64}/?")
_LOST = "failed to (?:establish|resolve)|name or service not known|getaddrinfo|connection refused|unreachable"
_NOT_LEFT = re.compile(_LOST, re.IGNORECASE)
GATEWAY_GAVE_UP = "504"  # what it stands before may have taken the message
_STATUS = re.compile(r"error=(\d{3})")


def send(address: str, message: Message, http: Http) -> None:
    """One message. Raises ClientError: Unreachable, Refused and NotConfigured did not arrive, others may have."""
    if is_web(address):
        http.ask(_ask(address, message)).require()
    else:
        _by_apprise(address, message)


def beat(address: str, http: Http) -> None:
    """A sign of life. Raises ClientError."""
    http.ask(Ask("heartbeat", address, secrets=_secrets(address), retry=False, limit_s=HEARTBEAT_S)).require()


def _ask(address: str, message: Message) -> Ask:
    parts = urlsplit(address)
    if _TOPIC.fullmatch(parts.path) and not parts.query:
        headers = {"Title": message.title, "Priority": "high" if message.urgent else "default", "Content-Type": "text/plain; charset=utf-8"}
        return Ask(SOURCE, address, "POST", headers, text=message.text, secrets=_secrets(address), limit_s=LIMIT_S)
    body = {"title": message.title, "message": message.text, "code": message.code, "urgent": message.urgent}
    chat = {"text": f"{message.title}\n{message.text}"}  # the key that Slack, Mattermost and their like show
    return Ask(SOURCE, address, "POST", body={**body, **chat}, secrets=_secrets(address), limit_s=LIMIT_S)


def _secrets(address: str) -> tuple[str, ...]:
    """What a far end might echo: the address, what follows its host, and a password in it."""
    parts = urlsplit(address)
    behind = f"{parts.path.strip('/')}{f'?{parts.query}' if parts.query else ''}"
    return tuple(text for text in (address, parts.password or "", behind, parts.query, *parts.path.split("/")) if len(text) > 3)


def _by_apprise(address: str, message: Message) -> None:
    with _overheard() as lines:
        import apprise

        far = apprise.Apprise()
        if not far.add(address):
            raise NotConfigured(SOURCE, "NOTIFY_URL is no address that apprise knows; see the list of its services.")
        kind = apprise.NotifyType.WARNING if message.urgent else apprise.NotifyType.INFO
        if far.notify(body=message.text, title=message.title, notify_type=kind):
            return
    raise _failure(f"{address.partition('://')[0]}://...", "\n".join(lines))


def _failure(where: str, said: str) -> ClientError:
    """apprise answers with False for everything; what it says in its log tells whether the message may have left."""
    status = _STATUS.search(said)
    if status and status[1] != GATEWAY_GAVE_UP:
        return Refused(SOURCE, f"{where} answered {status[1]}; correct NOTIFY_URL, or try later.", status=int(status[1]))
    if _NOT_LEFT.search(said):
        return Unreachable(SOURCE, f"No connection to {where}")
    return NoAnswer(SOURCE, f"{where} did not say that it took the message.")


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """apprise's log, which may hold the address: read here and shown nowhere."""
    lines: list[str] = []
    log = logging.getLogger("apprise")
    ear = _Ear(lines)
    before = (log.propagate, log.level)
    log.addHandler(ear)
    log.propagate, level = False, logging.DEBUG
    log.setLevel(level)
    try:
        yield lines
    finally:
        log.removeHandler(ear)
        log.propagate = before[0]
        log.setLevel(before[1])


class _Ear(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())


def certainly_lost(error: ClientError) -> bool:
    """Did the message certainly not arrive? An answer that says no is certain; a gateway that gave up (504) is not."""
    return not error.maybe_done or (error.status is not None and error.status >= 300 and str(error.status) != GATEWAY_GAVE_UP)
