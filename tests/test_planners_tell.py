"""When a fact is told: once, after its patience, again only when it was gone for long, and never lost or doubled on a bad line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import Notify
from model_notices import About, Arrival, Fact, Grade, Note, Notes, Stage
from planners.tell import FORGOTTEN, begun, concluded, due, messages, tell

NOW = datetime(2026, 12, 9, 2, tzinfo=UTC)
CYCLE = timedelta(minutes=5)
HOUR = timedelta(hours=1)
DEAF = Fact("disobeys:1:start", About.DISOBEYS, "Blue does not start.")
DAEMON = Fact("failsafe:daemon", About.FAILSAFE, "It is dead.", patience=timedelta(minutes=15), end="It lives.", end_grade=Grade.PROBLEM)
FULL = Fact("complete:1:x", About.COMPLETE, "Blue is charged.", Grade.NEWS)


class Owner:
    """Cycles every five minutes; `heard`: (minutes since the start, text)."""

    def __init__(self, wanted: Notify = Notify.ALL) -> None:
        self.notes, self.wanted, self.cycle = Notes(), wanted, 0
        self.heard: list[tuple[int, str]] = []

    @property
    def now(self) -> datetime:
        return NOW + self.cycle * CYCLE

    def live(
        self, cycles: int, *facts: Fact, line: Arrival = Arrival.DONE, unseen: Sequence[str] = (), arrives: bool | None = None
    ) -> Owner:
        for _ in range(cycles):
            self.notes = tell(self.notes, facts, unseen, self.wanted, self.now)
            sent = due(self.notes, self.now)
            self.notes = begun(self.notes, sent, self.now)
            if line is Arrival.DONE if arrives is None else arrives:
                said = [text for message, _ in messages(sent, dry_run=False, now=self.now, zone=UTC) for text in message.text.split("\n")]
                self.heard += [(self.cycle * 5, text) for text in said]
            self.notes = concluded(self.notes, dict.fromkeys((note.key for note in sent), line))
            self.cycle += 1
        return self


def test_what_stands_for_a_day_is_told_once() -> None:
    assert Owner().live(288, DEAF).heard == [(0, "Blue does not start.")]


def test_a_fact_with_patience_is_told_when_it_has_stood_for_so_long() -> None:
    assert Owner().live(10, DAEMON).heard == [(15, "It is dead.")]
    assert Owner().live(3, DAEMON).live(5).live(3, DAEMON).heard == []


def test_the_end_is_told_once_two_cycles_later_and_only_where_the_beginning_was() -> None:
    assert Owner().live(6, DAEMON).live(30).heard == [(15, "It is dead."), (40, "It lives.")]
    assert Owner().live(2, DAEMON).live(30).heard == []


def test_a_problem_that_flickers_is_not_told_again_but_one_that_was_gone_for_long_is() -> None:
    owner = Owner()
    for _ in range(10):
        owner.live(1, DEAF).live(1)
    assert len(owner.heard) == 1
    owner.live(FORGOTTEN[About.DISOBEYS] // CYCLE + 1).live(1, DEAF)
    assert len(owner.heard) == 2


def test_the_second_failure_of_the_same_kind_has_an_end_of_its_own() -> None:
    owner = Owner().live(6, DAEMON).live(13).live(6, DAEMON).live(5)
    assert [text for _, text in owner.heard] == ["It is dead.", "It lives."] * 2


@pytest.mark.parametrize(("wanted", "told"), [(Notify.ALL, 2), (Notify.PROBLEMS, 1), (Notify.OFF, 0)])
def test_news_are_for_those_who_want_all(wanted: Notify, told: int) -> None:
    assert len(Owner(wanted).live(3, DEAF, FULL).heard) == told


def test_what_did_not_arrive_is_tried_again_ever_more_rarely_and_arrives_once() -> None:
    owner = Owner().live(60, DEAF, line=Arrival.NOT_SENT)
    tries = owner.notes.notes[0].failed
    assert 6 <= tries <= 12  # in five hours
    owner.live(24, DEAF)
    assert len(owner.heard) == 1


def test_a_notice_that_comes_late_says_of_when_it_is_and_that_it_is_over() -> None:
    owner = Owner().live(12, DEAF, line=Arrival.NOT_SENT).live(12, line=Arrival.NOT_SENT).live(24)
    assert [text for _, text in owner.heard] == ["Blue does not start. (of 02:00, over since 03:00)"]


def test_what_was_told_after_it_was_over_has_no_second_end() -> None:
    owner = Owner().live(6, DAEMON, line=Arrival.NOT_SENT).live(12, line=Arrival.NOT_SENT).live(24)
    assert [text for _, text in owner.heard] == ["It is dead. (of 02:15, over since 02:30)"]


def test_an_unknown_outcome_is_tried_once_more_and_no_more() -> None:
    owner = Owner().live(48, DEAF, line=Arrival.UNSURE, arrives=True)
    assert len(owner.heard) == 2
    assert owner.notes.notes[0].stage is Stage.TOLD


def test_a_try_that_was_cut_off_by_a_power_cut_counts_as_one_that_may_have_arrived() -> None:
    owner = Owner()
    for _ in range(5):  # dies between the note on disk and the answer, in each cycle
        notes = tell(owner.notes, (DEAF,), (), Notify.ALL, owner.now)
        sent = due(notes, owner.now)
        owner.heard += [(owner.cycle, note.text) for note in sent]
        owner.notes = begun(notes, sent, owner.now)
        owner.cycle += 1
    assert len(owner.heard) == 2


def test_what_a_cycle_could_not_judge_stays_as_it_was() -> None:
    source = Fact("source:meter", About.SOURCE, "The meter is silent.", patience=HOUR, end="It answers.")
    owner = Owner().live(14, source).live(24, unseen=["source:meter"])
    assert [text for _, text in owner.heard] == ["The meter is silent."]
    assert owner.live(3).heard[-1][1] == "It answers."


def test_several_of_one_kind_are_one_message_and_the_gravest_kind_comes_first() -> None:
    other = replace(DEAF, key="disobeys:2:start", text="Red does not start.")
    notes = tell(Notes(), (FULL, DEAF, other), (), Notify.ALL, NOW)
    found = [message for message, _ in messages(due(notes, NOW), dry_run=True, now=NOW, zone=UTC)]
    assert [(message.code, message.text) for message in found] == [
        ("disobeys", "Blue does not start.\nRed does not start."),
        ("complete", "Blue is charged."),
    ]
    assert [message.urgent for message in found] == [True, False]
    assert found[0].title == "Ampshift (dry run): a car does not obey"


def test_what_could_not_be_said_for_three_days_is_given_up() -> None:
    owner = Owner().live(1, FULL, line=Arrival.NOT_SENT).live(3 * 288 + 1, line=Arrival.NOT_SENT)
    assert owner.notes.notes == ()


def test_titles_travel_in_a_header_so_they_are_plain() -> None:
    every = [Note(about.value, about, "text", Grade.PROBLEM, NOW, Stage.DUE) for about in About]
    assert all(message.title.isascii() for message, _ in messages(every, dry_run=False, now=NOW, zone=UTC))
    assert set(FORGOTTEN) == set(About)


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(Arrival)), max_size=200))
def test_however_it_flickers_and_the_line_fails_nothing_is_heard_twice_within_its_rest(lives: list[tuple[bool, Arrival]]) -> None:
    """Sure arrivals; one more may follow each that was unsure."""
    owner = Owner()
    for stands, line in lives:
        before = len(owner.heard)
        owner.live(1, *([DEAF] if stands else []), line=line, arrives=line is Arrival.DONE)
        assert len(owner.heard) - before <= 1
    times = [minute for minute, _ in owner.heard]
    assert all(later - earlier > FORGOTTEN[About.DISOBEYS] / timedelta(minutes=1) for earlier, later in pairwise(times))
