"""quota.json: requests of this month to services with a free allowance, counted before each is sent, so that neither a crash nor two
programs at once pass it.

Months are UTC. A file that cannot be read counts as four fifths used: what matters most still gets through, and the next month begins anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC
from pathlib import Path

from errors import TooMany
from model import Missing
from state.codec import decode, encode
from state.files import Stamp, read_kept, write_kept
from state.lock import Sleep, file_lock

QUOTA = "quota.json"
LOST_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Used:
    """The data of quota.json. `month`: as in 2026-12, UTC; `requests`: {service: how many}; `lost`: an earlier count was damaged."""

    month: str
    requests: Mapping[str, int] = field(default_factory=dict)
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Quota:
    """`problems`: what the owner must hear."""

    data_dir: Path
    stamp: Stamp
    sleep: Sleep
    problems: list[str] = field(default_factory=list)

    def take(self, service: str, allowance: int, spare: int = 0) -> None:
        """Counts one request before it is sent. `spare`: requests that are left for others. Raises TooMany where it would pass the
        allowance, and StateError where it cannot be written down: then it must not be sent."""
        with file_lock(self.data_dir / QUOTA, self.sleep):
            used = self._load()
            count = self._count(used, service, allowance)
            if count + 1 > allowance - spare:
                raise TooMany(service, f"{count} of the {allowance} free requests of {used.month} are used; what is known goes on.")
            changed = replace(used, requests={**used.requests, service: count + 1})
            write_kept(self.data_dir / QUOTA, encode(changed, self.stamp.zone), self.stamp, parse=_used)

    def used(self, service: str, allowance: int) -> int:
        """How many of this month's are used."""
        return self._count(self._load(), service, allowance)

    def _count(self, used: Used, service: str, allowance: int) -> int:
        return used.requests.get(service, int(LOST_SHARE * allowance) if used.lost else 0)

    def _load(self) -> Used:
        """The clock's month, or the file's where the clock is behind it."""
        this_month = self.stamp.at.astimezone(UTC).strftime("%Y-%m")
        found = read_kept(self.data_dir / QUOTA, _used)
        if isinstance(found, Missing):
            self._tell(f"{self.data_dir / QUOTA} is damaged ({found.why}): this month's free requests count as mostly used.")
            return Used(this_month, lost=True)
        if found is not None and found.problem:
            self._tell(found.problem)
        return found.value if found is not None and found.value.month >= this_month else Used(this_month)

    def _tell(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)


def _used(data: object) -> Used:
    return decode(Used, data)
