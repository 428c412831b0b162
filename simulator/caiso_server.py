"""What grid operators show to everybody, without a key: California's status, fuels and OASIS, and the condition of the Texas grid.

OASIS answers with a zip of CSV, an empty question with an XML note, and a hasty one with a page of HTML.
"""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from .curves import hours_between
from .faults import Faults
from .gridstatus_server import FORECAST, Market
from .server import Loopback, Reply, Request, reply

HUBS = ("TH_NP15_GEN-APND", "TH_SP15_GEN-APND", "TH_ZP26_GEN-APND")
NO_DATA = "<?xml version='1.0'?><m:OASISReport><m:ERROR><m:ERR_CODE>1000</m:ERR_CODE><m:ERR_DESC>No data returned for the specified"
NO_DATA += " selection</m:ERR_DESC></m:ERROR></m:OASISReport>"
OASIS_GAP_S = 5.0
FUELS = "Time,Solar,Wind,Geothermal,Biomass,Biogas,Small hydro,Coal,Nuclear,Natural Gas,Large Hydro,Batteries,Imports,Other"
Table = list[Sequence[object]]


class OperatorServer:
    """Serves `market` at `url`. `status`: what CAISO lists; `condition`: ERCOT's (state, EEA level); `patient`: False sends HTML to a
    second OASIS question within 5 real seconds."""

    def __init__(self, market: Market, faults: Faults | None = None, port: int = 0) -> None:
        self.market = market
        self.status: list[str] = ["Normal"]
        self.condition = ("normal", 0)
        self.patient = True
        self.text: str | None = None  # what OASIS puts into its zip instead of a table
        self._last = -OASIS_GAP_S
        self.server = Loopback(self._answer, faults, port=port)
        self.url = self.server.url

    def close(self) -> None:
        self.server.close()

    def _answer(self, request: Request) -> Reply:
        if request.path == "/outlook/current/stats.txt":
            slot = f"{self.market.now():%b %d, %Y %H:%M}"
            return reply(200, {"slotDate": slot, "gridstatus": self.status, "Current_reserve": "5120"})
        if request.path.startswith("/outlook/history/") and request.path.endswith("/fuelsource.csv"):
            return Reply(200, self._fuels(request.path.split("/")[3]).encode(), {"Content-Type": "text/csv"})
        if request.path == "/api/1/services/read/dashboards/daily-prc.json":
            state, eea = self.condition
            now = {"state": state, "title": state.title(), "condition_note": "", "eea_level": eea, "prc_value": "6,120"}
            return reply(200, {"lastUpdated": f"{self.market.now():%Y-%m-%d %H:%M:%S%z}", "current_condition": now, "data": []})
        return self._oasis(request) if request.path == "/oasisapi/SingleZip" else reply(404, {"detail": "Not Found"})

    def _fuels(self, day: str) -> str:
        """A day of the market's own clock in steps of five minutes: 23 or 25 hours when the clock changes."""
        zone = self.market.now().tzinfo
        first = datetime.fromisoformat(day).replace(tzinfo=zone)
        at, last = first.astimezone(UTC), (first + timedelta(days=1)).astimezone(UTC)
        lines = [FUELS]
        while at < last:
            sun, wind = self.market.sun(at), self.market.wind(at)
            gas = max(0.0, self.market.load(at) - sun - wind)
            lines.append(f"{at.astimezone(zone):%H:%M},{sun:.0f},{wind:.0f},0,0,0,0,0,0,{gas:.0f},0,-50,0,0")
            at += timedelta(minutes=5)
        return "\n".join(lines)

    def _oasis(self, request: Request) -> Reply:
        before, self._last = self._last, time.monotonic()
        if not self.patient and self._last - before < OASIS_GAP_S:
            return Reply(200, b"<html>Too many requests</html>", {"Content-Type": "text/html"})
        ask = request.query
        start, end = (datetime.strptime(ask[name][:14], "%Y%m%dT%H:%M").replace(tzinfo=UTC) for name in ("startdatetime", "enddatetime"))
        rows = self._table(ask, start, end)
        if self.text is not None:
            return Reply(200, _zipped(self.text))
        return Reply(200, _zipped(NO_DATA if len(rows) < 2 else "\n".join(",".join(map(str, row)) for row in rows)))

    def _table(self, asked: Mapping[str, str], start: datetime, end: datetime) -> Table:
        market = self.market
        name, now = asked.get("queryname"), market.now()
        found: list[tuple[datetime, Sequence[object]]] = []
        if name == "SLD_FCST":
            for at in hours_between(start, min(end, now + FORECAST)):
                found += [(at, ("CA ISO-TAC", market.load(at))), (at, ("PGE-TAC", market.load(at) * 0.4))]
            return _with_times(("TAC_AREA_NAME", "MW"), found)
        hours = hours_between(start, min(end, market.priced_until()))
        if name == "SLD_REN_FCST":
            for at in hours:
                found += [(at, ("NP15", "Solar", market.sun(at))), (at, ("NP15", "Wind", market.wind(at)))]
            return _with_times(("TRADING_HUB", "RENEWABLE_TYPE", "MW"), found)
        if name != "PRC_LMP" or asked.get("node") not in HUBS:
            return []
        for at in hours:
            dollars = round(market.price(at) * 1000, 5)
            found += [(at, ("LMP", dollars)), (at, ("MCC", 0.1))]
        return _with_times(("LMP_TYPE", "MW"), found)


def _with_times(columns: Sequence[str], rows: Sequence[tuple[datetime, Sequence[object]]]) -> Table:
    head = ("INTERVALSTARTTIME_GMT", "INTERVALENDTIME_GMT", *columns)
    return [head, *((_gmt(at), _gmt(at + timedelta(hours=1)), *values) for at, values in rows)]


def _gmt(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}-00:00"


def _zipped(text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("answer.csv", text)
    return out.getvalue()
