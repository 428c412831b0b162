"""`make demo`: the whole night once through the real programs, and its parts."""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from subprocess import PIPE

import pytest

from simulator.demo_act import act
from simulator.demo_child import Scheduler, Stop
from simulator.demo_house import AVERAGE_G_PER_KWH, DEPARTS, DOLLARS_PER_MWH, END, FIRST_LOOK, LOAD_MW, PLUGS_IN, PRICE, START, house
from simulator.demo_night import AMPSHIFT, AT_ONCE, SAMPLE, TIMER, Night, without_ampshift
from simulator.demo_play import Told
from simulator.demo_show import Terminal, paper_of, save
from simulator.demo_text import Paper, apart, bars, drawing, meaning, table
from simulator.houses import BLUE, ZONE
from simulator.network import Network

ROOT = Path(__file__).parents[1]
DEMO = [sys.executable, "-m", "simulator.demo"]
PNG = b"\x89PNG\r\n\x1a\n"
# What an owner's shell may hold: none of it may reach the night's programs, where it would stand above the demo's own settings.
OWNERS = {"TESLA_API_URL": "https://car.invalid", "POWERWALL_URL": "https://wall.invalid", "HTTP_PROXY": "http://proxy.invalid:1"}


def environment(folder: Path) -> dict[str, str]:
    (folder / "temporary").mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, **OWNERS, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder / "temporary"), "COLUMNS": "90"}


def left_in(folder: Path) -> list[str]:
    """What a demo in `folder` left behind: temporary files, and processes that still live in them."""
    living = [place_of(process) for process in Path("/proc").glob("[0-9]*")]
    return [str(file) for file in (folder / "temporary").iterdir()] + [place for place in living if place.startswith(str(folder))]


def place_of(process: Path) -> str:
    try:
        return str((process / "cwd").readlink())
    except OSError:
        return ""  # ended meanwhile, or somebody else's


@dataclass(frozen=True)
class Shown:
    """A demo that has ended."""

    folder: Path
    code: int
    text: str
    problems: str
    seconds: float

    def row(self, name: str) -> list[str]:
        """The table's cells: plug and charge, midnight timer, Ampshift."""
        line = next(line for line in self.text.splitlines() if line.startswith(name))
        return line[len(name) :].replace(" kWh", "").replace(" kg", "").replace(" %", "").replace("$", "").split()


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shown, Shown]:
    """The night and the wires, side by side: the second one mostly waits."""
    folders = [tmp_path_factory.mktemp(name) for name in ("night", "wires")]
    began = time.monotonic()
    with contextlib.ExitStack() as running:
        parts = [
            running.enter_context(
                subprocess.Popen(
                    [*DEMO, "--only", folder.name[:5]], cwd=folder, env=environment(folder), encoding="utf-8", stdout=PIPE, stderr=PIPE
                )
            )
            for folder in folders
        ]
        ended = [(*part.communicate(timeout=180), time.monotonic() - began) for part in parts]
    night, wires = (
        Shown(folder, part.returncode, out, problems, seconds)
        for folder, part, (out, problems, seconds) in zip(folders, parts, ended, strict=True)
    )
    return night, wires


@pytest.fixture(scope="module")
def shown(played: tuple[Shown, Shown]) -> Shown:
    return played[0]


@pytest.fixture(scope="module")
def wired(played: tuple[Shown, Shown]) -> Shown:
    return played[1]


def test_the_night_is_played_in_two_minutes_and_no_program_says_a_word_on_stderr(shown: Shown) -> None:
    assert (shown.code, shown.problems) == (0, "")
    assert shown.seconds < 120


def test_the_explanation_names_event_place_distance_and_temperature_behind_a_need(shown: Shown) -> None:
    (line,) = (line for line in shown.text.splitlines() if line.startswith("NEEDED"))
    assert all(part in line for part in ("Dentist in 12 Harbor Road", "54 mi there and back (by road)", "°F", "20 % left at home"))


def test_the_car_waits_by_the_start_that_ampshift_left_in_it_and_is_charged_later(shown: Shown) -> None:
    order = (
        "Ampshift leaves a start of its own in the car",
        "18:10  you plug Blue in",
        "--now 2026-12-07T18:15:00-08:00 -v once",
        "WOULD    send nothing to the car now",
        "Ampshift wakes Blue",
        "Ampshift starts the charge",
        "07:30  you drive away",
    )
    places = [shown.text.find(words) for words in order]
    assert -1 not in places
    assert places == sorted(places)


