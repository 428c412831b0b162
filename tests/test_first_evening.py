"""What an owner meets before he goes live: his word in a dry run, folders that are another user's, what each page of docs quotes."""

from __future__ import annotations

import os
import re
import signal
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from config import OPTIONS, GridIso, Settings
from cycle.check_folders import folder_lines
from model import Missing, Series
from page.look import Reader
from simulator.twc_port import PtyBus
from state.files import boot_id
from state.store import Store
from tests.process import Home
from tests.test_docs import live
from tests.test_install import REPO, installed, run
from tests.twc_process import fresh_bus


def test_in_a_dry_run_no_word_claims_to_be_obeyed(place: Home) -> None:
    place.changes["DRY_RUN"] = "on"
    said = place.do("override", "stop").fine().out
    assert "nothing is sent to a car or charger" in said
    assert "obeys" not in said


def test_while_no_cycle_runs_no_word_claims_to_be_obeyed(place: Home) -> None:
    assert "The next cycle obeys" in place.do("override", "stop").fine().out
    at = place.world.now - timedelta(hours=3)
    Store(place.data, place.run_dir, place.world.spec.zone, at, "scheduler", boot_id(), lambda _s: None).save_decision({})
    assert "nobody obeys it yet: no cycle for 3 h." in place.do("override", "stop").fine().out


def test_a_folder_that_cannot_be_made_is_named_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("root may write to any folder, so a file stands for another user's")
    fine = replace(Settings(), state_dir=tmp_path / "data", run_dir=tmp_path / "deep" / "run")
    assert list(folder_lines(fine)) == []
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]  # asked, not made
    ((line, bad),) = folder_lines(replace(fine, run_dir=tmp_path / "file" / "run"))
    assert bad
    assert line.startswith(f"FAILED  RUN_DIR: this user may not make {tmp_path / 'file' / 'run'}, so no cycle can run")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to any folder")
def test_check_fails_where_no_cycle_could_run(place: Home) -> None:
    place.do("check").fine()
    (place.state / "run").mkdir(mode=0o500, parents=True, exist_ok=True)
    (place.state / "run").chmod(0o500)
    ended = place.do("check")
    assert (ended.code, "FAILED  RUN_DIR: this user may not write to" in ended.out) == (1, True), ended


def test_the_page_finds_the_load_forecast_that_the_cycle_kept(place: Home) -> None:
    place.do("run").fine()
    own = replace(Settings(), state_dir=place.state / "data", run_dir=place.state / "run", grid_iso=GridIso.CAISO)
    load = Reader(own, lambda: place.world.now, lambda _s: None).look().load
    assert isinstance(load, Series), load
    elsewhere = replace(own, grid_iso=GridIso.PJM)  # after a move the old grid's is not shown
    assert isinstance(Reader(elsewhere, lambda: place.world.now, lambda _s: None).look().load, Missing)


def test_what_the_table_of_troubles_quotes_is_what_the_programs_say() -> None:
    page = (REPO / "docs" / "TROUBLESHOOTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.+?) \|", page.partition("## Why is it not charging?")[2].partition("\n## ")[0], re.MULTILINE)
    quoted = [part.strip() for row in rows for quote in re.findall(r"`([^`]+)`", row) for part in quote.split("...") if len(part) > 6]
    said = "".join(
        path.read_text(encoding="utf-8") for folder in ("planners", "cycle", "page", "clients") for path in (REPO / folder).glob("*.py")
    )
    said = said.replace("{limit}", "TESLA_BUDGET_DOLLARS ").replace("{LIMIT}", "TESLA_BUDGET_DOLLARS ") + (REPO / "config.py").read_text()
    assert len(rows) >= 9
    assert [quote for quote in quoted if quote not in said] == []


# What owners of such systems ask for or complain about, by its words in the page; the most frequent first.
COMPLAINTS = (
    *(
        "The car slept",
        "too many requests",
        "signed commands",
        "Bluetooth",
        "ignores the sun",
        "Two cars on one circuit",
        "Too late a start",
    ),
    *("breaker trips", "low current", "HARDWARE.md", "wrong time", "dearest hour", "plan changes all the time", "Why is it not charging"),
    *(
        "Pi is slow",
        "DEPARTURE_TIME=mon-fri",
        "had not left yet",
        "full battery for tomorrow",
        "Only in certain hours",
        "Only below a price",
    ),
    *("Sun and nothing else", "highest power", "warm car", "Powerwall fed the car", "wrong car", "Another program", "Tesla costs money"),
)


@pytest.mark.parametrize("words", COMPLAINTS)
def test_each_known_complaint_has_its_answer(words: str) -> None:
    assert words in (REPO / "docs" / "TROUBLESHOOTING.md").read_text(encoding="utf-8")


def test_every_setting_that_the_page_of_troubles_advises_is_one() -> None:
    page = (REPO / "docs" / "TROUBLESHOOTING.md").read_text(encoding="utf-8")
    names = {
        name for quote in re.findall(r"`([^`]+)`", page) for name in re.findall(r"^([A-Z][A-Z0-9]*_[A-Z0-9_]+?)(?:__.*)?(?:=.*)?$", quote)
    }
    assert len(names) > 20
    assert names - {option.name for option in OPTIONS} == set()


