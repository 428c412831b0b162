"""bridge.py as a real process with a real Mosquitto: words in, answers out, and everything that can go wrong between them."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from simulator.broker import Broker
from state.files import boot_id
from state.store import Store
from tests.brokers import WAIT_S, Listener, broker, say, until
from tests.builders import VIN
from tests.home_assistant_fields import wrong

ROOT = Path(__file__).resolve().parents[1]
COMMAND, ANSWER, STATUS, WORDS = "ampshift/command", "ampshift/answer", "ampshift/bridge", "ampshift/words"
STARTED: list[subprocess.Popen[str]] = []
LOGIN = ("ampshift", "s3cr3t-of-the-broker")


@dataclass
class Running:
    """A bridge, its folder and its broker."""

    folder: Path
    far: Broker
    process: subprocess.Popen[str]

    def words(self) -> list[Mapping[str, Any]]:
        path = self.folder / "state/data/override.json"
        if not path.exists():
            return []
        found: list[Mapping[str, Any]] = json.loads(path.read_text())["data"]["words"]
        return found

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(WAIT_S)

    def ask(self, hearer: Listener, payload: object) -> Any:
        """Says something; gives the answer."""
        before = len(hearer.told(ANSWER))
        say(self.far, COMMAND, payload)
        return hearer.wait(ANSWER, before + 1)[before]


def start(folder: Path, far: Broker, **more: str) -> Running:
    """A bridge of the house in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"MQTT_URL": far.url, "TIME_ZONE": "America/Los_Angeles", "TESLA_VIN": VIN, **more}
    (folder / "home.env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()), encoding="utf-8")
    command = [sys.executable, "-W", "error", str(ROOT / "bridge.py"), "--env", str(folder / "home.env"), "--state", str(folder / "state")]
    with (folder / "log").open("w") as log:
        STARTED.append(subprocess.Popen(command, stderr=log, text=True, env={}))
    return Running(folder, far, STARTED[-1])


@pytest.fixture(autouse=True)
def no_orphans() -> Iterator[None]:
    """A test that fails in the middle leaves no bridge behind."""
    yield
    while STARTED:
        with STARTED.pop() as process:
            process.kill()


@pytest.fixture
def far(tmp_path: Path) -> Iterator[Broker]:
    with broker(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def bridge(tmp_path: Path, far: Broker) -> Running:
    return start(tmp_path / "house", far)


@pytest.fixture
def hearer(far: Broker, bridge: Running) -> Iterator[Listener]:
    with Listener(far, "#") as listener:
        until(lambda: "Connected to" in bridge.log(), "the bridge listens")
        yield listener


def test_a_word_is_written_to_override_json_and_answered(bridge: Running, hearer: Listener) -> None:
    answer = bridge.ask(hearer, {"word": "charge-now", "car": VIN[-6:], "at": time.time(), "id": "a1"})
    assert answer["ok"] is True
    assert answer["id"] == "a1"
    assert answer["text"] == "000001: Charges now, to the limit or unplug. The next cycle obeys (at most 5 min)."
    assert [(one["word"], one["vin"], one["amps"]) for one in bridge.words()] == [("charge-now", VIN, None)]
    assert json.loads((bridge.folder / "state/data/override.json").read_text())["written_by"] == "bridge"
    assert hearer.wait(WORDS, 2)[-1]["words"] == [{"car": "000001", "word": "charge-now", "amps": None, "until": None}]


def test_in_a_dry_run_no_word_claims_to_be_obeyed(tmp_path: Path, far: Broker) -> None:
    dry = start(tmp_path / "house", far, DRY_RUN="on")
    with Listener(far, "#") as listener:
        until(lambda: "Connected to" in dry.log(), "the bridge listens")
        answer = dry.ask(listener, {"word": "stop"})
    assert answer["ok"] is True
    assert "nothing is sent to a car" in str(answer["text"])
    assert "obeys" not in str(answer["text"])


def test_solar_off_and_on_again_is_seen_by_the_switch(bridge: Running, hearer: Listener) -> None:
    assert hearer.wait(WORDS)[0]["solar"] is True
    bridge.ask(hearer, {"word": "solar", "on": False})
    assert hearer.wait(WORDS, 2)[1]["solar"] is False
    bridge.ask(hearer, {"word": "auto"})
    assert hearer.wait(WORDS, 3)[2]["solar"] is True


def test_junk_is_answered_and_the_word_after_it_is_heard(bridge: Running, hearer: Listener) -> None:
    for junk in ("ON", '{"word": ', {"word": "charge-now", "amps": 48}, {"word": "stop", "at": time.time() - 3600}):
        answer = bridge.ask(hearer, junk)
        assert answer["ok"] is False
        assert answer["text"]
        assert "amps" not in junk or "scheduler.py override charge-now --amps N" in str(answer["text"])  # a command stays whole
    assert bridge.words() == []
    assert bridge.ask(hearer, {"word": "stop"})["ok"] is True
    assert [one["word"] for one in bridge.words()] == ["stop"]


def test_a_retained_word_is_not_obeyed_at_a_start(tmp_path: Path, far: Broker) -> None:
    say(far, COMMAND, {"word": "charge-now"}, retain=True)
    with Listener(far, "#") as hearer:
        running = start(tmp_path / "house", far)
        assert "publish it without retain" in hearer.wait(ANSWER)[0]["text"]
        assert running.words() == []
        assert running.ask(hearer, {"word": "stop"})["ok"] is True


def test_home_assistant_finds_its_buttons_and_sees_the_bridge_go(bridge: Running, hearer: Listener) -> None:
    until(lambda: sum(one.topic.endswith("/config") for one in hearer.heard) == 5, "four buttons and a switch")
    for one in hearer.heard:
        if one.topic.endswith("/config"):
            assert wrong(one.topic, one.payload.decode()) == []
    assert bridge.end() == 0
    assert hearer.wait(STATUS, 2) == ["online", "offline"]


def test_a_bridge_that_is_killed_is_offline_by_its_will(bridge: Running, hearer: Listener) -> None:
    bridge.end(signal.SIGKILL)
    assert hearer.wait(STATUS, 2) == ["online", "offline"]


def test_a_broker_that_goes_and_comes_back_is_found_again(bridge: Running, hearer: Listener, far: Broker) -> None:
    far.stop()
    until(lambda: "broke off" in bridge.log() or "No connection" in bridge.log(), "the bridge notices")
    far.start()
    with Listener(far, "#") as again:
        assert again.wait(STATUS) == ["online"]
        assert bridge.ask(again, {"word": "hands-off"})["ok"] is True
    until(lambda: bridge.log().count("Connected to") == 2, "the second line")


def test_a_broker_that_is_not_there_yet_is_waited_for_and_a_signal_ends_that(tmp_path: Path, far: Broker) -> None:
    far.stop()
    running = start(tmp_path / "house", far)
    until(lambda: "No connection" in running.log(), "the bridge says so")
    time.sleep(1.2)
    assert running.end() == 0
    assert running.log().count("No connection") == 1


def test_a_second_bridge_of_the_same_house_ends_with_75(bridge: Running, hearer: Listener, far: Broker) -> None:
    second = start(bridge.folder, far)
    assert second.process.wait(WAIT_S) == 75
    assert "Another bridge.py runs already" in second.log()
    assert bridge.ask(hearer, {"word": "stop"})["ok"] is True


def test_two_houses_at_one_broker_do_not_hear_each_other(bridge: Running, hearer: Listener, far: Broker, tmp_path: Path) -> None:
    other = start(tmp_path / "other", far, MQTT_TOPIC="cabin/ampshift")
    try:
        assert hearer.wait("cabin/ampshift/bridge") == ["online"]
        say(far, "cabin/ampshift/command", {"word": "hands-off"})
        hearer.wait("cabin/ampshift/answer")
        assert [one["word"] for one in other.words()] == ["hands-off"]
        assert bridge.words() == []
        assert hearer.told(STATUS) == ["online"]
    finally:
        assert other.end() == 0


def test_a_wrong_password_is_said_once_and_shown_nowhere(tmp_path: Path) -> None:
    with broker(tmp_path / "broker", login=LOGIN) as strict:
        running = start(tmp_path / "house", strict, MQTT_USER="ampshift", MQTT_PASSWORD="wr0ng-passw0rd")
        until(lambda: "refuses the user or the password" in running.log(), "the bridge says so")
        time.sleep(1.5)
        assert running.end() == 0
        assert running.log().count("refuses") == 1
        assert "wr0ng" not in running.log()


def test_the_right_password_in_the_address_is_taken(tmp_path: Path) -> None:
    with broker(tmp_path / "broker", login=LOGIN) as strict, Listener(strict, STATUS) as listener:
        running = start(tmp_path / "house", strict, MQTT_URL=strict.url.replace("mqtt://", f"mqtt://{LOGIN[0]}:{LOGIN[1]}@"))
        assert listener.wait(STATUS) == ["online"]
        assert running.end() == 0
        assert LOGIN[1] not in running.log()


def test_a_storm_of_words_is_cut_off_and_stop_still_gets_through(bridge: Running, hearer: Listener) -> None:
    for number in range(30):
        say(bridge.far, COMMAND, {"word": "hands-off", "id": str(number)})
    answers = hearer.wait(ANSWER, 11)
    assert [one["ok"] for one in answers] == [True] * 10 + [False]
    assert "more than 10 words in a minute" in answers[-1]["text"]
    assert bridge.ask(hearer, {"word": "stop"})["ok"] is True
    assert len(hearer.told(ANSWER)) == 12


def test_a_storm_of_junk_tells_that_words_are_not_heard_either(bridge: Running, hearer: Listener) -> None:
    for _ in range(12):
        say(bridge.far, COMMAND, "junk")
    assert "more than 10 words in a minute" in hearer.wait(ANSWER, 11)[-1]["text"]


def test_while_no_cycle_runs_no_word_claims_to_be_obeyed(bridge: Running, hearer: Listener) -> None:
    at = datetime.now(UTC) - timedelta(hours=3)
    Store(bridge.folder / "state/data", bridge.folder / "state/run", UTC, at, "scheduler", boot_id(), lambda _s: None).save_decision({})
    assert "nobody obeys it yet: no cycle for 3 h." in str(bridge.ask(hearer, {"word": "stop"})["text"])


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_answered(bridge: Running, hearer: Listener) -> None:
    (bridge.folder / "state/data").mkdir(exist_ok=True)
    (bridge.folder / "state/data").chmod(0o500)
    answer = bridge.ask(hearer, {"word": "stop"})
    assert answer["ok"] is False


def test_a_damaged_override_of_a_newer_version_is_answered_and_left_alone(bridge: Running, hearer: Listener) -> None:
    path = bridge.folder / "state/data/override.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"schema": 99, "data": {}}')
    answer = bridge.ask(hearer, {"word": "stop"})
    assert answer["ok"] is False
    assert "newer Ampshift" in answer["text"]
    assert path.read_text() == '{"schema": 99, "data": {}}'


def test_without_a_broker_in_the_settings_it_ends_with_2(tmp_path: Path, far: Broker) -> None:
    running = start(tmp_path / "house", far, MQTT_URL="")
    assert running.process.wait(WAIT_S) == 2
    assert "MQTT_URL is not set" in running.log()


@pytest.mark.skipif(shutil.which("mosquitto_pub") is None, reason="mosquitto_pub is not installed here")
def test_the_commands_of_the_page_are_words(bridge: Running, hearer: Listener) -> None:
    page = (ROOT / "docs/HOME-ASSISTANT.md").read_text(encoding="utf-8")
    lines = [line.strip() for line in page.splitlines() if line.startswith("    mosquitto_pub")]
    assert len(lines) >= 3
    for number, line in enumerate(lines, 1):
        assert "-h 192.168.1.5" in line
        subprocess.run(shlex.split(line.replace("-h 192.168.1.5", f"-h 127.0.0.1 -p {bridge.far.port}")), check=True, timeout=WAIT_S)
        assert hearer.wait(ANSWER, number)[-1]["ok"] is True


def test_the_unit_holds_what_the_installer_puts_in_its_place() -> None:
    lines = (ROOT / "deploy/ampshift-bridge.service").read_text(encoding="utf-8").splitlines()
    assert "User=pi" in lines
    assert "ExecStart=/home/pi/ampshift/.venv/bin/python /home/pi/ampshift/bridge.py" in lines
    assert {"NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=read-only", "CapabilityBoundingSet="} <= set(lines)
    assert "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX" in lines


def test_one_thread_is_all_there_is(bridge: Running, hearer: Listener) -> None:
    bridge.ask(hearer, {"word": "stop"})
    assert len(list(Path(f"/proc/{bridge.process.pid}/task").iterdir())) == 1
