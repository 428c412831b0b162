"""`auth tesla`: from nothing to a paired car, in a conversation that can be broken off and resumed at any point."""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from cycle import auth_steps, auth_texts
from cycle.auth_steps import Progress, Visit
from cycle.auth_talk import Talk, Terminal, yes
from cycle.desk import Desk
from cycle.real import counted
from errors import StateError
from state.codec import decode, encode
from state.logins import Login

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Step:
    """`due`: is there anything to do? The first step that is due is done next, until none is."""

    due: Callable[[Visit, Progress], bool]
    do: Callable[[Visit, Progress], Progress]


STEPS = (
    Step(lambda _, done: not (done.domain and done.client_id), auth_steps.app),
    Step(lambda _, done: not done.hosted, auth_steps.host),
    Step(lambda visit, done: visit.base_url(done) not in done.registered, auth_steps.register),
    Step(lambda _, done: not done.logged_in, auth_steps.log_in),
    Step(lambda _, done: not done.at_home, auth_steps.region),
    Step(lambda _, done: not (done.vins and done.listed), auth_steps.cars),
    Step(lambda _, done: not done.written, auth_steps.env_file),
    Step(lambda _, done: not done.paired and not done.skipped, auth_steps.pair),
)


def command(desk: Desk, args: argparse.Namespace) -> int:
    """Exit 1 when it was broken off or a car holds no key yet."""
    if args.service == "google":
        from cycle.auth_google import command as google

        return google(desk, args)
    return converse(desk, Terminal(), args.env or ROOT / ".env", lambda: secrets.token_urlsafe(24), resume=args.resume)


def converse(desk: Desk, talk: Talk, env: Path, nonce: Callable[[], str], *, resume: bool) -> int:
    """The whole conversation. Raises Stopped where the owner wants to go on later, and StateError."""

    def save(done: Progress) -> None:
        desk.logins.change(Login.AUTH, lambda _: cast("dict[str, object]", encode(done, desk.settings.time_zone)))

    visit = Visit(desk, talk, env, nonce, counted(desk.settings, desk.spend), save)
    talk.say(auth_texts.HELLO)
    done = _begin(visit, resume)
    while step := next((step for step in STEPS if step.due(visit, done)), None):
        done = step.do(visit, done)
        save(done)
    for _ in range(2):  # the login renews itself without the app's secret: it goes from the file, and from the version before it
        save(replace(done, secret="", skipped=False))
    talk.say(auth_texts.done(paired=done.paired, home_known=desk.settings.tesla_home_address is not None))
    return 0 if done.paired else 1


def _begin(visit: Visit, resume: bool) -> Progress:
    """What is done already. Cars and pairing are looked at each time; a login that has ended is made anew."""
    done = _load(visit)
    if done is None:
        if resume:
            visit.talk.say("There is nothing to go on with: this is the beginning.")
        return Progress()
    if not resume and not yes(visit.talk, f"There is a log-in for {done.domain or 'an app'} here already. Go on with it?"):
        return Progress()
    held = visit.login().held()
    alive = held is not None and not held.dead and held.client_id == done.client_id
    lacking = alive and bool(visit.login().claims().lacks())
    kept = done.logged_in and alive and not lacking
    return replace(done, logged_in=kept, listed=False, written=False, paired=False, skipped=False)


def _load(visit: Visit) -> Progress | None:
    data = visit.desk.logins.load(Login.AUTH)
    try:
        return decode(Progress, data) if data is not None else None
    except StateError:
        return None
