"""The shared values: what is read, decided and remembered. Every other module speaks these words.

| name | unit, sign |
|---|---|
| `*_w` | power in W; `grid_w` + importing - exporting; `battery_w` + discharging - charging; `solar_w`, `load_w` never negative |
| `*_kwh` | energy in kWh, at the wall unless the name says `battery` |
| `*_amps` | current in A per phase; offered whole, measured in 0.1 A |
| `soc` | state of charge in percent, 0-100 |
| `price` | the tariff's currency per kWh; `cost` in the currency; `dollars` is what Tesla bills |
| `co2` | g/kWh; average unless the name says marginal |
| `*_km`, `*_s`, `*_min` | kilometres, seconds, minutes |
| times | aware datetimes in UTC; only text for people and files are in the owner's zone |
| `start`, `end`; `until`, `by` | half-open intervals: start <= t < end |

grid_w + solar_w + battery_w = load_w, the cars included in load_w. A reading that we do not have is `Missing(source, why)`: never 0,
None or NaN. None stands only where there is nothing to know (no charge has begun, no cap was set).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from model_places import Event as Event  # noqa: PLC0414 - the form that hands it on
from model_places import Leg as Leg  # noqa: PLC0414
from model_places import Sure as Sure  # noqa: PLC0414
from model_places import Trip as Trip  # noqa: PLC0414
from model_words import Override as Override  # noqa: PLC0414
from model_words import Overrides as Overrides  # noqa: PLC0414
from model_words import Word as Word  # noqa: PLC0414

RELEASED = datetime(2026, 11, 21, tzinfo=UTC)  # a clock before this has not been set
SLOT = timedelta(minutes=15)


class Billed(StrEnum):
    """What Tesla bills, each answer below 500 (facts: developer.tesla.com, in force since 2025-02-01). The list is free today."""

    LIST = "list"
    DATA = "data"
    COMMAND = "command"
    WAKE = "wake"
    ENERGY = "energy"  # Powerwall calls: several projects say that they are free, Tesla's own words were not seen; so counted as data


DOLLARS: Mapping[Billed, float] = {
    Billed.LIST: 0.0,
    Billed.DATA: 0.002,
    Billed.COMMAND: 0.001,
    Billed.WAKE: 0.02,
    Billed.ENERGY: 0.002,
}
START_DOLLARS = 0.026  # one more start of a car: wake, start, stop, two reads


@dataclass(frozen=True, slots=True)
class Missing:
    """A reading that is not there. `source`: who should have given it; `why`: one clause for the owner."""

    source: str
    why: str


class Code(StrEnum):
    """Every reason that a decision can have. The text is for people, the code is for everything else."""

    # hands off
    NOT_PLUGGED_IN = "NOT_PLUGGED_IN"
    AWAY = "AWAY"
    PLACE_UNKNOWN = "PLACE_UNKNOWN"
    FAST_CHARGING = "FAST_CHARGING"
    NO_POWER = "NO_POWER"
    IN_SERVICE = "IN_SERVICE"
    HANDS_OFF = "HANDS_OFF"
    NO_READING = "NO_READING"
    # the owner's word
    CHARGE_NOW = "CHARGE_NOW"
    OWNER_STOP = "OWNER_STOP"
    HAND_CHARGE = "HAND_CHARGE"
    OWNER_STOPPED = "OWNER_STOPPED"
    LIMIT_RAISED = "LIMIT_RAISED"
    LEFT_ALONE = "LEFT_ALONE"
    # safety
    GRID_DOWN = "GRID_DOWN"
    GRID_DOWN_LOW = "GRID_DOWN_LOW"
    BELOW_MIN_SOC = "BELOW_MIN_SOC"
    STORM_WATCH = "STORM_WATCH"
    LATEST_START = "LATEST_START"
    OVERDUE = "OVERDUE"
    # the plan
    PLAN_SLOT = "PLAN_SLOT"
    WAIT = "WAIT"
    FULL = "FULL"
    BAND = "BAND"
    CHARGE_HOURS = "CHARGE_HOURS"
    NON_SCHEDULED = "NON_SCHEDULED"
    PLUG_AND_CHARGE = "PLUG_AND_CHARGE"
    GUEST = "GUEST"
    ASSUMED_NEED = "ASSUMED_NEED"
    CANNOT_WAIT = "CANNOT_WAIT"
    # needs
    NEED_MIN = "NEED_MIN"
    NEED_READY = "NEED_READY"
    NEED_TARGET = "NEED_TARGET"
    NEED_RULE = "NEED_RULE"
    NEED_TRIP = "NEED_TRIP"
    TRIP_COVERED = "TRIP_COVERED"
    TRIP_UNKNOWN = "TRIP_UNKNOWN"
    TRIP_TOO_FAR = "TRIP_TOO_FAR"
    CHARGE_ON_THE_WAY = "CHARGE_ON_THE_WAY"
    CANNOT_BE_MET = "CANNOT_BE_MET"
    NO_MARGIN = "NO_MARGIN"
    # the signal
    PRICES = "PRICES"
    TARIFF = "TARIFF"
    LOAD_FORECAST = "LOAD_FORECAST"
    NIGHT_CLOCK = "NIGHT_CLOCK"
    PRICE_PROFILE = "PRICE_PROFILE"
    PRICE_SCENARIOS = "PRICE_SCENARIOS"
    WEIGHTS = "WEIGHTS"
    ALERT = "ALERT"
    # following the sun
    FOLLOW_SUN = "FOLLOW_SUN"
    SUN_TOO_WEAK = "SUN_TOO_WEAK"
    CANNOT_FOLLOW = "CANNOT_FOLLOW"
    EXPORT_PAYS = "EXPORT_PAYS"
    EXPECTED_SUN = "EXPECTED_SUN"
    SUN_NOT_COUNTED = "SUN_NOT_COUNTED"
    # manners
    MIN_ON = "MIN_ON"
    MIN_OFF = "MIN_OFF"
    RAMP = "RAMP"
    DEADBAND = "DEADBAND"
    START_LIMIT = "START_LIMIT"
    # limits
    LIMIT_CIRCUIT = "LIMIT_CIRCUIT"
    LIMIT_MAIN = "LIMIT_MAIN"
    LIMIT_CHARGER = "LIMIT_CHARGER"
    LIMIT_CABLE = "LIMIT_CABLE"
    LIMIT_OWNER_AMPS = "LIMIT_OWNER_AMPS"
    LIMIT_CEILING = "LIMIT_CEILING"
    BELOW_MINIMUM = "BELOW_MINIMUM"
    # the Powerwall's settings
    POWERWALL_HELD = "POWERWALL_HELD"
    POWERWALL_BACK = "POWERWALL_BACK"
    POWERWALL_ALONE = "POWERWALL_ALONE"
    # how
    NO_PATH = "NO_PATH"
    NEW_CAR = "NEW_CAR"
    SAFETY_STEP = "SAFETY_STEP"
    LIMIT_RESTORED = "LIMIT_RESTORED"
    LIMIT_FOR_NEED = "LIMIT_FOR_NEED"
    SAFETY_SCHEDULE = "SAFETY_SCHEDULE"
    CAR_SCHEDULE = "CAR_SCHEDULE"
    CAR_DOES_NOT_OBEY = "CAR_DOES_NOT_OBEY"
    OTHER_PATH = "OTHER_PATH"
    NO_OTHER_PATH = "NO_OTHER_PATH"
    WAKE_FOR_SLOT = "WAKE_FOR_SLOT"
    UNKNOWN_OUTCOME = "UNKNOWN_OUTCOME"
    BUDGET = "BUDGET"
    SOURCE_MISSING = "SOURCE_MISSING"


Detail = Mapping[str, str | float | int | bool | None]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was decided: `text` for people, `code` and `detail` for everything else."""

    code: Code
    text: str
    detail: Detail = field(default_factory=dict)


