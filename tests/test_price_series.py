"""Prices from an address or a file, and from the rate plan in the Tesla app; kept on disk with their age."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest

from clients.http import Ask, Http, Reply
from clients.price_series import read_json, read_prices
from clients.tesla_energy import Energy
from clients.tesla_tariff import rate_plan
from config_tariff import price_at
from cycle.energy import energy_tasks
from cycle.grid import ask_again
from cycle.tariff import TASK, export_prices, keep_plan, price_caches, tariff_tasks
from errors import BadAnswer, ClientError, NotConfigured
from model import Missing, Point, Series
from model_energy import CloudSite
from model_memory import Memory
from state.cache import Cache
from state.files import Stamp
from tests.builders import ZONE, settings
from tests.fake_server import Canned, FakeServer, recorded

T = TypeVar("T")
NOW = datetime(2026, 12, 8, 20, tzinfo=UTC)
MIDNIGHT = datetime(2026, 12, 9, 8, tzinfo=UTC)  # 00:00-08:00
HOUR = timedelta(hours=1)


@pytest.fixture
def http() -> Iterator[Http]:
    client = Http(connect_s=1, read_s=0.5, limit_s=2)
    yield client
    client.close()


def cache(folder: Path, now: datetime = NOW) -> Cache:
    return Cache(folder, Stamp(now, "test", ZONE), lambda _s: None)


def row(hour: int, price: object = 0.1, **more: object) -> dict[str, object]:
    return {"start": (MIDNIGHT + hour * HOUR).isoformat(), "price": price, **more}


def points(data: object) -> tuple[Point, ...]:
    return read_json(data, "USD", NOW).prices.points


def test_rows_are_sorted_hold_until_the_next_and_never_overlap() -> None:
    found = points([row(2, 0.3), row(0, 0.1, end=(MIDNIGHT + 5 * HOUR).isoformat()), row(1, 0.2)])
    assert [(point.start, point.end, point.value) for point in found] == [
        (MIDNIGHT, MIDNIGHT + HOUR, 0.1),
        (MIDNIGHT + HOUR, MIDNIGHT + 2 * HOUR, 0.2),
        (MIDNIGHT + 2 * HOUR, MIDNIGHT + 3 * HOUR, 0.3),
    ]


@pytest.mark.parametrize("name", ["prices", "rates", "data", "results"])
def test_the_list_may_have_a_name(name: str) -> None:
    assert points({name: [row(0)]}) == points([row(0)])


@pytest.mark.parametrize(("start", "price"), [("from", "value"), ("valid_from", "total"), ("startsAt", "price"), ("time_start", "value")])
def test_other_words_for_time_and_price_are_understood(start: str, price: str) -> None:
    assert points([{start: "2026-12-09T00:00:00-08:00", price: 0.2}]) == (Point(MIDNIGHT, MIDNIGHT + HOUR, 0.2),)


@pytest.mark.parametrize(("unit", "price"), [("kWh", 0.21), ("MWh", 210), ("cents", 21)])
def test_the_unit_is_per_kwh_unless_it_is_said(unit: str, price: float) -> None:
    found = read_json({"unit": unit, "prices": [row(0, price, export=price)]}, "USD", NOW)
    assert isinstance(found.export, Series)
    assert [found.prices.points[0].value, found.export.points[0].value] == pytest.approx([0.21, 0.21])


def test_a_doubled_hour_of_the_clock_change_is_two_hours() -> None:
    found = points([{"start": f"2026-11-01T01:00:00-0{offset}:00", "price": offset / 100} for offset in (7, 8)])
    assert [point.value for point in found] == [0.07, 0.08]
    assert found[0].end == found[1].start


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"prices": 3},
        [3],
        [row(0, "dear")],
        [row(0, None)],
        [row(0, float("nan"))],
        [row(0, True)],
        [{"start": "2026-12-09T00:00:00", "price": 1}],
        [{"start": "noon", "price": 1}],
        [{"price": 1}],
        {"unit": "acre", "prices": [row(0)]},
        {"unit": ["kWh"], "prices": [row(0)]},
        [row(hour, 24.5) for hour in range(5)],  # cents
        [row(hour, 62.0) for hour in range(5)],  # per MWh
        {"unit": "kWh", "prices": [row(hour, 24.5) for hour in range(5)]},  # the example's unit over cents
        [row(0, 10**400)],
        [row(0), {"start": "0001-01-01T00:00:00+05:00", "price": 0.1}],
        [{"start": f"9999-12-31T{hour}:00:00+00:00", "price": 0.1} for hour in (22, 23)],
    ],
)
def test_what_would_be_a_wrong_price_is_refused(data: object) -> None:
    with pytest.raises(BadAnswer):
        points(data)


GIVEN = ((0, -0.05), (2, 5.0), (3, 0.2))


@pytest.mark.parametrize("nothing", [None, float("nan"), "NaN", ""])
def test_an_hour_without_a_price_is_a_hole_and_costs_no_other(nothing: object) -> None:
    found = points([row(0, -0.05), row(1, nothing), row(2, 5.0), row(3, 0.2)])
    assert [(point.start - MIDNIGHT, point.value) for point in found] == [(timedelta(hours=hour), value) for hour, value in GIVEN]
    assert found[0].end - found[0].start == timedelta(hours=1)


def test_what_no_kwh_ever_cost_or_earned_is_a_hole_and_costs_no_other() -> None:
    found = read_json([row(0, 0.1, export=0.05), row(1, 1e300, export=-1e9), row(2, 0.2, export="NaN")], "USD", NOW)
    assert [point.value for point in found.prices.points] == [0.1, 0.2]
    assert isinstance(found.export, Series)
    assert [point.value for point in found.export.points] == [0.05]


def test_one_hour_at_five_dollars_is_a_price() -> None:
    assert max(point.value for point in points([row(0, 5.0), row(1, 0.1), row(2, -0.05)])) == 5.0


@pytest.mark.parametrize(("unit", "price"), [("MWh", 5000.0), ("kWh", 5.0), ("cents", 500.0)])
def test_a_whole_day_at_five_thousand_a_megawatt_hour_is_believed_where_the_unit_is_said(unit: str, price: float) -> None:
    """Refused, the dearest day of a grid would be charged by its load alone."""
    assert [point.value for point in points({"unit": unit, "prices": [row(hour, price) for hour in range(24)]})] == [5.0] * 24


def test_a_file_is_read_by_its_ending(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps([row(0, 0.2)]))
    (tmp_path / "p.csv").write_text("start,price,export\n2026-12-09T00:00:00-08:00,0.2,0.05\n")
    (tmp_path / "bad.json").write_text("{")
    assert read_prices(tmp_path / "p.json", "USD", NOW).prices.points == read_prices(tmp_path / "p.csv", "USD", NOW).prices.points
    assert isinstance(read_prices(tmp_path / "p.csv", "USD", NOW).export, Series)
    with pytest.raises(BadAnswer, match="cannot be read as JSON"):
        read_prices(tmp_path / "bad.json", "USD", NOW)
    for name in ("none.json", "none.csv"):
        with pytest.raises(NotConfigured, match=f"TARIFF {name} does not exist"):
            read_prices(tmp_path / name, "USD", NOW)


# ---- kept on disk ---------------------------------------------------------------------------------------------------------------


def asked(folder: Path, http: Http, url: str, now: datetime) -> Series:
    found = tariff_tasks(settings(TARIFF=url), cache(folder, now), http, now)[TASK]()
    assert isinstance(found, Series)
    return found


def test_an_address_is_asked_every_two_hours_and_left_alone_after_a_failure(tmp_path: Path, http: Http) -> None:
    answers = [Canned({"prices": [row(0, 0.2, export=0.05)]}), Canned("hush-hush is ill", 500), Canned([row(24, 0.4)])]
    with FakeServer({"/p.json?key=hush-hush": answers}) as server:
        url = f"{server.url}/p.json?key=hush-hush"
        first = asked(tmp_path, http, url, NOW)
        assert asked(tmp_path, http, url, NOW + HOUR) == first
        assert len(server.asked) == 1
        assert asked(tmp_path, http, url, NOW + 3 * HOUR) == first  # it failed: the aged one goes on
        count = len(server.asked)
        assert asked(tmp_path, http, url, NOW + 3.5 * HOUR).fetched_at == NOW
        assert len(server.asked) == count
        later = asked(tmp_path, http, url, NOW + 5 * HOUR)
    assert [point.value for point in later.points] == [0.2, 0.4]  # past days stay, for what is not published
    kept = export_prices(settings(TARIFF=url), cache(tmp_path, NOW + 5 * HOUR), NOW + 5 * HOUR)
    assert isinstance(kept, Series)
    assert kept.points[0].value == 0.05


def test_another_address_has_its_own_prices_and_its_own_rest(tmp_path: Path, http: Http) -> None:
    """Or an owner who mends the address is told for an hour what ails the wrong one, and pays by another tariff's prices meanwhile."""
    answers = {"/wrong": Canned("no", 403), "/old": Canned([row(0, 0.5, export=0.3)]), "/new": Canned([row(0, 0.2)])}
    with FakeServer(answers) as server:
        with pytest.raises(ClientError):
            asked(tmp_path, http, f"{server.url}/wrong", NOW)
        assert asked(tmp_path, http, f"{server.url}/old", NOW).points[0].value == 0.5
        assert [point.value for point in asked(tmp_path, http, f"{server.url}/new", NOW).points] == [0.2]
        export = export_prices(settings(TARIFF=f"{server.url}/new"), cache(tmp_path), NOW)
    assert isinstance(export, Missing)


