"""How each source did in this cycle: ok, how old its newest value is, and why not. Only configured sources are listed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo

from clients.price_file import PriceFile
from config import Settings
from cycle.calendars import Reading as CalendarReading
from errors import AmpshiftError, Asleep, BudgetSpent, LoginDead, NotAsked
from model import CarReading, Missing, Series
from model_decision import SourceState
from model_sun import Weather

RUN_OUT = ("load forecast", "grid prices", "sun and wind", "tariff prices", "price file")  # of no use once they lie in the past


def source_states(answers: Mapping[str, object], cars: Mapping[str, object], now: datetime, zone: tzinfo = UTC) -> tuple[SourceState, ...]:
    """One row per source that was asked. A sleeping car's 408 is no failure, and a spent budget is told by the
    decision in each cycle, not only in those that try to read. `why` tells times in `zone` and no ages: those change, and cron mails
    what has changed."""
    rows = [_row(name, answer, now, zone) for name, answer in answers.items() if not isinstance(answer, NotAsked)]
    rows += [_row("car reading", answer, now, zone) for answer in cars.values() if not isinstance(answer, Asleep | BudgetSpent)]
    readings = [(name, answer) for name, answer in answers.items() if isinstance(answer, CalendarReading)]
    rows += [SourceState(f"{name} events", False, 0.0, one.left_out, note=True) for name, one in readings if one.left_out]
    return tuple(rows)


def account_states(answer: object, settings: Settings) -> tuple[SourceState, ...]:
    """Why no car, or not each that was chosen, can be charged, although Tesla gave its list: nothing else would say it."""
    gone = login_gone(settings)
    if gone:
        return (SourceState("tesla", False, None, gone, fatal=True),)
    if not isinstance(answer, tuple):
        return ()
    known = {car.vin for car in answer}
    absent = [vin[-6:] for vin in settings.tesla_vin if vin not in known]
    if absent:
        why = f"{', '.join(absent)} (the VIN's last six) is not in the Tesla account, so it is not charged: scheduler.py vehicles"
        return (SourceState("TESLA_VIN", False, None, why),)
    return () if known else (SourceState("cars", False, None, "the Tesla account has no cars: scheduler.py auth tesla"),)


def login_gone(settings: Settings) -> str:
    """What to tell an owner who had a login, by his settings, while none is on disk; else ""."""
    if settings.has_tesla or not (settings.tesla_vin and settings.tesla_client_id):
        return ""
    return f"the Tesla login is gone (there is no tesla_token.json in {settings.state_dir}): log in again: scheduler.py auth tesla"


def _row(name: str, answer: object, now: datetime, zone: tzinfo) -> SourceState:
    if isinstance(answer, AmpshiftError):
        return SourceState(name, False, None, answer.text, fatal=isinstance(answer, LoginDead))
    if isinstance(answer, Missing):
        return SourceState(name, False, None, answer.why)
    series = answer.prices if isinstance(answer, PriceFile) else answer
    if isinstance(series, Series) and name in RUN_OUT and series.points and series.points[-1].end <= now:
        end = series.points[-1].end
        why = f"what was read {_when(series.fetched_at, zone)} has run out {_when(end, zone)}, and nothing newer came (scheduler.py check)"
        return SourceState(name, False, (now - series.fetched_at).total_seconds(), why)
    if isinstance(answer, Series | Weather):
        return SourceState(name, True, (now - answer.fetched_at).total_seconds(), "")
    if isinstance(answer, CalendarReading):
        old = (now - answer.fetched_at).total_seconds()
        why = f"{answer.problem} What was read {_when(answer.fetched_at, zone)} goes on." if answer.problem else ""
        return SourceState(name, not answer.problem, old, why, fatal=answer.dead)
    if isinstance(answer, CarReading):
        return SourceState(name, True, (now - answer.at).total_seconds(), "")
    return SourceState(name, True, 0.0, "")


def _when(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
