"""Reads from the Fleet API, or from whatever speaks like it (tesla-http-proxy, TeslaBleHttpProxy)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from clients.http import Ask, Http, Reply
from clients.tesla_billing import Count, ask_billed, headers_for
from clients.tesla_fields import SOURCE, car_reading, car_status, response_of, shows_miles
from clients.tesla_schedules import PRECONDITION_SECTION, PreconditionSchedule, precondition_schedules
from clients.tesla_status import error_for
from clients.values import root
from errors import BadAnswer
from model import Billed, CarReading, CarStatus, Missing

# separated by semicolons: with commas the answer lacks charge_state. location_data: without it no place since firmware 2023.38
ENDPOINTS = "charge_state%3Bdrive_state%3Blocation_data%3Bvehicle_state%3Bcharge_schedule_data"
MOST_PAGES = 10


class Tesla:
    """`count`: called with what Tesla bills before each request; gives an undo for what turned out not to be billed."""

    def __init__(self, read_url: str, token: str, http: Http, count: Count) -> None:
        self._url = read_url.rstrip("/")
        self._token = token
        self._http = http
        self._count = count

    def cars(self) -> tuple[CarStatus, ...]:
        """The account's cars, from all pages. Wakes nobody."""
        rows: list[object] = []
        for page in range(1, MOST_PAGES + 1):
            answer = root(SOURCE, self._get("/api/1/vehicles", Billed.LIST, {"page": str(page)} if page > 1 else {}).json())
            found = answer.data.get("response")
            if not isinstance(found, list):
                raise BadAnswer(SOURCE, "Tesla's vehicle list holds no list.")
            rows += found
            if not found or not answer.node("pagination").data.get("next"):
                break
        statuses = [car_status(row) for row in rows]
        return tuple({status.vin: status for status in statuses}.values())

    def miles(self, vin: str) -> bool | Missing:
        """Does a car that is online show its owner miles? Billed as data. Raises Asleep (billed too) and the rest of the tree."""
        path = f"/api/1/vehicles/{quote(vin, safe='')}/vehicle_data?endpoints=gui_settings"
        return shows_miles(self._get(path, Billed.DATA, {}).json())

    def precondition_schedules(self, vin: str) -> tuple[PreconditionSchedule, ...] | Missing:
        """Those of a car that is online; billed as data. Raises Asleep (billed too) and the rest of the tree."""
        path = f"/api/1/vehicles/{quote(vin, safe='')}/vehicle_data?endpoints={PRECONDITION_SECTION}"
        return precondition_schedules(response_of(self._get(path, Billed.DATA, {}).json()))

    def car(self, vin: str, now: datetime) -> CarReading:
        """Everything about one car that is online; billed. Raises Asleep (billed too) and the rest of the tree."""
        path = f"/api/1/vehicles/{quote(vin, safe='')}/vehicle_data?endpoints={ENDPOINTS}"
        return car_reading(self._get(path, Billed.DATA, {}).json(), vin, now)

    def _get(self, path: str, kind: Billed, params: Mapping[str, str]) -> Reply:
        url = self._url + path
        ask = Ask(SOURCE, url, headers=headers_for(url, self._token), params=params, secrets=(self._token,), retry=False)
        reply = ask_billed(self._http, ask, kind, self._count)
        if not reply.ok:
            raise error_for(reply.status, reply.text(), reply.headers)
        return reply
