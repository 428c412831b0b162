"""`python -m simulator.replay FOLDER`: real recorded bodies and a real day of the Californian grid behind loopback sockets.

FOLDER holds `fixtures/` and `data/`. The recordings do not change: a command is answered as a real one was, and nothing follows from it.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from . import replay_bodies as bodies
from .caiso_server import OperatorServer
from .certificate import self_signed
from .fleet import TOKEN
from .gridstatus_server import GridStatusServer, Market
from .houses import ZONE
from .powerwall_server import PASSWORD
from .replay_bodies import Case, cases
from .server import Device, Loopback, Reply, Request, close_all, reply

__all__ = ["Case", "Replay", "cases"]
JSON = {"Content-Type": "application/json"}


class Replay:
    """The recordings of `case` from `folder`, and the grid as it was published at `at` (aware, in 2022). Use it with `with`, or close()."""

    def __init__(self, folder: Path, case: Case, at: datetime) -> None:
        self.folder = folder
        self.case = case
        self.at = at
        self.vin, self.name, self._data = bodies.vehicle(folder, case.vehicle)
        context, self.fingerprint = self_signed()
        self.fleet = Loopback(self._fleet)
        self.powerwall = Loopback(self._gateway(bodies.pages(folder, bodies.POWERWALLS[case.powerwall])), tls=context)
        self.meter = Loopback(recorded(bodies.pages(folder, bodies.METERS[case.meter])))
        self.gen3 = Loopback(recorded(bodies.pages(folder, bodies.GEN3)))
        market = Market("caiso", bodies.prices(folder), bodies.loads(folder), lambda: at.astimezone(ZONE))
        self.gridstatus, self.operator = GridStatusServer(market), OperatorServer(market)

    def __enter__(self) -> Replay:
        return self

    def __exit__(self, *_problem: object) -> None:
        self.close()

    def close(self) -> None:
        close_all(self.fleet, self.powerwall, self.meter, self.gen3, self.gridstatus, self.operator)

    def env(self) -> dict[str, str]:
        """Settings by option name. A recorded VIN that is not 17 characters long is left to the vehicle list."""
        car = {"TESLA_API_URL": self.fleet.url, "TESLA_ACCESS_TOKEN": TOKEN} | ({"TESLA_VIN": self.vin} if len(self.vin) == 17 else {})
        gateway = {"POWERWALL_URL": self.powerwall.url, "POWERWALL_PASSWORD": PASSWORD, "POWERWALL_FINGERPRINT": self.fingerprint}
        meter = {"ENERGY_MONITOR_TYPE": self.case.meter, "ENERGY_MONITOR_URL": self.meter.url, "WALL_CONNECTOR_URL": self.gen3.url}
        grid = {"GRID_STATUS_URL": self.gridstatus.url, "GRID_STATUS_API_KEY": self.gridstatus.key, "GRID_ISO": "CAISO"}
        grid |= {"CAISO_URL": self.operator.url, "CAISO_OASIS_URL": self.operator.url, "GRID_ALERTS": "off"}  # of that evening nobody knows
        place = {"TIME_ZONE": str(ZONE), "TESLA_HOME_ADDRESS": "37.0421,-122.0287"}  # where all recordings were moved to
        return {**place, **car, **gateway, **meter, **grid}

    def _fleet(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return reply(401, {"response": None, "error": "token expired (401)"})
        base = f"/api/1/vehicles/{self.vin}"
        if request.method == "POST" and request.path.startswith(f"{base}/"):
            name = bodies.COMMANDS.get(request.path.rsplit("/", 1)[-1], bodies.COMMAND_OK)
            return Reply(200, (self.folder / "fixtures" / name).read_bytes(), JSON)
        row = {"id": 1234, "id_s": "1234", "vin": self.vin, "display_name": self.name, "state": "online", "in_service": False}
        pages = {
            "/api/1/vehicles": reply(200, {"response": [row], "count": 1}),
            base: reply(200, {"response": row}),
            f"{base}/vehicle_data": Reply(200, self._data, JSON),
        }
        return pages.get(request.path, reply(404, {"response": None, "error": "not_found"}))

    def _gateway(self, pages: Mapping[str, bytes]) -> Device:
        login = (self.folder / "fixtures" / bodies.LOGIN).read_bytes()
        inside = recorded(pages)

        def answer(request: Request) -> Reply:
            if request.path == "/api/login/Basic":
                return Reply(200, login, {**JSON, "Set-Cookie": "AuthCookie=replayed; Path=/"})
            known = "AuthCookie=replayed" in request.headers.get("cookie", "")
            return inside(request) if known else reply(401, {"code": 401, "error": "Invalid bearer token"})

        return answer


def recorded(pages: Mapping[str, bytes]) -> Device:
    """A device that answers with recorded bodies. One recorded channel is channel 0: there is no other."""

    def answer(request: Request) -> Reply:
        body = pages.get(request.path.rstrip("/")) if request.query.get("id", "0") == "0" else None
        return reply(404, {"code": 404, "message": "not found"}) if body is None else Reply(200, body, JSON)

    return answer


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulator.replay", description="Recorded bodies and a recorded grid on loopback ports.")
    parser.add_argument("folder", type=Path, help="holds fixtures/ and data/")
    parser.add_argument("--date", default="2022-07-14", help="the day of the grid, in 2022 (default 2022-07-14)")
    parser.add_argument("--time", default="18:00", help="its local time, which decides what is published (default 18:00)")
    parser.add_argument("--case", help="name of a combination (default: the first); see --list")
    parser.add_argument("--list", action="store_true", help="list the combinations and end")
    parser.add_argument("--write-env", type=Path, metavar="FILE", help="write the settings to FILE too")
    parser.add_argument("--seconds", type=float, help="end after so many seconds (default: on Ctrl-C)")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    options = arguments(given)
    known = {case.name: case for case in cases(options.folder)}
    if options.list:
        print("\n".join(known))
        return 0
    case = known.get(options.case or next(iter(known), ""))
    if case is None:
        print(
            f"{options.folder} holds no such recordings: give the folder that has fixtures/ and data/, and a name from --list",
            file=sys.stderr,
        )
        return 2
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_signal: stop.set())
    at = datetime.fromisoformat(f"{options.date}T{options.time}").replace(tzinfo=ZONE)
    with Replay(options.folder, case, at) as replay:
        text = "\n".join([f"# {case.name}: use with --now {at.isoformat()}", *(f"{name}={value}" for name, value in replay.env().items())])
        print(text, flush=True)
        if options.write_env:
            options.write_env.write_text(text + "\n", encoding="utf-8")
        stop.wait(options.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
