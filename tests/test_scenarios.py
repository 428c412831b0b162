"""Complaints as scenarios: `scenarios/NNN-what-went-wrong.json`. Adding one needs no Python.

settings   options as in .env (time zone and home are given)
start      the first cycle: "now" on the owner's clock, and what is seen then; see SITUATION for the keys and tests/builders.py for
           what is seen unless told
then       the next cycles, each with what is new: "now" or "minutes" (after the cycle before); what was seen stays seen, but a car is
           read anew only where its "reading" is told; a car that is asleep after a leap in time was seen asleep in the cycle before, too,
           unless "gap" says that there were no cycles
answers    in any cycle: what becomes of its commands, {"charge_start": "unknown"}; done unless told
expect     in any cycle: what must have been decided, or a list of that, one for each "car"; see EXPECTED. A list holds parts that
           must be there, "not reasons" what must not
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clients.calendar_text import real_place
from config import OPTIONS, Settings
from cycle.act import act
from cycle.act_site import act_site
from model import (
    Alert,
    CarReading,
    Ceiling,
    ChargerReport,
    Code,
    Event,
    Leg,
    MeterReading,
    Missing,
    Override,
    Overrides,
    Place,
    Series,
    Trip,
    Word,
)
from model_decision import CarDecision, Command, Decision, Sent, Snapshot, Target
from model_energy import CloudSite, SiteCommand
from model_memory import Memory, Outcome
from planners.decide import decide
from planners.trips import HOME, minutes_for, nowhere, stops, trips
from state.codec import decode, encode
from tests import builders
from tests.builders import ZONE, at

FOLDER = Path(__file__).parent / "scenarios"
FILES = sorted(FOLDER.glob("*.json"))
Json = Mapping[str, Any]


class FarEnd:
    """Tesla as this scenario tells it: it answers as told and does nothing by itself."""

    def __init__(self, answers: Mapping[str, str], ceiling: Ceiling | Missing) -> None:
        self._answers, self._ceiling = answers, ceiling

    def look(self, memory: Memory, now: datetime) -> Snapshot:
        raise AssertionError("a scenario says what is seen")

    def look_again(self, snapshot: Snapshot, vins: tuple[str, ...]) -> Snapshot:
        raise AssertionError("a scenario says what is seen")

    def act(self, command: Command) -> tuple[Outcome, str]:
        return Outcome(self._answers.get(command.kind, "done")), ""

    def act_site(self, command: SiteCommand) -> tuple[Outcome, str]:
        return Outcome(self._answers.get(command.kind, "done")), ""

    def ceiling(self) -> Ceiling | Missing:
        return self._ceiling

    def load(self) -> Memory:
        raise AssertionError("a scenario has its own memory")

    def save(self, memory: Memory) -> None: ...

    def offer(self, target: Target) -> None: ...

    def record(self, decision: Decision, snapshot: Snapshot, sent: tuple[Sent, ...]) -> tuple[str, ...]:
        return ()


def times(json: Any) -> Any:
    """ "2026-12-08 18:10" anywhere in a situation is a time on the owner's clock."""
    if isinstance(json, dict):
        return {key: times(value) for key, value in json.items()}
    if isinstance(json, list):
        return [times(value) for value in json]
    try:
        return at(json).isoformat() if isinstance(json, str) and len(json) in (16, 17) else json
    except ValueError:
        return json


def changed(whole: Any, changes: Json) -> Any:
    """The value with some of its fields told anew, in the words of the state files."""
    plain = encode(whole, ZONE)
    assert isinstance(plain, dict)
    unknown = set(changes) - set(plain)
    assert not unknown, f"{type(whole).__name__} has no {', '.join(sorted(unknown))}"
    return decode(type(whole), plain | times(dict(changes)))


def known(reading: Any, default: Any) -> Any:
    return default if isinstance(reading, Missing) else reading


