"""What a cycle learns by looking, before it decides: the memory after the snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from config import Settings
from config_values import Address
from model import CarReading, CarView, Charger, Charging, Missing, Place
from model_decision import Snapshot
from model_memory import CarMemory, Cause, CommandKind, Intent, Mark, Memory, Plug
from planners.car_schedule import schedule_in, schedule_marks, touched
from planners.looking import FLOWING, sees_plug
from planners.mended import unmended
from planners.owner_limit import FULL_FROM, amps_cap, asked_amps, changed_our_raise, next_limit, raised_by_owner
from planners.plugin import is_charging, is_rest, next_plug
from planners.whereabouts import home_when_read, sessions, watched
from planners.wiring import match

MARKS_KEPT = timedelta(days=1)
TOLERANCE = 0.1  # of an offer, but 1 A at least (DESIGN.md, law 1)
INTENTS_KEPT = timedelta(days=2)


def observe(snapshot: Snapshot, settings: Settings) -> Memory:
    """The memory after this snapshot: plug-ins, origins, the owner's limits and amps. Pure; nothing is decided here."""
    grid_up = snapshot.powerwall.grid_up if not isinstance(snapshot.powerwall, Missing) else Missing("powerwall", "no reading")
    link = not isinstance(snapshot.charger, Missing) and snapshot.charger.link == "up"
    news = [Cause.POWER] if grid_up is True and snapshot.memory.grid_up is False else []
    news += [Cause.HEARTBEAT] if link and snapshot.memory.charger_link_since is None else []
    cars = tuple(_car(snapshot, settings.for_car(view.vin, view.name), view, news) for view in snapshot.cars)
    known = {car.vin for car in cars}
    home, of = _home(snapshot, cars, settings)
    return replace(
        snapshot.memory,
        home=home,
        home_of=of,
        cars=cars + tuple(_not_seen(car, snapshot) for car in snapshot.memory.cars if car.vin not in known),
        charger_link_since=(snapshot.memory.charger_link_since or snapshot.now) if link else None,
        grid_up=grid_up if isinstance(grid_up, bool) else snapshot.memory.grid_up,
    )


def _not_seen(car: CarMemory, snapshot: Snapshot) -> CarMemory:
    """A car that only a connector knew is gone when no connector has it; the next one must not inherit what was delivered to it."""
    if isinstance(snapshot.charger, Missing) or car.reading is not None or car.plug is None:
        return car
    return replace(car, plug=None, unplugged_at=snapshot.now)


def _home(snapshot: Snapshot, cars: tuple[CarMemory, ...], settings: Settings) -> tuple[Place | None, str]:
    """(home, of which address): what was learned stays; an address may have been looked up."""
    address, memory = settings.tesla_home_address, snapshot.memory
    if isinstance(address, Address) and isinstance(snapshot.home, Place):
        return snapshot.home, address.key
    if address == "here" and (memory.home is None or memory.home_of):
        return _parked(cars), ""
    return memory.home, memory.home_of


def _parked(cars: tuple[CarMemory, ...]) -> Place | None:
    """TESLA_HOME_ADDRESS=here: where the first car that is read stands parked now, at no fast charger."""
    readings = [car.reading for car in cars if car.reading is not None]
    parked = [one.place for one in readings if one.driving is not True and one.fast_charging is not True and isinstance(one.place, Place)]
    return next(iter(parked), None)


def _car(snapshot: Snapshot, settings: Settings, view: CarView, news: Sequence[Cause]) -> CarMemory:
    old = snapshot.memory.car(view.vin) or CarMemory(view.vin, view.name)
    old = _tidy(old, snapshot, news, settings)
    if not isinstance(view.status, Missing):
        slept = old.slept_at if view.status.online else snapshot.now
        old = replace(old, status_online=view.status.online, tried_at=view.tried_at or old.tried_at, slept_at=slept)
    charger = match(snapshot, settings, view)
    old = sessions(_wire(old, charger, snapshot), snapshot)
    old = watched(old, view, snapshot, settings, charger)
    if isinstance(view.reading, Missing) or (old.reading is not None and view.reading.at <= old.reading.at):
        return old
    return _learn(old, view.reading, charger, snapshot, settings)


