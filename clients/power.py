"""One number for the house's power, from a service that names its sensors: units, signs, ages, and the grid from sun and load."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from errors import BadAnswer
from model import MeterReading, Missing

SOURCE = "meter"
LASTS = timedelta(minutes=5)
AHEAD = timedelta(minutes=1)  # clocks of two machines in one house
MOST_W = 1e6
WATTS = {"w": 1.0, "watt": 1.0, "watts": 1.0, "kw": 1000.0, "mw": 1e6}  # written in any case, but for MW and mW
NOT_SET = Missing(SOURCE, "not set")


@dataclass(frozen=True, slots=True)
class Value:
    """One sensor's power. `at`: when it said so last."""

    watts: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Trio:
    """What the house's sensors said; Missing where there is none, or none to believe."""

    grid: Value | Missing
    solar: Value | Missing
    load: Value | Missing


def as_watts(number: float, unit: str) -> float | None:
    """None: the unit is none of power."""
    factor = None if unit == "mW" else WATTS.get(unit.strip().casefold())
    return None if factor is None else number * factor


def fresh(name: str, watts: float, at: datetime, now: datetime) -> Value | Missing:
    """A value of the last five minutes, within what a house can draw."""
    if now - at > LASTS:
        return Missing(SOURCE, f"{name} has not changed or reported for {(now - at).total_seconds() / 60:.0f} min")
    if at - now > AHEAD:
        return Missing(SOURCE, f"the time of {name} lies {(at - now).total_seconds() / 60:.0f} min ahead: compare the clocks")
    if not abs(watts) <= MOST_W:
        return Missing(SOURCE, f"{name} says {watts:g} W")
    return Value(watts, min(at, now))


def reading(trio: Trio) -> MeterReading:
    """The grid from its own sensor, else from load and sun. Raises BadAnswer saying what is missing."""
    solar, load = _positive(trio.solar), _positive(trio.load)
    if isinstance(trio.grid, Value):
        return MeterReading(trio.grid.at, trio.grid.watts, Missing(SOURCE, "not measured"), _watts(solar), _watts(load))
    if trio.grid is not NOT_SET:
        raise BadAnswer(SOURCE, f"{trio.grid.why}.")
    for part in (solar, load):
        if isinstance(part, Missing):
            raise BadAnswer(SOURCE, f"{part.why}.")
    assert isinstance(solar, Value)
    assert isinstance(load, Value)
    grid = load.watts - solar.watts
    return MeterReading(min(solar.at, load.at), grid, Missing(SOURCE, "not measured"), solar.watts, load.watts)


def _positive(part: Value | Missing) -> Value | Missing:
    """An inverter draws some watts at night; sun and load are never negative."""
    return part if isinstance(part, Missing) else Value(max(0.0, part.watts), part.at)


def _watts(part: Value | Missing) -> float | Missing:
    return part if isinstance(part, Missing) else part.watts


def moment(value: object) -> datetime | None:
    """An ISO time with its offset, or Unix seconds or milliseconds. None: neither."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
    return found.astimezone(UTC) if found is not None and found.tzinfo is not None else None
