"""What the owner pasted after he logged in at Tesla: the code in it, or what to tell him."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from clients.http_status import excerpt

LOOKS_LIKE_CODE = re.compile(r"[\w.-]{16,}")


@dataclass(frozen=True, slots=True)
class Trouble:
    """A sentence for the owner. `again`: this attempt is over, the address must be opened anew."""

    text: str
    again: bool = False


def code_in(pasted: str, state: str) -> str | Trouble:
    """The code of a redirect URL that belongs to `state`."""
    text = "".join(pasted.split())  # terminals break long lines when they are copied
    if not text:
        return Trouble("Nothing was pasted. Copy the whole address from the browser's address bar.")
    if "://" not in text:
        if "code=" not in text and LOOKS_LIKE_CODE.fullmatch(text):
            return Trouble("That is the code alone. Paste the whole address: its state shows that the code belongs to this log-in.")
        return Trouble("That is no address. It begins with https:// and has code= and state= in it.")
    try:
        parts = urlsplit(text)
    except ValueError:
        return Trouble("That is no address. It begins with https:// and has code= and state= in it.")
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    if "error" in query:
        why = excerpt(query.get("error_description") or query["error"], 100)
        return Trouble(f"Tesla did not let the app in: {why}. Open the address again and allow it.", again=True)
    if "client_id" in query and "code" not in query:
        return Trouble("That is the address of Tesla's page itself. Log in there first; paste the address that the browser ends at.")
    if "code" not in query or "state" not in query:
        return Trouble("There is no code= and state= in this address. Copy it when the browser has left Tesla's page.")
    if not state or not hmac.compare_digest(query["state"].encode(), state.encode()):
        return Trouble("This address belongs to another log-in (its state differs). Open the newest address above and log in there.")
    return query["code"]
