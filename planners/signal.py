"""What a kWh counts as in each 15-minute slot. With less information there is a worse signal, never none:

a price series            beyond its published end the profile of the past days, marked as a forecast
the grid's load forecast  where the prices are missing: cheap power and low load go together (facts: 97 % of the saving in CAISO)
the tariff's clock        TARIFF, by the owner's local time
the night                 from 23:00 to 06:00 counts as cheaper
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from datetime import UTC, datetime

from config import Prefer, Settings
from config_tariff import price_at
from model import SLOT, Code, Missing, Reason, Series
from model_decision import Slot, Snapshot
from planners.profile import profile

Lookup = Callable[[datetime], tuple[float | None, bool]]  # instant -> (value, is it a forecast of ours)
NIGHT_FROM, NIGHT_TO = 23, 6
USUAL_PRICE = 0.15  # per kWh; the size of what is no money
ALERT = 1000.0  # a grid alert counts as a price above all others; never shown as money


def signal(snapshot: Snapshot, settings: Settings, until: datetime) -> tuple[tuple[Slot, ...], tuple[Reason, ...]]:
    """Slots from now's quarter of an hour to `until`, and which source made them. Never empty."""
    starts = slot_starts(snapshot.now, until)
    price, load, co2 = (_lookup(series, snapshot.now, settings) for series in (snapshot.prices, snapshot.load, snapshot.co2))
    base, reason = _basis(snapshot, settings, price, load, starts)
    rows = [(start, base(start), price_of(start, price, settings), load(start), co2(start)) for start in starts]
    known = [row[1][0] for row in rows]
    worth, weights = _weigh(settings, _whole(known), [row[3][0] for row in rows], [row[4][0] for row in rows])
    slots = tuple(
        Slot(start, start + SLOT, value, money[0], grid[0], gas[0], found[0] is None or found[1] or money[1])
        for value, (start, found, money, grid, gas) in zip(worth, rows, strict=True)
    )
    profiled = Reason(Code.PRICE_PROFILE, "later prices are not published yet: the past days' profile stands in")
    return slots, (reason, *weights, *((profiled,) if any(slot.forecast for slot in slots) else ()))


