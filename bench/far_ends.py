"""`python -m bench requests [DAYS]`: how often each free service is asked in a month of five-minute cycles, with a week in it in which all
are ill in another way each day. Real sockets, real files; counted at the far end, and compared with what Ampshift counted itself."""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import config
from clients.http import Http
from cycle.desk import Desk
from cycle.market import ALLOWANCE, SERVICE
from cycle.real import RealHouse
from cycle.roads import asked_of_google
from model import Missing, Place
from model_memory import Memory
from simulator.calendar_server import Entry
from simulator.faults import BUSY_503, CUT, DROP_BEFORE, GARBAGE, HANG, Fault, Ill, too_many
from simulator.house import World
from simulator.houses import sunny_house
from simulator.network import Network
from simulator.roads_server import CENSUS, NEW, OSM
from simulator.server import Loopback

START, DAYS, CYCLE = datetime(2026, 12, 1, 0, 0, tzinfo=UTC), 31, timedelta(minutes=5)  # free months are UTC
HOUR = timedelta(hours=1)
AT = Place(40.0, -100.0)  # where the US Census is asked too
ILL_FROM = 10  # day of the month
KEY = Fault(Ill.STATUS, 401, '{"detail": "Invalid API key"}')
ILL = (too_many(60), BUSY_503, DROP_BEFORE, GARBAGE, KEY, HANG, CUT)  # one for each day of that week
SOURCES = ("gridstatus", "operators", "calendar", "roads", "weather")
OWN = ("GRID", "CAISO", "ERCOT", "SOLAR", "OPEN", "ICAL", "GOOGLE", "CENSUS", "NOMINATIM", "TIME", "TESLA_HOME", "STATE", "RUN")
ROADS, WEATHER, A_MONTH = 3000, 10_000, 2500  # ROADS_PER_MONTH by default (10,000 are free); Open-Meteo's in a day; what Nominatim bears


@dataclass(slots=True)
class Month:
    """`asked`: requests at the far end, by service; `own`: what Ampshift counted; `kinds`: how often each kind of trips was there."""

    asked: dict[str, int] = field(default_factory=dict)
    own: dict[str, int] = field(default_factory=dict)
    longest_s: float = 0.0
    warm_ms: float = 0.0
    without_trips: int = 0
    cycles: int = 0


def main(argv: Sequence[str]) -> int:
    """1 where a month is not within what is free, or our count is lower than the far end's."""
    os.environ["GSIO_SKIP_VERSION_CHECK"] = "true"
    days, bad = int(argv[0]) if argv else DAYS, False
    with ProcessPoolExecutor(2) as pool:  # side by side: both wait a good part of the time
        halves = dict(zip((True, False), pool.map(partial(month, days), (True, False)), strict=True))
    for key, found in halves.items():
        print(
            f"{'with' if key else 'without'} keys: {days} days, {found.cycles} cycles, ill from day {ILL_FROM} to {ILL_FROM + len(ILL) - 1}"
        )
        for name, most in _limits(key).items():
            asked = found.asked.get(name, 0)
            bad = bad or asked > most or asked > found.own.get(name, asked)
            counted = f", {found.own[name]} by our own count" if name in found.own else ""
            print(f"  {asked:6d} of {most:6d}  {name}{counted}{'' if asked <= most else '  MISSED'}")
        print(
            f"  a cycle that asks nobody {found.warm_ms:.1f} ms, the longest {found.longest_s:.1f} s; no trips in {found.without_trips}\n"
        )
    print("MISSED" if bad else "within what is free, and no request uncounted")
    return 1 if bad else 0


def _limits(key: bool) -> Mapping[str, int]:
    """California's own pages and the free geocoders stand in also where there are keys."""
    keyed = {"GridStatus": ALLOWANCE, "Google's roads": ROADS, "Google's requests": ROADS} if key else {}
    free = {"California's own pages": 10_000, "US Census": A_MONTH, "Nominatim": A_MONTH, "Open-Meteo": WEATHER}
    return {**keyed, **free, "calendar": 10 * 24 * DAYS}


