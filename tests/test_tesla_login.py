"""The access token of a cycle: renewed ahead of its end, once, on disk before its use; and what happens when anything goes wrong."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from clients.http import Http
from config import REGION_URLS, Region
from cycle.tesla_login import TeslaLogin, written
from errors import ClientError, LoginDead, StateError, Unreachable
from simulator.faults import BUSY_503, DROP_AFTER, DROP_BEFORE, LOGIN_REQUIRED, TOKEN_EXPIRED
from simulator.server import Reply, Request
from state.logins import Login
from tests.auth_house import NewOwner, new_owner
from tests.process import ROOT

HOUR = timedelta(hours=1)
EUROPE = REGION_URLS[Region.EU]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewOwner]:
    """One owner who has logged in; each test begins with a fresh login of his."""
    with new_owner(tmp_path_factory.mktemp("login")) as found:
        found.talk()
        yield found


@pytest.fixture
def owner(house: NewOwner) -> NewOwner:
    house.network.world.faults["auth"].clear()
    house.network.world.faults["fleet"].clear()
    house.network.tokens.granted = {"vehicle_device_data", "vehicle_location", "vehicle_cmds", "offline_access"}
    house.special = {"already": ["y"]}
    house.data.joinpath("tesla_token.json").unlink(missing_ok=True)
    house.data.joinpath("tesla_token.json.prev").unlink(missing_ok=True)
    assert house.talk() == 0
    house.network.tokens.rotations = house.network.tokens.refused = 0
    return house


def read_after(owner: NewOwner, hours: float) -> tuple[str, ...]:
    """Tesla's clock and ours move on; one cycle reads the list."""
    owner.world.now += timedelta(hours=hours)
    return owner.cars(owner.desk())


# ---- ahead of its end ---------------------------------------------------------------------------------------------------------------


def test_a_token_is_used_until_shortly_before_its_end_and_then_renewed_once(owner: NewOwner) -> None:
    for hours in (0.0, 3.0, 4.5):
        assert read_after(owner, hours)
    assert owner.network.tokens.rotations == 0
    first = owner.held().refresh
    assert read_after(owner, 0.3)
    assert read_after(owner, 0.1)
    assert owner.network.tokens.rotations == 1
    assert (owner.held().previous, owner.held().refresh != first) == (first, True)


def test_a_month_of_cycles_never_logs_out(owner: NewOwner) -> None:
    for _ in range(60):
        assert read_after(owner, 12)
    assert owner.network.tokens.rotations == 60
    assert owner.network.tokens.refused == 0


def test_a_token_that_tesla_calls_expired_is_renewed_once_and_the_question_repeated_once(owner: NewOwner) -> None:
    owner.world.now += HOUR
    owner.network.tokens.expire_access()
    before = len(owner.network.fleet.server.log)
    assert owner.cars(owner.desk())
    assert (owner.network.tokens.rotations, len(owner.network.fleet.server.log) - before) == (1, 2)


def test_a_fresh_token_that_is_refused_is_not_renewed_again_and_again(owner: NewOwner) -> None:
    owner.network.world.faults["fleet"].next(99, TOKEN_EXPIRED)
    for _ in range(5):
        with pytest.raises(LoginDead, match="gave just now"):
            read_after(owner, 0.05)
    assert owner.network.tokens.rotations == 0
    with pytest.raises(LoginDead):
        read_after(owner, 1)
    assert owner.network.tokens.rotations == 1


def test_a_token_endpoint_that_is_down_is_no_harm_while_the_old_token_lasts(owner: NewOwner) -> None:
    owner.network.world.faults["auth"].next(2, BUSY_503)
    assert read_after(owner, 7.8)
    assert read_after(owner, 0.1)
    with_fault = owner.network.tokens.rotations
    assert read_after(owner, 0.05)
    assert (with_fault, owner.network.tokens.rotations) == (0, 1)


def test_after_the_end_a_token_endpoint_that_is_down_is_a_passing_problem(owner: NewOwner) -> None:
    owner.network.world.faults["auth"].next(1, BUSY_503)
    with pytest.raises(ClientError) as caught:
        read_after(owner, 9)
    assert (caught.value.temporary, owner.held().dead) == (True, "")
    assert read_after(owner, 0.1)


def test_only_one_attempt_is_made_in_a_cycle(owner: NewOwner) -> None:
    owner.network.world.faults["auth"].next(9, BUSY_503)
    owner.world.now += timedelta(hours=7.8)
    desk, before = owner.desk(), len(owner.network.auth.server.log)
    for _ in range(3):
        assert owner.cars(desk)
    assert len(owner.network.auth.server.log) - before == 1


# ---- lost answers and dead logins -----------------------------------------------------------------------------------------------------


def test_a_lost_answer_is_made_good_with_the_same_refresh_token(owner: NewOwner) -> None:
    owner.network.world.faults["auth"].next(1, DROP_AFTER)
    with pytest.raises(ClientError):
        read_after(owner, 9)
    assert read_after(owner, 0.1)
    assert (owner.network.tokens.rotations, owner.network.tokens.refused) == (2, 0)


