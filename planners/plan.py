"""The plan: energy per car and slot that meets all needs at the least cost, under each car's amps and the shared circuit.

Equal cost: fewest starts, then the lower grid load, then the earlier slot. The plan counts on expected power / 1.15 and on departure -
30 min wherever that can be met; if a need cannot be met, as much as physics allows, nearest first. What is booked beyond the need comes
last and counts for half: the car stops before it if power is as expected, so it is no reason to buy in dear hours before cheap ones. Energy
above 80 % waits for the last six hours before its departure where those can hold it. Cars are placed one after the other, each in what the
others really use while all their margins still fit behind (in_hand.py); the best order of them wins.

The first power of a slot is what the roof is expected to have to spare: it costs what it would have earned, the rest what the grid asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate, pairwise, permutations
from math import ceil

from model import SLOT, START_DOLLARS, Code, Detail, Missing, Reason
from model_decision import Need, Path, PlanSlot, Slot
from planners.battery import wall_kwh
from planners.calmer import calmer
from planners.case import Case
from planners.in_hand import SOON, Booked, in_hand
from planners.net import EARLY, latest_start, nets
from planners.optimum import INF, Cell, cheapest, reachable
from planners.owner_limit import always_full
from planners.power import MARGIN, expected_kw, permitted
from planners.publication import ready_for_news
from planners.room import away_spans, most_kwh, used_by, with_room
from planners.surplus import less_sun, sun_kwh
from planners.texts import clock, stamp

CARE_SOC, CARE_WITHIN = 80.0, timedelta(hours=6)
UNBOUNDED = 10**6  # amps
OVERHEAD_KW = 0.2  # pumps and computers while a car charges, at any current: 5 A for an hour is dearer than 48 A for six minutes
OVERHEAD_PRICE = 2e-4  # it counts as so much a kWh also where the grid's power is free: else a car took 6 A beside another one's 42 A
PERHAPS = 0.5  # so much of the margin is needed on average: real homes gave 88-100 % of nominal power
TIE_START, TIE_LOAD, TIE_LATER = 1e-4, 1e-8, 1e-13  # per start, unit, unit and slot: with 4000 units each too small to buy the one before


@dataclass(frozen=True, slots=True)
class CarPlan:
    """`slots`: merged intervals with their amps; `latest_start`: the net; `shortfall_kwh`: what physics does not allow, at the worst of
    its deadlines; `weighed`: the energies at what they count as, also where no price is known; `calmer`: the grid is less loaded in its
    hours than from now on."""

    slots: tuple[PlanSlot, ...] = ()
    reasons: tuple[Reason, ...] = ()
    latest_start: datetime | None = None
    cost: float | None = None
    cost_if_now: float | None = None
    shortfall_kwh: float = 0.0
    weighed: float = 0.0
    calmer: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """One car to be placed: its needs and the most amps it may have when it is alone."""

    case: Case
    needs: tuple[Need, ...]
    amps: int


def plan(jobs: Sequence[Job], slots: Sequence[Slot], circuit: int | None) -> tuple[CarPlan, ...]:
    """One plan per job, in their order. `circuit`: amps that all of them together may draw; None: each has its own."""
    kept = [kept_amps(job.case) for job in jobs]
    jobs = [_beside(job, circuit, sum(kept) - own) for job, own in zip(jobs, kept, strict=True)]
    own = _placed(jobs, slots, circuit)
    safe = nets([(job.case, job.needs, job.amps) for job in jobs], circuit)
    return tuple(found if found.latest_start is None else replace(found, latest_start=net) for found, net in zip(own, safe, strict=True))


@dataclass(frozen=True, slots=True)
class _Placed:
    """`amps`: in each slot, margin included; `energies`: kWh in each slot until the last need is met; `firm`: the margin is kept from the
    others too."""

    plan: CarPlan
    amps: list[int]
    energies: list[float]
    firm: bool = False

    @property
    def used(self) -> list[int]:
        """What the other cars cannot have."""
        if self.firm:
            return self.amps
        return [amps if kwh > 1e-9 else 0 for amps, kwh in zip(self.amps, self.energies, strict=True)]


def _placed(jobs: Sequence[Job], slots: Sequence[Slot], circuit: int | None) -> tuple[CarPlan, ...]:
    alone, kept = [_one(job, slots, [circuit] * len(slots)) for job in jobs], [kept_amps(job.case) for job in jobs]
    taken = [[max(amps, own) for amps in each.used] for each, own in zip(alone, kept, strict=True)]
    room = circuit is None or all(sum(amps) <= circuit for amps in zip(*taken, strict=True))
    free = room and not _share_sun(slots, [each.used for each in alone])
    best = alone if free else _ordered(jobs, slots, circuit, alone)  # free: nobody is in anybody's way
    if not in_hand(_booked(jobs, best), slots, circuit):
        best = _ordered(jobs, slots, circuit, [replace(each, firm=True) for each in alone])
    return tuple(each.plan for each in best)


def _booked(jobs: Sequence[Job], placed: Sequence[_Placed]) -> list[Booked]:
    pairs = zip(jobs, placed, strict=True)
    return [Booked(job.case, job.needs, [max(a, kept_amps(job.case)) for a in each.used], each.energies) for job, each in pairs]


def _ordered(jobs: Sequence[Job], slots: Sequence[Slot], circuit: int | None, alone: Sequence[_Placed]) -> list[_Placed]:
    """The best order in which to place the cars one after the other."""
    most = UNBOUNDED if circuit is None else circuit
    orders = permutations(range(len(jobs))) if len(jobs) <= 4 else iter([tuple(range(len(jobs)))])
    least, best, result = _worth(alone), (INF, INF), list(alone)
    for order in orders:
        found = _place(jobs, slots, most, order, alone[order[0]])
        if _worth(found) < best:
            best, result = _worth(found), found
        if best[0] <= least[0] and best[1] <= least[1] + 1e-9:  # as good as if each had all for itself: no order is better
            break
    return result


def _worth(placed: Sequence[_Placed]) -> tuple[float, float]:
    return round(sum(each.plan.shortfall_kwh for each in placed), 3), sum(each.plan.weighed for each in placed)


def _share_sun(slots: Sequence[Slot], used: Sequence[Sequence[int]]) -> bool:
    """Do two cars count on the same sun?"""
    if len(used) < 2:  # also where no car is known at all
        return False
    return any(slot.sun_w > 0 and sum(amps > 0 for amps in each) > 1 for slot, each in zip(slots, zip(*used, strict=True), strict=True))


def kept_amps(case: Case) -> int:
    """What a Gen 2 connector of protocol 2 keeps for its car whatever is offered, also while that is stopped over the API."""
    if case.path is not Path.TWC or case.charger is None or case.plug is None or case.charger.can_stop:
        return 0
    return case.charger.min_amps


def _beside(job: Job, circuit: int | None, others: int) -> Job:
    """At most what the others' connectors leave of the circuit."""
    if circuit is None or job.amps <= circuit - others:
        return job
    return replace(job, amps=circuit - others if circuit - others >= job.case.min_amps else 0)


