"""The demo from the first line to the last picture."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from .demo_child import Scheduler, Stop
from .demo_house import CYCLE, DEPARTS, LIMIT_SOC, PLUGS_IN, SOC, START, house, promises
from .demo_night import AT_ONCE, TIMER, Night, Recorder, without_ampshift
from .demo_play import Screen, play
from .demo_text import BLOCKS, Paper, drawing, meaning, table

BAR = 30
INTRO = (
    f"A simulated house: nothing here is real but the prices. It is {START:%A, %-d %B %Y, %H:%M}; Blue, a Tesla, comes home with "
    f"{SOC:.0f} %. You plug it in at {PLUGS_IN:%H:%M} and leave at {DEPARTS:%H:%M} tomorrow; the limit in the app is {LIMIT_SOC} %."
)


def show(stop: Stop, picture: Path, only: str | None = None) -> int:
    """The night, three evenings of the week, then the wires; `only` one of them."""
    code = 0
    if only in (None, "night"):
        code = night(stop, picture)
    if only in (None, "week"):
        week(stop)
    if only in (None, "wires"):
        code = wires(stop) or code
    return code


def night(stop: Stop, picture: Path) -> int:
    """Plays the night, prints what came of it and writes `picture`."""
    paper = paper_of(sys.stdout, os.environ)
    screen = Terminal(sys.stderr)
    write(INTRO + "\n", paper)
    try:
        nights = [without_ampshift(AT_ONCE), without_ampshift(TIMER), with_ampshift(stop, Screen(screen.line, screen.bar))]
    finally:
        screen.clear()
    print("\n" + table(nights, paper) + "\n")
    for text in meaning(nights):
        write(text, paper)
    print("\n" + drawing(nights, paper) + "\n", flush=True)
    stop.check()
    return save(nights, picture)


def week(stop: Stop) -> None:
    """What it says before a long drive, before one beyond the battery, and while the grid calls an alert."""
    from .demo_week import INTRO as ABOUT
    from .demo_week import week as evenings

    print()
    write(ABOUT, paper_of(sys.stdout, os.environ))
    for problem in evenings(stop, Terminal(sys.stderr).line):
        print(problem.rstrip(), file=sys.stderr)


def wires(stop: Stop) -> int:
    """The daemon at two Wall Connectors, in half a minute of real time."""
    from .demo_act import INTRO as ABOUT
    from .demo_act import act

    print()
    write(ABOUT + "\n", paper_of(sys.stdout, os.environ))
    print()
    return 0 if act(stop, Terminal(sys.stderr).line) else 1


def with_ampshift(stop: Stop, screen: Screen) -> Night:
    """The night through the real programs, in a folder that is gone afterwards."""
    from .network import Network

    record = Recorder(house())
    with tempfile.TemporaryDirectory(prefix="ampshift-demo-") as folder, Network(record.world) as network:
        promises(network)
        network.write_env(Path(folder, "house.env"), {"TARIFF": "", "CYCLE_MINUTES": str(CYCLE.seconds // 60)})
        scheduler = Scheduler(Path(folder), stop)
        night = play(record, scheduler, screen)
    for problem in scheduler.said:
        print(problem.rstrip(), file=sys.stderr)
    return night


def save(nights: Sequence[Night], picture: Path) -> int:
    from .picture import draw  # it imports nothing heavy before it draws

    try:
        draw(nights, picture)
    except (OSError, ImportError) as error:
        print(f"The picture could not be made: {error}", file=sys.stderr)
        return 1
    print(f"The same as a picture: {picture}")
    return 0


class Terminal:
    """Lines on stdout, and below them a bar on stderr where that is a terminal."""

    def __init__(self, err: TextIO) -> None:
        self.err = err
        self.live = err.isatty()
        self.drawn = 0

    def line(self, text: str) -> None:
        self.clear()
        print(text, flush=True)

    def bar(self, share: float, words: str) -> None:
        if not self.live:
            return
        done = round(share * BAR)
        text = f"[{'#' * done}{'.' * (BAR - done)}] {words}"[: max(10, shutil.get_terminal_size().columns - 1)]
        self.err.write("\r" + text.ljust(self.drawn))
        self.err.flush()
        self.drawn = len(text)

    def clear(self) -> None:
        if self.drawn:
            self.err.write("\r" + " " * self.drawn + "\r")
            self.err.flush()
            self.drawn = 0


def paper_of(out: TextIO, environ: Mapping[str, str]) -> Paper:
    """What `out` can show. Without a terminal there is no colour, and with NO_COLOR neither."""
    try:
        BLOCKS.encode(out.encoding or "ascii")
        blocks = True
    except UnicodeEncodeError:
        blocks = False
    colour = out.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    return Paper(shutil.get_terminal_size((100, 24)).columns, blocks, colour)


def write(text: str, paper: Paper) -> None:
    """A paragraph, broken to at most 100 columns."""
    print(textwrap.fill(text, min(100, max(20, paper.width)), break_on_hyphens=False), flush=True)
