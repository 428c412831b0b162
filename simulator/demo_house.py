"""The demo's house and night: one Tesla, panels, a Powerwall and hourly prices on a fixed winter night, the same world for each strategy.

Price, grid load and CO2 are real, so that nobody has to believe us: California on 7 and 8 November 2022, day-ahead at NP15 (CAISO) and load
forecast and average CO2 (EIA), by local hour. An ordinary night: in the middle of the 67 winter weeknights (Monday to Thursday) of that
year, a midnight timer costs 2.3 % and plugging in at once 43 % more than the three cheapest hours; in this one 2.0 % and 43 %.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from model import Place

from .calendar_server import Entry
from .curves import Curve
from .house import HOME, HouseSpec, World
from .houses import BLUE, ZONE
from .owner import Act

if TYPE_CHECKING:
    from .network import Network

START = datetime(2026, 12, 7, 18, 0, tzinfo=ZONE)  # a Monday, as in the data
PLUGS_IN = START + timedelta(minutes=10)
FIRST_LOOK = START + timedelta(minutes=15)
DEPARTS = START + timedelta(hours=13, minutes=30)
END = START + timedelta(hours=14)
CYCLE = timedelta(minutes=15)
MIDNIGHT = 0  # minute of the day, for the car's own schedule
SOC, LIMIT_SOC, DRIVE_KM = 40.0, 80, 88.0
DENTIST = "12 Harbor Road, Bay Town"  # 35 km as the crow flies
DATA_FROM = "California, 7 and 8 November 2022 (CAISO day-ahead at NP15; load forecast and average CO2 by EIA)"

Day = tuple[float, ...]  # 24 local hours


def day(text: str) -> Day:
    return tuple(float(number) for number in text.split())


DOLLARS_PER_MWH = (
    day(
        "73.76 72.88 73.52 73.67 76.45 85.42 107.21 92.32 83.35 78.13 78.94 77.32 "
        "75.80 75.05 76.66 89.31 112.81 130.88 117.00 110.59 107.11 94.95 86.50 82.72"
    ),
    day(
        "82.76 78.37 75.82 78.51 79.58 88.41 100.99 91.66 89.57 85.36 83.21 81.09 "
        "79.70 78.48 80.48 89.01 107.85 131.39 114.44 104.70 102.29 98.62 86.71 83.05"
    ),
)
LOAD_MW = (
    day(
        "20563 20058 19734 19724 20227 21347 23141 24250 24573 24662 24642 24554 "
        "24643 24883 25181 25717 26403 27838 27597 26794 25845 24776 23377 22109"
    ),
    day(
        "21277 20622 20199 20120 20450 21731 23521 24804 25708 26014 26079 25956 "
        "26015 26055 26006 26079 26680 28412 28342 27570 26598 25503 24091 22748"
    ),
)
AVERAGE_G_PER_KWH = (
    day("339 360 371 374 365 368 352 312 273 272 267 266 259 264 270 297 342 352 354 358 364 369 378 379"),
    day("377 384 386 392 391 389 370 332 292 278 275 267 265 259 282 290 321 335 339 339 343 347 365 376"),
)


def two_days(days: tuple[Day, Day], scale: float = 1.0) -> Curve:
    """The first day up to the midnight after START, the second one from then on, again and again."""

    def value(at: datetime) -> float:
        local = at.astimezone(ZONE)
        return days[local.date() > START.date()][local.hour] * scale

    return value


PRICE = two_days(DOLLARS_PER_MWH, 0.001)
LOAD = two_days(LOAD_MW)
CO2 = two_days(AVERAGE_G_PER_KWH)


def promises(network: Network) -> None:
    """What the owner has written into the calendar: the dentist tomorrow morning, and a call that needs no car."""
    eight, hour = START + timedelta(hours=14), timedelta(hours=1)
    network.roads.spots[DENTIST] = Place(HOME.lat + 0.315, HOME.lon)
    network.calendar.entries = [
        Entry("Dentist", eight + 0.75 * hour, eight + 1.5 * hour, DENTIST),
        Entry("Call with the office", eight + 8 * hour, eight + 9 * hour, "https://meet.example.com/abc"),
    ]


def house(at: datetime = START) -> World:
    """The car just came home. The Powerwall is down to its reserve after a short winter day: what the car takes, the grid gives."""
    spec = HouseSpec(zone=ZONE, home=HOME, solar_kw=7.0, powerwalls=1, price=PRICE, market=PRICE, grid_load=LOAD, co2=CO2)
    world = World(spec, (BLUE,), at)
    car = world.cars[BLUE.vin]
    car.soc, car.limit_soc = SOC, LIMIT_SOC
    if world.battery is not None:
        world.battery.soc = world.battery.reserve_soc
    if at == START:
        world.follow([Act(PLUGS_IN, "plug"), Act(DEPARTS, "drive", DRIVE_KM)])
    return world
