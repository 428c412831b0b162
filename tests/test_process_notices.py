"""scheduler.py tells its owner: over real sockets, process after process, also when it is killed in the middle or nobody listens."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from model import ChargerReport
from simulator.faults import BUSY_503, HANG, LOGIN_REQUIRED, Fault, Ill
from simulator.notify_server import PING, TOPIC, NotifyServer
from simulator.owner import Act
from state.files import boot_id
from state.store import Store
from tests.process import Home, Warm, home, kill

YES_AND_NOTHING = Fault(Ill.STATUS, 200, '{"response":{"result":true,"reason":""}}')
MANY = 10_000


@pytest.fixture
def far() -> Iterator[NotifyServer]:
    with NotifyServer() as server:
        yield server


@pytest.fixture
def place(tmp_path: Path, warm: Warm, far: NotifyServer) -> Iterator[Home]:
    with home(tmp_path, warm) as house:
        house.changes |= {"NOTIFY_URL": far.ntfy, "HEARTBEAT_URL": far.ping, "NOTIFY": "all"}
        yield house


def titles(far: NotifyServer) -> list[str]:
    return [note.title for note in far.notes]


def dead_login(place: Home) -> None:
    place.world.faults["fleet"].next(MANY, LOGIN_REQUIRED)


def test_a_dead_login_is_told_once_and_the_heart_stops(place: Home, far: NotifyServer) -> None:
    place.do("run").fine()
    assert far.beats == 1
    dead_login(place)
    for _ in range(4):
        place.later(5).do("run")
    assert titles(far) == ["Ampshift: log in again"]
    assert "scheduler.py auth tesla" in far.notes[0].text
    assert far.notes[0].urgent
    assert far.beats == 1  # a service that misses it writes too


@pytest.mark.parametrize(("wanted", "told"), [("all", ["Ampshift: the login works again"]), ("problems", [])])
def test_the_login_that_works_again_is_told_once_to_those_who_want_all(
    place: Home, far: NotifyServer, wanted: str, told: list[str]
) -> None:
    place.changes["NOTIFY"] = wanted
    place.do("run")
    dead_login(place)
    for _ in range(3):
        place.later(5).do("run")
    place.world.faults["fleet"].clear()
    place.world.faults["fleet"].next(MANY, BUSY_503)  # the net is no proof of a login
    for _ in range(4):
        place.later(5).do("run")
    assert titles(far) == ["Ampshift: log in again"]
    place.world.faults["fleet"].clear()
    for _ in range(14):
        place.later(10).do("run")
    assert titles(far) == ["Ampshift: log in again", *told]
    assert [(note.text, note.urgent) for note in far.notes[1:]] == [("tesla: its login works again.", False)] * len(told)


def test_a_token_that_nobody_renews_is_told_two_hours_before_it_ends(place: Home, far: NotifyServer) -> None:
    ends = place.world.now + timedelta(hours=2, minutes=12)
    claims = base64.urlsafe_b64encode(json.dumps({"exp": int(ends.timestamp())}).encode()).decode().rstrip("=")
    place.network.fleet.token = place.changes["TESLA_ACCESS_TOKEN"] = f"e30.{claims}.c2ln"
    place.do("run").fine()
    assert far.notes == []
    for _ in range(5):
        place.later(5).do("run")
    assert titles(far) == ["Ampshift: log in again"]
    assert far.notes[0].text.startswith("The Tesla login ends at 20:12: nobody renews the token in TESLA_ACCESS_TOKEN; put a new one into")


def store(place: Home, who: str) -> Store:
    now, zone = place.world.now, place.world.spec.zone
    return Store(place.data, place.run_dir, zone, now, who, boot_id(), time.sleep)


@pytest.mark.parametrize("way", ["ntfy", "hook", "apprise"])
def test_the_failsafe_is_told_after_a_quarter_of_an_hour_and_so_is_its_end_by_each_way(place: Home, far: NotifyServer, way: str) -> None:
    place.changes |= {"NOTIFY_URL": getattr(far, way), "NOTIFY": "problems", "TWC_PORT": "/dev/ttyUSB9", "TWC_BREAKER_AMPS": "60"}
    for _ in range(6):
        place.later(5).do("run")
    (told,) = far.notes
    assert told.title == "Ampshift: Wall Connectors"
    assert "systemctl status twc_daemon" in told.text
    for _ in range(5):
        store(place.later(5), "twc_daemon").save_charger(ChargerReport(place.world.now, "up", (), ()), {})
        place.do("run")
    assert [(note.title, note.text) for note in far.notes[1:]] == [("Ampshift: Wall Connectors - over", "twc_daemon.py is there again.")]


@pytest.mark.parametrize(
    ("wanted", "told"), [("all", ["Ampshift: the guard acted", "Ampshift: charged"]), ("problems", ["Ampshift: the guard acted"])]
)
def test_the_guard_is_told_once_an_evening_and_a_full_car_only_to_those_who_want_all(
    place: Home, far: NotifyServer, wanted: str, told: list[str]
) -> None:
    place.changes["NOTIFY"] = wanted
    place.do("run")
    for amps in (6, 6, None, 6, None):
        store(place.later(5), "monitor").save_ceiling(amps, "OVERLOAD" if amps else "", 9000.0)
        place.do("run")
    next(iter(place.world.cars.values())).soc = 79.5
    place.do("override", "charge-now")
    for _ in range(8):
        place.later(5).do("run")
    assert titles(far) == told
    assert far.beats == 14


def test_a_heart_that_nobody_hears_is_one_line_and_no_failure(place: Home, far: NotifyServer) -> None:
    far.faults.next(MANY, BUSY_503, path="/ping")
    first = place.do("run").fine_code()
    assert first.err.count("heartbeat: ") == 1
    assert place.later(5).do("run").fine_code().err == ""
    far.faults.clear()
    assert "heartbeat" not in place.later(5).do("run").fine_code().err
    assert far.beats == 1


def test_a_cycle_that_is_killed_while_it_tells_tells_once_more_and_then_no_more(place: Home, far: NotifyServer) -> None:
    place.do("run")
    dead_login(place)
    for _ in range(2):
        place.later(5).do("run")
    place.later(5)
    far.faults.next(1, HANG, path=TOPIC)
    process = place.runner.begin(*place.arguments("run"))
    for _ in range(500):
        if any(request.path == f"/{TOPIC}" for request in far.server.log):
            break
        time.sleep(0.01)
    kill(process)
    assert place.runner.end().code == -9
    assert place.decision()["cars"] != []  # the record came first
    notes = place.read("notices.json")["notes"]
    assert isinstance(notes, list)
    assert [note["stage"] for note in notes if note["about"] == "login"] == ["trying"]
    for _ in range(4):
        place.later(5).do("run")
    assert titles(far) == ["Ampshift: log in again"]
    assert sum(request.path == f"/{TOPIC}" for request in far.server.log) == 2


def test_a_far_end_that_is_down_gets_the_notice_later_and_cron_hears_of_it_once(place: Home, far: NotifyServer) -> None:
    place.do("run")
    dead_login(place)
    far.faults.next(MANY, BUSY_503, path=TOPIC)
    errors = [place.later(5).do("run").err for _ in range(12)]
    assert sum("notify: " in error for error in errors) == 1
    assert far.notes == []
    far.faults.clear()
    for _ in range(12):
        if not far.notes:
            place.later(5).do("run")
    place.later(5).do("run")
    assert titles(far) == ["Ampshift: log in again"]
    assert "(of 18:1" in far.notes[0].text


def test_dry_run_tells_too_and_says_what_it_is(place: Home, far: NotifyServer) -> None:
    place.changes["DRY_RUN"] = "on"
    dead_login(place)
    for _ in range(4):
        place.later(5).do("run")
    assert titles(far) == ["Ampshift (dry run): log in again"]
    assert "DRY_RUN: what Ampshift would save" in place.do("status").fine().out


@pytest.mark.parametrize(("wanted", "told"), [("all", 1), ("problems", 0), ("off", 0)])
def test_a_limit_that_the_owner_moves_is_news_for_those_who_want_all(place: Home, far: NotifyServer, wanted: str, told: int) -> None:
    place.changes["NOTIFY"] = wanted
    place.do("run")
    place.world.do(Act(place.world.now, "slider", 90))
    for _ in range(6):  # often enough that the car is still awake when it is looked at next
        place.later(10).do("run")
    assert [title for title in titles(far) if title == "Ampshift: charge limit"] == ["Ampshift: charge limit"] * told


def test_without_an_address_nothing_is_written_and_nobody_is_called(place: Home, far: NotifyServer) -> None:
    place.changes |= {"NOTIFY_URL": None, "HEARTBEAT_URL": None}
    place.do("run")
    dead_login(place)
    for _ in range(3):
        place.later(5).do("run")
    assert not (place.data / "notices.json").exists()
    assert far.server.log == []


def test_check_names_the_host_and_writes_only_when_it_is_asked_to(place: Home, far: NotifyServer) -> None:
    assert "scheduler.py check --notify` sends a test" in place.do("check").out
    assert far.notes == []
    assert "took a test message" in place.do("check", "--notify").out
    assert titles(far) == ["Ampshift: test"]
    far.faults.next(1, BUSY_503)
    failed = place.do("check", "--notify")
    assert failed.code == 1
    assert "FAILED  notices: 127.0.0.1" in failed.out


def test_no_output_and_no_file_holds_the_secret_part_of_an_address(place: Home, far: NotifyServer) -> None:
    for path in (TOPIC, PING):
        far.faults.next(MANY, Fault(Ill.STATUS, 403, f"no access to {path}"), path)
    dead_login(place)
    ends = [place.later(5).do(*command) for command in (("-v", "run"), ("-v", "run"), ("-v", "run"), ("check", "--notify"), ("status",))]
    shown = "".join(ended.out + ended.err for ended in ends) + "".join(map(repr, place.files().values()))
    assert "notify: " in shown
    assert [secret for secret in (TOPIC, PING) if secret in shown] == []


def test_a_made_up_time_needs_an_address_on_this_machine_and_the_refusal_hides_it(place: Home) -> None:
    place.changes["NOTIFY_URL"] = "ntfy://my-secret-topic"
    refused = place.do("run")
    assert refused.code == 2
    assert "notices (ntfy://...)" in refused.err
    assert "secret" not in refused.err


def test_a_lost_book_of_notices_is_said_and_begun_anew(place: Home, far: NotifyServer) -> None:
    dead_login(place)
    for _ in range(4):
        place.later(5).do("run")
    for name in ("notices.json", "notices.json.prev"):
        (place.data / name).write_text("{", encoding="utf-8")
    assert "notices.json is lost" in place.later(5).do("run").err
    assert json.loads((place.data / "notices.json").read_text(encoding="utf-8"))["schema"] == 1
    assert titles(far)[:1] == ["Ampshift: log in again"]


def test_the_month_is_told_on_the_first_cycle_of_the_next_and_by_status_at_any_time(place: Home, far: NotifyServer) -> None:
    place.do("run")
    for minutes in (360, 60, 60):
        place.later(minutes).do("run")
    assert place.do("status", "--month").fine().out.startswith("December 2026:\nNo departure needed a charge.\nCharged: ")
    place.later(24 * 60 * 24)
    for _ in range(2):
        place.later(5).do("run")
    summaries = [note.text for note in far.notes if note.title == "Ampshift: your month"]
    assert len(summaries) == 1
    assert summaries[0].startswith("December 2026:\nDepartures kept: ")
    assert place.do("status", "--month", "2026-12").fine().out.splitlines()[:2] == summaries[0].splitlines()[:2]
    assert place.do("status", "--month", "2026-05").fine().out == "Nothing was recorded in 2026-05.\n"
    assert place.do("status", "--month", "may").code == 2


def test_the_car_that_says_yes_and_does_nothing_is_told_with_the_hours_left(place: Home, far: NotifyServer) -> None:
    place.changes["CAR_SAFETY_SCHEDULE"] = "off"
    place.do("run")
    place.world.faults["fleet"].next(MANY, YES_AND_NOTHING, path="command/charge_start")
    place.world.do(Act(place.world.now, "stop"))
    place.changes["STRATEGY"] = "now"
    place.later(5).do("override", "charge-now")
    for _ in range(8):
        place.later(5).do("run")
    told = [note for note in far.notes if note.title == "Ampshift: a car does not obey"]
    assert len(told) == 1
    assert "look at the car, the cable and the Tesla app" in told[0].text
    assert replace(told[0], text="").urgent
    place.world.faults["fleet"].clear()
    for _ in range(12):
        place.later(5).do("run")
    over = [note for note in far.notes if note.title == "Ampshift: a car does not obey - over"]
    assert [(note.text, note.urgent) for note in over] == [("Blue: over. It has what it was asked for, or was unplugged.", False)]
