"""Where `auth tesla`, and a login after it, once had no way out or said nothing: mistyped hosts, other accounts, cars that nobody names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cycle.status import login_words
from errors import GrantRefused, LoginDead
from simulator.faults import Fault, Ill
from state.logins import Login
from tests.auth_house import NewOwner, new_owner
from tests.process import Cold, Ended
from tests.test_process_auth import Screen

MINUTES = timedelta(minutes=5)
INVALID_GRANT = Fault(Ill.STATUS, 401, '{"error":"invalid_grant","error_description":"refresh token revoked"}')


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[NewOwner]:
    with new_owner(tmp_path) as found:
        found.write_env()
        yield found


def once(owner: NewOwner, *command: str) -> Ended:
    runner = Cold()
    runner.begin("--env", str(owner.env), "--state", str(owner.folder / "state"), "--now", owner.world.now.isoformat(), *command)
    return runner.end()


# ---- what stays on disk ------------------------------------------------------------------------------------------------------------


def test_the_apps_secret_is_in_no_file_once_all_is_done(owner: NewOwner) -> None:
    assert owner.talk() == 0
    holders = [path.name for path in owner.data.rglob("*") if path.is_file() and owner.network.tokens.secret.encode() in path.read_bytes()]
    assert holders == []
    assert (owner.data / f"{Login.AUTH}.prev").exists()


# ---- dead ends of the conversation -------------------------------------------------------------------------------------------------


def test_a_mistyped_host_can_be_typed_anew_also_after_resuming(owner: NewOwner) -> None:
    owner.changes = {"TESLA_KEY_URL": None}
    owner.write_env()
    owner.special = {"Host name": ["mistyped.invalid"], "try again": ["q"]}
    assert owner.talk() is None
    owner.special = {"files are there": [""], "another host name": ["no host name", "other.invalid", "q"]}
    assert owner.talk(resume=True) is None
    assert "https://other.invalid/.well-known" in owner.said
    assert "allowed origin URL must be https://other.invalid" in owner.said
    data = owner.logins().load(Login.AUTH)
    assert data is not None
    assert data["domain"] == "other.invalid"


def test_where_the_settings_say_where_the_key_is_no_other_host_is_offered(owner: NewOwner) -> None:
    owner.special = {"files are there": [""], "try again": [owner.upload]}
    assert owner.talk() == 0
    assert "another host name" not in owner.said


def test_an_account_without_cars_can_be_left_for_another_one(owner: NewOwner) -> None:
    cars, owner.world.account.cars = owner.world.account.cars, {}
    owner.special = {"another account": ["q"]}
    assert owner.talk() is None

    def other() -> str:
        owner.world.account.cars = cars
        return "l"

    owner.special = {"another account": ["", other]}
    assert owner.talk(resume=True) == 0
    assert owner.said.count("This account has no cars") == 2
    assert owner.said.count("Open this address in a browser") == 1


def test_a_chosen_car_that_the_new_account_does_not_have_is_named_and_chosen_anew(tmp_path: Path) -> None:
    with new_owner(tmp_path, cars=2) as owner:
        assert owner.talk() == 0
        first, second = owner.world.cars
        owner.network.tokens.revoke()
        with pytest.raises(LoginDead):
            owner.cars(owner.desk(later=timedelta(hours=9)))
        owner.world.account.cars = {second: owner.world.cars[second]}
        owner.special = {"another account": [""]}
        assert owner.talk(resume=True) == 0
        assert f"{first}: not in this account" in owner.said
        assert f"TESLA_VIN={second}\n" in owner.env.read_text()


def test_a_car_that_tesla_does_not_name_is_not_done(tmp_path: Path) -> None:
    with new_owner(tmp_path, cars=2) as owner:
        first, second = owner.world.cars
        owner.world.account.unpaired.discard(first)
        owner.world.account.unnamed.add(second)
        owner.special = {"phone says": ["s"]}
        assert owner.talk() == 1
        assert f"{second}: Tesla does not say whether it holds the key" in owner.said
        assert "All is done" not in owner.said


def test_bytes_that_are_no_letters_are_answered_and_asked_again(owner: NewOwner) -> None:
    screen = Screen(owner)
    screen.wait("Host name of your key")
    os.write(screen.child.child_fd, b"\xff\xfe.host\n")
    screen.wait("no UTF-8")
    screen.type("Host name of your key", owner.network.keyhost.domain)
    screen.type("Client ID of the app:", owner.network.tokens.client_id)
    screen.wait("Client secret of the app: (not shown)")
    os.write(screen.child.child_fd, b"\xff\n")
    screen.wait("no UTF-8")
    screen.type("Client secret of the app: (not shown)", owner.network.tokens.secret)
    screen.type("Press Enter when the files are there", "q")
    assert screen.end() == 1


# ---- no car can be charged, and somebody says so -------------------------------------------------------------------------------------


def test_a_chosen_car_that_is_not_in_the_account_is_a_problem_in_run_and_check(owner: NewOwner) -> None:
    assert owner.talk() == 0
    owner.env.write_text(owner.env.read_text().replace(f"TESLA_VIN={next(iter(owner.world.cars))}", "TESLA_VIN=5YJ3AMPSHFT000009"))
    ran = once(owner, "run")
    assert (ran.err.count("000009"), "not in the Tesla account" in ran.err) == (1, True), ran
    assert once(owner, "run").err == ""
    checked = once(owner, "check")
    assert (checked.code, "FAILED  TESLA_VIN: 000009" in checked.out) == (1, True), checked


def test_an_account_without_cars_is_a_problem(owner: NewOwner) -> None:
    assert owner.talk() == 0
    owner.env.write_text(owner.env.read_text().replace("TESLA_VIN=", "#"))
    owner.world.account.cars = {}
    assert "the Tesla account has no cars" in once(owner, "run").err


def test_a_login_that_is_gone_from_disk_is_one_line_everywhere(owner: NewOwner) -> None:
    assert owner.talk() == 0
    for name in (Login.TESLA, f"{Login.TESLA}.prev"):
        (owner.data / name).unlink(missing_ok=True)
    ran = once(owner, "run")
    assert (ran.code, ran.err.count("\n"), "log in again: scheduler.py auth tesla" in ran.err) == (1, 1, True), ran
    checked = once(owner, "check")
    assert (checked.code, "FAILED  tesla: the Tesla login is gone" in checked.out) == (1, True), checked
    assert "FAILED: the Tesla login is gone" in once(owner, "status").out


# ---- invalid_grant -----------------------------------------------------------------------------------------------------------------


def test_a_refresh_token_that_tesla_calls_used_up_ends_the_login_in_the_third_cycle(owner: NewOwner) -> None:
    assert owner.talk() == 0
    for _ in range(2):
        owner.world.now += timedelta(hours=9)
        assert owner.cars(owner.desk())
    owner.world.now += timedelta(hours=9)
    log = owner.network.auth.server.log
    owner.world.faults["auth"].next(99, INVALID_GRANT)
    asked = []
    for kind in (GrantRefused, GrantRefused, LoginDead, LoginDead):
        before, desk = len(log), owner.desk()
        for _ in range(2):  # the list and a car, in one cycle
            with pytest.raises(kind) as caught:
                owner.cars(desk)
            assert type(caught.value) is kind
        asked.append(len(log) - before)
        owner.world.now += MINUTES
    assert asked == [2, 1, 1, 0]  # the token before is tried once
    assert "has ended" in caught.value.text
    assert "has ended" in login_words(owner.desk())


def test_commands_given_in_a_row_are_one_try_and_a_good_answer_forgets_it(owner: NewOwner) -> None:
    assert owner.talk() == 0
    owner.world.now += timedelta(hours=9)
    owner.world.faults["auth"].next(5, INVALID_GRANT)
    for _ in range(5):
        with pytest.raises(GrantRefused):
            owner.cars(owner.desk())
    assert (owner.held().dead, owner.held().refused) == ("", 1)
    assert owner.cars(owner.desk())
    assert owner.held().refused == 0


# ---- check -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "warned"), [(0o644, True), (0o640, False), (0o600, False)])
def test_check_warns_of_secrets_that_everybody_may_read(owner: NewOwner, mode: int, warned: bool) -> None:
    owner.changes = {"TESLA_ACCESS_TOKEN": "made-up-token-for-a-test"}
    owner.write_env().chmod(mode)
    checked = once(owner, "check")
    assert ("holds TESLA_ACCESS_TOKEN" in checked.out and f"chmod 600 {owner.env}" in checked.out) is warned, checked
    assert "made-up-token-for-a-test" not in checked.out


def test_check_says_that_a_proxy_in_clear_text_gets_no_login(owner: NewOwner) -> None:
    assert owner.talk() == 0
    with owner.env.open("a") as file:
        file.write("TESLA_COMMAND_URL=http://192.0.2.1:9\n")
    checked = once(owner, "check")
    assert "FAILED  commands: 192.0.2.1:9 (TESLA_COMMAND_URL) is http on another machine" in checked.out, checked
    assert checked.code == 1
