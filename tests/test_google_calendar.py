"""Google Calendar over real sockets with the real library, and the log-in with a browser that is elsewhere."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from clients.calendar_text import Left, View
from clients.google_calendar import GoogleCalendar, Key, read_key
from cycle.auth_google import converse
from cycle.auth_redirect import Listener
from cycle.auth_talk import quit_or
from cycle.desk import Desk
from errors import (
    BadAnswer,
    ClientError,
    ConfigError,
    LoginDead,
    NoAnswer,
    NotConfigured,
    Refused,
    ServerFault,
    Stopped,
    TooMany,
    Unreachable,
)
from simulator.calendar_server import DENIED_403, GONE_410, RATE_403, REVOKED, SERVICE_EMAIL, TOO_MANY_429, CalendarServer, Entry
from simulator.faults import CUT, DROP_BEFORE, GARBAGE, HANG, ILL_500, Fault, Ill
from state.logins import Login
from tests.builders import EVENING, ZONE, at, settings
from tests.fake_server import free_port

VIEW = View(EVENING - timedelta(days=1), EVENING + timedelta(days=14), ZONE)
HOUR = timedelta(hours=1)
DENTIST = Entry("Dentist", at("2026-12-09 08:00"), at("2026-12-09 09:00"), "12 Harbor Road", "bring [12 km]")


@pytest.fixture
def server() -> Iterator[CalendarServer]:
    server = CalendarServer()
    server.entries = [DENTIST]
    yield server
    server.close()


@pytest.fixture(scope="module")
def service_key() -> Iterator[CalendarServer]:
    """Making a key takes a tenth of a second: one server that makes it."""
    server = CalendarServer()
    server.service_account()
    yield server
    server.close()


def login(server: CalendarServer, refresh: str = "simulated-refresh") -> GoogleCalendar:
    info = {"client_id": "simulated-client", "client_secret": "simulated-secret", "refresh_token": refresh}
    return GoogleCalendar(server.url, server.token_url, Key(info))


def test_a_service_account_reads_the_calendar_that_was_shared_with_it(service_key: CalendarServer, tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text(service_key.service_account())
    key = read_key(tmp_path / "key.json")
    service_key.entries = [DENTIST]
    client = GoogleCalendar(service_key.url, service_key.token_url, key)
    (found,) = client.events("owner@example.com", "family", VIEW)
    assert (found.calendar, found.title, found.place, found.note) == ("family", "Dentist", "12 Harbor Road", "bring [12 km]")
    assert (found.start, found.end) == (at("2026-12-09 08:00"), at("2026-12-09 09:00"))
    with pytest.raises(Refused, match=SERVICE_EMAIL):
        client.events("somebody.else@example.com", "other", VIEW)


def test_all_pages_are_read_and_what_is_no_drive_is_left_out(server: CalendarServer) -> None:
    server.page_size = 3
    server.entries = [
        replace(DENTIST, title=f"{hour}", start=DENTIST.start + hour * HOUR, end=DENTIST.end + hour * HOUR) for hour in range(8)
    ]
    server.entries += [
        replace(DENTIST, title="cancelled", status="cancelled"),
        replace(DENTIST, title="declined", answer="declined"),
        replace(DENTIST, title="birthday", kind="birthday"),
        replace(DENTIST, title="tentative", answer="tentative"),
        replace(DENTIST, title="free", free=True),
        Entry("trip", at("2026-12-12 00:00"), at("2026-12-14 00:00"), "Tahoe", all_day=True),
    ]
    found = {event.title: event for event in login(server).events("primary", "mine", VIEW)}
    assert set(found) == {*map(str, range(8)), "tentative", "free", "trip"}
    assert (found["trip"].start, found["trip"].end, found["trip"].all_day) == (at("2026-12-12 00:00"), at("2026-12-14 00:00"), True)
    assert server.asked("/events") == 5
    assert "free" not in {event.title for event in login(server).events("primary", "mine", replace(VIEW, free=False))}


def test_an_event_that_cannot_be_read_hides_no_other_and_is_told(server: CalendarServer) -> None:
    left = Left()
    rows = {"items": [{"summary": "no time"}, {"summary": "good", "start": {"date": "2026-12-10"}, "end": {"date": "2026-12-11"}}]}
    server.server.faults.next(1, Fault(Ill.STATUS, 200, json.dumps(rows)), path="/events")
    assert [one.title for one in login(server).events("primary", "mine", VIEW, left)] == ["good"]
    assert (left.odd, left.beyond) == ({"no time": "no time"}, False)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (DENIED_403, Refused),
        (RATE_403, TooMany),
        (TOO_MANY_429, TooMany),
        (GONE_410, Refused),
        (ILL_500, ServerFault),
        (Fault(Ill.STATUS, 302, "", {"Location": "http://127.0.0.1:9/"}), ClientError),
        (HANG, NoAnswer),
        (DROP_BEFORE, NoAnswer),
        (CUT, ClientError),
        (GARBAGE, BadAnswer),
        (Fault(Ill.STATUS, 200, "[]"), BadAnswer),
        (Fault(Ill.STATUS, 200, '{"items": [5]}'), BadAnswer),
        (Fault(Ill.STATUS, 200, '{"items": [{"summary": "no time"}]}'), BadAnswer),
    ],
)
def test_what_goes_wrong_is_an_error_of_ours_without_a_secret(server: CalendarServer, fault: Fault, error: type[ClientError]) -> None:
    server.server.faults.next(5, fault, path="/events")
    with pytest.raises(error) as caught:
        replace(login(server), wait_s=0.3).events("primary", "mine", VIEW)
    assert "simulated-" not in caught.value.text
    assert server.asked("/events") <= 3


def test_a_token_follows_no_redirect_to_another_server(server: CalendarServer) -> None:
    other = CalendarServer()
    try:
        for path in ("/events", "/token"):
            server.server.faults.next(
                1, Fault(Ill.STATUS, 302, "{}", {"Location": f"{other.url}/calendar/v3/calendars/primary/events"}), path=path
            )
            with pytest.raises(BadAnswer):
                login(server).events("primary", "mine", VIEW)
        assert not other.server.log
    finally:
        other.close()


def test_a_refusal_is_not_written_to_stderr_by_the_library(server: CalendarServer, caplog: pytest.LogCaptureFixture) -> None:
    server.server.faults.next(1, RATE_403, path="/events")
    with pytest.raises(TooMany):
        login(server).events("primary", "mine", VIEW)
    assert not caplog.records


def test_a_rate_limit_says_how_long_to_wait(server: CalendarServer) -> None:
    server.server.faults.next(1, TOO_MANY_429, path="/events")
    with pytest.raises(TooMany) as caught:
        login(server).events("primary", "mine", VIEW)
    assert caught.value.retry_after_s == 3600


def test_a_login_that_was_taken_back_says_how_to_log_in_again(server: CalendarServer) -> None:
    server.server.faults.next(1, REVOKED, path="/token")
    with pytest.raises(LoginDead, match=r"auth google.*7 days"):
        login(server).events("primary", "mine", VIEW)
    with pytest.raises(LoginDead):
        login(server, "stolen").events("primary", "mine", VIEW)
    assert not server.asked("/events")


def test_nobody_there_and_clear_text_are_told_apart(server: CalendarServer) -> None:
    here = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unreachable):
        replace(login(server), url=here).events("primary", "mine", VIEW)
    with pytest.raises(NotConfigured, match="https"):
        replace(login(server), token_url="http://192.0.2.1/token").events("primary", "mine", VIEW)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "does not exist"),
        ("{", "cannot be read"),
        ("[]", "neither"),
        ('{"web": {"client_id": "x", "client_secret": "hush"}}', "Desktop app"),
        ('{"type": "service_account", "client_email": "a@b"}', "neither"),
        ('{"type": "service_account", "client_email": "a@b", "private_key": ["hush"]}', "neither"),
        ('{"installed": {"client_id": 5, "client_secret": "hush"}}', "neither"),
        ('{"type": "authorized_user", "client_id": "x", "client_secret": "hush", "refresh_token": "hush"}', "neither"),
    ],
)
def test_a_wrong_key_file_says_what_to_do(tmp_path: Path, text: str | None, words: str) -> None:
    if text is not None:
        (tmp_path / "key.json").write_text(text)
    with pytest.raises(NotConfigured, match=words) as caught:
        read_key(tmp_path / "key.json")
    assert "hush" not in caught.value.text


def test_a_damaged_private_key_is_not_repeated(server: CalendarServer) -> None:
    key = Key({"type": "service_account", "client_email": "a@b", "private_key": "hush", "token_uri": "x"})
    with pytest.raises(NotConfigured) as caught:
        GoogleCalendar(server.url, server.token_url, key).events("x@y", "mine", VIEW)
    assert "hush" not in caught.value.text


# ---- the log-in -----------------------------------------------------------------------------------------------------------------


@dataclass
class Owner:
    """Opens the address that he is shown and allows it. `way`: pastes what the browser ends at, comes by the loopback port, or denies."""

    server: CalendarServer
    way: str = "paste"
    said: str = ""
    first: list[str] = field(default_factory=list)  # what he types at the first questions

    def say(self, text: str) -> None:
        self.said += f"{text}\n"

    def ask(self, question: str) -> str:
        self.say(question)
        if self.first:
            return quit_or(self.first.pop(0))
        if "Paste" not in question:
            return "y"
        if self.way == "browser":
            threading.Thread(target=lambda: self._browse(self._end()), daemon=True).start()
            return ""
        return self._end()

    def ask_secret(self, question: str) -> str:
        raise AssertionError(question)

    def _end(self) -> str:
        address = next(line for line in reversed(self.said.splitlines()) if line.startswith("https://accounts.google.com/"))
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert query["access_type"] == "offline"
        answer = {"state": query["state"], "code": self.server.allow(query["code_challenge"])}
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def _browse(self, address: str) -> None:
        for _ in range(100):
            try:
                requests.get(address.replace("localhost", "127.0.0.1"), timeout=2)
                return
            except requests.ConnectionError:
                continue


def desk_at(folder: Path, server: CalendarServer, credentials: str | None) -> Desk:
    options = {"GOOGLE_TOKEN_URL": server.token_url, "GOOGLE_CALENDAR_URL": server.url, "STATE_DIR": str(folder / "data")}
    if credentials is not None:
        (folder / "client.json").write_text(credentials)
        options["GOOGLE_CREDENTIALS"] = str(folder / "client.json")
    return Desk(settings(**options), EVENING, lambda _: None)


def nonce() -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"nonce-{number:060d}"


@pytest.mark.parametrize("way", ["paste", "browser"])
def test_the_log_in_is_kept_before_it_is_used_and_reads_the_calendar(server: CalendarServer, tmp_path: Path, way: str) -> None:
    desk, owner, words = desk_at(tmp_path, server, server.desktop_client()), Owner(server, way), nonce()
    assert converse(desk, owner, lambda: next(words), free_port()) == 0
    kept = desk.logins.load(Login.GOOGLE)
    assert kept is not None
    assert (tmp_path / "data" / Login.GOOGLE).stat().st_mode & 0o777 == 0o600
    assert GoogleCalendar(server.url, server.token_url, Key(kept)).events("primary", "mine", VIEW)
    assert owner.said.index("7 DAYS") < owner.said.index("https://accounts")
    assert "ssh -L" in owner.said
    assert "simulated-secret" not in owner.said
    assert "simulated-refresh" not in owner.said


def test_an_address_of_another_log_in_is_refused_and_a_right_one_then_taken(server: CalendarServer, tmp_path: Path) -> None:
    desk, words = desk_at(tmp_path, server, server.desktop_client()), nonce()
    owner = Owner(server, first=["y", "http://localhost:1/?state=other&code=4/stolen"])
    assert converse(desk, owner, lambda: next(words), free_port()) == 0
    assert "another log-in" in owner.said
    assert "Tesla" not in owner.said


def test_a_log_in_that_is_broken_off_or_denied_saves_nothing(server: CalendarServer, tmp_path: Path) -> None:
    desk, words = desk_at(tmp_path, server, server.desktop_client()), nonce()
    for typed in (["q"], ["y", "http://localhost:1/?error=access_denied", "n"]):
        with pytest.raises(Stopped, match="auth google"):
            converse(desk, Owner(server, first=typed), lambda: next(words), free_port())
    server.server.faults.next(1, ILL_500, path="/token")
    owner = Owner(server)
    assert converse(desk, owner, lambda: next(words), free_port()) == 0
    assert "That did not work" in owner.said


def test_a_taken_port_leaves_the_pasted_way(server: CalendarServer, tmp_path: Path) -> None:
    desk, words = desk_at(tmp_path, server, server.desktop_client()), nonce()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        owner = Owner(server, first=["y", ""])
        assert converse(desk, owner, lambda: next(words), taken.getsockname()[1]) == 0
    assert "paste the address instead" in owner.said
    assert owner.said.count("https://accounts.google.com/") == 1, "the address that he has opened is still good"


@pytest.mark.parametrize(("query", "status", "words"), [
    ("code=4/x&state=y", 200, "the terminal: it says whether"), ("error=access_denied&state=y", 200, "was not allowed"),
    ("", 404, "nothing here"),
])  # fmt: skip
def test_the_browser_is_told_what_came_of_it(query: str, status: int, words: str) -> None:
    port, shown = free_port(), list[requests.Response]()

    def browse() -> None:
        for _ in range(500):
            with contextlib.suppress(OSError):  # nobody listens yet
                with socket.create_connection(("127.0.0.1", port)):  # opened in advance, says nothing
                    shown.append(requests.get(f"http://127.0.0.1:{port}/?{query}", timeout=20))
                if not query:  # then it is still waited for
                    requests.get(f"http://127.0.0.1:{port}/?state=y", timeout=20)
                return

    browser = threading.Thread(target=browse)
    browser.start()
    with contextlib.suppress(BadAnswer):
        Listener(port).wait(30)
    browser.join(5)
    assert (shown[0].status_code, words in shown[0].text) == (status, True)
    assert "Logged in" not in shown[0].text


def test_when_no_browser_comes_the_waiting_ends_once() -> None:
    with pytest.raises(BadAnswer, match="paste the address instead"):
        Listener(free_port()).wait(0.05)


def test_a_service_account_needs_no_log_in_and_no_file_is_said(service_key: CalendarServer, tmp_path: Path) -> None:
    owner = Owner(service_key)
    assert converse(desk_at(tmp_path, service_key, service_key.service_account()), owner, str, free_port()) == 0
    assert SERVICE_EMAIL in owner.said
    with pytest.raises(ConfigError, match="ICAL_URLS"):
        converse(desk_at(tmp_path, service_key, None), owner, str, free_port())
    with pytest.raises(ConfigError, match="Desktop app"):
        converse(desk_at(tmp_path, service_key, json.dumps({"web": {}})), owner, str, free_port())
    cut = json.dumps({**json.loads(service_key.service_account()), "private_key": "hush"})
    with pytest.raises(ConfigError, match="no usable private key"):
        converse(desk_at(tmp_path, service_key, cut), owner, str, free_port())
