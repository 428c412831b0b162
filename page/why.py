"""Why each part of the coming hours is as it is, in words: which hours a car takes, at what, and why not the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from page.ahead import Charge, Due, Quarter

SAME = 0.005  # of the dearest: prices as near as this read as one


@dataclass(frozen=True, slots=True)
class Block:
    """[start, end) of one car. `amps` None: it waits. `price`: lowest and highest in it; None: not known."""

    car: str
    start: datetime
    end: datetime
    amps: float | None
    kwh: float
    price: tuple[float, float] | None
    why: str


def blocks(
    car: str, quarters: Sequence[Quarter], charges: Sequence[Charge], dues: Sequence[Due], since: datetime | None = None
) -> tuple[Block, ...]:
    """Charging and waiting in time order, from `since` as far as the last charge; nothing where nothing is planned."""
    own = sorted((one for one in charges if one.car == car), key=lambda one: one.start)
    mine = [due for due in dues if due.car == car]
    if not own:
        return ()
    found: list[Block] = []
    first = [quarter.start for quarter in quarters[:1]]
    at = min([own[0].start, *(first if since is None else [max([since, *first])])])  # a quarter that runs began before the decision
    for charge in own:
        if charge.start > at:
            found.append(_waits(car, at, charge.start, quarters, own))
        found.append(_charges(charge, quarters, mine))
        at = max(at, charge.end)
    return tuple(_joined(found))


def _charges(charge: Charge, quarters: Sequence[Quarter], dues: Sequence[Due]) -> Block:
    inside = [one for one in quarters if one.start < charge.end and charge.start < one.end]
    return Block(charge.car, charge.start, charge.end, charge.amps, charge.kwh, _prices(inside), _reason(charge, inside, quarters, dues))


def _reason(charge: Charge, inside: Sequence[Quarter], quarters: Sequence[Quarter], dues: Sequence[Due]) -> str:
    due = next((one for one in dues if one.by >= charge.end), None)
    until = due.by if due is not None else quarters[-1].end if quarters else charge.end
    sun = [one for one in inside if one.sun_w is not None and one.house_w is not None and one.sun_w - one.house_w > 500]
    words = ["your own sun is expected then"] if sun else []
    words += _rank(inside, [one for one in quarters if one.start < until])
    if due is not None and due.by - charge.end <= timedelta(hours=1):
        words.append("the last hours before it is needed")
    if charge.forecast:
        words.append("the price is not published yet, past days stand in")
    return "; ".join(words) or "the plan needs it"


def _rank(inside: Sequence[Quarter], rivals: Sequence[Quarter]) -> list[str]:
    """How these hours stand among all until they are needed."""
    values = [one.value for one in inside if one.value is not None]
    all_of_them = [one.value for one in rivals if one.value is not None]
    if not values or not all_of_them:
        return []
    mine, highest = sum(values) / len(values), max(all_of_them)
    if highest - min(all_of_them) <= SAME * abs(highest):
        return ["every hour costs the same"]
    lower = sum(value < mine - SAME * abs(highest) for value in all_of_them) / len(all_of_them)
    if lower < 0.02:
        return ["no hour before it is needed is better"]
    return [f"among the best {max(5, round(lower * 20 + 1) * 5)} % of the hours before it is needed" if lower < 0.3 else "needed in time"]


def _waits(car: str, start: datetime, end: datetime, quarters: Sequence[Quarter], own: Sequence[Charge]) -> Block:
    inside = [one for one in quarters if one.start < end and start < one.end]
    values = [one.value for one in inside if one.value is not None]
    taken = [one.value for one in quarters if one.value is not None and any(slot.start < one.end and one.start < slot.end for slot in own)]
    text = "the plan does not need it"
    if values and taken:
        dearer = sum(value > max(taken) * (1 + SAME) for value in values) / len(values)
        money = all(one.price == one.value for one in inside)
        more = "dearer" if money else "counts more (price, grid load and CO2 weighed)"
        all_of_it = "" if dearer > 0.99 else "mostly "
        text = f"{all_of_it}{more} than the hours that were chosen" if dearer > 0.5 else "not needed, and fewer starts are better"
    return Block(car, start, end, None, 0.0, _prices(inside), text)


def _prices(inside: Sequence[Quarter]) -> tuple[float, float] | None:
    known = [one.price for one in inside if one.price is not None]
    return (min(known), max(known)) if known else None


def _joined(found: Sequence[Block]) -> list[Block]:
    """Neighbours of the same amps and reason are one."""
    joined = []
    for _, group in groupby(found, key=lambda one: (one.amps, one.why)):
        parts = list(group)
        known = [price for part in parts if part.price is not None for price in part.price]
        span = (min(known), max(known)) if known else None
        first = parts[0]
        joined.append(Block(first.car, first.start, parts[-1].end, first.amps, sum(part.kwh for part in parts), span, first.why))
    return joined
