"""What is remembered of a signed session, and what news may change in it."""

from __future__ import annotations

import pytest

from clients.tesla_known import Known, Session, adopted, from_json, to_json
from clients.tesla_protobuf import SessionInfo

OLD = Known(Session(b"\x04car", b"epoch", counter=40, began=1000.0, clock_s=500))


def info(counter: int, clock_s: int, epoch: bytes = b"epoch") -> SessionInfo:
    return SessionInfo(counter, b"\x04car", epoch, clock_s, True)


def test_within_an_epoch_the_counter_never_falls() -> None:
    """The car has not seen the commands that were lost on the way."""
    behind, ahead = adopted(OLD, info(30, 600), 1700.0), adopted(OLD, info(90, 600), 1700.0)
    assert behind == Known(Session(b"\x04car", b"epoch", 41, 1100.0, 600))
    assert ahead == Known(Session(b"\x04car", b"epoch", 91, 1100.0, 600))


def test_a_new_epoch_begins_with_the_cars_own_counter_and_clock() -> None:
    assert adopted(OLD, info(0, 3, b"other"), 1700.0) == Known(Session(b"\x04car", b"other", 1, 1697.0, 3))


def test_of_news_that_are_older_than_what_is_known_nothing_is_believed() -> None:
    assert adopted(OLD, info(90, 499), 1700.0) == Known(Session(b"\x04car", b"epoch", 41, 1000.0, 500))


def test_what_is_said_of_an_unknown_car_is_taken() -> None:
    for before in (None, Known(plain=True)):
        assert adopted(before, info(6, 10), 100.0) == Known(Session(b"\x04car", b"epoch", 7, 90.0, 10))


def test_a_counter_that_is_used_up_ends_the_session() -> None:
    last = Known(Session(b"\x04car", b"epoch", 0xFFFFFFFE, 0.0, 0)).counted()
    assert last is not None
    assert last.counted() is None
    assert adopted(None, info(0xFFFFFFFF, 5), 1.0) is None


@pytest.mark.parametrize("known", [OLD, Known(plain=True)])
def test_what_is_written_is_read(known: Known) -> None:
    assert from_json(to_json(known)) == known


@pytest.mark.parametrize(
    "change",
    [{"counter": "7"}, {"counter": True}, {"counter": -1}, {"counter": 1e300}, {"began": None}, {"began": float("nan")}, {"epoch": "zz"}],
)
def test_an_entry_that_is_damaged_is_none(change: dict[str, object]) -> None:
    assert from_json({**to_json(OLD), **change}) is None


@pytest.mark.parametrize("data", [None, 3, [], {}, {"plain": False}, {"plain": "yes"}])
def test_what_is_no_entry_is_none(data: object) -> None:
    assert from_json(data) is None
