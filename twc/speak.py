"""What goes on the wire now, at most one frame: nobody speaks while bytes arrive or an answer may still come.

A changed limit goes out at once, a lower one first; each slave's heartbeat once a second; our greeting in the first second; and a question
only in the bus time that is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from twc.link import ADDRESSED, Event, Link, after
from twc.listen import ECHO_S, find, put
from twc.messages import Ask, MasterHeartbeat, MasterReady, Ready, Say, Sendable, SlaveState
from twc.offers import first_offer
from twc.queries import next_question, noted
from twc.reserve import amps_now, offered
from twc.values import Master, Pending, Slave

BEAT_S = 1.0
QUIET_S = 0.01  # ten byte times
BABBLE_S = 0.25  # no talk of slaves lasts so long: an unbiased bus makes noise, and must not keep us from lowering
ANSWER_S = 0.1  # 18 bytes out, 26 ms for the slave, 18 back, and some
HELLO_S, GREETING_S = 0.1, 0.03
FIRST_GREETINGS = 6  # from here down the second greeting; a slave ignores the first one of those
FOREIGN_S = 10.0
LATE_S = 0.5
BEFORE_CHARGE = frozenset({SlaveState.READY, SlaveState.WAITING})


def speak(master: Master, offers: Mapping[int, int | None], given: Mapping[int, int], now: float) -> tuple[Master, Sendable | None]:
    """The master after speaking, and what it says. `given`: the shares, also of those that may be greeted."""
    if now < master.foreign_at + FOREIGN_S or listens(master, now):
        return master, None
    if master.pending is not None:
        master = replace(master, pending=None)
    slave = _next(master, offers, now)
    if slave is not None:
        return _beat(master, slave, offers[slave.id], now)
    if master.hello > 0 and now >= master.hello_at + HELLO_S:
        return _hello(master, now)
    for slave in (one for one in master.slaves if one.link is Link.HEARD):
        amps = first_offer(master, slave, given[slave.id], now) if slave.id in given else None
        if amps is not None:
            greeted = replace(slave, link=after(slave.link, Event.GREET), greeted_at=now)
            return _beat(put(master, greeted), greeted, amps, now)
    return _question(master, now)


def listens(master: Master, now: float) -> bool:
    """Somebody speaks, or an answer may still come."""
    if master.pending is not None and now < master.pending.until_at:
        return True
    return now < master.heard_at + QUIET_S and now < master.babble_at + BABBLE_S


def _next(master: Master, offers: Mapping[int, int | None], now: float) -> Slave | None:
    """Whose heartbeat goes out now: first a lower limit, then a higher one, then what is due."""

    def urgency(slave: Slave) -> int:
        amps, old = offers.get(slave.id), amps_now(slave)
        return 0 if amps is None or amps == old else 2 if amps < old else 1

    able = [slave for slave in master.slaves if slave.link in ADDRESSED and (now >= slave.beat_at + BEAT_S or urgency(slave))]
    return min(able, key=lambda slave: (-urgency(slave), slave.beat_at), default=None)


def _hello(master: Master, now: float) -> tuple[Master, Sendable]:
    kind = Ready.FIRST if master.hello > FIRST_GREETINGS else Ready.SECOND
    message = MasterReady(kind, master.options.master_id, master.options.sign)
    return _sent(replace(master, hello=master.hello - 1, hello_at=now), message, now, GREETING_S), message


def _beat(master: Master, slave: Slave, amps: int | None, now: float) -> tuple[Master, Sendable]:
    """Its heartbeat with that limit; None: with none."""
    say = Say.NOTHING if amps is None else limit_command(slave, amps)
    message = MasterHeartbeat(master.options.master_id, slave.id, say, amps or 0, slave.protocol)
    late = slave.link is Link.LINKED and now > slave.beat_at + BEAT_S + LATE_S
    counters = replace(master.counters, heartbeats=master.counters.heartbeats + 1, late=master.counters.late + late)
    spoken = replace(slave if amps is None else offered(slave, amps, now), beat_at=now)
    return _sent(replace(put(master, spoken), counters=counters), message, now, ANSWER_S), message


def _sent(master: Master, message: Sendable, now: float, answer_s: float) -> Master:
    """Written down, so that its echo is known; nobody speaks until an answer had its time."""
    pending = Pending(message, now, now + answer_s)
    return replace(master, pending=pending, sent=(*(one for one in master.sent if now <= one.sent_at + ECHO_S), pending))


def limit_command(slave: Slave, amps: int) -> Say:
    """Protocol 1 knows only 05. Protocol 2 takes 05 before it charges, and some need one then; it ignores it after, so a lower limit goes
    out as 09, which works always."""
    waits = slave.status is not None and slave.status.state in BEFORE_CHARGE and slave.status.limit < 0.5
    lower = slave.offer is not None and amps < slave.offer.amps
    return Say.LIMIT_BEFORE if slave.protocol == 1 or (waits and not lower) else Say.LIMIT


def _question(master: Master, now: float) -> tuple[Master, Sendable | None]:
    asked = next_question(master, now)
    if asked is None:
        return master, None
    slave_id, query = asked
    slave = find(master, slave_id)
    if slave is None:
        return master, None
    message = Ask(query, master.options.master_id, slave_id)
    return _sent(put(master, noted(slave, query, now)), message, now, ANSWER_S), message
