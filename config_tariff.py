"""Tariffs: what a kWh from the grid costs by the owner's clock, or where its price comes from.

flat:0.16                      one price                   pge-ev2-a          a name shipped in tariffs/
free-nights:21:00-06:00@0.24   free at night               my-tariff.toml     a file of your own (its form: docs/SETTINGS.md)
wholesale*1.1+0.09             the market's price and more prices.csv, .json, https://...   a series of prices
powerwall                      as the Tesla app has it
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from config_parsers import decimal, is_loopback, span
from config_tariff_file import read_tariff, tariff_from
from config_tariff_values import MOST_TIMES, PRICE_LIMIT, Kind, Period, Tariff, export_at, price_at
from config_values import Secret
from errors import ConfigError

__all__ = [
    "SHIPPED",
    "Kind",
    "Period",
    "Tariff",
    "export_at",
    "parse_tariff",
    "price_at",
    "price_host",
    "read_tariff",
    "shipped",
    "tariff_from",
]

SHIPPED = Path(__file__).parent / "tariffs"
WHOLESALE = re.compile(r"wholesale(?:\*([0-9.]+))?([+-][0-9.]+)?")
SERIES_ENDINGS = (".csv", ".json")
FORMS = (
    "write flat:0.16, free-nights:21:00-06:00@0.24, wholesale+0.12, powerwall, the path of a tariff file (.toml) or of prices "
    "(.csv, .json), an https:// address of prices, or a name from tariffs/"
)


def parse_tariff(text: str, base: Path) -> Tariff | None:
    """The option's value; a relative path counts from `base`. Empty is None. Raises ConfigError with every problem of a file."""
    kind, _, rest = text.partition(":")
    if not text:
        return None
    if text.startswith(("https://", "http://")):
        return _address(text)
    if kind == "flat":
        return Tariff(text, "", None, (Period(_price(rest)),))
    if kind == "free-nights":
        return _free_nights(text, rest)
    if text.casefold() == "powerwall":
        return Tariff("of the Powerwall", "", None, (), Kind.POWERWALL)
    if text.startswith("wholesale"):
        return _wholesale(text)
    if text.endswith(SERIES_ENDINGS):
        return Tariff(f"prices of {Path(text).name}", "", None, (), Kind.SERIES, file=base / text)
    return read_tariff(base / text) if text.endswith(".toml") else read_tariff(_shipped(text))


def price_host(tariff: Tariff | None) -> str | None:
    """Scheme and host of a tariff's address, without what may be a key; None: it has none."""
    if tariff is None or not tariff.url:
        return None
    parts = urlsplit(tariff.url.reveal())
    return f"{parts.scheme}://{parts.hostname}"


def shipped() -> tuple[str, ...]:
    """The names in tariffs/."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.toml")))


def _shipped(text: str) -> Path:
    names = shipped()
    name = re.sub(r"[\s_]+", "-", text.strip().casefold())
    if name in names:
        return SHIPPED / f"{name}.toml"
    from difflib import get_close_matches  # only a mistake needs it

    near = get_close_matches(name, names, n=3, cutoff=0.4) or [found for found in names if name[:3] and found.startswith(name[:3])]
    meant = f" (perhaps {' or '.join(near)})" if near else f" ({', '.join(names)})"
    raise ConfigError((f"{FORMS}{meant}",))


def _address(text: str) -> Tariff:
    """A price series by URL. It may carry a key, so it is kept as a secret and only its host is named."""
    wanted = "write the whole address of the prices, such as https://prices.example.com/today.json"
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        raise ConfigError((wanted,)) from None
    if not host or "@" in parts.netloc or not re.fullmatch(r"[!-~]+", text):
        raise ConfigError((wanted,))
    if parts.scheme == "http" and parts.query and not is_loopback(text):
        raise ConfigError(("write https:// for an address with a ?, so that no key goes over the network in clear text",))
    return Tariff(f"prices of {host}", "", None, (), Kind.SERIES, url=Secret(text))


def _wholesale(text: str) -> Tariff:
    found = WHOLESALE.fullmatch(text.replace(" ", ""))
    if not found:
        raise ConfigError(("write wholesale, wholesale+0.12 or wholesale*1.1+0.09",))
    times = decimal(0.0, MOST_TIMES, "times the market's price")(found[1]) if found[1] else 1.0
    added = _price(found[2]) if found[2] else 0.0
    return Tariff(text, "", None, (Period(added),), Kind.WHOLESALE, times=times)


def _price(text: str) -> float:
    return decimal(-PRICE_LIMIT, PRICE_LIMIT, "the currency per kWh")(text.strip())


def _free_nights(text: str, rest: str) -> Tariff:
    hours, at, price = rest.partition("@")
    if not at:
        raise ConfigError(("write the free hours and the price outside them, such as free-nights:21:00-06:00@0.24",))
    free = span(hours.strip())
    return Tariff(text, "", None, (Period(0.0, start=free.start, end=free.end), Period(_price(price))))
