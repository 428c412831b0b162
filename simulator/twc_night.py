"""Gen 2 connectors in a simulated night: the real master, `twc.master.step`, on a virtual bus with the house's own cars, in fast time.

gen2 = TwcNight(world, Options(circuit=48), protocol=2)
gen2.advance(at)            # world, wire and master together
gen2.report(at)             # what charger.json would say
gen2.obey(target, at)       # what target.json says from now on; None: nothing, as without a cron that ever ran

World and wire go on second by second while anything changes on the wire, and for as long afterwards as the master may still wait for
something. On a wire at rest the world goes on by up to five minutes for two seconds on the wire, never past a step of the target or
something that the owner does: a night takes seconds, and each step is taken at its second. So the bus has a clock of its own.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from model import Charger, ChargerReport
from model_decision import Target as TargetFile
from twc.master import memory, start, step
from twc.report import ChargerRow, Report
from twc.values import Ceiling, Master, Options, Step, Target, Want

from .house import World
from .twc_build import Age, Build
from .twc_bus import VirtualBus
from .twc_house import house_bus

TURN_S, ANSWER_S = 0.05, 0.02  # the daemon's own
SECOND = timedelta(seconds=1)
STRIDE_S, SAMPLE_S = 300.0, 2.0  # in two seconds each slave tells what flows at least once
CALM_S = 75.0  # the longest that a master without an alarm waits before it changes something: 60 s, and a ramp
KEPT = 200  # frames on record
COPIED = tuple(one.name for one in fields(Charger) if one.name != "energy_kwh")


class TwcNight:
    """`bus`, `master`: to be looked at. `ceiling_amps`: what the guard says now, None: nothing. Nothing but this moves `world` on."""

    def __init__(self, world: World, options: Options, protocol: int = 2, stride_s: float = STRIDE_S) -> None:
        self.world = world
        self.stride = timedelta(seconds=stride_s)  # 0: the wire's clock is the world's
        self.bus = wired(world, protocol)
        self.master: Master = start(options, (), self.bus.now)
        self.ceiling_amps: int | None = None
        self._file: TargetFile | None = None
        self._changed_at = self._strode_at = self.bus.now
        self._seen: object = None

    def restart(self) -> None:
        """The daemon dies and is back at once, with what twc.json remembers."""
        self.master = start(self.master.options, memory(self.master), self.bus.now)

    def obey(self, target: TargetFile | None, _now: datetime) -> None:
        self._file = target

    def report(self, now: datetime) -> ChargerReport:
        told = Report(self.master, self.bus.now, now)
        return ChargerReport(now, told.link, tuple(_charger(row) for row in told.chargers), told.alarms)

    @property
    def counters(self) -> dict[str, int]:
        return Report(self.master, self.bus.now, self.world.now).counters

    def advance(self, to: datetime) -> None:
        self._strode_at = self.bus.now  # what was said to target or car since the last time shows in its first seconds
        while self.world.now < to:
            stride = self._stride(to)
            if stride > timedelta():
                self._stridden(stride)
            self._second(min(SECOND, to - self.world.now))

    def _stride(self, to: datetime) -> timedelta:
        """By how much the world may go on before the wire is looked at again."""
        if self.bus.now < max(self._changed_at + CALM_S, self._strode_at + SAMPLE_S):
            return timedelta()
        now, sample = self.world.now, timedelta(seconds=SAMPLE_S)
        steps = [step for one in self._file.chargers for step in one.steps] if self._file else []
        ends = [step.until for step in steps if step.until > now - sample]
        ahead = [at for at in (to, self.world.next_act, *ends) if at is not None]
        return min(now + self.stride, *ahead) - now - sample

    def _stridden(self, stride: timedelta) -> None:
        """The world alone; the connectors' meters go with it."""
        before = [slave.draw for slave in self.bus.slaves]
        self.world.advance(self.world.now + stride)
        watts_per_amp = self.world.spec.volts * self.world.spec.phases
        for slave, drew in zip(self.bus.slaves, before, strict=True):
            slave.kwh += (drew + slave.draw) / 2 * watts_per_amp * stride.total_seconds() / 3.6e6
        self._strode_at = self.bus.now

    def _second(self, span: timedelta) -> None:
        """The world first: what it has become at the end of the second is what the wire carries in it."""
        self.world.advance(self.world.now + span)
        end = self.bus.now + span.total_seconds()
        target, ceiling = self._target(end), Ceiling(self.ceiling_amps, fresh=self.ceiling_amps is not None)
        while self.bus.now < end:
            now = min(end, self._next_turn())
            received = self.bus.tick(now)
            utc = self.world.now - timedelta(seconds=end - now)
            self.master, out, _ = step(self.master, now, utc, received, target, ceiling)
            if out:
                self.bus.tick(now, out)
        self._note()

    def _next_turn(self) -> float:
        """As the daemon turns; but where nothing is on its way and nothing due, at once to the moment when something is."""
        now = self.bus.now
        if self.master.pending is not None or self.bus.busy:
            return now + ANSWER_S
        return max(now + TURN_S, min(self.master.rest_until, self.bus.next_at()))

    def _target(self, mono: float) -> Target | None:
        """As the daemon reads the file: deadlines on the bus's clock, which stands at `mono` when the world's shows its now; none is
        left: no target."""
        file, now = self._file, self.world.now
        if file is None or not any(step.until > now - SECOND for one in file.chargers for step in one.steps):
            return None
        wants = [
            Want(one.id, one.priority, tuple(Step(mono + (each.until - now).total_seconds(), each.amps) for each in one.steps))
            for one in file.chargers
        ]
        return Target(file.site_max_amps, tuple(wants))

    def _note(self) -> None:
        """When the wire last changed. With an alarm it counts as changing: the master waits for its end."""
        now = self.bus.now
        slaves = [(one.id, one.phase, one.limit, one.state, one.car.plugged, one.car.mood, one.draw >= 1) for one in self.bus.slaves]
        known = [(one.id, one.link, one.offer, one.earlier, one.plugged, one.vin_parts) for one in self.master.slaves]
        seen = (slaves, known, self.ceiling_amps)
        if seen != self._seen or Report(self.master, now, self.world.now).alarms:
            self._seen, self._changed_at = seen, now


def wired(world: World, protocol: int) -> VirtualBus:
    """The house's connectors as slaves of `protocol`; one of protocol 1 answers no questions."""
    age = Age.SILENT if protocol == 1 else Age.ALL
    circuit = world.circuit
    builds = {vin: Build(protocol=protocol, age=age, rated_amps=float(one.rated_amps)) for vin, one in circuit.connectors.items()}
    bus = house_bus(world, builds=builds)
    bus.sent = type(bus.sent)(maxlen=KEPT)
    return bus


def _charger(row: ChargerRow) -> Charger:
    """As the daemon copies it; the counter of simulated units is in kWh."""
    copied: dict[str, Any] = {name: getattr(row, name) for name in COPIED}
    return Charger(**copied, energy_kwh=None if row.energy is None else float(row.energy))
