"""What an HTTP status means, for services that have no table of their own, and how long a service wants to be left alone."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from errors import AccountStopped, BadAnswer, ClientError, LoginDead, NoAnswer, Refused, ServerFault, TooMany

LONGEST_WAIT_S = 172_800.0  # Tesla has asked for a day; what is longer is a broken clock or an epoch
_RESET = re.compile(r"ratelimit-(\w+-)?reset$|x-ratelimit-reset$")
_IN_BODY = re.compile(r"retry in (\d+(?:\.\d+)?) ?s", re.IGNORECASE)

STATUSES: Mapping[int, tuple[type[ClientError], str]] = {
    401: (LoginDead, "the key or password is not accepted; check it in .env"),
    402: (AccountStopped, "payment is required"),
    403: (Refused, "access is denied; check the key and what its plan includes"),
    404: (Refused, "there is no such thing at this address; check the URL and names in .env"),
    408: (NoAnswer, "it gave up waiting"),
    423: (AccountStopped, "the account is locked"),
    429: (TooMany, "too many requests; waiting as told"),
}


def status_error(source: str, host: str, status: int, text: str, headers: Mapping[str, str]) -> ClientError:
    """The error that belongs to a status outside 2xx. `headers` have lower-case names."""
    kind, advice = STATUSES.get(status, _by_hundreds(status))
    sentence = f"{host} answered {status}: {advice}{quoted(text)}"
    return kind(source, sentence, retry_after_s=retry_after_s(headers, text), status=status)


def _by_hundreds(status: int) -> tuple[type[ClientError], str]:
    if status >= 500:
        return ServerFault, "it has a fault of its own"
    if status >= 400:
        return Refused, "it refused the request"
    return BadAnswer, "that is no answer to our question; check the URL in .env (redirects are not followed)"


def retry_after_s(headers: Mapping[str, str], body: str) -> float | None:
    """Seconds to wait, from Retry-After (seconds, or a date against the answer's own Date), RateLimit-*-Reset, "Retry in N seconds" or
    {"after": N}; None where nothing usable is said."""
    resets = [value for name, value in headers.items() if _RESET.match(name.lower())]
    in_body = _IN_BODY.search(body)
    candidates = [
        _seconds(headers.get("retry-after")),
        _until_date(headers.get("retry-after"), headers.get("date")),
        _seconds(in_body.group(1) if in_body else None),
        _after(body),
        *(_seconds(value) for value in resets),
    ]
    return next((wait for wait in candidates if wait is not None), None)


def excerpt(text: str, longest: int = 160) -> str:
    """One printable line of a body, short enough for an error text."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * longest]).split())
    return line if len(line) <= longest else line[: longest - 3] + "..."


def quoted(text: str) -> str:
    """` ("...")` for an error text; nothing for an empty body or a web page."""
    line = excerpt(text)
    return f' ("{line}")' if line and not line.startswith("<") else ""


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        wait = float(value)
    except (ValueError, OverflowError):
        return None
    return max(0.0, wait) if math.isfinite(wait) and wait <= LONGEST_WAIT_S else None


def _until_date(when: str | None, date: str | None) -> float | None:
    try:
        return _seconds((parsedate_to_datetime(when or "") - parsedate_to_datetime(date or "")).total_seconds())
    except (TypeError, ValueError):  # no date, or one of them without a zone
        return None


def _after(body: str) -> float | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return _seconds(answer.get("after")) if isinstance(answer, dict) else None
