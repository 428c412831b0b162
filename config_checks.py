"""What one option cannot know alone: checks across the settings. Each finds problems and names the options they touch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from config_home_assistant import home_checks
from config_parsers import is_loopback
from config_tariff_values import Kind, Tariff
from config_values import CommandProxy, GridIso, MonitorType, Problem, Strategy

if TYPE_CHECKING:
    from config import Settings


def cross_checks(settings: Settings) -> tuple[Problem, ...]:
    """All problems between options, those of single cars included."""
    found = [*weights(settings), *powerwall(settings), *meter(settings), *secrets_travel_safely(settings), *money(settings)]
    found += [*calendars(settings), *bluetooth(settings), *market(settings), *vins(settings), *one_car(settings, "")]
    found += home_checks(settings)
    for car in dict.fromkeys(own.car for own in settings.own):
        found += one_car(settings.for_car("", car), f"__{car}")
    return tuple(dict.fromkeys(found))


def problem(text: str, *names: str) -> Problem:
    return Problem(text, frozenset(names))


def weights(settings: Settings) -> Iterator[Problem]:
    names = ("COST_WEIGHT", "CO2_WEIGHT", "GRID_WEIGHT")
    given = [weight for weight in (settings.cost_weight, settings.co2_weight, settings.grid_weight) if weight is not None]
    if given and len(given) < 3:
        yield problem(f"{', '.join(names)}: set all three weights, or none of them and PREFER", *names)
    elif given and not any(given):
        yield problem(f"{', '.join(names)}: at least one weight must be above 0", *names)


def one_car(settings: Settings, suffix: str) -> Iterator[Problem]:
    """`suffix`: what follows the names where the values are one car's own."""
    least, circuit = settings.charger_min_amps, settings.circuit_amps
    if settings.min_soc >= settings.max_soc:
        text = f"MIN_SOC{suffix} ({settings.min_soc}) must be lower than MAX_SOC{suffix} ({settings.max_soc})"
        yield problem(text, "MIN_SOC", "MAX_SOC")
    if least > settings.charger_max_amps:
        text = f"CHARGER_MIN_AMPS{suffix} ({least}) must not be above CHARGER_MAX_AMPS{suffix} ({settings.charger_max_amps})"
        yield problem(text, "CHARGER_MIN_AMPS", "CHARGER_MAX_AMPS")
    if circuit is not None and circuit < least:
        text = f"TWC_BREAKER_AMPS={settings.twc_breaker_amps} leaves {circuit} A at CONTINUOUS_PERCENT={settings.continuous_percent}"
        text += f", less than CHARGER_MIN_AMPS{suffix} ({least}): write the number printed on the breaker"
        yield problem(text, "TWC_BREAKER_AMPS", "CONTINUOUS_PERCENT", "CHARGER_MIN_AMPS")
    elif circuit is not None and settings.twc_failsafe_amps > circuit:
        text = f"TWC_FAILSAFE_AMPS ({settings.twc_failsafe_amps}) must not be above the {circuit} A that TWC_BREAKER_AMPS leaves"
        yield problem(text, "TWC_FAILSAFE_AMPS", "TWC_BREAKER_AMPS", "CONTINUOUS_PERCENT")
    if settings.twc_max_amps is not None and settings.twc_max_amps < least:
        text = f"TWC_MAX_AMPS ({settings.twc_max_amps}) must not be below CHARGER_MIN_AMPS{suffix} ({least})"
        yield problem(text, "TWC_MAX_AMPS", "CHARGER_MIN_AMPS")
    if settings.strategy == Strategy.TIMER and not settings.charge_hours:
        text = f"STRATEGY{suffix}=timer needs hours: write CHARGE_HOURS{suffix}=23:00-06:00, for example"
        yield problem(text, "STRATEGY", "CHARGE_HOURS")


def powerwall(settings: Settings) -> Iterator[Problem]:
    if settings.powerwall_url and not settings.powerwall_password:
        yield problem("POWERWALL_URL needs POWERWALL_PASSWORD, the customer password of the gateway", "POWERWALL_URL", "POWERWALL_PASSWORD")


def meter(settings: Settings) -> Iterator[Problem]:
    names, known = ("ENERGY_MONITOR_TYPE", "ENERGY_MONITOR_URL"), settings.energy_monitor_type != MonitorType.NONE
    if settings.energy_monitor_type in (MonitorType.HOME_ASSISTANT, MonitorType.MQTT):
        if settings.energy_monitor_url:
            elsewhere = {MonitorType.MQTT: "MQTT_URL"}.get(settings.energy_monitor_type, "HOME_ASSISTANT_URL")
            text = f"ENERGY_MONITOR_URL is for a Shelly; ENERGY_MONITOR_TYPE={settings.energy_monitor_type} uses {elsewhere}"
            yield problem(text, *names)
        return
    if known and not settings.energy_monitor_url:
        yield problem(f"ENERGY_MONITOR_TYPE={settings.energy_monitor_type} needs ENERGY_MONITOR_URL, such as http://192.168.1.42", *names)
    if settings.energy_monitor_url and not known:
        yield problem("ENERGY_MONITOR_URL needs ENERGY_MONITOR_TYPE=shelly_em (first generation) or shelly_rpc (Plus, Pro, later)", *names)


