"""After the record: what was decided is published, if a broker is set. It has five seconds of its own, outside the cycle's lock, and what
fails is one line when it begins and one when it ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from clients.mqtt import Message, publish
from cycle.ask import ask_all
from cycle.desk import Desk
from cycle.mqtt_discovery import sensors
from cycle.mqtt_state import states
from cycle.mqtt_topics import address_of, client_name, words_message
from cycle.one import Cycle
from errors import AmpshiftError, StateError
from model import Missing
from model_decision import Snapshot

BUDGET_S = 5.0
MQTT = "mqtt"
LAST_WORD = "mqtt-problem"  # in the cache: what was said last
KEPT = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Published:
    """`problems`: what is wrong with it; `changed`: since the cycle before."""

    problems: tuple[str, ...] = ()
    changed: bool = False


def after_cycle(desk: Desk, done: Cycle) -> Published:
    """For `run`."""
    settings, snapshot = desk.settings, done.snapshot
    chargers = () if isinstance(snapshot.charger, Missing) else snapshot.charger.chargers
    cars = {car.vin: car.name for car in done.decision.cars}
    messages = [*sensors(cars, chargers, settings), *states(done.decision, snapshot, done.problems, settings), _words(desk, snapshot)]
    address, name = address_of(settings), client_name(settings, "cron")
    answer = ask_all({MQTT: lambda: publish(address, name, messages)}, BUDGET_S)[MQTT]
    why = answer.text if isinstance(answer, AmpshiftError) else answer.why if isinstance(answer, Missing) else ""
    return _compared(f"{MQTT}: {why}" if why else "", desk)


def _words(desk: Desk, snapshot: Snapshot) -> Message:
    """Read anew: the owner may have said something since the cycle's look, and the bridge told the broker so."""
    try:
        said = desk.store.load_overrides()
    except StateError:
        said = snapshot.overrides
    return words_message(said, desk.settings)


def _compared(problem: str, desk: Desk) -> Published:
    problems = (problem,) if problem else ()
    try:
        before = desk.cache.get(LAST_WORD)
        said = str(before.value) if before is not None else ""
        if said != problem:
            desk.cache.put(LAST_WORD, problem, desk.now + KEPT)
    except StateError as error:
        return Published((*problems, f"{MQTT}: {error.text}"), changed=True)
    return Published(problems, said != problem)
