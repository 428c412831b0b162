"""Names from the systems that Ampshift replaces, answered with the line to write here: value converted, ready to paste.

Sources: intelligent-charge-scheduler's .env, tesla-smart-charger's config.json, system.json and vehicles.json, TWCManager's config.json and
settings.json. Their values come as text, as somebody would have moved them into .env. No value of a secret is repeated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from config_parsers import home, url, vin
from config_values import WEEKDAYS
from errors import ConfigError

Values = Mapping[str, str]  # every line of the file, by name
Answer = Callable[[str, Values], str]


@dataclass(frozen=True, slots=True)
class Advice:
    """`text`: the sentence for the owner; `names`: our options in it."""

    text: str
    names: frozenset[str]


def advice(name: str, values: Values) -> Advice | None:
    """What to write instead of an old name; None: it is none of theirs."""
    answer = OLD.get(name)
    if answer is None:
        return None
    said = answer(values.get(name, "").strip(), values)
    return Advice(f"{name}: {said}", frozenset(re.findall(r"\b([A-Z][A-Z0-9_]+)=", said)))


def renamed(new: str, low: int = 0, high: int = 0) -> Answer:
    """The same number under our name, moved into our range."""

    def answer(value: str, _values: Values) -> str:
        number = _number(value)
        if number is None:
            return f"write {new}=..."
        kept = min(max(round(number), low), high)
        return f"write {new}={kept}" + ("" if kept == number else f" (a whole number from {low} to {high})")

    return answer


def breaker(new: str) -> Answer:
    """Theirs is the usable current, ours the number on the breaker: the smallest breaker of which 80 % carry the old value."""

    def answer(value: str, _values: Values) -> str:
        number = _number(value)
        if number is None or number < 1:
            return f"write {new}=the number printed on the breaker"
        printed = -(-round(number) * 100 // 80)
        usable = f"{number:g} A was the usable limit; here it is the number printed on the breaker, of which 80 % are used"
        return f"write {new}={printed} to keep your limit ({usable}). Never write more than is printed there"

    return answer


def say(text: str) -> Answer:
    return lambda _value, _values: text


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"-?[0-9]{1,7}(\.[0-9]{1,6})?", text) else None


def _region(value: str, _values: Values) -> str:
    known = {"eu": "eu", "na": "na", "ap": "na", "cn": "cn"}.get(value.casefold())
    return f"write TESLA_REGION={known}" if known else "write TESLA_REGION=na (America, Asia, Pacific), eu or cn"


def _url_of(new: str) -> Answer:
    def answer(value: str, _values: Values) -> str:
        try:
            return f"write {new}={url(value if '://' in value else 'http://' + value)}"
        except ConfigError:
            return f"write {new}=http://... with its address"

    return answer


def _vehicle(value: str, _values: Values) -> str:
    try:
        return f"write TESLA_VIN={vin(value)}"
    except ConfigError:
        return "write TESLA_VIN=... with the 17 characters from the app; Tesla's own numbers for a car are not used"


def _address(value: str, _values: Values) -> str:
    try:
        home(value)
        return f"write TESLA_HOME_ADDRESS={value or 'here'}"
    except ConfigError as error:
        return f"write TESLA_HOME_ADDRESS=...: {error.problems[0]}"


def _lat_lon(_value: str, values: Values) -> str:
    lat, lon = (values.get(name, "").strip() for name in ("homeLat", "homeLon"))
    return f"write TESLA_HOME_ADDRESS={lat},{lon}" if _number(lat) and _number(lon) else "write TESLA_HOME_ADDRESS=lat,lon"


def _monitor(value: str, _values: Values) -> str:
    return f"write ENERGY_MONITOR_TYPE={value if value in ('shelly_em', 'shelly_rpc') else 'shelly_em'}"


def _clock(text: str) -> str | None:
    """TWCManager's hours are 22.5 or 22:30."""
    hours, colon, minutes = text.partition(":")
    number = _number(hours)
    if number is None or not 0 <= number < 24:
        return None
    return f"{int(number):02d}:{int(minutes) if colon and minutes.isdigit() else int(number % 1 * 60):02d}"


def _schedule(_value: str, values: Values) -> str:
    """TWCManager spreads one schedule over four names; bit 0 of the bitmap is Monday."""
    start, end = (_clock(values.get(f"scheduledAmps{part}Hour", "").strip()) for part in ("Start", "End"))
    current = _number(values.get("scheduledAmpsMax", "").strip())
    bits = values.get("scheduledAmpsDaysBitmap", "").strip() or "127"
    mask = int(bits, 0) & 127 if re.fullmatch(r"0x[0-9a-fA-F]{1,2}|[1-9][0-9]{0,2}", bits) else 127
    if start is None or end is None:
        return "write STRATEGY=timer and CHARGE_HOURS=mon-fri 22:00-06:00@32, with your days, hours and amps"
    hours = f"{start}-{end}" + (f"@{max(5, min(80, round(current)))}" if current and current > 0 else "")
    days = ", ".join(f"{day} {hours}" for bit, day in enumerate(WEEKDAYS) if mask >> bit & 1)
    return f"write STRATEGY=timer and CHARGE_HOURS={hours if mask == 127 else days}"


def _non_scheduled(value: str, _values: Values) -> str:
    number = _number(value) or 0
    return f"write NON_SCHEDULED_AMPS={min(80, round(number)) if number >= 5 else 0}"


