"""The grid in the real program: first cycle, check, status, an alert, a month that is used up, California without a key."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from simulator.faults import BUSY_503, Fault, Ill
from tests.process import Home

MARKET = {"TARIFF": None}  # the day-ahead prices are the bill
BAD_KEY = Fault(Ill.STATUS, 401, '{"detail": "Invalid API key"}')


@pytest.fixture
def place(place: Home) -> Home:
    place.changes |= MARKET
    return place


def sources(place: Home) -> dict[str, dict[str, object]]:
    found = place.decision()["sources"]
    assert isinstance(found, dict)
    return found


def used(place: Home) -> object:
    requests = place.read("quota.json")["requests"]
    assert isinstance(requests, dict)
    return requests["gridstatus"]


def test_the_first_cycle_has_all_of_the_grid_and_the_next_ones_ask_nothing(place: Home) -> None:
    place.do("run").fine()
    names = ("load forecast", "grid prices", "sun and wind", "fuel mix", "grid alerts")
    assert all(sources(place)[name]["ok"] for name in names)
    assert (place.network.gridstatus.requests, used(place)) == (4, 4)
    for _ in range(3):
        place.later(5).do("run").fine()
    assert place.network.gridstatus.requests == 4
    told = place.do("status").fine().out
    assert "GridStatus: 4 of 250 free requests of this month used" in told


def test_check_says_the_count_and_what_failed_and_asks_again(place: Home) -> None:
    place.do("run").fine()
    place.network.gridstatus.server.faults.next(99, BAD_KEY)
    assert "Invalid API key" in place.later(7 * 60).do("run").fine_code().err
    told = place.do("check")
    assert told.code == 1
    assert "FAILED  GridStatus" in told.out
    assert "Invalid API key" in told.out
    assert "CAISO's own pages stand in until it is mended" in told.out
    asked = place.network.gridstatus.requests
    assert "free requests of this month used" in told.out
    place.network.gridstatus.server.faults.clear()
    again = place.do("check")
    assert again.code == 0, again.out
    assert "FAILED" not in again.out
    assert place.network.gridstatus.requests > asked
    assert "prices from gridstatus" in again.out
    assert place.later(5).do("run").fine_code().err.strip() == "All problems are gone."


def test_a_wrong_key_in_california_costs_no_prices_and_is_told_once(place: Home) -> None:
    place.network.gridstatus.server.faults.next(999, BAD_KEY)
    first = place.do("run").fine_code()
    assert first.err.count("Invalid API key") == 1
    assert place.later(5).do("run").fine_code().err == ""
    assert place.later(5).do("run").fine_code().err == ""
    assert all(sources(place)[name]["ok"] for name in ("load forecast", "grid prices", "sun and wind", "fuel mix"))
    assert not sources(place)["GridStatus"]["ok"]
    told = place.do("once", "-v").out
    assert "prices from caiso" in told
    assert "Invalid API key" in told
    assert place.network.gridstatus.requests == 1


def test_a_flex_alert_stops_what_no_departure_needs_and_is_named(place: Home) -> None:
    place.network.operators.status = ["Flex Alert"]
    told = place.do("run", "-v")
    assert "CAISO: Flex Alert until 21:00" in told.out
    decision = place.decision()
    assert isinstance(decision["cars"], list)
    assert decision["cars"][0]["action"] in ("wait", "stop")
    assert "ALERT   CAISO: Flex Alert until 21:00" in place.do("check").out


def test_a_month_that_is_used_up_sends_nothing_and_says_so_once(place: Home) -> None:
    data = {"month": "2026-12", "requests": {"gridstatus": 250}}
    place.data.mkdir(parents=True)
    envelope = {"schema": 1, "written_at": "2026-12-08T00:00:00-08:00", "written_by": "test", "data": data}
    (place.data / "quota.json").write_text(json.dumps(envelope), encoding="utf-8")
    place.do("run").fine()  # California's own pages stand in
    told = place.do("check").fine().out
    assert "250 of 250 free requests of this month used; CAISO's own pages stand in" in told
    assert "FAILED" not in told
    place.network.operators.server.faults.next(999, BUSY_503)
    first = place.later(2 * 24 * 60).do("run").fine_code()
    assert "grid prices, sun and wind: what was read" in first.err
    assert place.later(5).do("run").fine_code().err == ""
    assert place.network.gridstatus.requests == 0


def test_california_needs_no_key_and_texas_does(place: Home) -> None:
    place.changes["GRID_STATUS_API_KEY"] = None
    place.do("run").fine()
    assert place.network.gridstatus.requests == 0
    assert all(sources(place)[name]["ok"] for name in ("load forecast", "grid prices", "fuel mix"))
    assert "CAISO's own pages are read" in place.do("check").out
    place.changes["GRID_ISO"] = "ERCOT"
    assert "ERCOT needs GRID_STATUS_API_KEY" in place.do("check").out


def test_an_unknown_place_is_answered_with_the_known_ones(place: Home) -> None:
    place.changes["GRID_LOCATION"] = "HB_NORTH"
    told = place.do("check").out
    assert "FAILED  grid prices: GRID_LOCATION=HB_NORTH has no prices at CAISO. Known there: TH_NP15_GEN-APND, TH_SP15" in told
    assert "WARNING GRID_LOCATION=HB_NORTH is a place of ERCOT, not of CAISO." in told
    assert told.count("TH_SP15_GEN-APND") == 1
    place.changes["GRID_LOCATION"] = "NOWHERE"
    assert "WARNING GRID_LOCATION=NOWHERE is none of those that we know at CAISO" in place.do("check").out
    place.changes["GRID_ISO"] = "TEXAS"
    assert "write CAISO or ERCOT or PJM or MISO or NYISO or ISONE or SPP or IESO, not 'TEXAS'" in place.do("check").err


def test_a_tariff_of_another_grid_or_place_is_told_with_what_to_write(place: Home) -> None:
    place.changes["TARIFF"] = "comed-hourly"
    wrong = place.do("check")
    assert wrong.code == 2
    assert "adds to the prices of PJM, but GRID_ISO is CAISO: write GRID_ISO=PJM" in wrong.err
    place.network.gridstatus.market = replace(place.network.gridstatus.market, iso="pjm")
    place.changes["GRID_ISO"] = "PJM"
    told = place.do("check").fine().out
    assert "adds to the prices at N ILLINOIS HUB, but those at PJM RTO are read: write GRID_LOCATION=N ILLINOIS HUB" in told
    place.changes["GRID_LOCATION"] = "N ILLINOIS HUB"
    told = place.do("check").fine().out
    assert "adds to the prices at" not in told
    assert "prices from gridstatus, + 0.03 to 0.107 by the hour (ComEd" in told


def test_prices_in_another_currency_than_the_owners_are_told(place: Home) -> None:
    place.changes |= {"GRID_ISO": "IESO", "GRID_LOCATION": "TORONTO"}
    assert "the grid's prices are in CAD, but CURRENCY is USD: write CURRENCY=CAD" in place.do("check").out


def test_a_year_without_an_answer_is_said_and_the_clock_of_the_night_decides(place: Home) -> None:
    place.do("run").fine()
    for server in (place.network.gridstatus.server, place.network.operators.server):
        server.faults.next(999, BUSY_503)
    place.later(4 * 24 * 60).do("run").fine_code()
    assert "has run out" in str(sources(place)["load forecast"]["why"])
    assert place.decision()["cars"]
