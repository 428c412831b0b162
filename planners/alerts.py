"""A grid alert is a price above all others: nothing is charged while it lasts, unless a departure would fail without it. Never shown as
money. What has no price in it (the sun, the clock, the bands) waits by the alert itself; the least charge, the net and the owner's word
stand above it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from model import Alert, Code, Reason
from model_decision import Slot
from planners.texts import clock

ALERT = 1000.0


def alerted(slots: Sequence[Slot], alerts: Sequence[Alert]) -> tuple[Slot, ...]:
    """The slots, those that an alert touches at its price."""
    return tuple(
        replace(slot, value=max(slot.value, ALERT), futures=())
        if any(one.start < slot.end and slot.start < one.end for one in alerts)
        else slot
        for slot in slots
    )


def alert_at(alerts: Sequence[Alert], now: datetime) -> Alert | None:
    """The one that holds now; of several the one that lasts longest."""
    return max((one for one in alerts if one.start <= now < one.end), key=lambda one: one.end, default=None)


def alert_reason(alert: Alert, now: datetime, zone: tzinfo) -> Reason:
    when = clock(alert.end, now, zone)
    since = "until" if alert.start <= now else f"from {clock(alert.start, now, zone)} to"
    text = f"{alert.text} {since} {when}: nothing is charged in it that a departure does not need"
    return Reason(Code.ALERT, text, {"level": alert.level, "until": alert.end.astimezone(zone).isoformat()})
