"""Home Assistant's sensors and a broker's topics as the house's meter, over real sockets."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from clients.home_assistant import Sensors, read_sensors
from clients.http import Http
from clients.mqtt_meter import Topics, read_topics
from config_home_assistant import entity, topic_source
from errors import AmpshiftError, BadAnswer, LoginDead, NoAnswer, NotConfigured, ServerFault, Unreachable
from model import MeterReading, Missing
from simulator.broker import Broker
from simulator.faults import BUSY_503, CUT, GARBAGE
from simulator.home_assistant import TOKEN, HomeAssistant, Sensor
from tests.brokers import broker, say
from tests.builders import EVENING

GRID, SOLAR, LOAD = entity("sensor.grid"), entity("sensor.solar"), entity("sensor.load")
LISTEN_S = 0.4
JUST_GRID = Sensors(GRID, None, None)
JUST_NOW, LONG_AGO = EVENING - timedelta(seconds=20), EVENING - timedelta(minutes=6)


@pytest.fixture
def far() -> Iterator[HomeAssistant]:
    with HomeAssistant() as server:
        yield server


def read(far: HomeAssistant, sensors: Sensors = JUST_GRID, token: str = TOKEN) -> MeterReading:
    http = Http()
    try:
        return read_sensors(far.url, token, sensors, http, EVENING)
    finally:
        http.close()


def test_watts_of_the_grid_with_the_time_at_which_they_were_measured(far: HomeAssistant) -> None:
    far.sensors["sensor.grid"] = Sensor("-2450.5", JUST_NOW)
    found = read(far)
    assert (found.grid_w, found.at) == (-2450.5, JUST_NOW)


def test_kilowatts_are_converted_and_a_minus_turns_the_sign_round(far: HomeAssistant) -> None:
    far.sensors["sensor.grid"] = Sensor("2.5", JUST_NOW, unit="kW")
    assert read(far, Sensors(entity("-sensor.grid"), None, None)).grid_w == -2500.0


def test_the_grid_is_what_the_house_draws_less_the_sun(far: HomeAssistant) -> None:
    far.sensors |= {"sensor.load": Sensor("900", JUST_NOW), "sensor.solar": Sensor("3.4", JUST_NOW - timedelta(seconds=30), "kW")}
    found = read(far, Sensors(None, SOLAR, LOAD))
    assert (found.grid_w, found.solar_w, found.load_w) == (-2500.0, 3400.0, 900.0)
    assert found.at == JUST_NOW - timedelta(seconds=30)


def test_an_inverter_that_draws_power_at_night_is_no_negative_sun(far: HomeAssistant) -> None:
    far.sensors |= {"sensor.load": Sensor("900", JUST_NOW), "sensor.solar": Sensor("-6", JUST_NOW)}
    assert read(far, Sensors(None, SOLAR, LOAD)).grid_w == 900.0


def test_a_dead_solar_sensor_costs_nothing_where_the_grid_is_measured(far: HomeAssistant) -> None:
    far.sensors |= {"sensor.grid": Sensor("100", JUST_NOW), "sensor.solar": Sensor("unavailable", JUST_NOW)}
    found = read(far, Sensors(GRID, SOLAR, None))
    assert found.grid_w == 100.0
    assert isinstance(found.solar_w, Missing)


def test_a_value_that_does_not_change_but_is_reported_is_fresh(far: HomeAssistant) -> None:
    far.sensors["sensor.grid"] = Sensor("0", LONG_AGO, reported=JUST_NOW)
    assert read(far).at == JUST_NOW


@pytest.mark.parametrize(
    ("sensor", "why"),
    [
        (Sensor("unavailable", JUST_NOW), "sensor.grid is unavailable"),
        (Sensor("unknown", JUST_NOW), "is unknown"),
        (Sensor("", JUST_NOW), "is empty"),
        (Sensor("on", JUST_NOW), "'on', not a number"),
        (Sensor("nan", JUST_NOW), "says nan W"),
        (Sensor("1e9", JUST_NOW), "says 1e"),
        (Sensor("5", JUST_NOW, unit="kWh"), "in kWh; W or kW is needed"),
        (Sensor("5", JUST_NOW, unit="mW"), "in mW"),
        (Sensor("5", JUST_NOW, unit=None), "without a unit"),
        (Sensor("5", LONG_AGO), "not changed or reported for 6 min"),
        (Sensor("5", LONG_AGO, reported=LONG_AGO), "for 6 min"),
        (Sensor("5", EVENING + timedelta(minutes=3)), "compare the clocks"),
    ],
)
def test_a_sensor_that_cannot_be_believed_says_why(far: HomeAssistant, sensor: Sensor, why: str) -> None:
    far.sensors["sensor.grid"] = sensor
    with pytest.raises(BadAnswer, match=why):
        read(far)


def test_an_entity_that_is_not_there_is_named(far: HomeAssistant) -> None:
    with pytest.raises(BadAnswer, match=r"no sensor\.grid: correct its name"):
        read(far)


def test_a_token_that_is_not_taken_is_for_the_owner_to_mend_and_is_not_shown(far: HomeAssistant) -> None:
    with pytest.raises(LoginDead, match="HOME_ASSISTANT_TOKEN") as caught:
        read(far, token="wrong-secret")
    assert "wrong-secret" not in str(caught.value)


@pytest.mark.parametrize(("fault", "error"), [(BUSY_503, ServerFault), (GARBAGE, BadAnswer), (CUT, NoAnswer)])
def test_an_ill_home_assistant_is_an_error_of_the_tree(far: HomeAssistant, fault: object, error: type[AmpshiftError]) -> None:
    far.sensors["sensor.grid"] = Sensor("5", JUST_NOW)
    far.faults.next(9, fault)  # type: ignore[arg-type]
    with pytest.raises(error):
        read(far)


@pytest.mark.parametrize("url", ["http://example.com:8123", "http://8.8.8.8", "http://homeassistant", "http://192.168.1.5.example.com"])
def test_a_token_does_not_leave_the_own_network_in_clear_text(url: str) -> None:
    with pytest.raises(NotConfigured, match="token is not sent"):
        read_sensors(url, TOKEN, Sensors(GRID, None, None), Http(), EVENING)


# ---- topics of a broker ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mqtt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with broker(tmp_path_factory.mktemp("broker")) as running:
        yield running


def topics(mqtt: Broker, grid: str = "", solar: str = "", load: str = "", factor: float = 1.0) -> MeterReading:
    one, two, three = (topic_source(text) if text else None for text in (grid, solar, load))
    return read_topics(mqtt.address, "meter", Topics(one, two, three, factor), EVENING, LISTEN_S)


def test_a_kept_value_with_its_time_is_read_at_once(mqtt: Broker) -> None:
    say(mqtt, "a/meter", {"grid": {"power": -2.5}, "timestamp": JUST_NOW.isoformat()}, retain=True)
    began = time.monotonic()
    found = topics(mqtt, "a/meter grid.power", factor=1000.0)
    assert (found.grid_w, found.at) == (-2500.0, JUST_NOW)
    assert time.monotonic() - began < 1.0


def test_sun_and_load_are_read_side_by_side(mqtt: Broker) -> None:
    say(mqtt, "b/solar", {"w": 3000, "time": JUST_NOW.timestamp()}, retain=True)
    say(mqtt, "b/load", {"w": 500, "time": JUST_NOW.timestamp() * 1000}, retain=True)
    assert topics(mqtt, "", "b/solar w", "b/load w").grid_w == -2500.0


def test_a_value_that_is_said_while_we_listen_is_of_now(mqtt: Broker) -> None:
    timer = threading.Timer(0.1, say, (mqtt, "c/grid", "415"))
    timer.start()
    assert topics(mqtt, "-c/grid") == MeterReading(EVENING, -415.0, *topics_missing())
    timer.join()


def topics_missing() -> tuple[Missing, Missing, Missing]:
    return Missing("meter", "not measured"), Missing("meter", "not set"), Missing("meter", "not set")


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        ("415", "nobody says how old it is"),
        ({"w": 415, "timestamp": LONG_AGO.isoformat()}, "not changed or reported for 6 min"),
        ({"w": "415", "timestamp": JUST_NOW.isoformat()}, "there is no number at w"),
        ("NaN", "nobody says how old"),
        ("off", "no number and no JSON"),
    ],
)
def test_a_topic_that_cannot_be_believed_says_why(mqtt: Broker, payload: object, why: str) -> None:
    key = " w" if isinstance(payload, dict) else ""
    say(mqtt, "d/grid", payload, retain=True)
    with pytest.raises(BadAnswer, match=why):
        topics(mqtt, f"d/grid{key}")


def test_a_topic_where_nobody_speaks_is_waited_for_as_long_as_was_said(mqtt: Broker) -> None:
    began = time.monotonic()
    with pytest.raises(BadAnswer, match="e/grid: nothing was said there within 3 s"):
        topics(mqtt, "e/grid")
    assert LISTEN_S <= time.monotonic() - began < LISTEN_S + 1


def test_a_broker_that_is_off_is_unreachable(tmp_path: Path) -> None:
    with broker(tmp_path) as gone:
        pass
    with pytest.raises(Unreachable, match="is the broker on"):
        topics(gone, "a/grid")


def test_a_topic_that_the_brokers_rules_forbid_is_named(tmp_path: Path) -> None:
    with broker(tmp_path, rules="topic write #\n") as strict, pytest.raises(BadAnswer, match="a/grid"):
        topics(strict, "a/grid")
