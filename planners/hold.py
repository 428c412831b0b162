"""POWERWALL_HOLD: at night the Powerwall must not empty itself into the car. While a car draws from the grid its reserve is raised to its
charge, and put back afterwards.

The owner's values are stored before the first change. Nothing is sent but after a look at the settings in this very cycle, so that what the
owner changed meanwhile wins, and a command of unknown outcome is never repeated blindly. Nothing is touched during Storm Watch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from math import floor

from config import Settings
from model import Code, Missing, PowerwallReading, Reason
from model_decision import NOT_ASKED, Action, Slot, Snapshot
from model_energy import SiteCommand, SiteKind, SiteSettings, SiteValue
from model_memory import Held, Outcome, SiteMemory
from planners.target import Settled

MOST_RESERVE = 80  # Tesla's cloud cuts a higher reserve to this
NO_SUN_W = 100.0
FRESH = timedelta(minutes=4)  # the cloud may show the old value for a while after a change
AFTER_REFUSAL = timedelta(minutes=30)
BACKUP = "backup"
INTENTS_KEPT = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class HoldPlan:
    """Changes in the order in which they are sent, why, and the memory of the site before they are sent."""

    commands: tuple[SiteCommand, ...]
    reasons: tuple[Reason, ...]
    memory: SiteMemory


def hold(cars: Sequence[Settled], slots: Sequence[Slot], snapshot: Snapshot, settings: Settings) -> HoldPlan:
    """What is due at the Powerwall in this cycle."""
    old = snapshot.memory.site
    now = drawing(cars, slots, snapshot)
    wanted = settings.powerwall_hold and (now or _soon(cars, snapshot))
    memory = replace(_learned(old, snapshot), wanted=wanted, settled=old.settled and wanted)
    if not memory.held and not (wanted and not memory.settled):
        return HoldPlan((), (), memory)
    seen = _looked(snapshot)
    if seen is None:
        return HoldPlan((), (_reason(memory, wanted),) if memory.held else (), memory)
    quiet = seen if isinstance(seen, Reason) else _why_not(snapshot, memory)
    if quiet is not None or isinstance(seen, Reason):
        return HoldPlan((), (quiet,) if quiet is not None else (), memory)
    if memory.held:
        return _held(memory, seen, snapshot, wanted)
    return _begin(memory, seen, snapshot) if now else HoldPlan((), (), memory)


def give_back(snapshot: Snapshot) -> HoldPlan:
    """`release`: whatever of ours stands is put back now."""
    memory = replace(_learned(snapshot.memory.site, snapshot), wanted=False)
    if not memory.held:
        return HoldPlan((), (), memory)
    seen = _looked(snapshot) or _alone("its settings were not looked at")
    quiet = seen if isinstance(seen, Reason) else _why_not(snapshot, replace(memory, intents=()))
    if quiet is not None or isinstance(seen, Reason):
        return HoldPlan((), (quiet,) if quiet is not None else (), memory)
    if any(one.at > snapshot.now - FRESH for one in memory.intents):
        return _back(memory, memory.held, snapshot)  # what the cloud shows may be older than our change
    return _held(memory, seen, snapshot, wanted=False)


def drawing(cars: Sequence[Settled], slots: Sequence[Slot], snapshot: Snapshot) -> bool:
    """A car at home draws from the grid now or is about to, without sun, at an hour that is not dear: at a dear one the Powerwall's charge
    is worth more in the house than later."""
    sun = _flows(snapshot)
    dark = isinstance(sun, Missing) or sun.solar_w < NO_SUN_W
    return dark and _cheap(slots, snapshot) and any(_draws(one) for one in cars)


def _draws(one: Settled) -> bool:
    plugged = one.case.home is True and one.case.plug is not None
    sunny = one.wish.reasons[0].code in (Code.FOLLOW_SUN, Code.GRID_DOWN, Code.GRID_DOWN_LOW)
    begins = one.wish.action is Action.CHARGE and one.case.awake  # a sleeping car draws nothing, whatever is wished
    return plugged and not sunny and (begins or (one.case.charging and one.wish.action is not Action.WAIT))


def _soon(cars: Sequence[Settled], snapshot: Snapshot) -> bool:
    """A planned slot begins before the next cycle is over: the settings are looked at in time."""
    if _flows_show_sun(snapshot):
        return False
    return any(snapshot.now < slot.start <= snapshot.now + one.case.cycle for one in cars if one.case.plug for slot in one.plan.slots)


def _flows_show_sun(snapshot: Snapshot) -> bool:
    seen = _flows(snapshot)
    return not isinstance(seen, Missing) and seen.solar_w >= NO_SUN_W


def _flows(snapshot: Snapshot) -> PowerwallReading | Missing:
    if isinstance(snapshot.powerwall, Missing) and not isinstance(snapshot.cloud, Missing):
        return snapshot.cloud.live
    return snapshot.powerwall


def _cheap(slots: Sequence[Slot], snapshot: Snapshot) -> bool:
    """Not above the mean of the coming day."""
    day = [slot for slot in slots if snapshot.now < slot.end <= snapshot.now + timedelta(hours=24)]
    here = next((slot.value for slot in day if slot.start <= snapshot.now < slot.end), None)
    return here is None or here <= sum(slot.value for slot in day) / len(day) + 1e-9


def _learned(old: SiteMemory, snapshot: Snapshot) -> SiteMemory:
    """The newest answer of the cloud; one without settings keeps the last ones."""
    intents = tuple(one for one in old.intents if one.at > snapshot.now - INTENTS_KEPT)
    found = snapshot.cloud
    if isinstance(found, Missing):
        return replace(old, intents=intents, asked_at=old.asked_at if found == NOT_ASKED else snapshot.now)
    known = old.cloud.settings if old.cloud is not None else found.settings
    settings = known if isinstance(found.settings, Missing) else found.settings
    return replace(old, intents=intents, asked_at=snapshot.now, cloud=replace(found, settings=settings))


def _looked(snapshot: Snapshot) -> SiteSettings | Reason | None:
    """The settings as they are in this very cycle; None: they were not asked for; else why they could not be seen."""
    cloud = snapshot.cloud
    found = cloud if isinstance(cloud, Missing) else cloud.settings
    if isinstance(found, Missing):
        return None if found == NOT_ASKED else _alone(found.why)
    return found if found.at >= snapshot.now else None


def _why_not(snapshot: Snapshot, memory: SiteMemory) -> Reason | None:
    """Why nothing may be changed in this cycle."""
    cloud = snapshot.cloud
    assert not isinstance(cloud, Missing)
    if cloud.live.storm_watch is True:
        return _alone("Storm Watch")
    if cloud.live.storm_watch is not False and not memory.held:
        return _alone("whether there is a Storm Watch is not known")
    if cloud.live.grid_up is False:
        return _alone("the grid is down")
    last = memory.intents[-1] if memory.intents else None
    if last is not None and last.outcome is Outcome.REFUSED and snapshot.now - last.at < AFTER_REFUSAL:
        return _alone(f"Tesla refused the last change ({last.answer})")
    return None


def _alone(why: str) -> Reason:
    return Reason(Code.POWERWALL_ALONE, f"the Powerwall's settings are left alone: {why}")


def _begin(memory: SiteMemory, seen: SiteSettings, snapshot: Snapshot) -> HoldPlan:
    cloud = snapshot.cloud
    assert not isinstance(cloud, Missing)
    soc, reserve = cloud.live.soc, seen.reserve_soc
    if isinstance(soc, Missing) or isinstance(reserve, Missing) or isinstance(seen.mode, Missing):
        missing = next(value for value in (soc, reserve, seen.mode) if isinstance(value, Missing))
        return HoldPlan((), (_alone(missing.why),), memory)
    level = floor(soc)
    if seen.mode == BACKUP or reserve >= level:
        return HoldPlan((), (), replace(memory, settled=True))  # it keeps its charge as the owner has it
    if level <= MOST_RESERVE or isinstance(seen.grid_charging, Missing):
        wished: list[tuple[SiteKind, SiteValue, SiteValue]] = [(SiteKind.RESERVE, min(level, MOST_RESERVE), reserve)]
    else:
        wished = [(SiteKind.GRID_CHARGING, False, True)] if seen.grid_charging else []
        wished.append((SiteKind.MODE, BACKUP, seen.mode))
    text = f"the car charges from the grid: the Powerwall keeps its {level} %"
    commands = tuple(SiteCommand(cloud.site_id, kind, value, Reason(Code.POWERWALL_HELD, text), own) for kind, value, own in wished)
    return HoldPlan(commands, (Reason(Code.POWERWALL_HELD, text, {"soc": level}),), memory)


def _held(memory: SiteMemory, seen: SiteSettings, snapshot: Snapshot, wanted: bool) -> HoldPlan:
    """Ours, the owner's own, or something new: each setting that we changed is one of these."""
    if any(one.at > snapshot.now - FRESH for one in memory.intents):
        return HoldPlan((), (_reason(memory, wanted),), memory)
    values: dict[SiteKind, SiteValue | Missing] = {
        SiteKind.RESERVE: seen.reserve_soc,
        SiteKind.MODE: seen.mode,
        SiteKind.GRID_CHARGING: seen.grid_charging,
    }
    standing = tuple(one for one in memory.held if isinstance(values[one.kind], Missing) or values[one.kind] == one.ours)
    gone = [one for one in memory.held if one not in standing]
    undone = [one for one in gone if values[one.kind] == one.own and not _confirmed(memory, one)]
    memory = replace(memory, held=standing)
    if wanted and gone and undone == gone:  # never carried out: once more
        return _again(memory, undone, snapshot) if standing else _begin(memory, seen, snapshot)
    if wanted and gone:  # the owner changed it: his word holds for this charge
        return HoldPlan((), (), replace(memory, settled=True))
    if wanted and not memory.settled and [one.kind for one in standing] == [SiteKind.GRID_CHARGING] and isinstance(seen.mode, str):
        half = (Held(SiteKind.MODE, seen.mode, BACKUP),)  # the power failed between the two changes
        return _again(memory, half, snapshot)
    if wanted or not standing:
        return HoldPlan((), (_reason(memory, wanted),) if standing else (), memory)
    unread = next((value for one in standing if isinstance(value := values[one.kind], Missing)), None)
    return _back(memory, standing, snapshot) if unread is None else HoldPlan((), (_alone(unread.why),), memory)


