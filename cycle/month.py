"""The month in words (`status --month`, and once a month to NOTIFY_URL), and what DRY_RUN would have saved, from history.sqlite."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from config import Settings
from config_tariff_values import Kind
from planners.month import CarPast, HousePast, PlugIn, Seen, Total, co2_kg, total
from planners.texts import clock, money
from state.history import History
from state.history_read import Past, read_past
from state.ledger import Ledger, Night

T = TypeVar("T")
LEAD = timedelta(days=8)  # a car that is plugged in for a week has its plug-in before the month
SETTLED = timedelta(hours=8)  # a night that has just begun is not judged
DRY_DAYS = 60
NOON = timedelta(hours=12)  # a night begins in the afternoon and ends in the morning


def month_of(now: datetime, settings: Settings, back: int = 0) -> str:
    """`2026-11` in the owner's zone, `back` months ago."""
    local = now.astimezone(settings.time_zone)
    months = local.year * 12 + local.month - 1 - back
    return f"{months // 12:04d}-{months % 12 + 1:02d}"


def month_lines(settings: Settings, month: str, now: datetime) -> tuple[str, ...]:
    """The summary, one line each; empty where nothing was recorded in it. Raises StateError."""
    start, end = _span(month, settings)
    past, ledger = _read(settings, start, min(end, now + timedelta(minutes=1)))
    if not any(start <= at < end for at in (*(row.at for row in past.readings), *(row.at for row in past.decisions))):
        return ()
    found = total(_cars(past, ledger, start, end, settings), _house(past, settings))
    dollars = dict(ledger.bill).get(month)
    return (f"{start.astimezone(settings.time_zone):%B %Y}:", *_told(found, settings), *_bill(dollars))


def dry_run_line(settings: Settings, now: datetime) -> str:
    """What Ampshift would have saved in the nights of DRY_RUN; "" where there were none. Raises StateError."""
    start = now - timedelta(days=DRY_DAYS)
    past, ledger = _read(settings, start, now + timedelta(minutes=1))
    nights = tuple(one for one in ledger.nights if one.dry and now - one.at >= SETTLED)
    found = total(_cars(past, Ledger(nights), start, now, settings), _house(past, settings))
    if not found.nights:
        return ""
    count = len(found.nights)
    when = f"In {count} night{'s' if count > 1 else ''} of DRY_RUN your charging cost about {money(found.paid, settings.currency)}"
    less = found.paid - found.would
    if less < 0.005:
        return f"{when}, and would have cost as much with Ampshift: it ran in the cheapest hours already."
    would = money(found.would, settings.currency)
    return f"{when}; with Ampshift it would have been {would}: {money(less, settings.currency)} less."


def _told(found: Total, settings: Settings) -> Iterator[str]:
    zone, sums = settings.time_zone, found.all
    due = found.kept + len(found.short)
    yield f"Departures kept: {found.kept} of {due} that needed a charge" if due else "No departure needed a charge."
    for by, had, wanted in found.short[:5]:
        yield f"  short on {by.astimezone(zone):%a %d} at {clock(by, by, zone)}: {had:.0f} of {wanted:.0f} %"
    cost = f" for about {money(sums.cost, settings.currency)}" if sums.kwh > 0 and sums.priced_kwh >= 0.99 * sums.kwh else ""
    yield f"Charged: {sums.kwh:.0f} kWh{cost}"
    if found.compared_kwh > 0:
        yield f"Saved against charging at once: about {money(found.saved, settings.currency)}"
    if sums.sun_kwh >= 1:
        yield f"From your own sun: {sums.sun_kwh:.0f} kWh"
    grams = co2_kg(sums)
    if grams is not None:
        yield f"CO2: {grams:.0f} kg (average mix of the grid; your sun counts as none)"


def _bill(dollars: float | None) -> Iterator[str]:
    if dollars:
        yield f"Tesla's bill: ${dollars:.2f} (its month is UTC)"


def _span(month: str, settings: Settings) -> tuple[datetime, datetime]:
    year, number = int(month[:4]), int(month[5:])
    after = (year + 1, 1) if number == 12 else (year, number + 1)
    start, end = (datetime(*each, 1, tzinfo=settings.time_zone) for each in ((year, number), after))
    return start.astimezone(UTC), end.astimezone(UTC)


def _read(settings: Settings, start: datetime, end: datetime) -> tuple[Past, Ledger]:
    path = settings.state_dir / "history.sqlite"
    ledger = History(path).book(start - LEAD, end)
    return read_past(path, start - LEAD, end), ledger


def _cars(past: Past, ledger: Ledger, start: datetime, end: datetime, settings: Settings) -> tuple[CarPast, ...]:
    """Readings within the span alone: what was charged before it belongs to another month."""
    found = []
    for vin in dict.fromkeys(row.vin for row in past.readings):
        rows = [row for row in past.readings if row.vin == vin and start <= row.at < end]
        seen = tuple(Seen(row.at, row.charging not in (None, "Disconnected"), row.soc, row.added_kwh) for row in rows)
        charges = tuple((row.at, row.action == "charge") for row in past.decisions if row.vin == vin)
        plug_ins = tuple(_plug_in(one, settings) for one in ledger.nights if one.vin == vin)
        due = tuple((one.by, one.soc) for one in ledger.goals if one.vin == vin and start <= one.by < end)
        found.append(CarPast(seen, charges, plug_ins, due))
    return tuple(found)


def _plug_in(one: Night, settings: Settings) -> PlugIn:
    night = (one.plugged.astimezone(settings.time_zone) - NOON).date()
    return PlugIn(one.plugged, one.kwh, one.cost, one.cost_if_now, one.dry, night.isoformat())


def _house(past: Past, settings: Settings) -> HousePast:
    prices = tuple(sorted(((row.at, row.price) for row in past.decisions), key=lambda row: row[0]))
    sun = tuple((row.at, (row.solar_w, row.load_w)) for row in past.house if row.solar_w is not None and row.load_w is not None)
    co2 = [(point.start, point.value) for point in past.co2]
    tariff = settings.tariff
    export = tariff.export if tariff is not None and tariff.kind is Kind.CLOCK and tariff.export is not None else 0.0
    return HousePast(prices, sun, tuple(co2), export, settings.efficiency_percent / 100)
