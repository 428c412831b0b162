"""Look before you speak: a command goes only to a car that was seen at home in this very cycle.

Readings cost money, so most cycles decide from an aged one. Within those minutes the owner may have driven off, and a stop or start would
reach a car on the road or at somebody else's charger (law 8). So where a command is due on an aged reading, the car is read once more, and
decided anew. A connector at home that shows the car plugged in vouches for it too."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from model import DOLLARS, Billed, CarView, Code, Missing, Reason
from model_decision import Command, Decision, Snapshot
from model_memory import CommandKind
from planners.whereabouts import named_at_home

RECENT = timedelta(minutes=30)


def unseen(snapshot: Snapshot, decision: Decision) -> tuple[str, ...]:
    """VINs of cars that are online and due for a command which can be paid for, but were not seen in this cycle."""
    due = {command.vin for car in decision.cars for command in car.commands if _payable(command, snapshot)}
    return tuple(view.vin for view in snapshot.cars if view.vin in due and not _seen(view, snapshot))


def only_to_seen(snapshot: Snapshot, decision: Decision) -> Decision:
    """The decision without commands to cars that could not be looked at; each says so."""
    blind = {view.vin: view for view in snapshot.cars if not _seen(view, snapshot)}
    why = Reason(Code.UNKNOWN_OUTCOME, "the car could not be looked at just now: nothing is sent to it before it is seen at home")
    spoken = {command.vin for car in decision.cars for command in car.commands if command.kind is not CommandKind.WAKE}
    blind = {vin: view for vin, view in blind.items() if vin in spoken}
    cars = tuple(
        replace(car, commands=_may(car.commands, blind[car.vin], snapshot), reasons=(*car.reasons, why)) if car.vin in blind else car
        for car in decision.cars
    )
    return replace(decision, cars=cars)


def _seen(view: CarView, snapshot: Snapshot) -> bool:
    """Read in this cycle, asleep (then it stands where it was), or plugged in for a sensor at home that means this car."""
    if isinstance(view.reading, Missing) or view.reading.at >= snapshot.now:
        return True
    if isinstance(view.status, Missing) or not view.status.online:
        return True
    if named_at_home(view.vin, snapshot) and not isinstance(snapshot.powerwall, Missing) and snapshot.powerwall.at >= snapshot.now:
        return True
    if not isinstance(snapshot.wall, Missing) and len(snapshot.cars) == 1:
        return snapshot.wall.connected
    chargers = () if isinstance(snapshot.charger, Missing) else snapshot.charger.chargers
    return any(one.vin == view.vin and one.plugged is True for one in chargers)


def _may(commands: tuple[Command, ...], view: CarView, snapshot: Snapshot) -> tuple[Command, ...]:
    """What lowers or stops for a limit cannot wait: half an hour ago the car was at home, and a breaker is in danger."""
    recent = not isinstance(view.reading, Missing) and snapshot.now - view.reading.at <= RECENT
    return tuple(command for command in commands if command.kind is CommandKind.WAKE or (command.urgent and recent))


def _payable(command: Command, snapshot: Snapshot) -> bool:
    """A reading is worth its price only where the command behind it will not be refused by the budget."""
    price = DOLLARS[Billed.DATA] + command.dollars
    return command.kind is not CommandKind.WAKE and (command.reserved or snapshot.budget.routine_left >= price)
