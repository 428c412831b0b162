"""What is published over MQTT: one JSON for the house, one for each car, connector and for the owner's words.

No event and no place is named: whoever may listen to the broker need not know where the car drives.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from clients.mqtt import Message
from config import Settings
from cycle.mqtt_topics import Json, as_message, car_id, car_topic, charger_topic, house_topic, written
from cycle.outlook import seen
from model import Charger, Code, Missing, Reason
from model_decision import CarDecision, Decision, PlanSlot, Snapshot, SourceState
from planners.texts import clock

LONGEST = 250  # Home Assistant calls a state of more than 255 characters unknown
MOST_SPANS, MOST_REASONS = 24, 12  # its recorder drops attributes of more than 16 kB
OF_DRIVES = frozenset({Code.NEED_TRIP, Code.TRIP_COVERED, Code.TRIP_UNKNOWN, Code.TRIP_TOO_FAR, Code.CHARGE_ON_THE_WAY})
HELD = frozenset({Code.OWNER_STOP, Code.OWNER_STOPPED, Code.HANDS_OFF})  # the owner said that the plan is not to be followed
DRIVES = ("calendar", "roads")  # sources
PLACE = re.compile(r"-?\d{1,3}\.\d+, ?-?\d{1,3}\.\d+")


def states(decision: Decision, snapshot: Snapshot, problems: Sequence[str], settings: Settings) -> list[Message]:
    """Everything that a cycle knows, for those who come later too: the house first, then cars and connectors."""
    veil = _veil(snapshot)
    found = [as_message(house_topic(settings), _house(decision, snapshot, [veil.problem(text) for text in problems], settings))]
    found += [as_message(car_topic(settings, car.vin), _car(_veiled(car, veil), decision, snapshot, settings)) for car in decision.cars]
    chargers = () if isinstance(snapshot.charger, Missing) else snapshot.charger.chargers
    found += [as_message(charger_topic(settings, one.id), _charger(one, settings.time_zone)) for one in chargers]
    return found


def _house(decision: Decision, snapshot: Snapshot, problems: Sequence[str], settings: Settings) -> Json:
    zone = settings.time_zone
    alarms: tuple[str, ...] = () if isinstance(snapshot.charger, Missing) else snapshot.charger.alarms
    return {
        "summary": short(("DRY RUN: " if decision.dry_run else "") + _veil(snapshot).over(decision.summary, _in_short(decision))),
        "at": written(decision.now, zone),
        "next_cycle": written(decision.next_cycle, zone),
        "dry_run": decision.dry_run,
        "problems": [short(text) for text in problems],
        "alarms": [short(text) for text in alarms],
        "spent_this_month": round(snapshot.budget.spent, 4),
        "sources": _sources(decision.sources),
    }


def _sources(found: Sequence[SourceState]) -> dict[str, bool]:
    """Which ones answered. Calendars are one: Google's names of them are people's addresses."""
    names = dict.fromkeys(_source(one.name) for one in found)
    return {name: all(one.ok or one.note for one in found if _source(one.name) == name) for name in names}


def _source(name: str) -> str:
    return name.partition(" ")[0] if name.startswith(DRIVES) else name


@dataclass(frozen=True, slots=True)
class _Veil:
    """`names`: events and places, in small letters."""

    names: tuple[str, ...]

    def over(self, text: str, instead: str) -> str:
        plain = text.casefold()
        return PLACE.sub("...", instead if any(name in plain for name in self.names) else text)

    def reason(self, one: Reason) -> Reason:
        plain = one.code.value.replace("_", " ").lower()
        return replace(one, text=plain if one.code in OF_DRIVES else self.over(one.text, plain))

    def problem(self, text: str) -> str:
        """Calendars and roads name what they did not understand."""
        source = _source(text.partition(":")[0])
        return f"{source}: scheduler.py status says why" if source.startswith(DRIVES) else self.over(text, "a drive in the calendar")


def _veil(snapshot: Snapshot) -> _Veil:
    trips = () if isinstance(snapshot.trips, Missing) else snapshot.trips
    names = (name for trip in trips for name in (trip.text, trip.place, trip.lost, *(turn for _, turn in trip.turns)))
    return _Veil(tuple(name.casefold() for name in names if len(name) > 1))


def _veiled(car: CarDecision, veil: _Veil) -> CarDecision:
    return replace(car, reasons=tuple(veil.reason(one) for one in car.reasons), if_pi_dies=veil.reason(car.if_pi_dies))


def _in_short(decision: Decision) -> str:
    """What is done, where the sentence for the owner names a drive."""
    return " ".join(f"{car.name or 'The car'}: {car.action.value}{f', {car.amps} A' if car.amps else ''}." for car in decision.cars)


def _car(car: CarDecision, decision: Decision, snapshot: Snapshot, settings: Settings) -> Json:
    zone, now = settings.time_zone, decision.now
    spans = _spans(car.plan)
    first = next((need for need in car.needs), None)
    # a stopped car has a plan all the same, and beside Stop it would read as what will be
    held = "held: " if spans and any(one.code in HELD for one in car.reasons[:1]) else ""
    return {
        "name": car.name,
        "action": car.action.value,
        "amps": car.amps,
        "until": written(car.until, zone),
        "soc": None if isinstance(car.soc, Missing) else car.soc,
        "soc_at": written(car.soc_at, zone),
        **seen(car, snapshot),
        "why": short(car.reasons[0].text if car.reasons else ""),
        "plan_text": short(held + ", ".join(_span_text(span, now, zone) for span in spans[:4]) or "nothing planned"),
        "plan_kwh": round(sum(slot.kwh for slot in car.plan), 2),
        "cost": None if car.cost is None else round(car.cost, 2),
        "ready_by": None if first is None else clock(first.by, now, zone),
        "ready_soc": None if first is None else first.soc,
        "detail": {
            "reasons": [{"code": one.code.value, "text": short(one.text)} for one in car.reasons[:MOST_REASONS]],
            "plan": [_span(span, zone) for span in spans[:MOST_SPANS]],
            "need": [
                {"by": written(need.by, zone), "soc": need.soc, "kwh": round(need.kwh, 2), "code": need.code.value} for need in car.needs
            ],
            "latest_start": written(car.latest_start, zone),
            "if_pi_dies": short(car.if_pi_dies.text),
        },
    }


def _charger(one: Charger, zone: tzinfo) -> Json:
    return {
        "offered_amps": one.offered_amps,
        "actual_amps": one.actual_amps,
        "energy_kwh": one.energy_kwh,
        "plugged": one.plugged,
        "state": one.state,
        "car": None if one.vin is None else car_id(one.vin),
        "alarms": list(one.alarms),
        "last_seen": written(one.last_seen, zone),
    }


def _spans(plan: Sequence[PlanSlot]) -> list[list[PlanSlot]]:
    """Slots that follow each other with the same amps, as one."""
    found: list[list[PlanSlot]] = []
    for slot in plan:
        if found and found[-1][-1].end == slot.start and found[-1][-1].amps == slot.amps:
            found[-1].append(slot)
        else:
            found.append([slot])
    return found


def _span(span: Sequence[PlanSlot], zone: tzinfo) -> Json:
    kwh = round(sum(slot.kwh for slot in span), 2)
    return {"start": written(span[0].start, zone), "end": written(span[-1].end, zone), "amps": span[0].amps, "kwh": kwh}


def _span_text(span: Sequence[PlanSlot], now: datetime, zone: tzinfo) -> str:
    end = span[-1].end.astimezone(zone)
    return f"{clock(span[0].start, now, zone)}-{end:%H:%M} {span[0].amps} A"


def short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
