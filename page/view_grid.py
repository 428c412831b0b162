"""The grid view: the load forecast with its mean and deviation, as owners of intelligent-charge-scheduler know it."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from model import Missing
from page.ahead import ahead
from page.chart_grid import Load, grid_figure, load_now
from page.data import Data
from page.look import Look
from page.parts import Node, card, chart, facts, kilowatts, note, percent, table, when, when_read
from planners.texts import age

AGED = "The forecast that was read last has ended: GridStatus has not answered for days. See Health."


def grid_view(look: Look) -> list[Component]:
    head = html.H1("Load of the grid")
    if isinstance(look.load, Missing):
        return [head, card("Load forecast", note(f"There is no load forecast: {look.load.why}."))]
    load = load_now(look.load.points, look.now)
    if load is None:
        return [head, card("Load forecast", note(AGED))]
    found = ahead(look.data)
    figure = grid_figure(load, found, look.now, look.settings.time_zone)
    rows = [(when(look, one.start), f"{one.value:,.0f} MW", _place(one.value, load)) for one in load.points if one.start.minute == 0]
    drawn = chart("grid-chart", figure, _told(look, load), table("Hour by hour", ("From", "Load", "Against the mean"), rows, narrow=True))
    read = age(max(0.0, (look.now - look.load.fetched_at).total_seconds()))
    source = html.P(f"{look.load.source}, read {read} ago. Low load is usually cheap and clean power.", className="small")
    return [head, card("Load forecast", drawn, facts(_facts(look, load)), source), *(_car(look, car) for car in look.data.rows("cars"))]


def _place(value: float, load: Load) -> str:
    if value < load.low:
        return "low: more than one sd below"
    if value > load.high:
        return "high: more than one sd above"
    return "below" if value < load.mean else "above"


def _told(look: Look, load: Load) -> str:
    now = f"now {load.current:,.0f} MW" if load.current is not None else "the load now is not known"
    ends = f"off-peak ends {when(look, load.off_peak_end)}" if load.off_peak_end else "no end of off-peak lies ahead"
    return f"Chart of the grid's load forecast: {now}, mean {load.mean:,.0f} MW, standard deviation {load.sd:,.0f} MW; {ends}."


def _facts(look: Look, load: Load) -> list[tuple[str, Node]]:
    found: list[tuple[str, Node]] = [("Mean", f"{load.mean:,.0f} MW"), ("Standard deviation", f"{load.sd:,.0f} MW")]
    if load.current is not None:
        found.insert(0, ("Load now", f"{load.current:,.0f} MW"))
    ends = when(look, load.off_peak_end) if load.off_peak_end else "not within this forecast"
    return [*found, ("End of off-peak", ends)]


def _car(look: Look, car: Data) -> Component:
    """The line below the picture, as that page had it."""
    old, state = car.number("soc_age_s"), car.text("charging") or "not known"
    seen = f", seen at {when_read(look, old)}" if old is not None else ""
    amps, watts = car.number("amps"), car.number("power_w")
    told: list[tuple[str, Node]] = [("Battery", percent(car.number("soc"))), ("Charge limit", percent(car.number("limit_soc")))]
    told += [("Takes", kilowatts(watts) if watts is not None else "not known"), ("Decided", f"{amps:.0f} A" if amps is not None else "-")]
    told += [("State", f"{state}{seen}")]
    return card(car.text("name") or "Car", facts(told))
