"""Part of `python -m bench signal`: a need that may be met in any of several nights, as of each evening at 18:00.

Known then: the need, the prices to the end of tomorrow, and the past days. The car is at home from 18:00 to 07:00; each evening the plan is
made anew, and only that evening's night of it is bought, at the prices that came. A need begins each day, random with one seed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import accumulate
from random import Random
from statistics import median

from bench.signal_year import DAY, HOUR, KW, NIGHT_HOURS, ZONE
from model import Point, Series
from planners.optimum import Cell, cheapest
from planners.past_days import PastDays, past_days, usual_miss
from planners.profile import profile
from planners.publication import publications
from planners.scenarios import on_board

SEED, PARTS = 2022, 8  # one unit is an eighth of an hour
NIGHTS = (2, 3, 5)
DAYS, SHOWN = 355, 5
Table = Mapping[datetime, float]
Plan = Callable[["Evening"], list[float]]  # kWh in each hour of its night


@dataclass(frozen=True, slots=True)
class Evening:
    """What is known at 18:00: `left_kwh` by the morning after `nights` nights."""

    now: datetime
    nights: int
    left_kwh: float
    came: Table

    @property
    def hours(self) -> list[datetime]:
        return [self.now + i * HOUR for i in range((self.nights - 1) * 24 + NIGHT_HOURS)]

    @property
    def published(self) -> datetime:
        return (self.now.astimezone(ZONE) + 2 * DAY).replace(hour=0).astimezone(UTC)

    def series(self) -> Series:
        span = sorted(at for at in self.came if self.now - 15 * DAY <= at < self.published)
        return Series("caiso", "USD/kWh", self.now, tuple(Point(at, at + HOUR, self.came[at]) for at in span))


@dataclass(slots=True)
class Result:
    """`missed_kwh`: what was not on board in time; `ms`: of the forecast and the plan, each evening."""

    cost: float = 0.0
    missed_kwh: float = 0.0
    ms: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Told:
    """By how much the day after tomorrow's hours were missed on half of them: as said at 18:00, and as it came."""

    said: list[float] = field(default_factory=list)
    came: list[float] = field(default_factory=list)


def local(at: datetime) -> datetime:
    return at.astimezone(ZONE)


def cells_of(evening: Evening, prices: Sequence[float]) -> tuple[list[Cell], int]:
    unit = KW / PARTS
    total = round(evening.left_kwh / unit)
    home = [local(at).hour >= 18 or local(at).hour < 7 for at in evening.hours]
    cells = [Cell(price * unit + 1e-9 * i, 1, PARTS if at else 0, 0, 10**9) for i, (price, at) in enumerate(zip(prices, home, strict=True))]
    reach = list(accumulate(cell.hi for cell in cells))
    return [*cells[:-1], replace(cells[-1], due=min(total, reach[-1]))], min(total, reach[-1])


def bought(cells: Sequence[Cell], total: int) -> list[float]:
    return [units * KW / PARTS for units in cheapest(cells, total, 0.0, charging=False)[:NIGHT_HOURS]]


def by_profile(evening: Evening) -> list[float]:
    later = profile(evening.series(), evening.now, local)
    return bought(*cells_of(evening, [evening.came[at] if at < evening.published else later(at) or 0.0 for at in evening.hours]))


def by_median(evening: Evening) -> list[float]:
    known = known_days(evening)
    prices = [evening.came[at] if at < evening.published else median(known.at(local(at))) for at in evening.hours]
    return bought(*cells_of(evening, prices))


def by_scenarios(evening: Evening) -> list[float]:
    known, unit = known_days(evening), KW / PARTS
    futures = [() if at < evening.published else known.at(local(at)) for at in evening.hours]
    prices = [evening.came[at] if not each else median(each) for at, each in zip(evening.hours, futures, strict=True)]
    cells, total = cells_of(evening, prices)
    told = publications(evening.hours, evening.hours.index(evening.published), evening.now, ZONE)
    level = on_board(cells, [[price * unit for price in each] for each in futures], told, 0.0, charging=False)
    at = told[0] - 1
    cells[at] = replace(cells[at], due=max(cells[at].due, level), cap=min(cells[at].cap, level))
    return bought(cells, total)


def known_days(evening: Evening) -> PastDays:
    found = past_days(evening.series(), evening.now, local)
    assert found is not None
    return found


def by_foresight(evening: Evening) -> list[float]:
    return bought(*cells_of(evening, [evening.came[at] for at in evening.hours]))


def at_once(evening: Evening) -> list[float]:
    return bought(*cells_of(evening, [0.0] * len(evening.hours)))


PLANS: Mapping[str, Plan] = {
    "plugged in": at_once,
    "profile": by_profile,
    "scenarios' median": by_median,
    "scenarios": by_scenarios,
    "the prices themselves": by_foresight,
}


def needs(days: int) -> Iterator[tuple[datetime, int, float]]:
    """(first evening, nights, kWh)"""
    rng = Random(SEED)
    for number in range(days):
        yield evening_of(number), rng.choice(NIGHTS), rng.uniform(15, 60)


