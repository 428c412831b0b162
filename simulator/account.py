"""The Tesla account as the Fleet API answers for it: list, data, commands, waking, and the bill (every answer below 500).

Plain methods without sockets; the Fleet server and in-memory adapters use the same ones. Commands are refused with 408 while a car sleeps.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING

from model import DOLLARS, Billed

from . import car_body
from .car import Car
from .car_commands import COMMANDS, Body

if TYPE_CHECKING:
    from .tesla_signed import SignedCar

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
        self.unpaired: set[str] = set()  # cars that do not hold our key
        self.unnamed: set[str] = set()  # cars that fleet_status leaves out
        self.must_sign: set[str] = set()  # cars that refuse plain commands, as most do
        self.plain_only: set[str] = set()  # cars that take no signed ones: Model S and X before 2021
        self._signed: dict[str, SignedCar] = {}
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

    def fleet_status(self, vins: object, now: datetime) -> Answer:
        """Which of the cars hold our key."""
        asked = [vin for vin in vins if vin in self.cars] if isinstance(vins, list) else []
        call = ApiCall(now, Billed.LIST, "fleet_status", "", None, 200 if asked else 400, "" if asked else "invalid_field")
        if not asked:
            return self._failed(call)
        info = {"firmware_version": "2026.38.3", "vehicle_command_protocol_required": True, "total_number_of_keys": 3}
        body: Json = {
            "key_paired_vins": [vin for vin in asked if vin not in self.unpaired | self.unnamed],
            "unpaired_vins": [vin for vin in asked if vin in self.unpaired - self.unnamed],
            "vehicle_info": {vin: {**info, "discounted_device_data": False} for vin in asked},
        }
        return self._note(call, {"response": body})

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
        """A plain one."""
        if vin in self.must_sign:
            return self._failed(ApiCall(now, Billed.COMMAND, name, vin, None, 403, "Tesla Vehicle Command Protocol required"))
        return self._command(vin, name, body, now)

    def signed_command(self, vin: str, body: Body, now: datetime) -> Answer:
        """A message for the car itself, which Tesla only hands on."""
        unheard = self._unheard(vin, "signed_command", None, now)
        if unheard is not None:
            return unheard
        if vin in self.plain_only or find_spec("tesla_protocol") is None:  # a user's installation lacks it: the car is an older one then
            text = "vehicle does not support signed commands"
            return self._failed(ApiCall(now, Billed.COMMAND, "signed_command", vin, None, 422, text))
        heard = len(self.calls)
        said = self.signed(vin).answer(_message(body), now, lambda name, given: self._performed(vin, name, given, now))
        if len(self.calls) == heard:  # a handshake, or a message that the car did not take
            self._note(ApiCall(now, Billed.COMMAND, "signed_command", vin, None, 200, ""), {})
        return Answer(200, {"response": base64.b64encode(said).decode()})

    def _performed(self, vin: str, name: str, body: Body, now: datetime) -> str | None:
        """The reason of a refusal; empty: done; None: the command makes no sense."""
        return self.calls[-1].reason if self._command(vin, name, body, now).status == 200 else None

    def signed(self, vin: str) -> SignedCar:
        """The side of a car that takes signed messages; it needs packages that only developers have."""
        from .tesla_signed import SignedCar

        if vin not in self._signed:
            self._signed[vin] = SignedCar(vin)
        self._signed[vin].paired = vin not in self.unpaired
        return self._signed[vin]

    def _unheard(self, vin: str, name: str, value: object, now: datetime) -> Answer | None:
        """Why a command does not reach the car."""
        car = self.cars.get(vin)
        if car is None:
            return self._failed(ApiCall(now, Billed.COMMAND, name, vin, value, 404, "not_found"))
        if car.in_service:
            return self._failed(ApiCall(now, Billed.COMMAND, name, vin, value, 405, "vehicle is currently in service"))
        if not car.awake:
            return self._failed(ApiCall(now, Billed.COMMAND, name, vin, value, 500 if self.proxy_style else 408, ASLEEP))
        return None

    def _command(self, vin: str, name: str, body: Body, now: datetime) -> Answer:
        car, work = self.cars.get(vin), COMMANDS.get(name)
        value = next(iter(body.values()), None)
        if car is None or work is None:
            return self._failed(ApiCall(now, Billed.COMMAND, name, vin, value, 404, "not_found"))
        unheard = self._unheard(vin, name, value, now)
        if unheard is not None:
            return unheard
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


def _message(body: Body) -> bytes:
    try:
        return base64.b64decode(str(body.get("routable_message", "")), validate=True)
    except ValueError:
        return b"\xff"  # no message either
