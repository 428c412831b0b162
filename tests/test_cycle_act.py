"""Which commands of one cycle still go out after one of them met a pause, a dead login or a billing stop."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cycle.act import act
from errors import AccountStopped, ClientError, LoginDead, TooMany
from model import Ceiling, Code, Missing, Reason
from model_decision import Command, Decision, Sent, Snapshot, Target
from model_energy import SiteCommand
from model_memory import CommandKind, Memory, Outcome
from tests.builders import VIN, VIN_2, decided, reading, snapshot, view

PAUSE = TooMany("tesla", "asked too often", retry_after_s=300)
DEAD = LoginDead("tesla", "log in again")
STOP = AccountStopped("tesla", "the billing limit is reached")
ADD, REMOVE = CommandKind.ADD_SCHEDULE, CommandKind.REMOVE_SCHEDULE


class FarEnd:
    """Tesla, which answers each kind of command as told, and a disk that keeps nothing."""

    def __init__(self, met: dict[CommandKind, ClientError]) -> None:
        self.met, self.heard = met, list[CommandKind]()

    def look(self, memory: Memory, now: object) -> Snapshot:
        raise AssertionError("nobody looks while acting")

    def look_again(self, snapshot: Snapshot, vins: tuple[str, ...]) -> Snapshot:
        raise AssertionError("nobody looks while acting")

    def act(self, command: Command) -> tuple[Outcome, str]:
        self.heard.append(command.kind)
        if command.kind in self.met:
            raise self.met[command.kind]
        return Outcome.DONE, ""

    def act_site(self, command: SiteCommand) -> tuple[Outcome, str]:
        raise AssertionError("no Powerwall")

    def ceiling(self) -> Ceiling | Missing:
        return Missing("guard", "there is none")

    def load(self) -> Memory:
        raise AssertionError("nobody loads while acting")

    def save(self, memory: Memory) -> None: ...

    def offer(self, target: Target) -> None: ...

    def record(self, decision: Decision, snapshot: Snapshot, sent: tuple[Sent, ...]) -> tuple[str, ...]:
        return ()


def heard(met: dict[CommandKind, ClientError], first: list[CommandKind], second: list[CommandKind], *, urgent: bool = False) -> FarEnd:
    """What Tesla hears when these commands are due for two cars. `urgent`: those of the second car lower or stop for a limit."""
    whole = decided(snapshot(view(), view(reading(vin=VIN_2, name="Red"))))

    def due(vin: str, kinds: list[CommandKind], hurry: bool) -> tuple[Command, ...]:
        return tuple(Command(vin, kind, None, Reason(Code.WAIT, "due"), 0.001, urgent=hurry) for kind in kinds)

    blue, red = whole.cars
    cars = (replace(blue, commands=due(VIN, first, hurry=False)), replace(red, commands=due(VIN_2, second, hurry=urgent)))
    far_end = FarEnd(met)
    act(far_end, far_end, replace(whole, cars=cars), whole.memory)
    return far_end


@pytest.mark.parametrize("error", [PAUSE, DEAD])
@pytest.mark.parametrize("net", [ADD, REMOVE])
def test_what_our_schedule_meets_ends_no_start_or_stop_but_the_other_schedules(net: CommandKind, error: ClientError) -> None:
    assert heard({net: error}, [net, CommandKind.STOP], [net, CommandKind.START]).heard == [net, CommandKind.STOP, CommandKind.START]


@pytest.mark.parametrize("error", [PAUSE, DEAD, STOP])
def test_what_a_start_or_stop_meets_ends_all_that_is_not_urgent(error: ClientError) -> None:
    assert heard({CommandKind.STOP: error}, [CommandKind.STOP], [ADD, CommandKind.START]).heard == [CommandKind.STOP]


@pytest.mark.parametrize(("error", "sent"), [(PAUSE, True), (DEAD, False), (STOP, False)])
def test_a_breaker_does_not_wait_for_a_pause_that_tesla_asked_for(error: ClientError, sent: bool) -> None:
    found = heard({CommandKind.START: error}, [CommandKind.START], [CommandKind.STOP, CommandKind.AMPS], urgent=True).heard
    assert found == [CommandKind.START, *([CommandKind.STOP, CommandKind.AMPS] if sent else [])]


def test_a_billing_stop_ends_everything_also_when_our_schedule_met_it() -> None:
    assert heard({ADD: STOP}, [ADD, CommandKind.STOP], [CommandKind.STOP], urgent=True).heard == [ADD]
