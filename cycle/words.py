"""The owner's words, whoever hears them: what each changes in override.json. Terminal, page and bridge all speak through here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, tzinfo

from config import Settings
from errors import ConfigError
from model import ChargerReport, Missing, Override, Overrides, Word
from planners.texts import age

MOST_AMPS = 80
LATE_CYCLES = 3  # as the status and the page count
Change = Callable[[Overrides], Overrides]


@dataclass(frozen=True, slots=True)
class Said:
    """`word`: charge-now, stop, hands-off, solar or auto; `on`: for solar; `vin` None: all cars; `until` None: see Override."""

    word: str
    on: bool | None = None
    amps: int | None = None
    vin: str | None = None
    until: datetime | None = None


def change_for(said: Said, known: Iterable[str], now: datetime) -> tuple[Change, str]:
    """What it does to override.json, and one clause that says so. `known`: the VINs of all cars. Raises ConfigError."""
    if said.word == "solar":
        if said.on is None:
            raise ConfigError(("Write: scheduler.py override solar on   or   override solar off",))
        return (lambda old: replace(old, solar=said.on, solar_until=said.until)), f"Following the sun is {'on' if said.on else 'off'}"
    if said.on is not None:
        switch = "on" if said.on else "off"
        raise ConfigError((f"'{switch}' goes with solar only: scheduler.py override solar {switch}",))
    if said.amps is not None and (said.word != Word.CHARGE_NOW or not 1 <= said.amps <= MOST_AMPS):
        raise ConfigError((f"--amps goes with charge-now, 1 to {MOST_AMPS}: scheduler.py override charge-now --amps 16",))
    if said.word == "auto":
        cars = frozenset(known)
        return (lambda old: _auto(old, said.vin, cars)), "Back to the plan"
    word = Override(said.vin, Word(said.word), said.amps, said.until, now)
    ends = {Word.CHARGE_NOW: "charges now, to the limit or unplug", Word.STOP: "stops, to unplug or the next departure"}
    text = ends.get(word.word, "hands off") if said.until is None else word.word.value.replace("-", " ")
    return (lambda old: replace(old, words=(*_others(old, said.vin), word))), text.capitalize()


def amps_become(said: Said, known: Mapping[str, str], settings: Settings, report: ChargerReport | Missing) -> str:
    """What becomes of amps below a car's least or above what is permitted, in a sentence for each; "" where they can be as said.
    `known`: VIN -> name."""
    if said.word != Word.CHARGE_NOW or said.amps is None:
        return ""
    cars = {vin: name for vin, name in known.items() if said.vin in (None, vin)} or {said.vin or "": ""}
    told = {name or vin[-6:]: _becomes(said.amps, vin, settings.for_car(vin, name), report) for vin, name in cars.items()}
    if len(set(told.values())) == 1:
        return next(iter(told.values()))
    return " ".join(f"{name}: {text}" for name, text in told.items() if text)


def _becomes(amps: int, vin: str, own: Settings, report: ChargerReport | Missing) -> str:
    charger = None if isinstance(report, Missing) else next((one for one in report.chargers if vin and one.vin == vin), None)
    least = max(own.charger_min_amps, charger.min_amps if charger is not None else 0)
    most, what = min(_most(own))
    if charger is not None and charger.rated_amps < most:
        most, what = charger.rated_amps, f"connector {charger.id}"
    if amps > most:
        return f"{amps} A are more than is permitted: it gets {most} A ({what})."
    return f"{amps} A are below the least a car charges with: it gets {min(least, most)} A." if amps < least else ""


def _most(own: Settings) -> Iterator[tuple[int, str]]:
    """As planners/power.py, as far as it is known without asking anybody."""
    yield own.charger_max_amps, "CHARGER_MAX_AMPS"
    if own.main_amps is not None:
        yield own.main_amps, f"{own.continuous_percent} % of the {own.main_breaker_amps} A main breaker"
    if own.circuit_amps is not None:
        yield own.circuit_amps, f"{own.continuous_percent} % of the {own.twc_breaker_amps} A circuit"
    if own.twc_max_amps is not None:
        yield own.twc_max_amps, "TWC_MAX_AMPS"


def obeyed(dry_run: bool, cycle_minutes: int, quiet: timedelta | None = None) -> str:
    """When the word takes effect, in one sentence; in a dry run, or while no cycle runs, nobody may believe that his stop has stopped
    something. `quiet`: since the newest cycle; None: there was none yet."""
    if dry_run:
        return "It is noted; while DRY_RUN=on stands in .env, nothing is sent to a car or charger."
    if quiet is not None and quiet > LATE_CYCLES * timedelta(minutes=cycle_minutes):
        return f"It is written, but nobody obeys it yet: no cycle for {age(quiet.total_seconds())}. Is cron running? (crontab -l)"
    return f"The next cycle obeys (at most {cycle_minutes} min)."


def in_words(error: ConfigError) -> str:
    """For those who did not type a command: without the dashes of the option that it begins with. A command in it stays whole."""
    return " ".join(problem.removeprefix("--") for problem in error.problems)


def until_from(text: str, now: datetime, zone: tzinfo) -> datetime:
    """`07:30` is the next 07:30 by the owner's clock; else a whole time with its offset. Raises ConfigError."""
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text.strip())
    if match:
        local = now.astimezone(zone)
        at = datetime.combine(local.date(), time(int(match[1]), int(match[2])), zone)
        return (at if at > local else datetime.combine(local.date() + timedelta(days=1), at.time(), zone)).astimezone(UTC)
    try:
        given = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ConfigError((f"--until {text!r} is not a time: write 07:30 or 2026-12-09T07:30:00-08:00",)) from None
    given = given if given.tzinfo else given.replace(tzinfo=zone)
    if given <= now:
        raise ConfigError((f"--until {text} is over already.",))
    if given.year > now.year + 50:  # beyond what a time zone can be taken off
        raise ConfigError((f"--until {text} is too far ahead.",))
    return given.astimezone(UTC)


def _others(old: Overrides, vin: str | None) -> tuple[Override, ...]:
    """A newer word on the same car replaces the older one; one for all cars replaces all."""
    return tuple(one for one in old.words if one.vin != vin and vin is not None)


def _auto(old: Overrides, vin: str | None, known: frozenset[str]) -> Overrides:
    """Takes back every word, or those for one car; a word for all cars then goes on for the others."""
    if vin is None:
        return Overrides()
    own = [one for one in old.words if one.vin not in (vin, None)]
    shared = [replace(one, vin=other) for one in old.words if one.vin is None for other in sorted(known - {vin})]
    return replace(old, words=(*own, *shared))
