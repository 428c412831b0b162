"""`check`: one line for each setting and each connection, with what to do; then the coming 48 h of prices in words."""

from __future__ import annotations

import argparse
import io
import stat
from collections.abc import Iterator
from pathlib import Path

from dotenv.parser import parse_stream

from clients.tesla_auth import FOR_A_HOLD, FOR_A_SITE, NEEDED
from config import OPTIONS, Broker, Settings
from config_docs import FIRST
from config_notify import shown
from config_tariff import Tariff
from config_values import WEEKDAYS, Address, ChargeHours, Departure, Secret, TimeSpan
from cycle import home
from cycle.alerts import alert_caches
from cycle.calendars import Calendars
from cycle.check_calendar import calendar_lines, drive_lines
from cycle.check_folders import folder_lines
from cycle.check_grid import grid_failures, grid_lines
from cycle.check_home import home_lines
from cycle.check_mqtt import mqtt_lines
from cycle.check_net import net_lines
from cycle.check_prices import price_lines
from cycle.check_zone import zone_lines
from cycle.desk import Desk
from cycle.grid import ask_again as ask_slow_again
from cycle.signed import way
from cycle.status import login_ended, login_words
from cycle.tariff import price_caches
from cycle.tesla import ask_again
from cycle.weather import CACHE as WEATHER
from model import RELEASED, Missing, Place
from model_decision import Snapshot
from planners.texts import age
from state.logins import KEY, Login

ROOT = Path(__file__).resolve().parents[1]
SET_CLOCK = ": set it with timedatectl"


def command(desk: Desk, args: argparse.Namespace) -> int:
    """Exit 1 when a configured connection failed or the clock is not set."""
    settings = desk.settings
    for line in (*_settings(settings, desk.verbose), *_open_secrets(args.env or ROOT / ".env", settings)):
        print(line)
    now = desk.now.astimezone(settings.time_zone)
    clock_ok = desk.believed or desk.now >= RELEASED
    print(f"{'ok     ' if clock_ok else 'FAILED '} clock: {now:%a %Y-%m-%d %H:%M} {settings.time_zone.key}{'' if clock_ok else SET_CLOCK}")
    for line in zone_lines(settings):
        print(line)
    ask_again(desk.cache, desk.now)
    calendars = Calendars(settings, desk.cache, desk.http, desk.logins, desk.now)
    calendars.ask_again()
    desk.market.ask_again()
    ask_slow_again(desk.cache, (*price_caches(settings), *alert_caches(settings), WEATHER), desk.now)
    if isinstance(settings.tesla_home_address, Address):
        home.ask_again(desk.cache, settings.tesla_home_address, desk.now)
    snapshot = desk.house.look(desk.store.load_memory(), desk.now)
    failed = not clock_ok
    for text, bad in (*folder_lines(settings), *_connections(snapshot, settings), *home_lines(snapshot, settings, desk.cache)):
        print(text)
        failed = failed or bad
    for text, bad in (*grid_failures(desk, snapshot), *_login(desk)):
        print(text)
        failed = failed or bad
    for text, bad in (*_notices(desk, args.notify), *mqtt_lines(settings)):
        print(text)
        failed = failed or bad
    for line in (
        *_amps(settings),
        *calendar_lines(calendars, snapshot),
        *drive_lines(calendars, snapshot),
        *net_lines(snapshot, settings),
        *grid_lines(desk, snapshot),
        *price_lines(snapshot, settings),
    ):
        print(line)
    return 1 if failed else 0


def _settings(settings: Settings, whole: bool) -> Iterator[str]:
    """What is set, then what a normal house sets and this one left at its default, and how many more stand there; `whole`: all of them.
    Secrets only as set or not."""
    plain = Settings()
    same = [option for option in OPTIONS if getattr(settings, option.field) == getattr(plain, option.field)]
    for option in OPTIONS:
        if option not in same:
            yield f"set     {option.name} = {_text(getattr(settings, option.field))}"
    for own in settings.own:
        yield f"set     {own.field.upper()}__{own.car.upper()} = {_text(own.value)}"
    told = [option for option in same if whole or option.name in FIRST]
    for option in told:
        value = getattr(plain, option.field)
        yield f"default {option.name}" + (f" = {_text(value)}" if value not in (None, "", (), Secret("")) else ": not set")
    if len(told) < len(same):
        yield f"default {len(same) - len(told)} more settings: scheduler.py check -v lists them, docs/SETTINGS.md explains them"


def _open_secrets(path: Path, settings: Settings) -> Iterator[str]:
    """A file of settings that every user of this computer may read, with secrets in it."""
    try:
        if not path.stat().st_mode & stat.S_IROTH:
            return
        said = {line.key: line.value for line in parse_stream(io.StringIO(path.read_text(encoding="utf-8")))}
    except (OSError, UnicodeError):
        return  # a file that cannot be read was told at the start
    secret = [option.name for option in OPTIONS if _is_secret(getattr(settings, option.field)) and said.get(option.name)]
    if secret:
        yield f"WARNING {path} can be read by every user of this computer and holds {', '.join(secret)}: chmod 600 {path}"


def _is_secret(value: object) -> bool:
    return isinstance(value, Secret) or (isinstance(value, Broker) and bool(value.password))


