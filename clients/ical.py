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
from urllib.parse import unquote, urlsplit

from clients.calendar_text import MOST_EVENTS, SOURCE, View, event, in_order
from clients.http import Ask, Http, host_of
from errors import BadAnswer
from model import Event

if TYPE_CHECKING:
    from icalendar.cal import Component

MOST_BYTES = 12_000_000
LIMIT_S = 10.0
_BLOCK = re.compile(r"^BEGIN:VEVENT[ \t]*\n.*?^END:VEVENT[ \t]*(?:\n|\Z)", re.MULTILINE | re.DOTALL | re.IGNORECASE)
_DAY = re.compile(r"^(?:DTSTART|DTEND|RECURRENCE-ID)\b[^\n]*:(\d{8})", re.MULTILINE | re.IGNORECASE)
_BEGIN = re.compile(r"^DTSTART\b[^\n]*:(\d{8})", re.MULTILINE | re.IGNORECASE)
_UNTIL = re.compile(r"^RRULE[^\n]*\bUNTIL=(\d{8})", re.MULTILINE | re.IGNORECASE)
_REPEATS = re.compile(r"^(?:RRULE|RDATE)\b|^RECURRENCE-ID[^\n]*RANGE=", re.MULTILINE | re.IGNORECASE)
_TOO_OFTEN = re.compile(r"^RRULE[^\n]*FREQ=(?:SECONDLY|MINUTELY|HOURLY)", re.MULTILINE | re.IGNORECASE)  # nobody drives hourly
_UID = re.compile(r"^UID[^\n:]*:([^\n]*)", re.MULTILINE | re.IGNORECASE)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_LONGEST = timedelta(days=62)  # of an event that gives its length as a DURATION
_ODD = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError, NotImplementedError)


def read_ical(address: str, name: str, http: Http, view: View) -> tuple[Event, ...]:
    """The events in `view`, nearest first. Raises ClientError, whose text never holds the address."""
    secrets = (address, urlsplit(address).path.strip("/") or address)
    ask = Ask(SOURCE, address, headers={"Accept": "text/calendar"}, secrets=secrets, limit_s=LIMIT_S, max_bytes=MOST_BYTES)
    reply = http.ask(ask).require()
    text = reply.body.decode("utf-8-sig", "replace")
    if not text.lstrip().upper().startswith("BEGIN:VCALENDAR"):
        raise BadAnswer(SOURCE, f"{host_of(address)} sent no calendar: take the secret address in iCal format, not the page's.")
    if not text.rstrip().upper().endswith("END:VCALENDAR"):
        raise BadAnswer(SOURCE, f"{host_of(address)} sent a calendar that breaks off in the middle.")
    return parse(text, name, view, _owners(text, address))


def parse(text: str, name: str, view: View, owners: frozenset[str] = frozenset()) -> tuple[Event, ...]:
    """The events of an iCalendar text in `view`. `owners`: mail addresses whose refusal of an invitation counts. Raises BadAnswer."""
    near = _near(text, view)
    try:
        found = _occurrences(near, view)
    except _ODD as error:
        found = _readable(near, view)  # one odd event must not hide the others
        if not found:
            raise BadAnswer(SOURCE, f"{name} is no calendar that can be read ({type(error).__name__}).") from None
    return in_order(one for one in _events(found, name, view, owners) if view.holds(one.start, one.end))


def _occurrences(text: str, view: View) -> list[Component]:
    """Series expanded, around the view: the library compares times without a zone in its own way; `View.holds` has the last word."""
    import icalendar
    import recurring_ical_events  # type: ignore[import-untyped]

    start, end = view.start - timedelta(days=1), view.end + timedelta(days=1)
    calendars = icalendar.Calendar.from_ical(text, multiple=True)
    return [one for calendar in calendars for one in recurring_ical_events.of(calendar, skip_bad_series=True).between(start, end)]


def _readable(text: str, view: View) -> list[Component]:
    """The same, each series by itself, without those that cannot be read."""
    head, _, tail = _BLOCK.sub("", text).rpartition("END:VCALENDAR")
    series: dict[str, str] = {}
    for block in _BLOCK.findall(text)[:MOST_EVENTS]:
        uid = _UID.search(block)
        key = uid[1] if uid else block
        series[key] = series.get(key, "") + block
    found: list[Component] = []
    for blocks in series.values():
        with suppress(*_ODD):
            found += _occurrences(f"{head}{blocks}END:VCALENDAR{tail}", view)
    return found


def _events(found: list[Component], name: str, view: View, owners: frozenset[str]) -> Iterator[Event]:
    for one in found:
        with suppress(*_ODD, BadAnswer):  # as above
            if _counts(one, owners, view):
                yield _event(one, name, view)


def _near(text: str, view: View) -> str:
    """The same calendar without the events that cannot touch the view."""
    unfolded = re.sub(r"\n[ \t]", "", text.replace("\r\n", "\n").replace("\r", "\n"))
    day = timedelta(days=2)
    first, last = (f"{at:%Y%m%d}" for at in (view.start - day, view.end + day))
    long_ago = f"{view.start - _LONGEST:%Y%m%d}"

    def kept(block: re.Match[str]) -> str:
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
