"""A second service for the same series: California's own pages, which need no key, where GridStatus gives nothing new.

Both fill one file, so that past days and published prices stay whichever of them told it. The second is asked only where the first's
series is due and did not come; so the first is asked no more often than without it, and is back as soon as it answers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from cycle.grid_kept import Due, Fetch, Keeper, Plan
from errors import ClientError, NotAsked, StateError
from model import Series

NO_SUCH_PLACE = "GRID_LOCATION="
QUICK_S = 3.0  # who hangs has used up the time of a cycle's look: then what is known goes on until the next cycle


@dataclass(slots=True)
class Second:
    """`make`: what the second can tell; it looks into the cache, so it is made when it is first needed, and before anybody asks.
    `standing`: after the look, {task: why the first did not tell it}; an unknown why is "" and no fault."""

    first: Keeper
    keeper: Keeper
    make: Callable[[], Plan]
    mono: Callable[[], float]
    standing: dict[str, str] = field(default_factory=dict)
    _plan: Plan | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def series(self, task: str, name: str, due: Due, fetch: Fetch, tells: bool) -> Series:
        """Of whichever service has it. Raises AmpshiftError where neither does."""
        began = self.mono()
        try:
            found = self.first.series(name, due, fetch, tells)
        except (ClientError, StateError) as error:
            if self.mono() - began >= QUICK_S:
                raise
            found = self._instead_of(error, task, name)
        else:
            if due(found) and self.mono() - began < QUICK_S:
                found = self._newer(found, task, name)
        self.standing.pop(task, None)
        if found.source == self.keeper.service:
            self.standing[task] = self.first.said(name)
        return found

    def _instead_of(self, error: ClientError | StateError, task: str, name: str) -> Series:
        try:
            found = self._ask(task, name)
        except (ClientError, StateError) as other:
            if isinstance(error, NotAsked) or other.text.startswith(NO_SUCH_PLACE):  # which the first has said too
                raise error from other
            raise ClientError(error.source, f"{error.text} Nor was it to be had without a key: {other.text}") from other
        if found is None:  # its turn is in the next cycle, and the others tell what ails the first
            raise NotAsked(error.source, error.text) from error
        return found

    def _newer(self, old: Series, task: str, name: str) -> Series:
        try:
            return self._ask(task, name) or old
        except (ClientError, StateError):
            return old

    def _ask(self, task: str, name: str) -> Series | None:
        with self._lock:
            if self._plan is None:
                self._plan = self.make()
        planned = self._plan.get(task)
        return None if planned is None else self.keeper.series(name, *planned)
