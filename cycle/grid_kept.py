"""How often a service with a small allowance is asked, and what is done when it fails.

A cron run lives from the disk: a series is fetched when it is due, joined to the past days, and kept. After a failure it is left
alone, each time for longer (1 h to 12 h), so that a month of failures cannot use up the month's requests; the aged series goes on.
Where the whole service is ill (no connection, key refused, too many requests), all of its series rest together and the owner hears of
it once. Another key or address in .env, and `check`, end a rest.
"""

from __future__ import annotations

import re
import threading
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from cycle.grid import KEPT, cached, join
from errors import (
    AmpshiftError,
    BadAnswer,
    BadCertificate,
    ClientError,
    LoginDead,
    NoAnswer,
    NotAsked,
    ServerFault,
    StateError,
    TooMany,
    Unreachable,
)
from model import Series
from state.cache import Cache

FIRST_REST, LONGEST_REST = timedelta(hours=1), timedelta(hours=12)
LATE, LATEST = timedelta(hours=2), timedelta(hours=6)  # a day's prices that are not there yet are asked for again, three times at most
USED_UP = "the free requests of this month are used up"
WHOLE_SERVICE = (Unreachable, NoAnswer, BadCertificate, LoginDead, TooMany, ServerFault)
Due = Callable[[Series | None], bool]
Fetch = Callable[[], Series]
Plan = Mapping[str, tuple[Due, Fetch]]  # by task


@dataclass(slots=True)
class Pace:
    """One request after the other, at least `gap_s` apart, however many threads want one."""

    gap_s: float
    sleep: Callable[[float], None]
    mono: Callable[[], float]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _last: float | None = None

    def wait(self) -> None:
        with self._lock:
            if self._last is not None and self.gap_s > 0:
                self.sleep(max(0.0, self._last + self.gap_s - self.mono()))
            self._last = self.mono()


