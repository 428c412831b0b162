"""Charge schedules in the car, as vehicle_data tells them (charge_schedule_data, firmware 2024.26 and later). Reading only: commands about
them are in tesla_table.py. Times are minutes after the car's local midnight."""

from __future__ import annotations

from clients.values import Node
from model import CarSchedule, Missing

SECTION = "charge_schedule_data"


def car_schedules(car: Node) -> tuple[CarSchedule, ...] | Missing:
    """All charge schedules of the car, the owner's and ours. One that cannot be read makes all of them missing: it may be the one that
    starts the car tonight."""
    if not isinstance(car.data.get(SECTION), dict):
        return car.missing(SECTION)
    section = car.node(SECTION)
    rows = section.data.get("charge_schedules")
    if not isinstance(rows, list):
        return section.missing("charge_schedules")
    found = [_schedule(Node(car.source, f"{SECTION}.charge_schedules", row)) for row in rows if isinstance(row, dict)]
    missing = next((one for one in found if isinstance(one, Missing)), None)
    return missing or tuple(one for one in found if isinstance(one, CarSchedule))


def _schedule(row: Node) -> CarSchedule | Missing:
    number, days = row.whole("id", 0, 2**63), row.whole("days_of_week", 0, 127)
    lat, lon = (_either(row, short, long, most) for short, long, most in (("lat", "latitude", 90), ("lon", "longitude", 180)))
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
