"""`status`: when the last cycle was, the state files in words, the month's bill and Tesla dollars. It asks nobody and costs nothing."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import cast

from config import nothing_configured
from cycle.check_grid import requests_words
from cycle.desk import Desk, Problem
from cycle.health import login_gone
from errors import StateError
from model import Missing
from planners.texts import age, clock, money
from state.history import History

LATE_CYCLES = 3
FIRST = (
    "There was no cycle yet. First: scheduler.py check tests your settings, scheduler.py -v once shows what it would do; "
    "then cron's line runs one every few minutes (crontab -l; make install CRON=yes)."
)


def command(desk: Desk, args: argparse.Namespace) -> int:
    """Prints the state in words, or decision.json's data with --json."""
    found = desk.store.load_decision()
    if desk.as_json:
        print(json.dumps({} if isinstance(found, Missing) else found[1], indent=2))
        return 0
    if args.month is not None:
        return _month(desk, args.month)
    if isinstance(found, Missing) and nothing_configured(desk.settings):
        print("\n".join(Problem.NOTHING))
        return 0
    print(_last(found, desk))
    if not isinstance(found, Missing):
        print("\n".join(_decided(found[1])))
    for line in (*_words(desk, {} if isinstance(found, Missing) else found[1]), *_connectors(desk), *_money(desk), *_dry_run(desk)):
        print(line)
    print("\n".join(desk.store.problems), end="\n" if desk.store.problems else "")
    return 0


def _month(desk: Desk, month: str) -> int:
    """The summary that NOTIFY_URL gets once a month. Empty: this month so far."""
    from cycle.month import month_lines, month_of

    chosen = month or month_of(desk.now, desk.settings)
    lines = month_lines(desk.settings, chosen, desk.now)
    print("\n".join(lines) if lines else f"Nothing was recorded in {chosen}.")
    return 0


def _dry_run(desk: Desk) -> Iterator[str]:
    """While nothing is sent: what it would have been good for."""
    if not desk.settings.dry_run:
        return
    from cycle.month import dry_run_line

    try:
        line = dry_run_line(desk.settings, desk.now)
    except StateError:
        return  # the line above said why
    yield line or "DRY_RUN: what Ampshift would save is told after the first night in which a car charged."


def _last(found: tuple[datetime, Mapping[str, object]] | Missing, desk: Desk) -> str:
    if isinstance(found, Missing):
        last = desk.store.load_memory().last_cycle
        if last is None:
            return FIRST
        when = f"the last one known was {age((desk.now - last).total_seconds())} ago"
        return f"No cycle since this Pi started ({when}): is cron running? (crontab -l)"
    seconds = (desk.now - found[0]).total_seconds()
    if seconds > LATE_CYCLES * desk.settings.cycle_minutes * 60:
        return f"No cycle for {age(seconds)}: is cron running? (crontab -l; journalctl -t ampshift)"
    return f"Last cycle {age(max(0.0, seconds))} ago, at {clock(found[0], desk.now, desk.settings.time_zone)}."


def _decided(data: Mapping[str, object]) -> Iterator[str]:
    yield f"{'DRY RUN: ' if data.get('dry_run') else ''}{data.get('summary', '')}"
    cars = cast("list[dict[str, object]]", data.get("cars") or [])
    for car in cars:
        for reason in cast("list[dict[str, object]]", car.get("reasons") or [])[1:]:
            yield f"  {reason.get('text')}"
    failing = cast("dict[str, dict[str, object]]", data.get("sources") or {})
    for name, source in failing.items():
        if not source.get("ok"):
            yield f"  {name}: {source.get('why')}"
    for sent in cast("list[dict[str, object]]", data.get("commands") or []):
        yield f"  sent {sent.get('what')} {sent.get('value') or ''}: {sent.get('outcome')}"


def _words(desk: Desk, newest: Mapping[str, object]) -> Iterator[str]:
    cars = cast("list[dict[str, object]]", newest.get("cars") or [])
    names = {car.get("vin"): car.get("name") for car in cars}
    said = desk.store.load_overrides()
    for word in said.words:
        until = f" until {clock(word.until, desk.now, desk.settings.time_zone)}" if word.until else ""
        who = f" for {names.get(word.vin) or word.vin[-6:]}" if word.vin else ""
        yield f"Your word: {word.word.value}{f' at {word.amps} A' if word.amps else ''}{who}{until}"
    if said.solar is not None:
        yield f"Your word: following the sun {'on' if said.solar else 'off'}"


def _connectors(desk: Desk) -> Iterator[str]:
    report = desk.store.load_charger()
    if isinstance(report, Missing):
        return
    for one in report.chargers:
        yield f"Connector {one.id}: {one.state}, offers {one.offered_amps} A, {one.actual_amps:.1f} A flow"
    for alarm in report.alarms:
        yield f"ALARM: {alarm}"


def login_ended(desk: Desk) -> bool:
    """Dead, or unreadable, where the login is what speaks for the owner."""
    if desk.settings.tesla_access_token or not desk.settings.logged_in:
        return False
    held = desk.login.held()
    return held is None or bool(held.dead)


def login_words(desk: Desk) -> str:
    """How the login stands, from its file alone: nobody is asked."""
    from cycle.tesla_login import AGAIN

    if desk.settings.tesla_access_token:
        return ": the token in TESLA_ACCESS_TOKEN, which nobody renews"
    held = desk.login.held()
    if held is None or held.dead:
        return f" {'has ended' if held else 'cannot be read'}: {AGAIN}"
    got, due = (clock(at, desk.now, desk.settings.time_zone) for at in (held.got_at, held.renew_at))
    return f": renewed {got}, next {due}"


def _money(desk: Desk) -> Iterator[str]:
    budget = desk.spend.budget(desk.now)
    local = desk.now.astimezone(desk.settings.time_zone)
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    try:
        kwh, cost = History(desk.settings.state_dir / "history.sqlite").charged(first.astimezone(UTC), desk.now + timedelta(minutes=1))
    except StateError as error:
        yield f"The month's bill is not known: {error.text}"
    else:
        yield f"This month: {kwh:.1f} kWh charged" + (f" for about {money(cost, desk.settings.currency)}" if cost is not None else "")
    if desk.settings.has_tesla:
        yield f"Tesla login{login_words(desk)}"
    elif gone := login_gone(desk.settings):
        yield f"FAILED: {gone}"
    yield f"Tesla: ${budget.spent:.2f} of ${budget.limit:.2f} this month"
    if desk.settings.grid_status_api_key:
        yield f"GridStatus: {requests_words(desk)}"
