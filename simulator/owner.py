"""The owner: a script of acts by time, and a random owner for property tests.

world.follow([Act(at, "plug"), Act(at + hours(2), "slider", 90), Act(morning, "drive", 60)])
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from random import Random

from . import hands
from .car import Car


@dataclass(frozen=True, slots=True)
class Act:
    """At `at`, `what` with `value`. `vin` empty: every car. Besides the hands: `grid` (True up, False down) and `override` (a word of the
    owner to Ampshift, which the world only keeps in `words`)."""

    at: datetime
    what: str
    value: float | str | None = None
    vin: str = ""


def _number(act: Act) -> float:
    return float(act.value or 0)


HANDS: Mapping[str, Callable[[Car, Act], None]] = {
    "plug": lambda car, _act: hands.plug(car),
    "unplug": lambda car, _act: hands.unplug(car),
    "drive": lambda car, act: hands.drive(car, _number(act)),  # round trip
    "leave": lambda car, act: hands.drive(car, _number(act), hands.AWAY),  # stays away
    "start": lambda car, _act: hands.hand_start(car),
    "stop": lambda car, _act: hands.hand_stop(car),
    "slider": lambda car, act: hands.slider(car, int(_number(act))),
    "amps": lambda car, act: hands.amps_slider(car, int(_number(act))),
    "schedule": lambda car, act: hands.set_schedule(car, None if act.value is None else int(_number(act))),
    "supercharge": lambda car, _act: hands.supercharge(car),
    "climate": lambda car, act: hands.climate(car, _number(act)),
    "doze": lambda car, _act: hands.doze(car),
    "link-lost": lambda car, _act: hands.link_lost(car),
}


def apply_to_car(car: Car, act: Act) -> None:
    HANDS[act.what](car, act)


def commuter(start: datetime, days: int, zone: tzinfo, km: float = 50.0, vin: str = "") -> tuple[Act, ...]:
    """A plain life: leaves at 07:30 on workdays, is back at 17:30 and plugs in; plugged in from the evening before."""
    acts: list[Act] = []
    first = start.astimezone(zone).date()
    for day in (first + timedelta(days=number) for number in range(days)):
        if day.weekday() < 5:
            acts.append(Act(_at(day, time(7, 30), zone), "leave", km / 2, vin))
            acts.append(Act(_at(day, time(17, 0), zone), "drive", km / 2, vin))
        acts.append(Act(_at(day, time(18, 0), zone), "plug", None, vin))
    return tuple(act for act in acts if act.at >= start)


def random_acts(rng: Random, start: datetime, days: int, vin: str, zone: tzinfo = UTC) -> tuple[Act, ...]:
    """A life without a plan: comes, goes, plugs in or forgets to, presses buttons and changes his mind. Everything comes from `rng`."""
    acts: list[Act] = []
    first = start.astimezone(zone).date()
    for day in (first + timedelta(days=number) for number in range(days)):
        if rng.random() < 0.8:
            acts += _trip(rng, datetime.combine(day, time(rng.randrange(5, 11), rng.randrange(60)), zone), vin)
        elif rng.random() < 0.5:
            acts.append(Act(_at(day, time(rng.randrange(8, 22)), zone), "plug", None, vin))
        for _ in range(rng.randrange(0, 3)):
            what, value = _whim(rng)
            acts.append(Act(_at(day, time(rng.randrange(24), rng.randrange(60)), zone), what, value, vin))
    return tuple(sorted((act for act in acts if act.at >= start), key=lambda act: act.at))


def _trip(rng: Random, leave: datetime, vin: str) -> list[Act]:
    """Away for some hours, now and then to a Supercharger; back, and mostly plugged in within the hour."""
    km = rng.choice((8, 20, 45, 90, 180))
    hours = km / 60 + rng.uniform(0.5, 9)
    back = leave + timedelta(hours=hours)
    acts = [Act(leave, "leave", km, vin)]
    if km >= 90 and rng.random() < 0.5:
        acts += [Act(leave + timedelta(hours=km / 60 + 0.1), "supercharge", None, vin)]
    acts.append(Act(back, "drive", km, vin))
    if rng.random() < 0.85:
        acts.append(Act(back + timedelta(hours=km / 60, minutes=rng.randrange(2, 60)), "plug", None, vin))
    return acts


def _whim(rng: Random) -> tuple[str, float | str | None]:
    whims: tuple[tuple[str, float | str | None], ...] = (
        ("start", None),
        ("stop", None),
        ("slider", rng.randrange(50, 101, 5)),
        ("amps", rng.randrange(5, 49)),
        ("schedule", rng.choice((None, rng.randrange(0, 1440, 15)))),
        ("climate", rng.choice((0, 0, 2500))),
        ("unplug", None),
        ("plug", None),
        ("override", rng.choice(("charge-now", "stop", "hands-off", "auto"))),
    )
    return rng.choice(whims)


def _at(day: date, clock: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, clock, zone)
