"""`once -v`: what a good colleague would say about this cycle, in about 25 lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from config import Settings
from cycle.timeline import timeline
from model import START_DOLLARS, Code, Missing
from model_decision import Action, CarDecision, Decision, Path, Sent, Snapshot, SourceState
from model_memory import CommandKind
from planners.hold import say
from planners.strategy import LEAST_SUN_KWH, WITHOUT_PRICES
from planners.texts import age, clock, due, money

WITHOUT = {
    "tesla": "cars are planned with their last reading, nothing is sent",
    "car reading": "the car is planned with its last reading",
    "powerwall": "the sun is not followed",
    "powerwall cloud": "the Powerwall is not seen or changed through Tesla",
    "meter": "the Powerwall alone tells the surplus",
    "wall connector": "the car is asked more often, at Tesla's price",
    "home": "a car that is not surely at home is left alone",
    "roads": "distances are rougher, each need says how sure it is",
    "load forecast": "equal prices fall to the earlier hour",
    "sun and wind": "the grid's whole load counts, not what its sun and wind leave",
    "fuel mix": "CO2 counts for nothing",
    "grid alerts": "alerts of the grid are not seen",
    "grid prices": "the load forecast, the tariff or the night decides",
    "weather": "the plan counts on no sun that is forecast, and on frost for drives",
    "price file": "the load forecast, the tariff or the night decides",
    "tariff prices": "the load forecast or the night decides",
}
CALENDAR = "calendar "  # and its number or name
NO_MONEY = (Code.WEIGHTS, Code.LOAD_FORECAST, Code.NIGHT_CLOCK)  # then the line of prices shows what counts instead of them
BY_PLAN = (Code.WAIT, Code.PLAN_SLOT, Code.FOLLOW_SUN, Code.MIN_OFF)
WORDS = {
    CommandKind.START: "start the charge",
    CommandKind.STOP: "stop the charge",
    CommandKind.AMPS: "set {} A",
    CommandKind.LIMIT: "set the charge limit to {} %",
    CommandKind.WAKE: "wake the car",
    CommandKind.ADD_SCHEDULE: "put our safety schedule into the car",
    CommandKind.REMOVE_SCHEDULE: "take our safety schedule out of the car",
}


def explain(decision: Decision, snapshot: Snapshot, settings: Settings, problems: tuple[str, ...] = ()) -> str:
    """The whole explanation as text."""
    lines = [decision.summary, *_seen(decision, snapshot, settings)]
    for car in decision.cars:
        lines += _car(car, decision, settings, many=len(decision.cars) > 1)
    lines += _block("BATTERY", [*(reason.text for reason in decision.site_reasons), *(f"{say(one)} now" for one in decision.site)])
    lines += _missing(decision, problems)
    budget = snapshot.budget
    lines.append(f"TESLA    ${budget.spent:.2f} of ${budget.limit:.2f} spent this month")
    return "\n".join(lines)


def _seen(decision: Decision, snapshot: Snapshot, settings: Settings) -> Iterator[str]:
    now = decision.now.astimezone(settings.time_zone)
    yield f"SEEN     {now:%a %d %b %H:%M} ({settings.time_zone.key})"
    for car in decision.cars:
        yield f"         {car.name or 'car'}: {_state(car, snapshot)}"
    powerwall, meter, wall = snapshot.powerwall, snapshot.meter, snapshot.wall
    if not isinstance(powerwall, Missing):
        soc = "" if isinstance(powerwall.soc, Missing) else f", {powerwall.soc:.0f} %"
        yield f"         Powerwall: {_flow(powerwall.grid_w)}, sun {powerwall.solar_w:.0f} W, house {powerwall.load_w:.0f} W{soc}"
    if not isinstance(meter, Missing):
        yield f"         Meter: {_flow(meter.grid_w)}"
    if not isinstance(wall, Missing):
        yield f"         Wall Connector: {'car plugged in' if wall.connected else 'free'}, {wall.amps:.1f} A"
    ages = [f"{one.name} {age(one.age_s)}" for one in decision.sources if one.age_s is not None and one.age_s >= 90]
    if ages:
        yield f"         older readings: {', '.join(ages)}"


def _state(car: CarDecision, snapshot: Snapshot) -> str:
    reading = next((view.reading for view in snapshot.cars if view.vin == car.vin), Missing("tesla", "no login"))
    if isinstance(reading, Missing):
        return f"not read ({reading.why})"
    soc = "" if isinstance(reading.soc, Missing) else f"{reading.soc:.0f} %, "
    limit = "" if isinstance(reading.limit_soc, Missing) else f", limit {reading.limit_soc} %"
    charging = "state unknown" if isinstance(reading.charging, Missing) else reading.charging.value
    amps = "" if isinstance(reading.actual_amps, Missing) or reading.actual_amps < 1 else f" {reading.actual_amps:.0f} A"
    whose = f" (began: {car.origin.value})" if car.origin else ""
    seconds = (snapshot.now - reading.at).total_seconds()
    return f"{soc}{charging}{amps}{whose}{limit}, read {age(seconds)} ago"


def _flow(grid_w: float) -> str:
    return f"{grid_w:.0f} W from the grid" if grid_w >= 0 else f"{-grid_w:.0f} W to the grid"


def _car(car: CarDecision, decision: Decision, settings: Settings, many: bool) -> Iterator[str]:
    zone, now = settings.time_zone, decision.now
    if many:
        yield f"--- {car.name}"
    needs = [f"{need.soc:.0f} % by {clock(need.by, now, zone)} ({due(need.kwh, at)}): {need.text}" for at, need in enumerate(car.needs)]
    if not needs and not isinstance(car.soc, Missing) and car.action is not Action.NONE:
        needs = ["nothing"]
    yield from _block("NEEDED", needs)
    if car.plan:
        yield from _block("PLAN", _slots(car, decision, settings))
        money_alone = {reason.code for reason in decision.signal_reasons}.isdisjoint(NO_MONEY)
        yield from timeline(decision.signal, car.plan, now, zone, "price" if money_alone else "value")
        yield from _costs(car, settings, clock(car.latest_start, now, zone) if car.latest_start else "")
    yield from _block("WHY", [reason.text for reason in (*car.reasons, *decision.signal_reasons)])
    sent = [one for one in decision.sent if one.vin == car.vin]
    yield from _block("SENT", [_sent(one) for one in sent])
    yield from _block("WOULD", [*([] if sent else [_would(car)]), *_later(car, decision, settings)])
    fate = f"the Pi dies: {car.if_pi_dies.text}"
    yield from _block("IF", [fate, "Tesla is down: the next cycle tries again; what runs goes on"])


def _block(head: str, lines: Sequence[str]) -> Iterator[str]:
    """The head before the first line, the rest under it."""
    for index, line in enumerate(lines):
        yield f"{head if index == 0 else '':<8} {line}"


def _slots(car: CarDecision, decision: Decision, settings: Settings) -> list[str]:
    zone, now = settings.time_zone, decision.now
    shown = [
        f"{clock(slot.start, now, zone)}-{clock(slot.end, now, zone)} {slot.amps} A {slot.kwh:.1f} kWh"
        + _at(slot.price, settings)
        + (" (expected)" if slot.forecast else "")
        + (f", {slot.sun_kwh:.1f} kWh of it from the sun" if slot.sun_kwh >= LEAST_SUN_KWH else "")
        for slot in car.plan[:4]
    ]
    own = settings.for_car(car.vin, car.name).strategy
    beside = [f"STRATEGY={own.value} has its own rule (WHY); beside it, what the cheapest plan would be:"] if own in WITHOUT_PRICES else []
    return [*beside, *shown, *([f"and {len(car.plan) - 4} more"] if len(car.plan) > 4 else [])]


def _costs(car: CarDecision, settings: Settings, latest: str) -> Iterator[str]:
    if car.cost is not None:
        now = f"; starting now {money(car.cost_if_now, settings.currency)}" if car.cost_if_now is not None else ""
        kwh = sum(slot.kwh for slot in car.plan)
        yield f"         {kwh:.1f} kWh for {money(car.cost, settings.currency)}{now}; latest safe start {latest}"


def _at(price: float | None, settings: Settings) -> str:
    """Prices of neighbouring hours differ by tenths of a cent."""
    return "" if price is None else f" at {money(price, settings.currency, digits=3)}"


def _would(car: CarDecision) -> str:
    if not car.commands:
        return "send nothing to the car now"
    said = ", ".join(WORDS[one.kind].format(one.value) for one in car.commands)
    dollars = sum(one.dollars for one in car.commands)
    return f"{said} now (${dollars:.3f} at Tesla)"


def _sent(one: Sent) -> str:
    """`run -v`: what became of a command."""
    said = f"{WORDS[one.kind].format(one.value)}: {one.outcome.value}{f' ({one.answer})' if one.answer else ''}"
    return f"{said} (${one.dollars:.3f} at Tesla)" if one.dollars else said


def _later(car: CarDecision, decision: Decision, settings: Settings) -> Iterator[str]:
    """What is sent when, as the plan stands now."""
    ahead = [slot for slot in car.plan if slot.start > decision.now]
    if not ahead or car.path is not Path.CAR or car.reasons[0].code not in BY_PLAN:
        return
    zone, cycle = settings.time_zone, timedelta(minutes=settings.cycle_minutes)
    runs = next((slot for slot in car.plan if slot.start <= decision.now), None)
    while runs is not None and ahead and runs.end == ahead[0].start:  # it goes on: nobody is woken, nothing is started
        if ahead[0].amps != runs.amps:
            yield f"at {clock(runs.end, decision.now, zone)} set {ahead[0].amps} A"
            return
        runs = ahead.pop(0)
    if not ahead:
        return
    start = clock(ahead[0].start, decision.now, zone)
    wake = clock(ahead[0].start - cycle, decision.now, zone)
    yield f"at {wake} wake the car if it sleeps, at {start} set {ahead[0].amps} A and start; about ${START_DOLLARS:.3f} at Tesla"


def _without(source: SourceState, well: frozenset[str]) -> str:
    """A calendar that was read before says itself that it goes on. `well`: the sources that answered."""
    if source.name == "meter" and not well & {"powerwall", "powerwall cloud"}:
        return WITHOUT["powerwall"]
    if source.name.startswith(CALENDAR):
        return "the car is not made ready for the drives in it" if source.age_s is None else ""
    return WITHOUT.get(source.name, "")


def _missing(decision: Decision, problems: tuple[str, ...]) -> Iterator[str]:
    """Which source was not there, why, and what that changed."""
    well = frozenset(one.name for one in decision.sources if one.ok)
    failing = {f"{one.name}: {one.why}": _without(one, well) for one in decision.sources if not one.ok}
    whys = {one.why for one in decision.sources if not one.ok}  # a problem names all that one service did not give
    lines = [f"{text} -> {changed}" if changed else text for text, changed in failing.items()]
    return _block("MISSING", [*lines, *(text for text in dict.fromkeys(problems) if text.partition(": ")[2] not in whys)])
