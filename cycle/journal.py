"""The journal on disk: memory, target, decision, history."""

from __future__ import annotations

from config import Settings
from cycle.record import decision_data
from errors import StateError
from model_decision import Decision, Sent, Snapshot, Target
from model_memory import Memory
from state.history import History
from state.store import Store


class DiskJournal:
    """State files through one Store. Raises StateError where a target or record cannot be written; the history's failure is only told."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def load(self) -> Memory:
        return self._store.load_memory()

    def save(self, memory: Memory) -> None:
        self._store.save_memory(memory)

    def offer(self, target: Target) -> None:
        self._store.save_target(target)

    def record(self, decision: Decision, snapshot: Snapshot, sent: tuple[Sent, ...]) -> tuple[str, ...]:
        self._store.save_decision(decision_data(decision, snapshot, self._settings))
        try:
            History(self._settings.state_dir / "history.sqlite").record_cycle(decision, snapshot, sent)
        except StateError as error:
            return (f"history: {error.text}",)
        return ()
