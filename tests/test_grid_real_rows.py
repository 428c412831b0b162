"""Real rows of api.gridstatus.io, as its own notebooks printed them, through the client; and real hours of California's fuels."""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Iterator
from datetime import datetime

import pytest

from clients.emissions import intensity
from clients.gridstatus import GridStatus
from clients.gridstatus_table import GRIDS
from clients.http import Http
from tests import grid_home
from tests.fake_server import SHARED, FakeServer
from tests.grid_home import END, KEY, SAMPLES, START, page, real_rows

pytestmark = pytest.mark.skipif(not SAMPLES.is_file(), reason="no recordings beside the project")
EIA = SHARED / "data" / "caiso" / "eia930_fuelmix_avgCI_CISO_2022.csv.gz"
NAMES = dict(WND="wind", SUN="solar", WAT="hydro", OIL="oil", NG="natural_gas", COL="coal", NUC="nuclear", OTH="other")  # noqa: C408


@pytest.fixture
def http() -> Iterator[Http]:
    client = grid_home.http()
    yield client
    client.close()


@pytest.mark.parametrize(
    ("iso", "sample", "place", "value"),
    [
        ("ERCOT", "ercot_spp_day_ahead_hourly", "HB_HOUSTON", 0.01944),
        ("CAISO", "caiso_lmp_real_time_5_min", "TH_NP15_GEN-APND", -0.00399571),
        ("PJM", "pjm_lmp_real_time_5_min", "WESTERN HUB", 0.03212),
        ("SPP", "spp_lmp_real_time_5_min", "SPPSOUTH_HUB", -0.0087672),
        ("MISO", "miso_lmp_real_time_5_min", "ILLINOIS.HUB", 0.00964),
        ("NYISO", "nyiso_lmp_real_time_5_min", "N.Y.C.", 0.02068),
        ("ISONE", "isone_lmp_real_time_5_min_prelim", ".H.INTERNAL_HUB", 0.03491),
    ],
)
def test_real_prices_are_read_at_a_place_of_the_table(http: Http, iso: str, sample: str, place: str, value: float) -> None:
    rows = [row for row in real_rows(sample) if row["location"] == place]
    assert rows
    assert place in GRIDS[iso].locations
    with FakeServer({f"/v1/datasets/{GRIDS[iso].prices}/query": page(rows)}) as server:
        series = GridStatus(server.url, KEY, http).day_ahead_prices(iso, place, START, END, START)
    assert series.points[0].value == pytest.approx(value)
    assert len(series.points) == len({row["interval_start_utc"] for row in rows})


@pytest.mark.parametrize(
    ("iso", "sample", "hours", "grams"),
    [("CAISO", "caiso_standardized_5_min", 1, 329.4), ("ERCOT", "ercot_standardized_hourly", 10, 384.3)],
)
def test_a_real_mix_of_fuels_becomes_average_co2_and_hours_without_one_are_left_out(
    http: Http, iso: str, sample: str, hours: int, grams: float
) -> None:
    rows = real_rows(sample)
    with FakeServer({f"/v1/datasets/{iso.lower()}_fuel_mix/query": page(rows)}) as server:
        series = GridStatus(server.url, KEY, http).average_co2(iso, START, END, END)
    assert len(series.points) == hours
    assert series.points[0].value == pytest.approx(grams, rel=0.001)


@pytest.mark.parametrize(("iso", "sample"), [("CAISO", "caiso_standardized_5_min"), ("ERCOT", "ercot_standardized_hourly")])
def test_a_real_forecast_of_the_load_is_read_and_is_near_the_load_that_came(http: Http, iso: str, sample: str) -> None:
    rows = [{name.replace("load_forecast.", ""): value for name, value in row.items()} for row in real_rows(sample)]
    with FakeServer({f"/v1/datasets/{iso.lower()}_load_forecast/query": page(rows)}) as server:
        series = GridStatus(server.url, KEY, http).load_forecast(iso, START, END, END)
    came = {datetime.fromisoformat(str(row["interval_start_utc"])): row["load.load"] for row in rows}
    known = [(point.value, load) for point in series.points if isinstance(load := came[point.start], float) and not math.isnan(load)]
    assert len(known) >= 5
    assert all(ours == pytest.approx(load, rel=0.05) for ours, load in known)


def test_the_factors_give_the_published_carbon_intensity_of_california_in_2022() -> None:
    with gzip.open(EIA, "rt") as file:
        rows = [row for number, row in enumerate(csv.DictReader(file)) if number % 97 == 0]
    pairs = [(intensity({name: float(row[short]) for short, name in NAMES.items()}), float(row["avg_CI"])) for row in rows]
    known = [(ours, theirs) for ours, theirs in pairs if ours is not None and not math.isnan(ours + theirs)]
    assert len(known) > 80
    assert max(abs(ours - theirs) for ours, theirs in known) < 1.0
