"""Open-Meteo: the real client against the simulator's server over sockets, and what comes of its bad days. The cache keeps what it gave."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clients.http import Http
from clients.open_meteo import Panels, forecast
from config import Settings
from cycle.health import source_states
from cycle.weather import CACHE, LIGHT, last_hour, learned_house, weather_tasks, with_weather
from errors import BadAnswer, ClientError, NoAnswer, Refused, StateError, TooMany
from model import Missing, Place, Series
from model_sun import Learned, Weather
from simulator import faults
from simulator.house import HOME, HouseSpec, World
from simulator.houses import BLUE, ZONE
from simulator.open_meteo_server import OpenMeteoServer
from simulator.weather import Sky
from state.cache import Cache
from state.files import Stamp
from state.history import History
from tests.builders import at, charger, decided, powerwall, remembering, report, settings, snapshot
from tests.fake_server import Canned, FakeServer

MORNING = at("2026-12-08 06:20")
PLACE = Place(37.12345, -122.98765)
FLAT = Panels(tilt=0, azimuth=180)


@pytest.fixture
def world() -> World:
    return World(HouseSpec(zone=ZONE, home=HOME, solar_kw=5.0), (BLUE,), MORNING)


@pytest.fixture
def server(world: World) -> Iterator[OpenMeteoServer]:
    found = OpenMeteoServer(Sky(world, lambda _at: 0.0), world.faults["weather"])
    yield found
    found.close()


@pytest.fixture
def http() -> Http:
    return Http(connect_s=0.5, read_s=0.3, limit_s=0.6)


def asked(server: OpenMeteoServer) -> dict[str, str]:
    return dict(server.server.log[-1].query)


def value_at(series: Series | Missing, moment: datetime) -> float:
    assert isinstance(series, Series)
    return next(point.value for point in series.points if point.start <= moment < point.end)


def test_an_hour_of_radiation_is_the_one_before_its_time(world: World, server: OpenMeteoServer, http: Http) -> None:
    found = forecast(server.url, PLACE, FLAT, http, MORNING)
    start = at("2026-12-08 10:00")
    mean = sum(server.sky.light(start + timedelta(minutes=minute)) for minute in range(60)) / 60
    assert value_at(found.irradiance, start) == pytest.approx(mean, rel=0.02)
    assert value_at(found.temperature, start) == world.temperature(start)
    assert found.temperature.points[0].start == datetime(2026, 12, 8, tzinfo=UTC)
    assert len(found.temperature.points) == 8 * 24


def test_the_place_is_rounded_and_the_compass_turned(server: OpenMeteoServer, http: Http) -> None:
    forecast(server.url, PLACE, Panels(tilt=30, azimuth=270), http, MORNING)
    query = asked(server)
    assert (query["latitude"], query["longitude"]) == ("37.12", "-122.99")
    assert (query["tilt"], query["azimuth"]) == ("30", "90")
    forecast(server.url, PLACE, Panels(tilt=30, azimuth=90), http, MORNING)
    assert asked(server)["azimuth"] == "-90"


def test_without_panels_only_the_temperature_is_asked_for(server: OpenMeteoServer, http: Http) -> None:
    found = forecast(server.url, PLACE, None, http, MORNING)
    assert asked(server)["hourly"] == "temperature_2m"
    assert isinstance(found.irradiance, Missing)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.too_many(60), TooMany),
        (faults.HANG, NoAnswer),
        (faults.GARBAGE, BadAnswer),
        (faults.CUT, ClientError),
        (faults.Fault(faults.Ill.STATUS, 400, '{"error":true,"reason":"Tilt must be between 0 and 90"}'), Refused),
    ],
)
def test_a_bad_day_of_the_service_is_an_error_of_ours(
    server: OpenMeteoServer, http: Http, world: World, fault: faults.Fault, error: type[ClientError]
) -> None:
    world.faults["weather"].next(5, fault)
    with pytest.raises(error):
        forecast(server.url, PLACE, FLAT, http, MORNING)


HOURS = ["2026-12-08T00:00", "2026-12-08T01:00", "2026-12-08T02:00"]


def told(**hourly: Any) -> FakeServer:
    body = {"hourly": {"time": HOURS, "temperature_2m": [1.0, 2.0, 3.0], "global_tilted_irradiance": [0.0, 10.0, 20.0]} | hourly}
    return FakeServer({"/v1/forecast": Canned(body)})


@pytest.mark.parametrize(
    "hourly",
    [
        {"time": None},
        {"time": []},
        {"time": ["soon", "later", "never"]},
        {"time": list(reversed(HOURS))},
        {"time": [HOURS[0]] * 3},
        {"time": ["0001-01-01T00:00", "0001-01-01T01:00", "0001-01-01T02:00"]},
        {"time": ["9999-12-31T21:00", "9999-12-31T22:00", "9999-12-31T23:00"]},
        {"temperature_2m": [None, None, None]},
        {"temperature_2m": [1.0]},
        {"temperature_2m": "warm"},
    ],
)
def test_an_answer_that_cannot_be_used_says_so(hourly: dict[str, Any], http: Http) -> None:
    with told(**hourly) as far, pytest.raises(BadAnswer):
        forecast(far.url, PLACE, FLAT, http, MORNING)


def test_null_and_impossible_values_are_left_out(http: Http) -> None:
    with told(temperature_2m=[None, 2.0, 400.0], global_tilted_irradiance=[-3.0, True, 20.0]) as far:
        found = forecast(far.url, PLACE, FLAT, http, MORNING)
    assert [point.value for point in found.temperature.points] == [2.0]
    assert isinstance(found.irradiance, Series)
    assert [(point.value, point.end.hour) for point in found.irradiance.points] == [(20.0, 2)]


def test_without_radiation_the_temperature_counts_all_the_same(http: Http) -> None:
    with told(global_tilted_irradiance=None) as far:
        found = forecast(far.url, PLACE, FLAT, http, MORNING)
    assert isinstance(found.irradiance, Missing)
    assert len(found.temperature.points) == 3


# ---- the cache ------------------------------------------------------------------------------------------------------------------


class Shelf:
    """The cache of one house, cycle after cycle."""

    def __init__(self, folder: Path, server: OpenMeteoServer, http: Http) -> None:
        self.folder, self.server, self.http = folder, server, http
        self.settings = settings(SOLAR_KWP="5", SOLAR_TILT="0", OPEN_METEO_URL=server.url)

    def cache(self, now: datetime) -> Cache:
        return Cache(self.folder / "cache", Stamp(now, "scheduler", ZONE), lambda _seconds: None)

    def look(self, now: datetime, home: Place | Missing = PLACE, wishes: Settings | None = None) -> Weather:
        self.server.sky.world.now = now
        (task,) = weather_tasks(wishes or self.settings, self.cache(now), self.http, home, now).values()
        found = task()
        assert isinstance(found, Weather)
        return found


@pytest.fixture
def shelf(tmp_path: Path, server: OpenMeteoServer, http: Http) -> Shelf:
    return Shelf(tmp_path, server, http)


def test_a_day_of_cycles_asks_eight_times(shelf: Shelf) -> None:
    for number in range(288):
        shelf.look(MORNING + timedelta(minutes=5 * number))
    assert shelf.server.requests == 8


def test_after_a_failure_the_aged_forecast_goes_on_and_the_service_rests(shelf: Shelf, world: World) -> None:
    first = shelf.look(MORNING)
    world.faults["weather"].next(9, faults.BUSY_503)
    later = MORNING + timedelta(hours=4)
    assert shelf.look(later).fetched_at == first.fetched_at
    count = shelf.server.requests
    assert shelf.look(later + timedelta(minutes=50)).fetched_at == first.fetched_at
    assert shelf.server.requests == count
    world.faults["weather"].clear()
    assert shelf.look(later + timedelta(minutes=65)).fetched_at == later + timedelta(minutes=65)


def test_without_any_forecast_the_reason_is_kept_while_the_service_rests(shelf: Shelf, world: World) -> None:
    world.faults["weather"].next(9, faults.too_many(60))
    for minutes in (0, 5):
        with pytest.raises(ClientError, match="too many"):
            shelf.look(MORNING + timedelta(minutes=minutes))
    assert shelf.server.requests == 1


def test_other_panels_and_another_home_are_asked_for_anew(shelf: Shelf) -> None:
    shelf.look(MORNING)
    shelf.look(MORNING, wishes=replace(shelf.settings, solar_tilt=40))
    shelf.look(MORNING, Place(38.0, -121.0))
    assert shelf.server.requests == 3


def test_a_damaged_forecast_is_fetched_anew(shelf: Shelf) -> None:
    shelf.look(MORNING)
    shelf.cache(MORNING).put(CACHE, {"key": 1}, MORNING + timedelta(days=1))
    shelf.look(MORNING)
    assert shelf.server.requests == 2


@pytest.mark.parametrize("options", [{}, {"SOLAR_KWP": "5", "WEATHER": "off"}])
def test_nobody_is_asked_for_what_nothing_depends_on(options: dict[str, str], http: Http, shelf: Shelf) -> None:
    assert weather_tasks(settings(**options), shelf.cache(MORNING), http, PLACE, MORNING) == {}


def test_nobody_is_asked_while_home_is_not_known(http: Http, shelf: Shelf) -> None:
    assert weather_tasks(shelf.settings, shelf.cache(MORNING), http, Missing("config", "not learned yet"), MORNING) == {}


def test_the_age_of_the_forecast_is_told(shelf: Shelf) -> None:
    found = shelf.look(MORNING)
    (row,) = source_states({"weather": found}, {}, MORNING + timedelta(hours=2))
    assert (row.name, row.ok, row.age_s) == ("weather", True, 7200)


# ---- the history ----------------------------------------------------------------------------------------------------------------


def recorded(history: History, hours: int, start: datetime = MORNING) -> None:
    """A cycle each quarter of an hour: 3300 W of load, of which a car at 12 A takes 2880."""
    for number in range(hours * 4):
        now = start + timedelta(minutes=15 * number)
        house = powerwall(at=now, load_w=3300.0 + number % 2, solar_w=1000.0)
        wire = report(charger(actual_amps=12.0, last_seen=now), now=now)
        seen = snapshot(now=now, memory=remembering(), powerwall=house, charger=wire)
        history.record_cycle(decided(seen), seen, ())


def test_what_the_cars_drew_is_recorded_and_taken_out_of_the_house(shelf: Shelf, tmp_path: Path) -> None:
    history = History(tmp_path / "history.sqlite")
    recorded(history, 3)
    end = MORNING + timedelta(hours=3)
    assert {round(one.cars_w or 0) for one in last_hour(history.path, end)} == {2880}
    learned = learned_house(shelf.settings, shelf.cache(end), history.path, end)
    assert {round(value) for value in learned.load} <= {420, 421}
    recorded(history, 3, end)
    assert learned_house(shelf.settings, shelf.cache(end), history.path, end + timedelta(hours=3)) == learned  # kept for six hours
    later = learned_house(shelf.settings, shelf.cache(end), history.path, end + timedelta(hours=7))
    assert later.at == end + timedelta(hours=7)


def test_without_a_history_nothing_is_learned_and_none_is_made(shelf: Shelf, tmp_path: Path) -> None:
    history = History(tmp_path / "history.sqlite")
    assert learned_house(shelf.settings, shelf.cache(MORNING), history.path, MORNING) == Learned(MORNING)
    assert last_hour(history.path, MORNING) == ()
    assert not history.path.exists()


def test_a_damaged_history_stops_nothing(shelf: Shelf, tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    path.write_bytes(b"not a database" * 100)
    assert learned_house(shelf.settings, shelf.cache(MORNING), path, MORNING) == Learned(MORNING)
    assert path.read_bytes().startswith(b"not")  # the journal moves it aside, and says so


class FullDisk(Cache):
    def put(self, name: str, value: object, expires_at: datetime, secret: bool = False) -> None:
        raise StateError("state", "the disk is full")


def test_a_full_disk_costs_the_forecast_of_the_next_cycle_only(shelf: Shelf, tmp_path: Path) -> None:
    full = FullDisk(tmp_path / "cache", Stamp(MORNING, "scheduler", ZONE), lambda _seconds: None)
    (task,) = weather_tasks(shelf.settings, full, shelf.http, PLACE, MORNING).values()
    found = task()
    assert isinstance(found, Weather)
    assert isinstance(found.irradiance, Series)
    assert learned_house(shelf.settings, full, tmp_path / "none", MORNING) == Learned(MORNING)


def test_the_light_of_past_days_is_kept_for_learning(shelf: Shelf) -> None:
    shelf.look(MORNING)
    later = MORNING + timedelta(days=2)
    shelf.look(later)
    kept = shelf.cache(later).get(LIGHT)
    assert kept is not None
    assert isinstance(kept.value, dict)
    assert len(kept.value["points"]) == (2 + 8) * 24


def test_light_on_other_panels_teaches_nothing(shelf: Shelf) -> None:
    shelf.look(MORNING)
    later = MORNING + timedelta(days=2)
    shelf.look(later, wishes=replace(shelf.settings, solar_tilt=40))
    kept = shelf.cache(later).get(LIGHT)
    assert kept is not None
    assert isinstance(kept.value, dict)
    assert len(kept.value["points"]) == 8 * 24


def test_the_snapshot_has_all_three_series(shelf: Shelf) -> None:
    seen = snapshot(now=MORNING, powerwall=powerwall(at=MORNING, solar_w=0.0))
    found = with_weather(seen, shelf.look(MORNING), Learned(MORNING, load=tuple([400.0] * 672)), (), shelf.settings)
    assert value_at(found.temperature, MORNING) == shelf.server.sky.world.temperature(at("2026-12-08 06:00"))
    assert value_at(found.sun, at("2026-12-08 12:00")) == pytest.approx(0.8 * 5 * server_light(shelf), rel=0.03)
    assert value_at(found.house_load, MORNING) == 400
    without = with_weather(seen, Missing("weather", "no net"), None, (), shelf.settings)
    assert (without.sun, without.temperature) == (Missing("weather", "no net"), Missing("weather", "no net"))


def server_light(shelf: Shelf) -> float:
    return shelf.server.sky.light(at("2026-12-08 12:30"))
