"""Reads values out of JSON and says what is missing by the name that the service uses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from errors import BadAnswer
from model import Missing


@dataclass(frozen=True, slots=True)
class Node:
    """An object of an answer. `path`: how to name it to the owner ("charge_state"). Every reader gives the value or Missing; a value of
    another type (a bool or text where a number belongs, NaN, `<invalid>`) or outside its bounds is missing too."""

    source: str
    path: str
    data: Mapping[str, object]

    def node(self, key: str) -> Node:
        """The object under `key`; where there is none, an empty one whose every value is missing."""
        inner = self.data.get(key)
        return Node(self.source, f"{self.path}.{key}" if self.path else key, inner if isinstance(inner, dict) else {})

    def number(self, key: str, low: float = -math.inf, high: float = math.inf) -> float | Missing:
        value = self.data.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self.missing(key)
        return float(value) if low <= value <= high and -1e300 < value < 1e300 else self.missing(key)

    def whole(self, key: str, low: float = -1e9, high: float = 1e9) -> int | Missing:
        value = self.number(key, low, high)
        return value if isinstance(value, Missing) else round(value)

    def flag(self, key: str) -> bool | Missing:
        value = self.data.get(key)
        return value if isinstance(value, bool) else self.missing(key)

    def text(self, key: str) -> str | Missing:
        value = self.data.get(key)
        return value if isinstance(value, str) and value and value != "<invalid>" else self.missing(key)

    def missing(self, key: str) -> Missing:
        name = f"{self.path}.{key}" if self.path else key
        if key not in self.data:
            return Missing(self.source, f"{name} is not in the answer")
        value = self.data[key]
        return Missing(self.source, f"{name} is {'null' if value is None else f'unusable: {str(value)[:40]}'}")

    def need(self, value: float | bool | str | Missing) -> float:
        """The number, where the answer is worthless without it. Raises BadAnswer naming the key."""
        if isinstance(value, Missing):
            raise BadAnswer(self.source, f"The answer lacks a value that is needed: {value.why}.")
        return float(value)


JSON_WORDS = {type(None): "null", list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}


def root(source: str, answer: object) -> Node:
    """The answer as an object. Raises BadAnswer for a list, a text, null."""
    if not isinstance(answer, dict):
        raise BadAnswer(source, f"The answer is {JSON_WORDS.get(type(answer), 'no JSON')}, not the JSON object that was asked for.")
    return Node(source, "", answer)
