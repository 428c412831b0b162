"""The simulated energy site and the schedules in the simulated car."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from clients.http import Http
from clients.tesla_energy import Energy
from clients.tesla_fleet import fleet_status
from errors import LoginDead, Refused
from model import ALL_DAYS, Billed, CarSchedule, Place
from model_energy import SiteKind
from simulator import hands
from simulator.battery import Battery
from simulator.car_schedules import agenda, daily
from simulator.house import HOME, HouseSpec, World
from simulator.houses import BLUE, ZONE
from simulator.network import Network
from simulator.site import SITE_ID
from tests.fake_server import Counter

VIN = BLUE.vin
EVENING = datetime(2026, 12, 9, 2, tzinfo=UTC)  # Tuesday 18:00 in California


def house(soc: float = 60.0) -> World:
    world = World(HouseSpec(zone=ZONE, home=HOME, powerwalls=1), [BLUE], EVENING)
    assert world.battery is not None
    world.battery.soc = soc
    return world


def local(world: World) -> str:
    return world.now.astimezone(ZONE).strftime("%a %H:%M")


def until(world: World, word: str, most: timedelta = timedelta(days=2)) -> str:
    """Local time when the car says `word`, looked at each minute."""
    end = world.now + most
    while world.cars[VIN].word != word and world.now < end:
        world.advance(world.now + timedelta(minutes=1))
    return local(world) if world.cars[VIN].word == word else "never"


def test_the_site_is_read_and_changed_over_a_real_socket_and_each_answer_is_billed() -> None:
    world = house(63.7)
    with Network(world) as network:
        energy = Energy(network.fleet.url, network.fleet.token, Http(), Counter())
        site = next(site for site in energy.sites() if site.battery)
        assert site.id == SITE_ID
        world.advance(EVENING + timedelta(minutes=1))
        seen, own = energy.live(site.id, world.now), energy.info(site.id, world.now).settings
        assert seen.soc == pytest.approx(63.7, abs=0.5)
        assert seen.grid_w + seen.solar_w + seen.battery_w == pytest.approx(seen.load_w, abs=1)
        assert (own.reserve_soc, own.mode, own.grid_charging) == (20, "self_consumption", True)
        assert energy.change(site.id, SiteKind.RESERVE, 63) == "Updated"
        assert energy.change(site.id, SiteKind.GRID_CHARGING, False) == "Updated"
        assert energy.change(site.id, SiteKind.MODE, "backup") == "Updated"
        with pytest.raises(Refused):
            energy.change(site.id, SiteKind.MODE, "party")
        with pytest.raises(LoginDead):
            Energy(network.fleet.url, "wrong", Http(), Counter()).sites()
        own = energy.info(site.id, world.now).settings
    assert (own.reserve_soc, own.mode, own.grid_charging) == (63, "backup", False)
    assert world.account.billed[Billed.ENERGY] == 9


def test_fleet_status_of_the_simulated_account() -> None:
    world = house()
    world.account.unpaired.add(VIN)
    with Network(world) as network:
        (car,) = fleet_status(network.fleet.url, network.fleet.token, Http(), Counter(), (VIN,))
    assert (car.vin, car.paired, car.must_sign) == (VIN, False, True)


def test_a_reserve_at_the_charge_keeps_the_battery_from_discharging() -> None:
    free, kept = house(60.0), house(60.0)
    assert kept.battery is not None
    assert free.battery is not None
    kept.battery.reserve_soc = 60.0
    for world in (free, kept):
        world.advance(EVENING + timedelta(hours=2))
    assert kept.battery.soc == pytest.approx(60.0, abs=0.1)
    assert free.battery.soc < 55


@pytest.mark.parametrize(("mode", "grid", "charges"), [("backup", True, True), ("backup", False, False), ("self_consumption", True, False)])
def test_backup_mode_fills_from_the_grid_only_where_that_is_allowed(mode: str, grid: bool, charges: bool) -> None:
    battery = Battery(soc=85.0, mode=mode, grid_charging=grid, reserve_soc=20.0)
    assert (battery.wish_w(0.0, 60.0, grid_up=True) < 0) is charges
    assert (battery.wish_w(3000.0, 60.0, grid_up=True) > 0) is (mode != "backup")


def test_a_schedule_with_both_sides_holds_a_plug_in_starts_and_ends_by_itself() -> None:
    world = house()
    car = world.cars[VIN]
    car.soc = 20.0
    car.schedules = {1: CarSchedule(1, ALL_DAYS, 23 * 60, 60, HOME.lat, HOME.lon)}
    world.set_pilots()
    hands.plug(car)
    assert car.word == "Stopped"
    assert car.schedule_pending
    assert until(world, "Charging") == "Tue 23:01"  # a minute of Starting
    assert until(world, "Stopped") == "Wed 01:00"


def test_plugged_in_within_its_hours_the_car_starts_at_once() -> None:
    world = house()
    car = world.cars[VIN]
    car.schedules = {1: CarSchedule(1, ALL_DAYS, 17 * 60, 60, HOME.lat, HOME.lon)}
    world.set_pilots()
    hands.plug(car)
    assert until(world, "Charging", timedelta(minutes=5)) == "Tue 18:01"


def test_a_schedule_for_another_place_or_switched_off_holds_nothing() -> None:
    for schedule in (
        CarSchedule(1, ALL_DAYS, 60, None, HOME.lat + 1, HOME.lon),
        CarSchedule(1, ALL_DAYS, 60, None, HOME.lat, HOME.lon, enabled=False),
    ):
        world = house()
        car = world.cars[VIN]
        car.schedules = {1: schedule}
        world.set_pilots()
        hands.plug(car)
        assert until(world, "Charging", timedelta(minutes=5)) != "never"


def test_taking_the_last_schedule_away_from_a_car_that_waits_starts_it() -> None:
    world = house()
    car = world.cars[VIN]
    car.schedules = {7: daily(7, 60, HOME)}
    world.set_pilots()
    hands.plug(car)
    world.advance(EVENING + timedelta(minutes=10))
    assert car.word == "Stopped"
    assert world.command(VIN, "remove_charge_schedule", {"id": 7}).status == 200
    assert until(world, "Charging", timedelta(minutes=5)) != "never"


@pytest.mark.parametrize(
    ("days", "now", "start"),
    [
        (2, "2026-12-08 18:00", "Mon 14 Dec 01:00"),  # Mondays
        (4 + 8, "2026-12-08 18:00", "Wed 09 Dec 01:00"),
        (ALL_DAYS, "2026-12-08 00:59", "Tue 08 Dec 01:00"),
        (ALL_DAYS, "2026-11-01 00:30", "Sun 01 Nov 01:00"),  # the hour that comes twice: its first time
    ],
)
def test_days_and_the_local_clock_decide_when_it_starts(days: int, now: str, start: str) -> None:
    zone = ZoneInfo("America/Los_Angeles")
    at = datetime.fromisoformat(now).replace(tzinfo=zone)
    found = agenda([CarSchedule(1, days, 60, None, HOME.lat, HOME.lon)], HOME, zone).next_start(at.astimezone(UTC))
    assert found is not None
    assert found.astimezone(zone).strftime("%a %d %b %H:%M") == start


def test_far_from_its_place_a_schedule_is_none() -> None:
    assert agenda([daily(1, 60, HOME)], Place(HOME.lat, HOME.lon + 0.1), ZONE).next_start(EVENING) is None
