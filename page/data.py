"""A JSON object as it was found, asked for values of a type: what is absent or of another type is None, so that an older or newer
decision.json still shows what it has."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast


@dataclass(frozen=True, slots=True)
class Data:
    raw: Mapping[str, object]

    def text(self, key: str) -> str:
        value = self.raw.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> float | None:
        return as_number(self.raw.get(key))

    def flag(self, key: str) -> bool | None:
        value = self.raw.get(key)
        return value if isinstance(value, bool) else None

    def time(self, key: str) -> datetime | None:
        try:
            found = datetime.fromisoformat(self.text(key))
        except ValueError:
            return None
        return found if found.tzinfo is not None else None

    def part(self, key: str) -> Data:
        """An object in it; an empty one where there is none."""
        return as_data(self.raw.get(key))

    def rows(self, key: str) -> tuple[Data, ...]:
        value = self.raw.get(key)
        return tuple(as_data(row) for row in value if isinstance(row, dict)) if isinstance(value, list) else ()

    def numbers(self, key: str) -> tuple[float | None, ...]:
        """A column; empty where there is none."""
        value = self.raw.get(key)
        return tuple(as_number(one) for one in value) if isinstance(value, list) else ()

    def flags(self, key: str) -> tuple[bool, ...]:
        value = self.raw.get(key)
        return tuple(one is True for one in value) if isinstance(value, list) else ()

    def parts(self) -> Iterator[tuple[str, Data]]:
        """Each object in it by its name."""
        return ((name, as_data(value)) for name, value in self.raw.items() if isinstance(value, dict))


def as_data(value: object) -> Data:
    return Data(cast("Mapping[str, object]", value) if isinstance(value, dict) else {})


def as_number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
