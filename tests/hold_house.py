"""A house whose Powerwall is held through Tesla's cloud, and nights in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from config import Settings
from config_parsers import departures
from config_tariff import parse_tariff
from cycle.one import Cycle, run
from simulator.battery import Battery
from simulator.house import HOME, HouseSpec, World
from simulator.houses import BLUE, ZONE
from simulator.memory_house import MemoryHouse, MemoryJournal
from simulator.owner import Act
from tests.house_builders import START, settings_for

VIN = BLUE.vin
CYCLE = timedelta(minutes=15)
DUSK = START + timedelta(hours=20)  # 20:00 on Monday; cheap from 21:00 to 06:00
LATE = START + timedelta(hours=27)  # 03:00: the car is full since 23:00


@dataclass(slots=True)
class Night:
    """`seen`: the site's settings (reserve, mode, grid charging) after each cycle, by local time."""

    world: World
    house: MemoryHouse
    journal: MemoryJournal
    seen: dict[str, tuple[int, str, bool]] = field(default_factory=dict)
    cycles: dict[str, Cycle] = field(default_factory=dict)

    @property
    def battery(self) -> Battery:
        assert self.world.battery is not None
        return self.world.battery

    @property
    def settings(self) -> Settings:
        return self.house.settings

    def own(self) -> tuple[int, str, bool]:
        return round(self.battery.reserve_soc), self.battery.mode, self.battery.grid_charging

    def posts(self) -> list[tuple[str, object]]:
        """Changes that reached Tesla, in order."""
        changes = ("backup", "operation", "grid_import_export")
        return [(call.name, call.value) for call in self.world.account.calls if call.name in changes]

    def live(self, until: datetime, disturb: Callable[[Night, str], None] = lambda _night, _at: None) -> Night:
        """Cycles up to `until`; `disturb` is called before each."""
        now = self.world.now
        while now < until:
            self.world.advance(now)
            at = now.astimezone(ZONE).strftime("%a %H:%M")
            disturb(self, at)
            self.cycles[at] = run(self.house, self.journal, self.settings, now)
            self.seen[at] = self.own()
            now += CYCLE
        return self


def night(soc: float = 63.0, journal: MemoryJournal | None = None, **changes: object) -> Night:
    """Monday 20:00: plugged in, 60 %, leaving at 07:30; the Powerwall is large, and holds `soc`."""
    world = World(HouseSpec(zone=ZONE, home=HOME, powerwalls=4), [BLUE], DUSK)
    assert world.battery is not None
    world.battery.soc = soc
    world.cars[VIN].soc = 60.0
    world.follow([Act(DUSK, "plug")])
    wishes: dict[str, object] = {
        "departure_time": departures("07:30"),
        "powerwall_url": None,
        "powerwall_site": "auto",
        "powerwall_hold": True,
        "cycle_minutes": 15,
        "tariff": parse_tariff("free-nights:21:00-06:00@0.24", Path()),
    }
    return Night(world, MemoryHouse(world, settings_for(world, **(wishes | changes))), journal or MemoryJournal())
