"""The Dash app: its frame, which view an address shows, and the callbacks. One process, no files from other hosts, nothing kept between
two requests but sessions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from page.look import Look, Reader
from page.parts import aria, bullets
from page.speak import BUTTONS, Click, speak, standing, words_card
from page.view_grid import grid_view
from page.view_health import health_view
from page.view_history import days_of, history_view
from page.view_now import alarms, cars_view, headline, now_view
from page.view_plan import plan_view

TICK_MS = 15_000
VIEWS = {"/": "Now", "/plan": "48 hours", "/grid": "Grid", "/history": "History", "/health": "Health"}
SENT_DAYS = 7
SKELETON = """<!DOCTYPE html>
<html lang="en">
<head>{%metas%}<title>{%title%}</title>{%favicon%}{%css%}</head>
<body>{%app_entry%}<noscript><p class="noscript">The page needs JavaScript. In a terminal: scheduler.py status</p></noscript>
<footer>{%config%}{%scripts%}{%renderer%}</footer></body>
</html>"""
METAS = (
    {"name": "viewport", "content": "width=device-width, initial-scale=1"},
    {"name": "color-scheme", "content": "light dark"},
    {"name": "robots", "content": "noindex"},
)


def make_site(reader: Reader) -> Dash:
    """Everything but the door, which server.py hangs in front of it."""
    site = Dash(
        __name__,
        title="Ampshift",
        update_title="",
        assets_folder=str(Path(__file__).parent / "assets"),
        pages_folder="",
        use_pages=False,
        serve_locally=True,
        index_string=SKELETON,
        meta_tags=list(METAS),
        add_log_handler=False,
        suppress_callback_exceptions=True,
        enable_mcp=False,
        websocket_callbacks=False,
    )
    site.layout = lambda: frame(reader.look())
    _views(site, reader)
    _words(site, reader)
    return site


def frame(look: Look) -> Component:
    """What stays while views come and go. The sentence is in it from the start, so that nothing jumps when the rest arrives."""
    links = [dcc.Link(title, href=href, id=f"to-{title.split()[-1].lower()}") for href, title in VIEWS.items()]
    skip = html.A("Skip to the content", href="#view", className="skip")
    leave = html.Form(html.Button("Log out", className="out"), action="/logout", method="POST")
    parts = [html.Span("Ampshift", className="brand"), html.Nav(links, id="nav", **aria(label="Views"))]
    head = html.Header([*parts, leave] if look.settings.page_password else parts)
    words = html.Div(words_card(look.cars), id="words", hidden=True)  # until what stands above it is there
    lower = html.Div([words, html.Div(id="cars", className="cards")], className="pair lower")
    body = html.Main([html.Div(_warned(look), id="alarms", role="status"), html.Div(headline(look), id="view", tabIndex="-1"), lower])
    return html.Div([dcc.Location(id="at"), dcc.Interval(id="tick", interval=TICK_MS), dcc.Store(id="shown"), skip, head, body])


def _warned(look: Look) -> Component | str:
    found = alarms(look)
    return html.Div(bullets(found, "alarms"), role="alert") if found else ""


def _views(site: Dash, reader: Reader) -> None:
    @site.callback(
        Output("view", "children"),
        Output("alarms", "children"),
        Output("nav", "children"),
        Output("words", "hidden"),
        Output("cars", "children"),
        Output("standing", "children"),
        Output("shown", "data"),
        Input("at", "pathname"),
        Input("at", "search"),
        Input("tick", "n_intervals"),
        Input("said", "children"),
        State("shown", "data"),
    )
    def show(path: str | None, search: str | None, _ticks: object, _said: object, shown: object) -> Any:
        look = reader.look()
        address = path if path in VIEWS else "/"
        newest = [address, search, str(look.decided_at), alarms(look), str(look.overrides), str(look.charger)]
        if shown == newest and ctx.triggered_id == "tick":
            return (no_update,) * 7  # an open table stays open, and a screen reader is not sent back to the top
        links = [_link(title, href, href == address) for href, title in VIEWS.items()]
        here = address == "/"
        cars = cars_view(look) if here else []
        return view(address, search or "", look, reader), _warned(look), links, not here, cars, standing(look), newest


def _link(title: str, href: str, here: bool) -> Component:
    return dcc.Link(title, href=href, className="here" if here else "", title=f"{title}, shown now" if here else title)


def view(path: str, search: str, look: Look, reader: Reader) -> list[Component]:
    """The view at an address."""
    if path == "/plan":
        return plan_view(look)
    if path == "/grid":
        return grid_view(look)
    if path == "/history":
        days = days_of(search)
        return history_view(look, reader.past(days), days)
    return health_view(look, reader.past(SENT_DAYS)) if path == "/health" else now_view(look)


def _words(site: Dash, reader: Reader) -> None:
    @site.callback(
        Output("said", "children"),
        Output("said", "className"),
        *(Input(f"say-{name}", "n_clicks") for name in BUTTONS),
        State("say-car", "value"),
        State("say-amps", "value"),
        State("say-until", "value"),
        prevent_initial_call=True,
    )
    def say(*given: object) -> Any:
        """All clicks, which nobody reads, and then the form."""
        car, amps, until = given[-3:]
        done, text = speak(reader, Click(str(ctx.triggered_id).removeprefix("say-"), car, amps, until))
        return text, "said good" if done else "said bad"
