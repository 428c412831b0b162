"""Cached answers and logins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from errors import StateError
from model import Point, Series
from state.cache import Cache, Cached
from state.codec import decode
from state.files import Stamp
from state.logins import Login, Logins

NOW = datetime(2026, 12, 9, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)


def no_wait(seconds: float) -> None:
    return None


def cache_in(folder: Path, *, now: datetime = NOW) -> Cache:
    return Cache(folder / "cache", Stamp(now, "scheduler", UTC), no_wait)


def logins_in(folder: Path, *, now: datetime = NOW) -> Logins:
    return Logins(folder, Stamp(now, "scheduler", UTC), no_wait)


def renewed(token: str) -> Callable[[object], Mapping[str, object]]:
    return lambda before: {"refresh_token": token}


def modes(folder: Path) -> set[int]:
    return {entry.stat().st_mode & 0o777 for entry in folder.rglob("*.json*") if not entry.name.endswith(".lock")}


def test_an_answer_comes_back_with_its_age(tmp_path: Path) -> None:
    prices = Series("gridstatus", "USD/kWh", NOW, (Point(NOW, NOW + HOUR, 0.12),))
    cache_in(tmp_path).put("prices-2026-12-09", prices, NOW + HOUR)
    found = cache_in(tmp_path, now=NOW + 2 * HOUR).get("prices-2026-12-09")
    assert found
    assert decode(Series, found.value) == prices
    assert (found.fetched_at, found.expires_at) == (NOW, NOW + HOUR)


def test_a_stale_answer_is_given_and_known_as_stale(tmp_path: Path) -> None:
    cache_in(tmp_path).put("load", [1, 2], NOW + HOUR)
    found = cache_in(tmp_path, now=NOW + 2 * HOUR).get("load")
    assert found == Cached([1, 2], NOW, NOW + HOUR)
    assert (found.fresh(NOW), found.fresh(NOW + HOUR)) == (True, False)


def test_an_answer_fetched_in_the_future_is_absent(tmp_path: Path) -> None:
    cache_in(tmp_path).put("load", 1, NOW + HOUR)
    assert cache_in(tmp_path, now=NOW - HOUR).get("load") is None
    assert cache_in(tmp_path, now=NOW - timedelta(seconds=20)).get("load") is not None


def test_a_damaged_answer_is_absent_and_replaced(tmp_path: Path) -> None:
    cache = cache_in(tmp_path)
    cache.put("load", 1, NOW + HOUR)
    (tmp_path / "cache" / "load.json").write_text("{}")
    assert cache.get("load") is None
    cache.put("load", 2, NOW + HOUR)
    found = cache.get("load")
    assert found
    assert found.value == 2


def test_a_cookie_is_for_this_user_alone(tmp_path: Path) -> None:
    for cookie in ("a", "b"):
        cache_in(tmp_path).put("powerwall-cookie", cookie, NOW + HOUR, secret=True)
    assert modes(tmp_path) == {0o600}


@pytest.mark.parametrize("name", ["", "../spend", "a/b", ".hidden", "a b", "x" * 101])
def test_no_name_leads_out_of_the_cache(tmp_path: Path, name: str) -> None:
    with pytest.raises(StateError, match="no name for a cache"):
        cache_in(tmp_path).put(name, 1, NOW)


def test_a_login_is_on_disk_before_its_first_use_and_for_this_user_alone(tmp_path: Path) -> None:
    logins = logins_in(tmp_path)
    assert logins.load(Login.TESLA) is None
    for token in ("one", "two"):
        assert logins.change(Login.TESLA, renewed(token)) == {"refresh_token": token}
        assert logins.load(Login.TESLA) == {"refresh_token": token}
    assert modes(tmp_path) == {0o600}


def test_a_renewal_sees_what_another_program_has_just_renewed(tmp_path: Path) -> None:
    logins_in(tmp_path).change(Login.TESLA, renewed("new"))
    written = (tmp_path / Login.TESLA).stat().st_mtime_ns

    def renew(before: Mapping[str, object] | None) -> Mapping[str, object]:
        assert before == {"refresh_token": "new"}
        return before

    logins_in(tmp_path).change(Login.TESLA, renew)
    assert (tmp_path / Login.TESLA).stat().st_mtime_ns == written


def test_a_failed_renewal_leaves_the_login_as_it_was(tmp_path: Path) -> None:
    logins = logins_in(tmp_path)
    logins.change(Login.TESLA, renewed("one"))

    def fails(before: object) -> Mapping[str, object]:
        raise StateError("state", "no")

    with pytest.raises(StateError):
        logins.change(Login.TESLA, fails)
    assert logins.load(Login.TESLA) == {"refresh_token": "one"}


def test_a_boot_in_1970_loses_no_login(tmp_path: Path) -> None:
    logins_in(tmp_path).change(Login.GOOGLE, renewed("one"))
    assert logins_in(tmp_path, now=datetime(1970, 1, 1, tzinfo=UTC)).load(Login.GOOGLE) == {"refresh_token": "one"}


def test_a_damaged_login_falls_back_and_a_lost_one_asks_for_a_new_one(tmp_path: Path) -> None:
    logins = logins_in(tmp_path)
    for token in ("one", "two"):
        logins.change(Login.TESLA, renewed(token))
    (tmp_path / Login.TESLA).write_text("")
    assert logins.load(Login.TESLA) == {"refresh_token": "one"}
    (tmp_path / f"{Login.TESLA}.prev").write_text("")
    assert logins.load(Login.TESLA) is None
    assert "Please log in again" in logins.problems[-1]


def test_the_key_that_cars_trust_is_kept_closed_and_never_replaced(tmp_path: Path) -> None:
    logins = logins_in(tmp_path)
    assert logins.load_key() is None
    logins.save_key(b"first")
    with pytest.raises(StateError, match="there already"):
        logins.save_key(b"second")
    assert logins.load_key() == b"first"
    assert [(entry.name, entry.stat().st_mode & 0o777) for entry in tmp_path.iterdir()] == [("tesla_key.pem", 0o600)]
