"""A full disk, a folder that cannot be used, and state files that are damaged, newer or from the future."""

from __future__ import annotations

import json
import shutil

import pytest

from state.files import boot_id
from tests.process import Cold, Ended, Home

KEPT = ("data/memory.json", "data/spend.json", "data/override.json")
VOLATILE = ("run/target.json", "run/decision.json", "run/charger.json", "run/ceiling.json")
CACHES = ("data/cache/load-forecast-caiso.json", "data/cache/powerwall-cookie.json")
NEWER = {"schema": 2, "written_at": "2026-12-08T18:00:00-08:00", "written_by": "a later one", "boot_id": boot_id(), "data": {}}
DAMAGE = (b"\x00\xff{{", b"", b'{"schema": 1, "written_at": "2026-12-08T18', b"null")
GONE = "All problems are gone.\n"


@pytest.fixture
def place(place: Home) -> Home:
    place.changes["CAR_SAFETY_SCHEDULE"] = "off"  # it has its own tests: here one stop is what counts
    return place


@pytest.fixture
def lived_in(place: Home) -> Home:
    """Two cycles and a word of the owner lie behind it: every file and its version before is there."""
    for word in ("stop", "auto"):
        place.do("override", word).fine_code()
        place.do("run").fine()
        place.later(5)
    return place


def clear(ended: Ended, code: int, *words: str, lines: int = 1) -> None:
    assert ended.code == code, ended
    assert "Traceback" not in ended.err
    assert len(ended.err.splitlines()) == (lines if words else 0), ended.err
    assert all(word in ended.err for word in words), ended.err


def whole(place: Home) -> None:
    for name, body in place.files().items():
        if name.endswith((".json", ".prev")):
            json.loads(body)


def test_no_damage_brings_back_a_word_that_was_taken_back_and_none_that_stands_is_lost(lived_in: Home) -> None:
    path = lived_in.data / "override.json"
    path.write_bytes(b"\x00\x00")
    clear(lived_in.do("run"), 0, "override.json is damaged")
    assert "OWNER_STOP" not in json.dumps(lived_in.decision())
    lived_in.do("override", "stop").fine_code()
    path.write_bytes(b"\x00\x00")
    lived_in.later(5).do("run").fine_code()
    assert "OWNER_STOP" in json.dumps(lived_in.decision())
    path.unlink()
    lived_in.later(5).do("run").fine_code()
    assert "OWNER_STOP" not in json.dumps(lived_in.decision())


# ---- full ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("blocks", "what"), [(0, "target.json"), (2, "memory.json"), (4, "memory.json")])
def test_on_a_full_disk_nothing_is_lost_torn_or_sent_and_one_line_says_so(blocks: int, what: str, lived_in: Home) -> None:
    before, heard = lived_in.files(), lived_in.commands()
    lived_in.do("override", "charge-now").fine_code()
    lived_in.runner = Cold(f"ulimit -f {blocks};")
    clear(lived_in.later(20).do("run"), 1, "Cannot write", what, "full", "df -h")
    whole(lived_in)
    assert lived_in.commands() == heard
    assert {name: lived_in.files()[name] for name in ("data/memory.json", "data/spend.json")} == {
        name: before[name] for name in ("data/memory.json", "data/spend.json")
    }


def test_what_cannot_be_counted_on_a_full_disk_is_not_asked_of_tesla(place: Home) -> None:
    place.runner = Cold("ulimit -f 0;")
    clear(place.do("run"), 1, "Cannot write", "full")
    assert place.world.account.dollars == 0


def test_a_full_disk_costs_the_history_and_no_cycle(lived_in: Home) -> None:
    lived_in.runner = Cold("ulimit -f 100;")  # 50 kB: room for every file but the database
    (lived_in.data / "history.sqlite").unlink()
    clear(lived_in.later(5).do("run"), 0, "history", "Charging goes on without it")
    assert lived_in.decision()["cars"]


def test_once_explains_on_a_full_disk_too(lived_in: Home) -> None:
    lived_in.runner = Cold("ulimit -f 0;")
    ended = lived_in.do("-v", "once")
    assert (ended.code, ended.err) == (0, "")
    assert "PLAN" in ended.out


