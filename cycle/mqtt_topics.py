"""Topics, names and the login at the broker: what cron's cycle and bridge.py share. It imports little, for the bridge is always on."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo

from clients.mqtt import Address, Message
from config import Settings
from model import Overrides

Json = dict[str, object]


def address_of(settings: Settings) -> Address:
    """Where MQTT_URL leads. There is one."""
    where = settings.mqtt_url
    assert where is not None
    login = (settings.broker_user, settings.broker_password.reveal())
    return Address(where.host, where.port, str(where), where.tls, settings.mqtt_ca_file, *login)


def client_name(settings: Settings, part: str) -> str:
    """A broker throws out the older of two clients with one name."""
    return f"{settings.mqtt_topic.replace('/', '-')[:40]}-{part}-{os.getpid()}"


def house_topic(settings: Settings) -> str:
    return f"{settings.mqtt_topic}/state"


def car_topic(settings: Settings, vin: str) -> str:
    return f"{settings.mqtt_topic}/car/{car_id(vin)}"


def charger_topic(settings: Settings, charger: str) -> str:
    return f"{settings.mqtt_topic}/charger/{charger}"


def words_topic(settings: Settings) -> str:
    return f"{settings.mqtt_topic}/words"


def car_id(vin: str) -> str:
    """The VIN's last six: topics end up in logs, and a whole VIN is nobody's business."""
    return vin[-6:].lower() or "car"


def node(settings: Settings) -> str:
    """Our name in discovery topics, which may have no slash in it."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", settings.mqtt_topic)


def command_topic(settings: Settings) -> str:
    return f"{settings.mqtt_topic}/command"


def answer_topic(settings: Settings) -> str:
    return f"{settings.mqtt_topic}/answer"


def bridge_topic(settings: Settings) -> str:
    """online or offline: does bridge.py listen."""
    return f"{settings.mqtt_topic}/bridge"


def words_message(said: Overrides, settings: Settings) -> Message:
    """The owner's words that hold now."""
    zone = settings.time_zone
    words: list[Json] = [
        {"car": None if one.vin is None else car_id(one.vin), "word": one.word.value, "amps": one.amps, "until": written(one.until, zone)}
        for one in said.words
    ]
    solar = settings.solar_charging if said.solar is None else said.solar
    return as_message(words_topic(settings), {"words": words, "solar": solar, "solar_until": written(said.solar_until, zone)})


def lasts(settings: Settings) -> timedelta:
    """After three cycles without a word a value is no longer true."""
    return timedelta(minutes=3 * settings.cycle_minutes)


def as_message(topic: str, data: Mapping[str, object]) -> Message:
    return Message(topic, json.dumps(data, allow_nan=False))


def written(at: datetime | None, zone: tzinfo) -> str | None:
    return None if at is None else at.astimezone(zone).isoformat(timespec="seconds")
