"""GridStatus over its HTTP form. Row shapes follow its published schema; the price rows are from its own example notebook."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from clients.gridstatus import GRIDS, GridStatus
from clients.http import Http
from errors import BadAnswer, LoginDead, NotConfigured, Refused, ServerFault, TooMany
from model import Point
from tests.fake_server import Asked, Canned, FakeServer

START = datetime(2026, 11, 21, tzinfo=UTC)
END = START + timedelta(days=2)
HOUR = timedelta(hours=1)


@pytest.fixture
def http() -> Iterator[Http]:
    client = Http(connect_s=1, read_s=0.5, limit_s=2)
    yield client
    client.close()


def row(hour: int, **values: object) -> dict[str, object]:
    start = START + hour * HOUR
    return {"interval_start_utc": start.isoformat(), "interval_end_utc": (start + HOUR).isoformat(), **values}


def page(rows: list[dict[str, object]], more: bool = False) -> Canned:
    return Canned({"status_code": 200, "data": rows, "meta": {"page": 1, "hasNextPage": more}})


def query(asked: Asked) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(asked.path).query).items()}


def test_the_newest_load_forecast_is_asked_for_and_read(http: Http) -> None:
    with FakeServer(
        {"/v1/datasets/caiso_load_forecast/query": page([row(0, load_forecast=21000), row(1, load_forecast=20500.5)])}
    ) as server:
        series = GridStatus(server.url, "hush-hush", http).load_forecast("caiso", START, END, START)
    assert series.points == (Point(START, START + HOUR, 21000), Point(START + HOUR, START + 2 * HOUR, 20500.5))
    assert (series.unit, series.source, series.fetched_at) == ("MW", "gridstatus", START)
    asked = query(server.asked[0])
    assert (asked["publish_time"], asked["start_time"], asked["limit"]) == ("latest", "2026-11-21T00:00:00+00:00", "1000")
    assert server.asked[0].headers["x-api-key"] == "hush-hush"
    assert "hush" not in server.asked[0].path
    assert "/query?" in server.asked[0].path


def test_prices_come_per_kwh_and_may_be_negative(http: Http) -> None:
    rows = [row(0, location="HB_NORTH", spp=-21.78), row(1, location="HB_NORTH", spp=37.30)]
    with FakeServer({"/v1/datasets/ercot_spp_day_ahead_hourly/query": page(rows)}) as server:
        series = GridStatus(server.url, "hush-hush", http).day_ahead_prices("ERCOT", "HB_NORTH", START, END, START)
    assert [point.value for point in series.points] == pytest.approx([-0.02178, 0.0373])
    assert series.unit == "USD/kWh"
    assert (query(server.asked[0])["filter_column"], query(server.asked[0])["filter_value"]) == ("location", "HB_NORTH")


@pytest.mark.parametrize("iso", sorted(GRIDS))
def test_each_iso_has_its_price_dataset_and_place(http: Http, iso: str) -> None:
    grid = GRIDS[iso]
    with FakeServer({f"/v1/datasets/{grid.prices}/query": page([row(0, **{grid.price_column: 50})])}) as server:
        client = GridStatus(server.url, "hush-hush", http)
        if grid.location:
            assert client.day_ahead_prices(iso, None, START, END, START).points[0].value == 0.05
            assert query(server.asked[0])["filter_value"] == grid.location
        else:
            with pytest.raises(NotConfigured, match="GRID_LOCATION"):
                client.day_ahead_prices(iso, None, START, END, START)


def test_all_pages_are_read(http: Http) -> None:
    path = "/v1/datasets/pjm_load_forecast/query"
    with FakeServer({path: [page([row(0, load_forecast=1)], more=True), page([row(1, load_forecast=2)])]}) as server:
        series = GridStatus(server.url, "hush-hush", http).load_forecast("PJM", START, END, START)
    assert [point.value for point in series.points] == [1, 2]
    assert [query(asked)["page"] for asked in server.asked] == ["1", "2"]


def test_rows_out_of_order_doubled_or_overlapping_become_a_clean_series(http: Http) -> None:
    long_row = {**row(0, load_forecast=3), "interval_end_utc": (START + 2 * HOUR).isoformat()}
    rows = [row(1, load_forecast=2), row(0, load_forecast=1), long_row, row(2, load_forecast=None), row(3, load_forecast=float("nan"))]
    rows.append(row(4, load_forecast=float("inf")))
    with FakeServer({"/v1/datasets/spp_load_forecast/query": page(rows)}) as server:
        series = GridStatus(server.url, "hush-hush", http).load_forecast("SPP", START, END, START)
    assert series.points == (Point(START, START + HOUR, 3), Point(START + HOUR, START + 2 * HOUR, 2))


def test_nothing_published_yet_is_an_empty_series(http: Http) -> None:
    with FakeServer({"/v1/datasets/miso_load_forecast/query": page([])}) as server:
        assert GridStatus(server.url, "hush-hush", http).load_forecast("MISO", START, END, START).points == ()


@pytest.mark.parametrize(
    "body",
    [
        {"data": None},
        {},
        [],
        {"data": [5]},
        {"data": [{"load_forecast": 1}]},
        {"data": [row(0, other=1)]},
        {"data": [{**row(0, load_forecast=1), "interval_start_utc": "soon"}]},
    ],
)
def test_rows_that_are_not_what_was_asked_for_are_a_bad_answer(http: Http, body: object) -> None:
    with FakeServer({"/v1/datasets/nyiso_load_forecast/query": Canned(body)}) as server, pytest.raises(BadAnswer):
        GridStatus(server.url, "hush-hush", http).load_forecast("NYISO", START, END, START)


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (Canned({"detail": "Invalid API key"}, 401), LoginDead, "Invalid API key"),
        (Canned({"detail": "premium dataset"}, 403), Refused, "premium dataset"),
        (Canned({"detail": [{"msg": "query timeout"}]}, 422), Refused, "query timeout"),
        (Canned({"detail": "Too Many Requests. Limit: 1 per 1 second."}, 429), TooMany, "1 per 1 second"),
        (Canned("", 503), ServerFault, "503"),
        (Canned("", 307, {"Location": "http://127.0.0.1/"}), BadAnswer, "redirects"),
    ],
)
def test_what_gridstatus_complains_about_reaches_the_owner(http: Http, answer: Canned, error: type[Exception], words: str) -> None:
    with FakeServer({"/v1/datasets/isone_load_forecast/query": answer}) as server, pytest.raises(error, match=words):
        GridStatus(server.url, "hush-hush", http).load_forecast("ISONE", START, END, START)
    assert len(server.asked) == 1


def test_a_key_does_not_travel_in_the_clear(http: Http) -> None:
    with pytest.raises(NotConfigured, match="https"):
        GridStatus("http://192.0.2.1", "hush-hush", http).load_forecast("CAISO", START, END, START)


def test_an_iso_without_a_forecast_or_name_says_so(http: Http) -> None:
    client = GridStatus("http://127.0.0.1:9", "hush-hush", http)
    for iso in ("IESO", "MARS"):
        with pytest.raises(NotConfigured, match=iso):
            client.load_forecast(iso, START, END, START)
