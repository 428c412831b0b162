"""Slow sources through the disk cache: a stateless cron run lives from it. After a failure the service is left alone for an hour, and the
aged value goes on. What has a small allowance is kept more carefully: grid_kept.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from config import Settings
from config_tariff import Kind
from errors import ClientError, StateError
from model import Point, Series
from state.cache import Cache
from state.codec import decode

AFTER_FAILURE = timedelta(hours=1)
KEPT = timedelta(days=15)  # past days feed the profile beyond the published horizon
BACK, AHEAD = timedelta(hours=7), timedelta(hours=73)


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


def ask_again(cache: Cache, names: Iterable[str], now: datetime) -> None:
    """The owner's word: what is left alone after a failure is asked anew."""
    for name in names:
        rest = cache.get(f"{name}-rest")
        if rest is not None and rest.fresh(now):
            cache.put(f"{name}-rest", "", now)


def join(old: Series | None, new: Series, now: datetime, keep_later: bool = False) -> Series:
    """The new points, with the old ones before them, as far back as `KEPT`. `keep_later`: also those beyond the new ones, where another
    service has told less than what is published."""
    first = new.points[0].start if new.points else None
    past: tuple[Point, ...] = old.points if old is not None else ()
    kept = tuple(point for point in past if point.end > now - KEPT and (first is None or point.end <= first))
    later = tuple(point for point in past if point.start >= new.points[-1].end) if keep_later and new.points else ()
    return replace(new, points=kept + new.points + later)


def cached(cache: Cache, name: str) -> Series | None:
    """What was kept, whatever its age."""
    found = cache.get(name)
    if found is None:
        return None
    try:
        return decode(Series, found.value)
    except StateError:
        return None  # damaged: fetched anew
