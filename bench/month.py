"""`python -m bench month`: what Tesla bills in a month of five-minute cycles with two cars, and whether every departure was kept."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

from config import Secret, Settings
from config_parsers import departures
from config_values import Own, car_key
from cycle.one import run
from model import DOLLARS, Billed, Charger, ChargerReport, Place
from model_decision import Target
from simulator.connector import Connector
from simulator.house import HOME, HouseSpec, World
from simulator.houses import BLUE, RED, ZONE
from simulator.memory_house import MemoryHouse, MemoryJournal
from simulator.owner import Act

START, SUNNY = datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 7, 1, tzinfo=UTC)
DAYS = 31
CYCLE = timedelta(minutes=5)
NOWHERE = "http://127.0.0.1:9"  # never called: the house of numbers answers instead
AIMS = {"gen2": 1.50, "none": 2.50}
LEAVES = {BLUE.vin: ("mon-fri 07:30", 7, 30), RED.vin: ("mon-sat 08:15", 8, 15)}


@dataclass(slots=True)
class Month:
    """One house's month. `short`: departures with less than the limit in the app, and by how much."""

    name: str
    seconds: float = 0.0
    calls: dict[str, int] = field(default_factory=dict)
    by_car: dict[str, float] = field(default_factory=dict)
    reads: int = 0
    left: int = 0
    short: list[str] = field(default_factory=list)

    @property
    def dollars_a_car(self) -> float:
        return sum(self.by_car.values()) / len(self.by_car)


def month(sensor: str, days: int = DAYS, sun: bool = False) -> Month:
    """Two commuters on one 60 A circuit. `sensor`: gen2 (connectors that know their cars), gen3 (sees the first car's plug), none."""
    found = Month(f"{sensor}{' with sun' if sun else ''}")
    spec = HouseSpec(zone=ZONE, home=HOME, solar_kw=7.0 if sun else 0.0, powerwalls=1 if sun else 0)
    start = SUNNY if sun else START
    world = World(spec, [BLUE, RED], start)
    for seed, vin in enumerate(world.cars):
        world.follow(life(vin, start, days, Random(seed)))
    house = MemoryHouse(world, settings(world, sensor, sun))
    wires = Wires(world) if sensor == "gen2" else None
    began = time.perf_counter()
    _live(house, wires, start + timedelta(days=days), found)
    found.seconds = time.perf_counter() - began
    _count(world, found)
    return found


def life(vin: str, start: datetime, days: int, rng: Random) -> tuple[Act, ...]:
    """To work and back, a longer drive now and then, plugged in when at home; the weekend is spent at home but for an errand."""
    _, hour, minute = LEAVES[vin]
    acts = [Act(start, "plug", None, vin)]
    first = start.astimezone(ZONE).date()
    for number in range(days + 1):
        at = datetime(first.year, first.month, first.day, hour, minute, tzinfo=ZONE) + timedelta(days=number)
        works = at.weekday() < (5 if vin == BLUE.vin else 6)
        if not works and rng.random() < 0.4:
            continue
        leave = at if works else at + timedelta(hours=rng.uniform(2, 6))
        km = rng.choice((18.0, 25.0, 25.0, 40.0, 70.0)) if works else rng.choice((5.0, 30.0))
        back = leave + timedelta(hours=8.5 if works else 1.5, minutes=rng.randrange(0, 60))
        home = back + timedelta(hours=km / 60, minutes=rng.randrange(1, 12))
        acts += [Act(leave, "leave", km, vin), Act(back, "drive", km, vin), Act(home, "plug", None, vin)]
    return tuple(sorted((act for act in acts if act.at >= start), key=lambda act: act.at))


def settings(world: World, sensor: str, sun: bool) -> Settings:
    home = world.spec.home
    plain = replace(
        Settings(),
        time_zone=ZONE,
        tesla_api_url=NOWHERE,
        tesla_command_url=NOWHERE,
        tesla_access_token=Secret("simulated"),
        tesla_home_address=Place(home.lat, home.lon),
        charger_max_amps=world.circuit.amps,
        twc_breaker_amps=int(world.circuit.breaker.amps),
        departure_time=departures(LEAVES[BLUE.vin][0]),
        tesla_budget_dollars=100.0,
        own=(Own(car_key(RED.vin), "departure_time", departures(LEAVES[RED.vin][0])),),
        wall_connector_url=NOWHERE if sensor == "gen3" else None,
    )
    return replace(plain, powerwall_url="https://127.0.0.1:9") if sun else plain


