"""For tests of the page: a house that has lived for a day, lived once and copied for each test, and what a view says as text."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from config import Settings
from page.look import Look, Reader
from simulator.page_house import NOW, PageHouse

AT = NOW + timedelta(seconds=10)
DAYS = 1.25


@cache
def _lived() -> tuple[Path, Settings]:
    folder = Path(tempfile.mkdtemp(prefix="ampshift-page-"))
    return folder, PageHouse(folder).live(DAYS)


def forget() -> None:
    """Removes the lived house, at the end of the tests."""
    if _lived.cache_info().currsize:
        shutil.rmtree(_lived()[0], ignore_errors=True)
        _lived.cache_clear()


@dataclass(frozen=True)
class Home:
    """A copy of the lived house. `settings` point into it."""

    folder: Path
    settings: Settings

    @property
    def data(self) -> Path:
        return self.settings.state_dir

    @property
    def run_dir(self) -> Path:
        return self.settings.run_dir

    def reader(self, now: datetime = AT) -> Reader:
        return Reader(self.settings, lambda: now, lambda _seconds: None)

    def look(self, now: datetime = AT) -> Look:
        return self.reader(now).look()

    def change(self, name: str, change: Callable[[dict[str, Any]], object]) -> None:
        """Changes the data of a volatile file, as another version of the scheduler would have written it."""
        path = self.run_dir / name
        envelope = json.loads(path.read_text(encoding="utf-8"))
        change(envelope["data"])
        path.write_text(json.dumps(envelope), encoding="utf-8")

    def files(self) -> dict[str, bytes]:
        found = (path for path in self.folder.rglob("*") if path.is_file() and not path.name.endswith((".lock", "-shm", "-wal")))
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in found}


def home(folder: Path) -> Home:
    """A copy of the lived house in `folder`."""
    lived, settings = _lived()
    shutil.copytree(lived, folder, dirs_exist_ok=True)
    return Home(folder, replace(settings, state_dir=folder / "state" / "data", run_dir=folder / "state" / "run"))


def words(part: object) -> Iterator[str]:
    """Every text of a Dash component, in reading order, and what it says to screen readers."""
    if isinstance(part, str | int | float):
        yield str(part)
    elif isinstance(part, list | tuple):
        for one in part:
            yield from words(one)
    elif hasattr(part, "to_plotly_json"):
        props = part.to_plotly_json()["props"]
        yield from (str(props[name]) for name in ("aria-label", "placeholder", "title", "href") if name in props)
        yield from words(props.get("children"))


def text(part: object) -> str:
    return "\n".join(words(part))
