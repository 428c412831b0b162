"""The fifth part of the table: an MQTT broker, Home Assistant, and their sensors."""

# ruff: noqa: RUF009 - the option table: each default is a call that declares an option
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from config_options import option, option_beside
from config_parsers import HOST, choice, file_beside, is_loopback, maybe, pattern, printable, secret, switch, token, url, wrong
from config_sun import SunSettings
from config_values import MonitorType, Problem, Secret
from errors import ConfigError

if TYPE_CHECKING:
    from config import Settings

PORT, TLS_PORT = 1883, 8883
ABOUT = "mqtt"
INSTEAD = "use {tls}, or LAN_CLEAR_TEXT=on with its address at home, such as {plain}192.168.1.5 or {plain}homeassistant.local"


class PowerUnit(StrEnum):
    """What the topics of the meter count in."""

    W = "W"
    KW = "kW"


@dataclass(frozen=True, slots=True)
class Broker:
    """MQTT_URL: where the broker listens. Its text has neither user nor password."""

    host: str
    port: int
    tls: bool = False
    user: str = ""
    password: Secret = Secret()

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"mqtt{'s' if self.tls else ''}://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Source:
    """A sensor of Home Assistant's, or a topic with the key of the value in its JSON. `sign` -1: it counts the other way round."""

    name: str
    key: tuple[str, ...] = ()
    sign: int = 1

    def __str__(self) -> str:
        return f"{'-' if self.sign < 0 else ''}{self.name}{' ' if self.key else ''}{'.'.join(self.key)}"


def broker(text: str) -> Broker:
    """`mqtt://user:password@host:port`. The text is never quoted: it may hold a password."""
    wanted = ConfigError(("write mqtt:// or mqtts://, a host and perhaps a port, such as mqtt://192.168.1.5:1883",))
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise wanted from None
    tls = parts.scheme == "mqtts"
    if parts.scheme not in ("mqtt", "mqtts") or not HOST.fullmatch(parts.hostname or "") or port == 0:
        raise wanted
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ConfigError(("write the address of the broker alone; the topic has a setting of its own, MQTT_TOPIC",))
    login = (unquote(parts.username or ""), Secret(unquote(parts.password or "")))
    return Broker(parts.hostname or "", port or (TLS_PORT if tls else PORT), tls, *login)


def entity(text: str) -> Source:
    """`sensor.grid_power`; a minus in front turns its sign round."""
    if not re.fullmatch(r"-?(sensor|number|input_number)\.[a-z0-9_]{1,200}", text):
        raise wrong("the entity's id as Home Assistant shows it, such as sensor.grid_power, with - in front where it counts export", text)
    return Source(text.lstrip("-"), (), -1 if text.startswith("-") else 1)


def topic_source(text: str) -> Source:
    """`house/grid`, or `house/meter grid.power` for a value in JSON; a minus in front turns its sign round."""
    name, _, key = text.removeprefix("-").partition(" ")
    if not re.fullmatch(r"[^\s+#$-][^\s+#]{0,199}", name) or not re.fullmatch(r"([^\s.]+(\.[^\s.]+)*)?", key):
        raise wrong("a topic without + and #, and after a space the key of the value in its JSON, such as house/meter grid.power", text)
    return Source(name, tuple(key.split(".")) if key else (), -1 if text.startswith("-") else 1)


own_topic = pattern(r"[A-Za-z0-9_-]{1,40}(/[A-Za-z0-9_-]{1,40}){0,4}", "letters, digits, _ and -, such as ampshift or home/ampshift")


def prefix_or_off(text: str) -> str:
    """Home Assistant's discovery prefix; off is none."""
    return "" if text.casefold() == "off" else own_topic(text)


def is_near(host: str) -> bool:
    """This machine or the private network: an address kept for one, or a name that only the own link answers (mDNS)."""
    if host == "localhost" or host.endswith(".local"):
        return True
    try:
        return ip_address(host).is_private
    except ValueError:
        return False


@dataclass(frozen=True, slots=True, init=False, repr=False, eq=False)
class HomeAssistantSettings(SunSettings):
    """See Settings in config.py."""

    lan_clear_text: bool = option(
        switch,
        "off",
        "on, off",
        "Let the MQTT password and Home Assistant's token pass through your own network unencrypted: everybody in it can read them.",
        about=ABOUT,
    )

    # ---- mqtt
    mqtt_url: Broker | None = option(
        maybe(broker), "", "mqtt://192.168.1.5, mqtts://host:8883", "Your MQTT broker: plan and state are published there.", about=ABOUT
    )
    mqtt_user: str = option(printable, "", "a name", "Its user, if it wants one.", about=ABOUT)
    mqtt_password: Secret = option(secret, "", "secret", "That user's password.", about=ABOUT)
    mqtt_ca_file: Path | None = option_beside(
        file_beside, "", "a PEM file", "For mqtts with a certificate of your own: the authority that signed it.", about=ABOUT
    )
    mqtt_topic: str = option(own_topic, "ampshift", "a topic", "All topics begin so. A second house needs another one.", about=ABOUT)
    mqtt_discovery: str = option(
        prefix_or_off,
        "homeassistant",
        "a topic, or off",
        "Where Home Assistant looks for devices. off: it is told nothing.",
        about=ABOUT,
    )
    mqtt_grid_topic: Source | None = option(
        maybe(topic_source),
        "",
        "house/meter grid.power",
        "With ENERGY_MONITOR_TYPE=mqtt: the house's power, + importing (- in front turns it round); after a space the key in its JSON.",
        about=ABOUT,
    )
    mqtt_solar_topic: Source | None = option(
        maybe(topic_source),
        "",
        "house/solar",
        "The same for the sun's power; with consumption it stands in for the grid.",
        about=ABOUT,
    )
    mqtt_load_topic: Source | None = option(
        maybe(topic_source), "", "house/load", "The same for what the house draws, the cars included.", about=ABOUT
    )
    mqtt_power_unit: PowerUnit = option(choice(PowerUnit), "W", "W, kW", "What these topics count in.", about=ABOUT)
    home_assistant_url: str | None = option(
        maybe(url), "", "http://homeassistant.local:8123", "Home Assistant, to read its sensors.", about=ABOUT
    )
    home_assistant_token: Secret = option(
        token, "", "secret", "A long-lived access token of Home Assistant's (its user's profile, Security).", about=ABOUT
    )
    ha_grid_sensor: Source | None = option(
        maybe(entity),
        "",
        "sensor.grid_power",
        "With ENERGY_MONITOR_TYPE=home_assistant: the house's power, + importing (-sensor.x where it counts export).",
        about=ABOUT,
    )
    ha_solar_sensor: Source | None = option(
        maybe(entity), "", "sensor.solar_power", "The power of the sun; with consumption it stands in for the grid.", about=ABOUT
    )
    ha_load_sensor: Source | None = option(maybe(entity), "", "sensor.house_power", "What the house draws, the cars included.", about=ABOUT)


