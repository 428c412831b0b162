"""Words on the command line that more than one program takes."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import UTC, datetime


def time_argument(text: str) -> datetime:
    """--now TIME in UTC. Raises ArgumentTypeError: not ISO 8601, or without an offset, which could be any hour."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a time; write 2026-12-09T07:30:00-08:00") from None
    if at.tzinfo is None:
        raise ArgumentTypeError(f"{text!r} has no offset; write 2026-12-09T07:30:00-08:00")
    return at.astimezone(UTC)
