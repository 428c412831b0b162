"""How times, power and money read in a reason. One place, so that page, terminal and state files say the same."""

from __future__ import annotations

from datetime import datetime, tzinfo

from config import Settings, Units

KM_PER_MILE = 1.609344
US_ZONES = (
    *("New_York", "Detroit", "Indiana/", "Kentucky/", "Chicago", "Menominee", "North_Dakota/", "Denver", "Boise", "Phoenix", "Los_Angeles"),
    *("Anchorage", "Juneau", "Sitka", "Nome", "Yakutat", "Metlakatla", "Adak"),
)


def clock(at: datetime, now: datetime, zone: tzinfo) -> str:
    """`07:30`, with the weekday when it is not today's date in the owner's zone."""
    local, today = at.astimezone(zone), now.astimezone(zone)
    return f"{local:%H:%M}" if local.date() == today.date() else f"{local:%a %H:%M}"


def stamp(at: datetime, zone: tzinfo) -> str:
    """A time as data: `2026-12-09T07:30-08:00`, in the owner's zone."""
    return at.astimezone(zone).isoformat(timespec="minutes")


def money(amount: float, currency: str, digits: int = 2) -> str:
    """`$1.23` for dollars, `1.23 EUR` for the rest; a negative amount keeps its sign in front."""
    sign = "-" if amount < 0 else ""
    return f"{sign}${abs(amount):.{digits}f}" if currency == "USD" else f"{amount:.{digits}f} {currency}"


def age(seconds: float) -> str:
    """`12 s`, `4 min`, `3 h`, `2 days`."""
    for limit, unit, name in ((90, 1, "s"), (5400, 60, "min"), (172800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds / 86400:.0f} days"


def distance(km: float, settings: Settings) -> str:
    """`42 km`, or `26 mi` where the owner thinks in miles."""
    return f"{km / KM_PER_MILE:.0f} mi" if _miles(settings) else f"{km:.0f} km"


def due(kwh: float, at: int) -> str:
    """What must be charged for the need at this place among a car's needs: from now on, and with all that is due before it."""
    return f"{kwh:.1f} kWh{' in total by then' if at else ''}"


def degrees(celsius: float, settings: Settings) -> str:
    """`-5 °C`, or `23 °F` for those who think in miles."""
    return f"{celsius * 9 / 5 + 32:.0f} °F" if _miles(settings) else f"{celsius:.0f} °C"


def _miles(settings: Settings) -> bool:
    return in_the_us(settings) if settings.units is Units.AUTO else settings.units is Units.MI


def in_the_us(settings: Settings) -> bool:
    """As far as the time zone tells."""
    zone = settings.time_zone.key
    return zone.startswith(("US/", *(f"America/{name}" for name in US_ZONES))) or zone == "Pacific/Honolulu"
