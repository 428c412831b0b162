"""When a paid reading of a car is worth its price: only where a decision can change by it. Nothing is read from a sleeping car."""

from __future__ import annotations

from datetime import datetime, timedelta

from model import CarStatus, ChargerReport, Missing, WallReading
from model_memory import CarMemory
from planners.plugin import SETTLE

BLIND = timedelta(minutes=15)  # no sensor at home sees the plug
SEEING = timedelta(minutes=60)  # one does
UNSETTLED = timedelta(minutes=20)


def worth_reading(
    status: CarStatus, memory: CarMemory, sensors: tuple[ChargerReport | Missing, WallReading | Missing], now: datetime
) -> str | None:
    """Why the car should be read in this cycle; None: its last reading will do."""
    if not status.online:
        return None
    last = memory.reading.at if memory.reading is not None else None
    commanded = any(last is None or intent.at >= last for intent in memory.intents)
    tried = memory.tried_at
    if tried is not None and (last is None or tried > last) and now - tried < BLIND and not commanded:
        return None  # a reading that failed is not paid for again at once
    if last is None or memory.status_online is not True:
        return "first seen online"
    if commanded:
        return "after a command"
    if (
        memory.plug is not None
        and memory.plug.rest_at is None
        and memory.plug.charging_since is None
        and now - memory.plug.since < UNSETTLED
    ):
        return "just plugged in" if now - last >= SETTLE else None
    if _plug_changed(memory, *sensors):
        return "a sensor sees the plug change"
    every = BLIND if all(isinstance(sensor, Missing) for sensor in sensors) or _charges(memory) else SEEING
    return "regular look" if now - max(last, memory.tried_at or last) >= every - timedelta(seconds=30) else None


def _charges(memory: CarMemory) -> bool:
    return memory.plug is not None and memory.plug.charging_since is not None


def _plug_changed(memory: CarMemory, charger: ChargerReport | Missing, wall: WallReading | Missing) -> bool:
    """A sensor at home says plugged where the memory says not; the other way round needs no reading."""
    if memory.plug is not None:
        return False
    seen = not isinstance(charger, Missing) and any(one.plugged is True and one.vin in (None, memory.vin) for one in charger.chargers)
    return seen or (not isinstance(wall, Missing) and wall.connected)
