"""What the owner is told: facts that stand now, and what became of telling them (notices.json). Frozen values, as everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class About(StrEnum):
    """What a notice is about, in the order in which several of one cycle are told."""

    LOGIN = "login"
    NOT_READY = "not-ready"
    DISOBEYS = "disobeys"
    FAILSAFE = "failsafe"
    GAP = "gap"
    GUARD = "guard"
    BUDGET = "budget"
    SOURCE = "source"
    COMPLETE = "complete"
    LIMIT = "limit"
    MONTH = "month"


class Grade(StrEnum):
    """PROBLEM is told with NOTIFY=problems too; NEWS only with NOTIFY=all."""

    PROBLEM = "problem"
    NEWS = "news"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is so in this cycle. `key`: the same fact has the same key in each cycle; `patience`: how long it must have been so
    before it is told; `end`: what is told when it is over ("": nothing); `end_grade`: whom that interests."""

    key: str
    about: About
    text: str
    grade: Grade = Grade.PROBLEM
    patience: timedelta = timedelta()
    end: str = ""
    end_grade: Grade = Grade.NEWS


class Stage(StrEnum):
    WAITS = "waits"  # it has not been so for long enough
    DUE = "due"
    TRYING = "trying"  # on disk before it is sent: one that is found so was cut off, and nobody knows whether it arrived
    TOLD = "told"


@dataclass(frozen=True, slots=True)
class Note:
    """One fact and what became of telling it. `gone_at`: since when it is no longer so; `failed`: tries that certainly did not arrive;
    `unsure`: tries that may have arrived."""

    key: str
    about: About
    text: str
    grade: Grade
    since: datetime
    stage: Stage = Stage.WAITS
    end: str = ""
    end_grade: Grade = Grade.NEWS
    gone_at: datetime | None = None
    due_at: datetime | None = None
    tried_at: datetime | None = None
    failed: int = 0
    unsure: int = 0


@dataclass(frozen=True, slots=True)
class Notes:
    """notices.json. `problems`: what was wrong with telling, as it was said last on stderr; `month`: the newest month (2026-11) whose
    summary was made."""

    notes: tuple[Note, ...] = ()
    problems: tuple[str, ...] = ()
    month: str = ""


class Arrival(StrEnum):
    """What became of one try."""

    DONE = "done"
    NOT_SENT = "not-sent"  # certainly did not arrive
    UNSURE = "unsure"  # may have arrived


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: `title` is plain ASCII, for it travels in a header."""

    title: str
    text: str
    code: str
    urgent: bool
