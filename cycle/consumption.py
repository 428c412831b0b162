"""What each car uses on the road, learned from the history once a day and kept in the cache."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from config import Settings
from errors import StateError
from model import Missing
from model_decision import Snapshot
from model_drives import Use
from state.cache import Cache
from state.codec import decode
from state.history_read import read_drives

FILE = "consumption"
EVERY, LOOK_BACK = timedelta(days=1), timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Learned:
    uses: tuple[Use, ...] = ()


def learned_uses(snapshot: Snapshot, settings: Settings, cache: Cache, history: Path, now: datetime) -> tuple[Use, ...]:
    """Empty where nothing depends on it: no drive is ahead; or the history cannot be read, which never stops a cycle. `history`: its
    file, which is only read: what is damaged is moved aside and told where it is written."""
    if isinstance(snapshot.trips, Missing) or not snapshot.trips:
        return ()
    found = cache.get(FILE)
    try:
        if found is not None and timedelta() <= now - found.fetched_at < EVERY:
            return decode(Learned, found.value).uses
        from planners.learned_use import learned_use  # once a day; its median alone costs 6 ms

        kwh = {view.vin: settings.for_car(view.vin, view.name).battery_kwh for view in snapshot.cars}
        learned = Learned(learned_use(read_drives(history, now - LOOK_BACK), kwh))
    except StateError:
        return ()
    cache.put(FILE, learned, now + EVERY)
    return learned.uses
