"""When a Powerwall call to Tesla is worth its price (TESLA_ENERGY_PRICE): each cycle where it is free, else where a decision needs it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from config import Settings
from model_memory import CarMemory, CommandKind, Memory, Outcome, SiteMemory

FOLLOWING = timedelta(minutes=15)  # a plugged car may take the sun, or the Powerwall is held
PLUGGED = timedelta(minutes=30)  # is the grid up, is there a storm
IDLE = timedelta(hours=3)
AGED = timedelta(minutes=35)  # an older answer says nothing of now
EARLY = timedelta(seconds=30)  # cron is never exact
CURRENT = (CommandKind.START, CommandKind.STOP, CommandKind.AMPS)
GOOD = (Outcome.DONE, Outcome.ALREADY)


@dataclass(frozen=True, slots=True)
class SiteDue:
    """`live`: flows, storm and grid; `settings`: reserve and mode, for the hold."""

    live: bool
    settings: bool


def site_due(settings: Settings, memory: Memory, now: datetime) -> SiteDue:
    """What is asked in this cycle."""
    about = _settings_due(settings, memory.site, now)
    return SiteDue(about or (settings.powerwall_site is not None and _live_due(settings, memory, now)), about)


def changed_since(car: CarMemory, at: datetime) -> bool:
    """A command of ours may have changed what the car draws since then."""
    return any(intent.kind in CURRENT and intent.at >= at for intent in car.intents)


def _settings_due(settings: Settings, site: SiteMemory, now: datetime) -> bool:
    if not site.held:
        return settings.powerwall_hold and site.wanted and not site.settled and not _refused(site, now)
    last = site.intents[-1].outcome if site.intents else None
    storm = site.cloud is not None and site.cloud.live.storm_watch is True
    at_once = (not site.wanted and not storm) or last not in GOOD or settings.tesla_energy_price == 0
    return (at_once and not _refused(site, now)) or _older(site.asked_at, FOLLOWING, now)


def _refused(site: SiteMemory, now: datetime) -> bool:
    last = site.intents[-1] if site.intents else None
    return last is not None and last.outcome is Outcome.REFUSED and now - last.at < PLUGGED - EARLY


def _live_due(settings: Settings, memory: Memory, now: datetime) -> bool:
    if settings.tesla_energy_price == 0:
        return True
    plugged = [car for car in memory.cars if car.plug is not None]
    local = now.astimezone(settings.time_zone)
    sunny = bool(plugged) and settings.solar_charging and settings.solar_hours.covers(local.hour * 60 + local.minute)
    seen = memory.site.cloud.live.at if memory.site.cloud is not None else None
    if sunny and seen is not None and any(changed_since(car, seen) for car in plugged) and _older(memory.site.asked_at, EARLY, now):
        return True
    return _older(memory.site.asked_at, FOLLOWING if sunny else PLUGGED if plugged else IDLE, now)


def _older(asked: datetime | None, than: timedelta, now: datetime) -> bool:
    return asked is None or now - asked >= than - EARLY or asked > now
