"""The night as a PNG: price and load above, below them what each strategy draws. matplotlib is imported only here."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from .demo_house import DATA_FROM, DEPARTS, END, LOAD, PLUGS_IN, PRICE, START
from .demo_night import SAMPLE, Night
from .houses import ZONE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {"plug and charge": "#c0392b", "midnight timer": "#2c6fbb", "Ampshift": "#1e8449"}
INK, GRAY = "#222222", "#777777"
QUARTER = timedelta(minutes=15)


def draw(nights: Sequence[Night], path: Path) -> None:
    """Writes `path`. Raises OSError where that cannot be."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it tells of its font cache on a first run
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 7.5), dpi=110, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    top, *rest = figure.subplots(1 + len(nights), 1, sharex=True, height_ratios=[2.2, *[1] * len(nights)])
    _outside(top)
    most = max(moment.kw for night in nights for moment in night.moments)
    for axes, night in zip(rest, nights, strict=True):
        _strategy(axes, night, most)
    _hours(rest[-1])
    figure.suptitle("One night, one car, three ways to charge it", fontsize=14, color=INK)
    figure.supxlabel(f"local time, night to {DEPARTS:%-d %B %Y}. Price and load: {DATA_FROM}", fontsize=8, color=GRAY)
    figure.savefig(path, format="png", metadata={"Software": None})


def _outside(axes: Axes) -> None:
    """Price on the left, load on the right."""
    count = int((END - START) / QUARTER)
    edges = [START + QUARTER * number for number in range(count + 1)]
    (price,) = axes.plot(_x(edges), [PRICE(at) * 100 for at in edges], color="#b9770e", lw=2, drawstyle="steps-post", label="price")
    axes.set_ylabel("price (cents per kWh)", color=INK)
    axes.set_ylim(0, 125 * max(PRICE(at) for at in edges))  # room for the words at the top
    axes.grid(axis="x", color="#dddddd")
    right = axes.twinx()
    loads = [LOAD(at) / 1000 for at in edges]
    (load,) = right.plot(_x(edges), loads, color=GRAY, lw=1.5, ls="--", drawstyle="steps-post", label="grid load forecast")
    right.set_ylabel("grid load (GW)", color=INK)
    right.set_ylim(0, 1.25 * max(loads))
    axes.legend(handles=[price, load], loc="lower left", frameon=True, framealpha=1)
    for at, text, side in ((PLUGS_IN, f"plugged in {PLUGS_IN:%H:%M}", "left"), (DEPARTS, f"leaves {DEPARTS:%H:%M}", "right")):
        axes.axvline(_x([at])[0], color=INK, lw=1, ls=":")
        gap = 0.06 if side == "left" else -0.06
        axes.text(_x([at])[0] + gap, 0.97, text, ha=side, va="top", transform=axes.get_xaxis_transform(), fontsize=9, color=INK)


def _strategy(axes: Axes, night: Night, most: float) -> None:
    colour = COLOURS[night.name]
    starts = _x([moment.start for moment in night.moments])
    axes.bar(starts, [moment.kw for moment in night.moments], width=SAMPLE / timedelta(hours=1), align="edge", color=colour)
    axes.set_ylim(0, most * 1.15)
    axes.set_ylabel("kW", color=INK)
    axes.grid(axis="x", color="#dddddd")
    axes.set_axisbelow(True)
    for at in (PLUGS_IN, DEPARTS):
        axes.axvline(_x([at])[0], color=INK, lw=1, ls=":")
    text = f"{night.name}: \\${night.cost:.2f}, {night.co2_kg:.1f} kg CO$_2$ (average), {night.soc:.1f} % at {DEPARTS:%H:%M}"
    axes.set_title(text, loc="left", color=colour, fontsize=10, fontweight="bold")


def _hours(axes: Axes) -> None:
    hours = range(int((END - START) / timedelta(hours=1)) + 1)
    axes.set_xlim(0, hours[-1])
    axes.set_xticks(list(hours), [f"{(START + timedelta(hours=number)).astimezone(ZONE):%H}" for number in hours])


def _x(times: Sequence[datetime]) -> list[float]:
    """Hours since the start."""
    return [(at - START) / timedelta(hours=1) for at in times]
