"""The shapes of settings: choices, clock spans, departures, secrets. Clock times are minutes since midnight in the owner's zone."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

DAY = 24 * 60
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")  # as datetime.weekday(): Monday is 0
EVERY_DAY = frozenset(range(7))


class Strategy(StrEnum):
    OPTIMAL = "optimal"
    BANDS = "bands"
    CHARGE_LIMIT = "charge-limit"
    TIMER = "timer"
    NOW = "now"


class Control(StrEnum):
    AUTO = "auto"
    TWC = "twc"
    CAR = "car"


class Autostart(StrEnum):
    """What becomes of a charge that the car began by itself when it was plugged in."""

    MANAGE = "manage"
    LEAVE = "leave"


class Prefer(StrEnum):
    COST = "cost"
    GRID = "grid"
    CO2 = "co2"


class Region(StrEnum):
    NA = "na"  # North America, Asia and the Pacific
    EU = "eu"  # Europe, Middle East, Africa
    CN = "cn"


class Units(StrEnum):
    """Of distances, in what people read."""

    AUTO = "auto"
    KM = "km"
    MI = "mi"


class Wake(StrEnum):
    PLUGGED = "plugged"
    NEVER = "never"


class OwnSchedule(StrEnum):
    """What is done about a charge that the car's own schedule begins outside the plan."""

    OVERRIDE = "override"
    RESPECT = "respect"


class CommandProxy(StrEnum):
    """What answers at TESLA_COMMAND_URL."""

    FLEET = "fleet"  # Tesla, or tesla-http-proxy
    BLE = "ble"  # TeslaBleHttpProxy


class LastResort(StrEnum):
    """What is done to a protocol 2 connector that draws its 6 A above a ceiling of less."""

    ALARM = "alarm"
    SILENCE = "silence"  # no heartbeat for half a minute: the car sees a fault


@dataclass(frozen=True, slots=True)
class Address:
    """House number, street and town as the owner wrote them; to be looked up once. Kept out of logs: it says where somebody lives."""

    text: str = field(repr=False)

    def __str__(self) -> str:
        return self.text

    @property
    def key(self) -> str:
        """Stands for the text in state files; another text has another one."""
        from hashlib import sha256  # most owners wrote no street

        return sha256(" ".join(self.text.casefold().split()).encode()).hexdigest()[:16]


class PowerwallPriority(StrEnum):
    POWERWALL = "powerwall"
    CAR = "car"
    SHARED = "shared"


class MonitorType(StrEnum):
    SHELLY_EM = "shelly_em"  # first generation, /status
    SHELLY_RPC = "shelly_rpc"  # Plus, Pro and later
    HOME_ASSISTANT = "home_assistant"  # its sensors, over REST
    MQTT = "mqtt"  # topics of a broker
    NONE = "none"


class GridIso(StrEnum):
    CAISO = "CAISO"
    ERCOT = "ERCOT"
    PJM = "PJM"
    MISO = "MISO"
    NYISO = "NYISO"
    ISONE = "ISONE"
    SPP = "SPP"
    IESO = "IESO"


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A password or token. Neither repr, str nor format show it; only `reveal()` does. Falsy when empty."""

    _value: str = ""

    def reveal(self) -> str:
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(set)" if self._value else "Secret(empty)"


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """start <= minute < end; `end` may be 1440 (24:00). An end at or before the start lies on the next day."""

    start: int
    end: int

    @property
    def crosses_midnight(self) -> bool:
        return self.end <= self.start

    def covers(self, minute: int) -> bool:
        if self.crosses_midnight:
            return minute >= self.start or minute < self.end
        return self.start <= minute < self.end

    def covers_on(self, days: frozenset[int], weekday: int, minute: int) -> bool:
        """As `covers`, on `days` only: what runs across midnight belongs to the day it starts on."""
        after_midnight = self.crosses_midnight and minute < self.end
        return self.covers(minute) and ((weekday - 1) % 7 if after_midnight else weekday) in days


@dataclass(frozen=True, slots=True)
class Departure:
    """The usual departure: at `minute` on `days`."""

    days: frozenset[int]
    minute: int


@dataclass(frozen=True, slots=True)
class ChargeHours:
    """Hours in which the timer charges. `amps` None: as many as are permitted."""

    days: frozenset[int]
    span: TimeSpan
    amps: int | None = None

    def covers(self, weekday: int, minute: int) -> bool:
        return self.span.covers_on(self.days, weekday, minute)


@dataclass(frozen=True, slots=True)
class Own:
    """One car's own value. `car`: VIN, last six or name, as `car_key` writes it; `field`: the field of Settings."""

    car: str
    field: str
    value: object


@dataclass(frozen=True, slots=True)
class Problem:
    """One sentence for the owner, and the options that it touches (the daemon refuses only on its own)."""

    text: str
    names: frozenset[str]


def car_key(text: str) -> str:
    """How cars are compared: without case, spaces as _."""
    return "_".join(text.split()).casefold()


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