def slot_starts(now: datetime, until: datetime) -> tuple[datetime, ...]:
    """Quarter hours from the one that now lies in, as far as `until`."""
    first = datetime.fromtimestamp(now.timestamp() // SLOT.total_seconds() * SLOT.total_seconds(), UTC)
    count = max(1, -int((first - until) // SLOT))
    return tuple(first + SLOT * i for i in range(count))


def price_of(start: datetime, price: Lookup, settings: Settings) -> tuple[float | None, bool]:
    """Money per kWh: the price series, else the tariff; (None, False) where neither is known."""
    found = price(start)
    if found[0] is None and settings.tariff is not None:
        return price_at(settings.tariff, start.astimezone(settings.time_zone)), False
    return found


def _basis(snapshot: Snapshot, settings: Settings, price: Lookup, load: Lookup, starts: tuple[datetime, ...]) -> tuple[Lookup, Reason]:
    """The best source there is: what the planner minimises before weights, and the reason that names it."""
    if not isinstance(snapshot.prices, Missing) and _tells(price, snapshot.now, starts):
        source = snapshot.prices.source
        return (lambda at: price_of(at, price, settings)), Reason(Code.PRICES, f"prices from {source}")
    if settings.tariff is not None and not (settings.price_file is not None and _tells(load, snapshot.now, starts)):
        return (lambda at: price_of(at, price, settings)), Reason(Code.TARIFF, f"tariff {settings.tariff.name}")
    if _tells(load, snapshot.now, starts):
        text = "no prices: the grid's load forecast stands in (low load is cheap power)"
        return _as_money(load, snapshot.now), Reason(Code.LOAD_FORECAST, text)
    return _night(settings), Reason(Code.NIGHT_CLOCK, "no prices, forecast or tariff: the night from 23:00 counts as cheaper")


def _tells(series: Lookup, now: datetime, starts: tuple[datetime, ...]) -> bool:
    """Is a series of use: does it know now, or at least half of what lies ahead?"""
    return series(now)[0] is not None or sum(series(start)[0] is not None for start in starts) * 2 >= len(starts)


def _night(settings: Settings) -> Lookup:
    def value(at: datetime) -> tuple[float | None, bool]:
        hour = at.astimezone(settings.time_zone).hour
        return (0.1 if hour >= NIGHT_FROM or hour < NIGHT_TO else 0.2), False

    return value


def _as_money(load: Lookup, now: datetime) -> Lookup:
    """Load in the size of a price, so that the price of a start weighs against it as it does against money."""
    day = [value for value in (load(now + SLOT * i)[0] for i in range(96)) if value is not None]
    unit = USUAL_PRICE * len(day) / (sum(abs(value) for value in day) or 1.0)

    def value(at: datetime) -> tuple[float | None, bool]:
        found, forecast = load(at)
        return (None if found is None else found * unit), forecast

    return value


def _lookup(series: Series | Missing, now: datetime, settings: Settings) -> Lookup:
    """Published values as they are; beyond them the profile. Nothing at all where the series does not reach now."""
    if isinstance(series, Missing) or not series.points or series.points[-1].end <= now:
        return lambda _at: (None, False)
    starts = [point.start for point in series.points]
    later = profile(series, now, lambda at: at.astimezone(settings.time_zone))

    def value(at: datetime) -> tuple[float | None, bool]:
        index = bisect_right(starts, at) - 1
        if index >= 0 and at < series.points[index].end:
            return series.points[index].value, False
        found = later(at)
        return found, found is not None

    return value


def _weigh(
    settings: Settings, base: list[float], load: list[float | None], co2: list[float | None]
) -> tuple[list[float], tuple[Reason, ...]]:
    """Base values, or the weighted sum of price, load and CO2, each relative to its mean, in the base's own size."""
    by_hand = (settings.cost_weight, settings.grid_weight, settings.co2_weight)
    wish = {Prefer.COST: (1.0, 0.0, 0.0), Prefer.GRID: (0.0, 1.0, 0.0), Prefer.CO2: (0.0, 0.0, 1.0)}[settings.prefer]
    weights = tuple(w if w is not None else wish[i] for i, w in enumerate(by_hand)) if any(w is not None for w in by_hand) else wish
    if weights[1:] == (0.0, 0.0):
        return base, ()
    parts = [("price", weights[0], base), ("grid load", weights[1], _mostly(load)), ("CO2 (average)", weights[2], _mostly(co2))]
    usable = [(name, weight, _relative(values)) for name, weight, values in parts if weight > 0 and values]
    missing = [name for name, weight, values in parts if weight > 0 and not values]
    unknown = f"; not known: {', '.join(missing)}" if missing else ""
    if not usable:
        return base, (Reason(Code.WEIGHTS, f"by price alone{unknown}"),)
    size = sum(abs(value) for value in base) / len(base) or USUAL_PRICE
    total = sum(weight for _, weight, _ in usable)
    worth = [size * sum(w * values[i] for _, w, values in usable) / total for i in range(len(base))]
    shares = ", ".join(f"{name} {w:g}" for name, w, _ in usable)
    return worth, (Reason(Code.WEIGHTS, f"weighed: {shares}{unknown}"),)


def _whole(values: list[float | None]) -> list[float]:
    """Gaps take the mean: an hour of which nothing is known is neither cheap nor dear."""
    known = [value for value in values if value is not None]
    mean = sum(known) / max(1, len(known))
    return [mean if value is None else value for value in values]


def _mostly(values: list[float | None]) -> list[float]:
    """The values where half of them or more are known; empty where the series is not there."""
    known = sum(value is not None for value in values)
    return _whole(values) if known and known * 2 >= len(values) else []


def _relative(values: list[float]) -> list[float]:
    mean = sum(abs(value) for value in values) / len(values) or 1.0
    return [value / mean for value in values]
