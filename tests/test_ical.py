"""Secret iCal addresses over real sockets, and every way in which people write an event."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.calendar_text import Left, View, real_place
from clients.http import Http
from clients.ical import MOST_BYTES, parse, read_ical
from errors import BadAnswer, ClientError, NoAnswer, Refused, ServerFault, TooMany, Unreachable
from model import Event
from simulator.calendar_server import TOO_MANY_429, CalendarServer, Entry, busy_life
from simulator.faults import CUT, GARBAGE, HANG, ILL_500, Fault, Ill
from tests.builders import EVENING, ZONE, at
from tests.fake_server import free_port

VIEW = View(EVENING - timedelta(days=1), EVENING + timedelta(days=14), ZONE)
ZONE_RULES = """BEGIN:VTIMEZONE
TZID:My own zone
BEGIN:STANDARD
DTSTART:20071104T020000
RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11
TZOFFSETFROM:-0700
TZOFFSETTO:-0800
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:20070311T020000
RRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3
TZOFFSETFROM:-0800
TZOFFSETTO:-0700
END:DAYLIGHT
END:VTIMEZONE
"""


def feed(*events: str, head: str = "") -> str:
    blocks = [f"BEGIN:VEVENT\nDTSTAMP:20260101T000000Z\n{event.strip()}\nEND:VEVENT\n" for event in events]
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\n{head}{''.join(blocks)}END:VCALENDAR\n"


def one(text: str, head: str = "") -> Event:
    (found,) = parse(feed(f"UID:1\n{text}", head=head), "test", VIEW)
    return found


def starts(*events: str, view: View = VIEW) -> list[str]:
    """Local starts of all that is found."""
    return [f"{event.start.astimezone(ZONE):%m-%d %H:%M}" for event in parse(feed(*events), "test", view)]


@pytest.fixture
def server() -> Iterator[CalendarServer]:
    server = CalendarServer()
    yield server
    server.close()


# ---- how events are written -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "time",
    [
        "DTSTART:20261209T160000Z\nDTEND:20261209T170000Z",
        "DTSTART:20261209T080000\nDTEND:20261209T090000",
        "DTSTART;TZID=America/Los_Angeles:20261209T080000\nDTEND;TZID=America/Los_Angeles:20261209T090000",
        "DTSTART;TZID=Pacific Standard Time:20261209T080000\nDURATION:PT1H",
        "DTSTART;TZID=My own zone:20261209T080000\nDTEND;TZID=My own zone:20261209T090000",
        "DTSTART;TZID=Europe/Berlin:20261209T170000\nDTEND;TZID=Europe/Berlin:20261209T180000",
    ],
    ids=["utc", "floating", "zone", "outlook", "own rules", "abroad"],
)
def test_a_time_in_any_zone_is_the_same_moment(time: str) -> None:
    found = one(f"{time}\nSUMMARY:Dentist", head=ZONE_RULES)
    assert (found.start, found.end) == (at("2026-12-09 08:00"), at("2026-12-09 09:00"))


def test_a_series_keeps_its_clock_time_when_the_clocks_change() -> None:
    view = View(at("2026-10-30 00:00"), at("2026-11-03 00:00"), ZONE)
    event = "UID:1\nDTSTART;TZID=America/Los_Angeles:20260901T080000\nDURATION:PT1H\nRRULE:FREQ=DAILY"
    found = parse(feed(event), "test", view)
    assert [event.start for event in found] == [at(f"2026-{day} 08:00") for day in ("10-30", "10-31", "11-01", "11-02")]


def test_a_series_has_its_exceptions_its_moved_day_and_its_cancelled_day() -> None:
    zone = "TZID=America/Los_Angeles"
    series = f"UID:1\nDTSTART;{zone}:20261201T080000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=12\nEXDATE;{zone}:20261210T080000"
    moved = f"UID:1\nRECURRENCE-ID;{zone}:20261209T080000\nDTSTART;{zone}:20261209T140000\nDURATION:PT1H\nSEQUENCE:1"
    cancelled = f"UID:1\nRECURRENCE-ID;{zone}:20261211T080000\nDTSTART;{zone}:20261211T080000\nDURATION:PT1H\nSTATUS:CANCELLED\nSEQUENCE:1"
    view = View(at("2026-12-09 00:00"), VIEW.end, ZONE)
    assert starts(series, moved, cancelled, view=view) == ["12-09 14:00", "12-12 08:00"]


def test_a_day_that_was_moved_far_away_is_not_at_its_old_place_too() -> None:
    series = "UID:1\nDTSTART:20261208T160000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY"
    moved = "UID:1\nRECURRENCE-ID:20261215T160000Z\nDTSTART:20270615T160000Z\nDURATION:PT1H\nSEQUENCE:1"
    assert starts(series, moved) == ["12-08 08:00", "12-22 08:00"]


def test_a_whole_day_is_the_owners_day_and_its_end_is_the_next_midnight() -> None:
    found = one("DTSTART;VALUE=DATE:20261212\nDTEND;VALUE=DATE:20261214\nSUMMARY:Skiing\nLOCATION:Tahoe")
    assert (found.start, found.end, found.all_day) == (at("2026-12-12 00:00"), at("2026-12-14 00:00"), True)
    lone = one("DTSTART;VALUE=DATE:20261212\nSUMMARY:Fair")
    assert lone.end == at("2026-12-13 00:00")


def test_what_began_before_the_view_and_still_lasts_is_there() -> None:
    assert one("DTSTART:20261101T160000Z\nDTEND:20261210T160000Z").start == at("2026-11-01 08:00")
    assert one("DTSTART:20261201T160000Z\nDURATION:P10D").end == at("2026-12-11 08:00")


def test_overlapping_and_doubled_events_are_kept_once_each_in_order() -> None:
    first, second = ("DTSTART:20261209T180000Z\nDURATION:PT1H\nSUMMARY:b", "DTSTART:20261209T173000Z\nDURATION:PT2H\nSUMMARY:a")
    assert starts(f"UID:1\n{first}", f"UID:2\n{second}", f"UID:3\n{second}") == ["12-09 09:30", "12-09 10:00"]


@pytest.mark.parametrize(
    "text",
    [
        "DTSTART:20271209T160000Z\nDURATION:PT1H",
        "DTSTART:20151209T160000Z\nDTEND:20151209T170000Z",
        "DTSTART:20271209T160000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY",
        "DTSTART:20151209T160000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20160101T000000Z",
        "DTSTART:20261209T160000Z\nDURATION:PT1H\nSTATUS:CANCELLED",
        "DTSTART:20261209T160000Z\nDURATION:PT1H\nATTENDEE;PARTSTAT=DECLINED:mailto:me@example.com",
        "DTSTART:19700101T000000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY",
        "SUMMARY:without a time",
        "DTSTART:soon\nDTEND:later",
    ],
    ids=["next year", "long ago", "series of next year", "series that ended", "cancelled", "declined", "each second", "no time", "no date"],
)
def test_what_is_not_a_drive_of_these_weeks_is_left_out(text: str) -> None:
    good = "UID:2\nDTSTART:20261209T200000Z\nDURATION:PT1H"
    assert starts(f"UID:1\n{text}", good) == ["12-09 12:00"]


@pytest.mark.parametrize(
    "odd", ["DTSTART:20261209T160000Z\nRRULE:INTERVAL=2", "DTSTART:20261209T1600\nDTEND:x", "DTSTART:20261209T160000Z\nGEO:x;y"]
)
def test_one_odd_event_does_not_hide_the_others(odd: str) -> None:
    good = "UID:2\nDTSTART:20261209T200000Z\nDURATION:PT1H"
    assert "12-09 12:00" in starts(f"UID:1\n{odd}", good)


def test_only_the_owners_own_refusal_counts() -> None:
    guests = "ATTENDEE;PARTSTAT=DECLINED:mailto:other@example.com\nATTENDEE;PARTSTAT={}:mailto:Owner@example.com"
    base = "UID:1\nDTSTART:20261209T160000Z\nDURATION:PT1H\n"
    for answer, count in (("ACCEPTED", 1), ("DECLINED", 0)):
        found = parse(feed(base + guests.format(answer)), "test", VIEW, frozenset({"owner@example.com"}))
        assert len(found) == count


def test_events_shown_as_free_count_by_choice() -> None:
    text = feed("UID:1\nDTSTART:20261209T160000Z\nDURATION:PT1H\nTRANSP:TRANSPARENT")
    assert len(parse(text, "test", VIEW)) == 1
    assert not parse(text, "test", View(VIEW.start, VIEW.end, ZONE, free=False))


@pytest.mark.parametrize(
    ("place", "kept"),
    [
        ("", None),
        ("https://meet.example.com/abc?x=1", None),
        ("Zoom; https://zoom.example.com/j/1", None),
        ("Microsoft Teams Meeting", None),
        ("+1 (555) 010-0100", None),
        ("Home", None),
        ("12 Harbor Road, Springfield", "12 Harbor Road, Springfield"),
        ("12 Harbor Road https://maps.example.com/x", "12 Harbor Road"),
        ("Home Depot", "Home Depot"),
        ("37.4220, -122.0841", "37.4220, -122.0841"),
        ("12 Harbor Road\nSpringfield", "12 Harbor Road Springfield"),
    ],
)
def test_a_place_is_where_one_can_drive_to(place: str, kept: str | None) -> None:
    assert real_place(place) == kept


def test_folded_lines_escapes_and_coordinates_are_read() -> None:
    found = one("DTSTART:20261209T160000Z\nDURATION:PT1H\nSUMMARY:Tea\\, cake\nDESCRIPTION:first\\nsecond [12\n 0 km]\nGEO:37.5;-122.25")
    assert (found.title, found.note, found.place) == ("Tea, cake", "first second [120 km]", "37.5, -122.25")


# ---- over the wire --------------------------------------------------------------------------------------------------------------


def test_a_calendar_of_5000_events_is_read_quickly_and_whole(server: CalendarServer, http: Http) -> None:
    server.entries = busy_life(at("2016-01-01 08:00"))
    server.entries.append(Entry("Commute", at("2020-01-06 08:00"), at("2020-01-06 09:00"), "Work", rrule="FREQ=WEEKLY;BYDAY=MO"))
    found = read_ical(server.ical, "mine", http, VIEW)
    assert {event.title for event in found} >= {"Commute"}
    assert len(found) == sum(VIEW.holds(entry.start, entry.end) for entry in server.entries) + 2


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(Ill.STATUS, 404, "no"), Refused),
        (Fault(Ill.STATUS, 403, "no"), Refused),
        (Fault(Ill.STATUS, 301, "", {"Location": "http://192.0.2.1/private-5ec4e7"}), BadAnswer),
        (Fault(Ill.STATUS, 308, "", {"Location": "https://192.0.2.1/private-5ec4e7"}), BadAnswer),
        (Fault(Ill.STATUS, 302, "", {}), BadAnswer),
        (Fault(Ill.STATUS, 302, "", {"Location": "https://[private-5ec4e7"}), BadAnswer),
        (TOO_MANY_429, TooMany),
        (ILL_500, ServerFault),
        (HANG, NoAnswer),
        (CUT, ClientError),
        (GARBAGE, BadAnswer),
    ],
    ids=[
        "404",
        "403",
        "moved in clear text",
        "moved off this machine",
        "moved nowhere",
        "moved to no address",
        "429",
        "500",
        "hangs",
        "cut off",
        "web page",
    ],
)
def test_a_feed_that_fails_is_an_error_that_never_shows_the_secret_address(
    server: CalendarServer, http: Http, fault: Fault, error: type[ClientError]
) -> None:
    server.entries = [Entry("Dentist", at("2026-12-09 08:00"), at("2026-12-09 09:00"))]
    server.server.faults.next(3, fault)
    with pytest.raises(error) as caught:
        read_ical(server.ical, "mine", http, VIEW)
    assert "5ec4e7" not in caught.value.text


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_feed_that_has_moved_is_read_where_it_is_now(server: CalendarServer, http: Http, status: int) -> None:
    server.entries = [Entry("Dentist", at("2026-12-09 08:00"), at("2026-12-09 09:00"))]
    old = f"{server.url}/old/private-5ec4e7.ics"
    server.server.faults.next(1, Fault(Ill.STATUS, status, "", {"Location": server.ical}), path="old")
    assert [one.title for one in read_ical(old, "mine", http, VIEW)] == ["Dentist"]
    server.server.faults.next(1, Fault(Ill.STATUS, status, "", {"Location": server.ical.removeprefix(server.url)}), path="old")
    assert [one.title for one in read_ical(old, "mine", http, VIEW)] == ["Dentist"]


def test_a_feed_that_is_sent_round_in_a_circle_is_given_up(server: CalendarServer, http: Http) -> None:
    server.server.faults.next(50, Fault(Ill.STATUS, 302, "", {"Location": server.ical}))
    with pytest.raises(BadAnswer, match="from one address to the next") as caught:
        read_ical(server.ical, "mine", http, VIEW)
    assert "5ec4e7" not in caught.value.text
    assert len(server.server.log) == 4


def odd_ones(*events: str) -> tuple[list[str], dict[str, str], bool]:
    left = Left()
    found = parse(feed(*events), "test", VIEW, left=left)
    return [event.title for event in found], left.odd, left.beyond


GOOD = "UID:good\nSUMMARY:Good\nDTSTART:20261209T160000Z\nDTEND:20261209T170000Z"


@pytest.mark.parametrize(
    "odd",
    [
        "DTSTART:garbage",
        "DTEND:20261209T170000Z",
        "DTSTART:20261299T160000Z",
        "DTSTART:20261209T160000Z\nRRULE:FREQ=SOMETIMES",
    ],
)
def test_an_event_that_cannot_be_read_is_told_with_its_title_and_hides_no_other(odd: str) -> None:
    titles, told, beyond = odd_ones(GOOD, f"UID:odd\nSUMMARY:Odd\\, really\n{odd}")
    assert "Good" in titles
    assert (told, beyond) == ({"odd": "Odd, really"}, False)


def test_an_odd_series_is_one_event_and_a_calendar_without_odd_ones_says_nothing() -> None:
    odd = "UID:odd\nSUMMARY:Odd\nDTSTART:20261209T160000Z\nRRULE:FREQ=SOMETIMES"
    assert odd_ones(GOOD, odd, odd.replace("1209", "1210"))[1] == {"odd": "Odd"}
    assert odd_ones(GOOD) == (["Good"], {}, False)
    assert odd_ones(f"{GOOD}\nSTATUS:CANCELLED") == ([], {}, False)


def test_more_events_than_can_count_are_told() -> None:
    many = [f"UID:{n}\nSUMMARY:{n}\nDTSTART:202612{9 + n // 60:02}T{n % 24:02}{n % 60:02}00Z" for n in range(501)]
    titles, told, beyond = odd_ones(*many)
    assert (len(titles), told, beyond) == (500, {}, True)
    assert not odd_ones(*many[:500])[2]


def test_a_feed_that_breaks_off_or_never_ends_is_refused(server: CalendarServer, http: Http) -> None:
    server.feed = feed("UID:1\nDTSTART:20261209T160000Z").encode()[:-20]
    with pytest.raises(BadAnswer, match="breaks off"):
        read_ical(server.ical, "mine", http, VIEW)
    server.feed = b"BEGIN:VCALENDAR\r\n" + b"X" * (MOST_BYTES + 1)
    with pytest.raises(BadAnswer, match="12 MB"):
        read_ical(server.ical, "mine", http, VIEW)


def test_nobody_at_the_address_is_unreachable(http: Http) -> None:
    with pytest.raises(Unreachable):
        read_ical(f"http://127.0.0.1:{free_port()}/private-5ec4e7/basic.ics", "mine", http, VIEW)


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 600), st.integers(0, 40), st.text(max_size=12))
def test_a_damaged_calendar_is_read_as_far_as_it_goes_or_refused(where: int, length: int, instead: str) -> None:
    series = (
        "UID:1\nDTSTART;TZID=My own zone:20261201T080000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=12\nATTENDEE;PARTSTAT=DECLINED:mailto:a@b"
    )
    text = feed(series, "UID:2\nDTSTART:20261209T160000Z\nGEO:37.5;-122.25\nLOCATION:there", head=ZONE_RULES)
    damaged = text[:where] + instead + text[where + length :]
    try:
        found = parse(damaged, "test", VIEW)
    except BadAnswer:
        return
    assert all(event.start <= event.end and VIEW.holds(event.start, event.end) for event in found)
