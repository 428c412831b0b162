"""Grid alerts: how they are seen, kept and forgotten, and that nothing is charged in one that a departure does not need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clients.caiso import ZONE as PACIFIC
from clients.ercot import Condition
from config import Settings
from cycle.alerts import alert_tasks, of_caiso, of_ercot
from cycle.timeline import timeline
from errors import ClientError
from model import Alert, Code, Missing, Point, Series
from model_decision import Action, Snapshot
from planners.alerts import ALERT, alert_at, alerted
from planners.net_load import net_load
from planners.signal import signal
from simulator.caiso_server import OperatorServer
from simulator.faults import BUSY_503
from simulator.gridstatus_server import Market
from state.cache import Cache
from state.files import Stamp
from tests import builders, grid_home
from tests.builders import EVENING, NONE, ZONE, at, decided, remembering, series, settings, snapshot

HOUR, MINUTES = timedelta(hours=1), timedelta(minutes=1)
SIX = at("2026-12-08 18:00")
FLEX = Alert("CAISO", "Flex Alert", EVENING - HOUR, at("2026-12-08 21:00"), "CAISO: Flex Alert")
NIGHT = series(at("2026-12-08 18:00"), [0.10] * 6 + [0.20] * 24)  # now is cheap, the night is dear


@pytest.mark.parametrize(
    ("status", "hour", "ends"),
    [
        (["Normal"], 16, None),
        (["Restricted Maintenance Operations"], 16, None),
        (["Transmission Emergency"], 16, None),
        (["Flex Alert"], 16, "21:00"),
        (["flex alert "], 20, "21:00"),
        (["Flex Alert"], 21, "22:00"),
        (["EEA 2"], 16, "17:00"),
        (["Restricted Maintenance Operations", "Flex Alert"], 16, "21:00"),
        (["Energy Emergency Alert Watch"], 23, "00:00"),
    ],
)
def test_what_caiso_calls_its_state_is_an_alert_or_not(status: list[str], hour: int, ends: str | None) -> None:
    now = datetime(2026, 9, 6, hour, tzinfo=PACIFIC)
    found = of_caiso(status, now)
    assert [f"{one.end.astimezone(PACIFIC):%H:%M}" for one in found] == ([ends] if ends else [])
    assert all(one.start == now and "CAISO" in one.text for one in found)


@pytest.mark.parametrize(
    ("found", "level"),
    [
        (Condition("normal", 0, "Normal: there is enough power"), None),
        (Condition("watch", 0, "Watch: reserves are low"), None),
        (Condition("conservation", 0, "Voluntary Conservation"), "conservation"),
        (Condition("normal", 0, "no conservation is asked for"), None),
        (Condition("eea", 2, "Emergency"), "EEA 2"),
    ],
)
def test_what_ercot_calls_its_condition_is_an_alert_or_not(found: Condition, level: str | None) -> None:
    assert [one.level for one in of_ercot(found, EVENING)] == ([level] if level else [])


# ---- from cycle to cycle -------------------------------------------------------------------------------------------------------


@dataclass
class Grid:
    server: OperatorServer
    folder: Path

    def look(self, now: datetime, **more: str) -> tuple[Alert, ...] | None:
        http = grid_home.http()
        cache = Cache(self.folder / "cache", Stamp(now, "test", ZONE), lambda _seconds: None)
        tasks = alert_tasks(self.settings(**more), cache, http, now)
        try:
            found = [task() for task in tasks.values()]
        finally:
            http.close()
        assert all(isinstance(one, tuple) for one in found)
        return found[0] if found else None  # type: ignore[return-value]

    def settings(self, **more: str) -> Settings:
        return settings(**{"GRID_ISO": "CAISO", "CAISO_URL": self.server.url, "ERCOT_URL": self.server.url, **more})


@pytest.fixture
def grid(tmp_path: Path) -> Iterator[Grid]:
    server = OperatorServer(Market("caiso", lambda _at: 0.1, lambda _at: 20_000.0, lambda: EVENING))
    yield Grid(server, tmp_path)
    server.close()


def test_an_alert_is_seen_within_ten_minutes_keeps_its_beginning_and_ends_with_the_status(grid: Grid) -> None:
    assert grid.look(EVENING) == ()
    grid.server.status = ["Flex Alert"]
    assert grid.look(EVENING + 5 * MINUTES) == ()
    seen = grid.look(EVENING + 10 * MINUTES)
    later = grid.look(EVENING + 25 * MINUTES)
    assert seen is not None
    assert later == seen
    assert seen[0].start == EVENING + 10 * MINUTES
    grid.server.status = ["Normal"]
    assert grid.look(EVENING + 35 * MINUTES) == ()
    assert len(grid.server.server.log) == 4


def test_an_ill_page_keeps_the_alert_to_its_end_and_is_told_only_after_a_day(grid: Grid) -> None:
    grid.server.status = ["Flex Alert"]
    grid.look(EVENING)
    grid.server.server.faults.next(999, BUSY_503)
    assert [len(grid.look(EVENING + minutes * MINUTES) or ()) for minutes in (30, 100, 165, 180)] == [1, 1, 1, 0]
    assert grid.look(EVENING + 20 * HOUR) == ()
    with pytest.raises(ClientError, match="503"):
        grid.look(EVENING + 25 * HOUR)


def test_an_ill_page_is_left_alone_for_half_an_hour(grid: Grid) -> None:
    grid.look(EVENING)
    grid.server.server.faults.next(999, BUSY_503)
    for minute in range(10, 70, 5):
        grid.look(EVENING + minute * MINUTES)
    assert len(grid.server.server.log) <= 1 + 2 * 3  # the client tries a read again by itself


def test_alerts_are_asked_for_where_they_are_told_and_wanted(grid: Grid) -> None:
    assert grid.look(EVENING, GRID_ISO="PJM") is None
    assert grid.look(EVENING, GRID_ALERTS="off") is None
    grid.server.condition = ("eea", 1)
    found = grid.look(EVENING, GRID_ISO="ERCOT")
    assert found is not None
    assert (found[0].level, found[0].end) == ("EEA 1", EVENING + HOUR)


# ---- the decision --------------------------------------------------------------------------------------------------------------


def seen(**more: Any) -> Snapshot:
    return replace(snapshot(memory=remembering(), prices=NIGHT), **more)


def test_an_alert_is_a_price_above_all_others_and_no_money() -> None:
    plain, _ = signal(seen(), settings(), EVENING + 12 * HOUR)
    slots, reasons = signal(seen(alerts=(FLEX,)), settings(), EVENING + 12 * HOUR)
    assert [slot.value for slot in slots if slot.start < FLEX.end] == [ALERT] * 12
    assert [slot.value for slot in slots if slot.start >= FLEX.end] == [slot.value for slot in plain if slot.start >= FLEX.end]
    assert [slot.price for slot in slots] == [slot.price for slot in plain]
    assert "CAISO: Flex Alert until 21:00" in next(reason.text for reason in reasons if reason.code is Code.ALERT)


def test_a_quarter_of_an_hour_that_an_alert_only_touches_counts_too() -> None:
    slots = builders.slots([0.1] * 4)
    touched = replace(FLEX, start=slots[1].start + MINUTES, end=slots[2].start + MINUTES)
    assert [slot.value for slot in alerted(slots, [touched])] == [0.1, ALERT, ALERT, 0.1]
    assert alerted(slots, [replace(FLEX, start=slots[1].start, end=slots[2].start)])[2].value == 0.1


def test_of_several_alerts_the_longest_is_named() -> None:
    short = replace(FLEX, end=EVENING + MINUTES)
    assert alert_at([short, FLEX], EVENING) == FLEX
    assert alert_at([short], EVENING + MINUTES) is None


def test_the_cheapest_hours_are_not_used_while_an_alert_lasts() -> None:
    before, during = decided(seen()).cars[0], decided(seen(alerts=(FLEX,))).cars[0]
    assert before.action is Action.CHARGE
    assert during.action is Action.WAIT
    assert during.until is not None
    assert during.until >= FLEX.end
    assert during.cost is not None
    assert during.cost < 10  # dollars, not alerts


def test_a_departure_that_would_fail_is_charged_for_all_the_same() -> None:
    car = decided(seen(alerts=(FLEX,)), DEPARTURE_TIME="21:30").cars[0]
    assert car.action is Action.CHARGE


def test_below_the_least_charge_an_alert_changes_nothing() -> None:
    low = builders.view(builders.reading(soc=12))
    car = decided(replace(seen(alerts=(FLEX,)), cars=(low,))).cars[0]
    assert (car.action, car.reasons[0].code) == (Action.CHARGE, Code.BELOW_MIN_SOC)


@pytest.mark.parametrize("options", [{"STRATEGY": "now"}, {"STRATEGY": "timer", "CHARGE_HOURS": "17:00-23:00"}, {"STRATEGY": "bands"}])
def test_strategies_that_know_no_price_wait_as_well(options: dict[str, str]) -> None:
    assert decided(seen(), **options).cars[0].action is Action.CHARGE
    car = decided(seen(alerts=(FLEX,)), **options).cars[0]
    assert (car.action, car.reasons[0].code, car.until) == (Action.WAIT, Code.ALERT, FLEX.end)


def test_the_sun_goes_to_the_neighbours_while_an_alert_lasts() -> None:
    sunny = builders.powerwall(grid_w=-6000.0, solar_w=7000.0, soc=100.0)
    noon = replace(seen(powerwall=sunny), prices=series(at("2026-12-08 18:00"), [0.30] * 6 + [0.10] * 24))
    options = {"SOLAR_HOURS": "00:00-24:00", "POWERWALL_URL": "https://127.0.0.1"}
    assert decided(noon, **options).cars[0].reasons[0].code is Code.FOLLOW_SUN
    car = decided(replace(noon, alerts=(FLEX,)), **options).cars[0]
    assert car.action is Action.WAIT
    assert Code.ALERT in [reason.code for reason in car.reasons]


def test_the_line_of_prices_still_tells_the_hours_apart_beside_an_alert() -> None:
    slots = alerted(builders.slots([0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.1, 0.1]), [replace(FLEX, start=EVENING - HOUR, end=EVENING)])
    bars = timeline(slots, (), EVENING, ZONE)[1].split()[1]
    assert len(set(bars)) == 3


# ---- net load and CO2 ----------------------------------------------------------------------------------------------------------


def hours(*values: float, start: datetime = SIX, source: str = "far") -> Series:
    return Series(source, "MW", start, tuple(Point(start + i * HOUR, start + (i + 1) * HOUR, value) for i, value in enumerate(values)))


def test_net_load_is_load_less_sun_and_wind_and_the_day_before_beyond_their_forecast() -> None:
    net = net_load(hours(*[20_000.0] * 48), hours(*range(24)), EVENING)
    assert not isinstance(net, Missing)
    assert [point.value for point in net.points] == [20_000.0 - i % 24 for i in range(48)]
    assert "net load" in net.source


@pytest.mark.parametrize("made", [NONE, hours(), hours(1.0, 2.0), hours(*[1.0] * 24, start=EVENING - timedelta(days=9))])
def test_where_too_little_is_known_of_sun_and_wind_the_load_itself_stays(made: Series | Missing) -> None:
    load = hours(*[20_000.0] * 48)
    assert net_load(load, made, EVENING) == load


def test_without_a_load_there_is_no_net_load() -> None:
    assert net_load(NONE, hours(1.0), EVENING) == NONE


def test_without_prices_the_load_less_sun_and_wind_stands_in_and_is_named() -> None:
    load = hours(*[20_000.0] * 24)
    net = net_load(load, hours(*[0.0] * 6, *[9000.0] * 3, *[0.0] * 15), EVENING)
    slots, reasons = signal(snapshot(load=net), settings(), EVENING + 12 * HOUR)
    assert min(slots, key=lambda slot: slot.value).start == net.points[6].start  # type: ignore[union-attr]
    assert "less sun and wind" in reasons[0].text


def test_the_mix_of_the_past_days_tells_the_coming_hours_and_an_old_one_does_not() -> None:
    past = hours(*[100.0 if i % 24 < 6 else 400.0 for i in range(48)], start=SIX - timedelta(days=2))
    known, _ = signal(snapshot(co2=past), settings(), EVENING + 12 * HOUR)
    assert {slot.co2 for slot in known} == {100.0, 400.0}
    late = replace(past, points=tuple(Point(p.start - timedelta(days=4), p.end - timedelta(days=4), p.value) for p in past.points))
    unknown, _ = signal(snapshot(co2=late), settings(), EVENING + 12 * HOUR)
    assert {slot.co2 for slot in unknown} == {None}