def cars(seen: Snapshot, told: list[Json]) -> Snapshot:
    views = []
    for number, car in enumerate(told):
        assert not set(car) - {"asleep", "reading", "unread", "list_missing", "in_service"}, car
        vin, name = ((builders.VIN, "Blue"), (builders.VIN_2, "Red"))[number]
        old = next((view for view in seen.cars if view.vin == vin), builders.view(builders.reading(vin=vin, name=name)))
        before = old.reading if isinstance(old.reading, CarReading) else builders.reading(vin=vin, name=name)
        read = changed(replace(before, at=seen.now), car["reading"]) if "reading" in car else old.reading
        view = builders.view(read, online=not car.get("asleep", False))
        status = replace(view.status, in_service=car.get("in_service", False)) if not isinstance(view.status, Missing) else view.status
        absent = {key: Missing("tesla", car[key]) for key in ("unread", "list_missing") if key in car}
        seen_now = absent.get("unread", view.reading)
        views.append(replace(view, vin=vin, name=name, status=absent.get("list_missing", status), reading=seen_now))
    return replace(seen, cars=tuple(views))


def chargers(seen: Snapshot, told: list[Json] | None) -> Snapshot:
    if told is None:
        return replace(seen, charger=Missing("charger", "charger.json is older than 30 s"))
    found = tuple(changed(builders.charger(), one) for one in told)
    return replace(seen, charger=ChargerReport(seen.now, "up", found, ()))


def cloud(seen: Snapshot, told: Json) -> Snapshot:
    """Tesla's cloud in this very cycle: "live" beside the usual Powerwall, "settings" beside the owner's usual ones."""
    live = changed(replace(builders.powerwall(storm_watch=False), at=seen.now), told.get("live", {}))
    own = changed(builders.site_settings(at=seen.now), told.get("settings", {}))
    return replace(seen, powerwall=live, cloud=CloudSite(1, live, own))


def told_series(seen: Snapshot, told: Json) -> Series:
    return builders.series(at(told["from"]) if "from" in told else seen.now, told["values"], told.get("minutes", 60))


def alert(told: Json, now: datetime) -> Alert:
    level = told.get("level", "Flex Alert")
    return Alert("CAISO", level, at(told["from"]) if "from" in told else now, at(told["until"]), f"CAISO: {level}")


def overrides(seen: Snapshot, told: Json) -> Overrides:
    words = [
        Override(word.get("vin"), Word(word["word"]), word.get("amps"), at(word["until"]) if "until" in word else None, seen.now)
        for word in told.get("words", ())
    ]
    return Overrides(tuple(words), told.get("solar"), at(told["solar_until"]) if "solar_until" in told else None)


def told_event(e: Json) -> Event:
    start, texts = at(e["start"]), (e["title"], real_place(e.get("place", "")), e.get("vin"))
    return Event(
        "calendar", start, start + timedelta(hours=e.get("hours", 1)), *texts, all_day=e.get("all_day", False), note=e.get("note", "")
    )


def calendar(seen: Snapshot, told: Json | str, options: Settings) -> Snapshot:
    """ "events" with "title", "start", "hours", "place"; "roads" in km from home by place, or between two places ("A > B"); null:
    nobody knows the place."""
    if isinstance(told, str):
        return replace(seen, trips=Missing("calendar", told))
    events = [told_event(e) for e in told["events"]]
    ends = {name: name.split(" > ") if " > " in name else [HOME, name] for name in told.get("roads", {})}
    legs = {name: nowhere() if km is None else Leg(km, minutes_for(km)) for name, km in told.get("roads", {}).items()}
    roads = {(ends[name][0], ends[name][1]): leg for name, leg in legs.items()}
    return replace(seen, trips=trips(stops(events, options, seen.now), roads, options, seen.now))


def measured(seen: Snapshot, told: float | Json) -> MeterReading:
    """W now, or {"grid_w": W, "minutes_old": N} for a meter that tells some time later."""
    whole = told if isinstance(told, Mapping) else {"grid_w": told}
    return replace(builders.meter(whole["grid_w"]), at=seen.now - timedelta(minutes=whole.get("minutes_old", 0)))


