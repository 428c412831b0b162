"""`python -m bench answers`: short lives in which Tesla answers as it likes - asleep, 408, 429, 5xx, cut off, refused, carried out late,
stale - while the owner clicks and drives off, and the power may fail at any step. Each life is judged by laws 5 to 9."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

from bench.month import NOWHERE
from clients.http import Ask, Reply
from config import Secret, Settings, Strategy
from config_parsers import charge_hours, departures
from cycle.one import Cycle, run
from errors import NoAnswer
from model import Billed, Code, Missing, Place
from model_decision import Command
from model_memory import CommandKind, Memory, Origin, Outcome
from simulator import faults
from simulator.account import ApiCall
from simulator.house import HOME, HouseSpec, World
from simulator.houses import BLUE, ZONE
from simulator.memory_http import MemoryHttp
from simulator.owner import Act
from simulator.power_cut import Fate, House, Journal

VIN = BLUE.vin
NOON = datetime(2026, 12, 7, 20, 0, tzinfo=UTC)
CYCLE, CYCLES = timedelta(minutes=10), 15
LIVES = 10_000
REFUSAL = '{"response":{"result":false,"reason":"car could not execute command: cannot do this now"}}'
STATUSES = (faults.ASLEEP_408, faults.ILL_500, faults.BUSY_503, faults.too_many(300), faults.Fault(faults.Ill.STATUS, 200, REFUSAL))
CUTS = (faults.DROP_BEFORE, faults.DROP_AFTER, faults.CUT, faults.GARBAGE, faults.HANG)
CLICKS = ("start", "stop", "slider 60", "slider 100", "amps 16", "unplug", "plug", "schedule 750", "climate 2500", "leave 20")
LIMITS = {code for code in Code if code.startswith("LIMIT_")} | {Code.BELOW_MINIMUM, Code.OWNER_STOP}
HIS = {"start", "slider", "schedule", "climate", "plug", "amps"}


class OddHttp(MemoryHttp):
    """Each answer is drawn: mostly the true one. Late: no answer comes, and the command is carried out some requests later. Stale: the
    car's data as they were."""

    def __init__(self, world: World, rng: Random, illness: float) -> None:
        super().__init__(world)
        self.rng, self.illness = rng, illness
        self.late: list[Ask] = []
        self.ever_late = False
        self.data: dict[str, Reply] = {}
        self.stales: list[datetime] = []

    def ask(self, ask: Ask) -> Reply:
        if self.late and self.rng.random() < 0.3:
            super().ask(self.late.pop())
        share = 1.0 if ask.method == "POST" else 0.6 if "vehicle_data" in ask.url else 0.15  # without a list nothing would be sent at all
        if self.rng.random() >= self.illness * share:
            return self._true(ask)
        odd = self.rng.random()
        if odd < 0.1 and ask.url in self.data:
            self.stales.append(self.world.now)
            return self.data[ask.url]
        if odd < 0.2 and ask.method == "POST":
            self.late.append(ask)
            self.ever_late = True
            raise NoAnswer(ask.source, "no whole answer in time")
        self.world.faults["fleet"].next(1, self.rng.choice(STATUSES if odd < 0.6 else CUTS))
        return super().ask(ask)

    def _true(self, ask: Ask) -> Reply:
        reply = super().ask(ask)
        if ask.method == "GET" and "vehicle_data" in ask.url and reply.ok:
            self.data[ask.url] = reply
        return reply


@dataclass(frozen=True, slots=True)
class Moment:
    """One cycle: `at_home`: really; `cycle` None: the power failed in it."""

    now: datetime
    at_home: bool
    before: Memory
    after: Memory
    cycle: Cycle | None
    acted: tuple[Command, ...]
    calls: tuple[ApiCall, ...]
    dollars: float
    counted: float


@dataclass(slots=True)
class Life:
    seed: int
    world: World
    house: House
    moments: list[Moment] = field(default_factory=list)


def life(seed: int) -> Life:
    """Two and a half hours around noon; a timer or the plan charges in some of them."""
    rng = Random(seed)
    start = NOON + timedelta(minutes=rng.randrange(0, 60))
    world = World(HouseSpec(zone=ZONE, home=HOME), [replace(BLUE, battery_kwh=24.0)], start)  # a small battery is planned in a moment
    car = world.cars[VIN]
    car.soc, car.limit_soc = rng.uniform(20, 75), rng.choice((70, 80, 100))
    world.follow([Act(start + timedelta(minutes=rng.randrange(0, 15)), "plug"), *_clicks(rng, start)])
    fate = Fate(rng.randrange(1, 60) if rng.random() < 0.4 else 0)
    house = House(world, _settings(rng), fate)
    house.http = OddHttp(world, rng, rng.choice((0.1, 0.3, 0.5)))
    found, journal = Life(seed, world, house), Journal(fate)
    for number in range(CYCLES):
        now = start + number * CYCLE
        world.advance(now)
        found.moments.append(_cycle(house, journal, now))
    return found


def _cycle(house: House, journal: Journal, now: datetime) -> Moment:
    world, before = house.world, journal.memory
    car, made = world.cars[VIN], len(world.account.calls)
    house.acted = []
    at_home = car.at_home and not car.driving and not car.fast
    try:
        cycle = run(house, journal, house.settings, now)
    except SystemExit:
        cycle = None
    spent = house.purse.budget(now).spent
    return Moment(
        now, at_home, before, journal.memory, cycle, tuple(house.acted), tuple(world.account.calls[made:]), world.account.dollars, spent
    )


