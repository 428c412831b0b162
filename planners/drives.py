"""What the trips in the calendar ask of one car's battery: km x consumption / temperature factor, a reserve, the way home.

A trip beyond the battery asks for all that the owner allows and says where charging on the way is needed. One whose place nobody could
find asks for what every day asks for. One that is too far to drive asks for nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from config import Settings, Strategy
from model import Code, Detail, Missing, Reason, Series, Sure, Trip
from model_decision import Need
from planners.battery import allowed_soc, battery_kwh, learned, owner_soc, wh_per_km
from planners.case import Case
from planners.charge_limit import rule_for
from planners.departures import at_home_from, departures
from planners.range_factor import range_factor
from planners.texts import clock, degrees, distance
from planners.trips import FARTHEST_KM, OVERDUE_FOR, for_car

UNKNOWN_C = 0.0  # a winter's day, where no forecast tells
HOURS_OFF = timedelta(hours=3)  # a forecast this near to the drive still counts for it


@dataclass(frozen=True, slots=True)
class Drive:
    """`by`: when the car must be ready; `soc`: percent due then; `uses`: percent that the trip takes from the battery; `short`: more is
    needed than the owner allows; `known`: its length is; `longer`: it is not, and what is known of it takes more than every day does."""

    trip: Trip
    by: datetime
    soc: float
    uses: float
    short: bool
    known: bool
    celsius: float | None
    factor: float
    overdue: bool = False
    longer: bool = False

    @property
    def back(self) -> datetime:
        return _back(self.trip)


def drives(case: Case) -> tuple[Drive, ...]:
    """Every drive of this car in the coming week that asks for something, in the order of `by`."""
    found = [one for one in _trips(case) if one.distance_km <= FARTHEST_KM]
    made = [_drive(case, one) for one in found if one.leave > case.now or _missed(case, one)]
    return tuple(sorted(made, key=lambda one: (one.by, one.back)))


def away(case: Case) -> tuple[tuple[datetime, datetime], ...]:
    """When the car is away for drives of the calendar; a missed one is still waited for."""
    return tuple((one.trip.leave, one.back) for one in drives(case) if not one.overdue)


def drive_text(case: Case, drive: Drive) -> str:
    """Event, place, kilometres, temperature, and how sure they are."""
    trip, settings = drive.trip, case.settings
    where = f" in {trip.place}" if trip.place and trip.place.casefold() not in trip.text.casefold() else ""
    leave = f"{trip.text}{where}, leaving {clock(trip.leave, case.now, settings.time_zone)}"
    if not drive.known and not drive.longer:
        return f"{leave}: {lost_text(trip, settings)}, so it counts as every day"
    least = "" if drive.known else "at least "
    road = f"{least}{distance(trip.km, settings)} there and back ({trip.sure if drive.known else lost_text(trip, settings)})"
    weather = f" at {degrees(drive.celsius, settings)}" if drive.celsius is not None else ", weather not known, counted as freezing"
    return f"{leave}: {road}{weather}, {case.settings.trip_reserve_soc} % left at home"


def lost_text(trip: Trip, settings: Settings) -> str:
    """Which place of it is not known, and why."""
    nobody = not settings.place_lookup and not settings.google_maps_api_key
    later = "may not be looked up (PLACE_LOOKUP=off)" if nobody else "has not been looked up yet"
    return f"{trip.lost or trip.place or 'its place'} {'could not be found' if trip.sure is Sure.UNKNOWN else later}"


def drive_detail(case: Case, drive: Drive) -> Detail:
    trip = drive.trip
    return {
        "event": trip.text,
        "place": trip.place,
        "leave": trip.leave.astimezone(case.settings.time_zone).isoformat(timespec="minutes"),
        "km": round(trip.km, 1),
        "drive_min": round(trip.drive_min),
        "sure": trip.sure.value,
        "temperature_c": None if drive.celsius is None else round(drive.celsius, 1),
        "range_factor": round(drive.factor, 2),
        "wh_per_km": round(wh_per_km(case)),
        "learned_from_km": round(use.km) if (use := learned(case)) is not None else None,
        "reserve_soc": case.settings.trip_reserve_soc,
        "battery_kwh": round(battery_kwh(case), 1),
    }


def drive_reasons(case: Case, wanted: Sequence[Need]) -> tuple[Reason, ...]:
    """What the owner should know of drives beside the needs: those that are covered, that nobody found, that go beyond the battery."""
    return tuple(_reasons(case, wanted))


def _reasons(case: Case, wanted: Sequence[Need]) -> Iterator[Reason]:
    planned, level = drives(case), case.level
    nearest = next((drive for drive in planned if drive.known), None)
    for drive in planned:
        detail = drive_detail(case, drive)
        if drive.short:
            yield Reason(Code.CHARGE_ON_THE_WAY, _on_the_way(case, drive), detail)
        if not drive.known:
            text = f"{drive.trip.text}: {lost_text(drive.trip, case.settings)}; write [25 km] into the event, the way there"
            yield Reason(Code.TRIP_UNKNOWN, text, detail)
        elif drive == nearest and not isinstance(level, Missing) and (drive.soc <= level or _covered(case, drive, wanted)):
            earlier = "" if drive.soc <= level else ", and what is due before it covers them"
            yield Reason(Code.TRIP_COVERED, f"{drive_text(case, drive)}: {drive.soc:.0f} % are enough{earlier}", detail)
    for trip in _trips(case):
        if trip.distance_km > FARTHEST_KM:
            far = distance(trip.distance_km, case.settings)
            text = f"{trip.text} is {far} away: too far to drive, so it does not count"
            yield Reason(Code.TRIP_TOO_FAR, text, {"event": trip.text, "place": trip.place, "km": round(trip.distance_km)})


def _covered(case: Case, drive: Drive, wanted: Sequence[Need]) -> bool:
    """Is it no need of its own because an earlier one has all that it takes? (need.py; the charge-limit rule knows no such thing.)"""
    if drive.overdue or case.settings.strategy is Strategy.CHARGE_LIMIT or any(need.text == drive_text(case, drive) for need in wanted):
        return False
    return any(need.by <= drive.by for need in wanted)


def _back(trip: Trip) -> datetime:
    """Home again; where nobody said, there and back without a stay."""
    return trip.back or trip.leave + 2 * timedelta(minutes=trip.drive_min)


def _trips(case: Case) -> tuple[Trip, ...]:
    trips = case.snapshot.trips
    return () if isinstance(trips, Missing) else for_car(trips, case.view.vin)


def _missed(case: Case, trip: Trip) -> bool:
    """It should have left within the last two hours, and stands here still on the plug."""
    return case.plug is not None and case.plug.since < trip.leave and case.now < trip.leave + OVERDUE_FOR


def _drive(case: Case, trip: Trip) -> Drive:
    celsius = trip.temperature_c if trip.temperature_c is not None else _forecast(case.snapshot.temperature, trip)
    factor = range_factor(UNKNOWN_C if celsius is None else celsius)
    uses = trip.km * wh_per_km(case) / 1000 / factor / battery_kwh(case) * 100
    reserve, known = case.settings.trip_reserve_soc, trip.sure.known
    most, wanted = allowed_soc(case), uses + reserve
    longer = False
    if not known:
        every_day = min(float(case.settings.target_soc or owner_soc(case)), owner_soc(case))
        longer, wanted = uses > 0 and wanted > every_day, max(wanted, every_day)
    elif case.settings.charge_limit_floor:
        wanted = max(wanted, float(rule_for(trip)))
    soc = float(ceil(min(wanted, most) - 1e-9))
    return Drive(
        trip=trip,
        by=_by(case, trip),
        soc=soc,
        uses=min(uses, max(0.0, soc - reserve)),
        short=(known or longer) and uses + reserve > most + 0.5,
        known=known,
        celsius=celsius,
        factor=factor,
        overdue=trip.leave <= case.now,
        longer=longer,
    )


def _by(case: Case, trip: Trip) -> datetime:
    """A usual departure before it, from which the car is not back in time, is when it must be ready."""
    if trip.leave <= case.now:
        return trip.leave
    usual = departures(case.settings, max(case.now, trip.leave - timedelta(days=1)), trip.leave)
    return next((at for at in usual if at_home_from(case.settings, at) > trip.leave), trip.leave)


def _forecast(temperature: Series | Missing, trip: Trip) -> float | None:
    """The worse of the hours of leaving and of the way home; None: nobody knows."""
    if isinstance(temperature, Missing):
        return None
    found = [value for at in (trip.leave, _back(trip)) if (value := _value(temperature, at)) is not None]
    return min(found, key=range_factor) if found else None


def _value(temperature: Series, at: datetime) -> float | None:
    """The hour itself, or the nearest one within three hours."""
    after = bisect_right(temperature.points, at, key=lambda point: point.start)
    about = temperature.points[max(0, after - 1) : after + 1]  # the one that holds it or ended last, and the next one
    near = [(max(point.start - at, at - point.end, timedelta()), point.value) for point in about]
    off, value = min(near, default=(HOURS_OFF, 0.0))
    return value if off < HOURS_OFF else None


def _on_the_way(case: Case, drive: Drive) -> str:
    """Where the battery ends, counted down to the reserve."""
    settings, trip = case.settings, drive.trip
    kwh = (drive.soc - settings.trip_reserve_soc) / 100 * battery_kwh(case)
    reach = max(0.0, kwh * 1000 * drive.factor / wh_per_km(case))
    stop = _next_stop(trip.turns, reach)
    on = f", before {stop}" if stop and stop != "home" else ", on the way home" if stop else ""
    have = f"{drive.soc:.0f} % carry {distance(reach, settings)} of the {distance(trip.km, settings)}"
    return f"{trip.text}: {have}: charge on the way after that{on}"


def _next_stop(turns: Sequence[tuple[float, str]], km: float) -> str:
    return next((name for at, name in turns if at > km), "")
