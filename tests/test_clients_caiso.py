"""California's own pages, and the condition of the Texas grid. Column names and rows as OASIS and Today's Outlook send them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from clients.caiso import ZONE, Caiso, _unzipped
from clients.emissions import intensity
from clients.ercot import Condition, condition
from clients.http import Ask, Http
from errors import BadAnswer, ClientError, NoAnswer, NotConfigured, Refused, ServerFault, TooMany
from model import Series
from simulator.caiso_server import OperatorServer
from simulator.faults import BUSY_503, CUT, GARBAGE, HANG, Fault, Ill, too_many
from simulator.gridstatus_server import Market
from tests import grid_home

NOW = datetime(2026, 12, 9, 2, 5, tzinfo=UTC)  # 18:05 of the 8th in California
HOUR = timedelta(hours=1)
AHEAD = NOW + timedelta(days=3)
ASKED = {"queryname": "SLD_FCST", "startdatetime": "20261208T20:00-0000", "enddatetime": "20261208T22:00-0000"}
HEAD = "INTERVALSTARTTIME_GMT,INTERVALENDTIME_GMT"


@dataclass
class Far:
    """The far end and a client for it; `clock` may be set."""

    server: OperatorServer
    http: Http
    clock: list[datetime]

    @property
    def caiso(self) -> Caiso:
        return Caiso(self.server.url, self.server.url, self.http)


@pytest.fixture
def far() -> Iterator[Far]:
    clock = [NOW]
    market = Market(
        "caiso",
        lambda at: 0.05 + at.hour / 1000,
        lambda at: 20_000.0 + at.hour,
        lambda: clock[0].astimezone(ZONE),
        lambda at: 8000.0,
        lambda at: 2000.0,
    )
    http, server = grid_home.http(), OperatorServer(market)
    yield Far(server, http, clock)
    server.close()
    http.close()


def load(far: Far) -> Series:
    return far.caiso.load_forecast(NOW - 7 * HOUR, AHEAD, NOW)


def test_the_load_of_the_whole_area_is_read_for_three_days(far: Far) -> None:
    found = load(far)
    assert {point.value - 20_000 for point in found.points} == {float(point.start.hour) for point in found.points}
    assert (found.points[0].start, found.points[-1].end) == (datetime(2026, 12, 8, 20, tzinfo=UTC), datetime(2026, 12, 12, 3, tzinfo=UTC))
    asked = far.server.server.log[0].query
    assert (asked["market_run_id"], asked["startdatetime"], asked["resultformat"]) == ("7DA", "20261208T19:05-0000", "6")


def test_sun_and_wind_are_summed_and_prices_are_the_whole_price(far: Far) -> None:
    sun = far.caiso.sun_and_wind(NOW, AHEAD, NOW)
    assert {point.value for point in sun.points} == {10_000.0}
    prices = far.caiso.day_ahead_prices("TH_NP15_GEN-APND", NOW, AHEAD, NOW)
    assert prices.points[0].value == pytest.approx(0.05 + prices.points[0].start.hour / 1000)
    assert prices.points[-1].end == datetime(2026, 12, 10, 8, tzinfo=UTC)  # to the end of tomorrow, and no further
    assert (prices.unit, prices.source) == ("USD/kWh", "caiso")


def test_a_place_without_prices_is_answered_with_the_known_ones(far: Far) -> None:
    with pytest.raises(NotConfigured, match=r"GRID_LOCATION=NOWHERE has no prices at CAISO. Known there: TH_NP15_GEN-APND, .*DLAP_SCE"):
        far.caiso.day_ahead_prices("NOWHERE", NOW, AHEAD, NOW)
    assert far.caiso.day_ahead_prices("DLAP_VEA-APND", NOW, AHEAD, NOW).points == ()  # a place that we know: nothing is published just now


def test_yesterdays_fuels_become_average_co2_by_the_hour(far: Far) -> None:
    found = far.caiso.average_co2(NOW)
    assert far.server.server.log[0].path == "/outlook/history/20261207/fuelsource.csv"
    assert (len(found.points), found.points[0].start) == (24, datetime(2026, 12, 7, 8, tzinfo=UTC))
    assert found.points[0].value == pytest.approx((8000 * 41 + 2000 * 11 + 10_008 * 490) / 20_008, rel=1e-3)


@pytest.mark.parametrize(("day", "hours"), [((2026, 11, 1), 25), ((2027, 3, 14), 23)])
def test_a_day_on_which_the_clock_changes_has_each_of_its_hours_once(far: Far, day: tuple[int, int, int], hours: int) -> None:
    far.clock[0] = datetime(*day, 12, tzinfo=ZONE).astimezone(UTC) + timedelta(days=1)
    points = far.caiso.average_co2(far.clock[0]).points
    assert len(points) == hours
    assert points[-1].end - points[0].start == hours * HOUR
    assert [one.end for one in points[:-1]] == [two.start for two in points[1:]]


def test_the_status_is_what_caiso_lists(far: Far) -> None:
    far.server.status = ["Flex Alert", " Restricted Maintenance Operations "]
    assert far.caiso.status(NOW) == ("Flex Alert", "Restricted Maintenance Operations")
    assert "_" in far.server.server.log[0].query  # or a cache answers with an old one


@pytest.mark.parametrize("body", ["{}", '{"gridstatus": []}', '{"gridstatus": [1]}', '{"gridstatus": null}', "[]", "Normal", ""])
def test_a_status_that_is_none_is_a_bad_answer(far: Far, body: str) -> None:
    far.server.server.faults.next(1, Fault(Ill.STATUS, 200, body))
    with pytest.raises(BadAnswer):
        far.caiso.status(NOW)


def test_one_that_is_a_word_is_a_status_too(far: Far) -> None:
    far.server.server.faults.next(1, Fault(Ill.STATUS, 200, '{"gridstatus": "Normal"}'))
    assert far.caiso.status(NOW) == ("Normal",)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (BUSY_503, ServerFault),
        (too_many(5), TooMany),
        (HANG, NoAnswer),
        (CUT, NoAnswer),
        (GARBAGE, BadAnswer),
        (Fault(Ill.STATUS, 403), Refused),
    ],
)
def test_an_ill_oasis_is_one_clear_error_after_one_try(far: Far, fault: Fault, error: type[ClientError]) -> None:
    far.server.server.faults.next(5, fault)
    with pytest.raises(error):
        load(far)
    assert len(far.server.server.log) == 1


@pytest.mark.parametrize(
    "text",
    [
        "<OASISReport><ERR_CODE>1015</ERR_CODE></OASISReport>",
        f"{HEAD},TAC_AREA_NAME,MW\nsoon,later,CA ISO-TAC,1",
        f"{HEAD},TAC_AREA_NAME,MW\n2026-12-08T20:00:00-00:00,2026-12-08T21:00:00-00:00,CA ISO-TAC,nan",
        f"{HEAD},TAC_AREA_NAME,MW\n0001-01-01T00:00:00+05:00,0001-01-01T01:00:00+05:00,CA ISO-TAC,1",
        f"{HEAD},TAC_AREA_NAME\n2026-12-08T20:00:00-00:00,2026-12-08T21:00:00-00:00,CA ISO-TAC",
        "what\nis this",
    ],
)
def test_a_table_without_the_load_is_a_bad_answer(far: Far, text: str) -> None:
    far.server.text = text
    with pytest.raises(BadAnswer):
        load(far)


def test_gaps_doubled_and_overlapping_rows_become_a_clean_series(far: Far) -> None:
    at = "2026-12-08T{}:00:00-00:00".format
    rows = [(22, 23, "5"), (20, 21, "1"), (20, 22, "2"), (23, 23, "9"), (21, 22, "")]
    lines = [f"{at(start)},{at(end)},CA ISO-TAC,{value}" for start, end, value in rows]
    far.server.text = "\n".join([f"\ufeff{HEAD},TAC_AREA_NAME,MW", *lines])
    assert [(point.start.hour, point.end.hour, point.value) for point in load(far).points] == [(20, 22, 2.0), (22, 23, 5.0)]


def test_ercot_tells_its_condition(far: Far) -> None:
    far.server.condition = ("eea", 2)
    assert condition(far.server.url, far.http) == Condition("eea", 2, "Eea")
    far.server.server.faults.next(1, Fault(Ill.STATUS, 200, '{"current_condition": {"state": "normal", "eea_level": "x"}}'))
    assert condition(far.server.url, far.http) == Condition("normal", 0, "")
    for body in ("{}", "[]", '{"current_condition": {"eea_level": 0}}'):
        far.server.server.faults.next(1, Fault(Ill.STATUS, 200, body))
        with pytest.raises(BadAnswer):
            condition(far.server.url, far.http)


def test_what_draws_power_and_what_was_stored_make_no_co2_and_unknown_fuels_are_other() -> None:
    assert intensity({"Wind": 100, "Imports": -50, "Batteries": 70}) == pytest.approx(11)
    assert intensity({"fuel_mix.Natural Gas": 50, "dreams": 50}) == pytest.approx((490 + 230) / 2)
    assert intensity({"wind": 0.0, "imports": -5}) is None


def test_a_torn_zip_is_a_bad_answer(far: Far) -> None:
    far.server.text = "x" * 400
    whole = far.http.ask(Ask("test", f"{far.server.url}/oasisapi/SingleZip", params=ASKED)).body
    for torn in (whole[:60], whole[:-30], b"", b"PK", whole[:45] + b"\xff" * 8 + whole[53:]):
        with pytest.raises(BadAnswer):
            _unzipped(torn)


def test_a_hasty_second_question_is_answered_with_a_web_page_and_named_so(far: Far) -> None:
    far.server.patient = False
    load(far)
    with pytest.raises(BadAnswer, match="asked too often"):
        load(far)
