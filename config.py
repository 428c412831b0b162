"""The settings. `Settings` is the one table: from it come the checks, .env.example and docs/SETTINGS.md (python -m config_docs).

A field in capitals is the option's name in .env; `NAME__<VIN, its last six, or the car's name>` holds for one car where `per_car` says so.
Amps are per phase; breaker settings are the numbers printed on the breakers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import config_checks
import config_read
from config_home_assistant import Broker, HomeAssistantSettings, PowerUnit, Source
from config_notify import Notify, called
from config_options import Option, option, option_beside, options_of
from config_parsers import (
    choice,
    file_beside,
    fingerprint,
    is_loopback,
    location,
    maybe,
    secret,
    site,
    switch,
    token,
    url,
    whole,
)
from config_places import CalendarAddress, CalendarId, origin, parse_google_calendars, parse_ical_urls
from config_tariff import Tariff, parse_tariff, price_host
from config_values import (
    Address,
    Autostart,
    ChargeHours,
    CommandProxy,
    Control,
    Departure,
    GridIso,
    LastResort,
    MonitorType,
    Own,
    OwnSchedule,
    PowerwallPriority,
    Prefer,
    Region,
    Secret,
    Strategy,
    TimeSpan,
    Units,
    Wake,
    car_key,
)
from errors import ConfigError

__all__ = [
    "OPTIONS",
    "REGION_URLS",
    "Autostart",
    "Broker",
    "ChargeHours",
    "CommandProxy",
    "Control",
    "Departure",
    "GridIso",
    "LastResort",
    "MonitorType",
    "Notify",
    "OwnSchedule",
    "PowerUnit",
    "PowerwallPriority",
    "Prefer",
    "Region",
    "Secret",
    "Settings",
    "Source",
    "Strategy",
    "Tariff",
    "TimeSpan",
    "Units",
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

AUTH_URL, TOKEN_URL = "https://auth.tesla.com", "https://fleet-auth.prd.vn.cloud.tesla.com"
CHINA_URL = "https://auth.tesla.cn"  # both of them


@dataclass(frozen=True, slots=True)
class Settings(HomeAssistantSettings):
    """Everything that the owner can say, with `own` holding what he said for one car only."""

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

    powerwall_site: int | Literal["auto"] | None = option(
        site,
        "",
        "auto or a number",
        "Read the Powerwall through Tesla (Powerwall 3, or no gateway in reach). auto: the account's only one.",
        about="powerwall",
    )
    powerwall_hold: bool = option(
        switch,
        "off",
        "on, off",
        "Keep the Powerwall from emptying itself into the car at night: its reserve is raised while the car charges, and put back.",
        about="powerwall",
    )

    # ---- grid
    grid_status_api_key: Secret = option(token, "", "secret", "From gridstatus.io; the free plan is enough.", about="grid")
    grid_status_url: str = option(url, "https://api.gridstatus.io", "a URL", "Where GridStatus answers.", about="grid")
    grid_iso: GridIso | None = option(maybe(choice(GridIso)), "", ", ".join(GridIso), "Your grid. Empty: no grid data.", about="grid")
    grid_location: str | None = option(
        maybe(location), "", "TH_NP15_GEN-APND", "Your price location. Empty: the grid's usual.", about="grid"
    )
    grid_alerts: bool = option(
        switch,
        "on",
        "on, off",
        "While CAISO or ERCOT asks everybody to save (Flex Alert, emergency), charge only what a departure needs.",
        about="grid",
    )
    caiso_url: str = option(url, "https://www.caiso.com", "a URL", "Where California's grid shows its state and its fuels.", about="grid")
    caiso_oasis_url: str = option(
        url, "https://oasis.caiso.com", "a URL", "Where it gives forecasts and prices, without a GRID_STATUS_API_KEY.", about="grid"
    )
    ercot_url: str = option(url, "https://www.ercot.com", "a URL", "Where the grid of Texas shows its state.", about="grid")
    tariff: Tariff | None = option_beside(
        parse_tariff,
        "",
        "flat:0.16, free-nights:21:00-06:00@0.24, wholesale+0.12, powerwall, a name from tariffs/, a file or an https:// address",
        "What a kWh costs you. Empty: the day-ahead prices of GRID_ISO, or nights count as cheaper.",
        about="grid",
    )
    price_file: Path | None = option_beside(
        file_beside, "", "a CSV file", "Prices of your own: start,price[,load_mw][,co2][,export].", about="grid"
    )

    # ---- places
    ical_urls: tuple[CalendarAddress, ...] = option(
        parse_ical_urls,
        "",
        "https://..., Blue=https://...",
        "Secret iCal addresses of your calendars (docs/CALENDAR.md); a car's name and = in front: drives of that car alone.",
        about="places",
    )
    google_credentials: Path | None = option_beside(
        file_beside,
        "",
        "a JSON file",
        "The key of a Google service account, or the OAuth client of `scheduler.py auth google`. Not needed for ICAL_URLS.",
        about="places",
    )
    google_calendars: tuple[CalendarId, ...] = option(
        parse_google_calendars,
        "",
        "primary, Blue=...@group.calendar.google.com",
        "Which Google calendars, tied to a car as in ICAL_URLS. Empty: primary, after auth google; a service account has none of its own.",
        about="places",
    )
    google_calendar_url: str = option(url, "https://www.googleapis.com", "a URL", "Where Google Calendar answers.", about="places")
    google_token_url: str = option(
        url, "https://oauth2.googleapis.com/token", "a URL", "Where Google's tokens are given out.", about="places"
    )
    calendar_free_events: bool = option(
        switch,
        "on",
        "on, off",
        "Count events that are shown as free too. Google shows all-day events as free unless you say otherwise.",
        about="places",
    )

    # ---- meter
    energy_monitor_type: MonitorType = option(
        choice(MonitorType), "none", ", ".join(MonitorType), "The meter of the whole house.", about="meter"
    )
    energy_monitor_url: str | None = option(maybe(url), "", "http://192.168.1.42", "Where it answers.", about="meter")
    energy_monitor_password: Secret = option(secret, "", "secret", "Its password, if it has one.", about="meter")

    own: tuple[Own, ...] = field(default=(), kw_only=True)
    logged_in: bool = field(default=False, kw_only=True)  # there is a Tesla login in STATE_DIR; the entry script looks

    @property
    def has_tesla(self) -> bool:
        """Is there a way to Tesla at all: a token in the settings, or a login?"""
        return bool(self.tesla_access_token) or self.logged_in

    @property
    def circuit_amps(self) -> int | None:
        """What the chargers' circuit may carry for hours; None: its breaker is not known."""
        return None if self.twc_breaker_amps is None else self.twc_breaker_amps * self.continuous_percent // 100

    @property
    def main_amps(self) -> int | None:
        """What the house may draw for hours; None: its breaker is not known."""
        return None if self.main_breaker_amps is None else self.main_breaker_amps * self.continuous_percent // 100

    @property
    def wants_weather(self) -> bool:
        """Is there anything that a forecast would change: panels, or drives in a calendar?"""
        return self.weather and (self.solar_kwp is not None or bool(self.ical_urls) or self.google_credentials is not None)

    @property
    def has_powerwall(self) -> bool:
        """There is one, as far as the owner said, whether it can be read now or not."""
        return self.powerwall_url is not None or self.powerwall_site is not None

    @property
    def has_meter(self) -> bool:
        """Is there something that measures the whole house, beside a Powerwall?"""
        if self.energy_monitor_type in (MonitorType.HOME_ASSISTANT, MonitorType.MQTT):
            return True
        return self.energy_monitor_url is not None and self.energy_monitor_type is not MonitorType.NONE

    @property
    def broker_user(self) -> str:
        return self.mqtt_user or (self.mqtt_url.user if self.mqtt_url else "")

    @property
    def broker_password(self) -> Secret:
        return self.mqtt_password or (self.mqtt_url.password if self.mqtt_url else Secret())

    @property
    def _has_places(self) -> bool:
        """Is there anything to be found on a map?"""
        return bool(self.ical_urls or self.google_credentials) or isinstance(self.tesla_home_address, Address)

    def for_car(self, vin: str, name: str) -> Settings:
        """These settings with that car's own values: VIN beats last six beats name."""
        changes: dict[str, Any] = {}
        for key in (car_key(name), car_key(vin[-6:]), car_key(vin)):
            changes |= {own.field: own.value for own in self.own if own.car == key}
        return replace(self, **changes) if changes else self

    def _grid_services(self) -> tuple[tuple[str, str | None], ...]:
        """The grid operators' own pages: California's stand in where there is no key, or none that works; both tell of alerts."""
        caiso, ercot = self.grid_iso is GridIso.CAISO, self.grid_iso is GridIso.ERCOT
        return (
            ("CAISO", self.caiso_url if caiso else None),
            ("CAISO OASIS", self.caiso_oasis_url if caiso else None),
            ("ERCOT", self.ercot_url if ercot and self.grid_alerts else None),
        )

    def services(self) -> tuple[tuple[str, str], ...]:
        """(name, URL) of every outside service that is configured; a default URL counts as the host it names."""
        tesla = self.has_tesla
        found = (
            ("Tesla", (self.tesla_api_url or REGION_URLS[self.tesla_region]) if tesla else None),
            ("Tesla commands", (self.tesla_command_url or self.tesla_api_url or REGION_URLS[self.tesla_region]) if tesla else None),
            ("Tesla tokens", (self.tesla_token_url or TOKEN_URL) if self.logged_in else None),
            ("Powerwall", self.powerwall_url),
            ("Wall Connector", self.wall_connector_url),
            ("meter", self.energy_monitor_url),
            ("Home Assistant", self.home_assistant_url),
            ("MQTT", str(self.mqtt_url) if self.mqtt_url else None),
            ("GridStatus", self.grid_status_url if self.grid_status_api_key else None),
            *self._grid_services(),
            ("tariff", price_host(self.tariff)),
            *(("calendar", origin(calendar.address.reveal())) for calendar in self.ical_urls),
            ("Google Calendar", self.google_calendar_url if self.google_credentials else None),
            ("Google tokens", self.google_token_url if self.google_credentials else None),
            *(self.road_services() if self._has_places else ()),
            ("Open-Meteo", self.open_meteo_url if self.wants_weather else None),
            ("notices", called(self.notify_url)),
            ("heartbeat", called(self.heartbeat_url)),
        )
        return tuple((name, address) for name, address in found if address)


OPTIONS: tuple[Option, ...] = options_of(Settings)


def nothing_configured(settings: Settings) -> bool:
    """Is there neither a car, a charger, a Powerwall nor a meter? Then a cycle has nothing to do."""
    car = settings.tesla_vin or settings.has_tesla
    charger = settings.twc_breaker_amps or settings.twc_port or settings.wall_connector_url or settings.twc_id
    return not (car or charger or settings.powerwall_url or settings.has_meter)


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
        tesla_auth_url=settings.tesla_auth_url or (CHINA_URL if settings.tesla_region is Region.CN else AUTH_URL),
        tesla_token_url=settings.tesla_token_url or (CHINA_URL if settings.tesla_region is Region.CN else TOKEN_URL),
        state_dir=state.absolute() / "data" if state else root / settings.state_dir,
        run_dir=state.absolute() / "run" if state else root / settings.run_dir,
    )
