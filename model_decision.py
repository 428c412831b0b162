"""What one cycle sees and what it decides, as frozen values. decision.json is the Decision in the owner's units."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from model import (
    Alert,
    CarSchedule,
    CarView,
    Ceiling,
    ChargerReport,
    Code,
    Detail,
    MeterReading,
    Missing,
    Overrides,
    Place,
    PowerwallReading,
    Reason,
    Series,
    Trip,
    WallReading,
)
from model_drives import Use
from model_energy import CloudSite, SiteCommand, SiteKind, SiteValue
from model_memory import CommandKind, Memory, Origin, Outcome
from model_target import Step as Step  # noqa: PLC0414 - the form that hands it on
from model_target import Target as Target  # noqa: PLC0414
from model_target import TargetCharger as TargetCharger  # noqa: PLC0414

NOT_ASKED = Missing("powerwall", "Tesla's cloud was not asked")
NO_EXPORT = Missing("tariff", "no price for what is exported")
NO_WEATHER = Missing("weather", "no forecast")
NO_SUN = Missing("weather", "no forecast of the roof's power")
NO_HOUSE_LOAD = Missing("history", "what the house usually draws is not known yet")


@dataclass(frozen=True, slots=True)
class SourceState:
    """How one source did in this cycle. `age_s`: of its newest value; None where there is none. `fatal`: only the owner can mend it;
    `note`: it answers, and something in it is to be mended."""

    name: str
    ok: bool
    age_s: float | None
    why: str
    fatal: bool = False
    note: bool = False


@dataclass(frozen=True, slots=True)
class Budget:
    """The month's Tesla bill. `spent`: dollars counted so far (UTC month); `limit`: TESLA_BUDGET_DOLLARS; `routine_left` excludes the share
    that is reserved for departures and safety; `reserve_left` includes it."""

    spent: float
    limit: float
    routine_left: float
    reserve_left: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that one decision may look at. Nothing else enters it: no clock, no file, no socket."""

    now: datetime
    cars: tuple[CarView, ...]
    memory: Memory
    charger: ChargerReport | Missing
    wall: WallReading | Missing
    powerwall: PowerwallReading | Missing
    meter: MeterReading | Missing
    prices: Series | Missing  # currency per kWh, past days included where known
    load: Series | Missing  # grid load forecast, MW
    co2: Series | Missing  # g/kWh average
    overrides: Overrides
    ceiling: Ceiling | Missing
    budget: Budget
    home: Place | Missing
    commands: bool | Missing  # True: commands to a car can work in this cycle
    trips: tuple[Trip, ...] | Missing = ()
    sources: tuple[SourceState, ...] = ()
    cloud: CloudSite | Missing = NOT_ASKED
    export_prices: Series | Missing = NO_EXPORT  # currency per kWh
    alerts: tuple[Alert, ...] = ()
    temperature: Series | Missing = NO_WEATHER  # deg C at home, hourly
    sun: Series | Missing = NO_SUN  # W expected from the roof
    house_load: Series | Missing = NO_HOUSE_LOAD  # W expected without the cars
    uses: tuple[Use, ...] = ()  # what cars were seen to use on the road


class Action(StrEnum):
    CHARGE = "charge"
    WAIT = "wait"  # not charging, and that is the plan
    STOP = "stop"  # charging, and to be stopped now
    NONE = "none"  # the car is left alone


class Path(StrEnum):
    TWC = "twc"
    CAR = "car"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Need:
    """So much energy by then. `soc`: state of charge due at `by`; `kwh`: at the wall, from now, cumulative over earlier needs and what is
    driven between. `raise_to`: the charge limit that this need asks for above the owner's; None: within his limit. `detail`: event, place,
    km, temperature and how sure they are, for a drive in the calendar."""

    by: datetime
    soc: float
    kwh: float
    code: Code
    text: str
    raise_to: int | None = None
    detail: Detail = field(default_factory=dict, compare=False)  # compared would be hashed, and a dict cannot be


@dataclass(frozen=True, slots=True)
class Slot:
    """What a kWh counts as in [start, end). `value`: what the planner minimises (price weighted with CO2, grid load); `price`: money, for
    people (None: no price is known); `load`: grid load in MW (None: not known); `forecast`: not published, made from past days; `export`:
    what a kWh given back earns (None: not known); `sun_w`: expected from the roof beyond what house and Powerwall take, each kWh of it
    counted as `sun_value`; `futures`: what `value` may turn out to be, one for each past day (empty: known, or nothing tells)."""

    start: datetime
    end: datetime
    value: float
    price: float | None
    load: float | None
    co2: float | None
    forecast: bool
    export: float | None = None
    sun_w: float = 0.0
    sun_value: float = 0.0
    futures: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanSlot:
    """Charge at `amps` in [start, end); `kwh` at the wall, `sun_kwh` of them expected from the roof; `price` per kWh of the rest (None: not
    known)."""

    start: datetime
    end: datetime
    amps: int
    kwh: float
    price: float | None
    forecast: bool
    sun_kwh: float = 0.0


@dataclass(frozen=True, slots=True)
class Command:
    """A command that is due for one car. `dollars`: what Tesla bills for it; `reserved`: may use the reserved share of the budget;
    `urgent`: lowers or stops for a limit, so it may be repeated without looking."""

    vin: str
    kind: CommandKind
    value: int | None
    why: Reason
    dollars: float
    reserved: bool = False
    urgent: bool = False
    schedule: CarSchedule | None = None  # what ADD_SCHEDULE writes; its `value` is the start in minutes after midnight


@dataclass(frozen=True, slots=True)
class Sent:
    """A command of this cycle and what became of it."""

    vin: str
    kind: CommandKind
    value: int | None
    outcome: Outcome
    dollars: float
    answer: str = ""


@dataclass(frozen=True, slots=True)
class SiteSent:
    """A change of the Powerwall's settings in this cycle and what became of it."""

    kind: SiteKind
    value: SiteValue
    outcome: Outcome
    answer: str = ""


@dataclass(frozen=True, slots=True)
class CarDecision:
    """What is decided for one car. `until`: when the decision ends by itself (slot end); `latest_start`: the net under the plan."""

    vin: str
    name: str
    action: Action
    amps: int
    until: datetime | None
    soc: float | Missing
    soc_at: datetime | None
    origin: Origin | None
    path: Path
    reasons: tuple[Reason, ...]
    needs: tuple[Need, ...]
    plan: tuple[PlanSlot, ...]
    cost: float | None
    cost_if_now: float | None
    latest_start: datetime | None
    if_pi_dies: Reason
    commands: tuple[Command, ...]
    max_amps: int = 0  # full permitted amps, for a charge that is left alone and for the safety step


@dataclass(frozen=True, slots=True)
class Decision:
    """One cycle's outcome. `summary`: the one sentence for the owner."""

    now: datetime
    summary: str
    cars: tuple[CarDecision, ...]
    signal: tuple[Slot, ...]
    signal_reasons: tuple[Reason, ...]
    target: Target
    memory: Memory  # what was learned by looking, before any command
    sources: tuple[SourceState, ...]
    dry_run: bool
    next_cycle: datetime
    sent: tuple[Sent, ...] = ()
    site: tuple[SiteCommand, ...] = ()  # changes of the Powerwall's settings that are due
    site_reasons: tuple[Reason, ...] = ()
    site_sent: tuple[SiteSent, ...] = ()
    cars_w: float | None = None  # what the cars at home draw now; None: not known
