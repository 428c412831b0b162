"""What happens to a car if this Pi stops now: said before it happens, so that nobody learns it in the morning."""

from __future__ import annotations

from collections.abc import Sequence

from model import Code, Missing, Reason
from model_decision import Action, Command, Need, Path
from model_memory import CommandKind
from planners.car_schedule import minute_text
from planners.case import Case
from planners.target import Settled
from planners.texts import clock


def if_pi_dies(one: Settled, wanted: tuple[Need, ...], due: Sequence[Command]) -> Reason:
    """One sentence about this car's fate without us. `due`: what it is sent in this cycle."""
    case, wish = one.case, one.wish
    zone = case.settings.time_zone
    if wish.action is Action.NONE:
        return Reason(Code.HANDS_OFF, "nothing changes: this car is left alone")
    if case.path is Path.TWC and case.charger is not None:
        return Reason(Code.SAFETY_STEP, _on_the_wire(case))
    if wish.action is Action.CHARGE:
        return Reason(Code.PLAN_SLOT, f"the charge goes on {_to_limit(case, due)}, at any price")
    if not wanted:
        return Reason(Code.FULL, "the car keeps what it has")
    start = _net(case)
    if start:
        return Reason(Code.SAFETY_SCHEDULE, f"the car starts by itself at {start}, by our schedule in it, and charges to its own limit")
    by = clock(wanted[0].by, case.now, zone)
    return Reason(Code.WAIT, f"the car stays stopped: start it in the Tesla app, or it lacks {wanted[0].kwh:.1f} kWh at {by}")


def _to_limit(case: Case, due: Sequence[Command]) -> str:
    """The limit that stands in the car, also where it is one of ours."""
    if isinstance(case.reading, Missing) or isinstance(case.limit, Missing):
        return "at the car's own limit"
    stands = case.reading.limit_soc
    sent = [one.value for one in due if one.kind is CommandKind.LIMIT and one.value is not None]
    limit = sent[-1] if sent else case.limit if isinstance(stands, Missing) else stands
    return f"at the car's own limit of {limit} %" if limit == case.limit else f"to {limit} %, its limit while it is raised"


def _on_the_wire(case: Case) -> str:
    """A Gen 2 connector on rotary position F charges nothing without its master, so a schedule in the car is no promise there."""
    falls = f"the connector falls to {case.settings.twc_failsafe_amps} A once the offered steps have ended"
    start = _net(case)
    also = f", and our schedule in the car starts it at {start}" if start else ""
    return f"with only cron or the internet gone, {falls}{also}; with the Pi gone too, a connector on rotary position F charges nothing"


def _net(case: Case) -> str:
    schedule = case.memory.schedule
    return "" if schedule is None or not schedule.enabled or schedule.start_minutes is None else minute_text(schedule.start_minutes)
