"""`check`: what was found in each calendar, so that an empty or wrong one is seen before a drive is missed."""

from __future__ import annotations

from collections.abc import Iterator

from config import Settings
from cycle.calendars import Calendars, Reading, unknown_cars
from cycle.roads import asked_of_google
from errors import ClientError
from model import Missing, Trip
from model_decision import Snapshot
from planners.drives import lost_text
from planners.texts import distance
from planners.trips import FARTHEST_KM

MOST_DRIVES = 5


def calendar_lines(calendars: Calendars, snapshot: Snapshot) -> Iterator[str]:
    """Lines in the manner of `check`, after its look: from the cache, nobody is asked again."""
    for name, task in calendars.tasks().items():
        try:
            reading = task()
        except ClientError:
            continue  # said among the connections
        if isinstance(reading, Reading):
            yield f"events  {name}: {_found(reading, calendars)}"
    key = calendars.settings.google_credentials
    if key is not None and key.is_file() and key.stat().st_mode & 0o077:
        yield f"note    GOOGLE_CREDENTIALS can be read by others on this machine: chmod 600 {key}"
    if snapshot.cars:
        for car in unknown_cars(calendars.settings, snapshot.cars):
            names = ", ".join(view.name for view in snapshot.cars)
            yield f"note    a calendar is for {car}, and no car is called so ({names}): its events count for every car"


def drive_lines(calendars: Calendars, snapshot: Snapshot) -> Iterator[str]:
    """The coming drives with their roads, and what was asked of Google for them."""
    settings = calendars.settings
    for trip in () if isinstance(snapshot.trips, Missing) else snapshot.trips[:MOST_DRIVES]:
        leave = trip.leave.astimezone(settings.time_zone)
        yield f"drive   {leave:%a %Y-%m-%d %H:%M}, {trip.text}: {_road(trip, settings)}"
    if settings.google_maps_api_key:
        asked = asked_of_google(calendars.cache, calendars.now)
        yield f"roads   {asked} of {settings.roads_per_month} roads asked of Google this month (ROADS_PER_MONTH)"


def _road(trip: Trip, settings: Settings) -> str:
    if not trip.sure.known:
        count = f"at least {distance(trip.km, settings)} there and back count" if trip.km > 0 else "so it counts as every day"
        return f"{lost_text(trip, settings)}, {count}; write [25 km] into the event, the way there"
    far = ", too far to drive: it does not count" if trip.distance_km > FARTHEST_KM else ""
    return f"{distance(trip.km, settings)} there and back ({trip.sure}){far}"


def _found(reading: Reading, calendars: Calendars) -> str:
    ahead = [event for event in reading.events if event.end > calendars.now]
    if not ahead:
        return "none in the next three weeks; is it the right calendar?"
    away = next((event for event in ahead if event.place), None)
    count = f"{len(ahead)} in the next three weeks"
    if away is None:
        return f"{count}, none with a place to drive to"
    local = away.start.astimezone(calendars.settings.time_zone)
    return f"{count}; the next with a place: {local:%a %Y-%m-%d}{'' if away.all_day else f'{local: %H:%M}'}, {away.title}, {away.place}"
