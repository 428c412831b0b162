"""A house meter as Shelly makes them: Gen 1 EM `/status`, and the RPC of later generations. Positive is import. Two clamps, split phase."""

from __future__ import annotations

from .house import World
from .server import Loopback, Reply, Request, reply


class ShellyServer:
    """Serves `world`'s grid power at `url`. `upside_down`: the clamp sits the wrong way round. `valid` False: the meter says so itself."""

    def __init__(self, world: World, port: int = 0) -> None:
        self.world = world
        self.upside_down = False
        self.valid = True
        self.server = Loopback(self._answer, world.faults["shelly"], port=port)
        self.url = self.server.url

    def close(self) -> None:
        self.server.close()

    def _answer(self, request: Request) -> Reply:
        with self.world.lock:
            watts = self.world.flows.grid_w / 2 * (-1 if self.upside_down else 1)
            volts = self.world.spec.volts / 2
        match request.path.rstrip("/"):
            case "/status":
                return reply(200, {"emeters": [self._emeter(watts, volts)] * 2, "relays": [], "unixtime": int(self.world.now.timestamp())})
            case "/emeter/0" | "/emeter/1":
                return reply(200, self._emeter(watts, volts))
            case "/shelly":
                return reply(200, {"type": "SHEM", "mac": "5151AA000001", "auth": False, "fw": "simulated"})
            case "/rpc/EM1.GetStatus" if request.query.get("id") in ("0", "1"):
                return reply(200, self._em1(int(request.query["id"]), watts, volts))
            case "/rpc/Shelly.GetStatus":
                return reply(200, {"em1:0": self._em1(0, watts, volts), "em1:1": self._em1(1, watts, volts)})
        return reply(404, {"code": 404, "message": f"No handler for {request.path}"})

    def _emeter(self, watts: float, volts: float) -> dict[str, object]:
        book = self.world.ledger
        totals = {"total": book.import_kwh * 500, "total_returned": book.export_kwh * 500}
        return {"power": round(watts, 2), "reactive": 0.0, "pf": 1.0, "voltage": volts, "is_valid": self.valid, **totals}

    def _em1(self, number: int, watts: float, volts: float) -> dict[str, object]:
        """Not valid: no reading, and an error that names the part."""
        if not self.valid:
            return {"id": number, "current": None, "voltage": None, "act_power": None, "errors": ["power_meter_failure"]}
        power = {"act_power": round(watts, 1), "aprt_power": round(abs(watts), 1), "pf": 1.0, "freq": 60.0}
        return {"id": number, "current": round(abs(watts) / volts, 3), "voltage": volts, **power, "calibration": "factory"}
