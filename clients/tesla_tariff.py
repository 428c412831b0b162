"""tariff_content_v2 of the Fleet API's site_info, the rate plan that the owner entered in the Tesla app, as tariffs of ours.

Protobuf habits of its JSON: a field that is 0 is left out, and an end of 0:00 is midnight at the day's end. Days are Monday 0 to
Sunday 6: the project Predbat (springfall2008/batpred) first wrote them as Sunday 0, and in 2026-08 saw on a real Powerwall that each band
came a day late; with Monday 0 it obeyed within a minute. Teslemetry's python-tesla-fleet-api reads them so, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from config_tariff_values import PRICE_LIMIT, Period, Tariff
from config_values import DAY, EVERY_DAY
from errors import BadAnswer

SOURCE = "powerwall tariff"
ALL = "ALL"
Table = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class RatePlan:
    """`sell`: its prices are what an exported kWh earns; None: the plan says nothing of it."""

    buy: Tariff
    sell: Tariff | None


def rate_plan(raw: Table) -> RatePlan:
    """From the whole of tariff_content_v2. Raises BadAnswer where it holds no prices."""
    name, money = str(raw.get("name") or raw.get("code") or "in the Tesla app"), str(raw.get("currency") or "")
    buy = _periods(raw, _table(raw, "seasons"))
    if not buy:
        raise BadAnswer(SOURCE, "The rate plan in the Tesla app holds no prices: enter them under Settings, Utility Rate Plan.")
    given = _table(raw, "sell_tariff")
    sell = _periods(given, _table(given, "seasons") or _table(raw, "seasons"), sold=True)
    return RatePlan(Tariff(name, money, None, buy), Tariff(f"{name}, export", money, None, sell) if sell else None)


def _periods(plan: Table, seasons: Table, *, sold: bool = False) -> tuple[Period, ...]:
    charges = _table(plan, "energy_charges")
    found = [period for name in seasons for period in _season(_table(seasons, name), _rates(charges, name))]
    rest = _rates(charges, ALL).get(ALL)
    if not found:
        return () if rest is None else (Period(_price(rest)),)
    prices = [period.price for period in found]
    return (*found, Period(min(prices) if sold else max(prices)))  # an hour that no period names is never thought free, or well paid


def _season(season: Table, rates: Mapping[str, float]) -> Iterator[Period]:
    first, last = (_whole(season, f"{side}Month") * 100 + _whole(season, f"{side}Day") for side in ("from", "to"))
    if first < 101 or last < 101:
        return  # an empty season is written as 0.0. to 0.0.
    part = None if (first, last) == (101, 1231) else (first, last)
    labels = _table(season, "tou_periods")
    for label in labels:
        if label in rates:
            for row in _rows(labels[label]):
                yield _period(row, _price(rates[label]), part)
    if ALL in rates:
        yield Period(_price(rates[ALL]), season=part)


def _period(row: Table, price: float, part: tuple[int, int] | None) -> Period:
    start, end = (_whole(row, f"{side}Hour") * 60 + _whole(row, f"{side}Minute") for side in ("from", "to"))
    first, last = _whole(row, "fromDayOfWeek"), _whole(row, "toDayOfWeek")
    if not (0 <= start < DAY and 0 <= end <= DAY and 0 <= first <= 6 and 0 <= last <= 6):
        raise BadAnswer(SOURCE, "The rate plan in the Tesla app has a time that no day has.")
    days = frozenset((first + ahead) % 7 for ahead in range((last - first) % 7 + 1))
    whole_day = start == end or (start == 0 and end == 0)
    return Period(price, days=days or EVERY_DAY, start=0 if whole_day else start, end=DAY if whole_day else end, season=part)


def _rates(charges: Table, name: str) -> dict[str, float]:
    table = _table(charges, name)
    inner = _table(table, "rates") or table
    return {label: value for label, value in inner.items() if isinstance(value, int | float) and not isinstance(value, bool)}


def _price(value: float) -> float:
    if not -PRICE_LIMIT <= value <= PRICE_LIMIT:
        said = f"The rate plan in the Tesla app has a price of {str(value)[:20]} per kWh: enter it in the currency, not in cents."
        raise BadAnswer(SOURCE, said)
    return float(value)


def _rows(value: object) -> list[Table]:
    """Version 2 has the rows under `periods`, version 1 had them bare."""
    rows = value.get("periods") if isinstance(value, dict) else value
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _table(table: Table, key: str) -> Table:
    value = table.get(key)
    return value if isinstance(value, dict) else {}


def _whole(row: Table, key: str) -> int:
    value = row.get(key, 0)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return 0
    return int(value) if abs(value) < DAY else -1  # also where it is no number: no time has it
