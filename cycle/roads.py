"""Roads to the places in the calendar through the disk cache: Google with a key, else straight lines between places that free services
know. Asked for are only places of the coming week, each once; Google's roads are counted before they are asked for, and kept for a day
(its terms allow no more), coordinates for a month. After a failure a service is left alone, and what was known goes on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

from clients.google_roads import MOST, GoogleRoads
from clients.http import Http
from clients.places import census, nominatim
from config import Settings
from errors import ClientError, NotConfigured, Refused, StateError, TooMany
from model import CarStatus, CarView, Event, Leg, Missing, Place, Trip
from model_decision import SourceState
from model_memory import Memory
from planners import trips as planner
from planners.trips import HOME
from state.cache import Cache
from state.codec import decode

if TYPE_CHECKING:
    from model_home import Candidate

T = TypeVar("T")
FILE = ROADS = "roads"
ROAD_FRESH, ROAD_KEPT = timedelta(days=1), timedelta(days=7)
PLACE_KEPT = timedelta(days=30)
UNKNOWN_KEPT = timedelta(days=3)  # a typing error is mended by then, or the owner has written the distance
API_KEPT = timedelta(days=30)
AFTER_FAILURE, AFTER_REFUSAL, LONGEST_REST = timedelta(hours=1), timedelta(hours=12), timedelta(days=1)
MOST_LOOKUPS = 5  # in one cycle; the next one goes on
PACE_S = 1.1  # OpenStreetMap allows one question a second
NORTH_AMERICA = (18.0, 72.0, -180.0, -65.0)  # where the US Census may know an address
GOOGLE, CENSUS, OSM = "Google", "US Census", "OpenStreetMap"
_COORDINATES = re.compile(r"(-?\d{1,2}\.\d+), *(-?\d{1,3}\.\d+)")


@dataclass(frozen=True, slots=True)
class Spot:
    """A place and where it is; None: nobody knows."""

    name: str
    place: Place | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Road:
    here: str
    there: str
    leg: Leg | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Rest:
    """A service that is left alone, because of `why`."""

    service: str
    until: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Book:
    """cache/roads.json. `old_api`: does the key have the old Distance Matrix, as far as known; `asked`: Google's roads in `month` (UTC);
    `home`: where the roads from home begin."""

    spots: tuple[Spot, ...] = ()
    roads: tuple[Road, ...] = ()
    rests: tuple[Rest, ...] = ()
    old_api: bool = True
    old_api_at: datetime | None = None
    month: str = ""
    asked: int = 0
    home: Place | None = None


@dataclass(slots=True)
class Roads:
    """One cycle's way to roads. `sleep`: between two questions to OpenStreetMap."""

    settings: Settings
    cache: Cache
    http: Http
    home: Place | Missing
    now: datetime
    sleep: Callable[[float], None]
    book: Book = field(default_factory=Book)
    lookups: int = 0
    problems: list[str] = field(default_factory=list)

    def trips(self, events: Sequence[Event]) -> tuple[tuple[Trip, ...], SourceState]:
        """The drives of the coming week, with how well their roads are known."""
        found = planner.stops(events, self.settings, self.now)
        names = planner.places(found)
        self.book = _from(self.home, _load(self.cache)) if names else self.book
        known = self._roads([(HOME, name) for name in names])
        known |= self._roads(planner.pairs(found, known, self.settings))
        trips = planner.trips(found, known, self.settings, self.now)
        why = "; ".join(dict.fromkeys(self.problems))
        return trips, SourceState("roads", not why, 0.0, why)

    def _roads(self, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Leg]:
        """What is known of these ways, the best of each: a fresh road, an older one, a straight line."""
        kept = self._kept(ROAD_FRESH)
        if self.settings.google_maps_api_key and not isinstance(self.home, Missing):
            for here, ways in groupby([way for way in wanted if way not in kept], key=lambda way: way[0]):
                self._ask_google(here, [there for _, there in ways])
        roads = self._kept(ROAD_KEPT)
        found = {way: roads.get(way) or self._line(*way) or self._nowhere(*way) for way in wanted}
        return {way: leg for way, leg in found.items() if leg is not None}

    def _nowhere(self, here: str, there: str) -> Leg | None:
        """A place that was asked for, and that nobody knows; None: it was not asked for yet, or lies on no road from that other place."""
        lost = any(one.name == there and one.place is None for one in self.book.spots)
        return planner.nowhere() if here == HOME and lost else None

    def _kept(self, fresh: timedelta) -> dict[tuple[str, str], Leg | None]:
        return {(one.here, one.there): one.leg for one in self.book.roads if timedelta() <= self.now - one.at < fresh}

    def _ask_google(self, here: str, there: Sequence[str]) -> None:
        """One request for all of them, counted before it is sent."""
        assert not isinstance(self.home, Missing)
        there = [] if self._resting(GOOGLE) else there[: self._allowed(min(len(there), MOST))]
        if not there:
            return
        self._count(len(there))
        origin = here or f"{self.home.lat},{self.home.lon}"
        try:
            legs = self._matrix(origin, there)
        except ClientError as error:
            self._rest(GOOGLE, error)
            return
        fresh = [Road(here, name, leg if isinstance(leg, Leg) else None, self.now) for name, leg in zip(there, legs, strict=True)]
        gone = {(one.here, one.there) for one in fresh}
        kept = [one for one in self.book.roads if (one.here, one.there) not in gone and self.now - one.at < ROAD_KEPT]
        self._save(replace(self.book, roads=(*kept, *fresh)))

    def _matrix(self, origin: str, there: Sequence[str]) -> tuple[Leg | Missing, ...]:
        """The old API where the key has it, else the new one; which of them is remembered."""
        settings = self.settings
        client = GoogleRoads(settings.google_maps_url, settings.google_routes_url, settings.google_maps_api_key.reveal(), self.http)
        at = self.book.old_api_at
        if self.book.old_api or at is None or self.now - at > API_KEPT:
            try:
                return client.matrix(origin, there)
            except (Refused, NotConfigured) as error:
                if isinstance(error, TooMany):
                    raise
                self._save(replace(self.book, old_api=False, old_api_at=self.now))
        return client.routes(origin, there)

    def _line(self, here: str, there: str) -> Leg | None:
        """The straight line, where both ends can be found."""
        if isinstance(self.home, Missing):
            return None
        start = self.home if here == HOME else self._spot(here)
        end = self._spot(there)
        return planner.straight(start, end) if start is not None and end is not None else None

    def _spot(self, name: str) -> Place | None:
        """Where a place is, as it was found within a month, or is found now."""
        found = _COORDINATES.fullmatch(name)
        if found is not None:
            return Place(float(found[1]), float(found[2]))
        known = next((one for one in self.book.spots if one.name == name), None)
        if known is not None and self.now - known.at < (PLACE_KEPT if known.place else UNKNOWN_KEPT):
            return known.place
        spot = self._look_up(name)
        if spot is None:
            return known.place if known is not None else None
        others = tuple(one for one in self.book.spots if one.name != name and self.now - one.at < PLACE_KEPT)
        self._save(replace(self.book, spots=(*others, spot)))
        return spot.place

    def _look_up(self, name: str) -> Spot | None:
        """Asks one service after the other; None: nobody could be asked. Who could not be asked may know it: then it is unknown for an hour
        only, and a place is not begun where not all may be asked. Google's geocoder works where its roads were refused."""
        settings, home = self.settings, self.home
        if isinstance(home, Missing) or self.lookups >= MOST_LOOKUPS:
            return None
        services: list[tuple[str, Callable[[], Place | Missing]]] = []
        if settings.google_maps_api_key and self._allowed(1):
            key = settings.google_maps_api_key.reveal()
            google = GoogleRoads(settings.google_maps_url, settings.google_routes_url, key, self.http)
            services.append((f"{GOOGLE} places", lambda: self._geocoded(lambda: google.geocode(name))))
        if settings.place_lookup and _in_america(home) and re.search(r"\d", name):
            services.append((CENSUS, lambda: census(settings.census_url, name, self.http)))
        if settings.place_lookup:
            services.append((OSM, lambda: self._paced(lambda: nominatim(settings.nominatim_url, name, home, self.http))))
        answers: list[Missing | None] = []
        for service, ask in services:
            answer = self._asked(service, ask)
            if isinstance(answer, Place):
                return Spot(name, answer, self.now)
            answers.append(answer)
        if not any(answers):
            return None
        return Spot(name, None, self.now if all(answers) else self.now - UNKNOWN_KEPT + AFTER_FAILURE)

    def houses(self, address: str, census_too: bool) -> Iterator[tuple[str, tuple[Candidate, ...] | None]]:
        """What each service takes a street address for, one asked after the other; None: it could not be asked, `problems` say why."""
        from clients.addresses import census_houses, osm_houses  # once in a house's life

        self.book, settings = _load(self.cache), self.settings
        if settings.place_lookup and census_too:
            yield CENSUS, self._asked(CENSUS, lambda: census_houses(settings.census_url, address, self.http))
        if settings.place_lookup:
            yield OSM, self._asked(OSM, lambda: self._paced(lambda: osm_houses(settings.nominatim_url, address, self.http)))
        # the last: its terms let a coordinate be kept for 30 days, and home is kept for good
        if settings.google_maps_api_key and self._allowed(1):
            key = settings.google_maps_api_key.reveal()
            google = GoogleRoads(settings.google_maps_url, settings.google_routes_url, key, self.http)
            yield GOOGLE, self._asked(f"{GOOGLE} places", lambda: self._geocoded(lambda: google.houses(address)))

    def _asked(self, service: str, ask: Callable[[], T]) -> T | None:
        if self._resting(service):
            return None
        try:
            return ask()
        except ClientError as error:
            self._rest(service, error)
            return None

    def _asked_before(self) -> int:
        """A clock that went back does not begin the month anew."""
        return self.book.asked if self.book.month >= self._month() else 0

    def _month(self) -> str:
        return f"{self.now.astimezone(UTC):%Y-%m}"

    def _allowed(self, number: int) -> int:
        """So many of `number` roads as the month still allows; fewer are a problem that is told."""
        most = self.settings.roads_per_month
        left = max(0, most - self._asked_before())
        if left < number:
            self.problems.append(
                f"no more than {most} roads a month are asked of Google (ROADS_PER_MONTH): straight lines count for the others"
            )
        return min(left, number)

    def _count(self, number: int) -> None:
        """Counts what is about to be asked of Google, on disk."""
        self._save(replace(self.book, month=max(self._month(), self.book.month), asked=self._asked_before() + number))

    def _geocoded(self, ask: Callable[[], T]) -> T:
        self.lookups += 1
        self._count(1)
        return ask()

    def _paced(self, ask: Callable[[], T]) -> T:
        if self.lookups:
            self.sleep(PACE_S)
        self.lookups += 1
        return ask()

    def _resting(self, service: str) -> bool:
        rest = next((one for one in self.book.rests if one.service == service and self.now < one.until <= self.now + LONGEST_REST), None)
        if rest is not None:
            self.problems.append(rest.why)
        return rest is not None

    def _rest(self, service: str, error: ClientError) -> None:
        usual = AFTER_FAILURE if error.temporary else AFTER_REFUSAL
        pause = min(max(usual, timedelta(seconds=error.retry_after_s or 0.0)), LONGEST_REST)
        self.problems.append(error.text)
        others = tuple(one for one in self.book.rests if one.service != service and one.until > self.now)
        self._save(replace(self.book, rests=(*others, Rest(service, self.now + pause, error.text))))

    def _save(self, book: Book) -> None:
        """At once: what was asked is counted even if this cycle is killed. Where somebody goes is nobody else's business."""
        self.book = book
        self.cache.put(FILE, book, self.now + PLACE_KEPT, secret=True)


