"""NOTIFY_URL and HEARTBEAT_URL: secrets, for who knows them can write to the owner. So no error ever quotes them."""

from __future__ import annotations

import re
from enum import StrEnum
from urllib.parse import urlsplit

from config_parsers import is_loopback
from config_values import Secret
from errors import ConfigError


class Notify(StrEnum):
    """What is told."""

    PROBLEMS = "problems"
    ALL = "all"
    OFF = "off"


def notify_url(text: str) -> Secret:
    """An ntfy topic, a webhook or any address of apprise's. Empty: none."""
    if text and not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*://[!-~]+", text):
        raise ConfigError(("write one address, such as https://ntfy.sh/a-topic-that-nobody-guesses, without spaces",))
    if text and is_web(text) and not host(text):
        raise ConfigError(("write the whole address: its host is missing",))
    return Secret(text)


def heartbeat_url(text: str) -> Secret:
    """What is fetched after each good cycle. Empty: none."""
    if text and not (re.fullmatch(r"(?i)https?://[!-~]+", text) and host(text)):
        raise ConfigError(("write the address of the check, such as https://hc-ping.com/...",))
    return Secret(text)


def is_web(address: str) -> bool:
    """http and https are called directly; apprise knows the other schemes."""
    return address.lower().startswith(("http://", "https://"))


def host(address: str) -> str:
    """The host alone: what may be shown of a secret address."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def shown(address: Secret) -> str:
    """Where it leads, for people: scheme and, for the web, host. Other schemes have their secret where a host would stand."""
    text = address.reveal()
    return host(text) if is_web(text) else f"{text.partition('://')[0]}://..."


def called(address: Secret) -> str:
    """The part that says whether it stays on this machine; "" where none is set."""
    text = address.reveal()
    scheme, name = text.partition("://")[0], host(text)
    open_to_see = is_web(text) or (name and is_loopback(text))
    return (f"{scheme}://{name}" if open_to_see else f"{scheme}://...") if text else ""
