"""The Fleet API over HTTP: the account of account.py behind a bearer token, with paging, 401, 406 and the bill."""

from __future__ import annotations

import math
import re

from model import Billed

from .account import Answer, failure
from .house import World
from .server import Loopback, Reply, Request, reply
from .site import is_energy
from .tesla_auth_server import Partner
from .tesla_tokens import TeslaTokens

TOKEN = "simulated"  # noqa: S105 - opens a simulated house only
PREFIX = "/api/1/vehicles"
OWN_PATH = ("wake_up", "signed_command")  # not below command/
CAR = re.compile(rf"{PREFIX}/(?P<vin>[^/]+)(?:/(?P<rest>.+))?")


class Fleet:
    """Serves `world`'s account at `url`. `token`: what the Authorization header must carry, if no token of `partner`'s log-in."""

    def __init__(self, world: World, token: str = TOKEN, port: int = 0, partner: Partner | None = None) -> None:
        self.world = world
        self.token = token
        self.partner = partner or Partner(TeslaTokens(lambda: world.now), "na", lambda: None)
        self.server = Loopback(self._answer, world.faults["fleet"], port=port, refused=self._bill)
        self.url = self.server.url

    def close(self) -> None:
        self.server.close()

    def _answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            no = self.partner.refuses(request)
            if no is not None:
                self._bill(request, no.status)
                return _json(no)
        if request.method == "POST" and "json" not in request.headers.get("content-type", ""):
            return _json(self._refuse(request, 406, "Content-Type must be application/json"))
        with self.world.lock:
            known = self.partner.answer(request)
            if known is not None:
                return _json(known)
            if is_energy(request.path):
                return _json(self.world.energy(request.method, request.path, request.json()))
            return _json(self._list(request) if request.path == PREFIX else self._car(request))

    def _list(self, request: Request) -> Answer:
        if request.method != "GET":
            return self._refuse(request, 404, "not_found")
        answer = self.world.vehicle_list()
        rows = answer.body["response"]
        assert isinstance(rows, list)
        size = max(1, _whole(request.query.get("page_size", ""), 100))
        page = max(1, _whole(request.query.get("page", ""), 1))
        pages = max(1, math.ceil(len(rows) / size))
        shown = rows[(page - 1) * size : page * size]
        paging = {"previous": page - 1 or None, "next": page + 1 if page < pages else None, "current": page}
        totals = {"per_page": size, "count": len(rows), "pages": pages}
        return Answer(200, {"response": shown, "pagination": {**paging, **totals}, "count": len(shown)})

    def _car(self, request: Request) -> Answer:
        match = CAR.fullmatch(request.path)
        if match is None:
            return self._refuse(request, 404, "not_found")
        vin, rest = match["vin"], match["rest"] or ""
        if request.method == "POST" and (vin, rest) == ("fleet_status", ""):
            return self.world.account.fleet_status(request.json().get("vins"), self.world.now)
        if request.method == "POST":
            name = rest.removeprefix("command/")
            known = rest in OWN_PATH or (rest.startswith("command/") and name not in OWN_PATH)
            return self.world.command(vin, name, request.json()) if known else self._refuse(request, 404, "not_found")
        if rest == "vehicle_data":
            asked = _endpoints(request.query.get("endpoints", ""))
            return self.world.vehicle_data(vin, self.partner.seen(request, asked))
        return self._refuse(request, 404, "not_found") if rest else self.world.vehicle(vin)

    def _bill(self, request: Request, status: int) -> None:
        """For an answer that never reached the account, which bills its own."""
        with self.world.lock:
            self.world.account.bill(kind_of(request), status)

    def _refuse(self, request: Request, status: int, text: str) -> Answer:
        self._bill(request, status)
        return failure(status, text)


def kind_of(request: Request) -> Billed:
    """What Tesla bills this request as."""
    if request.path.endswith("/wake_up"):
        return Billed.WAKE
    if "/command/" in request.path or request.path.endswith("/signed_command"):
        return Billed.COMMAND
    if is_energy(request.path):
        return Billed.ENERGY
    return Billed.DATA if request.path.endswith("/vehicle_data") else Billed.LIST


def _json(answer: Answer) -> Reply:
    return reply(answer.status, answer.body)


def _whole(text: str, otherwise: int) -> int:
    return int(text) if text.isdecimal() else otherwise


def _endpoints(text: str) -> tuple[str, ...]:
    """Separated by semicolons. With commas the whole is one unknown name, as it is at Tesla's: no charge_state comes back."""
    return tuple(name for name in text.split(";") if name)
