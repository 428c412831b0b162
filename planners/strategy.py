"""The last rule: what STRATEGY makes of a slot. The exact plan (optimal, charge-limit), the grid's bands, the clock, or at once.

Under each of them the latest safe start is the net (rules.py), so a departure is kept whatever the strategy."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from config import Strategy
from config_tariff import Kind
from model import Code, Missing, Reason
from model_decision import Path, PlanSlot
from planners.alerts import alert_at, alert_reason
from planners.bands import band
from planners.case import Case
from planners.hours import hours_at, next_change
from planners.manners import now_amps
from planners.need import goals, most_soc
from planners.plan import CARE_SOC, CarPlan, full_power
from planners.texts import clock, money
from planners.weigh import by_money
from planners.wish import Wish, charge, wait

LEAST_SUN_KWH = 0.05

WITHOUT_PRICES = (Strategy.NOW, Strategy.BANDS, Strategy.TIMER)  # a price of alerts says nothing to them


def by_strategy(case: Case, plan: CarPlan) -> Wish:
    """The wish for now. A car that has what it needs waits, and may take the sun up to its target."""
    if _has_target(case, plan) and _ends_itself(case):
        return charge(now_amps(case) or full_power(case), Reason(Code.FULL, f"{_soc(case)}: the car ends this charge by itself"))
    if _has_target(case, plan):
        return wait(Reason(Code.FULL, f"{_soc(case)}: nothing more to charge"))
    alert = alert_at(case.snapshot.alerts, case.now)
    if alert is not None and case.settings.strategy in WITHOUT_PRICES:
        return wait(alert_reason(alert, case.now, case.settings.time_zone), alert.end)
    if case.settings.strategy is Strategy.NOW:
        return charge(full_power(case), Reason(Code.PLUG_AND_CHARGE, "STRATEGY=now: charged as soon as plugged in"))
    if case.settings.strategy is Strategy.BANDS:
        amps, reason = band(case.snapshot.load, case.now, full_power(case), case.min_amps)
        return charge(amps, reason)
    if case.settings.strategy is Strategy.TIMER:
        return _timer(case)
    return _planned(case, plan)


def _timer(case: Case) -> Wish:
    entry, until = hours_at(case.settings, case.now), next_change(case.settings, case.now)
    when = clock(until, case.now, case.settings.time_zone)
    if entry is not None:
        amps = min(max(entry.amps, case.min_amps) if entry.amps else full_power(case), full_power(case))
        return charge(amps, Reason(Code.CHARGE_HOURS, f"within CHARGE_HOURS, until {when}"), until)
    outside = min(case.settings.non_scheduled_amps, full_power(case))
    if outside >= case.min_amps:
        return charge(outside, Reason(Code.NON_SCHEDULED, f"outside CHARGE_HOURS: {outside} A until {when}"), until)
    return replace(wait(Reason(Code.CHARGE_HOURS, f"outside CHARGE_HOURS until {when}"), until), sun=True)


def _planned(case: Case, plan: CarPlan) -> Wish:
    zone, currency = case.settings.time_zone, case.settings.currency
    current = next((slot for slot in plan.slots if slot.start <= case.now < slot.end), None)
    sunny = _sun(plan)
    if current is not None:
        price = f" at {money(current.price, currency)}" if current.price is not None else ""
        amps = _held(case, plan, current)
        text = f"{_hours(case)}: {amps} A until {clock(current.end, case.now, zone)}{price}"
        planned = charge(amps, Reason(Code.PLAN_SLOT, text), current.end)
        return replace(planned, reasons=(*planned.reasons, *sunny), sun=True)
    following = next((slot for slot in plan.slots if slot.start > case.now), None)
    if following is None and plan.reasons:
        return replace(wait(plan.reasons[0]), sun=True)
    if following is None and case.cannot_wait and not isinstance(case.level, Missing) and case.level < goals(case)[1]:
        return replace(wait(Reason(Code.WAIT, f"the {case.min_amps} A that it is never offered less than are enough")), sun=True)
    if following is None:
        return replace(wait(Reason(Code.FULL, f"{_soc(case)}: nothing is due")), sun=True)
    waiting = wait(Reason(Code.WAIT, _why_wait(case, plan, following.start)), following.start)
    return replace(waiting, reasons=(*waiting.reasons, *sunny), sun=True)


def _hours(case: Case) -> str:
    """What the hours of a plan are."""
    tariff = case.settings.tariff
    if not by_money(case.settings):
        return "the hours that you prefer"
    one_price = tariff is not None and tariff.kind is Kind.CLOCK and len({period.price for period in tariff.periods}) == 1
    return "the planned hours" if one_price else "the cheapest hours"


def _sun(plan: CarPlan) -> tuple[Reason, ...]:
    """How much of the plan the roof is expected to give."""
    own, kwh = sum(slot.sun_kwh for slot in plan.slots), sum(slot.kwh for slot in plan.slots)
    if own < LEAST_SUN_KWH:
        return ()
    return (Reason(Code.EXPECTED_SUN, f"{own:.1f} of {kwh:.1f} kWh are expected from the sun", {"sun_kwh": round(own, 2)}),)


def _ends_itself(case: Case) -> bool:
    """A charge at the limit in the app: it rounds its percent, so our stop would cost the last half percent and a command."""
    reading = case.reading
    if isinstance(reading, Missing) or isinstance(reading.soc, Missing) or isinstance(reading.limit_soc, Missing):
        return False
    return case.charging and reading.soc >= reading.limit_soc


def _held(case: Case, plan: CarPlan, current: PlanSlot) -> int:
    """The last slot may need fewer amps; where the car is alone and ends by itself at its limit, no command is worth that."""
    amps, last = now_amps(case), current is plan.slots[-1]
    alone = len(case.snapshot.cars) == 1 and case.path is Path.CAR and case.charging
    at_limit = not isinstance(case.limit, Missing) and goals(case)[1] >= case.limit
    return min(amps, full_power(case)) if alone and last and at_limit and amps is not None and amps > current.amps else current.amps


def _why_wait(case: Case, plan: CarPlan, start: datetime) -> str:
    zone, currency = case.settings.time_zone, case.settings.currency
    text, calmer = f"waits until {clock(start, case.now, zone)}", "the grid is less loaded then"
    if plan.cost is None or plan.cost_if_now is None:
        return f"{text}: {calmer}" if plan.calmer else text
    if money(plan.cost, currency) == money(plan.cost_if_now, currency):
        return f"{text}: it costs the same as now, and {calmer}" if plan.calmer else text
    costs = f"{money(plan.cost, currency)} instead of {money(plan.cost_if_now, currency)} now"
    if plan.cost < plan.cost_if_now:
        return f"{text}: {costs}"
    if not by_money(case.settings):
        return f"{text}, the hours that you prefer: {costs}"
    care = f"what is above {CARE_SOC:.0f} % comes in the last hours, to spare the battery"
    return f"{text}: {costs}; {care}" if most_soc(case) > CARE_SOC else f"{text}: {costs}"


def _has_target(case: Case, plan: CarPlan) -> bool:
    """A plan beyond the target is for what the drives of the coming days take."""
    return not isinstance(case.level, Missing) and case.level >= most_soc(case) and not plan.slots


def _soc(case: Case) -> str:
    return "charged" if isinstance(case.soc, Missing) else f"{case.soc:.0f} %"
