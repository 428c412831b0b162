"""One look at all that the page shows: the state files, read once for each answer. What cannot be read is Missing and says what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from config import Settings, nothing_configured
from cycle.grid_kept import cache_name
from errors import StateError
from model import Ceiling, ChargerReport, Missing, Overrides, Series
from model_decision import Budget
from model_memory import Memory
from page.data import Data, as_data
from planners.texts import age
from state.cache import Cache
from state.codec import decode
from state.files import Stamp, boot_id
from state.history_read import Past, read_past
from state.spend import Spend
from state.store import Store

T = TypeVar("T")
LATE_CYCLES = 3
NOT_SET_UP = "Nothing is configured yet: fill in .env (make install makes one), then scheduler.py check."
FIRST_CYCLE = "Nothing has been decided since this computer started. Is cron running? (crontab -l; scheduler.py run)"
LOAD = "load forecast"


@dataclass(frozen=True, slots=True)
class Look:
    """`decision`: decision.json's data as found; `decided_at`: when it was written. `problems`: damaged files that were worked around."""

    now: datetime
    settings: Settings
    decided_at: datetime | None
    decision: Data | Missing
    charger: ChargerReport | Missing
    ceiling: Ceiling | Missing
    overrides: Overrides | Missing
    memory: Memory | Missing
    budget: Budget | Missing
    load: Series | Missing
    problems: tuple[str, ...]

    @property
    def data(self) -> Data:
        """The decision, empty where there is none."""
        return Data({}) if isinstance(self.decision, Missing) else self.decision

    @property
    def cars(self) -> dict[str, str]:
        """VIN -> name of every car that is set, decided about or remembered."""
        found = dict.fromkeys(self.settings.tesla_vin, "")
        if not isinstance(self.memory, Missing):
            found |= {car.vin: car.name for car in self.memory.cars if car.vin}
        return found | {car.text("vin"): car.text("name") for car in self.data.rows("cars") if car.text("vin")}

    @property
    def late(self) -> str:
        """Why what is shown may be old, or ""."""
        if isinstance(self.decision, Missing):
            return self.decision.why
        seconds = 0.0 if self.decided_at is None else (self.now - self.decided_at).total_seconds()
        if seconds > LATE_CYCLES * self.settings.cycle_minutes * 60:
            return f"No cycle for {age(seconds)}: is cron running? (crontab -l; journalctl -t ampshift) What you see is that old."
        return ""

    @property
    def daemon_gone(self) -> str:
        """Why a Gen 2 Wall Connector charges nothing, or "". In a dry run its daemon is off, and the connector on its own position."""
        newest = self.data.flag("dry_run")
        dry = self.settings.dry_run if newest is None else newest
        if dry or self.settings.twc_port is None or not isinstance(self.charger, Missing):
            return ""
        return "twc_daemon.py is not heard: without it a Gen 2 Wall Connector charges nothing. See: systemctl status twc_daemon"


@dataclass(frozen=True, slots=True)
class Reader:
    """`now`: the clock; `sleep`: waits for another program's lock, where a word is written."""

    settings: Settings
    now: Callable[[], datetime]
    sleep: Callable[[float], None]

    def store(self) -> Store:
        settings = self.settings
        return Store(settings.state_dir, settings.run_dir, settings.time_zone, self.now(), "app", boot_id(), self.sleep)

    def look(self) -> Look:
        store = self.store()
        now, settings = store.now, self.settings
        stamp = Stamp(now, "app", settings.time_zone)
        decided = kept(store.load_decision, "decision.json", NOT_SET_UP if nothing_configured(settings) else FIRST_CYCLE)
        spend = Spend(settings.state_dir, stamp, settings.tesla_budget_dollars, self.sleep)
        cache = Cache(settings.state_dir / "cache", stamp, self.sleep)
        found = Look(
            now=now,
            settings=settings,
            decided_at=None if isinstance(decided, Missing) else decided[0],
            decision=decided if isinstance(decided, Missing) else as_data(decided[1]),
            charger=kept(store.load_charger, "charger.json"),
            ceiling=kept(store.load_ceiling, "ceiling.json"),
            overrides=kept(store.load_overrides, "override.json"),
            memory=kept(store.load_memory, "memory.json"),
            budget=kept(lambda: spend.budget(now), "spend.json"),
            load=kept(lambda: _series(cache, settings), LOAD),
            problems=(),
        )
        return _with_problems(found, (*store.problems, *spend.problems))

    def past(self, days: int) -> Past | Missing:
        now = self.now()
        return kept(lambda: read_past(self.history_path, now - timedelta(days=days), now + timedelta(minutes=1)), "history.sqlite")

    @property
    def history_path(self) -> Path:
        return self.settings.state_dir / "history.sqlite"


def kept(read: Callable[[], T | Missing], name: str, absent: str = "") -> T | Missing:
    """What `read` gives; a file of a newer schema or of another user is Missing with the sentence that says what to do. `absent`: more
    words for one that is not there."""
    try:
        found = read()
    except StateError as error:
        return Missing(name, error.text)
    if isinstance(found, Missing) and absent:
        return Missing(name, f"{absent} {name}: {found.why}.")
    return found


def _series(cache: Cache, settings: Settings) -> Series | Missing:
    found = None if settings.grid_iso is None else cache.get(cache_name(LOAD, settings.grid_iso.value))
    if found is None:
        return Missing(LOAD, "no load forecast has been read yet: set GRID_ISO and GRID_STATUS_API_KEY")
    return decode(Series, found.value)


def _with_problems(look: Look, problems: tuple[str, ...]) -> Look:
    unread = [one.why for one in (look.overrides, look.memory, look.budget) if isinstance(one, Missing)]
    return replace(look, problems=tuple(dict.fromkeys((*problems, *unread))))