def test_the_page_of_troubles_says_how_its_commands_are_typed() -> None:
    top = (REPO / "docs" / "TROUBLESHOOTING.md").read_text(encoding="utf-8").partition("\n## ")[0]
    assert "`.venv/bin/python scheduler.py ...`" in top


def test_no_page_copies_a_service_over_the_one_that_was_made_for_this_folder() -> None:
    told = [path.name for path in (REPO / "docs").glob("*.md") if re.search(r"cp deploy/\S+\.service", path.read_text(encoding="utf-8"))]
    assert told == []


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[Path]:
    """An installed copy of the tree, in a dry run, whose .env leads to a simulated house that lives."""
    tree = installed(tmp_path)
    house = live(tree, "--write-env", "far.env")
    (tree / ".env").write_text("DRY_RUN=on\n" + (tree / "far.env").read_text())
    yield tree
    house.send_signal(signal.SIGTERM)
    house.communicate(timeout=20)


def test_going_live_without_a_gen_2_connector_only_turns_dry_run_off(simulated: Path) -> None:
    env, crontab = simulated / ".env", simulated.parent / "root" / "crontab"
    before = env.read_text().splitlines()
    asked = run(simulated, "live")
    assert (asked.returncode, "LIVE=yes" in asked.stderr, env.read_text().splitlines()) == (1, True, before)  # nobody said yes

    done = run(simulated, "live", LIVE="yes")

    assert done.returncode == 0, done.stderr
    assert env.read_text().splitlines() == ["DRY_RUN=off", *before[1:]]
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    assert "scheduler.py run" in crontab.read_text()
    assert "twc_daemon" not in done.stdout
    assert "try-restart ampshift-page.service" in done.stdout  # it read .env when it started
    crontab.unlink()
    again = run(simulated, "live", LIVE="yes")
    assert (again.returncode, "it is live already" in again.stderr, "Cron's line is missing" in again.stdout) == (1, True, True)


@pytest.mark.parametrize("line", ["DRY_RUN=true", "export DRY_RUN = 'on' # my own words"])
def test_going_live_reads_dry_run_as_the_scheduler_does(simulated: Path, line: str) -> None:
    env = simulated / ".env"
    env.write_text(env.read_text().replace("DRY_RUN=on", line))
    done = run(simulated, "live", LIVE="yes")
    assert done.returncode == 0, done.stderr
    assert env.read_text().startswith("DRY_RUN=off\n")


@pytest.fixture
def wired(tmp_path: Path) -> Iterator[Path]:
    """An installed copy of the tree, in a dry run, at two Gen 2 connectors that stand on F and that nobody has greeted yet."""
    tree = installed(tmp_path)
    with PtyBus(fresh_bus().bus) as bus:
        (tree / ".env").write_text(
            f"DRY_RUN=on\nTARIFF=flat:0.16\nTESLA_HOME_ADDRESS=here\nWEATHER=off\nTIME_ZONE=America/Los_Angeles\n"
            f"RUN_DIR={tmp_path / 'run'}\nTWC_PORT={bus.url}\nTWC_BREAKER_AMPS=50\n"
        )
        yield tree


def test_going_live_with_gen_2_connectors_names_switch_and_breaker_hears_them_and_starts_the_heartbeat(wired: Path) -> None:
    env = wired / ".env"
    before = env.read_text()
    asked = run(wired, "live")
    assert (asked.returncode, env.read_text()) == (1, before)  # nobody said that the switch is turned
    for words in ("turn it to F", "the number printed on that breaker: 50"):
        assert words in asked.stdout
    assert "systemctl enable" not in asked.stdout

    done = run(wired, "live", LIVE="yes")

    assert done.returncode == 0, done.stdout + done.stderr
    assert env.read_text() == before.replace("DRY_RUN=on", "DRY_RUN=off")
    assert done.stdout.index("sending nothing") < done.stdout.index("would run: systemctl enable --quiet --now twc_daemon.service")


def test_a_switch_on_f_is_not_asked_for_where_nothing_would_keep_the_heartbeat_alive(wired: Path) -> None:
    env = (wired / ".env").read_text()
    done = run(wired, "live", LIVE="yes", SYSTEMD=str(wired / "no-systemd"))
    assert (done.returncode, "HEARTBEAT=mine" in done.stderr, (wired / ".env").read_text()) == (1, True, env)
    assert "turn it to F" not in done.stdout


def test_going_live_is_refused_where_nothing_could_be_started(tmp_path: Path) -> None:
    tree = installed(tmp_path)
    env = f"DRY_RUN=on\nTARIFF=flat:0.16\nRUN_DIR={tmp_path / 'run'}\n"
    (tree / ".env").write_text(env)
    done = run(tree, "live", LIVE="yes")
    assert (done.returncode, "scheduler.py auth tesla" in done.stderr) == (1, True)
    assert (tree / ".env").read_text() == env