def test_the_owners_word_ends_the_rest_of_an_address(tmp_path: Path, http: Http) -> None:
    with FakeServer({"/p": [Canned("no", 403), Canned([row(0, 0.2)])]}) as server:
        url = f"{server.url}/p"
        for _ in range(2):
            with pytest.raises(ClientError):
                asked(tmp_path, http, url, NOW)
        ask_again(cache(tmp_path), price_caches(settings(TARIFF=url)), NOW)
        assert asked(tmp_path, http, url, NOW).points[0].value == 0.2


def test_the_key_in_an_address_is_in_no_error(tmp_path: Path, http: Http) -> None:
    far = FakeServer({"/p?key=hush-hush": Canned("no hush-hush here", 403)})
    with far as server, pytest.raises(ClientError, match=r"no \*\*\* here") as caught:
        asked(tmp_path, http, f"{server.url}/p?key=hush-hush", NOW)
    assert "hush" not in str(caught.value)
    assert not any("hush" in path.read_text() for path in tmp_path.rglob("*.json"))


def test_prices_as_csv_come_by_an_address_too(tmp_path: Path, http: Http) -> None:
    with FakeServer({"/p.csv": Canned("start,price\n2026-12-09T00:00:00-08:00,0.2\n")}) as server:
        assert asked(tmp_path, http, f"{server.url}/p.csv", NOW).points == (Point(MIDNIGHT, MIDNIGHT + HOUR, 0.2),)


