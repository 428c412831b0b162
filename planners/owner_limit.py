"""Whose limit is it? The charge limit and the amps in the app are the owner's. A change that we did not make wins."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile

from model import CarReading, Missing
from model_memory import CarMemory, CommandKind, Intent, Outcome, OwnerLimit

CONFIRMED = (Outcome.DONE, Outcome.ALREADY)
UNSURE = (Outcome.UNKNOWN, None)
TAKEN = 5  # a Tesla takes 5 A where fewer were asked for once, and goes back to 5 A when it is plugged in again
FULL_FROM = 95  # raised to this or more in a plug-in: the owner wants it full, now


def next_limit(old: OwnerLimit, reading: CarReading) -> OwnerLimit:
    """The limit's record after this reading: what is seen, the lowest ever, and his own value while ours stands above it."""
    value = reading.limit_soc
    if isinstance(value, Missing):
        return old
    ours = old.raised_to == value
    lowest = old.lowest if ours else min(value, old.lowest if old.lowest is not None else value)
    kept = old if ours else replace(old, own=None, raised_to=None)
    return replace(kept, seen=value, lowest=lowest)


def changed_our_raise(old: CarMemory, reading: CarReading) -> bool:
    """He moved the limit away from the one that we had raised it to, and that was seen to stand: his word from now on."""
    value, limit = reading.limit_soc, old.limit
    if isinstance(value, Missing) or limit.raised_to is None or limit.seen != limit.raised_to or value == limit.raised_to:
        return False
    since = old.reading.at if old.reading is not None else reading.at
    return not any(one.kind is CommandKind.LIMIT and one.at >= since and one.value == value for one in old.intents)


def raised_by_owner(old: OwnerLimit, reading: CarReading) -> bool:
    """He moved it from below to 95 or more since the last reading. A limit that always stood there (LFP cars) says nothing."""
    value = reading.limit_soc
    return not isinstance(value, Missing) and old.seen is not None and old.seen < FULL_FROM <= value and value != old.raised_to


def always_full(limit: OwnerLimit) -> bool:
    """The limit has never been seen below 100: the habit of cars whose maker asks for it."""
    return limit.lowest == 100


def owner_value(memory: CarMemory, reading: CarReading | Missing) -> int | Missing:
    """The limit that the owner set, also while a raise of ours stands."""
    if memory.limit.own is not None:
        return memory.limit.own
    if not isinstance(reading, Missing) and not isinstance(reading.limit_soc, Missing):
        return reading.limit_soc
    return memory.limit.seen if memory.limit.seen is not None else Missing("tesla", "the charge limit was never read")


def amps_cap(memory: CarMemory, reading: CarReading) -> int | None:
    """The owner's cap: a request below what car and connector allow, that we did not ask for. None: no cap."""
    request, most = reading.request_amps, reading.request_max_amps
    if isinstance(request, Missing) or isinstance(most, Missing) or request >= most or request in asked_amps(memory):
        return None
    if unmoved(memory, reading):
        return memory.plug.amps_cap if memory.plug is not None else None
    return request


def unmoved(memory: CarMemory, reading: CarReading) -> bool:
    """The amps in the car are still those of before our newest confirmed request for others: it was not carried out, and nobody else
    has set them."""
    asked = [intent for intent in _amps_intents(memory) if intent.outcome in CONFIRMED]
    before = memory.reading
    if not asked or before is None or memory.plug is None or asked[-1].at < memory.plug.since:
        return False
    return reading.request_amps == before.request_amps and reading.request_amps != asked[-1].value


def asked_amps(memory: CarMemory) -> frozenset[int | None]:
    """Amps in the car that are ours: the confirmed ones, and every later request of which nobody knows whether it was carried out. However
    many commands follow it: a power cut between sending and recording must not make our 5 A the owner's cap."""
    later = list(takewhile(lambda intent: intent.outcome not in CONFIRMED, reversed(_amps_intents(memory))))
    asked = {memory.amps_set, *(intent.value for intent in later if intent.outcome in UNSURE)}
    few = any(amps is not None and amps < TAKEN for amps in asked)
    return frozenset({*asked, TAKEN} if few else asked)


def _amps_intents(memory: CarMemory) -> list[Intent]:
    return [intent for intent in memory.intents if intent.kind is CommandKind.AMPS]
