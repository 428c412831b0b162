"""`python -m simulator`: the house in real time on loopback ports, with the settings to talk to it. Ctrl-C ends it."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from dotenv import dotenv_values

from model import Place

from .calendar_server import Entry
from .clock import Clock, RealClock
from .house import HOME, Event, World
from .houses import BLUE, RED, ZONE, plain_house, sunny_house
from .network import Network, state_beside
from .owner import Act, commuter

TICK_S = 0.5
DAYS = 30
STARTERS = Path(__file__).resolve().parents[1] / "deploy" / "starters"
SIMULATED = ("GRID_ISO", "TESLA_HOME_ADDRESS")  # the simulated house has its own
TOWN = "Bay Town, CA 94999"
HOUSE_OF = {"solar": "sunny", "gen3": "plain", "two-cars": "two-cars"}


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulator", description="A simulated house on this machine, in real time.")
    parser.add_argument("--port-base", type=int, default=0, help="first of seven ports in a row (default: any free ones)")
    parser.add_argument("--seconds", type=float, help="end after so many seconds (default: on Ctrl-C)")
    parser.add_argument("--write-env", type=Path, metavar="FILE", help="write the settings to FILE too")
    parser.add_argument("--house", choices=("sunny", "plain", "two-cars"), default="sunny")
    parser.add_argument("--calendar", action="store_true", help="the owner has a calendar: a drive each day of the coming week")
    parser.add_argument("--starter", choices=tuple(HOUSE_OF), help="the house of deploy/starters, with the starter's settings")
    return parser.parse_args(given)


def wishes(starter: str) -> dict[str, str]:
    """What its owner wrote; the lines that he left empty are filled by the simulated house. Gen 2 connectors tell nothing
    over the network."""
    said = {name: value for name, value in dotenv_values(STARTERS / f"{starter}.env").items() if value and name not in SIMULATED}
    return said if starter == "gen3" else said | {"WALL_CONNECTOR_URL": ""}


def build(kind: str, clock: Clock) -> World:
    """A car that came home with 45 % and was just plugged in, and a commuter's life from now on."""
    cars = (BLUE, RED) if kind == "two-cars" else (BLUE,)
    start = clock.now()
    world = (plain_house if kind == "plain" else sunny_house)(start, cars)
    for car in world.cars.values():
        car.soc = 45.0
    world.do(Act(start, "plug"))
    world.follow(commuter(start, DAYS, ZONE))
    return world


def be_on_the_map(network: Network) -> None:
    """The house has a street address too, and so has one of the same name in another town."""
    network.roads.spots[f"12 Elm Street, {TOWN}"] = HOME
    network.roads.spots[TOWN] = Place(HOME.lat + 0.01, HOME.lon)
    network.roads.spots["12 Elm Street, Far Town, NV 89999"] = Place(HOME.lat + 5, HOME.lon)


def keep_calendar(network: Network, start: datetime) -> None:
    """A visit each afternoon, at places that are a little farther each day."""
    for day in range(1, 8):
        place, at = f"{day} Harbor Road, Bay Town", start + timedelta(days=day)
        network.roads.spots[place] = Place(HOME.lat + 0.1 * day, HOME.lon)
        network.calendar.entries.append(Entry("Visit", at, at + timedelta(hours=2), place))


def show(events: Sequence[Event], world: World) -> None:
    for event in events:
        name = world.cars[event.who].spec.name if event.who in world.cars else event.who
        print(f"{event.at.astimezone(world.spec.zone):%H:%M:%S} {name}: {event.what}", flush=True)


def live(world: World, clock: Clock, stop: threading.Event, seconds: float | None) -> None:
    """Moves the world on with the clock and shows what happens, until `stop` is set or `seconds` are over."""
    shown, ends = 0, None if seconds is None else clock.now().timestamp() + seconds
    while True:
        world.advance(clock.now())
        events = list(world.events)
        show(events[shown:], world)
        shown = len(events)
        if stop.wait(TICK_S) or (ends is not None and clock.now().timestamp() >= ends):
            return


def main() -> int:
    options = arguments()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_signal: stop.set())
    clock = RealClock()
    world = build(HOUSE_OF.get(options.starter, options.house), clock)
    more = wishes(options.starter) if options.starter else {}
    with Network(world, options.port_base) as network:
        be_on_the_map(network)
        if options.calendar:
            keep_calendar(network, clock.now())
        if options.write_env:
            network.write_env(options.write_env, more)
        place = state_beside(options.write_env) if options.write_env else Path("state/run/simulated").resolve()
        for name, value in network.env(place, more).items():
            print(f"{name}={value}", flush=True)
        print(f"# auth tesla asks for: client ID {network.tokens.client_id}, client secret {network.tokens.secret}", flush=True)
        print("# the house lives; Ctrl-C ends it", flush=True)
        live(world, clock, stop, options.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