@dataclass(frozen=True, slots=True)
class Keeper:
    """`service`: whose series these are; `asker`: key and address with which is asked, of which only a hash is kept. A series in the same
    file may be of another service that stood in (grid_second.py): it counts as any other, but says nothing of this one's health."""

    cache: Cache
    now: datetime
    service: str
    asker: str
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _checked: set[str] = field(default_factory=set)

    def series(self, name: str, due: Due, fetch: Fetch, tells: bool = True) -> Series:
        """The kept series, fetched anew where it is due, one after the other. `tells`: the one that says when the service is ill. Raises
        AmpshiftError where there is none at all."""
        with self._turn:
            ill, old = self._rest(self.service), cached(self.cache, name)
            if ill is not None and ill[2] > self.now:
                if old is None:
                    raise ClientError(self.service, ill[0]) if tells else NotAsked(self.service, ill[0])
                return old
            try:
                return self._series(name, old, due, fetch)
            except (ClientError, StateError) as error:
                if tells or not (_whole(error) or _used_up(error)):
                    raise
                raise NotAsked(self.service, error.text) from error

    def _series(self, name: str, old: Series | None, due: Due, fetch: Fetch) -> Series:
        rest, own = self._rest(name), old is not None and old.source == self.service
        if old is not None and old.fetched_at <= self.now and not due(old) and (own or name not in self._checked):
            return old
        if rest is not None and rest[2] > self.now:
            if old is None:
                raise ClientError(name, rest[0])
            return old
        try:
            fresh = fetch()
        except (ClientError, StateError) as error:
            rest = self._rest(whose := self.service if _whole(error) else name)
            again = rest is not None and (old is None or not own or old.fetched_at <= rest[2] - rest[1])
            self._leave_alone(whose, error, rest[1] * 2 if rest is not None and again else FIRST_REST)
            if old is None:
                raise
            return old
        joined = join(old, fresh, self.now, keep_later=old is not None and old.source != fresh.source)
        self.cache.put(name, joined, self.now + KEPT)
        return joined

    def old(self, name: str) -> Series | None:
        return cached(self.cache, name)

    def trouble(self, name: str) -> str:
        """Why it is left alone just now; "" where it is not."""
        rests = (self._rest(self.service), self._rest(name))
        return next((rest[0] for rest in rests if rest is not None and rest[2] > self.now), "")

    def said(self, name: str) -> str:
        """Why this service did not give the series when it was asked last, although another stood in; "" where that is not known."""
        rests = [rest for rest in (self._rest(self.service), self._rest(name)) if rest is not None]
        return max(rests, key=lambda rest: rest[2])[0] if rests else ""

    def ask_again(self, name: str) -> None:
        """`check` asks whatever failed before, and what another service told meanwhile."""
        self._checked.add(name)
        for whose in (self.service, name):
            if self._rest(whose) is not None:
                self.cache.put(self._file(whose), ["", "", 0.0], self.now)

    def _leave_alone(self, name: str, error: AmpshiftError, rest: timedelta) -> None:
        if _used_up(error):  # no rest, only a note for `said`; written once
            before = self._rest(name)
            if before is None or before[0] != USED_UP:
                self.cache.put(self._file(name), [USED_UP, self._hash(), 0.0], self.now)
            return
        told = timedelta(seconds=error.retry_after_s or 0) if isinstance(error, ClientError) else timedelta()
        lasting = LONGEST_REST if not error.temporary and isinstance(error, ClientError) else FIRST_REST
        rest = min(max(rest, told, lasting), max(LONGEST_REST, told))
        self.cache.put(self._file(name), [error.text, self._hash(), rest.total_seconds()], self.now + rest)

    def _rest(self, name: str) -> tuple[str, timedelta, datetime] | None:
        """(why, how long, until when) of the last failure of this asker."""
        found = self.cache.get(self._file(name))
        value = found.value if found is not None else None
        if found is None or not isinstance(value, list) or len(value) != 3 or value[1] != self._hash():
            return None
        return str(value[0]), timedelta(seconds=float(value[2])), found.expires_at

    def _file(self, name: str) -> str:
        """Two services that tell the same series rest each for itself."""
        return f"{name}-rest" if name == self.service else f"{name}-{self.service}-rest"

    def _hash(self) -> str:
        return f"{zlib.crc32(self.asker.encode()):08x}"


def _whole(error: AmpshiftError) -> bool:
    """Is the whole service ill? A host that answers with no JSON at all is, too."""
    return not _used_up(error) and (isinstance(error, WHOLE_SERVICE) or (isinstance(error, BadAnswer) and error.status is not None))


def _used_up(error: AmpshiftError) -> bool:
    """Our own count stopped it, not the service: the prices may still have a share, and asking the count again costs nothing."""
    return isinstance(error, TooMany) and error.status is None


def every(period: timedelta, now: datetime) -> Due:
    return lambda old: old is None or now - old.fetched_at >= period


def daily(at: time, zone: ZoneInfo, now: datetime, *, until_it_reaches_tomorrow: bool = False) -> Due:
    """Once a day, after `at` on the market's clock. Prices may come late: asked again while tomorrow's evening is not among them."""
    local = now.astimezone(zone)
    today = datetime.combine(local.date(), at, zone)
    last = today if local >= today else datetime.combine(local.date() - timedelta(days=1), at, zone)
    tomorrow = datetime.combine(today.date() + timedelta(days=1), time(22), zone)

    def due(old: Series | None) -> bool:
        if old is None or old.fetched_at < last:
            return True
        lacks = until_it_reaches_tomorrow and (not old.points or old.points[-1].end < tomorrow)
        return lacks and timedelta() <= local - today < LATEST and now - old.fetched_at >= LATE

    return due


def cache_name(kind: str, iso: str, place: str = "") -> str:
    """One file for each market: after a move to another grid nothing of the old one is left in the signal."""
    return re.sub(r"[^a-z0-9_.]+", "-", f"{kind} {iso} {place}".strip().lower())[:90]
