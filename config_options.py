"""One option of the table in config.py: its default and how it is read, documented and asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Option:
    """`name`: as in .env; `accepts`: what may be written, for people; `default`: the text that stands for it."""

    name: str
    parse: Callable[[str, Path], object]
    default: str
    accepts: str
    sentence: str
    about: str
    per_car: bool

    @property
    def field(self) -> str:
        return self.name.lower()


def option(parse: Callable[[str], T], default: str, accepts: str, sentence: str, *, about: str, per_car: bool = False) -> T:
    """A field of Settings whose text is enough to read it."""
    return option_beside(lambda text, _base: parse(text), default, accepts, sentence, about=about, per_car=per_car)


def option_beside(parse: Callable[[str, Path], T], default: str, accepts: str, sentence: str, *, about: str, per_car: bool = False) -> T:
    """A field of Settings that may name a file beside the settings file: `parse` gets that folder too."""
    about_it = {"parse": parse, "default": default, "accepts": accepts, "sentence": sentence, "about": about, "per_car": per_car}
    return field(default=parse(default, Path()), metadata=about_it)


def options_of(settings: Any) -> tuple[Option, ...]:
    """The table, in its order, from the dataclass that was declared with `option`."""
    declared: tuple[Field[Any], ...] = fields(settings)
    return tuple(Option(name=entry.name.upper(), **entry.metadata) for entry in declared if entry.metadata)
