"""The fourth part of the table: the roof and the weather."""

from __future__ import annotations

from dataclasses import dataclass

from config_options import option
from config_parsers import decimal, maybe, switch, url, whole
from config_places import PlaceSettings


@dataclass(frozen=True, slots=True, init=False, repr=False, eq=False)
class SunSettings(PlaceSettings):
    """See Settings in config.py."""

    # ---- sun
    solar_kwp: float | None = option(
        maybe(decimal(0.1, 200, "kW")),
        "",
        "0.1-200",
        "The nameplate of your panels, of several roofs their sum. With it the plan counts on the sun that is forecast.",
        about="sun",
    )
    solar_tilt: int = option(whole(0, 90, "degrees"), "25", "0-90", "How steep they stand: 0 lies flat.", about="sun")
    solar_azimuth: int = option(
        whole(0, 360, "degrees"), "180", "0-360", "Where they look, on a compass: 90 is east, 180 south, 270 west.", about="sun"
    )
    weather: bool = option(
        switch,
        "on",
        "on, off",
        "Ask Open-Meteo for the weather where panels or drives in a calendar need it. It learns your place to 1 km, nothing else.",
        about="sun",
    )
    open_meteo_url: str = option(url, "https://api.open-meteo.com", "a URL", "Where Open-Meteo answers.", about="sun")
    powerwall_kwh: float = option(
        decimal(1, 200, "kWh"), "13.5", "1-200", "What your Powerwalls hold together: the sun fills them first.", about="powerwall"
    )
