"""Questions to slaves, in spare bus time only: never while a charge starts, never so that a heartbeat would be late, a few tries each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from twc.link import ADDRESSED, Link
from twc.messages import Plugged, Query, SlaveState
from twc.values import NEVER, Master, Slave

SPARE_S = 0.15  # a question and its answer
APART_S = 0.4


@dataclass(frozen=True, slots=True)
class Habit:
    """`every_s`: asked again after so long; `tries`: unanswered ones before we ask only now and then; `car`: only with a car."""

    every_s: float
    tries: int
    car: bool = False


HABITS: Mapping[Query, Habit] = {
    Query.PLUG: Habit(10.0, 3),
    Query.FIRMWARE: Habit(86400.0, 3),
    Query.SERIAL: Habit(86400.0, 3),
    Query.VIN_1: Habit(30.0, 5, car=True),
    Query.VIN_2: Habit(30.0, 5, car=True),
    Query.VIN_3: Habit(30.0, 5, car=True),
    Query.ENERGY: Habit(20.0, 5),
}
VIN = (Query.VIN_1, Query.VIN_2, Query.VIN_3)
RETRY_S, NOW_AND_THEN_S = 3.0, 900.0  # a unit that does not know the question; or noise swallowed all tries


def next_question(master: Master, now: float) -> tuple[int, Query] | None:
    """(slave id, query) that may be asked now; None: nothing is due, or there is no time for it."""
    linked = [slave for slave in master.slaves if slave.link is Link.LINKED]
    if any(slave.status is not None and slave.status.state == SlaveState.STARTING for slave in linked):
        return None
    if any(now > slave.beat_at + 1.0 - SPARE_S for slave in master.slaves if slave.link in ADDRESSED):
        return None
    if any(now < asked_at + APART_S for slave in linked for _, _, asked_at in slave.asked):
        return None
    due = [(slave.id, query) for slave in linked for query, habit in HABITS.items() if _due(slave, query, habit, now)]
    return min(due, key=lambda row: _last(master, row), default=None)


def noted(slave: Slave, query: Query, now: float) -> Slave:
    """The slave with one more try written down."""
    tries = next((tries for asked, tries, _ in slave.asked if asked is query), 0)
    rest = tuple(row for row in slave.asked if row[0] is not query)
    return replace(slave, asked=(*rest, (query, tries + 1, now)))


def _due(slave: Slave, query: Query, habit: Habit, now: float) -> bool:
    if habit.car and slave.plugged is not Plugged.YES:
        return False
    if query in VIN and slave.vin_parts[VIN.index(query)]:
        return False
    tries, asked_at = next(((tries, at) for asked, tries, at in slave.asked if asked is query), (0, NEVER))
    wait = habit.every_s if not tries else RETRY_S if tries < habit.tries else NOW_AND_THEN_S
    return now >= asked_at + wait


def _last(master: Master, row: tuple[int, Query]) -> float:
    slave = next(slave for slave in master.slaves if slave.id == row[0])
    return next((at for query, _, at in slave.asked if query is row[1]), NEVER)
