"""From the text of one option to its value. Every parser takes the text, already stripped and not empty unless it is the default, and
raises ConfigError with one half sentence, "write ...", that follows the option's name. Values of secrets and URLs are never quoted."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from config_values import DAY, EVERY_DAY, WEEKDAYS, Address, ChargeHours, Departure, Secret, TimeSpan
from errors import ConfigError
from model import Place

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
Parser = Callable[[str], T]

INTEGER = re.compile(r"[+-]?[0-9]{1,9}")
DECIMAL = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{1,9})?")
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?|[0-9A-Fa-f:.]+")
WHERE = """write number and street, town and state with commas between them (12 Elm Street, Springfield, IL 62701; \
all of it in 'quotes' where there is a #), or lat,lon: press long on your house in a map on the phone (right click on a \
computer) and write the two numbers it shows, or the word here, with the car at home"""
_WORD = re.compile(r"[^\W\d_]{2,}")
LONGEST_ADDRESS = 200
SWITCH = {"on": True, "yes": True, "true": True, "1": True, "off": False, "no": False, "false": False, "0": False}


def wrong(wanted: str, text: str) -> ConfigError:
    return ConfigError((f"write {wanted}, not {text[:60]!r}",))


def whole(low: int, high: int, unit: str = "") -> Parser[int]:
    """A whole number from `low` to `high`, both included."""

    def parse(text: str) -> int:
        if not INTEGER.fullmatch(text) or not low <= int(text) <= high:
            raise wrong(f"a whole number{unit and ' of ' + unit} from {low} to {high}", text)
        return int(text)

    return parse


def decimal(low: float, high: float, unit: str = "") -> Parser[float]:
    """A number with an optional decimal point, from `low` to `high`, both included."""

    def parse(text: str) -> float:
        if not DECIMAL.fullmatch(text) or not low <= float(text) <= high:
            raise wrong(f"a number{unit and ' of ' + unit} from {low:g} to {high:g} with a decimal point", text)
        return float(text)

    return parse


def choice(kind: type[E]) -> Parser[E]:
    def parse(text: str) -> E:
        for member in kind:
            if text.casefold() == member.value.casefold():
                return member
        raise wrong(" or ".join(kind), text)

    return parse


def port(text: str) -> str:
    """A serial device or a pyserial URL."""
    if text.startswith("/") or re.fullmatch(r"(socket|rfc2217)://[^\s/:]+:\d{1,5}([/?]\S*)?", text) or re.fullmatch(r"spy:///\S+", text):
        return text
    raise wrong("a device such as /dev/serial/by-id/usb-... (ls /dev/serial/by-id), socket://host:port or rfc2217://host:port", text)


def maybe(parse: Parser[T]) -> Parser[T | None]:
    """Empty is None."""
    return lambda text: parse(text) if text else None


def listed(parse: Parser[T]) -> Parser[tuple[T, ...]]:
    """Values parted by commas; empty is none of them."""
    return lambda text: tuple(parse(part.strip()) for part in text.split(",") if part.strip())


def one_of(*allowed: int) -> Parser[int]:
    def parse(text: str) -> int:
        if text not in {str(number) for number in allowed}:
            raise wrong(" or ".join(str(number) for number in allowed), text)
        return int(text)

    return parse


def amps_or_none(text: str) -> int:
    """0 for no charging, or an amount that a car can charge with."""
    return 0 if text == "0" else whole(5, 80, "A, or 0,")(text)


def switch(text: str) -> bool:
    if text.casefold() not in SWITCH:
        raise wrong("on or off", text)
    return SWITCH[text.casefold()]


def pattern(expression: str, wanted: str, change: Callable[[str], str] = str) -> Parser[str]:
    """Text that matches `expression` as a whole after `change`."""

    def parse(text: str) -> str:
        if not re.fullmatch(expression, change(text)):
            raise wrong(wanted, text)
        return change(text)

    return parse


currency = pattern("[A-Z]{3}", "three letters such as USD or EUR", str.upper)
vin = pattern("[A-HJ-NPR-Z0-9]{17}", "the 17 letters and digits of the VIN (there is never an I, O or Q in it)", str.upper)
twc_id = pattern("[0-9A-F]{4}", "the 4 hex digits of the Wall Connector, such as 4085", str.upper)
printable = pattern("[!-~]{0,100}", "letters, digits and signs without spaces")
location = pattern(r"[ -~]{1,80}", "the price location as GridStatus names it, such as TH_NP15_GEN-APND")


host_name = pattern(r"[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?", "a name such as house.example, without http:// and port", str.lower)


def address(text: str) -> str:
    """An IP address of this machine to listen on."""
    try:
        return str(ip_address(text))
    except ValueError:
        raise wrong("an IP address such as 127.0.0.1 (this machine only) or 0.0.0.0 (the whole network)", text) from None


def zone(text: str) -> ZoneInfo:
    """An IANA zone. Empty is UTC here; `config.load` puts the machine's own zone in its place."""
    try:
        return ZoneInfo(text or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise wrong("a zone such as America/Los_Angeles (timedatectl list-timezones shows them all)", text) from None


def folder(text: str) -> Path:
    if text.startswith("~"):
        raise wrong("the whole path, because cron does not know ~", text)
    return Path(text)


def file_beside(text: str, base: Path) -> Path | None:
    """A file; a relative path counts from the folder of the settings file. Empty is None."""
    return base / folder(text) if text else None


# ---- secrets and addresses ------------------------------------------------------------------------------------------------------


def secret(text: str) -> Secret:
    return Secret(text)


def token(text: str) -> Secret:
    """A secret that goes into a header, so it has no space and no letter outside ASCII."""
    if not re.fullmatch(r"[!-~]*", text):
        raise ConfigError(("write the token alone, in one line, without spaces and without the word Bearer",))
    return Secret(text)


def site(text: str) -> int | Literal["auto"] | None:
    """An energy site's number, or the word auto. Empty: none."""
    if not text:
        return None
    if text.casefold() == "auto":
        return "auto"
    if not re.fullmatch("[1-9][0-9]{0,18}", text):
        raise wrong("auto, or the number of the energy site", text)
    return int(text)


def fingerprint(text: str) -> str:
    """SHA-256 of a certificate as 64 small hex digits without colons."""
    digits = re.sub(r"[:\s]", "", text).lower()
    if not re.fullmatch("[0-9a-f]{64}", digits):
        raise ConfigError(("write the SHA-256 fingerprint of the certificate: 64 hex digits, colons allowed",))
    return digits


def url(text: str) -> str:
    """http or https, a host, perhaps a port and a path; without the last slash."""
    wanted = "write http:// or https://, a host and perhaps a port, such as https://192.168.1.40"
    try:
        parts = urlsplit(text)
        port_is_good = parts.port is None or parts.port > 0
    except ValueError:
        raise ConfigError((wanted,)) from None
    if "@" in parts.netloc or parts.query or parts.fragment or "?" in text or "#" in text:
        raise ConfigError(("write the URL without user name, password, ? and #; secrets have settings of their own",))
    if parts.scheme not in ("http", "https") or not HOST.fullmatch(parts.hostname or "") or not port_is_good:
        raise ConfigError((wanted,))
    if not re.fullmatch(r"[A-Za-z0-9._~/%-]*", parts.path):
        raise ConfigError((wanted,))
    return f"{parts.scheme}://{text.partition('://')[2]}".rstrip("/")


def url_or_default(text: str) -> str:
    """A URL; empty where a default comes from other options."""
    return url(text) if text else ""


def redirect_or_none(text: str) -> str:
    """A URL that Tesla compares letter by letter: its last slash stays."""
    return url(text) + "/" * (text.endswith("/")) if text else ""


def domain_or_none(text: str) -> str:
    """A host name alone, perhaps with a port, in small letters; empty is none."""
    if text and (not HOST.fullmatch(text.partition(":")[0]) or not re.fullmatch(r"[^:/]+(:[0-9]{1,5})?", text) or "." not in text):
        raise ConfigError(("write the host name alone, such as yourname.github.io, without https:// and /",))
    return text.casefold().rstrip(".")


def is_loopback(url: str) -> bool:
    """Does this URL stay on this machine? A name other than localhost does not count, whatever it resolves to."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def home(text: str) -> Place | Address | Literal["here"] | None:
    """`lat,lon` in degrees, a street address, or the word here. Empty is None. The text is never quoted: it says where somebody lives."""
    if text.casefold() in ("", "here"):
        return "here" if text else None
    parts = [part.strip() for part in text.split(",")]
    if _is_street(text, parts):
        return Address(" ".join(text.split()))
    if len(parts) != 2 or not all(DECIMAL.fullmatch(part) for part in parts):
        raise ConfigError((WHERE,))
    lat, lon = float(parts[0]), float(parts[1])
    if abs(lat) > 90 or abs(lon) > 180:
        raise ConfigError(("write the latitude (-90 to 90) first and the longitude (-180 to 180) second",))
    return Place(lat, lon)


def _is_street(text: str, parts: list[str]) -> bool:
    """A house number, and words in two parts at least: a street without its town is in a hundred towns."""
    named = sum(_WORD.search(part) is not None for part in parts)
    return named >= 2 and re.search(r"\d", text) is not None and text.isprintable() and len(text) <= LONGEST_ADDRESS


# ---- clock and calendar ---------------------------------------------------------------------------------------------------------


def minute(text: str, *, end: bool = False) -> int:
    """HH:MM on the 24-hour clock in minutes; 24:00 only as an end."""
    found = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", text.strip())
    value = int(found[1]) * 60 + int(found[2]) if found and int(found[2]) < 60 else -1
    if not 0 <= value < DAY and not (end and value == DAY):
        raise wrong("times on the 24-hour clock such as 07:30", text)
    return value


def span(text: str) -> TimeSpan:
    """`22:00-06:00`; 00:00-24:00 is the whole day."""
    start, dash, end = text.partition("-")
    if not dash:
        raise wrong("hours from-to such as 22:00-06:00", text)
    found = TimeSpan(minute(start), minute(end, end=True))
    if found.start == found.end:
        raise wrong("hours with an end unlike their start (the whole day is 00:00-24:00)", text)
    return found


def days(text: str) -> frozenset[int]:
    """`mon` or `mon-fri`, also across Sunday (`fri-mon`); Monday is 0."""
    ends = [part.strip().casefold() for part in text.split("-")]
    if len(ends) > 2 or not all(end in WEEKDAYS for end in ends):
        raise wrong("days such as mon-fri or sat (mon tue wed thu fri sat sun)", text)
    first, last = WEEKDAYS.index(ends[0]), WEEKDAYS.index(ends[-1])
    return frozenset((first + ahead) % 7 for ahead in range((last - first) % 7 + 1))


def dated(text: str) -> tuple[frozenset[int], str]:
    """The days in front (every day without them), and the rest."""
    words = text.split()
    if len(words) == 1:
        return EVERY_DAY, words[0]
    if len(words) != 2:
        raise wrong("days and a time, parted by commas, such as mon-fri 07:30, sat-sun 10:00", text)
    return days(words[0]), words[1]


def departure(text: str) -> Departure:
    on, rest = dated(text)
    return Departure(on, minute(rest))


def departures(text: str) -> tuple[Departure, ...]:
    return () if text.casefold() == "none" else listed(departure)(text)


def charge_hours(text: str) -> ChargeHours:
    on, rest = dated(text)
    hours, at, amps = rest.partition("@")
    return ChargeHours(on, span(hours), whole(5, 80, "A")(amps.strip()) if at else None)
