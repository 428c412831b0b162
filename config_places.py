"""The third part of the table: places, roads and drives. ICAL_URLS and GOOGLE_CALENDARS name calendars, each tied to one car where its name
stands in front: `https://..., Blue=https://...`."""

# ruff: noqa: RUF009 - `option` makes a field, as in the other parts of the table

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from config_cars import CarSettings
from config_options import option
from config_parsers import choice, decimal, is_loopback, switch, token, url, whole
from config_values import Secret, Units, car_key
from errors import ConfigError


@dataclass(frozen=True, slots=True, init=False, repr=False, eq=False)
class PlaceSettings(CarSettings):
    """See Settings in config.py."""

    # ---- places
    units: Units = option(
        choice(Units),
        "auto",
        ", ".join(Units),
        "Distances in texts; auth tesla takes what the car shows. auto: miles where the time zone is one of the US.",
        about="places",
    )
    google_maps_api_key: Secret = option(
        token,
        "",
        "secret",
        "For roads to the places in your calendar. Without it: 1.4 times the straight line, with places from free services.",
        about="places",
    )
    google_maps_url: str = option(url, "https://maps.googleapis.com", "a URL", "Where Google's older maps answer.", about="places")
    google_routes_url: str = option(url, "https://routes.googleapis.com", "a URL", "Where Google's newer roads answer.", about="places")
    roads_per_month: int = option(
        whole(0, 100_000, "roads"), "3000", "0-100000", "At most so many roads are asked of Google in a month.", about="places"
    )
    place_lookup: bool = option(
        switch,
        "on",
        "on, off",
        "Look up places at the US Census and OpenStreetMap where Google is not asked. off: only Google, and [120 km] in an event.",
        about="places",
    )
    census_url: str = option(url, "https://geocoding.geo.census.gov", "a URL", "Where the US Census finds addresses.", about="places")
    nominatim_url: str = option(
        url, "https://nominatim.openstreetmap.org", "a URL", "Where OpenStreetMap finds places, at most one a second.", about="places"
    )

    # ---- drives
    consumption_wh_per_km: float = option(
        decimal(80, 600, "Wh"),
        "170",
        "80-600",
        "What the car uses on a mild day, until its own drives have shown it (Wh/km; Wh/mile times 0.62).",
        about="drives",
        per_car=True,
    )
    trip_reserve_soc: int = option(
        whole(0, 60, "percent"), "20", "0-60", "What must be left in the battery at home again.", about="drives", per_car=True
    )
    charge_limit_floor: bool = option(
        switch,
        "off",
        "on, off",
        "For a drive in the calendar at least what the charge-limit rule says: 75 %, and 1 % more for each 6 miles, up to MAX_SOC.",
        about="drives",
        per_car=True,
    )

    def road_services(self) -> tuple[tuple[str, str | None], ...]:
        """(name, URL) of what may be asked for a road or a place."""
        free = self.place_lookup
        return (
            ("Google Maps", self.google_maps_url if self.google_maps_api_key else None),
            ("Google Routes", self.google_routes_url if self.google_maps_api_key else None),
            ("US Census", self.census_url if free else None),
            ("OpenStreetMap", self.nominatim_url if free else None),
        )


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
