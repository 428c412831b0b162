"""The commands of scheduler.py: what they print, what they exit with, and what they never touch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.faults import BUSY_503
from simulator.owner import Act
from tests.process import EVENING, Cold, Ended, Home

DECISION = {
    "summary", "dry_run", "next_cycle", "currency", "cars", "signal", "powerwall", "sources", "commands", "spent_this_month",
}  # fmt: skip
CAR = {
    "name", "vin", "action", "amps", "until", "soc", "soc_age_s", "origin", "path", "reasons", "need", "plan", "cost", "cost_if_now",
    "if_pi_dies",
}  # fmt: skip
NEVER_BY_ONCE = ("target.json", "decision.json", "memory.json", "override.json", "history.sqlite", "cycle.lock")


@pytest.fixture
def place(place: Home) -> Home:
    place.changes["CAR_SAFETY_SCHEDULE"] = "off"  # it has its own tests: here one stop is what counts
    return place


def refused(ended: Ended, *words: str) -> None:
    assert (ended.code, ended.out) == (2, ""), ended
    assert all(word in ended.err for word in words), ended
    assert "Traceback" not in ended.err


# ---- settings --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [(), ("once",), ("run",)])
def test_without_settings_at_most_eight_lines_show_the_way(command: tuple[str, ...], tmp_path: Path) -> None:
    empty = tmp_path / "empty.env"
    empty.write_text("# nothing yet\n")
    for file in (tmp_path / "none.env", empty):
        runner = Cold()
        runner.begin("--env", str(file), "-v", *command)
        ended = runner.end()
        refused(ended, "make demo", "cp .env.example .env")
        assert len(ended.err.splitlines()) <= 8


def test_status_without_settings_shows_the_way_and_asks_nobody_for_cron(tmp_path: Path) -> None:
    empty = tmp_path / "empty.env"
    empty.write_text("# nothing yet\n")
    runner = Cold()
    runner.begin("--env", str(empty), "--state", str(tmp_path / "state"), "status")
    told = runner.end().fine().out
    assert told.startswith("Nothing is configured: neither a car")
    assert ("scheduler.py check" in told, "cron" in told, len(told.splitlines())) == (True, False, 4)


def test_all_problems_of_the_settings_are_told_at_once(place: Home) -> None:
    place.changes |= {"TARGET_SCO": "80", "MIN_SOC": "hundred", "maxPower": "7", "TIME_ZONE": "Mars/Base", "MAIN_BREAKER_AMPS": "5"}
    ended = place.do("run")
    refused(ended, "TARGET_SCO", "did you mean TARGET_SOC", "MIN_SOC", "'hundred'", "CHARGER_MAX_AMPS=29", "'Mars/Base'", "from 10 to 1000")
    assert place.commands() == []
    assert place.files() == {}


def test_settings_that_are_no_text_or_no_file_are_one_line(place: Home) -> None:
    noise = place.folder / "noise.env"
    noise.write_bytes(b"TESLA_VIN=\xff\xfe\n")
    for path, words in ((noise, "UTF-8"), (place.folder, "is a folder")):
        place.runner.begin("--env", str(path), "once")
        ended = place.runner.end()
        refused(ended, words)
        assert len(ended.err.splitlines()) == 1


def test_a_token_is_never_printed(place: Home) -> None:
    told = [place.do(*command) for command in (("check",), ("-v", "once"), ("once", "--json"), ("status",), ("-v", "run"))]
    secrets = (place.network.fleet.token, place.network.powerwall.password, place.network.gridstatus.key)
    assert all(ended.code == 0 for ended in told)
    assert not [ended for ended in told for secret in secrets if f"= {secret}" in ended.out or f"Bearer {secret}" in ended.out + ended.err]


# ---- once and DRY_RUN ------------------------------------------------------------------------------------------------------------


def test_once_sends_no_command_and_leaves_every_file_that_decides_as_it_was(place: Home) -> None:
    place.do("once").fine()
    assert not [name for name in place.files() if name.endswith(NEVER_BY_ONCE)]
    place.do("override", "solar", "off").fine_code()
    place.do("run").fine()
    before, heard = place.files(), place.commands()
    place.world.do(Act(place.world.now, "start"))
    for command in (("once",), ("-v", "once"), ("--json",), ("once", "--json")):
        place.later(20).do(*command).fine()
    after = place.files()
    assert heard == place.commands() == ["charge_stop"]
    assert {name: body for name, body in before.items() if name.endswith(NEVER_BY_ONCE)} == {
        name: body for name, body in after.items() if name.endswith(NEVER_BY_ONCE)
    }
    assert place.spent() >= place.world.account.dollars - 1e-9


def test_once_wakes_no_car_but_does_so_when_it_is_told_to_and_says_the_price(place: Home) -> None:
    place.do("run").fine()
    assert not place.later(60).world.cars[next(iter(place.world.cars))].awake
    place.do("-v", "once").fine()
    assert "wake_up" not in place.commands()
    ended = place.do("once", "--wake")
    assert (ended.code, "$0.02" in ended.err) == (0, True)
    assert place.commands()[-1] == "wake_up"


def test_a_dry_run_decides_and_records_and_sends_nothing(place: Home) -> None:
    place.changes["DRY_RUN"] = "on"
    for _ in range(3):
        place.do("run").fine()
        place.later(20)
    decision = place.decision()
    assert (place.commands(), decision["dry_run"], decision["commands"]) == ([], True, [])
    assert not (place.run_dir / "target.json").exists()
    assert place.read("memory.json")["cars"]
    assert "DRY RUN" in place.do("status").out


# ---- run -------------------------------------------------------------------------------------------------------------------------


def test_run_is_silent_and_speaks_only_when_the_set_of_problems_changed(place: Home) -> None:
    place.do("run").fine()
    place.world.faults["shelly"].next(99, BUSY_503)
    told = [place.later(5).do("run").err.count("\n") for _ in range(3)]
    place.world.faults["powerwall"].next(99, BUSY_503)
    told += [place.later(5).do("run").err.count("\n") for _ in range(2)]
    for name in ("shelly", "powerwall"):
        place.world.faults[name].clear()
    told += [place.later(5).do("run").err.count("\n") for _ in range(2)]
    assert told == [1, 0, 0, 2, 0, 1, 0]


def test_a_live_run_says_what_it_sent_and_a_dry_one_what_it_would(place: Home) -> None:
    place.do("override", "charge-now", "--amps", "16").fine_code()
    assert "WOULD    set 16 A now" in place.do("-v", "once").fine().out
    told = place.do("run", "-v").fine().out
    assert "SENT     set 16 A: done" in told
    assert "set 16 A now" not in told


def test_run_now_is_for_simulated_houses_only(place: Home) -> None:
    now = ("--now", EVENING.isoformat())
    place.runner.begin("--env", str(place.env_file()), *now, "run")
    refused(place.runner.end(), "--now is for simulated houses", "--state")
    for option, text in (("TESLA_API_URL", "fleet-api.prd.na"), ("GRID_STATUS_URL", "gridstatus")):
        place.changes = {option: None}
        refused(place.do("run"), "not on this machine", text)
        place.changes = {option: "https://203.0.113.9"}
        refused(place.do("run"), "not on this machine", "203.0.113.9")
    refused(place.do("release"), "not on this machine")
    assert place.world.account.calls == []


@pytest.mark.parametrize("arguments", [("-i", "5"), ("-i", "5", "once"), ("once", "-i", "5"), ("status", "-i", "5")])
def test_an_interval_without_run_is_answered_with_the_right_command(arguments: tuple[str, ...], place: Home) -> None:
    refused(place.do(*arguments), "scheduler.py run -i 5")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--now", "tomorrow", "once"), "'tomorrow' is not a time"),
        (("--now", "2026-12-09T07:30:00", "once"), "has no offset"),
        (("run", "-i", "0"), "not a number of minutes"),
        (("runn",), "invalid choice"),
        (("run", "--fast"), "--fast"),
    ],
)
def test_a_wrong_argument_is_exit_2_with_the_reason(arguments: tuple[str, ...], words: str, place: Home) -> None:
    refused(place.do(*arguments), words)


# ---- json ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [("--json",), ("--json", "once"), ("once", "--json"), ("--json", "run"), ("run", "--json")])
def test_json_is_the_data_of_the_decision_file_with_the_documented_keys(arguments: tuple[str, ...], place: Home) -> None:
    ended = place.do(*arguments).fine()
    data = json.loads(ended.out)
    assert set(data) >= DECISION
    assert [set(car) >= CAR for car in data["cars"]] == [True]
    if "run" in arguments:
        assert place.decision() == data
        assert json.loads(place.do("status", "--json").out) == data


def test_verbose_may_stand_before_and_after_the_command(place: Home) -> None:
    for command in ("once", "run"):
        before, after = place.do("-v", command), place.do(command, "-v")
        assert all("PLAN" in ended.fine().out and "WHY" in ended.out for ended in (before, after))


# ---- the other commands ----------------------------------------------------------------------------------------------------------


def test_status_says_when_the_last_cycle_was(place: Home) -> None:
    assert place.do("status").fine().out.splitlines()[0].startswith("There was no cycle yet. First: scheduler.py check")
    assert place.do("status", "--json").fine().out == "{}\n"
    place.do("run").fine()
    assert place.later(4).do("status").out.splitlines()[0].startswith("Last cycle 4 min ago")
    assert "is cron running?" in place.later(60).do("status").out.splitlines()[0]
    assert len(place.network.fleet.server.log) == 3  # list, data and one command: status asks nobody


def test_check_tests_each_connection_and_fails_with_what_to_do(place: Home) -> None:
    fine = place.do("check").fine()
    assert all(f"ok      {name}" in fine.out for name in ("tesla", "powerwall", "meter", "wall connector", "load forecast"))
    assert all(f"set     {name}" in fine.out for name in ("TESLA_VIN", "TESLA_HOME_ADDRESS", "POWERWALL_URL", "TARIFF"))
    assert "set     TESLA_ACCESS_TOKEN = (a secret, set)" in fine.out
    place.changes["ENERGY_MONITOR_URL"] = "http://127.0.0.1:1"
    place.changes["POWERWALL_URL"] = place.changes["POWERWALL_PASSWORD"] = place.changes["POWERWALL_FINGERPRINT"] = None
    ill = place.do("check")
    assert ill.code == 1
    assert "FAILED  meter: No connection" in ill.out
    assert "powerwall: not configured (POWERWALL_URL or POWERWALL_SITE)" in ill.out
    assert place.commands() == []


def test_check_shows_what_a_normal_house_left_at_its_default_and_counts_the_rest(place: Home) -> None:
    found, whole = (
        [line for line in place.do(*words).out.splitlines() if line.startswith("default ")] for words in (["check"], ["check", "-v"])
    )
    assert found[:-1] == ["default DEPARTURE_TIME = every day 07:30", "default CHARGER_MAX_AMPS = 48"]
    assert found[-1].startswith(f"default {len(whole) - 2} more settings: scheduler.py check -v lists them")
    assert {"default MIN_SOC = 20", "default NOTIFY_URL: not set", *found[:-1]} <= set(whole)
    assert max(map(len, whole)) < 100


def test_vehicles_lists_the_account(place: Home) -> None:
    vin = next(iter(place.world.cars))
    assert place.do("vehicles").fine().out == f"Blue  {vin}  online\n"
    assert json.loads(place.do("vehicles", "--json").out) == [{"name": "Blue", "vin": vin, "state": "online"}]
    place.changes["TESLA_ACCESS_TOKEN"] = None
    refused(place.do("vehicles"), "auth tesla")


def test_a_word_of_the_owner_is_obeyed_by_the_next_cycle(place: Home) -> None:
    place.do("run").fine()
    assert "The next cycle obeys" in place.do("override", "charge-now", "--amps", "16", "--vin", "blue").fine().out
    place.later(5).do("run").fine()
    place.do("override", "stop", "--vin", "000001").fine()
    place.later(5).do("run").fine()
    assert place.commands() == ["charge_stop", "set_charging_amps", "charge_start", "charge_stop"]
    assert "Your word: stop for Blue\n" in place.do("status").out
    (place.run_dir / "decision.json").unlink()
    assert "Your word: stop for 000001\n" in place.do("status").out
    place.do("override", "auto").fine()
    assert place.read("override.json")["words"] == []


@pytest.mark.parametrize(
    ("amps", "gets", "words", "summary"),
    [
        (2, 5, "2 A are below the least a car charges with: it gets 5 A.", "(2 A said; 5 A is the least a car charges with)"),
        (80, 48, "80 A are more than is permitted: it gets 48 A (CHARGER_MAX_AMPS).", "(80 A said; 48 A is the most that is permitted)"),
        (16, 16, "", ""),
    ],
)
def test_amps_that_cannot_be_as_said_are_answered_with_what_they_become(
    place: Home, amps: int, gets: int, words: str, summary: str
) -> None:
    place.do("run").fine()
    told = place.do("override", "charge-now", "--amps", str(amps)).fine().out
    assert told == f"Charges now, to the limit or unplug. {words}{words and ' '}The next cycle obeys (at most 5 min).\n"
    place.later(5).do("run").fine()
    decided = place.decision()
    assert decided["summary"] == f"Blue charges at {gets} A: you said charge now{summary and ' '}{summary}."


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("solar",), "override solar on"),
        (("charge-now", "on"), "goes with solar only"),
        (("stop", "--amps", "5"), "--amps goes with charge-now"),
        (("charge-now", "--amps", "81"), "1 to 80"),
        (("stop", "--vin", "nobody"), "Known cars: Blue (000001)"),
        (("stop", "--until", "2020-01-01T00:00:00Z"), "is over already"),
        (("stop", "--until", "whenever"), "is not a time"),
        (("dance",), "invalid choice"),
    ],
)
def test_a_word_that_makes_no_sense_is_exit_2_and_changes_nothing(arguments: tuple[str, ...], words: str, place: Home) -> None:
    place.do("run").fine()
    refused(place.do("override", *arguments), words)
    assert not (place.data / "override.json").exists()


def test_status_in_a_dry_run_speaks_from_the_first_reading_on(place: Home) -> None:
    place.changes["DRY_RUN"] = "on"
    car = place.world.cars[next(iter(place.world.cars))]
    for _ in range(3):
        place.do("run").fine_code()
        place.later(20)
    assert car.energy_added_kwh > 0
    assert place.do("status").fine().out


@pytest.mark.parametrize(("dry", "away", "words"), [("on", False, "DRY_RUN=on"), ("off", True, "not at home")])
def test_once_wakes_no_car_in_a_dry_run_and_none_that_is_away(dry: str, away: bool, words: str, place: Home) -> None:
    car = place.world.cars[next(iter(place.world.cars))]
    place.changes |= {"WALL_CONNECTOR_URL": None, "DRY_RUN": dry}
    if away:
        place.world.do(Act(place.world.now, "leave", 5))
        place.later(12)
    place.do("run").fine_code()
    place.world.do(Act(place.world.now, "unplug"))
    for _ in range(12):
        place.later(5).do("run").fine_code()
    assert not car.awake
    ended = place.do("once", "--wake")
    assert (ended.code, words in ended.err, "wake_up" in place.commands()) == (0, True, False), ended


def test_the_net_is_in_the_car_before_the_first_stop_so_that_a_pi_that_dies_then_strands_nobody(place: Home) -> None:
    car = place.world.cars[next(iter(place.world.cars))]
    place.changes |= {"CAR_SAFETY_SCHEDULE": "on"}
    place.do("run").fine()
    assert place.commands() == ["add_charge_schedule", "charge_stop"]
    place.later(13 * 60 + 30)  # nothing runs until the departure
    assert car.soc > 79


def test_a_schedule_that_fails_does_not_hold_back_the_stop(place: Home) -> None:
    place.changes |= {"CAR_SAFETY_SCHEDULE": "on"}
    place.world.faults["fleet"].next(1, BUSY_503, "add_charge_schedule")
    place.do("run").fine_code()
    assert place.commands()[-1] == "charge_stop"
    assert place.world.cars[next(iter(place.world.cars))].word == "Stopped"


def test_a_refused_stop_is_told_once_paused_and_not_called_mended(place: Home) -> None:
    place.world.account.must_sign.update(place.world.cars)
    place.changes["WALL_CONNECTOR_URL"] = None
    told = []
    for _ in range(20):
        told += [place.do("run").err]
        place.later(5)
    assert place.commands().count("charge_stop") <= 5
    assert "charge_stop was not done" in told[0]
    assert not [text for text in told if "All problems are gone" in text]
    assert len([text for text in told if text]) <= 4, told


def test_a_budget_of_nothing_is_told_once(place: Home) -> None:
    place.changes |= {"WALL_CONNECTOR_URL": None, "TESLA_BUDGET_DOLLARS": "0"}
    told = []
    for _ in range(8):
        told += [place.do("run").err]
        place.later(10)
    assert [bool(text) for text in told] == [True] + [False] * 7, told
