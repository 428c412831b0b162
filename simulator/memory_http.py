"""The Fleet API without sockets: the real clients ask, the simulated account answers, and every illness of faults.py can strike between.

What a client learns from a failure is the same as over a real wire: not connected is Unreachable, an answer that was lost is NoAnswer."""

from __future__ import annotations

import json
from urllib.parse import unquote, urlsplit

from clients.http import Ask, Http, Reply, host_of
from errors import NoAnswer, Unreachable
from model import Billed

from .account import Answer, failure
from .faults import Fault, Ill
from .fleet import CAR, PREFIX
from .house import World
from .server import mangle
from .site import is_energy

LOST = (Ill.HANG, Ill.DROP_BEFORE, Ill.DROP_AFTER, Ill.CUT)  # the client sees no whole answer
NEVER_DONE = (Ill.HANG, Ill.DROP_BEFORE)


class MemoryHttp(Http):
    """Carries requests to `world`'s account. `down`: no connection at all."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.down = False

    def ask(self, ask: Ask) -> Reply:
        if self.down:
            raise Unreachable(ask.source, f"No connection to {host_of(ask.url)}; is it switched on, and on the network?")
        parts = urlsplit(ask.url)
        fault = self.world.faults["fleet"].take(f"{parts.path}?{parts.query}")
        if fault is None:
            return _whole(ask, self._device(ask))
        return self._ill(ask, fault)

    def _ill(self, ask: Ask, fault: Fault) -> Reply:
        if fault.ill is Ill.STATUS:
            self.world.account.bill(_kind(ask), fault.status)
            headers = {name.lower(): value for name, value in fault.headers.items()}
            return Reply(ask.source, host_of(ask.url), fault.status, headers, fault.body.encode(), secrets=ask.secrets)
        answer = None if fault.ill in NEVER_DONE else self._device(ask)
        if answer is None or fault.ill in LOST:
            raise NoAnswer(ask.source, f"{host_of(ask.url)} was asked but gave no whole answer in time.")
        whole = _whole(ask, answer)
        return Reply(ask.source, whole.host, whole.status, {}, mangle(whole.body, fault.ill), secrets=ask.secrets)

    def _device(self, ask: Ask) -> Answer:
        parts = urlsplit(ask.url)
        if parts.path == PREFIX:
            return self.world.vehicle_list()
        if is_energy(parts.path):
            return self.world.energy(ask.method, parts.path, ask.body if isinstance(ask.body, dict) else {})
        match = CAR.fullmatch(parts.path)
        if match is None:
            return failure(404, "not_found")
        vin, rest = unquote(match["vin"]), match["rest"] or ""
        if ask.method == "POST":
            return self.world.command(vin, rest.removeprefix("command/"), ask.body if isinstance(ask.body, dict) else {})
        endpoints = unquote(parts.query.removeprefix("endpoints=")).split(";")
        return self.world.vehicle_data(vin, [name for name in endpoints if name]) if rest == "vehicle_data" else failure(404, "not_found")


def _kind(ask: Ask) -> Billed:
    path = urlsplit(ask.url).path
    if path.endswith("/wake_up"):
        return Billed.WAKE
    if "/command/" in path or path.endswith("/signed_command"):
        return Billed.COMMAND
    if is_energy(path):
        return Billed.ENERGY
    return Billed.DATA if path.endswith("/vehicle_data") else Billed.LIST


def _whole(ask: Ask, answer: Answer) -> Reply:
    return Reply(ask.source, host_of(ask.url), answer.status, {}, json.dumps(answer.body).encode(), secrets=ask.secrets)
