"""The car's own schedule as a safety net: one standing schedule of ours at home, which starts the car in time when nobody else does.

It starts at the latest safe start of a full need (MIN_SOC to READY_SOC, earliest departure of the week), so it makes a plug-in wait by
itself, without a paid stop. It is written only while the car charges, is complete or unplugged: with a stopped car on the plug, adding or
taking away a schedule may begin a charge. The owner's own schedules are never edited."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from math import ceil

from config import Autostart, OwnSchedule, Settings, Strategy
from model import (
    ALL_DAYS,
    DOLLARS,
    OUR_SCHEDULE_ID,
    SLOT,
    Billed,
    CarReading,
    CarSchedule,
    Charging,
    Code,
    Missing,
    Place,
    Reason,
)
from model_decision import Command, Path
from model_memory import CarMemory, Cause, CommandKind, Mark, Outcome
from planners.battery import wall_kwh
from planners.case import Case
from planners.need import goals, least_soc
from planners.net import EARLY
from planners.plan import full_power
from planners.plugin import GRACE
from planners.power import MARGIN, expected_kw
from planners.wish import Wish, wait

DAY = 24 * 60
MOST_LEAD = 18 * 60  # a longer need starts whenever the car comes home: a Tesla plugged in within 6 h of its schedule charges at once
MOVED = 30  # minutes; less is not worth a command
AGAIN = timedelta(days=1)
HIS_WORD = timedelta(days=7)
AGAIN_UNREACHED = timedelta(hours=1)
CALM = (Charging.CHARGING, Charging.COMPLETE, Charging.DISCONNECTED)
HERE_DEG = 0.01  # about a kilometre: a schedule of the owner's for another place does not start the car here


def schedule_commands(case: Case, wish: Wish) -> Iterator[Command]:
    """The command that brings our schedule in the car to what it should be; none where it is so, or where it cannot be changed now."""
    reading = case.reading
    if isinstance(reading, Missing) or reading.at < case.now or reading.charging not in CALM or not _may(case, wish):
        return
    wanted, standing = wanted_schedule(case), case.memory.schedule
    price = DOLLARS[Billed.COMMAND]
    if wanted is None and standing is not None and _rested(case, CommandKind.REMOVE_SCHEDULE):
        why = Reason(Code.SAFETY_SCHEDULE, "our schedule in the car is not needed any more")
        yield Command(case.view.vin, CommandKind.REMOVE_SCHEDULE, OUR_SCHEDULE_ID, why, price)
    if wanted is not None and wanted.start_minutes is not None and _moves(case, wanted):
        text = f"if this Pi fails, the car starts by itself at {minute_text(wanted.start_minutes)}"
        why = Reason(Code.SAFETY_SCHEDULE, text)
        yield Command(case.view.vin, CommandKind.ADD_SCHEDULE, wanted.start_minutes, why, price, schedule=wanted)


def wanted_schedule(case: Case) -> CarSchedule | None:
    """Our standing schedule as it should be now; None: there should be none."""
    settings, home = case.settings, case.snapshot.home
    leaves_alone = settings.strategy is Strategy.NOW or settings.autostart is Autostart.LEAVE  # it must not hold such a car
    if not settings.car_safety_schedule or leaves_alone or not settings.departure_time or isinstance(home, Missing):
        return None
    kw = expected_kw(case, _amps(case))
    if kw <= 0:
        return None
    ready, _, _ = goals(case)
    limit = ready if isinstance(case.limit, Missing) else min(ready, float(case.limit))
    minutes = MARGIN * wall_kwh(case, least_soc(case), limit) / kw * 60 + EARLY.total_seconds() / 60
    first = min(one.minute for one in settings.departure_time)
    slot = int(SLOT.total_seconds()) // 60
    start = (first - min(MOST_LEAD, ceil(minutes))) // slot * slot % DAY
    return CarSchedule(OUR_SCHEDULE_ID, ALL_DAYS, start, None, home.lat, home.lon)


def our_start(schedule: CarSchedule, settings: Settings, after: datetime, before: datetime) -> datetime | None:
    """The newest start of our schedule with after < start <= before, by the house's calendar; None if there is none."""
    if schedule.start_minutes is None or not schedule.enabled:
        return None
    day = before.astimezone(settings.time_zone).date()
    clock = time(schedule.start_minutes // 60, schedule.start_minutes % 60)
    for back in range((before - after).days + 2):
        at = datetime.combine(day - timedelta(days=back), clock, settings.time_zone).astimezone(UTC)
        if after < at <= before:
            return at
    return None


def schedule_marks(old: CarMemory, reading: CarReading, settings: Settings) -> tuple[Mark, ...]:
    """Schedules in the car that were due between two readings: ours, or the owner's. The clocks of car and Pi may differ by minutes, and
    a car that the list showed asleep afterwards was not started by it."""
    before = old.reading
    if before is None:
        return ()
    since = before.at if old.slept_at is None else max(before.at, old.slept_at - GRACE)
    own = our_start(old.schedule, settings, since, reading.at + GRACE) if old.schedule is not None else None
    marks = (Mark(Cause.OUR_SCHEDULE, min(own, reading.at)),) if own is not None else ()
    due = before.schedule_at
    if isinstance(due, Missing) or not before.at < due <= reading.at:
        return marks
    ours = old.schedule is not None and _is_ours(due, old.schedule, settings)
    return marks if ours else (*marks, Mark(Cause.CAR_SCHEDULE, due))


def schedule_in(old: CarMemory, reading: CarReading) -> CarSchedule | None:
    """Ours as the car tells it; as remembered where it does not tell."""
    if isinstance(reading.schedules, Missing):
        return old.schedule
    return next((one for one in reading.schedules if one.ours), None)


def touched(old: CarMemory, reading: CarReading) -> bool:
    """Did the owner change or remove our schedule in the app since the last reading? Then his word stands."""
    if old.schedule is None or old.reading is None or isinstance(reading.schedules, Missing):
        return False
    kinds = (CommandKind.ADD_SCHEDULE, CommandKind.REMOVE_SCHEDULE)
    since = old.reading.at
    found, own = schedule_in(old, reading), old.schedule
    same = found is not None and (found.start_minutes, found.days, found.enabled) == (own.start_minutes, own.days, own.enabled)
    return not same and not any(one.kind in kinds and one.at >= since for one in old.intents)


def owners(reading: CarReading, memory: CarMemory, settings: Settings) -> str:
    """When a schedule of the owner's own would start this car here, in words; "" if it has none."""
    if not isinstance(reading.schedules, Missing):
        place = reading.place
        found = [one for one in reading.schedules if not one.ours and one.enabled and _near(one, place)]
        return ", ".join(minute_text(one.start_minutes) for one in found if one.start_minutes is not None)
    at = reading.schedule_at
    if reading.schedule_pending is not True or isinstance(at, Missing):
        return ""
    if memory.schedule is not None and _is_ours(at, memory.schedule, settings):
        return ""
    return f"{at.astimezone(settings.time_zone):%H:%M}"


def respected(case: Case) -> Wish | None:
    """CAR_SCHEDULE=respect: a car that waits for the owner's own schedule is not started before it."""
    reading = case.reading
    if case.settings.car_schedule is not OwnSchedule.RESPECT or isinstance(reading, Missing) or reading.schedule_pending is not True:
        return None
    when = owners(reading, case.memory, case.settings)
    if not when or case.charging:
        return None
    until = None if isinstance(reading.schedule_at, Missing) or reading.schedule_at <= case.now else reading.schedule_at
    return wait(Reason(Code.CAR_SCHEDULE, f"your schedule in the car starts it at {when}, and CAR_SCHEDULE=respect"), until, firm=True)


def minute_text(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _may(case: Case, wish: Wish) -> bool:
    """At home, with a way to it, and not while the owner wants it left alone."""
    theirs = {Code.HANDS_OFF, Code.HAND_CHARGE, Code.LEFT_ALONE, Code.IN_SERVICE}
    free = not theirs & {reason.code for reason in wish.reasons}
    return free and case.snapshot.budget.routine_left >= DOLLARS[Billed.COMMAND] and (case.plug is None or case.path is not Path.NONE)


def _moves(case: Case, wanted: CarSchedule) -> bool:
    """Is the schedule in the car worth a command? Once a day at most, for the amps come and go with the other car's; and not where the
    owner has changed ours: his word stands for a week, and CAR_SAFETY_SCHEDULE=off for good."""
    standing, by_owner = case.memory.schedule, case.memory.schedule_touched_at
    if by_owner is not None and case.now < by_owner + HIS_WORD:
        return False
    if standing is None or not standing.enabled or standing.start_minutes is None or standing.days != ALL_DAYS:
        return _rested(case, CommandKind.ADD_SCHEDULE)
    if wanted.start_minutes is None or case.plug is None:
        return False  # unplugged, the amps of the plug are not known
    later = (wanted.start_minutes - standing.start_minutes + DAY // 2) % DAY - DAY // 2
    return abs(later) > MOVED and _rested(case, CommandKind.ADD_SCHEDULE)


def _rested(case: Case, kind: CommandKind) -> bool:
    """Not tried in the last day; what was not delivered, or is seen not to have been carried out, is tried again after an hour."""
    tries = [one for one in case.memory.intents if one.kind is kind and one.outcome is not Outcome.NOT_SENT]
    if not tries:
        return True
    told = not isinstance(case.reading, Missing) and not isinstance(case.reading.schedules, Missing)
    soon = (Outcome.UNREACHABLE, Outcome.UNKNOWN, None) if told else (Outcome.UNREACHABLE,)
    return case.now >= tries[-1].at + (AGAIN_UNREACHED if tries[-1].outcome in soon else AGAIN)


def _amps(case: Case) -> int:
    """Amps on which the net counts: what is permitted, shared with the other cars on one circuit, for nobody will take turns then."""
    most, circuit = full_power(case), case.settings.circuit_amps
    return most if circuit is None else min(most, max(circuit // max(1, len(case.snapshot.cars)), case.min_amps))


def _is_ours(at: datetime, schedule: CarSchedule, settings: Settings) -> bool:
    local = at.astimezone(settings.time_zone)
    return local.hour * 60 + local.minute == schedule.start_minutes


def _near(schedule: CarSchedule, place: Place | Missing) -> bool:
    if isinstance(place, Missing):
        return True
    return abs(schedule.lat - place.lat) < HERE_DEG and abs(schedule.lon - place.lon) < HERE_DEG