# ---- what is read -------------------------------------------------------------------------------------------------------------


class Charging(StrEnum):
    """Tesla's charging_state, word for word (facts: charge_state table); UNKNOWN is a word that Tesla may add."""

    DISCONNECTED = "Disconnected"
    NO_POWER = "NoPower"
    STARTING = "Starting"
    CHARGING = "Charging"
    COMPLETE = "Complete"
    STOPPED = "Stopped"
    CALIBRATING = "Calibrating"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Place:
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class CarStatus:
    """One row of the account's vehicle list (free of charge): does the car answer now?"""

    vin: str
    name: str
    online: bool
    in_service: bool


ALL_DAYS = 127  # Tesla's bits: Sunday 1, Monday 2, Tuesday 4, Wednesday 8, Thursday 16, Friday 32, Saturday 64
OUR_SCHEDULE_ID = 1095585875  # "AMPS"; the app's own ids are the Unix seconds of when they were made


@dataclass(frozen=True, slots=True)
class CarSchedule:
    """One charge schedule in the car, valid within some hundred metres of its place. `days`: bits, Sunday 1 to Saturday 64; minutes after
    midnight in the car's local time; None: that side is switched off. An end before the start lies on the next day."""

    id: int
    days: int
    start_minutes: int | None
    end_minutes: int | None
    lat: float
    lon: float
    enabled: bool = True

    @property
    def ours(self) -> bool:
        """Written by us; the owner's are never edited."""
        return self.id == OUR_SCHEDULE_ID


