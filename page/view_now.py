"""The first view: one sentence, what flows, the coming hours, each car with its reasons, and the owner's words."""

from __future__ import annotations

from collections.abc import Iterator

from dash import html
from dash.development.base_component import Component

from model import Missing
from page.ahead import ahead
from page.data import Data
from page.flow import flow_card
from page.look import Look
from page.parts import Node, aria, bullets, card, cash, chip, facts, note, percent, when, when_read
from page.view_plan import plan_chart
from planners.texts import due

LONG = 120  # letters
FIRST_STEPS = (
    "scheduler.py check tests each setting and connection.",
    "scheduler.py -v once shows what would be done now, and sends nothing.",
    "crontab -l: is cron's line there? make install CRON=yes puts it in.",
)
ACTIONS = {"charge": "charges", "wait": "waits", "stop": "is stopped", "none": "left alone"}
ORIGINS = {"ours": "by the plan", "car": "by the car's own schedule", "plug-in": "by itself at plug-in", "hand": "by hand"}
PATHS = {"twc": "the Wall Connector", "car": "the car", "none": "nothing: see the reasons"}


def now_view(look: Look) -> list[Component]:
    """In reading order; a phone shows it so, a desk in two columns. The words and the cars come below it."""
    if isinstance(look.decision, Missing):
        return [headline(look), html.Div(card("What to do", bullets(FIRST_STEPS)), className="pair")]  # why stands above it on every view
    chart = card("The coming hours", plan_chart(look, ahead(look.data), "now-chart"))
    return [headline(look), html.Div([flow_card(look), chart], className="pair")]


def cars_view(look: Look) -> list[Component]:
    return [car_card(look, car) for car in look.data.rows("cars")]


def headline(look: Look) -> Component:
    """What happens, in one sentence; whether it is real; how fresh it is."""
    data = look.data
    summary = data.text("summary") or "Nothing is decided yet."
    marks = [chip("Dry run: nothing is sent", "warn")] if data.flag("dry_run") else []
    at = look.decided_at  # a clock, not an age: it stays true while nothing new is written
    fresh = [] if at is None else [html.Span(f"Decided at {when(look, at)}, next at {when(look, data.time('next_cycle'))}")]
    title = html.H1(summary, className="long" if len(summary) > LONG else "")
    return html.Div([title, html.P([*marks, *fresh], className="fresh")], className="headline")


def alarms(look: Look) -> list[str]:
    """What the owner must see on every view."""
    found = [text for text in (look.late, look.daemon_gone) if text]
    if not isinstance(look.charger, Missing):
        found += [f"Wall Connectors: {alarm}" for alarm in look.charger.alarms]
    if not isinstance(look.ceiling, Missing) and look.ceiling.amps is not None:
        found.append(f"The overload guard holds all chargers at {look.ceiling.amps} A ({look.ceiling.why}).")
    if not isinstance(look.memory, Missing):
        found += look.memory.problems  # what the newest cycle said to cron
    return list(dict.fromkeys((*found, *look.problems)))


def car_card(look: Look, car: Data) -> Component:
    action = car.text("action")
    amps = f" at {car.number('amps') or 0:.0f} A" if action == "charge" else ""
    badge = chip(f"{ACTIONS.get(action, action)}{amps}", action)
    head = html.Div([html.H2(car.text("name") or "Car"), badge], className="car-head")
    parts: list[Node] = [head, _battery(look, car), facts(_facts(look, car))]
    reasons = [reason.text("text") for reason in car.rows("reasons")]
    if reasons:
        parts += [html.H3("Why"), bullets(reasons)]
    fate = car.part("if_pi_dies").text("text")
    if fate:
        parts.append(html.P(f"If this computer dies: {fate}.", className="fate"))
    return html.Section(parts, className="card car-card")


def _battery(look: Look, car: Data) -> Component:
    """How full, and how full it may become."""
    soc, limit = car.number("soc"), car.number("limit_soc")
    if soc is None:
        return note("How full the car is is not known: it has not been read yet.")
    bars = [html.Span(className="fill", style={"width": f"{min(100.0, max(0.0, soc)):.0f}%"})]
    if limit is not None:
        bars.append(html.Span(className="limit", style={"left": f"{min(100.0, max(0.0, limit)):.0f}%"}))
    words = f"{soc:.0f} %" + (f", limit {limit:.0f} %" if limit is not None else "")
    bar = html.Div(bars, className="bar", role="img", **aria(label=f"Battery {words}"))
    old = car.number("soc_age_s")
    said = html.Span(f"limit {percent(limit)}" + (f" · read at {when_read(look, old)}" if old is not None else ""), className="small")
    return html.Div([html.Strong(percent(soc)), bar, said], className="level")


def _facts(look: Look, car: Data) -> Iterator[tuple[str, Node]]:
    for at, need in enumerate(car.rows("need")[:3]):
        kwh = need.number("kwh")
        more = f" ({due(kwh, at)})" if kwh is not None else ""
        yield when(look, need.time("by")), f"{percent(need.number('soc'))}{more}: {need.text('text')}"
    cost, at_once = car.number("cost"), car.number("cost_if_now")
    if cost is not None and car.rows("plan"):
        yield "Cost", cash(look, cost) + (f"; at once {cash(look, at_once)}" if at_once is not None else "")
    if car.time("latest_start") is not None:
        yield "Latest safe start", when(look, car.time("latest_start"))
    if car.text("origin"):
        yield "Charge began", ORIGINS.get(car.text("origin"), car.text("origin"))
    if car.text("path"):
        yield "Amps set by", PATHS.get(car.text("path"), car.text("path"))
