"""What a signed message asks of a car, in the names and parameters of the same command in REST."""

from __future__ import annotations

from collections.abc import Mapping

from tesla_protocol.command import car_server_pb2 as car_server
from tesla_protocol.command import common_pb2 as common

CHARGING = {"start": "charge_start", "start_standard": "charge_standard", "start_max_range": "charge_max_range", "stop": "charge_stop"}
DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def understood(action: car_server.VehicleAction) -> tuple[str, Mapping[str, object]]:
    """Name and body as the same command has them in REST. Raises KeyError for what is none for charging."""
    which = action.WhichOneof("vehicle_action_msg") or ""
    if which == "chargingStartStopAction":
        return CHARGING[action.chargingStartStopAction.WhichOneof("charging_action") or ""], {}
    if which == "setChargingAmpsAction":
        return "set_charging_amps", {"charging_amps": action.setChargingAmpsAction.charging_amps}
    if which == "chargingSetLimitAction":
        return "set_charge_limit", {"percent": action.chargingSetLimitAction.percent}
    if which == "addChargeScheduleAction":
        return "add_charge_schedule", _charge_schedule(action.addChargeScheduleAction)
    if which == "addPreconditionScheduleAction":
        return "add_precondition_schedule", _precondition_schedule(action.addPreconditionScheduleAction)
    if which == "removeChargeScheduleAction":
        return "remove_charge_schedule", {"id": action.removeChargeScheduleAction.id}
    if which == "removePreconditionScheduleAction":
        return "remove_precondition_schedule", {"id": action.removePreconditionScheduleAction.id}
    return {"chargePortDoorOpen": "charge_port_door_open", "chargePortDoorClose": "charge_port_door_close"}[which], {}


def _charge_schedule(one: common.ChargeSchedule) -> Mapping[str, object]:
    sides = {"start_enabled": one.start_enabled, "end_enabled": one.end_enabled}
    times = {**({"start_time": one.start_time} if one.start_enabled else {}), **({"end_time": one.end_time} if one.end_enabled else {})}
    place = {"lat": one.latitude, "lon": one.longitude}
    return (
        {"id": one.id, "days_of_week": _day_names(one.days_of_week), "enabled": one.enabled, "one_time": one.one_time}
        | sides
        | times
        | place
    )


def _precondition_schedule(one: common.PreconditionSchedule) -> Mapping[str, object]:
    place = {"lat": one.latitude, "lon": one.longitude, "precondition_time": one.precondition_time}
    return {"id": one.id, "days_of_week": _day_names(one.days_of_week), "enabled": one.enabled, "one_time": one.one_time} | place


def _day_names(days: int) -> str:
    return "All" if days == 127 else ",".join(name for bit, name in enumerate(DAYS) if days >> bit & 1)
