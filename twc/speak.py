"""What goes on the wire now, at most one frame: nobody speaks while bytes arrive or an answer may still come.

A lowered limit goes out at once, a greeting of ours in the first half second, each slave's heartbeat once a second, and a question only
in the bus time that is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from twc.link import ADDRESSED, Event, Link, after
from twc.listen import find, put
from twc.messages import Ask, MasterHeartbeat, MasterReady, Ready, Say, Sendable, SlaveState
from twc.offers import may_greet
from twc.queries import next_question, noted
from twc.reserve import offered
from twc.values import Master, Pending, Slave

BEAT_S = 1.0
QUIET_S = 0.01  # ten byte times
ANSWER_S = 0.12  # 18 bytes out, 26 ms for the slave, 18 back, and some
HELLO_S = 0.1
FIRST_GREETINGS = 6  # from here down the second greeting; a slave ignores the first one of those
FOREIGN_S = 10.0
LATE_S = 0.5
BEFORE_CHARGE = frozenset({SlaveState.READY, SlaveState.WAITING})


def speak(master: Master, offers: Mapping[int, int | None], now: float) -> tuple[Master, Sendable | None]:
    """The master after speaking, and what it says."""
    if now < master.foreign_at + FOREIGN_S or now < master.heard_at + QUIET_S:
        return master, None
    if master.pending is not None and now < master.pending.until_at:
        return master, None
    master = replace(master, pending=None)
    lowered = [slave for slave in master.slaves if _lowers(slave, offers)]
    if lowered:
        return _beat(master, min(lowered, key=lambda slave: slave.beat_at), offers, now)
    if master.hello > 0 and now >= master.hello_at + HELLO_S:
        return _hello(master, now)
    due = [slave for slave in master.slaves if slave.link in ADDRESSED and now >= slave.beat_at + BEAT_S]
    if due:
        return _beat(master, min(due, key=lambda slave: slave.beat_at), offers, now)
    heard = next((slave for slave in master.slaves if may_greet(master, slave)), None)
    if heard is not None:
        greeted = replace(heard, link=after(heard.link, Event.GREET), greeted_at=now)
        return _beat(put(master, greeted), greeted, {**offers, heard.id: 0}, now)
    return _question(master, now)


def _lowers(slave: Slave, offers: Mapping[int, int | None]) -> bool:
    amps = offers.get(slave.id)
    return slave.link in ADDRESSED and amps is not None and slave.offer is not None and amps < slave.offer.amps


def _hello(master: Master, now: float) -> tuple[Master, Sendable]:
    kind = Ready.FIRST if master.hello > FIRST_GREETINGS else Ready.SECOND
    message = MasterReady(kind, master.options.master_id, master.options.sign)
    sent = replace(master, hello=master.hello - 1, hello_at=now, pending=Pending(message, now, now + HELLO_S))
    return sent, message


def _beat(master: Master, slave: Slave, offers: Mapping[int, int | None], now: float) -> tuple[Master, Sendable]:
    amps = offers.get(slave.id, 0)
    say = Say.NOTHING if amps is None else limit_command(slave)
    message = MasterHeartbeat(master.options.master_id, slave.id, say, amps or 0, slave.protocol)
    late = slave.link is Link.LINKED and now > slave.beat_at + BEAT_S + LATE_S
    counters = replace(master.counters, heartbeats=master.counters.heartbeats + 1, late=master.counters.late + late)
    spoken = replace(slave if amps is None else offered(slave, amps, now), beat_at=now)
    return replace(put(master, spoken), counters=counters, pending=Pending(message, now, now + ANSWER_S)), message


def limit_command(slave: Slave) -> Say:
    """Protocol 1 knows only 05. Protocol 2 takes 05 before it charges and ignores it after; 09 works always."""
    waits = slave.status is not None and slave.status.state in BEFORE_CHARGE and slave.status.limit < 0.5
    return Say.LIMIT_BEFORE if slave.protocol == 1 or waits else Say.LIMIT


def _question(master: Master, now: float) -> tuple[Master, Sendable | None]:
    asked = next_question(master, now)
    if asked is None:
        return master, None
    slave_id, query = asked
    slave = find(master, slave_id)
    if slave is None:
        return master, None
    message = Ask(query, master.options.master_id, slave_id)
    return replace(put(master, noted(slave, query, now)), pending=Pending(message, now, now + ANSWER_S)), message
