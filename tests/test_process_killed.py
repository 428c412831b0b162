"""Kill `scheduler.py run` at 200 random moments of simulated nights, and at the very moment in which a command reaches the car: nothing is
lost, nothing is sent blindly twice, no charge or amps of ours are taken for the owner's, and the car is charged in the morning."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from clients.tesla_fields import car_reading
from model import Code
from model_memory import CarMemory, CommandKind, Intent, Outcome
from planners.owner_limit import amps_cap
from simulator.account import ApiCall
from simulator.faults import BUSY_503
from simulator.houses import BLUE, plain_house
from simulator.owner import Act
from simulator.server import Device, Reply, Request
from state.files import Stamp
from state.logins import Login, Logins
from tests.process import EVENING, Cold, Home, Warm, home, kill

NIGHTS, KILLS_A_NIGHT = 4, 50
STEP_MIN = 15
RETRY_MIN = 5
START_S = 0.25  # of Python and its imports
LEAVES = EVENING + timedelta(hours=13.5)
BUSY_STEPS = 24
WORDS = (("charge-now",), ("stop",), ("charge-now", "--amps", "16"), ("auto",))  # so that each cycle sends something
LOGIN = {"refresh_token": "good for one use"}


@dataclass
class Night:
    """What one night showed. `landed`: kills that met a living process."""

    landed: int = 0
    usual_s: float = 0.2  # how long the newest whole cycle took
    trouble: list[str] = field(default_factory=list)
    soc: float = 0.0


def torn(place: Home) -> list[str]:
    """State files that are no whole JSON."""
    found = []
    for name, body in place.files().items():
        try:
            json.loads(body if name.endswith((".json", ".prev")) else b"0")
        except ValueError:
            found.append(f"{name} is torn")
    return found


def mistaken(place: Home) -> list[str]:
    """Charges and amps of ours that the memory calls the owner's: he does nothing in these nights."""
    cars = place.read("memory.json")["cars"] if (place.data / "memory.json").exists() else []
    assert isinstance(cars, list)
    plugs = [car["plug"] for car in cars if car["plug"]]
    return [f"taken for the owner's: {plug}" for plug in plugs if plug["origin"] == "hand" or plug["amps_cap"] or plug["owner_stopped"]]


def logins(place: Home) -> Logins:
    return Logins(place.data, Stamp(place.world.now, "scheduler", place.world.spec.zone), time.sleep)


def breaches(place: Home) -> list[str]:
    """What law 9 forbids, as it stands on disk now."""
    billed = place.world.account.dollars
    found = [*torn(place), *mistaken(place)]
    if place.spent() < billed - 1e-9:
        found.append(f"counted ${place.spent()}, billed ${billed}")
    if logins(place).load(Login.TESLA) != LOGIN:
        found.append("the login is lost")
    return found


def sent_blindly(calls: Sequence[ApiCall]) -> list[str]:
    """Commands that were sent again, with the same value, without a look at the car in between."""
    found, since_look = [], set[tuple[str, object]]()
    for call in calls:
        if call.name == "data":
            since_look.clear()
        elif call.name not in ("list", "wake_up"):
            if (call.name, call.value) in since_look:
                found.append(f"{call.name} {call.value} at {call.at} was sent blindly")
            since_look.add((call.name, call.value))
    return found


def whole_cycle(place: Home, night: Night) -> None:
    began = time.monotonic()
    ended = place.do("run")
    night.usual_s = time.monotonic() - began
    night.trouble += breaches(place) + ([] if ended.code == 0 and ended.err in ("", "All problems are gone.\n") else [str(ended)])


def until_the_morning(place: Home, night: Night) -> None:
    while place.world.now < LEAVES:
        whole_cycle(place.later(RETRY_MIN), night)
    night.trouble += sent_blindly(place.world.account.calls)
    night.trouble += ["logged in again and again"] if place.network.powerwall.logins > 5 else []
    night.soc = min(car.soc for car in place.world.cars.values())


def killed_at_random(place: Home, rng: Random, usual_s: float, cold: bool) -> bool:
    runner = Cold() if cold else place.runner
    process = runner.begin(*place.arguments("run"))
    time.sleep(rng.uniform(0, usual_s + (START_S if cold else 0.0)))
    kill(process)
    return runner.end().code < 0


