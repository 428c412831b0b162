"""Google Calendar as its owner meets it on a Pi without a screen: `scheduler.py auth google` on a real terminal, and what a login that ends
looks like afterwards. The far end is on loopback sockets."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pexpect  # type: ignore[import-untyped]
import pytest

from cycle.auth_google import PORT
from simulator.calendar_server import SERVICE_EMAIL, CalendarServer, Entry
from simulator.faults import ILL_500
from simulator.notify_server import NotifyServer
from simulator.server import Reply, Request
from tests.process import EVENING, PROGRAM, Home, Warm, home, kill

HOUR = timedelta(hours=1)
ASKS = "or press Enter to wait for the browser:"
NOTHING = "Nothing was saved."
SECRETS = ("simulated-secret", "simulated-refresh", "simulated-access", "4/code", "PRIVATE KEY")


@pytest.fixture
def place(tmp_path: Path, warm: Warm) -> Iterator[Home]:
    """A drive tomorrow in the owner's Google calendar, and an OAuth client that nobody has logged in with yet."""
    with home(tmp_path, warm) as found:
        calendar = found.network.calendar
        calendar.entries = [Entry("Dentist", EVENING + 15 * HOUR, EVENING + 16 * HOUR, "Bay Town", "[130 km]")]
        found.changes |= {"ICAL_URLS": None, "GOOGLE_TOKEN_URL": calendar.token_url, "GOOGLE_CALENDAR_URL": calendar.url}
        found.changes |= {"CAR_SAFETY_SCHEDULE": "off", "READY_SOC": "50"}
        credentials(found, calendar.desktop_client())
        yield found


def credentials(place: Home, text: str) -> None:
    path = place.folder / "credentials.json"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    place.changes["GOOGLE_CREDENTIALS"] = str(path)


class Screen:
    """A terminal with `auth google` in it. `seen`: all that was shown."""

    def __init__(self, place: Home) -> None:
        self.place = place
        self.child = pexpect.spawn(
            sys.executable,
            [str(PROGRAM), *place.arguments("auth", "google")],
            env={"PATH": os.environ["PATH"], "TERM": "xterm", "LANG": "C.UTF-8"},
            encoding="utf-8",
            timeout=20,
            dimensions=(50, 400),
        )
        self.child.delaybeforesend = 0.02
        self.seen = ""

    def wait(self, words: str) -> None:
        self.child.expect_exact(words)
        self.seen += f"{self.child.before}{words}"

    def type(self, question: str, answer: str) -> None:
        self.wait(question)
        self.child.sendline(answer)

    def end(self) -> int:
        self.child.expect(pexpect.EOF)
        self.seen += str(self.child.before)
        self.child.close()
        assert "Traceback" not in self.seen, self.seen
        shown = self.seen.replace("4/code-other", "")
        assert not [secret for secret in SECRETS[:3] if secret in shown]
        return int(self.child.exitstatus if self.child.exitstatus is not None else -(self.child.signalstatus or 0))

    def address(self) -> str:
        """Where the browser ends when the owner has allowed it: of the newest address that was shown."""
        shown = re.findall(r"https://accounts\.google\.com/\S+", self.seen)[-1]
        query = {name: values[0] for name, values in parse_qs(urlsplit(shown).query).items()}
        answer = {"state": query["state"], "code": self.place.network.calendar.allow(query["code_challenge"])}
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def allow(self) -> None:
        self.wait(ASKS)
        self.child.sendline(self.address())


def token(place: Home) -> Path:
    return place.data / "google_token.json"


def begun(place: Home) -> Screen:
    screen = Screen(place)
    screen.type("Go on with the log-in? [Y/n]", "")
    return screen


def log_in(place: Home) -> Screen:
    screen = begun(place)
    screen.allow()
    screen.wait("Logged in. Next:  scheduler.py check")
    assert screen.end() == 0
    return screen


def line(text: str, words: str) -> str:
    return next((row for row in text.splitlines() if words in row), "")


