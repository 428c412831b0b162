"""`release`: hands car and Powerwall back as they were before Ampshift: the owner's limit, amps and reserve. Says what it did, and what it
could not do."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace

from config import Settings
from cycle.act import GOOD, act
from cycle.act_site import act_site
from cycle.desk import Desk
from cycle.explain import WORDS
from cycle.journal import DiskJournal
from model import DOLLARS, OUR_SCHEDULE_ID, Billed, CarView, Charging, Code, Missing, Overrides, Reason
from model_decision import Command, Decision, Sent, SiteSent, Snapshot
from model_memory import CarMemory, CommandKind, Memory, Outcome
from planners.case import Case, make_case
from planners.commands import Due, stopped_by_us
from planners.decide import decide
from planners.hold import HoldPlan, give_back, say
from planners.place import at_home
from state.lock import cycle_lock

STAYS_STOPPED = "Ampshift stopped its charge, and no car starts again by itself: start it in the Tesla app, or unplug it and plug it in"
TAKE_OUT = "Nothing was sent. To hand it back take DRY_RUN=on out of .env and write release again."
NO_CAR = "No car is known: there is nothing to hand back."
AT_HOME = ": nothing is sent to it, and what is ours stays in it; write release again when it is at home"


def command(desk: Desk, args: argparse.Namespace) -> int:
    """Exit 1 while something of ours is still in a car."""
    with cycle_lock(desk.settings.run_dir):
        journal = DiskJournal(desk.store, desk.settings)
        memory = journal.load()
        looks = replace(memory, site=replace(memory.site, wanted=False, asked_at=None))  # what stands at the Powerwall is asked for now
        snapshot, decision = _look(desk, looks)
        most = {car.vin: car.max_amps for car in decision.cars}
        seen = replace(snapshot, memory=decision.memory)
        dues = {view.vin: owed(view, seen, desk.settings, most.get(view.vin, 0)) for view in snapshot.cars}
        hints = {view.vin: tuple(left_to_him(view, seen, desk.settings, most.get(view.vin, 0))) for view in snapshot.cars}
        decision = replace(decision, cars=tuple(replace(car, commands=dues[car.vin].commands) for car in decision.cars if car.vin in dues))
        back = give_back(snapshot)
        decision = replace(decision, site=back.commands, site_reasons=back.reasons, memory=replace(decision.memory, site=back.memory))
        if desk.settings.dry_run:
            return _would(decision, dues, hints, back)
        memory, sent = act(desk.house, journal, decision, decision.memory)
        memory, site_sent = act_site(desk.house, journal, back.commands, memory, desk.now)
        desk.store.change_overrides(lambda _: Overrides())  # a word that is forgotten here would be obeyed when cron comes back
        journal.save(_forgotten(memory, sent))
    told = _tell_site(back, site_sent)
    return _tell(decision, dues, hints, sent) or told


def _tell_site(back: HoldPlan, sent: tuple[SiteSent, ...]) -> int:
    """Exit 1 while a setting of ours still stands at the Powerwall."""
    for command, one in zip(back.commands, sent, strict=False):
        print(f"Powerwall: {say(command)}: {one.outcome.value}{f' ({one.answer})' if one.answer else ''}")
    if back.memory.held and not back.commands:
        print(f"Powerwall: {back.reasons[0].text}; write release again")
    good = sum(one.outcome in GOOD for one in sent)
    return 1 if back.memory.held and (not back.commands or good < len(back.commands)) else 0


def _look(desk: Desk, memory: Memory) -> tuple[Snapshot, Decision]:
    """A look at the house, and a fresh one at each car that is online and has something of ours in it (law 8) or was stopped by us."""
    snapshot = desk.house.look(memory, desk.now)
    decision = decide(snapshot, desk.settings)
    seen = replace(snapshot, memory=decision.memory)
    aged = tuple(
        view.vin
        for view in snapshot.cars
        if _online(view)
        and not _fresh(view, snapshot)
        and (_lent(decision.memory.car(view.vin)) or _stopped(make_case(seen, desk.settings, view)))
    )
    if aged:
        snapshot = desk.house.look_again(snapshot, aged)
        decision = decide(snapshot, desk.settings)
    return snapshot, decision


def _would(decision: Decision, dues: dict[str, Due], hints: dict[str, tuple[str, ...]], back: HoldPlan) -> int:
    """DRY_RUN: what it would hand back; nothing is sent (law 4), so what is ours stands (exit 1)."""
    for car in decision.cars:
        said = ", ".join(WORDS[one.kind].format(one.value) for one in car.commands) or "send nothing"
        print(f"{car.name}: DRY_RUN=on; it would {said}")
        for text in (*(reason.text for reason in dues[car.vin].reasons), *hints[car.vin]) if car.vin in dues else ():
            print(f"{car.name}: {text}")
    for one in back.commands:
        print(f"Powerwall: DRY_RUN=on; it would {say(one)}")
    if not decision.cars:
        print(NO_CAR)
    stands = bool(back.memory.held) or any(due.commands or due.reasons for due in dues.values())
    if stands:
        print(TAKE_OUT)
    return 1 if stands else 0


def owed(view: CarView, snapshot: Snapshot, settings: Settings, most: int) -> Due:
    """What stands in this car by our hand: commands to undo it, or why they cannot be sent now; then it stays remembered. `snapshot`: with
    the memory after this look; `most`: the amps that breakers and circuit permit, for what is put back must not trip them either."""
    car = snapshot.memory.car(view.vin)
    due = tuple(_undo(car, most)) if car is not None else ()
    if not due:
        return Due()
    if not _online(view):
        return Due(
            (), (Reason(Code.WAKE_FOR_SLOT, "the car sleeps or cannot be asked: open it in the Tesla app, then write release again"),)
        )
    barred = _barred(view, snapshot, settings)
    return Due(due) if barred is None else Due((), (barred,))


def left_to_him(view: CarView, snapshot: Snapshot, settings: Settings, most: int) -> Iterator[str]:
    """What no command of `release` gives back, in words: a charge that we stopped (our schedule will not start it any more), and amps of
    his own above what is permitted here now."""
    case, car = make_case(snapshot, settings, view), snapshot.memory.car(view.vin)
    if _stopped(case) and _still_stopped(case):
        yield STAYS_STOPPED
    given = {kind: value for kind, value, _ in _standing(car, most)} if car is not None else {}
    if car is not None and car.amps_own is not None and given.get(CommandKind.AMPS, car.amps_own) < car.amps_own:
        yield f"you had set {car.amps_own} A; more than {most} A are not permitted here now: set them in the Tesla app when they are"


def _stopped(case: Case) -> bool:
    return case.plug is not None and not case.plug.owner_stopped and stopped_by_us(case)


def _still_stopped(case: Case) -> bool:
    """As the car shows it; where it was not looked at since, as it was told."""
    reading = case.reading
    if isinstance(reading, Missing):
        return True
    return reading.charging is Charging.STOPPED or any(i.kind is CommandKind.STOP and i.at >= reading.at for i in case.memory.intents)


def _barred(view: CarView, snapshot: Snapshot, settings: Settings) -> Reason | None:
    """Law 8: a car that is away, unknown where, or at another charger is not commanded, not even to give back what is its owner's."""
    own, reading = settings.for_car(view.vin, view.name), view.reading
    if (isinstance(reading, Missing) or not _fresh(view, snapshot)) and snapshot.budget.reserve_left < DOLLARS[Billed.DATA]:
        limit = f"TESLA_BUDGET_DOLLARS (${snapshot.budget.limit:.2f})"
        return Reason(Code.BUDGET, f"{limit} is spent, and what is ours stays in the car: raise it by some cents, then write release again")
    if isinstance(reading, Missing) or not _fresh(view, snapshot):
        return Reason(Code.NO_READING, "the car could not be looked at just now, and what is ours stays in it: write release again later")
    if reading.fast_charging is True:
        return Reason(Code.FAST_CHARGING, f"the car is at a fast charger{AT_HOME}")
    if at_home(reading, snapshot.home, own.home_radius_m) is False:
        return Reason(Code.AWAY, f"the car is not at home{AT_HOME}")
    home = make_case(snapshot, settings, view).home
    if home is not True:
        return Reason(Code.PLACE_UNKNOWN, f"it is not known whether the car is at home{AT_HOME}")
    return None


