"""What the steps of a decision hand on to each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from model import Reason
from model_decision import Action


@dataclass(frozen=True, slots=True)
class Wish:
    """`firm`: the owner's word or safety, which manners do not postpone; `sun`: may follow the sun; `until`: when it ends by itself."""

    action: Action
    amps: int
    reasons: tuple[Reason, ...]
    until: datetime | None = None
    firm: bool = False
    sun: bool = False

    def because(self, reason: Reason) -> Wish:
        """The same wish with one more reason, the newest first."""
        return replace(self, reasons=(reason, *self.reasons))


def charge(amps: int, reason: Reason, until: datetime | None = None, *, firm: bool = False) -> Wish:
    return Wish(Action.CHARGE, amps, (reason,), until, firm=firm)


def wait(reason: Reason, until: datetime | None = None, *, firm: bool = False) -> Wish:
    return Wish(Action.WAIT, 0, (reason,), until, firm=firm)


def alone(reason: Reason) -> Wish:
    return Wish(Action.NONE, 0, (reason,), firm=True)
