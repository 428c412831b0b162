"""Two cycles at once, a signal in the middle, a reader that goes away, a hanging house, a clock that is not set."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals

import pytest

import config
from cycle import running
from cycle.desk import Desk
from simulator.faults import HANG
from state.lock import cycle_lock
from tests.process import PROGRAM, Cold, Ended, Home, home, kill

CYCLE_S = 25.0
ALL = tuple((server, "") for server in ("fleet", "powerwall", "shelly", "gen3", "gridstatus"))
SENSORS = ["powerwall", "meter", "wall connector", "load forecast"]
HANGING: dict[str, tuple[tuple[tuple[str, str], ...], list[str], list[str]]] = {  # what hangs, what is missed, which commands arrive
    "everything": (ALL, ["tesla", *SENSORS], []),
    "all but Tesla": (ALL[1:], SENSORS, ["charge_stop"]),
    "gateway and car": ((("powerwall", ""), ("fleet", "vehicle_data")), ["powerwall", "car reading"], []),
    "commands": ((("fleet", "command/"),), [], []),
}
MINUTE = timedelta(minutes=1)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Home]:
    with home(tmp_path, Cold()) as found:
        found.changes["CAR_SAFETY_SCHEDULE"] = "off"  # it has its own tests: here one stop is what counts
        yield found


def wait_for(place: Home, path: str) -> None:
    """Until the Fleet API has heard a request for `path`."""
    ends = time.monotonic() + 20
    while not any(path in request.path for request in place.network.fleet.server.log):
        assert time.monotonic() < ends
        time.sleep(0.01)


# ---- two at once ---------------------------------------------------------------------------------------------------------------


def test_a_second_cycle_gives_way_with_75_and_one_line(place: Home) -> None:
    place.do("run").fine()
    heard = len(place.network.fleet.server.log)
    with cycle_lock(place.run_dir):
        for command in ("run", "release"):
            ended = place.do(command)
            assert (ended.code, ended.err) == (75, "Another cycle is running; this one does nothing.\n")
        place.do("once").fine()
        place.do("status").fine()
    assert place.later(1).do("run").code == 0
    assert heard < len(place.network.fleet.server.log)


def test_cycles_that_start_at_the_same_moment_send_a_command_once(place: Home) -> None:
    arguments = place.arguments("run")
    runners = [Cold() for _ in range(3)]
    for runner in runners:
        runner.begin(*arguments)
    codes = [runner.end().code for runner in runners]
    assert set(codes) <= {0, 75}
    assert 0 in codes
    assert place.commands() == ["charge_stop"]


# ---- signals -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "code"), [(SIGTERM, -SIGTERM), (SIGINT, 130)])
@pytest.mark.parametrize("path", ["vehicle_data", "command/"])
def test_a_signal_in_the_middle_of_a_cycle_ends_it_at_once_and_the_next_one_goes_on(
    path: str, number: Signals, code: int, place: Home
) -> None:
    place.world.faults["fleet"].next(1, HANG, path)
    process = place.runner.begin(*place.arguments("run"))
    wait_for(place, path)
    began = time.monotonic()
    kill(process, number)
    assert place.runner.end() == Ended(code, "", "")
    assert time.monotonic() - began < 2
    place.later(5).do("run").fine()
    place.later(15).do("run").fine()
    assert place.commands() == ["charge_stop"]
    assert place.spent() >= place.world.account.dollars - 1e-9


# ---- stdout --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [("-v", "once"), ("status",), ("run", "--json"), ("check",)])
def test_a_reader_that_goes_away_early_is_no_error(command: tuple[str, ...], place: Home) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    program = [sys.executable, str(PROGRAM), *place.arguments(*command)]
    ended = subprocess.run(program, stdout=writer, stderr=subprocess.PIPE, env={}, check=False)
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, b"")
    place.runner = Cold(after=">&-")
    assert place.do(*command) == Ended(0, "", "")


def test_a_full_disk_under_stdout_is_told(place: Home) -> None:
    place.runner = Cold(after=">/dev/full")
    ended = place.do("-v", "once")
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert "No space left" in ended.err


# ---- clock ---------------------------------------------------------------------------------------------------------------------


def cycle_at(place: Home, now: datetime, believed: bool = False) -> int:
    """One `run` in this process, at a time that nobody wrote down."""
    settings = config.load(place.env_file(), {}, place.state, root=place.folder)
    return running.run(Desk(settings, now, time.sleep, believed=believed))


@pytest.mark.parametrize("now", [datetime(1970, 1, 1, 0, 7, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)])
def test_a_clock_before_this_program_was_made_sends_nothing_and_loses_nothing(
    now: datetime, place: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    place.do("run").fine()
    before, heard = place.files(), place.commands()
    assert cycle_at(place, now) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "timedatectl" in told
    assert cycle_at(place, now + 5 * MINUTE) == 1
    assert capsys.readouterr().err == ""
    assert place.commands() == heard
    assert place.files()["run/target.json"] == before["run/target.json"]
    assert place.spent() >= place.world.account.dollars - 1e-9
    assert place.later(10).do("run").err == "All problems are gone.\n"


def test_a_clock_that_went_back_is_believed_when_three_cycles_agree(place: Home, capsys: pytest.CaptureFixture[str]) -> None:
    place.do("run").fine()
    place.do("override", "charge-now").fine_code()
    back = place.world.now - timedelta(hours=3)
    codes = [cycle_at(place, back + number * 5 * MINUTE) for number in range(3)]
    told = capsys.readouterr().err.splitlines()
    assert codes == [1, 1, 0]
    assert "The clock went back" in told[0]
    assert len(told) <= 3


def test_now_in_1970_makes_a_decision_in_a_simulated_house(place: Home) -> None:
    arguments = ["--env", str(place.env_file()), "--state", str(place.state), "--now", "1970-01-01T00:07:00+00:00"]
    for command in ("once", "run", "status"):
        place.runner.begin(*arguments, command)
        ended = place.runner.end()
        assert (ended.code, "Traceback" in ended.err) == (0, False), ended


# ---- hanging -------------------------------------------------------------------------------------------------------------------


def hanging(folder: Path, faults: tuple[tuple[str, str], ...]) -> tuple[Ended, float, list[str], bool]:
    """A cycle while every request that fits hangs: how it ended, after how many seconds, what arrived, and whether it planned."""
    with home(folder, Cold()) as place:
        for server, path in faults:
            place.world.faults[server].next(99, HANG, path)
        place.changes["CAR_SAFETY_SCHEDULE"] = "off"
        began = time.monotonic()
        ended = place.do("run")
        return ended, time.monotonic() - began, place.commands(), bool(place.decision()["summary"])


@pytest.fixture(scope="module", autouse=True)
def hung(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[tuple[Ended, float, list[str], bool]]]]:
    """They wait for 20 s and cost nothing meanwhile: begun before this module's first test."""
    with ThreadPoolExecutor(len(HANGING)) as pool:
        yield {name: pool.submit(hanging, tmp_path_factory.mktemp("hung"), case[0]) for name, case in HANGING.items()}


@pytest.mark.parametrize("name", HANGING)
def test_a_cycle_ends_within_25_seconds_and_misses_only_what_hangs(
    name: str, hung: dict[str, Future[tuple[Ended, float, list[str], bool]]]
) -> None:
    ended, seconds, sent, planned = hung[name].result()
    _, missed, arrived = HANGING[name]
    assert (ended.code, planned, sent) == (0, True, arrived), ended
    named = [name for line in ended.err.splitlines() for name in line.partition(":")[0].split(", ")]  # equal words are one line
    assert sorted(named) == sorted(missed)
    assert seconds < CYCLE_S
