"""A Wall Connector Gen 3 on the house network: `/api/1/vitals`, read only, without a VIN. It sends broken JSON where a fault says so."""

from __future__ import annotations

from .house import World
from .server import Loopback, Reply, Request, reply

EVSE_STATE = {"Charging": 11, "Starting": 9, "Disconnected": 1}


class Gen3Server:
    """Serves the connector of `vin` (default: the first car's) at `url`."""

    def __init__(self, world: World, vin: str = "", port: int = 0) -> None:
        self.world = world
        self.vin = vin or next(iter(world.cars))
        self.server = Loopback(self._answer, world.faults["gen3"], port=port)
        self.url = self.server.url

    def close(self) -> None:
        self.server.close()

    def _answer(self, request: Request) -> Reply:
        if request.method != "GET" or request.path != "/api/1/vitals":
            return reply(404, {"error": "not found"})
        with self.world.lock:
            return reply(200, self._vitals())

    def _vitals(self) -> dict[str, object]:
        """US split phase: the car's current flows in A and B; voltageC is about half."""
        car, connector = self.world.cars[self.vin], self.world.circuit.connectors[self.vin]
        here, volts = car.on_our_circuit, self.world.spec.volts
        amps = round(car.actual_amps, 1) if here else 0.0
        volts_now = {"voltageA_v": volts / 2, "voltageB_v": volts / 2, "voltageC_v": volts / 4}
        amps_now = {"currentA_a": amps, "currentB_a": amps, "currentC_a": 0.0, "currentN_a": 0.0}
        return {
            "contactor_closed": here and car.wall_w > 0,
            "vehicle_connected": here,
            "session_s": int(connector.session_s),
            "grid_v": float(volts),
            "grid_hz": 60.02,
            "vehicle_current_a": amps,
            **amps_now,
            **volts_now,
            "relay_coil_v": 11.9,
            "pcba_temp_c": 21.4,
            "handle_temp_c": 18.5,
            "mcu_temp_c": 28.1,
            "uptime_s": 35779,
            "prox_v": 0.1,
            "pilot_high_v": 11.9,
            "pilot_low_v": -11.9,
            "session_energy_wh": round(connector.session_kwh * 1000, 3),
            "config_status": 5,
            "evse_state": EVSE_STATE.get(car.word, 4) if here else 1,
            "current_alerts": [],
            "evse_not_ready_reasons": [],
        }
