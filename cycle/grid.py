"""Slow sources through the disk cache: a stateless cron run lives from it. GridStatus' free plan allows 250 requests a month; a
forecast every 6 h and prices every 12 h are 180. After a failure the service is left alone for an hour, and the aged value goes
on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from clients.gridstatus import GridStatus
from clients.http import Http
from config import Settings
from config_tariff import Kind
from errors import ClientError, StateError
from model import Point, Series
from state.cache import Cache
from state.codec import decode

FORECAST_EVERY = timedelta(hours=6)
PRICES_EVERY = timedelta(hours=12)
AFTER_FAILURE = timedelta(hours=1)
KEPT = timedelta(days=15)  # past days feed the profile beyond the published horizon
BACK, AHEAD = timedelta(hours=7), timedelta(hours=73)


def grid_tasks(settings: Settings, cache: Cache, http: Http, now: datetime) -> dict[str, Callable[[], object]]:
    """Tasks for the load forecast and the day-ahead prices, where a key and an ISO are set. Prices are asked for only where they are this
    house's money: without a tariff, or with one that adds to them, and without a price file."""
    iso, key = settings.grid_iso, settings.grid_status_api_key.reveal()
    if iso is None or not key:
        return {}
    client = GridStatus(settings.grid_status_url, key, http)
    tasks: dict[str, Callable[[], object]] = {
        "load forecast": lambda: cached_series(
            cache, "load-forecast", FORECAST_EVERY, lambda start, end: client.load_forecast(iso.value, start, end, now), now
        )
    }
    if wants_market(settings):
        place = settings.grid_location
        tasks["grid prices"] = lambda: cached_series(
            cache, "grid-prices", PRICES_EVERY, lambda start, end: client.day_ahead_prices(iso.value, place, start, end, now), now
        )
    return tasks


def wants_market(settings: Settings) -> bool:
    """Are the day-ahead prices this house's money, or a part of it?"""
    tariff = settings.tariff
    return settings.price_file is None and (tariff is None or tariff.kind is Kind.WHOLESALE)


def cached_series(cache: Cache, name: str, every: timedelta, fetch: Callable[[datetime, datetime], Series], now: datetime) -> Series:
    """The cached series while it is young, else a fresh one, else the aged one. Raises ClientError where there is none at all."""
    old, rest = cached(cache, name), cache.get(f"{name}-rest")
    if old is not None and timedelta() <= now - old.fetched_at < every:
        return old
    if rest is not None and rest.fresh(now):
        if old is not None:
            return old
        raise ClientError(name, str(rest.value))
    try:
        fresh = fetch(now - BACK, now + AHEAD)
    except ClientError as error:
        cache.put(f"{name}-rest", error.text, now + AFTER_FAILURE)
        if old is None:
            raise
        return old
    joined = join(old, fresh, now)
    cache.put(name, joined, now + KEPT)
    return joined


def join(old: Series | None, new: Series, now: datetime) -> Series:
    """The new points, with the old ones before them, as far back as `KEPT`."""
    first = new.points[0].start if new.points else None
    past: tuple[Point, ...] = old.points if old is not None else ()
    kept = tuple(point for point in past if point.end > now - KEPT and (first is None or point.end <= first))
    return replace(new, points=kept + new.points)


def cached(cache: Cache, name: str) -> Series | None:
    """What was kept, whatever its age."""
    found = cache.get(name)
    if found is None:
        return None
    try:
        return decode(Series, found.value)
    except StateError:
        return None  # damaged: fetched anew
