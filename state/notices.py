"""notices.json: what the owner was told, so that each notice comes once, also after a power cut. Written before a notice leaves."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from errors import StateError
from model import Missing
from model_notices import Notes
from state.codec import decode, encode
from state.files import Stamp, read_kept, write_kept
from state.lock import Sleep, file_lock

NOTICES = "notices.json"
WAIT_S = 0.5


@dataclass(frozen=True, slots=True)
class NoticeFile:
    """`problems`: what was found damaged, for the owner. Lost notes mean that what still stands is told once more."""

    data_dir: Path
    stamp: Stamp
    sleep: Sleep
    problems: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """True: nobody else tells now. Another cycle that does will tell what stands, so this one need not wait."""
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(file_lock(self.data_dir / NOTICES, self.sleep, WAIT_S))
            except StateError as error:
                if error.__cause__ is not None:
                    raise
                yield False
                return
            yield True

    def load(self) -> Notes:
        """Raises StateError for a newer schema."""
        path = self.data_dir / NOTICES
        found = read_kept(path, _notes)
        if isinstance(found, Missing):
            self.problems.append(f"{path} is lost: {found.why}. What still stands is told once more.")
            return Notes()
        if found is not None and found.problem:
            self.problems.append(found.problem)
        return found.value if found is not None else Notes()

    def save(self, notes: Notes) -> None:
        """Raises StateError: then nothing may be sent."""
        write_kept(self.data_dir / NOTICES, encode(notes, self.stamp.zone), self.stamp, parse=_notes)


def _notes(data: object) -> Notes:
    return decode(Notes, data)
