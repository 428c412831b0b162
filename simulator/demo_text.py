"""The demo's words: the table of three strategies, what it means, and the night as text for terminals of any width."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import mean

from .demo_house import DATA_FROM, DEPARTS, END, LOAD, PRICE, SOC, START
from .demo_night import Moment, Night
from .houses import ZONE

BLOCKS, PLAIN = " ▁▂▃▄▅▆▇█", " .:-=+*#@"
STEPS = (15, 30, 60, 120)  # minutes for one character: the finest that fits
LABEL = 10
SPOKEN = {"midnight timer": "the midnight timer"}
COLOURS = {"plug and charge": "31", "midnight timer": "34", "Ampshift": "32"}
ROWS: tuple[tuple[str, Callable[[Night], str]], ...] = (
    ("bill of the charge", lambda night: f"${night.cost:.2f}"),
    ("a kWh on average", lambda night: f"${night.cost / night.kwh:.4f}"),
    ("energy from the wall", lambda night: f"{night.kwh:.1f} kWh"),
    ("CO2 (average)", lambda night: f"{night.co2_kg:.2f} kg"),
    (f"SOC at {DEPARTS:%H:%M}", lambda night: f"{night.soc:.1f} %"),
    ("commands sent", lambda night: str(night.commands)),
    ("reads of the car", lambda night: str(night.reads)),
    ("Tesla's bill", lambda night: f"${night.dollars:.3f}"),
)


@dataclass(frozen=True, slots=True)
class Paper:
    """What there is to write on: `width` in characters, `blocks` for block characters, `colour` for terminals that want it."""

    width: int
    blocks: bool = True
    colour: bool = False

    def paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text


def table(nights: Sequence[Night], paper: Paper) -> str:
    """Side by side where it fits, else one below the other."""
    first = max(len(name) for name, _ in ROWS)
    columns = [max([len(night.name), *(len(cell(night)) for _, cell in ROWS)]) for night in nights]
    if first + sum(column + 2 for column in columns) > paper.width:
        return "\n\n".join(_alone(night, first, paper) for night in nights)
    sized = list(zip(nights, columns, strict=True))
    head = " " * first + "".join("  " + paper.paint(night.name.rjust(size), COLOURS[night.name]) for night, size in sized)
    rows = [name.ljust(first) + "".join(f"  {cell(night):>{size}}" for night, size in sized) for name, cell in ROWS]
    return "\n".join([head, *rows])


def _alone(night: Night, first: int, paper: Paper) -> str:
    return "\n".join([paper.paint(night.name, COLOURS[night.name]), *(f"{name.ljust(first)} {cell(night):>9}" for name, cell in ROWS)])


def meaning(nights: Sequence[Night]) -> tuple[str, ...]:
    """What the table says, and what speaks against us."""
    *others, ours = nights
    names = [SPOKEN.get(one.name, one.name) for one in others]
    money = " and ".join(apart("${:.2f}", ours.cost, one.cost, name) for one, name in zip(others, names, strict=True))
    gas = " and ".join(apart("{:.2f} kg", ours.co2_kg, one.co2_kg, name) for one, name in zip(others, names, strict=True))
    bills = [one.cost + one.dollars for one in others]
    whole = " and ".join(apart("${:.2f}", ours.cost + ours.dollars, bill, name) for bill, name in zip(bills, names, strict=True))
    free = "The first $10 of a month are free; where they are used up, Ampshift costs"
    return (
        f"Money: Ampshift costs {money}. That is energy at the day-ahead price; delivery and taxes come on top of all three.",
        f"Tesla bills ${ours.dollars:.3f} for the night beside. {free} {whole}.",
        f"CO2 (average): Ampshift causes {gas}. It looked for cheap hours, and cheap need not be clean.",
        "SOC: the car tells whole percent, so what is 79.5 or more is its 80 %.",
        f"The data are real: {DATA_FROM}, an ordinary winter weeknight. The house, the car and its {SOC:.0f} % are made up.",
    )


def apart(form: str, ours: float, theirs: float, name: str) -> str:
    """`$1.09 (29 %) less than plug and charge`; what `form` does not show is no difference."""
    size = form.format(abs(ours - theirs))
    if size == form.format(0.0):
        return f"as much as {name}"
    return f"{size} ({abs(ours / theirs - 1) * 100:.0f} %) {'less' if ours < theirs else 'more'} than {name}"


def drawing(nights: Sequence[Night], paper: Paper) -> str:
    """Price, load and the power of each strategy over the night, as far as the width allows."""
    step = next((minutes for minutes in STEPS if LABEL + _cells(minutes) <= paper.width), STEPS[-1])
    starts = [START + timedelta(minutes=step * number) for number in range(_cells(step))]
    draw = BLOCKS if paper.blocks else PLAIN
    rows = [("clock", _clock(step, len(starts)), "0")]
    rows += [(name, bars([curve(at) for at in starts], draw, from_zero=False), "0") for name, curve in (("price", PRICE), ("load", LOAD))]
    most = max(moment.kw for night in nights for moment in night.moments)
    for night in nights:
        power = [_power(night.moments, number, step) for number in range(len(starts))]
        rows.append((night.name, bars([*power, most], draw, from_zero=True)[:-1], COLOURS[night.name]))
    lines = [f"{_short(name):<{LABEL}}{paper.paint(text, code) if code != '0' else text}".rstrip() for name, text, code in rows]
    price, load = [PRICE(at) for at in starts], [LOAD(at) / 1000 for at in starts]
    scale = (
        f"price ${min(price):.3f} to ${max(price):.3f} a kWh",
        f"load {min(load):.1f} to {max(load):.1f} GW",
        f"power to {most:.1f} kW",
    )
    return "\n".join([*lines, "", *scale])


def _short(name: str) -> str:
    return {"plug and charge": "at once", "midnight timer": "timer"}.get(name, name)


def _cells(minutes: int) -> int:
    return int((END - START) / timedelta(minutes=minutes))


def _clock(step: int, cells: int) -> str:
    """The hour, every three hours; every six where that is too tight."""
    each = 3 * 60 // step if step <= 60 else 6 * 60 // step
    marks = [f"{START.astimezone(ZONE) + timedelta(minutes=step * number):%H}".ljust(each) for number in range(0, cells, each)]
    return "".join(marks)[: max(cells, 2)]


def _power(moments: Sequence[Moment], number: int, step: int) -> float:
    """Mean power in the step; what is there at all shows."""
    first, after = START + timedelta(minutes=step * number), START + timedelta(minutes=step * (number + 1))
    return mean([moment.kw for moment in moments if first <= moment.start < after] or [0.0])


def bars(values: Sequence[float], draw: str, *, from_zero: bool) -> str:
    """One character a value. From zero: nothing is a blank; else the smallest value is the lowest bar."""
    low, high = 0.0 if from_zero else min(values), max(values)
    size = (high - low) or 1.0
    steps = len(draw) - 1
    if from_zero:
        return "".join(draw[0 if value <= 0 else max(1, round((value - low) / size * steps))] for value in values)
    return "".join(draw[1 + round((value - low) / size * (steps - 1))] for value in values)
