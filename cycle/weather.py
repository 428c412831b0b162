"""Weather, roof and house: a forecast every three hours and what was learned from the history every six, both from the disk cache, and from
them the series that the plan counts on. After a failure Open-Meteo is left alone for an hour, and the aged forecast goes on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from clients.http import Http
from clients.open_meteo import SOURCE, Panels, forecast
from config import Settings
from cycle.grid import AFTER_FAILURE, KEPT, cached, join
from errors import ClientError, StateError
from model import Missing, Place, Series
from model_decision import Snapshot
from model_sun import HouseMoment, Learned, Weather
from planners.house_load import house_load
from planners.learned_house import learn, recent
from planners.sun import sun
from state.cache import Cache
from state.codec import decode
from state.history_read import read_house

TASK = "weather"
CACHE, REST, LIGHT, LEARNED = TASK, f"{TASK}-rest", "past-light", "learned-house"
EVERY = timedelta(hours=3)
LEARN_EVERY = timedelta(hours=6)
LOOK_BACK = timedelta(days=28)
LAST_HOUR = timedelta(hours=1)
FRESH = timedelta(minutes=10)  # an older look at the roof says nothing of this hour's clouds


@dataclass(frozen=True, slots=True)
class Kept:
    """`key`: for which place and panels it was asked."""

    key: str
    weather: Weather


def weather_tasks(settings: Settings, cache: Cache, http: Http, home: Place | Missing, now: datetime) -> dict[str, Callable[[], object]]:
    """One task that gives a Weather, where something depends on it and home is known."""
    if not settings.wants_weather or isinstance(home, Missing):
        return {}
    panels = Panels(settings.solar_tilt, settings.solar_azimuth) if settings.solar_kwp is not None else None
    key = f"{home.lat:.2f},{home.lon:.2f},{panels}"
    return {TASK: lambda: _cached(cache, key, lambda: forecast(settings.open_meteo_url, home, panels, http, now), now)}


def _cached(cache: Cache, key: str, fetch: Callable[[], Weather], now: datetime) -> Weather:
    """The cached forecast while it is young, else a fresh one, else the aged one. Raises ClientError where there is none at all."""
    old, rest = _kept(cache, key), cache.get(REST)
    if old is not None and timedelta() <= now - old.fetched_at < EVERY:
        return old
    if rest is not None and rest.fresh(now):
        if old is not None:
            return old
        raise ClientError(SOURCE, str(rest.value))
    try:
        fresh = fetch()
    except ClientError as error:
        cache.put(REST, error.text, now + AFTER_FAILURE)
        if old is None:
            raise
        return old
    with contextlib.suppress(StateError):  # a full disk is told by who must write; the forecast counts all the same
        past = None if _of_others(cache, key) else cached(cache, LIGHT)
        cache.put(CACHE, Kept(key, fresh), now + EVERY)
        if isinstance(fresh.irradiance, Series):
            cache.put(LIGHT, join(past, fresh.irradiance, now), now + KEPT)
    return fresh


def _of_others(cache: Cache, key: str) -> bool:
    """Did the past light fall on other panels, or elsewhere? The roof's share would be learned from it."""
    found = cache.get(CACHE)
    return found is not None and isinstance(found.value, dict) and found.value.get("key", key) != key


def _kept(cache: Cache, key: str) -> Weather | None:
    found = cache.get(CACHE)
    if found is None:
        return None
    try:
        kept = decode(Kept, found.value)
    except StateError:
        return None  # damaged: fetched anew
    return kept.weather if kept.key == key else None


def learned_house(settings: Settings, cache: Cache, history: Path, now: datetime) -> Learned:
    """What past days show, learned anew every six hours; nothing where there is no history to learn from (the journal tells of that)."""
    found = cache.get(LEARNED)
    if found is not None and found.fresh(now):
        try:
            return decode(Learned, found.value)
        except StateError:
            pass  # damaged: learned anew
    moments = _looks(history, now - LOOK_BACK, now)
    learned = learn(moments, cached(cache, LIGHT) or Missing(SOURCE, "no past"), settings.solar_kwp, settings.time_zone, now)
    with contextlib.suppress(StateError):  # learned anew in the next cycle
        cache.put(LEARNED, learned, now + LEARN_EVERY)
    return learned


def last_hour(history: Path, now: datetime) -> tuple[HouseMoment, ...]:
    return _looks(history, now - LAST_HOUR, now)


def _looks(history: Path, since: datetime, until: datetime) -> tuple[HouseMoment, ...]:
    try:
        return read_house(history, since, until)
    except StateError:
        return ()


def with_weather(
    snapshot: Snapshot, weather: Weather | Missing, learned: Learned | None, looks: tuple[HouseMoment, ...], settings: Settings
) -> Snapshot:
    """The snapshot with what is expected of weather, roof and house. `looks`: of the last hour."""
    if isinstance(weather, Missing):
        snapshot = replace(snapshot, temperature=weather)
    else:
        snapshot = replace(snapshot, temperature=weather.temperature)
    kwp, now = settings.solar_kwp, snapshot.now
    if kwp is None:
        return snapshot
    light = weather if isinstance(weather, Missing) else weather.irradiance
    powerwall = snapshot.powerwall
    roof_w = powerwall.solar_w if not isinstance(powerwall, Missing) and now - powerwall.at < FRESH else None
    drawn = recent(looks, light, kwp, learned.share if learned is not None else None)
    house = house_load(learned, drawn, now, settings.time_zone)
    return replace(snapshot, sun=sun(light, kwp, learned, roof_w, now), house_load=house)
