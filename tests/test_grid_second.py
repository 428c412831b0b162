"""GridStatus' key does not work, or its month is used up: California's own pages, which need none, tell the same series. Real sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from cycle.market import SERVICE
from errors import ClientError, NotAsked
from model import Series
from simulator.faults import BUSY_503, DROP_BEFORE, Fault, Ill
from state.quota import QUOTA
from tests.builders import ZONE
from tests.grid_home import Grids, grids_in

NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)  # midnight in California
HOUR, MINUTES = timedelta(hours=1), timedelta(minutes=1)
ALL = ("load forecast", "grid prices", "sun and wind", "fuel mix")
BAD_KEY, FORBIDDEN = (Fault(Ill.STATUS, status, '{"detail": "Invalid API key"}') for status in (401, 403))


@pytest.fixture
def grids(tmp_path: Path) -> Iterator[Grids]:
    with grids_in(tmp_path, NOW) as both:
        yield both


@pytest.mark.parametrize("ill", [BAD_KEY, FORBIDDEN, BUSY_503, DROP_BEFORE], ids=["401", "403", "503", "no connection"])
def test_where_the_key_does_not_work_californias_own_pages_stand_in_without_a_gap_or_a_step_back(grids: Grids, ill: Fault) -> None:
    wanted, reaches = grids.settings(), dict[str, datetime]()
    for hour in range(4 * 24):
        if hour == 30:
            grids.gridstatus.server.faults.next(10**6, ill)
            before = grids.gridstatus.requests
        found = grids.cycle(NOW + hour * HOUR, wanted)
        assert all(isinstance(one, Series) for one in found.values()), found
        for name, one in found.items():
            assert isinstance(one, Series)
            assert one.points[-1].end >= reaches.get(name, NOW), name
            reaches[name] = one.points[-1].end
            starts = [point.start for point in one.points]
            assert starts == [starts[0] + i * HOUR for i in range(len(starts))], name
    assert {one.source for one in found.values() if isinstance(one, Series)} == {"caiso"}
    assert grids.gridstatus.requests - before <= 3 * 7  # no more than a service that is well
    assert [(state.name, state.ok) for state in grids.states] == [("GridStatus", False)]
    assert grids.states[0].why.endswith("CAISO's own pages stand in until it is mended.")
    grids.gridstatus.server.faults.clear()
    for _hour in range(30):
        found = grids.cycle(grids.clock[0] + HOUR, wanted)
    assert {one.source for one in found.values() if isinstance(one, Series)} == {"gridstatus"}
    assert grids.states == ()


def test_each_failure_of_a_key_rests_longer_although_another_tells_the_series_meanwhile(grids: Grids) -> None:
    grids.gridstatus.server.faults.next(10**6, BUSY_503)
    for hour in range(4 * 24):
        grids.cycle(NOW + hour * HOUR, grids.settings())
    assert grids.gridstatus.requests <= 10  # after 0, 1, 3, 7, 15 h and then each half day, as where nobody stands in


def test_two_services_that_refuse_one_series_each_rest_each_for_itself(grids: Grids) -> None:
    grids.gridstatus.server.faults.next(10**6, FORBIDDEN)
    grids.operators.text = "<OASISReport><ERR_CODE>1015</ERR_CODE></OASISReport>"
    first = grids.cycle(NOW, grids.settings())
    assert isinstance(first["sun and wind"], NotAsked)  # OASIS has its turn later; the others tell what is wrong
    asked = grids.gridstatus.requests, len(grids.operators.server.log)
    for minute in range(5, 60, 5):
        grids.cycle(NOW + minute * MINUTES, grids.settings())
    assert (grids.gridstatus.requests - asked[0], len(grids.operators.server.log) - asked[1]) == (0, 0)


def test_a_service_that_hangs_at_the_first_cycle_leaves_the_next_one_to_the_other(grids: Grids) -> None:
    grids.gridstatus.server.faults.next(10**6, BUSY_503)
    assert isinstance(grids.cycle(NOW, grids.settings(), mono=count(0, 5).__next__)["grid prices"], ClientError)
    assert grids.operators.server.log == []
    assert isinstance(grids.cycle(NOW + 5 * MINUTES, grids.settings())["grid prices"], Series)


def test_a_service_that_hangs_leaves_no_time_for_another_in_the_same_cycle(grids: Grids) -> None:
    grids.cycle(NOW, grids.settings())
    grids.gridstatus.server.faults.next(10**6, BUSY_503)
    slow = grids.cycle(NOW + 6 * HOUR, grids.settings(), mono=count(0, 5).__next__)["load forecast"]
    assert isinstance(slow, Series)
    assert (slow.source, slow.fetched_at) == ("gridstatus", NOW)
    assert grids.operators.server.log == []
    then = grids.cycle(NOW + 6 * HOUR + 5 * MINUTES, grids.settings())["load forecast"]
    assert isinstance(then, Series)
    assert then.source == "caiso"


def test_a_month_that_is_used_up_is_no_fault_where_californias_own_pages_stand_in(grids: Grids) -> None:
    envelope = {"schema": 1, "written_at": NOW.isoformat(), "written_by": "test", "data": {"month": "2026-12", "requests": {SERVICE: 250}}}
    (grids.folder / QUOTA).write_text(json.dumps(envelope), encoding="utf-8")
    for minute in range(0, 60 * 8, 5):
        found = grids.cycle(NOW + minute * MINUTES, grids.settings())
    assert {name: one.source for name, one in found.items() if isinstance(one, Series)} == dict.fromkeys(ALL, "caiso")
    assert (grids.gridstatus.requests, grids.states) == (0, ())
    january = NOW + timedelta(days=31)
    for hour in range(26):
        found = grids.cycle(january + hour * HOUR, grids.settings())
    assert {one.source for one in found.values() if isinstance(one, Series)} == {"gridstatus"}


def test_where_neither_the_key_nor_the_own_pages_work_both_are_named(grids: Grids) -> None:
    grids.gridstatus.server.faults.next(10**6, BAD_KEY)
    grids.operators.server.faults.next(10**6, BUSY_503)
    told = grids.cycle(NOW, grids.settings())["grid prices"]
    assert isinstance(told, ClientError)
    assert "answered 401" in told.text
    assert "Nor was it to be had without a key" in told.text
    assert "answered 503" in told.text


def test_published_prices_do_not_vanish_because_the_other_service_is_late(grids: Grids) -> None:
    grids.gridstatus.server.faults.next(10**6, BUSY_503)
    afternoon = NOW + 15 * HOUR
    seen = grids.cycle(afternoon, grids.settings())["grid prices"]
    assert isinstance(seen, Series)
    grids.gridstatus.server.faults.clear()
    late = replace(grids.gridstatus.market, now=lambda: (afternoon - 3 * HOUR).astimezone(ZONE))  # tomorrow is not there yet
    grids.gridstatus.market = late
    again = grids.cycle(afternoon + HOUR, grids.settings(), check=True)["grid prices"]
    assert isinstance(again, Series)
    assert (again.source, again.points[-1].end) == ("gridstatus", seen.points[-1].end)
