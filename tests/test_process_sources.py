"""What tells of the coming days - calendar, roads, weather, grid, alerts - ill in every way, alone and together, met by the real program
over loopback sockets: one line at most, a decision in a worse step that is named, and nobody is asked again at once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from model import Place
from simulator.calendar_server import Entry, busy_life
from simulator.faults import CUT, DROP_BEFORE, GARBAGE, HANG, Fault, Ill, too_many
from simulator.house import HOME
from tests.process import EVENING, Ended, Home, Warm, home

DENTIST = "12 Harbor Road, Bay Town"
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Source:
    """`line`: how what the owner reads on stderr begins; `code`: the reason that names the worse step."""

    line: str
    code: str


SOURCES = {
    "calendar": Source("calendar", "NEED_READY"),
    "roads": Source("roads", "TRIP_UNKNOWN"),
    "weather": Source("weather", "SUN_NOT_COUNTED"),
    "gridstatus": Source("GridStatus", "PRICES"),  # California's own pages stand in
    "operators": Source("grid alerts", "PRICES"),
}
FAULTS = {
    "wrong key": Fault(Ill.STATUS, 401, '{"detail": "Invalid API key"}'),
    "not allowed": Fault(Ill.STATUS, 403, '{"error": {"code": 403, "message": "Forbidden"}}'),
    "too many": too_many(30),
    "ill": Fault(Ill.STATUS, 500, "<html>internal server error</html>"),
    "busy": Fault(Ill.STATUS, 503, "upstream connect error"),
    "hangs up": DROP_BEFORE,
    "half": CUT,
    "garbage": GARBAGE,
    "empty": Fault(Ill.STATUS, 200, ""),
    "null": Fault(Ill.STATUS, 200, "null"),
    "a list": Fault(Ill.STATUS, 200, "[1, NaN, {}]"),
}


@pytest.fixture
def place(tmp_path: Path, warm: Warm) -> Iterator[Home]:
    """A house with every source there is, and a drive tomorrow morning. Without a TARIFF the market's prices are the bill."""
    with home(tmp_path, warm) as found:
        found.network.roads.spots[DENTIST] = Place(HOME.lat + 0.6, HOME.lon)
        found.network.calendar.entries = [Entry("Dentist", EVENING + 15 * HOUR, EVENING + 16 * HOUR, DENTIST)]
        found.changes |= {"TARIFF": None, "CAR_SAFETY_SCHEDULE": "off", "SOLAR_CHARGING": "on"}
        found.changes |= {"DEPARTURE_TIME": "07:30", "READY_SOC": "50"}
        yield found


def clear(ended: Ended, lines: int, *beginnings: str) -> None:
    assert ended.code == 0, ended
    assert "Traceback" not in ended.err
    told = ended.err.splitlines()
    assert len(told) <= lines, ended.err
    assert all(any(line.startswith(beginning) for line in told) for beginning in beginnings), ended.err


def codes(place: Home) -> set[str]:
    """Every reason of the decision, and every need."""
    text = json.dumps(place.decision())
    return {word for word in text.replace('"', " ").replace(",", " ").split() if word.isupper()}


def planned(place: Home) -> bool:
    cars = place.decision()["cars"]
    assert isinstance(cars, list)
    return bool(cars[0]["need"]) and bool(cars[0]["plan"])


def asked(place: Home) -> dict[str, int]:
    network = place.network
    servers = {
        "calendar": network.calendar.server,
        "roads": network.roads.server,
        "weather": network.weather.server,
        "gridstatus": network.gridstatus.server,
        "operators": network.operators.server,
    }
    return {name: len(server.log) for name, server in servers.items()}


def test_with_all_of_them_well_the_drive_its_weather_and_the_prices_count(place: Home) -> None:
    place.do("run").fine()
    assert {"NEED_TRIP", "PRICES", "EXPECTED_SUN"} <= codes(place)
    assert not {"NIGHT_CLOCK", "SUN_NOT_COUNTED", "TRIP_UNKNOWN"} & codes(place)
    text = json.dumps(place.decision())
    assert "there and back (by road)" in text
    assert "weather not known" not in text


