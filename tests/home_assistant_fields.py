"""What Home Assistant takes in a discovery message, copied by hand from its public pages and source, and a check against it.

Sources: home-assistant.io/integrations/mqtt (discovery: topic, device, origin), sensor.mqtt, binary_sensor.mqtt, button.mqtt and
switch.mqtt (fields); home-assistant/core, components/sensor/const.py (DEVICE_CLASS_UNITS, DEVICE_CLASS_STATE_CLASSES) and
components/mqtt/abbreviations.py (short forms, which are not used here); developers.home-assistant.io/docs/core/entity/sensor.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

COMMON = frozenset(
    {
        *("name", "unique_id", "device", "origin", "icon", "entity_category", "enabled_by_default", "qos", "encoding"),
        *("availability", "availability_topic", "availability_mode", "availability_template", "payload_available", "payload_not_available"),
        *("json_attributes_topic", "json_attributes_template", "device_class", "default_entity_id"),
    }
)
FIELDS: Mapping[str, frozenset[str]] = {
    "sensor": COMMON
    | {
        *("state_topic", "value_template", "expire_after", "force_update", "state_class", "unit_of_measurement", "options"),
        *("last_reset_value_template", "suggested_display_precision"),
    },
    "binary_sensor": COMMON | {"state_topic", "value_template", "expire_after", "force_update", "payload_on", "payload_off", "off_delay"},
    "button": COMMON | {"command_topic", "command_template", "payload_press", "retain"},
    "switch": COMMON
    | {
        *("state_topic", "value_template", "command_topic", "command_template", "payload_on", "payload_off", "state_on", "state_off"),
        *("optimistic", "retain"),
    },
}
REQUIRED: Mapping[str, frozenset[str]] = {
    "sensor": frozenset({"state_topic"}),
    "binary_sensor": frozenset({"state_topic"}),
    "button": frozenset({"command_topic"}),
    "switch": frozenset({"command_topic"}),
}
DEVICE = frozenset(
    {
        *("identifiers", "connections", "name", "manufacturer", "model", "model_id", "hw_version", "sw_version", "serial_number"),
        *("suggested_area", "via_device", "configuration_url"),
    }
)
ORIGIN = frozenset({"name", "sw_version", "support_url"})

# device_class: (units, state classes). None among the units: it may have none.
MEASURED, COUNTED = frozenset({"measurement"}), frozenset({"total", "total_increasing"})
ENERGY_UNITS = frozenset({"J", "kJ", "MJ", "GJ", "mWh", "Wh", "kWh", "MWh", "GWh", "TWh", "cal", "kcal", "Mcal", "Gcal"})
SENSOR_CLASSES: Mapping[str, tuple[frozenset[str | None], frozenset[str]]] = {
    "battery": (frozenset({"%"}), MEASURED),
    "current": (frozenset({"A", "mA"}), MEASURED),
    "energy": (ENERGY_UNITS, COUNTED),
    "energy_storage": (ENERGY_UNITS, MEASURED),
    "enum": (frozenset({None}), frozenset()),
    "monetary": (frozenset({"USD", "EUR", "GBP", "CAD", "AUD"}), frozenset({"total"})),  # an ISO 4217 code
    "power": (frozenset({"mW", "W", "kW", "MW", "GW", "TW"}), MEASURED),
    "temperature": (frozenset({"°C", "°F", "K"}), MEASURED),
    "timestamp": (frozenset({None}), frozenset()),
    "voltage": (frozenset({"V", "mV", "kV", "MV", "µV"}), MEASURED),
}
BINARY_CLASSES = frozenset({"battery", "battery_charging", "connectivity", "plug", "power", "problem", "running", "safety"})
TOPIC = re.compile(r"[A-Za-z0-9_/-]+/(sensor|binary_sensor|button|switch)/([A-Za-z0-9_-]+)/([A-Za-z0-9_-]+)/config")


def wrong(topic: str, payload: str) -> list[str]:
    """What Home Assistant would refuse or warn of, one line each."""
    found = TOPIC.fullmatch(topic)
    if not found:
        return [f"{topic}: no discovery topic"]
    kind, config = found[1], json.loads(payload)
    lines = [f"{key}: no field of {kind}" for key in config if key not in FIELDS[kind]]
    lines += [f"{key} is missing" for key in REQUIRED[kind] | {"unique_id", "device", "origin"} if key not in config]
    lines += [f"device.{key}: no such field" for key in config.get("device", {}) if key not in DEVICE]
    lines += [f"origin.{key}: no such field" for key in config.get("origin", {}) if key not in ORIGIN]
    if not config.get("device", {}).get("identifiers"):
        lines.append("device without identifiers")
    if "name" not in config.get("origin", {}):
        lines.append("origin without a name")
    for key in ("state_topic", "command_topic", "availability_topic", "json_attributes_topic"):
        if not re.fullmatch(r"[^+#\0]+", config.get(key, "x")):
            lines.append(f"{key} has a wildcard")
    if "expire_after" in config and (type(config["expire_after"]) is not int or config["expire_after"] <= 0):
        lines.append("expire_after is no whole number of seconds")
    return lines + (_sensor(config) if kind == "sensor" else _binary(config) if kind == "binary_sensor" else [])


def _sensor(config: Mapping[str, object]) -> list[str]:
    kind, unit, state = config.get("device_class"), config.get("unit_of_measurement"), config.get("state_class")
    lines = []
    if kind is not None:
        units, states = SENSOR_CLASSES.get(str(kind), (frozenset(), frozenset()))
        lines += [] if unit in units else [f"{kind} is not counted in {unit}"]
        lines += [] if state is None or state in states else [f"{kind} cannot be {state}"]
    elif state not in (None, "measurement", "total", "total_increasing"):
        lines.append(f"{state} is no state class")
    if (kind == "enum") != ("options" in config):
        lines.append("options go with enum, and enum with options")
    return lines


def _binary(config: Mapping[str, object]) -> list[str]:
    kind = config.get("device_class")
    return [] if kind is None or kind in BINARY_CLASSES else [f"{kind} is no class of binary sensors"]
