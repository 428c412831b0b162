"""The decision, top to bottom: need -> signal -> plan -> rules -> follow -> manners -> limits. Limits come last and may only lower."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from config import Settings
from config_values import Address
from model import CarView, Code, Missing, Place, Reason
from model_decision import Action, CarDecision, Decision, Need, Path, Snapshot
from model_memory import Memory
from planners.budget import budget_reason
from planners.case import Case, make_case
from planners.commands import Due, commands
from planners.drives import drive_reasons
from planners.follow import cars_watts, follow_all
from planners.hold import hold
from planners.limits import limits
from planners.manners import manners
from planners.need import needs
from planners.observe import observe
from planners.other_path import noted
from planners.pi_dies import if_pi_dies
from planners.plan import CarPlan, Job, full_power, plan
from planners.rules import rule
from planners.signal import signal
from planners.summary import summary
from planners.surplus import with_sun
from planners.target import Settled, target
from planners.wish import Wish

SHOWN = timedelta(hours=24)  # the signal reaches at least so far, so that people see the coming day


def decide(snapshot: Snapshot, settings: Settings) -> Decision:
    """One cycle's decision for all cars: pure, complete, with reasons. It never fails for want of a source."""
    snapshot = replace(snapshot, cars=_views(snapshot))
    memory = observe(snapshot, settings)
    snapshot = replace(snapshot, memory=memory, home=_place(snapshot, memory, settings))
    cases = [make_case(snapshot, settings, view) for view in snapshot.cars]
    wanted = [needs(case) for case in cases]
    slots, why = signal(snapshot, settings, _horizon(snapshot.now, wanted))
    slots, sunny = with_sun(slots, snapshot, settings)
    jobs = [Job(case, need if case.plug is not None else (), full_power(case)) for case, need in zip(cases, wanted, strict=True)]
    plans = plan(jobs, slots, min((amps for amps in (settings.circuit_amps, settings.main_amps) if amps is not None), default=None))
    wishes = [rule(case, found) for case, found in zip(cases, plans, strict=True)]
    wishes = follow_all(cases, wishes, slots)
    wishes = [manners(case, wish) for case, wish in zip(cases, wishes, strict=True)]
    wishes = list(limits(cases, wishes, snapshot, settings))
    settled = [Settled(case, wish, found) for case, wish, found in zip(cases, wishes, plans, strict=True)]
    cars = tuple(_car(one, need) for one, need in zip(settled, wanted, strict=True))
    site = hold(settled, slots, snapshot, settings)
    return Decision(
        now=snapshot.now,
        summary=summary(cars, snapshot.now, settings),
        cars=cars,
        signal=slots,
        signal_reasons=(*why, *sunny),
        target=target(settled, snapshot, settings),
        memory=noted(replace(snapshot.memory, site=site.memory), [(one.case, one.wish) for one in settled]),
        sources=snapshot.sources,
        dry_run=settings.dry_run,
        next_cycle=snapshot.now + timedelta(minutes=settings.cycle_minutes),
        site=site.commands,
        site_reasons=site.reasons,
        cars_w=cars_watts(cases),
    )


def _place(snapshot: Snapshot, memory: Memory, settings: Settings) -> Place | Missing:
    """A home that was learned or looked up: the first cycle only says so, that the owner can object before a car is commanded by it."""
    address, before = settings.tesla_home_address, snapshot.memory
    if isinstance(address, Address) and isinstance(snapshot.home, Place):
        known = (before.home, before.home_of) == (snapshot.home, address.key)
        return snapshot.home if known else Missing("config", "the address was found just now, and counts from the next cycle on")
    if address != "here" or not isinstance(snapshot.home, Missing) or memory.home is None:
        return snapshot.home
    if before.home is None or before.home_of:
        return Missing("config", "home was learned just now, and counts from the next cycle on")
    return memory.home


def _views(snapshot: Snapshot) -> tuple[CarView, ...]:
    """The account's cars; without any, a nameless one on each occupied connector, so that a house without a login works too."""
    if snapshot.cars or isinstance(snapshot.charger, Missing):
        return snapshot.cars
    unknown = Missing("tesla", "no login")
    occupied = [one for one in snapshot.charger.chargers if one.plugged]
    return tuple(CarView(one.vin or "", f"the car at {one.id}", unknown, unknown) for one in occupied[:1])


def _horizon(now: datetime, wanted: list[tuple[Need, ...]]) -> datetime:
    return max([now + SHOWN, *(need.by for found in wanted for need in found)])


def _car(one: Settled, wanted: tuple[Need, ...]) -> CarDecision:
    case, wish, found = one.case, one.wish, one.plan
    due = commands(case, wish, found, wanted)
    stops = case.charging and (case.judged or wish.firm)  # a charge that has only just begun is looked at first: it may be the owner's
    action = Action.STOP if wish.action is Action.WAIT and stops else wish.action
    return CarDecision(
        vin=case.view.vin,
        name=case.memory.name or case.view.name,
        action=action,
        amps=wish.amps,
        until=wish.until,
        soc=case.soc,
        soc_at=None if isinstance(case.reading, Missing) else case.reading.at,
        origin=case.plug.origin if case.plug is not None and case.plug.charging_since is not None else None,
        path=case.path,
        reasons=_reasons(case, wish, found, due, wanted),
        needs=wanted,
        plan=found.slots,
        cost=found.cost,
        cost_if_now=found.cost_if_now,
        latest_start=found.latest_start,
        if_pi_dies=if_pi_dies(one, wanted, due.commands),
        commands=due.commands,
        max_amps=full_power(case),
    )


def _reasons(case: Case, wish: Wish, found: CarPlan, due: Due, wanted: tuple[Need, ...]) -> tuple[Reason, ...]:
    """What was decided first, then what it leans on."""
    more = [*found.reasons, *due.reasons, *drive_reasons(case, wanted)]
    if case.plug is not None and case.plug.amps_cap == full_power(case) and found.reasons:
        text = f"{case.plug.amps_cap} A is what you set in the Tesla app: more there, and more is possible here"
        more.append(Reason(Code.LIMIT_OWNER_AMPS, text, {"amps": case.plug.amps_cap}))
    asks = case.path is Path.CAR or (case.path is Path.TWC and bool(case.view.vin) and case.snapshot.commands is True)
    spent = budget_reason(case.snapshot.budget, case.now) if asks else None
    if spent is not None:
        more.append(spent)
    if case.no_path is not None and wish.action is not Action.NONE:
        more.append(case.no_path)
    if case.cannot_wait and wish.action is Action.WAIT:
        text = f"a protocol 2 connector without a Tesla login cannot wait: {case.min_amps} A flow all the same"
        more.append(Reason(Code.CANNOT_WAIT, text, {"amps": case.min_amps}))
    return (*wish.reasons, *more)
