"""The coming 48 hours: what a kWh costs above; below it the plan of each car beside the expected sun and house; when somebody leaves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise

from page.ahead import Ahead, Charge, Due, Quarter
from page.chart import AMBER, CARS, GREY, ORANGE, RED, TEAL, VIOLET, Json, layout, line, local, mark, time_axis, value_axis

SHOWN = timedelta(hours=48)
LONGEST = 16  # letters of a car's name in the legend: its rows grow into the chart otherwise
GAP = timedelta(minutes=90)  # words of marks nearer than this would lie on each other


def plan_figure(found: Ahead, now: datetime, unit: str, zone: tzinfo) -> Json:
    """`unit`: what the upper half shows, `USD/kWh`; without any price it is the grid's load, else what the plan weighs."""
    end = max([now + timedelta(hours=24), *(one.end for one in found.quarters)])
    end = min(end, now + SHOWN)
    shown = [one for one in found.quarters if one.start < end]
    upper, title = _upper(shown, unit, zone)
    lower = [*_house(shown, zone), *_plan(found.charges, end, zone)]
    shapes, words = _marks(found.dues, now, end, zone)
    span = local(min([now, *(one.start for one in shown[:1])]), zone), local(end, zone)
    marks = {"shapes": shapes, "annotations": words, "barmode": "stack"}
    if not lower:
        return {"data": upper, "layout": layout(280, xaxis=time_axis(*span), yaxis=value_axis(title), **marks)}
    load = _load(shown, zone) if any(one.price is not None for one in shown) else []
    axes = {"yaxis": value_axis(title, domain=[0.55, 1]), "yaxis2": value_axis("kW", domain=[0, 0.45])}
    axes |= {"yaxis3": value_axis("", overlaying="y", side="right", visible=False, rangemode="normal")} if load else {}
    return {"data": [*upper, *load, *lower], "layout": layout(430, xaxis=time_axis(*span, anchor="y2", domain=[0, 1]), **axes, **marks)}


def _upper(quarters: Sequence[Quarter], unit: str, zone: tzinfo) -> tuple[list[Json], str]:
    """Published and expected prices as two lines of one colour, the second one dotted."""
    if any(one.price is not None for one in quarters):
        values, title, name = [one.price for one in quarters], unit, "Price"
    elif any(one.load is not None for one in quarters):
        values, title, name = [one.load for one in quarters], "MW", "Grid load"
    else:
        values, title, name = [one.value for one in quarters], "counts as", "Night counts as cheaper"
    known = [None if one.forecast and name == "Price" else value for one, value in zip(quarters, values, strict=True)]
    guessed = [value if one.forecast and name == "Price" else None for one, value in zip(quarters, values, strict=True)]
    xs = _edges(quarters, zone)
    fill = {"fill": "tozeroy", "fillcolor": "rgba(139,149,165,.16)"}
    shape = {"color": GREY, "width": 2, "shape": "hv"}
    drawn = [line(name, xs, _held(known), GREY, line=shape, **fill, hovertemplate="%{y:.3~f} " + title)]
    if any(value is not None for value in guessed):
        dotted = line(f"{name}, expected", xs, _held(guessed), GREY, line=shape | {"dash": "dot"}, hovertemplate="%{y:.3~f} " + title)
        drawn.append(dotted)
    return drawn, title


def _load(quarters: Sequence[Quarter], zone: tzinfo) -> list[Json]:
    """The grid's load beside the price, on a scale of its own without figures: often the reason for it."""
    if not any(one.load is not None for one in quarters):
        return []
    xs = [local(one.start, zone) for one in quarters]
    thin = {"color": TEAL, "width": 1.5, "dash": "dot", "shape": "spline"}
    values = [None if one.load is None else one.load / 1000 for one in quarters]
    return [line("Grid load", xs, values, TEAL, line=thin, yaxis="y3", hovertemplate="%{y:.1f} GW")]


def _edges(quarters: Sequence[Quarter], zone: tzinfo) -> list[str]:
    return [local(at, zone) for at in [*(one.start for one in quarters), *(one.end for one in quarters[-1:])]]


def _held(values: Sequence[float | None]) -> list[float | None]:
    """A step line needs each value at its end too: the last one is repeated, and so is the last one before a gap."""
    found = [*values, values[-1] if values else None]
    for index in range(len(found) - 1, 0, -1):
        if found[index] is None and found[index - 1] is not None:
            found[index] = found[index - 1]
    return found


def _house(quarters: Sequence[Quarter], zone: tzinfo) -> list[Json]:
    xs, drawn = [local(one.start, zone) for one in quarters], []
    sun = [None if one.sun_w is None else one.sun_w / 1000 for one in quarters]
    house = [None if one.house_w is None else one.house_w / 1000 for one in quarters]
    if any(value is not None for value in sun):
        soft = {"fill": "tozeroy", "fillcolor": "rgba(217,154,6,.18)", "yaxis": "y2", "hovertemplate": "%{y:.1f} kW"}
        drawn.append(line("Sun", xs, sun, AMBER, **soft))
    if any(value is not None for value in house):
        drawn.append(line("House", xs, house, VIOLET, yaxis="y2", hovertemplate="%{y:.1f} kW"))
    return drawn


def _plan(charges: Sequence[Charge], end: datetime, zone: tzinfo) -> list[Json]:
    """Each part of a plan as a bar as wide as it lasts. Two cars stand on each other, and Plotly stacks only what begins together: so
    each bar is cut where another car begins or ends."""
    names = list(dict.fromkeys(one.car for one in charges))
    edges = sorted({at for one in charges for at in (one.start, one.end)})
    drawn = []
    for index, name in enumerate(names):
        own = [part for one in charges if one.car == name for part in _cut(one, edges) if part[0] < end]
        held = any(part.held for _, _, part in own)
        drawn.append(
            {
                "type": "bar",
                "name": (name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}\u2026") + (", held" if held else ""),
                "x": [local(start, zone) for start, _, _ in own],
                "y": [round(one.kw, 2) for _, _, one in own],
                "width": [(min(after, end) - start) / timedelta(milliseconds=1) for start, after, _ in own],
                "offset": 0,
                "yaxis": "y2",
                "marker": {"color": CARS[index % len(CARS)], "line": {"width": 0}, "opacity": 0.3 if held else 1},
                "customdata": [[one.amps, one.kwh] for _, _, one in own],
                "hovertemplate": "%{customdata[0]:.0f} A, %{customdata[1]:.1f} kWh",
            }
        )
    return drawn


def _cut(one: Charge, edges: Sequence[datetime]) -> list[tuple[datetime, datetime, Charge]]:
    inside = [at for at in edges if one.start <= at <= one.end]
    return [(start, after, one) for start, after in pairwise(inside)]


def _marks(dues: Sequence[Due], now: datetime, end: datetime, zone: tzinfo) -> tuple[list[Json], list[Json]]:
    """Now, and each departure once; words that would lie on each other are left to the table."""
    found = [mark(local(now, zone), RED, "now")]
    last = now
    for by in sorted({due.by for due in dues if due.departure and now < due.by < end}):
        text = "leave" if by - last >= GAP or by == last else ""
        found.append(mark(local(by, zone), ORANGE, text, "dash"))
        last = by
    return [shape for shape, _ in found], [words for _, words in found if words["text"]]
