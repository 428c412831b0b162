"""Tesla's JSON -> CarStatus and CarReading (facts: Fleet API vehicle_data; firmware leaves fields out, or null, or `<invalid>`).

Units as sent: percent, A, V, kWh; times are Unix seconds. `timestamp` is the car's own clock and is not used: `at` is when we asked.
"""

from __future__ import annotations

from datetime import UTC, datetime

from clients.tesla_schedules import car_schedules
from clients.values import Node, root
from errors import Asleep, BadAnswer
from model import CarReading, CarStatus, Charging, Missing, Place

SOURCE = "tesla"
_EARLIEST, _LATEST = 1.0e9, 1.0e11  # 2001 to 5138 in seconds: a value in milliseconds lies outside
_GEARS = {"D": True, "R": True, "N": True, "P": False}


def car_status(row: object) -> CarStatus:
    """One row of the vehicle list. Raises BadAnswer without a VIN."""
    node = root(SOURCE, row)
    vin = node.text("vin")
    if isinstance(vin, Missing):
        raise BadAnswer(SOURCE, "The vehicle list holds a car without a VIN.")
    return CarStatus(vin, _name(vin, node.text("display_name")), node.data.get("state") == "online", node.data.get("in_service") is True)


def response_of(answer: object) -> Node:
    """What lies in `response`, once or twice (TeslaBleHttpProxy nests it). Raises Asleep where a 200 says so, BadAnswer without data."""
    node = root(SOURCE, answer)
    while isinstance(node.data.get("response"), dict):
        node = Node(SOURCE, "", node.node("response").data)
    said = node.text("error")
    said = node.text("reason") if isinstance(said, Missing) else said
    if isinstance(said, str) and said.lower().endswith("asleep"):
        raise Asleep(SOURCE, "The car is offline or asleep.")
    if "response" in node.data or node.data.get("result") is False:
        why = f": {said[:120]}" if isinstance(said, str) else ""
        raise BadAnswer(SOURCE, f"Tesla's answer holds no car data{why}.")
    return node


def car_reading(answer: object, vin: str, now: datetime) -> CarReading:
    """One vehicle_data answer for the car `vin`. Raises BadAnswer for another car's data or none at all, Asleep."""
    car = response_of(answer)
    charge, state = car.node("charge_state"), car.node("vehicle_state")
    if not charge.data:
        raise BadAnswer(SOURCE, "Tesla's answer holds no charge_state.")
    if car.data.get("vin") not in (None, vin):
        raise BadAnswer(SOURCE, "Tesla's answer is about another car than the one asked for.")
    return CarReading(
        vin=vin,
        name=_name(vin, car.text("display_name"), state.text("vehicle_name")),
        at=now,
        charging=_charging(charge),
        soc=charge.number("battery_level", 0, 100),
        limit_soc=charge.whole("charge_limit_soc", 0, 100),
        limit_min_soc=charge.whole("charge_limit_soc_min", 0, 100),
        limit_max_soc=charge.whole("charge_limit_soc_max", 0, 100),
        request_amps=charge.whole("charge_current_request", 0, 1000),
        request_max_amps=charge.whole("charge_current_request_max", 0, 1000),
        actual_amps=charge.number("charger_actual_current", 0, 1000),
        volts=charge.number("charger_voltage", 0, 1000),
        phases=charge.whole("charger_phases", 0, 3),
        energy_added_kwh=charge.number("charge_energy_added", 0, 1000),
        battery_kwh=_battery_kwh(charge),
        cable=_cable(charge),
        fast_charging=charge.flag("fast_charger_present"),
        driving=_driving(car),
        place=_place(car.node("drive_state")),
        schedule_pending=charge.flag("scheduled_charging_pending"),
        schedule_at=_schedule_at(charge),
        in_service=car.data.get("in_service") is True,
        schedules=car_schedules(car),
        odometer_km=_km(state.number("odometer", 0, 2e6)),
    )


def shows_miles(answer: object) -> bool | Missing:
    """gui_settings in a vehicle_data answer: `mi/hr` or `km/hr`, what the owner's screen shows; Tesla's own figures are miles always."""
    gui = response_of(answer).node("gui_settings")
    unit = gui.text("gui_distance_units")
    if isinstance(unit, Missing):
        return unit
    return {"mi": True, "km": False}.get(unit.partition("/")[0], gui.missing("gui_distance_units"))


def _name(vin: str, *names: str | Missing) -> str:
    return next((name for name in names if isinstance(name, str)), f"car {vin[-6:]}")


def _charging(charge: Node) -> Charging | Missing:
    word = charge.text("charging_state")
    if isinstance(word, Missing):
        return word
    return Charging(word) if word in set(Charging) else Charging.UNKNOWN


def _km(miles: float | Missing) -> float | Missing:
    """Tesla counts miles wherever the car is."""
    return miles if isinstance(miles, Missing) else round(miles * 1.609344, 1)


def _battery_kwh(charge: Node) -> float | Missing:
    remaining, level = charge.number("energy_remaining", 0, 300), charge.number("battery_level", 0, 100)
    if isinstance(remaining, Missing):
        return remaining
    if isinstance(level, Missing):
        return level
    if level < 10:  # whole percents: below that the quotient is off by more than 5 %
        return Missing(SOURCE, "charge_state.battery_level is below 10, too low to tell the battery's size")
    kwh = remaining / (level / 100)
    return kwh if 5 <= kwh <= 300 else Missing(SOURCE, f"charge_state.energy_remaining gives a battery of {kwh:.0f} kWh, which cannot be")


def _cable(charge: Node) -> bool | Missing:
    if charge.data.get("conn_charge_cable") == "<invalid>":  # Tesla's word for "no cable"
        return False
    kind = charge.text("conn_charge_cable")
    return kind if isinstance(kind, Missing) else True


def _driving(car: Node) -> bool | Missing:
    if not isinstance(car.data.get("drive_state"), dict):
        return car.missing("drive_state")
    drive = car.node("drive_state")
    gear = drive.data.get("shift_state")
    if gear is None:  # so a parked car reports
        return False
    return _GEARS.get(gear, drive.missing("shift_state")) if isinstance(gear, str) else drive.missing("shift_state")


def _place(drive: Node) -> Place | Missing:
    lat, lon = drive.number("latitude", -90, 90), drive.number("longitude", -180, 180)
    if drive.data and "latitude" not in drive.data:  # it was asked for: without the scope vehicle_location Tesla leaves it out
        return Missing(SOURCE, "the login may not see where the car is: log in again and allow the location (scope vehicle_location)")
    if isinstance(lat, Missing):
        return lat
    return lon if isinstance(lon, Missing) else Place(lat, lon)


def _schedule_at(charge: Node) -> datetime | Missing:
    seconds = charge.number("scheduled_charging_start_time", _EARLIEST, _LATEST)
    return seconds if isinstance(seconds, Missing) else datetime.fromtimestamp(seconds, UTC)
