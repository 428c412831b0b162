"""What stands in for prices that are not published yet, and how wrong it has been: the past days as scenarios, with fewer than five of them
the usual price of that hour."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property

from config import Settings
from model import Code, Missing, Reason, Series
from planners.middle import middle
from planners.past_days import PastDays, past_days, usual_miss
from planners.profile import profile, usual_error
from planners.texts import money


class Later:
    """Made of one series when first asked: a cycle within the published prices pays nothing for it."""

    def __init__(self, series: Series | Missing, now: datetime, settings: Settings) -> None:
        told = not isinstance(series, Missing) and series.points and series.points[-1].end > now
        self._series = series if told and not isinstance(series, Missing) else None
        self._now, self._settings = now, settings
        self._told: dict[datetime, tuple[float, ...]] = {}  # each slot is asked for several times

    def value(self, at: datetime) -> float | None:
        """The middle scenario, else the profile, in the series' own unit; None where neither tells."""
        found = self.futures(at)
        return middle(found) if found else self._profile(at)

    def futures(self, at: datetime) -> tuple[float, ...]:
        """What it may be, one value for each past day; empty where those are too few."""
        if self._days is not None and at not in self._told:
            self._told[at] = self._days.at(self._local(at))
        return self._told.get(at, ())

    def reason(self) -> Reason:
        """Which of the two, and how wrong it would have been in the past, as far as the prices' own past tells."""
        days = len(self._days.days) if self._days is not None else 0
        stand_in = f"the last {days} days stand in, moved to today's level" if days else "the past days' profile stands in"
        text, code = f"later prices are not published yet: {stand_in}", Code.PRICE_SCENARIOS if days else Code.PRICE_PROFILE
        error = usual_miss(self._days) if self._days is not None else self._usual_error()
        about = {"days": days} if days else {}
        if error is None:
            return Reason(code, text, about)
        error *= self._settings.tariff.times if self._settings.tariff is not None else 1.0
        said = f"{text}; on half of the past hours that would have been within {money(error, self._settings.currency, 3)} per kWh"
        return Reason(code, said, about | {"error": round(error, 5)})

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self._settings.time_zone)

    def _usual_error(self) -> float | None:
        return None if self._series is None else usual_error(self._series, self._now, self._local)

    @cached_property
    def _days(self) -> PastDays | None:
        return None if self._series is None else past_days(self._series, self._now, self._local)

    @cached_property
    def _profile(self) -> Callable[[datetime], float | None]:
        return (lambda _at: None) if self._series is None else profile(self._series, self._now, self._local)
