"""Tesla's token endpoint: what is sent, what each answer means, and that no secret gets into an error."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from clients.http import Http
from clients.tesla_auth import SCOPES, App, TeslaAuth, authorize_url, claims
from clients.tesla_partner import Partner, own_region
from errors import BadAnswer, ClientError, LoginDead, NoAnswer, NotConfigured, Refused, ServerFault, TooMany, WrongRegion
from tests.fake_server import Asked, Canned, FakeServer

SECRET, REFRESH, CODE = "app-secret-nobody-may-see", "refresh-nobody-may-see", "code-nobody-may-see"
PATH = "/oauth2/v3/token"
GOOD = {"access_token": "a.b.c", "refresh_token": "next", "expires_in": 28800, "token_type": "Bearer"}


def auth_at(url: str) -> TeslaAuth:
    return TeslaAuth(App(url, "app-id", SECRET), Http(connect_s=1, read_s=1, limit_s=2))


def form(asked: Asked) -> dict[str, str]:
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    return {name: values[0] for name, values in parse_qs(asked.body).items()}


def token_of(said: object) -> str:
    return ".".join(("x", base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("="), "y"))


# ---- what is sent ------------------------------------------------------------------------------------------------------------------


def test_a_refresh_sends_the_token_and_the_app_and_never_the_apps_secret() -> None:
    with FakeServer({PATH: Canned(GOOD)}) as server:
        tokens = auth_at(server.url).renew(REFRESH)
    assert (tokens.access, tokens.refresh, tokens.lasts_s) == ("a.b.c", "next", 28800)
    assert form(server.asked[0]) == {"client_id": "app-id", "grant_type": "refresh_token", "refresh_token": REFRESH}


def test_a_code_goes_with_redirect_audience_and_secret() -> None:
    with FakeServer({PATH: Canned(GOOD)}) as server:
        auth_at(server.url).exchange(CODE, "https://yourname.github.io/", "https://fleet-api.prd.eu.vn.cloud.tesla.com")
    sent = form(server.asked[0])
    assert (sent["grant_type"], sent["code"], sent["client_secret"]) == ("authorization_code", CODE, SECRET)
    assert (sent["redirect_uri"], sent["audience"]) == ("https://yourname.github.io/", "https://fleet-api.prd.eu.vn.cloud.tesla.com")


def test_the_apps_own_token_is_for_one_region() -> None:
    with FakeServer({PATH: Canned(GOOD)}) as server:
        assert auth_at(server.url).partner("https://fleet-api.prd.na.vn.cloud.tesla.com") == "a.b.c"
    sent = form(server.asked[0])
    assert (sent["grant_type"], sent["audience"]) == ("client_credentials", "https://fleet-api.prd.na.vn.cloud.tesla.com")
    assert "offline_access" not in sent["scope"].split()


def test_a_single_use_token_is_never_sent_twice_by_itself() -> None:
    with FakeServer({PATH: Canned("busy", 503)}) as server, pytest.raises(ServerFault):
        auth_at(server.url).renew(REFRESH)
    assert len(server.asked) == 1


def test_a_login_never_travels_in_clear_text() -> None:
    with pytest.raises(NotConfigured, match="https://"):
        auth_at("http://192.0.2.1").renew(REFRESH)


def test_the_log_in_page_is_asked_for_every_scope_and_carries_the_state() -> None:
    query = parse_qs(urlsplit(authorize_url("https://auth.tesla.com", "app-id", "https://yourname.github.io/", "nonce")).query)
    assert query["scope"] == [" ".join(SCOPES)]
    assert (query["state"], query["redirect_uri"], query["client_id"]) == (["nonce"], ["https://yourname.github.io/"], ["app-id"])


# ---- what an answer means ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Canned({"error": "login_required"}, 401), LoginDead, "no longer valid"),
        (Canned({"error": "invalid_client"}, 401), Refused, "do not belong together"),
        (Canned({"error": "unauthorized_client"}, 400), Refused, "Machine-to-Machine"),
        (Canned({"error": "invalid_auth_code"}, 400), Refused, "used before"),
        (Canned({"error": "invalid_redirect_url"}, 400), Refused, "letter by letter"),
        (Canned({"error": "server_error"}, 500), ServerFault, "fault of its own"),
        (Canned("<html>no</html>", 403), Refused, "refused the request"),
        (Canned("slow down", 429, {"Retry-After": "30"}), TooMany, "too many"),
        (Canned("", 302, {"Location": "https://example.com"}), BadAnswer, "TESLA_TOKEN_URL"),
        (Canned({"token_type": "Bearer"}), BadAnswer, "not with a token"),
        (Canned({"access_token": 7}), BadAnswer, "not with a token"),
        (Canned({"access_token": "two\nlines"}), BadAnswer, "not with a token"),
        (Canned("[]"), BadAnswer, "not with a token"),
    ],
)
def test_each_answer_is_told_apart(answer: Canned, kind: type[ClientError], words: str) -> None:
    with FakeServer({PATH: answer}) as server, pytest.raises(ClientError, match=words) as caught:
        auth_at(server.url).renew(REFRESH)
    assert type(caught.value) is kind


def test_only_login_required_ends_a_login() -> None:
    for status in (400, 401, 403, 404, 412, 500, 502, 503):
        with FakeServer({PATH: Canned({"error": "something"}, status)}) as server, pytest.raises(ClientError) as caught:
            auth_at(server.url).renew(REFRESH)
        assert not isinstance(caught.value, LoginDead), status


def test_too_many_requests_are_waited_for_as_told() -> None:
    with FakeServer({PATH: Canned("", 429, {"Retry-After": "30"})}) as server, pytest.raises(TooMany) as caught:
        auth_at(server.url).renew(REFRESH)
    assert caught.value.retry_after_s == 30


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_no_error_repeats_a_secret_that_the_answer_holds(status: int) -> None:
    def echo(asked: Asked) -> Canned:
        return Canned('{"error": "what is ' + asked.body.replace('"', "") + '", "access_tok', status)

    calls: tuple[Callable[[TeslaAuth], object], ...] = (
        lambda auth: auth.renew(REFRESH),
        lambda auth: auth.exchange(CODE, "https://yourname.github.io/", "https://example.com"),
        lambda auth: auth.partner("https://example.com"),
    )
    for call in calls:
        with FakeServer({PATH: echo}) as server, pytest.raises(ClientError) as caught:
            call(auth_at(server.url))
        assert not [secret for secret in (SECRET, REFRESH, CODE) if secret in f"{caught.value} {caught.value.text}"]


def test_half_an_answer_with_tokens_in_it_is_not_quoted() -> None:
    with FakeServer({PATH: Canned(json.dumps(GOOD)[:-1].replace("next", REFRESH))}) as server, pytest.raises(BadAnswer) as caught:
        auth_at(server.url).renew("x")
    assert REFRESH not in caught.value.text
    assert "a.b.c" not in caught.value.text


def test_a_lost_answer_may_have_used_the_token_up() -> None:
    def lost(_asked: Asked) -> Canned:
        time.sleep(1.2)  # longer than the client waits
        return Canned(GOOD)

    with FakeServer({PATH: lost}) as server, pytest.raises(NoAnswer) as caught:
        auth_at(server.url).renew("x")
    assert caught.value.maybe_done


@pytest.mark.parametrize("lasts", [None, "soon", -5, 0, True, 1e300])
def test_a_strange_life_time_is_the_usual_one(lasts: object) -> None:
    with FakeServer({PATH: Canned({**GOOD, "expires_in": lasts})}) as server:
        assert auth_at(server.url).renew("x").lasts_s == 28_800


# ---- claims --------------------------------------------------------------------------------------------------------------------------


def test_scopes_region_and_end_are_read_from_the_token() -> None:
    found = claims(token_of({"scp": ["vehicle_cmds", "offline_access"], "ou_code": "EU", "exp": 1800000000}))
    assert (found.region, found.expires_at) == ("eu", 1800000000)
    assert found.lacks() == ("vehicle_device_data", "vehicle_location")


def test_either_command_scope_is_enough() -> None:
    have = ["vehicle_device_data", "vehicle_location", "offline_access"]
    assert claims(token_of({"scp": [*have, "vehicle_charging_cmds"]})).lacks() == ()
    assert claims(token_of({"scp": " ".join([*have, "vehicle_cmds"])})).lacks() == ()
    assert claims(token_of({"scp": have})).lacks() == ("vehicle_charging_cmds",)


@pytest.mark.parametrize(
    "token", ["", "simulated", "a.b.c", "a.!!.c", token_of([1]), token_of("x"), token_of({"scp": 5, "exp": "x", "ou_code": 3})]
)
def test_a_token_that_says_nothing_is_believed_to_have_what_it_needs(token: str) -> None:
    assert claims(token).lacks() == ()


# ---- regions -------------------------------------------------------------------------------------------------------------------------

EUROPE = "https://fleet-api.prd.eu.vn.cloud.tesla.com"


def region_by(answer: Canned) -> str:
    with FakeServer({"/api/1/users/region": answer}) as server:
        partner = Partner(server.url, "token", Http(), lambda _kind: lambda: None)
        return own_region(partner, server.url).replace(server.url, "here")


def test_the_region_is_what_tesla_says() -> None:
    assert region_by(Canned({"response": {"region": "eu", "fleet_api_base_url": EUROPE}})) == EUROPE
    assert region_by(Canned(f"user out of region, use base URL: {EUROPE}, see https://developer.tesla.com", 421)) == EUROPE
    assert region_by(Canned("", 421, {"Alt-Svc": 'h2="fleet-api.prd.eu.vn.cloud.tesla.com:443"'})) == EUROPE


@pytest.mark.parametrize(
    "url",
    [
        "https://fleet-api.example.com",
        "http://fleet-api.prd.eu.vn.cloud.tesla.com",
        "https://tesla.com.example.com",
        "https://www.tesla.com",
    ],
)
def test_a_token_never_follows_to_a_host_that_is_not_teslas(url: str) -> None:
    with pytest.raises(WrongRegion) as caught:
        region_by(Canned({"response": {"fleet_api_base_url": url}}))
    assert caught.value.base_url is None
    with pytest.raises(WrongRegion):
        region_by(Canned(f"user out of region, use base URL: {url}", 421))
