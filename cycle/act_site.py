"""Acting on the Powerwall, as cycle/act.py does on cars: the owner's own value and the intent are on disk before a change leaves, the
outcome right after."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from cycle.act import GOOD
from cycle.house import House, Journal
from errors import AccountStopped, BudgetSpent, LoginDead, TooMany
from model_decision import SiteSent
from model_energy import SiteCommand
from model_memory import Held, Memory, Outcome, SiteIntent, SiteMemory


def act_site(
    house: House, journal: Journal, commands: tuple[SiteCommand, ...], memory: Memory, now: datetime
) -> tuple[Memory, tuple[SiteSent, ...]]:
    """Sends what is due, in order; one that fails ends it, for the next may only make sense after it (grid charging off, then backup)."""
    sent: list[SiteSent] = []
    for command in commands:
        memory = replace(memory, site=_intend(memory.site, command, now))
        journal.save(memory)
        outcome, answer = _send(house, command)
        memory = replace(memory, site=_conclude(memory.site, outcome, answer))
        journal.save(memory)
        sent.append(SiteSent(command.kind, command.value, outcome, answer))
        if outcome not in GOOD:
            break
    return memory, tuple(sent)


def _send(house: House, command: SiteCommand) -> tuple[Outcome, str]:
    try:
        return house.act_site(command)
    except (BudgetSpent, TooMany) as error:
        return Outcome.NOT_SENT, error.text
    except (LoginDead, AccountStopped) as error:
        return Outcome.REFUSED, error.text


def _intend(site: SiteMemory, command: SiteCommand, now: datetime) -> SiteMemory:
    intents = (*site.intents, SiteIntent(command.kind, command.value, now))
    if command.own is None:
        return replace(site, intents=intents)
    others = tuple(one for one in site.held if one.kind is not command.kind)
    return replace(site, intents=intents, held=(*others, Held(command.kind, command.own, command.value)))


def _conclude(site: SiteMemory, outcome: Outcome, answer: str) -> SiteMemory:
    """A value that is put back is forgotten only when a look has shown it."""
    last = replace(site.intents[-1], outcome=outcome, answer=answer[:200])
    return replace(site, intents=(*site.intents[:-1], last))
