"""The coming 48 hours: the chart, the departures with their events, and why each part of the plan is as it is."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from model import Missing
from page.ahead import ABOVE_THE_PLAN, Ahead, Charge, ahead, rules
from page.chart_plan import plan_figure
from page.data import Data
from page.look import Look
from page.parts import bullets, card, cash, chart, note, percent, table, when
from page.why import Block, blocks
from planners.texts import distance

NO_OUTLOOK = "decision.json has no outlook: it comes with the next cycle of this version (scheduler.py run)."


def plan_view(look: Look) -> list[Component]:
    found = ahead(look.data)
    reasons = [reason.text("text") for reason in look.data.part("signal").rows("reasons")]
    sources = [html.H3("What the prices rest on"), bullets(reasons)] if reasons else []
    return [
        html.H1("The coming 48 hours"),
        card("Price and plan", plan_chart(look, found, "plan-chart"), *sources),
        card("Departures", departures(look, found)),
        *(_why(look, found, car) for car in look.data.rows("cars")),
    ]


def _why(look: Look, found: Ahead, car: Data) -> Component:
    name = car.text("name") or "Car"
    drawn = _blocks(look, blocks(name, found.quarters, found.charges, found.dues, look.decided_at), name)
    word = rules(car, ABOVE_THE_PLAN)
    above = [note(f"{word[:1].upper()}{word[1:]}. That rules; below stands what the plan would be without it.")]
    return card(f"{name}: why each part", *(above if word else []), drawn)


def plan_chart(look: Look, found: Ahead, name: str) -> Component:
    if isinstance(look.decision, Missing):
        return note(look.decision.why)
    if not found.quarters:
        return note(NO_OUTLOOK)
    unit = f"{look.data.text('currency') or look.settings.currency}/kWh"
    figure = plan_figure(found, look.now, unit, look.settings.time_zone)
    hours = [
        (
            when(look, one.start),
            cash(look, one.price, 3) + (" expected" if one.forecast and one.price is not None else ""),
            f"{one.sun_w / 1000:.1f} kW" if one.sun_w is not None else "-",
            ", ".join(f"{slot.car} {slot.amps:.0f} A" for slot in _real(found) if slot.start < one.end and one.start < slot.end) or "-",
        )
        for one in found.quarters
        if one.start.minute == 0
    ]
    return chart(name, figure, _told(look, found), table("Hour by hour", ("From", "Price of a kWh", "Sun", "Charging"), hours, narrow=True))


def _real(found: Ahead) -> list[Charge]:
    """Without what the owner holds back."""
    return [one for one in found.charges if not one.held]


def _told(look: Look, found: Ahead) -> str:
    """The picture in a sentence or two."""
    plans = [f"{one.car} charges at {one.amps:.0f} A from {when(look, one.start)} to {when(look, one.end)}" for one in _real(found)[:4]]
    known = [one.price for one in found.quarters if one.price is not None]
    prices = [f"a kWh costs {cash(look, min(known), 3)} to {cash(look, max(known), 3)}"] if known else ["no price is known"]
    return "Chart of the coming hours: " + "; ".join([*prices, *(plans or ["no charge is planned"])]) + "."


def departures(look: Look, found: Ahead) -> Component:
    """Drives that calendars ask for, then what each car must have by when."""
    trips = [
        (
            when(look, trip.time("leave")),
            trip.text("text"),
            "-" if (km := trip.number("km")) is None else distance(km, look.settings),
            when(look, trip.time("back")),
        )
        for trip in found.trips
    ]
    needs = [
        (when(look, due.by), due.car, percent(due.soc), f"{due.kwh:.1f} kWh" if due.kwh is not None else "-", due.text)
        for due in found.dues
    ]
    if isinstance(look.decision, Missing):
        return note(look.decision.why)  # not that nobody needs anything
    if not trips and not needs:
        return note("Nobody needs anything: no departure, and the car has what it needs. DEPARTURE_TIME and calendars say when you leave.")
    drawn = [table("Drives of your calendars", ("Leave", "What", "Distance", "Back"), trips)] if trips else []
    drawn += [table("What must be in the battery, by when", ("By", "Car", "Battery", "In total by then", "Why"), needs)] if needs else []
    return html.Div(drawn)


def _blocks(look: Look, found: tuple[Block, ...], name: str) -> Component:
    if not found:
        return note("No charge is planned.")
    rows = [
        (
            f"{when(look, one.start)} to {when(look, one.end)}",
            "waits" if one.amps is None else f"charges at {one.amps:.0f} A",
            f"{one.kwh:.1f} kWh" if one.amps is not None else "-",
            _span(look, one.price),
            one.why,
        )
        for one in found
    ]
    return table(f"The plan of {name}", ("When", "What", "Energy", "Price of a kWh", "Why"), rows)


def _span(look: Look, price: tuple[float, float] | None) -> str:
    if price is None:
        return "-"
    low, high = (cash(look, one, 3) for one in price)
    return low if low == high else f"{low} to {high}"
