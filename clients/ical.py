"""Secret iCal addresses: Google, Apple, Outlook, Nextcloud and all others that hand out an .ics file.

The file holds a whole life. Only what can touch the view is given to the parser: 5,000 events take 0.8 s of a PC otherwise, and
some 5 s of a small Pi.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

from clients.calendar_text import MOST_EVENTS, SOURCE, Left, View, event, in_order, line
from clients.http import Ask, Http, Reply, host_of, may_carry_secret
from config_parsers import is_loopback
from errors import BadAnswer, Refused
from model import Event

if TYPE_CHECKING:
    from icalendar.cal import Component

MOST_BYTES = 12_000_000
LIMIT_S = 10.0
MOVED, MOST_HOPS = (301, 302, 303, 307, 308), 4  # it goes on to https only, and never from the internet to this machine or back
_BLOCK = re.compile(r"^BEGIN:VEVENT[ \t]*\n.*?^END:VEVENT[ \t]*(?:\n|\Z)", re.MULTILINE | re.DOTALL | re.IGNORECASE)
_DAY = re.compile(r"^(?:DTSTART|DTEND|RECURRENCE-ID)\b[^\n]*:(\d{8})", re.MULTILINE | re.IGNORECASE)
_BEGIN = re.compile(r"^DTSTART\b[^\n]*:(\d{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))", re.MULTILINE | re.IGNORECASE)
_UNTIL = re.compile(r"^RRULE[^\n]*\bUNTIL=(\d{8})", re.MULTILINE | re.IGNORECASE)
_REPEATS = re.compile(r"^(?:RRULE|RDATE)\b|^RECURRENCE-ID[^\n]*RANGE=", re.MULTILINE | re.IGNORECASE)
_TOO_OFTEN = re.compile(r"^RRULE[^\n]*FREQ=(?:SECONDLY|MINUTELY|HOURLY)", re.MULTILINE | re.IGNORECASE)  # nobody drives hourly
_UID = re.compile(r"^UID[^\n:]*:([^\n]*)", re.MULTILINE | re.IGNORECASE)
_TITLE = re.compile(r"^SUMMARY[^\n:]*:([^\n]*)", re.MULTILINE | re.IGNORECASE)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_LONGEST = timedelta(days=62)  # of an event that gives its length as a DURATION
LONG = 8  # parts of an address that may be its secret
NOT_SHOWN = (401, 403, 404, 410)  # the address was reset, or the calendar is no longer shared
_ODD = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError, NotImplementedError)


def read_ical(address: str, name: str, http: Http, view: View, left: Left | None = None) -> tuple[Event, ...]:
    """The events in `view`, nearest first; `left`: takes what does not count. Raises ClientError, whose text never holds the address."""
    try:
        reply = _fetched(address, http)
    except Refused as error:
        if error.status not in NOT_SHOWN:
            raise
        what = "copy its secret address anew into ICAL_URLS (docs/CALENDAR.md)"
        raise type(error)(
            SOURCE, f"{host_of(address)} does not show this calendar ({error.status}): {what}.", status=error.status
        ) from None
    text = reply.body.decode("utf-8-sig", "replace")
    if not text.lstrip().upper().startswith("BEGIN:VCALENDAR"):
        raise BadAnswer(SOURCE, f"{host_of(address)} sent no calendar: take the secret address in iCal format, not the page's.")
    if not text.rstrip().upper().endswith("END:VCALENDAR"):
        raise BadAnswer(SOURCE, f"{host_of(address)} sent a calendar that breaks off in the middle.")
    return parse(text, name, view, _owners(text, address), left)


def _fetched(address: str, http: Http) -> Reply:
    """The feed, also where its server has moved it. Raises ClientError."""
    at = address
    for _ in range(MOST_HOPS):
        secrets = (*_secrets(address), *_secrets(at))
        ask = Ask(SOURCE, at, headers={"Accept": "text/calendar"}, secrets=secrets, limit_s=LIMIT_S, max_bytes=MOST_BYTES)
        reply = http.ask(ask)
        onward = _onward(at, reply)
        if onward is None:
            return reply.require()
        at = onward
    raise BadAnswer(SOURCE, f"{host_of(address)} sends from one address to the next: copy the calendar's address anew.")


def _onward(at: str, reply: Reply) -> str | None:
    """Where the server says that the feed is now; None: here, or where nobody follows."""
    where = reply.headers.get("location", "") if reply.status in MOVED else ""
    try:
        there = urljoin(at, where)
        follows = bool(where) and may_carry_secret(there) and is_loopback(there) == is_loopback(at)
    except ValueError:
        return None
    return there if follows else None


def _secrets(address: str) -> tuple[str, ...]:
    path = urlsplit(address).path.strip("/")
    return (address, path or address, *(part for part in path.split("/") if len(part) >= LONG))  # a server may repeat any part of it


def parse(text: str, name: str, view: View, owners: frozenset[str] = frozenset(), left: Left | None = None) -> tuple[Event, ...]:
    """The events of an iCalendar text in `view`. `owners`: mail addresses whose refusal of an invitation counts. Raises BadAnswer."""
    left = Left() if left is None else left
    near = _near(text, view, left)
    try:
        found = _occurrences(near, view)
    except _ODD as error:
        found = _readable(near, view, left)  # one odd event must not hide the others
        if not found and left.odd:
            raise BadAnswer(SOURCE, f"{name} is no calendar that can be read ({type(error).__name__}).") from None
    return in_order((one for one in _events(found, name, view, owners, left) if view.holds(one.start, one.end)), left)


def _occurrences(text: str, view: View, skip: bool = False) -> list[Component]:
    """Series expanded, around the view: the library compares times without a zone in its own way; `View.holds` has the last word."""
    import icalendar
    import recurring_ical_events  # type: ignore[import-untyped]

    start, end = view.start - timedelta(days=1), view.end + timedelta(days=1)
    calendars = icalendar.Calendar.from_ical(text, multiple=True)
    return [one for calendar in calendars for one in recurring_ical_events.of(calendar, skip_bad_series=skip).between(start, end)]


def _readable(text: str, view: View, left: Left) -> list[Component]:
    """The same, each series by itself, without those that cannot be read."""
    head, _, tail = _BLOCK.sub("", text).rpartition("END:VCALENDAR")
    series: dict[str, str] = {}
    blocks = _BLOCK.findall(text)
    left.beyond = left.beyond or len(blocks) > MOST_EVENTS
    for block in blocks[:MOST_EVENTS]:
        series[_uid(block)] = series.get(_uid(block), "") + block
    found: list[Component] = []
    for of_one in series.values():
        whole = f"{head}{of_one}END:VCALENDAR{tail}"
        try:
            found += _occurrences(whole, view)
        except _ODD:
            _leave(of_one, left)
            with suppress(*_ODD):
                found += _occurrences(whole, view, skip=True)
    return found


def _uid(block: str) -> str:
    uid = _UID.search(block)
    return uid[1].strip() if uid else block


def _leave(block: str, left: Left) -> None:
    title = _TITLE.search(block)
    left.odd[_uid(block)] = line(title[1].replace("\\", ""), 60) if title else ""


def _events(found: list[Component], name: str, view: View, owners: frozenset[str], left: Left) -> Iterator[Event]:
    for one in found:
        try:
            if _counts(one, owners, view):
                yield _event(one, name, view)
        except (*_ODD, BadAnswer):  # as above
            left.odd[_text(one, "UID").strip()] = line(_text(one, "SUMMARY"), 60)


def _near(text: str, view: View, left: Left) -> str:
    """The same calendar without the events that cannot touch the view."""
    unfolded = re.sub(r"\n[ \t]", "", text.replace("\r\n", "\n").replace("\r", "\n"))
    day = timedelta(days=2)
    first, last = (f"{at:%Y%m%d}" for at in (view.start - day, view.end + day))
    long_ago = f"{view.start - _LONGEST:%Y%m%d}"

    def kept(block: re.Match[str]) -> str:
        if _BEGIN.search(block[0]) is None:
            _leave(block[0], left)  # nobody knows when it would be
        return block[0] if _may_touch(block[0], first, last, long_ago) else ""

    return _BLOCK.sub(kept, unfolded)


def _may_touch(block: str, first: str, last: str, long_ago: str) -> bool:
    if _TOO_OFTEN.search(block):
        return False
    begin, days = _BEGIN.search(block), _DAY.findall(block)
    if begin is None:
        return False  # without a beginning it is no event
    if _REPEATS.search(block):
        until = _UNTIL.search(block)
        over = until is not None and until[1] < long_ago and "RDATE" not in block.upper()
        return begin[1] <= last and not over
    lasts = "\nDURATION" in block.upper()
    return bool(min(days) <= last and max(days) >= (long_ago if lasts else first))


def _counts(one: Component, owners: frozenset[str], view: View) -> bool:
    """Not cancelled, not declined, and busy unless free ones count."""
    if _text(one, "STATUS").upper() == "CANCELLED":
        return False
    free = _text(one, "TRANSP").upper() == "TRANSPARENT" or _text(one, "X-MICROSOFT-CDO-BUSYSTATUS").upper() == "FREE"
    if free and not view.free:
        return False
    answers = {_mail(guest): str(guest.params.get("PARTSTAT", "")).upper() for guest in _all(one, "ATTENDEE") if hasattr(guest, "params")}
    mine = [answer for mail, answer in answers.items() if mail in owners]
    return "DECLINED" not in (mine or (list(answers.values()) if len(answers) == 1 else []))


def _event(one: Component, name: str, view: View) -> Event:
    start, end = _time(one, "DTSTART"), _time(one, "DTEND")
    place = _text(one, "LOCATION")
    geo = _first(one, "GEO")
    if not place.strip() and geo is not None and hasattr(geo, "latitude"):
        place = f"{float(geo.latitude)}, {float(geo.longitude)}"
    all_day = not isinstance(start, datetime)
    return event(name, (view.utc(start), view.utc(end)), _text(one, "SUMMARY"), place, _text(one, "DESCRIPTION"), all_day=all_day)


def _time(one: Component, name: str) -> date:
    value = _first(one, name).dt
    if not isinstance(value, date):
        raise TypeError(name)
    return value


def _all(one: Component, name: str) -> Iterator[Any]:
    value = one.get(name)
    yield from value if isinstance(value, list) else [] if value is None else [value]


def _first(one: Component, name: str) -> Any:
    return next(_all(one, name), None)


def _text(one: Component, name: str) -> str:
    return str(_first(one, name) or "")


def _mail(guest: object) -> str:
    return str(guest).casefold().removeprefix("mailto:")


def _owners(text: str, address: str) -> frozenset[str]:
    """Whose calendar it is: Google writes the mail address into the name and into the secret address."""
    name = re.search(r"^X-WR-CALNAME[^\n:]*:([^\r\n]*)", text, re.MULTILINE)
    told = f"{name[1] if name else ''} {unquote(urlsplit(address).path)}"
    return frozenset(mail.casefold() for mail in _MAIL.findall(told))