# ---- the rate plan in the Tesla app ---------------------------------------------------------------------------------------------

WEEKDAYS: dict[str, Any] = {
    "name": "EV2-A",
    "currency": "USD",
    "energy_charges": {"Summer": {"rates": {"ON": 0.5, "OFF": 0.2}}, "Winter": {"rates": {"ALL": 0.3}}},
    "seasons": {
        "Summer": {
            "fromMonth": 6,
            "fromDay": 1,
            "toMonth": 9,
            "toDay": 30,
            "tou_periods": {
                "ON": {"periods": [{"fromHour": 16, "toHour": 21, "toDayOfWeek": 4}]},
                "OFF": {"periods": [{"fromHour": 21, "toHour": 16, "toDayOfWeek": 6}]},
            },
        },
        "Winter": {"fromMonth": 10, "fromDay": 1, "toMonth": 5, "toDay": 31, "tou_periods": {}},
    },
    "sell_tariff": {"energy_charges": {"Summer": {"rates": {"ON": 0.1, "OFF": 0.04}}, "Winter": {"rates": {"ALL": 0.03}}}},
}


@pytest.mark.parametrize(
    ("local", "buys", "sells"),
    [
        ("2027-07-01T17:00", 0.5, 0.1),
        ("2027-07-01T23:00", 0.2, 0.04),
        ("2027-07-02T03:00", 0.2, 0.04),
        ("2027-07-03T17:00", 0.5, 0.03),  # no period names a Saturday's peak: dear to buy, little for what is sold
        ("2026-12-31T17:00", 0.3, 0.03),
        ("2027-01-01T00:00", 0.3, 0.03),
    ],
)
def test_a_rate_plan_is_read_by_season_day_and_hour(local: str, buys: float, sells: float) -> None:
    plan, at = rate_plan(WEEKDAYS), datetime.fromisoformat(local).replace(tzinfo=ZONE)
    assert plan.sell is not None
    assert (price_at(plan.buy, at), price_at(plan.sell, at)) == (buys, sells)


def test_a_recorded_plan_of_half_hours_has_all_of_them() -> None:
    raw = json.loads(recorded("energy/tariff_v2_sample.json"))["response"]["tariff_content_v2"]
    plan = rate_plan(raw)
    day = datetime(2026, 12, 9, tzinfo=ZONE)
    rates = raw["energy_charges"]["Summer"]["rates"]
    for half in range(48):
        at = day + timedelta(minutes=30 * half)
        assert price_at(plan.buy, at) == rates[f"PERIOD_{at:%H_%M}"]


