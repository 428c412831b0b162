"""What decision.json tells of the coming hours for the page; nothing decides by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cycle.outlook import AHEAD, outlook, seen, trips
from model import SLOT, Missing, Point, Series, Trip
from model_decision import Decision, Snapshot
from model_memory import Memory
from planners.decide import decide
from simulator.house import World
from simulator.houses import ZONE, sunny_house
from simulator.memory_house import MemoryHouse
from simulator.owner import Act
from simulator.page_house import NOW, PageHouse


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Snapshot, Decision, PageHouse]:
    kit = PageHouse(tmp_path_factory.mktemp("outlook"))
    world = sunny_house(NOW)
    world.do(Act(NOW, "plug"))
    world.advance(NOW + timedelta(minutes=5))
    settings = kit.settings(world)
    snapshot = MemoryHouse(world, settings).look(Memory(), world.now)
    return world, snapshot, decide(snapshot, settings), kit


def test_it_reaches_48_hours_whatever_the_plan_needs_and_columns_are_as_long_as_each_other(
    looked: tuple[World, Snapshot, Decision, PageHouse],
) -> None:
    world, snapshot, decision, kit = looked
    found = outlook(decision, snapshot, kit.settings(world))
    columns = [column for column in found.values() if isinstance(column, list)]
    assert {len(column) for column in columns} == {round(AHEAD / SLOT) + (1 if snapshot.now.minute % 15 else 0)}
    assert found["start"] == "2026-12-09T20:45:00-08:00"
    assert {"price", "value", "forecast", "load"} <= set(found)


def test_what_nobody_forecasts_is_absent_and_gaps_are_null(looked: tuple[World, Snapshot, Decision, PageHouse]) -> None:
    world, snapshot, decision, kit = looked
    settings = kit.settings(world)
    dark = replace(snapshot, sun=Missing("sun", "none"), house_load=Missing("house", "none"))
    assert {"sun_w", "house_w"} & set(outlook(decision, dark, settings)) == set()
    start = snapshot.now.replace(minute=0) + timedelta(hours=1)
    points = (Point(start, start + SLOT, 10.0), Point(start + 2 * SLOT, start + 3 * SLOT, 30.0))
    found = outlook(decision, replace(snapshot, sun=Series("roof", "W", snapshot.now, points)), settings)["sun_w"]
    assert isinstance(found, list)
    assert found[:6] == [None, 10.0, None, 30.0, None, None]


def test_trips_come_nearest_first_in_the_owners_time(looked: tuple[World, Snapshot, Decision, PageHouse]) -> None:
    _, snapshot, _, _ = looked
    near, far = (Trip(snapshot.now + timedelta(hours=hours), 20.0, 30.0, text) for hours, text in ((5, "near"), (20, "far")))
    found = trips(replace(snapshot, trips=(far, near)), ZONE)
    assert [trip["text"] for trip in found] == ["near", "far"]
    assert found[0]["leave"] == "2026-12-10T01:50:00-08:00"
    assert found[0]["km"] == 40.0
    assert trips(replace(snapshot, trips=Missing("calendar", "dead")), ZONE) == []


def test_the_connectors_own_measurement_beats_what_the_car_said(looked: tuple[World, Snapshot, Decision, PageHouse]) -> None:
    _, snapshot, decision, _ = looked
    car = decision.cars[0]
    assert seen(car, replace(snapshot, cars=()))["power_w"] is None
    told = seen(car, snapshot)
    assert told["limit_soc"] == 80
    assert told["charging"] == "Charging"
    assert isinstance(told["power_w"], int)
    assert told["power_w"] > 1000
