"""`override`: the owner's word. It writes override.json and nothing else; the next cycle obeys."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from cycle.desk import Desk
from errors import ConfigError
from model import Override, Overrides, Word
from planners.texts import clock


def command(desk: Desk, args: argparse.Namespace) -> int:
    """Writes the word and says what it will do."""
    until = _until(args.until, desk)
    vin = _vin(args.vin, desk)
    change, said = _change(args, vin, until, desk)
    desk.store.change_overrides(change)
    end = f" until {clock(until, desk.now, desk.settings.time_zone)}" if until else ""
    print(f"{said}{end}. The next cycle obeys (at most {desk.settings.cycle_minutes} min).")
    return 0


def _change(args: argparse.Namespace, vin: str | None, until: datetime | None, desk: Desk) -> tuple[Callable[[Overrides], Overrides], str]:
    if args.word == "solar":
        if args.switch is None:
            raise ConfigError(("Write: scheduler.py override solar on   or   override solar off",))
        on = args.switch == "on"
        return (lambda old: replace(old, solar=on, solar_until=until)), f"Following the sun is {args.switch}"
    if args.switch is not None:
        raise ConfigError((f"'{args.switch}' goes with solar only: scheduler.py override solar {args.switch}",))
    if args.amps is not None and (args.word != Word.CHARGE_NOW or not 1 <= args.amps <= 80):
        raise ConfigError(("--amps goes with charge-now, 1 to 80: scheduler.py override charge-now --amps 16",))
    if args.word == "auto":
        known = frozenset(_known(desk))
        return (lambda old: _auto(old, vin, known)), "Back to the plan"
    word = Override(vin, Word(args.word), args.amps, until, desk.now)
    ends = {Word.CHARGE_NOW: "charges now, to the limit or unplug", Word.STOP: "stops, to unplug or the next departure"}
    said = ends.get(word.word, "hands off") if until is None else word.word.value.replace("-", " ")
    return (lambda old: replace(old, words=(*(one for one in old.words if one.vin != vin and vin is not None), word))), said.capitalize()


def _auto(old: Overrides, vin: str | None, known: frozenset[str]) -> Overrides:
    """Takes back every word, or those for one car; a word for all cars then goes on for the others."""
    if vin is None:
        return Overrides()
    own = [one for one in old.words if one.vin not in (vin, None)]
    shared = [replace(one, vin=other) for one in old.words if one.vin is None for other in sorted(known - {vin})]
    return replace(old, words=(*own, *shared))


def _vin(text: str | None, desk: Desk) -> str | None:
    """A car by VIN, its last six or its name, among those that were seen or set."""
    if text is None:
        return None
    known = _known(desk)
    key = text.strip().casefold()
    found = [vin for vin, name in known.items() if key in (vin.casefold(), vin[-6:].casefold(), name.casefold()) and key]
    if len(found) != 1:
        cars = ", ".join(f"{name or 'car'} ({vin[-6:]})" for vin, name in known.items()) or "none yet: run a cycle first"
        raise ConfigError((f"No car is called {text!r}. Known cars: {cars}",))
    return found[0]


def _known(desk: Desk) -> dict[str, str]:
    """VIN -> name of the cars that were set or seen."""
    return dict.fromkeys(desk.settings.tesla_vin, "") | {car.vin: car.name for car in desk.store.load_memory().cars}


def _until(text: str | None, desk: Desk) -> datetime | None:
    """`07:30` is the next 07:30 by the owner's clock; else a whole time with its offset."""
    if text is None:
        return None
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text.strip())
    if match:
        local = desk.now.astimezone(desk.settings.time_zone)
        at = datetime.combine(local.date(), time(int(match[1]), int(match[2])), desk.settings.time_zone)
        return (at if at > local else datetime.combine(local.date() + timedelta(days=1), at.time(), desk.settings.time_zone)).astimezone(
            UTC
        )
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError((f"--until {text!r} is not a time: write 07:30 or 2026-12-09T07:30:00-08:00",)) from None
    given = given if given.tzinfo else given.replace(tzinfo=desk.settings.time_zone)
    if given <= desk.now:
        raise ConfigError((f"--until {text} is over already.",))
    return given.astimezone(UTC)
