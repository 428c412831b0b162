"""scheduler.py publishes to a real Mosquitto, process after process, and reads Home Assistant's sensors and topics as its meter."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from simulator.broker import Broker
from simulator.home_assistant import TOKEN, HomeAssistant, Sensor
from tests.brokers import Listener, broker, say, until
from tests.home_assistant_fields import wrong
from tests.process import Home, Warm, home

NO_POWERWALL = {"POWERWALL_URL": None, "POWERWALL_PASSWORD": None, "POWERWALL_FINGERPRINT": None, "ENERGY_MONITOR_URL": None}
LOGIN = ("ampshift", "s3cr3t-of-the-broker")


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    with Warm(tmp_path_factory.mktemp("warm")) as keeper:
        yield keeper


@pytest.fixture
def place(tmp_path: Path, warm: Warm) -> Iterator[Home]:
    with home(tmp_path, warm) as house:
        yield house


@pytest.fixture
def far(tmp_path: Path) -> Iterator[Broker]:
    with broker(tmp_path / "broker") as running:
        yield running


def kept(far: Broker) -> Mapping[str, Any]:
    """What the broker gives to somebody who comes later."""
    with Listener(far, "#") as late:
        late.wait("ampshift/words")
        return {one.topic: late.told(one.topic)[0] for one in late.heard if one.retained}


def test_a_cycle_leaves_its_state_with_the_broker_and_home_assistant_knows_where(place: Home, far: Broker) -> None:
    place.changes["MQTT_URL"] = far.url
    place.do("run").fine()
    found = kept(far)
    assert found["ampshift/state"]["at"] == "2026-12-08T18:00:00-08:00"
    assert found["ampshift/state"]["problems"] == []
    cars = [data for topic, data in found.items() if topic.startswith("ampshift/car/")]
    decided = place.decision()["cars"]
    assert isinstance(decided, list)
    assert [(car["action"], car["soc"]) for car in cars] == [(car["action"], car["soc"]) for car in decided]
    configs = [topic for topic in found if topic.endswith("/config")]
    assert len(configs) >= 15
    with Listener(far, "homeassistant/#") as late:
        until(lambda: len(late.heard) == len(configs), "all of discovery")
        assert not [line for one in late.heard for line in wrong(one.topic, one.payload.decode())]


def test_the_next_cycle_says_it_anew_and_a_dry_run_says_that_it_is_one(place: Home, far: Broker) -> None:
    place.changes |= {"MQTT_URL": far.url, "MQTT_DISCOVERY": "off", "DRY_RUN": "on"}
    place.do("run").fine_code()
    place.later(5).do("run").fine_code()
    found = kept(far)
    assert found["ampshift/state"]["at"] == "2026-12-08T18:05:00-08:00"
    assert found["ampshift/state"]["dry_run"] is True
    assert not [topic for topic in found if topic.endswith("/config")]


def test_once_publishes_nothing(place: Home, far: Broker) -> None:
    place.changes["MQTT_URL"] = far.url
    with Listener(far, "#") as listener:
        place.do("once").fine()
        say(far, "end", "1")
        listener.wait("end")
        assert [one.topic for one in listener.heard] == ["end"]


def test_a_broker_that_is_away_is_one_line_when_it_begins_and_one_when_it_ends(place: Home, far: Broker) -> None:
    far.stop()
    place.changes["MQTT_URL"] = far.url
    first = place.do("run").fine_code()
    assert "mqtt: No connection to mqtt://127.0.0.1" in first.err
    assert place.decision()["cars"] != []  # the record came first
    assert place.later(5).do("run").fine().err == ""
    far.start()
    assert "mqtt" not in place.later(5).do("run").fine_code().err
    assert "ampshift/state" in kept(far)


def test_a_broker_that_takes_the_connection_and_says_nothing_costs_seconds_and_no_command(place: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        place.changes["MQTT_URL"] = f"mqtt://127.0.0.1:{mute.getsockname()[1]}"
        began = time.monotonic()
        ended = place.do("run").fine_code()
        assert time.monotonic() - began < 8.0
    assert "mqtt: mqtt://127.0.0.1" in ended.err
    assert "did not answer within 3 s" in ended.err


def test_a_wrong_password_is_told_by_run_and_by_check_and_stands_in_neither(place: Home, tmp_path: Path) -> None:
    with broker(tmp_path / "strict", login=LOGIN) as strict:
        place.changes |= {"MQTT_URL": strict.url, "MQTT_USER": "ampshift", "MQTT_PASSWORD": "wr0ng-passw0rd"}
        texts = [place.do("run").err, place.do("check").out]
        assert all("refuses the user or the password" in text for text in texts)
        assert all("wr0ng" not in text for text in texts)
        place.changes["MQTT_PASSWORD"] = LOGIN[1]
        assert f"ok      mqtt: {strict.url}, topics below ampshift/" in place.do("check").out


def test_the_words_of_the_terminal_are_published_too(place: Home, far: Broker) -> None:
    place.changes["MQTT_URL"] = far.url
    place.do("override", "charge-now", "--amps", "16").fine()
    place.do("run").fine_code()
    assert kept(far)["ampshift/words"]["words"] == [{"car": None, "word": "charge-now", "amps": 16, "until": None}]


# ---- sensors in -----------------------------------------------------------------------------------------------------------------


def test_home_assistants_sensors_are_the_meter(place: Home) -> None:
    with HomeAssistant() as ha:
        now = place.world.now
        ha.sensors |= {"sensor.load": Sensor("0.9", now, "kW"), "sensor.solar": Sensor("3400", now - timedelta(seconds=30))}
        place.changes |= NO_POWERWALL | {"ENERGY_MONITOR_TYPE": "home_assistant", "HOME_ASSISTANT_URL": ha.url}
        place.changes |= {"HOME_ASSISTANT_TOKEN": TOKEN, "HA_SOLAR_SENSOR": "sensor.solar", "HA_LOAD_SENSOR": "sensor.load"}
        place.do("run").fine()
        assert place.decision()["meter"] == {"grid_w": -2500.0, "solar_w": 3400.0, "load_w": 900.0}
        ended = place.later(10).do("run").fine_code()
        assert "meter: sensor.solar has not changed or reported for 10 min" in ended.err
        assert place.decision()["meter"] is None
        assert TOKEN not in place.do("check").out


def test_a_topic_is_the_meter(place: Home, far: Broker) -> None:
    say(far, "house/meter", {"grid": {"kw": -2.5}, "timestamp": place.world.now.isoformat()}, retain=True)
    place.changes |= NO_POWERWALL | {"ENERGY_MONITOR_TYPE": "mqtt", "MQTT_URL": far.url, "MQTT_POWER_UNIT": "kW"}
    place.changes["MQTT_GRID_TOPIC"] = "house/meter grid.kw"
    place.do("run").fine()
    assert place.decision()["meter"] == {"grid_w": -2500.0}
