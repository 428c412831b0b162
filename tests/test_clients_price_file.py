"""The owner's own prices from a CSV file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clients.price_file import PriceFile, read_price_file
from errors import BadAnswer, NotConfigured
from model import Missing, Point, Series

NOW = datetime(2026, 12, 8, 20, tzinfo=UTC)
MIDNIGHT = datetime(2026, 12, 9, 8, tzinfo=UTC)  # 00:00-08:00
HOUR = timedelta(hours=1)


def read(folder: Path, text: str) -> PriceFile:
    path = folder / "prices.csv"
    path.write_text(text, encoding="utf-8")
    return read_price_file(path, "USD", NOW)


def prices(folder: Path, text: str) -> tuple[Point, ...]:
    series = read(folder, text).prices
    assert isinstance(series, Series)
    return series.points


def hours(points: tuple[Point, ...]) -> list[float]:
    return [(point.end - point.start) / HOUR for point in points]


def test_rows_hold_until_the_next_one_and_the_last_as_long_as_the_one_before(tmp_path: Path) -> None:
    points = prices(
        tmp_path, "start,price\n2026-12-09T00:00:00-08:00,0.10\n2026-12-09T01:00:00-08:00,-0.05\n2026-12-09T01:30:00-08:00,0.2\n"
    )
    assert points[0] == Point(MIDNIGHT, MIDNIGHT + HOUR, 0.10)
    assert hours(points) == [1, 0.5, 0.5]


def test_load_and_co2_are_read_where_they_are_given(tmp_path: Path) -> None:
    text = "\ufeffstart,price,load_mw,co2\n2026-12-09T08:00:00Z,0.1,21000,\n2026-12-09T09:00:00Z,0.2,,250\n"
    file = read(tmp_path, text)
    assert isinstance(file.prices, Series)
    assert isinstance(file.load, Series)
    assert isinstance(file.co2, Series)
    assert file.load.points == (Point(MIDNIGHT, MIDNIGHT + HOUR, 21000),)
    assert file.co2.points == (Point(MIDNIGHT + HOUR, MIDNIGHT + 2 * HOUR, 250),)
    assert (file.prices.unit, file.load.unit, file.co2.unit) == ("USD/kWh", "MW", "g/kWh")
    assert file.prices.fetched_at == NOW


def test_columns_that_are_not_there_are_missing(tmp_path: Path) -> None:
    file = read(tmp_path, "start,price\n2026-12-09T00:00:00-08:00,0.1\n")
    assert isinstance(file.load, Missing)
    assert isinstance(file.co2, Missing)


def test_one_row_alone_holds_an_hour_and_no_row_is_missing(tmp_path: Path) -> None:
    assert hours(prices(tmp_path, "start,price\n2026-12-09T00:00:00-08:00,0.1\n")) == [1]
    assert isinstance(read(tmp_path, "start,price\n").prices, Missing)


def test_a_hole_in_the_file_is_not_bridged(tmp_path: Path) -> None:
    starts = ("00", "01", "02", "09", "10")
    text = "start,price\n" + "".join(f"2026-12-09T{hour}:00:00-08:00,0.1\n" for hour in starts)
    assert hours(prices(tmp_path, text)) == [1, 1, 1, 1, 1]


def test_rows_of_three_hours_are_no_hole(tmp_path: Path) -> None:
    text = "start,price\n" + "".join(f"2026-12-09T{hour}:00:00-08:00,0.1\n" for hour in ("00", "03", "04"))
    assert hours(prices(tmp_path, text)) == [3, 1, 1]


def test_the_hour_that_comes_twice_in_autumn_is_two_hours(tmp_path: Path) -> None:
    points = prices(tmp_path, "start,price\n2026-11-01T01:00:00-07:00,0.1\n2026-11-01T01:00:00-08:00,0.2\n2026-11-01T02:00:00-08:00,0.3\n")
    assert hours(points) == [1, 1, 1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("start,price\n2026-12-09T00:00:00,0.1\n", "line 2.*offset"),
        ("start,price\n2026-12-09T00:00:00Z,0.1\nsoon,0.1\n", "line 3.*no time"),
        ("start,price\n2026-12-09T00:00:00Z,cheap\n", "line 2.*price"),
        ("start,price\n2026-12-09T00:00:00Z,inf\n", "line 2.*price"),
        ("start,price,co2\n2026-12-09T00:00:00Z,0.1,inf\n", "line 2.*co2"),
        ("start,price\n2026-12-09T01:00:00Z,0.1\n2026-12-09T00:00:00Z,0.1\n", "line 3.*rise"),
        ("when,what\n1,2\n", "line 1.*header"),
        ("", "line 1.*header"),
        ("start,price\n0001-01-01T00:00:00+05:00,0.1\n", "line 2.*cannot be meant"),
        ("start,price\n9999-12-31T23:00:00Z,0.1\n", "line 2.*cannot be meant"),
        ("start,price\n2026-12-09T00:00:00Z,12\n2026-12-09T01:00:00Z,34\n", "prices.csv look like cents"),
        ("start,price\n,0.1\n", "line 2"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(BadAnswer, match=words):
        read(tmp_path, text)


@pytest.mark.parametrize("nothing", ["", "nan", " NaN", "null"])
def test_an_hour_without_a_price_is_a_hole_and_costs_no_other(tmp_path: Path, nothing: str) -> None:
    rows = ("00:00:00Z,0.1", f"01:00:00Z,{nothing}", "02:00:00Z,-0.02")
    points = prices(tmp_path, "start,price\n" + "".join(f"2026-12-09T{row}\n" for row in rows))
    assert [(point.start.hour, point.end.hour, point.value) for point in points] == [(0, 1, 0.1), (2, 3, -0.02)]


def test_what_no_kwh_ever_cost_is_a_hole(tmp_path: Path) -> None:
    points = prices(tmp_path, "start,price\n2026-12-09T00:00:00Z,0.1\n2026-12-09T01:00:00Z,0.2\n2026-12-09T02:00:00Z,1e300\n")
    assert [point.value for point in points] == [0.1, 0.2]


def test_of_two_rows_with_one_start_the_later_counts(tmp_path: Path) -> None:
    points = prices(tmp_path, "start,price\n2026-12-09T01:00:00Z,0.1\n2026-12-09T01:00:00Z,0.3\n2026-12-09T02:00:00Z,0.2\n")
    assert [(point.value, point.end - point.start) for point in points] == [(0.3, timedelta(hours=1)), (0.2, timedelta(hours=1))]


def test_a_file_that_is_not_there_or_no_text_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(NotConfigured, match="PRICE_FILE"):
        read_price_file(tmp_path / "none.csv", "USD", NOW)
    (tmp_path / "bad.csv").write_bytes(b"start,price\n\xff\xfe\x00,1\n")
    for path in (tmp_path / "bad.csv", tmp_path):
        with pytest.raises(BadAnswer, match="cannot be read"):
            read_price_file(path, "USD", NOW)