def test_a_request_that_never_arrived_is_made_good_too(owner: NewOwner) -> None:
    owner.network.world.faults["auth"].next(1, DROP_BEFORE)
    with pytest.raises(ClientError):
        read_after(owner, 9)
    assert read_after(owner, 0.1)
    assert owner.network.tokens.rotations == 1


def test_the_refresh_token_before_is_tried_once_when_the_newest_is_refused(owner: NewOwner) -> None:
    assert read_after(owner, 9)
    kept = owner.held().previous
    owner.network.world.faults["auth"].next(1, LOGIN_REQUIRED)
    assert read_after(owner, 9)
    tried = [request.body.decode().rpartition("=")[2] for request in owner.network.auth.server.log if b"refresh_token=" in request.body]
    assert tried[-1] == kept
    assert owner.held().dead == ""


def test_a_dead_login_is_one_line_and_is_never_tried_again(owner: NewOwner) -> None:
    assert read_after(owner, 9)
    owner.network.tokens.revoke()
    with pytest.raises(LoginDead, match="auth tesla") as caught:
        read_after(owner, 9)
    assert caught.value.text.count("\n") == 0
    assert (owner.network.tokens.refused, owner.held().previous) == (2, "")
    asked = len(owner.network.auth.server.log), len(owner.network.fleet.server.log)
    for _ in range(3):
        with pytest.raises(LoginDead, match="has ended"):
            read_after(owner, 1)
    assert (len(owner.network.auth.server.log), len(owner.network.fleet.server.log)) == asked
    owner.special = {"already": ["y"]}
    assert owner.talk() == 0
    assert read_after(owner, 1)


def test_a_login_file_that_is_lost_asks_for_a_new_login(owner: NewOwner) -> None:
    for name in ("tesla_token.json", "tesla_token.json.prev"):
        (owner.data / name).write_text("{")
    with pytest.raises(LoginDead, match="auth tesla"):
        read_after(owner, 0)


def test_a_damaged_login_file_goes_on_with_the_version_before(owner: NewOwner) -> None:
    assert read_after(owner, 9)
    (owner.data / "tesla_token.json").write_text("{")
    assert read_after(owner, 0.1)
    assert read_after(owner, 1)
    assert owner.network.tokens.refused == 0


def test_a_disk_that_takes_nothing_uses_no_token_up(owner: NewOwner) -> None:
    owner.world.now += timedelta(hours=9)
    desk = owner.desk()
    (owner.data / ".tesla_token.json.prev.keep").mkdir(exist_ok=True)
    (owner.data / "tesla_token.json.prev").unlink(missing_ok=True)
    (owner.data / "tesla_token.json.prev").mkdir()
    try:
        with pytest.raises(StateError):
            owner.cars(desk)
        assert owner.network.tokens.rotations == 0
    finally:
        (owner.data / "tesla_token.json.prev").rmdir()
    assert owner.cars(owner.desk())


# ---- clocks ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", [1970, 2036])
def test_a_wrong_clock_loses_no_login(owner: NewOwner, year: int) -> None:
    wrong = owner.world.now.replace(year=year).astimezone(UTC) - owner.world.now
    for hours in (0, 9, 0.1, 9):
        owner.world.now += timedelta(hours=hours)
        assert owner.cars(owner.desk(later=wrong))
    assert owner.cars(owner.desk())
    assert read_after(owner, 9)
    assert (owner.network.tokens.refused, owner.held().dead) == (0, "")


# ---- at once -----------------------------------------------------------------------------------------------------------------------


def test_many_programs_and_threads_at_once_renew_once(owner: NewOwner) -> None:
    owner.world.now += timedelta(hours=7.9)
    desks = [replace(owner.desk(), sleep=time.sleep) for _ in range(3)]
    answers: list[object] = []

    def read(number: int) -> None:
        answers.append(owner.cars(desks[number % 3]))

    threads = [threading.Thread(target=read, args=(number,)) for number in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(answers), owner.network.tokens.rotations, owner.network.tokens.refused) == (9, 1, 0)


def test_a_login_that_auth_makes_meanwhile_is_used_and_not_overwritten(owner: NewOwner) -> None:
    owner.world.now += timedelta(hours=9)
    desk = owner.desk()
    assert desk.login.held() is not None
    owner.special = {"already": ["y"]}
    owner.network.tokens.revoke()
    data = (owner.data / "tesla_token.json").read_bytes()
    owner.data.joinpath("tesla_token.json").unlink()
    owner.data.joinpath("tesla_token.json.prev").unlink(missing_ok=True)
    assert owner.talk() == 0
    newest = owner.held()
    assert data
    assert owner.cars(desk)
    assert owner.held() == newest


# ---- the power is cut ----------------------------------------------------------------------------------------------------------------

