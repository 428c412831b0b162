"""How times, power and money read in a reason. One place, so that page, terminal and state files say the same."""

from __future__ import annotations

from datetime import datetime, tzinfo


def clock(at: datetime, now: datetime, zone: tzinfo) -> str:
    """`07:30`, with the weekday when it is not today's date in the owner's zone."""
    local, today = at.astimezone(zone), now.astimezone(zone)
    return f"{local:%H:%M}" if local.date() == today.date() else f"{local:%a %H:%M}"


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
