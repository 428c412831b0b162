"""The bricks that all views are made of. Each chart stands beside its table, for those who do not see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from model import Missing
from page.look import Look
from planners.texts import clock, money

Json = dict[str, Any]
Node = Component | str
QUIET: Any = {"displayModeBar": False, "responsive": True, "scrollZoom": False, "doubleClick": False, "showTips": False}


def aria(**words: str) -> Any:
    """Words for screen readers, as Dash takes them: `**aria(label="...")`."""
    return {f"aria-{name}": text for name, text in words.items()}


def card(title: str, *children: Node, name: str = "") -> Component:
    return html.Section([html.H2(title), *children], className=f"card {name}".strip())


def note(text: str) -> Component:
    """Says what is missing and what to do."""
    return html.P(text, className="note")


def chip(text: str, kind: str = "") -> Component:
    return html.Span(text, className=f"chip {kind}".strip())


def bullets(lines: Iterable[str], name: str = "reasons") -> Component:
    return html.Ul([html.Li(line) for line in lines], className=name)


def facts(pairs: Iterable[tuple[str, Node]]) -> Component:
    """Names and values, one under the other."""
    return html.Dl([html.Div([html.Dt(name), html.Dd(value)]) for name, value in pairs], className="facts")


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[Node]], *, narrow: bool = False) -> Component:
    """On a phone each row becomes a block with the head's words beside its values, unless it is `narrow`. A long one scrolls in its own
    frame, which the keyboard reaches. Roles are said because a table that is drawn as blocks loses them."""
    titles = html.Tr([html.Th(name, scope="col", role="columnheader") for name in head], role="row")
    body = [html.Tr([_cell(*pair, first=not index) for index, pair in enumerate(zip(head, row, strict=True))], role="row") for row in rows]
    inner = html.Table(
        [html.Caption(caption), html.Thead(titles, role="rowgroup"), html.Tbody(body, role="rowgroup")],
        role="table",
        className="" if narrow else "stacks",
    )
    return html.Div(inner, className="scroll", tabIndex="0", role="region", **aria(label=caption))


def _cell(title: str, value: Node, *, first: bool) -> Component:
    if first:
        return html.Th(value, scope="row", role="rowheader")
    named: Any = {"data-title": title}
    return html.Td(html.Span(value), role="cell", **named)


def chart(name: str, figure: Json, label: str, as_table: Component) -> Component:
    """`label`: the picture in a sentence, for screen readers."""
    drawn = html.Div(
        dcc.Graph(id=name, figure=figure, config=QUIET, style={"height": f"{figure['layout']['height']}px"}),
        role="img",
        className="chart",
        style={"minHeight": f"{figure['layout']['height']}px"},
        **aria(label=label),
    )
    return html.Div([drawn, html.Details([html.Summary("The same as a table"), as_table])])


def when(look: Look, at: datetime | None) -> str:
    """In the owner's zone, with the weekday where it is not today."""
    return "-" if at is None else clock(at, look.now, look.settings.time_zone)


def when_read(look: Look, age_s: float | None) -> str:
    """When a value was read that was so old when it was decided: a clock, because the page may be looked at hours later."""
    return "-" if age_s is None or look.decided_at is None else when(look, look.decided_at - timedelta(seconds=age_s))


def cash(look: Look, amount: float | None, digits: int = 2) -> str:
    return "-" if amount is None else money(amount, look.data.text("currency") or look.settings.currency, digits)


def percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} %"


def kilowatts(watts: float | None) -> str:
    """`640 W`, `7.2 kW`; the sign is told in words beside it."""
    if watts is None:
        return "not known"
    watts = abs(watts)
    return f"{watts:.0f} W" if watts < 950 else f"{watts / 1000:.1f} kW"


def why(part: object) -> str:
    return part.why if isinstance(part, Missing) else ""
