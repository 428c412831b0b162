"""Tariffs: the owner's clock decides, the first period that matches wins, and every mistake of a file is told at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import load
from config_tariff import Tariff, parse_tariff, price_at, read_tariff
from errors import ConfigError

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
SUMMER = """
name = "Three prices"
currency = "USD"
export = 0.05
[[period]]
price = 0.62
hours = "16:00-21:00"
days = "mon-fri"
months = [6, 7, 8, 9]
[[period]]
price = 0.31
hours = "00:00-15:00"
[[period]]
price = 0.51
"""


def tariff(text: str, base: Path = Path()) -> Tariff:
    found = parse_tariff(text, base)
    assert found is not None
    return found


def written(folder: Path, text: str) -> Path:
    (folder / "t.toml").write_text(text)
    return folder / "t.toml"


def wrong(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read_tariff(written(folder, text))
    return "\n".join(caught.value.problems)


def drawn(found: Tariff, day: datetime) -> list[float]:
    """The price of every third hour of a local day."""
    return [price_at(found, day.replace(hour=hour)) for hour in range(0, 24, 3)]


def test_a_flat_price_holds_always() -> None:
    assert set(drawn(tariff("flat:0.16"), datetime(2026, 7, 1, tzinfo=LOS_ANGELES))) == {0.16}


def test_nights_are_free_and_the_rest_is_not() -> None:
    day = datetime(2026, 7, 1, tzinfo=LOS_ANGELES)
    assert drawn(tariff("free-nights:21:00-06:00@0.24"), day) == [0, 0, 0.24, 0.24, 0.24, 0.24, 0.24, 0]


def test_a_file_is_read_by_month_day_and_hour(tmp_path: Path) -> None:
    found = read_tariff(written(tmp_path, SUMMER))
    assert (found.name, found.currency, found.export) == ("Three prices", "USD", 0.05)
    wednesday, sunday, winter = (datetime(2026, month, day, 18, tzinfo=LOS_ANGELES) for month, day in ((7, 1), (7, 5), (12, 2)))
    assert [price_at(found, at) for at in (wednesday, sunday, winter, winter.replace(hour=3))] == [0.62, 0.51, 0.51, 0.31]


def test_hours_across_midnight_belong_to_the_day_and_month_they_start_on(tmp_path: Path) -> None:
    text = '[[period]]\nprice = 0.1\nhours = "22:00-06:00"\ndays = "fri"\nmonths = [7]\n[[period]]\nprice = 0.3\n'
    found = read_tariff(written(tmp_path, text))
    friday = datetime(2026, 7, 31, 23, tzinfo=LOS_ANGELES)
    assert [price_at(found, at) for at in (friday, friday + timedelta(hours=6), friday.replace(hour=5))] == [0.1, 0.1, 0.3]


def test_the_clock_on_the_wall_decides_when_it_is_put_back() -> None:
    found = tariff("free-nights:00:00-02:00@0.24")
    hours = [datetime(2026, 11, 1, 7, tzinfo=UTC) + timedelta(hours=ahead) for ahead in range(4)]
    assert [price_at(found, hour.astimezone(LOS_ANGELES)) for hour in hours] == [0, 0, 0, 0.24]


@given(at=st.datetimes(timezones=st.just(LOS_ANGELES)))
def test_every_minute_has_a_price(at: datetime) -> None:
    assert price_at(tariff("free-nights:21:00-06:00@0.24"), at) in (0.0, 0.24)


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    text = 'currency = "dollars"\nexprot = 1\n[[period]]\nprice = 31\nhours = "9-17"\nmonths = [13]\ndays = 5\nday = "mon"\n'
    text += '[[period]]\nprice = 1\ndays = "mon"\n'
    found = wrong(tmp_path, text)
    for part in ("exprot", "'day'", "not cents", "hours", "months", "days", "currency", "must always match"):
        assert part in found, part


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "no [[period]]"),
        ("period = 3", "no [[period]]"),
        ("[[period]]\nhours = '00:00-24:00'", "the price is missing"),
        ("[[period]]\nprice = true", "not cents"),
        ("[[period]]\nprice = nan", "not cents"),
        ("[[period]]\nprice =", "is not TOML"),
    ],
)
def test_a_file_without_prices_is_refused(tmp_path: Path, text: str, part: str) -> None:
    assert part in wrong(tmp_path, text)


@pytest.mark.parametrize(
    "text", ["0.16", "flat:", "flat:16", "flat:0,16", "free-nights:21:00-06:00", "free-nights:9-5@1", "none.toml", "PGE"]
)
def test_a_wrong_tariff_option_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError):
        parse_tariff(text, tmp_path)


def test_the_currency_comes_from_the_file_unless_it_is_said_otherwise(tmp_path: Path) -> None:
    written(tmp_path, SUMMER.replace("USD", "EUR"))
    (tmp_path / ".env").write_text("TARIFF=t.toml")
    assert load(None, {}, root=tmp_path).currency == "EUR"
    with pytest.raises(ConfigError, match="write CURRENCY=EUR"):
        load(None, {"CURRENCY": "USD"}, root=tmp_path)
