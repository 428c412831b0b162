"""`check`: where home is, how that is known, and how far from it each car was when it was read last."""

from __future__ import annotations

from collections.abc import Iterator

from config import Settings
from config_values import Address
from cycle.home import kept
from model import Missing, Place
from model_decision import Snapshot
from planners.place import distance_m
from planners.texts import age, distance
from state.cache import Cache

FAR_M = 2000.0  # above this nobody thinks in metres


def home_lines(snapshot: Snapshot, settings: Settings, cache: Cache) -> Iterator[tuple[str, bool]]:
    """(line, is it a failure). After the look: an address that it found is known by now."""
    home, address = snapshot.home, settings.tesla_home_address
    if isinstance(address, Address):
        found = kept(cache, address)
        if found is not None and found.place is not None:
            home = found.place
            where = f"{home.lat:.5f},{home.lon:.5f} = {found.text} ({found.service})"
            yield f"ok      home: {where}. Look on a map: if that is not your house, write lat,lon into TESLA_HOME_ADDRESS", False
        elif isinstance(home, Place):
            yield f"ok      home: {home.lat:.5f},{home.lon:.5f}, as it was found for the address in TESLA_HOME_ADDRESS", False
        else:  # why it is not known stands among the connections
            yield "-       home: not known yet, so no car is commanded", False
    elif address == "here" and isinstance(home, Place):
        yield f"ok      home: here = {home.lat},{home.lon} (write it into TESLA_HOME_ADDRESS to keep it for good)", False
    elif address == "here" and isinstance(home, Missing):
        yield f"-       home: {home.why}; before that the car is not commanded (once -v takes it)", False
    elif isinstance(home, Missing):
        yield f"FAILED  home: {home.why}; a car that is not surely at home is never commanded", settings.has_tesla
    if isinstance(home, Place):
        yield from ((line, False) for line in _distances(home, snapshot, settings))


def _distances(home: Place, snapshot: Snapshot, settings: Settings) -> Iterator[str]:
    for view in snapshot.cars:
        reading = view.reading
        if isinstance(reading, Missing) or isinstance(reading.place, Missing):
            continue
        metres = distance_m(reading.place, home)
        far = f"{metres:.0f} m" if metres < FAR_M else distance(metres / 1000, settings)
        stood = f"{view.name} was {far} from it when it was read {age((snapshot.now - reading.at).total_seconds())} ago"
        if metres <= settings.home_radius_m:
            yield f"ok      home: {stood}"
        else:
            more = f"more than HOME_RADIUS_M={settings.home_radius_m}"
            yield f"note    home: {stood}, {more}. If the car is at home, home is wrong: write lat,lon"
