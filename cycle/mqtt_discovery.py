"""What Home Assistant is told of our devices: one retained message for each sensor and button, in the words of its documentation
(home-assistant.io/integrations/mqtt, sensor.mqtt, binary_sensor.mqtt, button.mqtt, switch.mqtt), without its abbreviations.

Sensors are published by cron's cycle, which is not connected in between: they expire after three cycles. Buttons are published by
bridge.py and are there while it is: its last will takes them away.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from clients.mqtt import Message
from config import Settings
from cycle.mqtt_topics import (
    bridge_topic,
    car_id,
    car_topic,
    charger_topic,
    command_topic,
    house_topic,
    lasts,
    node,
    words_topic,
)
from model import Charger, Word
from model_decision import Action

ORIGIN = {"name": "Ampshift"}
BUTTONS = {
    "charge-now": ("Charge now", "mdi:flash"),
    "stop": ("Stop", "mdi:stop"),
    "hands-off": ("Hands off", "mdi:hand-back-left"),
    "auto": ("Back to the plan", "mdi:auto-mode"),
}
NOTHING: Mapping[str, object] = {}

# name, value in the JSON, and Home Assistant's device_class, state_class, unit where it has one
CAR = (
    ("soc", "Battery", {"device_class": "battery", "state_class": "measurement", "unit_of_measurement": "%"}),
    ("amps", "Planned current", {"device_class": "current", "state_class": "measurement", "unit_of_measurement": "A"}),
    ("power_w", "Power", {"device_class": "power", "state_class": "measurement", "unit_of_measurement": "W"}),
    ("limit_soc", "Charge limit", {"state_class": "measurement", "unit_of_measurement": "%"}),
    ("plan_kwh", "Planned energy", {"state_class": "measurement", "unit_of_measurement": "kWh"}),
)
CHARGER = (
    ("offered_amps", "Offered current", {"device_class": "current", "state_class": "measurement", "unit_of_measurement": "A"}),
    ("actual_amps", "Current", {"device_class": "current", "state_class": "measurement", "unit_of_measurement": "A"}),
    ("energy_kwh", "Energy", {"device_class": "energy", "state_class": "total_increasing", "unit_of_measurement": "kWh"}),
)


@dataclass(frozen=True, slots=True)
class Thing:
    """A device and where its values lie. `id`: letters, digits, _ and -."""

    id: str
    name: str
    topic: str
    settings: Settings
    within: str = ""

    def entity(self, kind: str, key: str, name: str, more: Mapping[str, object]) -> Message:
        device: dict[str, object] = {"identifiers": [self.id], "name": self.name, "manufacturer": "Ampshift"}
        if self.within:
            device["via_device"] = self.within
        unique = f"{self.id}_{key}".replace("-", "_")
        config = {"name": name, "unique_id": unique, "device": device, "origin": ORIGIN, **more}
        return Message(f"{self.settings.mqtt_discovery}/{kind}/{self.id}/{key}/config", json.dumps(config))

    def sensor(self, key: str, name: str, more: Mapping[str, object] = NOTHING, kind: str = "sensor") -> Message:
        """`more` may replace the template."""
        where = {"state_topic": self.topic, "value_template": f"{{{{ value_json.{key} }}}}"}
        return self.entity(kind, key, name, {**where, "expire_after": int(lasts(self.settings).total_seconds()), **more})

    def warning(self, key: str, name: str) -> Message:
        """On while the list under `key` has something in it."""
        template = f"{{{{ 'ON' if value_json.{key} else 'OFF' }}}}"
        attributes = {"json_attributes_topic": self.topic, "json_attributes_template": f"{{{{ {{'list': value_json.{key}}} | tojson }}}}"}
        return self.sensor(key, name, {"value_template": template, "device_class": "problem", **attributes}, "binary_sensor")


@dataclass(frozen=True, slots=True)
class Command:
    """A button's word as JSON. Home Assistant fills in when it was pressed, so that one that lay about is known."""

    word: str
    car: str = ""
    more: Mapping[str, object] = field(default_factory=dict)

    def template(self) -> str:
        said = {"word": self.word, **({"car": self.car} if self.car else {}), **self.more}
        return json.dumps(said)[:-1] + ', "at": {{ now().timestamp() | int }}}'


