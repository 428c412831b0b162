"""Our frozen values to JSON and back, by their type hints.

`encode(value, zone)`: datetimes become ISO text with the offset of `zone`, `Missing` becomes {"missing": why, "source": source}.
`decode(cls, json)`: times come back in UTC; an unknown key is ignored, an absent one takes its default. Both raise StateError, which names
the path of the value (`cars.0.plug.since`).
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Callable, Hashable, Mapping
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from functools import cache
from typing import TypeVar, Union, cast

from errors import StateError
from model import Missing

T = TypeVar("T")
Trail = Union["tuple[Trail, str | int]", None]  # where we are, innermost last; only an error turns it into text
Decoder = Callable[[object, Trail], object]


def encode(value: object, zone: tzinfo) -> object:
    """`value` as json.dumps takes it. Raises StateError on NaN, a naive time or a type that no file may hold."""
    return _encode(value, zone, None)


def decode(cls: type[T], json: object) -> T:
    """The `cls` that `json` (as json.loads gives it) describes. Raises StateError."""
    return cast(T, _decoder(cast(Hashable, cls))(json, None))


def _wrong(trail: Trail, text: str) -> StateError:
    keys: list[str] = []
    while trail is not None:
        trail, key = trail
        keys.insert(0, str(key))
    return StateError("state", f"{'.'.join(keys) or 'the value'}: {text}")


# ---- to JSON ------------------------------------------------------------------------------------------------------------------


@cache
def _names(cls: Hashable) -> tuple[str, ...] | None:
    return tuple(field.name for field in dataclasses.fields(cls)) if dataclasses.is_dataclass(cls) else None


def _encode(value: object, zone: tzinfo, trail: Trail) -> object:
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return value.value if isinstance(value, StrEnum) else value
    if isinstance(value, float):
        return _finite(value, trail)
    if isinstance(value, Missing):
        return {"missing": value.why, "source": value.source}
    if names := _names(cast(Hashable, type(value))):
        return {name: _encode(getattr(value, name), zone, (trail, name)) for name in names}
    return _encode_other(value, zone, trail)


def _encode_other(value: object, zone: tzinfo, trail: Trail) -> object:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise _wrong(trail, "a time without its zone cannot be written")
        return value.astimezone(zone).isoformat()
    if isinstance(value, (tuple, list)):
        return [_encode(item, zone, (trail, index)) for index, item in enumerate(value)]
    if isinstance(value, Mapping):
        return {str(key): _encode(item, zone, (trail, str(key))) for key, item in value.items()}
    raise _wrong(trail, f"a {type(value).__name__} cannot be written")


def _finite(value: float, trail: Trail) -> float:
    if not math.isfinite(value):
        raise _wrong(trail, f"{value} is no number that a file may hold")
    return value


# ---- from JSON ----------------------------------------------------------------------------------------------------------------


def _text(json: object, trail: Trail) -> str:
    if type(json) is not str:
        raise _wrong(trail, f"text expected, found {_found(json)}")
    return json


def _whole(json: object, trail: Trail) -> int:
    if type(json) is not int:
        raise _wrong(trail, f"a whole number expected, found {_found(json)}")
    return json


def _number(json: object, trail: Trail) -> float:
    if type(json) is float:
        return _finite(json, trail)
    try:
        return float(_whole(json, trail))
    except OverflowError as error:
        raise _wrong(trail, "the number is too large") from error


def _yes_or_no(json: object, trail: Trail) -> bool:
    if type(json) is not bool:
        raise _wrong(trail, f"true or false expected, found {_found(json)}")
    return json


def _nothing(json: object, trail: Trail) -> None:
    if json is not None:
        raise _wrong(trail, f"null expected, found {_found(json)}")


def _time(json: object, trail: Trail) -> datetime:
    text = _text(json, trail)
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _wrong(trail, f"{text[:40]!r} is no time") from error
    raise _wrong(trail, f"{text[:40]!r} is a time without its offset")


def _missing(json: object, trail: Trail) -> Missing:
    found = _keys(json, trail)
    return Missing(_text(found.get("source"), (trail, "source")), _text(found.get("missing"), (trail, "missing")))


def _as_it_is(json: object, _: Trail) -> object:
    return json


def _keys(json: object, trail: Trail) -> dict[str, object]:
    if type(json) is not dict:
        raise _wrong(trail, f"an object expected, found {_found(json)}")
    return json


def _items(json: object, trail: Trail) -> list[object]:
    if type(json) is not list:
        raise _wrong(trail, f"a list expected, found {_found(json)}")
    return json


def _found(json: object) -> str:
    """Never the content of text, list or object: it may be a place or a login, and this reaches a log."""
    if isinstance(json, (str, dict, list)):
        return {str: "text", dict: "an object"}.get(type(json), "a list")
    return repr(json)[:40]


_PLAIN: Mapping[object, Decoder] = {
    str: _text,
    int: _whole,
    float: _number,
    bool: _yes_or_no,
    type(None): _nothing,
    datetime: _time,
    Missing: _missing,
    object: _as_it_is,
}


@cache
def _decoder(hint: object) -> Decoder:
    """Built once for each type: memory.json is read in every cycle."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, Union):
        return _union(inner)
    if origin is tuple:
        return _tuple(_decoder(inner[0]))
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(_decoder(inner[1]))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _enum(hint)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _dataclass(hint)
    raise StateError("state", f"no file may hold a {hint}")


def _tuple(item: Decoder) -> Decoder:
    return lambda json, trail: tuple(item(value, (trail, index)) for index, value in enumerate(_items(json, trail)))


def _mapping(item: Decoder) -> Decoder:
    return lambda json, trail: {key: item(value, (trail, key)) for key, value in _keys(json, trail).items()}


def _enum(cls: type[StrEnum]) -> Decoder:
    members = {member.value: member for member in cls}

    def read(json: object, trail: Trail) -> object:
        text = _text(json, trail)
        member = members.get(text)
        if member is None:
            raise _wrong(trail, f"{text[:40]!r} is no {cls.__name__}")
        return member

    return read


def _dataclass(cls: type) -> Decoder:
    hints = typing.get_type_hints(cls)
    fields = [(field.name, _decoder(hints[field.name])) for field in dataclasses.fields(cls)]
    absent = dataclasses.MISSING
    required = {field.name for field in dataclasses.fields(cls) if field.default is absent and field.default_factory is absent}

    def read(json: object, trail: Trail) -> object:
        found = _keys(json, trail)
        if not required <= found.keys():
            raise _wrong((trail, min(required - found.keys())), "the key is not there")
        return cls(**{name: decoder(found[name], (trail, name)) for name, decoder in fields if name in found})

    return read


def _union(members: tuple[object, ...]) -> Decoder:
    """JSON's own type says which member is meant; the key "missing" tells a Missing from any other object."""
    by_type: dict[type, Decoder] = {}
    for member in members:
        if member is not Missing:
            by_type.setdefault(_json_type(member), _decoder(member))
    if float in by_type:
        by_type.setdefault(int, _number)
    fallback, may_miss = next(iter(by_type.values())), Missing in members

    def read(json: object, trail: Trail) -> object:
        if may_miss and type(json) is dict and "missing" in json:
            return _missing(json, trail)
        return by_type.get(type(json), fallback)(json, trail)

    return read


def _json_type(hint: object) -> type:
    if hint in (bool, int, float, type(None)):
        return cast(type, hint)
    if typing.get_origin(hint) is tuple:
        return list
    texts = isinstance(hint, type) and issubclass(hint, (str, datetime))
    return str if texts else dict
