"""Settings of the broker and of Home Assistant: what they mean, what belongs together, and where a secret may travel."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import Settings, load
from config_home_assistant import Broker, Source, broker, entity, topic_source
from config_values import Secret
from errors import ConfigError

HA = "LAN_CLEAR_TEXT=on\nHOME_ASSISTANT_URL=http://homeassistant.local:8123\nHOME_ASSISTANT_TOKEN=t0ken\n"
HA_METER = f"{HA}ENERGY_MONITOR_TYPE=home_assistant\n"


def loaded(folder: Path, text: str) -> Settings:
    (folder / ".env").write_text(text, encoding="utf-8")
    return load(None, {}, root=folder)


def problems(folder: Path, text: str) -> tuple[str, ...]:
    try:
        loaded(folder, text)
    except ConfigError as error:
        return error.problems
    return ()


@pytest.mark.parametrize(
    ("text", "meant", "shown"),
    [
        ("mqtt://192.168.1.5", Broker("192.168.1.5", 1883), "mqtt://192.168.1.5:1883"),
        ("mqtts://broker.example", Broker("broker.example", 8883, tls=True), "mqtts://broker.example:8883"),
        ("mqtt://me:p%40ss@[::1]:1884/", Broker("::1", 1884, user="me", password=Secret("p@ss")), "mqtt://[::1]:1884"),
    ],
)
def test_an_address_of_a_broker(text: str, meant: Broker, shown: str) -> None:
    assert broker(text) == meant
    assert str(broker(text)) == shown
    assert "p@ss" not in repr(broker(text))


@pytest.mark.parametrize(
    "text", ["192.168.1.5", "http://h", "mqtt://", "mqtt://h:0", "mqtt://h:99999", "mqtt://h/topic", "mqtt://u:s3cr3t@h?x=1"]
)
def test_what_is_no_broker_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        broker(text)
    assert "s3cr3t" not in caught.value.text


def test_sensors_and_topics_with_their_signs_and_keys() -> None:
    assert entity("-sensor.grid_power") == Source("sensor.grid_power", (), -1)
    assert topic_source("house/meter grid.power") == Source("house/meter", ("grid", "power"))
    assert topic_source("-house/grid") == Source("house/grid", (), -1)
    assert [str(one) for one in (entity("-sensor.x"), topic_source("a/b c.d"))] == ["-sensor.x", "a/b c.d"]


@pytest.mark.parametrize("text", ["grid", "light.kitchen", "sensor.a b", "sensor."])
def test_what_is_no_sensor_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        entity(text)


@pytest.mark.parametrize("text", ["house/+/power", "#", "$SYS/x", "a/b c..d", "-"])
def test_what_is_no_topic_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        topic_source(text)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("MQTT_URL=mqtt://broker.example\nMQTT_USER=a\nMQTT_PASSWORD=b", "in clear text"),
        ("MQTT_URL=mqtt://a:b@93.184.216.34", "in clear text"),
        ("LAN_CLEAR_TEXT=on\nMQTT_URL=mqtt://a:b@93.184.216.34", "in clear text"),
        ("MQTT_URL=mqtt://a:b@192.168.1.5", "LAN_CLEAR_TEXT=on"),
        ("HOME_ASSISTANT_URL=http://homeassistant.local:8123\nHOME_ASSISTANT_TOKEN=t", "LAN_CLEAR_TEXT=on"),
        ("MQTT_PASSWORD=b", "MQTT_PASSWORD needs MQTT_URL"),
        ("MQTT_URL=mqtt://a:b@127.0.0.1\nMQTT_USER=c", "both name a user"),
        ("MQTT_TOPIC=a/#", "letters, digits, _ and -"),
        ("MQTT_URL=mqtt://192.168.1.5/ampshift", "MQTT_TOPIC"),
        ("HOME_ASSISTANT_URL=http://ha.example:8123\nHOME_ASSISTANT_TOKEN=t", "HOME_ASSISTANT_TOKEN in clear text"),
        (f"{HA_METER}", "needs HA_GRID_SENSOR, or both HA_SOLAR_SENSOR and HA_LOAD_SENSOR"),
        (f"{HA_METER}HA_SOLAR_SENSOR=sensor.s", "needs HA_GRID_SENSOR, or both"),
        ("ENERGY_MONITOR_TYPE=home_assistant\nHA_GRID_SENSOR=sensor.g\nHOME_ASSISTANT_URL=http://127.0.0.1", "needs HOME_ASSISTANT_TOKEN"),
        (f"{HA}HA_GRID_SENSOR=sensor.g", "HA_GRID_SENSOR needs ENERGY_MONITOR_TYPE=home_assistant"),
        (f"{HA_METER}HA_GRID_SENSOR=sensor.g\nENERGY_MONITOR_URL=http://192.168.1.4", "uses HOME_ASSISTANT_URL"),
        (f"{HA_METER}HA_GRID_SENSOR=sensor.g\nGUARD=on", "needs a meter that tells each second"),
        ("ENERGY_MONITOR_TYPE=mqtt\nMQTT_GRID_TOPIC=a/b", "ENERGY_MONITOR_TYPE=mqtt needs MQTT_URL"),
        ("MQTT_URL=mqtt://127.0.0.1\nENERGY_MONITOR_TYPE=mqtt", "needs MQTT_GRID_TOPIC, or both"),
    ],
)
def test_a_contradiction_is_refused_in_one_sentence(tmp_path: Path, text: str, part: str) -> None:
    found = problems(tmp_path, text)
    assert len(found) == 1
    assert part in found[0]


@pytest.mark.parametrize(
    "text",
    [
        "MQTT_URL=mqtts://a:b@broker.example",
        "LAN_CLEAR_TEXT=on\nMQTT_URL=mqtt://a:b@192.168.1.5",
        "LAN_CLEAR_TEXT=on\nMQTT_URL=mqtt://a:b@[fd00::5]",
        "LAN_CLEAR_TEXT=on\nMQTT_URL=mqtt://a:b@homeassistant.local",
        "MQTT_URL=mqtt://broker.example",  # without a password there is nothing to read along
        f"{HA_METER}HA_GRID_SENSOR=-sensor.grid",
        "HOME_ASSISTANT_URL=https://ha.example\nHOME_ASSISTANT_TOKEN=t",
        "MQTT_URL=mqtt://127.0.0.1\nENERGY_MONITOR_TYPE=mqtt\nMQTT_SOLAR_TOPIC=a/s\nMQTT_LOAD_TOPIC=a/l w",
    ],
)
def test_what_is_in_order_is_taken(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text) == ()


def test_discovery_may_be_off_and_a_meter_counts_as_one(tmp_path: Path) -> None:
    settings = loaded(tmp_path, f"MQTT_DISCOVERY=off\n{HA_METER}HA_GRID_SENSOR=sensor.g")
    assert settings.mqtt_discovery == ""
    assert settings.has_meter


def test_made_up_times_need_a_broker_and_a_home_assistant_on_this_machine(tmp_path: Path) -> None:
    services = dict(loaded(tmp_path, f"{HA}MQTT_URL=mqtt://a:b@192.168.1.5").services())
    assert services["MQTT"] == "mqtt://192.168.1.5:1883"
    assert services["Home Assistant"] == "http://homeassistant.local:8123"
