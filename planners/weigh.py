"""PREFER or three weights: price, grid load and CO2 make one value per slot, and the reason says what each of them contributed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from config import Prefer, Settings
from model import Code, Reason
from planners.texts import clock

USUAL_PRICE = 0.15  # per kWh; the size of what is no money
WISHES = {Prefer.COST: (1.0, 0.0, 0.0), Prefer.GRID: (0.0, 1.0, 0.0), Prefer.CO2: (0.0, 0.0, 1.0)}
UNITS = {"grid load": "MW", "CO2 (average)": "g/kWh"}
Values = list[float]


def weigh(
    settings: Settings, starts: Sequence[datetime], base: Values, load: list[float | None], co2: list[float | None]
) -> tuple[Values, tuple[Reason, ...]]:
    """Base values, or the weighted sum of price, load and CO2, each relative to its mean, in the base's own size."""
    weights = _weights(settings)
    if by_money(settings):
        return base, ()
    parts = [("price", weights[0], base), ("grid load", weights[1], _mostly(load)), ("CO2 (average)", weights[2], _mostly(co2))]
    usable = [(name, weight, _relative(values)) for name, weight, values in parts if weight > 0 and values]
    missing = [name for name, weight, values in parts if weight > 0 and not values]
    unknown = f"; not known: {', '.join(missing)}" if missing else ""
    if not usable:
        return base, (Reason(Code.WEIGHTS, f"by price alone{unknown}"),)
    size = sum(abs(value) for value in base) / len(base) or USUAL_PRICE
    total = sum(weight for _, weight, _ in usable)
    shares = {name: [size * weight * value / total for value in values] for name, weight, values in usable}
    worth = [sum(each) for each in zip(*shares.values(), strict=True)]
    said = ", ".join(f"{name} {weight:g}" for name, weight, _ in usable)
    if len(usable) == 1 and usable[0][0] in UNITS:
        name, values = usable[0][0], next(values for part, _, values in parts if part == usable[0][0])
        return worth, (_alone(f"by {name} alone{unknown}", UNITS[name], settings, starts, values),)
    return worth, (_reason(f"weighed: {said}{unknown}", settings, starts, worth, shares),)


def by_money(settings: Settings) -> bool:
    """Does money alone count?"""
    return _weights(settings)[1:] == (0.0, 0.0)


def money_share(settings: Settings, load: list[float | None], co2: list[float | None]) -> float:
    """The weight of money among those of the three that are known, 0-1."""
    cost, grid, gas = _weights(settings)
    others = (grid if _mostly(load) else 0.0) + (gas if _mostly(co2) else 0.0)
    return cost / (cost + others) if others else 1.0


def whole(values: Sequence[float | None]) -> Values:
    """Gaps take the mean: an hour of which nothing is known is neither cheap nor dear."""
    known = [value for value in values if value is not None]
    mean = sum(known) / max(1, len(known))
    return [mean if value is None else value for value in values]


def _weights(settings: Settings) -> tuple[float, float, float]:
    cost, grid, co2 = settings.cost_weight, settings.grid_weight, settings.co2_weight
    if cost is None and grid is None and co2 is None:
        return WISHES[settings.prefer]
    wish = WISHES[settings.prefer]
    return (wish[0] if cost is None else cost, wish[1] if grid is None else grid, wish[2] if co2 is None else co2)


def _reason(text: str, settings: Settings, starts: Sequence[datetime], worth: Values, shares: dict[str, Values]) -> Reason:
    """With more than one part: what each gave to the cheapest and to the dearest slot. The sums are no money."""
    detail: dict[str, str | float | int | bool | None] = {}
    said = []
    for word, at in (("cheapest", worth.index(min(worth))), ("dearest", worth.index(max(worth)))):
        detail[f"{word}_at"] = starts[at].astimezone(settings.time_zone).isoformat()
        for name, values in shares.items():
            detail[f"{word} {name}"] = round(values[at], 5)
        sums = " + ".join(f"{name} {values[at]:.3f}" for name, values in shares.items())
        said.append(f"{word} {clock(starts[at], starts[0], settings.time_zone)} = {sums}")
    more = f"; {'; '.join(said)}" if len(shares) > 1 else ""
    return Reason(Code.WEIGHTS, text + more, detail)


def _alone(text: str, unit: str, settings: Settings, starts: Sequence[datetime], values: Values) -> Reason:
    """With one part that is no money: its own least and most."""
    said, detail = [], dict[str, str | float | int | bool | None]()
    for word, at in (("least", values.index(min(values))), ("most", values.index(max(values)))):
        detail |= {f"{word}_at": starts[at].astimezone(settings.time_zone).isoformat(), word: round(values[at], 1), "unit": unit}
        said.append(f"{word} {clock(starts[at], starts[0], settings.time_zone)} ({values[at]:.0f} {unit})")
    same = f"the same at every hour ({values[0]:.0f} {unit}), so fewest starts and the lower load decide"
    return Reason(Code.WEIGHTS, f"{text}; {same if max(values) - min(values) < 0.5 else ', '.join(said)}", detail)


def _mostly(values: list[float | None]) -> Values:
    """The values where half of them or more are known; empty where the series is not there."""
    known = sum(value is not None for value in values)
    return whole(values) if known and known * 2 >= len(values) else []


def _relative(values: Values) -> Values:
    mean = sum(abs(value) for value in values) / len(values) or 1.0
    return [round(value / mean, 9) for value in values]  # the last bits of a mean are no difference
