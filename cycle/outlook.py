"""What lies ahead, for people: the signal of the coming 48 hours beside sun, house load and weather, the trips, and what flows now.
The page draws it from decision.json; nothing decides by it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from config import Settings
from model import SLOT, CarReading, Charging, Missing, Series
from model_decision import CarDecision, Decision, Slot, Snapshot
from planners.signal import signal

Json = dict[str, object]
AHEAD = timedelta(hours=48)


def outlook(decision: Decision, snapshot: Snapshot, settings: Settings) -> Json:
    """Columns of one value for each slot from `start`, `step_s` apart; null where nothing is known. Absent: there is no such forecast."""
    slots = _reaching(decision, snapshot, settings)
    starts = [slot.start for slot in slots]
    found: Json = {
        "start": starts[0].astimezone(settings.time_zone).isoformat(timespec="seconds"),
        "step_s": int(SLOT.total_seconds()),
        "value": [_round(slot.value, 5) for slot in slots],
        "forecast": [slot.forecast for slot in slots],
    }
    digits = {"price": 5, "export": 5, "load": 0, "co2": 0}
    for name, places in digits.items():
        values = [_round(getattr(slot, name), places) for slot in slots]
        if any(value is not None for value in values):
            found[name] = values
    for key, series in (("sun_w", snapshot.sun), ("house_w", snapshot.house_load), ("temperature_c", snapshot.temperature)):
        if isinstance(series, Series):
            found[key] = [_round(value, 1) for value in _sampled(series, starts)]
    return found


def trips(snapshot: Snapshot, zone: tzinfo) -> list[Json]:
    """The drives that calendars ask for, nearest first."""
    if isinstance(snapshot.trips, Missing):
        return []
    return [
        {
            "leave": trip.leave.astimezone(zone).isoformat(timespec="seconds"),
            "back": _time(trip.back, zone),
            "km": round(trip.km, 1),
            "minutes": round(trip.drive_min),
            "text": trip.text,
            "vin": trip.vin,
        }
        for trip in sorted(snapshot.trips, key=lambda trip: trip.leave)
    ]


def meter(snapshot: Snapshot) -> Json | None:
    found = snapshot.meter
    if isinstance(found, Missing):
        return None
    values = {"grid_w": found.grid_w, "solar_w": found.solar_w, "load_w": found.load_w}
    return {key: value for key, value in values.items() if not isinstance(value, Missing)}


def seen(car: CarDecision, snapshot: Snapshot) -> Json:
    """What the car said last: its state, limit and power. Null: not known."""
    reading = next((view.reading for view in snapshot.cars if view.vin == car.vin), None)
    if not isinstance(reading, CarReading):
        return {"charging": None, "limit_soc": None, "power_w": _at_connector(car, snapshot)}
    charging = None if isinstance(reading.charging, Missing) else reading.charging.value
    limit = None if isinstance(reading.limit_soc, Missing) else reading.limit_soc
    return {"charging": charging, "limit_soc": limit, "power_w": _power(reading, car, snapshot)}


def _power(reading: CarReading, car: CarDecision, snapshot: Snapshot) -> float | None:
    measured = _at_connector(car, snapshot)
    if measured is not None:
        return measured
    if isinstance(reading.charging, Missing) or isinstance(reading.actual_amps, Missing):
        return None
    if reading.charging is not Charging.CHARGING:
        return 0.0
    if isinstance(reading.volts, Missing):
        return None
    return round(reading.actual_amps * reading.volts * (1 if isinstance(reading.phases, Missing) else max(1, reading.phases)))


def _at_connector(car: CarDecision, snapshot: Snapshot) -> float | None:
    """What a connector measures is newer than what the car said, where it is surely this car's."""
    if not isinstance(snapshot.charger, Missing):
        own = next((one for one in snapshot.charger.chargers if one.vin == car.vin), None)
        if own is not None and own.volts is not None:
            return round(own.actual_amps * own.volts)
    if not isinstance(snapshot.wall, Missing) and len(snapshot.cars) == 1 and snapshot.wall.connected:
        return round(snapshot.wall.amps * snapshot.wall.volts) if snapshot.wall.contactor_closed else 0.0
    return None


def _reaching(decision: Decision, snapshot: Snapshot, settings: Settings) -> Sequence[Slot]:
    until = snapshot.now + AHEAD
    slots = decision.signal if decision.signal and decision.signal[-1].end >= until else signal(snapshot, settings, until)[0]
    return [slot for slot in slots if slot.start < until]


def _sampled(series: Series, starts: Sequence[datetime]) -> list[float | None]:
    """The value that holds at each start; both run in time order."""
    found: list[float | None] = []
    points, index = series.points, 0
    for at in starts:
        while index < len(points) and points[index].end <= at:
            index += 1
        found.append(points[index].value if index < len(points) and points[index].start <= at else None)
    return found


def _round(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _time(at: datetime | None, zone: tzinfo) -> str | None:
    return None if at is None else at.astimezone(zone).isoformat(timespec="seconds")