def _place(jobs: Sequence[Job], slots: Sequence[Slot], circuit: int, order: Sequence[int], first: _Placed) -> list[_Placed]:
    """Plans in which each car of `order` gets what those before it leave free; `first`: the one that has circuit and sun for itself."""
    placed = {order[0]: first}
    slots = less_sun(slots, first.used, jobs[order[0]].case)
    kept = [kept_amps(job.case) for job in jobs]
    free = [circuit - sum(kept) + kept[order[0]] - max(amps, kept[order[0]]) for amps in first.used]  # over all that is kept
    for index in order[1:]:
        found = replace(_one(jobs[index], slots, [left + kept[index] for left in free]), firm=first.firm)
        placed[index] = found
        slots = less_sun(slots, found.used, jobs[index].case)
        free = [left + kept[index] - max(amps, kept[index]) for left, amps in zip(free, found.used, strict=True)]
    return [placed[index] for index in range(len(jobs))]


def _one(job: Job, slots: Sequence[Slot], free: Sequence[int | None]) -> _Placed:
    """One car's plan and what it takes in each slot."""
    if not job.needs:
        return _Placed(CarPlan(), [0] * len(slots), [0.0] * len(slots))
    if job.case.cannot_wait and job.amps > job.case.min_amps:
        return _on_top(job, slots, free)
    return _solved(job, slots, free)