def month(days: int, key: bool) -> Month:
    world, found, times = sunny_house(START), Month(), list[float]()
    with tempfile.TemporaryDirectory() as folder, Network(world) as network:
        settings = _settings(Path(folder), network, key)
        with _web() as http:
            while world.now < START + days * 24 * HOUR:
                _fall_ill(world)
                asked, began = sum(_asked(network).values()), time.perf_counter()
                found.without_trips += _cycle(settings, http, world.now)
                took = time.perf_counter() - began
                found.longest_s, found.cycles = max(found.longest_s, took), found.cycles + 1
                times += [took] if sum(_asked(network).values()) == asked else []
                world.now += CYCLE  # what the house does meanwhile is of no use here
        found.asked = _asked(network)
        desk = Desk(settings, world.now - CYCLE, time.sleep)
        found.own = {"GridStatus": desk.quota.used(SERVICE, ALLOWANCE), "Google's roads": asked_of_google(desk.cache, desk.now)}
    found.warm_ms = sorted(times)[len(times) // 2] * 1000
    return found


def _cycle(settings: config.Settings, http: Http, now: datetime) -> bool:
    """All that a cycle looks at; True where it found no trips at all."""
    desk = Desk(settings, now.astimezone(UTC), lambda _seconds: None)
    desk.__dict__["http"] = http
    house = RealHouse(settings, desk.store, desk.cache, desk.spend, http, desk.login, desk.market)
    seen = house.look(Memory(), desk.now)
    return isinstance(seen.trips, Missing) or not seen.trips


def _fall_ill(world: World) -> None:
    """At each midnight of that week everybody has another illness, and after it all are well."""
    day, midnight = world.now.day - ILL_FROM, world.now.hour == world.now.minute == 0
    if not midnight:
        return
    for name in SOURCES:
        world.faults[name].clear()
        if 0 <= day < len(ILL):
            world.faults[name].next(10**9, ILL[day])


def _asked(network: Network) -> dict[str, int]:
    """By service, at the far end: also what was answered by an illness."""

    def paths(server: Loopback, *parts: str) -> int:
        return sum(any(part in request.path for part in parts) for request in server.log)

    roads = network.roads
    ill = Counter(request.path for request in roads.server.log)
    return {
        "GridStatus": network.gridstatus.requests,
        "California's own pages": len(network.operators.server.log),
        "Google's roads": roads.asked[NEW],  # as Google bills them; the old API refuses this key, which costs nothing
        "Google's requests": paths(roads.server, "/distanceMatrix", "/maps/api/"),
        "US Census": max(roads.asked[CENSUS], ill["/geocoder/locations/onelineaddress"]),
        "Nominatim": max(roads.asked[OSM], ill["/search"]),
        "Open-Meteo": network.weather.requests,
        "calendar": paths(network.calendar.server, "/calendar/"),
    }


@contextmanager
def _web() -> Iterator[Http]:
    """Loopback is quick: a server that says nothing for so long hangs, and a pause before a retry is only time."""
    http = Http(connect_s=1, read_s=0.2, limit_s=2, pause_s=0)
    try:
        yield http
    finally:
        http.close()


def _settings(folder: Path, network: Network, key: bool) -> config.Settings:
    """No car and no sensor: these ask nobody with a quota. The owner's calendar has the office, a friend, and a place that nobody knows."""
    network.calendar.entries = list(_life(network))
    lines = {name: value for name, value in network.env(folder / "own").items() if name.startswith(OWN)}
    lines["TESLA_HOME_ADDRESS"] = f"{AT.lat},{AT.lon}"
    lines |= {} if key else {"GRID_STATUS_API_KEY": "", "GOOGLE_MAPS_API_KEY": ""}
    env = folder / ".env"
    env.write_text("\n".join(f"{name}={value}" for name, value in lines.items()), encoding="utf-8")
    env.chmod(0o600)
    return config.load(env, {}, folder / "state", root=folder)


def _life(network: Network) -> Iterator[Entry]:
    network.roads.spots |= {f"{number} Office Street, Bay Town": Place(AT.lat + 0.05 * number, AT.lon) for number in range(1, 9)}
    for day in range(DAYS + 7):
        morning = START + timedelta(days=day, hours=17)  # nine in California
        if morning.weekday() < 5:
            yield Entry("Office", morning, morning + 8 * HOUR, "1 Office Street, Bay Town")
        if day % 3 == 0:
            yield Entry("Friends", morning + 10 * HOUR, morning + 12 * HOUR, f"{day % 8 + 1} Office Street, Bay Town")
        if day % 10 == 5:
            yield Entry("Hike", morning + 4 * HOUR, morning + 9 * HOUR, f"the old oak {day}")
