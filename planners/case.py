"""One car in one cycle: everything that the steps of its decision look at, gathered once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from config import Settings
from model import CarReading, CarView, Charger, Charging, Missing, Override, Reason, Word
from model_decision import Path, Snapshot
from model_memory import CarMemory, CommandKind, Outcome, Plug
from planners.departures import departures
from planners.owner_limit import owner_value
from planners.whereabouts import home_now
from planners.wiring import match, path_of

COMPLETE_WITHIN = 5  # percent; farther below, the limit was raised after the charge was complete
IDLE_VOLTS = 90.0  # a car that does not charge reports 0-2 V: not the house's voltage


@dataclass(frozen=True, slots=True)
class Case:
    """`settings`: with this car's own values; `charger`: its Gen 2 connector; `word`: the owner's newest word for it."""

    snapshot: Snapshot
    settings: Settings
    view: CarView
    memory: CarMemory
    charger: Charger | None
    path: Path
    no_path: Reason | None
    home: bool | Missing
    word: Override | None

    @property
    def now(self) -> datetime:
        return self.snapshot.now

    @property
    def reading(self) -> CarReading | Missing:
        return self.view.reading

    @property
    def plug(self) -> Plug | None:
        return self.memory.plug

    @property
    def soc(self) -> float | Missing:
        return self.reading if isinstance(self.reading, Missing) else self.reading.soc

    @property
    def level(self) -> float | Missing:
        """`soc`, but the limit where the car says Complete: it stops a little below and would be asked for the rest for ever."""
        reading = self.reading
        if isinstance(reading, Missing) or isinstance(reading.soc, Missing):
            return self.soc
        if reading.charging is Charging.COMPLETE and not isinstance(reading.limit_soc, Missing):
            near = reading.soc >= reading.limit_soc - COMPLETE_WITHIN
            return max(reading.soc, float(reading.limit_soc)) if near else reading.soc
        return reading.soc

    @property
    def awake(self) -> bool:
        return not isinstance(self.view.status, Missing) and self.view.status.online

    @property
    def limit(self) -> int | Missing:
        """The owner's charge limit, also while a raise of ours stands."""
        return owner_value(self.memory, self.reading)

    @property
    def volts(self) -> float:
        """Measured where current flows, else VOLTAGE."""
        seen = self.charger.volts if self.charger is not None else None
        if seen is None and not isinstance(self.reading, Missing) and not isinstance(self.reading.volts, Missing):
            seen = self.reading.volts
        return seen if seen is not None and seen >= IDLE_VOLTS else float(self.settings.voltage)

    @property
    def watts_per_amp(self) -> float:
        return self.volts * self.settings.phases

    @property
    def charging(self) -> bool:
        """Current flows (or is about to), as far as known: the connector's measurement, else the newest reading and what we did since."""
        if self.charger is not None:
            return self.charger.actual_amps >= 1
        if isinstance(self.reading, Missing) or (not isinstance(self.view.status, Missing) and not self.view.status.online):
            return False  # a car that sleeps does not charge
        for intent in reversed(self.memory.intents):
            if intent.at >= self.reading.at and intent.outcome is Outcome.DONE and intent.kind in (CommandKind.START, CommandKind.STOP):
                return intent.kind is CommandKind.START
        return self.reading.charging in (Charging.CHARGING, Charging.STARTING)

    @property
    def judged(self) -> bool:
        """The charge that runs has been seen with current, so its origin is known: before that it may be the owner's."""
        return self.plug is not None and self.plug.charging_since is not None

    @property
    def cannot_wait(self) -> bool:
        """Protocol 2 without a login: its least amps flow whatever is planned."""
        return self.charger is not None and not self.charger.can_stop and not (self.snapshot.commands is True and self.view.vin)

    @property
    def min_amps(self) -> int:
        """The least amps it charges with; an owner who set less in the app gets less."""
        least = max(self.settings.charger_min_amps, self.charger.min_amps if self.charger is not None else 0)
        cap = self.plug.amps_cap if self.plug is not None else None
        return least if cap is None or self.charger is not None else max(1, min(least, cap))

    @property
    def cycle(self) -> timedelta:
        return timedelta(minutes=self.settings.cycle_minutes)


def make_case(snapshot: Snapshot, settings: Settings, view: CarView) -> Case:
    """Gathers one car. `snapshot.memory` is the memory after `observe`."""
    own = settings.for_car(view.vin, view.name)
    memory = snapshot.memory.car(view.vin) or CarMemory(view.vin, view.name)
    charger = match(snapshot, own, view)
    path, why = path_of(snapshot, own, charger)
    home = home_now(snapshot, own, view, memory, charger)
    return Case(snapshot, own, view, memory, charger, path, why, home, _word(snapshot, own, memory, view.vin))


def _word(snapshot: Snapshot, settings: Settings, memory: CarMemory, vin: str) -> Override | None:
    """The newest word for this car that has not ended by itself."""
    words = [word for word in snapshot.overrides.words if word.vin in (None, vin) and not _ended(word, snapshot.now, settings, memory)]
    return max(words, key=lambda word: word.given_at, default=None)


def _ended(word: Override, now: datetime, settings: Settings, memory: CarMemory) -> bool:
    """charge-now ends at the limit or unplug, stop at unplug or the next departure, each at its `until`."""
    if word.until is not None and now >= word.until:
        return True
    if word.word is Word.HANDS_OFF:
        return False
    if memory.unplugged_at is not None and memory.unplugged_at > word.given_at and memory.plug is None:
        return True
    if memory.plug is not None and memory.plug.known_from_start and memory.plug.since > word.given_at and memory.unplugged_at is not None:
        return memory.unplugged_at > word.given_at
    if word.word is Word.CHARGE_NOW:
        return memory.completed_at is not None and memory.completed_at > word.given_at
    return word.until is None and bool(departures(settings, word.given_at, now))
