"""What every kind of calendar shares: which events are wanted, what counts as a place, text that fits on a line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from errors import BadAnswer
from model import Event

SOURCE = "calendar"
MOST_EVENTS = 500  # in three weeks; more is a timetable, not somebody's calendar
_LINK = re.compile(r"(https?://|www\.)\S+", re.IGNORECASE)
_NOWHERE = re.compile(
    r"(at )?home|online|virtual(ly)?|remote|tbd|tba|phone|(phone|video|conference)? ?call|zoom( meeting| video)?|google meet|webex|skype|"
    r"(microsoft )?teams( meeting)?|facetime|discord|\+?[\d ()./-]{7,}",
    re.IGNORECASE,
)
_COORDINATES = re.compile(r"-?\d{1,2}\.\d+, *-?\d{1,3}\.\d+")


@dataclass(frozen=True, slots=True)
class View:
    """What is wanted of a calendar: what touches start <= t < end, with times without a zone as in `zone`; `free`: also what does not make
    its owner busy."""

    start: datetime
    end: datetime
    zone: ZoneInfo
    free: bool = True

    def holds(self, start: datetime, end: datetime) -> bool:
        return start < self.end and (end > self.start or start == end >= self.start)

    def utc(self, value: date) -> datetime:
        """A day is its local midnight; a time without a zone means the owner's clock."""
        if not isinstance(value, datetime):
            value = datetime.combine(value, time())
        try:
            return (value if value.tzinfo else value.replace(tzinfo=self.zone)).astimezone(UTC)
        except OverflowError:
            raise BadAnswer(SOURCE, f"{value.year} is no year that can be planned for.") from None


@dataclass(slots=True)
class Left:
    """What of one calendar does not count: `odd`, events that cannot be read, each once by its UID, with its title; `beyond`: is there more
    than MOST_EVENTS?"""

    odd: dict[str, str] = field(default_factory=dict)
    beyond: bool = False


def real_place(text: str) -> str | None:
    """Where to drive to. A link to a video call, a phone number or home is nowhere; links beside an address are dropped."""
    left = line(_LINK.sub(" ", text), 300).strip(" ,;:-()|")
    if _COORDINATES.fullmatch(left):
        return left
    parts = [part.strip() for part in re.split(r"[;,|/]", left) if part.strip()]
    return left if any(not _NOWHERE.fullmatch(part) for part in parts) else None


def line(text: str, longest: int) -> str:
    """On one line, printable, not too long for a state file."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text[: 8 * longest]).split())
    return words if len(words) <= longest else f"{words[: longest - 3]}..."


def event(calendar: str, span: tuple[datetime, datetime], title: str, place: str, note: str, *, all_day: bool) -> Event:
    """An event as every part of the house sees it; one that ends before it begins has no length."""
    start, end = span
    end = max(start, end) if not all_day else max(start + timedelta(hours=1), end)
    return Event(calendar, start, end, line(title, 200) or "(no title)", real_place(place), None, all_day, line(note, 1000))


def in_order(events: Iterable[Event], left: Left) -> tuple[Event, ...]:
    """By time, without doubles, the nearest MOST_EVENTS."""
    rows = sorted(set(events), key=lambda one: (one.start, one.end, one.title, one.place or ""))
    left.beyond = left.beyond or len(rows) > MOST_EVENTS
    return tuple(rows[:MOST_EVENTS])