@dataclass(frozen=True, slots=True)
class CarReading:
    """One vehicle_data answer. `at`: when it was read (our clock). Each value may be missing: firmware leaves fields out or null."""

    vin: str
    name: str
    at: datetime
    charging: Charging | Missing
    soc: float | Missing
    limit_soc: int | Missing
    limit_min_soc: int | Missing
    limit_max_soc: int | Missing
    request_amps: int | Missing  # what the owner or we asked for
    request_max_amps: int | Missing  # what car, cable and connector allow now
    actual_amps: float | Missing
    volts: float | Missing  # 0-2 when idle
    phases: int | Missing
    energy_added_kwh: float | Missing  # this session
    battery_kwh: float | Missing  # usable capacity, from energy_remaining / soc where the firmware tells
    cable: bool | Missing
    fast_charging: bool | Missing
    driving: bool | Missing
    place: Place | Missing
    schedule_pending: bool | Missing
    schedule_at: datetime | Missing
    in_service: bool
    schedules: tuple[CarSchedule, ...] | Missing = Missing("tesla", "no charge schedules in the answer")  # firmware before 2024.26
    odometer_km: float | Missing = Missing("tesla", "no odometer in the answer")


@dataclass(frozen=True, slots=True)
class CarView:
    """What one cycle knows of one car: is it awake, and its newest reading, fresh or from memory (then `reading.at` is old)."""

    vin: str
    name: str
    status: CarStatus | Missing
    reading: CarReading | Missing
    tried_at: datetime | None = None  # a paid reading was tried in this cycle, whatever came of it


@dataclass(frozen=True, slots=True)
class SiteConnector:
    """A Wall Connector that belongs to the Powerwall's site, as Tesla's cloud sees it. `vin`: of the car on it; None: no car of Tesla's."""

    din: str
    vin: str | None
    watts: float | Missing


@dataclass(frozen=True, slots=True)
class PowerwallReading:
    at: datetime
    grid_w: float
    battery_w: float
    solar_w: float
    load_w: float
    soc: float | Missing  # as the app shows it
    reserve_soc: float | Missing
    mode: str | Missing
    grid_up: bool | Missing
    storm_watch: bool | Missing  # the local gateway does not tell; the Fleet API does
    connectors: tuple[SiteConnector, ...] = ()


@dataclass(frozen=True, slots=True)
class MeterReading:
    """`at`: when it was measured, as far as the meter tells; most measure the grid alone."""

    at: datetime
    grid_w: float
    volts: float | Missing
    solar_w: float | Missing = Missing("meter", "it does not measure the sun")
    load_w: float | Missing = Missing("meter", "it does not measure what the house draws")


@dataclass(frozen=True, slots=True)
class WallReading:
    """Wall Connector Gen 3 vitals: read only, no VIN."""

    at: datetime
    connected: bool
    contactor_closed: bool
    amps: float
    volts: float
    session_kwh: float
    session_s: float


@dataclass(frozen=True, slots=True)
class Charger:
    """One connector of charger.json (written by twc_daemon)."""

    id: str
    protocol: int
    rated_amps: int
    min_amps: int
    offered_amps: int
    actual_amps: float
    reserved_amps: int
    can_stop: bool
    plugged: bool | None
    state: str
    since: datetime | None
    vin: str | None
    energy_kwh: float | None
    volts: float | None
    alarms: tuple[str, ...]
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class ChargerReport:
    """charger.json as a whole. `link`: up or down. `at`: written_at."""

    at: datetime
    link: str
    chargers: tuple[Charger, ...]
    alarms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """A value that holds from `start` (included) to `end` (excluded)."""

    start: datetime
    end: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Series:
    """Points in time order without overlap; gaps may occur. `fetched_at`: when it was got from `source`."""

    source: str
    unit: str
    fetched_at: datetime
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Alert:
    """The grid's operator asks everybody to draw less in [start, end). `level`: his word for it ("Flex Alert", "EEA 2")."""

    source: str
    level: str
    start: datetime
    end: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Ceiling:
    """ceiling.json, written by the overload guard. `amps` None: no ceiling."""

    at: datetime
    amps: int | None
    why: str
