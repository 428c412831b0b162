"""decision.json's view of the coming hours as plain values: slots with what is known of each, the cars' plans and their departures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from page.data import Data

HELD = frozenset({"OWNER_STOP", "OWNER_STOPPED", "HANDS_OFF"})
ABOVE_THE_PLAN = HELD | {"CHARGE_NOW"}


@dataclass(frozen=True, slots=True)
class Quarter:
    """What is known of [start, end). `price`, `export` per kWh; `value`: what the plan weighs; `load` in MW; `forecast`: not published."""

    start: datetime
    end: datetime
    value: float | None
    price: float | None
    forecast: bool
    load: float | None
    co2: float | None
    sun_w: float | None
    house_w: float | None


@dataclass(frozen=True, slots=True)
class Charge:
    """A part of a car's plan, [start, end). `held`: it is what would be, for the owner said that this car does not charge."""

    car: str
    start: datetime
    end: datetime
    amps: float
    kwh: float
    price: float | None
    forecast: bool
    held: bool = False

    @property
    def kw(self) -> float:
        return self.kwh / max(1e-6, (self.end - self.start) / timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Due:
    """What a car must have, by when. `departure`: somebody leaves then."""

    car: str
    by: datetime
    soc: float | None
    kwh: float | None
    code: str
    text: str

    @property
    def departure(self) -> bool:
        return self.code not in ("NEED_MIN", "NEED_TARGET")


@dataclass(frozen=True, slots=True)
class Ahead:
    """`trips`: drives that calendars ask for, as decision.json has them."""

    quarters: tuple[Quarter, ...]
    charges: tuple[Charge, ...]
    dues: tuple[Due, ...]
    trips: tuple[Data, ...] = ()


def ahead(data: Data) -> Ahead:
    return Ahead(quarters(data), charges(data), dues(data), data.rows("trips"))


def quarters(data: Data) -> tuple[Quarter, ...]:
    outlook = data.part("outlook")
    first, step = outlook.time("start"), outlook.number("step_s")
    if first is None or not step or step < 60:
        return ()
    names = ("value", "price", "load", "co2", "sun_w", "house_w")
    columns = {name: outlook.numbers(name) for name in names}
    forecast = outlook.flags("forecast")
    size = max(len(column) for column in columns.values())

    def at(name: str, index: int) -> float | None:
        return columns[name][index] if index < len(columns[name]) else None

    return tuple(
        Quarter(
            first + timedelta(seconds=step * index),
            first + timedelta(seconds=step * (index + 1)),
            at("value", index),
            at("price", index),
            index < len(forecast) and forecast[index],
            *(at(name, index) for name in names[2:]),
        )
        for index in range(size)
    )


def charges(data: Data) -> tuple[Charge, ...]:
    found = []
    for car in data.rows("cars"):
        held = rules(car, HELD) != ""
        for slot in car.rows("plan"):
            start, end, kwh = slot.time("start"), slot.time("end"), slot.number("kwh")
            if start is not None and end is not None and kwh is not None and start < end:
                amps, forecast = slot.number("amps") or 0.0, slot.flag("forecast") is True
                found.append(Charge(car.text("name") or "Car", start, end, amps, kwh, slot.number("price"), forecast, held))
    return tuple(found)


def rules(car: Data, codes: frozenset[str]) -> str:
    """The owner's word for this car, if it is one of `codes`; it stands first among the reasons."""
    return next((one.text("text") for one in car.rows("reasons")[:1] if one.text("code") in codes), "")


def dues(data: Data) -> tuple[Due, ...]:
    """Nearest first."""
    found = []
    for car in data.rows("cars"):
        for need in car.rows("need"):
            by = need.time("by")
            if by is not None:
                numbers = need.number("soc"), need.number("kwh")
                found.append(Due(car.text("name") or "Car", by, *numbers, need.text("code"), need.text("text")))
    return tuple(sorted(found, key=lambda due: due.by))
