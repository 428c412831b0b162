"""After the record: what the owner must know is told, and a sign of life is given. Nothing here delays a command; the whole takes some
seconds at most, and what could not be told now is told by a later cycle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

from clients import notify as client
from clients.http import Http
from config import Notify, Settings
from cycle.ask import ask_all
from cycle.desk import Desk
from cycle.month import month_lines, month_of
from cycle.one import Cycle
from errors import AmpshiftError, ClientError, StateError
from model import Missing
from model_notices import About, Arrival, Fact, Message, Note, Notes, Stage
from planners.standing import LoginEnds, standing, unseen
from planners.tell import begun, concluded, due, messages, tell
from state.notices import NoticeFile

BUDGET_S = 8.0
NOTIFY = "notify: "
ENDS_WITHIN = timedelta(hours=2)  # a token that nobody renews
NOBODY_RENEWS = "nobody renews the token in TESLA_ACCESS_TOKEN; put a new one into .env, or take that line out first"
OVERDUE = timedelta(hours=1)  # of a renewal that fails

Tasks = dict[str, Callable[[], None]]


class Outside(Protocol):
    """The way to the owner. Both raise ClientError."""

    def send(self, message: Message) -> None: ...

    def beat(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Told:
    """`problems`: what is wrong with telling; `changed`: since the cycle before."""

    problems: tuple[str, ...] = ()
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Wire:
    """NOTIFY_URL and HEARTBEAT_URL."""

    settings: Settings
    http: Http = field(default_factory=Http)

    def send(self, message: Message) -> None:
        client.send(self.settings.notify_url.reveal(), message, self.http)

    def beat(self) -> None:
        client.beat(self.settings.heartbeat_url.reveal(), self.http)


def wanted(settings: Settings) -> bool:
    return bool(settings.heartbeat_url) or _tells(settings)


def after_cycle(desk: Desk, done: Cycle) -> Told:
    """For `run`, outside the cycle's lock: the guard may wait for that."""
    file = NoticeFile(desk.settings.state_dir, desk.stamp, desk.sleep)
    return told(done, desk.settings, file, Wire(desk.settings, desk.http), login_ends(desk))


def told(done: Cycle, settings: Settings, file: NoticeFile, outside: Outside, login: LoginEnds | None = None) -> Told:
    """One cycle's telling."""
    tasks: Tasks = {"heartbeat": outside.beat} if settings.heartbeat_url and not done.failed else {}
    try:
        with file.alone() as mine:
            if mine:
                return _told(_Telling(done, settings, file, outside, login), tasks)
    except StateError as error:  # nothing leaves that could not be written down; the sign of life may
        return Told((*_faults(ask_all(tasks, BUDGET_S)), f"{NOTIFY}{error.text}"), changed=True)
    return Told()


def send_test(settings: Settings, http: Http) -> str:
    """`check --notify`: sends one; gives what went wrong, or ""."""
    text = "This is a test: Ampshift reaches you. It writes only when there is something to say."
    try:
        client.send(settings.notify_url.reveal(), Message("Ampshift: test", text, "test", urgent=False), http)
    except ClientError as error:
        return error.text
    return ""


def login_ends(desk: Desk) -> LoginEnds | None:
    """A login that works now and will not for long, from what is on disk."""
    settings, now = desk.settings, desk.now
    if settings.tesla_access_token:
        ends = desk.login.claims().expires_at
        at = datetime.fromtimestamp(ends, UTC) if 0 < ends < 1e11 else None
        near = at is not None and now < at <= now + ENDS_WITHIN
        return LoginEnds(at, NOBODY_RENEWS) if at is not None and near else None
    held = desk.login.held() if settings.logged_in else None
    if held is None or held.dead or now >= held.expires_at:
        return None
    if held.refused:
        return LoginEnds(held.expires_at, "Tesla calls its refresh token used up")
    late = now >= held.renew_at + OVERDUE
    return LoginEnds(held.expires_at, "it could not be renewed for an hour; the next cycles try again") if late else None


@dataclass(frozen=True, slots=True)
class _Telling:
    done: Cycle
    settings: Settings
    file: NoticeFile
    outside: Outside
    login: LoginEnds | None

    @property
    def now(self) -> datetime:
        return self.done.decision.now


def _told(telling: _Telling, tasks: Tasks) -> Told:
    file, now = telling.file, telling.now
    before = file.load()
    notes = _after(telling, before)
    sent = due(notes, now) if _tells(telling.settings) and not telling.done.clock else ()
    tried = begun(notes, sent, now)
    if tried != before:
        file.save(tried)
    kinds = _messages(telling, sent)
    sends: Tasks = {message.code: partial(telling.outside.send, message) for message in kinds}
    answers = ask_all(tasks | sends, BUDGET_S)
    arrivals = {key: _arrival(answers[message.code]) for message, keys in kinds.items() for key in keys}
    after = concluded(tried, arrivals)
    problems = tuple(dict.fromkeys((*file.problems, *_faults(answers), *(() if sent else _still(after)))))
    after = replace(after, problems=problems)
    if after != tried:
        file.save(after)
    return Told(problems, set(problems) != set(before.problems))


def _still(notes: Notes) -> tuple[str, ...]:
    """What was wrong with the last try, between two tries: else cron would mail each of them, and the good end of none."""
    waits = any(note.stage is Stage.DUE and (note.failed or note.unsure) for note in notes.notes)
    return tuple(problem for problem in notes.problems if problem.startswith(NOTIFY)) if waits else ()


def _after(telling: _Telling, notes: Notes) -> Notes:
    """A doubtful clock teaches nothing, and a house without NOTIFY_URL has nobody to tell."""
    settings, done = telling.settings, telling.done
    if done.clock or not _tells(settings):
        return notes
    facts = standing(done.decision, done.snapshot, settings, telling.login)
    last = month_of(telling.now, settings, back=1)
    if notes.month and notes.month < last:
        facts = (*facts, *_month(telling, last))
    blind = unseen(done.decision, (note.key for note in notes.notes))
    later = tell(notes, facts, blind, settings.notify, telling.now)
    return replace(later, month=max(notes.month, last))


def _month(telling: _Telling, month: str) -> tuple[Fact, ...]:
    try:
        lines = month_lines(telling.settings, month, telling.now)
    except StateError as error:
        lines = (f"The summary of {month} could not be made: {error.text}",)
    return (Fact(f"month:{month}", About.MONTH, "\n".join(lines)),) if lines else ()


def _messages(telling: _Telling, sent: tuple[Note, ...]) -> Mapping[Message, tuple[str, ...]]:
    return dict(messages(sent, telling.settings.dry_run, telling.now, telling.settings.time_zone))


def _tells(settings: Settings) -> bool:
    return bool(settings.notify_url) and settings.notify is not Notify.OFF


def _arrival(answer: object) -> Arrival:
    if isinstance(answer, ClientError):
        return Arrival.NOT_SENT if client.certainly_lost(answer) else Arrival.UNSURE
    return Arrival.UNSURE if isinstance(answer, Missing) else Arrival.DONE


def _faults(answers: Mapping[str, object]) -> tuple[str, ...]:
    """One line for each far end."""
    lines = []
    for name, answer in answers.items():
        who = "heartbeat: " if name == "heartbeat" else NOTIFY
        if isinstance(answer, AmpshiftError):
            lines.append(f"{who}{answer.text}")
        elif isinstance(answer, Missing):
            lines.append(f"{who}{answer.why}")
    return tuple(dict.fromkeys(lines))