def _online(view: CarView) -> bool:
    return not isinstance(view.status, Missing) and view.status.online


def _fresh(view: CarView, snapshot: Snapshot) -> bool:
    return not isinstance(view.reading, Missing) and view.reading.at >= snapshot.now


def _lent(car: CarMemory | None) -> bool:
    return car is not None and (car.limit.own is not None or car.amps_own is not None or car.schedule is not None)


def _undo(car: CarMemory, most: int) -> list[Command]:
    why = "your own value is put back"
    out = [(kind, value, code) for kind, value, code in _standing(car, most) if kind is not CommandKind.AMPS or value != car.amps_set]
    return [Command(car.vin, kind, value, Reason(code, why), DOLLARS[Billed.COMMAND], reserved=True) for kind, value, code in out]


def _standing(car: CarMemory, most: int) -> list[tuple[CommandKind, int, Code]]:
    """What stands in this car by our hand, each with the value to put back."""
    out = []
    if car.limit.own is not None:
        out.append((CommandKind.LIMIT, car.limit.own, Code.LIMIT_RESTORED))
    seen = car.reading
    sent = [one.at for one in car.intents if one.kind is CommandKind.AMPS and one.outcome is not Outcome.NOT_SENT]
    unseen = any(seen is None or at >= seen.at for at in sent)
    ours = unseen or (seen is not None and seen.request_amps == car.amps_set)
    if car.amps_own is not None and car.amps_set != car.amps_own and ours and most > 0:
        out.append((CommandKind.AMPS, min(car.amps_own, most), Code.HANDS_OFF))
    if car.schedule is not None:  # last: on the plug it may begin a charge, as an unmanaged Tesla does
        out.append((CommandKind.REMOVE_SCHEDULE, OUR_SCHEDULE_ID, Code.SAFETY_SCHEDULE))
    return out


