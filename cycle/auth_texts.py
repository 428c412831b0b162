"""What `auth tesla` tells the owner, where it is more than a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from clients.tesla_fleet import FleetCar
from config import REGION_URLS
from cycle.auth_key import KEY_PATH
from errors import ClientError

HELLO = """Tesla's log-in, step by step. It takes about a quarter of an hour, once.
Any browser on any computer or phone will do; nothing has to be open on this Pi. q and Enter stops, --resume goes on."""

HOST = """
1. A host for your public key
   Tesla reads your key at a name of your own, at any time. A free static host is enough, such as GitHub Pages:
   a public repository called YOURNAME.github.io, with Pages switched on, answers at https://YOURNAME.github.io."""

PAIR = """
6. The key in the car
   Open this link on the phone with the Tesla app, near the car and with Bluetooth on, and say yes there. The owner of the car may do
   it, a driver who was added may not. The car must be awake, and Controls > Safety > Allow Mobile Access must be on in it.
   A car holds at most 20 keys; its Locks screen removes one."""


def app(domain: str, origin: str, redirect: str, *, powerwall: bool) -> str:
    boxes = "Vehicle Information, Vehicle Location, Vehicle Commands, Vehicle Charging Management"
    energy = " and both Energy Product boxes" if powerwall else " (with a Powerwall both Energy Product boxes too)"
    return f"""
2. Your app at Tesla
   Log in at https://developer.tesla.com with the account that owns the car (e-mail verified, multi-factor on) and create an application:
     OAuth grant type      Authorization Code and Machine-to-Machine
     Allowed origin URL    {origin}
     Allowed redirect URI  {redirect}
     Scopes                {boxes}{energy}
   Under Billing add a payment card and set the limit that you accept. Without a card Tesla switches the app off, although the first
   10 dollars of each month are free; Ampshift keeps below TESLA_BUDGET_DOLLARS (9) by itself.
   The domain here is {domain}. The app's page then shows a client ID and a client secret."""


def upload(folder: Path, url: str, *, new: bool) -> str:
    made = (
        "A new key was made (tesla_key.pem; keep it, the cars will trust it)." if new else "The key of this Pi is kept: cars may know it."
    )
    return f"""
3. Your public key on the host
   {made} Its public half and what a host needs lie in
     {folder}
   Put all that is in this folder at the root of the host, the files that begin with a dot too (ls -A shows them). It must be found at
     {url}/{KEY_PATH}
   and stay there: cars and Tesla read it again."""


def moved(url: str, redirect: str) -> str:
    return f"""From now on your key is looked for at
     {url}/{KEY_PATH}
   In your app at https://developer.tesla.com the allowed origin URL must be {url} and the redirect URI {redirect}"""


def not_in_account(gone: Sequence[str]) -> str:
    """`gone`: cars that were chosen; empty: the account has no cars at all."""
    which = f"{', '.join(gone)}: not in this account" if gone else "This account has no cars"
    return f"{which}. The account that owns the car is the one to log in with (tesla.com shows it)."


def log_in(url: str) -> str:
    return f"""
4. Your log-in
   Open this address in a browser, log in as the owner of the car, leave all boxes ticked and allow it:

{url}

   The browser then ends at a page of your own host; whether it looks empty or like an error does not matter. Copy its address."""


def consent(url: str) -> str:
    return f"Boxes can be ticked here; a change may take ten minutes at Tesla:\n\n{url}\n"


def env(path: Path, changes: Mapping[str, str]) -> str:
    lines = "\n".join(f"     {name}={value}" for name, value in changes.items())
    gone = "\n   (TESLA_ACCESS_TOKEN is emptied: it would be used instead of the login.)" if "TESLA_ACCESS_TOKEN" in changes else ""
    return f"\n5. Your settings\n   {path} should say:\n{lines}{gone}"


def pairing(vin: str, row: FleetCar | None) -> str:
    if row is None:
        return f"  {vin}: Tesla does not say whether it holds the key."
    if row.paired:
        return f"  {row.vin}: holds the key."
    if row.must_sign is False:
        return f"  {row.vin}: takes commands without a key."
    return f"  {row.vin}: does not hold the key yet (Tesla's word may lag by a minute)."


def region_name(url: str) -> str:
    """na, eu or cn; the address itself where it is none of Tesla's usual ones."""
    return next((region.value for region, known in REGION_URLS.items() if known == url), url)


def other_api_url(asked: str, home: str) -> str:
    return (
        f"Your account does not live at {asked} but at {home}. TESLA_API_URL in .env names the wrong region: take it out and set"
        " TESLA_REGION (na, eu or cn), or correct it. Then go on with:  scheduler.py auth tesla --resume"
    )


def registration_trouble(error: ClientError, domain: str, key_url: str) -> str:
    said = {
        412: f"Tesla says that {domain} does not belong to this app. The app's allowed origin must be {key_url}, letter by letter.",
        424: f"Tesla could not read the key at {key_url}/{KEY_PATH}. It must be open to everybody, always; some hosts block robots.",
    }
    return said.get(error.status or 0, error.text)


def done(*, paired: bool, home_known: bool) -> str:
    lines = ["", "All is done." if paired else "The login works. The key is not in every car yet: scheduler.py auth tesla --resume"]
    if not home_known:
        lines.append(
            "TESLA_HOME_ADDRESS is not set yet: your address, lat,lon, or here while the car stands at home. Elsewhere it is never touched."
        )
    return "\n".join([*lines, "Next:  scheduler.py check"])
