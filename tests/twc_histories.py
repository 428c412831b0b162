"""Random histories of a bus: one to three slaves of either protocol, their cars and owners, bad wires, restarts, targets and ceilings that
come and go. One seed, one history."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random

from simulator.twc_build import Age, Build, Zero
from simulator.twc_bus import Line, VirtualBus
from simulator.twc_car import Habits, TwcCar
from simulator.twc_slave import Slave
from tests.twc_builders import IDS, Rig, notes, target
from tests.twc_oracle import WITHIN_S, Oracle, tolerated
from twc.values import Ceiling, Master, Options, Step, Target, Want


@dataclass(slots=True)
class History:
    """`mild`: only what a sound house does, so that the true currents keep the law too: nobody draws before being greeted, everybody obeys,
    no process starts without its memory."""

    seed: int
    mild: bool = False
    rng: Random = field(init=False)
    rig: Rig = field(init=False)
    oracle: Oracle = field(init=False)
    broken: list[str] = field(default_factory=list)
    peak: float = 0.0
    restarts: int = 0
    above_since: float | None = None
    lower_at: float = float("-inf")  # when target or ceiling last changed
    stale_since: float | None = None
    now: float = 0.0

    def __post_init__(self) -> None:
        self.rng = rng = Random(f"history {self.seed} {self.mild}")
        circuit = rng.choice((16, 24, 24, 32, 32, 40, 48))
        slaves = [self._slave(number) for number in range(rng.randint(1, 3))]
        line = Line(loss=rng.choice((0, 0, 0.005, 0.02)), bit_errors=rng.choice((0, 0, 0.005)), caught=True)
        bus = VirtualBus(slaves, self.seed, line, keep=10, start=100.0)
        options = Options(circuit, most=rng.choice((16, 32, 80, 80)), failsafe=rng.choice((5, 6, 6, 10)), guarded=rng.random() < 0.5)
        options = replace(options, silence=rng.random() < 0.3)
        self.oracle = Oracle(circuit)
        self.rig = Rig(bus, options, target=self._target(), ceiling=self._ceiling(0), watch=self._watch)
        for number in range(len(slaves)):
            if rng.random() < 0.8:
                bus.car(number).plug_in()

    def _slave(self, number: int) -> Slave:
        rng = self.rng
        zero = Zero.CLAMPS if rng.random() < 0.8 else Zero.IGNORES
        build = Build(
            IDS[number],
            rng.choice((1, 2, 2)),
            rng.choice((16.0, 32.0, 48.0, 48.0, 80.0)),
            age=rng.choice(tuple(Age)),
            zero=zero,
            open_s=rng.uniform(20, 30),
            idle_amps=rng.choice((0.0, 0.25)),
        )
        overdraw = rng.choice((0.0, 0.0, 0.05, 0.1)) if self.mild else rng.choice((0.0, 0.05, 0.1, 0.16, 0.4))
        habits = Habits(rng.choice((4.0, 16.0, 32.0, 60.0, 60.0)), overdraw, reacts_s=rng.uniform(0.2, 2.0 if self.mild else 4.0))
        return Slave(build, TwcCar(habits, vin=f"5YJ3AMPSHFT00000{number}"), self.seed)

    # ---- what happens -----------------------------------------------------------------------------------------------------------

    def play(self, seconds: float) -> History:
        """A quiet minute first, in which cars start; then something happens every now and then."""
        rng, bus = self.rng, self.rig.bus
        self.rig.run(min(seconds / 2, rng.uniform(30, 90)))
        acts = [self._owner, self._wishes, self._wishes, self._wishes, self._unit, self._line, self._restart]
        end = bus.now + seconds
        while bus.now < end and not self.broken:
            self.rig.run(min(end - bus.now, rng.choice((1, 3, 6, 12, 20, 40, 70)) * rng.uniform(0.5, 1.5)))
            rng.choice(acts)()
            self.broken += self.oracle.broken
        return self

    def _owner(self) -> None:
        car = self.rig.bus.car(self.rng.randrange(len(self.rig.bus.slaves)))
        self.rng.choice((car.plug_in, car.plug_in, car.unplug, car.stop, car.start, car.wait_for_schedule))()

    def _unit(self) -> None:
        slave = self.rng.choice(self.rig.bus.slaves)
        what = self.rng.random()
        if what < 0.3:
            slave.mute = not slave.mute
        elif what < 0.6 and slave.powered:
            slave.power_off()
        elif what < 0.9:
            slave.power_on()
            slave.mute = False
        elif not self.mild:
            slave.fail(leaks=self.rng.random() < 0.5)

    def _line(self) -> None:
        line = self.rig.bus.line
        line.loss = self.rng.choice((0.0, 0.0, 0.005, 0.02))
        line.noise_per_s = self.rng.choice((0.0, 0.0, 2.0))
        line.delay_s = self.rng.choice((0.0, 0.0, 0.02))
        if self.rng.random() < 0.2:
            line.pulled = not line.pulled

    def _wishes(self) -> None:
        rig, rng = self.rig, self.rng
        before = rig.target, rig.ceiling
        if rng.random() < 0.5:
            rig.target = self._target()
        else:
            rig.ceiling = self._ceiling(rig.bus.now)
        if (rig.target, rig.ceiling) != before:
            self.lower_at = rig.bus.now

    def _target(self) -> Target | None:
        rng = self.rng
        if rng.random() < 0.1:
            return None
        amps = [rng.choice((0, 5, 6, 10, 16, 24, 32, 48, 48, 90, 90)) for _ in IDS]
        site = rng.choice((None, None, None, None, 0, 8, 20, 36))
        if rng.random() < 0.4:
            return target(amps[0], site=site)
        until = self.rig.bus.now + rng.uniform(5, 60) if hasattr(self, "rig") else 130.0
        wants = (Want(f"{one:04x}", rng.randint(1, 3), (Step(until, each),)) for one, each in zip(IDS, amps, strict=True))
        return Target(site, tuple(want for want in wants if rng.random() < 0.9))

    def _ceiling(self, now: float) -> Ceiling:
        rng = self.rng
        last = self.rig.ceiling.amps if now else None
        if rng.random() < 0.3:
            return Ceiling(last, fresh=False)
        return Ceiling(rng.choice((None, None, None, 0, 4, 9, 14, 20, 30, 60, 60)), fresh=True)

    def _restart(self) -> None:
        rig = self.rig
        kept = self.mild or self.rng.random() < 0.6
        remembered = notes(rig) if kept else ()
        rig.run(self.rng.choice((0.0, 0.5, 3.0, 8.0)), until=lambda: True)
        rig.bus.tick(rig.bus.now + self.rng.choice((0.2, 2.0, 7.0)))
        rig.restart(*remembered)
        self.oracle.restarted(kept and bool(remembered), rig.bus.now)
        self.restarts += 1
        self.lower_at = rig.bus.now

    # ---- what must hold ---------------------------------------------------------------------------------------------------------

    def _watch(self, now: float, received: bytes, sent: bytes, master: Master) -> None:
        self.now = now
        self.oracle.see(now, received, sent, self.rig.report.alarms)
        self._judge_limits(now, master)
        if self.mild:
            self._judge_currents(now)

    def _judge_limits(self, now: float, master: Master) -> None:
        """Law 3 and the limits of the owner, on the offers as they stand on the wire."""
        guarded, ceiling, options = self.rig.options.guarded, self.rig.ceiling, self.rig.options
        self.stale_since = None if ceiling.fresh or not guarded else self.stale_since or now
        if now < self.lower_at + WITHIN_S:
            return
        greeted = self.oracle.addressed(now)
        most = [self.oracle.circuit, *([ceiling.amps] if ceiling.fresh and ceiling.amps is not None else [])]
        most += [self.rig.target.site_amps] if self.rig.target is not None and self.rig.target.site_amps else []
        if guarded and not ceiling.fresh:
            most += [options.failsafe * len(self.oracle.greeted), *([ceiling.amps] if ceiling.amps is not None else [])]
        offered = sum(slave.newest for slave in greeted if slave.newest > slave.least)
        high = any(slave.newest > slave.least for slave in greeted)
        if high and sum(slave.newest for slave in greeted) > min(most) and self.rig.bus.line.loss == 0 and not received_noise(self):
            self.broken.append(f"{now:.2f} s: {offered} A offered above {most}: {[slave.newest for slave in greeted]}")
        if self.rig.target is None:
            over = [slave.newest for slave in greeted if slave.newest > max(options.failsafe, slave.least)]
            if over:
                self.broken.append(f"{now:.2f} s: {over} A offered without a target, failsafe {options.failsafe}")
        beyond = [slave.newest for slave in greeted if slave.newest > max(options.most, slave.least)]
        if beyond:
            self.broken.append(f"{now:.2f} s: {beyond} A above TWC_MAX_AMPS {options.most}")

    def _judge_currents(self, now: float) -> None:
        draw, circuit = self.rig.bus.draw, self.oracle.circuit
        self.peak = max(self.peak, draw / circuit)
        most = circuit + sum(tolerated(slave.counted) - slave.counted for slave in self.oracle.slaves.values())
        if draw > most + 1e-6:
            self.broken.append(f"{now:.2f} s: {draw:.2f} A flow, {most:.2f} are tolerated")
        greeted = self.oracle.greeted
        high = any(slave.newest > slave.least for slave in greeted)
        deaf = any(now > slave.heard_at + 3 for slave in greeted)  # nobody can answer for what nobody can hear
        self.above_since = None if draw <= circuit + 1e-6 or deaf or not high else self.above_since or now
        if self.above_since is not None and now > self.above_since + 10:
            self.broken.append(f"{now:.2f} s: {draw:.2f} A flow on {circuit} A for more than 10 s")


def received_noise(history: History) -> bool:
    return history.rig.bus.line.pulled or history.rig.bus.line.noise_per_s > 0
