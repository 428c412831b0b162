"""The settings file and the environment: from lines to named values. Every problem is collected, and none repeats a secret."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv.parser import Binding, parse_stream

from config_options import Option
from config_seeds import advice
from config_values import Own, Problem, car_key
from errors import ConfigError

WELCOME = """There is no settings file yet ({path}).
To see Ampshift at work without a car, write: make demo
To set up your own house:
  make install      (or cp .env.example .env && chmod 600 .env)
  nano .env         (DRY_RUN=on in its first line: nothing is sent before you take it away)
Eight settings at its top are enough for a normal house; docs/SETTINGS.md explains the rest.
"""

Named = tuple[str, str]  # the option's name, and the car it is for as car_key writes it ("": for all)


@dataclass(frozen=True, slots=True)
class Entry:
    """The text of one option and where it stands."""

    text: str
    where: str


@dataclass(frozen=True, slots=True)
class Given:
    texts: Mapping[Named, Entry]
    problems: tuple[Problem, ...]


def gather(options: Iterable[Option], env_file: Path | None, environ: Mapping[str, str], root: Path) -> Given:
    """What the file and, above it, the environment say. A missing .env is fine when the environment has known names."""
    known = {option.name: option for option in options}
    environment = {
        named: Entry(text.strip(), "environment")
        for name, text in environ.items()
        if (named := split_name(name))[0] in known and ("__" not in name or (named[1] and known[named[0]].per_car))
    }
    path = env_file or root / ".env"
    if env_file is None and environment and not path.exists():
        return Given(environment, ())
    everything = frozenset(known)
    try:
        text = read_text(path)
    except ConfigError as error:
        return Given(environment, tuple(Problem(problem, everything) for problem in error.problems))
    in_file = from_bindings(known, list(parse_stream(io.StringIO(text))))
    return Given({**in_file.texts, **environment}, in_file.problems)


def split_name(name: str) -> Named:
    """`MIN_SOC__Blue Car` is MIN_SOC for blue_car."""
    option, _, car = name.partition("__")
    return option, car_key(car)


def read_text(path: Path) -> str:
    """The file as text. Raises ConfigError with one problem."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError((WELCOME.format(path=path).rstrip(),)) from None
    except IsADirectoryError:
        raise ConfigError((f"{path} is a folder: give the settings file in it, such as {path / '.env'}",)) from None
    except OSError as error:
        raise ConfigError((f"{path} cannot be read ({error.strerror}): give its owner the right to read it",)) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError((f"{path} is not UTF-8 text (line {line}): save it anew with the encoding UTF-8",)) from None
    if "\0" in text:
        raise ConfigError((f"{path} has zero bytes in it: save it anew as plain text with the encoding UTF-8",))
    return text


def from_bindings(known: Mapping[str, Option], lines: list[Binding]) -> Given:
    """The named values of the file, and what is wrong with its lines."""
    texts: dict[Named, Entry] = {}
    problems: list[Problem] = []
    old = {line.key: line.value or "" for line in lines if line.key}
    for line in lines:
        if line.error or (line.key and line.value is None):
            problems.append(broken_line(known, line))
        elif line.key:
            named, where = split_name(line.key), f"line {first_line(line)}"
            if problem := name_problem(known, line.key, old, where):
                problems.append(problem)
            elif named in texts:
                both = f"{texts[named].where} and {where}"
                problems.append(Problem(f"{line.key} is set twice ({both}): keep one of them", frozenset({named[0]})))
            else:
                texts[named] = Entry((line.value or "").strip(), where)
    return Given(texts, tuple(dict.fromkeys(problems)))


def first_line(line: Binding) -> int:
    """The parser counts from the blank lines in front of a binding; people count from the line with the text."""
    text = line.original.string
    return line.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def broken_line(known: Mapping[str, Option], line: Binding) -> Problem:
    """The text of the line is not shown: it may be half of a secret."""
    words = line.original.string.replace("=", " ").split()
    name = split_name(words[0])[0] if words else ""
    label = f"line {first_line(line)}" + (f" ({name})" if name in known else "")
    text = f"{label} is not NAME=value: correct it (a value with quotes, spaces or # stands in 'single quotes'), or begin the line with #"
    return Problem(text, frozenset({name}) & frozenset(known))


def name_problem(known: Mapping[str, Option], name: str, old: Mapping[str, str], where: str) -> Problem | None:
    """Is this no option of ours? Then what to write instead."""
    option, car = split_name(name)
    if option in known:
        if car and not known[option].per_car:
            return Problem(f"{option} ({where}) holds for all cars: write {option}=... without __{car}", frozenset({option}))
        if "__" in name and not car:
            return Problem(f"{name} ({where}): write the car's VIN, its last six or its name after __", frozenset({option}))
        return None
    if told := advice(name, old):
        return Problem(told.text, told.names)
    close = get_close_matches(option.upper(), known, n=1, cutoff=0.7)
    meant = f"did you mean {close[0]}?" if close else "docs/SETTINGS.md lists them all; remove the line or begin it with #"
    return Problem(f"{option} ({where}) is not a setting: {meant}", frozenset(close))


def parse_all(
    options: Iterable[Option], texts: Mapping[Named, Entry], base: Path
) -> tuple[dict[str, Any], tuple[Own, ...], tuple[Problem, ...]]:
    """The values by field name, the values for single cars, and the problems. An empty text is the default."""
    known = {option.name: option for option in options}
    values: dict[str, Any] = {}
    own: list[Own] = []
    problems: list[Problem] = []
    for (name, car), entry in texts.items():
        option = known[name]
        try:
            if car:
                own.append(Own(car, option.field, option.parse(entry.text or option.default, base)))
            elif entry.text:
                values[option.field] = option.parse(entry.text, base)
        except ConfigError as error:
            label = f"{name}__{car}" if car else name
            problems += [Problem(f"{label} ({entry.where}): {text}", frozenset({name})) for text in error.problems]
    return values, tuple(own), tuple(problems)


def machine_zone(tz: str, etc: Path) -> ZoneInfo:
    """The zone of this machine: TZ, else where `etc`/localtime points to, else `etc`/timezone, else UTC."""
    names = [tz.removeprefix(":")]
    names.append(str((etc / "localtime").resolve()).partition("/zoneinfo/")[2])
    with suppress(OSError, UnicodeDecodeError):  # most systems have only one of the two files
        names.append((etc / "timezone").read_text(encoding="ascii").strip())
    for name in names:
        try:
            if name:
                return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return ZoneInfo("UTC")
