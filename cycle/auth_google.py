"""`auth google`: a login for Google Calendar from a machine without a browser. The ways that never expire are named first."""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from clients.google_calendar import SCOPE, Key, read_key, service_login
from clients.http import Ask, may_carry_secret
from cycle.auth_paste import Trouble, code_in
from cycle.auth_redirect import Listener
from cycle.auth_talk import Talk, Terminal, yes
from cycle.calendars import Calendars
from cycle.desk import Desk
from errors import BadAnswer, ClientError, ConfigError, NotConfigured, Stopped
from state.logins import Login

PORT = 8085
WAIT_S = 600.0
AUTHORIZE_URL = "https://accounts.google.com/o/oauth2/v2/auth"
HELLO = """Google Calendar. Three ways, the easiest first:
  1. ICAL_URLS: the calendar's secret address in iCal format. A minute, no project at Google, nothing expires (docs/CALENDAR.md).
  2. A service account: share the calendar with its e-mail address, put its JSON key at GOOGLE_CREDENTIALS. Nothing expires, no log-in.
  3. This log-in, with an OAuth client of type "Desktop app" at GOOGLE_CREDENTIALS.
Before you go on with 3: an app whose publishing status is "Testing" loses its login 7 DAYS after you log in, each time.
In the Google Cloud console open "Audience" (or "OAuth consent screen") and press "Publish app" first; Google then warns that
it has not verified the app, which is your own."""
SERVICE = """GOOGLE_CREDENTIALS is a service account's key: there is nothing to log in to, and nothing expires. Share your calendar with
  {email}
(calendar settings, "Share with specific people", "See all event details") and name it in GOOGLE_CALENDARS. Then:  scheduler.py check"""
NO_FILE = """GOOGLE_CREDENTIALS is not set: in the Google Cloud console enable the Google Calendar API and make an OAuth client of type
"Desktop app", download its JSON, chmod 600, and write its path behind GOOGLE_CREDENTIALS= in .env.
Or take ICAL_URLS, which needs none of this."""
BEFORE = """Open this address in any browser and allow it to see your calendars:

{url}

At the end Google sends the browser to http://localhost:{port}/, which is this machine only if the browser runs here.
From another machine there are two ways: paste the address that the browser ends at (the page cannot be reached, that is fine),
or give this command there beforehand, with this machine's name, and the browser finds its way through:
  ssh -L {port}:localhost:{port} pi@raspberrypi.local"""
NOTHING_SAVED = "Nothing was saved. Begin again with:  scheduler.py auth google"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to log in. `verifier`: only who knows it can use the code (PKCE)."""

    state: str
    verifier: str
    port: int

    @property
    def redirect(self) -> str:
        return f"http://localhost:{self.port}/"

    def url(self, key: Key) -> str:
        from google_auth_oauthlib.flow import InstalledAppFlow  # type: ignore[import-untyped]

        client = {**key.info, "auth_uri": AUTHORIZE_URL, "token_uri": ""}
        flow = InstalledAppFlow.from_client_config(
            {"installed": client}, [SCOPE], state=self.state, code_verifier=self.verifier, redirect_uri=self.redirect
        )
        return str(flow.authorization_url(prompt="consent")[0])  # without consent a second log-in gives no lasting token


def command(desk: Desk, _args: argparse.Namespace) -> int:
    """Exit 1 when it was broken off."""
    return converse(desk, Terminal(), lambda: secrets.token_urlsafe(48), PORT)


def converse(desk: Desk, talk: Talk, nonce: Callable[[], str], port: int) -> int:
    """The whole conversation. Raises Stopped, ConfigError and StateError."""
    talk.say(HELLO)
    path = desk.settings.google_credentials
    if path is None:
        raise ConfigError((NO_FILE,))
    try:
        key = read_key(path)
    except NotConfigured as error:
        raise ConfigError((error.text,)) from None
    if key.service:
        _usable(key)
        talk.say(SERVICE.format(email=key.email))
        return 0
    try:
        _log_in(desk, talk, key, nonce, port)
    except Stopped:
        raise Stopped("auth", NOTHING_SAVED) from None
    except KeyboardInterrupt:
        talk.say(f"\n{NOTHING_SAVED}")
        raise
    Calendars(desk.settings, desk.cache, desk.http, desk.logins, desk.now).ask_again()
    talk.say("Logged in. Next:  scheduler.py check")
    return 0


def _usable(key: Key) -> None:
    """A key that was cut or changed on its way is told here, not by the first drive that is missed. Raises ConfigError."""
    try:
        service_login(key, "")
    except NotConfigured as error:
        raise ConfigError((error.text,)) from None


def _log_in(desk: Desk, talk: Talk, key: Key, nonce: Callable[[], str], port: int) -> None:
    if not yes(talk, "Go on with the log-in?"):
        raise Stopped("auth", NOTHING_SAVED)
    while True:
        attempt = Attempt(nonce(), nonce(), port)
        talk.say(BEFORE.format(url=attempt.url(key), port=port))
        try:
            token = _exchange(desk, key, attempt, _code(talk, attempt))
        except ClientError as error:
            talk.say(f"That did not work: {error.text}")
            if not yes(talk, "Try again?"):
                raise Stopped("auth", NOTHING_SAVED) from None
            continue
        desk.logins.change(Login.GOOGLE, lambda _, token=token: token)  # type: ignore[misc]
        return


def _code(talk: Talk, attempt: Attempt) -> str:
    """From the browser on this machine (or through ssh -L), or pasted."""
    while True:
        pasted = talk.ask("Paste the address here, or press Enter to wait for the browser:")
        if not pasted:
            pasted = _waited(talk, attempt)
            if not pasted:
                continue
        found = code_in(pasted, attempt.state)
        if not isinstance(found, Trouble):
            return found
        talk.say(found.text.replace("Tesla", "Google"))
        if found.again:
            raise BadAnswer("google", "the log-in was not allowed")


def _waited(talk: Talk, attempt: Attempt) -> str:
    """What the browser brought; "" where it did not come. The address that was opened is good all the same, and can be pasted."""
    talk.say(f"Waiting for the browser, up to {WAIT_S / 60:.0f} minutes (Ctrl-C ends the waiting, then the address can be pasted).")
    try:
        return Listener(attempt.port).wait(WAIT_S)
    except KeyboardInterrupt:
        talk.say("")
    except BadAnswer as error:
        talk.say(f"{error.text[0].upper()}{error.text[1:]}.")
    return ""


def _exchange(desk: Desk, key: Key, attempt: Attempt, code: str) -> dict[str, object]:
    """The login that is kept. Raises ClientError."""
    url, client_secret = desk.settings.google_token_url, str(key.info["client_secret"])
    if not may_carry_secret(url):
        raise NotConfigured("google", "GOOGLE_TOKEN_URL must begin with https://.")
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": str(key.info["client_id"]),
        "client_secret": client_secret,
        "redirect_uri": attempt.redirect,
        "code_verifier": attempt.verifier,
    }
    masked = (client_secret, code, attempt.verifier)
    answer = desk.http.ask(Ask("google", url, method="POST", form=form, secrets=masked)).require().json()
    refresh = answer.get("refresh_token") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or not isinstance(refresh, str) or not refresh:
        raise BadAnswer("google", "Google gave no lasting login; take this app's access away at myaccount.google.com and log in again.")
    if SCOPE not in str(answer.get("scope", SCOPE)).split():
        raise BadAnswer("google", "the calendar was not allowed: tick its box on Google's page.")
    return {"refresh_token": refresh, "client_id": form["client_id"], "client_secret": client_secret}
