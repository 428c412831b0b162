"""The same house behind loopback sockets: every server of it, and the settings with which Ampshift talks to them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from .caiso_server import OperatorServer
from .calendar_server import CalendarServer
from .fleet import Fleet
from .gen3_server import Gen3Server
from .gridstatus_server import GridStatusServer, Market
from .house import World
from .open_meteo_server import OpenMeteoServer
from .powerwall_server import PowerwallServer
from .roads_server import RoadsServer
from .server import close_all
from .shelly_server import ShellyServer
from .tesla_auth_server import KeyHost, Partner, TeslaAuthServer
from .tesla_tokens import TeslaTokens
from .weather import Sky

NOTHING: Mapping[str, str] = {}


class Network:
    """All servers of `world`, on free ports or from `port_base` upwards. Use it with `with`, or call close()."""

    def __init__(self, world: World, port_base: int = 0, login_limit: int = 30) -> None:
        self.world = world
        ports = [port_base + number if port_base else 0 for number in range(7)]
        self.keyhost = KeyHost(world.faults["keyhost"], port=ports[6])
        self.tokens = TeslaTokens(lambda: world.now, redirects={f"{self.keyhost.url}/"}, domains={self.keyhost.domain})
        self.auth = TeslaAuthServer(self.tokens, world.faults["auth"], port=ports[5])
        self.fleet = Fleet(world, port=ports[0], partner=Partner(self.tokens, "na", self.keyhost.key))
        self.tokens.urls["na"] = self.fleet.url
        self.powerwall = PowerwallServer(world, login_limit=login_limit, port=ports[1])
        self.shelly = ShellyServer(world, port=ports[2])
        self.gen3 = Gen3Server(world, port=ports[3])
        market = Market("caiso", world.market, world.grid_load, lambda: world.now.astimezone(world.spec.zone))
        self.gridstatus = GridStatusServer(market, faults=world.faults["gridstatus"], port=ports[4])
        self.operators = OperatorServer(market, world.faults["operators"], port=port_base and port_base + 10)
        self.calendar = CalendarServer(world.faults["calendar"], port=port_base and port_base + 7)
        self.roads = RoadsServer(world.faults["roads"], port=port_base and port_base + 9)
        self.weather = OpenMeteoServer(Sky(world), world.faults["weather"], port=port_base and port_base + 8)

    def __enter__(self) -> Network:
        return self

    def __exit__(self, *_problem: object) -> None:
        self.close()

    def close(self) -> None:
        close_all(
            self.operators,
            self.fleet,
            self.powerwall,
            self.shelly,
            self.gen3,
            self.gridstatus,
            self.auth,
            self.keyhost,
            self.calendar,
            self.roads,
            self.weather,
        )

    def env(self, state_dir: Path, more: Mapping[str, str] = NOTHING) -> dict[str, str]:
        """Settings for this house, by option name. State goes below `state_dir`, where the tariff file is written too. `more` is added
        or stands instead; an empty text is the default, as for TARIFF where the day-ahead prices are the bill."""
        state_dir.mkdir(parents=True, exist_ok=True)
        self.keyhost.folder = state_dir / "data" / "tesla_site"
        tariff = state_dir / "tariff.toml"
        tariff.write_text(self.world.spec.tou.toml(), encoding="utf-8")
        settings = {
            "TIME_ZONE": str(self.world.spec.zone),
            "STATE_DIR": str(state_dir / "data"),
            "RUN_DIR": str(state_dir / "run"),
            "VOLTAGE": f"{self.world.spec.volts:.0f}",
            "PHASES": str(self.world.spec.phases),
            "MAIN_BREAKER_AMPS": f"{self.world.spec.main_breaker_amps:.0f}",
            "TARIFF": str(tariff),
        }
        return {**settings, **self._car(), **self._meters(), **self._grid(), **self._sun(), **self._places(), **more}

    def write_env(self, path: Path, more: Mapping[str, str] = NOTHING) -> None:
        """The same as a .env file, readable by its owner only as a real one should be; state goes into a folder beside it."""
        lines = [f"{name}={value}" for name, value in self.env(state_beside(path), more).items()]
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)  # one that was there before keeps its rights otherwise
            file.write("\n".join(["# A simulated house: nothing here is real.", *lines, ""]))

    def _car(self) -> dict[str, str]:
        home, circuit = self.world.spec.home, self.world.circuit
        cars = list(self.world.cars.values())
        settings = {
            "TESLA_API_URL": self.fleet.url,
            "TESLA_ACCESS_TOKEN": self.fleet.token,
            "TESLA_AUTH_URL": self.auth.url,
            "TESLA_TOKEN_URL": self.auth.url,
            "TESLA_DOMAIN": self.keyhost.domain,
            "TESLA_KEY_URL": self.keyhost.url,
            "TESLA_VIN": ",".join(self.world.cars),
            "TESLA_HOME_ADDRESS": f"{home.lat},{home.lon}",
            "BATTERY_KWH": f"{cars[0].spec.battery_kwh:g}",
            "CHARGER_MAX_AMPS": str(min(circuit.amps, max(car.spec.max_amps for car in cars))),
        }
        return settings | ({"WALL_CONNECTOR_URL": self.gen3.url} if len(cars) == 1 else {})

    def _places(self) -> dict[str, str]:
        """Only an owner who has written something has a calendar."""
        return {"ICAL_URLS": self.calendar.ical, **self.roads.env()} if self.calendar.entries else self.roads.env("")

    def _meters(self) -> dict[str, str]:
        settings = {"ENERGY_MONITOR_TYPE": "shelly_em", "ENERGY_MONITOR_URL": self.shelly.url}
        if self.world.battery is None:
            return settings
        gateway = {"POWERWALL_URL": self.powerwall.url, "POWERWALL_PASSWORD": self.powerwall.password}
        return settings | gateway | {"POWERWALL_FINGERPRINT": self.powerwall.fingerprint}

    def _sun(self) -> dict[str, str]:
        panels = {"SOLAR_KWP": f"{self.world.spec.solar_kw:g}", "SOLAR_TILT": "0"} if self.world.spec.solar_kw else {}
        return panels | {"OPEN_METEO_URL": self.weather.url}

    def _grid(self) -> dict[str, str]:
        own = {"CAISO_URL": self.operators.url, "CAISO_OASIS_URL": self.operators.url, "ERCOT_URL": self.operators.url}
        return {"GRID_STATUS_URL": self.gridstatus.url, "GRID_STATUS_API_KEY": self.gridstatus.key, "GRID_ISO": "CAISO"} | own


def state_beside(path: Path) -> Path:
    """Where the state of a house with this .env file goes."""
    return path.parent.resolve() / f"{path.name}.state"