def secrets_travel_safely(settings: Settings) -> Iterator[Problem]:
    """Law 12: a secret goes only over https, or to this machine."""
    token, key = settings.tesla_access_token, settings.grid_status_api_key
    own_proxy = settings.tesla_command_url != settings.tesla_api_url and settings.tesla_command_proxy is not CommandProxy.BLE
    commands = settings.tesla_command_url if own_proxy else ""  # a Bluetooth proxy gets no token
    routes = (
        ("TESLA_API_URL", settings.tesla_api_url, "TESLA_ACCESS_TOKEN", token),
        ("TESLA_COMMAND_URL", commands, "TESLA_ACCESS_TOKEN", token),
        ("TESLA_TOKEN_URL", settings.tesla_token_url, "TESLA_CLIENT_SECRET", settings.tesla_client_secret),
        ("POWERWALL_URL", settings.powerwall_url or "", "POWERWALL_PASSWORD", settings.powerwall_password),
        ("GRID_STATUS_URL", settings.grid_status_url, "GRID_STATUS_API_KEY", key),
        ("GOOGLE_CALENDAR_URL", settings.google_calendar_url, "GOOGLE_CREDENTIALS", settings.google_credentials),
        ("GOOGLE_TOKEN_URL", settings.google_token_url, "GOOGLE_CREDENTIALS", settings.google_credentials),
    )
    for name, address, secret, value in routes:
        if value and address.startswith("http://") and not is_loopback(address):
            instead = "use https, or run that service on this Pi and write http://127.0.0.1 with its port"
            yield problem(f"{name} would carry {secret} over the network in clear text: {instead}", name, secret)


def calendars(settings: Settings) -> Iterator[Problem]:
    if settings.google_calendars and settings.google_credentials is None:
        text = "GOOGLE_CALENDARS needs GOOGLE_CREDENTIALS; without a Google project, ICAL_URLS takes a minute (docs/CALENDAR.md)"
        yield problem(text, "GOOGLE_CALENDARS", "GOOGLE_CREDENTIALS")


def bluetooth(settings: Settings) -> Iterator[Problem]:
    if settings.tesla_command_proxy is CommandProxy.BLE and settings.tesla_command_url == settings.tesla_api_url:
        text = "TESLA_COMMAND_PROXY=ble needs TESLA_COMMAND_URL, such as http://192.168.1.43:8080 where TeslaBleHttpProxy runs"
        yield problem(text, "TESLA_COMMAND_PROXY", "TESLA_COMMAND_URL")


def money(settings: Settings) -> Iterator[Problem]:
    tariff = settings.tariff
    if tariff and tariff.currency and tariff.currency != settings.currency:
        text = f"TARIFF is in {tariff.currency}, but CURRENCY is {settings.currency}: write CURRENCY={tariff.currency}, or leave it out"
        yield problem(text, "CURRENCY", "TARIFF")


def market(settings: Settings) -> Iterator[Problem]:
    """A tariff that adds to the market's price needs one, and one of the Powerwall a way to Tesla's cloud."""
    tariff = settings.tariff
    if tariff is not None and tariff.kind is Kind.WHOLESALE and not settings.price_file:
        yield from _wholesale(tariff, settings)
    kind = tariff.kind if tariff else None
    if kind is Kind.POWERWALL and settings.powerwall_site is None:
        yield problem("TARIFF=powerwall is read through Tesla: set POWERWALL_SITE=auto", "TARIFF", "POWERWALL_SITE")


def _wholesale(tariff: Tariff, settings: Settings) -> Iterator[Problem]:
    iso = settings.grid_iso
    if tariff.grid and iso is not None and iso != tariff.grid:
        text = f"TARIFF ({tariff.name}) adds to the prices of {tariff.grid}, but GRID_ISO is {iso}: write GRID_ISO={tariff.grid}"
        yield problem(f"{text} with GRID_STATUS_API_KEY, or the TARIFF of your own utility", "TARIFF", "GRID_ISO", "GRID_STATUS_API_KEY")
    elif iso is None or not (iso is GridIso.CAISO or settings.grid_status_api_key):
        wanted = f"GRID_ISO={tariff.grid}" if tariff.grid else "GRID_ISO"
        text = f"TARIFF adds to the market's price: set {wanted} and GRID_STATUS_API_KEY, or PRICE_FILE with the market's prices"
        yield problem(text, "TARIFF", "GRID_ISO", "GRID_STATUS_API_KEY", "PRICE_FILE")


def vins(settings: Settings) -> Iterator[Problem]:
    if len(set(settings.tesla_vin)) < len(settings.tesla_vin):
        yield problem("TESLA_VIN names one car twice: keep each VIN once", "TESLA_VIN")
    listed = {vin.casefold() for vin in settings.tesla_vin}
    for car in dict.fromkeys(own.car for own in settings.own):
        if listed and len(car) == 17 and car not in listed and "_" not in car:
            names = sorted({own.field.upper() for own in settings.own if own.car == car})
            yield problem(f"{names[0]}__{car.upper()}: this VIN is not in TESLA_VIN: correct it", "TESLA_VIN", *names)
