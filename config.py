"""The settings. `Settings` is the one table: from it come the checks, .env.example and docs/SETTINGS.md (python -m config_docs).

A field in capitals is the option's name in .env; `NAME__<VIN, its last six, or the car's name>` holds for one car where `per_car` says so.
Amps are per phase; breaker settings are the numbers printed on the breakers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import config_checks
import config_read
from config_options import Option, option, option_beside, options_of
from config_parsers import (
    amps_or_none,
    charge_hours,
    choice,
    currency,
    decimal,
    departures,
    file_beside,
    fingerprint,
    folder,
    home,
    is_loopback,
    listed,
    location,
    maybe,
    one_of,
    port,
    secret,
    span,
    switch,
    token,
    twc_id,
    url,
    url_or_default,
    vin,
    whole,
    zone,
)
from config_tariff import Tariff, parse_tariff
from config_values import (
    Autostart,
    ChargeHours,
    Control,
    Departure,
    GridIso,
    LastResort,
    MonitorType,
    Own,
    PowerwallPriority,
    Prefer,
    Region,
    Secret,
    Strategy,
    TimeSpan,
    Wake,
    car_key,
)
from errors import ConfigError
from model import Place

__all__ = [
    "OPTIONS",
    "REGION_URLS",
    "Autostart",
    "ChargeHours",
    "Control",
    "Departure",
    "GridIso",
    "LastResort",
    "MonitorType",
    "PowerwallPriority",
    "Prefer",
    "Region",
    "Secret",
    "Settings",
    "Strategy",
    "Tariff",
    "TimeSpan",
    "Wake",
    "is_loopback",
    "load",
    "nothing_configured",
]

REGION_URLS: Mapping[Region, str] = {
    Region.NA: "https://fleet-api.prd.na.vn.cloud.tesla.com",
    Region.EU: "https://fleet-api.prd.eu.vn.cloud.tesla.com",
    Region.CN: "https://fleet-api.prd.cn.vn.cloud.tesla.cn",
}
percent = whole(0, 100, "percent")
wish = maybe(whole(50, 100, "percent"))  # a Tesla takes no charge limit below 50
amps = whole(1, 80, "A")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the owner can say, with `own` holding what he said for one car only."""

    # ---- house
    time_zone: ZoneInfo = option(zone, "", "America/Los_Angeles", "Your time zone. Empty: the zone of this machine.", about="house")
    currency: str = option(currency, "USD", "three letters", "The currency of your bill.", about="house")
    voltage: int = option(
        whole(100, 280, "V"), "240", "100-280", "Volts at the charger, of one phase where there are three.", about="house"
    )
    phases: int = option(one_of(1, 3), "1", "1 or 3", "Phases that the car charges on.", about="house")
    main_breaker_amps: int | None = option(
        maybe(whole(10, 1000, "A")),
        "",
        "10-1000",
        "Printed on the main breaker; cars stay below 80 % of it, the rest of the house is not counted.",
        about="house",
    )
    continuous_percent: int = option(
        whole(50, 100, "percent"), "80", "50-100", "The share of a breaker that may be used for hours (80 by the US code).", about="house"
    )
    state_dir: Path = option(folder, "state/data", "a folder", "Where files that must survive a restart are kept.", about="house")
    run_dir: Path = option(folder, "state/run", "a folder", "Where files that need not survive a restart are kept.", about="house")
    dry_run: bool = option(switch, "off", "on, off", "Decide and record, but send nothing to a car or charger.", about="house")
    cycle_minutes: int = option(
        whole(1, 15, "minutes"),
        "5",
        "1-15",
        "How often cron starts a cycle. A car that was woken sleeps again after 15 minutes: more would never find it awake.",
        about="house",
    )

    # ---- wishes
    target_soc: int | None = option(
        wish,
        "",
        "50-100",
        "Charge to this when sun or price is good, within three days. Empty: the limit in the Tesla app.",
        about="wishes",
        per_car=True,
    )
    ready_soc: int | None = option(wish, "", "50-100", "Have this at each departure. Empty: as TARGET_SOC.", about="wishes", per_car=True)
    min_soc: int = option(percent, "20", "0-100", "Below this charge at once, at any price.", about="wishes", per_car=True)
    max_soc: int = option(
        whole(50, 100, "percent"),
        "90",
        "50-100",
        "A long drive may raise the limit in the app up to this, for once.",
        about="wishes",
        per_car=True,
    )
    departure_time: tuple[Departure, ...] = option(
        departures,
        "07:30",
        "mon-fri 07:30, sat-sun 10:00",
        "When you usually leave; without days: every day. none: no departures.",
        about="wishes",
        per_car=True,
    )
    strategy: Strategy = option(
        choice(Strategy),
        "optimal",
        ", ".join(Strategy),
        "optimal: the cheapest plan; bands: below the usual grid load; charge-limit: cheap hours to the limit; timer: CHARGE_HOURS; "
        "now: when plugged in.",
        about="wishes",
        per_car=True,
    )
    control: Control = option(
        choice(Control),
        "auto",
        ", ".join(Control),
        "What sets the amps: the Wall Connector (twc), the car, or whichever works (auto).",
        about="wishes",
        per_car=True,
    )
    autostart: Autostart = option(
        choice(Autostart),
        "manage",
        ", ".join(Autostart),
        "A charge that begins by itself at plug-in: plan it, or leave it alone.",
        about="wishes",
        per_car=True,
    )
    charge_hours: tuple[ChargeHours, ...] = option(
        listed(charge_hours),
        "",
        "mon-fri 22:00-06:00@32, 00:00-05:00",
        "Hours for STRATEGY=timer, with amps if you like; across midnight belongs to the day it starts on.",
        about="wishes",
        per_car=True,
    )
    non_scheduled_amps: int = option(
        amps_or_none, "0", "0, 5-80", "Amps outside CHARGE_HOURS. 0: no charging then.", about="wishes", per_car=True
    )
    solar_charging: bool = option(switch, "on", "on, off", "Follow the surplus of your own sun.", about="wishes", per_car=True)
    solar_hours: TimeSpan = option(span, "06:00-21:00", "from-to", "The sun is followed only in these hours.", about="wishes")
    prefer: Prefer = option(
        choice(Prefer), "cost", ", ".join(Prefer), "What counts most: your bill, the load of the grid, or CO2.", about="wishes"
    )
    cost_weight: float | None = option(
        maybe(decimal(0, 1000)), "", "0-1000", "The three weights by hand instead of PREFER: all three or none.", about="wishes"
    )
    co2_weight: float | None = option(maybe(decimal(0, 1000)), "", "0-1000", "See COST_WEIGHT.", about="wishes")
    grid_weight: float | None = option(maybe(decimal(0, 1000)), "", "0-1000", "See COST_WEIGHT.", about="wishes")
    min_on_minutes: int = option(whole(0, 240, "minutes"), "15", "0-240", "A charge that began lasts at least this long.", about="wishes")
    min_off_minutes: int = option(whole(0, 240, "minutes"), "10", "0-240", "A pause lasts at least this long.", about="wishes")
    deadband_amps: int = option(whole(0, 20, "A"), "1", "0-20", "Smaller changes of the amps are not made.", about="wishes")
    away_hours: int = option(whole(0, 24, "hours"), "10", "0-24", "How long the car is usually away after a departure.", about="wishes")

    # ---- car
    tesla_vin: tuple[str, ...] = option(listed(vin), "", "17 characters", "Your car's VIN; several parted by commas.", about="car")
    tesla_region: Region = option(
        choice(Region), "na", ", ".join(Region), "Where your Tesla account lives: na also for Asia and the Pacific.", about="car"
    )
    tesla_api_url: str = option(url_or_default, "", "a URL", "Reads of the car. Empty: Tesla's, by TESLA_REGION.", about="car")
    tesla_command_url: str = option(
        url_or_default, "", "a URL", "Commands to the car, such as a signing proxy on this Pi. Empty: as TESLA_API_URL.", about="car"
    )
    tesla_access_token: Secret = option(token, "", "secret", "A Fleet API token. Empty: no car is read or commanded.", about="car")
    tesla_home_address: Place | Literal["here"] | None = option(
        home, "", "lat,lon or here", "Where home is; elsewhere the car is never touched. here: where the car stands now.", about="car"
    )
    home_radius_m: int = option(whole(20, 5000, "metres"), "150", "20-5000", "How far from that point is still at home.", about="car")
    tesla_budget_dollars: float = option(
        decimal(0, 1000, "dollars"), "9", "0-1000", "What Tesla may bill in a month; Tesla's free credit is 10.", about="car"
    )
    tesla_list_price: float = option(
        decimal(0, 1, "dollars"), "0", "0-1", "Dollars for one read of the vehicle list, which is free today.", about="car"
    )
    wake: Wake = option(
        choice(Wake), "plugged", ", ".join(Wake), "Wake a sleeping car at home when it must charge, or never.", about="car", per_car=True
    )
    battery_kwh: float = option(
        decimal(10, 250, "kWh"), "75", "10-250", "Usable battery, where the car does not tell.", about="car", per_car=True
    )
    efficiency_percent: int = option(whole(50, 100, "percent"), "90", "50-100", "From the wall into the battery.", about="car")
    assumed_kwh: float = option(decimal(0, 200, "kWh"), "20", "0-200", "What a car that cannot be read is thought to need.", about="car")

    # ---- charger
    charger_max_amps: int = option(amps, "48", "1-80", "The most that your charger gives.", about="charger", per_car=True)
    charger_min_amps: int = option(whole(5, 32, "A"), "5", "5-32", "Below this there is no charging.", about="charger", per_car=True)
    twc_breaker_amps: int | None = option(
        maybe(whole(6, 125, "A")),
        "",
        "6-125",
        "The number printed on the breaker of the chargers' circuit. Empty: none known.",
        about="charger",
    )
    twc_max_amps: int | None = option(
        maybe(whole(5, 80, "A")), "", "5-80", "The most for one Wall Connector. Empty: its own.", about="charger"
    )
    twc_failsafe_amps: int = option(amps_or_none, "6", "0, 5-80", "Amps of each Wall Connector while no plan is there.", about="charger")
    twc_port: str | None = option(
        maybe(port), "", "/dev/serial/by-id/...", "The RS-485 adapter of Gen 2 Wall Connectors, or socket://host:port.", about="charger"
    )
    twc_last_resort: LastResort = option(
        choice(LastResort), "alarm", ", ".join(LastResort), "When 6 A flow above a lower ceiling: tell, or fall silent.", about="charger"
    )
    guard: bool = option(
        switch, "off", "on, off", "A guard writes ceiling.json: without its word connectors fall to their failsafe.", about="charger"
    )
    twc_id: str | None = option(
        maybe(twc_id), "", "4 hex digits", "Which Wall Connector serves the car: TWC_ID__<VIN>=4085.", about="charger", per_car=True
    )
    guest_amps: int = option(amps_or_none, "16", "0, 5-80", "Amps for a car that is not yours. 0: none.", about="charger")
    wall_connector_url: str | None = option(maybe(url), "", "http://192.168.1.41", "Your Gen 3 Wall Connector, read only.", about="charger")

    # ---- powerwall
    powerwall_url: str | None = option(maybe(url), "", "https://192.168.1.40", "The Powerwall's gateway at home.", about="powerwall")
    powerwall_password: Secret = option(secret, "", "secret", "Its customer password.", about="powerwall")
    powerwall_fingerprint: str | None = option(
        maybe(fingerprint), "", "64 hex digits", "SHA-256 of its certificate; check shows the one it sees.", about="powerwall"
    )
    powerwall_priority: PowerwallPriority = option(
        choice(PowerwallPriority), "powerwall", ", ".join(PowerwallPriority), "Who gets the sun first.", about="powerwall"
    )
    powerwall_full_soc: int = option(
        whole(50, 100, "percent"), "99", "50-100", "From here the Powerwall counts as full.", about="powerwall"
    )

    # ---- grid
    grid_status_api_key: Secret = option(token, "", "secret", "From gridstatus.io; the free plan is enough.", about="grid")
    grid_status_url: str = option(url, "https://api.gridstatus.io", "a URL", "Where GridStatus answers.", about="grid")
    grid_iso: GridIso | None = option(maybe(choice(GridIso)), "", ", ".join(GridIso), "Your grid. Empty: no grid data.", about="grid")
    grid_location: str | None = option(
        maybe(location), "", "TH_NP15_GEN-APND", "Your price location. Empty: the grid's usual.", about="grid"
    )
    tariff: Tariff | None = option_beside(
        parse_tariff,
        "",
        "flat:0.16, free-nights:21:00-06:00@0.24 or a .toml file",
        "What a kWh costs you. Empty: the day-ahead prices of GRID_ISO, or nights count as cheaper.",
        about="grid",
    )
    price_file: Path | None = option_beside(file_beside, "", "a CSV file", "Prices of your own: start,price[,load_mw][,co2].", about="grid")

    # ---- meter
    energy_monitor_type: MonitorType = option(
        choice(MonitorType), "none", ", ".join(MonitorType), "The meter of the whole house.", about="meter"
    )
    energy_monitor_url: str | None = option(maybe(url), "", "http://192.168.1.42", "Where it answers.", about="meter")
    energy_monitor_password: Secret = option(secret, "", "secret", "Its password, if it has one.", about="meter")

    own: tuple[Own, ...] = field(default=(), kw_only=True)

    @property
    def circuit_amps(self) -> int | None:
        """What the chargers' circuit may carry for hours; None: its breaker is not known."""
        return None if self.twc_breaker_amps is None else self.twc_breaker_amps * self.continuous_percent // 100

    @property
    def main_amps(self) -> int | None:
        """What the house may draw for hours; None: its breaker is not known."""
        return None if self.main_breaker_amps is None else self.main_breaker_amps * self.continuous_percent // 100

    def for_car(self, vin: str, name: str) -> Settings:
        """These settings with that car's own values: VIN beats last six beats name."""
        changes: dict[str, Any] = {}
        for key in (car_key(name), car_key(vin[-6:]), car_key(vin)):
            changes |= {own.field: own.value for own in self.own if own.car == key}
        return replace(self, **changes) if changes else self

    def services(self) -> tuple[tuple[str, str], ...]:
        """(name, URL) of every outside service that is configured; a default URL counts as the host it names."""
        found = (
            ("Tesla", (self.tesla_api_url or REGION_URLS[self.tesla_region]) if self.tesla_access_token else None),
            (
                "Tesla commands",
                (self.tesla_command_url or self.tesla_api_url or REGION_URLS[self.tesla_region]) if self.tesla_access_token else None,
            ),
            ("Powerwall", self.powerwall_url),
            ("Wall Connector", self.wall_connector_url),
            ("meter", self.energy_monitor_url),
            ("GridStatus", self.grid_status_url if self.grid_status_api_key else None),
        )
        return tuple((name, address) for name, address in found if address)


