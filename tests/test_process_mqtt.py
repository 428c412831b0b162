"""scheduler.py publishes to a real Mosquitto, process after process, and reads Home Assistant's sensors and topics as its meter."""

from __future__ import annotations

import socket
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from model import Override, Word
from simulator.broker import Broker
from simulator.faults import HANG
from simulator.home_assistant import TOKEN, HomeAssistant, Sensor
from simulator.house import HOME, HouseSpec, World
from simulator.houses import BLUE, ZONE
from simulator.network import Network
from simulator.notify_server import NotifyServer
from simulator.owner import Act
from state.files import boot_id
from state.store import Store
from tests.brokers import Listener, broker, say, until
from tests.home_assistant_fields import wrong
from tests.process import Home, Warm

NO_POWERWALL = {"POWERWALL_URL": None, "POWERWALL_PASSWORD": None, "POWERWALL_FINGERPRINT": None, "ENERGY_MONITOR_URL": None}
LOGIN = ("ampshift", "s3cr3t-of-the-broker")


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
        place.changes |= {"MQTT_URL": strict.url.replace("//", f"//{LOGIN[0]}:{LOGIN[1]}@"), "MQTT_USER": None, "MQTT_PASSWORD": None}
        told = place.do("check").out
        assert f"ok      mqtt: {strict.url}" in told
        assert LOGIN[1] not in told
        assert "MQTT_URL" in next(line for line in told.splitlines() if line.startswith("WARNING"))  # .env is open to everybody here


def test_the_words_of_the_terminal_are_published_too(place: Home, far: Broker) -> None:
    place.changes["MQTT_URL"] = far.url
    place.do("override", "charge-now", "--amps", "16").fine()
    place.do("run").fine_code()
    assert kept(far)["ampshift/words"]["words"] == [{"car": None, "word": "charge-now", "amps": 16, "until": None}]


def test_a_word_that_was_said_during_the_cycle_is_not_taken_back_at_the_broker(place: Home, far: Broker) -> None:
    """The owner speaks after the look, while the heartbeat's far end keeps the cycle waiting."""
    with NotifyServer() as slow:
        place.changes |= {"MQTT_URL": far.url, "HEARTBEAT_URL": slow.ping}
        slow.faults.next(1, HANG)
        place.runner.begin(*place.arguments("run"))
        until(lambda: bool(slow.server.log), "the heartbeat")
        word = Override(None, Word.HANDS_OFF, None, None, place.world.now.astimezone(UTC))
        store = Store(place.data, place.run_dir, ZONE, place.world.now, "test", boot_id(), time.sleep)
        store.change_overrides(lambda old: replace(old, words=(word,)))
        slow.server.closing.set()  # the hung answer ends, and with it the telling
        place.runner.end()
    assert [one["word"] for one in kept(far)["ampshift/words"]["words"]] == ["hands-off"]


# ---- sensors in -----------------------------------------------------------------------------------------------------------------


def test_home_assistants_sensors_are_the_meter(place: Home) -> None:
    with HomeAssistant() as ha:
        now = place.world.now
        ha.sensors |= {"sensor.load": Sensor("0.9", now, "kW"), "sensor.solar": Sensor("3400", now - timedelta(seconds=30))}
        place.changes |= NO_POWERWALL | {"ENERGY_MONITOR_TYPE": "home_assistant", "HOME_ASSISTANT_URL": ha.url}
        place.changes |= {"HOME_ASSISTANT_TOKEN": TOKEN, "HA_SOLAR_SENSOR": "sensor.solar", "HA_LOAD_SENSOR": "sensor.load"}
        place.do("run").fine()
        assert place.decision()["meter"] == {"grid_w": -2500.0, "solar_w": 3400.0, "load_w": 900.0}
        with closing(sqlite3.connect(place.data / "history.sqlite")) as history:
            rows = history.execute("SELECT grid_w, solar_w, battery_w, load_w FROM house").fetchall()
        assert rows == [(-2500.0, 3400.0, None, 900.0)]
        ended = place.later(10).do("run").fine_code()
        assert "meter: sensor.solar has not changed or reported for 10 min" in ended.err
        assert place.decision()["meter"] is None
        assert TOKEN not in place.do("check").out


def test_a_car_follows_the_sun_by_home_assistants_sensors_alone(tmp_path: Path, warm: Warm) -> None:
    """Panels and no Powerwall: what is exported at noon goes into the car, and hardly anything is bought for it."""
    noon = datetime(2027, 4, 9, 11, 0, tzinfo=ZONE)
    world = World(HouseSpec(zone=ZONE, home=HOME, solar_kw=7.0), (BLUE,), noon - timedelta(minutes=3))
    for car in world.cars.values():
        car.soc = 60.0
    world.do(Act(world.now, "plug"))
    world.advance(noon)
    with Network(world) as network, HomeAssistant(world=world) as ha:
        place = Home(tmp_path, world, network, warm)
        place.changes |= {"ENERGY_MONITOR_URL": None, "ENERGY_MONITOR_TYPE": "home_assistant", "HOME_ASSISTANT_URL": ha.url}
        place.changes |= {"HOME_ASSISTANT_TOKEN": TOKEN, "HA_SOLAR_SENSOR": "sensor.solar_power", "HA_LOAD_SENSOR": "sensor.house_power"}
        place.changes |= {"DEPARTURE_TIME": "none", "SOLAR_KWP": None, "TARIFF": "free-nights:21:00-06:00@0.24"}
        reasons, bought = set(), []
        for _ in range(16):
            place.do("run").fine_code()
            cars = place.decision()["cars"]
            assert isinstance(cars, list)
            reasons |= {reason["code"] for reason in cars[0]["reasons"]}
            place.later(5)
            bought.append(world.flows.grid_w)
    assert "FOLLOW_SUN" in reasons
    assert "CANNOT_FOLLOW" not in reasons
    assert max(car.soc for car in world.cars.values()) > 62.0
    assert max(bought[-6:]) < 500.0, bought


def test_a_topic_is_the_meter(place: Home, far: Broker) -> None:
    say(far, "house/meter", {"grid": {"kw": -2.5}, "timestamp": place.world.now.isoformat()}, retain=True)
    place.changes |= NO_POWERWALL | {"ENERGY_MONITOR_TYPE": "mqtt", "MQTT_URL": far.url, "MQTT_POWER_UNIT": "kW"}
    place.changes["MQTT_GRID_TOPIC"] = "house/meter grid.kw"
    place.do("run").fine()
    assert place.decision()["meter"] == {"grid_w": -2500.0}
