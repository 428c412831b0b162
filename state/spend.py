"""spend.json: what Tesla bills this month, counted before each call, so that neither a crash nor two programs at once lose a cent.

Months are UTC. Four fifths of the budget are for routine; the rest is reserved for departures and safety. A file that cannot be read counts
as four fifths spent: the owner is told, and the next departure is still kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from errors import BudgetSpent
from model import Billed, Missing
from model_decision import Budget
from state.codec import decode, encode
from state.files import Stamp, read_kept, write_kept
from state.lock import Sleep, file_lock

SPEND = "spend.json"
ROUTINE_SHARE = 0.8
_CENT_DUST = 1e-6  # what adding tenths of cents in floats may be off


@dataclass(frozen=True, slots=True)
class Month:
    """The data of spend.json. `month`: as in 2026-12, UTC; `calls`: how many of each kind."""

    month: str
    dollars: float = 0.0
    calls: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spend:
    """`limit`: TESLA_BUDGET_DOLLARS, of one month. `problems`: what the owner must hear."""

    data_dir: Path
    stamp: Stamp
    limit: float
    sleep: Sleep
    problems: list[str] = field(default_factory=list)

    def count(self, kind: Billed, dollars: float, reserved: bool) -> None:
        """Before the call. Raises BudgetSpent, and counts nothing, where it would pass the budget; StateError where it cannot be written
        down: then the call must not be made. What is free is not counted, so that a disk is not worn for it."""
        if dollars <= 0:
            return
        with file_lock(self.data_dir / SPEND, self.sleep):
            month = self._load(self.stamp.at, heal=True)
            if month.dollars + dollars > self._allowed(reserved) + _CENT_DUST:
                raise BudgetSpent("tesla", self._refusal(month))
            self._save(_added(month, kind, dollars, 1))

    def uncount(self, kind: Billed, dollars: float) -> None:
        """After an answer of 500 or above, or when the call was certainly not delivered. Raises StateError."""
        if dollars <= 0:
            return
        with file_lock(self.data_dir / SPEND, self.sleep):
            self._save(_added(self._load(self.stamp.at), kind, -dollars, -1))

    def budget(self, now: datetime) -> Budget:
        spent = self._load(now).dollars
        routine, all_of_it = (max(0.0, self._allowed(reserved) - spent) for reserved in (False, True))
        return Budget(spent, self.limit, routine, all_of_it)

    def _allowed(self, reserved: bool) -> float:
        return self.limit if reserved else self.limit * ROUTINE_SHARE

    def _load(self, now: datetime, heal: bool = False) -> Month:
        """The month to count in: the clock's, or the file's where the clock is behind it. `heal`: a lost file is written anew as used up,
        so that the next month starts at zero again."""
        this_month = now.astimezone(UTC).strftime("%Y-%m")
        found = read_kept(self.data_dir / SPEND, _month)
        if isinstance(found, Missing):
            self._tell(f"{self.data_dir / SPEND} is damaged ({found.why}). Only the reserved share of the Tesla budget is left this month.")
            used_up = Month(this_month, self.limit * ROUTINE_SHARE)
            if heal:
                self._save(used_up)
            return used_up
        if found is not None and found.problem:
            self._tell(found.problem)
        return found.value if found is not None and found.value.month >= this_month else Month(this_month)

    def _save(self, month: Month) -> None:
        write_kept(self.data_dir / SPEND, encode(month, self.stamp.zone), self.stamp, parse=_month)

    def _tell(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)

    def _refusal(self, month: Month) -> str:
        text = f"${month.dollars:.2f} of the ${self.limit:.2f} for Tesla are spent in {month.month}; TESLA_BUDGET_DOLLARS sets the limit."
        if month.month > self.stamp.at.astimezone(UTC).strftime("%Y-%m"):
            path = self.data_dir / SPEND
            text += f" The clock says an earlier month: if the clock is right now, remove {path} and {path}.prev."
        return text


def _added(month: Month, kind: Billed, dollars: float, calls: int) -> Month:
    counted = {**month.calls, kind.value: max(0, month.calls.get(kind.value, 0) + calls)}
    return replace(month, dollars=max(0.0, round(month.dollars + dollars, 6)), calls=counted)


def _month(data: object) -> Month:
    return decode(Month, data)