SITUATION: Mapping[str, Callable[[Snapshot, Any], Snapshot]] = {
    "car": lambda seen, told: cars(seen, [told]),
    "cars": cars,
    "list": lambda seen, told: replace(seen, cars=()) if told == "empty" else seen,
    "chargers": chargers,
    "powerwall": lambda seen, told: replace(seen, powerwall=changed(known(seen.powerwall, builders.powerwall()), told)),
    "cloud": cloud,
    "meter": lambda seen, told: replace(seen, meter=measured(seen, told)),
    "wall": lambda seen, told: replace(seen, wall=changed(known(seen.wall, builders.wall()), told)),
    "prices": lambda seen, told: replace(seen, prices=told_series(seen, told)),
    "export": lambda seen, told: replace(seen, export_prices=told_series(seen, told)),
    "load": lambda seen, told: replace(seen, load=told_series(seen, told)),
    "co2": lambda seen, told: replace(seen, co2=told_series(seen, told)),
    "sun": lambda seen, told: replace(seen, sun=told_series(seen, told) if isinstance(told, dict) else Missing("weather", told)),
    "house_load": lambda seen, told: replace(seen, house_load=told_series(seen, told)),
    "alerts": lambda seen, told: replace(seen, alerts=tuple(alert(one, seen.now) for one in told)),
    "override": lambda seen, told: replace(seen, overrides=overrides(seen, told)),
    "ceiling": lambda seen, told: replace(seen, ceiling=Ceiling(seen.now, told, "OVERLOAD")),
    "trips": lambda seen, told: replace(seen, trips=tuple(Trip(at(t["leave"]), t["km"], t["min"], t["text"]) for t in told)),
    "weather": lambda seen, told: replace(
        seen, temperature=told_series(seen, told) if isinstance(told, dict) else Missing("weather", told)
    ),
    "home": lambda seen, told: replace(seen, home=Place(*told) if told else Missing("config", "TESLA_HOME_ADDRESS is not set")),
    "commands": lambda seen, told: replace(seen, commands=told is True or Missing("tesla", str(told))),
    "memory": lambda seen, told: replace(seen, memory=decode(Memory, times(told))),
}
CYCLE = ("now", "minutes", "gap", "answers", "expect", "calendar")


def looked(before: Snapshot, told: Json, options: Settings) -> Snapshot:
    """What a cycle sees: as before, but for what is new."""
    unknown = set(told) - set(SITUATION) - set(CYCLE)
    assert not unknown, f"unknown keys: {', '.join(sorted(unknown))}"
    now = at(told["now"]) if "now" in told else before.now + timedelta(minutes=told.get("minutes", 5))
    seen = replace(before, now=now)
    for key, apply in SITUATION.items():
        if key in told:
            seen = apply(seen, told[key])
    return calendar(seen, told["calendar"], options) if "calendar" in told else seen


def meanwhile(before: Snapshot, seen: Snapshot) -> Snapshot:
    """A leap in time stands for cycles in which nothing new was seen."""
    last = seen.now - timedelta(minutes=5)
    asleep = {view.vin for view in seen.cars if not isinstance(view.status, Missing) and not view.status.online}
    if last <= before.now:
        return seen
    cars = tuple(replace(car, slept_at=last) if car.vin in asleep else car for car in seen.memory.cars)
    return replace(seen, memory=replace(seen.memory, cars=cars))


def first(codes: list[str]) -> str:
    return codes[0] if codes else ""


EXPECTED: Mapping[str, Callable[[CarDecision], Any]] = {
    "action": lambda car: car.action.value,
    "why": lambda car: first([reason.code.value for reason in car.reasons]),
    "reasons": lambda car: [reason.code.value for reason in car.reasons],
    "commands": lambda car: [one.kind.value if one.value is None else f"{one.kind.value} {one.value}" for one in car.commands],
    "reserved": lambda car: [one.reserved for one in car.commands],
    "amps": lambda car: car.amps,
    "until": lambda car: local(car.until),
    "origin": lambda car: car.origin.value if car.origin else None,
    "path": lambda car: car.path.value,
    "needs": lambda car: [f"{need.code.value} {need.soc:.0f} {local(need.by)}" for need in car.needs],
    "plan": lambda car: [f"{local(slot.start)} {local(slot.end)} {slot.amps}" for slot in car.plan],
    "latest_start": lambda car: local(car.latest_start),
    "cost": lambda car: None if car.cost is None else round(car.cost, 2),
    "kwh": lambda car: [f"{need.code.value} {need.kwh:.1f}" for need in car.needs],
    "drive": lambda car: next((dict(need.detail) for need in car.needs if need.detail), {}),
    "says": lambda car: " | ".join([*(need.text for need in car.needs), *(reason.text for reason in car.reasons)]),
}


def local(moment: datetime | None) -> str | None:
    return f"{moment.astimezone(ZONE):%a %H:%M}" if moment else None


