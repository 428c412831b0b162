"""Prices that the settings only point to: an address or file (TARIFF=https://..., prices.json) and the rate plan in the Tesla app."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from clients.http import Http
from clients.price_series import PriceSeries, fetch_prices, read_prices
from clients.tesla_tariff import rate_plan
from config import Settings
from config_tariff import Kind, Tariff, price_at
from cycle.grid import cached, cached_series
from errors import ClientError
from model import SLOT, Missing, Point, Series
from model_decision import NO_EXPORT
from state.cache import Cache

TASK = "tariff prices"
PRICES_EVERY = timedelta(hours=2)  # tomorrow's prices come out once a day, at an hour that nobody tells us
EXPORT_CACHE, PRICE_CACHE = "tariff-export-{}", "tariff-prices-{}"  # each address has its own: another one's prices are not this house's
TESLA_CACHE = "tesla-tariff"  # tariff_content_v2 as Tesla has it; written by cycle/energy whenever site_info is read
TESLA_EVERY = timedelta(days=1)
BACK, AHEAD = timedelta(hours=1), timedelta(days=8)


def tariff_tasks(settings: Settings, cache: Cache, http: Http, now: datetime) -> dict[str, Callable[[], object]]:
    """One task that gives a Series, where TARIFF points to prices."""
    tariff = settings.tariff
    if tariff is None or tariff.kind not in (Kind.SERIES, Kind.POWERWALL):
        return {}
    return {TASK: lambda: _prices(tariff, settings, cache, http, now)}


def export_prices(settings: Settings, cache: Cache, now: datetime) -> Series | Missing:
    """What an exported kWh earns, from where the prices came; after the task has run."""
    tariff = settings.tariff
    try:
        if tariff is not None and tariff.kind is Kind.POWERWALL:
            return _plan(settings, cache, now)[1]
        if tariff is not None and tariff.file is not None:
            return read_prices(tariff.file, settings.currency, now).export
    except ClientError as error:
        return Missing("tariff", error.text)
    kept = cached(cache, _named(EXPORT_CACHE, tariff)) if tariff is not None and tariff.url else None
    return kept or NO_EXPORT


def _prices(tariff: Tariff, settings: Settings, cache: Cache, http: Http, now: datetime) -> Series:
    if tariff.kind is Kind.POWERWALL:
        return _plan(settings, cache, now)[0]
    if tariff.file is not None:
        return replace(read_prices(tariff.file, settings.currency, now).prices, source=tariff.file.name)
    name = _named(PRICE_CACHE, tariff)
    return cached_series(cache, name, PRICES_EVERY, lambda _start, _end: _fetched(tariff, settings, cache, http, now), now)


def _fetched(tariff: Tariff, settings: Settings, cache: Cache, http: Http, now: datetime) -> Series:
    found: PriceSeries = fetch_prices(tariff.url.reveal(), settings.currency, http, now)
    if isinstance(found.export, Series):
        cache.put(_named(EXPORT_CACHE, tariff), found.export, now + PRICES_EVERY)
    return replace(found.prices, source=tariff.name.removeprefix("prices of "))


def price_caches(settings: Settings) -> tuple[str, ...]:
    """What TARIFF's address is kept under; for `ask_again`."""
    tariff = settings.tariff
    return (_named(PRICE_CACHE, tariff),) if tariff is not None and tariff.url else ()


def _named(name: str, tariff: Tariff) -> str:
    """With a hash of the address, which may be a secret."""
    return name.format(f"{zlib.crc32(tariff.url.reveal().encode()):08x}")


def keep_plan(cache: Cache, raw: Mapping[str, object], now: datetime) -> None:
    """Keeps tariff_content_v2 for the cycles in which Tesla is not asked; also that there is none, or each look would be paid."""
    cache.put(TESLA_CACHE, dict(raw), now + TESLA_EVERY)


def from_the_app(settings: Settings) -> bool:
    """Is the rate plan that the owner entered there his tariff?"""
    return settings.tariff is not None and settings.tariff.kind is Kind.POWERWALL


def plan_due(settings: Settings, cache: Cache, now: datetime) -> bool:
    """Is the rate plan worth a paid request: wanted, and not read for a day?"""
    if not from_the_app(settings):
        return False
    kept = cache.get(TESLA_CACHE)
    return kept is None or not kept.fresh(now)


def _plan(settings: Settings, cache: Cache, now: datetime) -> tuple[Series, Series | Missing]:
    kept = cache.get(TESLA_CACHE)
    if kept is None or not isinstance(kept.value, dict):
        raise ClientError("tariff", "The rate plan in the Tesla app has not been read yet; it comes with the Powerwall's settings.")
    plan = rate_plan(kept.value)
    buy = _series(plan.buy, settings, kept.fetched_at, now)
    return buy, NO_EXPORT if plan.sell is None else _series(plan.sell, settings, kept.fetched_at, now)


def _series(tariff: Tariff, settings: Settings, fetched_at: datetime, now: datetime) -> Series:
    """The coming days by the owner's clock, neighbours of one price as one point."""
    at = datetime.fromtimestamp((now - BACK).timestamp() // SLOT.total_seconds() * SLOT.total_seconds(), UTC)
    points: list[Point] = []
    while at < now + AHEAD:
        price = price_at(tariff, at.astimezone(settings.time_zone))
        if points and points[-1].value == price:
            points[-1] = Point(points[-1].start, at + SLOT, price)
        else:
            points.append(Point(at, at + SLOT, price))
        at += SLOT
    return Series(f"tariff {tariff.name}", f"{tariff.currency or settings.currency}/kWh", fetched_at, tuple(points))
