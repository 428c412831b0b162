"""An owner's calendars: a secret iCal address, and Google's tokens and events.list with pages. Illnesses come from faults.py."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from .faults import Fault, Faults, Ill
from .server import Loopback, Reply, Request, reply

FEED_PATH = "/calendar/ical/owner%40example.com/private-5ec4e7/basic.ics"
SERVICE_EMAIL = "ampshift@home-charging.iam.gserviceaccount.com"
GONE_410 = Fault(
    Ill.STATUS, 410, '{"error":{"code":410,"message":"Sync token is no longer valid.","errors":[{"reason":"fullSyncRequired"}]}}'
)
RATE_403 = Fault(Ill.STATUS, 403, '{"error":{"code":403,"message":"Rate Limit Exceeded","errors":[{"reason":"rateLimitExceeded"}]}}')
DENIED_403 = Fault(Ill.STATUS, 403, '{"error":{"code":403,"message":"Forbidden","errors":[{"reason":"forbidden"}]}}')
TOO_MANY_429 = Fault(Ill.STATUS, 429, '{"error":{"code":429,"message":"Quota exceeded"}}', {"Retry-After": "3600"})
REVOKED = Fault(Ill.STATUS, 400, '{"error":"invalid_grant","error_description":"Token has been expired or revoked."}')


@dataclass(frozen=True, slots=True)
class Entry:
    """What the owner wrote. `rrule`: for the iCal feed, RFC 5545; Google's answers show the first occurrence only."""

    title: str
    start: datetime
    end: datetime
    place: str = ""
    note: str = ""
    all_day: bool = False
    status: str = "confirmed"
    free: bool = False
    answer: str = "accepted"
    kind: str = "default"
    rrule: str = ""


