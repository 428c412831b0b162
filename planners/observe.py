"""What a cycle learns by looking, before it decides: the memory after the snapshot."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from config import Settings
from model import CarReading, CarView, Charger, Charging, Missing, Place
from model_decision import Snapshot
from model_memory import CarMemory, Cause, Mark, Memory, Plug
from planners.looking import sees_plug
from planners.owner_limit import FULL_FROM, amps_cap, next_limit, raised_by_owner
from planners.place import at_home
from planners.plugin import is_charging, is_rest, next_plug
from planners.wiring import match

MARKS_KEPT = timedelta(days=1)
INTENTS_KEPT = timedelta(days=2)


def observe(snapshot: Snapshot, settings: Settings) -> Memory:
    """The memory after this snapshot: plug-ins, origins, the owner's limits and amps. Pure; nothing is decided here."""
    grid_up = snapshot.powerwall.grid_up if not isinstance(snapshot.powerwall, Missing) else Missing("powerwall", "no reading")
    came_back = grid_up is True and snapshot.memory.grid_up is False
    cars = tuple(_car(snapshot, settings.for_car(view.vin, view.name), view, came_back) for view in snapshot.cars)
    known = {car.vin for car in cars}
    return replace(
        snapshot.memory,
        home=snapshot.memory.home or _home(cars, settings),
        cars=cars + tuple(car for car in snapshot.memory.cars if car.vin not in known),
        grid_up=grid_up if isinstance(grid_up, bool) else snapshot.memory.grid_up,
    )


def _home(cars: tuple[CarMemory, ...], settings: Settings) -> Place | None:
    """TESLA_HOME_ADDRESS=here: where the first car that is read stands parked now, at no fast charger."""
    if settings.tesla_home_address != "here":
        return None
    readings = [car.reading for car in cars if car.reading is not None]
    parked = [one.place for one in readings if one.driving is not True and one.fast_charging is not True and isinstance(one.place, Place)]
    return next(iter(parked), None)


def _car(snapshot: Snapshot, settings: Settings, view: CarView, power_came_back: bool) -> CarMemory:
    old = snapshot.memory.car(view.vin) or CarMemory(view.vin, view.name)
    old = _tidy(old, snapshot, power_came_back)
    if not isinstance(view.status, Missing):
        old = replace(old, status_online=view.status.online, tried_at=view.tried_at or old.tried_at)
    charger = match(snapshot, settings, view)
    old = _wire(old, charger, snapshot)
    if isinstance(view.reading, Missing) or (old.reading is not None and view.reading.at <= old.reading.at):
        return old
    return _learn(old, view.reading, charger, snapshot, settings)


def _tidy(old: CarMemory, snapshot: Snapshot, power_came_back: bool) -> CarMemory:
    marks = tuple(mark for mark in old.marks if mark.at > snapshot.now - MARKS_KEPT)
    if power_came_back:
        marks += (Mark(Cause.POWER, snapshot.now),)
    return replace(old, marks=marks, intents=tuple(i for i in old.intents if i.at > snapshot.now - INTENTS_KEPT))


def _wire(old: CarMemory, charger: Charger | None, snapshot: Snapshot) -> CarMemory:
    """What the connector says without asking Tesla: an unplugged car's plug-in has ended, whatever its last reading said."""
    unplugged = charger is not None and charger.plugged is False
    if not isinstance(snapshot.wall, Missing) and len(snapshot.cars) == 1:
        unplugged = unplugged or not snapshot.wall.connected
    if unplugged and old.plug is not None:
        old = replace(old, plug=None, unplugged_at=snapshot.now)
    if charger is not None and charger.plugged and old.plug is None and old.reading is None:
        plug = Plug(snapshot.now, known_from_start=old.unplugged_at is not None, session=charger.id, meter_kwh=charger.energy_kwh)
        old = replace(old, plug=plug)
    return replace(old, on_wire=charger is not None, sensor_plugged=sees_plug(old.vin, snapshot.charger, snapshot.wall))


def _learn(old: CarMemory, reading: CarReading, charger: Charger | None, snapshot: Snapshot, settings: Settings) -> CarMemory:
    home = True if charger is not None and charger.vin == reading.vin else at_home(reading, snapshot.home, settings.home_radius_m)
    connected = is_connected(reading) and home is not False
    session = charger.id if charger is not None else ""
    old = replace(old, marks=old.marks + _schedule_mark(old, reading) + _power_mark(old, reading))
    plug = next_plug(old, reading, connected, session)
    return replace(
        old,
        name=reading.name or old.name,
        reading=reading,
        plug=_owners(plug, old, reading),
        limit=next_limit(old.limit, reading),
        unplugged_at=old.unplugged_at if connected else reading.at,
        completed_at=reading.at if reading.charging is Charging.COMPLETE else old.completed_at,
        on_since=old.on_since if plug and (is_charging(reading) or not is_rest(plug, reading)) else None,
    )


def is_connected(reading: CarReading) -> bool:
    """A cable is in and it is not a fast charger's."""
    return (
        reading.charging is not Charging.DISCONNECTED
        and not isinstance(reading.charging, Missing)
        and reading.cable is not False
        and reading.fast_charging is not True
        and reading.driving is not True
    )


def _owners(plug: Plug | None, old: CarMemory, reading: CarReading) -> Plug | None:
    """His slider and his amps, as far as they belong to this plug-in."""
    if plug is None:
        return None
    same = old.plug is not None and old.plug.since == plug.since
    below = not isinstance(reading.limit_soc, Missing) and reading.limit_soc < FULL_FROM
    full = (plug.full_power or (same and raised_by_owner(old.limit, reading))) and not below
    return replace(plug, full_power=full, amps_cap=amps_cap(old, reading))


def _schedule_mark(old: CarMemory, reading: CarReading) -> tuple[Mark, ...]:
    """The car's own schedule was due between two readings."""
    before = old.reading
    if before is None or isinstance(before.schedule_at, Missing) or before.schedule_pending is not True:
        return ()
    return (Mark(Cause.CAR_SCHEDULE, before.schedule_at),) if before.schedule_at <= reading.at else ()


def _power_mark(old: CarMemory, reading: CarReading) -> tuple[Mark, ...]:
    back = old.reading is not None and old.reading.charging is Charging.NO_POWER and reading.charging is not Charging.NO_POWER
    return (Mark(Cause.POWER, reading.at),) if back else ()
