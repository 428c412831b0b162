"""What the owner does with his hands: at the car, in it, and in the Tesla app. Plain functions on a car."""

from __future__ import annotations

from model import Place

from .car import LOST_LINKS, MIN_PILOT, Car
from .car_schedules import daily

OWNERS_SCHEDULE = 0  # id of the schedule that the owner set in the app


def plug(car: Car) -> None:
    """The cable goes in. The car wakes up and starts by itself unless its own schedule holds it. The connector's pilot is set before."""
    if car.plugged or car.driving:
        return
    car.plugged = True
    car.wants = True
    car.full = False
    car.energy_added_kwh = 0.0
    car.request_amps = max(car.request_amps, int(MIN_PILOT))  # fewer than 5 A do not outlive a plug-in
    car.held = car.held_on_plug_in()
    car.latched = car.spec.latches and car.pilot_amps < MIN_PILOT
    car.plan_schedule()
    car.stir()
    car.settle()


def unplug(car: Car) -> None:
    car.plugged = car.wants = car.held = car.fast = car.latched = car.dozes = False
    car.lost_links = 0
    car.stir()
    car.settle()


def drive(car: Car, km: float, to: Place | None = None) -> None:
    """Unplugs and drives `km` at 60 km/h; it is away from the first minute and arrives at `to` (default: home)."""
    unplug(car)
    car.km_left = km
    car.drives_to = to or car.spec.home
    car.place = AWAY


def hand_start(car: Car) -> None:
    """The start button in the app or the car: also overrides its schedule."""
    if car.plugged:
        car.held = False
        car.wants = True
        car.stir()
        car.settle()


def hand_stop(car: Car) -> None:
    car.wants = False
    car.stir()
    car.settle()


def slider(car: Car, limit_soc: int) -> None:
    """The charge limit. Raising it wakes up a charge that was complete; a charge that was stopped stays stopped."""
    if limit_soc > car.limit_soc:
        car.full = False
    car.limit_soc = min(100, max(50, limit_soc))
    car.stir()
    car.settle()


def amps_slider(car: Car, amps: int) -> None:
    car.request_amps = min(car.spec.max_amps, max(int(MIN_PILOT), amps))
    car.stir()


def set_schedule(car: Car, minute: int | None) -> None:
    """Scheduled charging in the car, minutes after local midnight; None takes it away (and what it held begins)."""
    car.schedules.pop(OWNERS_SCHEDULE, None)
    if minute is not None:
        car.schedules[OWNERS_SCHEDULE] = daily(OWNERS_SCHEDULE, minute, car.spec.home)
    rescheduled(car)


def rescheduled(car: Car) -> None:
    """Its schedules were changed: the last one that held it is gone, and it starts."""
    car.plan_schedule()
    if car.schedule_at is None:
        car.held = False
    car.stir()
    car.settle()


def supercharge(car: Car, at: Place | None = None) -> None:
    """Fast charging away from home, until unplugged."""
    unplug(car)
    car.km_left = 0.0
    car.place = at or AWAY
    car.plugged = car.fast = True
    car.full = False
    car.energy_added_kwh = 0.0
    car.settle()


def climate(car: Car, watts: float) -> None:
    car.climate_w = watts
    car.stir()


def link_lost(car: Car) -> None:
    """The connector lost its master while the car was plugged in: forgiven twice by a car that latches."""
    car.lost_links += 1
    if car.spec.latches and car.plugged and car.lost_links >= LOST_LINKS:
        car.latched = True
        car.settle()


def doze(car: Car) -> None:
    """From now on a start is agreed to and not carried out; re-plugging helps, and an offer that falls and rises again."""
    car.dozes = True
    car.settle()


AWAY = Place(10.5, 20.5)  # nowhere in particular, far from any home
