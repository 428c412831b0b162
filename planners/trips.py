"""From calendar events and the roads to their places to trips: home - A - B - home. cycle/roads.py asks for the roads.

Events are one round where there is no time to be at home for an hour between them, or where they overlap. A place that nobody could find
makes a trip of unknown length, never none. `[120 km]` or `[75 mi]` in an event is the way there, and beats every map.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import accumulate, pairwise

from config import Settings
from model import Event, Leg, Place, Sure, Trip
from planners.departures import departures
from planners.place import distance_m
from planners.texts import KM_PER_MILE

HOME = ""  # its name among the places
IN_HAND = timedelta(minutes=30)
AHEAD = timedelta(days=7)
OVERDUE_FOR = timedelta(hours=2)
LONGEST = timedelta(days=14)  # what lasts longer is no drive but an exhibition
AT_HOME = timedelta(hours=1)  # a shorter stay at home between two events is none
NIGHT_MIN = 60.0  # from nearer than this one drives home to sleep, also in the middle of a conference
UNKNOWN_MIN = 30.0
NEAR_KM = 1.0  # walked
FARTHEST_KM = 1500.0  # one way; beyond that it is a flight
MOST_PLACES = 25
DETOUR = 1.4  # roads to straight lines: 1.2 to 1.42 in studies; a battery is charged by the careful end
MORNING = time(8)
ORDER = list(Sure)
Roads = Mapping[tuple[str, str], Leg]  # by (from, to) as `lookup` writes them

_WRITTEN = re.compile(r"\[\s*(\d{1,5}(?:[.,]\d+)?)\s*(km|kms|kilomet(?:er|re)s?|mi|miles?)\s*\]", re.IGNORECASE)

_THOUSANDS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")  # 1,200 km; nobody counts metres here


def written(event: Event) -> Leg | None:
    """The way there as the owner wrote it."""
    found = _WRITTEN.search(f"{event.title} {event.place or ''} {event.note}")
    if found is None:
        return None
    number = found[1].replace(",", "").replace(".", "") if _THOUSANDS.fullmatch(found[1]) else found[1].replace(",", ".")
    km = float(number) * (KM_PER_MILE if found[2].lower().startswith("mi") else 1)
    return Leg(km, minutes_for(km), Sure.WRITTEN)


def lookup(event: Event) -> str | None:
    """The place as it is asked for; None where nothing is to be asked."""
    place = _WRITTEN.sub("", event.place or "").strip(" ,;")
    return place if place and written(event) is None else None


def straight(here: Place, there: Place) -> Leg:
    """Without a map: 1.4 times the great circle."""
    km = distance_m(here, there) / 1000 * DETOUR
    return Leg(km, minutes_for(km), Sure.LINE)


def nowhere() -> Leg:
    """To a place that everybody was asked for and nobody knows."""
    return Leg(0.0, UNKNOWN_MIN, Sure.UNKNOWN)


def minutes_for(km: float) -> float:
    """45 km/h for the first 20 km, 80 km/h beyond."""
    return min(km, 20) / 45 * 60 + max(0.0, km - 20) / 80 * 60


def stops(events: Iterable[Event], settings: Settings, now: datetime) -> tuple[Event, ...]:
    """The events of the coming week that somebody may drive to, in the order in which they begin; the same one in two calendars once."""
    unique = {(one.start, one.end, one.title, one.place, one.vin): one for one in events if lookup(one) or written(one)}
    near = [one for one in unique.values() if one.end - one.start <= LONGEST]
    begin = {id(one): _begins(one, settings) for one in near}
    coming = [one for one in near if now - OVERDUE_FOR <= begin[id(one)] < now + AHEAD]
    return tuple(sorted(coming, key=lambda one: (begin[id(one)], one.end, one.title)))


def places(found: Sequence[Event]) -> tuple[str, ...]:
    """What is to be asked for, each once, the nearest in time first."""
    return tuple(dict.fromkeys(place for one in found if (place := lookup(one)) is not None))[:MOST_PLACES]


def pairs(found: Sequence[Event], roads: Roads, settings: Settings) -> tuple[tuple[str, str], ...]:
    """Ways between two places without home between them, that are still to be asked for."""
    near = [(lookup(a), lookup(b)) for round_ in _rounds(found, roads, settings) for a, b in pairwise(round_)]
    return tuple(dict.fromkeys((a, b) for a, b in near if a and b and a != b and (a, b) not in roads))


def trips(found: Sequence[Event], roads: Roads, settings: Settings, now: datetime) -> tuple[Trip, ...]:
    """All rounds in the order in which the car must be ready; none that should have begun more than two hours ago."""
    made = [_trip(round_, roads, settings) for round_ in _rounds(found, roads, settings)]
    return tuple(sorted((one for one in made if one.leave > now - OVERDUE_FOR), key=lambda one: (one.leave, one.text)))


def _rounds(found: Sequence[Event], roads: Roads, settings: Settings) -> list[list[Event]]:
    rounds: list[list[Event]] = []
    for event in found:
        leg = _home_leg(event, roads)
        if _walked(leg):
            continue
        last = next((one for one in reversed(rounds) if one[-1].vin == event.vin), None)
        if last is not None and leg.km <= FARTHEST_KM and _joined(last, event, roads, settings):
            last.append(event)
        else:
            rounds.append([event])
    return rounds


def _joined(before: Sequence[Event], event: Event, roads: Roads, settings: Settings) -> bool:
    """Is there no time to go home between the last of them and this one?"""
    leg, last = _home_leg(event, roads), _home_leg(before[-1], roads)
    if last.km > FARTHEST_KM:
        return False
    over = max(_ends(one, roads, settings) for one in before)
    home = timedelta(minutes=leg.minutes + last.minutes) + AT_HOME
    return _begins(event, settings) < over + home


def _home_leg(event: Event, roads: Roads) -> Leg:
    return written(event) or roads.get((HOME, lookup(event) or HOME)) or Leg(0.0, UNKNOWN_MIN, Sure.NOT_ASKED)


def _walked(leg: Leg) -> bool:
    return leg.source.known and leg.km < NEAR_KM


def _between(a: Event, b: Event, roads: Roads) -> Leg:
    """Where no map tells: as far as through home."""
    here, there = lookup(a), lookup(b)
    if here is not None and here == there:
        return Leg(0.0, 0.0)
    first, second = _home_leg(a, roads), _home_leg(b, roads)
    through = Leg(first.km + second.km, first.minutes + second.minutes, max(first.source, second.source, key=ORDER.index))
    return roads.get((here or HOME, there or HOME), through) if here and there else through


def _trip(round_: Sequence[Event], roads: Roads, settings: Settings) -> Trip:
    first, last = round_[0], round_[-1]
    out, homeward = [_home_leg(one, roads) for one in round_], _home_leg(last, roads)
    legs = [out[0], *(_between(a, b, roads) for a, b in pairwise(round_)), homeward]
    along = list(accumulate(leg.km for leg in legs))
    far = max(range(len(round_)), key=lambda at: out[at].km)
    at_home = max(_ends(one, roads, settings) for one in round_)
    drive_home = timedelta() if last.all_day else timedelta(minutes=homeward.minutes)
    sure = max((leg.source for leg in legs), key=ORDER.index)
    drive = timedelta() if first.all_day or legs[0].km > FARTHEST_KM else timedelta(minutes=legs[0].minutes) + IN_HAND
    leave = _begins(first, settings) - drive
    return Trip(
        leave=leave,
        distance_km=out[far].km,
        drive_min=out[far].minutes,
        text=_titles(round_),
        back=max(at_home + drive_home, leave),
        vin=first.vin,
        place=round_[far].place or "",
        sure=sure,
        round_km=along[-1],
        turns=tuple(zip(along, [*(one.title for one in round_), "home"], strict=True)),
        lost="" if sure.known else next((one.place or "" for one, leg in zip(round_, out, strict=True) if leg.source is sure), ""),
    )


def _titles(round_: Sequence[Event]) -> str:
    names = list(dict.fromkeys(one.title for one in round_))
    return ", then ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _begins(event: Event, settings: Settings) -> datetime:
    """A whole day begins with the usual departure, or at eight."""
    if not event.all_day:
        return event.start
    usual = departures(settings, event.start, event.start + timedelta(hours=12))
    local = event.start.astimezone(settings.time_zone)
    return min([*usual, datetime.combine(local.date(), MORNING, settings.time_zone).astimezone(UTC)])


def _ends(event: Event, roads: Roads, settings: Settings) -> datetime:
    """Of several days near home, each night is spent at home."""
    near = _home_leg(event, roads).minutes <= NIGHT_MIN
    begins = _begins(event, settings)
    return min(event.end, begins + timedelta(hours=12)) if near and event.end - begins > timedelta(hours=20) else event.end


def for_car(found: Iterable[Trip], vin: str) -> tuple[Trip, ...]:
    """Those that this car may be taken for: its own, and those of no certain car."""
    return tuple(one for one in found if one.vin in (None, vin))