def test_from_no_login_to_a_drive_that_counts_with_all_that_is_typed_wrong_on_the_way(place: Home) -> None:
    before = place.do("run")
    assert (before.code, before.err.count("\n"), "scheduler.py auth google" in before.err) == (0, 1, True)
    assert place.do("check").code == 1
    screen = begun(place)
    for typed, words in (
        ("hello", "That is no address"),
        ("http://localhost:8085/?state=other&code=4/code-other", "another log-in"),
        ("http://localhost:8085/?error=access_denied", "Google did not let the app in: access_denied"),
    ):
        screen.type(ASKS, typed)
        screen.wait(words)
    screen.type("Try again? [Y/n]", "")
    screen.allow()
    assert screen.end() == 0
    assert screen.seen.index("7 DAYS") < screen.seen.index("Go on with")
    assert f"ssh -L {PORT}:localhost:{PORT}" in screen.seen
    assert "Tesla" not in screen.seen
    assert token(place).stat().st_mode & 0o777 == 0o600
    assert line(place.do("check").out, "calendar primary").startswith("ok ")
    assert place.later(5).do("run").err == "All problems are gone.\n"
    assert "NEED_TRIP" in json.dumps(place.decision())


@pytest.mark.parametrize("at", ["Go on with the log-in? [Y/n]", ASKS, "Try again? [Y/n]"])
@pytest.mark.parametrize(("key", "code"), [("ctrl-c", 130), ("ctrl-d", 1), ("q", 1)])
def test_whoever_ends_it_at_any_question_is_told_that_nothing_was_saved(at: str, key: str, code: int, place: Home) -> None:
    screen = Screen(place)
    if "Go on" not in at:
        screen.type("Go on with the log-in? [Y/n]", "y")
    if "Try" in at:
        screen.type(ASKS, "http://localhost:8085/?error=access_denied")
    screen.wait(at)
    {"ctrl-c": screen.child.sendintr, "ctrl-d": screen.child.sendeof, "q": lambda: screen.child.sendline("q")}[key]()
    screen.wait(NOTHING)
    assert screen.end() == code
    assert not token(place).exists()


def test_waiting_for_a_browser_that_never_comes_ends_with_ctrl_c_and_the_address_is_still_good(place: Home) -> None:
    screen = begun(place)
    screen.type(ASKS, "")
    screen.wait("up to 10 minutes")
    screen.child.sendintr()
    screen.allow()
    screen.wait("Logged in.")
    assert screen.end() == 0
    assert screen.seen.count("https://accounts.google.com/") == 1


def test_a_taken_port_leaves_the_pasted_way_with_the_same_address(place: Home) -> None:
    with socket.socket() as taken:
        with suppress(OSError):  # taken by somebody else: as good
            taken.bind(("127.0.0.1", PORT))
            taken.listen()
        screen = begun(place)
        screen.type(ASKS, "")
        screen.wait(f"Port {PORT} is taken on this machine: paste the address instead.")
        screen.allow()
        screen.wait("Logged in.")
    assert screen.end() == 0
    assert screen.seen.count("https://accounts.google.com/") == 1


@pytest.mark.parametrize(("fault", "words"), [(ILL_500, "answered 500"), (None, "answered 400")])
def test_a_code_that_google_does_not_take_is_said_and_tried_again(fault: object, words: str, place: Home) -> None:
    screen = begun(place)
    screen.wait(ASKS)
    address = screen.address()
    if fault is None:
        place.network.calendar.codes.clear()
    else:
        place.world.faults["calendar"].next(1, ILL_500, path="/token")
    screen.child.sendline(address)
    screen.wait(words)
    screen.type("Try again? [Y/n]", "y")
    screen.allow()
    assert screen.end() == 0


class Killer:
    """Ends `process` when Google's token is asked for: before it answers, or just after."""

    def __init__(self, calendar: CalendarServer, process: int, after: bool) -> None:
        self.device, self.process, self.after = calendar.server.device, process, after
        calendar.server.device = self

    def __call__(self, request: Request) -> Reply:
        if not self.after:
            kill(self.process, signal.SIGKILL)
        answer = self.device(request)
        kill(self.process, signal.SIGKILL)
        return answer