# ---- a folder that cannot be used ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["state", "state/data", "state/run"])
def test_a_file_in_place_of_a_folder_is_one_line_and_no_command(folder: str, place: Home) -> None:
    (place.folder / folder).parent.mkdir(exist_ok=True)
    (place.folder / folder).write_text("no folder")
    for command in (("run",), ("once",), ("status",), ("release",), ("override", "stop")):
        if (folder, command[0]) == ("state/run", "override"):
            place.do(*command).fine_code()  # it needs the kept files alone
        else:
            clear(place.do(*command), 1, "Cannot", "is not a folder")
    assert place.commands() == []
    assert place.world.account.dollars == 0


# ---- damaged -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KEPT)
def test_a_damaged_file_is_told_once_and_the_version_before_it_is_used(name: str, lived_in: Home) -> None:
    path = lived_in.state / name
    for damage in DAMAGE:
        good = path.read_bytes()
        path.write_bytes(damage)
        clear(lived_in.do("run"), 0, name, "is damaged", "is used instead")
        assert lived_in.later(1).do("run").err == (GONE if "memory" in name else "")  # only the memory is written in each cycle
        path.write_bytes(good)
        assert lived_in.do("run").err == ("" if "memory" in name else GONE)
    assert lived_in.commands() == ["charge_stop"]


@pytest.mark.parametrize(("name", "words"), [(KEPT[0], "is lost"), (KEPT[1], "Only the reserved share"), (KEPT[2], "is lost")])
def test_a_file_that_is_damaged_together_with_the_version_before_it_is_begun_anew(name: str, words: str, lived_in: Home) -> None:
    for path in (lived_in.state / name, lived_in.state / f"{name}.prev"):
        path.write_bytes(b"{")
    clear(lived_in.do("run"), 0, name, words, lines=2 if "spend" in name else 1)  # and that the budget is as good as spent
    assert lived_in.later(5).do("run").err in ("", GONE)
    assert ("$7.20 of $9.00" in lived_in.do("status").out) is ("spend" in name)


def test_with_a_lost_memory_the_charge_that_runs_is_no_hand_charge(lived_in: Home) -> None:
    lived_in.do("override", "charge-now").fine_code()
    lived_in.do("run").fine()
    lived_in.later(5).do("run").fine()
    shutil.rmtree(lived_in.data)
    lived_in.later(5).do("run")
    cars = lived_in.decision()["cars"]
    assert isinstance(cars, list)
    assert cars[0]["origin"] == "plug-in"


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_volatile_files_and_caches_are_as_none(damage: bytes, lived_in: Home) -> None:
    for name in (*VOLATILE, *CACHES):
        (lived_in.state / name).write_bytes(damage)
    lived_in.do("run").fine()


def test_a_damaged_history_is_told_once_and_begun_anew(lived_in: Home) -> None:
    (lived_in.data / "history.sqlite").write_bytes(b"no database at all" * 100)
    clear(lived_in.do("run"), 0, "history.sqlite was damaged", "a new one is begun")
    assert lived_in.later(5).do("run").err == GONE
    lived_in.later(5).do("run").fine()


# ---- newer, future -------------------------------------------------------------------------------------------------------------


def test_a_newer_file_ends_the_cycle_and_stays_as_it_is(lived_in: Home) -> None:
    newer = json.dumps(NEWER).encode()
    for name in (*KEPT, *VOLATILE):
        path = lived_in.state / name
        before = path.read_bytes() if path.exists() else None
        path.write_bytes(newer)
        clear(lived_in.do("run"), 1, name, "newer Ampshift", "Update Ampshift")
        assert path.read_bytes() == newer
        path.unlink() if before is None else path.write_bytes(before)


def test_files_from_the_future_lose_nothing_and_stop_nothing(lived_in: Home) -> None:
    spent = lived_in.spent()
    for name in (*KEPT, *CACHES, "run/target.json", "run/decision.json"):
        path = lived_in.state / name
        path.write_text(json.dumps({**json.loads(path.read_text()), "written_at": "2031-01-01T00:00:00-08:00"}))
        lived_in.do("run").fine()
    assert lived_in.spent() >= spent
    assert lived_in.commands() == ["charge_stop"]
