"""A ceiling below what protocol 2 takes. Such a unit ignores 0 and goes on at 6 A: an alarm, and after 15 s, where the owner wishes it,
silence to that slave alone. It opens its contactor after 20 to 30 s; cars forgive that about three times, so once an hour is the most."""

from __future__ import annotations

from dataclasses import replace

from twc.link import ADDRESSED, Event, Link, after
from twc.messages import Plugged
from twc.reserve import amps_now
from twc.share import ceiling_amps, over, priority
from twc.values import Ceiling, Master, Slave, Target

LAST_RESORT_S, LAST_RESORT_EVERY_S = 15.0, 3600.0
SLACK_AMPS = 1.0


def pressed(master: Master, target: Target | None, ceiling: Ceiling, now: float) -> Master:
    """The master after a look at each slave while the ceiling is exceeded: is it stuck at its least, and for how long? One slave at a
    time falls silent, the least important first, and the next only when that has had its effect."""
    most = ceiling_amps(master, ceiling)
    exceeded = most is not None and over(master.slaves, most) > SLACK_AMPS
    if not exceeded and all(slave.over_since is None for slave in master.slaves):
        return master
    slaves = tuple(replace(slave, over_since=_since(slave, now) if exceeded else None) for slave in master.slaves)
    ripe = [slave for slave in slaves if _is_ripe(slave, now)]
    if not ripe or not master.options.silence or any(slave.link is Link.MUTE for slave in slaves):
        return replace(master, slaves=slaves)
    last = max(ripe, key=lambda slave: (priority(slave, target), slave.draw))
    silent = replace(last, link=after(last.link, Event.SILENCE), silenced_at=now, over_since=None)
    return replace(master, slaves=tuple(silent if slave is last else slave for slave in slaves))


def _since(slave: Slave, now: float) -> float | None:
    """Since when it has drawn more than was wished though its offer is at the least; None: it has not."""
    stuck = slave.link in ADDRESSED and slave.protocol == 2 and amps_now(slave) <= slave.minimum
    if not stuck or slave.draw < 1 or slave.plugged is Plugged.NO:
        return None
    return now if slave.over_since is None else slave.over_since


def _is_ripe(slave: Slave, now: float) -> bool:
    held = slave.over_since is not None and now >= slave.over_since + LAST_RESORT_S
    return held and now >= slave.silenced_at + LAST_RESORT_EVERY_S