@pytest.mark.parametrize("ill", ["too many", "ill", "garbage"])
@pytest.mark.parametrize("name", SOURCES)
def test_an_ill_source_is_one_line_a_named_worse_step_and_is_left_alone(name: str, ill: str, place: Home) -> None:
    place.world.faults[name].next(10_000, FAULTS[ill])
    clear(place.do("run"), 1, *([SOURCES[name].line] if name != "roads" else []))
    assert planned(place)
    assert SOURCES[name].code in codes(place)
    before = asked(place)[name]
    assert before > 0
    clear(place.later(5).do("run"), 1)
    assert asked(place)[name] == before
    assert place.commands() == ["charge_stop"]


@pytest.mark.parametrize("ill", FAULTS)
def test_with_all_of_them_ill_the_car_is_planned_by_what_is_left_and_nobody_is_asked_again_at_once(ill: str, place: Home) -> None:
    for name in SOURCES:
        place.world.faults[name].next(10_000, FAULTS[ill])
    clear(place.do("run"), len(SOURCES))
    assert planned(place)
    assert {"NIGHT_CLOCK", "SUN_NOT_COUNTED", "NEED_READY"} <= codes(place)
    before = asked(place)
    clear(place.later(5).do("run"), len(SOURCES))
    assert asked(place) == before
    assert place.commands() == ["charge_stop"]


def test_when_all_of_them_hang_the_cycle_ends_in_its_time_and_soon_they_are_quick(place: Home) -> None:
    for name in SOURCES:
        place.world.faults[name].next(10_000, HANG)
    began = time.monotonic()
    clear(place.do("run"), len(SOURCES))
    assert time.monotonic() - began < 25
    assert planned(place)
    clear(place.later(5).do("run"), len(SOURCES))  # where GridStatus hung, the grid's own pages have their turn, and hang
    began = time.monotonic()
    clear(place.later(5).do("run"), len(SOURCES))
    assert time.monotonic() - began < 5
    assert place.commands() == ["charge_stop"]


def test_when_all_of_them_die_what_was_known_goes_on_and_after_a_year_it_is_not_believed(place: Home) -> None:
    place.do("run").fine()
    for name in SOURCES:
        place.world.faults[name].next(100_000, DROP_BEFORE)
    place.later(4 * 60).do("run")
    assert {"NEED_TRIP", "PRICES", "EXPECTED_SUN"} <= codes(place)
    place.world.now += timedelta(days=365)  # what the house did meanwhile is of no use here
    clear(place.do("run"), len(SOURCES) + 1)
    found = codes(place)
    assert {"NIGHT_CLOCK", "SUN_NOT_COUNTED"} <= found
    assert not {"NEED_TRIP", "PRICES", "EXPECTED_SUN"} & found


def test_a_full_calendar_a_place_nobody_knows_and_a_trip_around_the_world_stop_nothing(place: Home) -> None:
    place.network.roads.spots["Stadium, Far Land"] = Place(-40.0, -160.0)
    place.network.calendar.entries += [
        *busy_life(EVENING - 2000 * HOUR),
        Entry("Next year", EVENING + 8000 * HOUR, EVENING + 8001 * HOUR, DENTIST),
        Entry("Treasure", EVENING + 40 * HOUR, EVENING + 41 * HOUR, "under the old oak"),
        Entry("The final", EVENING + 60 * HOUR, EVENING + 62 * HOUR, "Stadium, Far Land"),
    ]
    place.do("run").fine()
    assert {"NEED_TRIP", "TRIP_UNKNOWN", "TRIP_TOO_FAR"} <= codes(place)
    text = json.dumps(place.decision())
    assert "under the old oak could not be found; write [25 km] into the event" in text
    assert "too far to drive" in text
    assert "Next year" not in text


@pytest.mark.parametrize(("dollars", "said"), [(-0.5, "-$0.500"), (5.0, "$5.000")])
def test_a_price_below_zero_and_one_at_the_markets_cap_are_prices(dollars: float, said: str, place: Home) -> None:
    place.network.gridstatus.market = replace(place.network.gridstatus.market, price=lambda _at: dollars)
    assert said in place.do("-v", "once").fine().out
    place.do("run").fine()
    assert "PRICES" in codes(place)
    assert planned(place)
