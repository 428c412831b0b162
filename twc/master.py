"""The whole master as one function without I/O: `step`. The daemon adds a port, files and a clock.

listen    bytes -> what the slaves said
age       silences: mute after 26 s, lost 30 s after our last heartbeat
share     the target's amps over the connectors, within circuit and ceiling
offers    the next offer of each, bent to law 1
speak     at most one frame

"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from twc.frame import encode
from twc.link import ADDRESSED, Event, Link, after
from twc.listen import listen, put
from twc.messages import Plugged, body_of
from twc.offers import SETTLE_S, next_offers, troubled
from twc.report import Report, report
from twc.reserve import offered
from twc.share import ceiling_amps, most_for_all, shares
from twc.speak import speak
from twc.values import Ceiling, Master, Options, Remembered, Slave, Target

MUTE_S, RELEASE_S = 26.0, 30.0
LAST_RESORT_S, LAST_RESORT_EVERY_S = 15.0, 3600.0


def start(options: Options, remembered: Sequence[Remembered], now: float) -> Master:
    """A master that has just started. Remembered slaves are greeted at once, and count with the offer that they had."""
    slaves = tuple(_recalled(one, now) for one in remembered[:3])
    return Master(options, started_at=now, fresh_start=not slaves, slaves=slaves)


def step(
    master: Master, mono: float, utc: datetime, received: bytes, target: Target | None, ceiling: Ceiling
) -> tuple[Master, bytes, Report]:
    """One turn: the master after `received`, the bytes to be written (b"": nothing), and what charger.json should say. All timing runs on
    `mono` (seconds); `utc` only dates the report. `target` None: there is no fresh one. Never raises for anything that the bus may do."""
    master = _aged(listen(master, received, mono), mono)
    if ceiling.fresh:
        master = replace(master, ceiling=ceiling.amps)
    master = troubled(_last_resort(master, ceiling, mono), mono)
    given = shares(master, target, ceiling, mono)
    offers = next_offers(master, given, mono, forced=_forced(master, target, ceiling))
    master, message = speak(master, offers, mono)
    return master, encode(body_of(message)) if message is not None else b"", report(master, mono, utc)


def _recalled(one: Remembered, now: float) -> Slave:
    slave = Slave(one.id, Link.GREETED, protocol=one.protocol, max_amps=one.max_amps, heard_at=now, greeted_at=now, recalled=True)
    return offered(slave, one.offer, now)


def _aged(master: Master, now: float) -> Master:
    """Silences. A slave that no longer answers is addressed for 26 s more, and counts until 30 s after our last heartbeat to it."""
    for slave in master.slaves:
        if slave.link in ADDRESSED and now >= max(slave.heard_at, slave.greeted_at) + MUTE_S:
            master = put(master, replace(slave, link=after(slave.link, Event.SILENCE)))
        elif slave.link is Link.MUTE and now >= slave.beat_at + RELEASE_S:
            master = put(master, _forgotten(slave))
        elif slave.recalled and now >= master.started_at + SETTLE_S:
            master = put(master, replace(slave, recalled=False))
    room = sum(slave.link not in (Link.LOST, Link.REFUSED) for slave in master.slaves) < 3
    refused = next((slave for slave in master.slaves if slave.link is Link.REFUSED), None)
    return put(master, replace(refused, link=after(refused.link, Event.ROOM))) if refused is not None and room else master


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


def _forced(master: Master, target: Target | None, ceiling: Ceiling) -> bool:
    """Do circuit, site or ceiling ask for less than is offered now?"""
    return sum(slave.offer.amps for slave in master.slaves if slave.offer is not None) > most_for_all(master, target, ceiling)


def _last_resort(master: Master, ceiling: Ceiling, now: float) -> Master:
    """A ceiling below what protocol 2 takes: an alarm, and after 15 s, where the owner wishes it, silence to that slave alone."""
    most = ceiling_amps(master, ceiling)
    exceeded = most is not None and sum(slave.draw for slave in master.slaves) > most + 1
    slaves = tuple(_pressed(slave, now, master.options.silence) if exceeded else replace(slave, over_since=None) for slave in master.slaves)
    return replace(master, slaves=slaves)


def _pressed(slave: Slave, now: float, silence: bool) -> Slave:
    """One slave while the ceiling is exceeded: is it stuck at its minimum, and for how long?"""
    least = slave.offer is not None and slave.offer.amps <= slave.minimum
    if not (slave.link in ADDRESSED and least and slave.protocol == 2 and slave.draw >= 1 and slave.plugged is not Plugged.NO):
        return replace(slave, over_since=None)
    since = slave.over_since if slave.over_since is not None else now
    if silence and now >= since + LAST_RESORT_S and now >= slave.silenced_at + LAST_RESORT_EVERY_S:
        return replace(slave, link=after(slave.link, Event.SILENCE), silenced_at=now, over_since=None)
    return replace(slave, over_since=since)
