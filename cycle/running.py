"""`once` and `run`: the two ways to start a cycle."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

from config_values import Address
from cycle.desk import Desk
from cycle.journal import DiskJournal
from cycle.one import Cycle, look_and_decide, problems_of
from cycle.one import run as run_cycle
from cycle.record import decision_data
from errors import AmpshiftError
from model import DOLLARS, Billed, CarView, Missing
from model_decision import Command, Decision, Snapshot
from model_memory import CommandKind, Memory
from planners.case import make_case
from planners.commands import wake_command
from state.lock import cycle_lock


def once(desk: Desk, *, wake: bool) -> int:
    """A dry run: sends no command and wakes no car (but with `wake`), writes no target, decision, memory or override, takes no lock."""
    memory = _told(desk)
    snapshot, decision = look_and_decide(desk.house, memory, desk.settings, desk.now)
    if wake:
        _wake(desk, snapshot, decision)
    problems = (*damages(desk), *problems_of(decision, "", decision.memory))
    if desk.as_json:
        print(json.dumps(decision_data(decision, snapshot, desk.settings), indent=2))
    elif desk.verbose:
        _explain(desk, decision, snapshot, problems)
    else:
        print(decision.summary)
    return 0


def _told(desk: Desk) -> Memory:
    memory = desk.store.load_memory()
    if not isinstance(desk.settings.tesla_home_address, Address):
        return memory
    from cycle.home import told

    return told(memory, desk.settings, desk.cache)


def run(desk: Desk) -> int:
    """One cycle for cron. Silent unless verbose; stderr only when the set of problems changed."""
    journal = DiskJournal(desk.store, desk.settings)
    with cycle_lock(desk.settings.run_dir):
        done = run_cycle(desk.house, journal, desk.settings, desk.now, believed=desk.believed, damages=lambda: damages(desk))
    said, changed = _tell_owner(desk, done)
    unpublished, otherwise = _publish(desk, done)
    if desk.as_json:
        print(json.dumps(decision_data(done.decision, done.snapshot, desk.settings), indent=2))
    elif desk.verbose:
        _explain(desk, done.decision, done.snapshot, done.problems)
    if done.changed or changed or otherwise:
        problems = (*done.problems, *said, *unpublished)
        print("\n".join(problems) if problems else "All problems are gone.", file=sys.stderr)
    return 1 if done.failed else 0


def _tell_owner(desk: Desk, done: Cycle) -> tuple[tuple[str, ...], bool]:
    """(what is wrong with telling, has that changed), where the owner wants to be told at all."""
    if not (desk.settings.notify_url or desk.settings.heartbeat_url):
        return (), False
    from cycle.notify import after_cycle

    told = after_cycle(desk, done)
    return told.problems, told.changed


def _publish(desk: Desk, done: Cycle) -> tuple[tuple[str, ...], bool]:
    """The same for an MQTT broker."""
    if desk.settings.mqtt_url is None:
        return (), False
    from cycle.mqtt import after_cycle

    published = after_cycle(desk, done)
    return published.problems, published.changed


def damages(desk: Desk) -> tuple[str, ...]:
    """State files that were found damaged and worked around."""
    return (*desk.store.problems, *desk.spend.problems, *desk.quota.problems, *dict.fromkeys(desk.logins.problems))


def _explain(desk: Desk, decision: Decision, snapshot: Snapshot, problems: tuple[str, ...]) -> None:
    from cycle.explain import explain

    print(explain(decision, snapshot, desk.settings, problems))


def _wake(desk: Desk, snapshot: Snapshot, decision: Decision) -> None:
    for view in snapshot.cars:
        vin = view.vin
        if isinstance(view.status, Missing) or view.status.online:
            continue
        why = _not_woken(desk, replace(snapshot, memory=decision.memory), view)
        if why:
            print(f"{view.name} is not woken: {why}.", file=sys.stderr)
            continue
        print(f"Waking {vin[-6:]}: ${DOLLARS[Billed.WAKE]:.2f} at Tesla. Look again in a minute.", file=sys.stderr)
        command: Command = wake_command(vin)
        try:
            outcome, answer = desk.house.act(command)
        except AmpshiftError as error:
            print(error.text, file=sys.stderr)
            continue
        print(f"{CommandKind.WAKE}: {outcome}{f' ({answer})' if answer else ''}", file=sys.stderr)


def _not_woken(desk: Desk, snapshot: Snapshot, view: CarView) -> str:
    """Law 8 stands above the owner's word: a car that is not surely at home is never woken, and with DRY_RUN nothing is sent."""
    if desk.settings.dry_run:
        return "DRY_RUN=on"
    if not isinstance(view.reading, Missing) and view.reading.fast_charging is True:
        return "it is at a fast charger"
    home = make_case(snapshot, desk.settings, view).home
    if home is True:
        return ""
    return f"it is not known whether it is at home ({home.why})" if isinstance(home, Missing) else "it is not at home"
