"""What the grid's operator asks of everybody: Flex Alerts and energy emergencies, as Alerts with a beginning and an end.

Neither CAISO nor ERCOT tells when an alert ends; their state of now is all there is, without a key. A Flex Alert has always been one of the
late afternoon and ended at 21:00 at the latest; an emergency counts for the coming hour, and longer with each look that still finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from clients.caiso import ZONE as PACIFIC
from clients.caiso import Caiso
from clients.ercot import Condition, condition
from clients.http import Http
from config import GridIso, Settings
from errors import ClientError, StateError
from model import Alert
from state.cache import Cache
from state.codec import decode

TASK = "grid alerts"
EVERY = timedelta(minutes=10)
AFTER_FAILURE = timedelta(minutes=30)
AT_LEAST = timedelta(hours=1)
FLEX_ENDS = time(21)
BELIEVED = timedelta(days=1)  # for so long a dead page is no problem of the owner's
ASKS_FOR_LESS = ("flex alert", "eea", "energy emergency", "stage 1", "stage 2", "stage 3", "conservation")


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look found. `at`: of the look."""

    at: datetime
    alerts: tuple[Alert, ...] = ()


def alert_tasks(settings: Settings, cache: Cache, http: Http, now: datetime) -> dict[str, Callable[[], object]]:
    """One task that gives a tuple of Alerts, where the grid tells them to everybody."""
    look = _looker(settings, http, now)
    if look is None or settings.grid_iso is None:
        return {}
    (name,) = alert_caches(settings)
    return {TASK: lambda: _alerts(cache, name, look, now)}


def alert_caches(settings: Settings) -> tuple[str, ...]:
    """What the grid's state is kept under; for `ask_again`."""
    return () if settings.grid_iso is None else (f"grid-alerts-{settings.grid_iso.value.lower()}",)


def _looker(settings: Settings, http: Http, now: datetime) -> Callable[[], tuple[Alert, ...]] | None:
    if not settings.grid_alerts:
        return None
    if settings.grid_iso is GridIso.CAISO:
        caiso = Caiso(settings.caiso_url, settings.caiso_oasis_url, http)
        return lambda: of_caiso(caiso.status(now), now)
    if settings.grid_iso is GridIso.ERCOT:
        return lambda: of_ercot(condition(settings.ercot_url, http), now)
    return None


def _alerts(cache: Cache, name: str, look: Callable[[], tuple[Alert, ...]], now: datetime) -> tuple[Alert, ...]:
    """Those that hold now or later. Raises ClientError where nothing was learned for a day."""
    old, rest = _kept(cache, name), cache.get(f"{name}-rest")
    if old is not None and timedelta() <= now - old.at < EVERY:
        return _ahead(old.alerts, now)
    try:
        if rest is not None and rest.fresh(now):
            raise ClientError(TASK, str(rest.value))
        found = look()
    except ClientError as error:
        if rest is None or not rest.fresh(now):
            cache.put(f"{name}-rest", error.text, now + AFTER_FAILURE)
        if old is None or now - old.at >= BELIEVED:
            raise
        return _ahead(old.alerts, now)
    seen = tuple(_since(alert, old) for alert in found)
    cache.put(name, Seen(now, seen), now + EVERY)
    return seen


def _kept(cache: Cache, name: str) -> Seen | None:
    found = cache.get(name)
    try:
        return decode(Seen, found.value) if found is not None else None
    except StateError:
        return None


def _ahead(alerts: Iterable[Alert], now: datetime) -> tuple[Alert, ...]:
    return tuple(alert for alert in alerts if alert.end > now)


def _since(alert: Alert, old: Seen | None) -> Alert:
    """One that was seen before goes on: it began then."""
    before = [one.start for one in old.alerts if one.level == alert.level and one.end >= alert.start] if old is not None else []
    return replace(alert, start=min([alert.start, *before]))


def of_caiso(status: Iterable[str], now: datetime) -> tuple[Alert, ...]:
    """Maintenance that is put off, and other words for the operator's own people, are none."""
    return tuple(_alert("CAISO", word, _flex_end(now) if "flex" in word.lower() else now + AT_LEAST, now) for word in status if _asks(word))


def of_ercot(found: Condition, now: datetime) -> tuple[Alert, ...]:
    level = f"EEA {found.eea}" if found.eea else found.state if _asks(f"{found.state} {found.note}") and found.state != "normal" else ""
    return (_alert("ERCOT", level, now + AT_LEAST, now),) if level else ()


def _asks(word: str) -> bool:
    return any(each in word.lower() for each in ASKS_FOR_LESS)


def _flex_end(now: datetime) -> datetime:
    evening = datetime.combine(now.astimezone(PACIFIC).date(), FLEX_ENDS, PACIFIC)
    return max(evening.astimezone(now.tzinfo), now + AT_LEAST)


def _alert(source: str, level: str, end: datetime, now: datetime) -> Alert:
    return Alert(source, level, now, end, f"{source}: {level}")
