"""Every outside source x every illness, met by `scheduler.py once` as a real process over real sockets. In each look each source has
another illness, and the looks of a square have every pair of them; then all are ill alike, hang, or send numbers that are none."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

import config
from clients.http import Http
from cycle.desk import Desk
from cycle.real import RealHouse
from model import Place
from model_memory import Memory
from simulator.calendar_server import FEED_PATH, Entry
from simulator.faults import CUT, DROP_BEFORE, GARBAGE, HANG, Fault, Faults, Ill
from simulator.home_assistant import HomeAssistant
from simulator.house import HOME
from simulator.server import Device, Loopback, Reply, Request, reply
from tests.process import EVENING, Ended, Home, Warm, home

HOUR = timedelta(hours=1)
DENTIST = "12 Harbor Road, Bay Town"
TARIFF_KEY, FEED = "hush-hush-tariff", FEED_PATH.split("/")[4]
CLOUD: dict[str, str | None] = {"POWERWALL_URL": None, "POWERWALL_PASSWORD": None, "POWERWALL_FINGERPRINT": None, "POWERWALL_SITE": "auto"}
RATES = {"code": "EV", "energy_charges": {"All": {"rates": {"ALL": 0.3}}}}
SEASONS = {"seasons": {"All": {"fromMonth": 1, "fromDay": 1, "toMonth": 12, "toDay": 31, "tou_periods": {}}}}

FAULTS = {
    "a wrong key": Fault(Ill.STATUS, 401, '{"detail": "Invalid API key"}'),
    "not allowed": Fault(Ill.STATUS, 403, '{"error": {"code": 403, "message": "Forbidden"}}'),
    "nothing there": Fault(Ill.STATUS, 404, "nothing here"),
    "too many": Fault(Ill.STATUS, 429, "Retry in 30 seconds", {"Retry-After": "30"}),
    "ill": Fault(Ill.STATUS, 500, "internal server error"),
    "busy": Fault(Ill.STATUS, 503, "upstream connect error"),
    "moved": Fault(Ill.STATUS, 302, "", {"Location": "http://127.0.0.1:9/elsewhere"}),
    "hangs up": DROP_BEFORE,
    "half": CUT,
    "garbage": GARBAGE,
    "empty": Fault(Ill.STATUS, 200, ""),
    "null": Fault(Ill.STATUS, 200, "null"),
    "a list": Fault(Ill.STATUS, 200, "[1, NaN, {}]"),
}
# what the owner is told at least, where a source does not say it in better words of its own
SAID = {
    "a wrong key": ("401", "HOME_ASSISTANT_TOKEN", "Google no longer accepts"),
    "not allowed": ("403", "HOME_ASSISTANT_TOKEN", "share it with"),
    "nothing there": ("404", "share it with", "has no sensor", "no clamp"),
    "too many": ("429",),
    "ill": ("500",),
    "busy": ("503",),
    "moved": ("302", "is no answer", "check the URL", "No connection"),  # an iCal address may move, within limits
    "hangs up": ("no whole answer", "No whole answer"),
    "half": ("no whole answer", "No whole answer", "breaks off"),
}
WORTHLESS = (
    "no whole JSON",
    "is no answer",
    "holds no",
    "sent no",
    "not the JSON object",
    "no list",
    "no clamp",
    "not been read",
    "no usable",
)


@dataclass(frozen=True)
class Source:
    """`row`: how the name in decision.sources begins that must say so; "": another source stands in. `path`: of its requests. `secret`:
    what the owner trusts it with, and what an ill server may repeat."""

    faults: Faults
    path: str
    row: str
    secret: str = ""


@dataclass
class Far:
    """Everything that can be asked, in two houses: `keys` has each key, `plain` none, and the rate plan of the Tesla app."""

    place: Home
    prices: Loopback
    meter: HomeAssistant
    google: str
    looks: int = 0

    @property
    def houses(self) -> Mapping[str, dict[str, str | None]]:
        network, far = self.place.network, {"POWERWALL_URL": None, "POWERWALL_PASSWORD": None, "POWERWALL_FINGERPRINT": None}
        token = {"HOME_ASSISTANT_URL": self.meter.server.url, "HOME_ASSISTANT_TOKEN": self.meter.token}
        meter = {"ENERGY_MONITOR_URL": None, "ENERGY_MONITOR_TYPE": "home_assistant", "HA_GRID_SENSOR": "sensor.grid_power", **token}
        google = {"GOOGLE_CREDENTIALS": self.google, "GOOGLE_CALENDARS": "owner@example.com"}
        google |= {"GOOGLE_TOKEN_URL": network.calendar.token_url, "GOOGLE_CALENDAR_URL": network.calendar.url}
        plain = {**CLOUD, **google, "TARIFF": "powerwall", "GRID_STATUS_API_KEY": None, "GOOGLE_MAPS_API_KEY": None}
        return {"keys": {**far, **meter, **google, "TARIFF": f"{self.prices.url}/prices?key={TARIFF_KEY}"}, "plain": plain}

    def sources(self, house: str) -> tuple[Source, ...]:
        network = self.place.network
        calendar, roads, operators = (server.server.faults for server in (network.calendar, network.roads, network.operators))
        if house == "keys":
            return (
                Source(calendar, "/calendar/v3", "calendar owner"),
                Source(roads, "/distanceMatrix", "roads", str(network.roads.env()["GOOGLE_MAPS_API_KEY"])),
                Source(network.weather.server.faults, "", "weather"),
                Source(network.gridstatus.server.faults, "", "", str(network.gridstatus.key)),
                Source(operators, "", "grid alerts"),
                Source(self.prices.faults, "", "tariff prices", TARIFF_KEY),
                Source(self.meter.faults, "", "meter", self.meter.token),
            )
        return (
            Source(calendar, "/calendar/ical", "calendar 1", FEED),
            Source(roads, "/geocoder", ""),
            Source(roads, "/search", "roads"),
            Source(operators, "/outlook", ""),
            Source(operators, "/oasis", "load forecast"),
            Source(network.weather.server.faults, "", "weather"),
            Source(self.place.world.faults["shelly"], "", "meter"),
            Source(network.fleet.server.faults, "energy_sites", "powerwall cloud", str(network.fleet.token)),
        )

    def look(self, house: str, ills: Mapping[Source, Fault]) -> tuple[Home, Ended]:
        """From nothing: no cache tells what was read before. At most as long as a look may take."""
        for source in (*self.sources("keys"), *self.sources("plain")):
            source.faults.clear()
        for source, fault in ills.items():
            body = f"{fault.body} {source.secret}" if fault.status >= 400 else fault.body
            source.faults.next(10_000, replace(fault, body=body), source.path)
        self.looks += 1
        place = replace(self.place, folder=self.place.folder / str(self.looks), changes=self.place.changes | self.houses[house])
        place.folder.mkdir()
        began = time.monotonic()
        ended = place.do("--json", "once")
        assert time.monotonic() - began < 23, "a look has 20 s"
        return place, ended


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    folder = tmp_path_factory.mktemp("matrix")
    rows = [{"start": (EVENING + i * HOUR).isoformat(), "price": 0.11 if 6 <= i < 10 else 0.41} for i in range(30)]
    with Warm(folder) as warm, home(folder / "home", warm) as place, HomeAssistant(world=place.world) as meter:
        network = place.network
        network.calendar.entries = [Entry("Dentist", EVENING + 15 * HOUR, EVENING + 16 * HOUR, DENTIST)]
        network.roads.spots[DENTIST] = Place(HOME.lat + 0.6, HOME.lon)
        network.fleet.server.device = with_rates(network.fleet.server.device)
        key = folder / "key.json"
        key.write_text(network.calendar.service_account())
        key.chmod(0o600)
        place.changes = {"DEPARTURE_TIME": "07:30", "READY_SOC": "50", "SOLAR_CHARGING": "on"}
        prices = Loopback(lambda _request: reply(200, {"prices": rows}))
        yield Far(place, prices, meter, str(key))
        prices.close()


def with_rates(device: Device) -> Device:
    """The owner has entered his prices in the Tesla app."""

    def answer(request: Request) -> Reply:
        given = device(request)
        if not request.path.endswith("site_info") or given.status != 200:
            return given
        body = json.loads(given.body)
        body["response"]["tariff_content_v2"] = {**RATES, **SEASONS}
        return reply(200, body)

    return answer


def decided(far: Far, place: Home, ended: Ended) -> dict[str, dict[str, object]]:
    """What each source said, of a look that ended as it should whatever was ill."""
    assert (ended.code, ended.err) == (0, ""), ended.err
    data = json.loads(ended.out)
    (car,) = data["cars"]
    assert data["summary"]
    assert all(reason["text"] and reason["code"] for reason in car["reasons"])
    assert car["reasons"]
    assert car["plan"], "a plan there is always"
    assert all(math.isfinite(slot["kwh"]) for slot in car["plan"])
    secrets = {source.secret for house in far.houses for source in far.sources(house)} | {"PRIVATE KEY", "simulated-access"}
    written = {name: body.decode("utf-8", "replace") for name, body in place.files().items()} | {"out": ended.out}
    assert not [(name, one) for name, text in written.items() for one in secrets if one and one in text]
    found = data["sources"]
    assert isinstance(found, dict)
    return found


def whys(sources: dict[str, dict[str, object]], row: str) -> str:
    ill = [str(one["why"]) for name, one in sources.items() if name.startswith(row) and not one["ok"]]
    assert ill, f"{row} is not said to be ill: {sources}"
    return " ".join(ill)


@pytest.mark.parametrize("house", ["keys", "plain"])
def test_with_all_well_nothing_is_missing(house: str, far: Far) -> None:
    place, _ = far.look(house, {})
    sources = decided(far, place, place.do("--json", "once"))  # a rate plan is known from the second look on
    assert [name for name, one in sources.items() if not one["ok"]] == []
    rows = {source.row for source in far.sources(house)}
    assert not [row for row in rows if not any(name.startswith(row) for name in sources)]


@pytest.mark.parametrize("turn", range(len(FAULTS)))
@pytest.mark.parametrize("house", ["keys", "plain"])
def test_each_source_says_what_ails_it_and_the_car_is_planned_whatever_it_is(house: str, turn: int, far: Far) -> None:
    names = list(FAULTS)
    ills = {source: names[(number + turn) % len(names)] for number, source in enumerate(far.sources(house))}
    sources = decided(far, *far.look(house, {source: FAULTS[ill] for source, ill in ills.items()}))
    for source, ill in ills.items():
        if source.row:
            why = whys(sources, source.row)
            assert any(words in why for words in SAID.get(ill, WORTHLESS)), f"{source.row}, {ill}: {why}"


@pytest.mark.parametrize(("house", "ill"), [("keys", "busy"), ("plain", "busy"), ("plain", "hang")])
def test_all_of_them_at_once_are_met_within_the_look(house: str, ill: str, far: Far) -> None:
    fault = HANG if ill == "hang" else FAULTS[ill]
    sources = decided(far, *far.look(house, dict.fromkeys(far.sources(house), fault)))
    for source in far.sources(house):
        assert not source.row or source.row == "roads" or whys(sources, source.row)  # without a calendar no road is asked for


Change = Callable[[object], object]


def leaves(change: Change) -> Change:
    """Each number and text of a JSON body, by turns."""
    turns = iter(range(10**9))

    def walk(value: object) -> object:
        if isinstance(value, dict):
            return {name: walk(one) for name, one in value.items()}
        if isinstance(value, list):
            return [walk(one) for one in value]
        return change(value) if isinstance(value, float | int) and not isinstance(value, bool) and next(turns) % 3 == 1 else value

    return walk


def lists(change: Callable[[list[object]], list[object]]) -> Change:
    def walk(value: object) -> object:
        if isinstance(value, dict):
            return {name: walk(one) for name, one in value.items()}
        return change([walk(one) for one in value]) if isinstance(value, list) else value

    return walk


STRANGE: dict[str, Change] = {
    "bare NaN": leaves(lambda _one: math.nan),
    "endless": leaves(lambda _one: math.inf),
    "null": leaves(lambda _one: None),
    "texts": leaves(str),
    "huge": leaves(lambda _one: 1e300),
    "gaps": lists(lambda rows: [row for number, row in enumerate(rows) if number % 3 != 1]),
    "doubled": lists(lambda rows: [row for row in rows for _ in range(2)]),
    "backwards": lists(lambda rows: rows[::-1]),
    "objects": lists(lambda rows: [{"of": row} for row in rows]),
}


@pytest.mark.parametrize("house", ["keys", "plain"])
@pytest.mark.parametrize("name", STRANGE)
def test_numbers_that_are_none_gaps_and_doubled_hours_lead_to_a_decision_with_finite_numbers(name: str, house: str, far: Far) -> None:
    network = far.place.network
    servers = [one.server for one in (network.calendar, network.roads, network.operators, network.weather, network.gridstatus, far.meter)]
    kept = {server: server.device for server in (*servers, far.prices)}
    try:
        for server, device in kept.items():
            server.device = strange(device, STRANGE[name])
        decided(far, *far.look(house, {}))
    finally:
        for server, device in kept.items():
            server.device = device


def strange(device: Device, change: Change) -> Device:
    def answer(request: Request) -> Reply:
        given = device(request)
        try:
            body = json.loads(given.body)
        except ValueError:
            return given  # no JSON: zipped tables and calendars have their own tests
        return replace(given, body=json.dumps(change(body)).encode())

    return answer


A_DAY = {  # at most; GridStatus keeps its 250 a month by waiting ever longer, and by its count
    "gridstatus": 5 * 5,  # five series, each asked at once and after 1, 3, 7 and 15 h
    "weather": 100,  # of 10,000
    "roads": 100,
    "calendar": 2 * 24 * 4 * 2,
    "operators": 24 * 6,
    "prices": 24 * 3,
}


def briefly(seconds: float) -> None:
    """The pace between two requests needs no real time, but a writer that waits for the lock of the cache does."""
    time.sleep(min(seconds, 0.02))


def test_a_day_of_dead_sources_uses_up_no_quota_and_no_patience(far: Far) -> None:
    place, _ = far.look("keys", dict.fromkeys(far.sources("keys"), FAULTS["null"]))
    settings, network = config.load(place.env_file(), {}, place.state, root=place.folder), place.network
    servers = {name: getattr(network, name).server for name in ("gridstatus", "weather", "roads", "calendar", "operators")}
    servers |= {"prices": far.prices}
    before = {name: len(server.log) for name, server in servers.items()}
    http = Http()  # patient: a busy machine is no fault of a source
    for minutes in range(30, 24 * 60, 30):
        desk = Desk(settings, EVENING + timedelta(minutes=minutes), briefly)
        desk.__dict__["http"] = http
        RealHouse(settings, desk.store, desk.cache, desk.spend, http, desk.login, desk.market).look(Memory(), desk.now)
    http.close()
    asked = {name: len(server.log) - before[name] for name, server in servers.items()}
    assert not {name: count for name, count in asked.items() if count > A_DAY[name]}, asked
    assert all(asked[name] for name in ("weather", "calendar", "operators")), "the dead are asked again now and then"
