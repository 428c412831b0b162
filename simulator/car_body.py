"""What the Fleet API tells of a car: list row and vehicle_data, in the shape, units and habits of a real body (facts/tesla.md 2.1, 2.2)."""

from __future__ import annotations

from collections.abc import Collection

from model import Charging

from .car import STANDARD_SOC, Car
from .car_commands import day_bits

Json = dict[str, object]
SECTIONS = (
    *("charge_state", "charge_schedule_data", "climate_state", "drive_state", "gui_settings"),
    *("preconditioning_schedule_data", "vehicle_config", "vehicle_state"),
)
KM_PER_MILE = 1.609344


def row(car: Car) -> Json:
    """One row of the account's list. A sleeping car often calls itself offline; asleep is what it says here."""
    number = sum(map(ord, car.spec.vin))
    return {
        "id": number,
        "vehicle_id": number + 1,
        "vin": car.spec.vin,
        "display_name": car.spec.name,
        "access_type": "OWNER",
        "state": "online" if car.awake else "asleep",
        "in_service": car.in_service,
        "id_s": str(number),
        "calendar_enabled": True,
        "api_version": 84,
    }


def data(car: Car, endpoints: Collection[str]) -> Json:
    """vehicle_data with the sections asked for (none named: all but the place). The place comes only with location_data, in drive_state."""
    stamp = int(car.now.timestamp() * 1000)
    wanted = [name for name in SECTIONS if not endpoints or name in endpoints or (name == "drive_state" and "location_data" in endpoints)]
    makers = {
        "charge_state": charge_state,
        "charge_schedule_data": _charge_schedules,
        "climate_state": _climate,
        "drive_state": _drive,
        "gui_settings": _gui,
        "preconditioning_schedule_data": _precondition_schedules,
        "vehicle_config": _config,
        "vehicle_state": _state,
    }
    body = row(car)
    body.update({name: {**makers[name](car), "timestamp": stamp} for name in wanted})
    if "location_data" in endpoints:
        where: Json = {"latitude": car.place.lat, "longitude": car.place.lon, "gps_as_of": stamp // 1000}
        body["drive_state"] = {**_drive(car), **where, "timestamp": stamp}
    return body


def charge_state(car: Car) -> Json:
    return {**_battery(car), **_charging(car), **_cable(car), **_schedule(car)}


def _battery(car: Car) -> Json:
    level = round(car.soc)
    miles = round(car.soc / 100 * car.spec.battery_kwh / (car.spec.wh_per_km / 1000) / KM_PER_MILE, 2)
    return {
        "battery_level": level,
        "usable_battery_level": level,
        "energy_remaining": round(car.soc / 100 * car.spec.battery_kwh, 2),
        "battery_range": miles,
        "est_battery_range": miles,
        "ideal_battery_range": miles,
        "charge_limit_soc": car.limit_soc,
        "charge_limit_soc_min": 50,
        "charge_limit_soc_max": 100,
        "charge_limit_soc_std": STANDARD_SOC,
        "battery_heater_on": False,
    }


def _charging(car: Car) -> Json:
    draws = car.wall_w > 0
    most = min(car.spec.max_amps, int(car.pilot_amps)) if car.on_any_charger else car.spec.max_amps
    hours = _hours_left(car)
    return {
        "charging_state": car.word.value,
        "charge_current_request": car.request_amps,
        "charge_current_request_max": most,
        "charge_amps": car.request_amps,
        "charger_actual_current": round(car.actual_amps),
        "charger_pilot_current": int(car.pilot_amps) if car.on_any_charger else 0,
        "charger_voltage": round(car.volts) if draws else 2 if car.plugged else 0,
        "charger_phases": car.spec.phases if draws else None,
        "charger_power": round(car.wall_w / 1000),
        "charge_rate": round(car.wall_w * car.spec.efficiency / car.spec.wh_per_km / KM_PER_MILE, 1),
        "charge_energy_added": round(car.energy_added_kwh, 2),
        "time_to_full_charge": round(hours, 2),
        "minutes_to_full_charge": round(hours * 60),
        "charge_enable_request": car.wants,
        "user_charge_enable_request": None,
        "managed_charging_active": False,
        "trip_charging": False,
    }


def _hours_left(car: Car) -> float:
    if car.word is not Charging.CHARGING or car.wall_w <= 0:
        return 0.0
    return (car.limit_soc - car.soc) / 100 * car.spec.battery_kwh * 1000 / (car.wall_w * car.spec.efficiency)


def _cable(car: Car) -> Json:
    cable = ("IEC" if car.spec.phases > 1 else "SAE") if car.plugged else "<invalid>"
    return {
        "conn_charge_cable": cable,
        "charge_port_latch": "Engaged" if car.plugged else "Disengaged",
        "charge_port_door_open": car.plugged,
        "fast_charger_present": car.fast,
        "fast_charger_type": "Tesla" if car.fast else "ACSingleWireCAN" if car.plugged else "<invalid>",
        "fast_charger_brand": "Tesla" if car.fast else "<invalid>",
    }


def _schedule(car: Car) -> Json:
    minute = next((one.start_minutes for one in car.schedules.values() if one.start_minutes is not None), None)
    at = car.schedule_at if car.schedules else None
    return {
        "scheduled_charging_mode": "StartAt" if car.schedules else "Off",
        "scheduled_charging_pending": car.schedule_pending,
        "scheduled_charging_start_time": None if at is None else int(at.timestamp()),
        "scheduled_charging_start_time_app": minute,
        "scheduled_departure_time": None,
        "scheduled_departure_time_minutes": 480,
        "off_peak_charging_enabled": False,
        "preconditioning_enabled": False,
        "charging_schedule_override": False,
    }


def _charge_schedules(car: Car) -> Json:
    """As a recorded body has it; the rows in the words of the public message definitions."""
    rows: list[object] = [
        {
            "id": one.id,
            "name": "Home",
            "days_of_week": one.days,
            "start_enabled": one.start_minutes is not None,
            "start_time": one.start_minutes or 0,
            "end_enabled": one.end_minutes is not None,
            "end_time": one.end_minutes or 0,
            "one_time": False,
            "enabled": one.enabled,
            "latitude": one.lat,
            "longitude": one.lon,
        }
        for one in car.schedules.values()
    ]
    return {"charge_schedules": rows, "charge_buffer": 6, "max_num_charge_schedules": 100, "next_schedule": bool(rows)}


def _precondition_schedules(car: Car) -> Json:
    """In the words of the public message definitions; the days as bits, as the car keeps them."""
    rows: list[object] = [
        {
            "id": number,
            "name": "",
            "days_of_week": day_bits(sent.get("days_of_week")),
            "precondition_time": sent["precondition_time"],
            "one_time": sent.get("one_time", False),
            "enabled": sent.get("enabled", True),
            "latitude": sent["lat"],
            "longitude": sent["lon"],
        }
        for number, sent in car.preconditions.items()
    ]
    return {"precondition_schedules": rows, "max_num_precondition_schedules": 100, "next_schedule": bool(rows)}


def _climate(car: Car) -> Json:
    on = car.climate_w > 0
    return {"is_climate_on": on, "is_preconditioning": on, "inside_temp": 21.0, "outside_temp": 15.0, "climate_keeper_mode": "off"}


def _drive(car: Car) -> Json:
    speed = round(60 / KM_PER_MILE) if car.driving else None
    return {"shift_state": "D" if car.driving else None, "speed": speed, "power": -round(car.wall_w / 1000), "heading": 90}


def _gui(car: Car) -> Json:
    """What its screen shows; Tesla's own figures are miles wherever the car is."""
    metric = car.spec.phases > 1
    shown: Json = {"gui_distance_units": "km/hr" if metric else "mi/hr", "gui_temperature_units": "C" if metric else "F"}
    return {**shown, "gui_charge_rate_units": "kW", "gui_24_hour_time": metric}


def _config(car: Car) -> Json:
    zone = car.now.astimezone(car.spec.zone).utcoffset()
    return {
        "car_type": "modely",
        "charge_port_type": "US",
        "eu_vehicle": car.spec.phases > 1,
        "utc_offset": int(zone.total_seconds()) if zone else 0,
    }


def _state(car: Car) -> Json:
    miles = round(car.driven_km / KM_PER_MILE, 3)
    return {
        "vehicle_name": car.spec.name,
        "car_version": "2026.38.3 1a2b3c4d",
        "odometer": 10_000 + miles,
        "locked": True,
        "service_mode": car.in_service,
    }
