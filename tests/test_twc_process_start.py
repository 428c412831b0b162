"""How the real daemon starts, what it refuses, what it imports, and what it makes of files and disks that are ill."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.test_process_imports import HEAVY
from tests.twc_process import Site, charging_bus, fresh_bus, site

# The program, telling at its end what it has imported.
TELLING = "import json, sys, twc_daemon; code = twc_daemon.main(sys.argv[1:]); print(json.dumps(sorted(sys.modules))); sys.exit(code)"


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"TWC_BREAKER_AMPS": None}, "TWC_BREAKER_AMPS"),
        ({"TWC_PORT": None}, "TWC_PORT"),
        ({"TWC_BREAKER_AMPS": "fifty"}, "TWC_BREAKER_AMPS"),
        ({"TWC_PORT": "nonsense://x"}, "TWC_PORT"),
    ],
)
def test_it_refuses_to_start_without_what_it_needs_to_know(changes: dict[str, str | None], names: str, tmp_path: Path) -> None:
    with site(tmp_path, fresh_bus(1), settings=changes) as house:
        assert house.start().ended() == 2
        assert names in house.log()[0]
        assert not house.frames()


def test_a_mistake_in_a_setting_that_is_not_its_own_stops_no_heartbeat(tmp_path: Path) -> None:
    with site(tmp_path, charging_bus(1), settings={"GRID_ISO": "CALIFORNIA", "TARGET_SOC": "lots", "NO_SUCH_NAME": "1"}) as house:
        house.start().until_linked()


def test_two_daemons_with_folders_of_their_own_do_not_share_one_port(tmp_path: Path) -> None:
    with site(tmp_path, charging_bus(1)) as house:
        house.start().until_linked()
        other = Site(tmp_path / "other", house.live)
        other.folder.mkdir()
        other.shorter("Daemon(found, dead_port_s=0.5).run()")
        assert other.ended() == 1
        assert "lock" in other.log()[-2]


def test_it_imports_no_client_no_planner_and_no_requests(tmp_path: Path) -> None:
    with site(tmp_path, charging_bus(1)) as house:
        house.start(program=("-c", TELLING), env={"NOTIFY_SOCKET": str(tmp_path / "nobody")}).until_linked()
        house.process.send_signal(signal.SIGHUP)
        found = set(json.loads(house.told()))
    tops = {name.partition(".")[0] for name in found}
    assert {"twc", "state", "serial", "twc_daemon_port"} <= tops
    assert tops & {"clients", "planners", "cycle", "simulator", "requests", "urllib3", "cryptography", "sqlite3", "ssl", *HEAVY} == set()


# ---- files that are ill ---------------------------------------------------------------------------------------------------------


def spoiled(house: Site, change: Callable[[str], str]) -> None:
    """A whole target for 8 A, changed on its way to the disk."""
    aside = Site(house.folder / "aside", house.live)
    aside.wish(8)
    body = (aside.run_dir / "target.json").read_text(encoding="utf-8")
    (aside.run_dir / "target.json").write_text(change(body), encoding="utf-8")
    (aside.run_dir / "target.json").replace(house.run_dir / "target.json")


def test_a_target_that_is_damaged_newer_or_of_another_time_is_none(tmp_path: Path) -> None:
    """Each asks for 8 A; the failsafe is 16 A, and the connectors stand at it."""
    now = datetime.now(UTC)
    with site(tmp_path, charging_bus(), settings={"TWC_FAILSAFE_AMPS": "16"}) as house:
        house.start().until_linked()
        ill: list[Callable[[], None]] = [
            lambda: spoiled(house, lambda body: ""),
            lambda: spoiled(house, lambda body: body[: len(body) // 2]),
            lambda: spoiled(house, lambda body: body.replace('"schema": 1', '"schema": 99')),
            lambda: spoiled(house, lambda body: body.replace('"amps": 8', '"amps": "8"')),
            lambda: spoiled(house, lambda body: body.replace('"amps": 8', '"amps": 1e999')),
            lambda: spoiled(house, lambda body: "[" * 100_000),
            lambda: house.wish(8, boot="another boot"),
            lambda: house.wish(8, now=now + timedelta(hours=2)),
            lambda: house.wish(8, now=now - timedelta(hours=13)),
        ]
        for make in ill:
            make()
            time.sleep(0.25)
        assert {amps for _, amps in house.limits()} == {16}
        house.wish(8)
        house.until(lambda: house.offers() == {"4085": 8, "4086": 8})
        assert sum("newer Ampshift" in line for line in house.log()) == 1


@pytest.mark.parametrize(
    ("body", "says"), [("{", "is lost"), ('{"schema": 99}', "newer Ampshift"), ('{"schema": 1, "data": {"slaves": 7}}', "")]
)
def test_notes_that_cannot_be_read_are_told_and_stop_no_heartbeat(body: str, says: str, tmp_path: Path) -> None:
    with site(tmp_path, fresh_bus(1)) as house:
        notes = house.state / "data" / "twc.json"
        notes.parent.mkdir(parents=True)
        notes.write_text(body, encoding="utf-8")
        house.start().until_linked()
        assert any(says in line for line in house.log())
        if "newer" in says:
            assert notes.read_text(encoding="utf-8") == body


# ---- disks that are ill ---------------------------------------------------------------------------------------------------------


def test_a_run_folder_that_vanishes_is_made_again_and_what_is_written_there_is_obeyed(tmp_path: Path) -> None:
    with site(tmp_path, charging_bus(), settings={"TWC_FAILSAFE_AMPS": "16"}) as house:
        house.start().until_linked()
        shutil.rmtree(house.run_dir)
        house.until(lambda: house.charger()["link"] == "up")
        house.wish(8)
        house.until(lambda: house.offers() == {"4085": 8, "4086": 8})
        assert house.lost_links() == 0


def test_without_any_place_for_its_files_it_says_so_and_the_heartbeat_goes_on(tmp_path: Path) -> None:
    with site(tmp_path, charging_bus(1)) as house:
        shutil.rmtree(house.state)
        house.state.write_text("a file where the folder should be", encoding="utf-8")
        house.start()
        house.until_beats(house.now())
        assert house.ended(signal.SIGTERM) == 0
        assert any("Cannot lock" in line for line in house.log())


def test_a_journal_that_went_away_ends_no_heartbeat(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    with site(tmp_path, charging_bus()) as house:
        house.wish(16)
        house.start(stderr=writer)
        os.close(writer)
        os.close(reader)
        house.until_linked()
        house.wish(8)
        house.until(lambda: house.offers() == {"4085": 8, "4086": 8})
        house.until_beats(house.now())
        assert house.process.poll() is None