def _again(memory: SiteMemory, undone: Sequence[Held], snapshot: Snapshot) -> HoldPlan:
    assert not isinstance(snapshot.cloud, Missing)
    why, number = _reason(memory, wanted=True), snapshot.cloud.site_id
    return HoldPlan(tuple(SiteCommand(number, one.kind, one.ours, why, one.own) for one in undone), (why,), memory)


def _back(memory: SiteMemory, standing: Sequence[Held], snapshot: Snapshot) -> HoldPlan:
    """The owner's values, in the opposite order of ours."""
    assert not isinstance(snapshot.cloud, Missing)
    why, number = _reason(memory, wanted=False), snapshot.cloud.site_id
    return HoldPlan(tuple(SiteCommand(number, one.kind, one.own, why, None) for one in reversed(standing)), (why,), memory)


def _confirmed(memory: SiteMemory, held: Held) -> bool:
    """Tesla said yes to our newest change of this setting."""
    newest = next((one for one in reversed(memory.intents) if one.kind is held.kind and one.value == held.ours), None)
    return newest is not None and newest.outcome in (Outcome.DONE, Outcome.ALREADY)


def _reason(memory: SiteMemory, wanted: bool) -> Reason:
    if wanted:
        return Reason(Code.POWERWALL_HELD, "the car charges from the grid: the Powerwall keeps its charge")
    own = ", ".join(f"{NAMES[one.kind]} {_word(one.own)}" for one in memory.held)
    return Reason(Code.POWERWALL_BACK, f"the Powerwall's own settings are put back: {own}")


def _word(value: SiteValue) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else f"{value}{' %' if isinstance(value, int) else ''}"


NAMES = {SiteKind.RESERVE: "reserve", SiteKind.MODE: "mode", SiteKind.GRID_CHARGING: "charging from the grid"}


def say(command: SiteCommand) -> str:
    """A change in words."""
    return f"set the Powerwall's {NAMES[command.kind]} to {_word(command.value)}"
