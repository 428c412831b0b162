"""What was: each charging session with its cost, what it saved and its CO2; the days as bars; all of it as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime, timedelta

from dash import dcc, html
from dash.development.base_component import Component

from model import Missing
from page.chart import BLUE, GREEN, Json, layout, local, time_axis, value_axis
from page.look import Look
from page.parts import aria, card, cash, chart, facts, note, percent, table, when
from page.sessions import Session, sessions
from state.history_read import Past

SPANS = (7, 30, 90, 400)
COLUMNS = ("car", "vin", "plugged_in", "began", "ended", "kwh", "soc_from", "soc_to", "cost", "cost_at_once", "saved", "currency", "co2_kg")
EMPTY = "No charge in this time. Sessions appear here when the car's own counter has risen between two readings."


def days_of(search: str) -> int:
    """From `?days=30`; what makes no sense is 30."""
    text = search.lstrip("?").removeprefix("days=")
    return int(text) if text.isdecimal() and len(text) <= 3 and int(text) in SPANS else 30


def history_view(look: Look, past: Past | Missing, days: int) -> list[Component]:
    picks = [dcc.Link(f"{span} days", href=f"/history?days={span}", className="on" if span == days else "") for span in SPANS]
    head = [html.H1("What was"), html.Nav(picks, className="picks", **aria(label="Time shown"))]
    if isinstance(past, Missing):
        return [*head, card("Sessions", note(past.why))]
    found = sessions(past)
    if not found:
        return [*head, card("Sessions", note(EMPTY))]
    link = html.A("Download as CSV", href=f"/history.csv?days={days}", className="button", download="ampshift-history.csv")
    drawn = chart("history-chart", days_figure(found, look.now, days, look), _told(look, found), _by_day(look, found))
    return [*head, card("In all", facts(_sums(look, found))), card("Energy by day", drawn), card("Sessions", _table(look, found), link)]


def _sums(look: Look, found: Sequence[Session]) -> list[tuple[str, Component | str]]:
    costs, saved = [one.cost for one in found], [one.saved for one in found]
    co2 = [one.co2_kg for one in found]
    kwh = sum(one.kwh for one in found)
    told: list[tuple[str, Component | str]] = [("Charged", f"{kwh:.1f} kWh in {len(found)} session{'s' if len(found) > 1 else ''}")]
    told += [("Cost", _sum(look, costs)), ("Saved", f"{_sum(look, saved)} against charging at once")]
    known = [one for one in co2 if one is not None]
    return [
        *told,
        ("CO2", f"{sum(known):.1f} kg, average of the grid" + _part(known, co2) if known else "not known: no source of CO2 is set"),
    ]


def _sum(look: Look, values: Sequence[float | None]) -> str:
    known = [one for one in values if one is not None]
    return cash(look, sum(known)) + _part(known, values) if known else "not known"


def _part(known: Sequence[float], values: Sequence[float | None]) -> str:
    return "" if len(known) == len(values) else f" (known for {len(known)} of {len(values)} sessions)"


def _by_day(look: Look, found: Sequence[Session]) -> Component:
    days: dict[str, float] = {}
    for one in found:
        day = f"{one.ended.astimezone(look.settings.time_zone):%a %d %b}"
        days[day] = days.get(day, 0.0) + one.kwh
    return table("Energy by day", ("Day", "kWh"), [(day, f"{kwh:.1f}") for day, kwh in days.items()], narrow=True)


def days_figure(found: Sequence[Session], now: datetime, days: int, look: Look) -> Json:
    """A bar for each day on which a session ended; green where it cost less than at once."""
    zone = look.settings.time_zone
    first = min(one.ended for one in found)
    start = max(now - timedelta(days=days), min(first - timedelta(days=1), now - timedelta(days=7)))
    traces = [_bars("saved money", [one for one in found if (one.saved or 0.0) > 0.005], GREEN, look)]
    traces.append(_bars("charged", [one for one in found if (one.saved or 0.0) <= 0.005], BLUE, look))
    axis = time_axis(local(start, zone), local(now + timedelta(days=1), zone), tickformat="%-d %b", hoverformat="%a %-d %b")
    figure = layout(260, xaxis=axis, yaxis=value_axis("kWh"), barmode="stack", bargap=0.3)
    return {"data": [trace for trace in traces if trace["x"]], "layout": figure}


def _bars(name: str, found: Sequence[Session], color: str, look: Look) -> Json:
    days = [f"{one.ended.astimezone(look.settings.time_zone):%Y-%m-%d}" for one in found]
    width = 0.7 * timedelta(days=1) / timedelta(milliseconds=1)
    bar = {"type": "bar", "name": name, "x": days, "y": [round(one.kwh, 2) for one in found], "width": width, "marker": {"color": color}}
    return bar | {"hovertemplate": "%{y:.1f} kWh"}


def _told(look: Look, found: Sequence[Session]) -> str:
    return f"Chart of energy by day: {sum(one.kwh for one in found):.1f} kWh, the newest session ended {when(look, found[0].ended)}."


def _table(look: Look, found: Sequence[Session]) -> Component:
    zone, names = look.settings.time_zone, look.cars
    rows = [
        (
            f"{one.began.astimezone(zone):%a %d %b %H:%M}",
            f"{one.ended.astimezone(zone):%H:%M}",
            names.get(one.vin) or one.vin[-6:] or "car",
            f"{one.kwh:.1f}",
            f"{percent(one.soc_from)} to {percent(one.soc_to)}",
            cash(look, one.cost),
            cash(look, one.saved),
            "-" if one.co2_kg is None else f"{one.co2_kg:.1f} kg",
        )
        for one in found
    ]
    return table("Sessions, newest first", ("Began", "Ended", "Car", "kWh", "Battery", "Cost", "Saved", "CO2"), rows)


def as_csv(look: Look, found: Sequence[Session]) -> str:
    """Times with the owner's offset; an empty cell is not known."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    currency = look.data.text("currency") or look.settings.currency
    for one in found:
        times = [at.astimezone(look.settings.time_zone).isoformat(timespec="seconds") for at in (one.plugged_at, one.began, one.ended)]
        money = [_cell(value, 4) for value in (one.cost, one.at_once, one.saved)]
        levels = [_cell(value, 0) for value in (one.soc_from, one.soc_to)]
        writer.writerow(
            [_plain(look.cars.get(one.vin, "")), one.vin, *times, _cell(one.kwh, 3), *levels, *money, currency, _cell(one.co2_kg, 3)]
        )
    return out.getvalue()


def _cell(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _plain(text: str) -> str:
    """A spreadsheet takes a name that begins so for a formula, and runs it."""
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text
