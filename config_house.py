"""The first part of the table: the house and what its owner wishes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from config_notify import Notify, heartbeat_url, notify_url
from config_options import option
from config_parsers import (
    address,
    amps_or_none,
    charge_hours,
    choice,
    currency,
    decimal,
    departures,
    folder,
    host_name,
    listed,
    maybe,
    one_of,
    secret,
    span,
    switch,
    whole,
    zone,
)
from config_values import (
    Autostart,
    ChargeHours,
    Control,
    Departure,
    Prefer,
    Secret,
    Strategy,
    TimeSpan,
)

percent = whole(0, 100, "percent")
wish = maybe(whole(50, 100, "percent"))  # a Tesla takes no charge limit below 50


# Only `Settings` itself is ever made: constructors of its five parts would cost each start some 30 ms.
@dataclass(frozen=True, slots=True, init=False, repr=False, eq=False)
class HouseSettings:
    """See Settings in config.py."""

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

    notify_url: Secret = option(
        notify_url,
        "",
        "https://ntfy.sh/your-topic, https://... (a webhook) or an address of apprise's such as mailto://...",
        "Where you are told what you must know. Keep it secret. Try it: `scheduler.py check --notify`.",
        about="house",
    )
    notify: Notify = option(
        choice(Notify),
        "problems",
        ", ".join(Notify),
        "problems: what you can do something about, and the month's summary. all: also when a car is full, your limit changed or all is "
        "well again.",
        about="house",
    )
    heartbeat_url: Secret = option(
        heartbeat_url,
        "",
        "https://hc-ping.com/...",
        "Fetched after each good cycle: a service that misses it writes to you when this Pi or its network is dead.",
        about="house",
    )

    # ---- page
    page_address: str = option(
        address,
        "127.0.0.1",
        "an IP address",
        "Where app.py shows its page. Other than this machine (0.0.0.0): with PAGE_PASSWORD only.",
        about="page",
    )
    page_port: int = option(whole(1024, 65535), "8050", "1024-65535", "Its port.", about="page")
    page_password: Secret = option(secret, "", "secret", "Its password, at least 8 characters.", about="page")
    page_names: tuple[str, ...] = option(
        listed(host_name),
        "",
        "house.example, ...",
        "Names under which a browser may ask for the page, beside IP addresses and this machine's own name.",
        about="page",
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
