"""One cycle, the same in the real house, the simulated one and a backtest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from config import Settings
from cycle.act import act
from cycle.act_site import act_site
from cycle.clock import doubt, not_ahead, remember
from cycle.fresh import only_to_seen, unseen
from cycle.house import House, Journal
from cycle.tesla_list import with_due
from model import Code
from model_decision import Decision, Sent, SiteSent, Snapshot
from model_memory import Memory, Outcome
from planners.decide import decide
from planners.mended import unmended

TESLA = ("tesla", "car reading")
Damages = Callable[[], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Cycle:
    """What one cycle did. `problems`: what the owner should know, one sentence each; `clock`: why the clock is not believed, or ""."""

    decision: Decision
    snapshot: Snapshot
    problems: tuple[str, ...]
    changed: bool  # the problems are other ones than after the cycle before
    clock: str = ""

    @property
    def failed(self) -> bool:
        """A due command failed for good, the Tesla login is dead, or the clock is not set."""
        refused = Outcome.REFUSED in {*(one.outcome for one in self.decision.sent), *(one.outcome for one in self.decision.site_sent)}
        return bool(self.clock) or refused or any(one.fatal and one.name in TESLA for one in self.decision.sources)


def look_and_decide(house: House, memory: Memory, settings: Settings, now: datetime) -> tuple[Snapshot, Decision]:
    """A dry run: looks and decides, writes and sends nothing."""
    snapshot = house.look(not_ahead(memory, now), now)
    decision = decide(snapshot, settings)
    vins = unseen(snapshot, decision)
    if vins:
        snapshot = house.look_again(snapshot, vins)
        decision = decide(snapshot, settings)
    return snapshot, only_to_seen(snapshot, decision)


def run(house: House, journal: Journal, settings: Settings, now: datetime, *, believed: bool = False, damages: Damages = tuple) -> Cycle:
    """Look, decide, target first, then the cars, then the record. `believed`: `now` was given by hand; `damages`: what was found damaged on
    disk so far. With DRY_RUN, and with a doubtful clock, nothing is sent and no target written."""
    memory = journal.load()
    clock = "" if believed else doubt(memory, now)
    snapshot, decision = look_and_decide(house, memory, settings, now)
    sent: tuple[Sent, ...] = ()
    site_sent: tuple[SiteSent, ...] = ()
    after = memory if clock else decision.memory  # a doubtful clock teaches nothing
    if not clock and not settings.dry_run:
        journal.offer(decision.target)
        after, sent = act(house, journal, decision, after)
        after, site_sent = act_site(house, journal, decision.site, after, now)
    decision = replace(decision, sent=sent, site_sent=site_sent)
    problems = tuple(dict.fromkeys((*damages(), *problems_of(decision, clock, after), *learned_home(memory, after))))
    after = replace(with_due(remember(after, now, bool(clock)), decision), problems=problems)
    journal.save(after)
    unrecorded = journal.record(decision, snapshot, sent)
    if unrecorded:
        problems += unrecorded
        journal.save(replace(after, problems=problems))  # or it would be told in each cycle, or in none
    return Cycle(decision, snapshot, problems, set(problems) != set(memory.problems), clock)


def learned_home(before: Memory, after: Memory) -> tuple[str, ...]:
    """A home that was learned or looked up: said once, before the first command that rests on it."""
    if after.home is None or (after.home, after.home_of) == (before.home, before.home_of):
        return ()
    place = f"{after.home.lat},{after.home.lon}"
    if after.home_of:
        return (f"TESLA_HOME_ADDRESS was found at {place} (scheduler.py check says more). If that is not your house, write lat,lon there.",)
    return (f"TESLA_HOME_ADDRESS=here: home is {place}, where a car stands now. If that is wrong, write the right place there.",)


def problems_of(decision: Decision, clock: str, memory: Memory) -> tuple[str, ...]:
    """What cron should mail when it changes: sources that fail, commands that failed, a clock not set. `memory`: after the commands;
    what was refused stays a problem until it is mended, also in the cycles that do not try it again."""
    ill: dict[str, list[str]] = {}  # what one service says of several of its series is one line
    for source in decision.sources:
        if not source.ok:
            ill.setdefault(source.why, []).append(source.name)
    failing = [f"{', '.join(names)}: {why}" for why, names in ill.items()]
    refused = [f"{one.kind} was not done: {one.answer}" for car in memory.cars for one in unmended(car)]
    unpaid = [f"{one.kind} was not sent: {one.answer}" for one in decision.sent if one.outcome is Outcome.NOT_SENT]
    told = [reason.text for car in decision.cars for reason in car.reasons if reason.code is Code.BUDGET]
    told += [f"{car.name}: {one.text}" for car in decision.cars for one in car.reasons if one.code is Code.CAR_DOES_NOT_OBEY]
    site = [f"the Powerwall was not changed: {one.answer}" for one in decision.site_sent if one.outcome is Outcome.REFUSED]
    return tuple(dict.fromkeys([*([clock] if clock else []), *failing, *refused, *unpaid, *told, *site]))
