"""What Ampshift remembers between two cycles (memory.json), as frozen values. A cycle is a function of a snapshot and this."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from model import CarReading, CarSchedule, Place
from model_energy import CloudSite, SiteKind, SiteValue


class Origin(StrEnum):
    """Whose charge is it? A Tesla starts by itself when plugged in, and the API does not say who started it."""

    OURS = "ours"
    CAR = "car"  # the car's own schedule
    PLUG_IN = "plug-in"  # it started by itself when it was plugged in
    HAND = "hand"  # the owner started it: left alone


class Cause(StrEnum):
    """Something of ours (or of the car's schedule) that may have begun a charge."""

    START = "start"  # charge_start of ours, also of unknown outcome
    OFFER = "offer"  # our offer on RS-485 rose
    HEARTBEAT = "heartbeat"  # our heartbeat came back
    POWER = "power"  # the power came back
    OUR_SCHEDULE = "our-schedule"  # a schedule of ours in the car was due
    CAR_SCHEDULE = "car-schedule"  # the car's own schedule was due


class CommandKind(StrEnum):
    """What can be asked of a car. `wake` and the charging commands differ in price."""

    START = "charge_start"
    STOP = "charge_stop"
    AMPS = "set_charging_amps"
    LIMIT = "set_charge_limit"
    WAKE = "wake_up"
    ADD_SCHEDULE = "add_charge_schedule"  # the same id replaces
    REMOVE_SCHEDULE = "remove_charge_schedule"


class Outcome(StrEnum):
    """What became of a command. An intent without an outcome on disk is UNKNOWN: look first, never repeat blindly."""

    DONE = "done"
    ALREADY = "already"  # it was so before: also good
    REFUSED = "refused"  # the car or Tesla said no
    UNREACHABLE = "unreachable"  # certainly not delivered
    UNKNOWN = "unknown"  # may have been carried out
    NOT_SENT = "not-sent"  # dry run, or the budget is spent


@dataclass(frozen=True, slots=True)
class Mark:
    """A cause at a time."""

    cause: Cause
    at: datetime


@dataclass(frozen=True, slots=True)
class Intent:
    """A command as it is written to disk before it is sent, and what became of it (None until an answer was recorded)."""

    kind: CommandKind
    value: int | None  # amps, percent, a schedule's start (ADD_SCHEDULE) or id (REMOVE_SCHEDULE)
    why: str
    at: datetime
    dollars: float
    outcome: Outcome | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Plug:
    """One plug-in, from plugging to unplugging. Times are when we saw it, not when it happened."""

    since: datetime
    known_from_start: bool  # False: memory was missing, the car may have been plugged in for long
    rest_at: datetime | None = None  # newest reading at rest
    charging_since: datetime | None = None  # first reading of the charge that runs now
    origin: Origin | None = None  # of the charge that runs or ran last
    completed: bool = False  # the last rest was Complete
    owner_stopped: bool = False  # a charge stopped without us, below its limit, with power there
    full_power: bool = False  # the owner raised his limit to 95 or more in this plug-in
    starts: int = 0  # our starts for sun and price
    overrode: bool = False  # a start of the car's own schedule was stopped once
    amps_cap: int | None = None  # the owner set fewer amps than we offered
    limit_his: bool = False  # he changed the limit that we had raised: it is not raised again
    meter_kwh: float | None = None  # the connector's energy counter when the plug-in was first seen
    session: str = ""  # what the connector calls this plug or session


@dataclass(frozen=True, slots=True)
class OwnerLimit:
    """The charge limit in the app. `seen`: newest value; `lowest`: the lowest ever seen (100: it always stood there, an LFP habit);
    `own`: his value, stored before we raised it to `raised_to`; None: we have not."""

    seen: int | None = None
    lowest: int | None = None
    own: int | None = None
    raised_to: int | None = None


@dataclass(frozen=True, slots=True)
class CarMemory:
    """All that is remembered of one car."""

    vin: str
    name: str
    reading: CarReading | None = None  # the newest, however old
    status_online: bool | None = None
    tried_at: datetime | None = None  # newest paid read, also a failed one
    online_from: datetime | None = None  # the list has shown it online since its newest reading: first
    online_to: datetime | None = None  # and last; a time in which nobody looked counts too
    stood_at: datetime | None = None  # newest cycle in which a connector at home saw it on its plug
    session_s: float | None = None  # the only car's Gen 3 connector: its session's seconds and energy in the newest cycle
    session_kwh: float | None = None
    stranger_at: datetime | None = None  # another session began there since its newest reading: it may be a guest's
    plug: Plug | None = None  # None: not plugged in, or never seen
    limit: OwnerLimit = OwnerLimit()
    amps_set: int | None = None  # the amps that we asked for last, and that were not refused
    amps_own: int | None = None  # the owner's amps before our first change, to hand back
    schedule: CarSchedule | None = None  # ours, in the car as far as known: also one whose answer was lost
    schedule_touched_at: datetime | None = None  # when the owner was seen to have changed or removed ours in the app
    offered_amps: int = 0  # our newest offer on RS-485 (target.json)
    overdrawn_since: datetime | None = None  # since then more flows than an unchanged offer and its tolerance
    sensor_plugged: bool = False  # a connector at home saw a car plugged in, in the newest cycle
    on_wire: bool = False  # a Gen 2 connector of ours was matched to it in the newest cycle
    on_since: datetime | None = None  # our newest start or first reading of a charge, for the minimum on time
    off_since: datetime | None = None
    last_woken: datetime | None = None
    due_at: datetime | None = None  # when its decision changes next: then the list is asked for, also where Tesla bills it
    slept_at: datetime | None = None  # newest cycle in which the list showed it asleep: then nothing charged
    unplugged_at: datetime | None = None  # newest reading without a plug at home: ends charge-now and stop
    flowed_at: datetime | None = None  # newest reading with a charge that runs
    completed_at: datetime | None = None  # newest reading Complete: ends charge-now
    marks: tuple[Mark, ...] = ()  # causes of the last day, in time order
    intents: tuple[Intent, ...] = ()  # of the last two days, in time order, and a refused schedule; at most the last one without an outcome


@dataclass(frozen=True, slots=True)
class Held:
    """One setting of the Powerwall that we changed: the owner's value, stored before our first change, and ours."""

    kind: SiteKind
    own: SiteValue
    ours: SiteValue


@dataclass(frozen=True, slots=True)
class SiteIntent:
    """A change of the Powerwall as it is written to disk before it is sent, and what became of it."""

    kind: SiteKind
    value: SiteValue
    at: datetime
    outcome: Outcome | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class SiteMemory:
    """The Powerwall in Tesla's cloud. `cloud`: newest answer, however old; `wanted`: a car draws from the grid, or is about to;
    `settled`: nothing more is to be raised during this charge (the owner changed it himself, or nothing needed to be)."""

    cloud: CloudSite | None = None
    asked_at: datetime | None = None  # newest try, also a failed one
    wanted: bool = False
    settled: bool = False
    held: tuple[Held, ...] = ()
    intents: tuple[SiteIntent, ...] = ()  # of the last two days


@dataclass(frozen=True, slots=True)
class Memory:
    """memory.json. `last_cycle`: the now of the newest cycle that acted; `doubted`: nows of cycles that met a doubtful clock."""

    cars: tuple[CarMemory, ...] = ()
    last_cycle: datetime | None = None
    doubted: tuple[datetime, ...] = ()
    problems: tuple[str, ...] = ()  # what was written to stderr last, so that cron mails only changes
    home: Place | None = None  # learned, or looked up, and told to the owner
    home_of: str = ""  # Address.key of what was looked up; "": learned by TESLA_HOME_ADDRESS=here
    charger_link_since: datetime | None = None
    grid_up: bool | None = None
    site: SiteMemory = SiteMemory()

    def car(self, vin: str) -> CarMemory | None:
        return next((car for car in self.cars if car.vin == vin), None)
