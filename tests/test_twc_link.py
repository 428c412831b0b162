"""The link as a literal table, and the page that is drawn from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from twc.link import ADDRESSED, HOLDING, SEATED, TABLE, Event, Link, after, page

PAGE = Path(__file__).parents[1] / "docs" / "twc-link.md"


def test_the_page_is_drawn_from_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"


def test_the_page_shows_every_change_of_state() -> None:
    text = page()
    for old, events in TABLE.items():
        for event, new in events.items():
            assert old is new or f"{old} --> {new}: {event}" in text


def test_every_state_has_a_row_and_can_be_left() -> None:
    assert set(TABLE) == set(Link)
    assert all(set(events.values()) - {link} for link, events in TABLE.items())


def test_every_state_is_reached_from_the_first_frame_of_a_slave() -> None:
    reached = {Link.LOST}  # nobody knows it yet
    for _ in Link:
        reached |= {new for link in reached for new in TABLE[link].values()}
    assert reached == set(Link)


def test_an_event_that_is_not_in_the_table_names_itself_and_the_state() -> None:
    with pytest.raises(LookupError, match="greet cannot happen to a slave that is linked"):
        after(Link.LINKED, Event.GREET)


@pytest.mark.parametrize("link", Link)
@pytest.mark.parametrize("event", [Event.READY, Event.ANSWER])
def test_a_slave_may_speak_in_every_state(link: Link, event: Event) -> None:
    assert after(link, event) in Link


def test_a_mute_slave_that_speaks_stays_mute_until_its_reserve_is_free() -> None:
    assert after(Link.MUTE, Event.ANSWER) is after(Link.MUTE, Event.READY) is Link.MUTE
    assert after(Link.MUTE, Event.RELEASE) is Link.LOST


def test_only_greeted_slaves_are_addressed_and_all_of_those_hold_current() -> None:
    assert {Link.GREETED, Link.LINKED} == ADDRESSED
    assert ADDRESSED < HOLDING < SEATED
    assert {Link.LOST, Link.REFUSED} == set(Link) - SEATED


@pytest.mark.parametrize("link", sorted(ADDRESSED | {Link.HEARD, Link.REFUSED}))
def test_silence_ends_every_state_in_which_somebody_speaks(link: Link) -> None:
    assert after(link, Event.SILENCE) is (Link.MUTE if link in ADDRESSED else Link.LOST)
