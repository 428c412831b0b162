"""What a cycle reads and writes, and what expires."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from errors import StateError
from model import Ceiling, Charger, ChargerReport, Code, Missing, Override, Overrides, Word
from model_decision import Step, Target, TargetCharger
from model_memory import CarMemory, Memory
from state.cache import Cached
from state.codec import decode, encode
from state.files import Kept
from state.spend import Month
from state.store import Store
from state.volatile import fresh, read_ceiling, read_target

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 12, 9, 5, tzinfo=UTC)
MEMORY = Memory(cars=(CarMemory("5YJ3AMPSHFT000001", "Blue"),), last_cycle=NOW)


def no_wait(seconds: float) -> None:
    return None


def store_in(folder: Path, **changes: Any) -> Store:
    home = ZoneInfo("America/Los_Angeles")
    store = Store(folder / "data", folder / "run", home, NOW, "scheduler", "boot-1", no_wait)
    return replace(store, **changes)


def later(store: Store, seconds: float) -> Store:
    return store.at(NOW + timedelta(seconds=seconds))


def target(*, hours: float = 2) -> Target:
    step = Step(NOW + timedelta(hours=hours), 32, (Code.PLAN_SLOT,))
    return Target(48, (TargetCharger("4085", None, 1, (Step(NOW + timedelta(minutes=15), 6, (Code.WAIT,)), step)),))


def report() -> ChargerReport:
    charger = Charger("4085", 2, 40, 6, 32, 31.5, 33, False, True, "charging", NOW, None, 4.2, 241.0, (), NOW)
    return ChargerReport(NOW, "up", (charger,), ("OVERLOAD",))


def word(*, until_h: float | None = None, given_h: float = -1, vin: str | None = None) -> Override:
    until = None if until_h is None else NOW + timedelta(hours=until_h)
    return Override(vin, Word.CHARGE_NOW, None, until, NOW + timedelta(hours=given_h))


def say(store: Store, *words: Override) -> None:
    store.change_overrides(lambda said: replace(said, words=words))


def data_of(path: Path) -> Any:
    return json.loads(path.read_text())["data"]


def test_memory_comes_back_and_is_empty_at_first(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    assert store.load_memory() == Memory()
    store.save_memory(MEMORY)
    assert store.load_memory() == MEMORY
    assert store.problems == []


@pytest.mark.parametrize("year", [1970, 2099])
def test_memory_is_used_whatever_the_clock_says(tmp_path: Path, year: int) -> None:
    store_in(tmp_path).save_memory(MEMORY)
    assert store_in(tmp_path, now=datetime(year, 1, 2, tzinfo=UTC)).load_memory() == MEMORY


@pytest.mark.parametrize("damage", ["", '"cars": 3'])
def test_damaged_memory_falls_back_to_the_cycle_before_and_the_owner_hears_it(tmp_path: Path, damage: str) -> None:
    store = store_in(tmp_path)
    store.save_memory(MEMORY)
    store.save_memory(replace(MEMORY, problems=("x",)))
    path = tmp_path / "data" / "memory.json"
    path.write_text(path.read_text().replace('"cars": [', damage + ', "was": [') if damage else "")
    assert store.load_memory() == MEMORY
    assert "memory.json is damaged" in store.problems[0]


def test_memory_lost_twice_is_a_first_run_and_the_owner_hears_it(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.save_memory(MEMORY)
    (tmp_path / "data" / "memory.json").write_text("{")
    assert store.load_memory() == Memory()
    assert "memory.json is lost" in store.problems[0]


def test_memory_of_a_newer_version_stops_the_cycle(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.save_memory(MEMORY)
    path = tmp_path / "data" / "memory.json"
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 2'))
    for use in (store.load_memory, lambda: store.save_memory(MEMORY)):
        with pytest.raises(StateError, match="newer Ampshift"):
            use()
    assert '"schema": 2' in path.read_text()


def test_the_target_has_the_published_keys(tmp_path: Path) -> None:
    store_in(tmp_path).save_target(target())
    assert data_of(tmp_path / "run" / "target.json") == {
        "site_max_amps": 48,
        "chargers": [
            {
                "id": "4085",
                "vin": None,
                "priority": 1,
                "steps": [
                    {"until": "2026-12-08T21:15:00-08:00", "amps": 6, "why": ["WAIT"]},
                    {"until": "2026-12-08T23:00:00-08:00", "amps": 32, "why": ["PLAN_SLOT"]},
                ],
            }
        ],
    }


@pytest.mark.parametrize(
    ("hours", "later_h", "there"), [(2, 0, True), (2, 1.9, True), (2, 2, False), (20, 11.9, True), (20, 12, False), (2, -1, False)]
)
def test_a_target_ends_with_its_last_step_after_12_hours_or_when_the_clock_went_back(
    tmp_path: Path, hours: float, later_h: float, there: bool
) -> None:
    store = store_in(tmp_path)
    store.save_target(target(hours=hours))
    assert isinstance(later(store, 3600 * later_h).load_target(), Target) is there


def test_the_daemon_gets_the_target_whatever_its_age(tmp_path: Path) -> None:
    store_in(tmp_path).save_target(target())
    assert read_target(tmp_path / "run", "boot-1") == Kept(target(), NOW)
    assert isinstance(read_target(tmp_path / "run", "boot-2"), Missing)


def test_charger_json_has_the_published_keys_and_comes_back(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.save_charger(report(), {"bad_frames": 3})
    data = data_of(tmp_path / "run" / "charger.json")
    assert list(data) == ["link", "chargers", "alarms", "counters"]
    keys = "id protocol rated_amps min_amps offered_amps actual_amps reserved_amps can_stop plugged state since vin energy_kwh volts alarms"
    assert list(data["chargers"][0]) == [*keys.split(), "last_seen"]
    assert store.load_charger() == report()


@pytest.mark.parametrize(("age", "there"), [(0, True), (29.9, True), (30, False), (-20, True), (-31, False)])
def test_charger_json_expires_after_30_s_and_when_the_clock_went_back(tmp_path: Path, age: float, there: bool) -> None:
    store = store_in(tmp_path)
    store.save_charger(report(), {})
    assert isinstance(later(store, age).load_charger(), ChargerReport) is there


@pytest.mark.parametrize(("age", "there"), [(0, True), (4.9, True), (5, False), (-31, False)])
def test_a_ceiling_expires_after_5_s(tmp_path: Path, age: float, there: bool) -> None:
    store = store_in(tmp_path)
    store.save_ceiling(12, "OVERLOAD", 8210)
    assert data_of(tmp_path / "run" / "ceiling.json") == {"amps": 12, "why": "OVERLOAD", "meter_w": 8210}
    assert isinstance(later(store, age).load_ceiling(), Ceiling) is there
    assert isinstance(store.load_ceiling(NOW + timedelta(seconds=age)), Ceiling) is there


def test_no_ceiling_is_not_a_missing_ceiling(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    assert isinstance(store.load_ceiling(), Missing)
    store.save_ceiling(None, "", None)
    assert store.load_ceiling() == Ceiling(NOW, None, "")


@pytest.mark.parametrize("amps", ['"12"', "12.5", "true", "NaN"])
def test_a_ceiling_that_is_no_whole_number_is_missing(tmp_path: Path, amps: str) -> None:
    store_in(tmp_path).save_ceiling(12, "OVERLOAD", 8210)
    path = tmp_path / "run" / "ceiling.json"
    path.write_text(path.read_text().replace('"amps": 12', f'"amps": {amps}'))
    assert isinstance(read_ceiling(tmp_path / "run", "boot-1"), Missing)


def test_a_decision_comes_back_with_its_time_and_is_not_for_everybody(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    assert isinstance(store.load_decision(), Missing)
    store.save_decision({"summary": "Blue waits.", "next_cycle": NOW})
    assert store.load_decision() == (NOW, {"summary": "Blue waits.", "next_cycle": "2026-12-08T21:00:00-08:00"})
    assert (tmp_path / "run" / "decision.json").stat().st_mode & 0o777 == 0o640


def test_the_owners_words_end_when_they_say_so(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    say(store, word(until_h=1), word(vin="V"))
    store.change_overrides(lambda said: replace(said, solar=False, solar_until=NOW + timedelta(hours=2)))
    assert len(store.load_overrides().words) == 2
    assert later(store, 3600).load_overrides() == Overrides((word(vin="V"),), False, NOW + timedelta(hours=2))
    assert later(store, 7200).load_overrides() == Overrides((word(vin="V"),))


def test_a_word_with_an_end_from_a_clock_ahead_of_ours_is_not_followed_but_kept(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    say(store, word(given_h=24, until_h=26), word(given_h=24))
    assert store.load_overrides().words == (word(given_h=24),)
    store.change_overrides(lambda said: replace(said, solar=True))
    assert len(later(store, 25 * 3600).load_overrides().words) == 2


def test_expired_words_leave_the_file_with_the_next_change(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    say(store, word(until_h=1))
    later(store, 3600).change_overrides(lambda said: replace(said, solar=True))
    assert data_of(tmp_path / "data" / "override.json")["words"] == []


def test_a_change_that_fails_changes_nothing_and_frees_the_lock(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    say(store, word())

    def fails(said: Overrides) -> Overrides:
        raise StateError("state", "no")

    with pytest.raises(StateError, match="no"):
        store.change_overrides(fails)
    assert store.change_overrides(lambda said: said).words == (word(),)


@pytest.mark.parametrize("damage", [b"", b'{"schema": 1, "wri', b'{"schema": 1, "written_at": "2026-12-08T21:00:00-08:00", "data": 3}'])
def test_a_damaged_file_brings_back_no_word_that_was_taken_back_and_loses_none_that_stands(tmp_path: Path, damage: bytes) -> None:
    store, path = store_in(tmp_path), tmp_path / "data" / "override.json"
    say(store, word(vin="V"))
    say(store)
    path.write_bytes(damage)
    assert store.load_overrides() == Overrides()
    assert ["override.json is damaged" in problem for problem in store.problems] == [True]
    say(store, word(vin="W"))
    assert path.with_name("override.json.damaged").read_bytes() == damage
    path.write_bytes(damage)
    assert store.load_overrides().words == (word(vin="W"),)
    for name in ("override.json", "override.json.prev"):
        path.with_name(name).write_bytes(damage)
    assert later(store, 0).load_overrides() == Overrides()


def test_a_file_that_its_owner_removes_takes_his_words_with_it(tmp_path: Path) -> None:
    store, path = store_in(tmp_path), tmp_path / "data" / "override.json"
    say(store, word(vin="V"))
    path.unlink()
    assert store.load_overrides() == Overrides()
    assert store.change_overrides(lambda said: replace(said, solar=True)) == Overrides((), True)


def test_the_daemons_notes_come_back(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    assert store.load_twc() == {}
    store.save_twc({"4085": {"protocol": 2}})
    assert store.load_twc() == {"4085": {"protocol": 2}}


@pytest.mark.parametrize(
    ("title", "cls"), [("target.json", Target), ("override.json", Overrides), ("spend.json", Month), ("cache/NAME.json", Cached)]
)
def test_the_examples_of_the_contract_are_read(title: str, cls: type) -> None:
    written = example(title)
    assert encode(decode(cls, written), ZoneInfo("America/Los_Angeles")) == written


def test_the_example_of_charger_json_is_read_with_the_envelopes_time() -> None:
    written = {**example("charger.json"), "at": NOW.isoformat()}
    assert decode(ChargerReport, written).chargers[0].reserved_amps == 33


def example(title: str) -> Any:
    section = (ROOT / "state" / "README.md").read_text().split(f"\n## {title}\n")[1]
    return json.loads(section.split("```json\n")[1].split("```")[0])


@pytest.mark.parametrize(("hours", "said"), [(0.1, "not written for 360 s"), (14, "not written for 14 h")])
def test_what_was_written_long_ago_says_so_in_hours(hours: float, said: str) -> None:
    found = fresh(Kept(1, NOW - timedelta(hours=hours)), NOW, timedelta(seconds=30), "charger.json")
    assert found == Missing("charger.json", said)
