"""The tariffs that are shipped, holidays and seasons, the market's price with what is added, and what an exported kWh earns."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config import Settings
from config_checks import market
from config_holidays import Calendar, Observed, known
from config_tariff import Kind, Tariff, export_at, parse_tariff, price_at, price_host, shipped, tariff_from
from errors import ConfigError
from tests.builders import settings

HERE = ZoneInfo("America/Los_Angeles")
IOU = ("new-year", "presidents", "memorial", "independence", "labor", "veterans", "thanksgiving", "christmas")


def named(text: str) -> Tariff:
    found = parse_tariff(text, Path())
    assert found is not None
    return found


def price(tariff: Tariff, local: str) -> float:
    return price_at(tariff, datetime.fromisoformat(local).replace(tzinfo=HERE))


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_tariff_says_whose_prices_it_has_from_when_and_where(name: str) -> None:
    tariff = named(name)
    assert tariff.currency == "USD"
    assert tariff.dated is not None
    assert date(2025, 1, 1) <= tariff.dated <= date(2026, 11, 21)
    assert len(tariff.source) > 30
    assert "bill" in tariff.note
    assert tariff.example == ("Example, check your bill" in tariff.note)


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_tariff_has_a_plausible_price_at_every_hour_of_a_year(name: str) -> None:
    tariff, start = named(name), datetime(2027, 1, 1, tzinfo=HERE)
    prices = {price_at(tariff, start + timedelta(hours=hour)) for hour in range(0, 365 * 24, 1)}
    assert all(0.02 < one < 1.2 for one in prices)
    assert len(prices) >= len({period.price for period in tariff.periods})  # no period stands behind one that hides it


@pytest.mark.parametrize(
    ("name", "local", "wanted"),
    [
        ("pge-ev2-a", "2026-07-05T17:00", 0.53809),
        ("pge-ev2-a", "2026-12-25T23:30", 0.39428),
        ("pge-ev2-a", "2026-12-25T14:59", 0.22558),
        ("sce-tou-d-prime", "2027-07-02T16:00", 0.60133),  # a Friday
        ("sce-tou-d-prime", "2027-07-05T16:00", 0.41024),  # the Monday after a Fourth of July on a Sunday
        ("sce-tou-d-prime", "2027-09-30T23:59", 0.2754),
        ("sce-tou-d-prime", "2027-10-01T00:00", 0.25475),
        ("sdge-ev-tou-5", "2026-12-07T12:00", 0.12115),
        ("sdge-ev-tou-5", "2026-12-07T08:00", 0.46639),
        ("sdge-ev-tou-5", "2026-12-06T08:00", 0.12115),  # a Sunday
        ("sdge-ev-tou-5", "2026-11-26T08:00", 0.12115),  # Thanksgiving
        ("georgia-power-overnight", "2026-07-01T23:00", 0.064333),
        ("georgia-power-overnight", "2027-09-06T15:00", 0.158309),  # Labor Day
        ("fpl-rtr-1", "2027-01-04T07:00", 0.28894),
        ("coned-time-of-use", "2027-07-01T15:00", 1.182876),
    ],
)
def test_known_hours_of_known_tariffs(name: str, local: str, wanted: float) -> None:
    assert price(named(name), local) == wanted


@pytest.mark.parametrize("text", ["PGE-EV2-A", "pge ev2-a", "pge_ev2_a"])
def test_a_name_may_be_written_carelessly(text: str) -> None:
    assert named(text).name == "PG&E EV2-A"


def test_a_wrong_name_is_answered_with_those_that_are_meant() -> None:
    with pytest.raises(ConfigError, match="perhaps pge-ev2-a"):
        parse_tariff("pge-ev2", Path())


@pytest.mark.parametrize("day", ["2026-11-01", "2027-03-14"])
def test_the_days_on_which_the_clock_is_moved_keep_their_peak(day: str) -> None:
    start = datetime.fromisoformat(day).replace(tzinfo=HERE).astimezone(ZoneInfo("UTC"))
    hours = [start + timedelta(hours=ahead) for ahead in range(26)]
    local = [hour.astimezone(HERE) for hour in hours if hour.astimezone(HERE).date().isoformat() == day]
    peak = max(price_at(named("pge-ev2-a"), hour) for hour in local)
    assert len(local) == (25 if day == "2026-11-01" else 23)
    assert [hour.hour for hour in local if price_at(named("pge-ev2-a"), hour) == peak] == [16, 17, 18, 19, 20]


# ---- holidays and seasons -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("new-year", "2027-01-01"),
        ("martin-luther-king", "2027-01-18"),
        ("presidents", "2027-02-15"),
        ("good-friday", "2027-03-26"),
        ("good-friday", "2030-04-19"),
        ("memorial", "2027-05-31"),
        ("juneteenth", "2026-06-19"),
        ("labor", "2027-09-06"),
        ("columbus", "2027-10-11"),
        ("thanksgiving", "2026-11-26"),
        ("after-thanksgiving", "2026-11-27"),
        ("christmas-eve", "2026-12-24"),
        ("03-31", "2027-03-31"),
    ],
)
def test_a_holiday_counts_as_a_sunday_and_the_days_around_it_do_not(name: str, day: str) -> None:
    calendar, that = Calendar((name,)), date.fromisoformat(day)
    assert calendar.weekday(that) == 6
    for near in (that - timedelta(days=2), that + timedelta(days=4)):
        assert calendar.weekday(near) == near.weekday()


@pytest.mark.parametrize(
    ("observed", "friday", "monday"),
    [(Observed.ACTUAL, (4, 4), (0, 0)), (Observed.MONDAY, (4, 4), (0, 6)), (Observed.NEAREST, (6, 6), (0, 6))],
)
def test_a_holiday_at_a_weekend_is_kept_as_the_tariff_says(observed: Observed, friday: tuple[int, int], monday: tuple[int, int]) -> None:
    """New Year 2028 is a Saturday (kept in 2027 then) as is the Fourth of July 2026; the Fourth of 2027 is a Sunday."""
    calendar = Calendar(IOU, observed)
    assert (calendar.weekday(date(2027, 12, 31)), calendar.weekday(date(2026, 7, 3))) == friday
    assert (calendar.weekday(date(2026, 7, 6)), calendar.weekday(date(2027, 7, 5))) == monday


def test_what_no_year_has_is_no_holiday() -> None:
    assert known("12-24")
    assert not any(known(name) for name in ("02-29", "13-01", "easter", "1-1"))


def table(**period: object) -> Tariff:
    return tariff_from({"period": [{"price": 0.5, **period}, {"price": 0.1}]}, "t")


@pytest.mark.parametrize(
    ("season", "inside", "outside"),
    [
        ("11-15..03-14", ("2026-11-15", "2026-12-31", "2027-01-01", "2027-03-14"), ("2026-11-14", "2027-03-15")),
        ("06-01..09-15", ("2026-06-01", "2026-09-15"), ("2026-05-31", "2026-09-16")),
        ("02-29..02-29", ("2028-02-29",), ("2028-02-28", "2028-03-01")),
    ],
)
def test_a_season_includes_its_ends_and_may_cross_new_year(season: str, inside: tuple[str, ...], outside: tuple[str, ...]) -> None:
    tariff = table(season=season)
    assert {price(tariff, day) for day in inside} == {0.5}
    assert {price(tariff, day) for day in outside} == {0.1}


def test_hours_across_midnight_keep_the_season_and_holiday_they_began_in() -> None:
    night = {"price": 0.5, "hours": "22:00-06:00", "days": "mon-fri", "season": "12-01..12-31"}
    tariff = tariff_from({"holidays": ["christmas"], "period": [night, {"price": 0.1}]}, "t")
    assert price(tariff, "2026-12-25T23:00") == 0.1  # Christmas, a Friday
    assert price(tariff, "2026-12-25T05:00") == 0.5  # the night of Thursday
    assert price(tariff, "2027-01-01T05:00") == 0.5  # New Year's Eve was a Thursday of December
    assert price(tariff, "2026-12-01T05:00") == 0.1  # and this night began in November


def test_every_new_mistake_is_told() -> None:
    raw = {"holidays": ["easter"], "observed": "never", "wholesale": 9, "dated": "june", "period": [{"price": 1, "season": "31-12"}]}
    raw |= {"grid": "Texas", "places": "HB_NORTH"}
    with pytest.raises(ConfigError) as caught:
        tariff_from(raw, "t")
    text = "\n".join(caught.value.problems)
    assert all(
        part in text
        for part in (
            "holidays: write",
            "observed: write",
            "wholesale: write",
            "dated: write",
            "season: write",
            "grid: write",
            "places: write",
        )
    )


# ---- export, market, addresses --------------------------------------------------------------------------------------------------


def test_an_hour_may_have_an_export_price_of_its_own() -> None:
    tariff = tariff_from({"export": 0.05, "period": [{"price": 0.5, "hours": "16:00-21:00", "export": 0.3}, {"price": 0.1}]}, "t")
    noon, evening = (datetime(2026, 7, 1, hour, tzinfo=HERE) for hour in (12, 18))
    assert (export_at(tariff, noon), export_at(tariff, evening)) == (0.05, 0.3)
    assert export_at(named("flat:0.2"), noon) is None


@pytest.mark.parametrize(
    ("text", "times", "added"),
    [("wholesale", 1.0, 0.0), ("wholesale+0.12", 1.0, 0.12), ("wholesale*1.1+0.09", 1.1, 0.09), ("wholesale * 1.1 - 0.01", 1.1, -0.01)],
)
def test_the_market_price_may_be_multiplied_and_added_to(text: str, times: float, added: float) -> None:
    tariff = named(text)
    assert (tariff.kind, tariff.times, tariff.periods[0].price) == (Kind.WHOLESALE, times, added)


@pytest.mark.parametrize("text", ["wholesale*9", "wholesale+12", "wholesale/2", "http://example.com/p?key=1", "https://", "https://u:p@x/"])
def test_what_would_be_a_wrong_bill_or_an_open_key_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_tariff(text, Path())


def test_an_address_is_a_secret_and_only_its_host_is_shown() -> None:
    tariff = named("https://prices.example.com/v1/today.json?token=hush")
    assert "hush" not in repr(tariff) + tariff.name + str(price_host(tariff))
    assert price_host(tariff) == "https://prices.example.com"


def test_a_tariff_that_leans_on_another_source_says_which_is_not_set() -> None:
    def told(**options: str) -> list[str]:
        return [problem.text for problem in market(settings(**options))]

    assert "GRID_ISO" in told(TARIFF="wholesale+0.1")[0]
    assert told(TARIFF="wholesale+0.1", GRID_ISO="CAISO", GRID_STATUS_API_KEY="k") == []
    assert "set GRID_ISO=PJM and GRID_STATUS_API_KEY" in told(TARIFF="comed-hourly")[0]
    (wrong,) = told(TARIFF="comed-hourly", GRID_ISO="CAISO")
    assert "adds to the prices of PJM, but GRID_ISO is CAISO: write GRID_ISO=PJM with GRID_STATUS_API_KEY" in wrong
    assert told(TARIFF="comed-hourly", GRID_ISO="PJM", GRID_STATUS_API_KEY="k") == []
    assert told(TARIFF="comed-hourly", GRID_ISO="CAISO", PRICE_FILE="own.csv") == []
    assert "POWERWALL_SITE=auto" in told(TARIFF="powerwall")[0]
    assert told(TARIFF="powerwall", POWERWALL_SITE="auto") == []
    assert list(market(Settings())) == []
