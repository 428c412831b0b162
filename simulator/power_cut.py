"""The power fails at one numbered step of all that a cycle saves or sends: before a save, after it, or after a command was carried out.

house, journal = House(world, settings, fate := Fate(7)), Journal(fate)
run(house, journal, ...)   # raises SystemExit at step 7: nothing in a cycle may catch it; the next cycle goes on with `journal`
"""

from __future__ import annotations

from dataclasses import dataclass

from config import Settings
from model_decision import Command
from model_memory import Memory, Outcome
from state.codec import decode, encode

from .house import World
from .houses import ZONE
from .memory_house import MemoryHouse, MemoryJournal


@dataclass(slots=True)
class Fate:
    """Dies at step number `at` (0: never), and counts them."""

    at: int = 0
    count: int = 0

    def step(self) -> None:
        self.count += 1
        if self.count == self.at:
            raise SystemExit


class Journal(MemoryJournal):
    """What was saved goes through the file's format, so that what is written must be readable."""

    def __init__(self, fate: Fate) -> None:
        super().__init__()
        self.fate = fate

    def save(self, memory: Memory) -> None:
        self.fate.step()
        super().save(decode(Memory, encode(memory, ZONE)))
        self.fate.step()


class House(MemoryHouse):
    """`acted`: the commands that left, also in a cycle that died; whoever wants them of one cycle empties it before."""

    def __init__(self, world: World, settings: Settings, fate: Fate) -> None:
        super().__init__(world, settings)
        self.fate = fate
        self.acted: list[Command] = []

    def act(self, command: Command) -> tuple[Outcome, str]:
        self.acted.append(command)
        answer = super().act(command)
        self.fate.step()
        return answer
