"""What charger.json tells: each connector in words and figures, and the alarms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from twc.link import ADDRESSED, HOLDING, Link
from twc.messages import Plugged, SlaveState
from twc.offers import TROUBLE_S, in_trouble
from twc.reserve import ceiling_of, counted, reserve
from twc.speak import FOREIGN_S
from twc.values import Master, Slave

WAITS_S = 60.0


@dataclass(frozen=True, slots=True)
class ChargerRow:
    """One connector, as charger.json names it."""

    id: str
    protocol: int
    rated_amps: int
    min_amps: int
    offered_amps: int
    actual_amps: float
    reserved_amps: int
    can_stop: bool
    plugged: bool | None
    state: str
    since: datetime
    vin: str | None
    energy: int | None
    volts: float | None
    alarms: tuple[str, ...]
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """The whole bus at this moment. Each part is made when it is asked for: the daemon turns far more often than it writes."""

    master: Master
    mono: float
    utc: datetime

    @property
    def link(self) -> str:
        """Up when a connector answers."""
        return "up" if any(slave.link is Link.LINKED for slave in self.master.slaves) else "down"

    @property
    def chargers(self) -> tuple[ChargerRow, ...]:
        return tuple(_row(slave, self.master, self.mono, self.utc) for slave in self.master.slaves if slave.link is not Link.LOST)

    @property
    def alarms(self) -> tuple[str, ...]:
        return alarms(self.master, self.mono)

    @property
    def line(self) -> str:
        """For the log: who is there, in which state, offered what, and the alarms."""
        there = (slave for slave in self.master.slaves if slave.link is not Link.LOST)
        text = "; ".join(self._told(slave) for slave in there) or "no connector is heard"
        return text + "".join(f"; ALARM: {alarm}" for alarm in self.alarms)

    def _told(self, slave: Slave) -> str:
        own = "".join(f", ALARM: {alarm}" for alarm in slave_alarms(slave, self.master, self.mono))
        return f"{slave.name} {state_name(slave)}, offers {offered(slave)} A{own}"

    @property
    def state(self) -> tuple[object, ...]:
        """What the line tells, but for how many amps: whether any are offered."""
        there = (slave for slave in self.master.slaves if slave.link is not Link.LOST)
        return (*((slave.id, state_name(slave), offered(slave) > 0) for slave in there), self.alarms)

    @property
    def counters(self) -> dict[str, int]:
        return counters(self.master)


def counters(master: Master) -> dict[str, int]:
    """What was counted since the start, noise included."""
    noise, counted = master.deframer.noise, master.counters
    return {
        "frames": counted.frames,
        "heartbeats": counted.heartbeats,
        "answers": counted.answers,
        "late_heartbeats": counted.late,
        "foreign": counted.foreign,
        "echoes": counted.echoes,
        "id_clashes": counted.clashes,
        "bad_checksum": noise.checksum,
        "bad_length": noise.length,
        "bad_escape": noise.escape,
        "overrun": noise.overrun,
    }


def alarms(master: Master, now: float) -> tuple[str, ...]:
    """What the owner must know about the bus as a whole."""
    out = []
    if now < master.foreign_at + FOREIGN_S:
        out.append("a second master is on the bus: nothing is offered until it is gone (rotary switches at F? another program?)")
    if now < master.trouble_at + TROUBLE_S:
        out.append(f"{_too_much(master)}: every connector goes down to its minimum until it fits again")
    elif in_trouble(master, now):
        out.append(f"{_too_much(master)}, again and again: every connector stays at its minimum for a while")
    if any(slave.link is Link.REFUSED for slave in master.slaves):
        out.append("a fourth Wall Connector is on the bus: it is refused, three are the most")
    return tuple(out)


def _too_much(master: Master) -> str:
    """Without the sum, which changes from second to second: an alarm is one change of state. The sum is that of `reserved_amps`."""
    return f"the cars could take more than the {master.options.circuit} A that their circuit carries for hours"


def slave_alarms(slave: Slave, master: Master, now: float) -> tuple[str, ...]:
    """What the owner must know about one connector."""
    out = []
    if slave.status is not None and slave.status.state == SlaveState.ERROR:
        out.append("the connector reports an error" + (f" while {slave.draw:.1f} A flow" if slave.draw >= 1 else ""))
    if slave.link is Link.MUTE:
        told = slave.silenced_at > slave.beat_at
        out.append("no heartbeats for it: its current would not stop otherwise" if told else "the connector does not answer")
    if slave.link is Link.HEARD and now >= master.started_at + WAITS_S:
        out.append(f"not served: no room for it on a circuit of {master.options.circuit} A, or under the guard's ceiling")
    if slave.link in ADDRESSED and slave.draw > ceiling_of(counted(slave)):
        out.append(f"{slave.draw:.1f} A flow, {counted(slave)} A were offered")
    if slave.over_since is not None:
        out.append("more current flows than the ceiling allows: protocol 2 does not go below 6 A")
    return tuple(out)


def vin_of(slave: Slave) -> str | None:
    """The car's VIN once all 17 characters are there."""
    vin = "".join(slave.vin_parts)
    return vin if len(vin) == 17 else None


def _row(slave: Slave, master: Master, now: float, utc: datetime) -> ChargerRow:
    plugged = {Plugged.YES: True, Plugged.NO: False, Plugged.UNKNOWN: None}[slave.plugged]
    volts = None if slave.energy is None or not slave.energy.volts[0] else float(slave.energy.volts[0])
    return ChargerRow(
        id=slave.name,
        protocol=slave.protocol,
        rated_amps=slave.max_amps,
        min_amps=slave.minimum,
        offered_amps=offered(slave),
        actual_amps=slave.draw,
        reserved_amps=reserve(slave),
        can_stop=slave.protocol == 1,
        plugged=plugged,
        state=state_name(slave),
        since=_ago(utc, now - slave.state_since),
        vin=vin_of(slave),
        energy=slave.energy.counter if slave.energy is not None else None,
        volts=volts,
        alarms=slave_alarms(slave, master, now),
        last_seen=_ago(utc, now - slave.heard_at),
    )


def offered(slave: Slave) -> int:
    """Whole amps that it may take now; 0 where it hears no heartbeat."""
    return slave.offer.amps if slave.offer is not None and slave.link in HOLDING else 0


def _ago(utc: datetime, seconds: float) -> datetime:
    """That many seconds ago; now, where it never was."""
    return utc - timedelta(seconds=max(0.0, seconds)) if seconds != float("inf") else utc


def state_name(slave: Slave) -> str:
    """The slave's state in a word, or that of the link where there is none."""
    if slave.link not in ADDRESSED or slave.status is None:
        return slave.link.value
    known = SlaveState._value2member_map_
    return SlaveState(slave.status.state).name.lower() if slave.status.state in known else f"state {slave.status.state:02X}"
