"""The units that the owner's car shows, for UNITS in his .env: one paid look, at the first of his cars that is online, and none is woken
for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clients.http import Http
from clients.tesla import Tesla
from clients.tesla_billing import Count
from config import Units
from cycle.tesla_login import Access, TeslaLogin
from errors import ClientError
from model import Missing


@dataclass(frozen=True, slots=True)
class Wire:
    """How Tesla is asked, and who counts it."""

    http: Http
    count: Count


def units(login: TeslaLogin, wire: Wire, vins: Sequence[str]) -> dict[str, str]:
    """{"UNITS": "mi"} or km; nothing where no car could tell: the time zone decides then."""

    def ask(access: Access) -> bool | Missing:
        tesla = Tesla(access.url, access.token, wire.http, wire.count)
        awake = [car.vin for car in tesla.cars() if car.online and car.vin in vins]
        return tesla.miles(awake[0]) if awake else Missing("tesla", "no car is online")

    try:
        miles = login.call(ask)
    except ClientError:
        return {}
    return {} if isinstance(miles, Missing) else {"UNITS": (Units.MI if miles else Units.KM).value}