def _forgotten(memory: Memory, sent: tuple[Sent, ...]) -> Memory:
    """Amps that are the owner's again are no longer ours."""
    given = {one.vin for one in sent if one.kind is CommandKind.AMPS and one.outcome in GOOD}
    return replace(memory, cars=tuple(replace(car, amps_set=None, amps_own=None) if car.vin in given else car for car in memory.cars))


def _tell(decision: Decision, dues: dict[str, Due], hints: dict[str, tuple[str, ...]], sent: tuple[Sent, ...]) -> int:
    failed = False
    for car in decision.cars:
        own = [one for one in sent if one.vin == car.vin]
        for one in own:
            print(f"{car.name}: {WORDS[one.kind].format(one.value)}: {one.outcome.value}{f' ({one.answer})' if one.answer else ''}")
        for text in (*(reason.text for reason in dues[car.vin].reasons), *hints[car.vin]):
            print(f"{car.name}: {text}")
        if not own and not dues[car.vin].reasons and not hints[car.vin]:
            print(f"{car.name}: nothing of ours stands in this car.")
        failed = failed or bool(dues[car.vin].reasons) or any(one.outcome not in GOOD for one in own)
    if not decision.cars:
        print(NO_CAR)
    print("Where cron's line still stands (crontab -e takes it out), the next cycle takes over again.")
    return 1 if failed or any(one.outcome is Outcome.UNKNOWN for one in sent) else 0
