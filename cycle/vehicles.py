"""`vehicles`: the account's cars, so that the owner can copy a VIN into .env."""

from __future__ import annotations

import argparse
import json

from clients.tesla import Tesla
from cycle.desk import Desk
from cycle.real import counted
from cycle.tesla_login import LoggedIn
from errors import ConfigError


def command(desk: Desk, args: argparse.Namespace) -> int:
    """One line per car: name, VIN, state."""
    settings = desk.settings
    if not settings.has_tesla:
        raise ConfigError(("There is no Tesla login yet: scheduler.py auth tesla makes one, step by step.",))
    count = counted(settings, desk.spend)
    cars = LoggedIn(desk.login, lambda access: Tesla(access.url, access.token, desk.http, count)).cars()
    if desk.as_json:
        print(json.dumps([{"name": car.name, "vin": car.vin, "state": "online" if car.online else "asleep"} for car in cars], indent=2))
        return 0
    width = max((len(car.name) for car in cars), default=0)
    for car in cars:
        service = ", in service" if car.in_service else ""
        print(f"{car.name:<{width}}  {car.vin}  {'online' if car.online else 'asleep'}{service}")
    if not cars:
        print("This account has no cars.")
    return 0
