"""The rules, first match wins. Each is a function that answers with a wish or None; reading `RULES` is reading the policy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from config import Autostart, OwnSchedule, Wake
from model import START_DOLLARS, CarReading, Charging, Code, Missing, Reason, Word
from model_memory import CommandKind, Origin, Outcome, Plug
from planners.car_schedule import respected
from planners.case import Case
from planners.need import least_soc, needs
from planners.net import latest_start
from planners.owner_limit import FULL_FROM
from planners.plan import CarPlan, full_power
from planners.strategy import by_strategy
from planners.texts import clock
from planners.wish import Wish, alone, charge, wait

Rule = Callable[[Case, CarPlan], Wish | None]
RUNS = (Charging.CHARGING, Charging.STARTING)
NET_HOLDS = timedelta(hours=2)  # what 13 hours of charging gain
NOT_TO_BE_STOPPED = 4 * START_DOLLARS  # a wake may fail, and a slow car is woken twice
POWER_MAY_BE_BACK = timedelta(minutes=30)  # each try costs a wake


def rule(case: Case, plan: CarPlan) -> Wish:
    """The wish of the first rule that matches."""
    for each in RULES:
        wish = each(case, plan)
        if wish is not None:
            return wish
    return by_strategy(case, plan)


def _unplugged(case: Case, plan: CarPlan) -> Wish | None:
    if case.plug is not None:
        return None
    if isinstance(case.reading, Missing) and case.charger is None:
        return alone(Reason(Code.NO_READING, f"the car has not been read yet ({case.reading.why})"))
    if isinstance(case.reading, CarReading) and case.reading.fast_charging is True:
        return alone(Reason(Code.FAST_CHARGING, "the car is at a fast charger"))
    if isinstance(case.reading, CarReading) and case.home is False and case.reading.charging is not Charging.DISCONNECTED:
        return alone(Reason(Code.AWAY, "the car is not at home: it is left alone"))
    return alone(Reason(Code.NOT_PLUGGED_IN, "the car is not plugged in"))


def _elsewhere(case: Case, plan: CarPlan) -> Wish | None:
    if case.home is False:
        return alone(Reason(Code.AWAY, "the car is not at home: it is left alone"))
    if isinstance(case.home, Missing):
        return alone(Reason(Code.PLACE_UNKNOWN, f"it is not known whether the car is at home ({case.home.why}): it is left alone"))
    return None


def _cannot(case: Case, plan: CarPlan) -> Wish | None:
    reading = case.reading
    if not isinstance(reading, Missing):
        if reading.in_service:
            return alone(Reason(Code.IN_SERVICE, "the car is in service"))
        if reading.charging is Charging.NO_POWER and case.charger is None and not _slept_on_it(case, reading):
            return alone(Reason(Code.NO_POWER, "the car is plugged in but gets no power: look at the breaker and the connector"))
    if not isinstance(case.view.status, Missing) and case.view.status.in_service:
        return alone(Reason(Code.IN_SERVICE, "the car is in service"))
    return None


def _slept_on_it(case: Case, reading: CarReading) -> bool:
    """It fell asleep without power, which may be back by now: only waking it can tell, when it is due."""
    return not isinstance(case.view.status, Missing) and not case.awake and case.now - reading.at >= POWER_MAY_BE_BACK


def _hands_off(case: Case, plan: CarPlan) -> Wish | None:
    if case.word is None or case.word.word is not Word.HANDS_OFF:
        return None
    return alone(Reason(Code.HANDS_OFF, f"you said hands off{_until(case)}"))


def _owners_word(case: Case, plan: CarPlan) -> Wish | None:
    if case.word is None:
        return None
    if case.word.word is Word.STOP:
        return wait(Reason(Code.OWNER_STOP, f"you said stop{_until(case)}"), case.word.until, firm=True)
    if _full(case):
        return None
    amps = min(max(case.word.amps, case.min_amps) if case.word.amps else full_power(case), full_power(case))
    return charge(amps, Reason(Code.CHARGE_NOW, f"you said charge now{_until(case)}{_at(case, amps)}"), case.word.until, firm=True)


def _hand(case: Case, plan: CarPlan) -> Wish | None:
    """A charge that the owner started is left alone while it charges; with AUTOSTART=leave also what the car began by itself."""
    plug, status = case.plug, case.view.status
    if plug is None or plug.charging_since is None or isinstance(case.reading, Missing) or case.reading.charging not in RUNS:
        return None  # without current for a moment too: he stopped it and started it again, and it is still his
    if not isinstance(status, Missing) and not status.online and not case.charging:
        return None  # it fell asleep since that reading: his charge has ended, and the plan must not wait for ever
    if plug.origin is Origin.HAND:
        return alone(Reason(Code.HAND_CHARGE, "you started this charge yourself: it is left alone until it ends"))
    if plug.origin is Origin.CAR and (plug.overrode or case.settings.car_schedule is OwnSchedule.RESPECT):
        return alone(Reason(Code.CAR_SCHEDULE, _his_schedule(plug)))
    if case.settings.autostart is Autostart.LEAVE and plug.origin in (Origin.PLUG_IN, Origin.CAR):
        return alone(Reason(Code.LEFT_ALONE, "the car started by itself, and AUTOSTART=leave"))
    return None


def _his_schedule(plug: Plug) -> str:
    again = "began it again, after it was stopped once in this plug-in" if plug.overrode else "began it, and CAR_SCHEDULE=respect"
    return f"your own schedule in the car {again}: it is left alone"


def _grid_down(case: Case, plan: CarPlan) -> Wish | None:
    powerwall = case.snapshot.powerwall
    if isinstance(powerwall, Missing) or powerwall.grid_up is not False:
        return None
    low = not isinstance(case.level, Missing) and case.level < least_soc(case)
    if low and not isinstance(powerwall.soc, Missing) and powerwall.soc > 50:
        text = f"the grid is down; the car is below {case.settings.min_soc} % and the Powerwall holds {powerwall.soc:.0f} %"
        return charge(case.min_amps, Reason(Code.GRID_DOWN_LOW, text), firm=True)
    return wait(Reason(Code.GRID_DOWN, "the grid is down: the house comes first"), firm=True)


def _limit_raised(case: Case, plan: CarPlan) -> Wish | None:
    if case.plug is None or not case.plug.full_power or case.plug.owner_stopped or _full(case):
        return None
    text = f"you raised the limit to {FULL_FROM} % or more: full power until unplugged"
    return charge(full_power(case), Reason(Code.LIMIT_RAISED, text), firm=True)


def _below_min(case: Case, plan: CarPlan) -> Wish | None:
    least = least_soc(case)
    if isinstance(case.level, Missing) or case.level >= least:
        return None
    text = f"{case.level:.0f} % is below the least you want ({least:.0f} %): now"
    return charge(full_power(case), Reason(Code.BELOW_MIN_SOC, text), firm=True)


def _storm(case: Case, plan: CarPlan) -> Wish | None:
    powerwall = case.snapshot.powerwall
    stopped = case.plug is not None and case.plug.owner_stopped
    if isinstance(powerwall, Missing) or powerwall.storm_watch is not True or stopped or _full(case):
        return None
    return charge(full_power(case), Reason(Code.STORM_WATCH, "Storm Watch: filled while the grid is up"), firm=True)


def _late(case: Case, plan: CarPlan) -> Wish | None:
    """The net under every plan and strategy: from the latest safe start on, full power."""
    if plan.latest_start is None or plan.latest_start > case.now + _held(case):
        return None
    due = min(needs(case), key=lambda need: latest_start(case, need, full_power(case)))
    if _full(case) and due.raise_to is None:
        return None
    when = clock(due.by, case.now, case.settings.time_zone)
    if due.code is Code.OVERDUE:
        return charge(full_power(case), Reason(Code.OVERDUE, f"not ready at {when}: full power now"), firm=True)
    return charge(full_power(case), Reason(Code.LATEST_START, f"full power now, or {due.soc:.0f} % by {when} is not safe"), firm=True)


def _held(case: Case) -> timedelta:
    """The net that has caught a charge holds it: at full power the charge gains on its margin of 15 %, and to stop it for the minutes
    won would cost a wake and a start, of which each may fail."""
    starts = [
        i.why for i in case.memory.intents if i.kind is CommandKind.START and i.outcome in (Outcome.DONE, Outcome.ALREADY, Outcome.UNKNOWN)
    ]
    caught = bool(starts) and starts[-1] in (Code.LATEST_START, Code.OVERDUE)
    return NET_HOLDS if caught and case.charging else timedelta()


def _owner_stopped(case: Case, plan: CarPlan) -> Wish | None:
    if case.plug is None or not case.plug.owner_stopped:
        return None
    text = "you stopped this charge: only the minimum, the latest safe start or your word starts it again"
    return wait(Reason(Code.OWNER_STOPPED, text), plan.latest_start, firm=True)


def _only_now(case: Case, plan: CarPlan) -> Wish | None:
    """What waits now could not be started again in time: then waiting would strand somebody."""
    if plan.latest_start is None or not case.awake or not case.view.vin or case.snapshot.commands is not True:
        return None
    if case.settings.wake is Wake.NEVER and case.memory.schedule is None:
        text = "WAKE=never: a car that waits falls asleep and cannot be started again, so it charges now"
        return charge(full_power(case), Reason(Code.WAKE_FOR_SLOT, text))
    if case.charging and case.snapshot.budget.reserve_left < NOT_TO_BE_STOPPED:
        text = "the Tesla budget would not last to start it again: the charge that runs goes on"
        return charge(full_power(case), Reason(Code.BUDGET, text))
    return None


def _full(case: Case) -> bool:
    """At the limit that stands in the car now, or complete."""
    reading, level = case.reading, case.level
    if isinstance(reading, Missing):
        return False
    if isinstance(level, Missing) or isinstance(reading.limit_soc, Missing):
        return reading.charging is Charging.COMPLETE
    return level >= reading.limit_soc


def _at(case: Case, amps: int) -> str:
    """What was asked for, where that cannot be."""
    asked = case.word.amps if case.word is not None else None
    if asked is None or asked == amps:
        return ""
    return f" ({asked} A said; {amps} A is {'the most that is permitted' if amps < asked else 'the least a car charges with'})"


def _until(case: Case) -> str:
    until = case.word.until if case.word is not None else None
    return f" until {clock(until, case.now, case.settings.time_zone)}" if until is not None else ""


RULES: tuple[Rule, ...] = (
    _unplugged,
    _elsewhere,
    _cannot,
    _hands_off,
    _owners_word,
    _hand,
    _grid_down,
    _limit_raised,
    _below_min,
    _storm,
    _late,
    _owner_stopped,
    lambda case, _plan: respected(case),
    _only_now,
)
