"""`python -m bench notices [DAYS [HOUSE]]`: a month of three houses in fast time, DRY_RUN for three nights and then live, with what goes
wrong in a month. Prints what each owner was told; fails where a notice came twice, or did not come."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from bench.month import Wires
from bench.notice_houses import DAYS, DRY_NIGHTS, HOUSES, NO_GUARD, HouseMonth, begin, end, overload
from clients.price_file import PriceFile
from config import Settings
from cycle.journal import DiskJournal
from cycle.month import dry_run_line, month_lines
from cycle.notify import told
from cycle.one import run
from errors import ServerFault, Unreachable
from model import Missing
from model_notices import Message
from simulator.house import World
from simulator.memory_house import MemoryHouse
from simulator.page_house import hourly_mix
from state.files import Stamp
from state.notices import NoticeFile
from state.store import Store

NO_FILE = Missing("price file", "not configured")
NO_DAEMON = Missing("charger.json", "not written for 300 s")
FULL_KWH, NEAR_SOC = 0.5, 1.5
QUICK = Path("/dev/shm")  # a month of fsyncs wears a disk for nothing


@dataclass(slots=True)
class Owner:
    """Where the notices arrive, unless the net or the far end is down. `got`: (when, message)."""

    now: datetime
    down: set[str]
    got: list[tuple[datetime, Message]] = field(default_factory=list)
    beats: int = 0

    def send(self, message: Message) -> None:
        self._reach()
        self.got.append((self.now, message))

    def beat(self) -> None:
        self._reach()
        self.beats += 1

    def _reach(self) -> None:
        if "out" in self.down:
            raise Unreachable("notify", "No connection to the far end.")
        if "ntfy" in self.down:
            raise ServerFault("notify", "The far end answered 503.", status=503)


@dataclass(slots=True)
class Life:
    """One house as it lives through the month. `full`: ends of plug-ins with what the car should have."""

    month: HouseMonth
    folder: Path
    world: World = field(init=False)
    house: MemoryHouse = field(init=False)
    owner: Owner = field(init=False)
    settings: Settings = field(init=False)
    active: set[str] = field(default_factory=set)
    full: list[datetime] = field(default_factory=list)
    cycles: int = 0
    heard: int = 0
    dry_line: str = ""
    _mixed_until: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.world = self.month.world()
        self.settings = self.month.settings(self.folder)
        self.house = MemoryHouse(self.world, self.settings)
        self.owner = Owner(self.world.now, self.house.down)
        self._mixed_until = self.world.now

    def live(self, days: int) -> None:
        last = self.month.first + timedelta(days=days, minutes=30)
        wires = Wires(self.world) if self.month.gen2 else None
        step = timedelta(minutes=self.settings.cycle_minutes)
        while self.world.now < last:
            self._troubles()
            self._settle(wires)
            if "off" not in self.active:
                self._cycle()
            if wires and not self.settings.dry_run and "daemon" not in self.active:
                self._obey(wires)
            self._advance(self.world.now + step)
        self._cars_at_home()

    def _settle(self, wires: Wires | None) -> None:
        """DRY_RUN ends after some nights; the daemon is started only then."""
        now, dry = self.world.now, self.world.now < self.month.first + timedelta(days=DRY_NIGHTS, hours=12)
        if self.settings.dry_run and not dry:
            self.dry_line = dry_run_line(self.settings, now)
        self.settings = self.house.settings = replace(self.settings, dry_run=dry)
        self.house.guard = overload(now) if "overload" in self.active else NO_GUARD
        if wires:
            self.house.chargers = NO_DAEMON if dry or "daemon" in self.active else wires.report(now)

    def _cycle(self) -> None:
        now, store = self.world.now, self._store()
        if self.month.mixed and now >= self._mixed_until:
            self._mixed_until = now + timedelta(days=1)
            self.house.file = PriceFile(NO_FILE, NO_FILE, hourly_mix(self.world, now))
        done = run(self.house, DiskJournal(store, self.settings), self.settings, now, believed=True)
        self.owner.now = now
        stamp = Stamp(now, "scheduler", self.settings.time_zone)
        told(done, self.settings, NoticeFile(self.settings.state_dir, stamp, time.sleep), self.owner)
        self.cycles += 1

    def _obey(self, wires: Wires) -> None:
        target = self._store().load_target()
        wires.obey(None if isinstance(target, Missing) else target, self.world.now)

    def _store(self) -> Store:
        settings = self.settings
        return Store(settings.state_dir, settings.run_dir, settings.time_zone, self.world.now, "scheduler", "", time.sleep)

    def _troubles(self) -> None:
        for trouble in self.month.troubles:
            start, over = trouble.span(self.month.first)
            on = start <= self.world.now < over
            if on and trouble.what not in self.active:
                self.active.add(trouble.what)
                begin(trouble, self.world, self.house.down)
            elif not on and trouble.what in self.active and self.world.now >= over and not self._again(trouble.what):
                self.active.discard(trouble.what)
                end(trouble, self.world, self.house.down)

    def _again(self, what: str) -> bool:
        spans = [one.span(self.month.first) for one in self.month.troubles if one.what == what]
        return any(start <= self.world.now < over for start, over in spans)

    def _advance(self, to: datetime) -> None:
        before = {vin: (car.plugged, car.soc, car.energy_added_kwh, car.limit_soc) for vin, car in self.world.cars.items()}
        self.world.advance(to)
        for event in self.world.events[self.heard :]:
            if event.what.startswith(("leave", "drive")) and before[event.who][0]:
                _, soc, kwh, limit = before[event.who]
                if kwh >= FULL_KWH and soc >= limit - NEAR_SOC and "login" not in self.active:  # nobody saw it else
                    self.full.append(event.at)
        self.heard = len(self.world.events)

    def _cars_at_home(self) -> None:
        """At the end, cars that have not left yet."""
        for car in self.world.cars.values():
            if car.plugged and car.energy_added_kwh >= FULL_KWH and car.soc >= car.limit_soc - NEAR_SOC:
                self.full.append(self.world.now)


def check(life: Life, days: int) -> list[str]:
    """What was told twice, and what was not told. Once the budget is down to its reserve nobody looks whether a car is full."""
    blind = next((at for at, message in life.owner.got if "four fifths" in message.text), life.world.now)
    counts = Counter(message.code for at, message in life.owner.got if message.code != "complete" or at <= blind)
    counts["complete"] += sum(message.text.count("\n") for at, message in life.owner.got if message.code == "complete" and at <= blind)
    wanted: Counter[str] = Counter({"complete": sum(at <= blind for at in life.full)})
    for trouble in life.month.troubles:
        if trouble.span(life.month.first)[1] <= life.month.first + timedelta(days=days):  # what is not over may not be told yet
            wanted.update(dict(trouble.expected))
    if days >= DAYS:
        wanted["month"] += 1
    wanted["limit"] += sum(what == "slider" for day, _, what, _ in life.month.extra if day <= days)
    differ = [about for about in sorted({*counts, *wanted}) if counts[about] != wanted[about]]
    wrong = [f"{about}: {counts[about]} told, {wanted[about]} expected" for about in differ]
    return wrong + [f"twice: {text}" for text in twice(life.owner.got)]


def twice(got: Sequence[tuple[datetime, Message]]) -> list[str]:
    """The same words again within half a day: a car that is full each evening says so each evening."""
    last: dict[str, datetime] = {}
    found = []
    for at, message in got:
        before = last.get(message.text)
        if before is not None and at - before < timedelta(hours=12):
            found.append(message.text)
        last[message.text] = at
    return found


def main(args: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(prog="bench notices", description="What the owners of three houses are told in a month.")
    parser.add_argument("days", type=int, nargs="?", default=DAYS, help=f"default {DAYS}")
    parser.add_argument("house", nargs="?", default="", help="a part of its name: " + "; ".join(one.name for one in HOUSES))
    given = parser.parse_args(args)
    days, chosen = given.days, [one for one in HOUSES if given.house.casefold() in one.name.casefold()]
    if not chosen:
        parser.error(f"no house is called {given.house!r}")
    bad = False
    for month in chosen:
        with tempfile.TemporaryDirectory(dir=QUICK if QUICK.is_dir() else None) as folder:
            began = time.perf_counter()
            life = Life(month, Path(folder))
            life.live(days)
            print(f"\n{month.name}: {life.cycles} cycles, {life.owner.beats} heartbeats ({time.perf_counter() - began:.0f} s)")
            show(life)
            wrong = check(life, days)
            print("\n".join(f"  WRONG {line}" for line in wrong) or "  none twice, none missing", flush=True)
            bad = bad or bool(wrong)
    return 1 if bad else 0


def show(life: Life) -> None:
    zone = life.settings.time_zone
    print(f"  DRY_RUN: {life.dry_line or 'nothing to tell'}")
    for at, message in life.owner.got:
        head, *rest = message.text.split("\n")
        print(f"  {at.astimezone(zone):%a %d %H:%M} [{message.title.removeprefix('Ampshift')}] {head}")
        print("".join(f"{'':20}{line}\n" for line in rest), end="")
    if not any(message.code == "month" for _, message in life.owner.got):
        print("  so far: " + "; ".join(month_lines(life.settings, f"{life.month.first:%Y-%m}", life.world.now)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