def _on_top(job: Job, slots: Sequence[Slot], free: Sequence[int | None]) -> _Placed:
    """A car that cannot wait has its least amps all the time: what they bring is counted, and only the rest is put into cheap slots."""
    least, most = job.case.min_amps, job.amps
    hours = [max(0.0, (need.by - EARLY - job.case.now).total_seconds() / 3600) for need in job.needs]
    flowing = [expected_kw(job.case, least) * each / MARGIN for each in hours]
    rest = [(need.kwh - flow) * most / (most - least) for need, flow in zip(job.needs, flowing, strict=True)]
    kept = tuple(replace(need, kwh=kwh) for need, kwh in zip(job.needs, rest, strict=True) if kwh > 0)
    above = less_sun(slots, [least] * len(slots), job.case)
    solved = _solved(replace(job, needs=kept), above, free) if kept else None
    extra, amps = (solved.plan, solved.amps) if solved is not None else (CarPlan(), [0] * len(slots))
    together = [max(least, one) for one in amps]
    energies = _energies(job, slots, together)
    found = replace(
        extra,
        slots=_merged(job.case, above, amps, energies),
        latest_start=min(latest_start(job.case, need, most) for need in job.needs),
        cost=_cost(job.case, slots, energies),
        cost_if_now=_cost(job.case, slots, _at_once(job, slots)),
    )
    return _Placed(found, together, energies)


def _solved(job: Job, slots: Sequence[Slot], free: Sequence[int | None]) -> _Placed:
    if job.amps < job.case.min_amps:
        most, why = permitted(job.case)
        text = f"{most} A is less than the {job.case.min_amps} A that the car needs to charge"
        return _Placed(CarPlan(reasons=(Reason(Code.BELOW_MINIMUM, text), why)), [0] * len(slots), [0.0] * len(slots))
    unit = expected_kw(job.case, 1) * SLOT.total_seconds() / 3600
    cells, reasons, short = _cells(job, slots, free, unit)
    cells = ready_for_news(job.case, slots, cells, unit, _start_cost(job.case))
    total = max(cell.due for cell in cells)
    units = cheapest(cells, total, _start_cost(job.case), job.case.charging, counts=_counts(job, unit, total))
    amps = [_amps(job, *each) for each in zip(units, cells, slots, free, strict=True)]
    energies = _energies(job, slots, amps)
    due, at_once = min(latest_start(job.case, need, job.amps) for need in job.needs), _at_once(job, slots)
    found = CarPlan(
        slots=_merged(job.case, slots, amps, energies),
        reasons=reasons,
        latest_start=due,
        cost=_cost(job.case, slots, energies),
        cost_if_now=_cost(job.case, slots, at_once),
        calmer=calmer(slots, energies, at_once),
        shortfall_kwh=short,
        weighed=_weighed(job.case, slots, energies) + _start_cost(job.case) * _starts(job.case, amps),
    )
    return _Placed(found, amps, energies)


def _counts(job: Job, unit: float, total: int) -> list[float]:
    """As how many units each level counts: those between a need and its margin for a part of one. Not those of later needs: they are
    planned anew before they are near, and until then a half price would only blur what is to be had tonight."""
    each = [0.0] + [1.0] * total
    ahead = [need for need in job.needs if need.by > job.case.now]
    for number, need in enumerate(ahead):
        if number == 0 or need.by <= job.case.now + SOON:
            first, end = ceil(need.kwh / unit) + 1, min(total, ceil(need.kwh * MARGIN / unit)) + 1
            each[first:end] = [PERHAPS] * (end - first)
    return list(accumulate(each))


def _start_cost(case: Case) -> float:
    """What Tesla bills for a start, also where the amps go over the wire; without a login only fewest starts count."""
    return (START_DOLLARS if case.snapshot.commands is True and case.view.vin else 0.0) + TIE_START


def _starts(case: Case, amps: Sequence[int]) -> int:
    """How often it begins: a charge that runs and goes on does not."""
    on = [case.charging, *(each > 0 for each in amps)]
    return sum(after and not before for before, after in pairwise(on))


