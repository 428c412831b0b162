"""Is the car where it was last seen? Readings cost money, so most cycles know an aged place.

A connector at home that names the car, or is surely its own, vouches for it. Else the last place counts, but not for a car that went to
sleep after the free list had shown it online for a quarter of an hour: a Tesla stays awake that long after a drive, so it may have been
moved, and it must not be woken somewhere else. A car that is online is looked at before anything is sent to it (cycle/fresh.py).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from config import Settings
from model import CarReading, CarView, Charger, Missing
from model_decision import Snapshot
from model_memory import CarMemory
from planners.place import at_home

AWAKE_AFTER_DRIVE = timedelta(minutes=15)
CLOUD_AGED = timedelta(minutes=20)  # Tesla's cloud is asked every quarter of an hour while a car is plugged in


def watched(old: CarMemory, view: CarView, now: datetime) -> CarMemory:
    """The memory after this look at the list: from when to when it has shown the car online since its newest reading."""
    if isinstance(view.status, Missing) or not view.status.online:
        return old
    return replace(old, online_from=old.online_from or now, online_to=now)


def named_at_home(vin: str, snapshot: Snapshot) -> bool:
    """A Wall Connector of the Powerwall's site has this car on it, as Tesla's cloud tells."""
    seen = snapshot.powerwall
    if isinstance(seen, Missing) or not vin or not timedelta() <= snapshot.now - seen.at <= CLOUD_AGED:
        return False
    return any(one.vin == vin for one in seen.connectors)


def home_now(snapshot: Snapshot, settings: Settings, view: CarView, memory: CarMemory, charger: Charger | None) -> bool | Missing:
    """Is the car at home, as far as that is known in this cycle?"""
    if charger is not None and (not view.vin or charger.vin == view.vin):
        return True
    if named_at_home(view.vin, snapshot):
        return True
    home = at_home(view.reading, snapshot.home, settings.home_radius_m)
    return _doubt(snapshot, view, memory, charger) or home if home is True else home


def home_when_read(reading: CarReading, snapshot: Snapshot, settings: Settings, charger: Charger | None) -> bool | Missing:
    """The same for a reading of this very cycle."""
    if charger is not None and charger.vin == reading.vin:
        return True
    return True if named_at_home(reading.vin, snapshot) else at_home(reading, snapshot.home, settings.home_radius_m)


def _doubt(snapshot: Snapshot, view: CarView, memory: CarMemory, charger: Charger | None) -> Missing | None:
    asleep = not isinstance(view.status, Missing) and not view.status.online
    if not asleep or memory.online_from is None or memory.online_to is None or _on_its_plug(snapshot, memory, charger):
        return None
    shown = memory.online_to - memory.online_from
    if shown < AWAKE_AFTER_DRIVE:
        return None
    return Missing("tesla", f"it was online for {shown.total_seconds() / 60:.0f} min after it was last seen at home, and may have driven")


def _on_its_plug(snapshot: Snapshot, memory: CarMemory, charger: Charger | None) -> bool:
    """The connector that it was plugged into is still occupied."""
    if memory.plug is None:
        return False
    alone = len(snapshot.cars) == 1 and not isinstance(snapshot.wall, Missing) and snapshot.wall.connected
    return alone or (charger is not None and charger.plugged is True)
