"""The grid's load forecast as owners of intelligent-charge-scheduler know it: its mean and one standard deviation around it, the time now,
the load now, the end of off-peak, the departure, and when the car charges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
from statistics import fmean, pstdev

from model import Point
from page.ahead import Ahead, Charge
from page.chart import BLUE, GREEN, GREY, ORANGE, RED, Json, layout, line, local, mark, time_axis, value_axis

BACK, AHEAD = timedelta(hours=6), timedelta(hours=66)
APART = timedelta(hours=14)  # of 72 on a phone: half of `end of off-peak` and half of `depart`
ROW = 14  # pixels


@dataclass(frozen=True, slots=True)
class Load:
    """`points`: 6 h back to 66 h ahead, MW. `off_peak_end`: when it next rises through mean - sd; None: it does not."""

    points: tuple[Point, ...]
    mean: float
    sd: float
    current: float | None
    off_peak_end: datetime | None

    @property
    def low(self) -> float:
        return self.mean - self.sd

    @property
    def high(self) -> float:
        return self.mean + self.sd


def load_now(points: Sequence[Point], now: datetime) -> Load | None:
    """None: nothing of the forecast lies in the window."""
    shown = tuple(one for one in points if one.end > now - BACK and one.start < now + AHEAD)
    if not shown:
        return None
    values = [one.value for one in shown]
    mean, sd = fmean(values), pstdev(values)
    current = next((one.value for one in shown if one.start <= now < one.end), None)
    ahead = [one for one in shown if one.end > now]
    rises = (after.start for one, after in pairwise(ahead) if one.value < mean - sd <= after.value)
    return Load(shown, mean, sd, current, next(rises, None))


def grid_figure(load: Load, found: Ahead, now: datetime, zone: tzinfo) -> Json:
    xs = [local(one.start, zone) for one in load.points]
    span = local(load.points[0].start, zone), local(load.points[-1].end, zone)
    traces = [
        line("Load forecast", xs, [one.value for one in load.points], BLUE, hovertemplate="%{y:,.0f} MW"),
        *(_level(name, value, span, dash) for name, value, dash in _levels(load)),
    ]
    charges = [one for one in found.charges if not one.held]
    traces += [_named("charging", span[0])] if charges else []
    marks = [mark(local(now, zone), RED, "now")]
    if load.off_peak_end is not None:
        marks.append(mark(local(load.off_peak_end, zone), GREEN, "end of off-peak"))
    depart = next((due.by for due in found.dues if due.departure and due.by > now), None)
    if depart is not None:
        marks.append(mark(local(depart, zone), ORANGE, "depart"))
    annotations, rows = _apart([words for _, words in marks])
    shapes = [*_boxes(charges, now, zone), *(shape for shape, _ in marks)]
    if load.current is not None:
        shapes.append(_current(load.current))
        annotations.append(_said(f"load now {load.current:,.0f} MW", load))
    figure = layout(400, xaxis=time_axis(*span), yaxis=value_axis("MW", rangemode="normal"), shapes=shapes, annotations=annotations)
    figure["margin"] |= {"t": 24 + ROW * (rows - 1)}
    return {"data": traces, "layout": figure}


def _apart(words: Sequence[Json]) -> tuple[list[Json], int]:
    """In rows above each other where a phone would draw one on the other. How many rows."""
    placed: list[Json] = []
    ends: list[datetime] = []  # the newest word of each row
    for one in sorted(words, key=lambda word: str(word["x"])):
        at = datetime.fromisoformat(one["x"])
        row = next((index for index, last in enumerate(ends) if at - last >= APART), len(ends))
        ends[row : row + 1] = [at]
        placed.append({**one, "yshift": ROW * row})
    return placed, max(1, len(ends))


def _named(name: str, x: str) -> Json:
    """What the boxes are, for the legend: nothing is drawn of it."""
    square = {"symbol": "square", "size": 12, "color": GREEN, "opacity": 0.4}
    return line(name, [x], [None], GREEN, mode="markers", marker=square, hoverinfo="skip", showlegend=True)


def _levels(load: Load) -> tuple[tuple[str, float, str], ...]:
    return (("mean", load.mean, "solid"), ("mean - sd", load.low, "dot"), ("mean + sd", load.high, "dot"))


def _level(name: str, value: float, span: tuple[str, str], dash: str) -> Json:
    drawn = {"color": GREY, "width": 1.5, "dash": dash}
    told = "± sd" if name == "mean - sd" else name
    return line(told, span, [value, value], GREY, line=drawn, hoverinfo="skip", showlegend=name != "mean + sd")


def _current(value: float) -> Json:
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": "y", "y0": value, "y1": value, "line": {"color": RED, "width": 1}}


def _said(text: str, load: Load) -> Json:
    """Below its line where a level runs just above it: words with a line through them are not read."""
    value = load.current or 0.0
    room = 0.07 * (max(one.value for one in load.points) - min(one.value for one in load.points))
    below = any(0 < level - value < room for _, level, _ in _levels(load))
    place = {"xref": "paper", "x": 1, "xanchor": "right", "yref": "y", "y": value, "yanchor": "top" if below else "bottom"}
    return place | {"text": text, "showarrow": False, "font": {"color": RED, "size": 11}}


def _boxes(charges: Sequence[Charge], now: datetime, zone: tzinfo) -> list[Json]:
    """Charging now is a stronger green than what is planned."""
    return [
        {
            "type": "rect",
            "xref": "x",
            "yref": "paper",
            "x0": local(one.start, zone),
            "x1": local(one.end, zone),
            "y0": 0,
            "y1": 1,
            "fillcolor": GREEN,
            "opacity": 0.35 if one.start <= now < one.end else 0.18,
            "line": {"width": 0},
            "layer": "below",
        }
        for one in charges
    ]
