"""`auth tesla` as a conversation: what goes wrong at Tesla, at the key host and at the keyboard, and what the owner is told."""

from __future__ import annotations

import stat
from argparse import Namespace
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cycle import check
from errors import LoginDead
from simulator.faults import BUSY_503, DROP_AFTER
from simulator.fleet import Fleet
from simulator.tesla_auth_server import KEY_PATH, Ill, Partner
from tests.auth_house import NewOwner, Typed, new_owner

QUESTIONS = 7  # host, client ID, secret, upload, paste, settings, pairing


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[NewOwner]:
    with new_owner(tmp_path) as found:
        yield found


# ---- from nothing to a paired car --------------------------------------------------------------------------------------------------


def test_a_new_owner_is_led_to_a_paired_car(owner: NewOwner) -> None:
    assert owner.talk() == 0
    vin, text = next(iter(owner.world.cars)), owner.env.read_text()
    assert "All is done" in owner.said
    assert owner.asked == QUESTIONS
    assert owner.held().base_url == owner.network.fleet.url
    assert f"UNITS=mi\nTESLA_VIN={vin}\n" in text
    assert text.endswith(f"TESLA_CLIENT_ID=simulated-app\nTESLA_DOMAIN={owner.network.keyhost.domain}\n")
    assert f"https://tesla.com/_ak/{owner.network.keyhost.domain}" in owner.said
    assert "▀" in owner.said
    assert f"{vin}: holds the key" in owner.said


def test_no_secret_is_shown_and_every_file_with_one_is_for_the_owner_only(owner: NewOwner) -> None:
    owner.talk()
    for secret in (owner.network.tokens.secret, owner.held().access, owner.held().refresh):
        assert secret not in owner.said
    for name in ("tesla_key.pem", "tesla_token.json", "tesla_auth.json"):
        assert stat.S_IMODE((owner.data / name).stat().st_mode) == 0o600, name
    assert owner.network.tokens.secret not in (owner.data / "tesla_auth.json").read_text()


def test_what_has_to_be_clicked_at_tesla_is_said_with_the_owners_own_addresses(owner: NewOwner) -> None:
    owner.talk()
    for words in (
        f"Allowed origin URL    {owner.network.keyhost.url}\n",
        f"Allowed redirect URI  {owner.network.keyhost.url}/\n",
        "payment card",
        "Vehicle Charging Management",
        "Allow Mobile Access",
        "The owner of the car may do",
    ):
        assert words in owner.said


def test_whoever_stops_at_any_question_goes_on_from_there(owner: NewOwner) -> None:
    visits = 0
    owner.stop_after = 1
    while owner.talk(resume=visits > 0) is None:
        assert "--resume" in owner.said
        visits += 1
        assert visits < 20, owner.said
        if visits in (2, 3):  # ID and secret belong to one step: both have to be typed in one visit
            owner.stop_after = 2
        else:
            owner.stop_after = 1
    assert len(list(owner.data.glob("tesla_key.pem"))) == 1
    assert owner.network.tokens.registered["na"]


def test_a_second_visit_asks_first_and_keeps_key_app_and_login(owner: NewOwner) -> None:
    owner.talk()
    key, refresh = (owner.data / "tesla_key.pem").read_bytes(), owner.held().refresh
    owner.special = {"already": ["maybe", "y"]}
    assert owner.talk() == 0
    assert (owner.data / "tesla_key.pem").read_bytes() == key
    assert owner.held().refresh == refresh
    assert "answer y or n" in owner.said


def test_resuming_what_was_never_begun_begins(owner: NewOwner) -> None:
    assert owner.talk(resume=True) == 0
    assert "nothing to go on with" in owner.said


# ---- the key host ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ill", "words"),
    [(Ill.NOT_THERE, ".nojekyll"), (Ill.REDIRECT, "redirects to https://www.example.com"), (Ill.HTML, "comes a web page")],
)
def test_each_illness_of_the_key_host_is_told_apart(owner: NewOwner, ill: Ill, words: str) -> None:
    owner.network.keyhost.ill = ill

    def mended() -> str:
        owner.network.keyhost.ill = None
        return ""

    owner.special = {"try again": ["", mended]}
    assert owner.talk() == 0
    assert owner.said.count(words) == 2


def test_another_key_at_the_host_is_seen(owner: NewOwner, tmp_path: Path) -> None:
    with new_owner(tmp_path / "neighbour") as other:
        other.talk()
        strange = other.network.keyhost.files[KEY_PATH]

    def wrong() -> str:
        owner.upload()
        owner.network.keyhost.files[KEY_PATH] = strange
        return ""

    owner.special = {
        "files are there": [wrong],
        "try again": [lambda: owner.network.keyhost.files.update({KEY_PATH: b"-----BEGIN x"}) or "", owner.upload],
    }
    assert owner.talk() == 0
    assert "lies another key" in owner.said
    assert "no public key of the right kind" in owner.said


