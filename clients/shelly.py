"""House meters by Shelly: Gen 1 (EM, 3EM, PM) over /status, newer ones over RPC (facts: Shelly's own pages; evcc's recordings).

A meter that may be wrong is worse than none where a fuse is guarded: an error flag or an empty value refuses the whole reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from clients.http import Ask, Http, Login
from clients.values import Node, root
from errors import BadAnswer, NotConfigured
from model import MeterReading, Missing

SOURCE = "meter"
GEN1, RPC = "shelly_em", "shelly_rpc"
USER = "admin"
MOST_W = 1e6


def read_meter(kind: str, url: str, password: str, http: Http, now: datetime) -> MeterReading:
    """House power in W, + importing, summed over the clamps. `kind`: ENERGY_MONITOR_TYPE. Raises BadAnswer, LoginDead, Unreachable ..."""
    if kind not in (GEN1, RPC):
        raise NotConfigured(SOURCE, f"ENERGY_MONITOR_TYPE must be {GEN1} or {RPC}, not {kind}.")
    login = Login(USER, password, digest=kind == RPC) if password else None
    meter = _Meter(url.rstrip("/"), login, http)
    return _gen1(meter, now) if kind == GEN1 else _rpc(meter, now)


@dataclass(frozen=True, slots=True)
class _Meter:
    url: str
    login: Login | None
    http: Http

    def get(self, path: str) -> Node | None:
        """None where the device has no such component (404; newer firmware says 500 "not found")."""
        reply = self.http.ask(Ask(SOURCE, self.url + path, login=self.login))
        absent = reply.status == 404 or (reply.status == 500 and "not found" in reply.text().lower())
        return None if absent else root(SOURCE, reply.require().json())


def _gen1(meter: _Meter, now: datetime) -> MeterReading:
    status = meter.get("/status")
    rows = [] if status is None else (status.data.get("emeters") or status.data.get("meters"))
    if not isinstance(rows, list):
        raise BadAnswer(SOURCE, "The meter's status holds no emeters; is ENERGY_MONITOR_TYPE right for this device?")
    clamps = [Node(SOURCE, f"emeters[{i}]", row) for i, row in enumerate(rows) if isinstance(row, dict) and row.get("is_valid") is True]
    if not clamps:
        raise BadAnswer(SOURCE, "The meter has no clamp with a valid value; look at it in the Shelly app.")
    return _reading(clamps, "power", now)


def _rpc(meter: _Meter, now: datetime) -> MeterReading:
    single, triple = _components(meter)
    for clamp in (*single, *triple):
        _check(clamp)
    if triple:
        watts = triple[0].need(triple[0].number("total_act_power", -MOST_W, MOST_W))
        return MeterReading(now, watts, triple[0].number("a_voltage", 0, 1000))
    if not single:
        raise BadAnswer(SOURCE, "The meter has no em1 or em component; is ENERGY_MONITOR_TYPE right for this device?")
    return _reading(single, "act_power", now)


def _components(meter: _Meter) -> tuple[list[Node], list[Node]]:
    """Single clamps and three-phase meters, from one call where the device has it, else one by one."""
    status = meter.get("/rpc/Shelly.GetStatus")
    if status is not None:
        single = [status.node(key) for key in sorted(status.data) if key.startswith("em1:")]
        return single, [status.node("em:0")] if "em:0" in status.data else []
    clamps = [node for node in (meter.get(f"/rpc/EM1.GetStatus?id={i}") for i in (0, 1)) if node is not None]
    triple = None if clamps else meter.get("/rpc/EM.GetStatus?id=0")
    return clamps, [] if triple is None else [triple]


def _reading(clamps: list[Node], key: str, now: datetime) -> MeterReading:
    watts = sum(clamp.need(clamp.number(key, -MOST_W, MOST_W)) for clamp in clamps)
    volts = [clamp.number("voltage", 0, 1000) for clamp in clamps]
    return MeterReading(now, watts, next((volt for volt in volts if not isinstance(volt, Missing)), volts[0]))


def _check(clamp: Node) -> None:
    errors = [clamp.data.get(key) for key in ("errors", "a_errors", "b_errors", "c_errors")]
    named = ", ".join(str(error) for some in errors if isinstance(some, list) for error in some)
    if named:
        raise BadAnswer(SOURCE, f"The meter reports a fault of its own: {named[:120]}.")
