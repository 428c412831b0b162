"""Calendars through the cache: what is asked how often, what a dead one leaves, whose car a calendar is for."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from clients.http import Http
from config import load
from cycle.calendars import Calendars, Reading, calendar_events, unknown_cars
from cycle.check_calendar import calendar_lines, drive_lines
from cycle.explain import explain
from cycle.health import source_states
from errors import ClientError, ConfigError, LoginDead, Refused, TooMany
from model import CarStatus, CarView, Missing, Place, Sure, Trip
from simulator.calendar_server import REVOKED, TOO_MANY_429, CalendarServer, Entry
from simulator.faults import GARBAGE, ILL_500, Fault, Ill
from simulator.house import HOME
from simulator.houses import plain_house
from simulator.network import Network
from state.cache import Cache
from state.files import Stamp
from state.logins import Login, Logins
from tests.builders import EVENING, VIN, VIN_2, ZONE, at, decided, settings, snapshot
from tests.process import ROOT, Home

DENTIST = Entry("Dentist", at("2026-12-09 08:00"), at("2026-12-09 09:00"), "12 Harbor Road")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def server() -> Iterator[CalendarServer]:
    server = CalendarServer()
    server.entries = [DENTIST]
    yield server
    server.close()


def no_wait(_: float) -> None:
    """Nobody else holds a lock here."""


def calendars(folder: Path, http: Http, now: datetime = EVENING, **options: str) -> Calendars:
    stamp = Stamp(now, "scheduler", ZONE)
    return Calendars(settings(**options), Cache(folder / "cache", stamp, no_wait), http, Logins(folder, stamp, no_wait), now)


def read(all_of_them: Calendars) -> Reading:
    (task,) = all_of_them.tasks().values()
    reading = task()
    assert isinstance(reading, Reading)
    return reading


def car(vin: str, name: str) -> CarView:
    gone = Missing("test", "not read")
    return CarView(vin, name, CarStatus(vin, name, True, False), gone)


def test_a_calendar_is_asked_twice_an_hour_whatever_cron_does(server: CalendarServer, http: Http, tmp_path: Path) -> None:
    for minutes in range(0, 120, 5):
        reading = read(calendars(tmp_path, http, EVENING + minutes * MINUTE, ICAL_URLS=server.ical))
        assert [event.title for event in reading.events] == ["Dentist"]
        assert not reading.problem
    assert server.asked("basic.ics") == 4


@pytest.mark.parametrize("fault", [ILL_500, GARBAGE, Fault(Ill.STATUS, 404, "gone")])
def test_a_dead_calendar_keeps_its_last_events_and_says_so(server: CalendarServer, http: Http, tmp_path: Path, fault: Fault) -> None:
    fresh = read(calendars(tmp_path, http, ICAL_URLS=server.ical))
    server.server.faults.next(999, fault)
    later = EVENING + 40 * MINUTE
    aged = read(calendars(tmp_path, http, later, ICAL_URLS=server.ical))
    assert aged.events == fresh.events
    assert aged.problem
    (state,) = source_states({"calendar 1": aged}, {}, later, ZONE)
    assert (state.ok, state.age_s) == (False, 2400.0)
    assert "What was read 2026-12-08 18:10 goes on" in state.why
    assert "5ec4e7" not in state.why


def test_after_a_failure_a_calendar_is_left_alone_for_a_while(server: CalendarServer, http: Http, tmp_path: Path) -> None:
    read(calendars(tmp_path, http, ICAL_URLS=server.ical))
    server.server.faults.next(999, TOO_MANY_429)  # which asks for an hour
    for minutes in range(30, 90, 5):
        assert "429" in read(calendars(tmp_path, http, EVENING + minutes * MINUTE, ICAL_URLS=server.ical)).problem
    assert server.asked("basic.ics") == 2
    server.server.faults.clear()
    assert not read(calendars(tmp_path, http, EVENING + 95 * MINUTE, ICAL_URLS=server.ical)).problem


def test_the_owner_who_asks_by_hand_is_not_told_to_wait(server: CalendarServer, http: Http, tmp_path: Path) -> None:
    server.server.faults.next(1, TOO_MANY_429)
    ours = calendars(tmp_path, http, ICAL_URLS=server.ical)
    with pytest.raises(TooMany):
        read(ours)
    with pytest.raises(ClientError, match="429"):
        read(ours)
    ours.ask_again()
    assert read(ours).events


def test_a_year_old_cache_or_one_from_the_future_is_not_believed(server: CalendarServer, http: Http, tmp_path: Path) -> None:
    for then in (EVENING - timedelta(days=365), EVENING + timedelta(days=2)):
        read(calendars(tmp_path, http, then, ICAL_URLS=server.ical))
        server.server.faults.next(1, Fault(Ill.STATUS, 404, "gone"))
        with pytest.raises(ClientError):
            read(calendars(tmp_path, http, ICAL_URLS=server.ical))
        calendars(tmp_path, http, ICAL_URLS=server.ical).ask_again()


def test_a_damaged_cache_is_fetched_anew(server: CalendarServer, http: Http, tmp_path: Path) -> None:
    read(calendars(tmp_path, http, ICAL_URLS=server.ical))
    for file in (tmp_path / "cache").iterdir():
        file.write_text('{"schema": 1')
    assert read(calendars(tmp_path, http, ICAL_URLS=server.ical)).events
    assert server.asked("basic.ics") == 2


def test_what_is_kept_is_for_its_owner_alone_and_holds_no_address(server: CalendarServer, http: Http, tmp_path: Path) -> None:
    read(calendars(tmp_path, http, ICAL_URLS=server.ical))
    files = list((tmp_path / "cache").rglob("calendar*.json"))
    assert files
    for file in files:
        assert file.stat().st_mode & 0o777 == 0o600
        assert "5ec4e7" not in file.name + file.read_text()


def test_each_calendar_is_tied_to_its_car(server: CalendarServer, http: Http, tmp_path: Path) -> None:
    texts = f"{server.ical}, Blue Car={server.ical}?for=blue, {VIN_2[-6:]}={server.ical}?for=red, Bleu={server.ical}?for=nobody"
    ours = calendars(tmp_path, http, ICAL_URLS=texts)
    answers = {name: task() for name, task in ours.tasks().items()}
    cars = (car(VIN, "Blue car"), car(VIN_2, "Red"))
    events = calendar_events(answers, cars)
    assert not isinstance(events, Missing)
    assert sorted(event.vin or "" for event in events) == ["", "", VIN, VIN_2]
    assert unknown_cars(ours.settings, cars) == ("bleu",)


def test_without_a_calendar_there_are_no_events_and_with_a_dead_one_they_are_missing() -> None:
    assert calendar_events({"tesla": ()}, ()) == ()
    gone = calendar_events({"calendar 1": TooMany("calendar", "too many")}, ())
    assert gone == Missing("calendar", "too many")


def test_google_needs_a_login_and_then_reads(server: CalendarServer, http: Http, tmp_path: Path) -> None:
    (tmp_path / "client.json").write_text(server.desktop_client())
    options = {"GOOGLE_CREDENTIALS": str(tmp_path / "client.json"), "GOOGLE_CALENDAR_URL": server.url, "GOOGLE_TOKEN_URL": server.token_url}
    with pytest.raises(LoginDead, match="auth google"):
        read(calendars(tmp_path, http, EVENING, **options))
    ours = calendars(tmp_path, http, EVENING, **options)
    login = {"client_id": "simulated-client", "client_secret": "simulated-secret", "refresh_token": "simulated-refresh"}
    ours.logins.change(Login.GOOGLE, lambda _: login)
    ours.ask_again()
    assert read(ours).name == "calendar primary"
    server.server.faults.next(1, REVOKED, path="/token")
    assert "auth google" in read(calendars(tmp_path, http, EVENING + 40 * MINUTE, **options)).problem


def test_a_service_account_has_no_calendar_of_its_own(server: CalendarServer, http: Http, tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text(json.dumps({"type": "service_account", "private_key": "x", "client_email": "robot@example.com"}))
    with pytest.raises(ClientError, match=r"robot@example\.com.*GOOGLE_CALENDARS"):
        read(calendars(tmp_path, http, GOOGLE_CREDENTIALS=str(tmp_path / "key.json")))


def test_check_says_what_was_found(server: CalendarServer, http: Http, tmp_path: Path) -> None:
    view = replace(snapshot(), cars=(car(VIN, "Blue"),))
    ours = calendars(tmp_path, http, ICAL_URLS=f"Bleu={server.ical}")
    lines = list(calendar_lines(ours, view))
    assert (
        lines[0]
        == "events  calendar bleu 1: 1 in the next three weeks; the next with a place: Wed 2026-12-09 08:00, Dentist, 12 Harbor Road"
    )
    assert "bleu" in lines[1]
    assert server.asked("basic.ics") == 1
    server.entries = []
    (line,) = calendar_lines(calendars(tmp_path, http, ICAL_URLS=f"{server.ical}?empty"), view)
    assert "is it the right calendar?" in line


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ICAL_URLS=http://example.com/private-5ec4e7.ics", "https"),
        ("ICAL_URLS=private-5ec4e7", "secret iCal addresses"),
        ("ICAL_URLS=https://", "secret iCal addresses"),
        ("GOOGLE_CALENDARS=primary", "needs GOOGLE_CREDENTIALS"),
        ("GOOGLE_CALENDARS=my calendar", "calendar IDs"),
        ("GOOGLE_CREDENTIALS=key.json\nGOOGLE_TOKEN_URL=http://example.com", "clear text"),
    ],
)
def test_a_wrong_setting_is_told_without_the_secret(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / ".env").write_text(text)
    with pytest.raises(ConfigError, match=words) as caught:
        load(None, {}, root=tmp_path)
    assert "5ec4e7" not in str(caught.value)


def test_addresses_with_commas_webcal_and_a_made_up_time_are_understood(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ICAL_URLS=webcal://example.com/a,b?x=1, Blue Car = https://example.com/c\nTIME_ZONE=UTC")
    found = load(None, {}, root=tmp_path)
    assert [(one.car, one.address.reveal()) for one in found.ical_urls] == [
        ("", "https://example.com/a,b?x=1"),
        ("blue_car", "https://example.com/c"),
    ]
    assert ("calendar", "https://example.com") in found.services()
    assert "example.com/c" not in f"{found} {found.ical_urls[1]}"


def test_a_key_that_others_can_read_is_told(server: CalendarServer, http: Http, tmp_path: Path) -> None:
    key = tmp_path / "client.json"
    key.write_text(server.desktop_client())
    ours = calendars(tmp_path, http, EVENING, GOOGLE_CREDENTIALS=str(key))
    for mode, told in ((0o644, True), (0o600, False)):
        key.chmod(mode)
        assert any("chmod 600" in line for line in calendar_lines(ours, snapshot())) == told


ODD = """BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN
BEGIN:VEVENT\nUID:1\nDTSTAMP:20260101T000000Z\nSUMMARY:Good\nDTSTART:20261210T160000Z\nLOCATION:12 Harbor Road\nEND:VEVENT
BEGIN:VEVENT\nUID:2\nDTSTAMP:20260101T000000Z\nSUMMARY:Odd\nDTSTART:20261210T160000Z\nRRULE:FREQ=SOMETIMES\nEND:VEVENT
END:VCALENDAR
"""


def test_an_event_that_cannot_be_read_is_one_lasting_line_and_no_failure(place: Home) -> None:
    place.network.calendar.feed = ODD.encode()
    place.changes["ICAL_URLS"] = place.network.calendar.ical
    said = [place.do("run").err, *(place.later(20).do("run").err for _ in range(6))]
    line = "calendar 1 events: 1 event (Odd) cannot be read, so it does not count"
    assert [line in text for text in said] == [True] + [False] * 6
    assert line in place.do("-v", "once").out
    checked = place.do("check")
    assert (checked.code, f"note    {line}" in checked.out, "ok      calendar 1" in checked.out) == (0, True, True)
    place.network.calendar.feed = ODD.replace("SOMETIMES", "DAILY").encode()
    assert line not in place.later(40).do("-v", "run").out


def test_what_a_calendar_left_out_is_told_also_from_the_cache(server: CalendarServer, http: Http, tmp_path: Path) -> None:
    server.feed = ODD.encode()
    for minutes in (0, 20):
        (task,) = calendars(tmp_path, http, EVENING + minutes * MINUTE, ICAL_URLS=server.ical).tasks().values()
        answer = task()
        assert isinstance(answer, Reading)
        assert answer.left_out == "1 event (Odd) cannot be read, so it does not count"
    assert server.asked("basic.ics") == 1
    both = Reading("calendar 1", "", EVENING, (), odd=3, such_as="Odd", beyond=True)
    assert "3 events (Odd and others) cannot be read" in both.left_out
    assert "more than 500 events in three weeks" in both.left_out
    well, ill = source_states({"calendar 1": both}, {}, EVENING)
    assert (well.ok, ill.ok, ill.note, ill.name) == (True, False, True, "calendar 1 events")


def test_check_says_which_drives_do_not_count_by_their_kilometres(http: Http, tmp_path: Path) -> None:
    lost = Trip(at("2026-12-09 07:00"), 0.0, 30.0, "Picnic", place="the old oak", sure=Sure.UNKNOWN)
    flight = Trip(at("2026-12-10 07:00"), 9000.0, 6000.0, "Fair", place="Sydney", round_km=18000)
    later, partly = replace(lost, sure=Sure.NOT_ASKED), replace(lost, place="12 Harbor Road", distance_km=100.0, lost="the old oak")
    lines = list(drive_lines(calendars(tmp_path, http), replace(snapshot(), trips=(lost, flight, later, partly))))
    assert "Picnic: the old oak could not be found, at least 124 mi there and back count; write" in lines[3]
    assert "Picnic: the old oak has not been looked up yet, so it counts as every day" in lines[2]
    assert lines[0].endswith("the old oak could not be found, so it counts as every day; write [25 km] into the event, the way there")
    assert lines[1].endswith("there and back (by road), too far to drive: it does not count")


def test_a_calendar_that_was_never_read_says_what_the_car_does_without_it() -> None:
    never = replace(snapshot(), sources=source_states({"calendar 1": Refused("calendar", "answered 404")}, {}, EVENING))
    assert "answered 404 -> the car is not made ready for the drives in it" in explain(decided(never), never, settings())
    reading = Reading("calendar 1", "", EVENING - MINUTE, (), "answered 404.")
    aged = replace(snapshot(), sources=source_states({"calendar 1": reading}, {}, EVENING))
    text = explain(decided(aged), aged, settings())
    assert "goes on" in text
    assert "not made ready" not in text


def test_check_reads_the_calendar_of_the_simulated_house_and_keeps_its_address_secret(tmp_path: Path) -> None:
    evening = datetime(2026, 12, 8, 18, tzinfo=ZONE)
    with Network(plain_house(evening)) as network:
        network.calendar.entries = [DENTIST]
        network.roads.spots["12 Harbor Road"] = Place(HOME.lat + 0.5, HOME.lon)
        network.write_env(tmp_path / ".env")
        command = [sys.executable, str(ROOT / "scheduler.py"), "--env", str(tmp_path / ".env"), "--state", str(tmp_path / "s")]
        done = subprocess.run([*command, "--now", evening.isoformat(), "check"], capture_output=True, text=True, timeout=60, check=False)
    assert "ok      calendar 1" in done.stdout
    assert "Dentist, 12 Harbor Road" in done.stdout
    assert "drive   Wed 2026-12-09 06:34, Dentist: 86 mi there and back (by road)" in done.stdout
    assert "roads   1 of 3000 roads asked of Google this month" in done.stdout
    assert "5ec4e7" not in done.stdout + done.stderr


def test_a_warm_cycle_loads_none_of_the_heavy_libraries() -> None:
    heavy = ("icalendar", "googleapiclient", "google.auth", "httplib2", "googlemaps")
    program = f"import sys, cycle.real, cycle.calendars\nprint([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "[]"
