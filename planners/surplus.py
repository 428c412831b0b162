"""What the roof will have to spare for the cars in each slot, and what a kWh of it counts as: what it would have earned, 0 where that is
not known. With less information less is counted, and the reason says so:

sun and house load     what the forecast leaves beyond the usual load and, by POWERWALL_PRIORITY, beyond what the Powerwall takes
no house load yet      1000 W are taken for it
no Powerwall reading   it counts as empty, so that the sun fills it first
no forecast            no sun is counted; what shines is followed all the same
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from config import PowerwallPriority, Settings
from model import SLOT, Code, Missing, Reason, Series
from model_decision import Slot, Snapshot
from planners.alerts import ALERT
from planners.case import Case
from planners.texts import age, clock
from planners.weigh import money_share

USUAL_HOUSE_W = 1000.0  # a house in the US draws about 1.2 kW on average, by day less
ONE_WAY = 0.95  # what is left of a kWh going into a Powerwall
C_RATE = 5.0 / 13.5  # kW per kWh of a Powerwall 2
HOURS = SLOT.total_seconds() / 3600


def with_sun(slots: Sequence[Slot], snapshot: Snapshot, settings: Settings) -> tuple[tuple[Slot, ...], tuple[Reason, ...]]:
    """The slots with `sun_w` and `sun_value`, and what was counted on. As they are where the owner told of no panels."""
    if settings.solar_kwp is None:
        return tuple(slots), ()
    if isinstance(snapshot.sun, Missing):
        return tuple(slots), (Reason(Code.SUN_NOT_COUNTED, f"the plan counts on no sun: {snapshot.sun.why}"),)
    spare = _spare(slots, snapshot.sun, snapshot, settings)
    share = money_share(settings, [slot.load for slot in slots], [slot.co2 for slot in slots])
    found = tuple(
        slot if watts <= 0 or slot.value >= ALERT else replace(slot, sun_w=watts, sun_value=share * (slot.export or 0.0))
        for slot, watts in zip(slots, spare, strict=True)
    )
    return found, (_reason(found, snapshot.sun, snapshot, settings),)


def sun_kwh(case: Case, slot: Slot) -> float:
    """What this car may count on in what is left of a slot: nothing where it does not follow the sun."""
    if slot.sun_w <= 0 or not follows(case, slot.start):
        return 0.0
    return slot.sun_w / 1000 * HOURS * min(1.0, max(0.0, (slot.end - case.now) / SLOT))


def follows(case: Case, at: datetime) -> bool:
    """SOLAR_CHARGING or the owner's word, within SOLAR_HOURS."""
    told = case.snapshot.overrides
    word = told.solar if told.solar_until is None or told.solar_until > at else None
    local = at.astimezone(case.settings.time_zone)
    return (case.settings.solar_charging if word is None else word) and case.settings.solar_hours.covers(local.hour * 60 + local.minute)


def less_sun(slots: Sequence[Slot], amps: Sequence[int], case: Case) -> Sequence[Slot]:
    """What a car leaves of it for the next one."""
    if not any(slot.sun_w > 0 and used > 0 for slot, used in zip(slots, amps, strict=True)):
        return slots
    return [
        replace(slot, sun_w=max(0.0, slot.sun_w - used * case.watts_per_amp)) if slot.sun_w > 0 and used > 0 else slot
        for slot, used in zip(slots, amps, strict=True)
    ]


@dataclass(slots=True)
class _Powerwall:
    """As it will fill. `stored`: kWh above the reserve; `room`: kWh that it can hold beyond that."""

    stored: float
    most: float
    most_w: float

    def take(self, watts: float) -> float:
        """W that go in, of so many that could."""
        taken = min(watts, self.most_w, (self.most - self.stored) / ONE_WAY / HOURS * 1000)
        self.stored += taken * ONE_WAY * HOURS / 1000
        return taken

    def give(self, watts: float) -> None:
        self.stored = max(0.0, self.stored - min(watts, self.most_w) / ONE_WAY * HOURS / 1000)


def _spare(slots: Sequence[Slot], sun: Series, snapshot: Snapshot, settings: Settings) -> list[float]:
    """W for the cars in each slot."""
    roof, house, powerwall = _lookup(sun), _lookup(snapshot.house_load), _powerwall(snapshot, settings)
    least = settings.charger_min_amps * settings.voltage * settings.phases
    out = []
    for slot in slots:
        expected, load = roof(slot.start), house(slot.start)
        net = 0.0 if expected is None else expected - (USUAL_HOUSE_W if load is None else load)
        if powerwall is None or settings.powerwall_priority is PowerwallPriority.CAR:
            out.append(max(0.0, net))
        elif net <= 0:
            powerwall.give(-net)
            out.append(0.0)
        elif settings.powerwall_priority is PowerwallPriority.SHARED:
            out.append(_shared(net, float(least), powerwall))
        else:
            out.append(net - powerwall.take(net))
    return out


def _shared(net: float, least: float, powerwall: _Powerwall) -> float:
    """The least amps come first, then the Powerwall, then the rest of the amps; below the least amps it has everything."""
    if net < least:
        taken = powerwall.take(net)
        return net - taken if taken < net else 0.0
    return net - powerwall.take(net - least)


def _powerwall(snapshot: Snapshot, settings: Settings) -> _Powerwall | None:
    if not settings.has_powerwall:
        return None
    seen, kwh = snapshot.powerwall, settings.powerwall_kwh
    reserve = 0.0 if isinstance(seen, Missing) or isinstance(seen.reserve_soc, Missing) else seen.reserve_soc
    soc = reserve if isinstance(seen, Missing) or isinstance(seen.soc, Missing) else seen.soc
    return _Powerwall(max(0.0, soc - reserve) / 100 * kwh, (100 - reserve) / 100 * kwh, C_RATE * kwh * 1000)


def _lookup(series: Series | Missing) -> Callable[[datetime], float | None]:
    """Asked in time order only."""
    points = () if isinstance(series, Missing) else series.points
    at = 0

    def value(moment: datetime) -> float | None:
        nonlocal at
        while at < len(points) and points[at].end <= moment:
            at += 1
        return points[at].value if at < len(points) and points[at].start <= moment else None

    return value


def _reason(slots: Sequence[Slot], sun: Series, snapshot: Snapshot, settings: Settings) -> Reason:
    """How much sun the plan sees, from where, and what stood in."""
    kwh = sum(slot.sun_w for slot in slots) / 1000 * HOURS
    old = (snapshot.now - sun.fetched_at).total_seconds()
    until = clock(slots[-1].end, snapshot.now, settings.time_zone)
    text = f"{kwh:.1f} kWh of sun to spare expected until {until} ({sun.source}; forecast {age(old)} old)"
    if isinstance(snapshot.house_load, Missing):
        text += f"; {snapshot.house_load.why}: {USUAL_HOUSE_W:.0f} W are taken for the house"
    if settings.has_powerwall and isinstance(snapshot.powerwall, Missing):
        text += "; the Powerwall cannot be read: counted as empty"
    return Reason(Code.EXPECTED_SUN, text, {"sun_kwh": round(kwh, 2), "age_s": round(old)})