def asked_of_google(cache: Cache, now: datetime) -> int:
    """Roads in this month (UTC), as counted before they were asked for."""
    book = _load(cache)
    return book.asked if book.month >= f"{now.astimezone(UTC):%Y-%m}" else 0


def _load(cache: Cache) -> Book:
    found = cache.get(FILE)
    if found is None:
        return Book()
    try:
        return decode(Book, found.value)
    except StateError:
        return Book()  # of an older version: asked anew


def _from(home: Place | Missing, book: Book) -> Book:
    """Without the roads from another home than this."""
    if isinstance(home, Missing) or home == book.home:
        return book
    return replace(book, home=home, roads=tuple(one for one in book.roads if one.here != HOME) if book.home is not None else book.roads)


def _in_america(home: Place) -> bool:
    south, north, west, east = NORTH_AMERICA
    return south <= home.lat <= north and west <= home.lon <= east


def found_trips(
    answer: object, events: tuple[Event, ...] | Missing, settings: Settings, now: datetime
) -> tuple[tuple[Trip, ...] | Missing, tuple[SourceState, ...]]:
    """Trips and their row among the sources, which is there only where there are drives. Without an answer in time the drives are of
    unknown length."""
    if isinstance(events, Missing):
        return events, ()
    if isinstance(answer, tuple):
        trips, state = answer
        return trips, (state,) if trips or not state.ok else ()
    why = answer.why if isinstance(answer, Missing) else str(getattr(answer, "text", "no answer"))
    found = planner.stops(events, settings, now)
    return planner.trips(found, {}, settings, now), (SourceState(ROADS, False, None, why),) if found else ()


def known_cars(listed: Sequence[CarStatus], memory: Memory) -> tuple[CarView, ...]:
    """The cars that a calendar may be tied to, also while Tesla cannot be asked."""
    none = Missing("tesla", "not read yet")
    seen = {one.vin: CarView(one.vin, one.name, none, none) for one in memory.cars}
    return tuple((seen | {one.vin: CarView(one.vin, one.name, one, none) for one in listed}).values())
