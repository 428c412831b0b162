"""`check`: may this user write where Ampshift keeps its files? Without that no cycle runs, however well everything answers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from config import Settings


def folder_lines(settings: Settings) -> Iterator[tuple[str, bool]]:
    """A line and whether it is a failure, for each folder that could not be written to. Makes nothing."""
    for option, folder in (("STATE_DIR", settings.state_dir), ("RUN_DIR", settings.run_dir)):
        if not _writable(folder):
            what = "write to" if folder.exists() else "make"
            yield (
                f"FAILED  {option}: this user may not {what} {folder}, so no cycle can run: make install sets it up for the user it names",
                True,
            )


def _writable(folder: Path) -> bool:
    nearest = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
