"""The seam between deciding and the world. The real house speaks through clients, the simulated one is made of numbers; a cycle
cannot tell which one it is in."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from model import Ceiling, Missing
from model_decision import Command, Decision, Sent, Snapshot, Target
from model_energy import SiteCommand
from model_memory import Memory, Outcome


class House(Protocol):
    """What can be seen and done. `look` never raises for a source that fails: that one is Missing."""

    def look(self, memory: Memory, now: datetime) -> Snapshot:
        """Everything that this cycle may know."""
        ...

    def look_again(self, snapshot: Snapshot, vins: tuple[str, ...]) -> Snapshot:
        """The same moment with fresh readings of these cars, where they can be had: they were online, and a command to them is due."""
        ...

    def act(self, command: Command) -> tuple[Outcome, str]:
        """Sends one command. Raises LoginDead, AccountStopped, TooMany or BudgetSpent, which concern every further command."""
        ...

    def act_site(self, command: SiteCommand) -> tuple[Outcome, str]:
        """Sends one change of the Powerwall's settings. Raises as `act` does."""
        ...

    def ceiling(self) -> Ceiling | Missing:
        """The guard's newest word, read again just before a raising command."""
        ...


class Journal(Protocol):
    """Where a cycle keeps what must not be lost. `save` has reached the disk when it returns."""

    def load(self) -> Memory: ...

    def save(self, memory: Memory) -> None: ...

    def offer(self, target: Target) -> None: ...

    def record(self, decision: Decision, snapshot: Snapshot, sent: tuple[Sent, ...]) -> tuple[str, ...]:
        """decision.json and the history. Answers with what could not be recorded without harm (the history)."""
        ...
