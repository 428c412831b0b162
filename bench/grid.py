"""`python -m bench grid [DAYS]`: requests to GridStatus and to California's own pages in a month of five-minute cycles, and what a cycle
that lives from its cache spends on the grid. Real sockets, the real library, the real files; the far end is simulated."""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import config
from clients.http import Http
from cycle.alerts import alert_tasks
from cycle.market import ALLOWANCE, Market
from errors import AmpshiftError
from simulator import curves
from simulator.caiso_server import OperatorServer
from simulator.gridstatus_server import GridStatusServer
from simulator.gridstatus_server import Market as Published
from state.cache import Cache
from state.files import Stamp
from state.quota import Quota

ZONE = ZoneInfo("America/Los_Angeles")
START = datetime(2026, 12, 1, 8, tzinfo=UTC)
DAYS, CYCLE = 31, timedelta(minutes=5)


def main(argv: Sequence[str]) -> int:
    """1 where a month is not within the free plan."""
    os.environ["GSIO_SKIP_VERSION_CHECK"] = "true"
    days = int(argv[0]) if argv else DAYS
    most = 0
    for key in (True, False):
        asked, warm_ms, failed = month(days, key)
        total = sum(count for name, count in asked.items() if name.startswith("/v1/"))
        most = max(most, total)
        print(
            f"{'with a key' if key else 'without a key'}: {days} days, {sum(asked.values())} requests, {total} of them to GridStatus; ",
            end="",
        )
        print(f"{failed} tasks failed; a warm cycle {warm_ms:.1f} ms")
        for name, count in asked.most_common():
            print(f"  {count:6d}  {name}")
    print(f"{'within' if most <= ALLOWANCE else 'MISSED:'} the free plan of {ALLOWANCE}")
    return 0 if most <= ALLOWANCE else 1


def month(days: int, key: bool) -> tuple[Counter[str], float, int]:
    """Requests by path, the median of a warm cycle in ms, and how many tasks failed."""
    clock = [START]
    market = Published("caiso", curves.market_price(ZONE), curves.grid_load(ZONE), lambda: clock[0].astimezone(ZONE), lambda _at: 3000.0)
    gridstatus, operators, http = GridStatusServer(market), OperatorServer(market), Http()
    times, failed = list[float](), 0
    with tempfile.TemporaryDirectory() as folder:
        settings = _settings(Path(folder), gridstatus, operators, key)
        while clock[0] < START + timedelta(days=days):
            asked, began = _requests(gridstatus, operators), time.perf_counter()
            failed += _cycle(settings, http, clock[0])
            if _requests(gridstatus, operators) == asked:
                times.append(time.perf_counter() - began)
            clock[0] += CYCLE
    log = Counter(request.query.get("queryname", request.path.partition("/history/")[0]) for request in operators.server.log)
    log += Counter(request.path for request in gridstatus.server.log)
    for server in (gridstatus, operators, http):
        server.close()
    return log, sorted(times)[len(times) // 2] * 1000, failed


def _cycle(settings: config.Settings, http: Http, now: datetime) -> int:
    stamp = Stamp(now, "bench", ZONE)
    cache, quota = Cache(settings.state_dir / "cache", stamp, time.sleep), Quota(settings.state_dir, stamp, time.sleep)
    tasks = Market(settings, cache, http, quota, now, time.monotonic, time.sleep).tasks() | alert_tasks(settings, cache, http, now)
    failed = 0
    for task in tasks.values():
        try:
            task()
        except AmpshiftError:
            failed += 1
    return failed


def _requests(gridstatus: GridStatusServer, operators: OperatorServer) -> int:
    return gridstatus.requests + len(operators.server.log)


def _settings(folder: Path, gridstatus: GridStatusServer, operators: OperatorServer, key: bool) -> config.Settings:
    lines = {"GRID_ISO": "CAISO", "GRID_STATUS_URL": gridstatus.url, "CAISO_URL": operators.url, "CAISO_OASIS_URL": operators.url}
    lines |= {"TIME_ZONE": str(ZONE), "GRID_STATUS_API_KEY": gridstatus.key if key else ""}
    env = folder / ".env"
    env.write_text("\n".join(f"{name}={value}" for name, value in lines.items()), encoding="utf-8")
    return config.load(env, {}, folder / "state", root=folder)
