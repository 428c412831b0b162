"""Calendars through the disk cache: asked twice an hour, kept when they fail. A dead calendar keeps its last events and says how old
they are; after a failure it is left alone for a while, so that no quota and no patience is used up by asking again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from clients.calendar_text import MOST_EVENTS, Left, View
from clients.http import Http
from config import Settings
from config_values import car_key
from errors import ClientError, LoginDead, NotConfigured, StateError
from model import CarView, Event, Missing
from state.cache import Cache
from state.codec import decode
from state.logins import Login, Logins

if TYPE_CHECKING:
    from clients.google_calendar import Key

EVERY = timedelta(minutes=30)
AFTER_FAILURE, AFTER_REFUSAL = timedelta(minutes=15), timedelta(hours=2)  # a no stays a no until the owner does something
LONGEST_REST = timedelta(hours=12)
BACK, AHEAD = timedelta(days=1), timedelta(days=21)  # a calendar that dies is good for three weeks
KEPT = timedelta(days=30)
PREFIX = "calendar"


@dataclass(frozen=True, slots=True)
class Reading:
    """One calendar as it was at `fetched_at`. `car`: whom it is tied to, as `car_key` writes it; `problem`: why it is not fresh;
    `dead`: only a new log-in of the owner helps; `odd`: so many of its events cannot be read, `such_as` is one; `beyond`: it has more than
    can count."""

    name: str
    car: str
    fetched_at: datetime
    events: tuple[Event, ...]
    problem: str = ""
    dead: bool = False
    odd: int = 0
    such_as: str = ""
    beyond: bool = False

    @property
    def left_out(self) -> str:
        """What of it does not count, or "". No number that changes from hour to hour: each new text is told to the owner."""
        several = self.odd > 1
        named = f" ({self.such_as}{' and others' if several else ''})" if self.such_as else ""
        event = f"{self.odd} events" if several else "1 event"
        odd = [f"{event}{named} cannot be read, so {'they do' if several else 'it does'} not count"] if self.odd else []
        most = [f"it has more than {MOST_EVENTS} events in three weeks, and only the nearest {MOST_EVENTS} count"] if self.beyond else []
        return "; ".join(odd + most)


@dataclass(frozen=True, slots=True)
class Rest:
    """After a failure: left alone, because of `why`."""

    why: str
    dead: bool = False


Fetch = Callable[[View, Left], tuple[Event, ...]]


@dataclass(frozen=True, slots=True)
class Calendars:
    settings: Settings
    cache: Cache
    http: Http
    logins: Logins
    now: datetime

    def tasks(self) -> dict[str, Callable[[], object]]:
        """One for each calendar, by its name: `calendar 1`, `calendar Blue 2`, `calendar primary`."""
        tasks: dict[str, Callable[[], object]] = {}
        for number, one in enumerate(self.settings.ical_urls, 1):
            address = one.address.reveal()
            name = f"{PREFIX} {one.car} {number}".replace("  ", " ")
            tasks[name] = partial(self._cached, name, one.car, address, self._ical(address, name))
        if self.settings.google_credentials is None:
            return tasks
        for calendar in self.settings.google_calendars or (None,):
            car, ident = (calendar.car, calendar.id) if calendar else ("", "primary")
            name = f"{PREFIX} {ident}"
            tasks[name] = partial(self._cached, name, car, f"google {ident}", self._google(ident, name))
        return tasks

    def ask_again(self) -> None:
        """The owner's word: what a calendar said before is forgotten, and it is read anew."""
        keys = [one.address.reveal() for one in self.settings.ical_urls]
        keys += [f"google {one.id}" for one in self.settings.google_calendars] or ["google primary"]
        for key in keys:
            if self.cache.get(f"{_file(key)}-rest") is not None:
                self.cache.put(f"{_file(key)}-rest", Rest(""), self.now)

    def _ical(self, address: str, name: str) -> Fetch:
        def fetch(view: View, left: Left) -> tuple[Event, ...]:
            from clients.ical import read_ical  # most cycles have a young calendar in the cache

            return read_ical(address, name, self.http, view, left)

        return fetch

    def _google(self, ident: str, name: str) -> Fetch:
        def fetch(view: View, left: Left) -> tuple[Event, ...]:
            from clients.google_calendar import GoogleCalendar

            client = GoogleCalendar(self.settings.google_calendar_url, self.settings.google_token_url, self._key(ident))
            return client.events(ident, name, view, left)

        return fetch

    def _key(self, ident: str) -> Key:
        from clients.google_calendar import Key, read_key

        assert self.settings.google_credentials is not None
        key = read_key(self.settings.google_credentials)
        if key.service:
            if ident == "primary":
                raise NotConfigured(PREFIX, f"{key.email} has no calendar of its own: share yours with it and name it in GOOGLE_CALENDARS.")
            return key
        login = self.logins.load(Login.GOOGLE)
        if login is None or not login.get("refresh_token"):
            raise LoginDead(PREFIX, "Nobody has logged in to Google yet: scheduler.py auth google")
        return Key(login)

    def _cached(self, name: str, car: str, key: str, fetch: Fetch) -> Reading:
        """The kept reading while it is young, else a fresh one, else the old one with what went wrong. Raises ClientError where there is
        none at all."""
        file = _file(key)
        old, rest = self._kept(file, name, car), self._rest(file)
        if rest is not None:
            return _aged(old, LoginDead(PREFIX, rest.why) if rest.dead else ClientError(PREFIX, rest.why))
        if old is not None and timedelta() <= self.now - old.fetched_at < EVERY:
            return old
        view = View(self.now - BACK, self.now + AHEAD, self.settings.time_zone, self.settings.calendar_free_events)
        try:
            left = Left()
            events = fetch(view, left)
        except NotConfigured as error:  # nobody was asked: it is mended as soon as the owner mends it
            return _aged(old, error)
        except ClientError as error:
            self.cache.put(f"{file}-rest", Rest(error.text, isinstance(error, LoginDead)), self.now + _pause(error), secret=True)
            return _aged(old, error)
        such_as = min(left.odd.values(), default="")
        fresh = Reading(name, car, self.now, events, odd=len(left.odd), such_as=such_as, beyond=left.beyond)
        self.cache.put(file, fresh, self.now + EVERY, secret=True)  # where somebody goes is nobody else's business
        return fresh

    def _kept(self, file: str, name: str, car: str) -> Reading | None:
        found = self.cache.get(file)
        if found is None or self.now - found.fetched_at > KEPT:
            return None
        try:
            return replace(decode(Reading, found.value), name=name, car=car)
        except StateError:
            return None  # damaged, or of an older version: read anew

    def _rest(self, file: str) -> Rest | None:
        found = self.cache.get(f"{file}-rest")
        if found is None or not found.fresh(self.now) or found.expires_at - self.now > LONGEST_REST:
            return None
        try:
            return decode(Rest, found.value)
        except StateError:
            return None