def one_night(folder: Path, number: int) -> Night:
    """Even nights are plain; in odd ones the owner changes his mind all evening. One kill in ten meets a process that was started anew."""
    rng, night = Random(number), Night()
    with Warm(folder) as warm, home(folder / "house", warm) as place:
        logins(place).change(Login.TESLA, lambda _old: LOGIN)
        for step in range(KILLS_A_NIGHT):
            if number % 2 and step < BUSY_STEPS:
                place.do("override", *WORDS[step % len(WORDS)]).fine_code()
            night.landed += killed_at_random(place, rng, night.usual_s, cold=step % 10 == 0)
            night.trouble += breaches(place)
            whole_cycle(place.later(RETRY_MIN), night)
            place.later(STEP_MIN - RETRY_MIN)
        until_the_morning(place, night)
    return night


def test_two_hundred_kills_of_run_lose_nothing_and_the_car_is_charged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [tmp_path / str(number) for number in range(NIGHTS)]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(2) as pool:
        nights = list(pool.map(one_night, folders, range(NIGHTS)))
    landed = sum(night.landed for night in nights)
    with capsys.disabled():
        print(f"\n{NIGHTS * KILLS_A_NIGHT} kills of run, {landed} of them in a living process")
    assert [line for night in nights for line in night.trouble] == []
    assert landed >= NIGHTS * KILLS_A_NIGHT / 2
    assert min(night.soc for night in nights) >= 79


class Aim:
    """Kills `process` when a command arrives: before it is carried out or, every other time, just after."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.process: int | None = None
        self.shots = 0

    def __call__(self, request: Request) -> Reply:
        if request.method != "POST" or self.process is None:
            return self.device(request)
        process, self.process = self.process, None
        self.shots += 1
        if self.shots % 2:
            kill(process)
        answer = self.device(request)
        kill(process)
        return answer


def test_a_kill_at_the_moment_of_each_command_is_no_hand_charge_and_no_second_command(tmp_path: Path) -> None:
    night = Night()
    with Warm(tmp_path) as warm, home(tmp_path / "house", warm) as place:
        logins(place).change(Login.TESLA, lambda _old: LOGIN)
        aim = place.network.fleet.server.device = Aim(place.network.fleet.server.device)
        for step in range(BUSY_STEPS):
            place.do("override", *WORDS[step % len(WORDS)]).fine_code()
            for _ in range(2):  # amps, then start: each has its turn
                aim.process = warm.begin(*place.arguments("run"))
                warm.end()
                aim.process = None
                night.trouble += breaches(place)
                place.later(RETRY_MIN)
            place.world.faults["fleet"].next(1, BUSY_503, "vehicle_data")
            place.do("run")  # cannot look, so it must not send
            place.world.faults["fleet"].clear()
            whole_cycle(place.later(RETRY_MIN), night)
            place.later(RETRY_MIN)
        until_the_morning(place, night)
    assert night.trouble == []
    assert aim.shots >= BUSY_STEPS
    assert night.soc >= 79


def intents(*known: tuple[CommandKind, int | None, Outcome | None]) -> tuple[Intent, ...]:
    return tuple(Intent(kind, value, Code.PLAN_SLOT, EVENING, 0.001, outcome) for kind, value, outcome in known)


def test_amps_of_a_request_that_was_cut_off_stay_ours_however_many_commands_follow() -> None:
    world = plain_house(EVENING)
    for act in (Act(EVENING, "plug"), Act(EVENING, "amps", 5)):
        world.do(act)
    reading = car_reading(world.vehicle_data(BLUE.vin).body, BLUE.vin, EVENING)
    others = [(CommandKind.START, None, Outcome.DONE), (CommandKind.STOP, None, Outcome.DONE)] * 3
    cut_off = CarMemory(BLUE.vin, "Blue", amps_set=16, intents=intents((CommandKind.AMPS, 5, None), *others))
    later = CarMemory(BLUE.vin, "Blue", amps_set=16, intents=intents((CommandKind.AMPS, 5, None), (CommandKind.AMPS, 16, Outcome.DONE)))
    refused = CarMemory(BLUE.vin, "Blue", amps_set=16, intents=intents((CommandKind.AMPS, 5, Outcome.REFUSED)))
    assert [amps_cap(memory, reading) for memory in (cut_off, later, refused)] == [None, 5, 5]
