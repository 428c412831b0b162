"""When a paid reading of a car is worth its price: only where a decision can change by it. Nothing is read from a sleeping car."""

from __future__ import annotations

from datetime import datetime, timedelta

from model import CarStatus, ChargerReport, Charging, Missing, WallReading
from model_memory import CarMemory, Outcome
from planners.plugin import SETTLE

BLIND = timedelta(minutes=15)  # no sensor at home sees the plug
SEEING = timedelta(minutes=60)  # one does
CHARGING = timedelta(minutes=30)  # one does, and the state of charge rises
UNSETTLED = timedelta(minutes=20)
NEVER_LEFT = (Outcome.NOT_SENT, Outcome.UNREACHABLE)  # nothing can have changed: no look for a command that the budget refused
DUST = 0.01  # kWh
FLOWING = 2.0  # A; a connector shows some tenths while nothing charges

Sensors = tuple[ChargerReport | Missing, WallReading | Missing]


def worth_reading(
    status: CarStatus, memory: CarMemory, sensors: Sensors, now: datetime, *, thrifty: bool = False, stretch: int = 1
) -> str | None:
    """Why the car should be read in this cycle; None: its last reading will do. `thrifty`: the budget's routine share is spent, and only
    what a departure needs is read; `stretch`: so many times longer is the pause between looks that only time asks for."""
    if not status.online:
        return None
    last = memory.reading.at if memory.reading is not None else None
    commanded = any((last is None or intent.at >= last) and intent.outcome not in NEVER_LEFT for intent in memory.intents)
    tried = memory.tried_at
    if tried is not None and (last is None or tried > last) and now - tried < BLIND and not commanded:
        return None  # a reading that failed is not paid for again at once
    if last is None or memory.status_online is not True:
        return "first seen online"
    if commanded:
        return "after a command"
    if memory.stranger_at is not None or new_session(memory, sensors[1]):
        return "another plug-in: whose is it?"
    if _unsettled(memory, now):
        return "just plugged in" if now - last >= SETTLE else None
    if _begins(memory):
        return "a charge begins: whose is it?"
    if not thrifty and sensor_tells(memory, *sensors):
        return "a sensor sees a change"
    blind = all(isinstance(sensor, Missing) for sensor in sensors)
    every = SEEING if thrifty else stretch * (BLIND if blind else CHARGING if _charges(memory) else SEEING)
    return "regular look" if now - max(last, tried or last) >= every - timedelta(seconds=30) else None


def new_session(memory: CarMemory, wall: WallReading | Missing) -> bool:
    """The only car's connector counts from the start again: someone unplugged and someone plugged in between two cycles."""
    if isinstance(wall, Missing) or not wall.connected or memory.plug is None:
        return False
    later = memory.session_s is not None and wall.session_s < memory.session_s
    return later or (memory.session_kwh is not None and wall.session_kwh < memory.session_kwh - DUST)


def sees_plug(vin: str, charger: ChargerReport | Missing, wall: WallReading | Missing) -> bool:
    """A connector at home has a car on it that may be this one."""
    wired = not isinstance(charger, Missing) and any(one.plugged is True and one.vin in (None, vin) for one in charger.chargers)
    return wired or (not isinstance(wall, Missing) and wall.connected)


def _unsettled(memory: CarMemory, now: datetime) -> bool:
    plug = memory.plug
    return plug is not None and plug.rest_at is None and plug.charging_since is None and now - plug.since < UNSETTLED


def _begins(memory: CarMemory) -> bool:
    """The car was seen about to charge, without current yet: too early to tell who started it."""
    word = memory.reading.charging if memory.reading is not None else None
    return memory.plug is not None and memory.plug.charging_since is None and word in (Charging.STARTING, Charging.CHARGING)


def _charges(memory: CarMemory) -> bool:
    return memory.plug is not None and memory.plug.charging_since is not None


def sensor_tells(memory: CarMemory, charger: ChargerReport | Missing, wall: WallReading | Missing) -> bool:
    """A plug that was not there in the cycle before (a guest's is read once, not in each cycle), or current that begins or ends."""
    if memory.plug is None:
        return sees_plug(memory.vin, charger, wall) and not memory.sensor_plugged
    amps = None if isinstance(wall, Missing) else wall.amps
    if not isinstance(charger, Missing):
        amps = max((one.actual_amps for one in charger.chargers if one.vin in (None, memory.vin)), default=None)
    return amps is not None and (amps >= FLOWING) != _charges(memory)
