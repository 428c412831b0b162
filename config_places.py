"""ICAL_URLS and GOOGLE_CALENDARS: calendars, each tied to one car where its name stands in front: `https://..., Blue=https://...`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from config_parsers import is_loopback
from config_values import Secret, car_key
from errors import ConfigError

_NEXT = re.compile(r",\s*(?=(?:[^,=:/]+=\s*)?(?:https?|webcals?)://)", re.IGNORECASE)  # an address may hold commas of its own
_CAR = re.compile(r"([^=:/@]+)=\s*(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class CalendarAddress:
    """`car`: VIN, last six or name, as `car_key` writes it; "": any car. The address of a secret iCal feed opens it for everybody."""

    car: str
    address: Secret

    def __str__(self) -> str:
        return f"{self.car}={_HIDDEN}" if self.car else _HIDDEN


@dataclass(frozen=True, slots=True)
class CalendarId:
    """A calendar of the Google account: `primary`, or the ID under "Integrate calendar"."""

    car: str
    id: str

    def __str__(self) -> str:
        return f"{self.car}={self.id}" if self.car else self.id


_HIDDEN = "(a secret address, set)"


def parse_ical_urls(text: str) -> tuple[CalendarAddress, ...]:
    parts = [part.strip() for part in _NEXT.split(text) if part.strip().rstrip(",")]
    return tuple(CalendarAddress(car, Secret(_address(address))) for car, address in map(_tied, parts))


def parse_google_calendars(text: str) -> tuple[CalendarId, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return tuple(CalendarId(car, _id(one)) for car, one in map(_tied, parts))


def origin(address: str) -> str:
    """Scheme, host and port: what may be shown of a secret address."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _tied(part: str) -> tuple[str, str]:
    found = _CAR.fullmatch(part)
    return (car_key(found[1]), found[2].strip()) if found else ("", part)


def _address(text: str) -> str:
    """webcal:// is https://, as the calendar programs read it."""
    address = re.sub(r"^webcals?://", "https://", text.rstrip(","), flags=re.IGNORECASE)
    try:
        host = urlsplit(address).hostname
    except ValueError:
        host = None
    if not host or not re.fullmatch(r"(?i)https?://[!-~]+", address):
        raise ConfigError(
            ("write secret iCal addresses (https://...), parted by commas, a car's name and = in front where it is for one car",)
        )
    if not address.lower().startswith("https://") and not is_loopback(address):
        raise ConfigError(("write the address with https://: it is a secret and must not travel in clear text",))
    return address


def _id(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._%+#@-]{1,200}", text):
        raise ConfigError(("write primary or calendar IDs such as abc123@group.calendar.google.com, parted by commas",))
    return text
