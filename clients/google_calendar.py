"""Google Calendar through google-api-python-client, with a service account's key or the login of `scheduler.py auth google`.

The libraries (125 ms on a PC, 40 MB) are imported here inside functions, only when a cache is stale. They may wait for ever and follow
redirects with the token unless told otherwise, so the token is got first and goes out through a transport of our own.
"""

from __future__ import annotations

import json
import logging
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any

from clients.calendar_text import SOURCE, Left, View, event, in_order, line
from clients.http import host_of, may_carry_secret
from clients.http_status import retry_after_s, status_error
from errors import BadAnswer, BadCertificate, ClientError, LoginDead, NoAnswer, NotConfigured, Refused, TooMany, Unreachable
from model import Event

SCOPE = "https://www.googleapis.com/auth/calendar.events.readonly"
PAGE, MOST_PAGES = 250, 20
FIELDS = "nextPageToken,items(status,summary,description,location,start,end,transparency,eventType,attendees(self,responseStatus))"
TRIPS = ("default", "fromGmail")  # not birthdays, focus time and working places; Gmail makes events of flights and hotels
BUSY = ("rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded")


@dataclass(frozen=True, slots=True)
class Key:
    """How to log in. `info`: a service account's JSON, or client_id, client_secret and refresh_token of `auth google`."""

    info: Mapping[str, object] = field(repr=False)

    @property
    def service(self) -> bool:
        return self.info.get("type") == "service_account"

    @property
    def email(self) -> str:
        return str(self.info.get("client_email", ""))