def test_a_host_that_cannot_be_reached_is_said_with_its_address(owner: NewOwner) -> None:
    owner.changes = {"TESLA_KEY_URL": "http://127.0.0.1:9"}
    owner.stop_after = 4
    assert owner.talk() is None
    assert "http://127.0.0.1:9/.well-known/appspecific/com.tesla.3p.public-key.pem cannot be reached" in owner.said


@pytest.mark.parametrize(("typed", "words"), [("not a host", "host name alone"), ("mytesla.example.com", "Choose another one")])
def test_a_wrong_host_name_is_asked_again(owner: NewOwner, typed: str, words: str) -> None:
    owner.special = {"Host name": [typed, "https://" + owner.network.keyhost.domain + "/"]}
    assert owner.talk() == 0
    assert words in owner.said


# ---- the registration --------------------------------------------------------------------------------------------------------------


def test_a_wrong_secret_can_be_entered_anew(owner: NewOwner) -> None:
    owner.special = {"Client secret": ["two words", "wrong"], "Client ID": ["two words"], "anew?": ["y"]}
    assert owner.talk() == 0
    assert "no client ID" in owner.said
    assert "no client secret" in owner.said
    assert "do not belong together" in owner.said


def test_a_domain_that_is_not_the_apps_is_explained(owner: NewOwner) -> None:
    domain = owner.network.keyhost.domain
    owner.network.tokens.domains.clear()

    def corrected() -> str:
        owner.network.tokens.domains.add(domain)
        return ""

    owner.special = {"try again": [corrected]}
    assert owner.talk() == 0
    assert "allowed origin must be" in owner.said


def test_a_key_that_tesla_cannot_read_is_explained(owner: NewOwner) -> None:
    partner = owner.network.fleet.partner
    key, partner.key = partner.key, lambda: None

    def mended() -> str:
        partner.key = key
        return ""

    owner.special = {"try again": [mended]}
    assert owner.talk() == 0
    assert "Tesla could not read the key" in owner.said


def test_an_old_copy_of_the_key_at_tesla_is_waited_for(owner: NewOwner, tmp_path: Path) -> None:
    with new_owner(tmp_path / "neighbour") as other:
        other.talk()
        old = other.network.keyhost.key()
    partner = owner.network.fleet.partner
    key, partner.key = partner.key, lambda: old

    def ten_minutes() -> str:
        partner.key = key
        return ""

    owner.special = {"try again": [ten_minutes]}
    assert owner.talk() == 0
    assert "still reads another key" in owner.said


def test_tesla_being_ill_costs_one_more_enter(owner: NewOwner) -> None:
    owner.network.world.faults["auth"].next(1, BUSY_503, "token")
    owner.special = {"try again": [""]}
    assert owner.talk() == 0
    assert "503" in owner.said


# ---- the paste ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Nothing was pasted"),
        ("hello", "no address"),
        ("https://[", "no address"),
        ("NA_0123456789abcdef0123456789", "the code alone"),
        ("https://auth.tesla.com/oauth2/v3/authorize?client_id=x&state=nonce1", "Tesla's page itself"),
        ("https://yourname.github.io/", "no code= and state="),
        ("https://yourname.github.io/?code=abc&state=other", "another log-in"),
        ("https://yourname.github.io/?code=abc&state=", "no code= and state="),
    ],
)
def test_a_wrong_paste_is_answered_and_asked_again(owner: NewOwner, typed: str, words: str) -> None:
    owner.special = {"whole address": [typed]}
    assert owner.talk() == 0
    assert words in owner.said
    assert owner.said.count("Open this address in a browser") == 1


def test_an_error_from_teslas_page_opens_a_new_log_in(owner: NewOwner) -> None:
    owner.special = {"whole address": ["https://yourname.github.io/?error=access_denied&error_description=the+owner+said+no&state=nonce1"]}
    assert owner.talk() == 0
    assert "the owner said no" in owner.said
    assert "state=nonce2" in owner.said


def test_a_code_that_was_used_before_opens_a_new_log_in(owner: NewOwner) -> None:
    def used() -> str:
        address = owner.browser()
        for code in owner.network.tokens.codes.values():
            code.used = True
        return address

    owner.special = {"whole address": [used]}
    assert owner.talk() == 0
    assert "used before" in owner.said
    assert "state=nonce2" in owner.said


def test_an_address_that_the_terminal_broke_into_lines_is_mended(owner: NewOwner) -> None:
    def broken() -> str:
        address = owner.browser()
        return f"{address[:40]} {address[40:]}"

    owner.special = {"whole address": [broken]}
    assert owner.talk() == 0
    assert owner.asked == QUESTIONS


def test_a_lost_answer_to_the_code_opens_a_new_log_in(owner: NewOwner) -> None:
    def lost() -> str:
        owner.network.world.faults["auth"].next(1, DROP_AFTER, "token")
        return owner.browser()

    owner.special = {"whole address": [lost]}
    assert owner.talk() == 0
    assert "log in once more" in owner.said


