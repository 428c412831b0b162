"""The daemon's inbox and its notes: what a guard left behind, what is damaged, what cannot be."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import config
from errors import ConfigError
from model_decision import Step, Target, TargetCharger
from state.store import Store
from tests.twc_builders import charging
from twc.report import Report
from twc.share import most_for_all
from twc.values import Ceiling as Heard
from twc_daemon_files import Inbox, charger_file, remembered

NOW = datetime(2026, 12, 8, 23, tzinfo=UTC)
BOOT = "this boot"


def store(folder: Path, at: datetime = NOW) -> Store:
    return Store(folder / "data", folder / "run", UTC, at, "test", BOOT, time.sleep)


def test_a_guard_that_died_before_the_daemon_started_still_has_its_last_word(tmp_path: Path) -> None:
    store(tmp_path, NOW - timedelta(minutes=3)).save_ceiling(6, "OVERLOAD", None)
    inbox = Inbox(tmp_path / "run", BOOT)
    inbox.look(100.0, NOW)
    assert inbox.now(100.0)[1] == Heard(6, fresh=False)


def test_the_last_word_of_a_guard_in_another_boot_is_none(tmp_path: Path) -> None:
    store(tmp_path, NOW - timedelta(minutes=3)).save_ceiling(6, "OVERLOAD", None)
    inbox = Inbox(tmp_path / "run", "the next boot")
    inbox.look(100.0, NOW)
    assert inbox.now(100.0)[1] == Heard(None, fresh=False)


def test_a_damaged_target_is_told_once_and_one_that_is_not_there_is_no_news(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    inbox = Inbox(tmp_path / "run", BOOT)
    inbox.look(0.0, NOW)
    assert capfd.readouterr().err == ""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "target.json").write_text("{", encoding="utf-8")
    for turn in range(1, 9):
        inbox.look(float(turn), NOW)
    assert capfd.readouterr().err.count("target.json counts as absent") == 1
    assert inbox.now(9.0)[0] is None


@pytest.mark.parametrize(("said", "most"), [(None, 40), (0, 0), (-5, 0), (20, 20), (90, 40)])
def test_a_site_limit_of_nothing_is_nothing_and_only_none_is_no_limit(said: int | None, most: int, tmp_path: Path) -> None:
    steps = (Step(NOW + timedelta(hours=1), 32, ()),)
    store(tmp_path).save_target(Target(said, (TargetCharger("*", None, 1, steps),)))
    inbox = Inbox(tmp_path / "run", BOOT)
    inbox.look(0.0, NOW)
    target, ceiling = inbox.now(0.0)
    assert target is not None
    assert most_for_all(charging(2).master, target, ceiling) == most


@pytest.mark.parametrize(
    "row",
    [
        {"id": "4085", "protocol": 3, "max_amps": 32, "offer": 6},
        {"id": "4085", "protocol": 0, "max_amps": 32, "offer": 6},
        {"id": "12345", "protocol": 2, "max_amps": 32, "offer": 6},
        {"id": "-1", "protocol": 2, "max_amps": 32, "offer": 6},
        {"id": "7777", "protocol": 2, "max_amps": 32, "offer": 6},
        {"id": "4085", "protocol": 2, "max_amps": 32, "offer": -5},
        {"id": "4085", "protocol": 2, "max_amps": 32, "offer": 1e9},
        {"id": "4085", "protocol": 2, "max_amps": 32, "offer": 6, "earlier": 1e9},
        {"id": "4085", "protocol": 2},
        "4085",
    ],
)
def test_notes_of_a_connector_that_cannot_be_are_left_out(row: object) -> None:
    whole = {"id": "4086", "protocol": 2, "max_amps": 32, "offer": 6}
    assert [one.id for one in remembered({"slaves": [row, whole, whole]})] == [0x4086]


def test_a_port_that_is_gone_is_no_link_and_an_alarm() -> None:
    report = Report(charging(2).master, 0.0, NOW)
    assert charger_file(report, NOW).link == "up"
    told = charger_file(report, NOW, "the port /dev/null is gone")
    assert told.link == "down"
    assert told.alarms[0] == "the port /dev/null is gone"


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("TWC_BREAKER_AMPS=50\nTWC_FAILSAFE_AMPS=60", "TWC_FAILSAFE_AMPS"),
        ("TWC_PORT=socket://127.0.0.1", "TWC_PORT"),
        ("TWC_PORT=rfc2217://adapter", "TWC_PORT"),
    ],
)
def test_a_failsafe_above_the_circuit_and_a_network_port_without_a_number_are_refused(line: str, names: str, tmp_path: Path) -> None:
    env = tmp_path / "house.env"
    env.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=names):
        config.load(env, {}, root=tmp_path)


def test_network_ports_with_a_number_are_taken(tmp_path: Path) -> None:
    env = tmp_path / "house.env"
    for url in ("socket://127.0.0.1:4001", "rfc2217://adapter:4001?ign_set_control", "/dev/serial/by-id/usb-x"):
        env.write_text(f"TWC_PORT={url}\n", encoding="utf-8")
        assert config.load(env, {}, root=tmp_path).twc_port == url


def test_the_notes_are_json_as_the_daemon_writes_them(tmp_path: Path) -> None:
    store(tmp_path).save_twc({"slaves": [{"id": "4085", "protocol": 1, "max_amps": 32, "offer": 6, "earlier": 16}]})
    body = json.loads((tmp_path / "data" / "twc.json").read_text(encoding="utf-8"))["data"]
    assert [(one.offer, one.earlier) for one in remembered(body)] == [(6, 16)]