def calendar_events(answers: Mapping[str, object], cars: tuple[CarView, ...]) -> tuple[Event, ...] | Missing:
    """The events of all calendars that answered or were kept, each with the VIN of the car that it is tied to. Missing: there are
    calendars, and none of them could be read."""
    asked = {name: answer for name, answer in answers.items() if name == PREFIX or name.startswith(f"{PREFIX} ")}
    readings = [answer for answer in asked.values() if isinstance(answer, Reading)]
    if asked and not readings:
        whys = [answer.why if isinstance(answer, Missing) else getattr(answer, "text", "no answer") for answer in asked.values()]
        return Missing(PREFIX, whys[0])
    events = [replace(event, vin=_vin(reading.car, cars)) for reading in readings for event in reading.events]
    return tuple(sorted(events, key=lambda event: (event.start, event.end, event.title)))


def unknown_cars(settings: Settings, cars: tuple[CarView, ...]) -> tuple[str, ...]:
    """Names in front of a calendar that belong to no car: its events count for every car."""
    tied = {one.car for one in settings.ical_urls} | {one.car for one in settings.google_calendars}
    return tuple(sorted(car for car in tied if car and _vin(car, cars) is None))


def _vin(car: str, cars: tuple[CarView, ...]) -> str | None:
    if not car:
        return None
    return next((view.vin for view in cars if car in (car_key(view.vin), car_key(view.vin[-6:]), car_key(view.name))), None)


def _aged(old: Reading | None, error: ClientError) -> Reading:
    if old is None:
        raise error
    return replace(old, problem=error.text, dead=isinstance(error, LoginDead))


def _pause(error: ClientError) -> timedelta:
    """At least as long as the service asked for, at most half a day."""
    usual = AFTER_FAILURE if error.temporary or error.retry_after_s is not None else AFTER_REFUSAL
    return min(max(usual, timedelta(seconds=error.retry_after_s or 0.0)), LONGEST_REST)


def _file(key: str) -> str:
    """The address is a secret, and a file's name is not."""
    return f"{PREFIX}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
