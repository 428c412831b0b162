"""TESLA_HOME_ADDRESS as a street address: looked up once, and kept for as long as its text is the same, whatever the date. Until then home
is not known, and nothing is sent to a car. What nobody could find is asked for after three days again, or when the owner runs `check`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from clients.http import Http
from config import Settings
from config_values import Address
from cycle.roads import AFTER_FAILURE, UNKNOWN_KEPT, Roads
from errors import StateError
from model import Missing, Place
from model_memory import Memory
from planners.house_address import LAT_LON, house_of
from planners.texts import in_the_us
from state.cache import Cache
from state.codec import decode
from state.lock import Sleep

TASK = FILE = "home"
FOR_GOOD = timedelta(days=36500)
NAME = "TESLA_HOME_ADDRESS"
PENDING = "its lookup was not finished: it is asked for again within the hour"


@dataclass(frozen=True, slots=True)
class Found:
    """cache/home.json. `address`: Address.key of what was looked up; `place` None: not found, because of `why`; `text`: the house as
    `service` writes it."""

    address: str
    place: Place | None
    text: str = ""
    service: str = ""
    why: str = ""


def kept(cache: Cache, address: Address) -> Found | None:
    """What is known of this very address; None: nothing yet."""
    entry = cache.of_any_date(FILE)
    try:
        found = decode(Found, entry.value) if entry is not None else None
    except StateError:
        return None  # damaged: looked up anew
    return found if found is not None and found.address == address.key else None


def home_of(address: Address, cache: Cache, memory: Memory) -> Place | Missing:
    """From the cache, else as memory has it: either may get lost."""
    found = kept(cache, address)
    if found is not None and found.place is not None:
        return found.place
    if memory.home is not None and memory.home_of == address.key:
        return memory.home
    if found is None:
        return Missing("config", f"{NAME} is being looked up, and counts from the next cycle on")
    return Missing("config", f"{NAME} is not found: scheduler.py check says why")


def told(memory: Memory, settings: Settings, cache: Cache) -> Memory:
    """For a dry run, whose reader sees where home is: as if a cycle had said it already."""
    address = settings.tesla_home_address
    found = kept(cache, address) if isinstance(address, Address) else None
    if found is None or found.place is None:
        return memory
    return replace(memory, home=found.place, home_of=found.address)


def ask_again(cache: Cache, address: Address, now: datetime) -> None:
    """The owner's word: what was not found is looked up anew; what was found stays."""
    found = kept(cache, address)
    if found is not None and found.place is None:
        cache.put(FILE, found, now, secret=True)


def home_tasks(
    address: Address, settings: Settings, cache: Cache, http: Http, sleep: Sleep, now: datetime
) -> dict[str, Callable[[], object]]:
    """One task while the house is not known. It gives Found, or Missing with what the owner can do."""
    found = kept(cache, address)
    if found is not None and found.place is not None:
        return {}
    roads = Roads(settings, cache, http, Missing(TASK, "not known yet"), now, sleep)
    return {TASK: lambda: _found(address, cache, roads)}


def _found(address: Address, cache: Cache, roads: Roads) -> Found | Missing:
    old, entry, now = kept(cache, address), cache.of_any_date(FILE), roads.now
    resting = entry is not None and entry.fetched_at <= now < entry.expires_at
    if old is None or not resting:
        asked = Found(address.key, None, why=PENDING)
        cache.put(FILE, asked, now + AFTER_FAILURE, secret=True)  # a disk that is full, and a lookup that hangs, must not ask in each cycle
        old, rest = _looked_up(address, roads)
        cache.put(FILE, old, now + rest, secret=True)
    return old if old.place is not None else Missing(TASK, f"{NAME}: {old.why}")


def _looked_up(address: Address, roads: Roads) -> tuple[Found, timedelta]:
    """(what was found, for how long that stands)."""
    wrong: dict[str, list[str]] = {}
    ill = False
    for service, answer in roads.houses(address.text, census_too=in_the_us(roads.settings)):
        if answer is None:
            ill = True
            continue
        house = house_of(address.text, answer)
        if not isinstance(house, Missing):
            return Found(address.key, house.place, house.text, service), FOR_GOOD
        wrong.setdefault(house.why, []).append(service)
    whys = [f"{why} ({', '.join(who)})" for why, who in wrong.items()] + list(dict.fromkeys(roads.problems))
    if not whys:
        whys = ["PLACE_LOOKUP=off and no GOOGLE_MAPS_API_KEY, so nobody was asked for it"]
    said = "; ".join(why.rstrip(".") for why in whys)
    return Found(address.key, None, why=f"{said}. {LAT_LON}"), AFTER_FAILURE if ill else UNKNOWN_KEPT
