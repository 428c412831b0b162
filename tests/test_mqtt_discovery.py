"""What Home Assistant is told: each discovery message against its published fields, and each template against what is published."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jinja2
import pytest

from clients.mqtt import Message
from config import Settings
from cycle.mqtt_discovery import buttons, sensors
from cycle.mqtt_state import LONGEST, states
from cycle.mqtt_topics import words_message
from model import Code, Missing, Overrides, Reason, Trip
from model_decision import Decision, PlanSlot, Snapshot, SourceState
from planners.decide import decide
from tests import builders
from tests.builders import EVENING, VIN, VIN_2
from tests.home_assistant_fields import wrong

CARS = {VIN: "Blue"}
TWO = {VIN: "Blue", VIN_2: "Red"}


def templates() -> jinja2.Environment:
    """As Home Assistant renders: a value that is missing is an empty text, null is None."""
    found = jinja2.Environment(autoescape=False)
    found.globals["now"] = lambda: datetime(2026, 12, 9, tzinfo=UTC)
    found.filters["tojson"] = json.dumps
    return found


def house(**options: str) -> tuple[Decision, Snapshot, Settings]:
    settings = builders.settings(MQTT_URL="mqtt://127.0.0.1", **options)
    snapshot = replace(builders.snapshot(), charger=builders.report(builders.charger()))
    return decide(snapshot, settings), snapshot, settings


def everything(cars: Mapping[str, str] = CARS, **options: str) -> list[Message]:
    _, snapshot, settings = house(**options)
    assert not isinstance(snapshot.charger, Missing)
    return [*sensors(cars, snapshot.charger.chargers, settings), *buttons(cars, settings)]


@pytest.mark.parametrize("cars", [CARS, TWO, {}])
def test_each_message_is_as_home_assistants_pages_ask(cars: Mapping[str, str]) -> None:
    found = {message.topic: wrong(message.topic, message.payload) for message in everything(cars)}
    assert len(found) > 15
    assert not {topic: lines for topic, lines in found.items() if lines}


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"unit_of_measurement": "kW"}, "battery is not counted in kW"),
        ({"state_class": "total"}, "battery cannot be total"),
        ({"stat_t": "x"}, "stat_t: no field"),
        ({"device": {"name": "x"}}, "device without identifiers"),
        ({"origin": {}}, "origin without a name"),
        ({"expire_after": 0.5}, "expire_after is no whole number"),
    ],
)
def test_the_check_finds_what_home_assistant_would_refuse(change: Mapping[str, object], line: str) -> None:
    message = next(one for one in everything() if one.topic.endswith("/soc/config"))
    assert any(line in found for found in wrong(message.topic, json.dumps({**json.loads(message.payload), **change})))


def test_all_of_it_is_retained_under_the_prefix_and_no_two_things_have_one_id() -> None:
    found = everything(TWO, MQTT_TOPIC="home/ampshift", MQTT_DISCOVERY="ha")
    ids = [json.loads(message.payload)["unique_id"] for message in found]
    assert len(set(ids)) == len(ids)
    assert len({message.topic for message in found}) == len(found)
    assert all(message.retain and message.topic.startswith("ha/") for message in found)


def test_without_discovery_home_assistant_is_told_nothing() -> None:
    assert everything(TWO, MQTT_DISCOVERY="off") == []


def test_each_sensor_finds_its_value_in_what_a_cycle_publishes() -> None:
    decision, snapshot, settings = house()
    told = [*states(decision, snapshot, ("meter: gone",), settings), words_message(Overrides(solar=True), settings)]
    published = {message.topic: json.loads(message.payload) for message in told}
    values = {}
    for message in everything():
        config = json.loads(message.payload)
        if "state_topic" in config:
            data = published[config["state_topic"]]
            values[config["unique_id"]] = templates().from_string(config["value_template"]).render(value_json=data)
        if "json_attributes_template" in config:
            data = published[config["json_attributes_topic"]]
            assert isinstance(json.loads(templates().from_string(config["json_attributes_template"]).render(value_json=data)), dict)
    assert values["ampshift_000001_soc"] == "50"
    assert values["ampshift_000001_action"] == "wait"
    assert values["ampshift_problems"] == "ON"
    assert values["ampshift_alarms"] == "OFF"
    assert values["ampshift_solar"] == "ON"
    assert datetime.fromisoformat(values["ampshift_at"]) == EVENING
    assert all(value not in ("", "None") for key, value in values.items() if not key.endswith(("cost", "energy_kwh")))
    assert all(len(value) <= 255 for value in values.values())


@pytest.mark.parametrize("cars", [CARS, TWO])
def test_each_button_says_what_the_bridge_understands(cars: Mapping[str, str]) -> None:
    words = set()
    for message in everything(cars):
        config = json.loads(message.payload)
        for value in (config[key] for key in ("payload_on", "payload_off") if key in config):
            words.add(json.dumps(json.loads(value)))
        if "command_template" in config:
            template = templates().from_string(config["command_template"])
            said = json.loads(template.render(value=config.get("payload_on", "PRESS")))
            assert said["at"] == 1796774400
            assert config["availability_topic"] == "ampshift/bridge"
            assert config["retain"] is False
            words.add(f"{said['word']} {said.get('car', '')}".strip())
    assert {"charge-now 000001", "stop 000001", "hands-off 000001", "auto 000001", '{"word": "solar", "on": true}'} <= words
    assert ("stop" in words) == (len(cars) != 1)


def test_a_value_ends_after_three_cycles_and_the_last_cycles_time_stays() -> None:
    found = {message.topic.split("/")[-2]: json.loads(message.payload) for message in everything(CYCLE_MINUTES="10")}
    assert found["soc"]["expire_after"] == 1800
    assert "expire_after" not in found["at"]


def test_no_event_no_place_and_no_whole_vin_leaves_for_the_broker() -> None:
    decision, snapshot, settings = house()
    trip = Trip(builders.at("2026-12-09 09:00"), 20.0, 30.0, "Oncology", place="12 Elm Road", lost="The Willow")
    secret = Reason(decision.cars[0].reasons[0].code, "85 % for Oncology at 12 Elm Road")
    car = replace(decision.cars[0], reasons=(secret, *decision.cars[0].reasons, Reason(Code.TRIP_UNKNOWN, "Rehearsal: nobody knows where")))
    sources = (SourceState("calendar a@elm.example", False, None, "404"), SourceState("calendar 1", True, 0.0, ""))
    decision = replace(decision, cars=(car,), sources=sources, summary="Blue waits: 85 % for oncology.")
    problems = (
        "TESLA_HOME_ADDRESS=here: home is 37.02,-122.03.",
        "Oncology: no road to it",
        "the willow is not found",
        "calendar a@elm.example: 404",
    )
    told = " ".join(message.topic + message.payload for message in states(decision, replace(snapshot, trips=(trip,)), problems, settings))
    for name in ("oncology", "elm", "willow", "rehearsal", "37.02", "122.03", VIN.lower()):
        assert name not in told.lower()
    assert "TESLA_HOME_ADDRESS=here" in told
    assert "Blue: wait" in told
    assert '"calendar": false' in told


def test_a_dry_run_is_told_as_one() -> None:
    decision, snapshot, settings = house()
    told = [json.loads(states(replace(decision, dry_run=dry), snapshot, (), settings)[0].payload)["summary"] for dry in (False, True)]
    assert told[1] == f"DRY RUN: {told[0]}"


def test_a_long_text_is_cut_before_home_assistant_calls_it_unknown() -> None:
    decision, snapshot, settings = house()
    long = replace(decision, summary="x" * 400)
    state: dict[str, Any] = json.loads(states(long, snapshot, ("y" * 999,), settings)[0].payload)
    assert len(state["summary"]) == len(state["problems"][0]) == LONGEST


def test_slots_that_follow_each_other_are_one_span_and_attributes_stay_small() -> None:
    decision, snapshot, settings = house()
    slot = PlanSlot(builders.at("2026-12-09 00:00"), builders.at("2026-12-09 00:15"), 32, 1.0, 0.2, forecast=False)
    far = [replace(slot, start=slot.start + n * timedelta(minutes=15), end=slot.end + n * timedelta(minutes=15)) for n in range(4)]
    apart = [
        replace(slot, amps=10 + n % 2, start=slot.start + n * timedelta(hours=1), end=slot.end + n * timedelta(hours=1))
        for n in range(5, 90)
    ]
    car = replace(decision.cars[0], plan=(*far, *apart))
    told = json.loads(states(replace(decision, cars=(car,)), snapshot, (), settings)[1].payload)
    assert told["detail"]["plan"][0] == {"start": "2026-12-09T00:00:00-08:00", "end": "2026-12-09T01:00:00-08:00", "amps": 32, "kwh": 4.0}
    assert told["plan_text"].startswith("Wed 00:00-01:00 32 A, ")
    assert len(json.dumps(told["detail"])) < 16_000
    stopped = replace(car, reasons=(Reason(Code.OWNER_STOP, "you said stop", {}),))
    told = json.loads(states(replace(decision, cars=(stopped,)), snapshot, (), settings)[1].payload)
    assert told["plan_text"].startswith("held: Wed 00:00-01:00 32 A, ")
    told = json.loads(states(replace(decision, cars=(replace(stopped, plan=()),)), snapshot, (), settings)[1].payload)
    assert told["plan_text"] == "nothing planned"
