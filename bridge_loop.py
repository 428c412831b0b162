"""The bridge's loop: one thread, one connection at a time. bridge.py starts it and gives it the clock."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from clients.mqtt import Heard, Link, Message
from config import Settings
from cycle.mqtt_commands import TOO_MANY, Asked, Gate, ask_of, said_in
from cycle.mqtt_discovery import buttons
from cycle.mqtt_topics import address_of, answer_topic, bridge_topic, client_name, command_topic, words_message
from cycle.override import known_cars, quiet_for
from cycle.words import Said, change_for, in_words, obeyed
from errors import AmpshiftError, ClientError, ConfigError, StateError
from model import Missing
from planners.texts import clock
from state.files import boot_id
from state.store import Store

TURN_S = 1.0  # how soon a signal is noticed
BACK_OFF_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
STEADY_S = 60.0  # a connection counts as good after so long: a broker that throws everybody out at once is no reason to storm it
LOOK_S = 60.0  # how often new cars are looked for, and words that somebody else said
RETAINED = "the broker had kept this word: publish it without retain. It is not obeyed, for it would come back at each start"


@dataclass(slots=True)
class Bridge:
    """`now`: UTC; `mono`: seconds that only go on; `log`: one line for the journal."""

    settings: Settings
    now: Callable[[], datetime]
    mono: Callable[[], float]
    sleep: Callable[[float], None]
    log: Callable[[str], None]
    gate: Gate = field(default_factory=Gate)
    link: Link | None = None
    stopped: bool = False
    failed: int = 0
    told: str | None = None
    shown: tuple[Message, ...] = ()

    def end(self) -> None:
        """From a signal's handler."""
        self.stopped = True

    def run(self) -> None:
        """Until `end`."""
        while not self.stopped:
            began = self.mono()
            try:
                self._connected()
            except ClientError as error:
                self.failed = 0 if self.mono() - began > STEADY_S else self.failed
                self._trouble(error.text)
                self._rest(BACK_OFF_S[min(self.failed, len(BACK_OFF_S) - 1)])
                self.failed += 1

    def store(self) -> Store:
        settings = self.settings
        return Store(settings.state_dir, settings.run_dir, settings.time_zone, self.now(), "bridge", boot_id(), self.sleep)

    def _connected(self) -> None:
        """One connection, from its login to its end. Raises ClientError where it breaks off."""
        here, away = (Message(bridge_topic(self.settings), word) for word in ("online", "offline"))
        self.link = link = Link(address_of(self.settings), client_name(self.settings, "bridge"), self.hear, away)
        try:
            link.open()
            link.subscribe((command_topic(self.settings),))
            self.shown = ()
            link.send((here, *self._news()))
            self._trouble("")
            looked = self.mono()
            while not self.stopped:
                link.turn(TURN_S)
                if self.mono() - looked >= LOOK_S:
                    looked = self.mono()
                    link.send((here, *self._news()))  # the will of another bridge that died may have said offline
            link.send((away,))
        finally:
            self.link = None
            link.close()

    def _news(self) -> tuple[Message, ...]:
        """Buttons and the owner's words, as far as they are not the broker's already. Nothing where the files cannot be read."""
        store = self.store()
        try:
            found = (*buttons(known_cars(self.settings, store), self.settings), words_message(store.load_overrides(), self.settings))
        except StateError as error:
            self.log(error.text)
            return ()
        new = tuple(message for message in found[:-1] if message not in self.shown)
        self.shown = found
        return (*new, found[-1])  # the words each time: a cycle that began before the newest of them may have said the old ones

    def hear(self, heard: Heard) -> None:
        """One message on the command topic, answered in any case; nothing that it holds ends the bridge."""
        now = self.now()
        if not heard.payload:
            return  # somebody took a retained message away
        asked = Asked({}, None)
        try:
            if heard.retained:
                raise ConfigError((RETAINED,))
            asked = ask_of(heard)
        except ConfigError as error:
            self._refuse(error, asked, now)
            return
        if not self.gate.admits(now, asked.data.get("word") == "stop"):
            if self.gate.tells(now):
                self._answer(False, TOO_MANY, asked, now)
            return
        try:
            self._obey(asked, now)
        except ConfigError as error:
            self._answer(False, in_words(error), asked, now)
        except AmpshiftError as error:  # a disk that is full, a file of a newer version
            self._answer(False, error.text, asked, now)

    def _refuse(self, error: ConfigError, asked: Asked, now: datetime) -> None:
        """What is no word at all counts too."""
        if self.gate.admits(now, stop=False):
            self._answer(False, " ".join(error.problems), asked, now)
        elif self.gate.tells(now):  # said once a minute: the owner's next word is not heard either, and must not be lost in silence
            self._answer(False, TOO_MANY, asked, now)

    def _obey(self, asked: Asked, now: datetime) -> None:
        store = self.store()
        known = known_cars(self.settings, store)
        said = said_in(asked, known, now, self.settings.time_zone)
        change, text = change_for(said, known, now)
        after = store.change_overrides(change)
        self._answer(True, self._sentence(said, text, known, now), asked, now)
        self._post(words_message(after, self.settings))

    def _sentence(self, said: Said, text: str, known: Mapping[str, str], now: datetime) -> str:
        end = f" until {clock(said.until, now, self.settings.time_zone)}" if said.until else ""
        name = f"{known.get(said.vin) or said.vin[-6:]}: " if said.vin else ""
        return f"{name}{text}{end}. {obeyed(self._dry(), self.settings.cycle_minutes, quiet_for(self.store(), now))}"

    def _dry(self) -> bool:
        """As the newest cycle ran: this bridge may have been started before .env was changed."""
        try:
            found = self.store().load_decision()
        except StateError:  # the word is written all the same
            return self.settings.dry_run
        newest = None if isinstance(found, Missing) else found[1].get("dry_run")
        return newest if isinstance(newest, bool) else self.settings.dry_run

    def _answer(self, ok: bool, text: str, asked: Asked, now: datetime) -> None:
        self.log(f"{'heard' if ok else 'refused'}: {text}")
        data = {"ok": ok, "text": text, "id": asked.id, "at": now.astimezone(self.settings.time_zone).isoformat(timespec="seconds")}
        self._post(Message(answer_topic(self.settings), json.dumps(data), retain=False))

    def _post(self, message: Message) -> None:
        """From within a turn: the turns that follow carry it out."""
        if self.link is not None:
            self.link.post(message)

    def _trouble(self, text: str) -> None:
        """Said when it changes: a broker that is away for a night is two lines."""
        if text != self.told:
            self.told = text
            self.log(text or f"Connected to {self.settings.mqtt_url}, listening to {command_topic(self.settings)}.")

    def _rest(self, seconds: float) -> None:
        ends = self.mono() + seconds
        while not self.stopped and self.mono() < ends:
            self.sleep(min(TURN_S, max(0.0, ends - self.mono())))
