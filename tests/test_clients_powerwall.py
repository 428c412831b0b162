"""The gateway on the LAN: recorded bodies over real TLS, a login that is kept, a certificate that is pinned."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clients.http import Http
from clients.powerwall import Powerwall
from errors import BadAnswer, BadCertificate, LoginDead, NoAnswer, NotConfigured, Refused, ServerFault, TooMany
from model import Missing, PowerwallReading
from tests.fake_server import Asked, Canned, FakeServer, Route, raw_server, recorded, self_signed

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Jar:
    """Where the caller keeps the cookie."""

    def __init__(self, cookie: str | None = None) -> None:
        self.cookie = cookie

    def get(self) -> str | None:
        return self.cookie

    def put(self, cookie: str, /) -> None:
        self.cookie = cookie


@pytest.fixture
def http() -> Iterator[Http]:
    client = Http(connect_s=1, read_s=0.3, limit_s=3)
    yield client
    client.close()


def routes(**changed: Route) -> dict[str, Route]:
    """A gateway with recorded bodies that knows the cookie AuthCookie=good."""

    def guarded(route: Route) -> Route:
        def answer(asked: Asked) -> Canned:
            if "AuthCookie=good" not in asked.headers.get("cookie", ""):
                return Canned({"code": 401, "message": "bad credentials"}, 401)
            assert isinstance(route, Canned)
            return route

        return answer if isinstance(route, Canned) else route

    pages: dict[str, Route] = {
        "meters": Canned(recorded("powerwall_local/meters_aggregates.json")),
        "soe": Canned(recorded("powerwall_local/sim_system_status_soe.json")),
        "operation": Canned(recorded("powerwall_local/operation.json")),
        "grid": Canned(recorded("powerwall_local/grid_status.json")),
        **changed,
    }
    login = Canned(recorded("powerwall_local/sim_login_basic.json"), headers={"Set-Cookie": "AuthCookie=good; Path=/"})
    return {
        "/api/login/Basic": changed.get("login", login),
        "/api/meters/aggregates": guarded(pages["meters"]),
        "/api/system_status/soe": guarded(pages["soe"]),
        "/api/operation": guarded(pages["operation"]),
        "/api/system_status/grid_status": guarded(pages["grid"]),
    }


def read(http: Http, table: Mapping[str, Route], jar: Jar) -> tuple[PowerwallReading, list[Asked]]:
    with FakeServer(table) as server:
        return Powerwall(server.url, "abcde", None, http, jar).read(NOW), server.asked


def logins(asked: list[Asked]) -> int:
    return sum(one.path == "/api/login/Basic" for one in asked)


def test_recorded_bodies_become_a_reading(http: Http) -> None:
    reading, asked = read(http, routes(), Jar())
    assert (round(reading.grid_w), reading.battery_w, round(reading.solar_w), round(reading.load_w)) == (-5347, -10, 6099, 734)
    assert reading.soc == pytest.approx(50.0)
    assert reading.reserve_soc == pytest.approx(0.0, abs=0.001)
    assert (reading.mode, reading.grid_up) == ("self_consumption", True)
    assert isinstance(reading.storm_watch, Missing)
    assert logins(asked) == 1
    login = next(one for one in asked if one.path == "/api/login/Basic")
    assert json.loads(login.body)["username"] == "customer"
    assert json.loads(login.body)["password"] == "abcde"


def test_a_kept_cookie_saves_the_login(http: Http) -> None:
    _, asked = read(http, routes(), Jar("AuthCookie=good"))
    assert logins(asked) == 0


def test_an_old_cookie_costs_one_login_and_the_new_one_is_kept(http: Http) -> None:
    jar = Jar("AuthCookie=old")
    _, asked = read(http, routes(), jar)
    assert logins(asked) == 1
    assert jar.cookie == "AuthCookie=good"


def test_a_login_that_is_not_accepted_is_not_tried_for_ever(http: Http) -> None:
    table = {**routes(), "/api/meters/aggregates": Canned("", 401)}
    with FakeServer(table) as server:
        powerwall = Powerwall(server.url, "abcde", None, http, Jar())
        with pytest.raises(LoginDead):
            powerwall.read(NOW)
        assert logins(server.asked) == 1


def test_a_wrong_password_is_told_with_where_to_find_it(http: Http) -> None:
    with pytest.raises(LoginDead, match="last 5 characters") as caught:
        read(http, routes(login=Canned("", 401)), Jar())
    assert "abcde" not in caught.value.text


def test_a_lockout_is_waited_out(http: Http) -> None:
    with pytest.raises(TooMany) as caught:
        read(http, routes(login=Canned("", 429, {"Retry-After": "300"})), Jar())
    assert caught.value.retry_after_s == 300


def test_too_many_requests_are_never_taken_for_a_missing_value(http: Http) -> None:
    with pytest.raises(TooMany):
        read(http, routes(soe=Canned("", 429)), Jar())


def test_a_password_that_is_echoed_does_not_reach_the_error(http: Http) -> None:
    with pytest.raises(Refused) as caught:
        read(http, routes(login=Canned("bad request: abcde", 400)), Jar())
    assert "abcde" not in caught.value.text


def test_a_token_without_a_cookie_will_do(http: Http) -> None:
    jar = Jar()
    read(http, routes(login=Canned({"token": "good"})), jar)
    assert jar.cookie == "AuthCookie=good"


def test_a_page_that_is_closed_to_customers_does_not_cost_a_login_each_cycle(http: Http) -> None:
    closed = Canned("User does not have adequate access rights", 403)
    reading, asked = read(http, routes(operation=closed), Jar("AuthCookie=good"))
    assert isinstance(reading.reserve_soc, Missing)
    assert isinstance(reading.mode, Missing)
    assert logins(asked) == 0


@pytest.mark.parametrize(
    "soe", [Canned({"percentage": None}), Canned("{}"), Canned("", 404), Canned("nonsense"), Canned({"percentage": "50"})]
)
def test_without_a_state_of_charge_the_rest_still_counts(http: Http, soe: Canned) -> None:
    reading, _ = read(http, routes(soe=soe), Jar())
    assert isinstance(reading.soc, Missing)
    assert reading.grid_up is True


@pytest.mark.parametrize(("raw", "shown"), [(5, 0), (100, 100), (23.975, 19.974), (2, 0), (100.4, 100)])
def test_the_charge_is_shown_as_the_app_does(http: Http, raw: float, shown: float) -> None:
    reading, _ = read(http, routes(soe=Canned({"percentage": raw})), Jar())
    assert reading.soc == pytest.approx(shown, abs=0.001)


@pytest.mark.parametrize(
    ("word", "up"),
    [
        ("SystemGridConnected", True),
        ("SystemIslandedActive", False),
        ("SystemIslandedReady", False),
        ("SystemTransitionToGrid", False),
        ("SystemMicroGridFaulted", False),
    ],
)
def test_the_grid_is_up_only_when_it_carries_the_house(http: Http, word: str, up: bool) -> None:
    reading, _ = read(http, routes(grid=Canned({"grid_status": word})), Jar())
    assert reading.grid_up is up


def test_a_new_word_for_the_grid_is_missing(http: Http) -> None:
    reading, _ = read(http, routes(grid=Canned({"grid_status": "SystemDreaming"})), Jar())
    assert isinstance(reading.grid_up, Missing)
    assert "SystemDreaming" in reading.grid_up.why


@pytest.mark.parametrize("meters", [{}, {"site": {"instant_power": 1}}, {"site": {"instant_power": None}}, []])
def test_without_meters_there_is_no_reading(http: Http, meters: object) -> None:
    with pytest.raises(BadAnswer):
        read(http, routes(meters=Canned(meters)), Jar())


def test_an_ill_gateway_is_an_error_not_a_zero(http: Http) -> None:
    with pytest.raises(ServerFault):
        read(http, routes(meters=Canned("", 502)), Jar())


def test_a_house_without_panels_has_no_solar_power(http: Http) -> None:
    powers = {"site": {"instant_power": 1500}, "battery": {"instant_power": -500}, "load": {"instant_power": 1000}}
    reading, _ = read(http, routes(meters=Canned(powers)), Jar())
    assert reading.solar_w == 0


def test_panels_at_night_do_not_take_power(http: Http) -> None:
    powers = {name: {"instant_power": watts} for name, watts in {"site": 500, "battery": 0, "load": 497, "solar": -3}.items()}
    reading, _ = read(http, routes(meters=Canned(powers)), Jar())
    assert (reading.grid_w, reading.solar_w, reading.load_w) == (500, 0, 497)


# ---- TLS ----------------------------------------------------------------------------------------------------------------------


def test_the_pinned_certificate_opens_the_gateway(http: Http, tmp_path: Path) -> None:
    context, fingerprint = self_signed(tmp_path)
    with FakeServer(routes(), tls=context) as server:
        for form in (fingerprint, fingerprint.replace(":", "").lower(), f"SHA256:{fingerprint}"):
            assert Powerwall(server.url, "abcde", form, http, Jar()).read(NOW).grid_up is True


@pytest.mark.parametrize("pin", [None, "", "AB:" * 31 + "AB"])
def test_an_unknown_certificate_gets_no_password_and_shows_the_line_to_paste(http: Http, tmp_path: Path, pin: str | None) -> None:
    context, fingerprint = self_signed(tmp_path)
    with FakeServer(routes(), tls=context) as server, pytest.raises(BadCertificate) as caught:
        Powerwall(server.url, "abcde", pin, http, Jar()).read(NOW)
    assert re.search(rf"POWERWALL_FINGERPRINT={fingerprint}$", caught.value.text)
    assert not server.asked


@pytest.mark.parametrize(("url", "pin"), [("http://192.168.91.1", None), ("https://192.168.91.1", "AB:CD")])
def test_a_setting_that_would_leak_the_password_is_refused(http: Http, url: str, pin: str | None) -> None:
    with pytest.raises(NotConfigured):
        Powerwall(url, "abcde", pin, http, Jar()).read(NOW)


def test_a_gateway_that_hangs_up_is_no_answer(http: Http) -> None:
    with raw_server(lambda conn: None) as url, pytest.raises(NoAnswer):
        Powerwall(url, "abcde", None, http, Jar("AuthCookie=good")).read(NOW)
