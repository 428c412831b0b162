"""The second part of the table: cars and chargers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from config_house import HouseSettings
from config_options import option
from config_parsers import (
    amps_or_none,
    choice,
    decimal,
    domain_or_none,
    home,
    listed,
    maybe,
    port,
    printable,
    redirect_or_none,
    switch,
    token,
    twc_id,
    url,
    url_or_default,
    vin,
    whole,
)
from config_values import (
    Address,
    CommandProxy,
    LastResort,
    OwnSchedule,
    Region,
    Secret,
    Wake,
)
from model import Place

amps = whole(1, 80, "A")


@dataclass(frozen=True, slots=True, init=False, repr=False, eq=False)
class CarSettings(HouseSettings):
    """See Settings in config.py."""

    # ---- car
    tesla_vin: tuple[str, ...] = option(listed(vin), "", "17 characters", "Your car's VIN; several parted by commas.", about="car")
    tesla_region: Region = option(
        choice(Region), "na", ", ".join(Region), "Where your Tesla account lives: na also for Asia and the Pacific.", about="car"
    )
    tesla_api_url: str = option(url_or_default, "", "a URL", "Reads of the car. Empty: Tesla's, by TESLA_REGION.", about="car")
    tesla_command_url: str = option(
        url_or_default,
        "",
        "a URL",
        "A proxy for commands to the car. Empty: none, they are signed here with tesla_key.pem in STATE_DIR where there is one.",
        about="car",
    )
    tesla_command_proxy: CommandProxy = option(
        choice(CommandProxy),
        "fleet",
        ", ".join(CommandProxy),
        "What answers at TESLA_COMMAND_URL: fleet is tesla-http-proxy, ble TeslaBleHttpProxy near the car, which costs nothing at Tesla.",
        about="car",
    )
    tesla_access_token: Secret = option(
        token, "", "secret", "A Fleet API token, instead of the login that `scheduler.py auth tesla` makes.", about="car"
    )
    tesla_client_id: str = option(
        printable, "", "text", "The client ID of your app at developer.tesla.com; auth tesla asks for it too.", about="car"
    )
    tesla_client_secret: Secret = option(
        token, "", "secret", "Its client secret, for auth tesla only: it asks for it, so it need not stand here.", about="car"
    )
    tesla_domain: str = option(domain_or_none, "", "a host name", "Where your public key lies, such as yourname.github.io.", about="car")
    tesla_key_url: str = option(url_or_default, "", "a URL", "The same as a URL. Empty: https:// and TESLA_DOMAIN.", about="car")
    tesla_redirect_url: str = option(
        redirect_or_none, "", "a URL", "The redirect URL of your app, letter by letter. Empty: TESLA_KEY_URL with a / behind.", about="car"
    )
    tesla_auth_url: str = option(url_or_default, "", "a URL", "Tesla's log-in page. Empty: Tesla's, by TESLA_REGION.", about="car")
    tesla_token_url: str = option(url_or_default, "", "a URL", "Where tokens are renewed. Empty: Tesla's, by TESLA_REGION.", about="car")
    tesla_home_address: Place | Address | Literal["here"] | None = option(
        home,
        "",
        "an address, lat,lon or here",
        "Where home is; elsewhere the car is never touched. An address is looked up once (check shows where); here: where the car stands.",
        about="car",
    )
    home_radius_m: int = option(whole(20, 5000, "metres"), "150", "20-5000", "How far from that point is still at home.", about="car")
    tesla_budget_dollars: float = option(
        decimal(0, 1000, "dollars"), "9", "0-1000", "What Tesla may bill in a month; Tesla's free credit is 10.", about="car"
    )
    tesla_list_price: float = option(
        decimal(0, 1, "dollars"), "0", "0-1", "Dollars for one read of the vehicle list, which is free today.", about="car"
    )
    tesla_energy_price: float = option(
        decimal(0, 1, "dollars"),
        "0.002",
        "0-1",
        "Dollars for one Powerwall call to Tesla. Some say they are free: write 0 when your bill shows it, and it is read each cycle.",
        about="car",
    )
    wake: Wake = option(
        choice(Wake), "plugged", ", ".join(Wake), "Wake a sleeping car at home when it must charge, or never.", about="car", per_car=True
    )
    car_safety_schedule: bool = option(
        switch,
        "on",
        "on, off",
        "Keep one charge schedule of ours in the car: it charges in time when this Pi, the Wi-Fi or the login is dead.",
        about="car",
        per_car=True,
    )
    car_schedule: OwnSchedule = option(
        choice(OwnSchedule),
        "override",
        ", ".join(OwnSchedule),
        "A charge that your own schedule in the car begins outside the plan: stop it once per plug-in, or leave it alone.",
        about="car",
        per_car=True,
    )
    battery_kwh: float = option(
        decimal(10, 250, "kWh"), "75", "10-250", "Usable battery, where the car does not tell.", about="car", per_car=True
    )
    efficiency_percent: int = option(whole(50, 100, "percent"), "90", "50-100", "From the wall into the battery.", about="car")
    assumed_kwh: float = option(decimal(0, 200, "kWh"), "20", "0-200", "What a car that cannot be read is thought to need.", about="car")

    # ---- charger
    charger_max_amps: int = option(amps, "48", "1-80", "The most that your charger gives.", about="charger", per_car=True)
    charger_min_amps: int = option(
        whole(1, 32, "A"),
        "5",
        "1-32",
        "Below this there is no charging. Less than 5 only over the API: some Teslas take it, when asked twice, until they are unplugged.",
        about="charger",
        per_car=True,
    )
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
