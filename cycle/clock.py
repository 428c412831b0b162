"""Is this clock to be believed? A Pi has no battery-backed clock: it boots in the past and jumps when the network comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from model import RELEASED
from model_memory import Memory

BACK = timedelta(minutes=5)
AGREEING = 3
APART = timedelta(hours=1)


def doubt(memory: Memory, now: datetime) -> str:
    """Why nothing may be sent at this `now`; "" if it is believed. A clock that went back is believed once three cycles agree."""
    if now < RELEASED:
        return f"The clock says {now:%Y-%m-%d}, which is before this program was made: set it (timedatectl), then the next cycle goes on."
    if memory.last_cycle is None or now >= memory.last_cycle - BACK or _agree(memory.doubted, now):
        return ""
    last = f"{memory.last_cycle:%Y-%m-%d %H:%M}"
    return f"The clock went back: it says {now:%Y-%m-%d %H:%M} UTC, the last cycle was at {last}. Waiting for three cycles that agree."


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