@pytest.mark.parametrize("after", [False, True])
def test_killed_in_the_middle_the_login_before_it_still_stands_and_no_file_is_open_to_others(after: bool, place: Home) -> None:
    log_in(place)
    kept, device = token(place).read_bytes(), place.network.calendar.server.device
    screen = begun(place)
    screen.wait(ASKS)
    Killer(place.network.calendar, screen.child.pid, after)
    screen.child.sendline(screen.address())
    assert screen.end() == -signal.SIGKILL
    place.network.calendar.server.device = device
    assert token(place).read_bytes() == kept
    assert not [path for path in place.data.glob("*google_token*") if not path.name.endswith(".lock") and path.stat().st_mode & 0o077]
    assert line(place.do("check").out, "calendar primary").startswith("ok ")


def test_a_login_that_ends_is_one_line_once_and_a_notice_and_the_last_events_go_on_until_a_new_log_in(place: Home) -> None:
    with NotifyServer() as owner:
        place.changes["NOTIFY_URL"] = owner.ntfy
        log_in(place)
        place.do("run").fine()
        place.network.calendar.refresh_tokens.clear()  # taken back, or seven days old
        asked = place.network.calendar.asked("/token")
        told = [place.later(minutes).do("run") for minutes in (35, *(5,) * 5, 60, 60)]
        assert [ended.code for ended in told] == [0] * 8
        assert [ended.err.count("\n") for ended in told] == [1] + [0] * 7, [ended.err for ended in told]
        assert all(words in told[0].err for words in ("scheduler.py auth google", "7 days", "publish it", "goes on"))
        assert place.network.calendar.asked("/token") - asked <= 2
        assert "NEED_TRIP" in json.dumps(place.decision())
        assert sum("auth google" in str(note) for note in owner.notes) == 1
    assert "auth google" in place.do("status").fine_code().out
    check = place.do("check")
    assert (check.code, line(check.out, "calendar primary")[:6]) == (1, "FAILED")
    place.network.calendar.refresh_tokens.add("simulated-refresh")
    log_in(place)
    assert line(place.do("check").out, "calendar primary").startswith("ok ")
    assert "All problems are gone." in place.later(5).do("run").err


def test_a_token_file_that_is_damaged_is_said_with_what_to_do(place: Home) -> None:
    log_in(place)
    token(place).write_bytes(b"")
    ended = place.do("run")
    assert (ended.code, "google_token.json is lost" in ended.err, "log in again" in ended.err) == (0, True, True), ended
    log_in(place)
    place.do("run").fine_code()
    assert "NEED_TRIP" in json.dumps(place.decision())


def test_a_service_account_is_told_whom_to_share_with_and_reads_once_it_is(place: Home) -> None:
    credentials(place, place.network.calendar.service_account())
    place.changes["GOOGLE_CALENDARS"] = "mum@example.com"
    screen = Screen(place)
    assert screen.end() == 0
    assert SERVICE_EMAIL in screen.seen
    check = place.do("check")
    assert (check.code, SERVICE_EMAIL in line(check.out, "FAILED  calendar")) == (1, True)
    place.network.calendar.calendars.add("mum@example.com")
    assert line(place.do("check").out, "calendar mum@example.com").startswith("ok ")
    place.do("run").fine()
    assert "NEED_TRIP" in json.dumps(place.decision())
    written = b"".join(body for name, body in place.files().items() if not name.startswith("data/google_token"))
    assert not [secret for secret in SECRETS if secret.encode() in written]


@pytest.mark.parametrize(("text", "words"), [
    (None, "does not exist"), ("AIzaSyA-key", "cannot be read"), ('{"web": {}}', "Desktop app"), ('{"type": "authorized_user"}', "neither"),
    ('{"type": "service_account", "client_email": "a@b", "private_key": "-----BEGIN PRIVATE KEY-----hush"}', "no usable private key"),
])  # fmt: skip
def test_a_file_that_is_not_there_or_of_another_kind_is_exit_2_with_what_to_do(text: str | None, words: str, place: Home) -> None:
    credentials(place, text or "")
    if text is None:
        Path(str(place.changes["GOOGLE_CREDENTIALS"])).unlink()
    screen = Screen(place)
    assert (screen.end(), words in screen.seen, "hush" in screen.seen) == (2, True, False)
    ended = place.do("run")
    assert (ended.code, "calendar primary: " in ended.err, "hush" in ended.err) == (0, True, False)
