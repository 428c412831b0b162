"""GridStatus through its library. Row shapes follow its published schema; real rows: test_grid_real_rows.py."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest

from clients.gridstatus import GridStatus
from clients.gridstatus_table import GRIDS
from clients.http import Http
from errors import BadAnswer, ClientError, LoginDead, NoAnswer, NotConfigured, Refused, ServerFault, TooMany
from model import Point
from simulator.faults import HANG
from simulator.gridstatus_server import GridStatusServer, Market
from tests import grid_home
from tests.fake_server import Canned, FakeServer
from tests.grid_home import END, HOUR, KEY, START, page, query, row
from tests.process import ROOT

LOAD = "/v1/datasets/{}_load_forecast/query"


@pytest.fixture
def http() -> Iterator[Http]:
    client = grid_home.http()
    yield client
    client.close()


def test_the_newest_load_forecast_is_asked_for_and_read(http: Http) -> None:
    with FakeServer({LOAD.format("caiso"): page([row(0, load_forecast=21000), row(1, load_forecast=20500.5)])}) as server:
        series = GridStatus(server.url, KEY, http).load_forecast("caiso", START, END, START)
    assert series.points == (Point(START, START + HOUR, 21000), Point(START + HOUR, START + 2 * HOUR, 20500.5))
    assert (series.unit, series.source, series.fetched_at) == ("MW", "gridstatus", START)
    asked = query(server.asked[0])
    assert (asked["publish_time"], asked["start_time"], asked["limit"]) == ("latest", "2026-11-21T00:00:00+00:00", "1000")
    assert server.asked[0].headers["x-api-key"] == KEY
    assert "hush" not in server.asked[0].path
    assert "/query?" in server.asked[0].path


def test_prices_come_per_kwh_and_may_be_negative_or_at_the_cap(http: Http) -> None:
    rows = [row(hour, location="HB_NORTH", spp=price) for hour, price in enumerate((-21.78, 37.30, 5000, 1e9))]
    with FakeServer({"/v1/datasets/ercot_spp_day_ahead_hourly/query": page(rows)}) as server:
        series = GridStatus(server.url, KEY, http).day_ahead_prices("ERCOT", "HB_NORTH", START, END, START)
    assert [point.value for point in series.points] == pytest.approx([-0.02178, 0.0373, 5.0])
    assert series.unit == "USD/kWh"
    assert (query(server.asked[0])["filter_column"], query(server.asked[0])["filter_value"]) == ("location", "HB_NORTH")


@pytest.mark.parametrize("iso", sorted(GRIDS))
def test_each_iso_has_its_price_dataset_and_place(http: Http, iso: str) -> None:
    grid = GRIDS[iso]
    with FakeServer({f"/v1/datasets/{grid.prices}/query": page([row(0, **{grid.price_column: 50})])}) as server:
        client = GridStatus(server.url, KEY, http)
        if grid.location:
            assert grid.location in grid.locations
            assert client.day_ahead_prices(iso, None, START, END, START).points[0].value == 0.05
            assert query(server.asked[0])["filter_value"] == grid.location
        else:
            with pytest.raises(NotConfigured, match="GRID_LOCATION"):
                client.day_ahead_prices(iso, None, START, END, START)


def test_all_pages_are_read_and_each_is_announced(http: Http) -> None:
    told = list[str]()
    pages = [page([row(0, load_forecast=1)], more=True, cursor="on"), page([row(1, load_forecast=2)])]
    with FakeServer({LOAD.format("pjm"): pages}) as server:
        series = GridStatus(server.url, KEY, http, lambda: told.append("one")).load_forecast("PJM", START, END, START)
    assert [point.value for point in series.points] == [1, 2]
    assert [query(asked).get("cursor") for asked in server.asked] == [None, "on"]
    assert len(told) == 2


def test_pages_without_an_end_are_not_read_for_ever(http: Http) -> None:
    with FakeServer({LOAD.format("pjm"): page([row(0, load_forecast=1)], more=True)}) as server, pytest.raises(BadAnswer, match="no end"):
        GridStatus(server.url, KEY, http).load_forecast("PJM", START, END, START)
    assert len(server.asked) == 5


def test_rows_out_of_order_doubled_or_overlapping_become_a_clean_series(http: Http) -> None:
    long_row = {**row(0, load_forecast=3), "interval_end_utc": (START + 2 * HOUR).isoformat()}
    rows = [row(1, load_forecast=2), row(0, load_forecast=1), long_row, row(2, load_forecast=None), row(3, load_forecast=float("nan"))]
    rows += [row(4, load_forecast=float("inf")), {**row(5, load_forecast=9), "interval_end_utc": None}]
    with FakeServer({LOAD.format("spp"): page(rows)}) as server:
        series = GridStatus(server.url, KEY, http).load_forecast("SPP", START, END, START)
    assert series.points == (Point(START, START + HOUR, 3), Point(START + HOUR, START + 2 * HOUR, 2))


def test_the_hour_that_comes_twice_in_autumn_keeps_both_its_prices(http: Http) -> None:
    """With a local clock beside it: 01:00 comes twice, the UTC columns tell them apart."""
    clock = ("2026-11-01T01:00:00-07:00", "2026-11-01T01:00:00-08:00")
    rows = [{**row(hour, lmp=10 + hour), "interval_start_local": local} for hour, local in enumerate(clock)]
    with FakeServer({"/v1/datasets/caiso_lmp_day_ahead_hourly/query": page(rows)}) as server:
        series = GridStatus(server.url, KEY, http).day_ahead_prices("CAISO", None, START, END, START)
    assert [point.value for point in series.points] == [0.01, 0.011]


def test_a_row_at_the_end_of_the_calendar_is_left_out(http: Http) -> None:
    odd = {"interval_start_utc": "0001-01-01T00:00:00+05:00", "interval_end_utc": "0001-01-01T01:00:00+05:00", "load_forecast": 1}
    with FakeServer({LOAD.format("caiso"): page([odd, row(0, load_forecast=2)])}) as server:
        assert GridStatus(server.url, KEY, http).load_forecast("caiso", START, END, START).points == (Point(START, START + HOUR, 2),)


def test_a_forecast_counts_as_it_was_published_by_now(http: Http) -> None:
    """No look-ahead: what is published later is not known yet, and of what is known the newest counts, whatever the order of the rows."""
    told = [(1, -2), (2, -1), (3, 1)]  # (load, published so many hours after now)
    rows = [row(5, load_forecast=load, publish_time_utc=(START + hours * HOUR).isoformat()) for load, hours in told]
    only_later = row(6, load_forecast=9, publish_time_utc=(START + HOUR).isoformat())
    with FakeServer({LOAD.format("caiso"): page([rows[1], rows[2], rows[0], only_later])}) as server:
        client = GridStatus(server.url, KEY, http)
        assert [point.value for point in client.load_forecast("CAISO", START, END, START).points] == [2]
        assert [point.value for point in client.load_forecast("CAISO", START, END, START + HOUR).points] == [3, 9]
        assert client.load_forecast("CAISO", START, END, START - 9 * HOUR).points == ()


def test_sun_and_wind_are_summed_where_all_of_them_are_known(http: Http) -> None:
    routes = {
        "/v1/datasets/caiso_solar_and_wind_forecast_dam/query": page(
            [row(0, solar_mw=9000, wind_mw=1500), row(1, solar_mw=None, wind_mw=2)]
        ),
        "/v1/datasets/ercot_net_load_forecast/query": page([row(0, load_forecast=50_000, net_load_forecast=38_000)]),
        "/v1/datasets/pjm_solar_forecast_hourly/query": page([row(0, solar_forecast=7000), row(1, solar_forecast=6000)]),
        "/v1/datasets/pjm_wind_forecast_hourly/query": page([row(1, wind_forecast=3000)]),
    }
    with FakeServer(routes) as server:
        client = GridStatus(server.url, KEY, http)
        found = {iso: client.sun_and_wind(iso, START, END, START).points for iso in ("CAISO", "ERCOT", "PJM")}
        with pytest.raises(NotConfigured):
            client.sun_and_wind("NYISO", START, END, START)
    assert found["CAISO"] == (Point(START, START + HOUR, 10_500),)
    assert found["ERCOT"] == (Point(START, START + HOUR, 12_000),)
    assert found["PJM"] == (Point(START + HOUR, START + 2 * HOUR, 9000),)
    assert (query(server.asked[0])["filter_value"], query(server.asked[0])["publish_time"]) == ("CAISO", "latest")


def test_the_mix_of_five_minutes_becomes_the_hours_average_co2(http: Http) -> None:
    rows = [
        {**row(minute / 60, natural_gas=gas, wind=100 - gas, batteries=-50, dreams=0), "interval_end_utc": None}
        for minute, gas in ((0, 100), (5, 0), (60, 50))
    ]
    with FakeServer({"/v1/datasets/caiso_fuel_mix/query": page(rows)}) as server:
        series = GridStatus(server.url, KEY, http).average_co2("CAISO", START, END, START + 2 * HOUR)
    assert [point.value for point in series.points] == pytest.approx([(490 + 11) / 2, (490 + 11) / 2])
    assert series.unit == "g/kWh"
    assert query(server.asked[0])["end_time"] == (START + 2 * HOUR).isoformat()  # never what is still to come


def test_nothing_published_yet_is_an_empty_series(http: Http) -> None:
    with FakeServer({LOAD.format("miso"): page([])}) as server:
        assert GridStatus(server.url, KEY, http).load_forecast("MISO", START, END, START).points == ()


def test_a_place_that_nobody_knows_is_answered_with_those_that_are_known(http: Http) -> None:
    with FakeServer({"/v1/datasets/caiso_lmp_day_ahead_hourly/query": page([])}) as server:
        client = GridStatus(server.url, KEY, http)
        with pytest.raises(NotConfigured, match=r"GRID_LOCATION=HB_NORTH has no prices at CAISO.*TH_NP15_GEN-APND.*DLAP_SCE"):
            client.day_ahead_prices("CAISO", "HB_NORTH", START, END, START)
        assert client.day_ahead_prices("CAISO", "TH_SP15_GEN-APND", START, END, START).points == ()


@pytest.mark.parametrize(
    "body",
    [
        {"data": None},
        {},
        [],
        "null",
        "{",
        {"data": [5], "meta": None, "dataset_metadata": None},
        {"data": [["load_forecast"], [1]], "meta": None, "dataset_metadata": None},
        {"data": [["interval_start_utc", "interval_end_utc", "other"], ["2026-11-21T00:00:00+00:00", "2026-11-21T01:00:00+00:00", 1]]},
        page([row(0, other=1)]).body,
        page([{**row(0, load_forecast=1), "interval_start_utc": "soon"}]).body,
        {**page([row(0, load_forecast=1)]).body, "meta": 7},  # type: ignore[dict-item]
    ],
)
def test_rows_that_are_not_what_was_asked_for_are_a_bad_answer(http: Http, body: object) -> None:
    with FakeServer({LOAD.format("nyiso"): Canned(body)}) as server, pytest.raises(BadAnswer):
        GridStatus(server.url, KEY, http).load_forecast("NYISO", START, END, START)


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (Canned({"detail": "Invalid API key"}, 401), LoginDead, "Invalid API key"),
        (Canned({"detail": "premium dataset"}, 403), Refused, "premium dataset"),
        (Canned({"detail": [{"msg": "query timeout"}]}, 422), Refused, "query timeout"),
        (Canned({"detail": "Too Many Requests. Limit: 1 per 1 second."}, 429), TooMany, "1 per 1 second"),
        (Canned("", 503), ServerFault, "503"),
        (Canned("", 307, {"Location": "http://127.0.0.1/"}), BadAnswer, "redirects"),
        (Canned("no", 500), ServerFault, "500"),
    ],
)
def test_what_gridstatus_complains_about_reaches_the_owner_after_one_try(
    http: Http, answer: Canned, error: type[Exception], words: str
) -> None:
    with FakeServer({LOAD.format("isone"): answer}) as server, pytest.raises(error, match=words):
        GridStatus(server.url, KEY, http).load_forecast("ISONE", START, END, START)
    assert len(server.asked) == 1


def test_a_service_that_hangs_is_given_up_within_its_time(http: Http) -> None:
    market = Market("caiso", lambda _at: 0.1, lambda _at: 20_000.0, lambda: START)
    server = GridStatusServer(market)
    server.server.faults.next(1, HANG)
    try:
        with pytest.raises(NoAnswer):
            GridStatus(server.url, server.key, http).load_forecast("CAISO", START, END, START)
    finally:
        server.close()


def another_thread_has_ended() -> None:
    """The library sets the level of its log for all threads, and leaves it at INFO."""
    logging.getLogger("gridstatusio").setLevel(logging.INFO)


def test_the_library_writes_nothing_and_its_own_errors_do_not_escape(http: Http, capfd: pytest.CaptureFixture[str]) -> None:
    with FakeServer({LOAD.format("caiso"): [page([row(0, load_forecast=1)], more=True), page([]), Canned({"data": 1})]}) as server:
        client = GridStatus(server.url, KEY, http, another_thread_has_ended)
        client.load_forecast("CAISO", START, END, START)
        with pytest.raises(ClientError) as raised:
            client.load_forecast("CAISO", START, END, START)
    assert KEY not in raised.value.text
    assert capfd.readouterr() == ("", "")


def test_a_key_does_not_travel_in_the_clear(http: Http) -> None:
    with pytest.raises(NotConfigured, match="https"):
        GridStatus("http://192.0.2.1", KEY, http).load_forecast("CAISO", START, END, START)


def test_an_iso_without_a_forecast_or_name_says_so(http: Http) -> None:
    client = GridStatus("http://127.0.0.1:9", KEY, http)
    for iso, words in (("IESO", "IESO"), ("MARS", "CAISO, ERCOT, PJM, MISO, NYISO, ISONE, SPP, IESO, not MARS")):
        with pytest.raises(NotConfigured, match=words):
            client.load_forecast(iso, START, END, START)


def test_the_library_asks_no_package_index_when_it_is_loaded_by_the_scheduler() -> None:
    """Every way out is shut: its import would raise if it tried."""
    told = """
import os, socket, sys
os.environ.pop("GSIO_SKIP_VERSION_CHECK", None)
import scheduler
scheduler.main(["--env", "/dev/null", "status"])
def refuse(*_args, **_kwargs): raise AssertionError("it called out")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
import gridstatusio
assert "pandas" not in sys.modules
"""
    plain = {name: value for name, value in os.environ.items() if name != "GSIO_SKIP_VERSION_CHECK"}
    ended = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, env=plain, cwd=ROOT, check=False)
    assert ended.returncode == 0, ended.stderr


def test_a_day_of_five_minutes_fits_into_one_page(http: Http) -> None:
    market = Market("caiso", lambda _at: 0.1, lambda _at: 20_000.0, lambda: END, lambda _at: 5000.0)
    server = GridStatusServer(market)
    try:
        series = GridStatus(server.url, server.key, http).average_co2("CAISO", END - timedelta(hours=25), END, END)
        assert (len(series.points), server.requests) == (25, 1)
    finally:
        server.close()
