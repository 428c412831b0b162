"""What tests of the grid's data share: the library's shape of an answer, and a client with short patience."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from clients.http import Http
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
