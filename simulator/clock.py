"""Two clocks for the world: one that stands still until it is set (lock-step), one that follows the real time."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime: ...


class FrozenClock:
    """Stands at `at` (aware) until it is set."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    def set(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def move(self, by: timedelta) -> datetime:
        self._at += by
        return self._at


class RealClock:
    """Real time from the moment of its making, shown as `start` onwards and `speed` times as fast."""

    def __init__(self, start: datetime | None = None, speed: float = 1.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._start = (start or datetime.now(UTC)).astimezone(UTC)
        self._speed = speed
        self._monotonic = monotonic
        self._zero = monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=(self._monotonic() - self._zero) * self._speed)