@dataclass(slots=True)
class Wires:
    """Gen 2 connectors that know whose car is on them, and a daemon that offers what target.json says at each cycle."""

    world: World

    def report(self, now: datetime) -> ChargerReport:
        return ChargerReport(now, "up", tuple(self._charger(one, now) for one in self.world.circuit.connectors.values()), ())

    def obey(self, target: Target | None, now: datetime) -> None:
        left = self.world.circuit.amps
        for vin, connector in self.world.circuit.connectors.items():
            steps = next((one.steps for one in target.chargers if one.id == connector.id), ()) if target else ()
            connector.offer = min(left, next((step.amps for step in steps if step.until > now), 6))
            left -= connector.offer if self.world.cars[vin].on_our_circuit else 0

    def _charger(self, one: Connector, now: datetime) -> Charger:
        car, offer = self.world.cars[one.vin], one.offer or 0
        here = car.on_our_circuit
        amps, vin = (round(car.actual_amps, 1), one.vin) if here else (0.0, None)
        kwh, volts = one.session_kwh, self.world.spec.volts
        return Charger(one.id, 2, one.rated_amps, 6, offer, amps, offer, False, here, "", None, vin, kwh, volts, (), now)


def _live(house: MemoryHouse, wires: Wires | None, end: datetime, found: Month) -> None:
    """Cycle after cycle; each departure is judged as the car leaves."""
    world, journal = house.world, MemoryJournal()
    events = 0
    while world.now < end:
        if wires:
            house.chargers = wires.report(world.now)
        run(house, journal, house.settings, world.now, believed=True)
        if wires:
            wires.obey(journal.offered, world.now)
        before = {vin: car.soc for vin, car in world.cars.items()}
        world.advance(world.now + CYCLE)
        for event in world.events[events:]:
            if event.what.startswith("leave"):
                found.left += 1
                soc, limit = before[event.who], world.cars[event.who].limit_soc
                if soc < limit - 1.5:
                    found.short.append(f"{event.at.astimezone(ZONE):%a %d %H:%M} {event.who[-1]}: {soc:.0f} of {limit} %")
        events = len(world.events)


def _count(world: World, found: Month) -> None:
    found.by_car = dict.fromkeys(world.cars, 0.0)
    for call in world.account.calls:
        if call.kind is not Billed.LIST and call.status < 500:
            found.by_car[call.vin] += DOLLARS[call.kind]
            found.calls[call.name] = found.calls.get(call.name, 0) + 1


def main(args: Sequence[str] = ()) -> int:
    days = int(args[0]) if args else DAYS
    print(f"Tesla dollars of {days} days, a cycle every 5 minutes, two commuters' cars on a 60 A circuit (scaled to 31 days)")
    bad = False
    for sensor, sun in (("gen2", False), ("gen3", False), ("none", False), ("none", True)):
        found = month(sensor, days, sun)
        dollars, aim = found.dollars_a_car * DAYS / days, None if sun else AIMS.get(sensor)
        verdict = "" if aim is None else f"aim ${aim:.2f}: {'ok' if dollars <= aim else 'MISSED'}"
        kinds = ", ".join(f"{name} {count}" for name, count in sorted(found.calls.items()))
        print(
            f"  {found.name:<14} ${dollars:5.2f} a car {verdict:<18} departures kept {found.left - len(found.short)} of {found.left}",
            flush=True,
        )
        print(f"                 {kinds} ({found.seconds:.0f} s)")
        for line in found.short[:10]:
            print(f"                 SHORT {line}")
        bad = bad or bool(found.short) or (aim is not None and dollars > aim)
    every = DAYS * 24 * 12 * DOLLARS[Billed.DATA]
    print(f"  beside it: a reading every five minutes ${every:.2f} a car, before the first command")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
