"""`override`: the owner's word. It writes override.json and nothing else; the next cycle obeys."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import datetime, timedelta

from config import Settings
from cycle.desk import Desk
from cycle.words import Said, amps_become, change_for, obeyed, until_from
from errors import ConfigError, StateError
from model import ChargerReport, Missing
from planners.texts import clock
from state.store import Store


def command(desk: Desk, args: argparse.Namespace) -> int:
    """Writes the word and says what it will do."""
    until = None if args.until is None else until_from(args.until, desk.now, desk.settings.time_zone)
    known = known_cars(desk.settings, desk.store)
    vin = None if args.vin is None else car_called(args.vin, known)
    on = None if args.switch is None else args.switch == "on"
    word = Said(args.word, on, args.amps, vin, until)
    change, said = change_for(word, known, desk.now)
    desk.store.change_overrides(change)
    end = f" until {clock(until, desk.now, desk.settings.time_zone)}" if until else ""
    becomes = amps_become(word, known, desk.settings, _report(desk.store))
    then = obeyed(desk.settings.dry_run, desk.settings.cycle_minutes, quiet_for(desk.store, desk.now))
    print(" ".join(filter(None, (f"{said}{end}.", becomes, then))))
    return 0


def quiet_for(store: Store, now: datetime) -> timedelta | None:
    """Since the newest cycle; None: there was none since the computer started, or nobody can say."""
    try:
        found = store.load_decision()
    except StateError:  # told by the next cycle
        return None
    return None if isinstance(found, Missing) else now - found[0]


def _report(store: Store) -> ChargerReport | Missing:
    """The word is on disk already: a RUN_DIR that cannot be read is told by the next cycle."""
    try:
        return store.load_charger()
    except StateError as error:
        return Missing("charger", error.text)


def car_called(text: str, known: Mapping[str, str]) -> str:
    """The VIN of a car by VIN, its last six or its name. Raises ConfigError."""
    key = text.strip().casefold()
    found = [vin for vin, name in known.items() if key in (vin.casefold(), vin[-6:].casefold(), name.casefold()) and key]
    if len(found) != 1:
        cars = ", ".join(f"{name or 'car'} ({vin[-6:]})" for vin, name in known.items()) or "none yet: run a cycle first"
        raise ConfigError((f"No car is called {text!r}. Known cars: {cars}",))
    return found[0]


def known_cars(settings: Settings, store: Store) -> dict[str, str]:
    """VIN -> name of the cars that were set or seen."""
    return dict.fromkeys(settings.tesla_vin, "") | {car.vin: car.name for car in store.load_memory().cars}
