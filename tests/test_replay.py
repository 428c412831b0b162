"""Bodies that nobody here wrote: one cycle over each combination of recordings, on a day of 2022."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from simulator.houses import ZONE
from simulator.replay import Case, Replay, cases
from tests.process import ROOT, Ended, Warm

SHARED = ROOT.parent / "shared"
AT = datetime(2022, 7, 14, 18, 0, tzinfo=ZONE)
CASES = cases(SHARED)
SOURCES = {"tesla", "powerwall", "meter", "wall connector", "load forecast", "grid prices", "sun and wind", "fuel mix", "car reading"}

pytestmark = pytest.mark.skipif(not CASES, reason="no recordings beside the project (../shared/fixtures, ../shared/data)")


def ask(warm: Warm, folder: Path, replay: Replay, *command: str) -> Ended:
    env = folder / "replay.env"
    env.write_text("".join(f"{name}={value}\n" for name, value in replay.env().items()))
    warm.begin("--env", str(env), "--state", str(folder / "state"), "--now", AT.isoformat(), *command)
    return warm.end()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_recording_leads_to_a_decision_with_reasons_or_a_clear_missing(case: Case, tmp_path: Path, warm: Warm) -> None:
    with Replay(SHARED, case, AT) as replay:
        once = ask(warm, tmp_path, replay, "once", "--json")
        heard = [request.method for request in replay.fleet.log]
        run = ask(warm, tmp_path, replay, "run", "--json")
    assert (once.code, once.err, set(heard)) == (0, "", {"GET"})
    for ended in (once, run):
        data = json.loads(ended.out)
        missed = {name: source["why"] for name, source in data["sources"].items() if not source["ok"]}
        assert set(data["sources"]) <= SOURCES
        assert all(why for why in missed.values())
        assert data["summary"]
        for car in data["cars"]:
            assert car["reasons"]
            assert all(reason["text"] and reason["code"] for reason in car["reasons"])
            assert car["soc"] is not None or "car reading" in missed or car["action"] in ("none", "wait", "charge")
    assert run.code == 0
    assert "Traceback" not in run.err


@pytest.mark.parametrize("vehicle", sorted({case.vehicle for case in CASES}))
def test_the_explanation_of_a_recorded_car_reads_to_the_end(vehicle: str, tmp_path: Path, warm: Warm) -> None:
    with Replay(SHARED, Case(vehicle, "exporting", "shelly_em"), AT) as replay:
        ended = ask(warm, tmp_path, replay, "-v", "once")
    assert (ended.code, ended.err) == (0, "")
    for word in ("SEEN", "Powerwall:", "Meter:", "Wall Connector:", "WHY", "WOULD", "IF", "TESLA"):
        assert word in ended.out