@pytest.mark.parametrize("price", [36, -11, float("inf"), float("nan"), 10**400])
@pytest.mark.parametrize("season", ["Summer", "Winter"])
def test_a_plan_in_cents_or_with_a_price_that_is_none_is_refused(season: str, price: float) -> None:
    charges = {**WEEKDAYS["energy_charges"], season: {"rates": {"ON" if season == "Summer" else "ALL": price}}}
    with pytest.raises(BadAnswer, match="per kWh"):
        rate_plan({**WEEKDAYS, "energy_charges": charges})


@pytest.mark.parametrize("hour", [float("inf"), float("nan"), 10**400])
def test_a_plan_with_an_hour_that_no_day_has_is_refused(hour: float) -> None:
    summer = {**WEEKDAYS["seasons"]["Summer"], "tou_periods": {"ON": {"periods": [{"fromHour": hour, "toHour": 21}]}}}
    with pytest.raises(BadAnswer, match="no day has"):
        rate_plan({**WEEKDAYS, "seasons": {"Summer": summer}})


@pytest.mark.parametrize("raw", [{}, {"energy_charges": {}}, {"seasons": {"Summer": None}, "energy_charges": 3}])
def test_a_plan_without_prices_says_where_to_enter_them(raw: dict[str, object]) -> None:
    with pytest.raises(BadAnswer, match="Utility Rate Plan"):
        rate_plan(raw)


def test_the_plan_is_kept_between_the_cycles_and_its_age_is_known(tmp_path: Path, http: Http) -> None:
    options, later = settings(TARIFF="powerwall", POWERWALL_SITE="auto"), NOW + timedelta(days=3)
    with pytest.raises(ClientError, match="not been read yet"):
        tariff_tasks(options, cache(tmp_path), http, NOW)[TASK]()
    assert isinstance(export_prices(options, cache(tmp_path), NOW), Missing)
    keep_plan(cache(tmp_path), WEEKDAYS, NOW)
    found = tariff_tasks(options, cache(tmp_path, later), http, later)[TASK]()
    assert isinstance(found, Series)
    assert (found.source, found.fetched_at) == ("tariff EV2-A", NOW)
    assert {point.value for point in found.points} == {0.3}
    assert found.points[0].start <= later < found.points[-1].end
    sold = export_prices(options, cache(tmp_path, later), later)
    assert isinstance(sold, Series)
    assert {point.value for point in sold.points} == {0.03}


class Far:
    """Tesla's energy endpoints, with this rate plan; counts what would be billed."""

    def __init__(self, plan: dict[str, object]) -> None:
        self.plan, self.infos = plan, 0

    def ask(self, ask: Ask) -> Reply:
        flows = {"grid_power": 0, "battery_power": 0, "solar_power": 0, "load_power": 0}
        is_info = ask.url.endswith("site_info")
        self.infos += is_info
        body = {"tariff_content_v2": self.plan, "backup_reserve_percent": 20} if is_info else flows
        return Reply("powerwall", "far", 200, {}, json.dumps({"response": body}).encode())


def _used(energy: Energy, work: Callable[[Energy], T], reserved: bool) -> T:
    return work(energy)


@pytest.mark.parametrize("plan", [WEEKDAYS, {}])
def test_the_plan_is_read_once_a_day_where_it_is_the_tariff_and_never_else(plan: dict[str, object], tmp_path: Path) -> None:
    for tariff, wanted in (("powerwall", 2), ("flat:0.2", 0)):
        far, folder = Far(plan), tmp_path / tariff.partition(":")[0]
        options = settings(TARIFF=tariff, POWERWALL_SITE="7", TESLA_ACCESS_TOKEN="t")
        energy = Energy("http://127.0.0.1:1", "t", cast(Http, far), lambda _kind: lambda: None)
        for hours in (0, 4, 8, 25):
            now = NOW + hours * HOUR
            task = energy_tasks(options, Memory(), partial(_used, energy), cache(folder, now), now)["powerwall cloud"]
            seen = task()
            assert isinstance(seen, CloudSite)
            assert isinstance(seen.settings, Missing)  # what the hold may see is not changed by it
        assert far.infos == wanted


def test_a_tariff_that_needs_nobody_asks_nobody(tmp_path: Path, http: Http) -> None:
    assert tariff_tasks(settings(TARIFF="flat:0.2"), cache(tmp_path), http, NOW) == {}
    assert tariff_tasks(settings(), cache(tmp_path), http, NOW) == {}
    assert isinstance(export_prices(settings(TARIFF="flat:0.2"), cache(tmp_path), NOW), Missing)