def _cells(job: Job, slots: Sequence[Slot], free: Sequence[int | None], unit: float) -> tuple[list[Cell], tuple[Reason, ...], float]:
    away = away_spans(job.case, slots[-1].end)
    ranks = {load: rank for rank, load in enumerate(sorted({slot.load for slot in slots if slot.load is not None}))}
    cells = []
    for index, (slot, left) in enumerate(zip(slots, free, strict=True)):
        share = _share(slot, job.case.now)
        most = min(job.amps, left if left is not None else job.amps)
        gone = most < job.case.min_amps or any(start <= slot.start < end for start, end in away)
        hi = 0 if gone else int(most * share)
        tie = TIE_LOAD * ranks.get(slot.load, 0) / max(len(ranks), 1) if slot.load is not None else 0.0
        cost = slot.value * unit + tie + TIE_LATER * index
        sun = sun_kwh(job.case, slot) / unit if hi else 0.0
        first = max(0.0, slot.sun_value) if sun >= job.case.min_amps * share else max(OVERHEAD_PRICE, slot.value)
        fixed = first * OVERHEAD_KW * hi / max(most, 1) * SLOT.total_seconds() / 3600
        sun_cost = cost + (slot.sun_value - slot.value) * unit
        cells.append(Cell(cost, min(hi, max(1, round(job.case.min_amps * share))), hi, 0, 10**9, fixed, sun, sun_cost))
    return _with_levels(job, slots, cells, unit)


def _with_levels(job: Job, slots: Sequence[Slot], cells: list[Cell], unit: float) -> tuple[list[Cell], tuple[Reason, ...], float]:
    """Levels with the margin of 1.15 and 30 minutes, each as far as it can be reached; caps for care above 80 %; what is short at worst."""
    wanted = {need: ceil(need.kwh * MARGIN / unit) for need in job.needs}
    most = max(wanted.values())
    cells = with_room(job.case, slots, _with_care(job, slots, cells, unit), lambda kwh: ceil(kwh * MARGIN / unit))
    reach = reachable(cells, most)
    due = [0] * len(cells)
    reasons: list[Reason] = []
    short = 0.0
    for need, level in wanted.items():
        ends = [i for i, slot in enumerate(slots) if slot.end <= max(need.by - EARLY, slots[0].end)]
        last = [i for i, slot in enumerate(slots) if slot.end <= max(need.by, slots[0].end)]
        at_once = need.by <= job.case.now
        for at in range(len(slots)) if at_once else (ends[-1], last[-1]):
            due[at] = max(due[at], min(level, reach[at]))
        reasons += _short(job, need, reach[last[-1]] * unit)
        short = max(short, need.kwh - reach[last[-1]] * unit)
    return [replace(cell, due=level) if level else cell for cell, level in zip(cells, due, strict=True)], tuple(reasons), short


def _with_care(job: Job, slots: Sequence[Slot], cells: list[Cell], unit: float) -> list[Cell]:
    """Above 80 % only in the six hours before the departure, where those can hold it; not where the limit always stood at 100."""
    soc = job.case.level
    if always_full(job.case.memory.limit) or isinstance(soc, Missing):
        return cells
    before = 0  # what an earlier need took above 80 % is on board already
    for need in job.needs:
        level = ceil(need.kwh * MARGIN / unit)
        if need.by > job.case.now and need.soc > CARE_SOC:
            first, last = need.by - CARE_WITHIN, need.by - EARLY
            late = sum(cell.hi for cell, slot in zip(cells, slots, strict=True) if first <= slot.start and slot.end <= last)
            eighty = ceil(wall_kwh(job.case, float(soc), CARE_SOC + used_by(job.case, need.by)) * MARGIN / unit)
            cap = max(before, eighty, level - late, 0)
            cells = [replace(cell, cap=min(cell.cap, cap)) if slot.start < first else cell for cell, slot in zip(cells, slots, strict=True)]
        before = max(before, level)
    return cells


def _short(job: Job, need: Need, kwh: float) -> list[Reason]:
    """Says so where a need cannot be met with the margin, or not at all."""
    if need.by <= job.case.now or need.code in (Code.NEED_MIN, Code.OVERDUE):
        return []
    when = clock(need.by, job.case.now, job.case.settings.time_zone)
    if kwh < need.kwh - 0.05:
        text = f"{need.soc:.0f} % by {when} cannot be reached: {need.kwh - kwh:.1f} kWh short at {job.amps} A"
        detail: Detail = {"short_kwh": round(need.kwh - kwh, 2), "by": stamp(need.by, job.case.settings.time_zone)}
        return [Reason(Code.CANNOT_BE_MET, text, detail)]
    if kwh < need.kwh * MARGIN - 0.1:
        return [Reason(Code.NO_MARGIN, f"{need.soc:.0f} % by {when} leaves no time in hand")]
    return []


