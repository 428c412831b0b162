"""Is this clock to be believed? A Pi has no battery-backed clock: it boots in the past and jumps when the network comes."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TypeVar, cast

from model import RELEASED
from model_memory import Memory

BACK = timedelta(minutes=5)
AGREEING = 3
APART = timedelta(hours=1)
JUST_NOW = timedelta(seconds=1)  # so that what is read now counts as newer
TO_COME = ("schedule_at", "due_at")

T = TypeVar("T")


def doubt(memory: Memory, now: datetime) -> str:
    """Why nothing may be sent at this `now`; "" if it is believed. A clock that went back is believed once three cycles agree."""
    if now < RELEASED:
        return f"The clock says {now:%Y-%m-%d}, which is before this program was made: set it (timedatectl), then the next cycle goes on."
    if memory.last_cycle is None or now >= memory.last_cycle - BACK or _agree(memory.doubted, now):
        return ""
    last = f"{memory.last_cycle:%Y-%m-%d %H:%M}"
    return f"The clock went back: it says {now:%Y-%m-%d %H:%M} UTC, the last cycle was at {last}. Waiting for three cycles that agree."


def not_ahead(memory: Memory, now: datetime) -> Memory:
    """The memory without times that still lie ahead: a clock that ran ahead has learned them, and a reading of the year 2036 would stay the
    newest one for ten years. What is to come by itself (a schedule in the car) may lie ahead."""
    newest = [one.at for one in memory.site.intents[-1:]]
    newest += [intent.at for car in memory.cars for intent in car.intents[-1:]]  # a cycle that was killed has saved no more than these
    if max([now, *newest, *([memory.last_cycle] if memory.last_cycle else [])]) <= now:
        return memory
    cars, site = _capped(memory.cars, now), _capped(memory.site, now)
    return replace(memory, cars=cars, site=site, charger_link_since=_capped(memory.charger_link_since, now))


def _capped(value: T, now: datetime) -> T:
    found: object = value
    if isinstance(value, datetime):
        found = min(value, now - JUST_NOW)
    elif isinstance(value, tuple):
        found = tuple(_capped(one, now) for one in value)
    elif is_dataclass(value) and not isinstance(value, type):
        known = {one.name: getattr(value, one.name) for one in fields(value) if one.name not in TO_COME}
        found = replace(value, **{name: _capped(one, now) for name, one in known.items()})
    return cast(T, found)


def remember(memory: Memory, now: datetime, doubted: bool) -> Memory:
    """The memory after a cycle at `now`: believed, or one more that is doubted."""
    if not doubted:
        return replace(memory, last_cycle=now, doubted=())
    return replace(memory, doubted=(*memory.doubted, now)[-AGREEING:])


def _agree(doubted: tuple[datetime, ...], now: datetime) -> bool:
    """The last two doubted cycles and this one follow each other as cycles do."""
    times = (*doubted[-(AGREEING - 1) :], now)
    steps = list(pairwise(times))
    return len(times) == AGREEING and all(timedelta() < b - a <= APART for a, b in steps)
