"""What the master knows, as frozen values. Times `*_at` are monotonic seconds; amps are whole for offers, 0.01 A steps for what slaves
report."""

from __future__ import annotations

from dataclasses import dataclass, field

from twc.frame import Deframer
from twc.link import Link
from twc.messages import Energy, Plugged, Query, Sendable, SlaveHeartbeat

NEVER = float("-inf")


MASTER_ID = 0x7777


@dataclass(frozen=True, slots=True)
class Options:
    """`circuit`: breaker x 80 %; `most`: per connector (TWC_MAX_AMPS); `failsafe`: per connector without a fresh target; `guarded`: a
    monitor must be alive; `silence`: stop the heartbeats to a slave that ignores a ceiling (else only the alarm)."""

    circuit: int
    most: int = 80
    failsafe: int = 6
    guarded: bool = False
    silence: bool = False
    master_id: int = MASTER_ID
    sign: int = 0x77


@dataclass(frozen=True, slots=True)
class Step:
    until_at: float
    amps: int


@dataclass(frozen=True, slots=True)
class Want:
    """target.json for one connector (`id` "*": all that are not listed); `vin` and `priority` as there; steps in order."""

    id: str
    priority: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """A fresh target; one that has expired is None. `site_amps`: all chargers together; None: no limit beside the circuit."""

    site_amps: int | None
    wants: tuple[Want, ...]


@dataclass(frozen=True, slots=True)
class Ceiling:
    """What the guard said last: amps for all chargers together, None: no ceiling. `fresh`: it said so within 5 s."""

    amps: int | None
    fresh: bool


@dataclass(frozen=True, slots=True)
class Offer:
    amps: int
    since_at: float


@dataclass(frozen=True, slots=True)
class Remembered:
    """A slave from before a restart. `earlier`: a higher offer that was not confirmed gone; 0: none."""

    id: int
    protocol: int
    max_amps: int
    offer: int
    earlier: int = 0


@dataclass(frozen=True, slots=True)
class Slave:
    """One slave. `offer`: the newest on the wire (None: never greeted); `earlier`: higher ones that are not confirmed gone."""

    id: int
    link: Link
    protocol: int = 2
    shorter: int = 0  # whole frames of protocol 1 in a row, from one that is taken for protocol 2; a link-ready counts twice
    max_amps: int = 6
    heard_at: float = NEVER
    greeted_at: float = NEVER
    beat_at: float = NEVER  # our newest heartbeat
    offer: Offer | None = None
    earlier: tuple[int, ...] = ()
    status: SlaveHeartbeat | None = None
    raised_at: float = NEVER
    switched_at: float = NEVER  # on <-> off
    plugged: Plugged = Plugged.UNKNOWN
    plugged_at: float = NEVER
    tells_plug: bool = False  # its firmware answers the plug question
    drew_at: float = NEVER  # newest heartbeat with 1 A or more
    state_since: float = NEVER
    rested: bool = False  # it was READY for a while: there may have been another plug
    vin_parts: tuple[str, str, str] = ("", "", "")
    energy: Energy | None = None
    firmware: str = ""
    serial: str = ""
    asked: tuple[tuple[Query, int, float], ...] = ()  # (query, tries, newest try)
    recalled: bool = False  # remembered from before a restart, and not answered yet
    over_since: float | None = None  # above its ceiling, or drawing in state ERROR
    silenced_at: float = NEVER

    @property
    def name(self) -> str:
        return f"{self.id:04X}"

    @property
    def draw(self) -> float:
        return self.status.actual if self.status is not None else 0.0

    @property
    def minimum(self) -> int:
        return 5 if self.protocol == 1 else 6


@dataclass(frozen=True, slots=True)
class Pending:
    """A frame on the wire whose answer may still come: nobody speaks until `until_at`."""

    message: Sendable
    sent_at: float
    until_at: float


@dataclass(frozen=True, slots=True)
class Counters:
    frames: int = 0
    heartbeats: int = 0
    answers: int = 0
    late: int = 0  # heartbeats more than 0.5 s late
    foreign: int = 0
    echoes: int = 0
    clashes: int = 0


@dataclass(frozen=True, slots=True)
class Master:
    """The whole state of the master. `started_at`: this process; `hello`: greetings still to be sent; `trouble_at`: when the reserves last
    summed to more than the circuit, `troubles`: how often lately; `trim`: the most that all offers together may be since draws within
    their tolerance summed to more."""

    options: Options
    started_at: float
    fresh_start: bool  # nothing was remembered: nothing is raised above the minimum for 30 s
    deframer: Deframer = field(default_factory=Deframer)
    slaves: tuple[Slave, ...] = ()
    hello: int = 10
    hello_at: float = NEVER
    pending: Pending | None = None
    sent: tuple[Pending, ...] = ()  # newest frames of ours that no adapter has echoed
    heard_at: float = NEVER  # any byte
    babble_at: float = NEVER  # since when bytes come without a pause
    echoed_at: float = NEVER  # this adapter hears itself
    foreign_at: float = NEVER
    trouble_at: float = NEVER
    troubles: int = 0  # in the past hour
    trim: int | None = None
    trim_at: float = NEVER
    ceiling: int | None = None  # the newest that was fresh
    wishes: tuple[Target | None, Ceiling] | None = None  # what the newest whole turn knew
    rest_until: float = NEVER  # nothing is due before, unless something is heard or wished
    counters: Counters = field(default_factory=Counters)
