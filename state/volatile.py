"""target.json, ceiling.json and charger.json: what the programs of one house tell each other, for seconds or hours.

Two ways to read them. `read_*` gives the newest whole file and when it was written, whatever its age: for the daemon, which judges
age by its monotonic clock. `fresh` drops what is too old or from the future: for a cycle, which has only `now`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from errors import StateError
from model import Ceiling, ChargerReport, Missing
from model_target import Target
from state.codec import decode
from state.files import Kept, as_object, read_volatile

TARGET, CEILING, CHARGER, DECISION = "target.json", "ceiling.json", "charger.json", "decision.json"

TARGET_LASTS = timedelta(hours=12)
CEILING_LASTS = timedelta(seconds=5)
CHARGER_LASTS = timedelta(seconds=30)
# A cycle takes its `now` once and then looks around for up to 20 s; what the others write meanwhile is not from the future.
AHEAD = timedelta(seconds=30)

T = TypeVar("T")


def read_target(run_dir: Path, boot_id: str) -> Kept[Target] | Missing:
    """The newest target.json of this boot, however old. Raises StateError for a newer schema. So do the next two."""
    return _read(run_dir / TARGET, Target, boot_id)


def read_ceiling(run_dir: Path, boot_id: str) -> Kept[Ceiling] | Missing:
    return _read(run_dir / CEILING, Ceiling, boot_id)


def read_charger(run_dir: Path, boot_id: str) -> Kept[ChargerReport] | Missing:
    return _read(run_dir / CHARGER, ChargerReport, boot_id)


def fresh(found: Kept[T] | Missing, now: datetime, lasts: timedelta, name: str) -> T | Missing:
    """The value if it was written in (now - lasts, now + AHEAD]."""
    if isinstance(found, Missing):
        return found
    age = now - found.written_at
    if age >= lasts:
        hours = age.total_seconds() / 3600
        return Missing(name, f"not written for {hours:.0f} h" if hours >= 2 else f"not written for {age.total_seconds():.0f} s")
    return found.value if age >= -AHEAD else Missing(name, "its date is in the future")


def unexpired(target: Target | Missing, now: datetime) -> Target | Missing:
    """A target ends with its last step."""
    if isinstance(target, Missing):
        return target
    ahead = any(step.until > now for charger in target.chargers for step in charger.steps)
    return target if ahead else Missing(TARGET, "its last step is over")


def _read(path: Path, cls: type[T], boot_id: str) -> Kept[T] | Missing:
    found: Kept[Mapping[str, object]] | Missing = read_volatile(path, as_object, boot_id)
    if isinstance(found, Missing):
        return found
    try:
        # `at` of Ceiling and ChargerReport is the envelope's written_at
        return Kept(decode(cls, {**found.value, "at": found.written_at.isoformat()}), found.written_at)
    except StateError as error:
        return Missing(path.name, error.text)