def _power(value: str, values: Values) -> str:
    number, volts = _number(value), _number(values.get("VOLTAGE", "")) or 240
    if number is None or number <= 0:
        return "write CHARGER_MAX_AMPS=... in amps"
    watts = number if number >= 100 else number * 1000
    return f"write CHARGER_MAX_AMPS={max(1, min(80, int(watts / volts)))} (whole amps: {watts:g} W at {volts:g} V)"


def _track(value: str, _values: Values) -> str:
    start = _clock(value) or "06:00"
    return f"write SOLAR_CHARGING=on and SOLAR_HOURS={start}-21:00"


LOGIN = "a login cannot be carried over: `scheduler.py auth tesla` makes a new one. Remove this line"
GUARD = "the overload guard is not part of this version: remove the line; MAIN_BREAKER_AMPS=... keeps the plan below the breaker"
RS485 = "write TWC_PORT=/dev/serial/by-id/... and start twc_daemon.py: there is no other master"
SERVER = "this version opens no port: remove the line; `scheduler.py status` and the state files show the same"
METERED = "not needed: the surplus is measured at the grid. Remove the line; SOLAR_CHARGING=on follows the sun"
PER_CAR = "remove the line; one car's own values are written as NAME__ and its VIN"

OLD: Mapping[str, Answer] = {
    # intelligent-charge-scheduler
    "TESLA_ACCOUNT_EMAIL": say("Tesla ended the login by e-mail: `scheduler.py auth tesla` logs in, TESLA_VIN=... names your car"),
    "TESLA_ADDRESS": _address,
    "BUCKET_NAME": say("state is kept at home, in STATE_DIR=...: remove the line"),
    "PORT": say(SERVER),
    "TZ": say("write TIME_ZONE=... here (TZ counts only in the environment)"),
    # tesla-smart-charger
    "homeMaxAmps": breaker("MAIN_BREAKER_AMPS"),
    "chargerMaxAmps": renamed("CHARGER_MAX_AMPS", 1, 80),
    "chargerMinAmps": renamed("CHARGER_MIN_AMPS", 5, 32),
    "voltage": renamed("VOLTAGE", 100, 280),
    "region": _region,
    "energyMonitorIp": _url_of("ENERGY_MONITOR_URL"),
    "energyMonitorType": _monitor,
    "teslaVehicleId": _vehicle,
    "vin": _vehicle,
    "teslaAccessToken": say("write TESLA_ACCESS_TOKEN=... with the same value"),
    "teslaHttpProxy": _url_of("TESLA_COMMAND_URL"),
    "TESLA_PROXY_URL": _url_of("TESLA_COMMAND_URL"),
    "TESLA_CONFIG_DIR": say("settings stand in this file, state in STATE_DIR=...: remove the line"),
    "TESLA_CERTS_DIR": say("certificates belong to the signing proxy at TESLA_COMMAND_URL=...: remove the line"),
    "priority": say(PER_CAR),
    "enabled": say("remove the line; a car that is to be left alone is left out of TESLA_VIN=..."),
    "teslaRefreshToken": say(LOGIN),
    "teslaClientId": say("write TESLA_CLIENT_ID=... with the same value; `scheduler.py auth tesla` logs in"),
    **dict.fromkeys(("downStepPercentage", "upStepPercentage", "sleepTimeSecs", "overloadStrategy", "maxSessionDuration"), say(GUARD)),
    **dict.fromkeys(("hostIp", "apiPort", "corsOrigins", "auth"), say(SERVER)),
    # TWCManager
    "wiringMaxAmpsAllTWCs": breaker("TWC_BREAKER_AMPS"),
    "wiringMaxAmpsPerTWC": renamed("TWC_MAX_AMPS", 5, 80),
    "minAmpsPerTWC": renamed("CHARGER_MIN_AMPS", 5, 32),
    "maxPower": _power,
    "maxAmpsAllowedFromGrid": breaker("MAIN_BREAKER_AMPS"),
    "defaultVoltage": renamed("VOLTAGE", 100, 280),
    "numberOfPhases": renamed("PHASES", 1, 3),
    "nonScheduledAmpsMax": _non_scheduled,
    "hourResumeTrackGreenEnergy": _track,
    "chargeNowAmps": say("not a setting: `scheduler.py override charge-now --amps N` does it, for once"),
    "startStopDelay": say("write MIN_ON_MINUTES=15 and MIN_OFF_MINUTES=10, in minutes"),
    "settingsPath": say("write STATE_DIR=... with the folder"),
    "cloudUpdateInterval": say("write CYCLE_MINUTES=5 and start cron as often"),
    "onlyChargeMultiCarsAtHome": say("always so: a car that is not at TESLA_HOME_ADDRESS=... is never touched. Remove the line"),
    **dict.fromkeys(("homeLat", "homeLon"), _lat_lon),
    **dict.fromkeys(("scheduledAmpsMax", "scheduledAmpsStartHour", "scheduledAmpsEndHour", "scheduledAmpsDaysBitmap"), _schedule),
    **dict.fromkeys(
        ("greenEnergyAmpsOffset", "greenEnergyFlexAmps", "useFlexAmpsToStartCharge", "subtractChargerLoad"),
        say(METERED),
    ),
    **dict.fromkeys(("chargeStopMode", "chargeRateControl"), say("write CONTROL=auto, twc or car")),
    **dict.fromkeys(("fakeMaster", "rs485adapter", "rs485port"), say(RS485)),
    # names that belong to parts of Ampshift which this version does not have
    **dict.fromkeys(("DOWN_STEP", "UP_STEP", "SLEEP_TIME_SECS", "OVERLOAD_STRATEGY"), say(GUARD)),
    **dict.fromkeys(("HOST_IP", "API_PORT", "API_TOKEN"), say(SERVER)),
}
