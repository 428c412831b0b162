"""The demo's second act: three evenings of the week, each asked of the real `scheduler.py`: before a long drive, before one beyond the
battery, and one on which the grid calls an alert. Calendar, roads, weather, prices and alert come over real sockets."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from model import Place

from .calendar_server import Entry
from .demo_child import Scheduler, Stop
from .demo_house import house
from .house import HOME
from .houses import BLUE, ZONE
from .network import Network
from .owner import Act

INTRO = (
    "Three evenings of the week: a calendar, roads, the weather, prices and the grid's alerts, each a service on a socket of its own. The "
    "places are made up. What scheduler.py says of each evening, shortened to what it needs, plans, and why:"
)
SHOWN = ("NEEDED", "PLAN", "WHY")
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Evening:
    """`at`: local time; `entries`: the calendar; `north`: degrees of latitude to each place; `more`: settings beside the night's."""

    title: str
    at: datetime
    soc: float
    entries: tuple[Entry, ...] = ()
    north: Mapping[str, float] = field(default_factory=dict)
    alert: str = "Normal"
    more: Mapping[str, str] = field(default_factory=dict)


def _drive(title: str, day: int, hour: int, hours: int, place: str) -> Entry:
    start = datetime(2026, 12, day, hour, 0, tzinfo=ZONE)
    return Entry(title, start, start + hours * HOUR, place)


GRANDMOTHER, SNOW = "14 Pine Street, Hill Town", "2 Summit Road, High Pass"
WEEK = (
    Evening(
        "Thursday: a long drive tomorrow, beyond the limit in the app (80 %)",
        datetime(2026, 12, 10, 19, 0, tzinfo=ZONE),
        48.0,
        (_drive("Grandmother", 11, 9, 6, GRANDMOTHER),),
        {GRANDMOTHER: 0.9},
    ),
    Evening(
        "Friday: a drive beyond the battery",
        datetime(2026, 12, 11, 19, 0, tzinfo=ZONE),
        55.0,
        (_drive("Snow", 12, 11, 30, SNOW),),
        {SNOW: 2.6},
    ),
    Evening(
        "Monday: a flat tariff, so now is as cheap as later; but the grid calls a Flex Alert",
        datetime(2026, 12, 14, 17, 30, tzinfo=ZONE),
        40.0,
        alert="Flex Alert",
        more={"TARIFF": "flat:0.16", "DEPARTURE_TIME": "07:30"},
    ),
)


def week(stop: Stop, say: Callable[[str], None]) -> list[str]:
    """Plays it; what came on stderr."""
    said: list[str] = []
    for evening in WEEK:
        said += _play(evening, stop, say)
    return said


def _play(evening: Evening, stop: Stop, say: Callable[[str], None]) -> list[str]:
    world = house(evening.at - HOUR / 6)
    world.cars[BLUE.vin].soc = evening.soc
    world.do(Act(world.now, "plug"))
    world.advance(evening.at)
    with tempfile.TemporaryDirectory(prefix="ampshift-demo-") as folder, Network(world) as network:
        network.roads.spots.update({place: Place(HOME.lat + north, HOME.lon) for place, north in evening.north.items()})
        network.calendar.entries = list(evening.entries)
        network.operators.status = [evening.alert]
        network.write_env(Path(folder, "house.env"), {"TARIFF": "", **evening.more})
        scheduler, now = Scheduler(Path(folder), stop), evening.at.isoformat()
        say(f"\n{evening.title}\n")
        scheduler.run(now, "run")
        say(shortened(scheduler.run(now, "-v", "once")))
    return scheduler.said


def shortened(text: str) -> str:
    """The first line, and the sections that are SHOWN."""
    first, *lines = text.rstrip().split("\n")
    kept, shown = [first], False
    for line in lines:
        shown = line.split(" ", 1)[0] in SHOWN if line[:1].strip() else shown
        kept += [line] if shown else []
    return "\n".join(kept)
