"""The Tesla account as the Fleet API answers for it: list, data, commands, waking, and the bill (every answer below 500).

Plain methods without sockets; the Fleet server and in-memory adapters use the same ones. Commands are refused with 408 while a car sleeps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from model import DOLLARS, Billed

from . import car_body
from .car import Car
from .car_commands import COMMANDS, Body

Json = dict[str, object]
ASLEEP = "vehicle unavailable: vehicle is offline or asleep"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status and a JSON body."""

    status: int
    body: Json


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One request that reached the account: `name` is list, data, wake_up or the command's; `value` its argument; `reason` a refusal."""

    at: datetime
    kind: Billed
    name: str
    vin: str
    value: object
    status: int
    reason: str


def failure(status: int, text: str) -> Answer:
    return Answer(status, {"response": None, "error": text, "error_description": ""})


class Account:
    """The far end of the Fleet API for `cars`. `proxy_style`: refusals worded as tesla-http-proxy does, a sleeping car's as HTTP 500."""

    def __init__(self, cars: Mapping[str, Car], proxy_style: bool = False) -> None:
        self.cars = cars
        self.proxy_style = proxy_style
        self.calls: list[ApiCall] = []
        self.billed: Counter[Billed] = Counter()

    @property
    def dollars(self) -> float:
        return sum(DOLLARS[kind] * count for kind, count in self.billed.items())

    def bill(self, kind: Billed, status: int) -> None:
        if status < 500:
            self.billed[kind] += 1

    def list_cars(self, now: datetime) -> Answer:
        rows: list[object] = [car_body.row(car) for car in self.cars.values()]
        return self._note(ApiCall(now, Billed.LIST, "list", "", None, 200, ""), {"response": rows, "count": len(rows)})

    def one_car(self, vin: str, now: datetime) -> Answer:
        car = self.cars.get(vin)
        if car is None:
            return self._failed(ApiCall(now, Billed.LIST, "list", vin, None, 404, "not_found"))
        return self._note(ApiCall(now, Billed.LIST, "list", vin, None, 200, ""), {"response": car_body.row(car)})

    def data(self, vin: str, endpoints: Collection[str], now: datetime) -> Answer:
        """Reading keeps an awake car awake, as polling really does."""
        car = self.cars.get(vin)
        if car is None:
            return self._failed(ApiCall(now, Billed.DATA, "data", vin, None, 404, "not_found"))
        if not car.awake:
            return self._failed(ApiCall(now, Billed.DATA, "data", vin, None, 408, ASLEEP))
        car.stir()
        return self._note(ApiCall(now, Billed.DATA, "data", vin, None, 200, ""), {"response": car_body.data(car, endpoints)})

    def wake(self, vin: str, now: datetime) -> Answer:
        car = self.cars.get(vin)
        if car is None:
            return self._failed(ApiCall(now, Billed.WAKE, "wake_up", vin, None, 404, "not_found"))
        car.ask_to_wake()
        return self._note(ApiCall(now, Billed.WAKE, "wake_up", vin, None, 200, ""), {"response": car_body.row(car)})

    def command(self, vin: str, name: str, body: Body, now: datetime) -> Answer:
        car, work = self.cars.get(vin), COMMANDS.get(name)
        value = next(iter(body.values()), None)
        if car is None or work is None:
            return self._failed(ApiCall(now, Billed.COMMAND, name, vin, value, 404, "not_found"))
        if car.in_service:
            return self._failed(ApiCall(now, Billed.COMMAND, name, vin, value, 405, "vehicle is currently in service"))
        if not car.awake:
            return self._failed(ApiCall(now, Billed.COMMAND, name, vin, value, 500 if self.proxy_style else 408, ASLEEP))
        reason = work(car, body)
        if reason is None:
            return self._failed(ApiCall(now, Billed.COMMAND, name, vin, value, 400, "invalid_field"))
        car.stir()
        said = f"car could not execute command: {reason}" if reason and self.proxy_style else reason
        return self._note(ApiCall(now, Billed.COMMAND, name, vin, value, 200, reason), {"response": {"result": not reason, "reason": said}})

    def _failed(self, call: ApiCall) -> Answer:
        self._note(call, {})
        return failure(call.status, call.reason)

    def _note(self, call: ApiCall, body: Json) -> Answer:
        self.calls.append(call)
        self.bill(call.kind, call.status)
        return Answer(call.status, body)
