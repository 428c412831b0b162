"""Is the car where it was last seen? Readings cost money, so most cycles know an aged place.

A connector at home that names the car, or is surely its own, vouches for it, but not against what was read later. Else the last place
counts, but not for a car that went to sleep after a quarter of an hour in which it was online or nobody looked: a Tesla stays awake that
long after a drive, so it may have been moved, and it must not be woken somewhere else. Nor where another session began at the connector
since: that may be a guest's. A car that is online is looked at before anything is sent to it (cycle/fresh.py).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from config import Settings
from model import CarReading, CarView, Charger, Charging, Missing
from model_decision import Snapshot
from model_memory import CarMemory
from planners.looking import new_session
from planners.place import at_home

AWAKE_AFTER_DRIVE = timedelta(minutes=15)
CLOUD_AGED = timedelta(minutes=20)  # Tesla's cloud is asked every quarter of an hour while a car is plugged in
JITTER = timedelta(minutes=1)  # cron's cycles are some seconds late


def watched(old: CarMemory, view: CarView, snapshot: Snapshot, settings: Settings, charger: Charger | None) -> CarMemory:
    """The memory after this look: from when to when the car may have been awake since it was last surely seen. The list shows it online,
    or it was not looked at for longer than a car stays awake after a drive; a connector that has it on its plug ends all doubt. A time in
    which nobody looked is held against a car that our own schedule charges in time; one without it would stand empty in the morning."""
    now = snapshot.now
    if _on_its_plug(snapshot, old, charger) or _named_now(view, snapshot):
        return replace(old, online_from=None, online_to=None, stood_at=now)
    if isinstance(view.status, Missing):
        return old
    before = snapshot.memory.car(view.vin)
    last = _last_look(before) if before is not None else None
    unseen = now - last if last is not None and old.schedule is not None else timedelta()
    if unseen > max(AWAKE_AFTER_DRIVE, timedelta(minutes=settings.cycle_minutes)) + JITTER:
        return replace(old, online_from=old.online_from or last, online_to=now)
    return replace(old, online_from=old.online_from or now, online_to=now) if view.status.online else old


def _last_look(before: CarMemory) -> datetime | None:
    """When anything told last where or how this car is."""
    read = before.reading.at if before.reading is not None else None
    looks = (before.online_to, before.slept_at, before.stood_at, read)
    return max((at for at in looks if at is not None), default=None) if read is not None else None


def sessions(old: CarMemory, snapshot: Snapshot) -> CarMemory:
    """The memory after the Gen 3 connector's word on its session; it says nothing of who is plugged in, so only an only car heeds it."""
    wall = snapshot.wall
    if isinstance(wall, Missing) or len(snapshot.cars) != 1:
        return old
    if not wall.connected:
        return replace(old, session_s=None, session_kwh=None)
    stranger = snapshot.now if new_session(old, wall) else old.stranger_at
    return replace(old, session_s=wall.session_s, session_kwh=wall.session_kwh, stranger_at=stranger)


def named_at_home(vin: str, snapshot: Snapshot) -> bool:
    """A Wall Connector of the Powerwall's site has this car on it, as Tesla's cloud tells."""
    seen = snapshot.powerwall
    if isinstance(seen, Missing) or not vin or not timedelta() <= snapshot.now - seen.at <= CLOUD_AGED:
        return False
    return any(one.vin == vin for one in seen.connectors)


def home_now(snapshot: Snapshot, settings: Settings, view: CarView, memory: CarMemory, charger: Charger | None) -> bool | Missing:
    """Is the car at home, as far as that is known in this cycle?"""
    if charger is not None and not view.vin:
        return True
    asleep = not isinstance(view.status, Missing) and not view.status.online
    if _wired(view.vin, view.reading, charger) or _named(view.vin, view.reading, memory, snapshot, asleep):
        return True
    home = at_home(view.reading, snapshot.home, settings.home_radius_m)
    return _doubt(snapshot, view, memory, charger) or home if home is True else home


def home_when_read(
    reading: CarReading, snapshot: Snapshot, settings: Settings, charger: Charger | None, memory: CarMemory
) -> bool | Missing:
    """The same for a reading of this very cycle."""
    if _wired(reading.vin, reading, charger) or _named(reading.vin, reading, memory, snapshot, asleep=False):
        return True
    return at_home(reading, snapshot.home, settings.home_radius_m)


def _wired(vin: str, reading: CarReading | Missing, charger: Charger | None) -> bool:
    """A Gen 2 connector of ours names the car, and no newer reading shows it on the road or at a fast charger."""
    if charger is None or not vin or charger.vin != vin or charger.plugged is False:
        return False
    return isinstance(reading, Missing) or not _gone(reading) or charger.last_seen > reading.at


def _named(vin: str, reading: CarReading | Missing, memory: CarMemory, snapshot: Snapshot, asleep: bool) -> bool:
    """Tesla's cloud named the car on a connector at home, and nothing newer speaks against it."""
    seen = snapshot.powerwall
    if isinstance(seen, Missing) or not named_at_home(vin, snapshot):
        return False
    if asleep and snapshot.now - seen.at > AWAKE_AFTER_DRIVE:
        return False  # it may have driven and fallen asleep since
    if any(at is not None and at > seen.at for at in (memory.stranger_at, memory.unplugged_at)):
        return False
    if isinstance(reading, Missing) or seen.at > reading.at:
        return True
    if _gone(reading) or reading.charging is Charging.DISCONNECTED:
        return False
    return seen.at == reading.at or isinstance(reading.place, Missing)


def _named_now(view: CarView, snapshot: Snapshot) -> bool:
    seen = snapshot.powerwall
    fresh = not isinstance(seen, Missing) and seen.at >= snapshot.now and named_at_home(view.vin, snapshot)
    return fresh and (isinstance(view.reading, Missing) or view.reading.at < snapshot.now)


def _gone(reading: CarReading) -> bool:
    return reading.driving is True or reading.fast_charging is True


def _doubt(snapshot: Snapshot, view: CarView, memory: CarMemory, charger: Charger | None) -> Missing | None:
    if memory.stranger_at is not None:
        return Missing("tesla", "another plug-in began at the connector, and the car was not looked at since")
    asleep = not isinstance(view.status, Missing) and not view.status.online
    if not asleep or memory.online_from is None or memory.online_to is None or _on_its_plug(snapshot, memory, charger):
        return None
    shown = memory.online_to - memory.online_from
    if shown < AWAKE_AFTER_DRIVE:
        return None
    text = f"it was online, or nobody looked, for {shown.total_seconds() / 60:.0f} min after it was last seen at home, and may have driven"
    return Missing("tesla", text)


def _on_its_plug(snapshot: Snapshot, memory: CarMemory, charger: Charger | None) -> bool:
    """The connector that it was plugged into is still occupied, and not by another."""
    if memory.plug is None or memory.stranger_at is not None:
        return False
    alone = len(snapshot.cars) == 1 and not isinstance(snapshot.wall, Missing) and snapshot.wall.connected
    return alone or (charger is not None and charger.plugged is True)
