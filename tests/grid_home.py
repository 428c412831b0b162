"""What tests of the grid's data share: the library's shape of an answer, and a client with short patience."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from clients.http import Http
from config import Settings
from cycle.market import Market
from errors import AmpshiftError
from model_decision import SourceState
from simulator.caiso_server import OperatorServer
from simulator.gridstatus_server import GridStatusServer
from simulator.gridstatus_server import Market as Published
from state.cache import Cache
from state.files import Stamp
from state.quota import Quota
from tests.builders import ZONE, settings
from tests.fake_server import SHARED, Asked, Canned

os.environ["GSIO_SKIP_VERSION_CHECK"] = "true"  # as the entry scripts do

START = datetime(2026, 11, 21, tzinfo=UTC)
END = START + timedelta(days=2)
HOUR = timedelta(hours=1)
SAMPLES = SHARED / "data" / "gridstatus_samples" / "gridstatusio_example_notebook_outputs.tsv"
KEY = "hush-hush"


def http() -> Http:
    return Http(connect_s=1, read_s=0.5, limit_s=2)


def row(hour: float, **values: object) -> dict[str, object]:
    start = START + hour * HOUR
    return {"interval_start_utc": start.isoformat(), "interval_end_utc": (start + HOUR).isoformat(), **values}


def page(rows: Iterable[Mapping[str, object]], more: bool = False, cursor: str | None = None) -> Canned:
    """Column names first, then a list for each row: as the library asks for it."""
    rows = list(rows)
    names = list(dict.fromkeys(name for one in rows for name in one))
    data = [names, *([one.get(name) for name in names] for one in rows)] if rows else []
    meta = {"page": 1, "hasNextPage": more, "cursor": cursor}
    return Canned({"status_code": 200, "data": data, "meta": meta, "dataset_metadata": {}})


def query(asked: Asked) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(asked.path).query).items()}


def real_rows(dataset: str) -> list[dict[str, object]]:
    """The rows that the notebook printed for this dataset, as its cells were shown; numbers become numbers again."""
    rows: list[dict[str, object]] = []
    names, inside = list[str](), False
    for line in SAMPLES.read_text(encoding="utf-8").splitlines():
        if line.startswith(("#", "20")) and "GET " in line:
            inside = f"/datasets/{dataset}/query" in line
        cells = line.split("\t")
        if line.startswith("\t"):
            names = cells[1:] if inside and "interval_start_utc" in cells else []
        elif names and len(cells) == len(names) + 1 and cells[0] != "...":
            rows.append({name: _cell(cell) for name, cell in zip(names, cells[1:], strict=True)})
    return rows


def _cell(text: str) -> object:
    try:
        return float(text.replace("_", ""))  # pandas wrote 21_953.0000
    except ValueError:
        return None if text == "None" else text


def no_sleep(_seconds: float) -> None:
    raise AssertionError("nobody else holds the lock")


def quota(folder: Path, now: datetime) -> Quota:
    return Quota(folder, Stamp(now, "test", ZONE), no_sleep)


@dataclass
class Grids:
    """GridStatus and the operators' own pages, on a clock that is set."""

    clock: list[datetime]
    gridstatus: GridStatusServer
    operators: OperatorServer
    folder: Path
    states: tuple[SourceState, ...] = ()

    def settings(self, **more: str) -> Settings:
        own = {"GRID_STATUS_URL": self.gridstatus.url, "CAISO_URL": self.operators.url, "CAISO_OASIS_URL": self.operators.url}
        return settings(**{"GRID_ISO": "CAISO", "GRID_STATUS_API_KEY": self.gridstatus.key, **own, **more})

    def cycle(self, now: datetime, wanted: Settings, check: bool = False, mono: Callable[[], float] = lambda: 0.0) -> dict[str, object]:
        self.clock[0] = now
        web = http()
        stamp = Stamp(now, "test", ZONE)
        market = Market(wanted, Cache(self.folder / "cache", stamp, no_sleep), web, quota(self.folder, now), now, mono, no_sleep)
        found: dict[str, object] = {}
        if check:
            market.ask_again()
        for name, task in market.tasks().items():
            try:
                found[name] = task()
            except AmpshiftError as error:
                found[name] = error
        web.close()
        self.states = market.states()
        return found


@contextmanager
def grids_in(folder: Path, now: datetime) -> Iterator[Grids]:
    """California by both services, well and priced at 0.1."""
    clock = [now]
    market = Published("caiso", lambda _at: 0.1, lambda at: 20_000.0 + at.hour, lambda: clock[0].astimezone(ZONE), lambda _at: 3000.0)
    both = Grids(clock, GridStatusServer(market), OperatorServer(market), folder)
    yield both
    both.gridstatus.close()
    both.operators.close()
