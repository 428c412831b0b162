"""When a fact is told: once it has been so for long enough, each time anew only after it was gone for a while, never twice for a power cut.

WAITS --patience--> DUE --on disk--> TRYING --arrived--> TOLD --gone for long--> forgotten, and news if it comes back
                     ^                 |
                     +-- certainly not-+   may have arrived: once more, then it counts as told
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

from config_notify import Notify
from model_notices import About, Arrival, Fact, Grade, Message, Note, Notes, Stage
from planners.texts import clock

FORGOTTEN: Mapping[About, timedelta] = {  # gone for so long, it is news when it comes back
    About.LOGIN: timedelta(hours=1),
    About.NOT_READY: timedelta(hours=12),  # a forecast of power flickers
    About.DISOBEYS: timedelta(hours=2),
    About.FAILSAFE: timedelta(hours=1),
    About.GAP: timedelta(days=2),  # its key names the hour
    About.GUARD: timedelta(hours=12),  # a kettle each evening is no news
    About.BUDGET: timedelta(days=31),  # its key names the month
    About.SOURCE: timedelta(hours=6),
    About.COMPLETE: timedelta(days=2),  # its key names the plug-in
    About.LIMIT: timedelta(days=3),  # its key names the moment
    About.MONTH: timedelta(days=40),
}
ENDED_AFTER = timedelta(minutes=9)  # two cycles of five minutes
LATE = timedelta(minutes=30)
PAUSE, LONGEST_PAUSE = timedelta(minutes=4), timedelta(hours=1)  # between tries that did not arrive
GIVEN_UP_AFTER = timedelta(days=3)
UNSURE_MOST = 2
END = ":end@"  # in the key of a note that tells the end of another
EVENTS = frozenset({About.GAP, About.COMPLETE, About.LIMIT, About.MONTH})  # they happened, and are never over
TITLES: Mapping[About, str] = {
    About.LOGIN: "log in again",
    About.NOT_READY: "not ready in time",
    About.DISOBEYS: "a car does not obey",
    About.FAILSAFE: "Wall Connectors",
    About.GAP: "nothing ran for a while",
    About.GUARD: "the guard acted",
    About.BUDGET: "Tesla budget",
    About.SOURCE: "something does not answer",
    About.COMPLETE: "charged",
    About.LIMIT: "charge limit",
    About.MONTH: "your month",
}
OVER: Mapping[About, str] = {  # where only ends are told
    About.LOGIN: "the login works again",
    About.DISOBEYS: "a car does not obey - over",
    About.FAILSAFE: "Wall Connectors - over",
    About.SOURCE: "it answers again",
}
URGENT = frozenset({About.LOGIN, About.NOT_READY, About.DISOBEYS, About.FAILSAFE})


def tell(notes: Notes, facts: Sequence[Fact], unseen: Collection[str], wanted: Notify, now: datetime) -> Notes:
    """The notes after this cycle. `unseen`: keys that this cycle could not judge: they stay as they were."""
    stands = {fact.key: fact for fact in facts if _wanted(fact.grade, wanted)}
    known = {note.key for note in notes.notes}
    kept = [_seen(note, stands.get(note.key), unseen, now) for note in map(_cut_off, notes.notes)]
    fresh = [_ripe(_note(fact, now), now, fact.patience) for key, fact in stands.items() if key not in known]
    ended = [end for note in kept if (end := _end(note, wanted, now)) is not None]
    ends = {end.key.partition(END)[0] for end in ended}
    kept = [replace(note, end="") if note.key in ends else note for note in kept]
    whole = [note for note in (*kept, *fresh, *ended) if not _over(note, now)]
    return replace(notes, notes=tuple(whole))


def due(notes: Notes, now: datetime) -> tuple[Note, ...]:
    """What is to be sent now."""
    return tuple(note for note in notes.notes if note.stage is Stage.DUE and _rested(note, now))


def begun(notes: Notes, sent: Sequence[Note], now: datetime) -> Notes:
    """To be on disk before they are sent."""
    keys = {note.key for note in sent}
    marked = (replace(note, stage=Stage.TRYING, tried_at=now) if note.key in keys else note for note in notes.notes)
    return replace(notes, notes=tuple(marked))


def concluded(notes: Notes, arrivals: Mapping[str, Arrival]) -> Notes:
    """After the tries: what became of each, by key."""
    return replace(notes, notes=tuple(_concluded(note, arrivals[note.key]) if note.key in arrivals else note for note in notes.notes))


def messages(sent: Sequence[Note], dry_run: bool, now: datetime, zone: tzinfo) -> Iterator[tuple[Message, tuple[str, ...]]]:
    """One message for all notes of a kind, with their keys."""
    for about in About:
        same = [note for note in sent if note.about is about]
        if same:
            text = "\n".join(_text(note, now, zone) for note in same)
            over = all(END in note.key for note in same)
            title = f"Ampshift{' (dry run)' if dry_run else ''}: {(OVER if over else TITLES)[about]}"
            urgent = about in URGENT and any(note.grade is Grade.PROBLEM and END not in note.key for note in same)
            yield Message(title, text, about.value, urgent), tuple(note.key for note in same)


def _wanted(grade: Grade, wanted: Notify) -> bool:
    return wanted is Notify.ALL or (wanted is Notify.PROBLEMS and grade is Grade.PROBLEM)


def _note(fact: Fact, now: datetime) -> Note:
    return Note(fact.key, fact.about, fact.text, fact.grade, now, end=fact.end, end_grade=fact.end_grade)


def _cut_off(note: Note) -> Note:
    return _concluded(note, Arrival.UNSURE) if note.stage is Stage.TRYING else note


def _seen(note: Note, fact: Fact | None, unseen: Collection[str], now: datetime) -> Note:
    if fact is not None:
        ripe = _ripe(replace(note, gone_at=None), now, fact.patience)
        return replace(ripe, text=fact.text, end=fact.end) if ripe.stage is not note.stage else ripe  # its newest words
    return note if note.key in unseen or note.gone_at is not None else replace(note, gone_at=now)


def _ripe(note: Note, now: datetime, patience: timedelta) -> Note:
    ripe = note.stage is Stage.WAITS and now - note.since >= patience
    return replace(note, stage=Stage.DUE, due_at=now) if ripe else note


def _end(note: Note, wanted: Notify, now: datetime) -> Note | None:
    """Told that it is over, where it was told before that it is so."""
    if note.stage is not Stage.TOLD or not note.end or not _wanted(note.end_grade, wanted):
        return None
    gone, tried = note.gone_at, note.tried_at
    if gone is None or now - gone < ENDED_AFTER or (tried is not None and tried >= gone):
        return None
    return Note(f"{note.key}{END}{gone:%Y%m%dT%H%M}", note.about, note.end, note.end_grade, now, Stage.DUE, gone_at=now, due_at=now)


def _over(note: Note, now: datetime) -> bool:
    """Nothing is left to be told of it, or to be remembered."""
    if note.stage is Stage.WAITS:
        return note.gone_at is not None
    if note.stage is Stage.DUE:
        return note.due_at is not None and now - note.due_at >= GIVEN_UP_AFTER
    return note.gone_at is not None and now - note.gone_at >= FORGOTTEN[note.about]


def _rested(note: Note, now: datetime) -> bool:
    if note.tried_at is None or note.tried_at > now:  # a clock that went back
        return True
    doubled = 1 << min(max(0, note.failed - 1), 5)
    return now - note.tried_at >= min(PAUSE * doubled, LONGEST_PAUSE)


def _concluded(note: Note, arrival: Arrival) -> Note:
    if arrival is Arrival.NOT_SENT:
        return replace(note, stage=Stage.DUE, failed=note.failed + 1)
    if arrival is Arrival.UNSURE and note.unsure + 1 < UNSURE_MOST:
        return replace(note, stage=Stage.DUE, unsure=note.unsure + 1)
    return replace(note, stage=Stage.TOLD, unsure=note.unsure + (arrival is Arrival.UNSURE))


def _text(note: Note, now: datetime, zone: tzinfo) -> str:
    """One that could not be told in time says when it was so, and whether it is over."""
    late = note.due_at is not None and now - note.due_at >= LATE
    over = note.gone_at is not None and END not in note.key and note.about not in EVENTS
    words = [f"of {clock(note.due_at, now, zone)}"] if late and note.due_at is not None else []
    words += [f"over since {clock(note.gone_at, now, zone)}"] if over and note.gone_at is not None else []
    return f"{note.text} ({', '.join(words)})" if words else note.text
