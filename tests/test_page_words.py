"""The owner's words on the page: what each button writes to override.json, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from model import Missing, Word
from page.speak import BUTTONS, Click, speak
from tests.page_kit import AT, Home, home

VIN = "5YJ3AMPSHFT000001"


@pytest.fixture
def place(tmp_path: Path) -> Home:
    return home(tmp_path)


def say(place: Home, button: object, car: object = "all", amps: object = None, until: object = None) -> tuple[bool, str]:
    return speak(place.reader(), Click(button, car, amps, until))


def stands(place: Home) -> list[tuple[str | None, Word, int | None]]:
    found = place.look().overrides
    assert not isinstance(found, Missing)
    return [(word.vin, word.word, word.amps) for word in found.words]


def test_charge_now_with_amps_for_one_car_until_a_time(place: Home) -> None:
    done, said = say(place, "charge-now", VIN, "24", "23:15")
    assert (done, said) == (True, "Blue: Charge now until 23:15. The next cycle obeys (at most 5 min).")
    assert stands(place) == [(VIN, Word.CHARGE_NOW, 24)]
    word = json.loads((place.data / "override.json").read_text(encoding="utf-8"))
    assert word["written_by"] == "app"
    assert word["data"]["words"][0]["until"] == "2026-12-09T23:15:00-08:00"
    assert word["data"]["words"][0]["given_at"] == AT.isoformat()


def test_amps_that_cannot_be_as_said_are_answered_with_what_they_become(place: Home) -> None:
    assert (
        "Charges now, to the limit or unplug. 2 A are below the least a car charges with: it gets 6 A. The next"
        in say(place, "charge-now", VIN, "2")[1]
    )
    assert "80 A are more than is permitted: it gets 48 A (" in say(place, "charge-now", VIN, "80")[1]
    assert "it gets" not in say(place, "charge-now", VIN, "24")[1]
    assert stands(place) == [(VIN, Word.CHARGE_NOW, 24)]
    other = "5YJ3AMPSHFT000002"
    two = replace(place, settings=replace(place.settings, tesla_vin=(VIN, other)))
    assert "Blue: 5 A are below the least a car charges with: it gets 6 A. The next" in say(two, "charge-now", "all", "5")[1]


def test_in_a_dry_run_no_word_claims_to_be_obeyed(place: Home) -> None:
    place.change("decision.json", lambda data: data.update(dry_run=True))
    done, said = say(place, "stop")
    assert (done, "nothing is sent to a car" in said, "obeys" in said) == (True, True, False), said
    place.change("decision.json", lambda data: data.update(dry_run=False))  # went live while this page runs
    dry = replace(place, settings=replace(place.settings, dry_run=True))
    assert "The next cycle obeys" in say(dry, "stop")[1]
    (place.run_dir / "decision.json").unlink()
    assert "nothing is sent to a car" in say(dry, "stop")[1]


def test_while_no_cycle_runs_no_word_claims_to_be_obeyed(place: Home) -> None:
    click = Click("stop", "all", "", "")
    assert "The next cycle obeys" in speak(place.reader(AT + timedelta(minutes=14)), click)[1]
    done, said = speak(place.reader(AT + timedelta(hours=14)), click)
    assert (done, "nobody obeys it yet: no cycle for 14 h." in said, "next cycle" in said) == (True, True, False), said


def test_each_button_writes_its_word_and_nothing_but_override_json(place: Home) -> None:
    before = place.files()
    for button in BUTTONS:
        done, said = say(place, button)
        assert done, said
        changed = {name for name, body in place.files().items() if before.get(name) != body}
        assert {name.rpartition("/")[2] for name in changed} <= {"override.json", "override.json.prev"}


def test_the_newest_word_replaces_the_older_one_and_auto_takes_all_back(place: Home) -> None:
    say(place, "charge-now", VIN)
    say(place, "stop", VIN)
    assert stands(place) == [(VIN, Word.STOP, None)]
    say(place, "hands-off")
    assert stands(place) == [(None, Word.HANDS_OFF, None)]
    say(place, "auto")
    assert stands(place) == []


def test_the_sun_is_followed_or_not_and_back_to_the_plan_forgets_it(place: Home) -> None:
    for button, on in (("solar-on", True), ("solar-off", False), ("auto", None)):
        say(place, button)
        found = place.look().overrides
        assert not isinstance(found, Missing)
        assert found.solar is on


@pytest.mark.parametrize(
    ("click", "words"),
    [
        (Click("charge-now", "all", "81", None), "1 to 80"),
        (Click("charge-now", "all", "0", None), "1 to 80"),
        (Click("charge-now", "all", "81", None), "amps goes with charge-now, 1 to 80: scheduler.py override charge-now --amps 16"),
        (Click("charge-now", "all", "lots", None), "whole number"),
        (Click("charge-now", "all", "9" * 400, None), "whole number"),
        (Click("charge-now", "all", ["24"], None), "whole number"),
        (Click("charge-now", "5YJ3AMPSHFT999999", None, None), "no such car"),
        (Click("charge-now", {"a": 1}, None, None), "no such car"),
        (Click("charge-now", "all", None, "25:99"), "is not a time"),
        (Click("stop", "all", None, "2020-01-01T00:00:00Z"), "over already"),
        (Click("charge-now", "all", None, "<script>"), "is not a time"),
        (Click("format-disk", "all", None, None), "no such button"),
        (Click(["stop"], "all", None, None), "no such button"),
        (Click(None, None, None, None), "no such button"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_sentence_that_helps(click: Click, words: str, place: Home) -> None:
    done, said = speak(place.reader(), click)
    assert not done
    assert words in said
    assert not (place.data / "override.json").exists()


def test_a_newer_override_json_is_not_overwritten(place: Home) -> None:
    path = place.data / "override.json"
    path.write_text(json.dumps({"schema": 99, "written_at": AT.isoformat(), "written_by": "x", "data": {}}), encoding="utf-8")
    before = path.read_bytes()
    done, said = say(place, "stop")
    assert not done
    assert "Update Ampshift" in said
    assert path.read_bytes() == before