def sensors(cars: Mapping[str, str], chargers: tuple[Charger, ...], settings: Settings) -> list[Message]:
    """Of the house, of each car (VIN -> name) and of each connector. None where MQTT_DISCOVERY is off."""
    if not settings.mqtt_discovery:
        return []
    found = list(_house(_house_thing(settings)))
    for vin, name in cars.items():
        found += _car(_car_thing(vin, name, settings), settings)
    for one in chargers:
        found += _charger(Thing(f"{node(settings)}_{one.id}", f"Wall Connector {one.id}", charger_topic(settings, one.id), settings))
    return found


def buttons(cars: Mapping[str, str], settings: Settings) -> list[Message]:
    """What can be said, for each car or for all; and whether the sun is followed."""
    if not settings.mqtt_discovery:
        return []
    house = _house_thing(settings)
    found = [_solar(house, settings)]
    if len(cars) != 1:
        found += [_button(house, Command(word), settings) for word in BUTTONS]
    for vin, name in cars.items():
        found += [_button(_car_thing(vin, name, settings), Command(word, vin[-6:]), settings) for word in BUTTONS]
    return found


def _house_thing(settings: Settings) -> Thing:
    return Thing(node(settings), "Ampshift", house_topic(settings), settings)


def _car_thing(vin: str, name: str, settings: Settings) -> Thing:
    return Thing(f"{node(settings)}_{car_id(vin)}", name or f"Car {car_id(vin)}", car_topic(settings, vin), settings, within=node(settings))


def _house(thing: Thing) -> Iterator[Message]:
    yield thing.sensor("summary", "Summary", {"icon": "mdi:ev-station", "json_attributes_topic": thing.topic})
    # without an expiry: it says since when nothing was heard
    yield thing.entity(
        "sensor", "at", "Last cycle", {"state_topic": thing.topic, "value_template": "{{ value_json.at }}", "device_class": "timestamp"}
    )
    yield thing.sensor("spent_this_month", "Tesla bill this month", {"device_class": "monetary", "unit_of_measurement": "USD"})
    yield thing.warning("problems", "Problem")
    yield thing.warning("alarms", "Charger alarm")


def _car(thing: Thing, settings: Settings) -> Iterator[Message]:
    detail = {"json_attributes_topic": thing.topic, "json_attributes_template": "{{ value_json.detail | tojson }}"}
    yield thing.sensor("action", "Action", {"device_class": "enum", "options": [one.value for one in Action]})
    yield thing.sensor("why", "Reason", {"icon": "mdi:help-circle-outline", **detail})
    yield thing.sensor("plan_text", "Plan", {"icon": "mdi:calendar-clock"})
    yield thing.sensor("ready_by", "Ready by", {"value_template": "{{ value_json.ready_by or '-' }}"})
    yield thing.sensor("cost", "Planned cost", {"device_class": "monetary", "unit_of_measurement": settings.currency})
    for key, name, kind in CAR:
        yield thing.sensor(key, name, kind)


def _charger(thing: Thing) -> Iterator[Message]:
    yield thing.sensor("state", "State")
    template = "{{ 'None' if value_json.plugged is none else 'ON' if value_json.plugged else 'OFF' }}"
    yield thing.sensor("plugged", "Plugged in", {"value_template": template, "device_class": "plug"}, "binary_sensor")
    yield thing.warning("alarms", "Alarm")
    for key, name, kind in CHARGER:
        yield thing.sensor(key, name, kind)


def _command(settings: Settings) -> dict[str, object]:
    return {"command_topic": command_topic(settings), "availability_topic": bridge_topic(settings), "qos": 1, "retain": False}


def _button(thing: Thing, command: Command, settings: Settings) -> Message:
    name, icon = BUTTONS[command.word]
    more = {"command_template": command.template(), "icon": icon}
    return thing.entity("button", command.word, name, {**_command(settings), **more})


def _solar(thing: Thing, settings: Settings) -> Message:
    """A switch sends one of two texts; its state is what rules now, whoever said it."""
    said = {f"payload_{key}": json.dumps({"word": "solar", "on": key == "on"}) for key in ("on", "off")}
    state = {"state_topic": words_topic(settings), "value_template": "{{ 'ON' if value_json.solar else 'OFF' }}"}
    # a Home Assistant that knows no template for switches sends the texts as they are: without the time, and that is heard too
    dated = {"command_template": '{{ value[:-1] }}, "at": {{ now().timestamp() | int }}}'}
    more = {**said, **dated, **state, "state_on": "ON", "state_off": "OFF", "icon": "mdi:solar-power"}
    return thing.entity("switch", "solar", "Follow the sun", {**_command(settings), **more})


WORDS = frozenset({*(word.value for word in Word), "auto", "solar"})
