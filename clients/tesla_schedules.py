"""Charge and precondition schedules in the car, as vehicle_data tells them (charge_schedule_data, preconditioning_schedule_data; firmware
2024.26 and later). Reading only: commands about them are in tesla_table.py. Times are minutes after the car's local midnight."""

from __future__ import annotations

from dataclasses import dataclass

from clients.values import Node
from model import CarSchedule, Missing

SECTION = "charge_schedule_data"
PRECONDITION_SECTION = "preconditioning_schedule_data"


@dataclass(frozen=True, slots=True)
class PreconditionSchedule:
    """When the car is to be warm. `days`: bits, Sunday 1 to Saturday 64; `minutes`: when it is ready."""

    id: int
    days: int
    minutes: int
    lat: float
    lon: float
    enabled: bool
    once: bool


def car_schedules(car: Node) -> tuple[CarSchedule, ...] | Missing:
    """All charge schedules of the car, the owner's and ours. One that cannot be read makes all of them missing: it may be the one that
    starts the car tonight."""
    rows = _rows(car, SECTION, "charge_schedules")
    if isinstance(rows, Missing):
        return rows
    found = [_schedule(row) for row in rows]
    missing = next((one for one in found if isinstance(one, Missing)), None)
    return missing or tuple(one for one in found if isinstance(one, CarSchedule))


def precondition_schedules(car: Node) -> tuple[PreconditionSchedule, ...] | Missing:
    """All precondition schedules of the car; each is the owner's, for we write none. One that cannot be read makes all of them missing."""
    rows = _rows(car, PRECONDITION_SECTION, "precondition_schedules")
    if isinstance(rows, Missing):
        return rows
    found = [_precondition(row) for row in rows]
    missing = next((one for one in found if isinstance(one, Missing)), None)
    return missing or tuple(one for one in found if isinstance(one, PreconditionSchedule))


def _rows(car: Node, section: str, name: str) -> list[Node] | Missing:
    if not isinstance(car.data.get(section), dict):
        return car.missing(section)
    node = car.node(section)
    rows = node.data.get(name)
    return (
        [Node(car.source, f"{section}.{name}", row) for row in rows if isinstance(row, dict)]
        if isinstance(rows, list)
        else node.missing(name)
    )


def _precondition(row: Node) -> PreconditionSchedule | Missing:
    number, days, minutes = row.whole("id", 0, 2**63), row.whole("days_of_week", 0, 127), row.whole("precondition_time", 0, 1439)
    lat, lon = _place(row)
    if isinstance(number, Missing) or isinstance(days, Missing):
        return row.missing("id" if isinstance(number, Missing) else "days_of_week")
    if isinstance(minutes, Missing) or isinstance(lat, Missing) or isinstance(lon, Missing):
        return row.missing("precondition_time" if isinstance(minutes, Missing) else "latitude")
    on, once = row.data.get("enabled") is not False, row.data.get("one_time") is True
    return PreconditionSchedule(number, days, minutes, lat, lon, on, once)


def _place(row: Node) -> tuple[float | Missing, float | Missing]:
    return _either(row, "lat", "latitude", 90), _either(row, "lon", "longitude", 180)


def _schedule(row: Node) -> CarSchedule | Missing:
    number, days = row.whole("id", 0, 2**63), row.whole("days_of_week", 0, 127)
    lat, lon = _place(row)
    start, end = (_minute(row, side) for side in ("start", "end"))
    if isinstance(number, Missing) or isinstance(days, Missing):
        return row.missing("id" if isinstance(number, Missing) else "days_of_week")
    if isinstance(start, Missing) or isinstance(end, Missing):
        return row.missing("start_time" if isinstance(start, Missing) else "end_time")
    if isinstance(lat, Missing) or isinstance(lon, Missing):
        return row.missing("latitude" if isinstance(lat, Missing) else "longitude")
    return CarSchedule(number, days, start, end, lat, lon, row.data.get("enabled") is not False)


def _minute(row: Node, side: str) -> int | Missing | None:
    """The minute of a side that is switched on; None where it is off."""
    return row.whole(f"{side}_time", 0, 1439) if row.data.get(f"{side}_enabled") is True else None


def _either(row: Node, short: str, long: str, most: float) -> float | Missing:
    found = row.number(short, -most, most)
    return row.number(long, -most, most) if isinstance(found, Missing) else found