def read_key(path: Path) -> Key:
    """GOOGLE_CREDENTIALS: a service account's key, or the OAuth client's. Raises NotConfigured; no content of the file is repeated."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotConfigured(SOURCE, f"GOOGLE_CREDENTIALS {path.name} does not exist; correct the path in .env.") from None
    except (OSError, ValueError, RecursionError):
        raise NotConfigured(SOURCE, f"GOOGLE_CREDENTIALS {path.name} cannot be read as JSON; download it anew.") from None
    if isinstance(found, dict) and found.get("type") == "service_account" and _has(found, "private_key", "client_email"):
        return Key(found)
    client = found.get("installed") if isinstance(found, dict) else None
    if isinstance(client, dict) and _has(client, "client_id", "client_secret"):
        return Key(client)
    if isinstance(found, dict) and "web" in found:
        raise NotConfigured(SOURCE, f"GOOGLE_CREDENTIALS {path.name} is for a web application; make an OAuth client of type Desktop app.")
    raise NotConfigured(SOURCE, f"GOOGLE_CREDENTIALS {path.name} is neither a service account's key nor an OAuth client's JSON.")


def _has(found: Mapping[str, object], *names: str) -> bool:
    return all(isinstance(text := found.get(name), str) and bool(text) for name in names)


def service_login(key: Key, token_url: str) -> Any:
    """What the library logs in with; nobody is asked yet. Raises NotConfigured."""
    from google.oauth2 import service_account

    try:
        info = {**key.info, "token_uri": token_url}
        return service_account.Credentials.from_service_account_info(info, scopes=[SCOPE])  # type: ignore[no-untyped-call]
    except (ValueError, TypeError, KeyError):  # the error may quote the key
        raise NotConfigured(SOURCE, "GOOGLE_CREDENTIALS holds no usable private key; make a new key and download it.") from None


@dataclass(frozen=True, slots=True)
class GoogleCalendar:
    url: str
    token_url: str
    key: Key = field(repr=False)
    wait_s: float = 5.0  # for a connection and for each piece of an answer; token and events must fit into a cycle's look

    def events(self, calendar: str, name: str, view: View, left: Left | None = None) -> tuple[Event, ...]:
        """The events of one calendar in `view`, series expanded by Google; `left`: takes what does not count. Raises ClientError."""
        left = Left() if left is None else left
        if not (may_carry_secret(self.url) and may_carry_secret(self.token_url)):
            raise NotConfigured(SOURCE, "GOOGLE_CALENDAR_URL and GOOGLE_TOKEN_URL must begin with https://.")
        transport = _transport(self.wait_s)
        try:
            token = guarded(self.token_url, lambda: self._token(transport))
            rows = guarded(self.url, lambda: self._rows(transport, token, calendar, view, left))
        except Refused as error:
            raise self._explained(error, calendar) from None
        finally:
            transport.close()
        events = list(_events(rows, name, view, left))
        return in_order((one for one in events if view.holds(one.start, one.end)), left)

    def _token(self, transport: Any) -> str:
        import google_auth_httplib2  # type: ignore[import-untyped]
        from google.oauth2 import credentials

        key = self.key
        login: Any
        if key.service:
            login = service_login(key, self.token_url)
        else:
            login = credentials.Credentials(  # type: ignore[no-untyped-call]
                None,
                refresh_token=key.info.get("refresh_token"),
                token_uri=self.token_url,
                client_id=key.info.get("client_id"),
                client_secret=key.info.get("client_secret"),
                scopes=[SCOPE],
            )
        login.refresh(google_auth_httplib2.Request(transport))
        return str(login.token)

    def _rows(self, transport: Any, token: str, calendar: str, view: View, left: Left) -> list[Mapping[str, Any]]:
        from googleapiclient.discovery import build  # type: ignore[import-untyped]

        options = {"api_endpoint": f"{self.url}/calendar/v3/"}
        service = build("calendar", "v3", http=_WithToken(transport, token), static_discovery=True, client_options=options)
        span = {"timeMin": view.start.isoformat(), "timeMax": view.end.isoformat()}
        wanted = {"singleEvents": True, "orderBy": "startTime", "maxResults": PAGE, "fields": FIELDS}
        rows: list[Mapping[str, Any]] = []
        page: str | None = None
        for _ in range(MOST_PAGES):
            answer = service.events().list(calendarId=calendar, pageToken=page, **span, **wanted).execute(num_retries=0)
            items = answer.get("items", []) if isinstance(answer, dict) else None
            if not isinstance(items, list) or not all(isinstance(row, dict) for row in items):
                raise BadAnswer(SOURCE, f"{host_of(self.url)} sent something that is no list of events.")
            rows += items
            page = answer.get("nextPageToken")
            if not page:
                return rows
        left.beyond = True
        return rows

    def _explained(self, error: Refused, calendar: str) -> ClientError:
        """What the owner can do about a no."""
        if isinstance(error, TooMany):
            return error
        whom = self.key.email if self.key.service else "the account that logged in"
        if error.status in (403, 404):
            share = f"share it with {whom} (See all event details)" if self.key.service else "is it in the account that logged in?"
            disabled = "; enable the Google Calendar API in the project" if error.status == 403 else ""
            return Refused(SOURCE, f"Google does not show the calendar {calendar}: {share}{disabled}.", status=error.status)
        if isinstance(error, LoginDead):
            how = "make a new key for it" if self.key.service else "scheduler.py auth google"
            testing = "" if self.key.service else " An app in testing must log in every 7 days: publish it (docs/CALENDAR.md)."
            return LoginDead(SOURCE, f"Google no longer accepts the login: {how}.{testing}", status=error.status)
        return error


@dataclass(slots=True)
class _WithToken:
    """What the library takes for httplib2.Http. It renews nothing and asks nobody else."""

    inner: Any
    token: str

    def request(self, uri: str, method: str = "GET", body: Any = None, headers: Mapping[str, str] | None = None, **more: Any) -> Any:
        return self.inner.request(uri, method, body=body, headers={**(headers or {}), "authorization": f"Bearer {self.token}"}, **more)

    def close(self) -> None:
        self.inner.close()


def _transport(wait_s: float) -> Any:
    import httplib2  # type: ignore[import-untyped]

    logging.getLogger("googleapiclient").setLevel(logging.CRITICAL)  # it writes refusals to stderr, which cron would mail each time
    transport = httplib2.Http(timeout=wait_s, proxy_info=None)
    transport.follow_redirects = False
    return transport


def guarded(url: str, work: Callable[[], Any]) -> Any:
    """`work`, with the libraries' errors as ours. Texts of theirs that may hold a key or token are not repeated."""
    import google.auth.exceptions as auth
    import httplib2
    from googleapiclient.errors import Error, HttpError  # type: ignore[import-untyped]

    host = host_of(url)
    try:
        return work()
    except HttpError as error:
        raise _status(host, error) from None
    except auth.RefreshError as error:
        raise _not_renewed(host, error) from None
    except (httplib2.ServerNotFoundError, ConnectionRefusedError, socket.gaierror):
        raise Unreachable(SOURCE, f"No connection to {host}; is the internet there?") from None
    except ssl.SSLError:
        raise BadCertificate(SOURCE, f"The certificate of {host} is not valid. Nothing was sent.") from None
    except (OSError, HTTPException, auth.TransportError, httplib2.HttpLib2Error) as error:
        lost = isinstance(error, auth.TransportError) and isinstance(error.args[0] if error.args else None, httplib2.ServerNotFoundError)
        kind, text = (Unreachable, "No connection to") if lost else (NoAnswer, "No whole answer in time from")
        raise kind(SOURCE, f"{text} {host}.") from None
    except (Error, auth.GoogleAuthError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise BadAnswer(SOURCE, f"{host} sent something that is no answer to our question ({type(error).__name__}).") from None


def _status(host: str, error: Any) -> ClientError:
    headers = {str(name).lower(): str(value) for name, value in error.resp.items()}
    body = error.content.decode("utf-8", "replace") if isinstance(error.content, bytes) else ""
    status = int(error.resp.status)
    if status == 403 and any(reason in body for reason in BUSY):
        return TooMany(SOURCE, f"{host} answered 403: too many requests; waiting.", retry_after_s=retry_after_s(headers, body), status=403)
    try:
        said = str(json.loads(body)["error"]["message"])
    except (ValueError, KeyError, TypeError, RecursionError):
        said = ""
    return status_error(SOURCE, host, status, said, headers)


def _not_renewed(host: str, error: Any) -> ClientError:
    """invalid_grant and its like: the owner must log in anew. A server that is ill is left alone."""
    words = " ".join(str(part) for part in error.args[:1])
    if getattr(error, "retryable", False):
        return NoAnswer(SOURCE, f"{host} gives out no tokens just now.")
    if any(word in words for word in ("invalid_grant", "invalid_client", "unauthorized_client", "invalid_scope", "deleted_client")):
        return LoginDead(SOURCE, f"{host} does not renew the login.", status=400)
    return BadAnswer(SOURCE, f"{host} sent no token.")


def _counts(row: Mapping[str, Any], view: View) -> bool:
    if row.get("status") == "cancelled" or row.get("eventType", "default") not in TRIPS:
        return False
    if row.get("transparency") == "transparent" and not view.free:
        return False
    guests = row.get("attendees")
    mine = [guest for guest in guests if isinstance(guest, dict) and guest.get("self")] if isinstance(guests, list) else []
    return not any(guest.get("responseStatus") == "declined" for guest in mine)


def _events(rows: Sequence[Mapping[str, Any]], name: str, view: View, left: Left) -> Iterator[Event]:
    """One odd event must not hide the others."""
    wrong: BadAnswer | None = None
    found = 0
    for row in rows:
        try:
            if _counts(row, view):
                yield _event(row, name, view)
            found += 1
        except BadAnswer as error:
            title, wrong = line(str(row.get("summary") or ""), 60), error
            left.odd[title] = title
    if wrong is not None and not found:
        raise wrong


def _event(row: Mapping[str, Any], name: str, view: View) -> Event:
    (start, all_day), (end, _) = (_time(row.get(edge)) for edge in ("start", "end"))
    texts = [value if isinstance(value := row.get(part), str) else "" for part in ("summary", "location", "description")]
    return event(name, (view.utc(start), view.utc(end)), *texts, all_day=all_day)


def _time(value: object) -> tuple[date, bool]:
    """Of {"dateTime": "2026-12-09T08:00:00-08:00"} or {"date": "2026-12-09"}: the time, and whether it is a whole day."""
    texts = value if isinstance(value, dict) else {}
    try:
        if "dateTime" in texts:
            return datetime.fromisoformat(str(texts["dateTime"])), False
        return date.fromisoformat(str(texts["date"])), True
    except (ValueError, KeyError):
        raise BadAnswer(SOURCE, "Google sent an event without a time that can be read.") from None
