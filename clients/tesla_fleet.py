"""fleet_status: may our key command this car, and must commands be signed? Asked by set-up and check; not needed in a cycle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clients.http import Ask, Http
from clients.tesla_billing import Count, ask_billed, headers_for
from clients.tesla_fields import SOURCE
from clients.tesla_status import error_for
from clients.values import root
from errors import BadAnswer
from model import Billed, Missing


@dataclass(frozen=True, slots=True)
class FleetCar:
    """`paired`: the car holds our key. Tesla's word may lag behind a pairing by minutes."""

    vin: str
    paired: bool
    must_sign: bool | Missing
    firmware: str | Missing
    keys: int | Missing  # a car holds at most 20
    discounted: bool | Missing


def fleet_status(url: str, token: str, http: Http, count: Count, vins: Sequence[str]) -> tuple[FleetCar, ...]:
    """One row for each car that Tesla names. Raises ClientError."""
    address = f"{url.rstrip('/')}/api/1/vehicles/fleet_status"
    ask = Ask(SOURCE, address, "POST", headers_for(address, token), body={"vins": list(vins)}, secrets=(token,), retry=False)
    reply = ask_billed(http, ask, Billed.LIST, count)
    if not reply.ok:
        raise error_for(reply.status, reply.text(), reply.headers)
    return fleet_cars(reply.json(), vins)


def fleet_cars(answer: object, vins: Sequence[str]) -> tuple[FleetCar, ...]:
    """The rows of an answer, in the order asked. Raises BadAnswer without the two lists."""
    node = root(SOURCE, answer).node("response")
    paired, unpaired = node.data.get("key_paired_vins"), node.data.get("unpaired_vins")
    if not isinstance(paired, list) or not isinstance(unpaired, list):
        raise BadAnswer(SOURCE, "Tesla's fleet_status holds no lists of paired and unpaired cars.")
    rows = []
    for vin in (vin for vin in vins if vin in paired or vin in unpaired):
        car = node.node("vehicle_info").node(vin)
        rows.append(
            FleetCar(
                vin,
                vin in paired,
                car.flag("vehicle_command_protocol_required"),
                car.text("firmware_version"),
                car.whole("total_number_of_keys", 0, 100),
                car.flag("discounted_device_data"),
            )
        )
    return tuple(rows)
