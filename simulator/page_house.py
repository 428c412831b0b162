"""A house that has lived for some days with Ampshift, and the state files that are left of it: for the page's pictures and tests.

Each cycle is the real one, with the real journal on disk; only what it reads and sends stays in memory.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from clients.price_file import PriceFile
from config import GridIso, MonitorType, Secret, Settings
from config_tariff import tariff_from
from cycle.journal import DiskJournal
from cycle.one import run
from model import Charger, ChargerReport, Missing, Point, Series
from state.cache import Cache
from state.files import Stamp, boot_id
from state.spend import Spend
from state.store import Store

from .curves import hours_between
from .house import HOME, HouseSpec, World
from .houses import BLUE, RED, ZONE
from .memory_house import MemoryHouse
from .owner import Act, commuter

NOW = datetime(2026, 12, 9, 20, 45, tzinfo=ZONE)  # a Wednesday evening: the car waits for the night
NOWHERE = "http://127.0.0.1:9"  # never called: the house of numbers answers instead
SECRET = "simulated-secret-that-no-page-shows"  # noqa: S105 - of a house that is not there
STEP = timedelta(minutes=15)
NONE = Missing("price file", "not configured")


@dataclass(slots=True)
class PageHouse:
    """`folder`: where state/data and state/run go, and house.env for app.py."""

    folder: Path
    two_cars: bool = False
    now: datetime = NOW
    changes: dict[str, object] = field(default_factory=dict)

    def live(self, days: float = 3.0) -> Settings:
        """Lives until `now`, a cycle every quarter of an hour, and writes house.env. Gives the settings of that house."""
        world = self._world(self.now - timedelta(days=days))
        settings = self.settings(world)
        house = MemoryHouse(world, settings)
        while world.now <= self.now:
            self._cycle(house, settings, world)
            world.advance(world.now + STEP)
        self._keep_load(settings, world)
        self._write_env(settings)
        return settings

    def _world(self, start: datetime) -> World:
        cars = (BLUE, RED) if self.two_cars else (BLUE,)
        spec = HouseSpec(zone=ZONE, home=HOME, solar_kw=7.0, powerwalls=1)
        world = World(spec, cars, start)
        for car in world.cars.values():
            car.soc, car.limit_soc = 62.0, 80
        world.do(Act(start, "plug"))
        world.follow(commuter(start, 10, ZONE, km=80.0))
        return world

    def settings(self, world: World) -> Settings:
        known = replace(
            Settings(),
            time_zone=ZONE,
            state_dir=self.folder / "state" / "data",
            run_dir=self.folder / "state" / "run",
            tesla_vin=tuple(world.cars),
            tariff=tariff_from(tomllib.loads(world.spec.tou.toml()), "ev-night"),
            tesla_api_url=NOWHERE,
            tesla_access_token=Secret(SECRET),
            tesla_home_address=HOME,
            charger_max_amps=world.circuit.amps,
            battery_kwh=75.0,
            powerwall_url="https://127.0.0.1:9",
            powerwall_password=Secret(SECRET),
            energy_monitor_type=MonitorType.SHELLY_EM,
            energy_monitor_url=NOWHERE,
            grid_status_api_key=Secret(SECRET),
            grid_iso=GridIso.CAISO,
            twc_breaker_amps=60,
            solar_kwp=7.0,
        )
        return replace(known, **self.changes)  # type: ignore[arg-type]

    def _cycle(self, house: MemoryHouse, settings: Settings, world: World) -> None:
        now = world.now
        stamp = Stamp(now, "scheduler", settings.time_zone)
        store = Store(settings.state_dir, settings.run_dir, settings.time_zone, now, "scheduler", boot_id(), lambda _s: None)
        house.purse = Spend(settings.state_dir, stamp, settings.tesla_budget_dollars, lambda _s: None)
        house.file = PriceFile(NONE, NONE, hourly_mix(world, now))
        house.overrides = store.load_overrides()
        house.chargers = connectors(world)
        run(house, DiskJournal(store, settings), settings, now, believed=True)
        store.save_charger(house.chargers, {})

    def _keep_load(self, settings: Settings, world: World) -> None:
        stamp = Stamp(self.now, "scheduler", settings.time_zone)
        cache = Cache(settings.state_dir / "cache", stamp, lambda _s: None)
        start = (self.now - timedelta(hours=8)).astimezone(UTC).replace(minute=0)
        hours = hours_between(start, self.now.astimezone(UTC) + timedelta(hours=72))
        points = tuple(Point(at, at + timedelta(hours=1), round(world.grid_load(at))) for at in hours)
        cache.put("load-forecast-caiso", Series("gridstatus", "MW", self.now - timedelta(hours=2), points), self.now + timedelta(days=15))

    def _write_env(self, settings: Settings) -> None:
        """What app.py needs of it."""
        values = {
            "TIME_ZONE": settings.time_zone.key,
            "TESLA_VIN": ",".join(settings.tesla_vin),
            "GRID_ISO": settings.grid_iso.value if settings.grid_iso is not None else "",
            "TESLA_ACCESS_TOKEN": SECRET,
            "POWERWALL_URL": settings.powerwall_url,
            "POWERWALL_PASSWORD": SECRET,
            "TARIFF": "flat:0.3",
        }
        text = "".join(f"{name}={value}\n" for name, value in values.items())
        (self.folder / "house.env").write_text(text, encoding="utf-8")


def connectors(world: World) -> ChargerReport:
    """charger.json as the daemon would write it for this world."""
    found = []
    for vin, connector in world.circuit.connectors.items():
        car = world.cars[vin]
        here = car.on_our_circuit
        amps = round(car.actual_amps, 1) if here else 0.0
        state = "charging" if amps >= 1 else "ready" if here else "free"
        offered = connector.offered if hasattr(connector, "offered") else 6
        found.append(
            Charger(
                id=connector.id,
                protocol=2,
                rated_amps=48,
                min_amps=6,
                offered_amps=max(6, int(offered or 6), round(amps)),
                actual_amps=amps,
                reserved_amps=max(6, round(amps)),
                can_stop=False,
                plugged=here,
                state=state,
                since=None,
                vin=vin,
                energy_kwh=None,
                volts=world.spec.volts,
                alarms=(),
                last_seen=world.now,
            )
        )
    return ChargerReport(world.now, "up", tuple(found), ())


def hourly_mix(world: World, now: datetime) -> Series:
    """The grid's average CO2, g/kWh, two days ahead."""
    hours = hours_between((now - timedelta(hours=2)).astimezone(UTC).replace(minute=0), now + timedelta(hours=48))
    points = tuple(Point(at, at + timedelta(hours=1), round(world.co2(at), 1)) for at in hours)
    return Series("simulated grid", "g/kWh", now, points)
