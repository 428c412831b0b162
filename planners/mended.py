"""Which refusals still stand: what a car refused is a problem until a later command of that kind was carried out, or the car is seen to
have what was asked for, or the plug-in has ended. A cycle that does not try again mends nothing: so it is told once."""

from __future__ import annotations

from collections.abc import Iterator

from model import CarReading, Charging, Missing
from model_memory import CarMemory, CommandKind, Intent, Outcome

MENDS = (Outcome.DONE, Outcome.ALREADY)
FLOWS = (Charging.CHARGING, Charging.STARTING)
OF_A_PLUG_IN = (CommandKind.START, CommandKind.STOP, CommandKind.AMPS)


def unmended(car: CarMemory) -> Iterator[Intent]:
    """The newest refusal of each kind that still stands, in the order of CommandKind."""
    for kind in CommandKind:
        told = [one for one in car.intents if one.kind is kind and one.outcome in (*MENDS, Outcome.REFUSED)]
        if told and told[-1].outcome is Outcome.REFUSED and not _gone(car, told[-1]):
            yield told[-1]


def obeyed(car: CarMemory, kind: str) -> bool:
    """Is it seen that the newest command of this kind has its effect by now, or that its plug-in has ended? That nobody asks any more, or
    that it was hours ago, is no sign of it."""
    told = [one for one in car.intents if one.kind.value == kind]
    return not told or _gone(car, told[-1])


def _gone(car: CarMemory, refused: Intent) -> bool:
    if refused.kind in OF_A_PLUG_IN and car.unplugged_at is not None and car.unplugged_at > refused.at:
        return True
    reading = car.reading
    return reading is not None and reading.at > refused.at and _has(reading, refused)


def _has(reading: CarReading, asked: Intent) -> bool:
    """Does this later reading show what was asked for, by whomever it was done?"""
    match asked.kind:
        case CommandKind.STOP:
            return reading.charging not in FLOWS
        case CommandKind.START:
            return reading.charging in (*FLOWS, Charging.COMPLETE)
        case CommandKind.AMPS:
            return reading.request_amps == asked.value or at_its_most(reading, asked)
        case CommandKind.LIMIT:
            return reading.limit_soc == asked.value
        case CommandKind.WAKE:
            return True
        case CommandKind.ADD_SCHEDULE | CommandKind.REMOVE_SCHEDULE if not isinstance(reading.schedules, Missing):
            ours = [one.start_minutes for one in reading.schedules if one.ours and one.enabled]
            return not ours if asked.kind is CommandKind.REMOVE_SCHEDULE else asked.value in ours
        case _:
            return False


def at_its_most(reading: CarReading, asked: Intent) -> bool:
    """Told 48 A, a 32 A car stands at 32 A: it has obeyed."""
    most = reading.request_max_amps
    return not isinstance(most, Missing) and asked.value is not None and reading.request_amps == most < asked.value
