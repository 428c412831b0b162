"""A house whose owner has no Tesla login yet: the far end behind sockets, his browser, and what he types."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import requests

import config
from clients.tesla import Tesla
from cycle.auth import converse
from cycle.auth_key import SITE
from cycle.auth_talk import quit_or
from cycle.desk import Desk
from cycle.real import counted
from cycle.tesla_login import Held, LoggedIn
from errors import Stopped
from simulator.house import World
from simulator.houses import BLUE, RED, ZONE, plain_house
from simulator.network import Network
from state.codec import decode
from state.files import Stamp
from state.logins import Login, Logins, has_tesla_login

EVENING = datetime(2026, 12, 8, 18, 0, tzinfo=ZONE)
Typed = str | Callable[[], str]


@dataclass
class NewOwner:
    """He answers every question rightly, but first what `special` holds for it (by a part of the question). `stop_after`: he types q
    after so many answers. `said`: all that was shown, questions too."""

    folder: Path
    world: World
    network: Network
    changes: dict[str, str | None] = field(default_factory=dict)  # settings of his .env that differ; None takes one away
    special: dict[str, list[Typed]] = field(default_factory=dict)
    stop_after: int = 99
    said: str = ""
    asked: int = 0

    # ---- his keyboard -----------------------------------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        self.said += f"{text}\n"

    def ask(self, question: str) -> str:
        self.say(question)
        self.asked += 1
        assert self.asked < 99, self.said
        if self.asked > self.stop_after:
            return quit_or("q")
        answer = next((rows.pop(0) for part, rows in self.special.items() if part in question and rows), None)
        answer = self.right(question) if answer is None else answer
        return quit_or(answer if isinstance(answer, str) else answer())

    ask_secret = ask

    def right(self, question: str) -> Typed:
        answers: Mapping[str, Typed] = {
            "Host name": self.network.keyhost.domain,
            "Client ID": self.network.tokens.client_id,
            "Client secret": self.network.tokens.secret,
            "files are there": self.upload,
            "whole address": self.browser,
            "into this file": "y",
            "phone says": self.phone,
            "Which of them": "",
        }
        found = next((answer for part, answer in answers.items() if part in question), None)
        assert found is not None, f"not expected: {question}\n{self.said}"
        return found

    # ---- his hands ---------------------------------------------------------------------------------------------------------------

    def upload(self) -> str:
        """Puts the folder onto his host, dot files too; types Enter."""
        site = self.data / SITE
        self.network.keyhost.upload({f"/{path.relative_to(site)}": path.read_bytes() for path in site.rglob("*") if path.is_file()})
        return ""

    def browser(self) -> str:
        return browser(self.said)

    def phone(self) -> str:
        self.world.account.unpaired.clear()
        return ""

    # ---- his Pi -------------------------------------------------------------------------------------------------------------------

    @property
    def env(self) -> Path:
        return self.folder / "home.env"

    @property
    def data(self) -> Path:
        return self.folder / "state" / "data"

    def write_env(self) -> Path:
        gone = {"TESLA_ACCESS_TOKEN": None, "TESLA_VIN": None, "TESLA_DOMAIN": None}
        settings: Mapping[str, str | None] = {**self.network.env(self.folder / "unused"), **gone, **self.changes}
        self.env.write_text("".join(f"{name}={value}\n" for name, value in settings.items() if value is not None), encoding="utf-8")
        self.env.chmod(0o600)
        return self.env

    def desk(self, later: timedelta = timedelta()) -> Desk:
        settings = config.load(self.env, {}, self.folder / "state", root=self.folder)
        return Desk(replace(settings, logged_in=has_tesla_login(settings.state_dir)), self.world.now + later, lambda _: None)

    def talk(self, *, resume: bool = False) -> int | None:
        """The exit code; None: he broke off. `said` begins anew."""
        self.said, self.asked = "", 0
        if not self.env.exists():
            self.write_env()
        numbers = iter(range(1, 99))
        try:
            code = converse(self.desk(), self, self.env, lambda: f"nonce{next(numbers)}", resume=resume)
        except Stopped as stopped:
            self.say(stopped.text)
            return None
        assert not any(self.special.values()), f"never asked: {self.special}\n{self.said}"
        return code

    def cars(self, desk: Desk) -> tuple[str, ...]:
        """The VINs of the account, read as a cycle reads them."""
        count = counted(desk.settings, desk.spend)
        read = LoggedIn(desk.login, lambda access: Tesla(access.url, access.token, desk.http, count))
        return tuple(car.vin for car in read.cars())

    def logins(self) -> Logins:
        return Logins(self.data, Stamp(self.world.now, "test", ZONE), lambda _: None)

    def held(self) -> Held:
        data = self.logins().load(Login.TESLA)
        assert data is not None
        return decode(Held, data)


def browser(said: str) -> str:
    """Opens the newest log-in address that was shown and gives the address where it ends."""
    urls = re.findall(r"https?://\S+/oauth2/v3/authorize\?\S+", said)
    answer = requests.get(urls[-1], allow_redirects=False, timeout=5)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


@contextmanager
def new_owner(folder: Path, cars: int = 1) -> Iterator[NewOwner]:
    world = plain_house(EVENING, (BLUE, RED)[:cars])
    world.account.unpaired.update(world.cars)
    folder.mkdir(parents=True, exist_ok=True)
    with Network(world) as network:
        yield NewOwner(folder, world, network)