def _open_keys(settings: Settings) -> Iterator[tuple[str, bool]]:
    """A key or a login that others on this computer may read, as after a backup that was put back: who has it can open the car."""
    for path in (settings.state_dir / KEY, *(settings.state_dir / login for login in Login)):
        try:
            wide = path.is_file() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
        except OSError:
            continue  # a folder that cannot be searched is told by whoever reads from it
        if wide:
            yield f"WARNING {path} can be read by others on this computer, and who has it can open the car: chmod 600 {path}", False


def _text(value: object) -> str:
    if isinstance(value, Secret):
        return "(a secret, set)"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Tariff):
        return value.name
    if isinstance(value, tuple):
        return ", ".join(_text(item) for item in value)
    if isinstance(value, Departure):
        return f"{_days(value.days)} {value.minute // 60:02d}:{value.minute % 60:02d}"
    if isinstance(value, ChargeHours):
        return f"{_days(value.days)} {_text(value.span)}{f'@{value.amps}' if value.amps else ''}"
    if isinstance(value, TimeSpan):
        return f"{value.start // 60:02d}:{value.start % 60:02d}-{value.end // 60:02d}:{value.end % 60:02d}"
    if isinstance(value, Place):
        return f"{value.lat},{value.lon}"
    return str(value)


def _days(days: frozenset[int]) -> str:
    return "every day" if len(days) == 7 else " ".join(WEEKDAYS[day] for day in sorted(days))


def _connections(snapshot: Snapshot, settings: Settings) -> Iterator[tuple[str, bool]]:
    states = {state.name: state for state in snapshot.sources}
    for state in states.values():
        old = f" ({age(state.age_s)} old)" if state.age_s and state.age_s >= 90 else ""
        word = "note  " if state.note else "FAILED"
        yield (f"ok      {state.name}{old}", False) if state.ok else (f"{word}  {state.name}: {state.why}", not state.note)
    hints = {
        "tesla": "scheduler.py auth tesla",
        "powerwall": "POWERWALL_URL or POWERWALL_SITE",
        "meter": "ENERGY_MONITOR_TYPE",
        "wall connector": "WALL_CONNECTOR_URL",
        "load forecast": "GRID_ISO, and GRID_STATUS_API_KEY",
        "price file": "PRICE_FILE",
        "calendar": "ICAL_URLS or GOOGLE_CREDENTIALS",
    }
    for name, option in hints.items():
        found = any(state == name or state.startswith(f"{name} ") for state in states)
        if not found and not (name == "powerwall" and settings.has_powerwall):
            yield f"-       {name}: not configured ({option})", False
    charger = snapshot.charger
    silent = charger.why if settings.twc_port and isinstance(charger, Missing) else "not configured (TWC_PORT)"
    yield (f"-       wall connector on RS-485: {silent}" if isinstance(charger, Missing) else f"ok      RS-485 link {charger.link}"), False


def _login(desk: Desk) -> Iterator[tuple[str, bool]]:
    """What the login may do; after the look, so that a renewed one is judged."""
    if not desk.settings.has_tesla:
        return
    if desk.settings.tesla_access_token and desk.settings.logged_in:
        yield "-       TESLA_ACCESS_TOKEN stands above the login of auth tesla: remove it from .env to use the login", False
    hold = desk.settings.powerwall_hold
    site = FOR_A_SITE if hold or desk.settings.powerwall_site is not None else {}
    needed = {**NEEDED, **site, **(FOR_A_HOLD if hold else {})}
    lacks = desk.login.claims().lacks(needed)
    for scope in lacks:
        yield f"FAILED  tesla login: the scope {scope} is missing, so {needed[scope]}; scheduler.py auth tesla --resume", True
    ended = login_ended(desk)
    if ended or not lacks:
        yield f"{'FAILED ' if ended else 'ok     '} tesla login{login_words(desk)}", ended
    yield from _open_keys(desk.settings)
    yield way(desk.settings, desk.logins)


def _notices(desk: Desk, send: bool) -> Iterator[tuple[str, bool]]:
    """Where the owner is told, without the secret part; a message leaves only when he asked for one."""
    settings = desk.settings
    if not settings.notify_url:
        yield "-       notices: not configured (NOTIFY_URL)", False
    elif not send:
        yield f"ok      notices: {shown(settings.notify_url)}, NOTIFY={settings.notify}; `scheduler.py check --notify` sends a test", False
    else:
        from cycle.notify import send_test

        wrong = send_test(settings, desk.http)
        sent = f"ok      notices: {shown(settings.notify_url)} took a test message; look whether it has arrived"
        yield (f"FAILED  notices: {wrong}", True) if wrong else (sent, False)
    if settings.heartbeat_url:
        yield f"ok      heartbeat: {shown(settings.heartbeat_url)} after each good cycle", False
    else:
        yield "-       heartbeat: not configured (HEARTBEAT_URL), so nobody tells you when this Pi is dead", False


def _amps(settings: Settings) -> Iterator[str]:
    """Breakers as printed, and what is used of them."""
    share = f"{settings.continuous_percent} %"
    if settings.main_breaker_amps is not None:
        yield f"breaker main {settings.main_breaker_amps} A: {share} = {settings.main_amps} A are used"
    if settings.twc_breaker_amps is not None:
        yield f"breaker charger circuit {settings.twc_breaker_amps} A: {share} = {settings.circuit_amps} A are used"
