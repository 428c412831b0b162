"""Law 1: what a slave may draw is counted before it is offered to anybody else.

Counted are its newest offer; each earlier, higher one until a heartbeat at least 5 s after the newer one shows limit (protocol 2: or 6
A) and draw within the newer one's tolerance; and 6 A on protocol 2, which ignores an offer of 0. The reserve is the largest of them, or
the reported draw rounded up where it lies above that one's tolerance. A slave that was never greeted reserves nothing; a mute one keeps
its reserve until it is lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import ceil

from twc.link import HOLDING
from twc.values import Offer, Slave

CONFIRM_S, OBEYS_S = 5.0, 3.0  # cars were seen to follow within 4 s
FLOOR_P2 = 6


def ceiling_of(amps: float) -> float:
    """The most that an offer of `amps` may draw: 1 A or 10 % more, whichever is larger."""
    return amps + max(1.0, 0.1 * amps)


def amps_now(slave: Slave) -> int:
    """Its newest offer."""
    return slave.offer.amps if slave.offer is not None else 0


def effective(slave: Slave, amps: int) -> int:
    """What an offer comes to: protocol 2 takes 6 A for anything below."""
    return max(amps, FLOOR_P2) if slave.protocol == 2 else amps


def counted(slave: Slave) -> int:
    """The largest offer that it may still follow."""
    return effective(slave, max([amps_now(slave), *slave.earlier]))


def reserve(slave: Slave) -> int:
    """Whole amps that this slave may take."""
    if slave.link not in HOLDING:
        return 0
    most = counted(slave)
    return ceil(slave.draw - 1e-9) if slave.draw > ceiling_of(most) + 1e-9 else most


def total(slaves: Iterable[Slave]) -> int:
    return sum(reserve(slave) for slave in slaves)


def coming(slave: Slave) -> float:
    """What it will draw once it has followed its newest offer: as far below its draw as the newest offer lies below the one it follows.
    What it draws later than that is what it does draw."""
    if slave.offer is None or slave.heard_at >= slave.offer.since_at + OBEYS_S:
        return slave.draw
    newest, top = effective(slave, amps_now(slave)), counted(slave)
    return min(slave.draw, newest + max(0.0, slave.draw - top))


def offered(slave: Slave, amps: int, now: float) -> Slave:
    """The slave after an offer of `amps` went out. The same offer again changes nothing."""
    old = slave.offer
    if old is not None and old.amps == amps:
        return slave
    higher = tuple(value for value in (*slave.earlier, *((old.amps,) if old else ())) if value > amps)
    on_off = old is not None and (old.amps == 0) != (amps == 0)
    return replace(
        slave,
        offer=Offer(amps, now),
        earlier=(max(higher),) if higher else (),
        raised_at=now if old is not None and amps > old.amps else slave.raised_at,
        switched_at=now if on_off else slave.switched_at,
    )


def confirmed(slave: Slave, now: float) -> Slave:
    """The slave after its heartbeat at `now`: earlier offers are gone once it shows that it follows the newest."""
    if slave.offer is None or slave.status is None or not slave.earlier or now < slave.offer.since_at + CONFIRM_S:
        return slave
    most = ceiling_of(effective(slave, slave.offer.amps)) + 1e-9
    return replace(slave, earlier=()) if slave.status.limit <= most and slave.status.actual <= most else slave