def _tidy(old: CarMemory, snapshot: Snapshot, news: Sequence[Cause], settings: Settings) -> CarMemory:
    marks = tuple(mark for mark in old.marks if mark.at > snapshot.now - MARKS_KEPT)
    marks += tuple(Mark(cause, snapshot.now) for cause in news)
    return replace(old, marks=marks, intents=tuple(_intents(old, snapshot.now, settings)))


def _intents(old: CarMemory, now: datetime, settings: Settings) -> Iterator[Intent]:
    """Those of two days. A schedule of ours that the car refused is kept until that is mended or it is not wanted any more: it is asked for
    once a day, the net is missing all that time, and the owner is told once."""
    stands = [one for one in unmended(old) if one.kind is CommandKind.ADD_SCHEDULE]
    for one in old.intents:
        if one in stands:
            if settings.car_safety_schedule:
                yield one
        elif one.at > now - INTENTS_KEPT:
            yield one


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
    if charger is not None:
        old = _offered(old, charger, snapshot)
    amps = charger.actual_amps if charger is not None else 0.0
    if not isinstance(snapshot.wall, Missing) and len(snapshot.cars) == 1:
        amps = max(amps, snapshot.wall.amps)
    old = replace(old, flowed_at=snapshot.now) if amps >= FLOWING and old.plug is not None else old
    return replace(old, on_wire=charger is not None, sensor_plugged=sees_plug(old.vin, snapshot.charger, snapshot.wall))


def _offered(old: CarMemory, charger: Charger, snapshot: Snapshot) -> CarMemory:
    """A rising offer may begin a charge: that one is ours. Without a login an offer from nothing is a start, and one to nothing a stop."""
    before, offer, now = old.offered_amps, charger.offered_amps, snapshot.now
    if offer > before:
        earlier = tuple(mark for mark in old.marks if mark.cause is not Cause.OFFER)  # the newest is enough
        old = replace(old, marks=(*earlier, Mark(Cause.OFFER, now)))
    if snapshot.commands is not True and before < charger.min_amps <= offer:
        plug = replace(old.plug, starts=old.plug.starts + 1) if old.plug is not None else None
        old = replace(old, on_since=now, off_since=None, plug=plug)
    if snapshot.commands is not True and offer < charger.min_amps <= before:
        old = replace(old, on_since=None, off_since=now)
    over = offer == before >= charger.min_amps and charger.actual_amps > offer + max(1.0, offer * TOLERANCE)
    return replace(old, offered_amps=offer, overdrawn_since=(old.overdrawn_since or now) if over else None)


def _learn(old: CarMemory, reading: CarReading, charger: Charger | None, snapshot: Snapshot, settings: Settings) -> CarMemory:
    home = home_when_read(reading, snapshot, settings, charger, old)
    connected = is_connected(reading) and home is not False
    session = charger.id if charger is not None else ""
    old = replace(old, marks=old.marks + schedule_marks(old, reading, settings) + _power_mark(old, reading))
    plug = next_plug(old, reading, connected, session)
    return replace(
        old,
        name=reading.name or old.name,
        reading=reading,
        online_from=None,
        online_to=None,
        stranger_at=None,
        plug=_owners(plug, old, reading),
        limit=next_limit(old.limit, reading),
        schedule=schedule_in(old, reading),
        schedule_touched_at=reading.at if touched(old, reading) else old.schedule_touched_at,
        amps_set=reading.request_amps if reading.request_amps in asked_amps(old) else old.amps_set,
        unplugged_at=old.unplugged_at if connected else reading.at,
        flowed_at=reading.at if is_charging(reading) else old.flowed_at,
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
    raised = same and raised_by_owner(old.limit, reading)
    stopped = plug.owner_stopped and not raised  # his newer word
    full = (plug.full_power or raised) and not below
    his = plug.limit_his or (same and changed_our_raise(old, reading))
    return replace(plug, full_power=full, owner_stopped=stopped, amps_cap=amps_cap(old, reading), limit_his=his)


def _power_mark(old: CarMemory, reading: CarReading) -> tuple[Mark, ...]:
    back = old.reading is not None and old.reading.charging is Charging.NO_POWER and reading.charging is not Charging.NO_POWER
    return (Mark(Cause.POWER, reading.at),) if back else ()