def check(decision: Decision, expect: Json, where: str) -> None:
    """Compares, and says everything that was decided when something differs."""
    unknown = {key.removeprefix("not ") for key in expect} - set(EXPECTED) - {"car", "signal", "target", "summary", "site", "site why"}
    assert not unknown, f"{where}: nothing is called {', '.join(sorted(unknown))}"
    car = decision.cars[expect.get("car", 0)] if decision.cars else None
    found: dict[str, Any] = {key: look(car) for key, look in EXPECTED.items()} if car else {}
    found["signal"] = [reason.code.value for reason in decision.signal_reasons]
    found["target"] = {one.id: [f"{local(step.until)} {step.amps}" for step in one.steps] for one in decision.target.chargers}
    found["summary"] = decision.summary
    found["site"] = [f"{one.kind.value} {one.value}" for one in decision.site]
    found["site why"] = [reason.code.value for reason in decision.site_reasons]
    wrong = [f"{key}: {found.get(key.removeprefix('not '))}, expected {want}" for key, want in expect.items() if not fits(found, key, want)]
    told = "\n  ".join(f"{reason.code.value}: {reason.text}" for one in decision.cars for reason in one.reasons)
    assert not wrong, f"{where}\n" + "\n".join(wrong) + f"\nIt said: {decision.summary}\n  {told}"


def fits(found: Json, key: str, want: Any) -> bool:
    if key == "car":
        return True
    have = found.get(key.removeprefix("not "))
    if key.endswith("says"):
        found_all = [part in str(have) for part in want]
        return not any(found_all) if key.startswith("not ") else all(found_all)
    if isinstance(want, list):
        some = {str(one) for one in have or ()}
        parts = [str(one) in some for one in want]
        return not any(parts) if key.startswith("not ") else all(parts) and bool(want or not have)
    if isinstance(want, dict):
        return all((have or {}).get(name) == steps for name, steps in want.items())
    same = bool(have == want)
    return not same if key.startswith("not ") else same


def play(scenario: Json) -> None:
    """Every cycle of a scenario in turn: look, decide, compare, send."""
    unknown = set(scenario) - {"what", "asked", "settings", "start", "then"}
    assert not unknown, f"unknown keys: {', '.join(sorted(unknown))}"
    options: Settings = builders.settings(**scenario.get("settings", {}))
    seen, now = builders.snapshot(), builders.EVENING
    for number, told in enumerate([scenario["start"], *scenario.get("then", [])]):
        before = replace(seen, now=seen.now if number else now - timedelta(minutes=5))
        seen = looked(before, told, options)
        seen = seen if told.get("gap") or not number else meanwhile(before, seen)
        decision = decide(seen, options)
        expect = told.get("expect", {})
        for each in expect if isinstance(expect, list) else [expect]:
            check(decision, each, f"cycle {number + 1}, {seen.now.astimezone(ZONE):%a %H:%M}")
        far_end = FarEnd(told.get("answers", {}), seen.ceiling)
        memory, _ = act(far_end, far_end, decision, decision.memory)
        memory, _ = act_site(far_end, far_end, decision.site, memory, seen.now)
        seen = replace(seen, memory=replace(memory, last_cycle=seen.now))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_once_went_wrong_goes_right(path: Path) -> None:
    scenario = json.loads(path.read_text(encoding="utf-8"))
    assert scenario["what"], "say in one sentence what somebody complained about"
    play(scenario)


def test_there_are_scenarios_and_their_numbers_are_different() -> None:
    numbers = [path.stem.partition("-")[0] for path in FILES]
    assert len(numbers) >= 25
    assert len(set(numbers)) == len(numbers)


def test_every_cycle_of_a_scenario_that_expects_something_is_compared() -> None:
    with pytest.raises(AssertionError, match="expected stop"):
        play({"start": {"expect": {"action": "stop"}}})
    with pytest.raises(AssertionError, match="nothing is called"):
        play({"start": {"expect": {"acton": "wait"}}})
    with pytest.raises(AssertionError, match="unknown keys"):
        play({"start": {"powerwal": {}}})


def test_scenarios_name_only_reason_codes_that_exist() -> None:
    quoted = {word for path in FILES for word in re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', path.read_text(encoding="utf-8"))}
    options = {option.name for option in OPTIONS}
    assert quoted - options <= {code.value for code in Code}
