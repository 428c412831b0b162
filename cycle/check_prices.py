"""`check`: what power costs in the coming 48 h, in words, how old those prices are and where they are from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise

from config import Settings
from config_tariff import Kind, Tariff
from model import Missing
from model_decision import Slot, Snapshot
from planners.signal import signal
from planners.texts import age, clock, money

AHEAD = timedelta(hours=48)
MANY = 6  # stretches of one price; more of them are told price by price, and many prices by their cheapest and dearest quarter
LEVELS = 5
OLD_DAYS = 200  # most utilities change their prices once or twice a year
Priced = tuple[Slot, float]


def price_lines(snapshot: Snapshot, settings: Settings) -> Iterator[str]:
    """Where the prices are from and how old; then the coming 48 h."""
    slots, reasons = signal(snapshot, settings, snapshot.now + AHEAD)
    for reason in reasons:
        yield f"prices  {reason.text}"
    yield from _origin(snapshot, settings)
    ends = snapshot.now + AHEAD
    priced = [(slot, slot.price) for slot in slots if slot.price is not None and slot.start < ends]
    words = Words(snapshot.now, settings)
    if priced:
        yield f"        the next 48 h: {words.of(priced)}"
        low, high = min(price for _, price in priced), max(price for _, price in priced)
        if low < high:
            yield f"        the lowest: {words.at(priced, low)}; the highest: {words.at(priced, high)}"
    earned = [slot.export for slot in slots if slot.export is not None]
    if earned:
        same = min(earned) == max(earned)
        yield f"        an exported kWh earns {words.money(min(earned))}{'' if same else f' to {words.money(max(earned))}'}"


class Words:
    """Stretches of time and their prices, on the owner's clock."""

    def __init__(self, now: datetime, settings: Settings) -> None:
        self._now = now
        self._settings = settings

    def of(self, priced: Sequence[Priced]) -> str:
        """Each stretch of one price as they come; where those are many, by price, or the cheapest and the dearest quarter."""
        runs = _runs(priced)
        if len(runs) <= MANY:
            return ", ".join(f"{self.money(run[0][1])} {self.stretch(run)}{_expected(run)}" for run in runs)
        levels = sorted({round(price, 6) for _, price in priced})
        if len(levels) <= LEVELS:
            marked = ((level, [(slot, float(round(price, 6) == level)) for slot, price in priced]) for level in levels)
            return "; ".join(f"{self.money(level)} {self.stretches(each)}" for level, each in marked)
        ordered = sorted(price for _, price in priced)
        low, high = ordered[len(ordered) // 4], ordered[len(ordered) * 3 // 4]
        cheap = self.stretches([(slot, float(price <= low)) for slot, price in priced])
        dear = self.stretches([(slot, float(price >= high)) for slot, price in priced])
        mean = sum(ordered) / len(ordered)
        return f"{self.money(mean)} on average; up to {self.money(low)} {cheap}; {self.money(high)} or more {dear}"

    def at(self, priced: Sequence[Priced], price: float) -> str:
        run = next(run for run in _runs(priced) if run[0][1] == price)
        return f"{self.money(price)} {self.stretch(run)}{_expected(run)}"

    def stretches(self, marked: Sequence[Priced]) -> str:
        return ", ".join(f"{self.stretch(run)}{_expected(run)}" for run in _runs(marked) if run[0][1])

    def stretch(self, run: Sequence[Priced]) -> str:
        start, end = max(run[0][0].start, self._now), min(run[-1][0].end, self._now + AHEAD)
        zone = self._settings.time_zone
        same_day = start.astimezone(zone).date() == end.astimezone(zone).date()
        until = f"{end.astimezone(zone):%H:%M}" if same_day else clock(end, self._now, zone)
        return f"from {clock(start, self._now, zone)} to {until}"

    def money(self, price: float) -> str:
        return money(price, self._settings.currency, digits=3)


def _runs(priced: Sequence[Priced]) -> list[list[Priced]]:
    """One price, told or expected, without a gap: an hour of which nothing is known ends a stretch."""
    runs: list[list[Priced]] = []
    for each in priced:
        before = runs[-1][-1] if runs else None
        if before is not None and before[0].end == each[0].start and _kind(before) == _kind(each):
            runs[-1].append(each)
        else:
            runs.append([each])
    return runs


def _kind(each: Priced) -> tuple[float, bool]:
    return round(each[1], 6), each[0].forecast


def _expected(run: Sequence[Priced]) -> str:
    return " (expected)" if run[0][0].forecast else ""


def _origin(snapshot: Snapshot, settings: Settings) -> Iterator[str]:
    tariff, prices = settings.tariff, snapshot.prices
    if not isinstance(prices, Missing) and prices.points:
        old = age((snapshot.now - prices.fetched_at).total_seconds())
        end = prices.points[-1].end
        until = f"published until {clock(end, snapshot.now, settings.time_zone)}"
        gone = f"they ended on {end.astimezone(settings.time_zone):%Y-%m-%d} and count no more"
        yield f"        got {old} ago; {until if end > snapshot.now else gone}"
        holes = [(one.end, two.start) for one, two in pairwise(prices.points) if one.end < two.start and two.start > snapshot.now]
        if holes:
            first = clock(max(holes[0][0], snapshot.now), snapshot.now, settings.time_zone)
            more = "" if len(holes) == 1 else f", and {len(holes) - 1} more"
            last = clock(holes[0][1], snapshot.now, settings.time_zone)
            yield f"        a hole in them from {first} to {last}{more}: what is expected stands in there"
    if tariff is not None and tariff.kind in (Kind.CLOCK, Kind.WHOLESALE):
        yield from _tariff(tariff, snapshot.now.astimezone(settings.time_zone).date())


def _tariff(tariff: Tariff, today: date) -> Iterator[str]:
    """A file's own words on itself; a price that nobody has looked at for long is worth a look."""
    if tariff.dated is not None:
        days = (today - tariff.dated).days
        since = f"in force {'since' if days >= 0 else 'from'} {tariff.dated}" if not tariff.example else f"seen on {tariff.dated}"
        old = f", {days} days: look whether they have changed" if days > OLD_DAYS else ""
        yield f"        {'an example, ' if tariff.example else ''}prices {since}{old}; {tariff.source or 'no source is named'}"
    if tariff.note:
        yield f"        {tariff.note}"
