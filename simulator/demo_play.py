"""The demo's night with Ampshift: the house behind sockets, its clock moved on by hand, `scheduler.py run` at each quarter of an hour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from model import Billed

from .account import ApiCall
from .curves import hours_between
from .demo_child import Scheduler
from .demo_house import CYCLE, DEPARTS, END, FIRST_LOOK, PRICE, START
from .demo_night import AMPSHIFT, Night, Recorder
from .house import Event, World
from .houses import BLUE, ZONE

# What the night's list says, by how the house calls it; what is not here (Starting, falling asleep) is left out.
HAPPENED = {"plug": "you plug Blue in", "Complete, awake": "Blue is full", "drive": "you drive away"}
SENT = {
    "charge_start": "starts the charge",
    "charge_stop": "stops the charge",
    "set_charging_amps": "sets {} A",
    "set_charge_limit": "sets the limit to {} %",
    "wake_up": "wakes Blue",
    "add_charge_schedule": "leaves a start of its own in the car, should the Pi die",
    "remove_charge_schedule": "takes its own start out of the car",
}


@dataclass(frozen=True, slots=True)
class Screen:
    """Where the play shows itself. `line`: one that stays; `bar`: share done, and words beside it."""

    line: Callable[[str], None]
    bar: Callable[[float, str], None]


def play(record: Recorder, scheduler: Scheduler, screen: Screen) -> Night:
    """From plug-in to after the departure. At the first look a dry run is shown before the real cycle."""
    world, told = record.world, Told(record.world)
    scheduler.run(clock(START), "run")
    while world.now < END:
        record.advance(min(world.now + CYCLE, END))
        if world.now == FIRST_LOOK:
            _tell(told, screen)
            _look(scheduler, screen)
        scheduler.run(clock(world.now), "run")
        _tell(told, screen)
        car, kw = world.cars[BLUE.vin], record.moments[-1].kw
        screen.bar((world.now - START) / (END - START), f"{hour(world.now)}  {car.soc:.0f} %  {kw:.1f} kW")
    return record.night(AMPSHIFT)


def _look(scheduler: Scheduler, screen: Screen) -> None:
    at = clock(FIRST_LOOK)
    words = " ".join(scheduler.words(at, "-v", "once"))
    screen.line(f"\nWhat would Ampshift do at {hour(FIRST_LOOK)}? A dry run, which sends nothing to the car:\n\n$ scheduler.py {words}")
    screen.line(scheduler.run(at, "-v", "once").rstrip())
    screen.line(f"\nNow for real: `scheduler.py run` every {CYCLE.seconds // 60} minutes, to {hour(END)}.\n")


def _tell(told: Told, screen: Screen) -> None:
    for line in told.news():
        screen.line(line)


class Told:
    """What has happened since the last time, in the order it did: commands before what they led to."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.calls = self.events = 0
        self.started = False

    def news(self) -> list[str]:
        calls, events = self.world.account.calls[self.calls :], self.world.events[self.events :]
        self.calls, self.events = self.calls + len(calls), self.events + len(events)
        found = [(call.at, self._call(call)) for call in calls] + [(event.at, self._event(event)) for event in events]
        return [f"{hour(at)}  {text}" for at, text in sorted(found, key=lambda one: one[0]) if text]

    def _call(self, call: ApiCall) -> str:
        if call.kind not in (Billed.COMMAND, Billed.WAKE):
            return ""
        self.started = self.started or call.name == "charge_start"
        words = f"Ampshift {SENT.get(call.name, call.name).format(call.value)}"
        return words if call.status == 200 and not call.reason else f"{words}: refused ({call.reason})"

    def _event(self, event: Event) -> str:
        if event.who != BLUE.vin:
            return event.what
        if event.what == "Charging, awake":
            itself = "" if self.started else " by itself"
            return f"Blue charges{itself} at ${PRICE(event.at):.3f} a kWh{_dearest(event.at)}"
        return HAPPENED.get(event.what) or HAPPENED.get(event.what.split()[0], "")


def _dearest(at: datetime) -> str:
    hours = hours_between(at, DEPARTS)
    return ", the dearest hour of the night" if PRICE(at) > max(map(PRICE, hours)) else ""


def clock(at: datetime) -> str:
    """A time as --now wants it."""
    return at.astimezone(ZONE).isoformat()


def hour(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%H:%M}"
