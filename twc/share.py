"""Who gets how much: the target's steps over the connectors by id, priority and fair share, in whole amps. Pure.

Each wish lies within the connector's own limits; below its minimum it is 0. First all that ask get their minimum, by priority, cars that
draw before connectors that stand idle: an offer of 0 at the plug makes some Teslas latch. Then the cars that draw are filled, by priority,
in equal shares; what they leave is offered to the idle ones. A protocol 2 unit ignores 0 and takes 6 A, so those are set aside first.

Nothing is given that would be taken away within seconds: a newcomer has its full share set aside shortly before it may have it, and after a
restart nobody has more than the offer that he had until all have answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from twc.link import ADDRESSED, HOLDING, Link
from twc.messages import Plugged, SlaveState
from twc.offers import TROUBLE_S
from twc.reserve import FLOOR_P2, reserve
from twc.values import Ceiling, Master, Options, Slave, Target, Want

NEWCOMER_S = 60.0  # plugged in at 0 A, some Teslas latch until they are plugged in again
SOON_S = 10.0
DRAWS_S = 60.0  # a pause shorter than this is no end: shares should not swing
LAST_PRIORITY = 9


def shares(master: Master, target: Target | None, ceiling: Ceiling, now: float) -> dict[int, int]:
    """Amps for each slave (by id) that is addressed or may be greeted; who is not named must wait."""
    slaves, apart = _counted(master, ceiling), _bring_room(master, target, ceiling)
    asked = {slave.id: _asked(slave, target, master, now) for slave in slaves}
    alone = {slave.id: min(asked[slave.id], slave.minimum) for slave in slaves if slave.id in apart}
    slaves = [slave for slave in slaves if slave.id not in apart]
    rank = {slave.id: (priority(slave, target), not draws(slave, now)) for slave in slaves}
    ordered = sorted(slaves, key=lambda slave: (*rank[slave.id], slave.id))
    left = most_for_all(master, target, ceiling) - sum(FLOOR_P2 for slave in slaves if takes_minimum(slave))
    left -= sum(reserve(slave) for slave in master.slaves if slave.link is Link.MUTE)
    given, left = _minima(ordered, asked, left)
    for _, group in groupby(sorted(ordered, key=lambda one: rank[one.id][::-1]), key=lambda one: rank[one.id]):
        left = _filled(given, [slave for slave in group if given[slave.id]], asked, left)
    return alone | {slave.id: min(given[slave.id], slave.minimum) if _is_new(slave, now) else given[slave.id] for slave in slaves}


def most_for_all(master: Master, target: Target | None, ceiling: Ceiling, more: int = 0) -> int:
    """Amps for all connectors together, were `more` greeted: circuit, the target's own limit, and the guard's ceiling (law 3)."""
    limits = [master.options.circuit]
    if target is not None and target.site_amps is not None:
        limits.append(max(0, target.site_amps))
    guard = ceiling_amps(master, ceiling, more)
    return min(limits if guard is None else [*limits, guard])


def ceiling_amps(master: Master, ceiling: Ceiling, more: int = 0) -> int | None:
    """The ceiling that counts. Without a fresh one, where a guard is on: the smaller of the last one and failsafe x greeted connectors that
    may have a car. Losing the ceiling never raises an offer."""
    if ceiling.fresh or not master.options.guarded:
        return ceiling.amps if ceiling.fresh else None
    cars = sum(slave.link in HOLDING and slave.plugged is not Plugged.NO for slave in master.slaves)
    return min([master.options.failsafe * (cars + more), *(last for last in (master.ceiling, ceiling.amps) if last is not None)])


def just_restarted(master: Master, now: float) -> bool:
    """Why the process before was at its offers this one does not know: there may have been trouble, so none is raised yet."""
    recalled = any(slave.recalled for slave in master.slaves)
    return recalled or (not master.fresh_start and now < master.started_at + TROUBLE_S)


def takes_minimum(slave: Slave) -> bool:
    """A protocol 2 unit that may have a car takes its 6 A whatever is offered."""
    return slave.protocol == 2 and slave.plugged is not Plugged.NO


def draws(slave: Slave, now: float) -> bool:
    """Is there a car that takes current, or is about to? Of a slave that has not answered since a restart nobody knows."""
    return slave.recalled or now < slave.drew_at + DRAWS_S or (slave.status is not None and slave.status.state == SlaveState.STARTING)


def cap(slave: Slave, options: Options) -> int:
    """The most for one connector: TWC_MAX_AMPS and what its own link-ready says."""
    return min(options.most, slave.max_amps)


def want_for(slave: Slave, target: Target | None) -> Want | None:
    """The entry of this connector, else that of all others."""
    if target is None:
        return None
    own = next((want for want in target.wants if want.id.upper() == slave.name), None)
    return own or next((want for want in target.wants if want.id == "*"), None)


def priority(slave: Slave, target: Target | None) -> int:
    want = want_for(slave, target)
    return want.priority if want is not None else LAST_PRIORITY


def over(slaves: Iterable[Slave], most: int) -> float:
    """A by which the measured draw of all lies above `most`."""
    return max(0.0, sum(slave.draw for slave in slaves) - most)


def _counted(master: Master, ceiling: Ceiling) -> list[Slave]:
    """All that are addressed, and of those that wait to be greeted the ones for whom circuit and guard have room at all."""
    said = _guard_says(master, ceiling)
    slaves = [slave for slave in master.slaves if slave.link in ADDRESSED]
    for slave in (one for one in master.slaves if one.link is Link.HEARD):
        with_it = [one for one in (*slaves, slave) if one.protocol == 2]
        cars = sum(FLOOR_P2 for one in with_it if one is slave or one.plugged is Plugged.YES)
        if FLOOR_P2 * len(with_it) <= master.options.circuit and (slave.protocol == 1 or said is None or cars <= said):
            slaves.append(slave)
    return slaves


def _bring_room(master: Master, target: Target | None, ceiling: Ceiling) -> set[int]:
    """Who waits and, once greeted, raises the sum by its least: without a guard's word each counts with its failsafe. Nobody is lowered for
    those: an offer of 0 lasts a minute, and makes some cars latch."""
    if any(slave.link is Link.MUTE for slave in master.slaves):
        return set()  # what that one reserves may be more than its failsafe
    waiting = [slave for slave in master.slaves if slave.link is Link.HEARD]
    most = [most_for_all(master, target, ceiling, more) for more in range(len(waiting) + 1)]
    return {slave.id for slave, old, new in zip(waiting, most, most[1:], strict=False) if new - old >= slave.minimum}


def _guard_says(master: Master, ceiling: Ceiling) -> int | None:
    """Its last word where it still counts. A protocol 2 unit takes 6 A once it is greeted, and again after silence had stopped it."""
    if ceiling.fresh:
        return ceiling.amps
    return min((last for last in (master.ceiling, ceiling.amps) if last is not None), default=None) if master.options.guarded else None


def _is_new(slave: Slave, now: float) -> bool:
    return now < slave.plugged_at + NEWCOMER_S


def _asked(slave: Slave, target: Target | None, master: Master, now: float) -> int:
    """What it may claim; a newcomer its minimum, until shortly before it may have more."""
    options = master.options
    want = want_for(slave, target)
    step = next((step for step in want.steps if step.until_at > now), None) if want is not None else None
    amps = step.amps if step is not None else options.failsafe
    if _is_new(slave, now):
        amps = max(amps, slave.minimum) if now >= slave.plugged_at + NEWCOMER_S - SOON_S else slave.minimum
    amps = min(amps, cap(slave, options))
    if slave.offer is not None and just_restarted(master, now):
        amps = min(amps, max(slave.offer.amps, slave.minimum))
    return amps if amps >= slave.minimum else 0


def _minima(ordered: Sequence[Slave], asked: Mapping[int, int], left: int) -> tuple[dict[int, int], int]:
    """The minimum for each that asks, as far as it reaches. Those of protocol 2 with a car are paid for already."""
    given = {slave.id: 0 for slave in ordered}
    for slave in ordered:
        price = 0 if takes_minimum(slave) else slave.minimum
        if asked[slave.id] > 0 and left - price >= 0:
            given[slave.id] = slave.minimum
            left -= price
    return given, left


def _filled(given: dict[int, int], group: Sequence[Slave], asked: Mapping[int, int], left: int) -> int:
    """One amp after the other to whoever of `group` has least, written into `given`. Gives what is left."""
    while left > 0:
        hungry = [slave for slave in group if given[slave.id] < asked[slave.id]]
        if not hungry:
            break
        poorest = min(hungry, key=lambda slave: (given[slave.id], slave.id))
        given[poorest.id] += 1
        left -= 1
    return left
