"""`scheduler.py auth tesla` as its owner meets it: a process on a real terminal, from nothing to a paired car, with all that goes wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect  # type: ignore[import-untyped]
import pytest

from simulator.fleet import Fleet
from simulator.tesla_auth_server import Ill, Partner
from tests.auth_house import NewOwner, browser, new_owner
from tests.process import PROGRAM, Cold, Ended

LONGEST_S = 20


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[NewOwner]:
    with new_owner(tmp_path) as found:
        found.write_env()
        yield found


class Screen:
    """A terminal with the program in it. `seen`: all that was shown."""

    def __init__(self, owner: NewOwner, *options: str) -> None:
        arguments = ["--env", str(owner.env), "--state", str(owner.folder / "state"), "--now", owner.world.now.isoformat()]
        environment = {"PATH": os.environ["PATH"], "TERM": "xterm", "LANG": "C.UTF-8", "PYTHONUTF8": "1"}
        self.child = pexpect.spawn(
            sys.executable,
            [str(PROGRAM), *arguments, "auth", "tesla", *options],
            env=environment,
            encoding="utf-8",
            codec_errors="replace",  # bytes that a test types come back as an echo
            timeout=LONGEST_S,
            dimensions=(50, 400),
        )
        self.child.delaybeforesend = 0.02
        self.seen = ""

    def type(self, question: str, answer: str) -> None:
        """Waits for the question, then types."""
        self.wait(question)
        self.child.sendline(answer)

    def wait(self, words: str) -> None:
        self.child.expect_exact(words)
        self.seen += f"{self.child.before}{words}"

    def end(self) -> int:
        self.child.expect(pexpect.EOF)
        self.seen += str(self.child.before)
        self.child.close()
        assert "Traceback" not in self.seen, self.seen
        return int(self.child.exitstatus if self.child.exitstatus is not None else -(self.child.signalstatus or 0))


def once(owner: NewOwner, *command: str) -> Ended:
    runner = Cold()
    where = ["--env", str(owner.env), "--state", str(owner.folder / "state"), "--now", owner.world.now.isoformat()]
    runner.begin(*where, *command)
    return runner.end()


def introduced(owner: NewOwner) -> Screen:
    screen = Screen(owner)
    screen.type("Host name of your key", owner.network.keyhost.domain)
    screen.type("Client ID of the app:", owner.network.tokens.client_id)
    screen.type("Client secret of the app: (not shown)", owner.network.tokens.secret)
    screen.wait("Press Enter when the files are there")
    return screen


def test_an_owner_without_a_browser_comes_from_nothing_to_a_paired_car(owner: NewOwner) -> None:
    """404, redirect and web page at the key host; wrong pastes; a box not ticked; the wrong region, mended in .env and resumed; then the
    first cycle, a login that is revoked, one line about it, and a new log-in."""
    europe = Fleet(owner.world, partner=Partner(owner.network.tokens, "eu", owner.network.keyhost.key))
    try:
        owner.network.tokens.urls["eu"], owner.network.tokens.home = europe.url, "eu"
        owner.network.tokens.granted.discard("vehicle_location")
        first = introduced(owner)
        _key_host(owner, first)
        _pastes(owner, first)
        first.wait("TESLA_API_URL in .env names the wrong region")
        assert first.end() == 1
        owner.changes["TESLA_API_URL"] = europe.url
        owner.write_env()
        second = Screen(owner, "--resume")
        second.type("Write them into this file now? [Y/n]", "perhaps")
        second.type("Write them into this file now? [Y/n]", "")
        second.wait(f"https://tesla.com/_ak/{owner.network.keyhost.domain}")
        second.type("Press Enter when the phone says it is done", "")
        second.wait("does not hold the key yet")
        second.wait("Press Enter when the phone says it is done")
        second.child.sendline(owner.phone())
        second.wait("All is done.")
        assert second.end() == 0
        assert "Host name" not in second.seen
        assert "Open this address" not in second.seen
        for secret in (owner.network.tokens.secret, owner.held().access, owner.held().refresh):
            assert secret not in first.seen + second.seen
        _cycles(owner)
    finally:
        europe.close()


def _key_host(owner: NewOwner, screen: Screen) -> None:
    screen.type("(q: go on later).", "")
    screen.wait("is not there (404)")
    owner.upload()
    for ill, words in ((Ill.REDIRECT, "Tesla follows no redirect"), (Ill.HTML, "comes a web page")):
        owner.network.keyhost.ill = ill
        screen.type("Press Enter to try again", "")
        screen.wait(words)
    owner.network.keyhost.ill = None
    screen.type("Press Enter to try again", "")
    screen.wait("it is the right one")


def _pastes(owner: NewOwner, screen: Screen) -> None:
    for typed, words in (
        ("hello", "That is no address"),
        ("NA_0123456789abcdef0123456789", "the code alone"),
        ("https://yourname.github.io/?code=abc&state=other", "another log-in"),
        ("https://yourname.github.io/?error=access_denied", "access_denied"),
    ):
        screen.type("Paste the whole address here:", typed)
        screen.wait(words)
    screen.wait("Paste the whole address here:")
    screen.child.sendline(browser(screen.seen))
    screen.wait("The box for vehicle_location was not ticked")
    owner.network.tokens.granted.add("vehicle_location")
    screen.type("Log in once more, with all boxes ticked? [Y/n]", "y")
    screen.wait("Paste the whole address here:")
    screen.child.sendline(browser(screen.seen))
    screen.wait("Logged in.")


def _cycles(owner: NewOwner) -> None:
    """A house with nothing but `auth tesla` done works; the end of a login is one line, exit 1, and then silence."""
    vehicles = once(owner, "vehicles")
    assert (vehicles.code, "Blue" in vehicles.out) == (0, True), vehicles
    check = once(owner, "check")
    assert "ok      tesla login: renewed" in check.out, check
    assert "can be read by others" not in check.out
    assert once(owner, "run").fine().out == ""
    owner.network.tokens.revoke()
    owner.world.now = owner.world.now.replace(hour=(owner.world.now.hour + 1) % 24)
    dead = once(owner, "run")
    assert (dead.code, dead.err.count("auth tesla")) == (1, 1), dead
    asked = len(owner.network.auth.server.log)
    again = once(owner, "run")
    assert (again.code, again.err, len(owner.network.auth.server.log)) == (1, "", asked), again
    assert "has ended" in once(owner, "status").out
    (owner.data / "tesla_key.pem").chmod(0o644)
    told = once(owner, "check").out
    assert "FAILED  tesla login has ended" in told
    assert "ok      tesla login" not in told
    assert f"chmod 600 {owner.data / 'tesla_key.pem'}" in told
    third = Screen(owner, "--resume")
    third.type("Client secret of the app: (not shown)", owner.network.tokens.secret)
    third.wait("Paste the whole address here:")
    third.child.sendline(browser(third.seen))
    third.wait("All is done.")
    assert third.end() == 0
    assert "All problems are gone." in once(owner, "run").err


def test_an_unreachable_key_host_is_left_for_later_and_ctrl_c_is_no_accident(owner: NewOwner) -> None:
    owner.changes["TESLA_KEY_URL"] = "http://127.0.0.1:9"
    owner.write_env()
    first = introduced(owner)
    first.type("(q: go on later).", "")
    first.wait("cannot be reached")
    first.type("Press Enter to try again", "q")
    first.wait("scheduler.py auth tesla --resume")
    assert first.end() == 1
    second = Screen(owner, "--resume")
    second.wait("Press Enter when the files are there")
    second.child.sendintr()
    assert second.end() == 130
    assert "Client" not in second.seen


def test_without_a_terminal_it_says_what_to_do(owner: NewOwner) -> None:
    ended = once(owner, "auth", "tesla")
    assert (ended.code, ended.out) == (2, "")
    assert "run it in a terminal" in ended.err


def test_a_made_up_time_is_for_simulated_houses_only(owner: NewOwner) -> None:
    owner.changes["TESLA_TOKEN_URL"] = None
    owner.write_env()
    ended = once(owner, "auth", "tesla")
    assert (ended.code, "not on this machine" in ended.err) == (2, True)