def _share(slot: Slot, now: datetime) -> float:
    """The part of a slot that is still ahead."""
    return min(1.0, max(0.0, (slot.end - now) / SLOT))


def _amps(job: Job, units: int, cell: Cell, slot: Slot, left: int | None) -> int:
    """Units as amps: rounded up, never down, so that a started slot keeps what it promised. All that is left of a slot is all its amps:
    else whole units in ever shorter rests would make 16 A of 15 A and back, a paid command each time."""
    if units <= 0:
        return 0
    most = job.amps if left is None else min(job.amps, left)
    if units >= cell.hi:
        return most
    return min(most, max(job.case.min_amps, ceil(units / max(_share(slot, job.case.now), 1e-6) - 1e-9)))


def _energies(job: Job, slots: Sequence[Slot], amps: Sequence[int]) -> list[float]:
    """kWh per slot at full expected power until the last need is met: what is booked beyond that is the margin."""
    left, out = job.needs[-1].kwh, []
    for slot, offered in zip(slots, amps, strict=True):
        hours = _share(slot, job.case.now) * SLOT.total_seconds() / 3600
        energy = min(left, expected_kw(job.case, offered) * hours)
        left -= energy
        out.append(energy)
    return out


def _at_once(job: Job, slots: Sequence[Slot]) -> list[float]:
    """kWh per slot of a charge that begins now: as soon as the car is at home and the battery has room for it, until the last need is met.
    A week of drives does not fit into tonight's battery, and would make tonight look cheap."""
    away, room = away_spans(job.case, slots[-1].end), most_kwh(job.case, slots) or [job.needs[-1].kwh] * len(slots)
    done, out = 0.0, []
    for slot, most in zip(slots, room, strict=True):
        hours = _share(slot, job.case.now) * SLOT.total_seconds() / 3600
        gone = any(start <= slot.start < end for start, end in away)
        kwh = 0.0 if gone else max(0.0, min(expected_kw(job.case, job.amps) * hours, min(most, job.needs[-1].kwh) - done))
        done += kwh
        out.append(kwh)
    return out


def _cost(case: Case, slots: Sequence[Slot], energies: Sequence[float]) -> float | None:
    """Money for these energies, what the sun of them would have earned included; None where a price is not known."""
    total = 0.0
    for slot, kwh in zip(slots, energies, strict=True):
        if kwh > 0:
            own = min(kwh, sun_kwh(case, slot))
            if slot.price is None and own < kwh:
                return None
            total += (slot.export or 0.0) * own + (slot.price or 0.0) * (kwh - own)
    return total


def _weighed(case: Case, slots: Sequence[Slot], energies: Sequence[float]) -> float:
    pairs = [(slot, kwh, min(kwh, sun_kwh(case, slot))) for slot, kwh in zip(slots, energies, strict=True) if kwh > 0]
    return sum(slot.sun_value * own + slot.value * (kwh - own) for slot, kwh, own in pairs)


def _merged(case: Case, slots: Sequence[Slot], amps: Sequence[int], energies: Sequence[float]) -> tuple[PlanSlot, ...]:
    out: list[PlanSlot] = []
    for slot, offered, kwh in zip(slots, amps, energies, strict=True):
        if offered <= 0 or kwh <= 1e-9:
            continue
        last, own = out[-1] if out else None, min(kwh, sun_kwh(case, slot))
        if last is not None and last.end == slot.start and (last.amps, last.price, last.forecast) == (offered, slot.price, slot.forecast):
            out[-1] = replace(last, end=slot.end, kwh=last.kwh + kwh, sun_kwh=last.sun_kwh + own)
        else:
            out.append(PlanSlot(max(slot.start, case.now), slot.end, offered, kwh, slot.price, slot.forecast, own))
    return tuple(out)


def full_power(case: Case) -> int:
    """The most amps this car may have when it is alone; 0 where that is less than it needs to charge at all."""
    amps, _ = permitted(case)
    return amps if amps >= case.min_amps else 0
