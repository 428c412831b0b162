"""What GridStatus has of each grid operator: datasets, columns and places, in one table (facts: their catalogue of 2025-06; CAISO, ERCOT
and PJM are tested on real rows). The market's own clock says when tomorrow's prices are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from zoneinfo import ZoneInfo

PACIFIC, CENTRAL, EASTERN = "America/Los_Angeles", "America/Chicago", "America/New_York"


@dataclass(frozen=True, slots=True)
class Dataset:
    """`columns`: what makes the value of a row, each with its sign; all of them must be there. `where`: column and value to filter by."""

    id: str
    columns: Mapping[str, int]
    where: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """One ISO. `load`: the forecast of its load, MW, None where none is known; `prices` with `price_column`: day-ahead, money per MWh, at
    `location` unless the owner names another; `locations`: the best known ones, a node's name is as good; `mix`: MW by fuel;
    `sun_and_wind`: their forecast, summed, MW; `published`: tomorrow's prices are there then, by the market's clock."""

    prices: str
    mix: str
    zone: str
    load: Dataset | None = None
    price_column: str = "lmp"
    location: str = ""
    locations: tuple[str, ...] = ()
    sun_and_wind: tuple[Dataset, ...] = ()
    currency: str = "USD"
    published: time = time(14)

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def load_every(self) -> timedelta:
        """Two forecasts of sun and wind a day leave less of the month for the load: 31 x (4 + 1 + 1 + 1) = 31 x (3 + 1 + 1 + 2) = 217."""
        return timedelta(hours=8 if len(self.sun_and_wind) > 1 else 6)


def _load(iso: str) -> Dataset:
    return Dataset(f"{iso}_load_forecast", {"load_forecast": 1})


CAISO_PLACES = tuple(f"TH_{hub}_GEN-APND" for hub in ("NP15", "SP15", "ZP26")) + tuple(
    f"DLAP_{utility}-APND" for utility in ("PGAE", "SCE", "SDGE", "VEA")
)
ERCOT_PLACES = tuple(f"HB_{hub}" for hub in ("BUSAVG", "HOUSTON", "HUBAVG", "NORTH", "PAN", "SOUTH", "WEST")) + tuple(
    f"LZ_{zone}" for zone in ("AEN", "CPS", "HOUSTON", "LCRA", "NORTH", "RAYBN", "SOUTH", "WEST")
)
PJM_PLACES = (
    "PJM RTO",
    "AEP GEN HUB",
    "AEP-DAYTON HUB",
    "ATSI GEN HUB",
    "CHICAGO GEN HUB",
    "CHICAGO HUB",
    "DOMINION HUB",
    "EASTERN HUB",
    "N ILLINOIS HUB",
    "NEW JERSEY HUB",
    "OHIO HUB",
    "WEST INT HUB",
    "WESTERN HUB",
)
MISO_PLACES = tuple(f"{hub}.HUB" for hub in ("ARKANSAS", "ILLINOIS", "INDIANA", "LOUISIANA", "MICHIGAN", "MINN", "MS", "TEXAS"))
NYISO_PLACES = ("CAPITL", "CENTRL", "DUNWOD", "GENESE", "HUD VL", "LONGIL", "MHK VL", "MILLWD", "N.Y.C.", "NORTH", "WEST")
ISONE_ZONES = ("CONNECTICUT", "MAINE", "NEMASSBOST", "NEWHAMPSHIRE", "RHODEISLAND", "SEMASS", "VERMONT", "WCMASS")

GRIDS: Mapping[str, Grid] = {
    "CAISO": Grid(
        "caiso_lmp_day_ahead_hourly",
        "caiso_fuel_mix",
        PACIFIC,
        load=_load("caiso"),
        location="TH_NP15_GEN-APND",
        locations=CAISO_PLACES,
        sun_and_wind=(Dataset("caiso_solar_and_wind_forecast_dam", {"solar_mw": 1, "wind_mw": 1}, ("location", "CAISO")),),
    ),
    "ERCOT": Grid(
        "ercot_spp_day_ahead_hourly",
        "ercot_fuel_mix",
        CENTRAL,
        load=_load("ercot"),
        price_column="spp",
        location="HB_HUBAVG",
        locations=ERCOT_PLACES,
        sun_and_wind=(Dataset("ercot_net_load_forecast", {"load_forecast": 1, "net_load_forecast": -1}),),
    ),
    "PJM": Grid(
        "pjm_lmp_day_ahead_hourly",
        "pjm_fuel_mix",
        EASTERN,
        load=_load("pjm"),
        location="PJM RTO",
        locations=PJM_PLACES,
        sun_and_wind=(
            Dataset("pjm_solar_forecast_hourly", {"solar_forecast": 1}),
            Dataset("pjm_wind_forecast_hourly", {"wind_forecast": 1}),
        ),
    ),
    "MISO": Grid(
        "miso_lmp_day_ahead_hourly",
        "miso_fuel_mix",
        CENTRAL,
        load=_load("miso"),
        location="ILLINOIS.HUB",
        locations=MISO_PLACES,
    ),
    "NYISO": Grid(
        "nyiso_lmp_day_ahead_hourly",
        "nyiso_fuel_mix",
        EASTERN,
        load=_load("nyiso"),
        location="N.Y.C.",
        locations=NYISO_PLACES,
    ),
    "ISONE": Grid(
        "isone_lmp_day_ahead_hourly",
        "isone_fuel_mix",
        EASTERN,
        load=_load("isone"),
        location=".H.INTERNAL_HUB",
        locations=(".H.INTERNAL_HUB", *(f".Z.{zone}" for zone in ISONE_ZONES)),
    ),
    "SPP": Grid(
        "spp_lmp_day_ahead_hourly",
        "spp_fuel_mix",
        CENTRAL,
        load=_load("spp"),
        location="SPPNORTH_HUB",
        locations=("SPPNORTH_HUB", "SPPSOUTH_HUB"),
    ),
    "IESO": Grid("ieso_lmp_day_ahead_hourly", "ieso_fuel_mix", EASTERN, currency="CAD"),
}
