"""Which connector serves which car, and which way a car is steered in this cycle."""

from __future__ import annotations

from config import Control, Settings
from model import CarView, Charger, Code, Missing, Reason
from model_decision import Path, Snapshot
from model_memory import CarMemory


def match(snapshot: Snapshot, settings: Settings, view: CarView) -> Charger | None:
    """The Gen 2 connector of this car: its VIN in charger.json; TWC_ID for the car; one occupied connector and one plugged car at home."""
    if isinstance(snapshot.charger, Missing) or snapshot.charger.link != "up":
        return None
    chargers = snapshot.charger.chargers
    for charger in chargers:
        if view.vin and charger.vin == view.vin:
            return charger
    for charger in chargers:
        if settings.twc_id and charger.id.upper() == settings.twc_id.upper() and charger.vin in (None, view.vin):
            return charger
    occupied = [charger for charger in chargers if charger.plugged is True and charger.vin is None]
    if not view.vin:
        return occupied[0] if occupied else None  # a car without a name stands for the connector
    plugged = [car.vin for car in snapshot.cars if _is_plugged(snapshot.memory.car(car.vin))]
    return occupied[0] if len(occupied) == 1 and plugged == [view.vin] else None


def _is_plugged(memory: CarMemory | None) -> bool:
    return memory is not None and memory.plug is not None


def path_of(snapshot: Snapshot, settings: Settings, charger: Charger | None) -> tuple[Path, Reason | None]:
    """CONTROL=auto: `twc` if a fresh charger.json matches, else `car` if commands work, else none and why."""
    wire = charger is not None and settings.control is not Control.CAR
    if wire:
        return Path.TWC, None
    if settings.control is not Control.TWC and snapshot.commands is True:
        return Path.CAR, None
    return Path.NONE, _why_none(snapshot, settings)


def _why_none(snapshot: Snapshot, settings: Settings) -> Reason:
    wire = snapshot.charger.why if isinstance(snapshot.charger, Missing) else "no connector is matched to this car"
    api = snapshot.commands.why if isinstance(snapshot.commands, Missing) else "switched off"
    ways = {Control.TWC: f"RS-485: {wire}", Control.CAR: f"Tesla: {api}"}
    # who has no adapter is not sent to look for one
    both = "; ".join(ways.values()) if settings.twc_port else ways[Control.CAR]
    text = ways.get(settings.control, both)
    return Reason(Code.NO_PATH, f"no way to steer this car ({text})")
