"""The car at a Gen 2 Wall Connector: how much it takes of what it is offered, how fast, and when it takes nothing.

Amps are those of one phase, times are monotonic seconds. The physics is as plain as the measurements are: a ramp up, a faster one down,
a draw a little below the offer. A car with a battery, a schedule and an owner is simulator/car.py; twc_house.py puts that one here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Protocol

RISE = (18.89 - 6.64) / 4  # A per s: the slowest that was measured
FALL = 25.0  # A per s: from 88 to 6 A in less than the 4 s that remain of the five a car has
DRAWS = ((0.0, 0.0), (5.0, 4.2), (6.0, 5.2), (16.0, 15.7), (40.0, 38.8), (80.0, 77.6))  # offered, drawn
LATCH_S = 20.0  # no offer for so long after plug-in
FORGIVES = 3  # lost links, the last of which it does not forgive
STILL = 1e-9


class Mood(StrEnum):
    WANTS = "wants"
    SCHEDULED = "scheduled"  # by itself, later: it refuses power until then
    STOPPED = "stopped"  # over the app
    FULL = "full"
    REFUSES = "refuses"  # a fault of its own
    LATCHED = "latched"  # until it is plugged in again


class AtConnector(Protocol):
    """What a slave knows of the car at its cable, and does to it."""

    @property
    def plugged(self) -> bool: ...

    @property
    def mood(self) -> Mood: ...

    @property
    def vin(self) -> str: ...

    @property
    def draw(self) -> float: ...

    def advance(self, now: float) -> None:
        """Moves on to `now`."""

    def offered(self, amps: float, closed: bool) -> None:
        """What the pilot says (0: nothing), and whether the contactor is closed."""

    def cut(self, lost_link: bool) -> None:
        """The contactor opens under load; `lost_link`: because the master fell silent."""


@dataclass(frozen=True, slots=True)
class Habits:
    """`wants_amps`: its own limit; `overdraw`: share above the offer that it takes (0: a little less than offered); `reacts_s`: until it
    follows a new offer; `latches`: when plugged in at 0 A and after three lost links."""

    wants_amps: float = 48.0
    overdraw: float = 0.0
    reacts_s: float = 1.0
    latches: bool = False
    volts: float = 240.0


class TwcCar:
    """One car. The attributes are its true state; `kwh_left` None: it never gets full."""

    def __init__(self, habits: Habits | None = None, vin: str = "", kwh_left: float | None = None) -> None:
        self.habits = habits or Habits()
        self.vin = vin
        self.kwh_left = kwh_left
        self.plugged = False
        self.mood = Mood.WANTS
        self.draw = 0.0
        self.lost_links = 0
        self.now = 0.0
        self._target = 0.0
        self._moves_at = 0.0
        self._pilot = 0.0
        self._patient_until = float("inf")

    # ---- the owner's hands, the app ---------------------------------------------------------------------------------------------

    def plug_in(self) -> None:
        self.plugged = True
        self.lost_links = 0
        self._pilot = 0.0
        self._patient_until = self.now + LATCH_S
        if self.mood in (Mood.LATCHED, Mood.STOPPED):
            self.mood = Mood.WANTS

    def unplug(self) -> None:
        self.plugged = False
        self._rest()

    def stop(self) -> None:
        self._become(Mood.STOPPED)

    def start(self) -> None:
        self._become(Mood.WANTS)

    def wait_for_schedule(self) -> None:
        self._become(Mood.SCHEDULED)

    def refuse(self) -> None:
        self._become(Mood.REFUSES)

    def _become(self, mood: Mood) -> None:
        if self.mood is not Mood.LATCHED:
            self.mood = mood

    # ---- what the connector does to it ------------------------------------------------------------------------------------------

    def offered(self, amps: float, closed: bool) -> None:
        self._pilot = amps
        if amps > 0:
            self._patient_until = float("inf")
        takes = closed and self.plugged and self.mood is Mood.WANTS and amps > 0
        target = self._most(amps) if takes else 0.0
        if target == self._target:
            return
        if abs(self.draw - self._target) < STILL:  # else it is moving already, and goes on to the new aim
            self._moves_at = self.now + self.habits.reacts_s
        self._target = target

    def cut(self, lost_link: bool) -> None:
        self._rest()
        self.lost_links += lost_link
        if self.habits.latches and self.lost_links >= FORGIVES:
            self.mood = Mood.LATCHED

    def advance(self, now: float) -> None:
        if now <= self.now:
            return
        before, dt = self.draw, now - max(self.now, self._moves_at)
        if dt > 0 and self.draw < self._target:
            self.draw = min(self._target, self.draw + RISE * dt)
        elif dt > 0:
            self.draw = max(self._target, self.draw - FALL * dt)
        self._fill((before + self.draw) / 2 * self.habits.volts * (now - self.now) / 3.6e6)
        self.now = now
        if self.plugged and self.habits.latches and now >= self._patient_until:
            self.mood = Mood.LATCHED

    def _fill(self, kwh: float) -> None:
        if self.kwh_left is None:
            return
        self.kwh_left = max(0.0, self.kwh_left - kwh)
        if self.kwh_left == 0.0 and self.mood is Mood.WANTS:
            self.mood = Mood.FULL

    def _most(self, amps: float) -> float:
        return min(self.habits.wants_amps, amps * (1 + self.habits.overdraw) if self.habits.overdraw else usual_draw(amps))

    def _rest(self) -> None:
        """No current from this moment on."""
        self.draw = self._target = 0.0


def usual_draw(offer: float) -> float:
    """A at an offer of so many A, between the measured points."""
    if offer <= DRAWS[0][0]:
        return 0.0
    for (low, drawn), (high, more) in pairwise(DRAWS):
        if offer <= high:
            return drawn + (more - drawn) * (offer - low) / (high - low)
    return DRAWS[-1][1]
