"""What the views say of a house that has lived for a day, and what they say of each file that is missing, damaged or too new."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config import Settings
from model import Missing
from page.ahead import ahead
from page.flow import flow
from page.look import Reader
from page.metrics import metrics_text
from page.sessions import sessions
from page.site import VIEWS, frame, view
from page.view_history import as_csv
from page.view_now import alarms, cars_view
from state.files import boot_id
from tests.page_kit import AT, Home, forget, home, text

NEWER = json.dumps({"schema": 99, "written_at": AT.isoformat(), "written_by": "x", "boot_id": boot_id(), "data": {}})


@pytest.fixture(scope="module", autouse=True)
def _clean() -> Iterator[None]:
    yield
    forget()


@pytest.fixture
def place(tmp_path: Path) -> Home:
    return home(tmp_path)


def said(reader: Reader, path: str) -> str:
    look = reader.look()
    more = cars_view(look) if path == "/" else []
    return "\n".join([text(view(path, "", look, reader)), text(more), *alarms(look)])


def test_now_says_the_sentence_the_flows_the_reasons_and_the_fate(place: Home) -> None:
    found = said(place.reader(), "/")
    data = place.look().data
    car = data.rows("cars")[0]
    assert found.startswith(data.text("summary"))
    assert "Powerwall: gives 1.4 kW, " in found
    assert "Blue: does not charge, 62 %" in found
    assert [reason.text("text") for reason in car.rows("reasons") if reason.text("text") not in found] == []
    assert car.part("if_pi_dies").text("text") in found
    assert "Battery 62 %, limit 80 %" in found


def test_the_plan_says_departures_and_why_each_part_is_as_it_is(place: Home) -> None:
    found = said(place.reader(), "/plan")
    slot = place.look().data.rows("cars")[0].rows("plan")[0]
    assert "you usually leave at Thu 07:30" in found
    assert f"charges at {slot.number('amps'):.0f} A" in found
    assert "no hour before it is needed" in found
    assert "waits" in found
    assert "Hour by hour" in found


def test_drives_of_the_calendar_are_listed_with_distance_and_return(place: Home) -> None:
    trip = {
        "leave": (AT + timedelta(hours=20)).isoformat(),
        "back": (AT + timedelta(hours=26)).isoformat(),
        "km": 120.4,
        "text": "to the sea",
    }
    place.change("decision.json", lambda data: data.update(trips=[trip | {"minutes": 95, "vin": None}]))
    found = said(place.reader(), "/plan")
    assert "to the sea" in found
    assert "75 mi" in found, "an owner in Los Angeles thinks in miles"
    assert "Thu 16:45" in found
    assert "Thu 22:45" in found


def test_the_grid_view_says_mean_deviation_and_the_end_of_off_peak(place: Home) -> None:
    found = said(place.reader(), "/grid")
    for words in ("Mean", "Standard deviation", "Load now", "End of off-peak", "MW", "Charge limit\n80 %"):
        assert words in found


def test_history_lists_the_session_with_its_cost_what_it_saved_and_co2(place: Home) -> None:
    found = said(place.reader(), "/history")
    assert "sessions" in found
    assert " to 80 %" in found
    assert "against charging at once" in found
    assert "kg, average of the grid" in found
    assert "/history.csv?days=30" in found


def test_health_lists_sources_connectors_the_bill_and_what_was_sent(place: Home) -> None:
    found = said(place.reader(), "/health")
    for words in ("Nothing is wrong.", "powerwall", "4085", "of $9.00", "stop the charge", "memory.json"):
        assert words in found


# ---- files that are not as they should be ---------------------------------------------------------------------------------------

FILES = ("decision.json", "charger.json", "memory.json", "spend.json", "override.json", "history.sqlite", "load-forecast-caiso.json")


def path_of(place: Home, name: str) -> Path:
    found = {"decision.json": place.run_dir, "charger.json": place.run_dir, "load-forecast-caiso.json": place.data / "cache"}
    return found.get(name, place.data) / name


def gone(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.with_name(path.name + ".prev").unlink(missing_ok=True)


def garbage(path: Path) -> None:
    gone(path)
    path.write_bytes(b"\xff\xfe not what it was\n" * 40)


def newer(path: Path) -> None:
    gone(path)
    if path.suffix == ".sqlite":
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA user_version = 99")
    else:
        path.write_text(NEWER, encoding="utf-8")


@pytest.mark.parametrize("harm", [gone, garbage, newer])
@pytest.mark.parametrize("name", FILES)
def test_each_view_still_speaks_whatever_is_wrong_with_a_file(name: str, harm: Callable[[Path], None], place: Home) -> None:
    harm(path_of(place, name))
    before = place.files()
    reader = place.reader()
    for path in VIEWS:
        assert said(reader, path)
    assert text(frame(reader.look()))
    assert place.files() == before, "looking changes nothing on disk"


@pytest.mark.parametrize(
    ("name", "harm", "view_at", "words"),
    [
        ("decision.json", gone, "/", "Is cron running?"),
        ("decision.json", garbage, "/plan", "it is no whole JSON"),
        ("decision.json", newer, "/", "Update Ampshift"),
        ("memory.json", garbage, "/", "It is begun anew"),
        ("memory.json", newer, "/health", "Update Ampshift"),
        ("override.json", newer, "/", "Update Ampshift"),
        ("spend.json", garbage, "/health", "is damaged"),
        ("history.sqlite", gone, "/history", "There is no history yet"),
        ("history.sqlite", garbage, "/history", "The history cannot be read"),
        ("history.sqlite", newer, "/history", "Update Ampshift"),
        ("load-forecast-caiso.json", gone, "/grid", "set GRID_ISO and GRID_STATUS_API_KEY"),
        ("charger.json", gone, "/health", "None on RS-485"),
    ],
)
def test_a_view_says_what_is_missing_and_what_to_do(name: str, harm: Callable[[Path], None], view_at: str, words: str, place: Home) -> None:
    harm(path_of(place, name))
    assert words in said(place.reader(), view_at)


def test_a_decision_of_an_older_version_shows_what_it_has(place: Home) -> None:
    place.change("decision.json", lambda data: [data.pop(key) for key in ("outlook", "trips", "meter", "powerwall")])
    found = said(place.reader(), "/")
    assert found.startswith(place.look().data.text("summary"))
    assert "decision.json has no outlook" in found
    assert "No Powerwall and no house meter was read" in found


def test_values_of_a_wrong_type_are_as_if_they_were_not_there(place: Home) -> None:
    def spoil(data: dict[str, object]) -> None:
        data["cars"] = [{"name": 7, "soc": "full", "reasons": "none", "plan": [{"start": "soon"}], "need": [3], "amps": None}, 5]
        data["sources"] = ["tesla"]
        data["outlook"] = {"start": 5, "price": "high"}
        data["powerwall"] = [1]

    place.change("decision.json", spoil)
    for path in VIEWS:
        assert said(place.reader(), path)


def test_health_does_not_say_that_nothing_is_wrong_beside_a_source_that_fails(place: Home) -> None:
    place.change("decision.json", lambda data: data["sources"]["powerwall"].update(ok=False, why="No connection"))
    found = said(place.reader(), "/health")
    assert ("This does not answer: powerwall." in found, "Nothing is wrong." in found) == (True, False)


def test_what_is_missing_is_said_once_on_the_first_view_and_what_to_do_beside_it(place: Home) -> None:
    (place.run_dir / "decision.json").unlink()
    found = said(place.reader(), "/")
    assert found.count("Is cron running?") == 1
    assert "scheduler.py check tests each setting" in found


def test_before_anything_is_configured_the_way_is_shown_and_not_cron(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "data", run_dir=tmp_path / "run")
    (told,) = alarms(Home(tmp_path, settings).look())
    assert told.startswith("Nothing is configured yet: fill in .env")
    assert "cron" not in told


def test_what_the_newest_cycle_complained_of_is_told_on_top(place: Home) -> None:
    path = place.data / "memory.json"
    envelope = json.loads(path.read_text(encoding="utf-8"))
    envelope["data"]["problems"] = ["tesla: the login has ended: scheduler.py auth tesla"]
    path.write_text(json.dumps(envelope), encoding="utf-8")
    assert alarms(place.look()) == ["tesla: the login has ended: scheduler.py auth tesla"]


def test_an_old_decision_and_the_connectors_alarms_are_told_on_top(place: Home) -> None:
    place.change("charger.json", lambda data: data.update(alarms=["two masters on one bus"]))
    assert alarms(place.look()) == ["Wall Connectors: two masters on one bus"]
    late = alarms(place.look(AT + timedelta(hours=3)))
    assert late[0].startswith("No cycle for 3 h: is cron running?")


def test_a_daemon_that_is_not_heard_is_told_on_top_but_in_a_dry_run(place: Home) -> None:
    (place.run_dir / "charger.json").unlink()
    assert alarms(place.look()) == []  # there is no Gen 2 Wall Connector
    wired = replace(place, settings=replace(place.settings, twc_port="/dev/serial/by-id/simulated"))
    (told,) = alarms(wired.look())
    assert told.startswith("twc_daemon.py is not heard: without it a Gen 2 Wall Connector charges nothing.")
    found = said(wired.reader(), "/health")
    assert ("systemctl status twc_daemon" in found, "as it should be" in found, "Nothing is wrong" in found) == (True, False, False)
    wired.change("decision.json", lambda data: data.update(dry_run=True))
    assert alarms(wired.look()) == []


def test_what_was_read_hours_ago_is_not_shown_as_of_now(place: Home) -> None:
    place.change("decision.json", lambda data: [car.update(soc_age_s=60.0) for car in data["cars"]])
    fresh, hours_later = (said(place.reader(at), "/") for at in (AT, AT + timedelta(hours=3)))
    assert "Power now" in fresh
    assert "Power now" not in hours_later
    assert "Power at 20:45" in hours_later
    assert "read at 20:44" in text(cars_view(place.look(AT + timedelta(hours=3))))
    assert "seen at 20:44" in said(place.reader(AT + timedelta(hours=3)), "/grid")
    assert "as they were at 20:45" in said(place.reader(AT + timedelta(hours=3)), "/health")


def test_where_nothing_is_decided_nobody_is_said_to_need_nothing(place: Home) -> None:
    (place.run_dir / "decision.json").unlink()
    assert "Nobody needs anything" not in said(place.reader(), "/plan")


def rename(place: Home, *names: str) -> None:
    """As if there were a car for each name."""
    place.change("decision.json", lambda data: data.update(cars=[{**data["cars"][0], "name": name} for name in names]))


def test_a_name_that_a_spreadsheet_would_run_is_made_plain(place: Home) -> None:
    rename(place, "=HYPERLINK(1)")
    past = place.reader().past(30)
    assert not isinstance(past, Missing)
    rows = list(csv.DictReader(io.StringIO(as_csv(place.look(), sessions(past)))))
    assert {row["car"] for row in rows} == {"'=HYPERLINK(1)"}


def test_a_plan_that_the_owner_holds_back_is_not_shown_as_what_will_be(place: Home) -> None:
    before = said(place.reader(), "/plan")
    assert ("Blue charges at" in before, "That rules" in before) == (True, False)
    stop = {"code": "OWNER_STOP", "text": "you said stop", "detail": {}}
    place.change("decision.json", lambda data: [car.update(reasons=[stop], action="stop") for car in data["cars"]])
    after = said(place.reader(), "/plan")
    assert "You said stop. That rules; below stands what the plan would be without it." in after
    assert ("no charge is planned" in after, "Blue charges at" in after) == (True, False)
    found = ahead(place.look().data)
    assert [one.held for one in found.charges] == [True] * len(found.charges) != []
    stop["code"] = "CHARGE_NOW"
    place.change("decision.json", lambda data: [car.update(reasons=[stop]) for car in data["cars"]])
    assert "That rules" in said(place.reader(), "/plan")
    assert not any(one.held for one in ahead(place.look().data).charges)


def test_metrics_leave_out_what_was_so_hours_ago(place: Home) -> None:
    fresh, hours_later = (metrics_text(place.look(AT + timedelta(hours=hours))) for hours in (0, 14))
    for name in ("source_up", "grid_power_watts", "car_power_watts", "car_action"):
        assert (f"ampshift_{name}" in fresh, f"ampshift_{name}" in hours_later) == (True, False), name
    assert "ampshift_last_cycle_timestamp_seconds" in hours_later
    assert "ampshift_tesla_spent_dollars" in hours_later
    assert ("price_per_kwh 0.49" in fresh, "price_per_kwh 0.24" in hours_later) == (True, True)  # 20:45 and 10:45


def test_no_two_cars_share_a_name_in_the_metrics(place: Home) -> None:
    rename(place, "Red 3", "Red", "Red")
    found = [line for line in metrics_text(place.look()).splitlines() if line.startswith("ampshift_car_soc_percent")]
    assert len(set(found)) == len(found) == 3


def test_the_grid_view_calls_decided_amps_decided(place: Home) -> None:
    """What was decided need not flow: in a dry run it never does."""
    place.change("decision.json", lambda data: [car.update(amps=48, power_w=3800.0) for car in data["cars"]])
    found = said(place.reader(), "/grid")
    assert ("Takes\n3.8 kW\nDecided\n48 A" in found, "Amps now" in found) == (True, False)


def test_metrics_bear_any_name_and_two_cars_of_one_name(place: Home) -> None:
    rename(place, 'My "Blue" \\ car\n2', "Red", "Red")
    found = metrics_text(place.look())
    assert 'ampshift_car_soc_percent{car="My \\"Blue\\" \\\\ car\\n2"} 62' in found
    assert 'ampshift_car_soc_percent{car="Red"} 62' in found
    assert 'ampshift_car_soc_percent{car="Red 3"} 62' in found


def test_what_flows_where_is_said_for_sun_export_and_two_cars(place: Home) -> None:
    flows = {"grid_w": -2000.0, "solar_w": 9000.0, "battery_w": -1000.0, "load_w": 6000.0, "soc": 80.0, "grid_up": True}

    def shine(data: dict[str, Any]) -> None:
        data["powerwall"] = flows
        data["cars"] = [{**data["cars"][0], "name": name, "power_w": watts} for name, watts in (("Blue", 4000), ("Red", 0))]

    place.change("decision.json", shine)
    assert flow(place.look()).told == (
        "Sun: gives 9.0 kW. Grid: you sell 2.0 kW. Powerwall: takes 1.0 kW, 80 %. House: uses 2.0 kW. Blue: takes 4.0 kW, 62 %. "
        "Red: does not charge, 62 %."
    )
    place.change("decision.json", lambda data: data.update(powerwall={**flows, "grid_up": False, "grid_w": 0.0}))
    assert "Grid: is down." in flow(place.look()).told


def test_a_car_whose_power_is_not_known_leaves_the_house_not_known(place: Home) -> None:
    place.change("decision.json", lambda data: data["cars"][0].update(power_w=None))
    assert "House: not known. Blue: not known" in flow(place.look()).told
