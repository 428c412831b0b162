"""The next offer of each slave: what it should have, bent to law 1. Lower first, wait for the draw to fall, then raise.

A raise waits 5 s after any change, on and off 60 s; after a restart nothing is raised until every remembered slave has answered or was
silent for 30 s, and without memory nothing above the minimum for 30 s. If the reserves sum to more than the circuit for a cause outside
our offers, all go to their minimum and stay there until the sum has fitted for 10 s, or longer when it happens again. If draws within
their tolerance sum to more, the largest offers fall by the excess, and rise again one by one once there is room.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import ceil

from twc.link import ADDRESSED, HOLDING
from twc.reserve import amps_now, coming, effective, reserve, total
from twc.values import Master, Slave

RAISE_S, SWITCH_S = 5.0, 60.0
SETTLE_S = 30.0
TROUBLE_S, TROUBLES_S = 10.5, (10.5, 60.0, 600.0)  # ten, and as much as a turn may rest; longer for who does it again
FORGET_S = 3600.0
ROOM_AMPS = 2.0  # an amp more, and its tolerance
MOST = 80


def next_offers(master: Master, given: Mapping[int, int], now: float, most: int) -> dict[int, int | None]:
    """For each addressed slave the amps of its next heartbeat; None: say nothing about amps. `most`: circuit, site and ceiling for all
    together; where less is wished than stands, the 60 s between on and off do not hold back a lowering."""
    addressed = [slave for slave in master.slaves if slave.link in ADDRESSED]
    quiet = in_trouble(master, now)
    wanted = {slave.id: min(given.get(slave.id, 0), slave.minimum if quiet else MOST) for slave in addressed}
    _trimmed(wanted, master)
    settling = any(slave.recalled for slave in master.slaves)
    hold = quiet or settling or now < master.started_at + TROUBLE_S
    stands = {slave.id: amps_now(slave) for slave in master.slaves}
    forced = sum(stands.values()) > most
    room = master.options.circuit - total(master.slaves)
    out: dict[int, int | None] = {}
    for slave in sorted(addressed, key=lambda one: wanted[one.id] - stands[one.id]):
        amps, current = _stepped(slave, _polite(slave, wanted[slave.id], now, forced=forced)), stands[slave.id]
        if amps > current:
            free = min(reserve(slave) + max(0, room), most - sum(stands.values()) + current)
            amps = current if hold else min(amps, free, _most_now(master, slave, now))
            amps = amps if amps >= slave.minimum and amps > current else current
            room -= max(0, effective(slave, amps) - reserve(slave))
        stands[slave.id] = amps
        out[slave.id] = None if settling and amps >= _shown(slave) else amps
    return out


def first_offer(master: Master, slave: Slave, given: int, now: float) -> int | None:
    """What a slave that was heard is greeted with, so that it fits: its minimum, else 0 (protocol 2 takes 6 A). None: no room, wait."""
    room = master.options.circuit - total(master.slaves)
    calm = not in_trouble(master, now)
    least = slave.minimum if slave.protocol == 2 else min(given, slave.minimum) if calm else 0
    for amps in (least, 0):
        if max(effective(slave, amps), ceil(slave.draw)) <= room:
            return amps
    return None


def watched(master: Master, now: float) -> Master:
    """Notes reserves that sum to more than the circuit, and draws within their tolerance that do."""
    circuit = master.options.circuit
    holding = [slave for slave in master.slaves if slave.link in HOLDING]
    if total(holding) > circuit:
        if in_trouble(master, now):
            return replace(master, trouble_at=now)
        again = master.troubles if now < master.trouble_at + FORGET_S else 0
        return replace(master, trouble_at=now, troubles=again + 1)
    excess = ceil(sum(coming(slave) for slave in holding) - circuit - 1e-6)
    if excess > 0:
        return replace(master, trim=_sum_now(holding) - excess, trim_at=now)
    if master.trim is None or now < master.trim_at + RAISE_S or sum(slave.draw for slave in holding) + ROOM_AMPS > circuit:
        return master
    return replace(master, trim=master.trim + 1 if master.trim < circuit else None, trim_at=now)


def in_trouble(master: Master, now: float) -> bool:
    """The sum exceeds the circuit, or has fitted for too short a time. A car that does it again and again must not swing for ever."""
    return now < master.trouble_at + TROUBLES_S[min(max(master.troubles, 1), len(TROUBLES_S)) - 1]


def _sum_now(slaves: list[Slave]) -> int:
    return sum(effective(slave, amps_now(slave)) for slave in slaves)


def _shown(slave: Slave) -> float:
    """The limit that it follows, as far as we know."""
    return slave.status.limit if slave.status is not None else amps_now(slave)


def _polite(slave: Slave, amps: int, now: float, *, forced: bool) -> int:
    """5 s before a raise; 60 s between on and off, unless a limit asks for less."""
    current = amps_now(slave)
    changed_at = slave.offer.since_at if slave.offer is not None else slave.raised_at
    if amps > current and now < changed_at + RAISE_S:
        return current
    if (amps > 0) != (current > 0) and now < slave.switched_at + SWITCH_S:
        return current if amps > current else (amps if forced else min(current, slave.minimum))
    return amps


def _stepped(slave: Slave, amps: int) -> int:
    """Some units of protocol 2 ignore 0 altogether and keep what they had: 6 A first."""
    return slave.minimum if amps == 0 and slave.protocol == 2 and _shown(slave) > slave.minimum else amps


def _most_now(master: Master, slave: Slave, now: float) -> int:
    """How far an offer may be raised so soon after the start."""
    return slave.minimum if master.fresh_start and now < master.started_at + SETTLE_S else MOST


def _trimmed(wanted: dict[int, int], master: Master) -> None:
    """Takes whole amps from the largest of `wanted`, never below the minimum, until all together are no more than the trim."""
    if master.trim is None:
        return
    slaves = [slave for slave in master.slaves if slave.link in HOLDING]
    excess = sum(effective(slave, wanted.get(slave.id, amps_now(slave))) for slave in slaves) - master.trim
    for _ in range(excess):
        able = [slave for slave in slaves if wanted.get(slave.id, 0) > slave.minimum]
        if not able:
            break
        wanted[max(able, key=lambda slave: wanted[slave.id]).id] -= 1