def home_checks(settings: Settings) -> Iterator[Problem]:
    """What belongs together, and where a secret may travel."""
    yield from _meters(settings)
    yield from _secrets(settings)
    given = {"MQTT_USER": settings.mqtt_user, "MQTT_PASSWORD": settings.mqtt_password, "MQTT_CA_FILE": settings.mqtt_ca_file}
    for name in (name for name, value in given.items() if value and settings.mqtt_url is None):
        yield Problem(f"{name} needs MQTT_URL, such as mqtt://192.168.1.5", frozenset({name, "MQTT_URL"}))
    if settings.mqtt_url is not None and settings.mqtt_url.user and settings.mqtt_user:
        yield Problem("MQTT_URL and MQTT_USER both name a user: keep one of them", frozenset({"MQTT_URL", "MQTT_USER"}))


def _meters(settings: Settings) -> Iterator[Problem]:
    ha = (settings.ha_grid_sensor, settings.ha_solar_sensor, settings.ha_load_sensor)
    mqtt = (settings.mqtt_grid_topic, settings.mqtt_solar_topic, settings.mqtt_load_topic)
    url, key = settings.home_assistant_url, settings.home_assistant_token
    needs = {"HOME_ASSISTANT_URL": url, "HOME_ASSISTANT_TOKEN": key}
    yield from _one(settings, MonitorType.HOME_ASSISTANT, ("HA_GRID_SENSOR", "HA_SOLAR_SENSOR", "HA_LOAD_SENSOR"), ha, needs)
    topics = ("MQTT_GRID_TOPIC", "MQTT_SOLAR_TOPIC", "MQTT_LOAD_TOPIC")
    yield from _one(settings, MonitorType.MQTT, topics, mqtt, {"MQTT_URL": settings.mqtt_url})


def _one(
    settings: Settings, kind: MonitorType, names: tuple[str, str, str], given: tuple[Source | None, ...], needs: Mapping[str, object]
) -> Iterator[Problem]:
    grid, solar, load = given
    if settings.energy_monitor_type is not kind:
        if any(given):
            first = next(name for name, one in zip(names, given, strict=True) if one)
            yield Problem(f"{first} needs ENERGY_MONITOR_TYPE={kind}", frozenset({first, "ENERGY_MONITOR_TYPE"}))
        return
    for name in (name for name, value in needs.items() if not value):
        yield Problem(f"ENERGY_MONITOR_TYPE={kind} needs {name}", frozenset({name, "ENERGY_MONITOR_TYPE"}))
    if grid is None and (solar is None or load is None):
        text = f"ENERGY_MONITOR_TYPE={kind} needs {names[0]}, or both {names[1]} and {names[2]}"
        yield Problem(text, frozenset({*names, "ENERGY_MONITOR_TYPE"}))
    if settings.guard:
        text = f"GUARD=on needs a meter that tells each second; ENERGY_MONITOR_TYPE={kind} may be minutes old: take another meter"
        yield Problem(text, frozenset({"GUARD", "ENERGY_MONITOR_TYPE"}))


def _secrets(settings: Settings) -> Iterator[Problem]:
    """In clear text a secret stays on this machine, or in the own network where the owner has said so."""

    def covered(host: str) -> bool:
        return is_loopback(f"//{f'[{host}]' if ':' in host else host}") or (settings.lan_clear_text and is_near(host))

    where, password = settings.mqtt_url, settings.broker_password
    if where is not None and password and not where.tls and not covered(where.host):
        instead = INSTEAD.format(tls="mqtts://", plain="mqtt://")
        yield Problem(f"MQTT_URL would carry the password in clear text: {instead}", frozenset({"MQTT_URL"}))
    address = settings.home_assistant_url or ""
    if settings.home_assistant_token and address.startswith("http://") and not covered(urlsplit(address).hostname or ""):
        instead = INSTEAD.format(tls="https://", plain="http://")
        text = f"HOME_ASSISTANT_URL would carry HOME_ASSISTANT_TOKEN in clear text: {instead}"
        yield Problem(text, frozenset({"HOME_ASSISTANT_URL", "HOME_ASSISTANT_TOKEN"}))
