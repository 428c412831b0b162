"""The next offer of each slave: what it should have, bent to law 1. Lower first, wait for the draw to fall, then raise.

Raises wait 5 s for each other, on and off 60 s; after a restart nothing is raised until every remembered slave has answered or was
silent for 30 s, and without memory nothing above the minimum for 30 s. If the reserves sum to more than the circuit for a cause outside
our offers, all go to their minimum and stay there until the sum has fitted for 10 s. If draws within their tolerance sum to more, the
largest offers fall by the excess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import ceil

from twc.link import ADDRESSED, Link
from twc.reserve import reserve, total
from twc.share import over
from twc.values import Master, Slave

RAISE_S, SWITCH_S = 5.0, 60.0
SETTLE_S = 30.0
TROUBLE_S = 10.0


def next_offers(master: Master, given: Mapping[int, int], now: float, *, forced: bool) -> dict[int, int | None]:
    """For each addressed slave the amps of its next heartbeat; None: say nothing about amps. `forced`: a ceiling or circuit asks for
    less, so the 60 s between on and off do not hold back a lowering."""
    circuit = master.options.circuit
    addressed = [slave for slave in master.slaves if slave.link in ADDRESSED]
    if now < master.trouble_at + TROUBLE_S:
        return {slave.id: min(_now(slave), slave.minimum) for slave in addressed}
    wanted = _less_excess({slave.id: given.get(slave.id, 0) for slave in addressed}, addressed, over(master.slaves, circuit))
    out: dict[int, int | None] = {}
    room = circuit - total(master.slaves)
    for slave in sorted(addressed, key=lambda one: wanted[one.id] - _now(one)):
        amps = _polite(slave, wanted[slave.id], now, forced=forced)
        if amps > _now(slave):
            amps = min(amps, _most_now(master, slave, now), reserve(slave) + max(0, room))
            amps = amps if amps >= slave.minimum and amps > _now(slave) else _now(slave)
            room -= max(0, amps - reserve(slave))
        out[slave.id] = None if slave.recalled and amps >= _now(slave) else amps
    return out


def may_greet(master: Master, slave: Slave) -> bool:
    """Is there room for a slave that was heard: its first offer is 0, so protocol 2 takes 6 A, and what it draws already."""
    first = max(6 if slave.protocol == 2 else 0, ceil(slave.draw))
    return slave.link is Link.HEARD and total(master.slaves) + first <= master.options.circuit


def _now(slave: Slave) -> int:
    return slave.offer.amps if slave.offer is not None else 0


def _polite(slave: Slave, amps: int, now: float, *, forced: bool) -> int:
    """5 s between raises; 60 s between on and off, unless a limit asks for less."""
    current = _now(slave)
    if amps > current and now < slave.raised_at + RAISE_S:
        return current
    if (amps > 0) != (current > 0) and now < slave.switched_at + SWITCH_S:
        return current if amps > current else (amps if forced else min(current, slave.minimum))
    return amps


def _most_now(master: Master, slave: Slave, now: float) -> int:
    """How far an offer may be raised so soon after the start."""
    if now >= master.started_at + SETTLE_S:
        return 80
    if any(one.recalled for one in master.slaves):
        return _now(slave)
    return slave.minimum if master.fresh_start else 80


def _less_excess(wanted: dict[int, int], slaves: list[Slave], excess: float) -> dict[int, int]:
    """Takes whole amps from the largest offers, never below the minimum. Without alarm: this is what tolerances add up to."""
    limits = {slave.id: min(wanted[slave.id], _now(slave)) if excess > 0 else wanted[slave.id] for slave in slaves}
    for _ in range(ceil(excess)):
        able = [slave for slave in slaves if limits[slave.id] > slave.minimum]
        if not able:
            break
        largest = max(able, key=lambda slave: limits[slave.id])
        limits[largest.id] -= 1
    return limits


def troubled(master: Master, now: float) -> Master:
    """Notes the moment while the reserves sum to more than the circuit, for whatever cause."""
    return replace(master, trouble_at=now) if total(master.slaves) > master.options.circuit else master