OPTIONS: tuple[Option, ...] = options_of(Settings)


def nothing_configured(settings: Settings) -> bool:
    """Is there neither a car, a charger, a Powerwall nor a meter? Then a cycle has nothing to do."""
    car = settings.tesla_vin or settings.tesla_access_token
    charger = settings.twc_breaker_amps or settings.twc_port or settings.wall_connector_url or settings.twc_id
    return not (car or charger or settings.powerwall_url or settings.energy_monitor_url)


def load(
    env_file: Path | None, environ: Mapping[str, str], state: Path | None = None, *, root: Path, only: frozenset[str] | None = None
) -> Settings:
    """Settings from `env_file` (None: .env in `root`), with known names in `environ` above it. `state` replaces both state folders.

    Raises ConfigError with all problems at once; with `only`, just those that touch the options named there.
    """
    given = config_read.gather(OPTIONS, env_file, environ, root)
    base = (env_file or root / ".env").absolute().parent
    values, own, problems = config_read.parse_all(OPTIONS, given.texts, base)
    settings = _completed(Settings(**values, own=own), values, environ, state, root)
    problems = (*given.problems, *problems, *config_checks.cross_checks(settings))
    told = tuple(problem.text for problem in problems if only is None or problem.names & only)
    if told:
        raise ConfigError(tuple(dict.fromkeys(told)))
    return settings


def _completed(settings: Settings, given: Mapping[str, object], environ: Mapping[str, str], state: Path | None, root: Path) -> Settings:
    """Defaults that depend on other options, on the machine and on where the program lies."""
    api = settings.tesla_api_url or REGION_URLS[settings.tesla_region]
    money = settings.tariff.currency if settings.tariff and "currency" not in given else ""
    return replace(
        settings,
        time_zone=settings.time_zone if "time_zone" in given else config_read.machine_zone(environ.get("TZ", ""), Path("/etc")),
        currency=money or settings.currency,
        tesla_api_url=api,
        tesla_command_url=settings.tesla_command_url or api,
        state_dir=state.absolute() / "data" if state else root / settings.state_dir,
        run_dir=state.absolute() / "run" if state else root / settings.run_dir,
    )