def test_the_car_is_ready_at_the_departure_for_less_money_than_when_plugged_in(shown: Shown) -> None:
    at_once, timer, ours = (float(cell) for cell in shown.row("bill of the charge"))
    assert ours < timer < at_once
    assert min(float(cell) for cell in shown.row("SOC at 07:30")) >= 79.5
    assert max(float(cell) for cell in shown.row("energy from the wall")) - min(float(c) for c in shown.row("energy from the wall")) < 0.4


def test_every_command_in_the_table_is_in_the_list_of_the_night(shown: Shown) -> None:
    assert shown.row("commands sent")[:2] == ["0", "0"]
    assert shown.row("Tesla's bill")[:2] == ["0.000", "0.000"]
    assert int(shown.row("commands sent")[2]) == len(re.findall(r"(?m)^\d\d:\d\d  Ampshift ", shown.text))
    assert 0 < float(shown.row("Tesla's bill")[2]) < 0.2


def test_nothing_is_left_behind_but_the_picture(shown: Shown) -> None:
    assert (shown.folder / "demo-night.png").read_bytes().startswith(PNG)
    assert f"a picture: {shown.folder / 'demo-night.png'}" in shown.text
    assert sorted(file.name for file in shown.folder.iterdir()) == ["demo-night.png", "temporary"]
    assert left_in(shown.folder) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_night_ends_it_without_a_trace(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(DEMO, cwd=tmp_path, env=environment(tmp_path), encoding="utf-8", stdout=PIPE, stderr=PIPE) as demo:
        assert demo.stdout is not None
        assert any("Now for real" in line for line in demo.stdout)
        assert left_in(tmp_path)  # so that the check below can fail
        demo.send_signal(number)
        _, problems = demo.communicate(timeout=20)
    assert (demo.returncode, problems) == (128 + number, "")
    assert left_in(tmp_path) == []
    assert not (tmp_path / "demo-night.png").exists()


def test_the_daemon_follows_its_target_lowers_first_dies_and_comes_back_unnoticed(wired: Shown) -> None:
    order = (
        "both are linked; offers 16 + 16 A",
        "4086 hears 6 A",
        "4085 hears 30 A",
        "kill -9",
        "both are linked again",
        "no car lost its power",
        "4085  protocol 1 (can stop a car), a car is plugged in: charging, offers 30 A",
        "4086  protocol 2 (never less than 6 A), a car is plugged in",
        "ended with code 0; the connectors keep 0 + 6 A",
    )
    assert (wired.code, wired.problems) == (0, "")
    places = [wired.text.find(words) for words in order]
    assert -1 not in places, wired.text
    assert places == sorted(places)
    assert left_in(wired.folder) == []
    assert [file.name for file in wired.folder.iterdir()] == ["temporary"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_daemon_runs_ends_both_without_a_trace(tmp_path: Path, number: signal.Signals) -> None:
    words = [*DEMO, "--only", "wires"]
    with subprocess.Popen(words, cwd=tmp_path, env=environment(tmp_path), encoding="utf-8", stdout=PIPE, stderr=PIPE) as demo:
        assert demo.stdout is not None
        assert any("both are linked" in line for line in demo.stdout)
        assert len(left_in(tmp_path)) == 3  # its folder, itself and the daemon
        demo.send_signal(number)
        _, problems = demo.communicate(timeout=20)
    assert (demo.returncode, problems) == (128 + number, "")
    assert left_in(tmp_path) == []


def test_a_daemon_that_fails_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "twc_daemon.py"
    program.write_text("import sys\nsys.exit('no such option')\n")
    assert not act(Stop(), print, program)
    told = capsys.readouterr()
    assert "twc_daemon.py ended by itself:\nno such option" in told.err
    assert "linked" not in told.out


def test_a_machine_that_is_too_busy_ends_that_part_and_no_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "twc_daemon.py"
    program.write_text("import time\ntime.sleep(60)\n")
    assert act(Stop(), print, program, patience_s=0.3)
    assert "nothing came within 0.3 s" in capsys.readouterr().out


def test_a_cycle_that_fails_is_shown_and_ends_the_demo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "scheduler.py"
    program.write_text("import sys\nsys.exit('the disk is full')\n")
    with pytest.raises(SystemExit) as ended:
        Scheduler(tmp_path, Stop(), program).run("2026-12-07T18:15:00-08:00", "run")
    told = capsys.readouterr().err
    assert ended.value.code == 1
    assert "the disk is full" in told
    assert "scheduler.py --env house.env --state state --now 2026-12-07T18:15:00-08:00 run failed with exit code 1" in told


def test_what_a_good_cycle_says_on_stderr_is_kept_for_the_end(tmp_path: Path) -> None:
    program = tmp_path / "scheduler.py"
    program.write_text("import sys\nprint('hello')\nprint('All problems are gone.', file=sys.stderr)\n")
    scheduler = Scheduler(tmp_path, Stop(), program)
    assert scheduler.run("2026-12-07T18:15:00-08:00", "run") == "hello\n"
    assert scheduler.said == ["All problems are gone.\n"]


def test_after_a_signal_no_further_program_is_started(tmp_path: Path) -> None:
    program = tmp_path / "scheduler.py"
    program.write_text("open('ran', 'w').close()\n")
    with pytest.raises(SystemExit) as ended:
        Scheduler(tmp_path, Stop(number=signal.SIGTERM), program).run("2026-12-07T18:15:00-08:00", "run")
    assert ended.value.code == 143
    assert not (tmp_path / "ran").exists()


@pytest.fixture(scope="module")
def nights() -> tuple[Night, ...]:
    alone = [without_ampshift(AT_ONCE), without_ampshift(TIMER)]
    return (*alone, replace(alone[1], name=AMPSHIFT, cost=alone[1].cost - 0.2, dollars=0.05, commands=4))


def charging(night: Night) -> tuple[datetime, datetime]:
    drawn = [moment.start for moment in night.moments if moment.kw > 0]
    return drawn[0], drawn[-1] + SAMPLE


def test_without_ampshift_the_car_charges_at_once_or_from_midnight(nights: tuple[Night, ...]) -> None:
    hours = timedelta(hours=2, minutes=50), timedelta(hours=3)
    midnight = datetime(2026, 12, 8, tzinfo=ZONE)
    for night, begins in zip(nights, (PLUGS_IN, midnight), strict=False):
        first, last = charging(night)
        assert first == begins
        assert hours[0] <= last - first <= hours[1]
        assert night.soc == pytest.approx(80, abs=0.2)


def test_the_same_night_has_the_same_numbers(nights: tuple[Night, ...]) -> None:
    assert without_ampshift(TIMER) == nights[1]


def test_the_charge_is_paid_at_the_hours_price_and_all_of_it_comes_from_the_grid(nights: tuple[Night, ...]) -> None:
    for night in nights[:2]:
        hour = timedelta(hours=1) / SAMPLE
        assert night.cost == pytest.approx(sum(moment.kw / hour * PRICE(moment.start) for moment in night.moments))
        assert night.kwh == pytest.approx(sum(moment.kw / hour for moment in night.moments))


def test_the_data_are_two_days_of_24_hours_and_the_car_comes_home_at_the_dearest() -> None:
    assert [len(one) for days in (DOLLARS_PER_MWH, LOAD_MW, AVERAGE_G_PER_KWH) for one in days] == [24] * 6
    hours = [START + timedelta(hours=number) for number in range(15)]
    assert max(hours, key=PRICE) == START
    assert PRICE(datetime(2026, 12, 7, 23, 59, tzinfo=ZONE)) == pytest.approx(0.08272)
    assert PRICE(datetime(2026, 12, 8, tzinfo=ZONE)) == pytest.approx(0.08276)


def test_what_happens_is_told_once_in_its_order() -> None:
    world = house()
    told = Told(world)
    world.advance(START + timedelta(minutes=20))
    world.command(BLUE.vin, "charge_stop", {})
    world.command(BLUE.vin, "charge_stop", {})
    assert [line[:27] for line in told.news()] == [
        "18:10  you plug Blue in",
        "18:11  Blue charges by itse",
        "18:20  Ampshift stops the c",
        "18:20  Ampshift stops the c",
    ]
    assert told.news() == []
    world.command(BLUE.vin, "set_charging_amps", {"charging_amps": 16})
    world.command(BLUE.vin, "charge_stop", {})
    assert told.news() == ["18:20  Ampshift sets 16 A", "18:20  Ampshift stops the charge: refused (not_charging)"]


@pytest.mark.parametrize("width", [24, 40, 60, 80, 200])
def test_table_and_drawing_fit_the_terminal(nights: tuple[Night, ...], width: int) -> None:
    paper = Paper(width)
    drawn = drawing(nights, paper)
    assert max(len(line) for line in drawn.splitlines()[:6]) <= width
    assert width < 40 or max(len(line) for line in table(nights, paper).splitlines()) <= width
    for night in nights:
        assert f"${night.cost:.2f}" in table(nights, paper)
    assert [line.split()[0] for line in drawn.splitlines()[:6]] == ["clock", "price", "load", "at", "timer", "Ampshift"]


def test_the_drawing_shows_each_charge_under_its_hours(nights: tuple[Night, ...]) -> None:
    rows = {line[:10].strip(): line[10:] for line in drawing(nights, Paper(80)).splitlines()}
    assert rows["at once"] == "▂███████████▂"
    assert rows["timer"] == " " * 24 + "▇██████████▅"
    assert rows["clock"] == "18          21          00          03          06"


def test_bars_show_what_is_small_and_leave_out_what_is_nothing() -> None:
    assert bars([0, 0.1, 11, 11.5], " ▁▂▃▄▅▆▇█", from_zero=True) == " ▁██"
    assert bars([7, 8, 11], " ▁▂▃▄▅▆▇█", from_zero=False) == "▁▃█"
    assert bars([5, 5], " ▁▂▃▄▅▆▇█", from_zero=False) == "▁▁"


def test_without_block_characters_plain_ones_stand_in(nights: tuple[Night, ...]) -> None:
    assert drawing(nights, Paper(80, blocks=False)).isascii()


class Tty(io.TextIOWrapper):
    def __init__(self, encoding: str = "utf-8") -> None:
        self.bytes = io.BytesIO()
        super().__init__(self.bytes, encoding=encoding)

    def isatty(self) -> bool:
        return True

    @property
    def told(self) -> str:
        self.flush()
        return self.bytes.getvalue().decode()


@pytest.mark.parametrize(
    ("environ", "colour"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({"TERM": "xterm", "NO_COLOR": ""}, True)]
)
def test_colour_is_for_terminals_that_want_it(nights: tuple[Night, ...], environ: Mapping[str, str], colour: bool) -> None:
    with Tty() as out:
        paper = replace(paper_of(out, environ), width=90)
        assert ("\x1b[" in table(nights, paper) + drawing(nights, paper)) is colour
    assert not paper_of(io.StringIO(), {}).colour


def test_a_terminal_of_another_encoding_gets_no_blocks() -> None:
    with Tty("latin-1") as out:
        assert not paper_of(out, {}).blocks
    with Tty() as out:
        assert paper_of(out, {}).blocks


def test_the_scheduler_explains_itself_on_a_terminal_without_block_characters(tmp_path: Path) -> None:
    with Network(house()) as network:
        network.write_env(tmp_path / "house.env", {"TARIFF": ""})
        network.world.advance(FIRST_LOOK)
        words = [sys.executable, str(ROOT / "scheduler.py"), "--env", "house.env", "--now", FIRST_LOOK.isoformat(), "-v", "once"]
        done = subprocess.run(words, cwd=tmp_path, env={"PYTHONIOENCODING": "latin-1"}, capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"price  ????" in done.stdout


def test_the_bar_is_for_terminals_and_gone_before_each_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Tty() as err:
        screen = Terminal(err)
        screen.bar(0.5, "01:00  44 %")
        screen.line("01:00  Ampshift starts the charge")
        bar = "[" + "#" * 15 + "." * 15 + "] 01:00  44 %"
        assert err.told == f"\r{bar}\r{' ' * len(bar)}\r"
    quiet = io.StringIO()
    Terminal(quiet).bar(0.5, "01:00")
    assert quiet.getvalue() == ""
    assert capsys.readouterr().out == "01:00  Ampshift starts the charge\n"


def test_differences_are_said_in_words_and_not_where_there_are_none() -> None:
    assert apart("${:.2f}", 2.60, 3.69, "a timer") == "$1.09 (30 %) less than a timer"
    assert apart("${:.2f}", 2.66, 2.64, "a timer") == "$0.02 (1 %) more than a timer"
    assert apart("${:.2f}", 2.641, 2.642, "a timer") == "as much as a timer"


def test_what_speaks_against_us_is_said_too(nights: tuple[Night, ...]) -> None:
    dear = replace(nights[2], cost=nights[1].cost + 0.5, co2_kg=nights[1].co2_kg + 1)
    money, tesla, gas, *_ = meaning((*nights[:2], dear))
    assert "$0.50 (19 %) more than the midnight timer" in money
    assert "$0.55 (21 %) more than the midnight timer" in tesla
    assert "1.00 kg (8 %) more than the midnight timer" in gas


def test_the_picture_is_made_or_it_is_said_why_not(nights: tuple[Night, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert save(nights, tmp_path / "night.png") == 0
    assert (tmp_path / "night.png").read_bytes().startswith(PNG)
    assert save(nights, tmp_path / "nowhere" / "night.png") == 1
    assert "could not be made" in capsys.readouterr().err
    assert nights[0].moments[-1].start + SAMPLE == END > DEPARTS
