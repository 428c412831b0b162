"""What was heard becomes knowledge: one function per kind of message, each from master to master."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import ceil, floor

from twc.frame import feed
from twc.link import SEATED, Event, Link, after
from twc.messages import (
    Energy,
    Firmware,
    FromMaster,
    Message,
    Other,
    Plugged,
    PlugState,
    Query,
    Ready,
    Serial,
    SlaveHeartbeat,
    SlaveReady,
    SlaveState,
    VinPart,
    body_of,
    read,
)
from twc.queries import VIN
from twc.reserve import FLOOR_P2, amps_now, confirmed, effective, offered
from twc.values import NEVER, Master, Slave

MOST_SLAVES, MOST_KNOWN = 3, 8
ECHO_S = 0.5  # an adapter behind a network is slow to hear itself
ECHOES_S = 10.0  # so long after a whole echo of a frame a damaged one is no second master
BABBLE_GAP_S = 0.06
HELLO_AGAIN = 6
PAUSE_S = 5.0
SHORTER = 3  # so many whole heartbeats in a row without two zeros are no damage: it speaks protocol 1
JUST_HEARD_S = 5.0
CAR_STATES = frozenset({SlaveState.CHARGING, SlaveState.DO_NOT_CHARGE, SlaveState.WAITING, SlaveState.STARTING, SlaveState.LIMIT_TAKEN})


def listen(master: Master, received: bytes, now: float) -> Master:
    """The master after `received`. Noise is counted in `deframer.noise`."""
    if not received:
        return master
    deframer, bodies = feed(master.deframer, received)
    began = now if now > master.heard_at + BABBLE_GAP_S else master.babble_at
    master = replace(master, deframer=deframer, heard_at=now, babble_at=began)
    for body in bodies:
        echo = _echo(master, body, now)
        if echo is not None:
            master = echo
            continue
        message = read(body)
        master = replace(master, counters=replace(master.counters, frames=master.counters.frames + 1))
        master = HEAR[type(message)](master, message, now)
    return master


def find(master: Master, slave_id: int) -> Slave | None:
    return next((slave for slave in master.slaves if slave.id == slave_id), None)


def put(master: Master, slave: Slave) -> Master:
    """The master with this slave in place of the one with its id, or added."""
    if find(master, slave.id) is None:
        return replace(master, slaves=(*master.slaves, slave))
    return replace(master, slaves=tuple(slave if one.id == slave.id else one for one in master.slaves))


def _echo(master: Master, body: bytes, now: float) -> Master | None:
    """The master after its own frame, given back by an adapter that hears itself; each is given back once. None: it is no echo. Another
    master may have our id (TWCManager comes with the same one), so the id alone says nothing."""
    if body[0] == 0xFD or int.from_bytes(body[2:4], "big") != master.options.master_id:
        return None
    recent = [one for one in master.sent if now <= one.sent_at + ECHO_S]
    whole = next((one for one in recent if body_of(one.message) == body), None)
    own = whole or (recent[-1] if recent and now < master.echoed_at + ECHOES_S else None)
    if own is None:
        return None
    counters = replace(master.counters, echoes=master.counters.echoes + 1)
    sent = tuple(one for one in master.sent if one is not whole)
    return replace(master, sent=sent, echoed_at=now if whole else master.echoed_at, counters=counters)


def _with_room(master: Master) -> Master:
    """Noise may sound like ever new slaves: of those without a seat the one that was silent longest is forgotten."""
    idle = [slave for slave in master.slaves if slave.link not in SEATED]
    if len(master.slaves) < MOST_KNOWN or not idle:
        return master
    oldest = min(idle, key=lambda slave: slave.heard_at)
    return replace(master, slaves=tuple(slave for slave in master.slaves if slave is not oldest))


def _linked(master: Master, slave: Slave, event: Event) -> Link:
    """Its link after it was heard; who was lost needs a free seat again."""
    seated = sum(one.link in SEATED for one in master.slaves)
    return after(slave.link, Event.FULL if slave.link is Link.LOST and seated >= MOST_SLAVES else event)


def _ready(master: Master, message: Message, now: float) -> Master:
    assert isinstance(message, SlaveReady)
    if message.sender == master.options.master_id:
        # the slave takes another id as soon as it hears a greeting with its own
        clashes = master.counters.clashes + 1
        return replace(master, hello=max(master.hello, 10), counters=replace(master.counters, clashes=clashes))
    slave = find(master, message.sender)
    if slave is None:
        master = _with_room(master)
        slave = Slave(message.sender, Link.LOST)
    known = _spoken(slave, message.protocol, 2) if slave.heard_at > NEVER else replace(slave, protocol=message.protocol)
    link = _linked(master, slave, Event.READY)
    heard = replace(known, link=link, max_amps=floor(message.max_amps), heard_at=now)
    return put(_answered(master, slave), heard)


def _spoken(slave: Slave, protocol: int, weight: int) -> Slave:
    """The slave after a whole frame of that protocol. One that lost or won two zeros keeps a good checksum: protocol 2, which reserves
    more, is believed at once, protocol 1 when it comes again and again. Until what it follows is seen, the 6 A that it had count on."""
    if protocol >= slave.protocol:
        return replace(slave, protocol=protocol, shorter=0)
    shorter = slave.shorter + weight
    if shorter < SHORTER:
        return replace(slave, shorter=shorter)
    earlier = (FLOOR_P2,) if slave.offer is not None and amps_now(slave) < FLOOR_P2 and not slave.earlier else slave.earlier
    return replace(slave, protocol=protocol, shorter=0, earlier=earlier)


def _heartbeat(master: Master, message: Message, now: float) -> Master:
    assert isinstance(message, SlaveHeartbeat)
    slave = find(master, message.sender)
    if slave is None or message.receiver not in (master.options.master_id, 0):
        return master  # its link-ready will come, and that tells its protocol and its limit; or it obeys another master
    slave = _spoken(slave, message.protocol, 1)
    if message.protocol < slave.protocol:
        return put(master, slave)  # a frame that lost zeros and kept its checksum, as far as we know
    since = slave.state_since if slave.status is not None and slave.status.state == message.state else now
    slave = replace(
        slave,
        link=_linked(master, slave, Event.ANSWER),
        status=message,
        heard_at=now,
        state_since=since,
        drew_at=now if message.actual >= 1 else slave.drew_at,
        rested=slave.rested or (message.state == SlaveState.READY and now >= since + PAUSE_S),
    )
    if slave.recalled:
        # it may follow more than was written down before the restart: that counts until something lower is confirmed
        reported = min(ceil(message.limit), slave.max_amps)
        more = reported if reported > effective(slave, amps_now(slave)) else amps_now(slave)
        slave = replace(offered(slave, more, now), recalled=False, raised_at=slave.raised_at)
    slave = confirmed(_plug_by_state(slave, now), now)
    counters = replace(master.counters, answers=master.counters.answers + 1)
    return put(_answered(replace(master, counters=counters), slave), slave)


def _plug_by_state(slave: Slave, now: float) -> Slave:
    """A car shows in the state. READY says nothing, so it takes nothing back; but where the connector itself does not tell its plug, what
    comes after READY may be another car: its VIN is asked anew, and it gets its minimum first."""
    status = slave.status
    if status is None or (status.state not in CAR_STATES and status.actual < 1):
        return slave
    if slave.plugged is Plugged.YES and (slave.tells_plug or not slave.rested):
        return slave
    new = replace(slave, plugged=Plugged.YES, plugged_at=now if status.actual < 1 else slave.plugged_at, rested=False)
    return replace(new, vin_parts=("", "", ""), asked=tuple(row for row in slave.asked if row[0] not in VIN)) if slave.rested else new


def _answered(master: Master, slave: Slave) -> Master:
    """The bus is free again once the slave that was addressed has answered."""
    pending = master.pending
    return replace(master, pending=None) if pending is not None and getattr(pending.message, "receiver", None) == slave.id else master


def _told(master: Master, sender: int, query: Query, change: Callable[[Slave], Slave]) -> Master:
    """An answer that says something: its question starts anew with no try on its account."""
    slave = find(master, sender)
    if slave is None:
        return master
    asked = tuple(row if row[0] is not query else (query, 0, row[2]) for row in slave.asked)
    return put(_answered(master, slave), change(replace(slave, asked=asked)))


def _energy(master: Master, message: Message, now: float) -> Master:
    assert isinstance(message, Energy)
    return _told(master, message.sender, Query.ENERGY, lambda slave: replace(slave, energy=message))


def _firmware(master: Master, message: Message, now: float) -> Master:
    assert isinstance(message, Firmware)
    return _told(master, message.sender, Query.FIRMWARE, lambda slave: replace(slave, firmware=message.text))


def _serial(master: Master, message: Message, now: float) -> Master:
    assert isinstance(message, Serial)
    return _told(master, message.sender, Query.SERIAL, lambda slave: replace(slave, serial=message.text))


def _vin(master: Master, message: Message, now: float) -> Master:
    assert isinstance(message, VinPart)
    if not message.text:
        slave = find(master, message.sender)  # no Tesla, or its data line is off: that try counts, or we would ask for ever
        return _answered(master, slave) if slave is not None else master

    def change(slave: Slave) -> Slave:
        one, two, three = slave.vin_parts
        parts = {1: (message.text, two, three), 2: (one, message.text, three), 3: (one, two, message.text)}
        return replace(slave, vin_parts=parts[message.part])

    return _told(master, message.sender, VIN[message.part - 1], change)


def _plug(master: Master, message: Message, now: float) -> Master:
    assert isinstance(message, PlugState)

    def change(slave: Slave) -> Slave:
        if message.plugged is Plugged.UNKNOWN or slave.recalled:
            return slave  # the answer to a question from before a restart: whether its car is new, its heartbeat must tell first
        slave = replace(slave, tells_plug=True)
        if message.plugged is slave.plugged:
            return slave
        new = message.plugged is Plugged.YES
        gone = {"vin_parts": ("", "", ""), "asked": ()}
        return replace(slave, plugged=message.plugged, plugged_at=now if new else slave.plugged_at, **({} if new else gone))  # type: ignore[arg-type]

    return _told(master, message.sender, Query.PLUG, change)


def _foreign(master: Master, message: Message, now: float) -> Master:
    """A second master: slaves obey whoever spoke last, so nothing that we offer can be relied on. The first byte of a frame is outside its
    checksum: what a slave of ours seems to say as a master, moments after it spoke as a slave, is its damaged answer."""
    assert isinstance(message, FromMaster)
    slave = find(master, message.sender)
    if slave is not None and now < slave.heard_at + JUST_HEARD_S and message.opcode != Ready.FIRST:
        return master
    counters = replace(master.counters, foreign=master.counters.foreign + 1)
    return replace(master, foreign_at=now, hello=max(master.hello, HELLO_AGAIN), counters=counters)


def _other(master: Master, message: Message, now: float) -> Master:
    return master


HEAR: dict[type[object], Callable[[Master, Message, float], Master]] = {
    SlaveReady: _ready,
    SlaveHeartbeat: _heartbeat,
    Energy: _energy,
    Firmware: _firmware,
    Serial: _serial,
    VinPart: _vin,
    PlugState: _plug,
    FromMaster: _foreign,
    Other: _other,
}
