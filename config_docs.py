"""`python -m config_docs env` prints .env.example, `... settings` prints docs/SETTINGS.md; a test compares both with the table."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from config import OPTIONS
from config_options import Option
from config_tariff import SHIPPED, read_tariff, shipped

GROUPS: Mapping[str, str] = {
    "house": "The house",
    "page": "The page",
    "wishes": "What you wish",
    "car": "The car",
    "charger": "The charger",
    "powerwall": "The Powerwall",
    "sun": "The sun and the weather",
    "grid": "The grid and its prices",
    "places": "Calendars and places",
    "drives": "Drives in the calendar",
    "meter": "The house meter",
    "mqtt": "MQTT and Home Assistant",
}
# The eight that a normal house needs, each with an example that is nobody's.
FIRST: Mapping[str, str] = {
    "TIME_ZONE": "America/Los_Angeles",
    "TESLA_VIN": "5YJ3AMPSHFT000001",
    "TESLA_DOMAIN": "yourname.github.io",
    "TESLA_HOME_ADDRESS": "here",
    "DEPARTURE_TIME": "mon-fri 07:30, sat-sun 10:00",
    "TARIFF": "free-nights:21:00-06:00@0.24",
    "MAIN_BREAKER_AMPS": "200",
    "CHARGER_MAX_AMPS": "48",
}
ENV_HEAD = """DRY_RUN=on
# Ampshift's settings. Copy this file and keep the copy to yourself:  cp .env.example .env && chmod 600 .env
# Take the # off the lines that you need and put in your own values; `scheduler.py check` then says line by line what works.
# A line that is not there, or has nothing after =, is the default. All settings are explained in docs/SETTINGS.md.
# For one car only: NAME__ and its VIN, its last six or its name, such as TARGET_SOC__BLUE=80.
# DRY_RUN=on in the first line: it decides and records, and sends nothing. `make live` takes it away when you like what it says.
# This moves real current through real wires: breaker settings are the numbers printed on the breakers, never more.
"""
SETTINGS_HEAD = """# Settings

`.env` stands next to `scheduler.py`; the environment overrides it. Made from the table in `config.py` with `make docs`.

- Nothing after `=` is the default. What follows a space and a `#` is a comment; put values with `#` or quotes into 'single quotes'.
- Options marked *per car* may be given for one car: `NAME__<VIN, its last six characters, or its name>`.
  Case does not count, spaces are written as `_`. The VIN beats the last six, they beat the name.
- Amps are per phase. Breaker settings are the numbers printed on the breakers; CONTINUOUS_PERCENT of them is used.
- Times are on the 24-hour clock in your time zone. Hours across midnight belong to the day they start on.
- All mistakes are told at once, each with what to write. Names from older systems are answered with the new name and the converted value.
"""
TARIFFS = """
## Tariffs

`TARIFF` may be:

- `flat:0.16`: one price
- `free-nights:21:00-06:00@0.24`: nothing in those hours, 0.24 outside them
- a name from the list below: a utility's plan, as it was on the day named in its file; `scheduler.py check` says how old it is
- `my-tariff.toml`: your own file, found from the folder of `.env`; its form is below
- `wholesale*1.1+0.09`: the market's price of GRID_ISO (or PRICE_FILE) x 1.1, and 0.09 more; without `*` x 1
- `prices.csv`, `prices.json`, `https://...`: a series of prices; an address is asked every two hours, and may carry a key
- `powerwall`: the rate plan that you entered in the Tesla app (POWERWALL_SITE)

```toml
name = "Summer and winter"
currency = "USD"
export = 0.05            # optional: what an exported kWh earns. Where it earns more than charging later costs, the sun is sold
holidays = ["new-year", "labor", "12-24"]  # optional: days that count as Sundays
observed = "monday"      # optional: a holiday on a Sunday is kept on Monday; nearest: also one on a Saturday on Friday
wholesale = 1.0          # optional: the prices below are added to the market's price x 1.0
grid = "PJM"             # optional, with wholesale: whose prices; another GRID_ISO is an error
places = ["WESTERN HUB"] # optional, with wholesale: the GRID_LOCATION that fits; `check` warns of another

[[period]]               # the first period that matches wins
price = 0.49             # per kWh, not cents
hours = "16:00-21:00"    # optional
days = "mon-fri"         # optional
months = [6, 7, 8, 9]    # optional
season = "11-15..03-14"  # optional: first and last day, also across New Year
export = 0.08            # optional

[[period]]               # the last one must always match
price = 0.31
```

A CSV file of prices has the header `start,price` and perhaps `,load_mw`, `,co2`, `,export`; a row holds until the next one. As JSON:
`{"unit": "kWh", "prices": [{"start": "2026-12-09T00:00:00-08:00", "end": "2026-12-09T01:00:00-08:00", "price": 0.21, "export": 0.05}]}`.
The unit may be kWh, MWh or cents (per kWh); `end` and `export` may be left out. The list may stand alone, or be called `rates`, `data` or
`results`; `from`, `valid_from`, `startsAt` and `time_start` are read as `start`, `value` and `total` as `price`.

Plans in `tariffs/`, without fixed charges and taxes. Utilities change their prices once or twice a year: compare with your bill.

"""


def env_example() -> str:
    """The text of .env.example: legal as it is, with nothing set but the dry run, so that no copy is live before its owner says so."""
    known = {option.name: option for option in OPTIONS}
    blocks = [ENV_HEAD, heading("Enough for a normal house")]
    blocks += [entry(known[name], example) for name, example in FIRST.items()]
    for about, title in GROUPS.items():
        blocks.append(heading(title))
        blocks += [entry(option, option.default) for option in OPTIONS if option.about == about and option.name not in (*FIRST, "DRY_RUN")]
    return "\n".join(blocks) + "\n"  # a setting that is appended to a copy must not end in the last comment


def heading(title: str) -> str:
    return f"\n# ---- {title} " + "-" * (100 - len(title))


def entry(option: Option, text: str) -> str:
    return f"# {option.sentence} [{option.accepts}]{' per car' if option.per_car else ''}\n#{option.name}={text}"


def settings_page() -> str:
    """The text of docs/SETTINGS.md."""
    blocks = [SETTINGS_HEAD]
    for about, title in GROUPS.items():
        blocks.append(f"## {title}\n\n| option | default | may be | meaning |\n|---|---|---|---|")
        blocks[-1] += "".join("\n" + row(option) for option in OPTIONS if option.about == about) + "\n"
    return "\n".join(blocks) + TARIFFS + "".join(plan(name) for name in shipped())


def plan(name: str) -> str:
    """One line of the list of tariffs/."""
    found = read_tariff(SHIPPED / f"{name}.toml")
    return f"- `{name}`: {found.name}, {'an example seen on' if found.example else 'prices of'} {found.dated}\n"


def row(option: Option) -> str:
    default = f"`{option.default}`" if option.default else ""
    car = " *per car*" if option.per_car else ""
    return f"| {option.name} | {default} | {option.accepts} | {option.sentence}{car} |"


PAGES: Mapping[str, Callable[[], str]] = {"env": env_example, "settings": settings_page}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in PAGES:
        print("python -m config_docs env|settings", file=sys.stderr)
        return 2
    print(PAGES[arguments[0]](), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
