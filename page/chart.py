"""What all charts share: colours that are read on white and on black, axes in the owner's time, no zoom that would catch a thumb.

Plotly knows no time zones: it gets the owner's local times without their offset, so an hour that a clock change repeats is drawn twice
in the same place, and one that it leaves out is a gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

Json = dict[str, Any]
BLUE, TEAL, AMBER, GREY, RED, ORANGE, GREEN, VIOLET = (
    "#3f7fe0",
    "#1fa39a",
    "#d99a06",
    "#8b95a5",
    "#dd4b50",
    "#e07b1a",
    "#2f9e62",
    "#9a6dd7",
)
CARS = (BLUE, TEAL, VIOLET, GREEN)


def local(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).replace(tzinfo=None).isoformat(timespec="seconds")


def layout(height: int, **more: Any) -> Json:
    plain = "rgba(0,0,0,0)"
    return {
        "height": height,
        "margin": {"l": 46, "r": 14, "t": 24, "b": 80},
        "paper_bgcolor": plain,
        "plot_bgcolor": plain,
        "font": {"family": "inherit", "size": 12, "color": GREY},
        "hovermode": "x unified",
        "hoverlabel": {"font": {"family": "inherit"}},
        "dragmode": False,
        "showlegend": True,
        "legend": {
            "orientation": "h",
            "yref": "container",
            "y": 0,
            "yanchor": "bottom",
            "x": 0,
            "xanchor": "left",
            "font": {"size": 11},
            "itemwidth": 30,
        },
        "bargap": 0,
        "uirevision": "same",
        **more,
    }


def time_axis(start: str, end: str, **more: Any) -> Json:
    axis = {"type": "date", "range": [start, end], "tickformat": "%H:%M\n%a %-d", "nticks": 6, "tickangle": 0, "hoverformat": "%a %H:%M"}
    return axis | {"fixedrange": True, "gridcolor": "rgba(139,149,165,.18)", "ticklabelmode": "instant"} | more


def value_axis(title: str, **more: Any) -> Json:
    axis = {"title": {"text": title, "font": {"size": 12}, "standoff": 6}, "fixedrange": True, "rangemode": "tozero", "nticks": 5}
    return axis | {"gridcolor": "rgba(139,149,165,.18)", "zeroline": False, "automargin": True} | more


def line(name: str, xs: Sequence[str], ys: Sequence[float | None], color: str, **more: Any) -> Json:
    drawn = {"type": "scatter", "mode": "lines", "name": name, "x": list(xs), "y": list(ys), "line": {"color": color, "width": 2}}
    return drawn | more


def mark(x: str, color: str, text: str, dash: str = "solid") -> tuple[Json, Json]:
    """An upright line through the whole chart, and its words above it."""
    drawn = {"type": "line", "xref": "x", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1}
    words = {"xref": "x", "yref": "paper", "x": x, "y": 1, "text": text, "showarrow": False, "yanchor": "bottom", "xanchor": "center"}
    return drawn | {"line": {"color": color, "width": 1.5, "dash": dash}}, words | {"font": {"color": color, "size": 11}}
