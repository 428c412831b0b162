"""The owner's words over MQTT: what a message means, what is refused and why, and how many are heard.

    {"word": "charge-now", "car": "Blue", "until": "07:30", "at": 1796781600, "id": "x"}
    {"word": "stop"}  {"word": "hands-off"}  {"word": "auto"}  {"word": "solar", "on": true}

Never amps: how much may flow is not said over a wire that others can write to. What the broker had kept, and what was said more than a
minute ago, is not obeyed: a button that somebody pressed yesterday is nobody's word today.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from clients.mqtt import Heard
from clients.power import moment
from cycle.mqtt_discovery import WORDS
from cycle.override import car_called
from cycle.words import Said, until_from
from errors import ConfigError
from planners.texts import age

LASTS = timedelta(seconds=60)
KEYS = frozenset({"word", "on", "car", "until", "at", "id"})
MOST, EVERY = 10, timedelta(minutes=1)
FORM = 'write JSON such as {"word": "charge-now", "car": "Blue", "until": "07:30"}'
NO_AMPS = "amps are not taken over MQTT: scheduler.py override charge-now --amps N, or the page"
TOO_MANY = f"more than {MOST} words in a minute: this one and those that follow are not heard; wait a minute"


@dataclass(frozen=True, slots=True)
class Asked:
    """One message, taken apart. `id`: what the sender wants to see in the answer."""

    data: Mapping[str, object]
    id: str | None


@dataclass(slots=True)
class Gate:
    """How many words were heard lately. `stop` has a count of its own: noise must not keep the owner from stopping."""

    heard: dict[bool, list[datetime]] = field(default_factory=lambda: {True: [], False: []})
    told_at: datetime | None = None

    def admits(self, now: datetime, stop: bool) -> bool:
        kept = self.heard[stop] = [at for at in self.heard[stop] if timedelta() <= now - at < EVERY]
        if len(kept) >= MOST:
            return False
        kept.append(now)
        return True

    def tells(self, now: datetime) -> bool:
        """Whether to answer one that was not admitted: once a minute, or an echo would make a storm of its own."""
        if self.told_at is not None and timedelta() <= now - self.told_at < EVERY:
            return False
        self.told_at = now
        return True


def ask_of(heard: Heard) -> Asked:
    """Raises ConfigError for what is no JSON object."""
    try:
        data = json.loads(heard.payload.decode("utf-8"))
    except (ValueError, RecursionError):
        raise ConfigError((f"not understood: {FORM}",)) from None
    if not isinstance(data, dict):
        raise ConfigError((f"not understood: {FORM}",))
    name = data.get("id")
    return Asked(data, name[:64] if isinstance(name, str) else None)


def said_in(asked: Asked, known: Mapping[str, str], now: datetime, zone: tzinfo) -> Said:
    """What the owner means. `known`: VIN -> name. Raises ConfigError with the sentence that helps."""
    data = asked.data
    if "amps" in data:
        raise ConfigError((NO_AMPS,))
    strange = sorted(repr(key[:20]) for key in data if key not in KEYS)
    if strange:
        raise ConfigError((f"{', '.join(strange[:5])}: not known; {FORM}",))
    _in_time(data, now)
    word = data.get("word")
    if not isinstance(word, str) or word not in WORDS:
        raise ConfigError((f"word must be one of {', '.join(sorted(WORDS))}",))
    on = data.get("on")
    if on is not None and not isinstance(on, bool):
        raise ConfigError(('on must be true or false: {"word": "solar", "on": true}',))
    if word == "solar" and on is None:
        raise ConfigError(('solar needs on: {"word": "solar", "on": true}',))
    car, until = _text(data, "car"), _text(data, "until")
    if word == "solar" and car:
        raise ConfigError(("the sun is followed for all cars: leave car out",))
    if word == "auto" and until:
        raise ConfigError(("auto has no end: leave until out",))
    vin = car_called(car, known) if car else None
    return Said(word, on, None, vin, until_from(until, now, zone) if until else None)


def _in_time(data: Mapping[str, object], now: datetime) -> None:
    if data.get("at") is None:
        return
    at = moment(data["at"])
    if at is None:
        raise ConfigError(("at must be a time: Unix seconds, or 2026-12-09T07:30:00-08:00",))
    seconds = (now - at).total_seconds()
    if abs(now - at) > LASTS:
        apart = f"{age(seconds)} old" if seconds > 0 else f"{age(-seconds)} ahead"
        raise ConfigError((f"at is {apart} by this computer's clock: not obeyed; say it again, and compare the clocks",))


def _text(data: Mapping[str, object], key: str) -> str:
    value = data.get(key)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > 40:
        raise ConfigError((f"{key} must be a text of at most 40 characters",))
    return value.strip()
