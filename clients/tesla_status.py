"""What Tesla's HTTP statuses mean and what the owner can do (facts: Fleet API conventions, and how maintained clients cope)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from clients.http_status import quoted, retry_after_s
from errors import AccountStopped, Asleep, BadAnswer, ClientError, LoginDead, Refused, ServerFault, TokenExpired, TooMany, WrongRegion

SOURCE = "tesla"
TESLA_DOMAINS = (".tesla.com", ".tesla.cn", ".teslamotors.com")  # the only hosts that a redirected token may go to

_LOG_IN = "log in again with `scheduler.py auth tesla`, or renew TESLA_ACCESS_TOKEN"


@dataclass(frozen=True, slots=True)
class Rule:
    """`pattern`: found in the body, lower case; empty: any body. The first rule of a status that fits counts."""

    pattern: str
    error: type[ClientError]
    advice: str


STATUSES: Mapping[int, tuple[Rule, ...]] = {
    400: (Rule("", Refused, "it did not understand the request; this is a fault of Ampshift, please report it"),),
    401: (
        Rule("mobile_access_disabled", Refused, "switch on Controls > Safety > Allow Mobile Access in the car"),
        Rule("login_required", LoginDead, f"the login is no longer valid; {_LOG_IN}"),
        Rule("", TokenExpired, f"the access token is not accepted or has expired; {_LOG_IN}"),
    ),
    402: (Rule("", AccountStopped, "payment is required; look at Billing on developer.tesla.com"),),
    403: (
        Rule("exceeded_limit", AccountStopped, "the billing limit is reached; raise it on developer.tesla.com or wait for the next month"),
        Rule("account disabled", AccountStopped, "the account is disabled; look at Billing on developer.tesla.com"),
        Rule("missing scopes", Refused, f"the login does not include this; {_LOG_IN} and tick all boxes"),
        Rule(
            "command protocol required",
            Refused,
            "this car takes only signed commands: `scheduler.py auth tesla` makes a key for it, or set TESLA_COMMAND_URL to a proxy",
        ),
        Rule("unsupported vehicle", Refused, "this car cannot be reached by the Fleet API"),
        Rule("", Refused, "access is denied; check the scopes of the login and that the key is paired with the car"),
    ),
    404: (Rule("", Refused, "it knows no such car; check TESLA_VIN and the URL"),),
    405: (Rule("", Refused, "the car is in service; nothing can be done until it is back"),),
    406: (Rule("", Refused, "it did not accept the kind of request; this is a fault of Ampshift, please report it"),),
    408: (Rule("", Asleep, "the car is offline or asleep"),),
    412: (
        Rule("", Refused, "the app is not registered in this region; scheduler.py auth tesla --resume does it, or correct TESLA_REGION"),
    ),
    421: (Rule("", WrongRegion, "the account lives in another region; correct TESLA_REGION"),),
    422: (Rule("", Refused, "it could not use the request; a car that takes no signed commands needs TESLA_COMMAND_URL empty"),),
    423: (Rule("", AccountStopped, "the account is locked; log in at tesla.com and follow what it says"),),
    424: (Rule("", Refused, "it could not read the app's public key; check that the key file can be reached"),),
    429: (Rule("", TooMany, "too many requests; waiting as told. Other apps on the same account count too"),),
    451: (Rule("", Refused, "it is not allowed to answer here"),),
    499: (Rule("", Refused, "the request was given up on the way"),),
    500: (
        Rule("offline or asleep", Asleep, "the car is offline or asleep"),
        Rule("", ServerFault, "it has a fault of its own"),
    ),
    502: (Rule("", ServerFault, "it has a fault of its own"),),
    503: (Rule("", ServerFault, "it, or the car, is not ready"),),
    504: (Rule("", ServerFault, "it got no answer from the car in time"),),
    540: (Rule("", ServerFault, "the car gave an unexpected answer"),),
}
_HUNDREDS: Mapping[int, Rule] = {
    4: Rule("", Refused, "it refused the request"),
    5: Rule("", ServerFault, "it has a fault of its own"),
}
_OTHER = Rule("", BadAnswer, "that is no answer to our question; check the URL (redirects are not followed)")


def error_for(status: int, body_text: str, headers: Mapping[str, str]) -> ClientError:
    """The error that belongs to a status outside 2xx. `headers` have lower-case names; `body_text` must not hold our token."""
    lower = body_text.lower()
    rule = next((rule for rule in STATUSES.get(status, ()) if rule.pattern in lower), _HUNDREDS.get(status // 100, _OTHER))
    text = f"Tesla answered {status}: {rule.advice}{quoted(body_text)}"
    if rule.error is WrongRegion:
        return WrongRegion(SOURCE, text, _base_url(body_text, headers))
    return rule.error(SOURCE, text, retry_after_s=retry_after_s(headers, body_text) if status in (429, 503) else None, status=status)


def is_tesla(url: str) -> bool:
    """https on one of Tesla's own domains, on the usual port and without a user name."""
    try:
        parts = urlsplit(url)
        plain = parts.scheme == "https" and parts.port in (None, 443) and "@" not in parts.netloc
    except ValueError:
        return False
    return plain and f".{(parts.hostname or '').lower()}".endswith(TESLA_DOMAINS)


def _base_url(body: str, headers: Mapping[str, str]) -> str | None:
    named = re.findall(r"https://[A-Za-z0-9.-]+", body)
    named += [f"https://{host}" for host in re.findall(r'h2="([A-Za-z0-9.-]+)(?::443)?"', headers.get("alt-svc", ""))]
    return next((url for url in (name.rstrip(".") for name in named) if is_tesla(url) and "fleet-api" in url), None)
