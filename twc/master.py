"""The whole master as one function without I/O: `step`. The daemon adds a port, files and a clock.

listen    bytes -> what the slaves said
age       silences: mute after 26 s, lost 30 s after our last heartbeat
watch     do reserves or draws sum to more than the circuit?
share     the target's amps over the connectors, within circuit and ceiling
offers    the next offer of each, bent to law 1
speak     at most one frame

"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from twc.frame import encode
from twc.last_resort import pressed
from twc.link import ADDRESSED, HOLDING, SEATED, Event, Link, after
from twc.listen import MOST_SLAVES, listen, put
from twc.messages import body_of
from twc.offers import SETTLE_S, next_offers, watched
from twc.report import Report
from twc.reserve import FLOOR_P2, amps_now
from twc.share import most_for_all, shares
from twc.speak import BEAT_S, HELLO_S, QUIET_S, speak
from twc.values import Ceiling, Master, Offer, Options, Remembered, Slave, Target

MUTE_S, RELEASE_S = 26.0, 30.0
LOOK_S = 0.1  # so often at least all is thought over, whatever is heard or due


def start(options: Options, remembered: Sequence[Remembered], now: float) -> Master:
    """A master that has just started. Remembered slaves are greeted at once, and count with the offer that they had; one whose least does
    not fit the circuit any more gets no heartbeat, and reserves until its contactor has opened."""
    slaves: list[Slave] = []
    floors = 0
    for one in remembered[:MOST_SLAVES]:
        floor = FLOOR_P2 if one.protocol == 2 else 0
        fits = floors + floor <= options.circuit
        floors += floor if fits else 0
        slaves.append(_recalled(one, Link.GREETED if fits else Link.MUTE, now))
    return Master(options, started_at=now, fresh_start=not slaves, slaves=tuple(slaves))


def memory(master: Master) -> tuple[Remembered, ...]:
    """What twc.json should keep, so that a restart is not noticed."""
    held = [slave for slave in master.slaves if slave.link in HOLDING]
    return tuple(Remembered(slave.id, slave.protocol, slave.max_amps, amps_now(slave), max(slave.earlier, default=0)) for slave in held)


def step(
    master: Master, mono: float, utc: datetime, received: bytes, target: Target | None, ceiling: Ceiling
) -> tuple[Master, bytes, Report]:
    """One turn: the master after `received`, the bytes to be written (b"": nothing), and what charger.json should say. All timing runs on
    `mono` (seconds); `utc` only dates the report. `target` None: there is no fresh one. Never raises for anything that the bus may do."""
    wishes = (target, ceiling)
    if not received and mono < master.rest_until and wishes == master.wishes:
        return master, b"", Report(master, mono, utc)
    master = _aged(listen(master, received, mono), mono)
    master = replace(master, wishes=wishes, ceiling=ceiling.amps if ceiling.fresh else master.ceiling)
    master = watched(pressed(master, target, ceiling, mono), mono)
    given = shares(master, target, ceiling, mono)
    offers = next_offers(master, given, mono, most_for_all(master, target, ceiling))
    master, message = speak(master, offers, given, mono)
    master = replace(master, rest_until=_rest_until(master, mono))
    return master, encode(body_of(message)) if message is not None else b"", Report(master, mono, utc)


def _rest_until(master: Master, now: float) -> float:
    """Until when nothing needs to be thought over: an answer may come, the bus is not quiet yet, or no heartbeat is due."""
    if master.pending is not None and now < master.pending.until_at:
        return master.pending.until_at
    if now < master.heard_at + QUIET_S:
        return master.heard_at + QUIET_S
    due = [slave.beat_at + BEAT_S for slave in master.slaves if slave.link in ADDRESSED]
    return min(now + LOOK_S, *due, master.hello_at + HELLO_S if master.hello else now + LOOK_S)


def _recalled(one: Remembered, link: Link, now: float) -> Slave:
    slave = Slave(one.id, link, protocol=one.protocol, max_amps=one.max_amps, heard_at=now, greeted_at=now, recalled=link is Link.GREETED)
    slave = replace(slave, offer=Offer(one.offer, now), earlier=(one.earlier,) if one.earlier > one.offer else ())
    return slave if link is Link.GREETED else replace(slave, beat_at=now)


def _aged(master: Master, now: float) -> Master:
    """Silences. A slave that no longer answers is addressed for 26 s more, and counts until 30 s after our last heartbeat to it."""
    for slave in master.slaves:
        silent = slave.link not in (Link.MUTE, Link.LOST) and now >= max(slave.heard_at, slave.greeted_at) + MUTE_S
        if silent:
            master = put(master, replace(slave, link=after(slave.link, Event.SILENCE)))
        elif slave.link is Link.MUTE and now >= slave.beat_at + RELEASE_S:
            master = put(master, _forgotten(slave))
        elif slave.recalled and now >= master.started_at + SETTLE_S:
            master = put(master, replace(slave, recalled=False))
    refused = next((slave for slave in master.slaves if slave.link is Link.REFUSED), None)
    if refused is None or sum(slave.link in SEATED for slave in master.slaves) >= MOST_SLAVES:
        return master
    return put(master, replace(refused, link=after(refused.link, Event.ROOM)))


def _forgotten(slave: Slave) -> Slave:
    """Lost: it can offer nothing any more, and what was known of its car is old."""
    return Slave(
        slave.id,
        after(slave.link, Event.RELEASE),
        protocol=slave.protocol,
        max_amps=slave.max_amps,
        heard_at=slave.heard_at,
        firmware=slave.firmware,
        serial=slave.serial,
        silenced_at=slave.silenced_at,
    )
