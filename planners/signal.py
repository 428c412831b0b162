"""What a kWh counts as in each 15-minute slot. With less information there is a worse signal, never none:

a price series            beyond its published end what the past days tell (`later.py`), marked as a forecast; of a wholesale tariff
                          with its factor and what it adds at each hour
the grid's load forecast  where the prices are missing: cheap power and low load go together (facts: 97 % of the saving in CAISO)
the tariff's clock        TARIFF, by the owner's local time
the night                 from 23:00 to 06:00 counts as cheaper
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from config import Settings
from config_tariff import Kind, Tariff, export_at, price_at
from model import SLOT, Code, Missing, Reason, Series
from model_decision import Slot, Snapshot
from planners.alerts import alert_reason, alerted
from planners.later import Later
from planners.net_load import NET
from planners.profile import profile
from planners.weigh import USUAL_PRICE, by_money, weigh, whole

Lookup = Callable[[datetime], tuple[float | None, bool]]  # instant -> (value, is it a forecast of ours)
Stand = Callable[[datetime], float | None]  # instant -> what stands in where nothing is published
NIGHT_FROM, NIGHT_TO = 23, 6
CO2_LATE = timedelta(days=3)  # the mix is known of past days only; it is much the same at the same hour


def signal(snapshot: Snapshot, settings: Settings, until: datetime) -> tuple[tuple[Slot, ...], tuple[Reason, ...]]:
    """Slots from now's quarter of an hour to `until`, and which source made them. Never empty."""
    starts = slot_starts(snapshot.now, until)
    later, bill = Later(snapshot.prices, snapshot.now, settings), _bill(settings)
    price, load = _lookup(snapshot.prices, snapshot.now, settings, later=later.value), _lookup(snapshot.load, snapshot.now, settings)
    price, co2 = _retail(price, bill), _lookup(snapshot.co2, snapshot.now, settings, CO2_LATE)
    base, reason = _basis(snapshot, settings, price, load, starts)
    rows = [(start, base(start), price_of(start, price, settings), load(start), co2(start)) for start in starts]
    known = [row[1][0] for row in rows]
    worth, weights = weigh(settings, starts, whole(known), [row[3][0] for row in rows], [row[4][0] for row in rows])
    export = _export(snapshot, settings)
    slots = tuple(
        Slot(start, start + SLOT, value, money[0], grid[0], gas[0], found[0] is None or found[1] or money[1], export(start))
        for value, (start, found, money, grid, gas) in zip(worth, rows, strict=True)
    )
    if reason.code is Code.PRICES and by_money(settings):
        may_be = {slot.start: later.futures(slot.start) for slot in slots if slot.forecast}
        slots = tuple(replace(slot, futures=tuple(bill(slot.start, one) for one in may_be.get(slot.start, ()))) for slot in slots)
    profiled = (later.reason(),) if any(slot.forecast for slot in slots) else ()
    warned = (alert_reason(one, snapshot.now, settings.time_zone) for one in snapshot.alerts if one.end > snapshot.now)
    return alerted(slots, snapshot.alerts), (reason, *weights, *profiled, *warned)


def slot_starts(now: datetime, until: datetime) -> tuple[datetime, ...]:
    """Quarter hours from the one that now lies in, as far as `until`."""
    first = datetime.fromtimestamp(now.timestamp() // SLOT.total_seconds() * SLOT.total_seconds(), UTC)
    count = max(1, -int((first - until) // SLOT))
    return tuple(first + SLOT * i for i in range(count))


def price_of(start: datetime, price: Lookup, settings: Settings) -> tuple[float | None, bool]:
    """Money per kWh: the price series, else the tariff; (None, False) where neither is known."""
    found = price(start)
    clock = _clock(settings)
    if found[0] is None and clock is not None:
        return price_at(clock, start.astimezone(settings.time_zone)), False
    return found


def _clock(settings: Settings) -> Tariff | None:
    """The tariff, where the owner's clock alone tells its prices."""
    return settings.tariff if settings.tariff is not None and settings.tariff.kind is Kind.CLOCK else None


def _bill(settings: Settings) -> Callable[[datetime, float], float]:
    """The market's price as the owner pays it: times the factor, plus what the tariff adds at that hour."""
    tariff = settings.tariff
    if tariff is None or tariff.kind is not Kind.WHOLESALE:
        return lambda _at, price: price
    return lambda at, price: price * tariff.times + price_at(tariff, at.astimezone(settings.time_zone))


def _retail(price: Lookup, bill: Callable[[datetime, float], float]) -> Lookup:
    def value(at: datetime) -> tuple[float | None, bool]:
        found, forecast = price(at)
        return (None if found is None else bill(at, found)), forecast

    return value


def _export(snapshot: Snapshot, settings: Settings) -> Callable[[datetime], float | None]:
    """What an exported kWh earns: its own series, else the tariff."""
    own, tariff = _lookup(snapshot.export_prices, snapshot.now, settings), settings.tariff

    def value(at: datetime) -> float | None:
        found = own(at)[0]
        return export_at(tariff, at.astimezone(settings.time_zone)) if found is None and tariff is not None else found

    return value


def _basis(snapshot: Snapshot, settings: Settings, price: Lookup, load: Lookup, starts: tuple[datetime, ...]) -> tuple[Lookup, Reason]:
    """The best source there is: what the planner minimises before weights, and the reason that names it."""
    if not isinstance(snapshot.prices, Missing) and _tells(price, snapshot.now, starts):
        return (lambda at: price_of(at, price, settings)), Reason(Code.PRICES, _source(snapshot.prices.source, settings.tariff))
    clock = _clock(settings)
    if clock is not None and not (settings.price_file is not None and _tells(load, snapshot.now, starts)):
        return (lambda at: price_of(at, price, settings)), Reason(Code.TARIFF, f"tariff {clock.name}")
    if _tells(load, snapshot.now, starts):
        net = not isinstance(snapshot.load, Missing) and NET in snapshot.load.source
        what = "load less sun and wind" if net else "load forecast"
        text = f"no prices: the grid's {what} stands in (low load is cheap power)"
        return _as_money(load, snapshot.now), Reason(Code.LOAD_FORECAST, text)
    return _night(settings), Reason(Code.NIGHT_CLOCK, "no prices, forecast or tariff: the night from 23:00 counts as cheaper")


def _source(name: str, tariff: Tariff | None) -> str:
    if tariff is None or tariff.kind is not Kind.WHOLESALE:
        return f"prices from {name}"
    added = [period.price for period in tariff.periods]
    more = f"{min(added):g}" if min(added) == max(added) else f"{min(added):g} to {max(added):g} by the hour"
    return f"prices from {name}, {f'x {tariff.times:g} ' if tariff.times != 1.0 else ''}+ {more} ({tariff.name})"


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


def _lookup(
    series: Series | Missing, now: datetime, settings: Settings, late: timedelta = timedelta(), later: Stand | None = None
) -> Lookup:
    """Published values as they are; beyond them `later`, or the profile. Nothing where the series ends more than `late` before now."""
    if isinstance(series, Missing) or not series.points or series.points[-1].end <= now - late:
        return lambda _at: (None, False)
    starts = [point.start for point in series.points]
    later = later or profile(series, now, lambda at: at.astimezone(settings.time_zone))

    def value(at: datetime) -> tuple[float | None, bool]:
        index = bisect_right(starts, at) - 1
        if index >= 0 and at < series.points[index].end:
            return series.points[index].value, False
        found = later(at)
        return found, found is not None

    return value