class CalendarServer:
    """`entries` may be changed at any time. `ical` is the secret address; `calendars`: what Google shows by ID; `feed`: sent instead of
    the entries where it is set. `codes`: authorization codes with the challenge that their verifier must answer."""

    def __init__(self, faults: Faults | None = None, port: int = 0) -> None:
        self.entries: list[Entry] = []
        self.calendars = {"primary", "owner@example.com"}
        self.feed: bytes | None = None
        self.page_size = 250
        self.codes: dict[str, str] = {}
        self.refresh_tokens = {"simulated-refresh"}
        self._key: rsa.RSAPrivateKey | None = None
        self._tokens: set[str] = set()
        self.server = Loopback(self._answer, faults, port=port)
        self.url = self.server.url
        self.ical = f"{self.url}{FEED_PATH}"
        self.token_url = f"{self.url}/token"

    def close(self) -> None:
        self.server.close()

    def asked(self, part: str) -> int:
        """How many requests went to paths with `part` in them."""
        return sum(part in request.path for request in self.server.log)

    def service_account(self) -> str:
        """The JSON key that Google lets one download."""
        pem = self._private().private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        info = {"type": "service_account", "project_id": "home-charging", "private_key_id": "1", "private_key": pem.decode()}
        return json.dumps({**info, "client_email": SERVICE_EMAIL, "client_id": "1", "token_uri": "https://oauth2.googleapis.com/token"})

    def desktop_client(self) -> str:
        """The JSON of an OAuth client of type Desktop app."""
        client = {
            "client_id": "simulated-client",
            "client_secret": "simulated-secret",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        }
        return json.dumps(
            {"installed": {**client, "token_uri": "https://oauth2.googleapis.com/token", "redirect_uris": ["http://localhost"]}}
        )

    def allow(self, challenge: str) -> str:
        """The owner says yes on Google's page: the code that his browser is sent back with."""
        code = f"4/code-{len(self.codes)}"
        self.codes[code] = challenge
        return code

    def _private(self) -> rsa.RSAPrivateKey:
        if self._key is None:
            self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return self._key

    def _answer(self, request: Request) -> Reply:
        if unquote(request.path) == unquote(FEED_PATH):
            body = self.feed if self.feed is not None else ical_text(self.entries).encode()
            return Reply(200, body, {"Content-Type": "text/calendar; charset=utf-8"})
        if request.method == "POST" and request.path == "/token":
            return self._token({name: values[0] for name, values in parse_qs(request.body.decode()).items()})
        parts = request.path.split("/")
        if len(parts) == 6 and request.path.startswith("/calendar/v3/calendars/") and parts[5] == "events":
            return self._events(request, unquote(parts[4]))
        return reply(404, {"error": {"code": 404, "message": "Not Found"}})

    def _token(self, form: dict[str, str]) -> Reply:
        grant = form.get("grant_type", "")
        checks: Mapping[str, Callable[[], bool]] = {
            "urn:ietf:params:oauth:grant-type:jwt-bearer": lambda: self._signed(form.get("assertion", "")),
            "refresh_token": lambda: form.get("refresh_token") in self.refresh_tokens and form.get("client_secret") == "simulated-secret",
            "authorization_code": lambda: _challenge(form.get("code_verifier", "")) == self.codes.pop(form.get("code", ""), None),
        }
        if grant not in checks or not checks[grant]():
            return reply(400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."})
        token = f"simulated-access-{len(self._tokens)}"
        self._tokens.add(token)
        answer: dict[str, object] = {"access_token": token, "expires_in": 3599, "token_type": "Bearer"}
        return reply(200, answer | ({"refresh_token": "simulated-refresh"} if grant == "authorization_code" else {}))

    def _signed(self, assertion: str) -> bool:
        text, _, signature = assertion.rpartition(".")
        try:
            raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
            self._private().public_key().verify(raw, text.encode(), padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True

    def _events(self, request: Request, calendar: str) -> Reply:
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self._tokens:
            return reply(401, {"error": {"code": 401, "message": "Invalid Credentials"}})
        if calendar not in self.calendars:
            return reply(404, {"error": {"code": 404, "message": "Not Found"}})
        since, until = (datetime.fromisoformat(request.query[name]) for name in ("timeMin", "timeMax"))
        rows = sorted((entry for entry in self.entries if entry.end > since and entry.start < until), key=lambda entry: entry.start)
        first = int(request.query.get("pageToken") or 0)
        last = first + min(self.page_size, int(request.query.get("maxResults", 250)))
        more = {"nextPageToken": str(last)} if last < len(rows) else {}
        return reply(200, {"kind": "calendar#events", "items": [google_row(entry) for entry in rows[first:last]], **more})


def google_row(entry: Entry) -> dict[str, object]:
    """An event as events.list shows it; empty fields are left out, as Google does."""
    edges = {
        name: {"date": f"{at:%Y-%m-%d}"} if entry.all_day else {"dateTime": at.isoformat(), "timeZone": "America/Los_Angeles"}
        for name, at in (("start", entry.start), ("end", entry.end))
    }
    texts = {"summary": entry.title, "location": entry.place, "description": entry.note}
    guests = [{"email": "owner@example.com", "self": True, "responseStatus": entry.answer}] if entry.answer != "accepted" else []
    free = {"transparency": "transparent"} if entry.free else {}
    row: dict[str, object] = {"status": entry.status, "eventType": entry.kind, **edges, **free}
    return row | {name: text for name, text in texts.items() if text} | ({"attendees": guests} if guests else {})


def ical_text(entries: Iterable[Entry], name: str = "owner@example.com") -> str:
    """The feed as Google writes it: times in UTC, days as dates, long lines folded."""
    lines = ["BEGIN:VCALENDAR", "PRODID:-//Ampshift//simulated//EN", "VERSION:2.0", f"X-WR-CALNAME:{name}"]
    for number, entry in enumerate(entries):
        lines += _vevent(number, entry)
    return "".join(f"{part}\r\n" for line in [*lines, "END:VCALENDAR"] for part in _folded(line))


def _vevent(number: int, entry: Entry) -> list[str]:
    lines = ["BEGIN:VEVENT", f"UID:{number}@example.com", "DTSTAMP:20260101T000000Z", f"SUMMARY:{_escaped(entry.title)}"]
    for edge, at in (("DTSTART", entry.start), ("DTEND", entry.end)):
        lines.append(f"{edge};VALUE=DATE:{at:%Y%m%d}" if entry.all_day else f"{edge}:{at.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    lines += [f"LOCATION:{_escaped(entry.place)}"] if entry.place else []
    lines += [f"DESCRIPTION:{_escaped(entry.note)}"] if entry.note else []
    lines += [f"RRULE:{entry.rrule}"] if entry.rrule else []
    lines += [f"ATTENDEE;PARTSTAT={entry.answer.upper()}:mailto:owner@example.com"] if entry.answer != "accepted" else []
    return [*lines, f"STATUS:{entry.status.upper()}", f"TRANSP:{'TRANSPARENT' if entry.free else 'OPAQUE'}", "END:VEVENT"]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> Iterable[str]:
    yield line[:70]
    for at in range(70, len(line), 70):
        yield f" {line[at : at + 70]}"


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def busy_life(first: datetime, count: int = 5000) -> list[Entry]:
    """A calendar that somebody has kept for years: one event each 20 hours from `first` on."""
    hours = timedelta(hours=1)
    return [Entry(f"Event {number}", at, at + hours) for number in range(count) for at in (first + 20 * hours * number,)]