def _clicks(rng: Random, start: datetime) -> Iterator[Act]:
    for _ in range(rng.choice((0, 1, 2, 4))):
        word, _, value = rng.choice(CLICKS).partition(" ")
        yield Act(start + timedelta(minutes=rng.randrange(10, 140)), word, float(value) if value else None)


def _settings(rng: Random) -> Settings:
    return replace(
        Settings(),
        time_zone=ZONE,
        tesla_api_url=NOWHERE,
        tesla_command_url=NOWHERE,
        tesla_access_token=Secret("simulated"),
        tesla_home_address=Place(HOME.lat, HOME.lon),
        strategy=rng.choice((Strategy.TIMER, Strategy.TIMER, Strategy.OPTIMAL, Strategy.NOW)),
        charge_hours=(charge_hours(rng.choice(("12:30-13:30@24", "13:00-14:00", "12:00-13:00@32"))),),
        departure_time=departures(rng.choice(("19:30", "21:30", "15:30", "10:00", "none"))),
        min_soc=rng.choice((0, 20, 40)),
        cycle_minutes=10,
        tesla_budget_dollars=rng.choice((0.01, 0.05, 0.1, *[9.0] * 7)),
        car_safety_schedule=rng.random() < 0.5,
    )


def judge(found: Life) -> list[str]:
    """The laws that this life breaks."""
    broken = [text for moment in found.moments for text in _laws_of(moment, found.house.settings)]
    http = found.house.http
    if not (isinstance(http, OddHttp) and http.stales):  # a stale body is an old truth: nobody could know better
        broken += [text for moment in found.moments for text in _law_8(moment)]
        broken += [text for moment in found.moments for text in _not_his(found, moment)]
    return [f"seed {found.seed}: {text}" for text in broken]


def _laws_of(moment: Moment, settings: Settings) -> Iterator[str]:
    when = f"at {moment.now:%H:%M}"
    if moment.dollars > settings.tesla_budget_dollars + 1e-9:
        yield f"law 7 {when}: ${moment.dollars:.3f} of ${settings.tesla_budget_dollars:.3f}"
    if moment.counted < moment.dollars - 1e-9:
        yield f"law 9 {when}: ${moment.dollars:.3f} were billed, ${moment.counted:.3f} counted"
    old = moment.before.car(VIN)
    sent = [one.kind.value for one in moment.acted if one.kind is not CommandKind.WAKE and not one.urgent]
    if old and sent and _blind(moment):
        yield f"law 6 {when}: {sent} after {[(one.kind.value, one.outcome) for one in old.intents[-2:]]}"
    for car in moment.cycle.decision.cars if moment.cycle else ():
        memory = moment.cycle.decision.memory.car(VIN) if moment.cycle else None
        hand = memory and memory.plug and memory.plug.origin is Origin.HAND and memory.plug.charging_since is not None
        if hand and "charge_stop" in sent and car.reasons[0].code not in LIMITS:
            yield f"law 5 {when}: {car.reasons[0].code}"


def _blind(moment: Moment) -> bool:
    """Was a command of unknown outcome sent after the newest reading that this cycle had?"""
    old = moment.before.car(VIN)
    unsure = [one for one in (old.intents if old else ()) if one.outcome in (Outcome.UNKNOWN, None) and one.kind is not CommandKind.WAKE]
    view = next(iter(moment.cycle.snapshot.cars), None) if moment.cycle else None
    if not unsure or view is None or isinstance(view.reading, Missing):
        return False
    return view.reading.at <= unsure[-1].at


def _law_8(moment: Moment) -> Iterator[str]:
    for one in moment.acted:
        if one.kind is not CommandKind.WAKE and not moment.at_home:
            yield f"law 8 at {moment.now:%H:%M}: {one.kind.value} to a car that is away"


def _not_his(found: Life, moment: Moment) -> Iterator[str]:
    """A charge is judged HAND only where the owner, or a command that Tesla carried out late, can have begun it."""
    memory, http = moment.after.car(VIN), found.house.http
    if memory is None or memory.plug is None or memory.plug.origin is not Origin.HAND or (isinstance(http, OddHttp) and http.ever_late):
        return
    acts = {event.what.split()[0] for event in found.world.events if event.who == VIN and event.at <= moment.now}
    if not acts & (HIS - {"plug"}):
        yield f"a charge of ours is taken for the owner's at {moment.now:%H:%M}"


def main(args: Sequence[str] = ()) -> int:
    lives, first = (int(args[0]) if args else LIVES), (int(args[1]) if len(args) > 1 else 0)
    began, broken, kinds, outcomes, deaths = time.perf_counter(), list[str](), Counter[str](), Counter[str](), 0
    for seed in range(first, first + lives):
        found = life(seed)
        broken += judge(found)
        for moment in found.moments:
            deaths += moment.cycle is None
            kinds.update(call.name for call in moment.calls if call.kind is not Billed.LIST)
            outcomes.update(one.outcome.value for one in moment.cycle.decision.sent) if moment.cycle else None
        if (seed - first + 1) % 1000 == 0:
            print(f"  {seed - first + 1} lives, {time.perf_counter() - began:.0f} s, {len(broken)} laws broken", flush=True)
    print(f"{lives} lives of {CYCLES} cycles: {json.dumps(kinds)}; outcomes {json.dumps(outcomes)}; {deaths} power cuts")
    print("\n".join(broken[:20]) or "no law was broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
