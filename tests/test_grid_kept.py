"""How often the grid's services are asked, what is done when they fail, and that no month's allowance is passed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from clients.gridstatus_table import GRIDS
from cycle.grid_kept import Keeper, Pace, cache_name, daily, every
from cycle.market import ALLOWANCE, FOR_PRICES, SERVICE
from errors import AmpshiftError, BadAnswer, ClientError, LoginDead, NotAsked, ServerFault, StateError, TooMany
from model import Point, Series
from simulator.faults import BUSY_503
from state.cache import Cache
from state.files import Stamp
from state.quota import QUOTA
from tests.builders import ZONE
from tests.grid_home import Grids, grids_in, no_sleep, quota

NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)  # midnight in California
HOUR, MINUTES = timedelta(hours=1), timedelta(minutes=1)


@dataclass
class Home:
    """A folder and a far end that gives hours from 7 h back to `ahead` hours on, or raises what it is told."""

    folder: Path
    ahead: float = 48
    error: AmpshiftError | None = None
    asked: list[datetime] = field(default_factory=list)

    def keeper(self, now: datetime, asker: str = "key") -> Keeper:
        return Keeper(Cache(self.folder / "cache", Stamp(now, "test", ZONE), no_sleep), now, "far", asker)

    def at(self, now: datetime, asker: str = "key", due: Callable[[datetime], Callable[[Series | None], bool]] | None = None) -> Series:
        wanted = due(now) if due is not None else every(timedelta(hours=6), now)
        return self.keeper(now, asker).series("load", wanted, lambda: self._fetch(now))

    def _fetch(self, now: datetime) -> Series:
        self.asked.append(now)
        if self.error is not None:
            raise self.error
        first = now.replace(minute=0, second=0, microsecond=0)
        hours = range(-7, int(self.ahead))
        return Series("far", "MW", now, tuple(Point(first + i * HOUR, first + (i + 1) * HOUR, float(len(self.asked))) for i in hours))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_a_young_series_is_not_fetched_and_the_past_is_kept_as_it_was_published(home: Home) -> None:
    home.at(NOW)
    assert home.at(NOW + 5 * HOUR).fetched_at == NOW
    newer = home.at(NOW + 20 * HOUR)
    assert (len(home.asked), newer.fetched_at) == (2, NOW + 20 * HOUR)
    values = {point.start: point.value for point in newer.points}
    assert (values[NOW], values[NOW + 20 * HOUR]) == (1.0, 2.0)


def test_after_a_failure_the_aged_series_goes_on_and_each_rest_is_longer(home: Home) -> None:
    home.at(NOW)
    home.error = ServerFault("far", "it is ill")
    begin = NOW + 6 * HOUR
    for minute in range(0, 60 * 48, 5):
        assert home.at(begin + minute * MINUTES).fetched_at == NOW
    tries = [round((at - begin) / HOUR, 1) for at in home.asked[1:]]
    assert tries == [0, 1, 3, 7, 15, 27, 39]
    home.error = None
    assert home.at(begin + 52 * HOUR).fetched_at == begin + 52 * HOUR
    home.error = ServerFault("far", "it is ill again")
    asked = len(home.asked)
    for minute in range(0, 70, 5):
        home.at(begin + 58 * HOUR + minute * MINUTES)
    assert len(home.asked) == asked + 2  # at once and an hour later: the old failures are forgotten


def test_what_only_the_owner_can_mend_rests_for_half_a_day_but_not_with_another_key(home: Home) -> None:
    home.error = LoginDead("far", "Invalid API key")
    for hours in (0, 1, 5, 11.9):
        with pytest.raises(ClientError, match="Invalid API key"):
            home.at(NOW + hours * HOUR)
    assert len(home.asked) == 1
    home.error = None
    home.at(NOW + 5 * HOUR, asker="another key")
    assert len(home.asked) == 2


def test_check_asks_again_at_once(home: Home) -> None:
    home.error = LoginDead("far", "Invalid API key")
    with pytest.raises(LoginDead):
        home.at(NOW)
    home.keeper(NOW + MINUTES).ask_again("load")
    with pytest.raises(LoginDead):
        home.at(NOW + MINUTES)
    assert len(home.asked) == 2


def test_a_service_that_is_ill_as_a_whole_is_asked_once_and_tells_once(home: Home) -> None:
    home.error = ServerFault("far", "it is ill")
    keeper, told = home.keeper(NOW), list[AmpshiftError]()
    for name in ("load", "prices", "mix"):
        with pytest.raises(ClientError) as raised:
            keeper.series(name, every(HOUR, NOW), lambda: home._fetch(NOW), name == "prices")
        told.append(raised.value)
    assert len(home.asked) == 1
    assert [isinstance(error, NotAsked) for error in told] == [True, False, True]
    assert {error.text for error in told} == {"it is ill"}


def test_what_is_wrong_with_one_series_keeps_no_other_from_being_asked(home: Home) -> None:
    home.error = BadAnswer("far", "no such column")
    for name in ("load", "mix"):
        with pytest.raises(BadAnswer):
            home.keeper(NOW).series(name, every(HOUR, NOW), lambda: home._fetch(NOW), tells=False)
    assert len(home.asked) == 2


def test_a_service_that_names_a_longer_rest_has_it(home: Home) -> None:
    home.error = TooMany("far", "slow down", retry_after_s=20 * 3600.0, status=429)
    for hours in (0, 13, 19, 20.1):
        with pytest.raises(ClientError):
            home.at(NOW + hours * HOUR)
    assert [at - NOW for at in home.asked] == [timedelta(), 20.1 * HOUR]


@pytest.mark.parametrize("error", [BadAnswer("far", "garbage"), StateError("state", "the disk is full")])
def test_garbage_and_a_full_disk_cost_no_series(home: Home, error: AmpshiftError) -> None:
    home.at(NOW)
    home.error = error
    assert home.at(NOW + 7 * HOUR).fetched_at == NOW


def test_a_years_old_cache_is_fetched_anew_and_lives_on_only_where_that_fails(home: Home) -> None:
    home.at(NOW)
    home.error = ServerFault("far", "it is ill")
    later = NOW + timedelta(days=365)
    assert home.at(later).points[-1].end < later  # the signal takes nothing that does not reach now
    home.error = None
    assert home.at(later + 2 * HOUR).points[0].start > later - 8 * HOUR


def test_a_cache_from_the_future_is_not_believed(home: Home) -> None:
    home.at(NOW + timedelta(days=30))
    assert home.at(NOW).fetched_at == NOW


PACIFIC = ZoneInfo("America/Los_Angeles")


def prices(now: datetime) -> Callable[[Series | None], bool]:
    return daily(time(14), PACIFIC, now, until_it_reaches_tomorrow=True)


def test_prices_are_asked_for_once_a_day_when_tomorrows_are_out(home: Home) -> None:
    for minute in range(0, 60 * 72, 5):
        now = NOW + minute * MINUTES
        home.ahead = 48 - now.astimezone(PACIFIC).hour  # to the end of tomorrow
        home.at(now, due=prices)
    assert [f"{at.astimezone(PACIFIC):%d %H:%M}" for at in home.asked] == ["01 00:00", "01 14:00", "02 14:00", "03 14:00"]


def test_late_prices_are_asked_for_again_a_few_times_only(home: Home) -> None:
    home.at(NOW + 14 * HOUR, due=prices)
    asked = len(home.asked)
    for minute in range(0, 60 * 24, 5):
        now = NOW + 38 * HOUR + minute * MINUTES
        home.ahead = 24 - now.astimezone(PACIFIC).hour  # today's only
        home.at(now, due=prices)
    assert [f"{at.astimezone(PACIFIC):%d %H:%M}" for at in home.asked[asked:]] == ["02 14:00", "02 16:00", "02 18:00"]


def test_a_day_is_a_day_when_the_clock_changes(home: Home) -> None:
    start = datetime(2026, 10, 31, 16, tzinfo=PACIFIC).astimezone(UTC)
    for hour in range(72):
        home.at(start + hour * HOUR, due=lambda now: daily(time(14), PACIFIC, now))
    assert [f"{at.astimezone(PACIFIC):%d %H}" for at in home.asked] == ["31 16", "01 14", "02 14", "03 14"]


def test_each_market_has_a_file_of_its_own() -> None:
    names = {cache_name("grid prices", *where) for where in (("CAISO", "TH_NP15_GEN-APND"), ("CAISO", "x/../y"), ("PJM", "AEP-DAYTON HUB"))}
    assert names == {"grid-prices-caiso-th_np15_gen-apnd", "grid-prices-caiso-x-..-y", "grid-prices-pjm-aep-dayton-hub"}


def test_requests_are_a_second_apart_however_many_threads_want_one() -> None:
    clock, slept = [0.0], list[float]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock[0] += seconds

    pace = Pace(1.1, sleep, lambda: clock[0])
    threads = [threading.Thread(target=pace.wait) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert slept == pytest.approx([1.1, 1.1, 1.1])


# ---- the count of a month ------------------------------------------------------------------------------------------------------


def test_requests_are_counted_on_disk_and_end_with_the_allowance(tmp_path: Path) -> None:
    for _ in range(3):
        quota(tmp_path, NOW).take("maps", 5, spare=2)
    with pytest.raises(TooMany, match="3 of the 5 free requests of 2026-12 are used"):
        quota(tmp_path, NOW).take("maps", 5, spare=2)
    quota(tmp_path, NOW).take("maps", 5)
    quota(tmp_path, NOW).take("other", 5)
    assert (quota(tmp_path, NOW).used("maps", 5), quota(tmp_path, NOW).used("other", 5)) == (4, 1)
    january = NOW + timedelta(days=31)
    assert quota(tmp_path, january).used("maps", 5) == 0


def test_a_clock_that_goes_back_does_not_give_the_month_anew(tmp_path: Path) -> None:
    quota(tmp_path, NOW).take("maps", 5)
    assert quota(tmp_path, datetime(1970, 1, 1, tzinfo=UTC)).used("maps", 5) == 1


def test_a_damaged_count_counts_as_mostly_used_and_says_so(tmp_path: Path) -> None:
    quota(tmp_path, NOW).take("maps", 10)
    for path in tmp_path.glob(f"{QUOTA}*"):
        path.write_text("{", encoding="utf-8")
    found = quota(tmp_path, NOW)
    found.take("maps", 10)
    assert any("damaged" in problem for problem in found.problems)
    assert (found.used("maps", 10), found.used("other", 10)) == (9, 8)


def test_a_count_that_cannot_be_written_sends_nothing(tmp_path: Path) -> None:
    tmp_path.joinpath(QUOTA).mkdir()
    with pytest.raises(StateError):
        quota(tmp_path, NOW).take("maps", 10)


# ---- a month of cycles ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def grids(tmp_path: Path) -> Iterator[Grids]:
    with grids_in(tmp_path, NOW) as both:
        yield both


def test_a_weeks_share_of_the_free_plan_is_kept(grids: Grids) -> None:
    wanted = grids.settings()
    for hour in range(0, 7 * 24, 3):  # `python -m bench grid` has a whole month with a cycle each five minutes
        found = grids.cycle(NOW + hour * HOUR, wanted)
        assert all(isinstance(one, Series) for one in found.values()), found
    assert set(found) == {"load forecast", "grid prices", "sun and wind", "fuel mix"}
    assert 7 * 6 < grids.gridstatus.requests <= 7 * 7 + 3 < ALLOWANCE * 7 / 31
    assert quota(grids.folder, grids.clock[0]).used(SERVICE, ALLOWANCE) <= grids.gridstatus.requests
    load, prices = found["load forecast"], found["grid prices"]
    assert isinstance(load, Series)
    assert isinstance(prices, Series)
    assert prices.points[-1].end - grids.clock[0] > 24 * HOUR


def test_a_month_of_failures_does_not_pass_the_allowance_either(grids: Grids) -> None:
    grids.gridstatus.server.faults.next(9999, BUSY_503)
    grids.operators.server.faults.next(9999, BUSY_503)
    wanted = grids.settings()
    for hour in range(0, 31 * 24, 8):
        assert not [one for one in grids.cycle(NOW + hour * HOUR, wanted).values() if isinstance(one, Series)]
    assert grids.gridstatus.requests <= ALLOWANCE


def test_the_last_requests_of_a_month_are_the_prices(grids: Grids) -> None:
    counted = quota(grids.folder, NOW)
    used = {"month": "2026-12", "requests": {SERVICE: ALLOWANCE - FOR_PRICES}}
    envelope = {"schema": 1, "written_at": NOW.isoformat(), "written_by": "test", "data": used}
    (grids.folder / QUOTA).write_text(json.dumps(envelope), encoding="utf-8")
    assert counted.used(SERVICE, ALLOWANCE) == ALLOWANCE - FOR_PRICES
    found = grids.cycle(NOW, grids.settings())
    assert isinstance(found["grid prices"], Series)
    assert {name: one.source for name, one in found.items() if isinstance(one, Series)} == {
        "grid prices": "gridstatus",
        "load forecast": "caiso",
        "fuel mix": "caiso",
    }
    assert isinstance(found["sun and wind"], NotAsked)  # comes in the next cycle
    assert grids.gridstatus.requests == 1


def test_california_needs_no_key(grids: Grids) -> None:
    wanted = grids.settings(GRID_STATUS_API_KEY="")
    first = grids.cycle(NOW + 15 * HOUR, wanted)
    assert set(first) == {"load forecast", "grid prices", "fuel mix"}  # OASIS wants its rest; sun and wind come in the next cycle
    second = grids.cycle(NOW + 15 * HOUR + 5 * MINUTES, wanted)
    assert {name: one.source for name, one in second.items() if isinstance(one, Series)} == dict.fromkeys([*first, "sun and wind"], "caiso")
    assert grids.gridstatus.requests == 0
    for hour in range(16, 60):
        grids.cycle(NOW + hour * HOUR, wanted)
    log = [request.query.get("queryname", request.path) for request in grids.operators.server.log]
    assert {name: log.count(name) for name in ("SLD_FCST", "PRC_LMP", "SLD_REN_FCST")} == {"SLD_FCST": 8, "PRC_LMP": 2, "SLD_REN_FCST": 2}


def test_other_grids_without_a_key_are_left_alone(grids: Grids) -> None:
    assert grids.cycle(NOW, grids.settings(GRID_ISO="PJM", GRID_STATUS_API_KEY="")) == {}


def test_two_forecasts_of_sun_and_wind_leave_less_for_the_load() -> None:
    per_day = {iso: 24 / (grid.load_every / HOUR) + 2 + len(grid.sun_and_wind) for iso, grid in GRIDS.items()}
    assert all(31 * each + FOR_PRICES <= ALLOWANCE for each in per_day.values()), per_day