@pytest.mark.parametrize("scope", ["vehicle_location", "vehicle_device_data", "offline_access"])
def test_a_box_that_was_not_ticked_is_named_and_can_be_ticked(owner: NewOwner, scope: str) -> None:
    owner.network.tokens.granted.discard(scope)

    def ticked() -> str:
        owner.network.tokens.granted.add(scope)
        return ""

    owner.special = {"nce more": [ticked]}
    assert owner.talk() == 0
    assert f"The box for {scope} was not ticked" in owner.said
    assert "/user/revoke/consent?revoke_client_id=simulated-app" in owner.said
    assert owner.said.count("Open this address in a browser") == 2


def test_whoever_goes_on_without_a_box_is_told_by_check_what_does_not_work(owner: NewOwner, capsys: pytest.CaptureFixture[str]) -> None:
    owner.network.tokens.granted.discard("vehicle_location")
    owner.special = {"nce more": ["n"]}
    assert owner.talk() == 0
    assert check.command(owner.desk(), Namespace(env=owner.env, notify=False)) == 1
    assert (
        "FAILED  tesla login: the scope vehicle_location is missing, so whether the car is at home is not known" in capsys.readouterr().out
    )


def test_either_of_the_two_command_scopes_is_enough(owner: NewOwner) -> None:
    owner.network.tokens.granted.discard("vehicle_cmds")
    assert owner.talk() == 0
    assert "was not ticked" not in owner.said


def test_a_login_without_a_refresh_token_is_not_kept(owner: NewOwner) -> None:
    owner.network.tokens.granted.discard("offline_access")
    owner.special = {"nce more": ["n"]}
    owner.stop_after = 7
    assert owner.talk() is None
    assert not (owner.data / "tesla_token.json").exists()


def test_a_login_that_ended_is_made_anew_and_nothing_else(owner: NewOwner) -> None:
    owner.talk()
    owner.network.tokens.revoke()
    with pytest.raises(LoginDead, match="has ended"):
        owner.cars(owner.desk(later=timedelta(hours=1)))
    assert owner.talk(resume=True) == 0
    assert "Host name" not in owner.said
    assert "files are there" not in owner.said
    assert owner.said.count("Open this address in a browser") == 1
    assert owner.held().dead == ""


# ---- region, cars, settings ----------------------------------------------------------------------------------------------------------


def test_an_own_api_address_in_the_wrong_region_is_corrected_by_the_owner_and_resumed(owner: NewOwner) -> None:
    europe = Fleet(owner.world, partner=Partner(owner.network.tokens, "eu", owner.network.keyhost.key))
    try:
        owner.network.tokens.urls["eu"], owner.network.tokens.home = europe.url, "eu"
        assert owner.talk() is None
        assert "TESLA_API_URL in .env names the wrong region" in owner.said
        owner.changes = {"TESLA_API_URL": europe.url}
        owner.write_env()
        assert owner.talk(resume=True) == 0
        assert set(owner.network.tokens.registered) == {"na", "eu"}
        assert "Open this address" not in owner.said
    finally:
        europe.close()


def test_the_owner_chooses_among_his_cars(tmp_path: Path) -> None:
    with new_owner(tmp_path, cars=2) as owner:
        owner.special = {"Which of them": ["3", "x", "2"]}
        assert owner.talk() == 0
        assert owner.said.count("Write numbers from 1 to 2") == 2
        assert f"TESLA_VIN={list(owner.world.cars)[1]}\n" in owner.env.read_text()


def test_settings_are_only_shown_to_whoever_writes_them_himself(owner: NewOwner) -> None:
    before = owner.write_env().read_bytes()
    owner.special = {"into this file": ["n"]}
    assert owner.talk() == 0
    assert owner.env.read_bytes() == before
    assert "TESLA_CLIENT_ID=simulated-app" in owner.said


def test_a_token_in_the_settings_gives_way_to_the_login(owner: NewOwner) -> None:
    owner.changes = {"TESLA_ACCESS_TOKEN": "an-old-token"}
    assert owner.talk() == 0
    assert "TESLA_ACCESS_TOKEN=\n" in owner.env.read_text()
    assert "an-old-token" not in owner.said


def test_pairing_can_be_left_for_later_and_is_said(owner: NewOwner) -> None:
    owner.special = {"phone says": ["s"]}
    assert owner.talk() == 1
    assert "auth tesla --resume" in owner.said
    assert owner.talk(resume=True) == 0


def test_q_in_a_row_of_answers_stops_at_once(owner: NewOwner) -> None:
    answers: list[Typed] = ["Q"]
    owner.special = {"Host name": answers}
    assert owner.talk() is None
    assert not (owner.data / "tesla_key.pem").exists()