def evening_of(number: int) -> datetime:
    return (datetime(2022, 1, 2, 18, tzinfo=ZONE) + number * DAY).astimezone(UTC)


def play(plan: Plan, need: tuple[datetime, int, float], came: Table, result: Result) -> list[float]:
    """kWh bought in each night; all that is known in the last of them is bought by its prices, whatever the plan."""
    first, nights, left = need
    taken = []
    for number in range(nights):
        now = (first.astimezone(ZONE) + number * DAY).astimezone(UTC)
        evening = Evening(now, nights - number, left, came)
        began = time.perf_counter()
        night = (by_foresight if nights - number == 1 and plan is not at_once else plan)(evening)
        result.ms.append((time.perf_counter() - began) * 1000)
        result.cost += sum(used * came[now + i * HOUR] for i, used in enumerate(night))
        taken.append(sum(night))
        left -= taken[-1]
    result.missed_kwh += max(0.0, left - KW / PARTS)
    return taken


def nights(came: Table, days: int = DAYS) -> dict[int, dict[str, Result]]:
    """Results by the number of nights and by the plan's name; each need is printed for the first few."""
    found = {number: {name: Result() for name in PLANS} for number in NIGHTS}
    for index, need in enumerate(needs(days)):
        taken = {name: play(plan, need, came, found[need[1]][name]) for name, plan in PLANS.items()}
        if index < SHOWN:
            told = ", ".join(f"{name} {taken[name][0]:.0f}" for name in ("profile", "scenarios", "the prices themselves"))
            print(f"    {local(need[0]):%d %b %H:%M}: {need[2]:.0f} kWh in {need[1]} nights; in this night {told} kWh")
    return found


def told(came: Table, days: int = DAYS) -> Told:
    """What was said of the error of each evening's forecast, and what it was."""
    found = Told()
    for number in range(0, days, 5):
        evening = Evening(evening_of(number), 2, 0.0, came)
        known = known_days(evening)
        hours = [evening.published + i * HOUR for i in range(24)]
        said = usual_miss(known)
        if said is not None:
            found.said.append(said)
            found.came.append(median(abs(came[at] - median(known.at(local(at)))) for at in hours))
    return found


def quarter_hours() -> tuple[float, float, int]:
    """ms of a plan of three days in quarters of an hour, plain and with scenarios, and its units."""
    slots, known, total = 288, 120, 400
    rng = Random(SEED)
    cells = [Cell(rng.uniform(0.01, 0.03) + 1e-9 * i, 5, 48, 0, 10**9, 0.001) for i in range(slots)]
    cells[-1] = replace(cells[-1], due=total)
    futures = [() if i < known else tuple(rng.uniform(0.01, 0.03) for _ in range(14)) for i in range(slots)]
    began = time.perf_counter()
    cheapest(cells, total, 0.026, charging=False)
    plain = time.perf_counter()
    level = on_board(cells, futures, [76, 172, 268], 0.026, charging=False)
    cells[75] = replace(cells[75], due=level, cap=level)
    cheapest(cells, total, 0.026, charging=False)
    return (plain - began) * 1000, (time.perf_counter() - plain) * 1000, total


def report(came: Table, days: int = DAYS) -> None:
    """Prints what was known, the rows, whether the scenarios are worth it, and what they take."""
    print(f"\nCAISO 2022, a need of 15-60 kWh begins each day ({days} days), {KW:g} kW from 18:00 to 07:00. Known at 18:00: the need,")
    print("the prices to the end of tomorrow, the past 14 days. Cost above that of the prices themselves:")
    found = nights(came, days)
    heads = "".join(f"{f'{number} nights':>12}" for number in NIGHTS)
    print(f"  {'beyond what is published':<28}{heads}{'all':>10}{'missed':>10}{'ms':>8}")
    above = {name: _row(name, found) for name in PLANS}
    better = above["scenarios"] <= above["profile"]
    print(f"  scenarios {'beat the profile and are what STRATEGY=optimal uses' if better else 'DO NOT BEAT the profile'}")
    errors = told(came, days)
    few = f"medians of {len(errors.said)} evenings"
    print(f"  half of the hours within: said ${median(errors.said):.4f}, came ${median(errors.came):.4f} per kWh ({few})")
    plain, scenarios, units = quarter_hours()
    print(f"  three days of quarter hours, {units} units: plain plan {plain:.1f} ms, with 14 scenarios {scenarios:.1f} ms")


def _row(name: str, found: Mapping[int, Mapping[str, Result]]) -> float:
    """Prints one plan's row; the share above the best of all nights."""
    costs = [found[number][name].cost for number in NIGHTS]
    best = [found[number]["the prices themselves"].cost for number in NIGHTS]
    above = sum(costs) / sum(best) - 1
    shares = "".join(f"{cost / least - 1:>+12.2%}" for cost, least in zip(costs, best, strict=True))
    missed = sum(found[number][name].missed_kwh for number in NIGHTS)
    ms = median(each for number in NIGHTS for each in found[number][name].ms)
    print(f"  {name:<28}{shares}{above:>+10.2%}{missed:>6.1f} kWh{ms:>8.1f}")
    return above
