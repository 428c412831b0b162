"""What was heard becomes knowledge: one function per kind of message, each from master to master."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import floor

from twc.frame import feed
from twc.link import HOLDING, Event, Link, after
from twc.messages import (
    Energy,
    Firmware,
    FromMaster,
    Message,
    Other,
    Plugged,
    PlugState,
    Query,
    Serial,
    SlaveHeartbeat,
    SlaveReady,
    SlaveState,
    VinPart,
    body_of,
    read,
)
from twc.reserve import confirmed, offered
from twc.values import Master, Slave

MOST_SLAVES = 3
ECHO_S = 0.25
CAR_STATES = frozenset({SlaveState.CHARGING, SlaveState.DO_NOT_CHARGE, SlaveState.WAITING, SlaveState.STARTING, SlaveState.LIMIT_TAKEN})


def listen(master: Master, received: bytes, now: float) -> Master:
    """The master after `received`. Noise is counted in `deframer.noise`."""
    if not received:
        return master
    deframer, bodies = feed(master.deframer, received)
    master = replace(master, deframer=deframer, heard_at=now)
    for body in bodies:
        if _is_echo(master, body, now):
            master = replace(master, counters=replace(master.counters, echoes=master.counters.echoes + 1))
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


def _is_echo(master: Master, body: bytes, now: float) -> bool:
    """Our own frame, given back by an adapter that hears itself."""
    sent = master.pending
    return sent is not None and now - sent.sent_at <= ECHO_S and body == body_of(sent.message)


def _ready(master: Master, message: Message, now: float) -> Master:
    assert isinstance(message, SlaveReady)
    if message.sender == master.options.master_id:
        # the slave takes another id as soon as it hears a greeting with its own
        clashes = master.counters.clashes + 1
        return replace(master, hello=max(master.hello, 10), counters=replace(master.counters, clashes=clashes))
    slave = find(master, message.sender)
    told = {"protocol": message.protocol, "max_amps": floor(message.max_amps), "heard_at": now}
    if slave is None:
        busy = sum(one.link in HOLDING or one.link is Link.HEARD for one in master.slaves)
        link = Link.HEARD if busy < MOST_SLAVES else Link.REFUSED
        return put(master, Slave(message.sender, link, protocol=message.protocol, max_amps=floor(message.max_amps), heard_at=now))
    return put(_answered(master, slave), replace(slave, **told, link=after(slave.link, Event.READY)))  # type: ignore[arg-type]


def _heartbeat(master: Master, message: Message, now: float) -> Master:
    assert isinstance(message, SlaveHeartbeat)
    slave = find(master, message.sender)
    if slave is None:
        return master  # its link-ready will come, and that tells its protocol and its limit
    since = slave.state_since if slave.status is not None and slave.status.state == message.state else now
    slave = replace(slave, link=after(slave.link, Event.ANSWER), status=message, status_at=now, heard_at=now, state_since=since)
    if slave.recalled:
        # what it reports is what it was offered before the restart: it counts until something lower is confirmed
        slave = offered(replace(slave, recalled=False, offer=None), floor(message.limit), now)
    slave = confirmed(_plug_by_state(slave, now), now)
    counters = replace(master.counters, answers=master.counters.answers + 1)
    return put(_answered(replace(master, counters=counters), slave), slave)


def _plug_by_state(slave: Slave, now: float) -> Slave:
    """A car shows in the state; READY says nothing, so it takes nothing back."""
    status = slave.status
    if status is None or (status.state not in CAR_STATES and status.actual < 1) or slave.plugged is Plugged.YES:
        return slave
    return replace(slave, plugged=Plugged.YES, plugged_at=now if status.actual < 1 else slave.plugged_at)


def _answered(master: Master, slave: Slave) -> Master:
    """The bus is free again once the slave that was addressed has answered."""
    pending = master.pending
    return replace(master, pending=None) if pending is not None and getattr(pending.message, "receiver", None) == slave.id else master


def _told(master: Master, sender: int, query: Query, change: Callable[[Slave], Slave]) -> Master:
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
    query = (Query.VIN_1, Query.VIN_2, Query.VIN_3)[message.part - 1]

    def change(slave: Slave) -> Slave:
        one, two, three = slave.vin_parts
        parts = {1: (message.text, two, three), 2: (one, message.text, three), 3: (one, two, message.text)}
        return replace(slave, vin_parts=parts[message.part])

    return _told(master, message.sender, query, change)


def _plug(master: Master, message: Message, now: float) -> Master:
    assert isinstance(message, PlugState)

    def change(slave: Slave) -> Slave:
        if message.plugged is Plugged.UNKNOWN or message.plugged is slave.plugged:
            return slave
        new = message.plugged is Plugged.YES
        gone = {"vin_parts": ("", "", ""), "asked": ()}
        return replace(slave, plugged=message.plugged, plugged_at=now if new else slave.plugged_at, **({} if new else gone))  # type: ignore[arg-type]

    return _told(master, message.sender, Query.PLUG, change)


def _foreign(master: Master, message: Message, now: float) -> Master:
    """A second master: slaves obey whoever spoke last, so nothing that we offer can be relied on."""
    return replace(master, foreign_at=now, counters=replace(master.counters, foreign=master.counters.foreign + 1))


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