# Reads lines `step now`; a child for each renews the login and is killed at that step of files and requests.
DYING = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from dataclasses import replace
import config
from cycle.desk import Desk
from clients.tesla import Tesla
from cycle.real import counted
from cycle.tesla_login import LoggedIn

env, state = Path(sys.argv[1]), Path(sys.argv[2])

def renew(die, now):
    count = 0
    def step():
        nonlocal count
        count += 1
        if count == die:
            os.kill(os.getpid(), signal.SIGKILL)
    def watched(place, name):
        real = getattr(place, name)
        def call(*args, **more):
            step()
            result = real(*args, **more)
            step()
            return result
        setattr(place, name, call)
    settings = replace(config.load(env, {}, state, root=state), logged_in=True)
    desk = Desk(settings, now, lambda _: None)
    for name in ("write", "fsync", "replace", "link", "unlink", "fchmod"):
        watched(os, name)
    watched(desk.http, "ask")
    read = LoggedIn(desk.login, lambda access: Tesla(access.url, access.token, desk.http, counted(settings, desk.spend)))
    assert read.cars()
    os._exit(min(count, 255))

for line in sys.stdin:
    die, now = line.split()
    child = os.fork()
    if not child:
        renew(int(die), datetime.fromisoformat(now))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Dying:
    def __init__(self, owner: NewOwner) -> None:
        arguments = [sys.executable, "-c", DYING, str(owner.env), str(owner.folder / "state")]
        self._process = subprocess.Popen(arguments, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def at(self, step: int, now: datetime) -> int:
        """The exit code of a renewal that is killed at `step` (0: at none; then the number of steps)."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{step} {now.isoformat()}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate(timeout=30)


def test_a_power_cut_at_any_step_of_a_rotation_never_logs_out(owner: NewOwner) -> None:
    dying = Dying(owner)
    try:
        owner.world.now += timedelta(hours=9)
        steps = dying.at(0, owner.world.now)
        assert steps > 20
        for step in range(1, steps + 1):
            owner.world.now += timedelta(hours=9)
            assert dying.at(step, owner.world.now) == -signal.SIGKILL
            assert owner.cars(owner.desk()), f"step {step}"
            assert (owner.network.tokens.refused, owner.held().dead) == (0, ""), f"step {step}"
    finally:
        dying.close()


def test_the_new_token_is_on_disk_before_it_is_used(owner: NewOwner) -> None:
    owner.world.now += timedelta(hours=9)
    seen: list[str] = []
    device = owner.network.fleet.server.device

    def watching(request: Request) -> Reply:
        bearer = request.headers["authorization"].removeprefix("Bearer ")
        seen.append("on disk" if json.loads((owner.data / Login.TESLA).read_text())["data"]["access"] == bearer else "not yet")
        return device(request)

    owner.network.fleet.server.device = watching
    try:
        assert owner.cars(owner.desk())
    finally:
        owner.network.fleet.server.device = device
    assert seen == ["on disk"]


@pytest.mark.parametrize(
    ("named", "asked", "used"),
    [
        (EUROPE, REGION_URLS[Region.NA], EUROPE),
        ("https://fleet-api.example.com", REGION_URLS[Region.NA], REGION_URLS[Region.NA]),
        ("http://fleet-api.prd.eu.vn.cloud.tesla.com", REGION_URLS[Region.NA], REGION_URLS[Region.NA]),
        (EUROPE, "http://127.0.0.1:9", "http://127.0.0.1:9"),
    ],
)
def test_the_token_goes_to_the_configured_host_or_to_the_region_that_tesla_named(
    owner: NewOwner, named: str, asked: str, used: str
) -> None:
    settings = replace(owner.desk().settings, tesla_api_url=asked, tesla_command_url=asked)
    owner.logins().change(Login.TESLA, lambda _: written(replace(owner.held(), base_url=named), settings))
    access = TeslaLogin(settings, owner.logins(), Http(), owner.world.now).access()
    assert (access.url, access.command_url) == (used, used)


def test_commands_keep_going_to_a_proxy_of_the_owners(owner: NewOwner) -> None:
    settings = replace(owner.desk().settings, tesla_command_url="http://127.0.0.1:4443")
    assert TeslaLogin(settings, owner.logins(), Http(), owner.world.now).access().command_url == "http://127.0.0.1:4443"


def test_no_way_to_tesla_says_so(owner: NewOwner) -> None:
    owner.world.now += timedelta(hours=9)
    url = owner.network.auth.url
    text = owner.env.read_text()
    owner.env.write_text(text.replace(f"TESLA_TOKEN_URL={url}", "TESLA_TOKEN_URL=http://127.0.0.1:9"))
    try:
        with pytest.raises(Unreachable):
            owner.cars(owner.desk())
    finally:
        owner.env.write_text(text)


def test_the_times_in_the_file_are_the_owners(owner: NewOwner) -> None:
    data = json.loads((owner.data / Login.TESLA).read_text())["data"]
    assert datetime.fromisoformat(data["got_at"]) == owner.world.now
    assert data["got_at"].endswith("-08:00")
