"""`check`: a clock that runs on UTC, as a new Pi's does, moves departures, tariffs and nights by hours and breaks nothing visibly."""

from __future__ import annotations

from collections.abc import Iterator

from config import Settings

UTC_NAMES = {"UTC", "UCT", "GMT", "GMT0", "Greenwich", "Universal", "Zulu"}  # the last part of its names; nobody's house stands in them


def zone_lines(settings: Settings) -> Iterator[str]:
    """A warning where the hours are counted in UTC."""
    if settings.time_zone.key.rpartition("/")[2] in UTC_NAMES:
        yield (
            f"WARNING time zone: {settings.time_zone.key}, which is what a new computer has. Unless you live by it, write "
            "TIME_ZONE=America/Los_Angeles (or yours) into .env: departures, tariffs and the night are told by it"
        )
