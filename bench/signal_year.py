"""`python -m bench signal`: each evening of CAISO's 2022, the signal as of 18:00 with what was known then, against the prices that came.

Day-ahead prices of a day are known from 13:00 of the day before, the load forecast too; the profile has 14 past days. Net load is what was
measured afterwards: hindsight, nobody has it, and it is marked. The house charges 12 kWh at 7.7 kW between 18:00 and 07:00.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from config import Settings
from model import Missing, Overrides, Point, Series
from model_decision import Budget, Snapshot
from model_memory import Memory
from planners.signal import signal

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "caiso"
ZONE = ZoneInfo("America/Los_Angeles")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NIGHT_HOURS, KWH, KW = 13, 12.0, 7.7
ABSENT = Missing("bench", "not a part of this")
Table = Mapping[datetime, float]
PROFILE, LOAD, NET = "our price, two nights ahead", "load forecast", "net load (hindsight)"


@dataclass(slots=True)
class Score:
    """`ranks`: one correlation a night; `paid`: USD a night."""

    ranks: list[float] = field(default_factory=list)
    paid: list[float] = field(default_factory=list)

    @property
    def cost(self) -> float:
        return sum(self.paid)


def prices() -> dict[datetime, float]:
    """USD per kWh by the hour's start, 2021 and 2022."""
    found = {}
    for year in (2021, 2022):
        with (DATA / f"price_da_np15_processed_{year}.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                found[datetime.fromisoformat(row["Datetime"]).replace(tzinfo=UTC)] = float(row["Price (USD/MWh)"]) / 1000
    return found


def loads() -> tuple[dict[datetime, float], dict[datetime, float]]:
    """(day-ahead load forecast, measured load less wind and sun) in MW by the hour's start; the files name its end."""
    forecast, net = dict[datetime, float](), dict[datetime, float]()
    with gzip.open(DATA / "eia930_region_data_CISO_2022.csv.gz", "rt", newline="") as file:
        for row in csv.DictReader(file):
            if row["type"] in ("D", "DF") and row["value"]:
                table = net if row["type"] == "D" else forecast
                table[datetime.fromisoformat(row["period"] + ":00+00:00") - HOUR] = float(row["value"])
    with gzip.open(DATA / "eia930_fuelmix_avgCI_CISO_2022.csv.gz", "rt", newline="") as file:
        for row in csv.DictReader(file):
            start = datetime.fromisoformat(row["timestamp"]) - HOUR
            if row["WND"] and row["SUN"] and start in net:
                net[start] -= float(row["WND"]) + float(row["SUN"])
    return forecast, net


def ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 0; equal values share their mean rank."""
    order = sorted(values)
    return [(order.index(value) + len(order) - 1 - order[::-1].index(value)) / 2 for value in values]


def rank_correlation(ours: Sequence[float], came: Sequence[float]) -> float:
    """Spearman's, from -1 to 1; 0 where one side says nothing."""
    one, two = ranks(ours), ranks(came)
    mean = (len(one) - 1) / 2
    top = sum((a - mean) * (b - mean) for a, b in zip(one, two, strict=True))
    size = sum((a - mean) ** 2 for a in one) * sum((b - mean) ** 2 for b in two)
    return top / size**0.5 if size > 0 else 0.0


def cost(order_by: Sequence[float], came: Sequence[float]) -> float:
    """12 kWh in the hours that look cheapest, the earlier one first among equals, at the prices that came."""
    left, paid = KWH, 0.0
    for hour in sorted(range(len(came)), key=lambda i: (order_by[i], i)):
        paid += min(left, KW) * came[hour]
        left = max(0.0, left - KW)
    return paid


def ahead(known: Table, now: datetime, night: Sequence[datetime]) -> list[float]:
    """Our signal for hours beyond the published ones, from the decision code itself."""
    end = (now.astimezone(ZONE) + 2 * DAY).replace(hour=0).astimezone(UTC)  # tomorrow's last hour
    span = sorted(at for at in known if now - 15 * DAY <= at < end)
    series = Series("caiso", "USD/kWh", now, tuple(Point(at, at + HOUR, known[at]) for at in span))
    seen = Snapshot(
        now, (), Memory(), ABSENT, ABSENT, ABSENT, ABSENT, series, ABSENT, ABSENT, Overrides(), ABSENT, Budget(0, 9, 6, 9), ABSENT, ABSENT
    )
    slots, _ = signal(seen, replace(Settings(), time_zone=ZONE), night[-1] + HOUR)
    values = {slot.start: slot.value for slot in slots if slot.forecast}
    return [values[at] for at in night]


def year(days: int = 362) -> tuple[dict[str, Score], list[datetime]]:
    """Scores by signal, and the evenings (UTC) that they are of. Night N is judged; our price is the one of 18:00 two evenings before."""
    came, (forecast, net) = prices(), loads()
    names = ("plugged in", "midnight timer", PROFILE, LOAD, NET, "the prices themselves")
    scores, evenings = {name: Score() for name in names}, []
    for number in range(days):
        evening = (datetime(2022, 1, 2, 18, tzinfo=ZONE) + number * DAY).astimezone(UTC)
        night = [evening + i * HOUR for i in range(NIGHT_HOURS)]
        if not all(at in table for at in night for table in (came, forecast, net)):
            continue
        evenings.append(evening)
        true = [came[at] for at in night]
        looks = {
            "plugged in": [0.0] * len(night),
            "midnight timer": [float(at.astimezone(ZONE).hour >= 18) for at in night],
            PROFILE: ahead(came, (evening.astimezone(ZONE) - 2 * DAY).astimezone(UTC), night),
            LOAD: [forecast[at] for at in night],
            NET: [net[at] for at in night],
            "the prices themselves": true,
        }
        for name, ours in looks.items():
            scores[name].ranks.append(rank_correlation(ours, true))
            scores[name].paid.append(cost(ours, true))
    return scores, evenings


def main(argv: list[str]) -> int:
    if not DATA.is_dir():
        print(f"bench signal: no recorded prices in {DATA.name} beside the project; nothing is measured")
        return 0
    scores, evenings = year(*map(int, argv[:1]))
    worst, best = scores["plugged in"].cost, scores["the prices themselves"].cost
    print(f"CAISO 2022, {len(evenings)} nights, {KWH:g} kWh each at {KW:g} kW between 18:00 and 07:00")
    print(f"  {'ordered by':<28} {'rank corr.':>10} {'USD':>8} {'of the saving':>14}")
    for name, score in scores.items():
        rank = sum(score.ranks) / len(score.ranks)
        print(f"  {name:<28} {rank:>10.2f} {score.cost:>8.2f} {(worst - score.cost) / (worst - best):>13.1%}")
    return 0
