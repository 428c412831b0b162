"""The Powerwall's part of a look through Tesla's cloud, and its changes. The same for the real house and the one in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from clients.tesla_energy import Energy
from config import Settings
from cycle.ask import reading
from cycle.tariff import keep_plan, plan_due
from cycle.tesla import HOLD, hold
from errors import AccountStopped, ClientError, LoginDead, NotConfigured, TooMany
from model import CarStatus, Missing, PowerwallReading
from model_decision import NOT_ASKED
from model_energy import CloudSite, SiteCommand, SiteSettings
from model_memory import Memory, Outcome
from planners.site_looking import AGED, site_due
from state.cache import Cache

TASK = "powerwall cloud"
SITE = "energy-site"
SITE_KEPT = timedelta(days=7)
T = TypeVar("T")


class Use(Protocol):
    """Runs `work` with a client that is logged in; `reserved`: the budget's reserved share may be used."""

    def __call__(self, work: Callable[[Energy], T], reserved: bool) -> T: ...


def energy_tasks(settings: Settings, memory: Memory, use: Use, cache: Cache, now: datetime) -> dict[str, Callable[[], object]]:
    """One task, where the cloud is worth asking in this cycle."""
    due = site_due(settings, memory, now)
    if not due.live or not settings.has_tesla:
        return {}
    back = bool(memory.site.held) and not memory.site.wanted  # the owner's settings come back even when the routine share is spent

    def task() -> CloudSite:
        held = cache.get(HOLD)
        if held is not None and held.fresh(now):
            raise ClientError("powerwall", str(held.value))
        try:
            return use(lambda energy: _ask(energy, settings, cache, now, about=due.settings), back)
        except ClientError as error:
            hold(cache, error, now)
            raise

    return {TASK: task}


def seen(
    answers: Mapping[str, object], memory: Memory, local: PowerwallReading | Missing, settings: Settings, now: datetime
) -> tuple[PowerwallReading | Missing, CloudSite | Missing]:
    """(the Powerwall, the cloud's answer of this very cycle). The gateway at home comes first and gains what only the cloud knows; without
    one the newest answer of the cloud counts while it is young."""
    cloud = reading(answers, TASK, CloudSite) if TASK in answers else NOT_ASKED
    last = memory.site.cloud.live if memory.site.cloud is not None else None
    live = cloud.live if not isinstance(cloud, Missing) else last
    if live is not None and not timedelta() <= now - live.at <= AGED:
        live = None
    if settings.powerwall_url is not None:
        joined = local if isinstance(local, Missing) or live is None else replace(local, storm_watch=live.storm_watch)
        return joined, cloud
    if settings.powerwall_site is None:
        return local, cloud
    return live if live is not None else (cloud if isinstance(cloud, Missing) else NOT_ASKED), cloud


def just_plugged(cars: tuple[CarStatus, ...], memory: Memory, powerwall: PowerwallReading | Missing, now: datetime) -> tuple[str, ...]:
    """Cars that are worth a paid reading because a Wall Connector of the site names them anew: the cloud as a sensor of the plug."""
    if isinstance(powerwall, Missing) or powerwall.at < now:
        return ()
    before = memory.site.cloud.live.connectors if memory.site.cloud is not None else ()
    named = {one.vin for one in powerwall.connectors} - {one.vin for one in before}
    known = {car.vin for car in memory.cars if car.plug is not None}
    return tuple(car.vin for car in cars if car.online and car.vin in named and car.vin not in known)


def change(use: Use, command: SiteCommand) -> tuple[Outcome, str]:
    """Sends one change. Raises what concerns every further command."""
    try:
        return Outcome.DONE, use(lambda energy: energy.change(command.site_id, command.kind, command.value), command.own is None)
    except (LoginDead, AccountStopped, TooMany):
        raise
    except ClientError as error:
        from clients.tesla_commands import outcome_for  # most cycles change nothing

        return outcome_for(error), error.text


def _ask(energy: Energy, settings: Settings, cache: Cache, now: datetime, *, about: bool) -> CloudSite:
    number = settings.powerwall_site if isinstance(settings.powerwall_site, int) else _found(energy, cache, now)
    live = energy.live(number, now)
    if not about:
        if plan_due(settings, cache, now):
            _read_plan(energy, number, cache, now)
        return CloudSite(number, live, NOT_ASKED)
    known: SiteSettings | Missing
    try:
        info = energy.info(number, now)
        known = info.settings
        keep_plan(cache, info.tariff, now)
    except (LoginDead, AccountStopped, TooMany):
        raise
    except ClientError as error:
        known = Missing("powerwall", error.text)
    if not isinstance(known, Missing):
        live = replace(live, reserve_soc=known.reserve_soc, mode=known.mode)
    return CloudSite(number, live, known)


def _read_plan(energy: Energy, number: int, cache: Cache, now: datetime) -> None:
    """Only the rate plan; without it the cycle goes on with the last one."""
    try:
        keep_plan(cache, energy.info(number, now).tariff, now)
    except (LoginDead, AccountStopped, TooMany):
        raise
    except ClientError:
        return


def _found(energy: Energy, cache: Cache, now: datetime) -> int:
    """The account's only site with a Powerwall; looked up once a week."""
    kept = cache.get(SITE)
    if kept is not None and kept.fresh(now) and isinstance(kept.value, int):
        return kept.value
    sites = [site for site in energy.sites() if site.battery]
    if len(sites) != 1:
        names = ", ".join(f"{site.id} ({site.name})" for site in sites) or "none"
        raise NotConfigured("powerwall", f"Write POWERWALL_SITE: the account's sites with a Powerwall are {names}.")
    cache.put(SITE, sites[0].id, now + SITE_KEPT)
    return sites[0].id
